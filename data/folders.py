"""Images in a user's folder: which files there are, which are valid, which are for testing."""

import collections
import concurrent.futures
import contextlib
import functools
import hashlib
import io
import logging
import os
import pathlib
import re
import stat
import sys
import warnings
from typing import Any, Callable, Iterator, List, NamedTuple, Optional, Sequence, Tuple, Union

import numpy as np
import tqdm
from PIL import Image, ImageOps

from graphmode.errors import InputError, shown

ENDINGS = tuple(
    ".jpg .jpeg .jpe .jfif .mpo .png .apng .gif .webp .avif .bmp .dib .tif .tiff "
    ".ppm .pgm .pbm .pnm .jp2 .j2k .jpx .jpf".split()
)
# What these files may really contain. Pillow knows more formats, but it runs another program for
# EPS, and TGA has no mark that tells its files from damaged ones.
FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "BMP", "DIB", "TIFF", "PPM", "JPEG2000")
BACKGROUND = "white"  # behind images that are partly transparent, as on a page
TEST_FRACTION = 0.1  # of a folder's images: not used for training
CHUNK = 200  # files that the threads get at a time, so that Ctrl-C need not wait for all files
MAX_PIXELS = Image.MAX_IMAGE_PIXELS or 89478485  # of an image; 0.25 GiB as RGB
ORIENTATION = 0x0112  # in EXIF data; 5 to 8 change the sides
NAME_BYTES = 200  # of a name that gets an ending; file systems have 255 with it
SHOWN_ENDINGS = 5  # in the line about files that are left out

Folder = Union[str, pathlib.Path]

# `opened` makes errors of what matters. Pillow's warnings would be lines without a file's name.
warnings.filterwarnings("ignore", module=r"PIL\.")
logging.getLogger("PIL").addHandler(logging.NullHandler())


def find(folder: Folder) -> List[pathlib.Path]:
    """Lists the images in a folder and its subfolders: files that end in `ENDINGS`, in any case.

    Hidden files and folders are ignored. Links to folders are followed, but no folder is listed
    twice. `left_out` counts the other files.

    Returns:
        Sorted paths, at least one.

    Raises:
        InputError: the folder does not exist or cannot be read, or there is no image.
    """
    folder = pathlib.Path(folder).expanduser()
    if not folder.is_dir():
        what = "is a file, not a folder" if folder.exists() else "does not exist"
        raise InputError(f"{folder} {what}: use a folder of images (.jpg, .png, .tif, ...)")
    paths = sorted(path for path in _files(folder) if _is_image(path))
    if not paths:
        others = f" ({', '.join(left_out(folder))})" if left_out(folder) else ""
        raise InputError(
            f"{folder} contains no images{others}: use a folder of images (.jpg, .png, .tif, ...)"
        )
    return paths


def left_out(folder: Folder) -> List[str]:
    """A line that counts the files which `find` does not take, by ending. No line if none."""
    files = _files(pathlib.Path(folder).expanduser())
    others = collections.Counter(path.suffix.lower() for path in files if not _is_image(path))
    if not others:
        return []
    counts = [f"{count} {ending or 'without'}" for ending, count in others.most_common()]
    more = ", ..." if len(counts) > SHOWN_ENDINGS else ""
    kinds = ", ".join(counts[:SHOWN_ENDINGS]) + more
    return [shown(f"left out in {folder}, files by their endings: {kinds}")]


def _is_image(path):
    return path.name.lower().endswith(ENDINGS)


def _files(folder):
    """Yields the paths of all files that are not hidden. Raises InputError."""

    def unreadable(error):
        raise InputError(f"{error.filename} cannot be read: {error.strerror}; use another folder")

    known, waiting = set(), [folder]
    # The list grows: what is linked comes after what is really inside, so it has its real name.
    for top in waiting:
        for parent, inside, files in os.walk(top, onerror=unreadable):
            real = os.path.realpath(parent)
            inside[:] = sorted(name for name in inside if not name.startswith("."))
            if real in known:
                inside.clear()
                continue
            known.add(real)
            linked = [os.path.join(parent, name) for name in inside]
            waiting += [path for path in linked if os.path.islink(path)]
            yield from (pathlib.Path(parent, name) for name in files if not name.startswith("."))


def names(paths: Sequence[pathlib.Path], folder: Folder) -> List[str]:
    """A name for each image: its path below the folder, without the ending.

    The ending is kept where two images would otherwise have the same name. See `shortened`.
    """
    long = [os.path.relpath(path, pathlib.Path(folder).expanduser()) for path in paths]
    short = [os.path.splitext(name)[0] for name in long]
    count = collections.Counter(short)
    chosen = [name if count[name] == 1 else whole for name, whole in zip(short, long, strict=True)]
    return [shortened(name) for name in (chosen if len(set(chosen)) == len(chosen) else long)]


def shortened(name: str) -> str:
    """A path whose last part leaves room for an ending: at most `NAME_BYTES` bytes.

    A longer one keeps its beginning and gets a hash, so that different names stay different.
    """
    folder, last = os.path.split(name)
    if len(os.fsencode(last)) <= NAME_BYTES:
        return name
    mark = "~" + hashlib.sha256(os.fsencode(name)).hexdigest()[:16]
    while len(os.fsencode(last + mark)) > NAME_BYTES:
        last = last[:-1]
    return os.path.join(folder, last + mark)


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


