"""tensorflow.examples.tutorials.mnist.mnist: the network of the first tutorial.

Two hidden layers with ReLU, and ten logits. The names of scopes and variables are the tutorial's.
"""

import math

from graphmode import tf

NUM_CLASSES = 10
IMAGE_SIZE = 28
IMAGE_PIXELS = IMAGE_SIZE * IMAGE_SIZE


def inference(images, hidden1_units, hidden2_units):
    """[batch, IMAGE_PIXELS] -> logits, [batch, NUM_CLASSES]."""
    x, inputs = images, IMAGE_PIXELS
    sizes = {"hidden1": hidden1_units, "hidden2": hidden2_units, "softmax_linear": NUM_CLASSES}
    for name, units in sizes.items():
        with tf.name_scope(name):
            first = tf.truncated_normal([inputs, units], stddev=1.0 / math.sqrt(inputs))
            weights = tf.Variable(first, name="weights")
            biases = tf.Variable(tf.zeros([units]), name="biases")
            x = tf.matmul(x, weights) + biases
            if name != "softmax_linear":
                x = tf.nn.relu(x, name=name)
        inputs = units
    return x


def loss(logits, labels):
    """The mean cross entropy: a scalar. labels: ints, [batch]."""
    return tf.losses.sparse_softmax_cross_entropy(labels=tf.cast(labels, tf.int64), logits=logits)


def training(loss, learning_rate):
    """A step of gradient descent. Adds a summary of the loss."""
    tf.summary.scalar("loss", loss)
    global_step = tf.Variable(0, name="global_step", trainable=False)
    solver = tf.train.GradientDescentOptimizer(learning_rate)
    return solver.minimize(loss, global_step=global_step)


def evaluation(logits, labels):
    """How many labels have the largest logit: an int32 scalar."""
    correct = tf.nn.in_top_k(predictions=logits, targets=labels, k=1)
    return tf.reduce_sum(tf.cast(correct, tf.int32))
