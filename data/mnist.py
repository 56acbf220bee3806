"""MNIST (LeCun et al. 1998) and its relatives: data sets of labelled images in the same format."""

import os
import pathlib
import re
from typing import Mapping, NamedTuple, Sequence, Tuple

import numpy as np

from graphmode import downloads, idx
from graphmode.errors import InputError

SMALLEST, LARGEST = 16, 64  # sides of the images in pixels
TEN = tuple("0123456789")


class Digits(NamedTuple):
    """A data set of images: digits, or others. No image is in both parts.

    `train_images` is an array, or a `class_folders.Files` if the images do not fit into memory.
    """

    train_images: np.ndarray  # uint8 [N, height, width(, 3)], 0 is black; MNIST: [N, 28, 28]
    train_labels: np.ndarray  # ints [N] from 0, numbers of classes; all 0 if there are no labels
    test_images: np.ndarray  # uint8 [M, height, width(, 3)]
    test_labels: np.ndarray  # ints [M]
    classes: Sequence[str] = TEN  # the names of the classes; empty if there are no labels
    skipped: Sequence[str] = ()  # lines about files that are not valid images


class Published(NamedTuple):
    """Where a data set can be downloaded."""

    urls: Sequence[str]  # folders of the four files
    md5: Mapping[str, str]  # name of each file of `idx.MNIST` -> MD5 of the gzipped file
    classes: Sequence[str] = TEN


def _files(*md5):
    return dict(zip(idx.MNIST, md5))


PUBLISHED = {
    "mnist": Published(idx.MIRRORS, idx.MNIST),
    # Xiao, Rasul and Vollgraf 2017; MIT licence.
    "fashion_mnist": Published(
        [
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        ],
        _files(
            "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
            "25c81989df183df01b3e8a0aad5dffbe",
            "bef4ecab320f06d8554ea6380940ec79",
            "bb300cfdad3c16e7a12a480ee83cd310",
        ),
        tuple("T-shirt Trouser Pullover Dress Coat Sandal Shirt Sneaker Bag Boot".split()),
    ),
    # Clanuwat et al. 2018; CC BY-SA 4.0.
    "kmnist": Published(
        [
            "https://codh.rois.ac.jp/kmnist/dataset/kmnist/",
            "http://codh.rois.ac.jp/kmnist/dataset/kmnist/",
        ],
        _files(
            "bdb82020997e1d708af4cf47b453dcf7",
            "e144d726b3acfaa3e44228e80efcd344",
            "5c965bf0a639b31b8f53240b1b52f4d7",
            "7320c461ea6c1c855c0b718fb2a4b134",
        ),
        tuple("o ki su tsu na ha ma ya re wo".split()),
    ),
}
# The names that relatives give to the four files, for example of EMNIST
# emnist-letters-test-images-idx3-ubyte.gz.
NAME = re.compile(r"(.*)(train|t10k|test)-(images|labels)[-.]idx[13]-ubyte(\.gz)?")


def load(input_dir: str = "", name: str = "mnist") -> Digits:
    """Reads the four files of MNIST or of a relative, gzipped (`.gz`) or unpacked.

    Args:
        input_dir: the folder of the files, which may hold another data set in the same format,
            with square images and any number of classes. Empty: the folder `$GAN_DATA_DIR/NAME` if
            it exists, else the cache. Files that are missing in the cache are downloaded into it.
        name: of `PUBLISHED`.

    Raises:
        InputError: a file is missing, damaged or cannot be downloaded, or the images are not square
            or have sides outside of `SMALLEST` to `LARGEST`.
    """
    data_dir, published = os.environ.get("GAN_DATA_DIR"), PUBLISHED[name]
    try:
        if input_dir:
            paths = _existing(pathlib.Path(input_dir).expanduser())
        elif data_dir and pathlib.Path(data_dir, name).is_dir():
            paths = _existing(pathlib.Path(data_dir, name))
        else:
            paths = [_downloaded(name, file) for file in published.md5]
        parts = *_read(*paths[:2]), *_read(*paths[2:])
        if parts[0].shape[1:] != parts[2].shape[1:]:
            sides = " and ".join(f"{part.shape[1]}x{part.shape[2]}" for part in parts[::2])
            raise idx.mismatch(paths[2], f"images of another size ({sides})", "images of one size")
        return _with_classes(parts, published.classes, paths[0].name.startswith("emnist-"))
    except InputError as error:
        raise InputError(f"{error}, or use --data digits") from None


def is_in(folder) -> bool:
    """Whether a folder holds files in MNIST's format."""
    folder = pathlib.Path(folder).expanduser()
    return folder.is_dir() and any(NAME.fullmatch(path.name) for path in folder.iterdir())


