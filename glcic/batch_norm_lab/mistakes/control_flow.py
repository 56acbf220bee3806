"""Mistakes with batch norms inside tf.cond, tf.while_loop and tf.map_fn.

An update op that is made inside belongs to the inside. If it is run from outside, a training step
that depends on it does nothing in silence (tf.cond), or the graph cannot be built (loops). In
place, with slim's `updates_collections=None` or by hand, the averages follow what runs inside: one
image, or one turn of the loop. tf.layers cannot update in place.
"""

from glcic.batch_norm_lab.mistakes import frame
from graphmode import tf


def _train_op(loss):
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        return frame.adam().minimize(loss)


def in_cond(api, wrong):
    """Both branches normalize, so there are update ops of both, and one branch never runs.

    An op that depends on an op of the other branch does not run, and TensorFlow does not say so:
    the weights never change.
    """
    images, labels = frame.inputs()
    is_dark = tf.random_uniform([], seed=1) < 0.5  # half of the batches, as augmentation
    dark = 0.7 * images - 0.3

    def network(x, _, training, reuse=None):
        return frame.network(x, frame.norm(api, training), reuse=reuse)

    if wrong:
        logits = tf.cond(
            is_dark,
            lambda: network(dark, None, True, tf.AUTO_REUSE),  # mistake
            lambda: network(images, None, True, tf.AUTO_REUSE),  # mistake
        )
    else:
        chosen = tf.cond(is_dark, lambda: dark, lambda: tf.identity(images))
        logits = network(chosen, labels, True)
    test_logits = network(images, labels, False, reuse=True)
    updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)  # mistake
    with tf.control_dependencies(updates):
        train_op = frame.adam().minimize(frame.loss_of(logits, labels))  # mistake
    return frame.Program(images, labels, None, [train_op], logits, test_logits, network)


def in_map_fn(api, wrong):
    """Each image is normalized alone, and each image moves the averages.

    The variance of an image is smaller than that of the batch: the images' means differ.
    """
    images, labels = frame.inputs()

    def network(x, _, training, reuse=None):
        with tf.variable_scope("classifier", reuse=reuse):
            return frame.layers(x, frame.norm(api, training))

    if wrong:
        normalize = frame.norm(api, True, in_place=True)
        with tf.variable_scope("classifier"):
            logits = tf.map_fn(
                lambda image: frame.layers(image[None], normalize)[0],  # mistake
                images,
            )
            logits.set_shape([None, frame.CLASSES])
    else:
        logits = network(images, labels, True)
    test_logits = network(images, labels, False, reuse=True)
    train_op = _train_op(frame.loss_of(logits, labels))
    return frame.Program(
        images, labels, None, [train_op], logits, test_logits, network, steps=100, batch_size=16
    )


TURNS = 3


def in_while_loop(api, wrong):
    """One batch norm in all turns of a loop: its averages mix the statistics of all turns.

    A recurrent network needs separate averages for each turn (Cooijmans et al. 2017).
    """
    images, labels = frame.inputs()

    def turn(h, normalize, place="turn"):
        with tf.variable_scope("turn", reuse=tf.AUTO_REUSE):
            more = tf.layers.conv2d(h, 8, 3, 1, "same", use_bias=False, name="conv")
        with tf.variable_scope(place, reuse=tf.AUTO_REUSE):
            return h + tf.nn.relu(normalize(more))

    def unrolled(h, normalize):
        for number in range(TURNS):
            h = turn(h, normalize, "turn" if wrong else f"turn{number}")
        return h

    def looped(h, normalize):
        return tf.while_loop(
            lambda number, _: number < TURNS,
            lambda number, h: (number + 1, turn(h, normalize)),  # mistake
            (0, h),
        )[1]

    def around(x, normalize, turns, reuse=None):
        with tf.variable_scope("classifier", reuse=reuse):
            h = turns(tf.layers.conv2d(x, 8, 5, 4, "same", name="first"), normalize)
            return tf.layers.dense(tf.layers.flatten(h), frame.CLASSES, name="dense")

    def network(x, _, training, reuse=None):
        return around(x, frame.norm(api, training), unrolled, reuse)

    if wrong:
        logits = around(images, frame.norm(api, True, in_place=True), looped)
    else:
        logits = network(images, labels, True)
    test_logits = network(images, labels, False, reuse=True)
    train_op = _train_op(frame.loss_of(logits, labels))
    return frame.Program(images, labels, None, [train_op], logits, test_logits, network)
