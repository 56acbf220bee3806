"""Completes large images in windows: holes of any number, size and shape, in bounded memory.

The network has learned holes up to a certain size, in images that are about twice as large. So a
hole is divided into parts, and each part is completed in a window that looks like a training image.
"""

import math
from typing import Any, List, NamedTuple

import numpy as np
import tqdm
from PIL import Image
from scipy import ndimage

from data import squares

TOUCHING = np.ones([3, 3])  # pixels are connected if they touch, also at a corner
EXACT = 1024  # pixels: a larger hole is reduced to this side before its thickness is measured
CUT = 1.5  # times finer must be what a thick region gains by being cut into parts


class Part(NamedTuple):
    """The pixels that are completed at once."""

    top: int  # of the box around them
    left: int
    inside: Any  # bool [height, width] of the box: which pixels
    scale: float  # of the resolution in its window; 1 is the image's own
    hole: int  # number of the connected region that it is cut out of


def in_image(apply, image, hole):
    """Completes an image of any size as it is.

    Args:
        apply: a function of `complete.completer`.
        image: uint8 [height, width, 3].
        hole: bool [height, width].

    Returns:
        uint8 [height, width, 3].
    """
    height, width = hole.shape
    margins = [(0, -height % 4), (0, -width % 4)]
    padded = np.pad(image, [*margins, (0, 0)], "symmetric")
    # The hole is mirrored, too. Otherwise the network would see what was in it.
    padded_hole = np.pad(hole, margins, "symmetric")
    return apply(padded[None], padded_hole[None])[1][0, :height, :width]


def divided(hole, largest) -> List[Part]:
    """Divides a hole of any shape into parts that are completed one by one.

    Thin regions, such as scratches, are cut into parts along a grid and keep the full resolution,
    also where a thick region touches them. Small holes near each other are one part. A thick region
    is completed at reduced resolution: as a whole if it is compact, or in parts if it is long.

    Args:
        hole: bool [height, width], true somewhere.
        largest: longest side of the training holes in pixels.

    Returns:
        Parts, by falling scale. Each pixel of the hole is in one of them.
    """
    thin, thick = _by_thickness(hole, largest)
    parts, factor = _in_cells(thin, largest), 1
    while thick.any():
        # At half the resolution, the network completes what is twice as thick.
        factor *= 2
        thin, thick = _by_thickness(thick, largest, factor)
        for number, (region, top, left) in enumerate(_regions(thin), len(parts)):
            parts += _at_reduced_scale(region, top, left, largest, number)
    return sorted(parts, key=lambda part: -part.scale)


def _regions(hole):
    """Yields (region, top, left): the connected regions of a hole, bool, in their boxes."""
    labels, _ = ndimage.label(hole, TOUCHING)
    for number, (rows, columns) in enumerate(ndimage.find_objects(labels), 1):
        yield labels[rows, columns] == number, rows.start, columns.start


def _by_thickness(hole, largest, factor=1):
    """Divides a hole into (thin, thick), both bool as the hole.

    Thin are connected regions that fit into a square of `factor * largest` pixels, and what is at
    most half as wide. It is measured in pixels that are `factor` times larger.
    """
    thick = np.zeros_like(hole)
    square = largest // 2 + 1
    for region, top, left in _regions(hole):
        height, width = region.shape
        if max(height, width) > factor * largest:
            reduced = np.pad(region[::factor, ::factor].view(np.uint8), 1)
            # Where such squares fit in, the region is thick. It grows by more than it has shrunk,
            # because the corners of a thick region belong to it.
            inside = ndimage.minimum_filter(reduced, square)
            grown = ndimage.maximum_filter(inside, 2 * square + 1)[1:-1, 1:-1] > 0
            enlarged = grown.repeat(factor, 0).repeat(factor, 1)[:height, :width]
            thick[top : top + height, left : left + width] |= region & enlarged
    return hole & ~thick, thick


