"""Completes images of any size, with holes of any shape, by a trained network (修复效果)."""

import contextlib
import math
import os
import pathlib
import sys

import numpy as np
import tqdm
from PIL import Image
from scipy import ndimage

from data import folders, squares
from glcic import baselines, inputs, masks, model
from graphmode import files, sessions, tf
from graphmode.errors import InputError, shown
from graphmode.report import images

LARGEST = 1 << 20  # pixels that --region auto completes whole; the full network needs 2 kB for each


@contextlib.contextmanager
def completer(config):
    """Yields a function that completes a batch.

    The function takes images, uint8 [N, height, width, 3], and holes, bool [N, height, width], with
    sides that are multiples of 4. It returns (imitations, completions), each as the images.
    Completions have the images' own pixels outside the hole.
    """
    x = tf.placeholder(tf.float32, [None, None, None, 3])
    mask = tf.placeholder(tf.float32, [None, None, None, 1])
    _, imitation, completion = model.complete(x, mask, config, config.as_published, fill(config))
    with sessions.session() as session:
        sessions.restore(session, config.checkpoint)

        def apply(originals, holes):
            fed = {
                x: originals.astype(np.float32) / 127.5 - 1.0,
                mask: holes[..., None].astype(np.float32),
            }
            outputs = session.run([imitation, completion], fed)
            imitations, completions = (images.to_uint8((y + 1.0) / 2.0) for y in outputs)
            return imitations, np.where(holes[..., None], completions, originals)

        yield apply


def fill(config):
    """What holes are filled with before the network sees them, see `model.mean_color`."""
    return model.mean_color() if config.recipe == "paper" else 0.0