def few(digits: Digits, count: int) -> Digits:
    """Keeps `count` of the training images, `count` // 10 of each of ten classes.

    The choice depends on the data alone, and a smaller `count` chooses a subset of a larger one.

    Raises:
        InputError: `count` is less than the number of classes.
    """
    number = len(digits.classes)
    if count < number:
        raise InputError(
            f"{count} labelled images are too few: use {number} or more, at least one of each class"
        )
    order = np.random.default_rng(0).permutation(len(digits.train_labels))
    chosen = np.concatenate(
        [order[digits.train_labels[order] == label][: count // number] for label in range(number)]
    )
    return digits._replace(
        train_images=digits.train_images[chosen], train_labels=digits.train_labels[chosen]
    )


def of_classes(digits: Digits, names: Sequence[str]) -> Digits:
    """Keeps the images of the classes with these names, which get the numbers 0, 1, 2, ...

    Raises:
        InputError: there is no such class.
    """
    if list(names) == list(digits.classes):
        return digits
    missing = [name for name in names if name not in digits.classes]
    if missing:
        raise InputError(
            f"--classes: the data have no class {missing[0]!r}: use some of "
            f"{'/'.join(digits.classes) or 'none, they have no classes'}"
        )
    numbers = np.full(len(digits.classes), -1)
    numbers[[digits.classes.index(name) for name in names]] = range(len(names))

    def part(images, labels):
        chosen = np.flatnonzero(numbers[labels] >= 0)
        return images[chosen], numbers[labels[chosen]].astype(labels.dtype)

    train, test = part(*digits[:2]), part(*digits[2:4])
    return digits._replace(**dict(zip(Digits._fields, (*train, *test))), classes=tuple(names))


def _downloaded(name, file):
    urls = [f"{folder}{file}.gz" for folder in PUBLISHED[name].urls]
    target = downloads.cache_folder() / name / f"{file}.gz"
    return downloads.fetch(urls, target, PUBLISHED[name].md5[file])


def _existing(folder):
    """The paths of the four files in a folder."""
    paths = idx.locate(folder)
    missing = [f"{name}.gz" for name, path in paths.items() if path is None]
    if not missing:
        return list(paths.values())
    others = _others(folder) if folder.is_dir() else {}
    whole = [files for files in others.values() if len(files) == 4]
    if len(whole) == 1:
        return whole[0]
    if whole:
        names = ", ".join(f"{prefix}*" for prefix in others)
        raise InputError(
            f"{folder} has several data sets ({names}): "
            "use --input_dir FOLDER with the four files of one"
        )
    problem = "has no" if folder.is_dir() else "is not a folder with"
    raise InputError(
        f"{folder} {problem} {', '.join(missing)} (or the same names without .gz): "
        "use --input_dir FOLDER with MNIST's four files"
    )


def _others(folder):
    """Beginning of the names -> the four files of a relative, training first, images first."""
    sets: dict = {}
    for path in sorted(folder.iterdir(), reverse=True):  # gzipped files replace unpacked ones
        match = NAME.fullmatch(path.name)
        if match and path.is_file():
            place = 2 * (match[2] != "train") + (match[3] == "labels")
            sets.setdefault(match[1], {}).setdefault(place, path)
    return {prefix: [files[n] for n in sorted(files)] for prefix, files in sorted(sets.items())}


def _read(images_path, labels_path) -> Tuple[np.ndarray, np.ndarray]:
    """uint8 [N, side, side] and uint8 [N] from two files that belong together."""
    images, labels = idx.read_pair(images_path, labels_path)
    height, width = images.shape[1:]
    if height != width or not SMALLEST <= height <= LARGEST:
        expected = f"squares of {SMALLEST} to {LARGEST} pixels (MNIST: 28x28)"
        raise idx.mismatch(images_path, f"images of {height}x{width} pixels", expected)
    return images, labels


def _with_classes(parts, names, is_emnist):
    """The data set with the names of its classes: `names`, or numbers if it has other classes."""
    train_images, train_labels, test_images, test_labels = parts
    last = max(train_labels.max(initial=0), test_labels.max(initial=0))
    if is_emnist:  # its files hold columns where MNIST has rows; the letters begin at 1
        first = train_labels.min(initial=last)
        train_images, test_images = (x.transpose(0, 2, 1) for x in (train_images, test_images))
        train_labels, test_labels = train_labels - first, test_labels - first
        names = tuple(map(str, range(first, last + 1)))
    elif last >= len(names):
        names = tuple(map(str, range(last + 1)))
    return Digits(train_images, train_labels, test_images, test_labels, names)
