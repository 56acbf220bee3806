"""The chapter's first three models: networks as in the text, losses by hand, who moves, and what comes out."""

import numpy as np
import pytest

import data
from conftest import config_of, shapes
from gan_book import cae, gan, metrics, vae
from graphmode import runs, sessions, tf, training, variables
from graphmode.runs import InputError


DECODER = {"z_matrix/kernel": (20, 1568), "z_matrix/bias": (1568,),
           "conv2d_transpose/kernel": (5, 5, 16, 32), "conv2d_transpose/bias": (16,),
           "conv2d_transpose_1/kernel": (5, 5, 1, 16), "conv2d_transpose_1/bias": (1,)}
ENCODER = {"conv2d/kernel": (5, 5, 1, 16), "conv2d/bias": (16,), "conv2d_1/kernel": (5, 5, 16, 32), "conv2d_1/bias": (32,)}


def head(name):
    return {name + "/kernel": (1568, 20), name + "/bias": (20,)}


def test_layers_are_the_texts():
    """Names are those that TensorFlow gives the text's own code, where the decoder's convolutions are unnamed."""
    cae.CAE_CNN()
    assert shapes() == {**ENCODER, **head("latent_var"), **DECODER}
    for as_published, second in ((False, "w_log_var"), (True, "w_stddev")):
        tf.reset_default_graph()
        model = vae.VAE_CNN(as_published=as_published)
        assert shapes() == {**ENCODER, **head("w_mean"), **head(second), **DECODER}
        assert model.output.shape.as_list() == [None, 28, 28, 1] and model.input.op.name == "IMAGE_IN"
    tf.reset_default_graph()
    assert vae.VAE_CNN_GEN().input.op.name == "LATENT_IN"
    assert shapes() == DECODER


def test_strides_and_activations_are_the_texts():
    cae.CAE_CNN()
    # A transposed convolution to a grey picture is that of graphmode.kernels, where oneDNN is.
    kinds = {"Conv2D": "Conv2D", "Conv2DBackpropInput": "transposed", "DepthToSpace": "transposed", "Relu": "Relu",
             "Sigmoid": "Sigmoid", "MatMul": "MatMul"}
    operations = [op for op in tf.get_default_graph().get_operations()
                  if op.type in kinds and not op.name.endswith("conv2d_transpose/Conv2D")]
    assert [(kinds[op.type], op.name.split("/")[0]) for op in operations] == [
        ("Conv2D", "ENCODER"), ("Relu", "ENCODER"), ("Conv2D", "ENCODER"), ("Relu", "ENCODER"),
        ("MatMul", "LATENT"), ("MatMul", "DECODER"), ("Relu", "DECODER"),
        ("transposed", "DECODER"), ("Relu", "DECODER"), ("transposed", "DECODER"), ("Sigmoid", "DECODER")]
    convolutions = [op for op in operations if "Conv2D" in op.type]
    assert all(op.get_attr("strides") == [1, 2, 2, 1] and op.get_attr("padding") == b"SAME" for op in convolutions)


def test_gan_activations_and_solvers_are_the_texts(digits, value):
    model = gan.build(config_of(gan, max_steps=1), digits)
    operations = tf.get_default_graph().get_operations()
    kinds = {net: [op.type for op in operations if op.name.startswith(net + "/")
                   and op.type in ("LeakyRelu", "Relu", "Tanh", "Sigmoid")] for net in ("discriminator", "generator")}
    assert kinds == {"discriminator": ["LeakyRelu"] * 2, "generator": ["Relu", "Relu", "Tanh"]}
    adams = [op for op in operations if op.type == "ApplyAdam"]
    assert len(adams) == 12
    for op in adams:  # inputs: var, m, v, beta1_power, beta2_power, lr, beta1, ...
        assert value([op.inputs[5], op.inputs[6]], model.feed(0)) == [pytest.approx(0.001), 0.5]


@pytest.mark.parametrize("program, as_published, rates", [
    (cae, False, (0.001, 0.001)), (cae, True, (0.0001, 0.0001)),
    (vae, False, (0.001, 0.0005)), (vae, True, (0.0001, 0.0001))])
def test_learning_rate_at_the_beginning_and_half_way(program, as_published, rates, digits):
    program.build(config_of(program, max_steps=10, as_published=as_published), digits)
    rate = next(op for op in tf.get_default_graph().get_operations() if op.type == "ApplyAdam").inputs[5]
    step = tf.train.get_or_create_global_step()
    with sessions.session() as session:
        session.run(tf.global_variables_initializer())
        seen = session.run(rate), session.run([tf.assign(step, 5), rate]) and session.run(rate)
    np.testing.assert_allclose(seen, rates, rtol=1e-5)


