"""The tips as switches: what each changes in the graph, by hand; and the alarms: which cases ring and which do not."""

import numpy as np
import pytest

from conftest import config_of, moved, shapes
from gan_book import began, cgan, dcgan, gan, tips, wgan
from graphmode import cli, runs, sessions, slim, tf, training, variables
from graphmode.cli import InputError


def test_minibatch_features_recomputed(value):
    """Five steps: a layer's output, times T, rows; L1 distances; the sum of exp(-distance); behind the layer."""
    x = np.random.RandomState(0).randn(4, 6).astype(np.float32)
    features = tips.minibatch_features(tf.constant(x), kernels=3, size=2)
    found, T = value([features, tf.trainable_variables()[0]])
    rows = (x @ T).reshape(4, 3, 2)
    expected = [[sum(np.exp(-np.abs(rows[i, b] - rows[j, b]).sum()) for j in range(4)) for b in range(3)] for i in range(4)]
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_minibatch_features_of_equal_pictures_are_the_batch_size(value):
    features = value(tips.minibatch_features(tf.ones([5, 6])))
    np.testing.assert_allclose(features, np.full([5, 50], 5.0), rtol=1e-6)


@pytest.mark.parametrize("program", [gan, dcgan, cgan, wgan, began])
def test_every_gan_takes_the_switches(program, digits, tmp_path):
    """Each network still moves with its own step alone; sampling finds its weights in the checkpoint."""
    switches = dict(minibatch_features=True, unrolled_steps=1, generator_dropout=0.3, generator_steps=2,
                    discriminator_batch_norm=True)
    if program is not began:
        switches.update(discriminator_activation="relu")
    if program in (gan, dcgan, cgan):
        switches.update(label_smoothing=0.1)
    if program in (dcgan, cgan, wgan):
        switches.update(pooling="strided")
    config = config_of(program, tmp_path / "run", max_steps=1, batch_size=8, display_freq=0, **switches)
    if program is wgan:
        config = config._replace(critic_steps=1)
    model = program.build(config, digits)
    critic = "critic" if program is wgan else "discriminator"
    groups = [variables.trainable(critic), variables.trainable("generator")]
    assert moved(model, groups)[:2] == [[True, False], [False, True]]
    assert len(variables.moving_averages(critic)) >= 2 and any(name.endswith("T/kernel") for name in shapes())
    training.fit(model, config)
    config = config._replace(checkpoint=str(runs.find_checkpoint(config.output_dir)))
    with tf.Graph().as_default():
        drawn = program.draw(config, np.arange(3) if program is cgan else 3)
    assert drawn.shape == (3, 28, 28, 1) and np.isfinite(drawn).all()


@pytest.mark.parametrize("program, flag, value", [(gan, "pooling", "average"), (wgan, "label_smoothing", "0.1"),
                                                  (began, "label_smoothing", "0.2"), (began, "pooling", "strided")])
def test_a_switch_without_use_is_refused(program, flag, value, tmp_path, capsys):
    with pytest.raises(SystemExit) as end:
        program.main(["--" + flag, value, "--output_dir", str(tmp_path / "run"), "--max_steps", "1"])
    error = capsys.readouterr().err
    assert end.value.code == 2 and "--{} {}: ".format(flag, value) in error and error.count("\n") == 1


@pytest.mark.parametrize("pooling, kind, expected", [("max", "MaxPool", 8.0), ("average", "AvgPool", 5.0)])
def test_pooling(pooling, kind, expected, value):
    x = tf.constant([[2.0, 8.0], [4.0, 6.0]], shape=[1, 2, 2, 1])
    pooled = tips.Tips(pooling=pooling).pool(x)
    assert value(pooled) == [[[[expected]]]]
    assert pooled.op.type == kind


def test_strided_convolutions_halve_without_pooling():
    dcgan.discriminator(tf.zeros([2, 784]), tips.Tips(pooling="strided"))
    operations = tf.get_default_graph().get_operations()
    assert not [op for op in operations if "Pool" in op.type]
    assert [op.outputs[0].shape.as_list() for op in operations if op.type == "Conv2D"] == [[2, 14, 14, 32], [2, 7, 7, 64]]


def test_batch_norm_behind_the_last_activation_would_blind_the_discriminator(value):
    """Two batches, each normalised by itself: behind the activation their mean logits are equal, before it they are not."""
    tf.set_random_seed(1)
    black, white = tf.random_uniform([64, 20], -1, -0.5), tf.random_uniform([64, 20], 0.5, 1)

    def mean_logit(x, behind):
        with tf.variable_scope("behind" if behind else "before", reuse=tf.AUTO_REUSE):
            hidden = tf.layers.dense(x, 8, name="hidden")
            hidden = tf.nn.leaky_relu(hidden) if behind else hidden
            hidden = tf.layers.batch_normalization(hidden, training=True, name="norm")
            hidden = hidden if behind else tf.nn.leaky_relu(hidden)
            return tf.reduce_mean(tf.layers.dense(hidden, 1, name="logits"))
    gaps = value([mean_logit(black, behind) - mean_logit(white, behind) for behind in (True, False)])
    assert abs(gaps[0]) < 1e-5 < 1e-3 < abs(gaps[1])


