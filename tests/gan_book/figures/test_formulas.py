"""The formulas of the figures: by hand, by quadrature, against TensorFlow."""

import types

import numpy as np
import pytest

from gan_book import vae
from gan_book.figures import __main__ as figures
from gan_book.figures import formulas
from graphmode import tf


@pytest.mark.parametrize("seed", range(5))
def test_every_digit_that_suits_reaches_the_distance(seed, digits):
    suitable = digits.test_images[formulas.shift_suits(digits.test_images)]
    assert len(suitable) > len(digits.test_images) / 3
    original, *others = formulas.same_l2_images(
        suitable[seed], np.random.default_rng(seed)
    ).values()
    distances = [formulas.l2_distance(original, image) for image in others]
    np.testing.assert_allclose(distances, distances[0], rtol=0.01)


def test_l2_distance_by_hand():
    assert formulas.l2_distance(np.uint8([[0, 255]]), np.uint8([[255, 0]])) == pytest.approx(
        np.sqrt(2)
    )


def test_a_change_goes_as_far_as_asked_and_says_where_it_ends():
    white = np.full([4, 4], 255, np.uint8)
    np.testing.assert_array_equal(
        formulas.at_distance(white, lambda amount: np.full([4, 4], 1 - amount), 1.0), 191
    )
    with pytest.raises(ValueError, match="reaches a distance of 1.992, not of 3"):
        formulas.at_distance(white, lambda amount: np.full([4, 4], 1 - amount / 2), 3)


@pytest.mark.parametrize(
    "blue, green", [((0, 1), (0, 1)), ((3, 0.5), (0, 1)), ((-1, 2), (0.5, 0.7))]
)
def test_kl_is_the_integral_and_the_density_a_density(blue, green):
    x = np.linspace(-20, 20, 200001)
    p, q = (
        formulas.normal_density(x[:, None], [mean], [[stddev**2]]) for mean, stddev in (blue, green)
    )
    there = p > 1e-100  # where q is above 0, too
    assert np.sum(p) * (x[1] - x[0]) == pytest.approx(1)
    by_quadrature = np.sum(p[there] * np.log(p[there] / q[there])) * (x[1] - x[0])
    assert formulas.kl_normal(*blue, *green) == pytest.approx(by_quadrature, abs=1e-6)


def test_kl_is_the_vaes_latent_loss(value):
    mean, stddev = np.float32([0, 1, -2, 0.3]), np.float32([1, 1, 0.5, 3])
    heads = types.SimpleNamespace(mean=tf.constant(mean[:, None]))
    heads.log_var = tf.constant(np.log(stddev[:, None] ** 2))
    kl = value(vae.kl_divergence(heads))
    np.testing.assert_allclose(formulas.kl_normal(mean, stddev), kl, rtol=1e-5, atol=1e-7)


def test_density_in_the_plane():
    mean, covariance = figures.CLASSES[0]
    side = np.linspace(-12, 12, 601)
    points = np.stack(np.meshgrid(side, side), -1)
    density = formulas.normal_density(points, mean, covariance) * (side[1] - side[0]) ** 2
    assert density.sum() == pytest.approx(1)
    np.testing.assert_allclose((points * density[..., None]).sum((0, 1)), mean, atol=1e-9)
    away = points - mean
    np.testing.assert_allclose(
        np.einsum("xyi,xyj,xy->ij", away, away, density), covariance, atol=1e-9
    )


def test_bayes_rule_gives_the_discriminative_models_probability_from_the_generative_one():
    """Of two normals with one covariance, p(y | x) is a sigmoid of a line: w is S^-1 (m1 - m0)."""
    covariance, means = np.array([[1, 0.5], [0.5, 2]]), np.array([[-0.5, 0], [0.5, 1]])
    points = np.random.default_rng(0).normal(size=[50, 2])
    densities = [formulas.normal_density(points, mean, covariance) for mean in means]
    posterior = formulas.bayes(densities, [0.25, 0.75])
    weights = np.linalg.solve(covariance, means[1] - means[0])
    # Three to one: the prior moves the line by log 3.
    logits = points @ weights - weights @ means.mean(0) + np.log(3)
    np.testing.assert_allclose(posterior[1], 1 / (1 + np.exp(-logits)), rtol=1e-9)
    np.testing.assert_allclose(posterior.sum(0), 1)


def test_logistic_regression_is_at_its_optimum_and_finds_the_true_line():
    """Of two normals with one covariance S, w is S^-1 (mean1 - mean0)."""
    generator, covariance = np.random.default_rng(0), np.array([[1, 0.5], [0.5, 2]])
    means, labels = np.array([[-0.5, 0], [0.5, 1]]), np.repeat([0, 1], 20000)
    points = np.concatenate(
        [generator.multivariate_normal(mean, covariance, 20000) for mean in means]
    )
    weights = formulas.logistic_regression(points, labels)
    inputs = np.column_stack([points, np.ones(len(points))])
    np.testing.assert_allclose(
        inputs.T @ (labels - 1 / (1 + np.exp(-inputs @ weights))), 0.001 * weights, atol=1e-6
    )
    truth = np.linalg.solve(covariance, means[1] - means[0])
    np.testing.assert_allclose(weights, [*truth, -truth @ means.mean(0)], atol=0.05)


def test_classes_that_a_line_separates_have_an_optimum_too():
    weights = formulas.logistic_regression(
        np.array([[-2.0], [-1.0], [1.0], [2.0]]), np.array([0, 0, 1, 1])
    )
    assert 1 < weights[0] < 20 and weights[1] == pytest.approx(0, abs=1e-9)


def test_activations_are_tensorflows(value):
    x = np.linspace(-4, 3, 71).astype(np.float32)
    tensors = [
        tf.nn.elu(x),
        tf.nn.relu(x),
        tf.nn.leaky_relu(x, 0.2),
        tf.nn.leaky_relu(x, 0.25),
        tf.nn.relu(x + 1) - 1,
    ]
    ours = [
        formulas.elu(x),
        formulas.relu(x),
        formulas.leaky_relu(x),
        formulas.leaky_relu(x, 0.25),
        formulas.shifted_relu(x),
    ]
    np.testing.assert_allclose(ours, value(tensors), atol=1e-6)
