"""What the blog's experiments change, one at a time: flags of every GLCIC run. The defaults are what works."""

from typing import Literal, NamedTuple

from glcic import batch_norm, convolutions
from graphmode import cli

NORMS = tuple(batch_norm.KINDS)


@dataclasses.dataclass(frozen=True)
class Factors(Settings_):
    conv: Literal[convolutions.KINDS] = setting("slim", help='whose convolutions and dense layers')
    batch_norm: Literal[NORMS] = setting("slim", help='of the discriminators: see glcic/batch_norm.py')
    completion_batch_norm: Literal[NORMS] = setting("slim", help='of the completion network')
    frozen_holes: bool = setting(False, help='the same few holes for the whole run')
    fed: Literal["nothing", "patch", "completion"] = setting("nothing", help='what reaches D as numbers: no gradient passes')
    reshape: bool = setting(True, help="flatten maps before D's dense layers; else each position by itself")
    sigmoid_output: bool = setting(False, help='a sigmoid before the loss, which has one already')
    last_batch_norm: bool = setting(False, help="batch norm and leaky ReLU behind the discriminators' last dense layer")
    wrong_label: bool = setting(False, help="the completion network's adversarial loss is D's: it helps D")
    most_pictures: int = setting(0, at_least=0, help='train on so many pictures only (0: all)')
    discriminator_repeats: int = setting(1, at_least=1, help='k: discriminator steps for each completion step of the third phase')
    lr_decay: bool = setting(True, help='learning rates fall to 0 along a cosine; as published they stay')
