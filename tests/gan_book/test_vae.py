"""The VAE: the text's layers, its losses in closed form, what its modes write."""

import html
import json

import numpy as np
import pytest
from conftest import config_of, shapes

import data
from data import feeds
from gan_book import vae
from gan_book.evaluation import latent
from graphmode import sessions, tf
from graphmode.training import run_folder

# Tests that share a run stay in one process.

ENCODER = {
    "conv2d/kernel": (5, 5, 1, 16),
    "conv2d/bias": (16,),
    "conv2d_1/kernel": (5, 5, 16, 32),
    "conv2d_1/bias": (32,),
    "w_mean/kernel": (1568, 20),
    "w_mean/bias": (20,),
}
DECODER = {
    "z_matrix/kernel": (20, 1568),
    "z_matrix/bias": (1568,),
    "conv2d_transpose/kernel": (5, 5, 16, 32),
    "conv2d_transpose/bias": (16,),
    "conv2d_transpose_1/kernel": (5, 5, 1, 16),
    "conv2d_transpose_1/bias": (1,),
}


@pytest.mark.parametrize(
    "network, head", [(vae.VAE_CNN, "w_log_var"), (vae.AsPublished, "w_stddev")]
)
def test_variables_are_the_texts(network, head):
    model = network()
    second = {f"{head}/kernel": (1568, 20), f"{head}/bias": (20,)}
    assert shapes() == {**ENCODER, **second, **DECODER}
    assert sum(np.prod(shape) for shape in shapes().values()) == 122153
    assert model.input.op.name == "IMAGE_IN"


def test_the_generators_class_has_the_decoder_alone():
    assert vae.VAE_CNN_GEN().input.op.name == "LATENT_IN"
    assert shapes() == DECODER
    with pytest.raises(ValueError, match="28 x 28 pixels, not 32"):
        vae.VAE_CNN_GEN(img_size=32, reuse=True)


