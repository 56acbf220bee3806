"""The blog's calls, as it prints them, in the smallest GLCIC that its sentences allow.

The blog prints no listings. It names calls (`tf.squeeze(x,-1)`,
`tf.image.crop_to_bounding_box(self.inputs[k],y1,x1,64,64)`, `slim.conv2d()`, `tf.nn.conv2d()`,
`tf.contrib.slim.batch_norm()`) and what it exchanged. The cases are these exchanges.
"""

import numpy as np

from graphmode import slim, tf
from tests.referee.facts import Case, constant

CANNOT_RUN = {
    "blog, tf.nn.conv2d()": "TypeError: no arguments. The blog only names it, as slim.conv2d().",
    "blog, tf.contrib.slim.batch_norm()": "AttributeError: tf has no contrib today; slim has it.",
    "blog, tensorflow.squeeze": "NameError: name 'tensorflow' is not defined; tf is meant.",
    "blog, (x*mask)": "NameError: two names of the blog's sentences.",
}

SIZE, HOLE = 128, 64  # the blog's crops. Few filters: where leaky ReLU bends, rounding decides
A = 0.0004  # 超参数a


def conv2d(kind, x, filters, stride=2):
    """`slim.conv2d()`, or `tf.nn.conv2d()` in its place."""
    if kind == "slim":
        # Batch norm follows: the gradient of a bias would be 0, and its rounding errors compared.
        return slim.conv2d(x, filters, 5, stride, activation_fn=None, biases_initializer=None)
    with tf.variable_scope(None, "conv"):
        weights = tf.get_variable("weights", [5, 5, x.shape.as_list()[-1], filters])
        return tf.nn.conv2d(x, weights, [1, stride, stride, 1], padding="SAME")


def batch_norm(kind, x):
    """`slim.batch_norm()` with its defaults, or other functions of TensorFlow in its place."""
    if kind == "slim":
        return slim.batch_norm(x)
    if kind == "layers":
        return tf.layers.batch_normalization(x)
    with tf.variable_scope(None, "norm"):
        channels = x.shape.as_list()[-1:]
        offset = tf.get_variable("offset", channels)
        scale = tf.get_variable("scale", channels)
        mean, variance = tf.nn.moments(x, list(range(len(x.shape) - 1)))
        return tf.nn.batch_normalization(x, mean, variance, offset, scale, 1e-3)


def completion_network(x, mask, kinds):
    """编码, 解码: two convolutions that halve, two that double."""
    conv, norm = kinds
    # fmt: off
    x = (x*mask)
    # fmt: on
    for filters in (2, 4):
        x = tf.nn.relu(batch_norm(norm, conv2d(conv, x, filters)))
    for filters in (2, 3):
        doubled = [2 * side for side in x.shape.as_list()[1:3]]
        x = conv2d(conv, tf.image.resize_nearest_neighbor(x, doubled), filters, 1)
    return tf.nn.tanh(x)


class Discriminator:
    """鉴别器: looks at the whole image and at the patch, 二者全连接."""

    def __init__(self, inputs, corners, kinds, last):
        self.inputs, self.kinds = inputs, kinds
        patches = []
        for k, (y1, x1) in enumerate(corners):
            # fmt: off
            patches.append(tf.image.crop_to_bounding_box(self.inputs[k],y1,x1,64,64))
            # fmt: on
        with tf.variable_scope("local"):
            seen = [self.tower(tf.stack(patches))]
        with tf.variable_scope("global"):
            seen.append(self.tower(inputs))
        features = tf.concat(seen, 1)
        x = slim.fully_connected(features, 1, None, biases_initializer=None, scope="last")
        if last == "batch_norm":  # 最后一层用了batch_norm先归一化然后再用leaky_rule去激活
            x = tf.nn.leaky_relu(batch_norm(kinds[1], x))
        # fmt: off
        self.score = tf.squeeze(x,-1)
        # fmt: on
        if last == "sigmoid":
            self.score = tf.nn.sigmoid(self.score)

    def tower(self, x):
        conv, norm = self.kinds
        for filters in (2, 4, 4):
            x = tf.nn.leaky_relu(batch_norm(norm, conv2d(conv, x, filters)))
        # 在全连接之前少了一步reshape
        x = tf.reshape(x, [x.shape.as_list()[0], -1])
        return slim.fully_connected(x, 16, None, biases_initializer=None, scope="features")


def fight(conv, norm, last="logit"):
    """补全网络 and 鉴别器 with the losses of all three phases."""
    kinds, corners = (conv, norm), [(64, 0), (5, 31)]
    x = constant("images", len(corners), SIZE, SIZE, 3)
    hole = np.zeros([len(corners), SIZE, SIZE, 1], np.float32)
    for k, (y1, x1) in enumerate(corners):
        hole[k, y1 : y1 + HOLE, x1 : x1 + HOLE] = 1
    with tf.variable_scope("G"):
        imitation = completion_network(x, 1 - hole, kinds)
    completion = imitation * hole + x * (1 - hole)
    with tf.variable_scope("D"):
        real = Discriminator(x, corners, kinds, last).score
    with tf.variable_scope("D", reuse=True):
        fake = Discriminator(completion, corners, kinds, last).score
    mse = tf.reduce_mean(tf.square(imitation - x))

    def cross_entropy(score, label):
        labels = tf.ones_like(score) * label
        return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(logits=score, labels=labels))

    D_loss = cross_entropy(real, 1.0) + cross_entropy(fake, 0.0)
    G_loss_gan = cross_entropy(fake, 1.0)
    G_loss_all = mse + A * G_loss_gan
    outputs = {"imitation": imitation, "completion": completion, "real": real, "fake": fake}
    outputs.update(mse=mse, D_loss=D_loss, G_loss_gan=G_loss_gan, G_loss_all=G_loss_all)
    return Case(outputs, D_loss + G_loss_all)


def glossary():
    """实验中函数汇总."""
    input, tensor, A = constant("input", 2, 3, 4), constant("tensor", 4, 6), constant("A", 3, 5)
    shape, min, max = [3, -1], -0.25, 0.5
    zeros = np.zeros
    # fmt: off
    functions = {
        "transpose": tf.transpose(input, [2,1,0]),
        "reshape": tf.reshape(tensor,shape,name=None),
        "squeeze": tf.squeeze(input[:, :1], squeeze_dims=None, name=None),
        "squeeze at a place": tf.squeeze(input[:1, :1], squeeze_dims=[1], name=None),
        "zeros": tf.constant(zeros(shape[:1], dtype=float, order='C')),
        "clip_by_value": tf.clip_by_value(A, min, max),
    }
    # fmt: on
    return Case(functions, tf.constant(0.0))


CASES = {
    "blog_glossary": glossary,
    "blog_slim": lambda: fight("slim", "slim"),
    "blog_slim_sigmoid": lambda: fight("slim", "slim", "sigmoid"),
    "blog_slim_last_batch_norm": lambda: fight("slim", "slim", "batch_norm"),
    "blog_nn_convolutions": lambda: fight("nn", "slim"),
    "blog_layers_batch_norm": lambda: fight("slim", "layers"),
    "blog_nn_batch_norm": lambda: fight("slim", "nn"),
    "blog_nothing_of_slim": lambda: fight("nn", "nn"),
}
