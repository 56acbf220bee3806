"""The three ways to write a layer that the blog compared: slim's, tf.layers' and tf.nn's; here they compute the same.

All have SAME borders, a bias and no activation, weights from Glorot's uniform distribution. By default slim adds a ReLU, and
tf.layers has VALID borders; tf.nn has neither bias nor initialiser.
"""

from graphmode import slim, tf

KINDS = ("slim", "layers", "nn")


def conv2d(kind, x, filters, kernel, stride=1, rate=1):
    """[batch, height, width, channels] -> [batch, height / stride, width / stride, filters]; rate: of dilation."""
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
        drawn = tf.nn.conv2d_transpose(x, weights, shape, [1, stride, stride, 1], padding="SAME") + biases
        drawn.set_shape([x.shape[0], None, None, filters])
        return drawn


def dense(kind, x, units):
    """[batch, size] -> [batch, units]; of [batch, height, width, size], each position by itself."""
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
