"""`import graphmode.legacy`, at the top of a notebook: `import tensorflow as tf` then gives TensorFlow 1 (see `version_1`)."""

from graphmode import version_1

_for_good = version_1.version_1()
_for_good.__enter__()
