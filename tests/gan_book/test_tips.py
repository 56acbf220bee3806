"""The tips: what each switch changes in the text's networks, and which rows ring which alarm."""

import numpy as np
import pytest
from conftest import config_of, moved, shapes
from layer_table import layer_table
from older_variables import built_variables, older_variables

from gan_book import began, cgan, dcgan, gan, tips, wgan
from graphmode import cli, files, sessions, slim, tf, training, variables
from graphmode.errors import InputError


def built(network, x, scope, **switches):
    """The table of a network with switches, which is built in the default graph."""
    tips.discriminator(network, tips.Tips(**switches))(x)
    return layer_table(scope)


def test_without_a_switch_the_network_is_the_texts_own():
    assert tips.discriminator(dcgan.discriminator, tips.Tips()) is dcgan.discriminator
    assert tips.generator(dcgan.generator, tips.Tips(pooling="strided")) is dcgan.generator


@pytest.mark.parametrize(
    "switches, expected",
    [
        ({"discriminator_activation": "relu"}, [("dense", 256), "Relu", ("dense", 256), "Relu"]),
        (
            {"discriminator_norm": "batch"},
            [("dense", 256), "LeakyRelu", ("dense", 256), "batch norm", "LeakyRelu"],
        ),
    ],
)
def test_switches_of_the_dense_discriminator(switches, expected):
    table = built(gan.discriminator, tf.zeros([4, 784]), "discriminator", **switches)
    assert table == [*expected, ("dense", 1)]


@pytest.mark.parametrize(
    "pooling, norm, conv, pool",
    [
        ("max", "batch", (1, "VALID"), [("max", 2, 2)]),
        ("average", "none", (1, "VALID"), [("average", 2, 2)]),
        ("strided", "none", (2, "SAME"), []),
    ],
)
def test_switches_of_the_convolutional_discriminator(pooling, norm, conv, pool):
    table = built(
        dcgan.discriminator,
        tf.zeros([4, 784]),
        "discriminator",
        pooling=pooling,
        discriminator_norm=norm,
    )
    normalized = ["batch norm"] if norm == "batch" else []
    assert table == [
        *(("conv", 32, 5, *conv), "LeakyRelu", *pool),
        *(("conv", 64, 5, *conv), *normalized, "LeakyRelu", *pool),
        *(("dense", 1024), *normalized, "LeakyRelu"),
        ("dense", 1),
    ]


def test_minibatch_features_are_in_front_of_the_last_layer():
    """Fifty of them behind the 256 units: the last layer has 306 inputs."""
    table = built(gan.discriminator, tf.zeros([4, 784]), "discriminator", minibatch_features=True)
    assert table[-2:] == [("dense", 250), ("dense", 1)]
    assert shapes()["discriminator/T/kernel"] == (256, 250)
    assert shapes()["discriminator/dense_2/kernel"] == (306, 1)


@pytest.mark.parametrize("network, norms", [(gan.generator, []), (dcgan.generator, ["batch norm"])])
def test_dropout_is_behind_the_hidden_dense_layers(network, norms):
    tips.generator(network, tips.Tips(generator_dropout=0.5))(tf.zeros([4, 100]))
    table = layer_table("generator")
    half = ["Relu", "dropout", *norms]
    assert table[1 : len(half) + 1] == half and table[len(half) + 2 : 2 * len(half) + 2] == half
    assert table.count("dropout") == 2 and table[-1] == "Tanh"


def test_dropout_stays_in_sampling():
    """The text: in training and afterwards. So the same z gives different images."""
    z = tf.ones([1, 100])
    with tf.variable_scope("") as scope:
        dropped = tips.generator(dcgan.generator, tips.Tips(generator_dropout=0.5))
        first = dropped(z, is_training=False)
        scope.reuse_variables()
        second = dcgan.generator(z, is_training=False)
    with sessions.session() as session:
        session.run(tf.global_variables_initializer())
        assert (session.run(first) != session.run(first)).any()
        assert (session.run(second) == session.run(second)).all()


