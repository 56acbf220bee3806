"""Facades: pairs of a "photo" and its label map, side by side, like those of pix2pix.

A facade is a stack of labelled rectangles. Each is drawn twice: in the color of its label, and in a
color that it might have in a photo. A label map says where a window is but not which color the wall
has. So many photos fit one label map, as with real facades.
"""

import colorsys
import pathlib
from typing import Sequence, Tuple

import numpy as np
from PIL import Image, ImageDraw

from data import cache

# The twelve labels of the CMP facade database, in the colors of pix2pix's files.
LABELS = {
    "background": (0, 0, 222),
    "facade": (0, 48, 255),
    "window": (0, 127, 255),
    "door": (0, 207, 255),
    "head": (32, 255, 224),
    "sill": (112, 255, 144),
    "balcony": (192, 255, 64),
    "blind": (255, 240, 0),
    "trim": (255, 160, 0),
    "cornice": (255, 80, 0),
    "pillar": (255, 0, 0),
    "shop": (175, 0, 0),
}
COUNTS = {"train": 400, "val": 50}  # pairs, as in pix2pix's own facades; no pair is in both
FINE = 3  # a photo is drawn FINE times too large along each side, and then averaged


def folder(size: int) -> pathlib.Path:
    """A folder in the cache with the folders `train` and `val` of drawn pairs.

    Args:
        size: height of the pairs in pixels; their width is 2 * size.
    """
    seeds = {
        f"{name}/{number}.png": [3, part, number]
        for part, (name, count) in enumerate(COUNTS.items())
        for number in range(1, count + 1)
    }
    return cache.image_folder(f"facades-{size}", seeds, lambda seed: np.hstack(draw(size, seed)))


def draw(size: int, seed: Sequence[int]) -> Tuple[np.ndarray, np.ndarray]:
    """Draws one facade.

    Args:
        size: height and width in pixels.
        seed: an int or ints from 0, see `np.random.default_rng`.

    Returns:
        The photo and the label map in the colors of `LABELS`, uint8 [size, size, 3] each.
    """
    pen = _Pen(np.random.default_rng(seed), size)
    _facade(pen)
    return pen.photo(), np.array(pen.labels)


class _Pen:
    """Draws rectangles. Coordinates are from 0 to 1, x to the right and y down."""

    def __init__(self, generator, size):
        self.generator, self._size = generator, size
        self.labels = Image.new("RGB", (size, size), LABELS["background"])
        self._photo = Image.new("RGB", (FINE * size, FINE * size), self.color(0.58, 0.3, 0.85))
        self._on = [ImageDraw.Draw(self.labels), ImageDraw.Draw(self._photo)]

    def color(self, hue, saturation, value, spread=0.05):
        """A random color near this one, as (R, G, B) from 0 to 255."""
        near = self.generator.normal([hue, saturation, value], [spread / 3, spread, spread])
        return tuple(
            int(255 * part) for part in colorsys.hsv_to_rgb(near[0] % 1, *np.clip(near[1:], 0, 1))
        )

    def paint(self, left, top, right, bottom, color):
        """Draws on the photo only."""
        corners = np.rint(np.array([left, top, right, bottom]) * self._size * FINE)
        if corners[2] > corners[0] and corners[3] > corners[1]:
            self._on[1].rectangle([*corners[:2], *corners[2:] - 1], fill=color)

    def part(self, label, left, top, right, bottom, color):
        """Draws on the photo and on the label map."""
        corners = np.rint(np.array([left, top, right, bottom]) * self._size)
        if corners[2] > corners[0] and corners[3] > corners[1]:
            self._on[0].rectangle([*corners[:2], *corners[2:] - 1], fill=LABELS[label])
            self.paint(*corners / self._size, color)

    def photo(self):
        """uint8 [size, size, 3], with light from above and with noise."""
        pixels = np.asarray(self._photo, np.float32)
        pixels = pixels.reshape(self._size, FINE, self._size, FINE, 3).mean((1, 3))
        light = np.linspace(1.08, 0.9, self._size, dtype=np.float32)[:, None, None]
        noise = self.generator.normal(0, 5, [self._size, self._size, 1])
        return np.clip(np.rint(pixels * light + noise), 0, 255).astype(np.uint8)


def _darker(color, factor):
    return tuple(int(part * factor) for part in color)


