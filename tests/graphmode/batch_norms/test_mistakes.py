"""Each mistake of the laboratory's small programs is found with its line, and nothing else is."""

import pytest

from glcic.batch_norm_lab.mistakes import MISTAKES
from graphmode import batch_norms, slim, tf

# CI builds each mistake with each API, and its corrected twin. The quick suite has these.
QUICK = {
    "never_run": "hand",
    "collected_too_early": "layers",
    "left_at_default": "layers",
    "batch_statistics_in_test": "slim",
    "not_saved": "slim",
    "mixed_statistics": "slim",
}
CASES = [
    pytest.param(
        name,
        api,
        wrong,
        marks=[] if wrong and QUICK.get(name) == api else pytest.mark.slow,
    )
    for name, mistake in MISTAKES.items()
    for api in mistake.apis
    for wrong in (True, False)
]


def facts(program):
    """What would be observed: each training op ran as often as the program has steps."""
    runs = {frozenset([_name(op)]): program.steps for op in program.train_ops}
    fed = {}
    if program.is_training is not None:
        fed[_name(program.is_training)] = {key: {True: count} for key, count in runs.items()}
    return batch_norms.Facts(runs=runs, fed=fed)


def _name(fetch):
    return getattr(fetch, "op", fetch).name


@pytest.mark.parametrize("name, api, wrong", CASES)
def test_mistake_is_found_with_its_line_and_its_twin_is_silent(name, api, wrong):
    mistake = MISTAKES[name]
    program = mistake.build(api, wrong)
    observed = facts(program) if name == "rate_too_slow" else None
    findings = batch_norms.explain(facts=observed)
    if name != "bias_beside_beta":  # elsewhere a bias is no mistake
        findings = [finding for finding in findings if finding.weight != batch_norms.REMARK]
    assert [finding.mistake for finding in findings] == ([name] if wrong else [])
    for finding in findings:
        assert set(finding.lines) & mistake.lines()
        assert finding.what.endswith(".") and finding.symptom.endswith(".")
        assert finding.cure.endswith(".") and "{" not in finding.cure


WORDS = {"slim": "slim.", "layers": "tf.layers."}


@pytest.mark.parametrize("api", ["slim", pytest.param("layers", marks=pytest.mark.slow)])
def test_the_cure_speaks_the_language_of_the_program(api):
    MISTAKES["left_at_default"].build(api, True)
    [finding] = batch_norms.explain()
    assert WORDS[api] in finding.cure
    assert {"slim": "slim", "layers": "tf.layers"}[api] == finding.kind


def test_facts_tell_that_the_program_fetches_the_updates_itself():
    """`sess.run([train_op, update_ops])` leaves no trace in the graph."""
    program = MISTAKES["never_run"].build("slim", True)
    inventory = batch_norms.find()
    updates = [update.name for layer in inventory.layers for update in layer.updates]
    both = frozenset([_name(program.train_ops[0]), *updates])
    switch = _name(program.is_training)
    observed = batch_norms.Facts(runs={both: 500}, fed={switch: {both: {True: 500}}})
    assert [finding.mistake for finding in batch_norms.explain(inventory)] == ["never_run"]
    assert not batch_norms.explain(inventory, observed)
    alone = frozenset([_name(program.train_ops[0])])
    observed = batch_norms.Facts(runs={alone: 500}, fed={switch: {alone: {True: 500}}})
    [finding] = batch_norms.explain(inventory, observed)
    assert finding.what.startswith("None of the observed runs runs the update ops of ")


def test_facts_tell_that_the_switch_is_never_fed():
    program = MISTAKES["frozen_bool"].build("layers", False)
    train = frozenset([_name(program.train_ops[0])])
    [finding] = batch_norms.explain(facts=batch_norms.Facts(runs={train: 300}))
    assert finding.mistake == "switch_never_on"
    assert _name(program.is_training) in finding.what and "its default" in finding.what


def test_facts_tell_that_the_test_has_the_switch_on():
    program = MISTAKES["never_run"].build("slim", False)
    train, test = frozenset([_name(program.train_ops[0])]), frozenset([_name(program.logits)])
    fed = {_name(program.is_training): {train: {True: 300}, test: {True: 5}}}
    observed = batch_norms.Facts(runs={train: 300, test: 5}, fed=fed)
    [finding] = batch_norms.explain(facts=observed)
    assert finding.mistake == "switch_always_on"


def test_facts_tell_the_batch_size_that_the_graph_leaves_open():
    program = MISTAKES["batch_of_one"].build("hand", False)
    train = frozenset([_name(program.train_ops[0])])
    observed = batch_norms.Facts(
        runs={train: 300},
        fed={_name(program.is_training): {train: {True: 300}}},
        shapes={_name(program.images): {train: {(1, 28, 28, 1): 300}}},
    )
    assert [finding.mistake for finding in batch_norms.explain(facts=observed)] == ["batch_of_one"]


def test_an_observation_that_was_cut_short_says_nothing_about_the_number_of_steps():
    program = MISTAKES["rate_too_slow"].build("slim", True)
    whole = facts(program)
    cut = batch_norms.Facts(runs=whole.runs, fed=whole.fed, is_complete=False)
    inventory = batch_norms.find()
    [finding] = batch_norms.explain(inventory, whole)
    assert "82%" in finding.what  # 0.999^200
    assert not batch_norms.explain(inventory, cut)


# Mistakes that the laboratory does not build.


