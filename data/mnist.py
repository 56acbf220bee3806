"""MNIST (LeCun et al. 1998), or another data set of labelled 28x28 images in the same format."""

import os
import pathlib
from typing import NamedTuple

import numpy as np

from graphmode import downloads, idx
from graphmode.errors import InputError


class Digits(NamedTuple):
    """A data set of labelled images. No image is in both parts."""

    train_images: np.ndarray  # uint8 [N, 28, 28], 0 is black
    train_labels: np.ndarray  # uint8 [N], 0 to 9
    test_images: np.ndarray  # uint8 [M, 28, 28]
    test_labels: np.ndarray  # uint8 [M]


def load(input_dir: str = "") -> Digits:
    """Reads MNIST's four files, gzipped (`.gz`) or unpacked.

    Args:
        input_dir: the folder of the files, which may hold another data set in the same format.
            Empty: the folder `$GAN_DATA_DIR/mnist` if it exists, else the cache. Files that are
            missing in the cache are downloaded into it.

    Raises:
        InputError: a file is missing, damaged or cannot be downloaded, or the data are not 28x28
            images with labels from 0 to 9.
    """
    data_dir = os.environ.get("GAN_DATA_DIR")
    try:
        if input_dir:
            paths = _existing(pathlib.Path(input_dir).expanduser())
        elif data_dir and pathlib.Path(data_dir, "mnist").is_dir():
            paths = _existing(pathlib.Path(data_dir, "mnist"))
        else:
            paths = [idx.download(name, downloads.cache_folder() / "mnist") for name in idx.MNIST]
        return Digits(*_read(*paths[:2]), *_read(*paths[2:]))
    except InputError as error:
        raise InputError(f"{error}, or use --data digits") from None


def few(digits: Digits, count: int) -> Digits:
    """Keeps `count` of the training images, `count` // 10 of each class.

    The choice depends on the data alone, and a smaller `count` chooses a subset of a larger one.

    Raises:
        InputError: `count` is less than 10.
    """
    if count < 10:
        raise InputError(
            f"{count} labelled digits are too few: use 10 or more, at least one of each class"
        )
    order = np.random.default_rng(0).permutation(len(digits.train_labels))
    chosen = np.concatenate(
        [order[digits.train_labels[order] == digit][: count // 10] for digit in range(10)]
    )
    return digits._replace(
        train_images=digits.train_images[chosen], train_labels=digits.train_labels[chosen]
    )


def _existing(folder):
    """The paths of the four files in a folder."""
    paths = idx.locate(folder)
    missing = [f"{name}.gz" for name, path in paths.items() if path is None]
    if missing:
        problem = "has no" if folder.is_dir() else "is not a folder with"
        raise InputError(
            f"{folder} {problem} {', '.join(missing)} (or the same names without .gz): "
            "use --input_dir FOLDER with MNIST's four files"
        )
    return list(paths.values())


def _read(images_path, labels_path):
    """uint8 [N, 28, 28] and uint8 [N], 0 to 9, from two files that belong together."""
    images, labels = idx.read_pair(images_path, labels_path)
    if images.shape[1:] != (28, 28):
        size = f"{images.shape[1]}x{images.shape[2]}"
        raise idx.mismatch(images_path, f"images of {size} pixels", "28x28")
    if labels.max(initial=0) > 9:
        raise idx.mismatch(labels_path, f"the label {labels.max()}", "labels from 0 to 9")
    return images, labels
