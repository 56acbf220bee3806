"""The measurements of the batch-norm laboratory. Each returns rows: dictionaries of plain values.

Each is small enough to be checked by hand. tests/glcic/batch_norm_lab does so.
"""

import contextlib
import inspect

import numpy as np

from glcic import layers
from graphmode import slim, tf, variables

KINDS = tuple(layers.NORMS)
EPSILON = 1e-3  # of slim's and tf.layers' batch norms
EXAMPLE = (2.0, 4.0, 6.0), (4.0, 6.0, 8.0)  # the answer's batch of two

# Property -> the names that the functions' parameters have for it.
PARAMETERS = {
    "decay": ("decay", "momentum", "exponential_avg_factor"),
    "epsilon": ("epsilon", "variance_epsilon"),
    "center": ("center",),
    "scale": ("scale",),
    "training": ("is_training", "training"),
    "fused": ("fused",),
    "updates": ("updates_collections",),
    "padding": ("padding",),
    "activation": ("activation_fn", "activation"),
    "bias": ("use_bias", "biases_initializer"),
    "weights": ("weights_initializer", "kernel_initializer"),
}


def functions():
    """The installed functions by their names."""
    return {
        "slim.batch_norm": slim.batch_norm,
        "slim.layers.batch_norm": slim.layers.batch_norm,
        "tf.layers.batch_normalization": tf.layers.batch_normalization,
        "tf.nn.batch_normalization": tf.nn.batch_normalization,
        "tf.nn.fused_batch_norm": tf.nn.fused_batch_norm,
        "slim.conv2d": slim.conv2d,
        "tf.layers.conv2d": tf.layers.conv2d,
        "tf.nn.conv2d": tf.nn.conv2d,
    }


def signatures():
    """Where the functions are defined, and their parameters in order."""
    return [
        {
            "function": name,
            "module": function.__module__,
            "is slim.batch_norm": function is slim.batch_norm,
            "parameters": list(inspect.signature(function).parameters),
        }
        for name, function in functions().items()
    ]


def defaults():
    """The default values of the installed functions, read from their signatures."""
    rows = []
    for name, function in functions().items():
        parameters = inspect.signature(function).parameters
        row = {"function": name}
        for property_, names in PARAMETERS.items():
            values = [_plain(parameters[one].default) for one in names if one in parameters]
            row[property_] = values[0] if values else ""
        rows.append(row)
    return rows


def _plain(value):
    """A default value as text."""
    if value is inspect.Parameter.empty:
        return "required"
    if value is None or isinstance(value, (bool, int, float, str)):
        return str(value)
    if not hasattr(value, "__name__"):
        return type(value).__name__
    return value.__name__ if value.__name__ != "_initializer" else value.__qualname__.split(".")[0]


def created():
    """The variables and update ops that two applications of each kind create in one scope."""
    rows = []
    for kind in KINDS:
        with tf.Graph().as_default():
            x = tf.placeholder(tf.float32, [4, 8, 8, 3])
            updates = []
            for reuse in (False, True):
                earlier = sum(map(len, updates))
                with tf.variable_scope("D", reuse=reuse):
                    layers.normalize(kind, x, True)
                ops = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
                updates.append([op.name for op in ops][earlier:])
            others = set(tf.global_variables()) - set(tf.trainable_variables())
            rows.append(
                {
                    "kind": kind,
                    "trainable": [v.op.name for v in tf.trainable_variables()],
                    "not trainable": sorted(v.op.name for v in others),
                    "update ops": updates[0],
                    "update ops of the second application": updates[1],
                }
            )
    return rows


def behaviour(batch=4, seed=0):
    """The output of each kind for one batch, and again in inference after one update.

    The batch is [batch, 5, 5, 3], sampled from N(3, 4). Means and standard deviations are over all
    values. The gradient is that of sum(output^3) with respect to the input.
    """
    x = np.random.RandomState(seed).normal(3.0, 2.0, [batch, 5, 5, 3]).astype(np.float32)
    return [_behaviour(kind, x) for kind in KINDS]


