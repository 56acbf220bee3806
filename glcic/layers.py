"""卷积函数和归一化函数: the convolutions and batch norms that the blog compared.

`CONVS` has three kinds of convolution: the functions of slim, tf.layers and tf.nn. Here all three
compute the same: SAME padding, a bias, no activation, weights from Glorot's uniform distribution.
Their defaults differ: slim adds a ReLU, tf.layers has VALID padding, and tf.nn has neither a bias
nor an initializer.

`NORMS` has ten kinds of batch norm. The blog saw the two networks fight (对抗) only with slim's. It
supposed that the reason is that the libraries have different defaults. The ten kinds differ in
each of these points:

- Do they normalize in training?
- Do they normalize by the statistics of the batch, or by moving averages?
- Do they have a gamma?
- Do two applications of a network share beta and gamma?
"""

from typing import NamedTuple

from graphmode import slim, tf

CONVS = ("slim", "layers", "nn")


def conv2d(kind, x, filters, kernel, stride=1, rate=1):
    """Applies a convolution.

    Args:
        x: [batch, height, width, channels].
        kernel: height and width of the filters.
        rate: dilation rate; 1: no dilation.

    Returns:
        [batch, height / stride, width / stride, filters].
    """
    if kind == "slim":
        return slim.conv2d(x, filters, kernel, stride, rate=rate, activation_fn=None)
    if kind == "layers":
        return tf.layers.conv2d(x, filters, kernel, stride, padding="same", dilation_rate=rate)
    with tf.variable_scope(None, "conv2d"):
        weights, biases = _weights([kernel, kernel, x.shape[-1], filters]), _biases(filters)
        if rate > 1:
            return tf.nn.atrous_conv2d(x, weights, rate, padding="SAME") + biases
        return tf.nn.conv2d(x, weights, strides=[1, stride, stride, 1], padding="SAME") + biases


def conv2d_transpose(kind, x, filters, kernel, stride):
    """[batch, height, width, channels] -> [batch, height * stride, width * stride, filters]."""
    if kind == "slim":
        return slim.conv2d_transpose(x, filters, kernel, stride, activation_fn=None)
    if kind == "layers":
        return tf.layers.conv2d_transpose(x, filters, kernel, stride, padding="same")
    with tf.variable_scope(None, "conv2d_transpose"):
        weights, biases = _weights([kernel, kernel, filters, x.shape[-1]]), _biases(filters)
        batch, height, width = tf.unstack(tf.shape(x)[:3])
        shape = tf.stack([batch, height * stride, width * stride, filters])
        strides = [1, stride, stride, 1]
        y = tf.nn.conv2d_transpose(x, weights, shape, strides, padding="SAME") + biases
        y.set_shape([x.shape[0], None, None, filters])
        return y


def dense(kind, x, units):
    """[batch, size] -> [batch, units], or [batch, height, width, size] -> [..., units]."""
    if kind == "slim":
        return slim.fully_connected(x, units, activation_fn=None)
    if kind == "layers":
        return tf.layers.dense(x, units)
    with tf.variable_scope(None, "dense"):
        return tf.tensordot(x, _weights([x.shape[-1], units]), 1) + _biases(units)


def _weights(shape):
    return tf.get_variable("weights", shape, initializer=tf.glorot_uniform_initializer())


def _biases(number):
    return tf.get_variable("biases", [number], initializer=tf.zeros_initializer())


def _slim(x, is_training):
    """slim's defaults: a beta but no gamma, decay 0.999, epsilon 0.001.

    It uses the statistics of the batch in training, and the moving averages otherwise.
    """
    return slim.batch_norm(x, is_training=is_training)


def _slim_scale(x, is_training):
    """slim's batch norm with a gamma."""
    return slim.batch_norm(x, scale=True, is_training=is_training)


def _layers(x, is_training):
    """tf.layers' defaults, which include training=False.

    It uses its moving averages. No op updates them, so they stay 0 and 1. Nothing is normalized.
    """
    return tf.layers.batch_normalization(x)


def _layers_training(x, is_training):
    """tf.layers' batch norm with the training flag, but its update ops are not run.

    It uses the statistics of the batch in training. Otherwise it uses the moving averages, which
    stay 0 and 1.
    """
    kept = list(tf.get_collection(tf.GraphKeys.UPDATE_OPS))
    normalized = tf.layers.batch_normalization(x, training=is_training)
    tf.get_collection_ref(tf.GraphKeys.UPDATE_OPS)[:] = kept
    return normalized


def _layers_training_updates(x, is_training):
    """tf.layers' batch norm with the training flag and update ops (`variables.minimize`)."""
    return tf.layers.batch_normalization(x, training=is_training)


def _nn_moments(x, is_training):
    """The pix2pix notes' function, by hand: it always uses the statistics of the batch.

    The offset starts at 0, the scale starts with values from N(1, 0.02), epsilon is 1e-5.
    """
    with tf.variable_scope(None, "batchnorm"):
        channels = x.shape[-1]
        offset = tf.get_variable("offset", [channels], initializer=tf.zeros_initializer())
        around_one = tf.random_normal_initializer(1.0, 0.02)
        scale = tf.get_variable("scale", [channels], initializer=around_one)
        mean, variance = tf.nn.moments(x, list(range(x.shape.ndims - 1)))
        return tf.nn.batch_normalization(x, mean, variance, offset, scale, variance_epsilon=1e-5)


def _author(x, is_training):
    """The blog author's own function: by hand, decay 0.5, gamma and beta by tf.Variable.

    tf.Variable ignores `reuse`. So D(real) and D(completion) have separate gammas and betas, and D
    can tell the two apart by these alone.
    """

    def variable(name, value, trainable=True):
        return tf.Variable(value, name=name, trainable=trainable)

    return _by_hand(x, is_training, variable)


