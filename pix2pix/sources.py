"""Which files a run trains on and is tested with, and how a file becomes what the network sees."""

import numpy as np

from data import facades, folders, pairs
from graphmode import cli, runs, sessions, tf
from pix2pix import options


def training_folder(config):
    return config.input_dir or facades.folder(max(options.size(config))) / "train"


def training(config):
    """The sound files of --input_dir (or drawn facades), and lines about the others. Raises InputError."""
    return folders.usable(pairs.find(training_folder(config)))


def unseen_folder(config):
    """Where the pairs lie that a run is tested with; None if nothing says."""
    if config.val_dir:
        return config.val_dir
    if config.mode != "train" and not runs.holds_a_run(runs.path(config.checkpoint).parent):
        return None  # the old program's run: nobody knows what it was trained on
    return pairs.unseen_beside(training_folder(config))


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
    return shape[1] / shape[0] > (config.pair_ratio or 2.0 * width / height) / 2 ** 0.5


def ratio(path):
    """Width / height of a training pair. Raises InputError if the file is not wider than high."""
    height, width = folders.decode(path).shape[:2]
    if width <= height:
        raise cli.InputError("{} is {} x {} pixels, not two pictures side by side: join them with pix2pix.process --operation "
                             "combine, or train with --lab_colorization; --targets yes if it is a pair".format(path, width, height))
    return width / height
