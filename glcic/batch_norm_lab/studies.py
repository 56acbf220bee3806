"""The measurements of the batch-norm laboratory: each returns rows of plain values, as dictionaries.

Each is small enough to be checked by hand; tests/test_batch_norm.py does so.
"""

import inspect

import numpy as np

from glcic import batch_norm
from graphmode import kernels, slim, tf, variables

KINDS = tuple(batch_norm.KINDS)
EXAMPLE = (2.0, 4.0, 6.0), (4.0, 6.0, 8.0)  # the answer's batch of two


def defaults():
    """What the installed functions do when they are told nothing, read from their signatures."""
    names = {"decay": ("decay", "momentum", "exponential_avg_factor"), "epsilon": ("epsilon", "variance_epsilon"),
             "center": ("center",), "scale": ("scale",), "training": ("is_training", "training"), "fused": ("fused",),
             "updates": ("updates_collections",), "borders": ("padding",), "activation": ("activation_fn", "activation"),
             "bias": ("use_bias", "biases_initializer"), "weights": ("weights_initializer", "kernel_initializer")}
    functions = {"slim.batch_norm": slim.batch_norm, "tf.layers.batch_normalization": tf.layers.batch_normalization,
                 "tf.nn.batch_normalization": tf.nn.batch_normalization, "tf.nn.fused_batch_norm": tf.nn.fused_batch_norm,
                 "slim.conv2d": slim.conv2d, "tf.layers.conv2d": tf.layers.conv2d, "tf.nn.conv2d": tf.nn.conv2d}
    rows = []
    for function, body in functions.items():
        known = inspect.signature(body).parameters
        row = {"function": function}
        for name, spellings in names.items():
            found = [_plain(known[spelling].default) for spelling in spellings if spelling in known]
            row[name] = found[0] if found else ""
        rows.append(row)
    return rows


def _plain(value):
    if value is inspect.Parameter.empty:
        return "must be given"
    if value is None or isinstance(value, (bool, int, float, str)):
        return str(value)
    if not hasattr(value, "__name__"):
        return type(value).__name__
    return value.__name__ if value.__name__ != "_initializer" else value.__qualname__.split(".")[0]


def created():
    """What two applications of each kind create in a scope, the second with reuse."""
    rows = []
    for kind in KINDS:
        with tf.Graph().as_default():
            x = tf.placeholder(tf.float32, [4, 8, 8, 3])
            updates = []
            for again in (False, True):
                with tf.variable_scope("D", reuse=again):
                    batch_norm.apply(kind, x, True)
                updates.append([op.name for op in tf.get_collection(tf.GraphKeys.UPDATE_OPS)][sum(map(len, updates)):])
            others = set(tf.global_variables()) - set(tf.trainable_variables())
            rows.append({"kind": kind, "trainable": [v.op.name for v in tf.trainable_variables()],
                         "not trainable": sorted(v.op.name for v in others), "update ops": updates[0],
                         "update ops of the second application": updates[1]})
    return rows


def behaviour(batch=4, seed=0):
    """What each kind makes of one batch, [batch, 5, 5, 3] with mean 3 and deviation 2, after one step of its update ops.

    Means and deviations over all values; the gradient is that of the sum of the output's cubes by the input.
    """
    pictures = np.random.RandomState(seed).normal(3.0, 2.0, [batch, 5, 5, 3]).astype(np.float32)
    rows = []
    for kind in KINDS:
        with tf.Graph().as_default(), tf.Session() as session:
            tf.set_random_seed(0)
            x = tf.constant(pictures)
            with tf.variable_scope("D"):
                trained = batch_norm.apply(kind, x, True)
            row = {"kind": kind}
            if kind != "author":  # its second application would have a gamma and beta of its own
                with tf.variable_scope("D", reuse=True):
                    drawn = batch_norm.apply(kind, x, False)
            slope = tf.gradients(tf.reduce_sum(trained ** 3), x)[0]
            session.run(tf.global_variables_initializer())
            output, gradient = session.run([trained, slope])
            session.run(variables.updates("D"))
            row.update({"training: mean": float(output.mean()), "training: deviation": float(output.std()),
                        "gradient": float(np.abs(gradient).mean())})
            if kind != "author":
                inference = session.run(drawn)
                row.update({"inference: mean": float(inference.mean()), "inference: deviation": float(inference.std())})
            for variable, value in zip(tf.global_variables(), session.run(tf.global_variables())):
                if variable.op.name.endswith(("moving_mean", "moving_variance")):
                    row[variable.op.name.split("/")[-1]] = [float(number) for number in value]
            rows.append(row)
    return rows


