"""Labelled 28x28 digits for machines without MNIST: white on black, as in MNIST.

Each digit of Pillow's own font is drawn once per pen, at `FINE` times the final resolution, and
blurred by one final pixel. The pixels of an image are then read from such a glyph, through a
slanted and wavy grid, which is different for each image. The blur makes the result smooth.
"""

import functools
from typing import Sequence, Tuple, Union

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from data.mnist import Digits

SIZE = 28
FINE = 8  # glyph pixels along each side of a pixel of an image
CANVAS = 36 * FINE  # side of a glyph's image: the digit and a black margin
PENS = 4  # stroke widths: 27 glyph pixels (3.4 pixels of an image), then 4 less each


@functools.lru_cache(maxsize=1)
def _glyphs():
    """The ten digits with each pen: uint8 [10, PENS, CANVAS, CANVAS].

    Each is in the middle and about 20 * FINE pixels tall.
    """
    font = ImageFont.load_default(28 * FINE)
    glyphs = np.empty([10, PENS, CANVAS, CANVAS], np.uint8)
    for digit in range(10):
        rough = Image.new("L", (CANVAS, CANVAS))
        ImageDraw.Draw(rough).text((FINE, FINE), str(digit), fill=255, font=font, stroke_width=4)
        left, top, right, bottom = rough.getbbox()
        glyph = Image.new("L", (CANVAS, CANVAS))
        glyph.paste(rough, ((CANVAS - left - right) // 2, (CANVAS - top - bottom) // 2))
        for pen in range(PENS):
            glyphs[digit, pen] = glyph.filter(ImageFilter.BoxBlur(FINE / 2))
            glyph = glyph.filter(ImageFilter.MinFilter(5))  # two glyph pixels less on each side
    return glyphs


def _images(labels, generator):
    """uint8 [len(labels), 28, 28]: the digits `labels`, each in a different handwriting."""

    def vary(low, high):
        return generator.uniform(low, high, [len(labels), 1, 1]).astype(np.float32)

    y, x = np.mgrid[:SIZE, :SIZE].astype(np.float32) - (SIZE - 1) / 2
    x, y = x - vary(-1.5, 1.5), y - vary(-1.5, 1.5)  # [count, 28, 28]
    turn, slant = vary(-0.2, 0.2), vary(-0.15, 0.4)  # radians; small, or a 6 looks like a 9
    x, y = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    x, y = (x + slant * y) / vary(0.75, 1.15), y / vary(0.85, 1.05)
    # An unsteady hand: a sine wave along each axis shifts the other axis.
    x, y = (
        x + vary(0, 1.2) * np.sin(vary(0.15, 0.38) * y + vary(0, 2 * np.pi)),
        y + vary(0, 1.2) * np.sin(vary(0.15, 0.38) * x + vary(0, 2 * np.pi)),
    )

    pens = generator.integers(PENS, size=[len(labels), 1, 1])
    row, column = (
        np.clip(axis * FINE + CANVAS / 2, 0, CANVAS - 1).astype(np.intp) for axis in (y, x)
    )
    ink = _glyphs()[labels[:, None, None], pens, row, column].astype(np.float32)
    # Noise in the ink only: the background of MNIST is exactly black.
    noise = generator.standard_normal(ink.shape, np.float32)
    return np.clip(ink * (vary(0.9, 1.15) + vary(0, 0.06) * noise), 0, 255).astype(np.uint8)


def draw(count: int, seed: Union[int, Sequence[int]]) -> Tuple[np.ndarray, np.ndarray]:
    """Draws digits in a random order. All classes are equally frequent (plus or minus one).

    Args:
        count: number of images.
        seed: an int or ints from 0.

    Returns:
        images, uint8 [count, 28, 28], white on black; labels, uint8 [count], 0 to 9.
    """
    generator = np.random.default_rng(seed)
    labels = generator.permutation(np.arange(count) % 10).astype(np.uint8)
    parts = np.split(labels, range(500, count, 500))  # the grids of a part fit the CPU's cache
    return np.concatenate([_images(part, generator) for part in parts]), labels


def load(train: int = 8000, test: int = 2000, seed: int = 0) -> Digits:
    """Draws `train` training images and `test` test images, with independent random numbers."""
    return Digits(*draw(train, [seed, 0]), *draw(test, [seed, 1]))
