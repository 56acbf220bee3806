"""Noise that a resumed run repeats: it depends on the seed and on the number of the step.

TensorFlow 1's random ops (`tf.random_normal`, `tf.random_uniform`, `tf.nn.dropout`, ...) keep a
hidden state, which no checkpoint has: a resumed run would get other noise than a run that was never
stopped. While `repeatable` lasts, the same functions add TensorFlow's stateless ops to the graph.
Their seed is the op's own seed and a number, which `training.fit` feeds in each step (see `feed`).

Each of several workers (`cluster`) has its rows of the noise that a process alone would have for
the whole batch.

Without the number, for example when samples are drawn from a trained network, each run of the
session has other noise, as in TensorFlow 1. Initial values of variables stay as they are. Like
`kernels`, this is never switched on by an import: only `sessions.graph` does it.
"""

import contextlib
import importlib
from typing import Any, Dict, Iterator

from graphmode import cluster, tf

NUMBER = "noise_number"  # a graph collection with at most one placeholder
RUNS = 2**16  # runs of the session in one step, at most
SHOWN = -1  # the step of image grids: they all have the same noise


@contextlib.contextmanager
def repeatable() -> Iterator[None]:
    """While it lasts, random functions add stateless ops, except to initial values."""
    plain = importlib.import_module("tensorflow.python.ops.gen_random_ops")
    uniform, integers = plain.random_uniform, plain.random_uniform_int
    normal, truncated = plain.random_standard_normal, plain.truncated_normal

    def float_op(stateful, stateless):
        def op(shape, dtype, seed=0, seed2=0, name=None):
            if _initial():
                return stateful(shape, dtype, seed, seed2, name)

            def draw(shape, both):
                return stateless(shape, both, dtype=dtype, name=name)

            return _of_worker(shape, _seed(integers, seed, seed2), draw)

        return op

    def int_op(shape, minval, maxval, seed=0, seed2=0, name=None):
        if _initial():
            return integers(shape, minval, maxval, seed, seed2, name)

        def draw(shape, both):
            return tf.random.stateless_uniform(shape, both, minval, maxval, minval.dtype, name)

        return _of_worker(shape, _seed(integers, seed, seed2), draw)

    own = {
        "random_uniform": float_op(uniform, tf.random.stateless_uniform),
        "random_standard_normal": float_op(normal, tf.random.stateless_normal),
        "truncated_normal": float_op(truncated, tf.random.stateless_truncated_normal),
        "random_uniform_int": int_op,
    }
    before = {name: getattr(plain, name) for name in own}
    try:
        for name, function in own.items():
            setattr(plain, name, function)
        yield
    finally:
        for name, function in before.items():
            setattr(plain, name, function)


def feed(step: int, place: int = 0) -> Dict[Any, int]:
    """What is fed so that the default graph's noise is that of a step; empty if it has no noise.

    Args:
        step: from 0, or `SHOWN`.
        place: number of the session's run in the step, less than `RUNS`.
    """
    return {number: step * RUNS + place for number in tf.get_collection(NUMBER)}


def _initial():
    """Whether the op is a part of a variable's initial value."""
    return "Initializer" in tf.get_default_graph().get_name_scope().split("/")


def _seed(integers, seed, seed2):
    """The seed of a stateless op, int64 [2]: that of the op, and the number of the run."""
    numbers = tf.get_collection_ref(NUMBER)
    if not numbers:
        with tf.control_dependencies(None), tf.name_scope(None):
            # Another one in each run that feeds no number
            limits = tf.constant(0, tf.int64), tf.constant(2**62, tf.int64)
            drawn = integers(tf.zeros([0], tf.int32), *limits, seed=seed, seed2=1)
            numbers.append(tf.placeholder_with_default(drawn, [], NUMBER))
    return tf.stack([tf.constant(seed * 2**31 + seed2, tf.int64), numbers[0]])


def _of_worker(shape, seed, draw):
    """The noise of this worker: draw(shape, seed), or a part of what all workers have together.

    Noise of the batch's size is cut out of that of the whole batch. A batch of unknown size counts
    as one. Other noise has a seed for each worker.
    """
    crew = cluster.here()
    if crew.count == 1:
        return draw(shape, seed)
    util = importlib.import_module("tensorflow.python.framework.tensor_util")
    known = util.constant_value_as_shape(tf.convert_to_tensor(shape, tf.int32))
    if known.ndims == 0 or known.dims[0].value not in (None, crew.batch):
        return draw(shape, seed + tf.constant([crew.rank * 2**40, 0], tf.int64))
    shape = tf.convert_to_tensor(shape, tf.int32)
    rows = draw(shape * ([crew.count] + [1] * (known.ndims - 1)), seed)
    own = rows[crew.rank * shape[0] : (crew.rank + 1) * shape[0]]
    own.set_shape(known)
    return own