def _behaviour(kind, values):
    row = {"kind": kind}
    with tf.Graph().as_default(), tf.Session() as session:
        tf.set_random_seed(0)
        x = tf.constant(values)
        with tf.variable_scope("D"):
            trained = layers.normalize(kind, x, True)
        # The second application of "author" would have its own gamma and beta.
        has_inference = kind != "author"
        if has_inference:
            with tf.variable_scope("D", reuse=True):
                inference = layers.normalize(kind, x, False)
        by_input = tf.gradients(tf.reduce_sum(trained**3), x)[0]
        session.run(tf.global_variables_initializer())
        for variable in tf.trainable_variables():
            if variable.op.name.endswith("scale"):  # sampled by nn_moments
                variable.load(np.ones(variable.shape.as_list()), session)
        output, gradient = session.run([trained, by_input])
        session.run(variables.updates("D"))
        row["training: mean"] = float(output.mean())
        row["training: standard deviation"] = float(output.std())
        row["mean absolute gradient"] = float(np.abs(gradient).mean())
        if has_inference:
            output = session.run(inference)
            row["inference: mean"] = float(output.mean())
            row["inference: standard deviation"] = float(output.std())
        for variable in variables.moving_averages("D"):
            row[variable.op.name.split("/")[-1]] = session.run(variable).tolist()
    return row


def fused(count=100, decay=0.9, seed=0):
    """The variances that fused and unfused kernels use and keep.

    The batch has `count` values in one channel. "moving variance" is the one after one update.
    "normalizes by" is computed from the variance of the output. Both columns are followed by the
    batch's variance that they fit, biased (divided by N) or unbiased (N - 1).
    """
    values = np.random.RandomState(seed).normal(0.0, 2.0, [count, 1, 1, 1]).astype(np.float32)
    batch = {"biased": float(values.var()), "unbiased": float(values.var(ddof=1))}
    kept = {name: decay + (1 - decay) * variance for name, variance in batch.items()}
    rows = []
    for kernel, (is_fused, shape) in KERNELS.items():
        for library, apply in LIBRARIES.items():
            row = {"library": library, "kernel": kernel, "moving variance": "ValueError"}
            rows.append(row)
            with contextlib.suppress(ValueError):
                moving, output = _variances(apply, values.reshape([count, *shape]), decay, is_fused)
                # The output is the input divided by sqrt(variance + epsilon).
                divisor = batch["biased"] / output - EPSILON
                row.update({"moving variance": moving, "keeps": _closest(moving, kept)})
                row.update({"normalizes by": divisor, "uses": _closest(divisor, batch)})
    return rows


def _closest(value, candidates):
    return min(candidates, key=lambda name: abs(candidates[name] - value))


def _variances(apply, values, decay, is_fused):
    """(moving variance after one update, variance of the output)."""
    with tf.Graph().as_default(), tf.Session() as session:
        output, moving = apply(tf.constant(values), decay, is_fused)
        session.run(tf.global_variables_initializer())
        session.run(tf.get_collection(tf.GraphKeys.UPDATE_OPS))
        return float(session.run(moving)[0]), float(session.run(output).var())


def _fused_by_slim(x, decay, is_fused):
    output = slim.batch_norm(x, decay=decay, fused=is_fused)
    return output, _moving_variance()


def _fused_by_layers(x, decay, is_fused):
    output = tf.layers.batch_normalization(x, momentum=decay, training=True, fused=is_fused)
    return output, _moving_variance()


def _fused_by_nn(x, decay, is_fused):
    """By hand. Only `is_fused` True takes the fused kernel, which gives the batch's variance."""
    if is_fused:
        ones = tf.ones([x.shape[-1]])
        output, _, variance = tf.nn.fused_batch_norm(x, ones, 0.0 * ones, epsilon=EPSILON)
    else:
        mean, variance = tf.nn.moments(x, list(range(x.shape.ndims - 1)))
        output = tf.nn.batch_normalization(x, mean, variance, None, None, EPSILON)
    return output, decay + (1 - decay) * variance


def _moving_variance():
    [moving] = [v for v in tf.global_variables() if v.op.name.endswith("moving_variance")]
    return moving


