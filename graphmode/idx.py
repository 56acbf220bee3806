"""Files in the IDX format of MNIST, http://yann.lecun.com/exdb/mnist/.

An IDX file is big-endian. It begins with a magic number: 0, 0, 8 (unsigned bytes), number of axes.
Then it holds the length of each axis in four bytes, and then the data.
"""

import gzip
import math
import pathlib
import struct
import zlib
from typing import Dict, Optional, Tuple

import numpy as np

from graphmode import downloads
from graphmode.errors import InputError

MIRRORS = [
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
]
# Name of each file -> MD5 of the gzipped file.
MNIST = {
    "train-images-idx3-ubyte": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
    "train-labels-idx1-ubyte": "d53e105ee54ea40749a09fcbcd1e9432",
    "t10k-images-idx3-ubyte": "9fb629c4189551a2d022fa330f9573f3",
    "t10k-labels-idx1-ubyte": "ec29112dd5afa0611ce80d1b7f02629c",
}

MAX_BYTES = 2 << 30  # of the array in a file; MNIST has 47 MB, the largest EMNIST 0.5 GB


def locate(folder: pathlib.Path) -> Dict[str, Optional[pathlib.Path]]:
    """Returns name of `MNIST` -> its path in a folder, gzipped rather than unpacked, or None."""
    paths = {}
    for name in MNIST:
        candidates = [folder / f"{name}.gz", folder / name]
        paths[name] = next((path for path in candidates if path.is_file()), None)
    return paths


def download(name: str, folder: pathlib.Path) -> pathlib.Path:
    """Makes sure that a folder holds the gzipped file `name` of MNIST, and returns its path.

    Raises:
        InputError: see `downloads.fetch`.
    """
    urls = [f"{mirror}{name}.gz" for mirror in MIRRORS]
    return downloads.fetch(urls, folder / f"{name}.gz", MNIST[name])


def read_pair(
    images_path: pathlib.Path, labels_path: pathlib.Path
) -> Tuple[np.ndarray, np.ndarray]:
    """Reads images, uint8 [N, height, width], and their labels, uint8 [N].

    Raises:
        InputError: see `read`; or there are more or fewer labels than images.
    """
    images, labels = read(images_path, axes=3), read(labels_path, axes=1)
    if len(labels) != len(images):
        expected = f"{len(images)}, one for each image in {images_path.name}"
        raise mismatch(labels_path, f"{len(labels)} labels", expected)
    return images, labels


def read(path: pathlib.Path, axes: int) -> np.ndarray:
    """Reads an IDX file, which is gzipped if its name ends in `.gz`.

    Args:
        path: the file.
        axes: number of axes that the array must have.

    Returns:
        A uint8 array that is not writable.

    Raises:
        InputError: the file cannot be read, is damaged, or holds other data.
    """
    try:
        with _unpacked(path) as file:
            return _array(path, file, axes)
    except EOFError:
        actual = f"gzip data that end after {path.stat().st_size} bytes"
        raise mismatch(path, actual, "a whole file") from None
    except gzip.BadGzipFile as error:
        expected = "a gzipped file (an unpacked file has no .gz)"
        raise mismatch(path, f"no valid gzip data ({error})", expected) from None
    except zlib.error as error:
        raise mismatch(path, f"damaged gzip data ({error})", "a whole file") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}; check the file") from None


def _unpacked(path):
    """Opens a file for reading. Raises InputError for an empty one."""
    if not path.stat().st_size:
        raise mismatch(path, "an empty file", "IDX data")
    return gzip.open(path) if path.suffix == ".gz" else open(path, "rb")


def _array(path, file, axes):
    """The array in an open file. No more is unpacked than the header says."""
    header_size = 4 + 4 * axes
    header = file.read(header_size)
    if len(header) < header_size:
        raise mismatch(path, f"{len(header)} bytes", f"a header of {header_size} bytes")
    magic, *shape = struct.unpack(f">{1 + axes}I", header)
    if magic != 0x800 + axes:
        expected = f"0x{0x800 + axes:08x} (bytes, {axes} axes)"
        raise mismatch(path, f"magic number 0x{magic:08x}", expected)
    # All is checked before memory is allocated: a damaged header may promise terabytes, and a few
    # megabytes of gzip data may really become them.
    size, sides = math.prod(shape), " x ".join(map(str, shape))
    if size > MAX_BYTES:
        raise mismatch(path, f"a header that says {sides} bytes", f"at most {MAX_BYTES} bytes")
    content = file.read(size + 1)  # one more: an end is noticed, and its checksum is compared
    if len(content) != size:
        least = "at least " if len(content) > size else ""
        raise mismatch(
            path,
            f"{least}{len(content)} bytes of data",
            f"{size} ({sides}) as its header says",
        )
    return np.frombuffer(content, np.uint8).reshape(shape)


def mismatch(path: pathlib.Path, actual: str, expected: str) -> InputError:
    """The error about a file that is damaged or holds other data, with its cure."""
    name = path.name[:-3] if path.suffix == ".gz" else path.name
    return InputError(
        f"{path}: contains {actual}, expected {expected}; replace it by a fresh copy "
        f"(MNIST: {MIRRORS[0]}{name}.gz)"
    )
