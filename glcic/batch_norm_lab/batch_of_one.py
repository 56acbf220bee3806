"""The question's network, whose batch norms give zeros for a batch of one, and what helps.

The network has five 5x5 convolutions with stride 2 and padding VALID, each with batch norm and
PReLU. The last convolution is as large as its map, so its output is 1x1. The post also has a dense
layer in its place, commented out. Batch norm and tanh follow. gamma is sampled from N(1, 0.02^2),
beta is 0.

The post uses TensorLayer. Its BatchNormLayer has decay 0.9 and epsilon 1e-5 by default, in all of
its versions for TensorFlow 1.
"""

import numpy as np

from graphmode import slim, tf

FILTERS = (64, 128, 256, 256, 256)
OUTPUTS = 100
DECAY, EPSILON = 0.9, 1e-5  # TensorLayer's
LEARNS = 1e-4  # logits and gradients below this are rounding errors


def batch_norm(x, is_training, epsilon=EPSILON):
    """The question's batch norm; x: [batch, ..., channels]."""
    return tf.layers.batch_normalization(
        x,
        momentum=DECAY,
        epsilon=epsilon,
        training=is_training,
        name="batch_norm",
        gamma_initializer=tf.random_normal_initializer(1.0, 0.02, seed=_next_seed()),
    )


def _next_seed():
    """A seed for the next variable.

    Without one, TensorFlow counts the graph's ops. TensorFlow 1.15.5 creates fewer of them, so it
    would sample other weights.
    """
    return len(tf.global_variables())


