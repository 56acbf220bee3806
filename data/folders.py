"""Pictures in a user's folder: found, checked, divided, decoded."""

import collections
import concurrent.futures
import hashlib
import io
import os
import pathlib
import struct
import sys
from typing import NamedTuple
import zlib

import numpy as np
from PIL import Image
from PIL.Image import Transpose
import tqdm

from graphmode.cli import InputError

ENDINGS = (".jpg", ".jpeg", ".png")
FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP")  # what files with those endings turn out to hold
BACKGROUND = "white"  # behind pictures that are transparent in places, as on a page
TEST_SHARE = 0.1  # of a folder: not shown in training
CHUNK = 200  # files handed to the threads at a time, so that Ctrl-C need not wait for all

# What Pillow's readers may raise for damaged data.
_DAMAGED = (OSError, SyntaxError, ValueError, TypeError, LookupError, OverflowError, EOFError, struct.error, zlib.error)
_ORIENTATION = 0x0112  # the EXIF tag, and what its values ask for
_TURNS = {2: Transpose.FLIP_LEFT_RIGHT, 3: Transpose.ROTATE_180, 4: Transpose.FLIP_TOP_BOTTOM,
          5: Transpose.TRANSPOSE, 6: Transpose.ROTATE_270, 7: Transpose.TRANSVERSE, 8: Transpose.ROTATE_90}


def find(folder):
    """The pictures in a folder and its subfolders, known by their `ENDINGS` in any case: sorted pathlib.Paths.

    Hidden files and folders are left out, and links to folders are not followed.

    Raises:
        InputError: there is no such folder, one cannot be read, or none holds a picture.
    """
    folder = pathlib.Path(folder).expanduser()
    endings = f"{', '.join(ENDINGS[:-1])} or {ENDINGS[-1]}"
    if not folder.is_dir():
        what = "is a file, not a folder" if folder.exists() else "does not exist"
        raise InputError(f"{folder} {what}: name a folder of pictures ({endings})")

    def unreadable(error):
        raise InputError(f"{error.filename} cannot be read: {error.strerror}; name another folder")

    paths = []
    for parent, folders, files in os.walk(folder, onerror=unreadable):
        folders[:] = [name for name in folders if not name.startswith(".")]
        paths += [pathlib.Path(parent, name) for name in files
                  if name.lower().endswith(ENDINGS) and not name.startswith(".")]
    if not paths:
        raise InputError(f"{folder} holds no pictures, that is, files that end in {endings}: "
                         "name another folder")
    return sorted(paths)


def names(paths, folder):
    """A name for each picture: its path below the folder without the ending; with it, where two would have one name."""
    whole = [os.path.relpath(path, pathlib.Path(folder).expanduser()) for path in paths]
    short = [os.path.splitext(name)[0] for name in whole]
    counted = collections.Counter(short)
    chosen = [name if counted[name] == 1 else long for name, long in zip(short, whole)]
    return chosen if len(set(chosen)) == len(chosen) else whole


def check_apart(target, *read):
    """Raises InputError if the folder that is written is one that is read, or lies in it: what is made would be read."""
    for folder in read:
        if os.path.realpath(folder) in (os.path.realpath(target), *map(str, pathlib.Path(os.path.realpath(target)).parents)):
            raise InputError(f"--output_dir {target} is, or lies in, {folder}, from which pictures are read: choose another")


def split(paths, test_share, folder):
    """Divides pictures for training and testing by a hash of their names, whatever their order and the other pictures.

    Args:
        paths: pathlib.Paths.
        test_share: from 0 to 1, about what part of them is for testing.
        folder: where all of them lie; their names count from there on, so that it may move.

    Returns:
        train, test: lists that have no path in common. All are for training if the hash leaves none for it.
    """
    folder, train, test = pathlib.Path(folder).expanduser(), [], []
    for path in paths:
        number = hashlib.sha256(os.fsencode(path.relative_to(folder).as_posix())).digest()[:6]
        (test if int.from_bytes(number, "big") < test_share * 2**48 else train).append(path)
    return (train, test) if train else (test, [])


