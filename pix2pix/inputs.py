"""The files of a run: which it trains on, which are held out, and how a file becomes inputs."""

import pathlib
import sys
from typing import Any, List, NamedTuple

import numpy as np

from data import channels, folders, pairs
from data.drawn import facades
from graphmode import files, sessions, tf
from graphmode.errors import InputError, shown
from graphmode.training import run_folder
from pix2pix.config import Config

MIN_RATIO = 1.6  # files are single images if their usual width / height is smaller
ALIKE = 0.8  # a file is no pair if its width / height is smaller than this part of the usual one


class TrainingFiles(NamedTuple):
    """The files that a run trains on."""

    paths: List[Any]  # at least one, see `pairs.find`
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
    inside = pairs.find(folder, sides=joined)
    if (folder / "train").is_dir() and all(pairs.first(item).parent != folder for item in inside):
        raise InputError(
            f"{folder} has a folder train: use --input_dir {folder / 'train'}, "
            "so that held-out images are not trained on"
        )
    paths, skipped = usable(inside, folder, config, joined)
    if pairs.plain(paths, config.form) and any(map(channels.is_deep, pairs.files(paths[:1]))):
        skipped = [*skipped, f"images in {folder} have 16 bits and are read with 8; all: --bits 16"]
        sys.stderr.write(shown(skipped[-1]) + "\n")
    return _pairs(config, paths, skipped) if joined else TrainingFiles(paths, skipped, 0.0)


def usable(items, folder, config, joined):
    """The items that can be read, and lines about the others, which stderr gets, too.

    Args:
        items: what `pairs.find` found in the folder.
        config: a `Config`, or the settings of `pix2pix.segmentation`.
        joined: function of an item: whether it holds a pair, if it is one file. Or a bool.

    Raises:
        InputError: there is none.
    """
    if pairs.plain(items, config.form) and isinstance(items[0], pathlib.Path):
        return folders.usable(items, folder)

    def read(item):
        both = joined(item) if callable(joined) else joined
        pairs.decode(item, config.form, both, config.channels[0])

    return pairs.usable(items, folder, read)


def _pairs(config, paths, skipped):
    """Selects the files that are pairs. The others are named on stderr and in `skipped`.

    A file is a pair if its width / height is at least `ALIKE` times the usual one: --pair_ratio, or
    the median of all files.
    """
    sizes = {path: pairs.size(path) for path in paths}
    ratios = {path: width / height for path, (width, height) in sizes.items()}
    usual = config.pair_ratio or float(np.median(list(ratios.values())))
    if not isinstance(paths[0], pathlib.Path):  # two files each
        return TrainingFiles(paths, skipped, usual)
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


def held_out_files(config):
    """The held-out pairs whose translations are shown in training, if there are any."""
    folder = held_out_folder(config)
    if not folder:
        return []
    joined = not config.lab_colorization
    return usable(pairs.find(folder, sides=joined), None, config, joined)[0]


def parts(image, config, joined):
    """The parts of a file at the network's size, without augmentation.

    Args:
        image: [any height, any width, channels] tensor in [0, 1], see `pairs.decode`.
        joined: whether it holds A and B side by side.

    Returns:
        [A, B], or [the image]: [height, width, own channels] in [0, 1] each.
    """
    images = pairs.parted(image, config.form) if joined else [image]
    return [pairs.resized(part, *config.size, config.as_published) for part in images]


def prepared(items, config):
    """Yields the `parts` of each training pair: float32 [1 or 2, height, width, channels].

    If A and B have different numbers of channels, zeros are added to the smaller one.
    """
    joined, form = not config.lab_colorization, config.form
    kind = tf.uint8 if pairs.plain(items, form) else tf.float32
    with tf.Graph().as_default(), sessions.session() as session:
        image = tf.placeholder(kind, [None, None, max(form.a, form.b)])
        wanted = parts(pairs.numbers(image), config, joined)
        for pixels in folders.in_threads(lambda item: pairs.decode(item, form, joined), items):
            made = session.run(wanted, {image: pixels})
            wide = max(part.shape[2] for part in made)
            missing = [[(0, 0), (0, 0), (0, wide - part.shape[2])] for part in made]
            yield np.stack([np.pad(*both) for both in zip(made, missing)])


def holds_target(config, shape):
    """Whether a file holds a target: see --targets. With "auto" it must be about as wide as a pair.

    Args:
        shape: (height, width, ...) of the file in pixels.
    """
    if config.lab_colorization or config.targets != "auto":
        return config.lab_colorization or config.targets == "yes"
    if config.image:
        return False
    height, width = config.size
    return shape[1] / shape[0] > ALIKE * (config.pair_ratio or 2.0 * width / height)


def with_target(item, config):
    """What --mode test reads of an item of `pairs.find`.

    Returns:
        The item, or one of its two files with --targets no; and whether it holds a target.
    """
    if isinstance(item, pathlib.Path):
        return item, holds_target(config, pairs.size(item)[::-1])
    if config.targets == "no":
        return item[0 if config.which_direction == "AtoB" else 1], False
    return item, True
