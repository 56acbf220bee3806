"""The GAN: the text's layers, its losses in closed form, solvers and ranges, and who moves."""

import numpy as np
import pytest
from conftest import config_of, moved, shapes
from layer_table import layer_table

from gan_book import gan
from graphmode import sessions, tf, training, variables


def test_layers_are_the_texts():
    gan.discriminator(gan.generator(gan.noise(8, 100)))
    assert layer_table("discriminator") == [
        *(("dense", 256), "LeakyRelu"),
        *(("dense", 256), "LeakyRelu"),
        ("dense", 1),
    ]
    assert layer_table("generator") == [
        *(("dense", 1024), "Relu"),
        *(("dense", 1024), "Relu"),
        *(("dense", 784), "Tanh"),
    ]
    sizes = [np.prod(shape) for name, shape in shapes().items() if name.startswith("generator")]
    assert sum(sizes) == 1956624 and sum(map(np.prod, shapes().values())) == 2223633


def test_dim_is_the_size_of_z(digits):
    model = gan.build(config_of(gan, max_steps=1, dim=7, batch_size=8), digits)
    assert shapes()["generator/dense/kernel"] == (7, 1024)
    with sessions.session() as session:
        session.run(tf.global_variables_initializer())
        assert session.run(model.images["samples"]).shape == (100, 28, 28, 1)


def test_noise_is_uniform_and_new_in_each_run():
    z = gan.noise(1000, 100)
    with sessions.session() as session:
        first, second = session.run(z), session.run(z)
    assert (first != second).any()
    assert -1 <= first.min() < -0.99 and 0.99 < first.max() <= 1 and abs(first.mean()) < 0.01


def test_the_fixed_noise_of_the_grids_is_the_same_in_each_run(digits):
    model = gan.build(config_of(gan, max_steps=1, batch_size=8), digits)
    with sessions.session() as session:
        session.run(tf.global_variables_initializer())
        first, second = (session.run(model.images["samples"]) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_dropout_stays_in_grids_and_samples(digits, tmp_path):
    """The same z gives different images; without dropout see the test above."""
    config = config_of(gan, tmp_path / "run", max_steps=1, generator_dropout=0.5, display_freq=0)
    model = gan.build(config, digits)
    with sessions.session() as session:
        session.run(tf.global_variables_initializer())
        first, second = (session.run(model.images["samples"]) for _ in range(2))
    assert (first != second).any()
    training.fit(model, config)
    config = config.replace(checkpoint=config.output_dir + "/model.ckpt-1")
    samples = []
    for seed in (1, 2):  # of the dropout; that of the noise is the configuration's
        with tf.Graph().as_default():
            tf.set_random_seed(seed)
            samples.append(gan.generate(config, 3))
    assert (samples[0] != samples[1]).any()


@pytest.mark.parametrize("real, fake", [(0.0, 0.0), (3.0, -1.0), (-2.0, 5.0)])
def test_loss_in_closed_form(real, fake, value):
    losses = value(gan.gan_loss(tf.fill([4, 1], real), tf.fill([4, 1], fake)))
    expected = [np.log1p(np.exp(-real)) + np.log1p(np.exp(fake)), np.log1p(np.exp(-fake))]
    np.testing.assert_allclose(losses, expected, rtol=1e-5)


def test_label_smoothing_by_hand(value):
    """At logits 0 any label costs ln 2; at logit 2 a label of 0.9 costs ln(1 + e^2) - 1.8."""
    logits = tf.constant([[2.0]]), tf.constant([[0.0]])
    smooth, plain = value([gan.gan_loss(*logits, label_smoothing=0.1), gan.gan_loss(*logits)])
    assert smooth[0] == pytest.approx(np.log1p(np.exp(2)) - 1.8 + np.log(2), rel=1e-6)
    assert plain[0] == pytest.approx(np.log1p(np.exp(2)) - 2 + np.log(2), rel=1e-6)
    assert smooth[1] == plain[1]


def test_the_generators_loss_has_a_gradient_where_the_original_has_none(value):
    """By the logit of a sample which the discriminator is sure of (-20), and of another (0)."""
    logits = tf.constant([[-20.0], [0.0]])
    labels = tf.zeros_like(logits)
    entropy = tf.nn.sigmoid_cross_entropy_with_logits(logits=logits, labels=labels)
    _, generator_loss = gan.gan_loss(logits, logits)
    losses = (tf.reduce_mean(-entropy), generator_loss)
    gradients = value([tf.gradients(loss, logits)[0] for loss in losses])
    np.testing.assert_allclose(np.ravel(gradients), [0.0, -0.25, -0.5, -0.25], atol=1e-6)


@pytest.mark.parametrize("flags", [{}, {"lr": 0.003, "beta1": 0.7}])
def test_both_solvers_are_adams_with_the_texts_numbers(flags, digits, value):
    model = gan.build(config_of(gan, max_steps=1, **flags), digits)
    adams = [op for op in tf.get_default_graph().get_operations() if op.type == "ApplyAdam"]
    expected = [flags.get("lr", 0.001), flags.get("beta1", 0.5)]
    assert len(adams) == 12
    # The inputs are var, m, v, beta1_power, beta2_power, lr, beta1, ...
    inputs = value([[op.inputs[5], op.inputs[6]] for op in adams], model.feed(0))
    np.testing.assert_allclose(inputs, [expected] * 12, rtol=1e-6)


def test_each_update_moves_its_own_network(digits):
    model = gan.build(config_of(gan, max_steps=1), digits)
    weights = [[v] for scope in ("discriminator", "generator") for v in variables.trainable(scope)]
    assert len(weights) == 12
    assert moved(model, weights) == [[True] * 6 + [False] * 6, [False] * 6 + [True] * 6]


def test_generator_steps_repeat_the_generators_update(digits):
    model = gan.build(config_of(gan, max_steps=1, generator_steps=2), digits)
    assert [update.repeat for update in model.phases[0].updates] == [1, 2]


@pytest.mark.parametrize("as_published, low", [(False, -1.0), (True, 0.0)])
def test_range_of_the_discriminators_input(as_published, low, digits):
    model = gan.build(config_of(gan, max_steps=1, as_published=as_published), digits)
    operations = tf.get_default_graph().get_operations()
    first = next(
        op for op in operations if op.type == "MatMul" and op.name.startswith("discriminator")
    )
    with sessions.session() as session:
        pixels = session.run(first.inputs[0], model.feed(0))
    assert (pixels.min(), pixels.max()) == (low, 1.0)


@pytest.mark.parametrize("as_published, black, gray", [(False, -1.0, 0.0), (True, -0.5, 0.5)])
def test_images_are_in_0_to_1(as_published, black, gray, value):
    flat = np.full([1, 784], gray, np.float32)
    flat[0, :2] = [black, 1.0]
    images = value(gan.as_images(tf.constant(flat), as_published))
    assert images.shape == (1, 28, 28, 1)
    assert list(images[0, 0, :3, 0]) == [0.0, 1.0, 0.5]