def _image_norm(training, outside):
    """A batch norm by hand in a tf.cond, whose update ops are made outside of it, or inside."""
    x = tf.placeholder(tf.float32, [None, 4, 4, 3])
    mean, variance = tf.nn.moments(x, [0, 1, 2])
    average = tf.train.ExponentialMovingAverage(0.9)
    apply = average.apply([mean, variance]) if outside else None

    def with_update():
        with tf.control_dependencies([apply or average.apply([mean, variance])]):
            return tf.identity(mean), tf.identity(variance)

    def kept():
        return average.average(mean), average.average(variance)

    used = tf.cond(training, with_update, kept)
    return tf.nn.batch_normalization(x, *used, tf.get_variable("beta", [3]), None, 1e-3)


@pytest.mark.parametrize("outside", [True, False])
def test_updates_outside_of_the_condition_run_in_the_test(outside):
    _image_norm(tf.placeholder(tf.bool, []), outside)
    names = [finding.mistake for finding in batch_norms.explain()]
    assert names == (["moved_by_test"] if outside else [])


@pytest.mark.parametrize("axes", [[0], [0, 1, 2]])
def test_statistics_of_each_pixel(axes):
    x = tf.placeholder(tf.float32, [None, 4, 4, 3])
    mean, variance = tf.nn.moments(x, axes)
    offset = tf.get_variable("offset", mean.shape)
    tf.nn.batch_normalization(x, mean, variance, offset, None, 1e-3)
    names = [finding.mistake for finding in batch_norms.explain()]
    assert names[:-1] == (["pixels"] if axes == [0] else [])
    assert names[-1] == "batch_statistics_on_purpose"


@pytest.mark.parametrize("names", ["d_", "d"])
def test_gamma_and_beta_that_the_optimizers_list_misses(names):
    x = tf.placeholder(tf.float32, [None, 5])
    with tf.variable_scope("d"):
        h = tf.layers.dense(x, 3, use_bias=False, name="d_dense")
        h = slim.batch_norm(h, updates_collections=None, scope="norm")
        slim.batch_norm(h, is_training=False, reuse=True, scope="norm")
    chosen = [v for v in tf.trainable_variables() if names in v.op.name]
    tf.train.AdamOptimizer().minimize(tf.reduce_sum(h), var_list=chosen)
    mistakes = [finding.mistake for finding in batch_norms.explain()]
    assert mistakes == (["not_trained"] if names == "d_" else [])


@pytest.mark.parametrize("decay", [0.1, 0.9])
def test_pytorchs_momentum_taken_for_a_decay(decay):
    x = tf.placeholder(tf.float32, [None, 5])
    slim.batch_norm(x, decay=decay, is_training=tf.placeholder(tf.bool, []))
    names = [finding.mistake for finding in batch_norms.explain()]
    assert names == (["rate_too_fast"] if decay == 0.1 else [])


@pytest.mark.parametrize("data_format", ["NHWC", "NCHW"])
def test_channels_in_another_axis(data_format):
    x = tf.placeholder(tf.float32, [None, 8, 8, 8])
    h = slim.conv2d(x, 8, 3, data_format="NCHW", activation_fn=None, biases_initializer=None)
    slim.batch_norm(h, data_format=data_format, is_training=tf.placeholder(tf.bool, []))
    names = [finding.mistake for finding in batch_norms.explain()]
    assert names == (["wrong_axis"] if data_format == "NHWC" else [])


@pytest.mark.parametrize("channels", [1, 3])
def test_batch_norm_on_the_discriminators_output(channels):
    x = tf.placeholder(tf.float32, [None, 5])
    logit = slim.batch_norm(
        slim.fully_connected(x, channels, activation_fn=None, biases_initializer=None),
        scale=True,
        is_training=tf.placeholder(tf.bool, []),
    )
    tf.reduce_mean(tf.nn.softplus(logit))
    names = [finding.mistake for finding in batch_norms.explain()]
    assert names == (["norm_on_logit"] if channels == 1 else [])


def test_facts_tell_that_the_test_fetches_what_trains():
    """Python's bool is frozen: the same logits serve both, and a Saver keeps the averages."""
    program = MISTAKES["frozen_bool"].build("hand", True)
    tf.train.Saver()
    train, test = frozenset([_name(program.train_ops[0])]), frozenset([_name(program.logits)])
    inventory = batch_norms.find()
    assert not batch_norms.explain(inventory)  # another program may use the checkpoint
    [finding] = batch_norms.explain(inventory, batch_norms.Facts(runs={train: 300, test: 1}))
    assert finding.mistake == "frozen_bool"


def test_two_heads_after_one_convolution_share_nothing_and_need_not():
    training = tf.placeholder(tf.bool, [])
    x = tf.placeholder(tf.float32, [None, 8, 8, 3])
    h = slim.conv2d(x, 4, 3, activation_fn=None, biases_initializer=None)
    heads = [tf.nn.relu(slim.batch_norm(h, is_training=training)) for _ in range(2)]
    updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
    with tf.control_dependencies(updates):
        tf.train.AdamOptimizer().minimize(tf.reduce_sum(tf.add_n(heads)))
    assert not batch_norms.explain()


@pytest.mark.parametrize("library", ["slim", "layers"])
def test_frozen_batch_norms_of_a_trained_network_are_no_mistake_in_slim(library):
    """slim's is_training is True by default: who writes False means it. In tf.layers it is not."""
    x = tf.placeholder(tf.float32, [None, 5])
    if library == "slim":
        h = slim.batch_norm(x, is_training=False)
    else:
        h = tf.layers.batch_normalization(x)
    tf.train.AdamOptimizer().minimize(tf.reduce_sum(h))
    names = [finding.mistake for finding in batch_norms.explain()]
    assert names == ([] if library == "slim" else ["left_at_default"])
