"""A tiny data set in MNIST's format, for tests that read files."""

import gzip
import struct

import numpy as np

import data
from graphmode import idx

IMAGES = np.random.default_rng(0).integers(256, size=[5, 28, 28]).astype(np.uint8)
SMALL = data.Digits(
    IMAGES, np.array([3, 1, 4, 1, 5], np.uint8), IMAGES[:2], np.array([9, 2], np.uint8)
)


def idx_bytes(array):
    """The bytes of an unpacked IDX file."""
    return struct.pack(f">{1 + array.ndim}I", 0x800 + array.ndim, *array.shape) + array.tobytes()


def write(folder, digits=SMALL):
    """Writes the four gzipped files of a data set into a folder, and returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in zip(idx.MNIST, digits[:4], strict=True):
        (folder / f"{name}.gz").write_bytes(gzip.compress(idx_bytes(array)))
    return folder
