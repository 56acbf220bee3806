"""`import graphmode.legacy` at the top of a notebook: from there on `import tensorflow as tf` gives TensorFlow 1 (see `version_1`)."""

from graphmode import version_1

_for_good = version_1.version_1()
_for_good.__enter__()
