"""How one draws an input for a network: the colors of its training inputs, or lines on paper.

`--mode export` writes it beside the SavedModel, and the page of `pix2pix.serve` reads it.
"""

import json
import os
from typing import List, NamedTuple, Tuple

import numpy as np
from PIL import Image

from data import channels, pairs
from data.drawn import facades
from graphmode import files
from graphmode.errors import InputError
from pix2pix import inputs

FILE = "drawing.json"
IMAGES = 40  # training inputs that are looked at
SIDE = 128  # pixels; larger inputs are reduced without new colors
BIN = 32  # of the 256 values of a channel: colors in one bin are one
NEAR = 50.0  # distance of two colors in RGB that are one, for example in a JPEG file
RARE = 0.004  # fraction of the pixels that a color of the palette has at least
MOST = 16  # colors
PAPER = 0.7  # fraction of the pixels that the paper of line drawings has at least
GRAY = 12  # largest difference of red, green and blue in a gray

Color = Tuple[int, int, int]


class Drawing(NamedTuple):
    """How one draws an input."""

    name: str  # of the model
    colors: List[Tuple[str, Color]]  # name and color, the most frequent one first
    lines: bool  # whether inputs are lines, in grays, on paper of the first color


# For models without the file
FACADES = Drawing("pix2pix", list(facades.LABELS.items()), lines=False)


def write(folder, config):
    """Writes the file into the folder of a SavedModel, if the training inputs are still there."""
    trained = inputs.trained_settings(config)
    try:
        items = inputs.training_files(trained, joined=not config.lab_colorization).paths
    except (AttributeError, InputError):
        return  # they are not known, or have been moved
    name = os.path.basename(os.path.dirname(os.path.abspath(config.checkpoint)))
    content = drawing(name, items, trained)._asdict()
    files.write_whole(files.path(folder, FILE), json.dumps(content, indent=1) + "\n")


def drawing(name, items, config):
    """Reads the training inputs.

    Args:
        name: of the model.
        items: the training pairs, see `pairs.find`; at most `IMAGES` of them are read.
        config: of the training.
    """
    pixels = np.concatenate(
        [_input(item, config).reshape(-1, 3) for item in items[:: max(1, len(items) // IMAGES)]]
    )
    bins, place = np.unique(pixels // BIN, axis=0, return_inverse=True)
    counts = np.bincount(place.ravel(), minlength=len(bins))
    chosen: list = []
    for number in np.argsort(-counts, kind="stable"):
        if counts[number] < RARE * len(pixels) or len(chosen) == MOST:
            break
        color = np.median(pixels[place.ravel() == number], axis=0)
        if all(np.linalg.norm(color - other) > NEAR for other in chosen):
            chosen.append(color)
    most = pixels[np.linalg.norm(pixels - chosen[0], axis=1) < NEAR] if chosen else pixels
    gray = np.ptp(pixels.astype(int), axis=1).max(initial=0) <= GRAY * 2
    lines = bool(gray and len(most) > PAPER * len(pixels))
    named = [(_named(color), tuple(int(value) for value in color)) for color in chosen]
    return Drawing(name, named, lines)


def _input(item, config):
    """The network's input of a training pair: uint8 [height, width, 3]."""
    pixels = pairs.decode(item, config.form, not config.lab_colorization)
    image = pixels / np.float32(255) if pixels.dtype == np.uint8 else pixels
    if not config.lab_colorization:
        image = pairs.parted(image, config.form)[config.which_direction == "BtoA"]
    shown = Image.fromarray((channels.rgb(image) * 255 + 0.5).astype(np.uint8))
    if config.lab_colorization and config.which_direction == "AtoB":
        shown = shown.convert("L").convert("RGB")
    shown.thumbnail((SIDE, SIDE), Image.Resampling.NEAREST)
    return np.asarray(shown)


def _named(color):
    """The label of a facade that has this color, or the color itself: #rrggbb."""
    near = {
        name: float(np.linalg.norm(color - np.array(own))) for name, own in facades.LABELS.items()
    }
    name = min(near, key=lambda name: near[name])
    return name if near[name] < NEAR / 3 else f"#{bytes(int(value) for value in color).hex()}"


def read(folder):
    """The `Drawing` of a SavedModel, that of facades if it has none.

    Raises:
        InputError: the file is damaged.
    """
    file = files.path(folder, FILE)
    if not file.exists():
        return FACADES
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        colors = [(str(name), _color(color)) for name, color in content["colors"]][:MOST]
        return Drawing(str(content["name"])[:200], colors or FACADES.colors, bool(content["lines"]))
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise InputError(f"{file} cannot be read ({error}): export again") from None


def _color(numbers):
    """(red, green, blue) from a list. Raises ValueError if they are no bytes."""
    red, green, blue = bytes(int(value) for value in numbers)
    return red, green, blue
