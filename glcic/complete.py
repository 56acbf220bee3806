"""Completion of pictures of any size, with holes of any shape, by a trained network; and its export as a SavedModel."""

import contextlib
import math
import os
import pathlib
import sys

import numpy as np
from PIL import Image
import tqdm

from data import folders, squares
from glcic import baselines, masks, model, options, sources
from graphmode import errors, files, sessions, tf, training
from graphmode.report import images

LARGEST = 1 << 20  # pixels that --region auto completes as a picture; a step of the full network takes 2 kB for each


@contextlib.contextmanager
def completer(config):
    """Yields a function of pictures, uint8 [N, height, width, 3], and holes, bool [N, height, width], sides multiples of 4.

    It returns imitations and completions, uint8 as the pictures; completions have the pictures' pixels outside the hole.
    """
    x = tf.placeholder(tf.float32, [None, None, None, 3])
    mask = tf.placeholder(tf.float32, [None, None, None, 1])
    _, imitation, completion = model.complete(x, mask, config, config.as_published, fill(config))
    with sessions.session() as session:
        sessions.restore(session, config.checkpoint)

        def apply(pictures, holes):
            fed = {x: pictures.astype(np.float32) / 127.5 - 1.0, mask: holes[..., None].astype(np.float32)}
            drawn = [images.to_uint8((made + 1.0) / 2.0) for made in session.run([imitation, completion], fed)]
            return drawn[0], np.where(holes[..., None], drawn[1], pictures)
        yield apply


def fill(config):
    """What holes are filled with: see `model.mean_colour`."""
    return model.mean_colour() if config.recipe == "paper" else 0.0


def in_picture(apply, picture, hole):
    """Completes a picture of any size as it is; `apply` is from `completer`. uint8 [height, width, 3], bool -> uint8."""
    height, width = hole.shape
    margins = [(0, -height % 4), (0, -width % 4)]
    padded = np.pad(picture, [*margins, (0, 0)], "symmetric")
    # The hole is mirrored too, lest the network sees what lay in it.
    return apply(padded[None], np.pad(hole, margins, "symmetric")[None])[1][0, :height, :width]


