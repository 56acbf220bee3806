"""Images: batches of numbers in [0, 1] become grids, grids become PNG files."""

import io
import math
from typing import Optional

import numpy as np
from PIL import Image

from graphmode import files


def to_uint8(images: np.ndarray) -> np.ndarray:
    """[...] floats in [0, 1] -> uint8, rounded. Values outside are clipped, NaN becomes 0."""
    return (np.clip(np.nan_to_num(images), 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)


def grid(images: np.ndarray, columns: Optional[int] = None) -> np.ndarray:
    """Arranges a batch as one image, row by row.

    Args:
        images: [N, height, width] or [N, height, width, 1 or 3]; floats in [0, 1] or uint8.
        columns: images in a row; about the square root of N if None.

    Returns:
        uint8 [rows * (height + 1) - 1, columns * (width + 1) - 1(, 3)]. A gray line of one pixel
        separates the images.
    """
    images = np.asarray(images)
    images = images if images.dtype == np.uint8 else to_uint8(images)
    if images.ndim == 4 and images.shape[3] == 1:
        images = images[..., 0]
    number, height, width = images.shape[:3]
    columns = columns or max(1, math.isqrt(number - 1) + 1)
    rows = -(-number // columns)
    size = (rows * (height + 1) - 1, columns * (width + 1) - 1)
    sheet = np.full(size + images.shape[3:], 128, np.uint8)
    for n, image in enumerate(images):
        top, left = n // columns * (height + 1), n % columns * (width + 1)
        sheet[top : top + height, left : left + width] = image
    return sheet


def png(image: np.ndarray, zoom: int = 1) -> bytes:
    """The bytes of a PNG file; image: uint8 [height, width(, 3)]; zoom: width of a pixel."""
    shown = Image.fromarray(np.asarray(image))
    if zoom != 1:
        size = shown.width * zoom, shown.height * zoom
        shown = shown.resize(size, Image.Resampling.NEAREST)
    buffer = io.BytesIO()
    shown.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def save_png(target, image: np.ndarray, zoom: int = 1) -> None:
    """Saves an image, see `png`. The file is written whole."""
    files.write_whole(target, png(image, zoom))


def save_samples(folder, images: np.ndarray, columns: Optional[int] = None) -> None:
    """Writes samples into the folder of a run.

    Args:
        images: [N, height, width, 1 or 3] in [0, 1].

    Writes sample.png, a `grid`, and samples.npz with `images`, uint8 [N, height, width(, 3)].
    """
    images = to_uint8(np.asarray(images))
    images = images[..., 0] if images.ndim == 4 and images.shape[3] == 1 else images
    buffer = io.BytesIO()
    np.savez_compressed(buffer, images=images)
    target = files.path(folder, "sample.png")
    save_png(target, grid(images, columns), zoom=2)
    files.write_whole(files.path(folder, "samples.npz"), buffer.getvalue())
    print(f"images: {len(images)}, in {target} and samples.npz beside it")