# The values of `fused`, and the shape of one example.
KERNELS = {
    "fused, rank 4": (True, [1, 1, 1]),
    "unfused, rank 4": (False, [1, 1, 1]),
    "default, rank 4": (None, [1, 1, 1]),
    "fused, rank 2": (True, [1]),
    "unfused, rank 2": (False, [1]),
    "default, rank 2": (None, [1]),
}
LIBRARIES = {"slim": _fused_by_slim, "tf.layers": _fused_by_layers, "tf.nn": _fused_by_nn}


def many_steps(steps=1000, mean=3.0, stddev=2.0, seed=0):
    """The moving averages over the steps, with and without their update ops.

    The batches are 64 values of N(mean, stddev^2).

    Returns:
        rows: `gap` is the mean absolute difference between the layer's outputs in training and in
            inference, for one batch of 4096 values.
        curves: name -> the moving mean after each step.
    """
    rows, curves = [], {}
    for kind in ("slim", "layers_training_updates"):
        for run_updates in (True, False):
            row, curve = _many_steps(kind, run_updates, steps, mean, stddev, seed)
            rows.append({"kind": kind, "update ops run": run_updates, **row})
            curves[f"{kind} {'with' if run_updates else 'without'} update ops"] = curve
    return rows, curves


def _many_steps(kind, run_updates, steps, mean, stddev, seed):
    values = np.random.RandomState(seed).normal(mean, stddev, [4096, 1, 1, 1])
    with tf.Graph().as_default(), tf.Session() as session:
        tf.set_random_seed(seed)
        batch = tf.random_normal([64, 1, 1, 1], mean, stddev, seed=seed)
        fixed = tf.constant(values.astype(np.float32))
        with tf.variable_scope("D"):
            output = layers.normalize(kind, batch, True)
        with tf.variable_scope("D", reuse=True):
            in_training = layers.normalize(kind, fixed, True)
        with tf.variable_scope("D", reuse=True):
            in_inference = layers.normalize(kind, fixed, False)
        moving = {v.op.name.split("/")[-1]: v for v in variables.moving_averages("D")}
        session.run(tf.global_variables_initializer())
        ops = [output, *(variables.updates("D") if run_updates else [])]
        curve = []
        for _ in range(steps):
            session.run(ops)
            curve.append(float(session.run(moving["moving_mean"])[0]))
        outputs = session.run([in_training, in_inference])
        row = {
            "moving mean": curve[-1],
            "moving variance": float(session.run(moving["moving_variance"])[0]),
            "gap": float(np.abs(outputs[0] - outputs[1]).mean()),
        }
    return row, curve


def answer():
    """The answer's batch of two, [2, 4, 6] and [4, 6, 8], then each of them alone."""
    rows = []
    for batch in (EXAMPLE, EXAMPLE[:1], EXAMPLE[1:]):
        values = np.float32(batch)
        with tf.Graph().as_default(), tf.Session() as session:
            normalized = tf.layers.batch_normalization(tf.constant(values), training=True)
            session.run(tf.global_variables_initializer())
            rows.append(
                {
                    "batch": values.tolist(),
                    "means": values.mean(0).tolist(),
                    "variances": values.var(0).tolist(),
                    "normalized": session.run(normalized).tolist(),
                }
            )
    return rows


def per_pixel(batch=1, side=4, seed=0):
    """A map of one channel, normalized per channel (convolutions) and per position (the answer)."""
    values = np.random.RandomState(seed).normal(3.0, 2.0, [batch, side, side, 1])
    statistics = {
        "per channel: over batch, height and width": [0, 1, 2],
        "per position: over the batch": [0],
    }
    rows = []
    for name, axes in statistics.items():
        with tf.Graph().as_default(), tf.Session() as session:
            x = tf.constant(values.astype(np.float32))
            mean, variance = tf.nn.moments(x, axes)
            output = session.run(tf.nn.batch_normalization(x, mean, variance, 0.0, 1.0, 1e-3))
        rows.append(
            {
                "batch": batch,
                "statistics": name,
                "number of values": values.size // int(mean.shape.num_elements()),
                "mean": float(output.mean()),
                "standard deviation": float(output.std()),
            }
        )
    return rows
