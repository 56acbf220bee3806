"""Mistakes with update ops: they never run, or they run too slowly, or with the wrong batch.

Each function builds a program; `wrong` makes the mistake. The lines are marked with `# mistake`.
"""

from glcic.batch_norm_lab.mistakes import frame
from graphmode import slim, tf


def _classifier(api, **arguments):
    """(images, labels, is_training, logits, loss, network): what the first programs share."""
    images, labels = frame.inputs()
    is_training = tf.placeholder(tf.bool, [], name="is_training")
    logits = frame.network(images, frame.norm(api, is_training, **arguments))

    def network(x, _, training):
        return frame.network(x, frame.norm(api, training, **arguments))

    return images, labels, is_training, logits, frame.loss_of(logits, labels), network


def never_run(api, wrong):
    """The program minimizes the loss and forgets that there are update ops."""
    images, labels, is_training, logits, loss, network = _classifier(api)
    if wrong:
        train_op = frame.adam().minimize(loss)  # mistake
    else:
        with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
            train_op = frame.adam().minimize(loss)
    return frame.Program(images, labels, is_training, [train_op], logits, logits, network)


def collected_too_early(api, wrong):
    """The collection is read before the layers have put their update ops into it."""
    updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)  # mistake
    images, labels, is_training, logits, loss, network = _classifier(api)
    if not wrong:
        updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
    with tf.control_dependencies(updates):
        train_op = frame.adam().minimize(loss)  # mistake
    return frame.Program(images, labels, is_training, [train_op], logits, logits, network)


def around_the_optimizer(api, wrong):
    """The control dependency is around the optimizer's construction, which makes no op."""
    images, labels, is_training, logits, loss, network = _classifier(api)
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        optimizer = frame.adam()  # mistake
        if not wrong:
            train_op = optimizer.minimize(loss)
    if wrong:
        train_op = optimizer.minimize(loss)  # mistake
    return frame.Program(images, labels, is_training, [train_op], logits, logits, network)


def scope_misses_second_application(api, wrong):
    """The training application is the second one, so its update ops are in classifier_1/.

    The filter `classifier/` finds none of them.
    """
    images, labels = frame.inputs()

    def network(x, _, training, reuse=None):
        return frame.network(x, frame.norm(api, training), reuse=reuse)

    test_logits = network(images, labels, False)
    logits = network(images, labels, True, reuse=True)
    loss = frame.loss_of(logits, labels)
    scope = "classifier/" if wrong else "classifier_1/"
    updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS, scope=scope)  # mistake
    with tf.control_dependencies(updates):
        train_op = frame.adam().minimize(loss)  # mistake
    return frame.Program(images, labels, None, [train_op], logits, test_logits, network)


def rate_too_slow(api, wrong):
    """After 200 updates with decay 0.999, 82 % of the averages are still their first values.

    0.999 is slim's default. That of tf.layers is 0.99.
    """
    images, labels = frame.inputs()
    is_training = tf.placeholder(tf.bool, [], name="is_training")
    decay = 0.999 if wrong else 0.9

    def network(x, _, training):
        if api == "slim":
            return frame.network(
                x,
                lambda h: slim.batch_norm(h, decay, scale=True, is_training=training),  # mistake
            )
        if api == "layers":
            return frame.network(
                x,
                lambda h: tf.layers.batch_normalization(  # mistake
                    h, momentum=decay, training=training
                ),
            )
        return frame.network(x, lambda h: frame.by_hand(h, training, decay))  # mistake

    logits = network(images, labels, is_training)
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        train_op = frame.adam().minimize(frame.loss_of(logits, labels))
    return frame.Program(images, labels, is_training, [train_op], logits, logits, network)
