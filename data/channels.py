"""Images of any number of channels: gray, RGB, RGBA, 8 or 16 bits, and stacks in NPY files.

A stack is an array in a file of NumPy, [height, width, channels] or [height, width]: uint8, uint16,
or floats in [0, 1]. Nothing is unpickled.
"""

import io
import pathlib
from typing import Tuple, Union

import numpy as np
from PIL import Image

from data import folders
from graphmode import doctor
from graphmode.errors import InputError, shown

STACK = ".npy"
IMAGES = (1, 3, 4)  # channels that an image file has; with others it is a stack
LUMA = (0.299, 0.587, 0.114)  # of red, green and blue, as Pillow has it
JPEG_QUALITY = 95


def is_stack(path: folders.Folder) -> bool:
    return pathlib.Path(path).suffix.lower() == STACK


def size(path: folders.Folder) -> Tuple[int, int]:
    """(width, height) of an image or a stack in pixels. Raises InputError."""
    if not is_stack(path):
        return folders.size(path)
    height, width = _mapped(path).shape[:2]
    return width, height


def is_deep(path: folders.Folder) -> bool:
    """Whether an image has 16 bits per channel. Raises InputError."""
    if is_stack(path):
        return False
    with folders.opened(path) as image:
        return image.mode.startswith("I") or _deep_color(image)


def _deep_color(image):
    raw = str(image.tile[0][3]) if image.tile else ""
    return ";16" in raw and not raw.startswith("I")


def decode(path: folders.Folder) -> np.ndarray:
    """Decodes an image with all its bits, or a stack.

    Returns:
        float32 [height, width, channels] in [0, 1]. An image has one of `IMAGES`: gray (without
        transparency), RGB, RGBA.

    Raises:
        InputError: see `folders.opened`; or the stack is damaged, or holds something else.
    """
    if is_stack(path):
        return _stack(path)
    with folders.opened(path) as image:
        deep = _deep_color(image)
        if deep and folders.ORIENTATION in image.getexif():
            raise InputError("16-bit color on its side: turn the pixels, and drop the orientation")
        image = folders.upright(image)
        if deep:  # Pillow would drop the lower 8 bits
            return _deep(path)
        if image.mode.startswith("I"):
            return np.asarray(image).astype(np.float32)[..., None] / np.float32(65535)
        kind = "RGBA" if image.has_transparency_data else _kind(image)
        pixels = np.asarray(image.convert(kind))
    return pixels.reshape(*pixels.shape[:2], -1).astype(np.float32) / np.float32(255)


def _kind(image):
    return "L" if image.mode in ("1", "L") else "RGB"


def _deep(path):
    """16-bit color, by OpenCV: float32 [height, width, 3 or 4] in [0, 1]."""
    opencv = doctor.library("cv2", "opencv-python-headless")
    pixels = opencv.imdecode(np.fromfile(str(path), np.uint8), opencv.IMREAD_UNCHANGED)
    if pixels is None or pixels.dtype != np.uint16:
        raise InputError("16-bit pixels that cannot be read: save it as a PNG file")
    pixels = pixels.reshape(*pixels.shape[:2], -1)
    order = {1: [0], 3: [2, 1, 0], 4: [2, 1, 0, 3]}[pixels.shape[2]]
    return pixels[..., order].astype(np.float32) / np.float32(65535)