def fused(count=100, decay=0.9, seed=0):
    """The moving variance after one step, of a batch of `count` values, with fused and plain kernels."""
    values = np.random.RandomState(seed).normal(0.0, 2.0, [count, 1, 1, 1]).astype(np.float32)
    rows = []
    for name, is_fused, shape in (("fused, rank 4", True, [count, 1, 1, 1]), ("plain, rank 4", False, [count, 1, 1, 1]),
                                  ("default, rank 2", None, [count, 1])):
        for library in ("slim", "tf.layers"):
            with tf.Graph().as_default(), tf.Session() as session:
                x = tf.constant(values.reshape(shape))
                if library == "slim":
                    slim.batch_norm(x, decay=decay, fused=is_fused)
                else:
                    tf.layers.batch_normalization(x, momentum=decay, training=True, fused=is_fused)
                session.run(tf.global_variables_initializer())
                session.run(tf.get_collection(tf.GraphKeys.UPDATE_OPS))
                moving = next(v for v in tf.global_variables() if v.op.name.endswith("moving_variance"))
                rows.append({"library": library, "kernel": name, "moving variance": float(session.run(moving)[0]),
                             "biased": float(decay + (1 - decay) * values.var()),
                             "Bessel's": float(decay + (1 - decay) * values.var(ddof=1))})
    return rows


def many_steps(steps=1000, mean=3.0, deviation=2.0, seed=0):
    """Moving averages over the steps, with and without running the update ops, on batches of N(mean, deviation^2).

    Returns rows, and curves: name -> the moving mean after each step. `gap` is the mean absolute difference between what
    the layer gives in training and in inference for one batch.
    """
    rows, curves = [], {}
    for kind in ("slim", "layers_training_updates"):
        for run_them in (True, False):
            with tf.Graph().as_default(), tf.Session() as session:
                tf.set_random_seed(seed)
                x = tf.random_normal([64, 1, 1, 1], mean, deviation)
                fixed = tf.constant(np.random.RandomState(seed).normal(mean, deviation, [4096, 1, 1, 1]).astype(np.float32))
                outputs = []
                for number, (source, is_training) in enumerate(((x, True), (fixed, True), (fixed, False))):
                    with tf.variable_scope("D", reuse=number > 0):
                        outputs.append(batch_norm.apply(kind, source, is_training))
                moving = {v.op.name.split("/")[-1]: v for v in variables.moving_averages("D")}
                session.run(tf.global_variables_initializer())
                ops = [outputs[0]] + (variables.updates("D") if run_them else [])
                name = "{} {} update ops".format(kind, "with" if run_them else "without")
                curves[name] = []
                for _ in range(steps):
                    session.run(ops)
                    curves[name].append(float(session.run(moving["moving_mean"])[0]))
                trained, drawn = session.run(outputs[1:])
                rows.append({"kind": kind, "update ops run": run_them, "moving mean": curves[name][-1],
                             "moving variance": float(session.run(moving["moving_variance"])[0]),
                             "gap": float(np.abs(trained - drawn).mean())})
    return rows, curves


def answer():
    """The answer's batch of two, [2, 4, 6] and [4, 6, 8], as rank 2, and each alone: means, and what batch norm gives."""
    rows = []
    for batch in (EXAMPLE, EXAMPLE[:1], EXAMPLE[1:]):
        values = np.float32(batch)
        with tf.Graph().as_default(), tf.Session() as session:
            normalised = tf.layers.batch_normalization(tf.constant(values), training=True)
            session.run(tf.global_variables_initializer())
            rows.append({"batch": values.tolist(), "means": values.mean(0).tolist(), "variances": values.var(0).tolist(),
                         "normalised": session.run(normalised).tolist()})
    return rows


def per_pixel(batch=1, side=4, seed=0):
    """A map of one channel normalised per channel, as convolutions are, and per position, as the answer has it."""
    values = np.random.RandomState(seed).normal(3.0, 2.0, [batch, side, side, 1]).astype(np.float32)
    rows = []
    for name, axes in (("per channel: over batch, height and width", [0, 1, 2]), ("per position: over the batch", [0])):
        with tf.Graph().as_default(), tf.Session() as session:
            x = tf.constant(values)
            mean, variance = tf.nn.moments(x, axes)
            normalised = session.run(tf.nn.batch_normalization(x, mean, variance, 0.0, 1.0, 1e-3))
        rows.append({"batch": batch, "statistics": name, "of values": values.size // int(mean.shape.num_elements()),
                     "mean": float(normalised.mean()), "deviation": float(normalised.std())})
    return rows
