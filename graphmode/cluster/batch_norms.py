"""Batch norms whose statistics are over the batches of all workers (`--sync_batch_norm`)."""

import contextlib
import importlib
from typing import Iterator

from graphmode import tf


@contextlib.contextmanager
def synchronized(exchange) -> Iterator[None]:
    """While it lasts, batch statistics in graphs are those of all workers together.

    tf.layers and slim use one fused op; batch norms by hand use tf.nn.moments over all axes but
    the last. Loops (tf.map_fn) keep their own statistics: they show images one by one.
    """
    gen_nn_ops, nn_impl, nn = (
        importlib.import_module(f"tensorflow.python.ops.{name}")
        for name in ("gen_nn_ops", "nn_impl", "nn")
    )
    own_moments = moments(exchange, nn_impl.moments)
    own = {
        (gen_nn_ops, "fused_batch_norm_v3"): fused(exchange, gen_nn_ops.fused_batch_norm_v3),
        (nn_impl, "moments"): own_moments,
        (nn, "moments"): own_moments,
        (tf.nn, "moments"): own_moments,
    }
    plain = {place: getattr(*place) for place in own}
    try:
        for (module, name), function in own.items():
            setattr(module, name, function)
        yield
    finally:
        for (module, name), function in plain.items():
            setattr(module, name, function)


def statistics(exchange, x):
    """Mean and variance over all workers and over all axes but the last: [channels] each.

    Each worker has the same number of values. The variance is that of all values: the mean of the
    workers' variances and the variance of their means.
    """
    axes = list(range(x.shape.ndims - 1))
    mean = tf.reduce_mean(x, axes, name="workers_mean")
    variance = tf.reduce_mean(tf.square(x - mean), axes, name="workers_variance")
    both = exchange.gathered(tf.concat([mean, variance], 0))  # [workers, 2 * channels]
    means, variances = tf.split(both, 2, axis=1)
    mean = tf.reduce_mean(means, 0)
    return mean, tf.reduce_mean(variances + tf.square(means - mean), 0)


def _in_loop():
    return tf.get_default_graph()._get_control_flow_context() is not None


def moments(exchange, plain):
    """tf.nn.moments with `statistics`."""

    def own(x, axes, shift=None, name=None, keep_dims=None, keepdims=None):
        x = tf.convert_to_tensor(x)
        rank, kept = x.shape.ndims, bool(keep_dims or keepdims)
        if (
            _in_loop()
            or rank is None
            or rank < 2
            or sorted(int(axis) % rank for axis in axes) != list(range(rank - 1))
        ):
            return plain(x, axes, shift, name, keepdims=kept)
        both = statistics(exchange, x)
        shape = [1] * (rank - 1) + [x.shape.as_list()[-1]]
        return tuple(tf.reshape(value, shape) if kept else value for value in both)

    return own


def fused(exchange, plain):
    """gen_nn_ops.fused_batch_norm_v3 with `statistics` in training."""

    def own(
        x,
        scale,
        offset,
        mean,
        variance,
        epsilon=0.0001,
        exponential_avg_factor=1,
        data_format="NHWC",
        is_training=True,
        name=None,
    ):
        if not is_training or _in_loop():
            averages = (mean, variance, epsilon, exponential_avg_factor)
            return plain(x, scale, offset, *averages, data_format, is_training, name)
        if data_format != "NHWC" or exponential_avg_factor not in (None, 1):
            raise ValueError("--sync_batch_norm needs [batch, height, width, channels]")
        mean, variance = statistics(exchange, x)
        y = (x - mean) * (tf.rsqrt(variance + epsilon) * scale) + offset
        # As the op: moving averages get the unbiased variance, of the values of all workers.
        values = tf.cast(tf.size(x) // tf.size(mean) * exchange.count, tf.float32)
        unbiased = variance * (values / tf.maximum(values - 1.0, 1.0))
        return y, mean, unbiased, mean, variance, variance

    return own
