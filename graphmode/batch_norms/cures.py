"""The cure of each mistake, in the words of the API that a program uses."""

from typing import Dict

_RUN_COLLECTION = (
    "After all layers are built, write `with tf.control_dependencies(tf.get_collection("
    "tf.GraphKeys.UPDATE_OPS)):` around `optimizer.minimize(loss)`."
)
_HAND = "by hand"
# Mistake -> kind of batch norm -> cure. "" is for all kinds without a cure of their own.
_CURES: Dict[str, Dict[str, str]] = {
    "never_run": {
        "": _RUN_COLLECTION,
        "slim": f"{_RUN_COLLECTION} Or use slim.learning.create_train_op, which does so, or give "
        "the batch norm updates_collections=None.",
        "keras": "Keras keeps the update ops in `model.updates` (layer.updates), not in "
        "UPDATE_OPS: `with tf.control_dependencies(model.updates):` around "
        "`optimizer.minimize(loss)`.",
        _HAND: "Run the assignments with each training step: `with tf.control_dependencies("
        "[update_mean, update_variance]):` around `optimizer.minimize(loss)`.",
    },
    "collected_too_early": {
        "": "Call tf.get_collection(tf.GraphKeys.UPDATE_OPS) after the last layer is built: it "
        "returns a copy of the list, which later layers do not extend.",
    },
    "around_the_optimizer": {
        "": "Move `optimizer.minimize(loss)` into the `with tf.control_dependencies(...)` block. "
        "The optimizer's constructor makes no op that could wait.",
    },
    "scope_misses_second_application": {
        "": "Collect the update ops of the application that trains, which are in {application}/. "
        "Or filter by the variable that an op updates, not by the op's name.",
    },
    "partly_run": {"": "Run all of its update ops with the training step."},
    "left_at_default": {
        "": "Give the batch norm the switch: a bool placeholder that is True in training.",
        "slim": "Write slim.batch_norm(x, is_training=is_training), with a bool placeholder or, "
        "for two applications, a Python bool. Its default is True.",
        "tf.layers": "Write tf.layers.batch_normalization(x, training=is_training). Its default is "
        "False. Then also run its update ops.",
        "keras": "Feed keras.backend.learning_phase() with 1 in training, or call the layer with "
        "training=True there.",
    },
    "frozen_bool": {
        "": "Use a bool placeholder as the switch, or apply the network a second time for the "
        "test, with reuse=True and the switch off.",
        "slim": "Give is_training a bool placeholder, or apply the network a second time for the "
        "test, with reuse=True and is_training=False.",
        "tf.layers": "Give `training` a bool placeholder, or apply the network a second time for "
        "the test, with reuse=True and training=False.",
    },
    "batch_statistics_in_test": {
        "": "Normalize by the moving averages there.",
        "slim": "Give is_training=False to the application that is used for the test.",
        "tf.layers": "Give training=False to the application that is used for the test.",
        "keras": "Call the layer with training=False for the test.",
    },
    "batch_statistics_on_purpose": {
        "": "If the test should not depend on its batch, keep moving averages (slim.batch_norm, or "
        "tf.layers.batch_normalization with its update ops).",
    },
    "switch_never_on": {"": "Feed {switch} with {value} in training."},
    "switch_always_on": {"": "Feed {switch} with {value} in the test."},
    "batch_of_one": {
        "": "Use a batch of two or more, or no batch norm on this layer. Instance norm on a map of "
        "1x1 has the same problem; group norm and layer norm have not.",
    },
    "few_values": {"": "Use a larger batch, or another norm on this layer."},
    "rate_too_slow": {
        "": "Use a smaller decay: with {decay:g}, one percent of the first values is left after "
        "{updates} updates.",
        "slim": "Write slim.batch_norm(..., decay={decay:g}): one percent of the first values is "
        "left after {updates} updates.",
        "tf.layers": "Write tf.layers.batch_normalization(..., momentum={decay:g}): one percent of "
        "the first values is left after {updates} updates.",
    },
    "rate_too_fast": {
        "": "The decay is the fraction of the old average that is kept: 0.9 to 0.999. (PyTorch's "
        "momentum is 1 minus that.)",
    },
    "moved_by_test": {
        "": "Make the update op inside of the function that tf.cond calls. An op that is made "
        "outside runs in both branches, also if only one of them waits for it.",
    },
    "not_trained": {
        "": 'Choose the variables by scope, tf.trainable_variables("net/"), so that gamma and '
        "beta are among them.",
    },
    "mixed_statistics": {
        "": "Run the update ops of one application only, that of real images: those whose names "
        "begin with {application}/.",
        _HAND: "Update the averages in one application only, that of real images.",
    },
    "scope_catches_another_network": {
        "": 'End the scope with a slash: tf.get_collection(tf.GraphKeys.UPDATE_OPS, scope="{own}/"'
        "). It is the beginning of a name, and a regular expression.",
    },
    "other_networks_step": {
        "": "Give each training step the update ops of its own network: "
        'tf.get_collection(tf.GraphKeys.UPDATE_OPS, scope="{own}/").',
    },
    "in_loop": {
        "": "Apply the network to the whole batch, outside of the loop. If the loop is needed, "
        "give each turn its own averages, or update them after the loop.",
    },
    "in_cond": {
        "": "Give the batch norm the condition (is_training), in place of putting it inside of "
        "tf.cond; or update its averages in place.",
        "slim": "Give slim.batch_norm the condition as is_training, in place of putting it inside "
        "of tf.cond; or write updates_collections=None.",
        "tf.layers": "Give tf.layers.batch_normalization the condition as `training`, in place of "
        "putting it inside of tf.cond.",
    },
    "not_shared": {
        "": "Give the layers names and open the scope a second time with reuse=True.",
        "slim": 'Give each batch norm a scope (scope="bn1"), or open the variable scope a second '
        "time with reuse=True.",
        "tf.layers": 'Give each layer a name (name="bn1"), or open the variable scope a second '
        "time with reuse=True.",
        "tf.nn": "Use tf.get_variable in place of tf.Variable, which ignores reuse.",
        _HAND: "Use tf.get_variable in place of tf.Variable, which ignores reuse.",
    },
    "not_saved": {
        "": "Write tf.train.Saver() without a list, or add the moving averages to it: "
        "tf.trainable_variables() does not have them.",
    },
    "not_restored": {
        "": "Restore with tf.train.Saver() without a list, or add the moving averages to it: "
        "tf.trainable_variables() does not have them.",
    },
    "names_of_slim": {
        "": "Pair the variables by their last names (beta with beta), not by their order: slim "
        "makes beta before gamma, tf.layers gamma before beta. batch_norms.translate does it.",
    },
    "gamma_missing": {
        "": "Give it a gamma, or take the batch norm away from this layer.",
        "slim": "Write slim.batch_norm(..., scale=True), or take the batch norm away from this "
        "layer.",
        "tf.layers": "Write scale=True (the default), or take the batch norm away from this layer.",
    },
    "gamma_doubled": {
        "": "Leave one of them out.",
        "slim": "Leave one of them out: a layer with normalizer_fn=slim.batch_norm has one "
        "already.",
    },
    "bias_beside_beta": {
        "": "Leave the bias out (tf.layers: use_bias=False).",
        "slim": "Give the batch norm to the layer as normalizer_fn: slim then leaves the bias out.",
    },
    "norm_on_logit": {"": "Take the batch norm away from the layer that gives the logit."},
    "pixels": {
        "": "For images, take the moments over the axes [0, 1, 2]: the batch, height and width.",
    },
    "wrong_axis": {
        "": "Give the batch norm the axis of the channels, 1.",
        "slim": 'Write slim.batch_norm(..., data_format="NCHW").',
        "tf.layers": "Write tf.layers.batch_normalization(..., axis=1).",
    },
    "averages_trained": {
        "": "Make the averages with trainable=False.",
    },
}


def cure(mistake: str, kind: str, **values: object) -> str:
    """What to write against a mistake.

    Args:
        kind: of the batch norm, see `inventory.Layer`.
        values: what the sentence needs, for example the scope.
    """
    table = _CURES[mistake]
    if kind in ("tf.nn", "sonnet") and kind not in table:
        kind = _HAND
    return table.get(kind, table.get("", "")).format(**values)