def test_gan_layers_are_the_texts_and_applied_twice_they_are_shared():
    z = gan.noise(8, 100)
    with tf.variable_scope("") as scope:
        gan.discriminator(gan.generator(z))
        scope.reuse_variables()
        gan.discriminator(tf.zeros([8, 784]))
    sizes = [("discriminator", [(784, 256), (256, 256), (256, 1)]), ("generator", [(100, 1024), (1024, 1024), (1024, 784)])]
    assert shapes() == {"{}/dense{}/{}".format(net, "_%d" % n if n else "", kind): pair if kind == "kernel" else pair[1:]
                        for net, layers in sizes for n, pair in enumerate(layers) for kind in ("kernel", "bias")}


def test_noise_is_uniform_and_new_in_each_run(value):
    z = gan.noise(1000, 100)
    with sessions.session() as session:
        first, second = session.run(z), session.run(z)
    assert (first != second).any()
    assert -1 <= first.min() < -0.99 and 0.99 < first.max() <= 1 and abs(first.mean()) < 0.01


def test_kl_divergence_by_hand(value):
    mean, log_var = np.float32([[0, 1, 0, -2]]), np.float32([[0, 0, np.log(4), np.log(0.25)]])
    kl = value(vae.kl_divergence(tf.constant(mean), tf.constant(log_var)))
    expected = [0, 0.5, 0.5 * (4 - np.log(4) - 1), 0.5 * (4 + 0.25 - np.log(0.25) - 1)]
    np.testing.assert_allclose(kl[0], expected, rtol=1e-6)


def test_likelihood_is_summed_over_pixels(value):
    pixels, probability = np.float32([[0, 1, 0.25]]), 0.8
    logits = np.full([1, 3], np.log(probability / (1 - probability)), np.float32)
    nats = value(vae.negative_log_likelihood(tf.constant(pixels), tf.constant(logits)))
    expected = -np.log(0.2) - np.log(0.8) - 0.25 * np.log(0.8) - 0.75 * np.log(0.2)
    np.testing.assert_allclose(nats, [expected], rtol=1e-6)


def test_importance_weight_is_the_ratio_of_densities(digits, value):
    model = vae.VAE_CNN(latent_size=3)
    misfit = vae.negative_log_likelihood(model.input, model.logits_flat)
    feed = {model.input: data.batches.flat_pixels(digits.test_images[:5])}
    weight, misfit, z, mean, log_var = value([vae.log_importance_weight(misfit, model), misfit, model.latent, model.mean,
                                              model.log_var], feed)

    def density(x, mu, log_v):
        return -0.5 * np.sum(np.log(2 * np.pi) + log_v + (x - mu) ** 2 / np.exp(log_v), 1)
    np.testing.assert_allclose(weight, -misfit + density(z, 0.0, np.zeros(3)) - density(z, mean, log_var), rtol=1e-5)


def test_a_unit_is_active_if_its_mean_varies():
    spread = np.array([0.0, 0.0099, 0.0101, 4.0]) ** 0.5
    assert vae.active_units(np.array([[-1.0], [1.0]]) * spread) == 2


def test_published_vae_loss_is_a_mean_plus_a_sum(digits):
    """The second term is hundreds of times the first: the KL rules."""
    model = vae.VAE_CNN(as_published=True)
    loss, generation, latent = vae.vae_loss(model, as_published=True)
    with sessions.session() as session:
        session.run(tf.global_variables_initializer())
        x, y, mean, stddev, *losses = session.run(
            [model.input, model.output_flat, model.mean, model.stddev, loss, generation, latent],
            {model.input: data.batches.flat_pixels(digits.train_images[:64])})
    by_hand = np.mean((x - y) ** 2), np.mean(0.5 * np.sum(mean ** 2 + stddev ** 2 - np.log(stddev ** 2) - 1, 1))
    np.testing.assert_allclose(losses, [sum(by_hand), *by_hand], rtol=1e-4)
    assert losses[2] > 100 * losses[1]


@pytest.mark.parametrize("as_published", [True, False])
def test_a_blank_image_breaks_the_published_head(as_published, value):
    """Its sigma is exactly 0 at first, so that log(sigma^2) is infinite."""
    model = vae.VAE_CNN(as_published=as_published)
    loss = value(vae.vae_loss(model, as_published)[0], {model.input: np.zeros([1, 784])})
    assert np.isposinf(loss) if as_published else 0 < loss < 1000


def test_the_generators_loss_teaches_where_the_original_does_not(value):
    """Gradients by the logit of a sample of which the discriminator is sure (-20), and of one it is not sure of (0)."""
    logits = tf.constant([[-20.0], [0.0]])
    original = tf.reduce_mean(-tf.nn.sigmoid_cross_entropy_with_logits(logits=logits, labels=tf.zeros_like(logits)))
    here = gan.gan_loss(logits, logits)[1]
    found = value([tf.gradients(loss, logits)[0] for loss in (original, here)])
    np.testing.assert_allclose(np.ravel(found), [0.0, -0.25, -0.5, -0.25], atol=1e-6)


@pytest.mark.parametrize("real, fake", [(0.0, 0.0), (3.0, -1.0), (-2.0, 5.0)])
def test_gan_loss_by_hand(real, fake, value):
    losses = value(gan.gan_loss(tf.fill([4, 1], real), tf.fill([4, 1], fake)))

    def softplus(x):
        return np.log1p(np.exp(x))
    np.testing.assert_allclose(losses, [softplus(-real) + softplus(fake), softplus(-fake)], rtol=1e-5)


