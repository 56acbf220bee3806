"""The settings of pix2pix, with the names and numbers of the program that the notes read."""

import dataclasses
from typing import Literal

from graphmode import config
from graphmode.config import setting
from graphmode.errors import InputError

# What --preset small changes. At 64 pixels an output of the discriminator sees the whole image, not
# a patch of it. Its loss is then stronger: with a weight of 1, the L1 loss is larger than that of
# the mean image (docs/results.md).
SMALL = {
    "crop_size": 64,
    "scale_size": 72,
    "ngf": 16,
    "ndf": 16,
    "gan_weight": 0.3,
    "max_epochs": 50,
    "display_freq": 2000,
}


@dataclasses.dataclass(frozen=True)
class Pairs(config.Settings):
    """The size of the network's images, and how files are brought to it."""

    crop_size: int = setting(
        256, at_least=32, at_most=4096, help="height of the network's images in pixels"
    )
    crop_width: int = setting(
        0,
        at_least=0,
        at_most=4096,
        help="width of the network's images in pixels; 0: the same as the height",
    )
    scale_size: int = setting(
        286,
        at_least=0,
        help="height in pixels to which images are resized before --crop_size is cut out",
    )
    pair_ratio: float = setting(
        0.0,
        at_least=0.0,
        help="width / height of a file that holds a pair; 0: the median of the training files",
    )

    @property
    def size(self):
        """(height, width) of the network's images in pixels."""
        return self.crop_size, self.crop_width or self.crop_size

    def check(self):
        super().check()
        for name, side in zip(("crop_size", "crop_width"), self.size):
            if side % 32:
                raise InputError(
                    f"--{name} {side} is not a multiple of 32: the networks halve it five times"
                )
        if self.scale_size < self.crop_size:
            raise InputError(
                f"--scale_size {self.scale_size} is less than --crop_size {self.crop_size}: "
                "give at least that"
            )


@dataclasses.dataclass(frozen=True)
class Config(config.Run, Pairs):
    """Settings of pix2pix. `network` marks those that belong to the trained weights."""

    PROGRAM = "pix2pix"
    RENAMED = {"conv": ("conv", {"tf_nn": "nn"}), "judge": ("segmentation", {})}

    preset: Literal["full", "small"] = setting(
        "full",
        overrides={"small": SMALL},
        help="full: the notes' sizes; small: 64 pixels and a quarter of the filters, for CPUs",
    )
    # Data
    input_dir: str = setting(
        "",
        path=True,
        inherited=False,
        help="folder with pairs, A left and B right (with --lab_colorization: photographs); "
        "empty: drawn facades",
    )
    val_dir: str = setting(
        "",
        path=True,
        help="held-out pairs, shown in training and tested after it; "
        "empty: the folder val or test beside a folder train",
    )
    targets: Literal["auto", "yes", "no"] = setting(
        "auto", help="whether files hold a target half; auto: --mode test decides by their shape"
    )
    which_direction: Literal["AtoB", "BtoA"] = setting(
        "AtoB", network=True, help="direction of the translation: A into B, or B into A"
    )
    lab_colorization: bool = setting(
        False, network=True, help="split photographs into lightness (A) and color (B)"
    )
    flip: bool = setting(True, help="mirror half of the training pairs, at random")
    # Networks
    ngf: int = setting(
        64, at_least=1, network=True, help="filters of the generator's first convolution"
    )
    ndf: int = setting(
        64, at_least=1, network=True, help="filters of the discriminator's first convolution"
    )
    conv: Literal["nn", "layers", "separable"] = setting(
        "nn",
        network=True,
        help="nn: the notes' convolutions; layers: those of tf.layers; "
        "separable: those of the program's later version",
    )
    norm: Literal["batch", "instance", "none"] = setting(
        "batch", network=True, help="normalization after convolutions, in both networks"
    )
    # Training
    batch_size: int = setting(1, at_least=1, help="pairs per step")
    max_epochs: int = setting(
        200, at_least=1, changeable=True, help="number of passes over the training pairs"
    )
    lr: float = setting(
        0.0002, at_least=0.0, changeable=True, help="learning rate of both Adam optimizers"
    )
    beta1: float = setting(0.5, at_least=0.0, at_most=1.0, help="beta1 of both Adam optimizers")
    l1_weight: float = setting(
        100.0, at_least=0.0, help="weight of the L1 loss in the generator's loss"
    )
    gan_weight: float = setting(
        1.0, at_least=0.0, help="weight of the GAN loss in the generator's loss"
    )
    display_freq: int = setting(
        0, at_least=0, changeable=True, help="steps between image grids in samples/; 0: none"
    )
    save_freq: int = setting(5000, at_least=1, changeable=True, help="steps between checkpoints")
    # --mode test and --mode export
    output_filetype: Literal["png", "jpeg"] = setting(
        "png", help="format of the translated images (--mode test)"
    )
    aspect_ratio: float = setting(
        1.0,
        at_least=0.01,
        at_most=100.0,
        help="width / height of the translated images, relative to the network's (--mode test)",
    )
    segmentation: str = setting(
        "",
        path=True,
        inherited=False,
        help="a run of pix2pix.segmentation, which reads labels from translated facades "
        "(--mode test)",
    )
    output: str = setting("", help="new folder of the SavedModel (--mode export)")

    @property
    def channels(self):
        """The numbers of channels of (inputs, targets)."""
        if not self.lab_colorization:
            return 3, 3
        return (1, 2) if self.which_direction == "AtoB" else (2, 1)