def _in_cells(thin, largest):
    """The parts at full resolution: what lies in one cell of a grid. thin: bool, as a hole."""
    labels, count = ndimage.label(thin, TOUCHING)
    if not count:
        return []
    boxes = ndimage.find_objects(labels)
    limits = np.array([[(side.start, side.stop) for side in box] for box in boxes])
    rows, columns = np.nonzero(thin)
    owners = labels[rows, columns] - 1
    # A small hole lies where its middle is.
    large = (np.ptp(limits, axis=2).max(1) > largest)[owners]
    middles = (limits.sum(2) // 2)[owners]
    places = np.where(large[:, None], np.stack([rows, columns], 1), middles)
    cells = _split(*places.T // largest)
    return [_part(rows[cell], columns[cell], 1.0, int(owners[cell[0]])) for cell in cells]


def _at_reduced_scale(region, top, left, largest, number):
    """The parts of a connected region that is thick: one if it is compact.

    Args:
        region, top, left: see `_regions`.
        largest: see `divided`.
        number: see `Part.hole`.
    """
    longest = max(region.shape)
    step = math.ceil(longest / EXACT)
    reduced = np.pad(region[::step, ::step], 1)
    thickness = 2.0 * step * float(ndimage.distance_transform_edt(reduced).max())
    whole, cut = min(1.0, largest / longest), largest / 2 / thickness
    if cut < CUT * whole:
        return [Part(top, left, region, whole, number)]
    scale = min(1.0, cut)
    side = math.ceil(largest / scale)
    rows, columns = np.nonzero(region)
    cells = _split(rows // side, columns // side)
    return [_part(top + rows[cell], left + columns[cell], scale, number) for cell in cells]


def _part(rows, columns, scale, number):
    """The `Part` with these pixels, int [N] each."""
    top, left = int(rows.min()), int(columns.min())
    inside = np.zeros([int(rows.max()) - top + 1, int(columns.max()) - left + 1], bool)
    inside[rows - top, columns - left] = True
    return Part(top, left, inside, scale, number)


def _split(down, right):
    """The indices of the pixels in each cell of a grid. down, right: int [N], which cell."""
    cells = down * (int(right.max()) + 1) + right
    order = np.argsort(cells, kind="stable")
    return np.split(order, np.nonzero(np.diff(cells[order]))[0] + 1)


def in_windows(apply, image, hole, size, hole_max, parts=None):
    """Completes the parts of a hole (see `divided`) one by one, each in a window around it.

    The window is as many times larger than the part as the training images are larger than their
    holes, as far as the image has room for it.

    Args:
        apply, image, hole: as for `in_image`.
        size, hole_max: sides of the training images and of their largest holes, in pixels.
        parts: of `divided`, if they are known.
    """
    result, left = image.copy(), hole.copy()
    parts = divided(hole, hole_max) if parts is None else parts
    # disable=None: a progress bar in terminals only
    for part in tqdm.tqdm(parts, unit="part", delay=5, disable=None):
        places = zip((part.top, part.left), part.inside.shape, hole.shape)
        window = tuple(_along(*place, part.scale, size, hole_max) for place in places)
        # The network does not see what is in the other parts, but it sees their completions.
        completed = _at_scale(apply, result[window], left[window], part.scale)
        box = tuple(
            slice(start, start + length)
            for start, length in zip((part.top, part.left), part.inside.shape)
        )
        within = tuple(
            slice(side.start - whole.start, side.stop - whole.start)
            for side, whole in zip(box, window)
        )
        result[box][part.inside] = completed[within][part.inside]
        left[box][part.inside] = False
    return result


def _along(start, extent, side, scale, size, hole_max):
    """The window around a part along one side of the image: a slice."""
    length = max(math.ceil(size / scale), extent + math.ceil((size - hole_max) / scale))
    length = min(side, length)
    start = int(np.clip((2 * start + extent - length) // 2, 0, side - length))
    return slice(start, start + length)


def _at_scale(apply, image, hole, scale):
    """As `in_image`. A scale below 1 reduces the image for the network, and enlarges the result."""
    if scale == 1.0:
        return in_image(apply, image, hole)
    small = [max(4, 4 * round(side * scale / 4)) for side in hole.shape]
    white = np.repeat(hole[..., None] * np.uint8(255), 3, 2)
    # A reduced pixel belongs to the hole if any part of it does.
    touched = squares.area(white, *small)[..., 0] > 0
    reduced = apply(squares.area(image, *small)[None], touched[None])[1][0]
    enlarged = Image.fromarray(reduced).resize(hole.shape[::-1], Image.Resampling.BICUBIC)
    return np.asarray(enlarged)
