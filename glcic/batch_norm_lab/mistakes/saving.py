"""Mistakes with checkpoints: moving averages that are not saved, not restored or mixed up."""

from glcic.batch_norm_lab.mistakes import frame
from graphmode import tf


def _program(api, saver, restorer=None):
    """The common program; `saver` and `restorer` make its tf.train.Savers."""
    images, labels = frame.inputs()
    is_training = tf.placeholder(tf.bool, [], name="is_training")
    logits = frame.network(images, frame.norm(api, is_training))
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        train_op = frame.adam().minimize(frame.loss_of(logits, labels))
    return frame.Program(
        images,
        labels,
        is_training,
        [train_op],
        logits,
        logits,
        lambda x, _, training: frame.network(x, frame.norm(api, training)),
        saver(),
        restorer and restorer(),
    )


def not_saved(api, wrong):
    """The Saver gets the trainable variables. Moving averages are not trainable."""
    if wrong:
        return _program(api, lambda: tf.train.Saver(tf.trainable_variables()))  # mistake
    return _program(api, lambda: tf.train.Saver(tf.global_variables()))


def not_restored(api, wrong):
    """The checkpoint has the moving averages, but the test restores trainable variables only."""
    if wrong:
        return _program(
            api,
            lambda: tf.train.Saver(),
            lambda: tf.train.Saver(tf.trainable_variables()),  # mistake
        )
    return _program(api, lambda: tf.train.Saver(), lambda: tf.train.Saver(tf.global_variables()))


# The variables of slim's three batch norms, in the order of tf.train.list_variables: by alphabet.
SLIM = [
    f"classifier/{layer}/{name}"
    for layer in ("BatchNorm", "BatchNorm_1", "BatchNorm_2")
    for name in ("beta", "gamma", "moving_mean", "moving_variance")
]


def names_of_slim(api, wrong):
    """A tf.layers program reads a checkpoint of slim.

    It pairs the checkpoint's names, which are in the order of the alphabet, with its own variables,
    which are in the order in which they were made: gamma, beta. So the two are swapped. All have
    one shape, so nothing complains.
    """
    program = _program(api, lambda: tf.train.Saver())
    variables = [v for v in tf.global_variables() if "/batch_normalization" in v.op.name]
    variables = [v for v in variables if "Adam" not in v.op.name]
    rest = [v for v in tf.trainable_variables() if v not in variables]
    if not wrong:
        order = {"beta": 0, "gamma": 1, "moving_mean": 2, "moving_variance": 3}
        variables.sort(key=lambda v: (v.op.name.split("/")[1], order[_last(v)]))
    pairs = {name: variable for name, variable in zip(SLIM, variables)}
    pairs.update({v.op.name: v for v in rest})
    return program._replace(restorer=tf.train.Saver(pairs), source="slim")  # mistake


def _last(variable):
    return variable.op.name.split("/")[-1]
