"""What a VAE is measured with: bits per dimension, Gaussians of the data, beta, figures."""

import math

import numpy as np
import pytest
from conftest import config_of
from scipy import stats

from gan_book import vae
from gan_book.evaluation import gaussians, latent_figures
from graphmode import tf
from graphmode.errors import InputError


def test_bits_of_known_densities():
    """Uniform pixels need eight bits; so do levels of 1/256 with the density 1."""
    assert gaussians.bits(0.0, 10) == 8.0
    assert gaussians.bits(10 * math.log(2.0), 10) == 9.0
    noisy = gaussians.with_noise(np.array([[[0, 255]]], np.uint8), seed=0)
    assert noisy.shape == (1, 2) and 0 <= noisy[0, 0] < 1 / 256 and 255 / 256 <= noisy[0, 1] < 1


def test_gaussians_are_those_of_scipy():
    random = np.random.default_rng(0)
    mixed = random.normal(size=[6, 6])
    train, test = (random.normal(size=[n, 6]) @ mixed * 0.1 + 0.5 for n in (400, 50))
    train, test = train.astype(np.float32), test.astype(np.float32)
    single, joint = gaussians.bits_of_gaussians(train, test, units=5)
    expected = -stats.norm(train.mean(0), train.std(0)).logpdf(test).sum(1).mean()
    assert single == pytest.approx(gaussians.bits(expected, 6), abs=1e-3)
    # With all but one component it is the Gaussian with the full covariance.
    full = stats.multivariate_normal(train.mean(0), np.cov(train.T, bias=True))
    assert joint == pytest.approx(gaussians.bits(-full.logpdf(test).mean(), 6), abs=1e-3)
    assert joint < single


def test_gaussian_likelihood_by_hand(value):
    config = config_of(vae, latent_size=2, likelihood="gaussian")
    model = vae.network(config)
    nll = vae.likelihood(config)(model)
    pixels = np.full([1, 784], 0.25, np.float32)
    result, output = value([nll, model.output], {model.input: pixels})
    expected = -stats.norm(output, 0.1).logpdf(pixels).sum(1)
    np.testing.assert_allclose(result, expected, rtol=1e-4)


def test_beta_weighs_the_kl_term_and_grows(value):
    model = vae.network(config_of(vae, latent_size=2))
    loss, generation, latent = vae.vae_loss(model, kl_weight=4.0)
    read = value([loss, generation, latent], {model.input: np.zeros([3, 784], np.float32)})
    assert read[0] == pytest.approx(read[1] + 4.0 * read[2], rel=1e-6)
    step = tf.train.get_or_create_global_step()
    weight = vae.kl_weight(config_of(vae, kl_weight=3.0, kl_warmup=100))
    assert [value(weight, {step: n}) for n in (0, 50, 300)] == [0.0, 1.5, 3.0]
    assert vae.kl_weight(config_of(vae)) == 1.0
    with pytest.raises(InputError, match="--as_published runs the text's loss"):
        vae.Config.create(as_published=True, kl_weight=2.0)


def test_traversals_move_one_unit_at_a_time():
    means = np.array([[0.5, 3.0, 0.0], [0.4, -3.0, 0.0], [0.1, 0.2, 0.0]])
    z = latent_figures.traversals(means).reshape(3, -1, 3)
    assert [row.std(0).argmax() for row in z] == [1, 0, 2]  # by their variance
    np.testing.assert_allclose(z[0, :, 0], 0.1)
    np.testing.assert_allclose(z[0, :, 1], np.linspace(-3, 3, latent_figures.STEPS))
