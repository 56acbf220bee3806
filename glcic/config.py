"""The flags of GLCIC, with the blog's numbers, and what goes together."""

from typing import Literal, NamedTuple

from glcic import factors
from graphmode import cli, errors


@dataclasses.dataclass(frozen=True)
class Config(Settings_):
    shared = (factors.Factors,)
    input_dir: str = setting("", help='folder with pictures; empty: faces are drawn')
    preset: Literal["full", "small"] = setting("full", help="the blog's sizes, or a quarter of the widths on 64 pixels, for two cores")
    recipe: Literal["blog", "paper"] = setting("blog", help='whose steps, batch, optimiser and filling of holes')
    input: Literal["queue", "feed"] = setting("queue", help="pictures through TensorFlow's queues, or fed into a placeholder")
    crop: int = setting(0, at_least=0, help='side of the middle of each picture that is used, in its own pixels; 0: the largest square')
    size: int = setting(128, at_least=32, at_most=1024, help='side of a training picture in pixels, cut from squares 1.39 times as large')
    cut: Literal["middle", "random"] = setting("middle", help='from where in the square; random suits pictures that are not aligned')
    flip: bool = setting(False, help='mirror half of the training pictures, by chance')
    width: int = setting(64, at_least=2, help='filters of the first convolutions; the others have multiples')
    hole_min: int = setting(48, at_least=1, help='shortest side of a hole in pixels')
    hole_max: int = setting(64, at_least=1, help='longest; at most half of size')
    batch_size: int = setting(32, at_least=2, help='pictures per step')
    max_steps: int = setting(20000, at_least=0, help='of all three phases; 0: --max_epochs decides')
    completion_steps: int = setting(6000, at_least=0, help='T_C: steps of the first phase')
    discriminator_steps: int = setting(2000, at_least=0, help='T_D: steps of the second; the third has the rest')
    alpha: float = setting(0.0004, at_least=0.0, help='weight of the adversarial loss')
    lr: float = setting(0.001, at_least=0.0, help="of the completion network's Adam")
    joint_lr: float = setting(0.0004, at_least=0.0, help='of the same at the beginning of the third phase, unless rates are constant')
    discriminator_lr: float = setting(0.001, at_least=0.0, help="of the discriminators' Adam")
    beta1: float = setting(0.5, at_least=0.0, at_most=1.0, help='of both Adams')
    image: str = setting("", help='picture to complete (complete)')
    mask: str = setting("", help='picture of the same size, white where the hole is (complete)')
    output: str = setting("", help='where to: a .png for --image, a folder for --input_dir or export')
    random_holes: int = setting(0, at_least=0, help='complete each picture in --input_dir with so many holes drawn at random (complete)')
    region: Literal["auto", "picture", "window"] = setting("auto", help='what is completed: all, or around the hole, shrunk')
    postprocess: Literal["none", "telea", "seamless"] = setting("none", help="make the hole's border fit, as in the paper; needs OpenCV")
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
        raise errors.InputError("--size {}: the network halves it twice, so it must be a multiple of 4".format(config.size))
    if config.width % 2:
        raise errors.InputError("--width {}: one layer has half as many filters, so it must be even".format(config.width))
    if config.completion_batch_norm == "author":
        raise errors.InputError("--completion_batch_norm author: its parameters cannot be shared between training and drawing; "
                             "use author_shared")
    if not config.hole_min <= config.hole_max <= config.size // 2:
        raise errors.InputError("holes of {} to {} pixels (--hole_min, --hole_max) do not fit into patches of {}, half of --size"
                             .format(config.hole_min, config.hole_max, config.size // 2))
