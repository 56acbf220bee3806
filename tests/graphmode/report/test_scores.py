"""Scores by hand, and against scikit-image."""

import numpy as np
import pytest
import skimage.metrics

from graphmode.report import scores


def test_psnr_by_hand():
    dark, grey = np.zeros([1, 4, 4]), np.full([1, 4, 4], 0.1)
    assert scores.psnr(dark, grey)[0] == pytest.approx(20.0)
    assert scores.psnr(dark, dark)[0] == np.inf


def test_ssim_is_scikit_images():
    random = np.random.default_rng(0)
    first = random.random([3, 30, 41, 3])
    second = np.clip(first + random.normal(0, 0.1, first.shape), 0, 1)
    options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    for ours, a, b in zip(scores.ssim_map(first, second), first, second):
        _, theirs = skimage.metrics.structural_similarity(
            a, b, full=True, data_range=1.0, channel_axis=2, **options
        )
        np.testing.assert_allclose(ours, theirs.mean(2), atol=1e-9)


def test_masked_means_by_hand():
    values = np.arange(8.0).reshape(2, 2, 2)
    mask = np.array([[[True, False], [False, True]], [[False, False], [True, False]]])
    assert scores.masked(values, mask).tolist() == [1.5, 6.0]


def test_frechet_distance_of_normals_by_hand():
    """|m1 - m2|^2 + sum (s1 - s2)^2 when both covariances are diagonal."""
    random = np.random.RandomState(0)
    first = random.randn(200000, 2) * [1.0, 2.0]
    second = random.randn(200000, 2) * [3.0, 2.0] + [1.0, 2.0]
    assert scores.frechet_distance(first, second) == pytest.approx(1 + 4 + 4, rel=0.02)
    assert scores.frechet_distance(first, first) == pytest.approx(0, abs=1e-9)
    rank_one = np.outer(np.arange(10.0), [1, 1, 1])
    assert scores.frechet_distance(rank_one, rank_one + 1) == pytest.approx(3.0)
    with pytest.raises(ValueError, match=r"\(5, 2\) and \(5, 3\)"):
        scores.frechet_distance(np.zeros([5, 2]), np.zeros([5, 3]))
