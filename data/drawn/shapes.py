"""Shapes of a cartoon face, in coordinates of its own.

The origin is the middle of the head, the head is 2 high, x is to the right and y down. One pose
maps the shapes into the image. The image is drawn `FINE` times too large and then averaged, so that
edges are smooth.
"""

import colorsys
import math
from typing import Any, Tuple

import numpy as np
from PIL import Image, ImageDraw

FINE = 4  # drawn pixels along each side of a pixel of the image
ACROSS = np.linspace(-1, 1, 13)  # the points along an edge of a lens
_ANGLES = np.linspace(0, 2 * np.pi, 40, endpoint=False)


class Pen:
    """Draws shapes in a face's own coordinates."""

    def __init__(self, generator: np.random.Generator, size: int):
        """Chooses a random pose and a random background for an image of size x size pixels."""
        turn, scale = generator.normal(0, 0.07), FINE * size * generator.uniform(0.29, 0.35)
        self._axes = scale * np.array(
            [[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]]
        )
        self._origin = FINE * size * (np.array([0.5, 0.52]) + generator.uniform(-0.04, 0.04, 2))
        self._scale, self._look = scale, generator.normal(0, 0.09)
        top, bottom = background(generator)
        ramp = np.linspace(0, 1, FINE * size)[:, None, None]
        canvas = np.broadcast_to(top + (bottom - top) * ramp, [FINE * size, FINE * size, 3])
        self.image = Image.fromarray(canvas.astype(np.uint8))
        self._draw = ImageDraw.Draw(self.image)

    def _placed(self, points, depth):
        """Maps points into the image. Points with a larger `depth` lie further in front of the
        head's axis, so they move more when the head turns sideways."""
        return ((points + [depth * self._look, 0]) @ self._axes + self._origin).ravel().tolist()

    def fill(self, points: np.ndarray, color: Any, depth: float = 0.0) -> None:
        """Fills a polygon, [points, 2]. color: R, G, B from 0 to 255."""
        self._draw.polygon(self._placed(points, depth), fill=_rgb(color))

    def line(self, points: np.ndarray, color: Any, width: float, depth: float = 0.0) -> None:
        """Draws a line through points, [points, 2]."""
        self._draw.line(
            self._placed(points, depth),
            _rgb(color),
            max(1, round(width * self._scale)),
            joint="curve",
        )


def ellipse(x: float, y: float, width: float, height: float, power: float = 1.0) -> np.ndarray:
    """[points, 2]: an ellipse with these half axes. A power < 1 makes it more like a rectangle."""
    cosine, sine = np.cos(_ANGLES), np.sin(_ANGLES)
    return np.stack(
        [
            x + width * np.sign(cosine) * np.abs(cosine) ** power,
            y + height * np.sign(sine) * np.abs(sine) ** power,
        ],
        1,
    )


def lens(
    x: float, y: float, width: float, upper: float, lower: float, tilt: float = 0.0
) -> np.ndarray:
    """[points, 2]: a lens. Its edges are `upper` above and `lower` below its middle line."""
    bow = 1 - ACROSS**2
    line = y + tilt * ACROSS
    return np.concatenate(
        [
            np.stack([x + width * ACROSS, line - upper * bow], 1),
            np.stack([x + width * ACROSS, line + lower * bow], 1)[::-1],
        ]
    )


def _rgb(color):
    return tuple(int(value) for value in np.clip(color, 0, 255))


def hsv(hue: float, saturation: float, value: float) -> np.ndarray:
    """[3]: R, G, B from 0 to 255 of a color with parts from 0 to 1. The hue is periodic."""
    return 255 * np.array(colorsys.hsv_to_rgb(hue % 1, saturation, value))


def background(generator: np.random.Generator) -> Tuple[np.ndarray, np.ndarray]:
    """Two random colors, for the top and the bottom of an image."""
    hue, saturation, value = (
        generator.random(),
        generator.uniform(0.05, 0.6),
        generator.uniform(0.35, 0.95),
    )
    return (
        hsv(hue, saturation, value),
        hsv(hue + generator.normal(0, 0.04), saturation * 0.9, value * generator.uniform(0.6, 1.0)),
    )


def lighted(image: Image.Image, generator: np.random.Generator, size: int) -> np.ndarray:
    """Reduces a drawing to its final size and lights it from one side: uint8 [size, size, 3]."""
    pixels = np.asarray(image.reduce(FINE)).astype(np.float32)
    y, x = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j].astype(np.float32)[..., None]
    angle, strength = generator.uniform(0, 2 * np.pi), generator.uniform(0, 0.18)
    light = generator.uniform(0.85, 1.05) + strength * (math.cos(angle) * x + math.sin(angle) * y)
    warmth = 1 + generator.normal(0, 0.03, 3).astype(np.float32)
    return np.clip(pixels * light * warmth + 0.5, 0, 255).astype(np.uint8)