def in_image(apply, image, hole):
    """Completes an image of any size as it is.

    Args:
        apply: a function of `completer`.
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


def divided(hole, largest):
    """Divides a hole of any shape into parts that are completed one by one.

    Pixels are connected if they touch, also at a corner. Small holes near each other are one part,
    and a long thin hole, such as a scratch, is cut into several. These come first. A connected hole
    that is larger than those of the training is one part: it is completed at reduced resolution.

    Args:
        hole: bool [height, width], true somewhere.
        largest: longest side of the training holes in pixels.

    Returns:
        A list of (rows, columns, scale): the pixels of a part, and the scale of its resolution, at
        most 1.
    """
    labels, _ = ndimage.label(hole, np.ones([3, 3]))
    boxes = ndimage.find_objects(labels)
    starts, ends = (
        np.array([[getattr(side, end) for side in box] for box in boxes])
        for end in ("start", "stop")
    )
    sides = (ends - starts).max(1)
    scales = np.minimum(1.0, largest / sides)
    for number in np.nonzero(sides > largest)[0]:
        if _thickness(labels[boxes[number]] == number + 1) <= largest / 2:
            scales[number] = 1.0
    rows, columns = np.nonzero(hole)
    owners = labels[rows, columns] - 1
    # A part is what lies in one cell of a grid. A small hole lies where its middle is.
    places = np.where(
        (sides > largest)[owners, None],
        np.stack([rows, columns], 1),
        ((starts + ends) // 2)[owners],
    )
    down, right = places.T // largest
    cells = down * hole.shape[1] + right
    cells[scales[owners] < 1] = hole.size + owners[scales[owners] < 1]  # no cell: a part by itself
    order = np.argsort(cells, kind="stable")
    parts = np.split(order, np.nonzero(np.diff(cells[order]))[0] + 1)
    return [(rows[part], columns[part], scales[owners[part[0]]]) for part in parts]


def _thickness(hole):
    """How wide a connected hole is at its widest place, in pixels. hole: its bounding box."""
    return 2 * ndimage.distance_transform_edt(np.pad(hole, 1)).max() - 1


def in_windows(apply, image, hole, size, hole_max):
    """Completes the parts of a hole (see `divided`) one by one, each in a window around it.

    The window is as many times larger than the part as the training images are larger than their
    holes, as far as the image has room for it.

    Args:
        apply, image, hole: as for `in_image`.
        size, hole_max: sides of the training images and of their largest holes, in pixels.
    """
    result, left = image.copy(), hole.copy()
    parts = divided(hole, hole_max)
    # disable=None: a progress bar in terminals only
    for rows, columns, scale in tqdm.tqdm(parts, unit="part", delay=5, disable=None):
        window = tuple(
            _along(places, side, scale, size, hole_max)
            for places, side in zip((rows, columns), hole.shape)
        )
        # The network does not see what is in the other parts, but it sees their completions.
        completed = _at_scale(apply, result[window], left[window], scale)
        result[rows, columns] = completed[rows - window[0].start, columns - window[1].start]
        left[rows, columns] = False
    return result


def _along(places, side, scale, size, hole_max):
    """The window around pixels along one side of the image: a slice."""
    extent = 1 + np.ptp(places)
    length = max(math.ceil(size / scale), extent + math.ceil((size - hole_max) / scale))
    length = min(side, length)
    start = (int(places.min()) + int(places.max()) + 1 - length) // 2
    start = int(np.clip(start, 0, side - length))
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


def in_region(config, apply, image, hole):
    """Completes as --region and --postprocess say. Pixels outside the hole do not change at all."""
    large = [part for part in divided(hole, config.hole_max) if part[2] < 1]
    automatic = config.region == "auto" and (bool(large) or hole.size > LARGEST)
    windowed = config.region == "window" or automatic
    if large:
        _say_large(large, config.hole_max, windowed)
    if windowed:
        completed = in_windows(apply, image, hole, config.size, config.hole_max)
    else:
        completed = in_image(apply, image, hole)
    return baselines.smooth(completed, image, hole, config.postprocess)


def _say_large(parts, hole_max, windowed):
    """One line on stderr about the holes that are larger than those of the training."""
    rows, columns, scale = min(parts, key=lambda part: part[2])
    others = f" (the largest of {len(parts)} such holes)" if len(parts) > 1 else ""
    cure = (
        f"it is completed at {1 / scale:.1f} times lower resolution"
        if windowed
        else "--region window completes it at lower resolution"
    )
    sys.stderr.write(
        f"the hole{others} has {1 + np.ptp(columns)} x {1 + np.ptp(rows)} pixels, the training "
        f"holes had up to {hole_max}: {cure}\n"
    )


def complete(config):
    """--mode complete: one image with its mask, or a folder of images with random holes."""
    if config.postprocess != "none":
        baselines.opencv()
    if config.image:
        _complete_one(config)
    else:
        _complete_folder(config)


def _complete_one(config):
    target = _target(config)
    photograph = inputs.read_photograph(config.image)
    hole = inputs.read_hole(config.mask, photograph.seen.shape[:2])
    with completer(config) as apply:
        completed = in_region(config, apply, photograph.seen, hole)
    files.write_whole(target, inputs.png(photograph, hole, completed))
    print(f"completed: {target}")


def _target(config):
    """The file that the completed image is written to. Raises InputError."""
    name = f"{folders.shortened(pathlib.Path(config.image).stem)}.png"
    target = pathlib.Path(config.output or files.path(config.output_dir, "completed", name))
    for source in (config.image, config.mask):
        if target.exists() and os.path.exists(source) and target.samefile(source):
            raise InputError(f"--output {target} would replace an input: use another name")
    return target


def _complete_folder(config):
    if inputs.trained_on(config):
        paths = inputs.held_out(config)
    else:
        paths, _ = folders.usable(folders.find(config.input_dir), config.input_dir)
    target = pathlib.Path(config.output or files.path(config.output_dir, "completed"))
    faults = []
    boxes, sides = _random_boxes(config.random_holes)
    with completer(config) as apply, sessions.session() as session:
        for path in tqdm.tqdm(paths, unit="image", disable=None):  # None: terminals only
            try:
                photograph = inputs.read_photograph(path)
            except InputError as error:
                faults.append(error)
                sys.stderr.write(shown(f"skipped {error}") + "\n")
                continue
            image = photograph.seen
            height, width = image.shape[:2]
            room = max(1, min(config.hole_max, min(height, width) // 2))
            values = height, width, min(config.hole_min, room), room
            sampled = session.run(boxes, dict(zip(sides, values)))
            name = os.path.relpath(path, config.input_dir) if config.input_dir else path.name
            for number, (top, left, high, wide) in enumerate(sampled, 1):
                hole = np.zeros([height, width], bool)
                hole[top : top + high, left : left + wide] = True
                completed = in_region(config, apply, image, hole)
                for ending, colors in (("_holed", np.full_like(image, 255)), ("", completed)):
                    file = target / f"{folders.shortened(name)}-{number}{ending}.png"
                    files.write_whole(file, inputs.png(photograph, hole, colors))
    if len(faults) == len(paths):
        raise InputError(f"no image could be completed: {faults[0]}")
    count = len(paths) - len(faults)
    print(f"completed: {count} images with {config.random_holes} holes each, in {target}")


def _random_boxes(count):
    """(boxes, placeholders): `masks.holes` of images whose height, width and limits are fed."""
    sides = [tf.placeholder(tf.int32, []) for _ in range(4)]
    return masks.holes(count, *sides), sides
