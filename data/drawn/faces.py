"""Cartoon faces: each is a stack of polygons (see `shapes`), from the back to the front."""

import math
import pathlib
from typing import Sequence, Union

import numpy as np
import tqdm

from data import cache
from data.drawn.shapes import ACROSS, Pen, ellipse, hsv, lens, lighted

_SKIN = np.array(
    [
        [255, 224, 196],
        [241, 194, 160],
        [224, 172, 125],
        [188, 128, 88],
        [141, 85, 54],
        [92, 56, 38],
    ],
    float,
)
_HAIR = np.array(
    [
        [30, 24, 22],
        [62, 40, 28],
        [110, 70, 40],
        [168, 120, 66],
        [226, 190, 120],
        [165, 70, 36],
        [150, 148, 146],
        [226, 224, 220],
    ],
    float,
)
_IRIS = np.array(
    [[86, 54, 32], [52, 36, 28], [70, 110, 160], [90, 130, 90], [120, 130, 135]], float
)


def folder(size: int, count: int = 2000) -> pathlib.Path:
    """A folder in the cache with `count` faces of size x size pixels, as PNG files."""
    seeds = {f"{number:05}.png": [2, number] for number in range(count)}
    return cache.image_folder(
        f"faces-{size}-{count}", seeds, lambda seed: _face(np.random.default_rng(seed), size)
    )


def draw(count: int, size: int, seed: Union[int, Sequence[int]]) -> np.ndarray:
    """Draws cartoon faces.

    Args:
        count: number of faces.
        size: height and width in pixels, from 8.
        seed: an int or ints from 0. Face n depends only on seed, size and n.

    Returns:
        uint8 [count, size, size, 3], RGB.
    """
    faces = np.empty([count, size, size, 3], np.uint8)
    # disable=None: a progress bar in terminals only
    for number in tqdm.trange(count, desc="drawing", unit="face", delay=1, disable=None):
        faces[number] = _face(np.random.default_rng([*np.atleast_1d(seed), number]), size)
    return faces


def _blend(palette, generator):
    """A random color between two neighbors in a palette."""
    place = generator.uniform(0, len(palette) - 1)
    low, fraction = int(place), place % 1
    return palette[low] * (1 - fraction) + palette[low + 1] * fraction + generator.normal(0, 4, 3)


def _face(generator, size):
    """One face: uint8 [size, size, 3]."""
    vary, pen = generator.uniform, Pen(generator, size)
    skin, hair = _blend(_SKIN, generator), _HAIR[generator.integers(len(_HAIR))] * vary(0.85, 1.1)
    dark_skin, outline = skin * 0.8, skin * 0.5
    long_hair, style = generator.random() < 0.45, generator.integers(5)
    half, jaw, square = vary(0.7, 0.84), vary(0.1, 0.4), vary(0.8, 1.0)
    head = ellipse(0, 0, half, 1, square)
    head[:, 0] *= 1 - jaw * np.maximum(head[:, 1], 0) ** 2
    if long_hair:
        length = vary(0.5, 1.5)
        pen.fill(
            ellipse(0, length / 2 - 0.25, half + vary(0.12, 0.3), 0.95 + length / 2, 0.75),
            hair * 0.7,
            -0.5,
        )
    pen.fill(ellipse(0, 1.05, half * 0.48, 0.6), dark_skin * 0.92, -0.3)
    shirt = hsv(vary(0, 1), vary(0.1, 0.8), vary(0.2, 0.9))
    pen.fill(ellipse(0, 2.15, vary(1.25, 1.6), vary(0.85, 0.95), 0.8), shirt, -0.3)
    ear = vary(0.1, 0.15)
    for side in (-1, 1):
        pen.fill(ellipse(side * half, 0.1, ear, 0.2), dark_skin, -0.3)
    pen.fill(head, dark_skin)
    lit = vary(-0.06, 0.06)  # this side is lit, the other one stays dark
    pen.fill(head * [0.94, 0.96] + [lit, -0.03], skin)
    for side in (-1, 1):
        pen.fill(ellipse(side * half * 0.5, 0.36, 0.16, 0.11), skin * [1.0, 0.94, 0.93], 0.5)

    _eyes(pen, generator, hair, outline)
    _nose(pen, generator, skin)
    _mouth(pen, generator, skin)
    _front_hair(pen, generator, hair, half, style, long_hair)
    return lighted(pen.image, generator, size)


