"""Lets the project's modules run unchanged under TensorFlow 1.15.5 on Python 3.7.

Importing it puts the real `tensorflow` and `tf.contrib.slim` into `graphmode`, and gives the
standard library and Pillow the names of later versions that the modules use.
"""

import functools
import math
import operator
import typing

import tensorflow
import typing_extensions
from PIL import Image

import graphmode

typing.Literal = typing_extensions.Literal
typing.get_origin = lambda kind: getattr(kind, "__origin__", None)
typing.get_args = lambda kind: getattr(kind, "__args__", None) or getattr(kind, "__values__", ())
functools.cached_property = property
math.prod = lambda factors, start=1: functools.reduce(operator.mul, factors, start)
Image.Image.has_transparency_data = property(
    lambda image: image.mode in ("LA", "PA", "RGBA", "RGBa") or "transparency" in image.info
)
graphmode.tf, graphmode.slim = tensorflow, tensorflow.contrib.slim
