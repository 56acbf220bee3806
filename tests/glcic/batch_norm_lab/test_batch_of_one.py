"""The question's network: its layers, its zeros, its +-gamma, and which cures work."""

import math

import numpy as np
import pytest

from glcic.batch_norm_lab import batch_of_one
from graphmode import tf


def test_the_network_has_the_layers_of_the_text():
    """The maps are 256 -> 126 -> 61 -> 29 -> 13 -> 5 -> 1 pixels wide."""
    output, logits = batch_of_one.conv_net(tf.placeholder(tf.float32, [None, 256, 256, 3]))
    shapes = {v.op.name: v.shape.as_list() for v in tf.trainable_variables()}
    kernels = [shapes[f"h{n}/conv2d/kernel"] for n in range(1, 7)]
    filters = [3, 64, 128, 256, 256, 256, 100]
    assert kernels == [[5, 5, old, new] for old, new in zip(filters, filters[1:])]
    assert all(shapes[f"h{n}/batch_norm/gamma"] == [filters[n]] for n in range(1, 7))
    assert all(shapes[f"h{n}/alphas"] == [filters[n]] for n in range(1, 6))
    assert "h6/alphas" not in shapes
    assert output.shape.as_list() == logits.shape.as_list() == [None, 1, 1, 100]


def test_zeros_for_one_image_and_plus_minus_gamma_for_two():
    # 125 -> 61 -> 29 -> 13 -> 5 -> 1 -> 1 pixels: quicker than the question's 256.
    rows = {(row["batch"], row["of"]): row for row in batch_of_one.batches((1, 2, 16), side=125)}
    numbers = ("mean", "standard deviation", "minimum", "maximum")
    for of in ("logits", "output"):
        assert [rows[1, of][name] for name in numbers] == [0, 0, 0, 0]
        assert rows[2, of]["mean"] == pytest.approx(0, abs=1e-6)
        assert rows[2, of]["minimum"] == pytest.approx(-rows[2, of]["maximum"])
    gamma, tanh = rows["", "+-gamma"], rows["", "+-tanh(gamma)"]
    # A value d above or below the mean gives gamma d / sqrt(d^2 + epsilon). That is about gamma,
    # unless the two images are nearly equal there.
    spread = gamma["standard deviation"]
    assert 0.9 * spread < rows[2, "logits"]["standard deviation"] < spread
    assert rows[2, "logits"]["maximum"] <= gamma["maximum"]
    assert rows[2, "output"]["maximum"] <= tanh["maximum"]
    assert tanh["maximum"] == pytest.approx(math.tanh(gamma["maximum"]))
    assert gamma["minimum"] == -gamma["maximum"] and gamma["mean"] == pytest.approx(0, abs=1e-8)
    assert rows[16, "logits"]["standard deviation"] == pytest.approx(1, abs=0.02)
    assert rows[16, "logits"]["maximum"] > 1.5


def test_the_numbers_of_the_question_are_those_of_such_a_gamma():
    gamma = np.random.RandomState(0).normal(1.0, 0.02, [10000, 100])
    spread = np.sqrt(np.mean(gamma**2, 1))
    assert np.quantile(spread, 0.001) < 0.998715 < np.quantile(spread, 0.999)
    assert np.quantile(gamma.max(1), 0.001) < 1.044437 < np.quantile(gamma.max(1), 0.999)
    assert math.tanh(1.044437) == pytest.approx(0.779634, abs=1e-6)


@pytest.mark.slow
def test_which_cures_work():
    # 160 -> 78 -> 37 -> 17 -> 7 -> 2 -> 1 pixels: quicker than the question's 256.
    rows = {row["cure"]: row for row in batch_of_one.cures(side=160)}
    assert set(rows) == set(batch_of_one.CURES)
    useless = {"nothing", "instance norm"}
    assert {cure for cure, row in rows.items() if not row["tells images apart"]} == useless
    assert {cure for cure, row in rows.items() if not row["learns"]} == useless
    assert rows["nothing"]["gradient norm"] == 0


def test_group_norm_normalizes_each_group_of_each_image(value):
    x = np.random.RandomState(0).normal(3.0, 2.0, [2, 1, 1, 6]).astype(np.float32)
    output = value(batch_of_one.group_norm(tf.constant(x), 2))
    for image in range(2):
        for group in (slice(0, 3), slice(3, 6)):
            values = x[image, 0, 0, group]
            expected = (values - values.mean()) / np.sqrt(values.var() + 1e-3)
            np.testing.assert_allclose(output[image, 0, 0, group], expected, rtol=1e-4)