@pytest.mark.parametrize("network", [gan.discriminator, dcgan.discriminator])
def test_batch_norm_does_not_blind_the_discriminator(network, value):
    """Two batches, each normalized by its own statistics: dark images and light ones.

    If the last hidden layer were normalized after its activation, both batches would have the
    same mean logit.
    """
    dark, light = tf.random_uniform([16, 784], -1, -0.5), tf.random_uniform([16, 784], 0.5, 1)
    discriminator = tips.discriminator(network, tips.Tips(discriminator_norm="batch"))
    with tf.variable_scope("") as scope:
        dark_logits = discriminator(dark)
        scope.reuse_variables()
        light_logits = discriminator(light)
    gap = value(tf.reduce_mean(dark_logits) - tf.reduce_mean(light_logits))
    assert abs(gap) > 1e-3


def test_moving_averages_are_used_outside_training():
    """Then an image's logit does not depend on the batch."""
    discriminator = tips.discriminator(
        gan.discriminator, tips.Tips(discriminator_norm="batch"), is_training=False
    )
    x = tf.placeholder(tf.float32, [None, 784])
    logits = discriminator(x)
    images = np.random.RandomState(0).uniform(-1, 1, [8, 784])
    with sessions.session() as session:
        session.run(tf.global_variables_initializer())
        together, alone = session.run(logits, {x: images}), session.run(logits, {x: images[:1]})
    np.testing.assert_allclose(together[:1], alone, atol=1e-5)
    assert np.ptp(together) > 1e-3


def test_tf_layers_is_restored_after_an_error():
    layers = tf.layers

    def broken(x):
        tf.layers.dense(x, 3, activation=tf.nn.leaky_relu)
        assert tf.layers is not layers
        raise KeyError("broken")

    for switched in (tips.discriminator, tips.hidden_layers):
        with pytest.raises(KeyError), tf.variable_scope(switched.__name__):
            switched(broken, tips.Tips(minibatch_features=True))(tf.zeros([2, 4]))
        assert tf.layers is layers


def test_minibatch_features_recomputed(value):
    """The text's five steps: output, matrices, L1 distances, sum of exponentials, behind it."""
    x = np.random.RandomState(0).randn(4, 6).astype(np.float32)
    features = tips.minibatch_features(tf.constant(x), kernels=3, size=2)
    result, T = value([features, tf.trainable_variables()[0]])
    rows = (x @ T).reshape(4, 3, 2)
    distances = np.abs(rows[:, None] - rows[None]).sum(3)
    np.testing.assert_allclose(result, np.exp(-distances).sum(1), rtol=1e-5)


def test_minibatch_features_of_equal_images_are_the_batch_size(value):
    config = tips.Tips(minibatch_features=True)
    behind = value(tips.with_features(tf.ones([5, 6]), config))
    np.testing.assert_allclose(behind, np.concatenate([np.ones([5, 6]), np.full([5, 50], 5)], 1))


def test_looking_ahead_by_hand(value):
    """D(w) = (w - g)^2, G = -D: a step of rate r gives w' = w - 2 r (w - g)."""
    with tf.variable_scope("discriminator"):
        tf.get_variable("w", initializer=3.0)
    with tf.variable_scope("generator"):
        g = tf.get_variable("g", initializer=1.0)

    def losses():
        with tf.variable_scope("discriminator", reuse=True):
            gap = tf.square(tf.get_variable("w") - g)
        return gap, -gap

    config = tips.Tips(unrolled_steps=2, unrolled_rate=0.1)
    ahead = tips.look_ahead(losses()[0], losses, config)
    gap = 2.0 * (1 - 0.2) ** 2  # w - g shrinks by 1 - 2 r in each step
    expected = [pytest.approx(-(gap**2)), pytest.approx(2 * gap * 0.64)]
    assert value([ahead, tf.gradients(ahead, g)[0]]) == expected


@pytest.mark.slow
@pytest.mark.parametrize("program", [gan, dcgan, cgan, wgan, began])
def test_every_gan_trains_with_the_switches(program, digits, tmp_path):
    """Each network still moves with its own update alone; variables as in older checkpoints."""
    switches = {name: value for name, value in ALL.items() if name not in program.Config.UNUSED}
    config = config_of(program, tmp_path / "run", max_steps=1, batch_size=4, **switches)
    model = program.build(config, digits)
    assert built_variables() == older_variables(f"{program.__name__.rsplit('.', 1)[1]} with tips")
    critic = "critic" if program is wgan else "discriminator"
    groups = [variables.trainable(critic), variables.trainable("generator")]
    assert moved(model, groups)[:2] == [[True, False], [False, True]]
    # The label smoothing, the repetition, and the kinds of layers leave no variables behind.
    assert model.phases[-1].updates[1].repeat == 2
    kinds = {op.type for op in tf.get_default_graph().get_operations() if critic in op.name}
    assert ("Relu" in kinds, "LeakyRelu" in kinds) == (program is not began, False)


