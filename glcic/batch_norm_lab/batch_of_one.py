"""The question's network, whose batch norms give zeros for a batch of one, and what helps.

Five 5x5 convolutions, stride 2, VALID, each with batch norm and PReLU, then one as large as its map, which leaves 1x1,
with batch norm and tanh. gamma is drawn from N(1, 0.02), beta is 0.
"""

import numpy as np

from graphmode import slim, tf

FILTERS = (64, 128, 256, 256, 256)
OUTPUTS = 100
CURES = ("nothing", "a batch of 2", "a batch of 16", "moving averages", "instance norm", "group norm, 10 groups", "layer norm",
         "no batch norm on the 1x1 layer")


def _batch_norm(x, is_training, name="batch_norm"):
    return tf.layers.batch_normalization(x, training=is_training, name=name,
                                         gamma_initializer=tf.random_normal_initializer(1.0, 0.02))


def conv_net(inputs, last=_batch_norm, is_training=True, filters=FILTERS):
    """[batch, 256, 256, 3] -> (output, logits), [batch, 1, 1, 100] each, output = tanh(logits).

    last: what normalises the last layer: a function of a tensor and of is_training.
    """
    network = inputs
    for i, n_out_channel in enumerate(filters):
        with tf.variable_scope("h" + str(i + 1)):
            network = tf.layers.conv2d(network, n_out_channel, 5, strides=2, padding="valid", name="conv2d")
            network = _batch_norm(network, is_training)
            alpha = tf.get_variable("alphas", [n_out_channel], initializer=tf.constant_initializer(0.2))
            network = tf.maximum(network, 0.0) + alpha * tf.minimum(network, 0.0)
    with tf.variable_scope("h" + str(len(filters) + 1)):
        output_filter_size = network.shape.as_list()[1:3]
        network = tf.layers.conv2d(network, OUTPUTS, output_filter_size, padding="valid", name="conv2d")
        logits = last(network, is_training)
    return tf.nn.tanh(logits, name="activation"), logits


def batches(sizes=(1, 2, 4, 16), side=256, seed=0):
    """The question's own table: mean, deviation and extremes of outputs and logits, by size of the batch; and gamma's."""
    rows = []
    with tf.Graph().as_default(), tf.Session() as session:
        tf.set_random_seed(seed)
        x = tf.placeholder(tf.float32, [None, side, side, 3])
        output, logits = conv_net(x)
        gamma = next(v for v in tf.trainable_variables() if v.op.name == "h6/batch_norm/gamma")
        session.run(tf.global_variables_initializer())
        scales = session.run(gamma)
        for size in sizes:
            pictures = np.random.RandomState(seed).random_sample([size, side, side, 3])
            for name, values in zip(("logits", "output"), session.run([logits, output], {x: pictures})):
                rows.append({"batch": size, "of": name, "mean": float(values.mean()), "deviation": float(values.std()),
                             "least": float(values.min()), "largest": float(values.max())})
    for name, values in (("gamma", scales), ("tanh(gamma)", np.tanh(scales))):
        rows.append({"batch": "", "of": "+-" + name, "mean": 0.0, "deviation": float(np.sqrt(np.mean(values ** 2))),
                     "least": float(-values.max()), "largest": float(values.max())})
    return rows


def _group_norm(x, groups):
    """Wu, He 2018: [batch, 1, 1, channels], normalised over each of the groups of channels of each picture."""
    parts = tf.reshape(x, [-1, groups, x.shape.as_list()[-1] // groups])
    mean, variance = tf.nn.moments(parts, [2], keep_dims=True)
    return tf.reshape((parts - mean) * tf.rsqrt(variance + 1e-3), tf.shape(x))


def cures(side=256, seed=0):
    """What each of the widely used cures does to the last layer.

    "tells pictures apart": whether the logits of two pictures, each given as the cure has it, differ by more than
    rounding. "gradient": the length of that of the logits' weighted sum by the last filters; 0: they never learn.
    """
    norms = {"instance norm": lambda x, _: slim.instance_norm(x), "layer norm": lambda x, _: _group_norm(x, 1),
             "group norm, 10 groups": lambda x, _: _group_norm(x, 10), "no batch norm on the 1x1 layer": lambda x, _: x}
    pictures = np.random.RandomState(seed).random_sample([17, side, side, 3]).astype(np.float32)
    rows = []
    for cure in CURES:
        size = int(cure.split()[-1]) if cure.startswith("a batch") else 1
        with tf.Graph().as_default(), tf.Session() as session:
            tf.set_random_seed(seed)
            x = tf.placeholder(tf.float32, [None, side, side, 3])
            is_training = cure != "moving averages"
            _, logits = conv_net(x, norms.get(cure, _batch_norm), is_training)
            weights = next(v for v in tf.trainable_variables() if v.op.name == "h6/conv2d/kernel")
            toward = tf.constant(np.random.RandomState(1).normal(size=[OUTPUTS]).astype(np.float32))
            gradient = tf.norm(tf.gradients(tf.reduce_sum(logits[0] * toward), weights)[0])
            session.run(tf.global_variables_initializer())
            first, length = session.run([logits, gradient], {x: pictures[:size]})
            second = session.run(logits, {x: pictures[1:1 + size]})
        apart = float(np.abs(first[0] - second[0]).max())
        rows.append({"cure": cure, "logits' deviation": float(first.std()), "two pictures' logits differ by": apart,
                     "gradient": float(length), "tells pictures apart": apart > 1e-4, "learns": float(length) > 1e-4})
    return rows