@pytest.mark.parametrize("as_published", [False, True])
def test_z_is_the_mean_plus_sigma_times_noise(as_published, digits, value):
    model = vae.network(config_of(vae, as_published=as_published, latent_size=3))
    feed = {model.input: feeds.flat_pixels(digits.test_images[:50])}
    z, mean, stddev, log_var, noise = value(
        [model.latent, model.mean, model.stddev, model.log_var, model.noise], feed
    )
    np.testing.assert_allclose(z, mean + stddev * noise, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(log_var, np.log(stddev**2), rtol=1e-4, atol=1e-5)
    assert abs(noise.mean()) < 0.3 and abs(noise.std() - 1) < 0.3
    assert (stddev < 0).any() == as_published  # a linear head for sigma may be negative


def test_noise_is_new_in_each_run(digits):
    model = vae.VAE_CNN(latent_size=3)
    feed = {model.input: feeds.flat_pixels(digits.test_images[:5])}
    with sessions.session() as session:
        session.run(tf.global_variables_initializer())
        first, second = (session.run([model.mean, model.latent], feed) for _ in range(2))
    assert (first[0] == second[0]).all() and (first[1] != second[1]).all()


@pytest.mark.parametrize(
    "flags, rates", [({}, (0.001, 0.0005)), ({"as_published": True}, (0.0001, 0.0001))]
)
def test_learning_rate_at_the_beginning_and_half_way(flags, rates, digits):
    vae.build(config_of(vae, max_steps=10, **flags), digits)
    operations = tf.get_default_graph().get_operations()
    rate = next(op for op in operations if op.type == "ApplyAdam").inputs[5]
    step = tf.train.get_or_create_global_step()
    with sessions.session() as session:
        session.run(tf.global_variables_initializer())
        first = session.run(rate)
        session.run(tf.assign(step, 5))
        np.testing.assert_allclose([first, session.run(rate)], rates, rtol=1e-5)


class Fed:
    """The tensors of a VAE that its losses read, as constants."""

    def __init__(self, **arrays):
        for name, array in arrays.items():
            setattr(self, name, tf.constant(np.float32(array)))


def test_kl_divergence_by_hand(value):
    log_var = [[0, 0, np.log(4), np.log(0.25)]]
    kl = value(vae.kl_divergence(Fed(mean=[[0, 1, 0, -2]], log_var=log_var)))
    expected = [0, 0.5, 0.5 * (4 - np.log(4) - 1), 0.5 * (4 + 0.25 - np.log(0.25) - 1)]
    np.testing.assert_allclose(kl, [sum(expected)], rtol=1e-6)


def test_likelihood_is_summed_over_pixels(value):
    logits = np.full([1, 3], np.log(0.8 / 0.2))
    nats = value(vae.negative_log_likelihood(Fed(input=[[0, 1, 0.25]], logits=logits)))
    expected = -np.log(0.2) - np.log(0.8) - 0.25 * np.log(0.8) - 0.75 * np.log(0.2)
    np.testing.assert_allclose(nats, [expected], rtol=1e-6)


def test_loss_is_the_negative_elbo(digits, value):
    model = vae.VAE_CNN(latent_size=4)
    feed = {model.input: feeds.flat_pixels(digits.train_images[:16])}
    losses = vae.vae_loss(model)
    x, y, mean, log_var, *nats = value(
        [model.input, model.output, model.mean, model.log_var, *losses], feed
    )
    generation = -np.mean(np.sum(x * np.log(y) + (1 - x) * np.log(1 - y), 1))
    kl = np.mean(np.sum(mean**2 + np.exp(log_var) - log_var - 1, 1)) / 2
    np.testing.assert_allclose(nats, [generation + kl, generation, kl], rtol=1e-4)


def test_published_loss_is_a_mean_plus_a_sum(digits, value):
    """The second term is hundreds of times the first, so the KL term decides."""
    model = vae.AsPublished()
    feed = {model.input: feeds.flat_pixels(digits.train_images[:16])}
    losses = vae.vae_loss_as_published(model)
    x, y, mean, stddev, *terms = value(
        [model.input, model.output, model.mean, model.stddev, *losses], feed
    )
    generation = np.mean((x - y) ** 2)
    kl = np.mean(0.5 * np.sum(mean**2 + stddev**2 - np.log(stddev**2) - 1, 1))
    np.testing.assert_allclose(terms, [generation + kl, generation, kl], rtol=1e-4)
    assert kl > 100 * generation


def test_a_blank_image_breaks_the_published_head(value):
    """Its sigma is exactly 0 at first, so log sigma^2 is infinite."""
    model = vae.AsPublished()
    loss, _, _ = vae.vae_loss_as_published(model)
    assert np.isposinf(value(loss, {model.input: np.zeros([1, 784])}))
    tf.reset_default_graph()
    model = vae.VAE_CNN()
    assert 0 < value(vae.vae_loss(model)[0], {model.input: np.zeros([1, 784])}) < 1000


@pytest.mark.parametrize("as_published", [True, False])
def test_published_vae_collapses_and_ours_does_not(as_published, digits):
    """With the text's weights of the terms the optimum ignores z: a KL near 0, one image.

    The text's Adam at 0.0001 needs thousands of steps. The optimum depends on the loss alone, so
    the test goes there faster.
    """
    config = config_of(vae, as_published=as_published, latent_size=5, batch_size=16)
    model = vae.network(config)
    loss_of = vae.vae_loss_as_published if as_published else vae.vae_loss
    loss, _, latent_loss = loss_of(model)
    step = tf.train.AdamOptimizer(0.003).minimize(loss)
    samples, _ = vae.decoder(tf.random_normal([50, 5]), reuse=True)
    feed = feeds.digits(digits, model.input, config.batch_size, config.seed)
    with sessions.session() as session:
        session.run(tf.global_variables_initializer())
        kl = [session.run([latent_loss, step], feed(n))[0] for n in range(200)][-1]
        spread = session.run(samples).std(0).mean()
    assert (kl < 0.1 and spread < 0.02) if as_published else (kl > 5 and spread > 0.05)


def test_a_unit_is_active_if_its_mean_varies():
    spread = np.array([0.0, 0.0099, 0.0101, 4.0]) ** 0.5
    assert latent.active_units(np.array([[-1.0], [1.0]]) * spread) == 2


@pytest.fixture(scope="module")
def trained(digits, tmp_path_factory):
    """Folders of two short runs, name -> folder: the default, and as published."""
    folders = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(data, "load", lambda name, input_dir: digits)
        for name, flags in (("default", []), ("published", ["--as_published"])):
            folders[name] = tmp_path_factory.mktemp("vae") / name
            vae.main(
                ["--output_dir", str(folders[name]), "--max_steps", "2", "--batch_size", "4"]
                + ["--latent_size", "5", "--data", "digits", "--lr", "0.002"]
                + ["--importance_images", "2", "--importance_samples", "7", *flags]
            )
    return folders


@pytest.mark.parametrize("name", ["default", "published"])
def test_evaluation_writes_the_elbo(name, trained):
    metrics = json.loads((trained[name] / "metrics.json").read_text())
    assert all(np.isfinite(number) for number in metrics.values())
    elbo = metrics["test ELBO (nats per image)"]
    likelihood = metrics["test log-likelihood of x given z (nats)"]
    kl = metrics["test KL (nats)"]
    assert elbo == pytest.approx(likelihood - kl, rel=1e-5) and likelihood < -100 and kl > 0
    assert metrics["latent size"] == 5 and metrics["importance samples"] == 7
    assert metrics["importance images"] == 2
    page = html.unescape((trained[name] / "report.html").read_text())
    assert all(text in page for text in metrics)
    figures = {file.stem for file in (trained[name] / "figures").iterdir()}
    assert {"samples", "manifold", "interpolation"} < figures


@pytest.mark.parametrize(
    "name, network", [("default", vae.VAE_CNN), ("published", vae.AsPublished)]
)
def test_sample_decodes_normal_noise_with_the_vaes_decoder(name, network, trained):
    """VAE_CNN_GEN restores by name: its images are those of the VAE's own decoder."""
    folder = trained[name]
    vae.main(["--mode", "sample", "--checkpoint", str(folder), "--count", "7", "--seed", "3"])
    z = np.random.RandomState(3).randn(7, 5)
    model = network(latent_size=5)
    with sessions.session() as session:
        sessions.restore(session, run_folder.find_checkpoint(folder))
        feed = {model.latent: z, model.input: np.zeros([7, 784])}
        expected = session.run(model.output, feed).reshape(7, 28, 28) * 255
    samples = np.load(folder / "samples.npz")["images"]
    np.testing.assert_allclose(samples, expected, atol=0.51)


def test_importance_weight_is_the_ratio_of_densities(trained, digits, monkeypatch):
    """With one z the bound is the ELBO's one-sample estimate, from densities in numpy."""
    monkeypatch.setattr(data, "load", lambda name, input_dir: digits)
    weights = []

    def kept(config, digits, model, generator, nll, kl, log_weight):
        with sessions.session() as session:
            sessions.restore(session, config.checkpoint)
            fetches = [log_weight, nll, model.latent, model.mean, model.log_var]
            feed = {model.input: feeds.flat_pixels(digits.test_images[:5])}
            weights.append(session.run(fetches, feed))

    monkeypatch.setattr(latent, "evaluate", kept)
    vae.main(["--mode", "evaluate", "--checkpoint", str(trained["default"])])
    weight, nll, z, mean, log_var = weights[0]

    def density(x, mu, log_v):
        return -0.5 * np.sum(np.log(2 * np.pi) + log_v + (x - mu) ** 2 / np.exp(log_v), 1)

    expected = -nll + density(z, 0.0, np.zeros(5)) - density(z, mean, log_var)
    np.testing.assert_allclose(weight, expected, rtol=1e-5)


def test_other_latent_sizes_do_not_fit_a_trained_run(trained, capsys):
    with pytest.raises(SystemExit) as end:
        vae.main(
            ["--mode", "sample", "--checkpoint", str(trained["default"]), "--latent_size", "9"]
        )
    error = capsys.readouterr().err
    assert end.value.code == 2 and error.count("\n") == 1
    assert "--latent_size 9 contradicts the run in" in error