def _mapped(path):
    """The array of a stack, which is not read yet: [height, width(, channels)]."""
    try:
        array = np.load(str(path), mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        reason = str(error).split(". ")[0] or "an empty file"
        raise InputError(shown(f"{path}: no array of NumPy, or damaged ({reason})")) from None
    if not isinstance(array, np.ndarray) or array.ndim not in (2, 3) or not array.size:
        what = "x".join(map(str, getattr(array, "shape", ())))
        raise InputError(
            shown(f"{path}: an array {what or 'without shape'}: use [height, width, channels]")
        )
    return array


def _stack(path):
    array = _mapped(path)
    if array.dtype in (np.uint8, np.uint16):
        numbers = array.astype(np.float32) / np.float32(np.iinfo(array.dtype).max)
    elif array.dtype.kind == "f":
        numbers = array.astype(np.float32)
        low, high = float(numbers.min()), float(numbers.max())
        if not (low >= 0.0 and high <= 1.0):  # also if one of them is NaN
            raise InputError(shown(f"{path}: values from {low:g} to {high:g}: scale to [0, 1]"))
    else:
        raise InputError(shown(f"{path}: numbers of type {array.dtype}: use uint8, uint16, floats"))
    return numbers.reshape(*numbers.shape[:2], -1)


def converted(image: np.ndarray, channels: int, name: Union[str, pathlib.Path]) -> np.ndarray:
    """Gives an image another number of channels, as one would expect of gray, RGB and RGBA.

    Transparent pixels get a white background when the transparency is dropped. Gray is the luma of
    red, green and blue.

    Args:
        image: [height, width, own channels] in [0, 1].
        channels: the number that is wanted.
        name: of the file, for the message.

    Returns:
        float32 [height, width, channels] in [0, 1].

    Raises:
        InputError: there is no such conversion.
    """
    own = image.shape[2]
    if own == channels:
        return image
    if own not in IMAGES or channels not in IMAGES:
        raise InputError(
            shown(f"{name}: {own} channels where {channels} are expected: --input_nc, --output_nc")
        )
    if own == 4:
        alpha = image[..., 3:]
        image = image[..., :3] * alpha + (1 - alpha)
    if image.shape[2] == 1:
        image = np.repeat(image, 3, axis=2)
    if channels == 4:
        image = np.concatenate([image, np.ones_like(image[..., :1])], axis=2)
    return image if channels != 1 else (image @ np.array(LUMA, np.float32))[..., None]


def rgb(image: np.ndarray) -> np.ndarray:
    """What one sees of [height, width, channels] in [0, 1]: [height, width, 3] in [0, 1].

    Of a stack these are the first three channels, or the first one if there are two.
    """
    channels = image.shape[2]
    if channels in IMAGES:
        return converted(image, 3, "")
    return image[..., :3] if channels > 3 else np.repeat(image[..., :1], 3, axis=2)


def encode(image: np.ndarray, kind: str, bits: int = 8) -> bytes:
    """The bytes of a file.

    Args:
        image: [height, width, channels] floats. Values outside [0, 1] are clipped, NaN becomes 0.
        kind: "png", "jpeg" or "npy" (float32).
        bits: 8 or 16 for each channel of a PNG file. JPEG always has 8.

    Raises:
        ValueError: an image file cannot have so many channels.
    """
    image, buffer = np.clip(np.nan_to_num(image), 0.0, 1.0).astype(np.float32), io.BytesIO()
    channels = image.shape[2]
    if kind == "npy":
        np.save(buffer, image, allow_pickle=False)
        return buffer.getvalue()
    if channels not in (IMAGES if kind == "png" else IMAGES[:2]):
        raise ValueError(f"a {kind} file has no {channels} channels")
    if kind == "png" and bits == 16:
        return _png16((image * 65535.0 + 0.5).astype(np.uint16))
    pixels = (image * 255.0 + 0.5).astype(np.uint8)
    options = {"quality": JPEG_QUALITY} if kind == "jpeg" else {}
    Image.fromarray(pixels[..., 0] if channels == 1 else pixels).save(
        buffer, kind.upper(), **options
    )
    return buffer.getvalue()


def _png16(pixels):
    if pixels.shape[2] == 1:
        buffer = io.BytesIO()
        Image.fromarray(pixels[..., 0]).save(buffer, "PNG")
        return buffer.getvalue()
    opencv = doctor.library("cv2", "opencv-python-headless")
    order = [2, 1, 0, 3][: pixels.shape[2]]
    return opencv.imencode(".png", np.ascontiguousarray(pixels[..., order]))[1].tobytes()
