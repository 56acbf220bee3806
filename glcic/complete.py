"""Completes images of any size, with holes of any shape, by a trained network (修复效果)."""

import contextlib
import math
import os
import pathlib
import sys

import numpy as np
import tqdm
from PIL import Image

from data import folders, squares
from glcic import baselines, inputs, masks, model
from graphmode import files, sessions, tf
from graphmode.errors import InputError
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


def in_window(apply, image, hole, size, hole_max):
    """Completes a window around the hole. A hole above `hole_max` is completed at lower resolution.

    The window is as many times larger than the hole as the training images are larger than theirs,
    as far as the image has room for it.

    Args:
        apply, image, hole: as for `in_image`.
        size, hole_max: sides of the training images and of their largest holes, in pixels.
    """
    scale, window = _window(hole, size, hole_max)
    seen, inside = image[window], hole[window]
    if scale == 1.0:
        completed = in_image(apply, seen, inside)
    else:
        small = [max(4, 4 * round(side * scale / 4)) for side in inside.shape]
        white = np.repeat(inside[..., None] * np.uint8(255), 3, 2)
        # A reduced pixel belongs to the hole if any part of it does.
        touched = squares.area(white, *small)[..., 0] > 0
        reduced = apply(squares.area(seen, *small)[None], touched[None])[1][0]
        enlarged = Image.fromarray(reduced).resize(inside.shape[::-1], Image.Resampling.BICUBIC)
        completed = np.asarray(enlarged)
    result = image.copy()
    result[window] = np.where(inside[..., None], completed, seen)
    return result


def _window(hole, size, hole_max):
    """(scale, slices): the scale that reduces the hole to `hole_max`, and the window around it."""
    places = np.nonzero(hole.any(1))[0], np.nonzero(hole.any(0))[0]
    scale = min(1.0, hole_max / max(1 + np.ptp(along) for along in places))
    window = []
    for along, side in zip(places, hole.shape):
        length = min(side, math.ceil(size / scale))
        start = (along[0] + along[-1] + 1 - length) // 2
        start = int(np.clip(start, 0, side - length))
        window.append(slice(start, start + length))
    return scale, tuple(window)


def in_region(config, apply, image, hole):
    """Completes as --region and --postprocess say. Pixels outside the hole do not change at all."""
    height, width = (1 + np.ptp(np.nonzero(hole.any(axis))[0]) for axis in (1, 0))
    times = max(height, width) / config.hole_max
    automatic = config.region == "auto" and (times > 1 or hole.size > LARGEST)
    windowed = config.region == "window" or automatic
    if times > 1:
        cure = (
            f"it is completed at {times:.1f} times lower resolution"
            if windowed
            else "--region window completes it at lower resolution"
        )
        sys.stderr.write(
            f"the hole has {width} x {height} pixels, the training holes had up to "
            f"{config.hole_max}: {cure}\n"
        )
    if windowed:
        completed = in_window(apply, image, hole, config.size, config.hole_max)
    else:
        completed = in_image(apply, image, hole)
    return baselines.smooth(completed, image, hole, config.postprocess)


def read_hole(path, image):
    """Reads a mask (蒙版): bool [height, width], true where the file is white.

    Args:
        path: the file.
        image: uint8 [height, width, 3], the image that the mask belongs to.

    Raises:
        InputError: the file is no image, has another size, or has no white pixel.
    """
    mask = folders.decode(path)
    if mask.shape != image.shape:
        own, wanted = (f"{array.shape[1]} x {array.shape[0]}" for array in (mask, image))
        raise InputError(
            f"{path} has {own} pixels, the image {wanted}: use a mask of the image's size"
        )
    hole = mask.mean(2) >= 128
    if not hole.any():
        raise InputError(f"{path} has no white pixel: make the hole white")
    return hole


def complete(config):
    """--mode complete: one image with its mask, or a folder of images with random holes."""
    if config.postprocess != "none":
        baselines.opencv()
    if config.image:
        _complete_one(config)
    elif config.random_holes:
        _complete_folder(config)
    else:
        raise InputError(
            "--mode complete needs --image IMAGE and --mask MASK (white where the hole is), "
            "or --input_dir FOLDER and --random_holes N"
        )


def _complete_one(config):
    target = _target(config)
    image = folders.decode(config.image)
    hole = read_hole(config.mask, image)
    with completer(config) as apply:
        images.save_png(target, in_region(config, apply, image, hole))
    print(f"completed: {target}")


def _target(config):
    """The file that the completed image is written to. Raises InputError."""
    if not config.mask:
        raise InputError(
            f"--image {config.image} needs --mask: an image of the same size, "
            "white where the hole is"
        )
    name = f"{pathlib.Path(config.image).stem}.png"
    target = pathlib.Path(config.output or files.path(config.output_dir, "completed", name))
    if target.suffix.lower() != ".png":
        raise InputError(
            f"--output {target} is no .png, and only PNG keeps the pixels outside the hole: "
            "use a name that ends in .png"
        )
    for source in (config.image, config.mask):
        if target.exists() and os.path.exists(source) and target.samefile(source):
            raise InputError(f"--output {target} would replace an input: use another name")
    return target


def _complete_folder(config):
    if inputs.trained_on(config):
        paths = inputs.held_out(config)
    else:
        paths, _ = folders.usable(folders.find(config.input_dir))
    target = pathlib.Path(config.output or files.path(config.output_dir, "completed"))
    boxes, sides = _random_boxes(config.random_holes)
    with completer(config) as apply, sessions.session() as session:
        for path in tqdm.tqdm(paths, unit="image", disable=None):  # None: terminals only
            image = folders.decode(path)
            height, width = image.shape[:2]
            room = max(1, min(config.hole_max, min(height, width) // 2))
            values = height, width, min(config.hole_min, room), room
            sampled = session.run(boxes, dict(zip(sides, values)))
            name = os.path.relpath(path, config.input_dir) if config.input_dir else path.name
            for number, (top, left, high, wide) in enumerate(sampled, 1):
                hole = np.zeros([height, width], bool)
                hole[top : top + high, left : left + wide] = True
                holed = np.where(hole[..., None], np.uint8(255), image)
                images.save_png(target / f"{name}-{number}_holed.png", holed)
                completed = in_region(config, apply, image, hole)
                images.save_png(target / f"{name}-{number}.png", completed)
    print(f"completed: {len(paths)} images with {config.random_holes} holes each, in {target}")


def _random_boxes(count):
    """(boxes, placeholders): `masks.holes` of images whose height, width and limits are fed."""
    sides = [tf.placeholder(tf.int32, []) for _ in range(4)]
    return masks.holes(count, *sides), sides