def group_norm(x, groups):
    """Normalizes each group of channels of each image (Wu and He 2018).

    Args:
        x: [batch, 1, 1, channels].
        groups: a divisor of channels; 1 makes it layer norm.
    """
    parts = tf.reshape(x, [-1, groups, x.shape.as_list()[-1] // groups])
    mean, variance = tf.nn.moments(parts, [2], keep_dims=True)
    return tf.reshape((parts - mean) * tf.rsqrt(variance + 1e-3), tf.shape(x))


# Name -> (batch size, whether batch norm trains, what normalizes the last layer).
CURES = {
    "nothing": (1, True, batch_norm),
    "a batch of 2": (2, True, batch_norm),
    "a batch of 16": (16, True, batch_norm),
    "moving averages": (1, False, batch_norm),
    "instance norm": (1, True, lambda x, _: slim.instance_norm(x)),
    "group norm, 10 groups": (1, True, lambda x, _: group_norm(x, 10)),
    "layer norm": (1, True, lambda x, _: group_norm(x, 1)),
    "no batch norm on the 1x1 layer": (1, True, lambda x, _: x),
}


# Name -> what differs from the network of the post.
VARIANTS = {
    "the post": {},
    "dense last layer": {"dense": True},
    "epsilon 0.001": {"epsilon": 1e-3},  # the default of tf.layers
}


def conv_net(
    inputs, last=batch_norm, is_training=True, filters=FILTERS, epsilon=EPSILON, dense=False
):
    """The question's network.

    Args:
        inputs: [batch, 256, 256, 3].
        last: normalizes the last layer: a function of a tensor and of is_training.
        is_training: Python bool; batch statistics if true, moving averages otherwise.
        filters: number of filters of each convolution with stride 2.
        epsilon: of the batch norms of the other layers.
        dense: whether the last layer is the post's dense layer instead of its convolution.

    Returns:
        (output, logits), each [batch, 1, 1, 100], with `dense` [batch, 100]; output = tanh(logits).
    """
    network = inputs
    for i, n_out_channel in enumerate(filters):
        with tf.variable_scope("h" + str(i + 1)):
            network = _conv2d(network, n_out_channel, 5, 2)
            network = batch_norm(network, is_training, epsilon)
            with tf.variable_scope("activation"):
                a_init = tf.constant_initializer(0.2)
                alphas = tf.get_variable("alphas", [n_out_channel], initializer=a_init)
                network = tf.maximum(network, 0.0) + alphas * tf.minimum(network, 0.0)
    ############# OUTPUT LAYER ###############
    with tf.variable_scope("h" + str(len(filters) + 1)):
        if dense:
            network = tf.layers.flatten(network, name="flatten")
            network = tf.layers.dense(network, OUTPUTS, kernel_initializer=_xavier(), name="dense")
        else:
            output_filter_size = network.shape.as_list()[1:3]
            network = _conv2d(network, OUTPUTS, output_filter_size, 1)
        logits = last(network, is_training)
    return tf.nn.tanh(logits, name="activation"), logits


def _conv2d(x, filters, size, stride):
    return tf.layers.conv2d(
        x, filters, size, stride, "valid", kernel_initializer=_xavier(), name="conv2d"
    )


def _xavier():
    """tf.contrib.layers.xavier_initializer(uniform=True), by its later name."""
    return tf.glorot_uniform_initializer(seed=_next_seed())


def batches(sizes=(1, 2, 4, 16), side=256, seed=0):
    """The question's own table: logits and outputs by batch size.

    Two images have the values mean + d and mean - d in a channel of the last layer. The row
    "formula" is computed from these d: +-gamma d / sqrt(d^2 + epsilon). The last rows of a variant
    are its limit for a large d.

    Args:
        sizes: batch sizes. Only the post's own network gets more than two images.
        side: height and width of the images, in pixels.
        seed: of the weights and of the images, which are noise in [0, 1].
    """
    rows = []
    for variant, changes in VARIANTS.items():
        few = [size for size in sizes if size <= 2]
        results = _batches(changes, sizes if variant == "the post" else few, side, seed)
        rows += [{"network": variant, **row} for row in results]
    return rows


def _batches(changes, sizes, side, seed):
    rows, seen, epsilon = [], [], changes.get("epsilon", EPSILON)

    def last(x, is_training):
        seen.append(x)
        return batch_norm(x, is_training, epsilon)

    with tf.Graph().as_default(), tf.Session() as session:
        tf.set_random_seed(seed)
        x = tf.placeholder(tf.float32, [None, side, side, 3])
        output, logits = conv_net(x, last, **changes)
        session.run(tf.global_variables_initializer())
        gamma = session.run(_variable("h6/batch_norm/gamma"))
        for size in sizes:
            images = np.random.RandomState(seed).random_sample([size, side, side, 3])
            fetches = {"logits": logits, "output": output, "before": seen[0]}
            results = session.run(fetches, {x: images})
            before = results.pop("before").reshape(size, OUTPUTS)
            rows += [_statistics(size, name, values) for name, values in results.items()]
            if size == 2:
                half = np.abs(before[0] - before[1]) / 2
                formula = gamma * half / np.sqrt(half**2 + epsilon)
                rows.append(_statistics(size, "formula", np.concatenate([formula, -formula])))
    for name, values in (("+-gamma", gamma), ("+-tanh(gamma)", np.tanh(gamma))):
        rows.append(_statistics("", name, np.concatenate([values, -values])))
    return rows


def _variable(name):
    [variable] = [v for v in tf.trainable_variables() if v.op.name == name]
    return variable


def _statistics(size, name, values):
    return {
        "batch": size,
        "of": name,
        "mean": float(values.mean()),
        "standard deviation": float(values.std()),
        "minimum": float(values.min()),
        "maximum": float(values.max()),
    }


def cures(side=256, seed=0):
    """The last layer with each of the common cures.

    The gradient norm is that of a weighted sum of one image's logits with respect to the last
    filters. If it is 0, the filters never learn.
    """
    images = np.random.RandomState(seed).random_sample([17, side, side, 3]).astype(np.float32)
    return [_cured(cure, images, seed) for cure in CURES]


def _cured(cure, images, seed):
    size, is_training, last = CURES[cure]
    side = images.shape[1]
    weights_of_logits = np.random.RandomState(1).normal(size=[OUTPUTS]).astype(np.float32)
    with tf.Graph().as_default(), tf.Session() as session:
        tf.set_random_seed(seed)
        x = tf.placeholder(tf.float32, [None, side, side, 3])
        _, logits = conv_net(x, last, is_training)
        filters = _variable("h6/conv2d/kernel")
        target = tf.reduce_sum(logits[0] * tf.constant(weights_of_logits))
        norm = tf.norm(tf.gradients(target, filters)[0])
        session.run(tf.global_variables_initializer())
        first, norm = session.run([logits, norm], {x: images[:size]})
        second = session.run(logits, {x: images[1 : 1 + size]})
    difference = float(np.abs(first[0] - second[0]).max())
    return {
        "cure": cure,
        "standard deviation of the logits": float(first.std()),
        "largest difference between two images": difference,
        "gradient norm": float(norm),
        "tells images apart": difference > LEARNS,
        "learns": float(norm) > LEARNS,
    }