def decode(path, content=None, most=None):
    """The picture in a file: uint8 [height, width, 3], RGB, turned as its EXIF orientation says.

    content: the file's bytes, if they have been read already; most: pixels that it may have, PIL.Image.MAX_IMAGE_PIXELS if None.

    Grey of 16 bits is scaled to 8. CMYK and palettes are converted; colour profiles are not applied. Where a picture is
    transparent, `BACKGROUND` shows. Of an animation, the first picture.

    Raises:
        InputError: the file cannot be read, is empty, cut short or no picture, or has too many pixels.
    """
    try:
        with Image.open(path if content is None else io.BytesIO(content), formats=FORMATS) as picture:
            if picture.width * picture.height > (most or Image.MAX_IMAGE_PIXELS):  # up to twice that many, Pillow would only warn
                raise Image.DecompressionBombError(f"{picture.width} x {picture.height} pixels are too many")
            picture.load()
            turn = _TURNS.get(_orientation(picture))
            converted = _rgb(picture)
            return np.array(converted if turn is None else converted.transpose(turn))
    except Image.DecompressionBombError as error:
        raise InputError(f"{path}: {error}") from None
    except Image.UnidentifiedImageError:
        size = os.path.getsize(path) if content is None else len(content)
        found = "no picture, or one damaged at its beginning" if size else "an empty file"
        raise InputError(f"{path}: {found}") from None
    except _DAMAGED as error:
        raise InputError(f"{path}: {getattr(error, 'strerror', None) or f'damaged or cut short ({error})'}") from None


def _orientation(picture):
    """EXIF orientation, 1 to 8; None if the picture has none that can be read."""
    try:
        return picture.getexif().get(_ORIENTATION)
    except _DAMAGED:  # the pixels are sound nevertheless
        return None


def _rgb(picture):
    """A loaded PIL picture as one in mode RGB."""
    if picture.mode.startswith("I"):  # 16 bits: Pillow would clip at 255
        grey = np.asarray(picture).astype(np.float32) * (255 / 65535)
        return Image.fromarray((np.clip(grey, 0, 255) + 0.5).astype(np.uint8)).convert("RGB")
    if picture.has_transparency_data:
        coloured = picture.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", picture.size, BACKGROUND), coloured).convert("RGB")
    return picture.convert("RGB")


class Pictures(NamedTuple):
    """The sound pictures of a folder, divided for good: the same picture is never in both."""
    train: list  # of pathlib.Paths, at least one
    test: list
    skipped: list  # lines that name the others and what is wrong with them


def pictures(folder, test_share=TEST_SHARE):
    """`Pictures` of a folder and its subfolders, each decoded once to see that it is sound.

    Raises:
        InputError: see `find`; or none is sound.
    """
    sound, skipped = usable(find(folder))
    return Pictures(*split(sound, test_share, folder), skipped)


def usable(paths):
    """Decodes every picture once. stderr names those that are not sound.

    Returns:
        The paths of the sound ones, in order, and lines about the others, the first of which counts them.

    Raises:
        InputError: none is sound; the message shows what is wrong with one.
    """
    sound, skipped = [], []
    with tqdm.tqdm(total=len(paths), unit="picture", delay=1, disable=None) as bar:  # None: terminals only
        for fault, path in zip(in_threads(_fault, paths), paths):
            bar.update()
            if fault:
                skipped.append(f"skipped {fault}")
                bar.write(skipped[-1], file=sys.stderr)
            else:
                sound.append(path)
    if not sound:
        raise InputError(f"none of {len(paths)} pictures can be used: {skipped[0][len('skipped '):]}")
    if skipped:
        skipped.insert(0, f"skipped {len(skipped)} of {len(paths)} pictures")
        sys.stderr.write(skipped[0] + "\n")
    return sound, skipped


def _fault(path):
    """What is wrong with a picture, None if nothing is."""
    try:
        decode(path)
    except InputError as error:
        return error


def in_threads(function, items):
    """Yields function(item) in the order of the items. Pillow decodes outside Python's lock."""
    with concurrent.futures.ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        for first in range(0, len(items), CHUNK):
            yield from pool.map(function, items[first:first + CHUNK])