def _author_shared(x, is_training):
    """The author's function with tf.get_variable: both applications share gamma and beta."""

    def variable(name, value, trainable=True):
        return tf.get_variable(name, initializer=lambda: value, trainable=trainable)

    return _by_hand(x, is_training, variable)


def _by_hand(x, is_training, variable):
    """Batch norm by hand, decay 0.5.

    Args:
        variable: function that makes a variable from a name, its first value, and `trainable`.
    """
    with tf.variable_scope(None, "author"):
        channels = [x.shape.as_list()[-1]]
        beta, gamma = variable("beta", tf.zeros(channels)), variable("gamma", tf.ones(channels))
        zeros, ones = tf.zeros(channels), tf.ones(channels)
        moving = [
            variable("moving_mean", zeros, trainable=False),
            variable("moving_variance", ones, trainable=False),
        ]
        if not is_training:
            return tf.nn.batch_normalization(x, *moving, beta, gamma, 1e-3)
        batch = tf.nn.moments(x, list(range(x.shape.ndims - 1)))
        updates = [
            tf.assign(average, 0.5 * average + 0.5 * new) for average, new in zip(moving, batch)
        ]
        with tf.control_dependencies(updates):
            mean, variance = map(tf.identity, batch)
            return tf.nn.batch_normalization(x, mean, variance, beta, gamma, 1e-3)


def _none(x, is_training):
    """No batch norm."""
    return x


def _instance(x, is_training):
    """slim's instance norm, for each image alone. [batch, channels] is returned unchanged."""
    return slim.instance_norm(x) if x.shape.ndims == 4 else x


NORMS = {
    "slim": _slim,
    "slim_scale": _slim_scale,
    "layers": _layers,
    "layers_training": _layers_training,
    "layers_training_updates": _layers_training_updates,
    "nn_moments": _nn_moments,
    "author": _author,
    "author_shared": _author_shared,
    "none": _none,
    "instance": _instance,
}


def normalize(kind, x, is_training):
    """Normalizes [batch, height, width, channels] or [batch, channels].

    Args:
        kind: a name in `NORMS`.
        is_training: Python bool. The docstring of each kind says what it changes.
    """
    return NORMS[kind](x, is_training)


def _srelu(x, is_training):
    """The shifted ReLU, max(-1, x). The notes on pix2pix give no formula of their SReLU."""
    return tf.maximum(x, -1.0)


def _prelu(x, is_training):
    """A leaky ReLU with a slope for each channel, which is learned (He et al. 2015)."""
    with tf.variable_scope(None, "prelu"):
        start = tf.constant_initializer(0.25)
        slope = tf.get_variable("slope", [x.shape.as_list()[-1]], initializer=start)
    return tf.maximum(x, 0.0) + slope * tf.minimum(x, 0.0)


def _rrelu(x, is_training):
    """A leaky ReLU with a random slope for each number in training, and the mean slope otherwise.

    Reference: Xu et al. 2015, "Empirical Evaluation of Rectified Activations in Convolutional
    Network".
    """
    low, high = 1.0 / 8.0, 1.0 / 3.0
    slope = tf.random_uniform(tf.shape(x), low, high) if is_training else (low + high) / 2.0
    return tf.where(x > 0.0, x, slope * x)


# The activations that the notes on pix2pix name. is_training matters to rrelu alone.
ACTIVATIONS = {
    "lrelu": lambda x, is_training: tf.nn.leaky_relu(x),
    "relu": lambda x, is_training: tf.nn.relu(x),
    "elu": lambda x, is_training: tf.nn.elu(x),
    "srelu": _srelu,
    "prelu": _prelu,
    "rrelu": _rrelu,
    "sigmoid": lambda x, is_training: tf.sigmoid(x),
    "tanh": lambda x, is_training: tf.tanh(x),
}


class Layers(NamedTuple):
    """The layers that the networks consist of.

    Attributes:
        conv: a name in `CONVS`, the library of convolutions and dense layers.
        norm: a name in `NORMS`.
        reshape, last_batch_norm: variants of the discriminators that the blog tried, see
            `config.Factors`.
        activation: a name in `ACTIVATIONS`. In the docstrings below it is the text's, leaky ReLU.
    """

    conv: str = "slim"
    norm: str = "slim"
    reshape: bool = True
    last_batch_norm: bool = False
    activation: str = "lrelu"

    def conv2d(self, x, is_training, filters, kernel, stride=1, rate=1):
        """Convolution, batch norm, leaky ReLU."""
        return self._activated(conv2d(self.conv, x, filters, kernel, stride, rate), is_training)

    def conv2d_transpose(self, x, is_training, filters, kernel, stride):
        """Transposed convolution, batch norm, leaky ReLU."""
        return self._activated(conv2d_transpose(self.conv, x, filters, kernel, stride), is_training)

    def dense(self, x, is_training, units):
        """Dense layer, batch norm, leaky ReLU."""
        return self._activated(dense(self.conv, x, units), is_training)

    def flatten(self, x):
        """[batch, height, width, channels] -> [batch, height * width * channels]."""
        return slim.flatten(x) if self.reshape else x

    def logit(self, x, is_training):
        """The discriminators' last dense layer: [batch, size] -> [batch, 1]."""
        return self.dense(x, is_training, 1) if self.last_batch_norm else dense(self.conv, x, 1)

    def _activated(self, x, is_training):
        return ACTIVATIONS[self.activation](normalize(self.norm, x, is_training), is_training)


SLIM = Layers()