def _eyes(pen, generator, hair, outline):
    vary = generator.uniform
    apart, height, width, opening = (
        vary(0.27, 0.36),
        vary(-0.08, 0.04),
        vary(0.14, 0.19),
        vary(0.07, 0.14),
    )
    tilt, iris = vary(-0.03, 0.03), _blend(_IRIS, generator)
    gaze_x, gaze_y, round_iris = vary(-0.04, 0.04), vary(-0.02, 0.02), vary(0.075, 0.095)
    brow, thick, lift, frown = vary(0.2, 0.3), vary(0.03, 0.08), vary(0.0, 0.06), vary(-0.06, 0.06)
    glasses, frame = generator.random() < 0.15, hsv(vary(0, 1), vary(0, 0.6), vary(0.05, 0.35))
    for side in (-1, 1):
        x = side * apart
        white = lens(x, height, width, opening, opening * 0.8, side * tilt)
        pen.fill(white, [246, 246, 242], 0.8)
        # The lids cover parts of the iris.
        ring = ellipse(x + gaze_x, height + gaze_y, round_iris, round_iris)
        for grown, color in ((1.0, iris), (0.5, np.array([18, 14, 14]))):
            disc = (ring - ring.mean(0)) * grown + ring.mean(0)
            room = 1 - np.clip((disc[:, 0] - x) / width, -1, 1) ** 2
            line = height + side * tilt * (disc[:, 0] - x) / width
            disc[:, 1] = np.clip(disc[:, 1], line - opening * room, line + 0.8 * opening * room)
            pen.fill(disc, color, 0.8)
        pen.fill(
            ellipse(x + gaze_x + 0.025, height + gaze_y - 0.03, 0.02, 0.02), [255, 255, 255], 0.8
        )
        pen.line(white[: len(ACROSS)], outline * 0.5, 0.035, 0.8)
        pen.fill(
            lens(x, height - brow + lift, width * 1.25, thick + 0.05, -0.05, side * frown),
            hair * 0.6,
            0.8,
        )
        if glasses:
            rim = ellipse(x, height + 0.02, 0.25, 0.21, 0.8)
            pen.line(np.concatenate([rim, rim[:2]]), frame, 0.04, 0.9)
    if glasses:
        pen.line(np.array([[0.25 - apart, height], [apart - 0.25, height]]), frame, 0.04, 0.9)


def _nose(pen, generator, skin):
    width, tip, root = (
        generator.uniform(0.08, 0.14),
        generator.uniform(0.26, 0.36),
        generator.uniform(0.0, 0.1),
    )
    pen.fill(np.array([[-0.03, root], [0.03, root], [width, tip], [-width, tip]]), skin * 0.9, 1.0)
    pen.fill(ellipse(0, tip, width, 0.06), skin * 0.84, 1.1)
    pen.fill(ellipse(0, tip - 0.03, width * 0.75, 0.05), np.minimum(skin * 1.06, 255), 1.2)


def _mouth(pen, generator, skin):
    vary = generator.uniform
    y, width, smile, opening = (
        vary(0.52, 0.6),
        vary(0.2, 0.33),
        vary(-0.04, 0.14),
        max(0.0, vary(-0.12, 0.14)),
    )
    lips = (
        skin * [0.92, 0.62, 0.6]
        if generator.random() < 0.7
        else np.array([190, 40, 60]) * vary(0.7, 1.0)
    )
    full = vary(0.02, 0.05)
    pen.fill(lens(0, y - smile / 2, width, full - smile, smile + opening + full * 1.3), lips, 0.9)
    if opening > 0.03:
        pen.fill(lens(0, y - smile / 2, width * 0.88, -smile, smile + opening), [70, 20, 24], 0.9)
        pen.fill(
            lens(0, y - smile / 2, width * 0.8, -smile, smile + opening * 0.45),
            [248, 246, 240],
            0.9,
        )
    else:
        pen.line(lens(0, y - smile / 2, width, -smile, 0)[: len(ACROSS)], lips * 0.55, 0.03, 0.9)


def _front_hair(pen, generator, hair, half, style, long_hair):
    """Hair in front of the head.

    Styles: 0 none, 1 a cap, 2 a parting, 3 a fringe, 4 curls.
    """
    vary = generator.uniform
    if style == 0 and not long_hair:
        return
    line, rise, wide, low = vary(-0.62, -0.42), vary(0.1, 0.25), half + vary(0.04, 0.1), -0.1
    angles = np.linspace(np.pi, 2 * np.pi, 25)
    crown = np.stack([wide * np.cos(angles), low + (0.9 + rise) * np.sin(angles)], 1)
    part = vary(-0.6, 0.6) if style == 2 else 0.0
    x = np.linspace(1, -1, 25)
    # 0 at the parting, 1 at the temples: hair to both sides, or a straight fringe with sideburns.
    aside = np.where(x > part, (x - part) / (1 - part), (part - x) / (1 + part))
    fringe = line + (low - line) * aside ** (12 if style == 3 else 2.5)
    pen.fill(np.concatenate([crown, np.stack([x * half * 0.92, fringe], 1)]), hair, 0.15)
    if style == 4:
        for angle in np.linspace(np.pi * 0.95, np.pi * 2.05, 11):
            size = vary(0.16, 0.24)
            pen.fill(
                ellipse(wide * math.cos(angle), low + (0.9 + rise) * math.sin(angle), size, size),
                hair,
                0.1,
            )
    pen.line(crown[4:11] * 0.9 + [0, 0.02], np.minimum(hair * 1.25 + 10, 255), 0.05, 0.3)
