"""What the blog's experiments change, one at a time: flags of every GLCIC run. The defaults are what works."""

from typing import Literal, NamedTuple

from glcic import batch_norm, convolutions
from graphmode import cli

NORMS = tuple(batch_norm.KINDS)


class Factors(NamedTuple):
    conv: Literal[convolutions.KINDS] = "slim"  # whose convolutions and dense layers
    batch_norm: Literal[NORMS] = "slim"  # of the discriminators: see glcic/batch_norm.py
    completion_batch_norm: Literal[NORMS] = "slim"  # of the completion network
    frozen_holes: bool = False  # the same few holes for the whole run
    fed: Literal["nothing", "patch", "completion"] = "nothing"  # what reaches D as numbers: no gradient passes
    reshape: bool = True  # flatten maps before D's dense layers; else each position by itself
    sigmoid_output: bool = False  # a sigmoid before the loss, which has one already
    last_batch_norm: bool = False  # batch norm and leaky ReLU behind the discriminators' last dense layer
    wrong_label: bool = False  # the completion network's adversarial loss is D's: it helps D
    most_pictures: cli.whole(0) = 0  # train on so many pictures only (0: all)
    discriminator_repeats: cli.whole(1) = 1  # k: discriminator steps for each completion step of the third phase
    lr_decay: bool = True  # learning rates fall to 0 along a cosine; as published they stay