ALL = {
    "minibatch_features": True,
    "unrolled_steps": 1,
    "generator_dropout": 0.3,
    "generator_steps": 2,
    "discriminator_norm": "batch",
    "discriminator_activation": "relu",
    "label_smoothing": 0.1,
}


@pytest.mark.parametrize(
    "program, flag, value",
    [
        (gan, "pooling", "average"),
        (wgan, "label_smoothing", "0.1"),
        (began, "label_smoothing", "0.2"),
        (began, "pooling", "strided"),
        (began, "discriminator_activation", "relu"),
    ],
)
def test_a_switch_that_does_nothing_is_refused(program, flag, value, tmp_path, capsys):
    flags = [f"--{flag}", value, "--output_dir", str(tmp_path / "run"), "--max_steps", "1"]
    with pytest.raises(SystemExit) as end:
        program.main(flags)
    error = capsys.readouterr().err
    assert end.value.code == 2 and error.count("\n") == 1
    assert f"--{flag} {value}: " in error and "leave it out" in error


def test_flags_have_their_limits():
    flags = ["--minibatch_features", "--unrolled_steps", "5", "--output_dir", "x"]
    config = cli.parse(gan.Config, ["train"], "doc", flags)
    assert config.minibatch_features and config.unrolled_steps == 5
    assert config.unrolled_rate == 0.1 and config.generator_steps == 1
    with pytest.raises(InputError, match="'0.7' is not a number .at least 0.0, at most 0.5"):
        cli.parse(gan.Config, ["train"], "doc", ["--label_smoothing", "0.7"])


def row(**values):
    healthy = {
        "step": 2000,
        "discriminator_loss": 0.9,
        "generator_gradient": 1.0,
        "diversity": 0.9,
        "averages_gap": 0.1,
    }
    return {**healthy, **values}


@pytest.mark.parametrize(
    "alarm, bad, word",
    [
        (
            tips.discriminator_wins,
            {"discriminator_loss": 0.01, "generator_gradient": 0.01},
            "discriminator wins",
        ),
        (tips.generator_collapses, {"diversity": 0.05}, "generator collapses"),
        (tips.averages_are_stale, {"averages_gap": 3.0}, "moving averages stale"),
    ],
)
def test_an_alarm_needs_three_rows_in_a_row(alarm, bad, word):
    assert alarm([row()] + 2 * [row(**bad)] + [row()]) is None
    assert alarm([row()] * 9) is None
    assert alarm([row()] + 3 * [row(step=900, **bad)]) is None  # the beginning
    assert alarm([row()] + 3 * [row(**bad)]).startswith(word)


def test_a_certain_discriminator_with_a_gradient_is_no_alarm():
    bad = row(discriminator_loss=0.01, generator_gradient=0.8)
    assert tips.discriminator_wins([row()] + 5 * [bad]) is None


def test_smoothed_labels_raise_the_least_loss(value):
    """With --label_smoothing 0.1 the best discriminator answers 0.9 and 0."""
    logits = tf.constant([[np.log(9.0)]], tf.float32), tf.constant([[-30.0]])
    best = value(gan.gan_loss(*logits, label_smoothing=0.1)[0])
    assert tips.least_loss(0.1) == pytest.approx(best, rel=1e-5) and tips.least_loss(0.0) == 0.0
    rows = [row()] + 3 * [row(discriminator_loss=best + 0.01, generator_gradient=0.01)]
    assert tips.discriminator_wins(rows) is None
    assert tips.discriminator_wins(rows, tips.least_loss(0.1)).startswith("discriminator wins")


def test_label_smoothing_reaches_the_alarm_of_a_gan(digits):
    model = gan.build(config_of(gan, max_steps=1, batch_size=8, label_smoothing=0.1), digits)
    rows = [row()] + 3 * [row(discriminator_loss=0.4, generator_gradient=0.01)]
    assert model.alarms[0](rows).startswith("discriminator wins")