@contextlib.contextmanager
def opened(
    path: Folder, content: Optional[bytes] = None, max_pixels: Optional[int] = None
) -> Iterator[Any]:
    """Opens an image file safely. All of this project's programs open images with it.

    The content decides the format, not the ending. Of several images in a file, the first is taken.

    Args:
        path: the file.
        content: its bytes, if they have been read already.
        max_pixels: more pixels are an error; `MAX_PIXELS` if None.

    Yields:
        A PIL image that is not loaded yet. What fails while it is loaded or converted inside the
        `with` becomes an InputError, too.

    Raises:
        InputError: the file cannot be read, is no regular file, is empty, damaged or not an image,
            is too large, or has pixels that do not become 8 bits in one clear way.
    """
    name = shown(path)
    try:
        if content is None:
            _check_regular(path)
        source = path if content is None else io.BytesIO(content)
        with Image.open(source, formats=_formats()) as image:
            _check_pixels(image.width * image.height, max_pixels or MAX_PIXELS)
            _check_kind(image)
            yield image
    except InputError as error:
        raise InputError(f"{name}: {error}") from None
    except Image.DecompressionBombError as error:
        pixels = re.search(r"\d+", str(error))
        size = int(pixels.group()) if pixels else 2 * MAX_PIXELS
        raise InputError(f"{name}: {_too_large(size, max_pixels or MAX_PIXELS)}") from None
    except Image.UnidentifiedImageError:
        size = os.path.getsize(path) if content is None else len(content)
        what = "not an image, or damaged at its beginning" if size else "an empty file"
        raise InputError(f"{name}: {what}") from None
    except MemoryError:
        raise InputError(f"{name}: not enough memory; use a smaller image") from None
    # Whatever else is raised here comes from Pillow's readers. There is no complete list of it: a
    # damaged file may even be an AssertionError or an AttributeError.
    except Exception as error:
        reason = str(error) or type(error).__name__
        what = getattr(error, "strerror", None) or f"damaged or cut short ({reason})"
        raise InputError(shown(f"{name}: {what}")) from None


def _check_regular(path):
    """A pipe would wait for its writer, and a device may have no end."""
    mode = os.stat(path).st_mode
    if not stat.S_ISREG(mode):
        kind = "a folder" if stat.S_ISDIR(mode) else "a pipe, a socket or a device"
        raise InputError(f"{kind}, not a file: use an image file")


@functools.lru_cache(maxsize=None)
def _formats():
    """`FORMATS` without those that this Pillow does not know."""
    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


def _check_pixels(pixels, limit):
    if pixels > limit:
        raise InputError(_too_large(pixels, limit))


def _too_large(pixels, limit):
    return (
        f"{pixels / 1e6:.1f} megapixels are too many, at most {limit / 1e6:.1f} are read: "
        "reduce the image first"
    )


def _check_kind(image):
    """Refuses files without a palette, and numbers that have no known white (12 bits, floats)."""
    if image.format == "PNG" and image.mode == "P" and image.palette is None:
        raise SyntaxError("no palette")  # otherwise Pillow fails later, or all is black
    raw = str(image.tile[0][3]) if image.tile else ""
    if image.mode == "F" or (image.format == "TIFF" and image.mode == "I") or "I;12" in raw:
        raise InputError("pixels of 12 or 32 bits, signed or floats: save it with 8 or 16 bits")


def decode(
    path: Folder, content: Optional[bytes] = None, max_pixels: Optional[int] = None
) -> np.ndarray:
    """Decodes an image, oriented as its EXIF data say.

    16-bit gray is scaled to 8 bits. CMYK and palettes are converted; color profiles are not
    applied. `BACKGROUND` is behind transparent pixels. Of an animation, the first image is taken.

    Args:
        path, content, max_pixels: see `opened`.

    Returns:
        uint8 [height, width, 3], RGB.

    Raises:
        InputError: see `opened`.
    """
    with opened(path, content, max_pixels) as image:
        return rgb(upright(image))


def size(path: Folder) -> Tuple[int, int]:
    """(width, height) of an image file in pixels, as `decode` returns it. Raises InputError."""
    with opened(path) as image:
        turned = False
        with contextlib.suppress(Exception):  # as in `upright`
            turned = image.getexif().get(ORIENTATION) in (5, 6, 7, 8)
        return (image.height, image.width) if turned else image.size


def upright(image: Any) -> Any:
    """Loads a PIL image of `opened`, and turns or mirrors it as its EXIF data say."""
    image.load()
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # the EXIF data are damaged, but the pixels are valid
        return image


def rgb(image: Any) -> np.ndarray:
    """A loaded PIL image as uint8 [height, width, 3], see `decode`."""
    if image.mode.startswith("I"):  # 16 bits: Pillow would clip at 255
        gray = np.asarray(image).astype(np.float32) * (255 / 65535)
        image = Image.fromarray((np.clip(gray, 0, 255) + 0.5).astype(np.uint8))
    elif image.has_transparency_data:
        background = Image.new("RGBA", image.size, BACKGROUND)
        image = Image.alpha_composite(background, image.convert("RGBA"))
    return np.array(image.convert("RGB"))


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
    valid, skipped = usable(find(folder), folder)
    return Images(*split(valid, test_fraction, folder), skipped)


def usable(
    paths: Sequence[pathlib.Path], folder: Optional[Folder] = None
) -> Tuple[List[pathlib.Path], List[str]]:
    """Decodes every image once. Invalid files are named on stderr.

    Args:
        paths: image files.
        folder: where `find` found them. The files that it left out are counted on stderr, too.

    Returns:
        The paths of the valid images, in order, and lines about the others. The first of these
        lines counts the invalid files, the last one those that were left out.

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
    others = left_out(folder) if folder else []
    sys.stderr.writelines(f"{line}\n" for line in others)
    return valid, skipped + others


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
