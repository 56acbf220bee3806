"""Images in a user's folder: which files there are, which are valid, which are for testing."""

import collections
import concurrent.futures
import hashlib
import io
import os
import pathlib
import struct
import sys
import zlib
from typing import Callable, Iterator, List, NamedTuple, Optional, Sequence, Tuple, Union

import numpy as np
import tqdm
from PIL import Image, ImageOps

from graphmode.errors import InputError

ENDINGS = (".jpg", ".jpeg", ".png")
FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP")  # what files with these endings really contain
BACKGROUND = "white"  # behind images that are partly transparent, as on a page
TEST_FRACTION = 0.1  # of a folder's images: not used for training
CHUNK = 200  # files that the threads get at a time, so that Ctrl-C need not wait for all files

# What Pillow's readers may raise for damaged data.
_DAMAGED = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    OverflowError,
    EOFError,
    struct.error,
    zlib.error,
)

Folder = Union[str, pathlib.Path]


def find(folder: Folder) -> List[pathlib.Path]:
    """Lists the images in a folder and its subfolders: files that end in `ENDINGS`, in any case.

    Hidden files and folders are ignored, and links to folders are not followed.

    Returns:
        Sorted paths, at least one.

    Raises:
        InputError: the folder does not exist or cannot be read, or there is no image.
    """
    folder = pathlib.Path(folder).expanduser()
    endings = f"{', '.join(ENDINGS[:-1])} or {ENDINGS[-1]}"
    if not folder.is_dir():
        what = "is a file, not a folder" if folder.exists() else "does not exist"
        raise InputError(f"{folder} {what}: use a folder of images ({endings})")

    def unreadable(error):
        raise InputError(f"{error.filename} cannot be read: {error.strerror}; use another folder")

    paths = []
    for parent, folders, files in os.walk(folder, onerror=unreadable):
        folders[:] = [name for name in folders if not name.startswith(".")]
        paths += [
            pathlib.Path(parent, name)
            for name in files
            if name.lower().endswith(ENDINGS) and not name.startswith(".")
        ]
    if not paths:
        raise InputError(
            f"{folder} contains no images (files that end in {endings}): use another folder"
        )
    return sorted(paths)


def names(paths: Sequence[pathlib.Path], folder: Folder) -> List[str]:
    """A name for each image: its path below the folder, without the ending.

    The ending is kept where two images would otherwise have the same name.
    """
    long = [os.path.relpath(path, pathlib.Path(folder).expanduser()) for path in paths]
    short = [os.path.splitext(name)[0] for name in long]
    count = collections.Counter(short)
    chosen = [name if count[name] == 1 else whole for name, whole in zip(short, long, strict=True)]
    return chosen if len(set(chosen)) == len(chosen) else long


def check_apart(target: Folder, *sources: Folder):
    """Checks that a program does not read its own output as input.

    Raises:
        InputError: `target`, the folder that is written, is one of `sources` or lies in one.
    """
    written = pathlib.Path(os.path.realpath(target))
    for source in sources:
        if pathlib.Path(os.path.realpath(source)) in (written, *written.parents):
            raise InputError(
                f"--output_dir {target} is or lies in {source}, a folder of input images: "
                "use another --output_dir"
            )


def split(
    paths: Sequence[pathlib.Path], test_fraction: float, folder: Folder
) -> Tuple[List[pathlib.Path], List[pathlib.Path]]:
    """Divides images into training and test images by a hash of their names.

    The order and the other images do not matter, so an image stays in its part if the folder grows.

    Args:
        paths: the images.
        test_fraction: from 0 to 1; about the fraction of the images that is for testing.
        folder: the folder of all images. Names begin below it, so that it can be moved.

    Returns:
        Training paths and test paths. All are training paths if the hash leaves none for training.
    """
    folder = pathlib.Path(folder).expanduser()
    train: List[pathlib.Path] = []
    test: List[pathlib.Path] = []
    for path in paths:
        name = os.fsencode(path.relative_to(folder).as_posix())
        number = int.from_bytes(hashlib.sha256(name).digest()[:6], "big")
        (test if number < test_fraction * 2**48 else train).append(path)
    return (train, test) if train else (test, [])


