"""Images on pages: data: addresses, and captions that say what is left and what is right."""

import base64
import contextlib
import io
import math
import pathlib
import re
from typing import List, NamedTuple, Optional, Sequence

import numpy as np
from PIL import Image

MOMENTS = 8  # grids of one kind that a page shows, spread over the run
THUMBNAIL = 240  # pixels
WIDEST, IN_PAIRS = 720, 520  # CSS pixels; a click enlarges an image

# Names of grids and figures (regular expressions) -> what they show.
CAPTIONS = {
    "samples": "Samples. Each place has the same z in all grids.",
    "reconstructions": "Pairs: on the left an input, on the right its reconstruction.",
    r"test_(.+)_and_reconstructions": r"Pairs of test \1, which training has not seen: on the left "
    "an image, on the right its reconstruction.",
    r"nearest_training_(.+)": r"Pairs: on the left a sample, on the right the nearest of the "
    r"training \1. If they are equal, the model copies.",
    "interpolation": "Walks: in each row the first and the last image belong to two test images, "
    "those between them to the z between theirs.",
    "traversals": "Traversals: a row for each latent unit, which goes from -3 on the left to 3 on "
    "the right. The other units stay.",
    "manifold": "The plane of two latent units: to the right one of them grows, downwards the "
    "other. The other units are 0.",
    "latent_space": "The z of the test images. The color is the class.",
    "rate_distortion": "PSNR over bytes per image. Further to the left and higher is better.",
    r"generated_from_(.+)": r"Decoded z. Where they come from: \1.",
    r"(.+)_and_frechet_distance": r"\1 and the Frechet distance of the samples, checkpoint by "
    "checkpoint. A low distance is good.",
    "losses_of_the_discriminators_and_against_them": "The losses of the fight. The dotted line is "
    "the beginning of the third phase.",
    "holed_completed_real": "From top to bottom: with hole, completion, original.",
}

# The names of some images list their columns. Here: such a name -> the heading of the column.
COLUMNS = {
    "real": "original",
    "holed": "with hole",
    "imitation": "network output",
    "completion": "completion",
    "completed": "completion",
    "mean_color": "mean color",
    "Telea": "Telea",
    "Navier_Stokes": "Navier-Stokes",
    "inputs": "input",
    "outputs": "output",
    "targets": "target",
}


class Picture(NamedTuple):
    """An image as the templates show it.

    Attributes:
        address: of its data, "data:...".
        caption, alt: texts.
        width: in CSS pixels.
        kind: "pixels" (a grid, enlarged without smoothing) or "plot" (on white).
        heads: headings of its columns.
    """

    address: str
    caption: str
    alt: str
    width: Optional[int] = None
    kind: str = "pixels"
    heads: Sequence[str] = ()


class Moment(NamedTuple):
    """A grid of the training."""

    step: int
    address: str
    alt: str
    width: int


def columns(name: str) -> List[str]:
    """The headings of the columns that a name lists; none if it has any other word."""
    headings, rest = [], name.removesuffix("_held_out")
    while rest:
        word = next((w for w in COLUMNS if f"{rest}_".startswith(f"{w}_")), None)
        if word is None:
            return []
        headings.append(COLUMNS[word])
        rest = rest[len(word) + 1 :]
    return headings


def known_caption(name: str) -> str:
    """The text of `CAPTIONS` for a name, "" without one."""
    for pattern, text in CAPTIONS.items():
        own = re.fullmatch(pattern, name)
        if own:
            return own.expand(text).replace("_", " ")
    return ""


def caption(name: str) -> str:
    """What an image shows, by its name: a line of `CAPTIONS`, or its columns, or its name."""
    headings, text = columns(name), known_caption(name) or name.replace("_", " ")
    if len(headings) > 1 and not known_caption(name):
        held_out = " Images that training has not seen." if name.endswith("_held_out") else ""
        return f"From left to right: {', '.join(headings)}.{held_out}"
    return text[:1].upper() + text[1:]


def address(content: bytes, kind: str = "png") -> str:
    """The bytes of an image file as a data: address."""
    return f"data:image/{kind};base64," + base64.b64encode(content).decode()


def size(file: pathlib.Path):
    """(width, height) of an image file in pixels, or None if it is damaged."""
    with contextlib.suppress(OSError, SyntaxError, ValueError), Image.open(file) as image:
        return image.size


def picture(file: pathlib.Path, name: str) -> Picture:
    """A PNG file as a picture; name: of what it shows."""
    headings, text = columns(name), caption(name)
    groups = cells(file) // len(headings) if headings else 0
    if groups > 1 and not known_caption(name):
        text += f" {groups} of these groups stand side by side."
    width = (size(file) or (None, None))[0]
    grid = headings or cells(file) > 1
    return Picture(
        address(file.read_bytes()),
        text,
        f"{name.replace('_', ' ')}: {text}",
        width and min(max(width, 260), WIDEST if headings else IN_PAIRS),
        "pixels" if grid else "plot",
        headings if groups == 1 else (),
    )


def cells(file: pathlib.Path) -> int:
    """How many columns a grid of `images.grid` has: it separates them with gray lines."""
    with contextlib.suppress(OSError, SyntaxError, ValueError), Image.open(file) as image:
        line = (np.asarray(image.convert("RGB")) == 128).all(axis=(0, 2))
        return 1 + int(np.sum(line[1:] & ~line[:-1]))
    return 1


def moments(files: Sequence, name: str) -> List[Moment]:
    """At most `MOMENTS` grids; files: [(step, PNG file), ...]."""
    places = sorted({round(n * (len(files) - 1) / (MOMENTS - 1)) for n in range(MOMENTS)})
    width = (size(files[-1][1]) or (250, 250))[0]
    shown = width * max(1, math.ceil(300 / width))
    text = caption(name)
    return [
        Moment(step, address(file.read_bytes()), f"{text} Step {step}.", shown)
        for step, file in (files[place] for place in places)
    ]


def thumbnail(file: pathlib.Path) -> str:
    """The top left of an image, small, as a data: address; "" if it is damaged."""
    with contextlib.suppress(OSError, SyntaxError, ValueError), Image.open(file) as image:
        side = min(image.size)
        small = image.convert("RGB").crop((0, 0, side, side))
        small.thumbnail((THUMBNAIL, THUMBNAIL))
        buffer = io.BytesIO()
        small.save(buffer, "WEBP", quality=80)
        return address(buffer.getvalue(), "webp")
    return ""
