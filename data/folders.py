"""Pictures in a user's folder: found, checked, divided, decoded, and fed as batches of squares."""

import concurrent.futures
import hashlib
import os
import pathlib
import struct
import sys
import zlib

import numpy as np
from PIL import Image
from PIL.Image import Transpose
import tqdm

from data.batches import shuffled
from graphmode.cli import InputError

ENDINGS = (".jpg", ".jpeg", ".png")
FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP")  # what files with those endings turn out to hold
BACKGROUND = "white"  # behind pictures that are transparent in places, as on a page
CHUNK = 200  # files handed to the threads at a time, so that Ctrl-C need not wait for all
MEMORY = 2 << 30  # bytes of pictures, decoded and resized, that are kept

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
        raise InputError(f"{folder} {what}: name a folder of pictures ({endings}) with --input_dir")

    def unreadable(error):
        raise InputError(f"{error.filename} cannot be read: {error.strerror}; name another folder with --input_dir")

    paths = []
    for parent, folders, files in os.walk(folder, onerror=unreadable):
        folders[:] = [name for name in folders if not name.startswith(".")]
        paths += [pathlib.Path(parent, name) for name in files
                  if name.lower().endswith(ENDINGS) and not name.startswith(".")]
    if not paths:
        raise InputError(f"{folder} holds no pictures, that is, files that end in {endings}: "
                         "name another folder with --input_dir")
    return sorted(paths)


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


def decode(path):
    """The picture in a file: uint8 [height, width, 3], RGB, turned as its EXIF orientation says.

    Grey of 16 bits is scaled to 8. CMYK and palettes are converted; colour profiles are not applied. Where a picture is
    transparent, `BACKGROUND` shows. Of an animation, the first picture.

    Raises:
        InputError: the file cannot be read, is empty, cut short or no picture, or has more than
            PIL.Image.MAX_IMAGE_PIXELS.
    """
    try:
        with Image.open(path, formats=FORMATS) as picture:
            if picture.width * picture.height > Image.MAX_IMAGE_PIXELS:  # up to twice that many, Pillow would only warn
                raise Image.DecompressionBombError(f"{picture.width} x {picture.height} pixels are too many")
            picture.load()
            turn = _TURNS.get(_orientation(picture))
            converted = _rgb(picture)
            return np.array(converted if turn is None else converted.transpose(turn))
    except Image.DecompressionBombError as error:
        raise InputError(f"{path}: {error}") from None
    except Image.UnidentifiedImageError:
        found = "an empty file" if not os.path.getsize(path) else "no picture, or one damaged at its beginning"
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


def crop_and_resize(picture, size, crop=None):
    """The middle of a picture, resized so that what a new pixel shows is close to the mean over its area.

    Args:
        picture: uint8 [height, width, 3].
        size: pixels along each side of the result.
        crop: pixels along each side of the square that is cut out; None, or more than there are: as many as there are.

    Returns:
        uint8 [size, size, 3].
    """
    height, width = picture.shape[:2]
    side = min(height, width, crop or width)
    left, top = (width - side) // 2, (height - side) // 2
    square = Image.fromarray(picture[top:top + side, left:left + side])
    # Pillow's BOX counts a pixel as in or out: 2 to 5 times farther from the means over areas than HAMMING.
    return np.array(square.resize((size, size), Image.Resampling.HAMMING))


def usable(paths):
    """Decodes every picture once, and returns the paths of the sound ones, in order; stderr names the others.

    Raises:
        InputError: none is sound; the message shows what is wrong with one.
    """
    sound, faults = [], []
    with tqdm.tqdm(total=len(paths), unit="picture", delay=1, disable=None) as bar:  # None: terminals only
        for fault, path in zip(_in_threads(_fault, paths), paths):
            bar.update()
            if fault:
                faults.append(fault)
                bar.write(f"skipped {fault}", file=sys.stderr)
            else:
                sound.append(path)
    if not sound:
        raise InputError(f"none of {len(paths)} pictures can be used: {'; '.join(map(str, faults[:1]))}")
    if faults:
        sys.stderr.write(f"skipped {len(faults)} of {len(paths)} pictures\n")
    return sound


def _fault(path):
    """What is wrong with a picture, None if nothing is."""
    try:
        decode(path)
    except InputError as error:
        return error


def _in_threads(function, items):
    """Yields function(item) in the order of the items. Pillow decodes outside Python's lock."""
    with concurrent.futures.ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        for first in range(0, len(items), CHUNK):
            yield from pool.map(function, items[first:first + CHUNK])


def load(paths, size, crop=None):
    """All the pictures at once, see `crop_and_resize`: uint8 [N, size, size, 3]. Raises what `decode` raises."""
    pictures = _in_threads(lambda path: crop_and_resize(decode(path), size, crop), paths)
    return np.stack(list(pictures)) if len(paths) else np.empty([0, size, size, 3], np.uint8)


def order(examples, batch_size, seed):
    """`shuffled`; where there are fewer examples than a batch holds, batches are cut from a chain of permutations."""
    if batch_size <= examples:
        return shuffled(examples, batch_size, seed)
    permutation = shuffled(examples, examples, seed)

    def batch(number):
        first, last = number * batch_size, (number + 1) * batch_size - 1
        epochs = range(first // examples, last // examples + 1)
        return np.concatenate([permutation(epoch) for epoch in epochs])[first % examples:][:batch_size]

    return batch


def batches(paths, size, batch_size, seed, crop=None, mirror=False, memory=MEMORY):
    """An endless stream of batches of pictures, each decoded and resized when it is first wanted.

    What batch `number` holds depends on the arguments and the number alone, so that a resumed run goes on where it was.

    Args:
        paths: at least one, sound ones (see `usable`); fewer than a batch holds are repeated in it.
        size, crop: see `crop_and_resize`.
        mirror: whether every other picture, by chance, is shown with left and right exchanged.
        memory: bytes. Pictures stay in memory if all of them fit, and are decoded anew for each batch otherwise.

    Returns:
        A function: number (from 0) -> float32 [batch_size, size, size, 3] in [0, 1]. It raises InputError if a file has
        become unreadable since it was checked.
    """
    return _stream(len(paths), batch_size, seed, mirror, _kept(paths, size, crop, memory))


def of_array(pictures, batch_size, seed, mirror=False):
    """`batches` of pictures that are in memory already: uint8 [N, size, size, 3], N from 1."""
    return _stream(len(pictures), batch_size, seed, mirror, lambda indices: pictures[indices])


def _stream(examples, batch_size, seed, mirror, read):
    """number -> float32 batch, from `read`: indices -> uint8 [len(indices), size, size, 3], a new array."""
    indices = order(examples, batch_size, seed)

    def batch(number):
        pictures = read(indices(number))
        if mirror:
            turned = np.random.default_rng([seed, number, 1]).random(batch_size) < 0.5  # not the stream of the order
            pictures[turned] = pictures[turned, :, ::-1]
        return pictures * np.float32(1 / 255)

    return batch


def _kept(paths, size, crop, memory):
    """indices -> uint8 [len(indices), size, size, 3], from memory if all pictures fit into so many bytes."""
    if len(paths) * size * size * 3 > memory:
        return lambda indices: load([paths[index] for index in indices], size, crop)
    pictures = np.empty([len(paths), size, size, 3], np.uint8)
    known = np.zeros(len(paths), bool)

    def read(indices):
        missing = np.unique(indices[~known[indices]])
        pictures[missing] = load([paths[index] for index in missing], size, crop)
        known[missing] = True
        return pictures[indices]

    return read