def test_each_gan_step_moves_its_own_network(digits):
    model = gan.build(config_of(gan, max_steps=1), digits)
    discriminator, generator = variables.trainable("discriminator"), variables.trainable("generator")
    with sessions.session() as session:
        session.run(tf.global_variables_initializer())
        states = [session.run([discriminator, generator])]
        for update in model.phases[0].updates:
            session.run(update, model.feed(0))
            states.append(session.run([discriminator, generator]))
    moved = [[all((a != b).any() for a, b in zip(old, new)) for old, new in zip(*pair)] for pair in zip(states, states[1:])]
    assert moved == [[True, False], [False, True]]
    same = [[all((a == b).all() for a, b in zip(old, new)) for old, new in zip(*pair)] for pair in zip(states, states[1:])]
    assert same == [[False, True], [True, False]]


@pytest.mark.parametrize("as_published, low", [(False, -1.0), (True, 0.0)])
def test_range_of_the_discriminators_input(as_published, low, digits):
    model = gan.build(config_of(gan, max_steps=1, as_published=as_published), digits)
    first_layer = next(op for op in tf.get_default_graph().get_operations() if op.name.startswith("discriminator")
                       and op.type == "MatMul")
    with sessions.session() as session:
        pixels = session.run(first_layer.inputs[0], model.feed(0))
    assert (pixels.min(), pixels.max()) == (low, 1.0)


def test_the_generators_class_restores_the_decoder_by_name(digits, tmp_path):
    """VAE_CNN_GEN alone draws, from the same z, exactly what the VAE's own decoder draws."""
    config = config_of(vae, tmp_path / "run", max_steps=3, latent_size=5, display_freq=0)
    training.fit(vae.build(config, digits), config)
    z = np.random.RandomState(0).randn(4, 5)
    drawn = []
    for make in (lambda: vae.VAE_CNN(latent_size=5), lambda: vae.VAE_CNN_GEN(latent_size=5)):
        tf.reset_default_graph()
        model = make()
        latent = model.latent if isinstance(model, vae.VAE_CNN) else model.input
        with sessions.session() as session:
            sessions.restore(session, runs.find_checkpoint(config.output_dir))
            feed = {latent: z, **({model.input: np.zeros([4, 784])} if latent is not model.input else {})}
            drawn.append(session.run(model.output, feed))
    np.testing.assert_array_equal(*drawn)


@pytest.mark.parametrize("as_published", [True, False])
def test_published_vae_collapses_and_ours_does_not(as_published, digits):
    """The text's weighting makes 'ignore z' the optimum: KL near 0, one picture for every z. Its Adam at .0001 gets there
    in thousands of steps; the optimum is the loss's, so the test walks there faster."""
    model = vae.VAE_CNN(latent_size=5, as_published=as_published)
    loss, _, latent_loss = vae.vae_loss(model, as_published)
    step = tf.train.AdamOptimizer(0.003).minimize(loss)
    samples, _ = cae.decoder(tf.random_normal([50, 5]), reuse=True)
    feed = cae.digit_feed(config_of(vae), digits, model.input)
    with sessions.session() as session:
        session.run(tf.global_variables_initializer())
        kl = [session.run([latent_loss, step], feed(n))[0] for n in range(500)][-1]
        spread = session.run(samples).std(0).mean()
    assert (kl < 0.1 and spread < 0.02) if as_published else (kl > 5 and spread > 0.05), (kl, spread)


def test_classifier_tells_drawn_digits_apart(digits, tmp_path):
    config = config_of(gan, tmp_path)
    larger = data.digits.load(train=3200, test=400, seed=5)
    with metrics.trained(config, larger) as read:
        probabilities, features = read(larger.test_images)
        again, _ = read(data.batches.flat_pixels(larger.test_images).reshape(-1, 28, 28, 1))
    assert np.mean(probabilities.argmax(1) == larger.test_labels) > 0.95
    assert features.shape == (400, 128)
    np.testing.assert_allclose(probabilities, again, atol=1e-6)
    figures = metrics.judge(larger.test_images[larger.test_labels != 3], larger, config)
    assert figures["samples: digits covered"] == 9 and figures["real test digits: digits covered"] == 10
    assert figures["samples: Frechet distance"] > figures["real training digits: Frechet distance"]
    # Another one, hardly trained.
    with tf.Graph().as_default():
        own = config_of(metrics, tmp_path / "judge", max_steps=2, display_freq=0)
        training.fit(metrics.build(own, larger), own)
    with metrics.trained(config._replace(judge=own.output_dir), larger) as read:
        assert np.mean(read(larger.test_images)[0].argmax(1) == larger.test_labels) < 0.6
    with pytest.raises(InputError, match="nowhere is neither a run's folder"), metrics.trained(
            config._replace(judge="nowhere"), larger):
        pass
