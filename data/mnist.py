"""MNIST, or a data set in its format: four IDX files, http://yann.lecun.com/exdb/mnist/ (LeCun et al. 1998).

An IDX file is big-endian: a magic number (0, 0, 8 for unsigned bytes, the number of axes), each axis' length
in four bytes, then the bytes themselves.
"""

import gzip
import math
import os
import pathlib
import struct
import zlib

import numpy as np

from data import download
from data.digits import Digits
from graphmode.cli import InputError

MIRRORS = ["https://storage.googleapis.com/cvdf-datasets/mnist/", "https://ossci-datasets.s3.amazonaws.com/mnist/"]
MD5 = {  # of the gzipped files; in the order of `Digits`
    "train-images-idx3-ubyte": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
    "train-labels-idx1-ubyte": "d53e105ee54ea40749a09fcbcd1e9432",
    "t10k-images-idx3-ubyte": "9fb629c4189551a2d022fa330f9573f3",
    "t10k-labels-idx1-ubyte": "ec29112dd5afa0611ce80d1b7f02629c",
}


def load(input_dir=""):
    """`Digits` from MNIST's files, gzipped (`.gz`) or unpacked.

    Args:
        input_dir: their folder; files of other data sets in the same format are welcome. Empty: the folder
            `$GAN_DATA_DIR/mnist` if there is one, else a cache that MNIST is downloaded into.

    Raises:
        InputError: files are missing, damaged, not downloadable, or not 28x28 pictures of ten classes.
    """
    data_dir = os.environ.get("GAN_DATA_DIR")
    if input_dir:
        paths = _find(pathlib.Path(input_dir).expanduser())
    elif data_dir and pathlib.Path(data_dir, "mnist").is_dir():
        paths = _find(pathlib.Path(data_dir, "mnist"))
    else:
        paths = [download.fetch([f"{mirror}{name}.gz" for mirror in MIRRORS],
                                download.cache_dir() / "mnist" / f"{name}.gz", md5) for name, md5 in MD5.items()]
    return Digits(*_read_pair(*paths[:2]), *_read_pair(*paths[2:]))


def _find(folder):
    """The paths of the four files in `folder`; the gzipped one where there are both."""
    candidates = [[folder / f"{name}.gz", folder / name] for name in MD5]
    missing = [gzipped.name for gzipped, unpacked in candidates if not gzipped.is_file() and not unpacked.is_file()]
    if missing:
        lacks = "lacks" if folder.is_dir() else "is not a folder that holds"
        raise InputError(f"{folder} {lacks} {', '.join(missing)} (or the same without .gz): name the folder of MNIST's "
                         "four files with --input_dir, or use --data digits")
    return [gzipped if gzipped.is_file() else unpacked for gzipped, unpacked in candidates]


def _read_pair(images_path, labels_path):
    """uint8 [N, 28, 28] and uint8 [N], from 0 to 9, of two files that belong together."""
    images, labels = _read_idx(images_path, axes=3), _read_idx(labels_path, axes=1)
    if images.shape[1:] != (28, 28):
        raise _wrong(images_path, f"pictures of {images.shape[1]}x{images.shape[2]} pixels", "28x28")
    if len(labels) != len(images):
        raise _wrong(labels_path, f"{len(labels)} labels", f"{len(images)}, one for each picture in {images_path.name}")
    if labels.max(initial=0) > 9:
        raise _wrong(labels_path, f"the label {labels.max()}", "labels from 0 to 9")
    return images, labels


def _read_idx(path, axes):
    """The uint8 array (not writable) in an IDX file, gzipped if its name ends in `.gz`.

    Args:
        path: a pathlib.Path.
        axes: how many axes the array must have.

    Raises:
        InputError: the file cannot be read, is damaged, or holds something else.
    """
    content = _content(path)
    header_size = 4 + 4 * axes
    if len(content) < header_size:
        raise _wrong(path, f"{len(content)} bytes", f"a header of {header_size} bytes")
    magic, *shape = struct.unpack(f">{1 + axes}I", content[:header_size])
    if magic != 0x800 + axes:
        raise _wrong(path, f"magic number 0x{magic:08x}", f"0x{0x800 + axes:08x} (bytes along {axes} axes)")
    # Compared before anything is made: a damaged header may promise terabytes.
    if len(content) != header_size + math.prod(shape):
        raise _wrong(path, f"{len(content) - header_size} bytes of data",
                     f"{math.prod(shape)} ({' x '.join(map(str, shape))}) by its header")
    return np.frombuffer(content, np.uint8, offset=header_size).reshape(shape)


def _content(path):
    """The bytes in a file, unpacked."""
    try:
        content = path.read_bytes()
        if not content:
            raise _wrong(path, "an empty file", "IDX data")
        return gzip.decompress(content) if path.suffix == ".gz" else content
    except EOFError:
        raise _wrong(path, f"gzip data cut short after {len(content)} bytes", "a whole file") from None
    except gzip.BadGzipFile as error:
        raise _wrong(path, f"no sound gzip data ({error})", "a gzipped file (an unpacked one has no .gz)") from None
    except zlib.error as error:
        raise _wrong(path, f"damaged gzip data ({error})", "a whole file") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None


def _wrong(path, found, expected):
    """The one line about a file that is damaged or holds something else."""
    return InputError(f"{path}: found {found}, expected {expected}; get a fresh copy "
                      f"(MNIST: {MIRRORS[0]}{path.name.removesuffix('.gz')}.gz), or use --data digits")
