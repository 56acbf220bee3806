"""New digits from the codes of an autoencoder: groups of codes, and normals fitted to them.

`--mode generate` itself is tested in tests/gan_book/test_cae.py.
"""

import numpy as np
import pytest

from gan_book.uses import codes


def two_clouds():
    random = np.random.RandomState(0)
    wide = random.randn(300, 2) * [3.0, 1.0] + [50.0, 0.0]
    narrow = random.randn(100, 2) * 0.1
    return random.permutation(np.concatenate([wide, narrow]))


def test_each_group_has_a_normal_of_its_own():
    points = two_clouds()
    right = points[:, 0] > 25
    samples = codes.from_normals(points, right, 20000, np.random.RandomState(2))
    for side in (False, True):
        known, new = points[right == side], samples[(samples[:, 0] > 25) == side]
        np.testing.assert_allclose(new.mean(0), known.mean(0), atol=0.1)
        np.testing.assert_allclose(np.cov(new.T), np.cov(known.T), atol=0.3)
        assert len(new) / len(samples) == pytest.approx(len(known) / len(points), abs=0.01)
    first, second = np.split(samples[:, 0] > 25, 2)
    assert first.mean() == pytest.approx(second.mean(), abs=0.03)  # in random order


def test_a_group_of_one_code_is_left_out():
    points, groups = np.float32([[1.0], [2.0], [900.0]]), np.array([0, 0, 1])
    samples = codes.from_normals(points, groups, 50, np.random.RandomState(3))
    assert samples.shape == (50, 1) and samples.max() < 100


def test_three_distributions_of_z(monkeypatch):
    """One normal covers the gap between two clouds; two normals, by k-means, do not."""
    monkeypatch.setattr(codes, "COUNT", 4000)
    monkeypatch.setattr(codes, "GROUPS", 2)
    noise, one, several = codes.distributions(two_clouds(), seed=1).values()
    assert noise.shape == one.shape == several.shape == (4000, 2)
    np.testing.assert_allclose([noise.mean(0), noise.std(0)], [[0, 0], [1, 1]], atol=0.1)
    np.testing.assert_allclose(one.mean(0), two_clouds().mean(0), atol=1.5)
    between = [np.mean((z[:, 0] > 10) & (z[:, 0] < 38)) for z in (one, several)]
    assert between[0] > 0.2 and between[1] < 0.01


def test_the_same_seed_gives_the_same_z():
    points = np.random.RandomState(5).randn(200, 3)
    first, again, other = (codes.distributions(points, seed)["30 normals"] for seed in (4, 4, 5))
    assert (first == again).all() and (first != other).any()