def test_dropout_stays_in_sampling(value):
    """As the tip says: while training and afterwards, so the same z gives different pictures."""
    z = tf.ones([1, 100])
    with tf.variable_scope("") as scope:
        first = dcgan.generator(z, tips.Tips(generator_dropout=0.5), is_training=False)
        scope.reuse_variables()
        second = dcgan.generator(z, tips.Tips(), is_training=False)
        third = dcgan.generator(z, tips.Tips(), is_training=False)
    with sessions.session() as session:
        session.run(tf.global_variables_initializer())
        assert (session.run(first) != session.run(first)).any()
        assert (session.run(second) == session.run(third)).all()


def test_label_smoothing_by_hand(value):
    """At logits 0 any target costs ln 2; at logit 2 a target of .9 costs ln(1 + e^2) - 1.8."""
    logits = tf.constant([[2.0]]), tf.constant([[0.0]])
    smooth, plain = value([gan.gan_loss(*logits, label_smoothing=0.1), gan.gan_loss(*logits)])
    assert smooth[0] == pytest.approx(np.log1p(np.exp(2)) - 1.8 + np.log(2), rel=1e-6)
    assert smooth[1] == plain[1] and plain[0] == pytest.approx(np.log1p(np.exp(2)) - 2 + np.log(2), rel=1e-6)


def test_generator_steps(digits):
    model = gan.build(config_of(gan, max_steps=1, generator_steps=2), digits)
    d_step, *g_steps = model.phases[0].updates
    assert len(g_steps) == 2 and g_steps[0] is g_steps[1] and d_step is not g_steps[0]


def test_looking_ahead_by_hand(value):
    """D(w) = (w - g)^2 with G = g: after a step of rate r, w' = w - 2 r (w - g). G's loss -(w' - g)^2, its slope by hand."""
    with tf.variable_scope("discriminator"):
        tf.get_variable("w", initializer=3.0)
    with tf.variable_scope("generator"):
        g = tf.get_variable("g", initializer=1.0)

    def losses():
        with tf.variable_scope("discriminator", reuse=True):
            gap = tf.square(tf.get_variable("w") - g)
        return gap, -gap
    ahead = tips.look_ahead(losses()[0], losses, tips.Tips(unrolled_steps=2, unrolled_rate=0.1))
    gap = 2.0 * (1 - 0.2) ** 2  # w - g shrinks by 1 - 2 r each step
    assert value([ahead, tf.gradients(ahead, g)[0]]) == [pytest.approx(-gap ** 2), pytest.approx(2 * gap * 0.64)]


def row(step=2000, discriminator_loss=0.9, generator_gradient=1.0, diversity=0.9, averages_gap=0.1):
    return dict(step=step, discriminator_loss=discriminator_loss, generator_gradient=generator_gradient, diversity=diversity,
                averages_gap=averages_gap)


@pytest.mark.parametrize("alarm, bad, word", [
    (tips.discriminator_wins, dict(discriminator_loss=0.01, generator_gradient=0.01), "discriminator wins"),
    (tips.generator_collapses, dict(diversity=0.05), "generator collapses"),
    (tips.averages_are_stale, dict(averages_gap=3.0), "moving averages stale")])
def test_alarm_needs_three_rows_in_a_row(alarm, bad, word):
    assert alarm([row()] + 2 * [row(**bad)] + [row()]) is None
    assert alarm([row()] * 9) is None
    assert alarm([row(step=900)] + 3 * [row(step=900, **bad)]) is None  # a beginning
    assert alarm([row()] + 3 * [row(**bad)]).startswith(word)


def test_smoothed_labels_raise_what_counts_as_winning(value):
    """A discriminator that answers .9 and 0 is at its best with --label_smoothing 0.1."""
    best = value(gan.gan_loss(tf.constant([[np.log(9.0)]], tf.float32), tf.constant([[-30.0]]), 0.1)[0])
    assert tips.least_loss(0.1) == pytest.approx(best, rel=1e-5) and tips.least_loss(0.0) == 0.0
    rows = [row()] + 3 * [row(discriminator_loss=best + 0.01, generator_gradient=0.01)]
    assert tips.discriminator_wins(rows) is None
    assert tips.discriminator_wins(rows, tips.least_loss(0.1)).startswith("discriminator wins")


def test_a_discriminator_that_is_sure_but_teaches_is_no_alarm():
    assert tips.discriminator_wins([row()] + 5 * [row(discriminator_loss=0.01, generator_gradient=0.8)]) is None


def test_diversity_by_hand(value):
    with tf.variable_scope("generator"):
        weight = tf.get_variable("w", initializer=2.0)
    variables.minimize(tf.square(weight) * 3, "generator", tf.train.GradientDescentOptimizer(0.1))
    real, fake = tf.constant([[0.0, 0.0], [2.0, 4.0]]), tf.constant([[1.0, 1.0], [2.0, 1.0]])
    scalars = tips.watched(real, fake)
    assert set(scalars) == {"diversity", "generator_gradient"}
    assert value([scalars["diversity"], scalars["generator_gradient"]]) == [pytest.approx(0.25 / 5.0), pytest.approx(12.0)]


