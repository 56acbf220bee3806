"""What `find` says of batch norms in all their spellings."""

import pytest

from graphmode import batch_norms, slim, tf
from graphmode.errors import InputError

KERAS = "tf_keras"


def images():
    return tf.placeholder(tf.float32, [None, 4, 4, 3], name="x")


def features():
    return tf.placeholder(tf.float32, [None, 5], name="x")


def switch():
    return tf.placeholder(tf.bool, [], name="is_training")


@pytest.mark.parametrize("inputs, per_image", [(images, 16), (features, 1)])
@pytest.mark.parametrize("fused", [True, False])
@pytest.mark.parametrize("training, kind", [(True, "batch"), (False, "moving"), (None, "switch")])
@pytest.mark.parametrize("library", ["slim", "tf.layers"])
def test_the_libraries_batch_norms(inputs, per_image, fused, training, kind, library):
    on = switch() if training is None else training
    if library == "slim":
        slim.batch_norm(inputs(), 0.95, scale=True, epsilon=0.002, is_training=on, fused=fused)
    else:
        tf.layers.batch_normalization(
            inputs(), momentum=0.95, epsilon=0.002, training=on, fused=fused
        )
    [layer] = batch_norms.find().layers
    names = {name.rpartition("/")[2] for name in layer.variables}
    assert names == {"gamma", "beta", "moving_mean", "moving_variance"}
    assert layer.gamma.endswith("gamma") and layer.moving_variance.endswith("variance")
    assert layer.place.file == __file__ and layer.kind == library
    assert layer.epsilon == 0.002 and layer.decay == (None if training is False else 0.95)
    [entry] = layer.applications
    assert entry.statistics == kind and entry.input in ("x:0", f"{entry.name}/Reshape:0")
    assert (entry.values, entry.values_per_image) == (None, per_image)
    assert [update.what for update in entry.updates] == (
        [] if training is False else ["mean", "variance"]
    )
    assert {update.where for update in entry.updates} <= {"update_ops"}
    if training is None:
        assert entry.switch == batch_norms.Switch("is_training", "Placeholder")


@pytest.mark.parametrize("fused", [True, False])
@pytest.mark.parametrize("training", [True, None])
def test_updates_in_place(training, fused):
    on = switch() if training is None else training
    slim.batch_norm(images(), is_training=on, updates_collections=None, fused=fused)
    [layer] = batch_norms.find().layers
    assert [update.where for update in layer.updates] == ["in place", "in place"]


def test_keras_batch_norm_has_the_learning_phase_for_a_switch():
    layers = pytest.importorskip(KERAS).layers
    layers.BatchNormalization()(images())
    [layer] = batch_norms.find().layers
    assert layer.kind == "keras" and layer.decay == 0.99
    [entry] = layer.applications
    assert entry.switch == batch_norms.Switch(
        "keras_learning_phase", "PlaceholderWithDefault", True, False
    )
    assert {update.where for update in layer.updates} == {"nowhere"}  # in model.updates


def _average(x, training):
    """The batch norm with tf.train.ExponentialMovingAverage of many programs of 2016."""
    beta, gamma = tf.get_variable("beta", [3]), tf.get_variable("gamma", [3])
    mean, variance = tf.nn.moments(x, [0, 1, 2])
    average = tf.train.ExponentialMovingAverage(0.9)

    def with_update():
        with tf.control_dependencies([average.apply([mean, variance])]):
            return tf.identity(mean), tf.identity(variance)

    used = tf.cond(
        training, with_update, lambda: (average.average(mean), average.average(variance))
    )
    return tf.nn.batch_normalization(x, *used, beta, gamma, 1e-3)


def test_exponential_moving_average_in_a_condition():
    _average(images(), switch())
    [layer] = batch_norms.find().layers
    assert (layer.kind, layer.gamma, layer.beta, layer.decay) == ("tf.nn", "gamma", "beta", 0.9)
    assert layer.applications[0].switch.name == "is_training"
    assert [update.where for update in layer.updates] == ["in place"] * 2


def _arithmetic(x, form):
    """Batch norm without any of TensorFlow's own: (output, averages)."""
    gamma, beta = tf.get_variable("gamma", [3]), tf.get_variable("beta", [3])
    averages = [tf.get_variable(n, [3], trainable=False) for n in ("pop_mean", "pop_var")]
    mean = tf.reduce_mean(x, [0, 1, 2])
    variance = tf.reduce_mean(tf.square(x - mean), [0, 1, 2])
    updates = [
        tf.assign(averages[0], averages[0] * 0.9 + mean * (1 - 0.9)),
        averages[1].assign_sub((averages[1] - variance) * 0.2),
    ]
    with tf.control_dependencies(updates):
        if form == "divided":
            return gamma * (x - mean) / tf.sqrt(variance + 1e-5) + beta
        if form == "root":
            return (x - mean) * tf.rsqrt(variance + 1e-5) * gamma + beta
        if form == "power":
            return (x - mean) * (variance + 1e-5) ** -0.5 * gamma + beta
        return (x - mean) / (tf.sqrt(variance) + 1e-5) * gamma + beta


