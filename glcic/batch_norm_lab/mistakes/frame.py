"""What the programs of this package share: a small network for digits, and three batch norms.

The network has three batch norms, two after convolutions and one after a dense layer. Each program
gives it a function of a tensor that normalizes, so the call of the batch norm can stand in the
program, beside its mistake.
"""

from typing import Any, Callable, NamedTuple, Optional, Sequence

from graphmode import slim, tf

APIS = ("slim", "layers", "hand")
CLASSES = 10
NOISE = 16  # length of z
EPSILON = 0.001


class Program(NamedTuple):
    """A program's graph, which is in the default graph when `build` returns.

    Attributes:
        images: placeholder, [batch, 28, 28, 1] in [-1, 1].
        labels: placeholder, int64 [batch], 0 to 9.
        is_training: placeholder of a bool, or None if the program has none. It is fed with True
            in training, with False in the test.
        train_ops: run in this order, in each step, on one batch.
        logits: [batch, 10] in training.
        test_logits: [batch, 10] that the program uses in the test.
        network: function (images, labels, is_training: bool) -> logits. It builds the same network
            with the same names of variables in another graph: this gives the outputs with the
            statistics of the batch and with the moving ones.
        saver: writes the program's checkpoint, or None if the program keeps its session.
        restorer: reads the checkpoint before the test; None: `saver` does.
        steps: how long the program trains.
        batch_size: of the training.
        source: name of the network whose checkpoint `restorer` reads instead, see
            `saving.names_of_slim`; "" if the program reads its own.
    """

    images: Any
    labels: Any
    is_training: Any
    train_ops: Sequence[Any]
    logits: Any
    test_logits: Any
    network: Callable[[Any, Any, bool], Any]
    saver: Optional[Any] = None
    restorer: Optional[Any] = None
    steps: int = 200
    batch_size: int = 32
    source: str = ""


def inputs(batch_size=None):
    """(images, labels), placeholders."""
    images = tf.placeholder(tf.float32, [batch_size, 28, 28, 1], name="images")
    return images, tf.placeholder(tf.int64, [batch_size], name="labels")


def network(x, norm, scope="classifier", classes=CLASSES, reuse=None):
    """[batch, 28, 28, 1] -> [batch, classes]; norm: function of a tensor."""
    with tf.variable_scope(scope, reuse=reuse):
        return layers(x, norm, classes)


def layers(x, norm, classes=CLASSES):
    """The layers of `network`. The others have no bias, because a batch norm has beta."""
    h = tf.layers.conv2d(x, 8, 5, 2, "same", use_bias=False, name="conv1")
    h = tf.nn.relu(norm(h))
    h = tf.layers.conv2d(h, 16, 5, 2, "same", use_bias=False, name="conv2")
    h = tf.nn.relu(norm(h))
    h = tf.layers.dense(tf.layers.flatten(h), 32, use_bias=False, name="dense1")
    h = tf.nn.relu(norm(h))
    return tf.layers.dense(h, classes, name="dense2")


def generator(labels, norm, scope="generator", reuse=None):
    """int64 [batch] -> [batch, 28, 28, 1] in [-1, 1], an image of each digit from noise."""
    z = tf.random_normal([tf.shape(labels)[0], NOISE], seed=1)
    with tf.variable_scope(scope, reuse=reuse):
        h = tf.concat([z, tf.one_hot(labels, CLASSES)], axis=1)
        h = tf.layers.dense(h, 7 * 7 * 16, use_bias=False, name="dense")
        h = tf.nn.relu(norm(tf.reshape(h, [-1, 7, 7, 16])))
        h = tf.layers.conv2d_transpose(h, 8, 5, 2, "same", use_bias=False, name="conv1")
        h = tf.nn.relu(norm(h))
        return tf.layers.conv2d_transpose(h, 1, 5, 2, "same", activation=tf.tanh, name="conv2")


def loss_of(logits, labels):
    """The mean cross entropy: a scalar."""
    return tf.reduce_mean(
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    )


def adam(rate=0.01):
    return tf.train.AdamOptimizer(rate)


def norm(api, is_training, decay=0.9, scale=True, in_place=False):
    """A batch norm without a mistake: a function of a tensor.

    Args:
        api: a name in `APIS`.
        is_training: Python bool, or a bool tensor.
        scale: whether it has a gamma.
        in_place: whether its averages are updated where it is computed, and not by update ops in
            a collection. tf.layers cannot do so.
    """
    if api == "slim":
        return lambda x: slim.batch_norm(
            x,
            decay=decay,
            scale=scale,
            is_training=is_training,
            updates_collections=None if in_place else tf.GraphKeys.UPDATE_OPS,
        )
    if api == "layers":
        return lambda x: tf.layers.batch_normalization(
            x, momentum=decay, scale=scale, training=is_training
        )
    return lambda x: by_hand(x, is_training, decay, scale, in_place)


def by_hand(x, is_training=True, decay=0.9, scale=True, in_place=False, name=None):
    """Batch norm as many programs have it in their own `ops.py`; `in_place` needs a Python bool."""
    with tf.variable_scope(name, "bn"):
        channels, axes = x.shape[-1:], list(range(x.shape.ndims - 1))
        beta = tf.get_variable("beta", channels, initializer=tf.zeros_initializer())
        gamma = None
        if scale:
            gamma = tf.get_variable("gamma", channels, initializer=tf.ones_initializer())
        moving_mean = tf.get_variable(
            "moving_mean", channels, initializer=tf.zeros_initializer(), trainable=False
        )
        moving_variance = tf.get_variable(
            "moving_variance", channels, initializer=tf.ones_initializer(), trainable=False
        )
        if is_training is False:
            return tf.nn.batch_normalization(x, moving_mean, moving_variance, beta, gamma, EPSILON)
        mean, variance = tf.nn.moments(x, axes)
        updates = [
            tf.assign(moving_mean, decay * moving_mean + (1 - decay) * mean),
            tf.assign(moving_variance, decay * moving_variance + (1 - decay) * variance),
        ]
        if in_place:
            with tf.control_dependencies(updates):
                mean, variance = tf.identity(mean), tf.identity(variance)
        else:
            for update in updates:
                tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, update)
        if is_training is not True:
            batch = mean, variance
            mean, variance = tf.cond(
                is_training,
                lambda: batch,
                lambda: (tf.identity(moving_mean), tf.identity(moving_variance)),
            )
        return tf.nn.batch_normalization(x, mean, variance, beta, gamma, EPSILON)
