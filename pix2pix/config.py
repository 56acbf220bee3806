"""The settings of pix2pix, with the names and numbers of the program that the notes read."""

import dataclasses
import pathlib
from typing import Literal

from data import pairs
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

# Endings of --output for --image -> format
OUTPUTS = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".npy": "npy"}


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

    @property
    def form(self):
        """How files are read: a `pairs.Format`."""
        return pairs.PLAIN

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
    input_nc: int = setting(
        3,
        at_least=1,
        at_most=1024,
        network=True,
        help="channels of the inputs: 1 gray, 3 RGB, 4 RGBA; other numbers need NPY files",
    )
    output_nc: int = setting(
        3, at_least=1, at_most=1024, network=True, help="channels of the targets and translations"
    )
    bits: Literal["8", "16"] = setting(
        "8",
        help="bits per channel of translated PNG files; 16: files are also read with all their "
        "bits (gray files and NPY files always are, if --input_nc or --output_nc is not 3)",
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
    lr_decay_from: int = setting(
        0,
        at_least=0,
        changeable=True,
        help="step from which the learning rate falls in a straight line, to 0 at the last step; "
        "0: it does not fall",
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
    image: str = setting(
        "",
        path=True,
        inherited=False,
        help="one image to translate into the file --output, instead of a folder (--mode test)",
    )
    own_size: bool = setting(
        False,
        inherited=False,
        help="translate images at their own size, whatever it is; otherwise they are resized to "
        "the network's (--mode test)",
    )
    frames: bool = setting(
        False,
        inherited=False,
        help="the images are frames of a video: all get the same dropout noise, that of --seed, "
        "so that it does not flicker (--mode test)",
    )
    output_filetype: Literal["png", "jpeg", "npy"] = setting(
        "png", help="format of the translated images; npy: NPY files beside PNGs (--mode test)"
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
    output: str = setting(
        "",
        help="new folder of the SavedModel (--mode export), or new file of the translation, "
        ".png, .jpg or .npy (--image)",
    )

    @property
    def channels(self):
        """The numbers of channels of (inputs, targets)."""
        if not self.lab_colorization:
            return self.input_nc, self.output_nc
        return (1, 2) if self.which_direction == "AtoB" else (2, 1)

    @property
    def form(self):
        """How files are read: a `pairs.Format`. A and B are left and right, or two folders."""
        if self.lab_colorization:
            return pairs.PLAIN
        both = self.channels if self.which_direction == "AtoB" else self.channels[::-1]
        return pairs.Format(*both, bits=int(self.bits))

    def check(self):
        super().check()
        if self.lab_colorization and ((self.input_nc, self.output_nc), self.bits) != ((3, 3), "8"):
            raise InputError(
                "--lab_colorization reads RGB images with 8 bits: "
                "leave out --input_nc, --output_nc and --bits"
            )
        if self.bits == "16" and (self.output_filetype == "jpeg" or self.aspect_ratio != 1):
            raise InputError("--bits 16 needs --output_filetype png or npy, and no --aspect_ratio")
        if self.output_filetype == "jpeg" and self.output_nc not in (1, 3):
            raise InputError(
                f"--output_filetype jpeg has no files of --output_nc {self.output_nc} channels: "
                "use png or npy"
            )
        if self.own_size and self.segmentation:
            raise InputError("--segmentation reads images of the network's size: no --own_size")
        self._check_image()

    def _check_image(self):
        if not self.image:
            return
        if self.mode != "test":
            raise InputError(f"--image {self.image} is for --mode test: add it")
        if self.input_dir or self.segmentation:
            raise InputError("--image is one image: use it without --input_dir and --segmentation")
        ending = pathlib.Path(self.output).suffix.lower()
        if ending not in OUTPUTS:
            raise InputError(
                f"--output {self.output!r} must end in {', '.join(OUTPUTS)}: "
                "it is the file of the translation of --image"
            )
        kind = OUTPUTS[ending]
        if self.output_nc not in {"png": (1, 3, 4), "jpeg": (1, 3)}.get(kind, (self.output_nc,)):
            raise InputError(
                f"--output {self.output} cannot have --output_nc {self.output_nc} channels: "
                "use a name that ends in .npy"
            )
