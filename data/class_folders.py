"""A folder of images as a data set: squares of one size, with class folders as labels."""

import pathlib
import re
import sys
import zlib
from typing import List, Optional, Sequence, Tuple

import numpy as np

from data import folders, squares
from data.mnist import Digits
from graphmode.errors import InputError

LEAST = 10  # images of a class, on average; folders with fewer are not taken for classes
TEST_NAMES = ("test", "val")  # of a folder beside a folder `train`
MEMORY = 2 << 30  # bytes; images that need more are decoded again for each batch


class Files:
    """Images that stay in their files, used as an array: uint8 [N, size, size(, 3)].

    An index, [n] ints or a slice, decodes and resizes these images.
    """

    dtype = np.dtype(np.uint8)

    def __init__(
        self, paths: Sequence[pathlib.Path], size: int, channels: int, crop: Optional[int] = None
    ):
        """See `squares.crop_and_resize` for `size` and `crop`. `channels` is 1 (gray) or 3."""
        self._paths, self._size, self._channels, self._crop = list(paths), size, channels, crop
        self.shape = (len(paths), size, size) + ((3,) if channels == 3 else ())

    def __len__(self):
        return len(self._paths)

    def __getitem__(self, index):
        chosen = np.arange(len(self._paths))[index]
        images = squares.load([self._paths[n] for n in chosen], self._size, self._crop)
        return images if self._channels == 3 else gray(images)

    @property
    def nbytes(self):
        """Bytes of the whole array."""
        return int(np.prod(self.shape))

    def identity(self) -> bytes:
        """What tells these images from others: how they are read, names and sizes of the files."""
        files = [(path.name, path.stat().st_size) for path in self._paths]
        return repr((self.shape, self._crop, files)).encode("utf-8", "surrogateescape")

    def in_memory(self, limit: int = MEMORY):
        """The array itself if it has at most `limit` bytes, else this object."""
        return self[:] if self.nbytes <= limit else self


def checksum(digits: Digits) -> int:
    """A number that changes with the training images and their labels.

    Of images that stay in their files, it changes with the names and sizes of the files.
    """
    images = digits.train_images
    content = images.tobytes() if isinstance(images, np.ndarray) else images.identity()
    return zlib.crc32(digits.train_labels.tobytes(), zlib.crc32(content))


def gray(images: np.ndarray) -> np.ndarray:
    """uint8 [..., 3] -> uint8 [...]: luma as Pillow computes it; gray pixels keep their values."""
    weights = np.array([19595, 38470, 7471], np.uint32)
    return ((images @ weights + 0x8000) >> 16).astype(np.uint8)


def load(folder: folders.Folder, size: int, channels: int, crop: Optional[int] = None) -> Digits:
    """Reads a folder of images.

    Its subfolders are classes if all images are in subfolders, with `LEAST` images in each on
    average. A folder with `train`, and `test` or `val`, is divided as it is; in another one a
    tenth of the files is held out (`folders.split`).

    Args:
        folder: images in files that `folders` reads, also in subfolders.
        size: height and width of the results in pixels.
        channels: 1 for gray, 3 for RGB.
        crop: side in pixels of the square that is cut out of the middle of each image. If None,
            the largest square.

    Raises:
        InputError: the folder does not exist or holds no valid image, or a test image belongs to a
            class without training images.
    """
    root = pathlib.Path(folder).expanduser()
    (train, train_root), (test, test_root), skipped = _divided(root)
    names = _classes(train, train_root)
    files = Files(train, size, channels, crop)
    images = files.in_memory()
    result = Digits(
        images,  # type: ignore[arg-type]
        _labels(train, train_root, names),
        Files(test, size, channels, crop)[:],
        _labels(test, test_root, names),
        names,
        skipped,
    )
    kinds = f", {len(names)} classes" if names else ""
    where = "" if isinstance(images, np.ndarray) else ", read for each batch"
    shape = " x ".join(map(str, [size, size, channels]))
    sys.stderr.write(
        f"{folder}: {len(train)} images for training, {len(test)} held out, {shape}{kinds}{where}\n"
    )
    return result


Part = Tuple[List[pathlib.Path], pathlib.Path]  # images, and the folder that holds the classes


def _divided(root) -> Tuple[Part, Part, List[str]]:
    """The valid images for training and for testing, and lines about the others."""
    tops = {path.relative_to(root).parts[0] for path in folders.find(root)}
    [test] = (tops - {"train"}) if len(tops) == 2 and "train" in tops else [None]
    if test not in TEST_NAMES:
        images = folders.images(root)
        return (images.train, root), (images.test, root), images.skipped
    parts, skipped = [], []
    for top in (root / "train", root / test):
        valid, others = folders.usable(folders.find(top), top)
        parts.append((valid, top))
        skipped += others
    return parts[0], parts[1], skipped


def _classes(paths, root) -> Tuple[str, ...]:
    """The names of the class folders in natural order, 2 before 10; empty if there are none."""
    inside = [path.relative_to(root).parts for path in paths]
    names = {parts[0] for parts in inside if len(parts) > 1}
    if len(names) < 2 or any(len(parts) == 1 for parts in inside):
        return ()
    if len(paths) < LEAST * len(names):
        sys.stderr.write(
            f"{root} has {len(names)} folders with fewer than {LEAST} images each on average: "
            "they are not taken for classes\n"
        )
        return ()
    return tuple(sorted(names, key=_natural))


def _natural(name):
    return [
        (int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name)
    ]


def no_labels(images: Sequence) -> np.ndarray:
    """The labels of images that have none: uint8 [N], zeros."""
    return np.zeros(len(images), np.uint8)


def _labels(paths, root, names):
    if not names:
        return no_labels(paths)
    numbers = {name: number for number, name in enumerate(names)}
    of_files = [path.relative_to(root).parts[0] for path in paths]
    unknown = sorted(set(of_files) - set(names))
    if unknown:
        raise InputError(
            f"{root / unknown[0]} holds test images of a class without training images: "
            "add some, or remove it"
        )
    labels = [numbers[name] for name in of_files]
    return np.array(labels, np.min_scalar_type(len(names) - 1))