def _facade(pen):
    vary, chance = pen.generator.uniform, lambda fraction: pen.generator.random() < fraction
    wall = pen.color(vary(0.02, 0.14), vary(0.05, 0.5), vary(0.5, 0.95))
    stone, frame = (
        pen.color(0.1, 0.08, vary(0.7, 0.95)),
        pen.color(vary(0, 1), vary(0, 0.3), vary(0.3, 1)),
    )
    left, right, top = vary(0, 0.12), 1 - vary(0, 0.12), vary(0.02, 0.16)
    pen.part("facade", left, top, right, 1, wall)
    for course in np.arange(top, 1, 0.025):  # a row of bricks
        pen.paint(left, course, right, course + 0.004, _darker(wall, 0.92))
    pen.part("cornice", left, top, right, top + 0.03, stone)
    floors, columns = int(vary(2, 6)), int(vary(2, 7))
    ground = 1 - vary(0.16, 0.26)
    high, wide = (ground - top - 0.05) / floors, (right - left) / columns
    looks = dict(
        width=vary(0.4, 0.62),
        height=vary(0.5, 0.72),
        sill=chance(0.7),
        lintel=chance(0.5),
        balcony=chance(0.35),
        blind=vary(0, 0.5),
        panes=int(vary(1, 4)),
        stone=stone,
        frame=frame,
    )
    if chance(0.4):
        for column in range(columns + 1):
            x = left + column * wide
            pen.part(
                "pillar",
                max(left, x - 0.012),
                top + 0.03,
                min(right, x + 0.012),
                ground,
                _darker(stone, 0.95),
            )
    for floor in range(floors):
        y = top + 0.05 + floor * high
        if floor and chance(0.5):
            pen.part("cornice", left, y - 0.012, right, y + 0.004, _darker(stone, 0.9))
        for column in range(columns):
            _window(pen, left + (column + 0.5) * wide, y + 0.06 * high, wide, high, looks)
    _ground_floor(pen, left, right, ground, columns, stone)


def _window(pen, middle, top, wide, high, looks):
    half, bottom = looks["width"] * wide / 2, top + looks["height"] * high
    left, right = middle - half, middle + half
    if looks["lintel"]:
        pen.part(
            "head",
            left - 0.1 * half,
            top - 0.05 * high,
            right + 0.1 * half,
            top,
            _darker(looks["stone"], 0.97),
        )
    pen.part("window", left, top, right, bottom, looks["frame"])
    glass, panes = pen.color(0.58, 0.25, 0.3, 0.08), looks["panes"]
    for row in range(2):
        for column in range(panes):
            x, y = left + column * (right - left) / panes, top + row * (bottom - top) / 2
            pen.paint(
                x + 0.006,
                y + 0.006,
                x + (right - left) / panes - 0.006,
                y + (bottom - top) / 2 - 0.006,
                glass,
            )
    pen.paint(
        left + 0.01, top + 0.01, left + half * 0.6, top + (bottom - top) * 0.3, _darker(glass, 1.4)
    )  # a reflection of the sky
    if pen.generator.random() < looks["blind"]:
        pen.part(
            "blind",
            left,
            top,
            right,
            top + (bottom - top) * pen.generator.uniform(0.2, 0.6),
            pen.color(0.12, 0.3, 0.75),
        )
    if looks["balcony"]:
        start = top + (bottom - top) * 0.7
        pen.part(
            "balcony",
            left - 0.1 * half,
            start,
            right + 0.1 * half,
            bottom + 0.02 * high,
            pen.color(0.6, 0.1, 0.25),
        )
        for bar in np.linspace(left, right, 9)[:-1]:
            pen.paint(bar, start + 0.008, bar + 0.008, bottom, pen.color(0.1, 0.1, 0.6))
    elif looks["sill"]:
        pen.part(
            "sill",
            left - 0.12 * half,
            bottom,
            right + 0.12 * half,
            bottom + 0.06 * high,
            looks["stone"],
        )


def _ground_floor(pen, left, right, ground, columns, stone):
    wide, door = (right - left) / columns, pen.generator.integers(columns)
    if pen.generator.random() < 0.5:
        pen.part("shop", left, ground, right, 1, pen.color(pen.generator.random(), 0.4, 0.5))
        for column in range(columns):
            x = left + column * wide
            pen.paint(
                x + 0.1 * wide, ground + 0.05, x + 0.9 * wide, 0.97, pen.color(0.15, 0.3, 0.7)
            )
    else:
        pen.part("trim", left, ground, right, ground + 0.015, stone)
    middle = left + (door + 0.5) * wide
    wood = pen.color(pen.generator.uniform(0, 0.12), 0.6, 0.35)
    half = min(0.3 * wide, 0.07)
    pen.part("door", middle - half, ground + 0.04, middle + half, 1, wood)
    pen.paint(middle - 0.004, ground + 0.05, middle + 0.004, 1, _darker(wood, 0.5))
