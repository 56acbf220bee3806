"""Mistakes with the switch between training and test, and with batches that are too small."""

from glcic.batch_norm_lab.mistakes import frame
from graphmode import slim, tf


def _train_op(loss):
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        return frame.adam().minimize(loss)


def _named(api):
    """network(images, labels, is_training) -> logits, without a mistake."""
    return lambda x, _, training: frame.network(x, frame.norm(api, training))


def left_at_default(api, wrong):
    """The batch norm does not get the switch.

    slim, and the function by hand, then use the batch's statistics in the test, too. tf.layers
    never uses them, so it does not normalize in training.
    """
    images, labels = frame.inputs()
    is_training = tf.placeholder(tf.bool, [], name="is_training")
    if not wrong:
        normalize = frame.norm(api, is_training)
    elif api == "slim":
        normalize = lambda x: slim.batch_norm(x, decay=0.9, scale=True)  # noqa: E731  # mistake
    elif api == "layers":
        normalize = lambda x: tf.layers.batch_normalization(  # noqa: E731  # mistake
            x, momentum=0.9
        )
    else:
        normalize = lambda x: frame.by_hand(x)  # noqa: E731  # mistake
    logits = frame.network(images, normalize)
    train_op = _train_op(frame.loss_of(logits, labels))
    return frame.Program(images, labels, is_training, [train_op], logits, logits, _named(api))


class Settings:
    """What such a program keeps in its flags or in its model object."""

    training = True


def frozen_bool(api, wrong):
    """A Python bool is read when the graph is built. To change it before the test has no effect."""
    images, labels = frame.inputs()
    settings = Settings()
    switch = settings.training if wrong else tf.placeholder_with_default(False, [])
    logits = frame.network(images, frame.norm(api, switch))  # mistake
    train_op = _train_op(frame.loss_of(logits, labels))
    settings.training = False  # the test begins
    return frame.Program(
        images, labels, None if wrong else switch, [train_op], logits, logits, _named(api)
    )


def batch_statistics_in_test(api, wrong):
    """The test applies the network a second time, but again with is_training=True."""
    images, labels = frame.inputs()
    logits = frame.network(images, frame.norm(api, True))
    train_op = _train_op(frame.loss_of(logits, labels))
    normalize = frame.norm(api, wrong)
    test_logits = frame.network(images, normalize, reuse=True)  # mistake
    return frame.Program(images, labels, None, [train_op], logits, test_logits, _named(api))


def batch_statistics_on_purpose(api, wrong):
    """pix2pix: the statistics of the batch in the test, too, and no moving averages.

    This is no mistake. `wrong` is pix2pix's batch norm.
    """
    if not wrong:
        return batch_statistics_in_test(api, False)
    images, labels = frame.inputs()

    def normalize(x):
        mean, variance = tf.nn.moments(x, list(range(x.shape.ndims - 1)))
        with tf.variable_scope(None, "batchnorm"):
            offset = tf.get_variable("offset", x.shape[-1:], initializer=tf.zeros_initializer())
            scale = tf.get_variable("scale", x.shape[-1:], initializer=tf.ones_initializer())
            return tf.nn.batch_normalization(x, mean, variance, offset, scale, 1e-5)  # mistake

    logits = frame.network(images, normalize)
    train_op = frame.adam().minimize(frame.loss_of(logits, labels))
    return frame.Program(
        images, labels, None, [train_op], logits, logits, lambda x, *_: frame.network(x, normalize)
    )


def _of_batch(api, wrong, batch_size, dense):
    """A batch norm after a dense layer, where a channel has as many values as the batch."""
    size = batch_size if wrong else 32
    images, labels = frame.inputs()
    if wrong:  # the program's batch size is part of its graph
        images, labels = frame.inputs(size)

    def network(x, _, training):
        normalize = frame.norm(api, training)
        with tf.variable_scope("classifier"):
            h = tf.layers.flatten(x)
            h = tf.layers.dense(h, 64, use_bias=False, name="dense1")
            h = tf.nn.relu(dense(normalize, h))
            return tf.layers.dense(h, frame.CLASSES, name="dense2")

    is_training = tf.placeholder(tf.bool, [], name="is_training")
    logits = network(images, labels, is_training)
    train_op = _train_op(frame.loss_of(logits, labels))
    return frame.Program(
        images,
        labels,
        is_training,
        [train_op],
        logits,
        logits,
        network,
        batch_size=size,
        steps=1000 if wrong else 200,
    )


def batch_of_one(api, wrong):
    """One value per channel: its difference from the mean is 0, so only beta is left."""
    return _of_batch(api, wrong, 1, lambda normalize, h: normalize(h))  # mistake


def few_values(api, wrong):
    """Two values per channel: the output is nearly +-gamma, whatever the images show."""
    return _of_batch(api, wrong, 2, lambda normalize, h: normalize(h))  # mistake
