"""Lab colors against scikit-image."""

import numpy as np
import pytest
import skimage.color

from graphmode import tf
from pix2pix import lab

CORNERS = np.array([[r, g, b] for r in (0, 1) for g in (0, 1) for b in (0, 1)], np.float32)
COLORS = np.concatenate(
    [
        CORNERS,
        np.random.default_rng(0).random([20000, 3], np.float32),
        np.random.default_rng(1).random([2000, 3], np.float32) * 0.05,
    ]
)


def test_lab_is_that_of_scikit_image(value):
    # White has other digits there.
    np.testing.assert_allclose(
        value(lab.rgb_to_lab(tf.constant(COLORS))), skimage.color.rgb2lab(COLORS), atol=0.005
    )


def test_white_black_and_red(value):
    made = value(lab.rgb_to_lab(tf.constant([[1.0, 1.0, 1.0], [0.0, 0.0, 0.0], [1.0, 0.0, 0.0]])))
    np.testing.assert_allclose(made, [[100, 0, 0], [0, 0, 0], [53.24, 80.09, 67.20]], atol=0.02)


def test_rgb_comes_back_from_lab(value):
    np.testing.assert_allclose(
        value(lab.lab_to_rgb(lab.rgb_to_lab(tf.constant(COLORS)))), COLORS, atol=1e-4
    )


def test_rgb_of_lab_is_that_of_scikit_image(value):
    colors = skimage.color.rgb2lab(COLORS).astype(np.float32)
    np.testing.assert_allclose(
        value(lab.lab_to_rgb(tf.constant(colors))), skimage.color.lab2rgb(colors), atol=2e-3
    )


def test_preprocessing_comes_back_and_stays_within_bounds(value):
    colors = lab.rgb_to_lab(tf.constant(COLORS.reshape(1, -1, 2, 3)))
    channels = lab.preprocess_lab(colors)
    before, after, parts = value([colors, lab.deprocess_lab(*channels), channels])
    np.testing.assert_allclose(after, before, atol=1e-3)
    assert np.abs(parts).max() <= 1.0


def test_augment_joins_color_and_lightness(value):
    images = COLORS[:400].reshape(1, 20, 20, 3)
    lightness, a, b = lab.preprocess_lab(lab.rgb_to_lab(tf.constant(images)))
    joined = lab.augment(tf.stack([a, b], axis=3), tf.expand_dims(lightness, 3))
    np.testing.assert_allclose(value(joined), images, atol=2e-3)


def test_gradients_are_finite_at_black(value):
    colors = tf.constant(CORNERS)
    for gradient in (
        tf.gradients(lab.rgb_to_lab(colors), colors),
        tf.gradients(lab.lab_to_rgb(100 * colors), colors),
    ):
        assert np.isfinite(value(gradient)).all()


@pytest.mark.parametrize("shape", [[3], [4, 3], [2, 5, 6, 3]])
def test_any_number_of_pixels(shape, value):
    assert value(lab.rgb_to_lab(tf.ones(shape))).shape == tuple(shape)
