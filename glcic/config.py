"""The settings of GLCIC: the blog's numbers, what its experiments change, and checks."""

import dataclasses
from typing import Literal

from graphmode import config
from graphmode.config import setting
from graphmode.errors import InputError

Conv = Literal["slim", "layers", "nn"]
Norm = Literal[
    "slim",
    "slim_scale",
    "layers",
    "layers_training",
    "layers_training_updates",
    "nn_moments",
    "author",
    "author_shared",
    "none",
    "instance",
]

Activation = Literal["lrelu", "relu", "elu", "srelu", "prelu", "rrelu", "sigmoid", "tanh"]

# The code that the blog links to, github.com/CoderAnn/GLCI. The blog's own run, whose numbers are
# the defaults, is shorter: 3000次之前是用MSE更新补全网络, 3000-3500是单独训练鉴别器,
# 3500-9000鉴别器和补全网络一起训练.
REPOSITORY = {"max_steps": 20000, "completion_steps": 6000, "discriminator_steps": 2000}

# The paper's section 4.
PAPER = {
    "batch_size": 96,
    "max_steps": 500000,
    "completion_steps": 90000,
    "discriminator_steps": 10000,
}

# A quarter of the filters on images of half the side: minutes on two CPU cores. With the blog's
# alpha and learning rates the adversarial loss changes next to nothing, and completions stay
# blurred (docs/results.md). A larger alpha makes them sharp, but with colored speckle. The penalty
# r1 keeps the discriminators from sharp answers, and the speckle away. The first phase is longer
# than in the blog's proportions, because its steps are cheap and bring most.
SMALL = {
    "size": 64,
    "width": 16,
    "hole_min": 24,
    "hole_max": 32,
    "batch_size": 16,
    "flip": True,
    "alpha": 0.06,
    "r1": 1.0,
    "discriminator_lr": 0.0005,
    "max_steps": 9700,
    "completion_steps": 6000,
    "discriminator_steps": 500,
}


