"""The images that a program of the chapter learns from: drawn digits, MNIST, or your own.

    --data digits                      28x28 digits that are drawn (the default)
    --data mnist                       and its relatives fashion_mnist, kmnist: files that are there
                                       already, or downloaded
    --input_dir FOLDER                 four files in MNIST's format, or a folder of images
    --data faces                       drawn faces in color; with --input_dir a folder of faces

A folder of images is read as squares of `--size` pixels, gray or RGB (`--channels`). Its subfolders
are classes (data/class_folders.py). The run remembers size, channels and classes.
"""

import dataclasses
import math
import sys
from typing import ClassVar, Literal

import data
from data import class_folders, mnist
from data.drawn import faces as drawn_faces
from graphmode import config, training
from graphmode.config import setting
from graphmode.errors import InputError

TEXT = (28, 28, 1)  # height, width and channels of the text's images
TRAIN_COUNT, TEST_COUNT = 5000, 500  # faces that are drawn
Data = Literal["digits", "mnist", "fashion_mnist", "kmnist", "faces", "folder"]


@dataclasses.dataclass(frozen=True)
class Inputs(config.Settings):
    """Images to learn from. Without --data, what is in --input_dir decides."""

    OWN_SIZE: ClassVar[int] = 64  # of images that have no size of their own

    data: Data = setting(
        "digits",
        help="drawn digits, MNIST or a relative (files or download), faces (mirrored at random; "
        "without --input_dir drawn ones), or a folder of images",
    )
    size: int = setting(
        0,
        at_least=0,
        at_most=128,
        network=True,
        help="height and width in pixels of images from a folder; "
        "0: 64. MNIST and its relatives have their own",
    )
    channels: int = setting(
        0,
        at_least=0,
        at_most=3,
        network=True,
        help="1 (gray) or 3 (RGB) for images from a folder; 0: 3",
    )
    crop: int = setting(
        0,
        at_least=0,
        help="side in pixels of the square cut out of the middle of each image of a folder; "
        "0: the largest square",
    )
    mirror: bool = setting(False, help="mirror half of the training images at random")
    classes: str = setting(
        "",
        network=True,
        help="names of the classes to learn from, for example cat/dog; empty: all. "
        "They are the class folders, or MNIST's numbers",
    )

    @classmethod
    def create(cls, **given):
        folder = given.get("input_dir")
        if folder and "data" not in given:
            given["data"] = "mnist" if mnist.is_in(folder) else "folder"
        for name in ("size", "channels"):
            if given.get(name) and given.get("data", "digits") not in ("faces", "folder"):
                raise InputError(
                    f"--{name} {given[name]}: the images of --data {given.get('data', 'digits')} "
                    "have their own; leave it out, or use --input_dir with a folder of images"
                )
        if given.get("data") == "folder" and not folder:
            raise InputError("--data folder needs --input_dir: the folder of images")
        return super().create(**given)

    def check(self):
        super().check()
        if self.channels == 2:
            raise InputError("--channels 2: use 1 (gray) or 3 (RGB)")
        if self.size:
            check_size(self.size)

    @property
    def shape(self):
        """(height, width, channels) of the images."""
        own = self.data in ("faces", "folder")
        # Only what is loaded says the shape of MNIST's relatives, see `load`.
        if not own and not self.channels:
            return TEXT
        size = self.size or self.OWN_SIZE
        return size, size, self.channels or 3

    @property
    def mirrored(self):
        """Whether training images are mirrored at random."""
        return self.mirror or self.data == "faces"

    @property
    def class_names(self):
        """A tuple of names; empty if there are no classes, or they are not known yet."""
        if self.classes or self.channels or self.data in ("faces", "folder"):
            return tuple(filter(None, self.classes.split("/")))
        return mnist.TEN


def levels(size):
    """(number of layers with stride 2, side after them) for images with a side of `size` pixels.

    28 is 7 * 2^2 in the text. One more layer for each doubling: 64 is 8 * 2^3, 128 is 8 * 2^4.
    """
    doublings = 2 if size <= 32 else 3 if size <= 64 else 4
    return doublings, size >> doublings


def check_size(size):
    """Raises InputError if the networks cannot make images of this size."""
    doublings, side = levels(size)
    if size < 16 or side << doublings != size:
        raise InputError(
            f"--size {size}: use 16 to 128 pixels, a multiple of 4 up to 32, of 8 up to 64, "
            "of 16 above"
        )


def load(config):
    """Loads the images of a configuration.

    Returns:
        (config with the shape and classes of the images, data.Digits).

    Raises:
        InputError: see `data.load`, `class_folders.load` and `mnist.of_classes`.
    """
    size = config.shape[0]
    if config.data == "faces" and not config.input_dir:
        examples = _drawn_faces(size, config.shape[2])
    elif config.data in ("faces", "folder"):
        examples = class_folders.load(config.input_dir, size, config.shape[2], config.crop or None)
    else:
        examples = data.load(config.data, config.input_dir)
    if config.classes:
        examples = mnist.of_classes(examples, config.class_names)
    height, _, *color = examples.train_images.shape[1:]
    names = "/".join(examples.classes)
    return config.replace(size=height, channels=3 if color else 1, classes=names), examples


def _drawn_faces(size, channels):
    sys.stderr.write("no --input_dir with images of faces: using drawn faces\n")
    parts = []
    for part, count in enumerate((TRAIN_COUNT, TEST_COUNT)):
        images = drawn_faces.draw(count, size, [0, part])
        images = images if channels == 3 else class_folders.gray(images)
        parts += [images, class_folders.no_labels(images)]
    return mnist.Digits(*parts, classes=())


def digits(config):
    """Loads ten classes of 28x28 images, for programs that know no others: data.Digits.

    Raises:
        InputError: the images are others, or see `data.load`.
    """
    examples = data.load(config.data, config.input_dir)
    shape, classes = examples.train_images.shape[1:], len(examples.classes)
    if shape != TEXT[:2] or classes != 10:
        raise InputError(
            f"--input_dir {config.input_dir} has {classes} classes of images of {shape[0]}x"
            f"{shape[1]} pixels: this program needs ten classes of 28x28"
        )
    return examples


def train(build, config):
    """Trains the model that `build`, a function of a configuration and data.Digits, returns."""
    config, examples = load(config)
    training.fit(build(config, examples)._replace(notes=examples.skipped), config)


def numbers(config):
    """How many numbers an image has: 784 in the text."""
    return math.prod(config.shape)


def check_width(samples, config):
    """Raises InputError if a program's own networks make images of the text's size only.

    Args:
        samples: the output of a generator, [batch, numbers of an image].
    """
    if samples.shape.as_list()[1] != numbers(config):
        check_text(config, config.PROGRAM)


def check_text(config, what):
    """Raises InputError if `what` is asked for and the images are not the text's."""
    if tuple(config.shape) != TEXT:
        raise InputError(
            f"{what} is for gray images of 28x28 pixels, and these are "
            f"{' x '.join(map(str, config.shape))}: leave it out, or use other images"
        )
