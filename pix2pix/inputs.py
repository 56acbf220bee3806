"""The files of a run: which it trains on, which are held out, and how a file becomes inputs."""

import pathlib
import sys
from typing import List, NamedTuple

import numpy as np

from data import folders, pairs
from data.drawn import facades
from graphmode import files, sessions, tf
from graphmode.errors import InputError, shown
from graphmode.training import run_folder
from pix2pix.config import Config

MIN_RATIO = 1.6  # files are single images if their usual width / height is smaller
ALIKE = 0.8  # a file is no pair if its width / height is smaller than this part of the usual one


class TrainingFiles(NamedTuple):
    """The files that a run trains on."""

    paths: List[pathlib.Path]  # at least one
    skipped: List[str]  # lines about the other files in the folder
    pair_ratio: float  # width / height of the pairs; 0 for single images


def training_folder(config):
    """--input_dir, or the folder of drawn facades."""
    return pathlib.Path(config.input_dir or facades.folder(max(config.size)) / "train")


def training_files(config, joined=True):
    """Finds the valid files to train on. The others are named on stderr.

    Args:
        joined: whether files are pairs, A and B side by side.

    Raises:
        InputError: there are none, or they do not look like pairs.
    """
    folder = training_folder(config)
    inside = pairs.find(folder)
    if (folder / "train").is_dir() and all(path.parent != folder for path in inside):
        raise InputError(
            f"{folder} has a folder train: use --input_dir {folder / 'train'}, "
            "so that held-out images are not trained on"
        )
    paths, skipped = folders.usable(inside, folder)
    return _pairs(config, paths, skipped) if joined else TrainingFiles(paths, skipped, 0.0)


def _pairs(config, paths, skipped):
    """Selects the files that are pairs. The others are named on stderr and in `skipped`.

    A file is a pair if its width / height is at least `ALIKE` times the usual one: --pair_ratio, or
    the median of all files.
    """
    sizes = {path: folders.size(path) for path in paths}
    ratios = {path: width / height for path, (width, height) in sizes.items()}
    usual = config.pair_ratio or float(np.median(list(ratios.values())))
    if usual < MIN_RATIO and not config.pair_ratio and config.targets != "yes":
        raise InputError(
            f"{paths[0]} is {_shape(sizes[paths[0]])}, not two images side by side: join images "
            "with pix2pix.tools.process --operation combine, or train with --lab_colorization; "
            "if it is a pair: --targets yes"
        )
    single = [path for path in paths if ratios[path] < ALIKE * usual]
    if single:
        lines = [shown(f"skipped {path}: {_shape(sizes[path])}, not a pair") for path in single]
        sys.stderr.write("\n".join(lines) + "\n")
        skipped = [*skipped, f"skipped {len(single)} images that are not pairs", *lines]
    return TrainingFiles([path for path in paths if path not in single], skipped, usual)


def _shape(size):
    return f"{size[0]} x {size[1]} pixels"


def trained_settings(config):
    """The settings that the weights in `config.checkpoint` were trained with.

    None for a run of pix2pix-tensorflow, which does not store them.
    """
    folder = files.path(config.checkpoint).parent
    if not run_folder.holds_a_run(folder):
        return None
    return Config(**run_folder.settings(Config, folder))


def held_out_folder(config):
    """The folder that a run is tested on by default, or None if it is not known."""
    trained = config if config.mode == "train" else trained_settings(config)
    if config.val_dir or not trained:
        return config.val_dir or None
    return pairs.held_out_beside(training_folder(trained))


def parts(image, config, joined):
    """The parts of a file at the network's size, without augmentation.

    Args:
        image: [any height, any width, 3] tensor in [0, 1].
        joined: whether it holds A and B side by side.

    Returns:
        [A, B], or [the image]: [height, width, 3] in [0, 1] each.
    """
    images = pairs.halves(image) if joined else [image]
    return [pairs.resized(part, *config.size, config.as_published) for part in images]


def prepared(paths, config):
    """Yields the `parts` of each training file: float32 [1 or 2, height, width, 3]."""
    with tf.Graph().as_default(), sessions.session() as session:
        image = tf.placeholder(tf.uint8, [None, None, 3])
        numbers = tf.cast(image, tf.float32) / 255.0
        wanted = parts(numbers, config, not config.lab_colorization)
        for pixels in folders.in_threads(folders.decode, paths):
            yield np.stack(session.run(wanted, {image: pixels}))


def holds_target(config, shape):
    """Whether a file holds a target: see --targets. With "auto" it must be about as wide as a pair.

    Args:
        shape: (height, width, ...) of the file in pixels.
    """
    if config.lab_colorization or config.targets != "auto":
        return config.lab_colorization or config.targets == "yes"
    height, width = config.size
    return shape[1] / shape[0] > ALIKE * (config.pair_ratio or 2.0 * width / height)
