"""Mistakes with gamma, beta and the layers around a batch norm. Most cost memory and nothing else.

A convolution or a dense layer without activation before the batch norm needs no bias: the batch
norm subtracts it. A linear layer after the batch norm (also after a ReLU) makes gamma superfluous:
its weights can be that much larger.
"""

from glcic.batch_norm_lab.mistakes import frame
from graphmode import slim, tf


def _program(network):
    """network: function (images, labels, is_training) -> logits."""
    images, labels = frame.inputs()
    is_training = tf.placeholder(tf.bool, [], name="is_training")
    logits = network(images, labels, is_training)
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        train_op = frame.adam().minimize(frame.loss_of(logits, labels))
    return frame.Program(images, labels, is_training, [train_op], logits, logits, network)


def gamma_missing(api, wrong):
    """A batch norm without gamma gives the logits: they always have standard deviation 1.

    The softmax cannot become sure. slim has no gamma by default.
    """

    def network(x, _, training):
        logits = frame.network(x, frame.norm(api, training))
        with tf.variable_scope("logits"):
            if not wrong:
                return frame.norm(api, training)(logits)
            if api == "slim":
                return slim.batch_norm(logits, decay=0.9, is_training=training)  # mistake
            if api == "layers":
                return tf.layers.batch_normalization(  # mistake
                    logits, momentum=0.9, scale=False, training=training
                )
            return frame.by_hand(logits, training, scale=False)  # mistake

    return _program(network)


def gamma_doubled(api, wrong):
    """Two batch norms in a row: the second gamma and beta can do all that the first can.

    slim's convolution with `normalizer_fn` has one already.
    """

    def network(x, _, training):
        normalize = frame.norm(api, training)

        def twice(h):
            return normalize(normalize(h))  # mistake

        return frame.network(x, twice if wrong else normalize)

    return _program(network)


def bias_beside_beta(api, wrong):
    """The convolution has a bias, which the batch norm subtracts: its gradient is 0."""

    def network(x, _, training):
        with tf.variable_scope("classifier"):
            h = tf.layers.conv2d(x, 8, 5, 2, "same", use_bias=wrong)  # mistake
            h = tf.nn.relu(frame.norm(api, training)(h))  # mistake
            return tf.layers.dense(tf.layers.flatten(h), frame.CLASSES)

    return _program(network)