def in_window(apply, picture, hole, size, hole_max):
    """Completes a window around the hole, shrunk so that the hole is no larger than those of the training.

    size, hole_max: of the training's pictures and holes. The window is as many times larger than the hole as these say,
    or as the picture has room for.
    """
    rows, columns = np.nonzero(hole.any(1))[0], np.nonzero(hole.any(0))[0]
    scale = min(1.0, hole_max / (1 + max(np.ptp(rows), np.ptp(columns))))
    cuts = []
    for ends, side in zip((rows, columns), hole.shape):
        length = min(side, math.ceil(size / scale))
        start = int(np.clip((ends[0] + ends[-1] + 1 - length) // 2, 0, side - length))
        cuts.append(slice(start, start + length))
    window, inside = picture[tuple(cuts)], hole[tuple(cuts)]
    if scale == 1.0:
        completed = in_picture(apply, window, inside)
    else:
        small = [max(4, 4 * round(side * scale / 4)) for side in inside.shape]
        touched = squares.area(np.repeat(inside[..., None] * np.uint8(255), 3, 2), *small)[..., 0] > 0
        made = apply(squares.area(window, *small)[None], touched[None])[1][0]
        completed = np.asarray(Image.fromarray(made).resize(inside.shape[::-1], Image.Resampling.BICUBIC))
    result = picture.copy()
    result[tuple(cuts)] = np.where(inside[..., None], completed, window)
    return result


def in_region(config, apply, picture, hole):
    """Completes by --region and --postprocess. Pixels outside the hole stay as they are, bit for bit."""
    height, width = (1 + np.ptp(np.nonzero(hole.any(axis))[0]) for axis in (1, 0))
    times = max(height, width) / config.hole_max
    if config.region == "window" or config.region == "auto" and (times > 1 or hole.size > LARGEST):
        if times > 1:
            sys.stderr.write("the hole spans {} x {} pixels, the network learned holes up to {}: it is shrunk {:.1f} times, so "
                             "its completion is as many times coarser\n".format(width, height, config.hole_max, times))
        completed = in_window(apply, picture, hole, config.size, config.hole_max)
    else:
        if times > 1:
            sys.stderr.write("the hole is {} x {} pixels, the network learned holes up to {}: --region window shrinks it\n"
                             .format(width, height, config.hole_max))
        completed = in_picture(apply, picture, hole)
    return baselines.smooth(completed, picture, hole, config.postprocess)


def read_hole(path, picture):
    """The hole that a mask's file says: bool [height, width], true where it is white. Raises InputError."""
    mask = folders.decode(path)
    if mask.shape != picture.shape:
        raise errors.InputError("{} is {} x {} pixels, the picture {} x {}: a mask has the picture's size".format(
            path, *mask.shape[1::-1], *picture.shape[1::-1]))
    hole = mask.mean(2) >= 128
    if not hole.any():
        raise errors.InputError("{} has no white pixel: the hole is to be white".format(path))
    return hole


def complete(config):
    """--mode complete: one picture with its mask, or every picture of a folder with holes drawn at random."""
    options.check(config)
    if config.postprocess != "none":
        baselines.opencv()
    if config.image:
        _complete_one(config)
    elif config.random_holes:
        _complete_folder(config)
    else:
        raise errors.InputError("--mode complete needs --image PICTURE and --mask MASK (white where the hole is), or "
                             "--input_dir FOLDER and --random_holes N")


def _complete_one(config):
    if not config.mask:
        raise errors.InputError("--image {} needs --mask: a picture of the same size, white where the hole is".format(config.image))
    name = pathlib.Path(config.image).stem + ".png"
    output = pathlib.Path(config.output or files.path(config.output_dir, "completed", name))
    if output.suffix.lower() != ".png":
        raise errors.InputError("--output {}: only a .png keeps the pixels outside the hole as they are".format(output))
    for name in (config.image, config.mask):
        if output.exists() and output.samefile(name):
            raise errors.InputError("--output {} would replace the picture that is read: choose another".format(output))
    picture = folders.decode(config.image)
    hole = read_hole(config.mask, picture)
    with completer(config) as apply:
        images.save_png(output, in_region(config, apply, picture, hole))
    print("completed: {}".format(output))


def _complete_folder(config):
    paths = sources.unseen(config) if sources.trained_on(config) else folders.usable(folders.find(config.input_dir))[0]
    target = pathlib.Path(config.output or files.path(config.output_dir, "completed"))
    height, width, smallest, largest = (tf.placeholder(tf.int32, []) for _ in range(4))
    boxes = masks.holes(config.random_holes, height, width, smallest, largest)
    with completer(config) as apply, sessions.session() as session:
        for path in tqdm.tqdm(paths, unit="picture", disable=None):  # None: terminals only
            picture = folders.decode(path)
            room = max(1, min(config.hole_max, min(picture.shape[:2]) // 2))
            drawn = session.run(boxes, {height: picture.shape[0], width: picture.shape[1],
                                        smallest: min(config.hole_min, room), largest: room})
            for number, (top, left, high, wide) in enumerate(drawn, 1):
                hole = np.zeros(picture.shape[:2], bool)
                hole[top:top + high, left:left + wide] = True
                name = "{}-{}".format(os.path.relpath(path, config.input_dir) if config.input_dir else path.name, number)
                images.save_png(target / (name + "_holed.png"), np.where(hole[..., None], np.uint8(255), picture))
                images.save_png(target / (name + ".png"), in_region(config, apply, picture, hole))
    print("completed: {} pictures with {} holes each, in {}".format(len(paths), config.random_holes, target))


def export(config):
    """--mode export: a SavedModel with the signature `complete`, which needs nothing of this project.

    Inputs: image, float32 [batch, height, width, 3] in [0, 1]; mask, float32 [batch, height, width, 1], above 0.5 where the
    hole is; all sides from 4. Output: completed, as the image, whose pixels it has outside the hole.
    """
    image = tf.placeholder(tf.float32, [None, None, None, 3], name="image")
    mask = tf.placeholder(tf.float32, [None, None, None, 1], name="mask")
    height, width = tf.unstack(tf.shape(image)[1:3])
    margins = [[0, 0], [0, -height % 4], [0, -width % 4], [0, 0]]
    hole = tf.cast(mask > 0.5, tf.float32)
    x, padded = (tf.pad(tensor, margins, "SYMMETRIC") for tensor in (2.0 * image - 1.0, hole))
    _, imitation, _ = model.complete(x, padded, config, config.as_published, fill(config))
    drawn = (imitation[:, :height, :width] + 1.0) / 2.0
    completed = tf.where(tf.tile(hole, [1, 1, 1, 3]) > 0.5, drawn, image, name="completed")
    sessions.export(config.checkpoint, config.output or files.path(config.output_dir, "saved_model"),
                    {"complete": ({"image": image, "mask": mask}, {"completed": completed})})
