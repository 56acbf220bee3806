"""The flags of pix2pix, with the names and numbers that the program's users know, and what goes together."""

from typing import Literal, NamedTuple

from graphmode import cli
from pix2pix import networks


class Config(NamedTuple):
    input_dir: str = ""  # folder with pairs, A left and B right (with --lab_colorization: pictures); empty: drawn facades
    val_dir: str = ""  # pairs shown in training and tested after it; empty: the folder val or test beside a folder train
    preset: Literal["full", "small"] = "full"  # the paper's sizes, or 64 pixels and a quarter of the filters, for two cores
    max_epochs: cli.whole(1) = 200  # passes over the pairs
    display_freq: cli.whole(0) = 0  # steps between picture grids in samples/ (0: none)
    save_freq: cli.whole(1) = 5000  # steps between checkpoints
    aspect_ratio: cli.real(0.01, 100.0) = 1.0  # how many times wider than the network's pictures test's files are (below 1: higher)
    lab_colorization: bool = False  # split pictures into lightness (A) and colour (B)
    batch_size: cli.whole(1) = 1  # pairs per step
    which_direction: Literal["AtoB", "BtoA"] = "AtoB"  # what is translated into what
    ngf: cli.whole(1) = 64  # filters of the generator's first convolution
    ndf: cli.whole(1) = 64  # filters of the discriminator's first convolution
    scale_size: cli.whole(0) = 286  # height to which pictures are resized before they are cut to --crop_size; at least that
    crop_size: cli.whole(32, 4096) = 256  # height that the network sees
    crop_width: cli.whole(0, 4096) = 0  # width; 0: as the height
    flip: bool = True  # mirror half of the pairs, by chance
    lr: cli.real(0.0) = 0.0002  # of both Adams
    beta1: cli.real(0.0, 1.0) = 0.5  # of both Adams
    l1_weight: cli.real(0.0) = 100.0  # of the L1 loss in the generator's
    gan_weight: cli.real(0.0) = 1.0  # of the GAN loss in the generator's
    norm: Literal["batch", "instance", "none"] = "batch"  # after convolutions, in both networks
    conv: Literal["tf_nn", "layers", "separable"] = "tf_nn"  # the notes' convolutions, tf.layers', or the program's later ones
    output_filetype: Literal["png", "jpeg"] = "png"  # of the pictures that test writes
    targets: Literal["auto", "yes", "no"] = "auto"  # whether files hold a target half; auto: test tells by their shape
    pair_ratio: cli.real(0.0) = 0.0  # width / height of a file that holds a pair; 0: that of the first one trained on
    judge: str = ""  # a run of pix2pix.labels, which judges facades (test)
    output: str = ""  # folder of the SavedModel (export)
    fixed = ("which_direction", "lab_colorization", "ngf", "ndf", "conv", "norm", "as_published")
    momentary = ("input_dir", "judge")
    # At 64 pixels an output of the discriminator sees the whole picture, not a patch of it, and pulls harder: a weight of 1 costs
    # more L1 than it gives (docs/results.md).
    implies = {"preset small": {"crop_size": 64, "scale_size": 72, "ngf": 16, "ndf": 16, "gan_weight": 0.3, "max_epochs": 50,
                                "display_freq": 2000}}


def size(config):
    """Height and width of what the network sees."""
    return config.crop_size, config.crop_width or config.crop_size


def check(config):
    """Raises InputError for numbers that do not go together."""
    height, width = size(config)
    for name, side in (("crop_size", height), ("crop_width", width)):
        if side % 32:
            raise cli.InputError("--{} {}: the network halves it five times or more, so it must be a multiple of 32".format(
                name, side))
    if config.scale_size < height:
        raise cli.InputError("--scale_size {} is less than --crop_size {}: nothing can be cut out".format(
            config.scale_size, height))


def layers(config):
    return networks.Layers(config.conv, config.norm, config.as_published)


def channels(config):
    """How many channels inputs and targets have."""
    if not config.lab_colorization:
        return 3, 3
    return (1, 2) if config.which_direction == "AtoB" else (2, 1)
