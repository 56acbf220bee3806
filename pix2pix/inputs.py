"""Which files a run trains on and is tested with, and how a file becomes what the network sees."""

import pathlib
import sys

import numpy as np
from PIL import Image

from data import facades, folders, pairs
from graphmode import errors, files, sessions, tf, training
from graphmode.training import run_folder
from pix2pix import options

LEAST_RATIO = 1.6  # of width to height; below, files are taken for single pictures
ALIKE = 0.8  # of the usual ratio; below, a file among pairs is taken for a single picture

def training_folder(config):
    return config.input_dir or facades.folder(max(options.size(config))) / "train"


def training(config, joined=True):
    """The sound files of --input_dir (or drawn facades), and lines about the others. joined: whether they are pairs.

    Returns:
        paths, lines, and width / height of the pairs (0 for single pictures).

    Raises:
        InputError: there are none, or they do not look like pairs.
    """
    folder = pathlib.Path(training_folder(config))
    if (folder / "train").is_dir() and not any(path.parent == folder for path in pairs.find(folder)):
        raise errors.InputError("{} has a folder train: name that, lest what is in the others is trained on too".format(folder))
    paths, skipped = folders.usable(pairs.find(folder))
    if not joined:
        return paths, skipped, 0.0
    ratios = [width / height for width, height in map(_size, paths)]
    usual = config.pair_ratio or float(np.median(ratios))
    if usual < LEAST_RATIO and not config.pair_ratio and config.targets != "yes":
        raise errors.InputError("{} is {} x {} pixels, not two pictures side by side: join them with pix2pix.process --operation "
                             "combine, or train with --lab_colorization; --targets yes if it is a pair".format(
                                 paths[0], *_size(paths[0])))
    odd = [path for path, found in zip(paths, ratios) if found < ALIKE * usual]
    if odd:
        lines = ["skipped {}: {} x {} pixels, the others are wider pairs".format(path, *_size(path)) for path in odd]
        sys.stderr.write("\n".join(lines) + "\n")
        skipped = [*skipped, "skipped {} pictures that are no pairs".format(len(odd)), *lines]
    return [path for path in paths if path not in set(odd)], skipped, usual


def _size(path):
    """Width and height in a file's head."""
    with Image.open(path) as picture:
        return picture.size


def unseen_folder(config):
    """Where the pairs lie that a run is tested with unless something else is said; None if nothing says."""
    if config.mode == "train":
        return config.val_dir or pairs.unseen_beside(training_folder(config))
    if config.val_dir or not run_folder.holds_a_run(files.path(config.checkpoint).parent):  # the old program's runs do not say
        return config.val_dir or None
    return pairs.unseen_beside(training_folder(run_folder.trained(options.Config, config.checkpoint)))


def whole(picture, config, joined):
    """A and B of a file, not augmented: [height, width, 3] in [0, 1] each; one picture unless joined.

    Args:
        picture: [any height, any width, 3] tensor in [0, 1].
        joined: whether it holds A and B side by side.
    """
    parts = pairs.halves(picture) if joined else [picture]
    return [pairs.resized(part, *options.size(config), config.as_published) for part in parts]


def prepared(paths, config):
    """Yields `whole` of training files, as float32 arrays, with a graph of its own."""
    with tf.Graph().as_default(), sessions.session() as session:
        picture = tf.placeholder(tf.uint8, [None, None, 3])
        parts = whole(tf.cast(picture, tf.float32) / 255.0, config, not config.lab_colorization)
        for pixels in folders.in_threads(folders.decode, paths):
            yield np.stack(session.run(parts, {picture: pixels}))


def holds_targets(config, shape):
    """Whether a file of this (height, width) is a pair: by --targets, or as wide for its height as those of the training."""
    if config.lab_colorization or config.targets != "auto":
        return config.lab_colorization or config.targets == "yes"
    height, width = options.size(config)
    return shape[1] / shape[0] > ALIKE * (config.pair_ratio or 2.0 * width / height)