@pytest.mark.parametrize("normalise", [
    lambda x: tf.layers.batch_normalization(x, training=True), lambda x: slim.batch_norm(x, decay=0.9)])
@pytest.mark.parametrize("rank", [2, 4])
def test_averages_gap_by_hand(normalise, rank):
    """One channel, batch of mean 3 and variance 4 against a moving mean of 0 that is updated or not."""
    values = np.float32([1, 5, 1, 5]).reshape([4, 1] if rank == 2 else [2, 1, 2, 1])
    with tf.variable_scope("generator"):
        normalise(tf.constant(values))
    gap = variables.averages_gap("generator")
    with sessions.session() as session:
        session.run(tf.global_variables_initializer())
        assert session.run(gap) == pytest.approx(1.5, rel=0.2)  # 3 / sqrt(4); fused, the variance is 16/3
        for _ in range(1000):
            session.run(variables.updates("generator"))
        assert session.run(gap) < 1e-3


def fit(config, model):
    training.fit(model, config)
    file = runs.path(config.output_dir, "warnings.txt")
    return file.read_text() if file.exists() else ""


def test_moving_averages_without_updates_ring(digits, tmp_path, capfd, monkeypatch):
    monkeypatch.setattr(tips, "GRACE", 4)
    config = config_of(dcgan, tmp_path / "run", max_steps=10, summary_freq=2, progress_freq=1, display_freq=0, batch_size=16)
    model = dcgan.build(config._replace(lr=0.0), digits)
    d_step = model.phases[0].updates[0]
    warned = fit(config, model._replace(phases=[training.Phase("train", 10, [d_step])],
                                        scalars={"averages_gap": model.scalars["averages_gap"]},
                                        alarms=[tips.averages_are_stale]))
    assert "moving averages stale" in warned and "step 6" in warned and warned.count("\n") == 1
    assert "[moving averages stale]" in capfd.readouterr().err
    assert "moving averages stale" in runs.path(config.output_dir, "report.html").read_text()


def test_a_collapsed_generator_rings(digits, tmp_path, monkeypatch):
    monkeypatch.setattr(tips, "GRACE", 4)
    config = config_of(gan, tmp_path / "run", max_steps=10, summary_freq=2, display_freq=0, batch_size=16)

    def constant(z, switches):
        with tf.variable_scope("generator"):
            return tf.tile(tf.tanh(tf.get_variable("picture", [1, 784])), [tf.shape(z)[0], 1])
    assert "generator collapses" in fit(config, gan.build(config, digits, generator=constant))


def test_a_healthy_gan_is_silent(digits, tmp_path, monkeypatch):
    monkeypatch.setattr(tips, "GRACE", 50)
    config = config_of(dcgan, tmp_path / "run", max_steps=80, summary_freq=10, display_freq=0, batch_size=16)
    assert fit(config, dcgan.build(config, digits)) == ""


@pytest.mark.parametrize("normalise, shape, name", [
    (lambda x: tf.layers.batch_normalization(x, training=True), [1, 8], "net/batch_normalization"),
    (lambda x: slim.batch_norm(x, scope="bn"), [1, 1, 1, 8], "net/bn"),
    (lambda x: x - tf.nn.moments(x, [0], name="own/moments")[0], [1, 8], "net/own")])
def test_a_batch_norm_that_sees_one_value_is_refused_when_the_graph_is_built(normalise, shape, name):
    with tf.variable_scope("net"):
        for first in (2, None):
            with tf.variable_scope("of_%s" % first):
                normalise(tf.placeholder(tf.float32, [first] + shape[1:]))
        variables.check_batch_norms()
    tf.reset_default_graph()
    with tf.variable_scope("net"):
        normalise(tf.ones(shape))
    with pytest.raises(InputError, match=name + r" sees one value per channel .*{}.*--batch_size".format("x".join(map(str, shape)))):
        variables.check_batch_norms()


def test_a_dcgan_with_batches_of_one_is_one_line(tmp_path, capsys):
    with pytest.raises(SystemExit) as end:
        dcgan.main(["--batch_size", "1", "--max_steps", "2", "--output_dir", str(tmp_path / "run")])
    error = capsys.readouterr().err
    assert end.value.code == 2 and "generator/batch_normalization sees one value per channel" in error
    assert error.count("\n") == 1 and not (tmp_path / "run").exists()


def test_flags_have_their_help_and_their_limits():
    config = cli.parse("p", gan.Config, ["train"], "doc", ["--minibatch_features", "--unrolled_steps", "5", "--output_dir", "x"])
    assert config.minibatch_features and config.unrolled_steps == 5 and tips.Tips.of(config).generator_steps == 1
    with pytest.raises(InputError, match="'0.7' is not a number from 0.0 to 0.5"):
        cli.parse("p", gan.Config, ["train"], "doc", ["--label_smoothing", "0.7"])
