"""The flags of GLCIC, with the blog's numbers, and what goes together."""

from typing import Literal, NamedTuple

from glcic import factors
from graphmode import cli


class Config(NamedTuple):
    shared = (factors.Factors,)
    input_dir: str = ""  # folder with pictures; empty: faces are drawn
    preset: Literal["full", "small"] = "full"  # the blog's sizes, or a quarter of the widths on 64 pixels, for two cores
    recipe: Literal["blog", "paper"] = "blog"  # whose steps, batch, optimiser and filling of holes
    input: Literal["queue", "feed"] = "queue"  # pictures through TensorFlow's queues, or fed into a placeholder
    crop: cli.whole(0) = 0  # side of the middle of each picture that is used, in its own pixels; 0: the largest square
    size: cli.whole(32, 1024) = 128  # side of a training picture in pixels, cut from squares 1.39 times as large
    cut: Literal["middle", "random"] = "middle"  # from where in the square; random suits pictures that are not aligned
    flip: bool = False  # mirror half of the training pictures, by chance
    width: cli.whole(2) = 64  # filters of the first convolutions; the others have multiples
    hole_min: cli.whole(1) = 48  # shortest side of a hole in pixels
    hole_max: cli.whole(1) = 64  # longest; at most half of size
    batch_size: cli.whole(2) = 32  # pictures per step
    max_steps: cli.whole(0) = 20000  # of all three phases; 0: --max_epochs decides
    completion_steps: cli.whole(0) = 6000  # T_C: steps of the first phase
    discriminator_steps: cli.whole(0) = 2000  # T_D: steps of the second; the third has the rest
    alpha: cli.real(0.0) = 0.0004  # weight of the adversarial loss
    lr: cli.real(0.0) = 0.001  # of the completion network's Adam
    joint_lr: cli.real(0.0) = 0.0004  # of the same at the beginning of the third phase, unless rates are constant
    discriminator_lr: cli.real(0.0) = 0.001  # of the discriminators' Adam
    beta1: cli.real(0.0, 1.0) = 0.5  # of both Adams
    image: str = ""  # picture to complete (complete)
    mask: str = ""  # picture of the same size, white where the hole is (complete)
    output: str = ""  # where to: a .png for --image, a folder for --input_dir or export
    random_holes: cli.whole(0) = 0  # complete each picture in --input_dir with so many holes drawn at random (complete)
    region: Literal["auto", "picture", "window"] = "auto"  # what is completed: all, or around the hole, shrunk
    postprocess: Literal["none", "telea", "seamless"] = "none"  # make the hole's border fit, as in the paper; needs OpenCV
    implies = {
        "as_published": {"lr_decay": False},
        "recipe paper": {"batch_size": 96, "max_steps": 500000, "completion_steps": 90000, "discriminator_steps": 10000},
        "preset small": {"size": 64, "width": 16, "hole_min": 24, "hole_max": 32, "batch_size": 16, "flip": True,
                         "alpha": 0.002, "discriminator_lr": 0.0003, "max_steps": 11600, "completion_steps": 8000,
                         "discriminator_steps": 1600},
    }


def check(config):
    """Raises InputError for numbers that do not go together."""
    if config.size % 4:
        raise cli.InputError("--size {}: the network halves it twice, so it must be a multiple of 4".format(config.size))
    if config.width % 2:
        raise cli.InputError("--width {}: one layer has half as many filters, so it must be even".format(config.width))
    if config.completion_batch_norm == "author":
        raise cli.InputError("--completion_batch_norm author: its parameters cannot be shared between training and drawing; "
                             "use author_shared")
    if not config.hole_min <= config.hole_max <= config.size // 2:
        raise cli.InputError("holes of {} to {} pixels (--hole_min, --hole_max) do not fit into patches of {}, half of --size"
                             .format(config.hole_min, config.hole_max, config.size // 2))
