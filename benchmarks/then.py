"""The texts' steps under the real TensorFlow 1.15.5, as its users had them. It runs on Python 3.7.

The models, their batches and the numbers that are read back are ours, built by the same modules.
But the steps are the texts': all ops are those of TensorFlow 1.15.5, without `graphmode.kernels`,
and the optimizers gate gradients as `minimize` does by default (docs/performance.md says what both
cost). Only float32 is possible.
"""

from tests.referee import stub  # noqa: F401  # isort: skip  (TensorFlow 1.15.5, for all below)

import numpy as np

from benchmarks import ours
from data.folders import Images
from data.mnist import Digits
from graphmode import tf


def stepper(name, batch_size, paths):
    """A function that makes step `number`; paths: see `ours.saved_examples`."""
    if not tf.__version__.startswith("1."):
        raise RuntimeError(f"this is TensorFlow {tf.__version__}, not 1.15.5")
    tf.compat.v1.logging.set_verbosity("ERROR")  # without notices of deprecation
    # Our own choice of the optimizers' gates becomes the default of TensorFlow 1 here.
    tf.train.Optimizer.GATE_GRAPH = tf.train.Optimizer.GATE_OP
    config = ours.config_of(name, batch_size)
    with tf.Graph().as_default():
        tf.set_random_seed(config.seed)
        return ours.stepper_in_graph(name, config, tf.Session, read(name, paths))


def read(name, paths):
    """The examples of a model. Python 3.7's Pillow could not draw them."""
    if name in ours.PROGRAMS:
        with np.load(paths[0]) as arrays:
            return Digits(**arrays)
    return Images(paths, [], []) if name.startswith("glcic") else paths