def decode(
    path: Folder, content: Optional[bytes] = None, max_pixels: Optional[int] = None
) -> np.ndarray:
    """Decodes an image, oriented as its EXIF data say.

    16-bit gray is scaled to 8 bits. CMYK and palettes are converted; color profiles are not
    applied. `BACKGROUND` is behind transparent pixels. Of an animation, the first image is taken.

    Args:
        path: the file.
        content: its bytes, if they have been read already.
        max_pixels: more pixels are an error; PIL.Image.MAX_IMAGE_PIXELS if None.

    Returns:
        uint8 [height, width, 3], RGB.

    Raises:
        InputError: the file cannot be read, is empty, damaged or not an image, or is too large.
    """
    try:
        source = path if content is None else io.BytesIO(content)
        with Image.open(source, formats=FORMATS) as image:
            # Pillow itself only warns up to twice its limit.
            if image.width * image.height > (max_pixels or Image.MAX_IMAGE_PIXELS):
                raise Image.DecompressionBombError(
                    f"{image.width} x {image.height} pixels are too many: use a smaller image"
                )
            image.load()
            return np.array(_rgb(_upright(image)))
    except Image.DecompressionBombError as error:
        raise InputError(f"{path}: {error}") from None
    except Image.UnidentifiedImageError:
        size = os.path.getsize(path) if content is None else len(content)
        what = "not an image, or damaged at its beginning" if size else "an empty file"
        raise InputError(f"{path}: {what}") from None
    except _DAMAGED as error:
        what = getattr(error, "strerror", None) or f"damaged or cut short ({error})"
        raise InputError(f"{path}: {what}") from None


def _upright(image):
    """A loaded PIL image, turned or mirrored as its EXIF data say."""
    try:
        return ImageOps.exif_transpose(image)
    except _DAMAGED:  # the EXIF data are damaged, but the pixels are valid
        return image


def _rgb(image):
    """A loaded PIL image as one in mode RGB."""
    if image.mode.startswith("I"):  # 16 bits: Pillow would clip at 255
        gray = np.asarray(image).astype(np.float32) * (255 / 65535)
        return Image.fromarray((np.clip(gray, 0, 255) + 0.5).astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        background = Image.new("RGBA", image.size, BACKGROUND)
        return Image.alpha_composite(background, image.convert("RGBA")).convert("RGB")
    return image.convert("RGB")


class Images(NamedTuple):
    """The valid images of a folder. The division is stable, and no image is in both parts."""

    train: List[pathlib.Path]  # at least one
    test: List[pathlib.Path]
    skipped: List[str]  # lines that name the invalid files and what is wrong with them


def images(folder: Folder, test_fraction: float = TEST_FRACTION) -> Images:
    """Finds the images of a folder, decodes each once to check it, and divides them.

    Raises:
        InputError: see `find` and `usable`.
    """
    valid, skipped = usable(find(folder))
    return Images(*split(valid, test_fraction, folder), skipped)


def usable(paths: Sequence[pathlib.Path]) -> Tuple[List[pathlib.Path], List[str]]:
    """Decodes every image once. Invalid files are named on stderr.

    Returns:
        The paths of the valid images, in order, and lines about the others. The first of these
        lines counts them.

    Raises:
        InputError: no image is valid; the message shows what is wrong with the first one.
    """
    valid, skipped = [], []
    # disable=None: a progress bar in terminals only
    with tqdm.tqdm(total=len(paths), unit="image", delay=1, disable=None) as bar:
        for fault, path in zip(in_threads(_fault, paths), paths, strict=True):
            bar.update()
            if fault:
                skipped.append(f"skipped {fault}")
                bar.write(skipped[-1], file=sys.stderr)
            else:
                valid.append(path)
    if not valid:
        first = skipped[0][len("skipped ") :]
        raise InputError(f"none of {len(paths)} images can be used: {first}")
    if skipped:
        skipped.insert(0, f"skipped {len(skipped)} of {len(paths)} images")
        sys.stderr.write(f"{skipped[0]}\n")
    return valid, skipped


def _fault(path):
    """What is wrong with an image, or None."""
    try:
        decode(path)
    except InputError as error:
        return error


def in_threads(function: Callable, items: Sequence) -> Iterator:
    """Yields function(item) in the order of the items. Pillow decodes without Python's lock."""
    with concurrent.futures.ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        for first in range(0, len(items), CHUNK):
            yield from pool.map(function, items[first : first + CHUNK])
