"""Pictures: batches of numbers in [0, 1] to grids, grids to PNG files that are written whole."""

import io
import math

import numpy as np
from PIL import Image

from graphmode import runs


def to_uint8(images):
    """[...] floats in [0, 1], clipped, NaN as 0 -> uint8, rounded to the nearest."""
    return (np.clip(np.nan_to_num(images), 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)


def grid(images, columns=None):
    """Lays a batch out as one picture, row by row.

    Args:
        images: [N, height, width] or [N, height, width, 1 or 3]; floats in [0, 1] or uint8.
        columns: pictures in a row; about the square root of N if None.

    Returns:
        uint8, [rows * (height + 1) - 1, columns * (width + 1) - 1] and the channels, if there are 3; a pixel of grey
        between pictures.
    """
    images = np.asarray(images)
    images = images if images.dtype == np.uint8 else to_uint8(images)
    if images.ndim == 4 and images.shape[3] == 1:
        images = images[..., 0]
    number, height, width = images.shape[:3]
    columns = columns or max(1, math.isqrt(number - 1) + 1)
    rows = -(-number // columns)
    sheet = np.full((rows * (height + 1) - 1, columns * (width + 1) - 1) + images.shape[3:], 128, np.uint8)
    for n, image in enumerate(images):
        top, left = n // columns * (height + 1), n % columns * (width + 1)
        sheet[top:top + height, left:left + width] = image
    return sheet


def png(image, zoom=1):
    """The bytes of a PNG file of [height, width] or [height, width, 3] uint8, each pixel `zoom` pixels wide."""
    picture = Image.fromarray(np.asarray(image))
    if zoom != 1:
        picture = picture.resize((picture.width * zoom, picture.height * zoom), Image.Resampling.NEAREST)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def save_png(target, image, zoom=1):
    runs.write_whole(target, png(image, zoom))


def save_samples(folder, images, columns=None):
    """Writes sample.png, a `grid`, and samples.npz with `images`, uint8 [N, height, width(, 3)], into a run's folder."""
    images = to_uint8(np.asarray(images))
    images = images[..., 0] if images.ndim == 4 and images.shape[3] == 1 else images
    buffer = io.BytesIO()
    np.savez_compressed(buffer, images=images)
    save_png(runs.path(folder, "sample.png"), grid(images, columns), zoom=2)
    runs.write_whole(runs.path(folder, "samples.npz"), buffer.getvalue())
    print("pictures: {}, in {} and samples.npz beside it".format(len(images), runs.path(folder, "sample.png")))
