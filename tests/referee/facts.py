"""Runs a case and describes every number that comes out. Works under TensorFlow 1.15.5, too."""

import zlib

import numpy as np

from graphmode import tf

SHOWN = 8  # values of an array that are written down
STEPS = 3  # of the optimizer
RATE = 0.01
EPSILON = 0.001  # so that a gradient that is 0 but for rounding moves nothing


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


def fill(session):
    """Gives every variable values that depend on its name."""
    for variable in tf.global_variables():
        if not variable.dtype.base_dtype.is_floating:
            continue
        name, shape = variable.op.name, variable.shape.as_list()
        last = name.split("/")[-1]
        around = 1.0 if last in ("gamma", "scale", "moving_variance") else 0.0
        variable.load(around + 0.1 * numbers(name, *shape), session)


def facts(build):
    """Builds a case in a new graph and runs it.

    Returns:
        name -> described array: outputs, loss, gradients, weights and moving averages after
        `STEPS` steps of Adam with the update ops; and "variables", names and shapes in order.
    """
    found = {}
    with tf.Graph().as_default():
        tf.set_random_seed(0)
        case = build()
        weights = tf.trainable_variables()
        loss = case.loss
        if loss is None:
            outputs = [tf.reduce_mean(tf.square(value)) for value in case.outputs.values()]
            loss = tf.add_n(outputs)
        gradients = tf.gradients(loss, weights)
        known = tf.global_variables()
        listed = [f"{v.op.name} {v.shape.as_list()}" for v in known]
        moving = [v for v in tf.global_variables() if "moving" in v.op.name]
        pairs = [pair for pair in zip(gradients, weights) if pair[0] is not None]
        with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
            step = tf.no_op()
            if pairs:
                step = tf.train.AdamOptimizer(RATE, 0.5, epsilon=EPSILON).apply_gradients(pairs)
        with tf.Session() as session:
            session.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
            fill(session)
            slots = [v for v in tf.global_variables() if v not in known]
            session.run([variable.initializer for variable in slots])
            for name, value in session.run(case.outputs, case.feed).items():
                found["output " + name] = described(value)
            found["loss"] = described(session.run(loss, case.feed))
            for (_, variable), value in zip(pairs, session.run([g for g, _ in pairs], case.feed)):
                found["gradient " + variable.op.name] = described(value)
            for _ in range(STEPS):
                session.run(step, case.feed)
            for variable in [variable for _, variable in pairs] + moving:
                found["after " + variable.op.name] = described(session.run(variable))
    return {"variables": listed, "numbers": found}