def scaled_phases(owner, changed, max_steps):
    """The steps of the first two phases for a run of `max_steps`, in proportion to the defaults.

    Args:
        owner: a class of settings with max_steps, completion_steps and discriminator_steps.
        changed: name -> default, where a flag changes the defaults.
        max_steps: steps of all three phases; 0 or None leaves the phases as they are.

    Returns:
        name -> steps, at least 1.
    """
    if not max_steps:
        return {}
    defaults = {field.name: field.default for field in dataclasses.fields(owner)}
    defaults.update(changed)
    return {
        name: max(1, defaults[name] * max_steps // defaults["max_steps"])
        for name in ("completion_steps", "discriminator_steps")
    }


@dataclasses.dataclass(frozen=True)
class Factors(config.Settings):
    """What the blog's experiments change, one at a time.

    The defaults are those with which the networks train.
    """

    conv: Conv = setting(
        "slim", network=True, help="library of the convolutions and dense layers (卷积函数)"
    )
    discriminator_norm: Norm = setting(
        "slim", network=True, help="batch norm of the discriminators, see glcic/layers.py"
    )
    completion_norm: Norm = setting(
        "slim", network=True, help="batch norm of the completion network"
    )
    frozen_holes: bool = setting(False, help="the same few holes for the whole run")
    fed: Literal["nothing", "patch", "completion"] = setting(
        "nothing",
        help="part of the discriminators' input that is fed as numbers and passes no gradient",
    )
    reshape: bool = setting(
        True,
        network=True,
        help="flatten the maps before the discriminators' dense layers; "
        "otherwise these layers are applied to each position separately",
    )
    sigmoid_output: bool = setting(
        False, help="apply a sigmoid to the logits before the loss, which already contains one"
    )
    last_batch_norm: bool = setting(
        False,
        network=True,
        help="batch norm and leaky ReLU after the discriminators' last dense layer",
    )
    wrong_label: bool = setting(
        False,
        help="the completion network's adversarial loss is that of the discriminators, "
        "so it helps them",
    )
    max_images: int = setting(0, at_least=0, help="number of training images; 0: all")
    discriminator_repeats: int = setting(
        1, at_least=0, help="k: discriminator updates in each step of the third phase"
    )
    completion_repeats: int = setting(
        1, at_least=1, help="completion network updates in each step of the third phase"
    )
    wrong_variables: bool = setting(
        False,
        help="each network's step moves the weights of the other one, too, to lower its own loss",
    )
    lr_decay: bool = setting(True, help="let the learning rates fall to 0 along a cosine")


@dataclasses.dataclass(frozen=True)
class Config(config.Run, Factors):
    """Settings of GLCIC. The numbers are the blog's, or its repository's where it has none."""

    PROGRAM = "glcic"
    AS_PUBLISHED = {"lr_decay": False}
    RENAMED = {
        "batch_norm": ("discriminator_norm", {}),
        "completion_batch_norm": ("completion_norm", {}),
        "most_pictures": ("max_images", {}),
        "region": ("region", {"picture": "image"}),
    }

    input_dir: str = setting("", path=True, help="folder of images; empty: faces are drawn")
    recipe: Literal["blog", "repository", "paper"] = setting(
        "blog",
        network=True,
        overrides={"repository": REPOSITORY, "paper": PAPER},
        help="the steps of the blog, or those of its repository, or the steps, batch size, "
        "optimizer and hole color of the paper",
    )
    preset: Literal["full", "small"] = setting(
        "full",
        overrides={"small": SMALL},
        help="full: the blog's sizes; small: a small network for images of 64 pixels, for CPUs",
    )
    input: Literal["queue", "feed"] = setting(
        "queue",
        help="read images through TensorFlow's queues (队列), or feed them into a placeholder",
    )
    crop: int = setting(
        0,
        at_least=0,
        help="side in pixels of the square that is cut out of the middle of each file; "
        "0: the largest square",
    )
    size: int = setting(
        128,
        at_least=32,
        at_most=1024,
        help="side of a training image in pixels; it is cut out of a square 1.39 times as large",
    )
    cut: Literal["middle", "random"] = setting(
        "middle",
        help="where images are cut out of this square; random is for images that are not aligned",
    )
    flip: bool = setting(False, help="mirror half of the training images at random")
    width: int = setting(
        64,
        at_least=2,
        network=True,
        help="filters of the first convolutions; the later ones have multiples of it",
    )
    activation: Activation = setting(
        "lrelu",
        network=True,
        help="activation of all layers but the last one of each network (激活函数)",
    )
    hole_shape: Literal["rectangles", "scratches", "both"] = setting(
        "rectangles",
        help="shape of the holes; scratches are at most half as wide as --hole_max",
    )
    hole_min: int = setting(48, at_least=1, help="shortest side of a hole in pixels")
    hole_max: int = setting(
        64, at_least=1, help="longest side of a hole in pixels, at most half of --size"
    )
    batch_size: int = setting(32, at_least=2, help="images per step")
    max_steps: int = setting(
        9000,
        at_least=0,
        changeable=True,
        help="number of steps of all three phases together; given alone, it scales each phase; "
        "0: see --max_epochs",
    )
    completion_steps: int = setting(3000, at_least=0, help="T_C: steps of the first phase")
    discriminator_steps: int = setting(
        500, at_least=0, help="T_D: steps of the second phase; the third has the rest"
    )
    alpha: float = setting(0.0004, at_least=0.0, help="weight of the adversarial loss")
    r1: float = setting(
        0.0,
        at_least=0.0,
        help="weight of a penalty on the gradient of the discriminators at real images; "
        "0: the text's loss",
    )
    lr: float = setting(
        0.001, at_least=0.0, changeable=True, help="learning rate of the completion network"
    )
    joint_lr: float = setting(
        0.0004,
        at_least=0.0,
        changeable=True,
        help="learning rate of the completion network at the start of the third phase; "
        "not used without --lr_decay",
    )
    discriminator_lr: float = setting(
        0.001, at_least=0.0, changeable=True, help="learning rate of the discriminators"
    )
    beta1: float = setting(0.5, at_least=0.0, at_most=1.0, help="beta1 of Adam")
    image: str = setting("", path=True, inherited=False, help="image to complete (--mode complete)")
    mask: str = setting(
        "",
        path=True,
        inherited=False,
        help="image of the same size, white where the hole is (--mode complete)",
    )
    masks: str = setting(
        "",
        path=True,
        inherited=False,
        help="folder of masks for the images in --input_dir, with the same names, or one mask for "
        "all of them (--mode complete)",
    )
    output: str = setting(
        "",
        inherited=False,
        help="where to write: a .png file for --image, a folder for --input_dir and --mode export",
    )
    random_holes: int = setting(
        0,
        at_least=0,
        inherited=False,
        help="complete each image in --input_dir with this number of random holes "
        "(--mode complete)",
    )
    region: Literal["auto", "image", "window"] = setting(
        "auto",
        help="what the network completes: the image at once, or windows around parts of the hole, "
        "at reduced resolution where it is wide; auto: windows if the image or the hole is larger "
        "than in training",
    )
    postprocess: Literal["none", "telea", "seamless"] = setting(
        "none", help="blend the border of the hole, as the paper does; needs OpenCV"
    )

    @classmethod
    def overridden(cls, given):
        """As in `config.Settings`. Besides, --max_steps scales the phases that are not given."""
        values = super().overridden(given)
        return {**values, **scaled_phases(cls, values, given.get("max_steps"))}

    def check(self):
        super().check()
        if self.size % 4:
            raise InputError(
                f"--size {self.size} is not a multiple of 4, but the network halves it twice: "
                f"use {self.size // 4 * 4}"
            )
        if self.width % 2:
            raise InputError(
                f"--width {self.width} is odd, but one layer has half as many filters: "
                f"use {self.width + 1}"
            )
        if self.completion_norm == "author":
            raise InputError(
                "--completion_norm author: training and completing cannot share its variables; "
                "use author_shared"
            )
        if self.hole_max > self.size // 2:
            raise InputError(
                f"--hole_max {self.hole_max} is larger than the patches, half of --size "
                f"{self.size}: use at most {self.size // 2}"
            )
        if self.hole_min > self.hole_max:
            raise InputError(
                f"--hole_min {self.hole_min} is larger than --hole_max {self.hole_max}: "
                f"use at most {self.hole_max}"
            )

    def check_call(self):
        """Raises InputError if --mode complete lacks an image or its hole."""
        if self.mode != "complete":
            return
        if not (self.image or self.masks or self.random_holes):
            raise InputError(
                "--mode complete needs --image IMAGE and --mask MASK (white where the hole is), "
                "or --input_dir FOLDER and --masks FOLDER or --random_holes N"
            )
        if self.masks and (self.image or self.random_holes):
            other = "--image" if self.image else f"--random_holes {self.random_holes}"
            cure = "--mask for one image" if self.image else "only one of them"
            raise InputError(f"--masks {self.masks} does not go with {other}: use {cure}")
        if self.masks and not self.input_dir:
            raise InputError(f"--masks {self.masks} needs --input_dir: a folder of images")
        if self.image and not self.mask:
            raise InputError(
                f"--image {self.image} needs --mask: an image of the same size, "
                "white where the hole is"
            )
        if self.image and self.output and not self.output.lower().endswith(".png"):
            raise InputError(
                f"--output {self.output} is no .png, and only PNG keeps the pixels outside the "
                "hole: use a name that ends in .png"
            )
