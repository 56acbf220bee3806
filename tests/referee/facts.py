"""Runs a case and describes every number that comes out. Works under TensorFlow 1.15.5, too."""

import contextlib
import importlib
import zlib

import numpy as np

from graphmode import tf
from graphmode.variables import updates

SHOWN = 8  # values of an array that are written down
STEPS = 3  # of the optimizer
RATE = 0.001


class Case:
    """What a case builds.

    Args:
        outputs: name -> tensor.
        loss: scalar whose gradients are described and which Adam minimizes; the mean of the
            squares of the outputs if None.
        feed: placeholder -> array.
    """

    def __init__(self, outputs, loss=None, feed=None):
        self.outputs, self.loss, self.feed = outputs, loss, feed or {}


def numbers(name, *shape, low=-1.0, high=1.0):
    """An array that depends on nothing but its name and shape."""
    random = np.random.RandomState(zlib.crc32(name.encode()) & 0x7FFFFFFF)
    return random.uniform(low, high, shape).astype(np.float32)


def constant(name, *shape, **limits):
    """`numbers` as a tensor."""
    return tf.constant(numbers(name, *shape, **limits))


def _spread(shape):
    """Float64 numbers in [0, 1) that depend on nothing but the shape."""
    places = tf.range(tf.cast(tf.reduce_prod(shape), tf.int64))
    return tf.reshape(tf.cast(tf.mod(places * 7919 + 4001, 10007), tf.float64) / 10007.0, shape)


def _uniform(shape, dtype, **_):
    return tf.cast(_spread(shape), dtype)


def _normal(shape, dtype, **_):
    """Numbers in [-2, 2): near enough to a normal distribution for what a graph computes of it."""
    return tf.cast(4.0 * _spread(shape) - 2.0, dtype)


def _integers(shape, minval, maxval, **_):
    room = tf.cast(maxval - minval, tf.float64)
    return tf.cast(tf.floor(_spread(shape) * room), minval.dtype) + minval


@contextlib.contextmanager
def fixed_noise():
    """While it lasts, a graph's random ops are formulas: both TensorFlows have the same noise."""
    random = importlib.import_module("tensorflow.python.ops.gen_random_ops")
    own = {
        "random_uniform": _uniform,
        "random_standard_normal": _normal,
        "truncated_normal": _normal,
        "random_uniform_int": _integers,
    }
    before = {name: getattr(random, name) for name in own}
    for name, function in own.items():
        setattr(random, name, function)
    try:
        yield
    finally:
        for name, function in before.items():
            setattr(random, name, function)


def described(array):
    """An array as a few numbers: shape, some of its values, its norm, and a product.

    The product with signs that depend on the place changes if any value changes.
    """
    array = np.asarray(array)
    flat = array.astype(np.float64).ravel()
    places = np.linspace(0, flat.size - 1, min(SHOWN, flat.size)).astype(int)
    signs = np.random.RandomState(flat.size % 1000).choice([-1.0, 1.0], flat.size)
    return {
        "shape": list(array.shape),
        "values": [float(f"{value:.9g}") for value in flat[places]],
        "norm": float(f"{np.sqrt(np.square(flat).sum()):.9g}"),
        "product": float(f"{(flat * signs).sum():.9g}"),
    }


def fill(session, variables):
    """Gives each variable values that depend on its name."""
    for variable in variables:
        if not variable.dtype.base_dtype.is_floating:
            continue
        name, shape = variable.op.name, variable.shape.as_list()
        last = name.split("/")[-1]
        around = 1.0 if last in ("gamma", "scale", "moving_variance") else 0.0
        variable.load(around + 0.1 * numbers(name, *shape), session)


def facts(build):
    """Builds a case in a new graph and runs it.

    Returns:
        {"variables": names and shapes in order, "numbers": name -> described array}. The numbers
        are outputs, loss, gradients, and by how much weights and moving averages move in `STEPS`
        steps of gradient descent with the update ops. Adam and RMSProp would make a step of a
        gradient that is 0 but for rounding; `programs` has them.
    """
    found = {}
    with tf.Graph().as_default(), fixed_noise():
        case = build()
        weights = tf.trainable_variables()
        loss = case.loss
        if loss is None:
            outputs = [tf.reduce_mean(tf.square(value)) for value in case.outputs.values()]
            loss = tf.add_n(outputs)
        gradients = tf.gradients(loss, weights)
        listed = [f"{v.op.name} {v.shape.as_list()}" for v in tf.global_variables()]
        moving = [v for v in tf.global_variables() if "moving" in v.op.name]
        pairs = [pair for pair in zip(gradients, weights) if pair[0] is not None]
        # A weight must not move while gradients that read it are computed. Of a network that is
        # applied twice, one application updates the averages: two would race.
        first = [gradient for gradient, _ in pairs]
        with tf.control_dependencies(first + updates("")):
            step = tf.no_op()
            if pairs:
                step = tf.train.GradientDescentOptimizer(RATE).apply_gradients(pairs)
        with tf.Session() as session:
            session.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
            fill(session, tf.global_variables())
            for name, value in session.run(case.outputs, case.feed).items():
                found["output " + name] = described(value)
            found["loss"] = described(session.run(loss, case.feed))
            for (_, variable), value in zip(pairs, session.run([g for g, _ in pairs], case.feed)):
                found["gradient " + variable.op.name] = described(value)
            moved = {variable.op.name: variable for _, variable in pairs}
            moved.update({variable.op.name: variable for variable in moving})
            before = session.run(moved)
            for _ in range(STEPS):
                session.run(step, case.feed)
            for name, value in session.run(moved).items():
                found["moved " + name] = described(value - before[name])
    return {"variables": listed, "numbers": found}
