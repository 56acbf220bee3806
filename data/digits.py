"""Labelled 28x28 digits drawn on the spot, for machines without MNIST: white on black, as in MNIST.

Each digit of Pillow's own font is drawn once per pen at `FINE` times the final resolution and blurred by one
final pixel; a picture is then one look-up through its own slanted, wavy grid, smooth because of that blur.
"""

import functools
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from graphmode.cli import InputError

SIZE = 28
FINE = 8  # glyph pixels per pixel of a picture
CANVAS = 36 * FINE  # side of a glyph's picture: the digit and a black margin
PENS = 4  # stroke widths: 27 glyph pixels (3.4 of a picture's), then 4 less each


class Digits(NamedTuple):
    """A data set of labelled pictures, made for training and testing apart."""

    train_images: np.ndarray  # uint8 [N, 28, 28], 0 is black
    train_labels: np.ndarray  # uint8 [N], 0 to 9
    test_images: np.ndarray  # uint8 [M, 28, 28]
    test_labels: np.ndarray  # uint8 [M]


@functools.lru_cache(maxsize=1)
def _glyphs():
    """The ten digits with every pen: uint8 [10, pens, CANVAS, CANVAS], each centred, about 20 * FINE tall."""
    font = ImageFont.load_default(28 * FINE)
    glyphs = np.empty([10, PENS, CANVAS, CANVAS], np.uint8)
    for digit in range(10):
        drawn = Image.new("L", (CANVAS, CANVAS))
        ImageDraw.Draw(drawn).text((FINE, FINE), str(digit), fill=255, font=font, stroke_width=4)
        left, top, right, bottom = drawn.getbbox()
        glyph = Image.new("L", (CANVAS, CANVAS))
        glyph.paste(drawn, ((CANVAS - left - right) // 2, (CANVAS - top - bottom) // 2))
        for pen in range(PENS):
            glyphs[digit, pen] = glyph.filter(ImageFilter.BoxBlur(FINE / 2))
            glyph = glyph.filter(ImageFilter.MinFilter(5))  # two glyph pixels off each side
    return glyphs


def _pictures(labels, generator):
    """uint8 [len(labels), 28, 28]: the digits `labels`, each in its own hand."""
    def vary(low, high):
        return generator.uniform(low, high, [len(labels), 1, 1]).astype(np.float32)

    y, x = np.mgrid[:SIZE, :SIZE].astype(np.float32) - (SIZE - 1) / 2
    x, y = x - vary(-1.5, 1.5), y - vary(-1.5, 1.5)  # [count, 28, 28]
    turn, slant = vary(-0.2, 0.2), vary(-0.15, 0.4)  # radians; small, or a 6 looks like a 9
    x, y = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    x, y = (x + slant * y) / vary(0.75, 1.15), y / vary(0.85, 1.05)
    # An unsteady hand: each axis is pushed to and fro along the other.
    x, y = (x + vary(0, 1.2) * np.sin(vary(0.15, 0.38) * y + vary(0, 2 * np.pi)),
            y + vary(0, 1.2) * np.sin(vary(0.15, 0.38) * x + vary(0, 2 * np.pi)))

    pens = generator.integers(PENS, size=[len(labels), 1, 1])
    row, column = (np.clip(axis * FINE + CANVAS / 2, 0, CANVAS - 1).astype(np.intp) for axis in (y, x))
    ink = _glyphs()[labels[:, None, None], pens, row, column].astype(np.float32)
    # Noise in the ink alone: the background of MNIST is exactly black.
    grain = generator.standard_normal(ink.shape, np.float32)
    return np.clip(ink * (vary(0.9, 1.15) + vary(0, 0.06) * grain), 0, 255).astype(np.uint8)


def draw(count, seed):
    """Draws `count` digits: the classes equally often (give or take one), in a shuffled order.

    Args:
        count: how many.
        seed: an int from 0, or a list of them; the same seed gives the same pixels.

    Returns:
        images, uint8 [count, 28, 28], white on black; labels, uint8 [count].
    """
    generator = np.random.default_rng(seed)
    labels = generator.permutation(np.arange(count) % 10).astype(np.uint8)
    parts = np.split(labels, range(500, count, 500))  # so that the grids of a part stay in the processor's cache
    return np.concatenate([_pictures(part, generator) for part in parts]), labels


def few(digits, count):
    """`Digits` with `count` of the training pictures, a tenth of them of each kind: always the same, the first of an
    order by chance, so that fewer are among more. Raises InputError if they are fewer than ten."""
    if count < 10:
        raise InputError(f"{count} labelled digits are too few: there must be one of each kind, so 10 or more")
    order = np.random.default_rng(0).permutation(len(digits.train_labels))
    chosen = np.concatenate([order[digits.train_labels[order] == digit][:count // 10] for digit in range(10)])
    return digits._replace(train_images=digits.train_images[chosen], train_labels=digits.train_labels[chosen])


def load(train=8000, test=2000, seed=0):
    """`Digits` of `train` and `test` pictures, drawn from two streams of random numbers that share none."""
    return Digits(*draw(train, [seed, 0]), *draw(test, [seed, 1]))
