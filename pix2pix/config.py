"""The flags of pix2pix, with the names and numbers that the program's users know, and what goes together."""

from typing import Literal, NamedTuple

from graphmode import cli, errors, tf
from pix2pix import networks


@dataclasses.dataclass(frozen=True)
class Config(Settings_):
    input_dir: str = setting("", help='folder with pairs, A left and B right (with --lab_colorization: pictures); empty: drawn facades')
    val_dir: str = setting("", help='pairs shown in training and tested after it; empty: the folder val or test beside a folder train')
    preset: Literal["full", "small"] = setting("full", help="the paper's sizes, or 64 pixels and a quarter of the filters, for two cores")
    max_epochs: int = setting(200, at_least=1, help='passes over the pairs')
    display_freq: int = setting(0, at_least=0, help='steps between picture grids in samples/ (0: none)')
    save_freq: int = setting(5000, at_least=1, help='steps between checkpoints')
    aspect_ratio: float = setting(1.0, at_least=0.01, at_most=100.0, help="how many times wider than the network's pictures test's files are (below 1: higher)")
    lab_colorization: bool = setting(False, help='split pictures into lightness (A) and colour (B)')
    batch_size: int = setting(1, at_least=1, help='pairs per step')
    which_direction: Literal["AtoB", "BtoA"] = setting("AtoB", help='what is translated into what')
    ngf: int = setting(64, at_least=1, help="filters of the generator's first convolution")
    ndf: int = setting(64, at_least=1, help="filters of the discriminator's first convolution")
    scale_size: int = setting(286, at_least=0, help='height to which pictures are resized before they are cut to --crop_size; at least that')
    crop_size: int = setting(256, at_least=32, at_most=4096, help='height that the network sees')
    crop_width: int = setting(0, at_least=0, at_most=4096, help='width; 0: as the height')
    flip: bool = setting(True, help='mirror half of the pairs, by chance')
    lr: float = setting(0.0002, at_least=0.0, help='of both Adams')
    beta1: float = setting(0.5, at_least=0.0, at_most=1.0, help='of both Adams')
    l1_weight: float = setting(100.0, at_least=0.0, help="of the L1 loss in the generator's")
    gan_weight: float = setting(1.0, at_least=0.0, help="of the GAN loss in the generator's")
    norm: Literal["batch", "instance", "none"] = setting("batch", help='after convolutions, in both networks')
    conv: Literal["tf_nn", "layers", "separable"] = setting("tf_nn", help="the notes' convolutions, tf.layers', or the program's later ones")
    output_filetype: Literal["png", "jpeg"] = setting("png", help='of the pictures that test writes')
    targets: Literal["auto", "yes", "no"] = setting("auto", help='whether files hold a target half; auto: test tells by their shape')
    pair_ratio: float = setting(0.0, at_least=0.0, help='width / height of a file that holds a pair; 0: that of the first one trained on')
    judge: str = setting("", help='a run of pix2pix.labels, which judges facades (test)')
    output: str = setting("", help='folder of the SavedModel (export)')
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
            raise errors.InputError("--{} {}: the network halves it five times or more, so it must be a multiple of 32".format(
                name, side))
    if config.scale_size < height:
        raise errors.InputError("--scale_size {} is less than --crop_size {}: nothing can be cut out".format(
            config.scale_size, height))


def layers(config):
    return networks.Layers(config.conv, config.norm, config.as_published)


def channels(config):
    """How many channels inputs and targets have."""
    if not config.lab_colorization:
        return 3, 3
    return (1, 2) if config.which_direction == "AtoB" else (2, 1)
