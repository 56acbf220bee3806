"""Completes images of any size, with holes of any shape, by a trained network (修复效果)."""

import contextlib
import os
import pathlib
import sys

import numpy as np
import tqdm

from data import folders
from glcic import baselines, inputs, masks, model, windows
from graphmode import files, sessions, tf
from graphmode.errors import InputError, shown
from graphmode.report import images


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


def in_region(config, apply, image, hole, name="the hole"):
    """Completes as --region and --postprocess say. Pixels outside the hole do not change at all.

    Args:
        apply, image, hole: as for `windows.in_image`.
        name: what a line on stderr calls the hole.
    """
    parts = windows.divided(hole, config.hole_max)
    large = [part for part in parts if part.scale < 1]
    beyond = bool(large) or max(hole.shape) > config.size
    windowed = config.region == "window" or (config.region == "auto" and beyond)
    if large:
        _say_large(large, config.hole_max, windowed, name)
    if windowed:
        sizes = config.size, config.hole_max
        completed = windows.in_windows(apply, image, hole, *sizes, parts)
    else:
        completed = windows.in_image(apply, image, hole)
    return baselines.smooth(completed, image, hole, config.postprocess)


def _say_large(parts, hole_max, windowed, name):
    """One line on stderr about the holes that are larger than those of the training."""
    count = len({part.hole for part in parts})
    first = min(parts, key=lambda part: part.scale)
    same = [part for part in parts if part.hole == first.hole]
    high = max(part.top + len(part.inside) for part in same) - min(part.top for part in same)
    wide = max(part.left + part.inside.shape[1] for part in same) - min(part.left for part in same)
    others = f" (the thickest of {count} such holes)" if count > 1 else ""
    cure = (
        f"it is completed at {1 / first.scale:.1f} times lower resolution"
        if windowed
        else "--region window completes it at lower resolution"
    )
    sys.stderr.write(
        f"{name}{others} has {wide} x {high} pixels, the training "
        f"holes had up to {hole_max}: {cure}\n"
    )


def complete(config):
    """--mode complete: one image with its mask, or a folder with masks or with random holes."""
    if config.postprocess != "none":
        baselines.opencv()
    if config.image:
        _complete_one(config)
    elif config.masks:
        _complete_with_masks(config)
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


def _folder(config):
    """The folder that completed images are written to. Raises InputError."""
    target = pathlib.Path(config.output or files.path(config.output_dir, "completed"))
    written = pathlib.Path(os.path.realpath(target))
    for source in filter(os.path.isdir, (config.input_dir, config.masks)):
        if pathlib.Path(os.path.realpath(source)) in (written, *written.parents):
            raise InputError(
                f"--output {target} is or lies in {source}, a folder of input images: "
                "use another folder"
            )
    return target


def _complete_with_masks(config):
    target = _folder(config)
    pairs = inputs.with_masks(config.input_dir, config.masks)
    names = folders.names([path for path, _ in pairs], config.input_dir)
    faults = []
    with completer(config) as apply:
        # None: a progress bar in terminals only
        for name, (path, mask) in zip(names, tqdm.tqdm(pairs, unit="image", disable=None)):
            try:
                photograph = inputs.read_photograph(path)
                hole = inputs.read_hole(mask, photograph.seen.shape[:2])
            except InputError as error:
                _skip(error, faults)
                continue
            said = shown(f"{name}: the hole")
            completed = in_region(config, apply, photograph.seen, hole, said)
            files.write_whole(target / f"{name}.png", inputs.png(photograph, hole, completed))
    print(f"completed: {_count(pairs, faults)} images, in {target}")


def _skip(error, faults):
    """Names an image that cannot be completed, and goes on with the next one."""
    faults.append(error)
    sys.stderr.write(shown(f"skipped {error}") + "\n")


def _count(images, faults):
    """The number of images without faults. Raises InputError if there are none."""
    if len(faults) == len(images):
        raise InputError(f"no image could be completed: {faults[0]}")
    return len(images) - len(faults)


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
                _skip(error, faults)
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
    count = _count(paths, faults)
    print(f"completed: {count} images with {config.random_holes} holes each, in {target}")


def _random_boxes(count):
    """(boxes, placeholders): `masks.holes` of images whose height, width and limits are fed."""
    sides = [tf.placeholder(tf.int32, []) for _ in range(4)]
    return masks.holes(count, *sides), sides