def test_diversity_and_gradient_by_hand(value):
    with tf.variable_scope("generator"):
        weight = tf.get_variable("w", initializer=2.0)
    solver = tf.train.GradientDescentOptimizer(0.1)
    variables.minimize(tf.square(weight) * 3, "generator", solver)
    real = tf.constant([[0.0, 0.0], [2.0, 4.0]])
    fake = tf.constant([[1.0, 1.0], [2.0, 1.0]])
    scalars = tips.generator_scalars()
    assert list(scalars) == ["generator_gradient"]
    assert value([tips.diversity(real, fake), scalars["generator_gradient"]]) == [
        pytest.approx(0.25 / 5.0),
        pytest.approx(12.0),
    ]


@pytest.mark.parametrize(
    "normalize",
    [
        lambda x: tf.layers.batch_normalization(x, momentum=0.9, training=True),
        lambda x: slim.batch_norm(x, decay=0.9),
    ],
)
@pytest.mark.parametrize("shape", [[4, 1], [2, 1, 2, 1]])
def test_averages_gap_by_hand(normalize, shape):
    """A channel with mean 3 and variance 4 in the batch, and a moving mean of 0 at first."""
    with tf.variable_scope("generator"):
        normalize(tf.constant([1.0, 5.0, 1.0, 5.0], shape=shape))
    solver = tf.train.GradientDescentOptimizer(0.0)
    step = variables.minimize(
        tf.reduce_sum(variables.trainable("generator")[0]), "generator", solver
    )
    gap = tips.generator_scalars()["averages_gap"]
    with sessions.session() as session:
        session.run(tf.global_variables_initializer())
        # 3 / sqrt(4); a fused batch norm takes 16 / 3 for the variance.
        assert session.run(gap) == pytest.approx(1.5, rel=0.2)
        for _ in range(100):
            session.run(step)
        assert session.run(gap) < 1e-3


def warnings_of(model, config):
    """What the training of a model adds to the run's warnings."""
    training.fit(model, config)
    file = files.path(config.output_dir, "warnings.txt")
    return file.read_text() if file.exists() else ""


@pytest.fixture
def short(tmp_path, monkeypatch):
    monkeypatch.setattr(tips, "GRACE", 4)
    values = {"max_steps": 10, "summary_freq": 2, "progress_freq": 1, "display_freq": 0}
    return {"tmp_path": tmp_path / "run", "batch_size": 16, **values}


def small(z):
    """A generator with a batch norm."""
    with tf.variable_scope("generator"):
        hidden = tf.layers.dense(z, 32, activation=tf.nn.relu)
        hidden = tf.layers.batch_normalization(hidden, momentum=0.9, training=True)
        return tf.layers.dense(hidden, 784, activation=tf.nn.tanh)


def test_moving_averages_without_updates_ring(digits, short, capfd):
    config = config_of(gan, **short)
    model = gan.build(config.replace(lr=0.0), digits, generator=small)
    d_update, g_update = model.phases[0].updates
    # The generator's scalars without its update, which would move the averages
    alone = training.Update(d_update.op, {"averages_gap": g_update.scalars["averages_gap"]})
    phases = [training.Phase("train", 10, [alone])]
    warned = warnings_of(model._replace(phases=phases, columns=(), alarms=tips.ALARMS), config)
    # The check of batch norms has found the mistake, too.
    assert "\nstep 6: moving averages stale" in f"\n{warned}"
    assert "moving averages stale" in capfd.readouterr().err
    assert "moving averages stale" in files.path(config.output_dir, "report.html").read_text()


def test_a_collapsed_generator_rings(digits, short):
    def constant(z):
        with tf.variable_scope("generator"):
            image = tf.tanh(tf.get_variable("image", [1, 784]))
            return tf.tile(image, [tf.shape(z)[0], 1])

    config = config_of(gan, **short)
    assert "generator collapses" in warnings_of(
        gan.build(config, digits, generator=constant), config
    )


@pytest.mark.slow
def test_a_healthy_gan_is_silent(digits, short, monkeypatch):
    monkeypatch.setattr(tips, "GRACE", 40)
    config = config_of(dcgan, **{**short, "max_steps": 70, "summary_freq": 10})
    assert warnings_of(dcgan.build(config, digits), config) == ""