@pytest.mark.parametrize("form", ["divided", "root", "power", "outside"])
def test_plain_arithmetic_and_assignments(form):
    _arithmetic(images(), form)
    [layer] = batch_norms.find().layers
    assert (layer.kind, layer.form, layer.epsilon) == ("by hand", "arithmetic", 1e-5)
    assert (layer.gamma, layer.beta) == ("gamma", "beta")
    assert (layer.moving_mean, layer.moving_variance) == ("pop_mean", "pop_var")
    assert [update.decay for update in layer.updates] == [0.9, 0.8]
    assert {update.where for update in layer.updates} == {"in place"}


def test_networks_in_the_branches_of_a_condition_are_one_application():
    x, training = images(), switch()

    def network(is_training):
        return slim.batch_norm(
            x, is_training=is_training, updates_collections=None, reuse=tf.AUTO_REUSE, scope="bn"
        )

    tf.cond(training, lambda: network(True), lambda: network(False))
    [layer] = batch_norms.find().layers
    [entry] = layer.applications
    assert entry.statistics == "switch" and entry.switch.name == "is_training"
    assert not batch_norms.explain()


def test_norms_of_single_images_and_optimizers_are_no_batch_norms():
    x = images()
    normalized = slim.instance_norm(x) + slim.layer_norm(x) + slim.group_norm(x, groups=1)
    normalized += tf.nn.l2_normalize(x, 3) + tf.nn.local_response_normalization(x, 2)
    tf.image.per_image_standardization(x[0])
    tf.train.RMSPropOptimizer(0.1).minimize(tf.reduce_sum(slim.conv2d(normalized, 2, 1)))
    assert not batch_norms.find().layers


def test_applications_training_steps_and_savers():
    x = images()
    with tf.variable_scope("net"):
        y = slim.batch_norm(slim.conv2d(x, 2, 3), scope="bn")
        tf.get_variable_scope().reuse_variables()
        slim.batch_norm(slim.conv2d(x, 2, 3, scope="Conv"), is_training=False, scope="bn")
    updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
    with tf.control_dependencies(updates[:1]):
        step = tf.train.AdamOptimizer().minimize(tf.reduce_sum(y))
    tf.train.Saver(tf.trainable_variables())
    tf.train.Saver(name="whole")
    inventory = batch_norms.find()
    [layer] = inventory.layers
    assert [entry.statistics for entry in layer.applications] == ["batch", "moving"]
    [training] = inventory.steps
    assert training.name == step.name and training.place.file == __file__
    assert training.runs == {updates[0].name} and training.should_run == {op.name for op in updates}
    few, whole = inventory.savers
    assert not set(layer.averages) & set(few.saves) and set(layer.averages) <= set(whole.restores)
    assert layer.saved and inventory.as_json()["layers"][0]["scope"] == "net/bn"


def test_a_meta_graph_file_is_read_without_lines(tmp_path):
    slim.batch_norm(images(), is_training=switch(), fused=False)
    path = str(tmp_path / "model.meta")
    tf.train.export_meta_graph(path)
    [layer] = batch_norms.find(path).layers
    assert layer.kind == "slim" and str(layer.place) == "unknown line"
    assert layer.applications[0].switch.name == "is_training"
    assert [update.where for update in layer.updates] == ["update_ops"] * 2


def test_a_file_that_is_no_meta_graph_is_one_line(tmp_path):
    with pytest.raises(InputError, match="no meta graph file"):
        batch_norms.find(str(tmp_path / "missing.meta"))
    (tmp_path / "text.meta").write_text("nothing")
    with pytest.raises(InputError, match="text.meta is no meta graph"):
        batch_norms.find(str(tmp_path / "text.meta"))


def test_what_is_not_understood_is_said():
    x, learned = images(), tf.get_variable("a", [3])
    averages = [tf.get_variable(n, [3], trainable=False) for n in ("mean", "variance")]
    share = tf.sigmoid(learned)  # a mixture of batch and instance statistics, for example
    tf.nn.batch_normalization(
        x, averages[0], tf.where(share > 0.5, averages[1], share), None, None, 1e-3
    )
    inventory = batch_norms.find()
    assert len(inventory.layers) == 1
    assert "Sigmoid" in inventory.not_understood[0]
