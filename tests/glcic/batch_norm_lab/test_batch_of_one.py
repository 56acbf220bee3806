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
    # TensorLayer's own name, as the post names the layer.
    assert all(shapes[f"h{n}/activation/alphas"] == [filters[n]] for n in range(1, 6))
    assert "h6/activation/alphas" not in shapes
    assert output.shape.as_list() == logits.shape.as_list() == [None, 1, 1, 100]


NUMBERS = ("mean", "standard deviation", "minimum", "maximum")


@pytest.fixture(scope="module")
def batches(measured):
    """The rows by network, batch and quantity."""
    rows = measured("batches")
    return {(row["network"], row["batch"], row["of"]): row for row in rows}


@pytest.mark.parametrize("network", batch_of_one.VARIANTS)
def test_zeros_for_one_image_and_plus_minus_gamma_for_two(network, batches):
    rows = {tuple(rest): row for (one, *rest), row in batches.items() if one == network}
    for of in ("logits", "output"):
        assert [rows[1, of][name] for name in NUMBERS] == [0, 0, 0, 0]
        assert rows[2, of]["mean"] == pytest.approx(0, abs=1e-6)
        assert rows[2, of]["minimum"] == pytest.approx(-rows[2, of]["maximum"])
    # A value d above or below the mean gives gamma d / sqrt(d^2 + epsilon). That is about gamma,
    # unless the two images are nearly equal there.
    for name in NUMBERS:
        assert rows[2, "logits"][name] == pytest.approx(rows[2, "formula"][name], abs=1e-5)
    gamma, tanh = rows["", "+-gamma"], rows["", "+-tanh(gamma)"]
    spread = gamma["standard deviation"]
    assert 0.95 * spread < rows[2, "logits"]["standard deviation"] < spread
    assert rows[2, "logits"]["maximum"] <= gamma["maximum"]
    assert rows[2, "output"]["maximum"] <= tanh["maximum"]
    assert tanh["maximum"] == pytest.approx(math.tanh(gamma["maximum"]))
    assert gamma["minimum"] == -gamma["maximum"] and gamma["mean"] == pytest.approx(0, abs=1e-8)


def test_sixteen_images_are_normalized_together(batches):
    logits = batches["the post", 16, "logits"]
    assert logits["standard deviation"] == pytest.approx(1, abs=0.02)
    assert logits["maximum"] > 1.5


def test_the_epsilon_of_tf_layers_makes_the_values_smaller(batches):
    """TensorLayer's 1e-5 loses less than 1 % of gamma, the 0.001 of tf.layers more."""
    lost = {
        network: 1
        - batches[network, 2, "logits"]["standard deviation"]
        / batches[network, "", "+-gamma"]["standard deviation"]
        for network in batch_of_one.VARIANTS
    }
    assert 0 < lost["the post"] < 0.01 < lost["epsilon 0.001"]


def test_the_batch_norm_is_tensorlayers():
    """decay 0.9 and epsilon 1e-5, for a batch of two values in one channel."""
    x = np.array([[1.0], [1.02]], np.float32)
    with tf.Graph().as_default(), tf.Session() as session:
        output = batch_of_one.batch_norm(tf.constant(x), True)
        session.run(tf.global_variables_initializer())
        gamma, output = session.run([tf.global_variables()[0], output])
        session.run(tf.get_collection(tf.GraphKeys.UPDATE_OPS))
        averages = [session.run(v) for v in tf.global_variables() if "moving" in v.op.name]
    expected = gamma * 0.01 / math.sqrt(0.01**2 + 1e-5)
    np.testing.assert_allclose(output, [-expected, expected], rtol=1e-3)
    np.testing.assert_allclose(averages, [[0.101], [0.9 + 0.1 * 0.01**2]], rtol=1e-4)


def test_the_dense_last_layer_computes_the_same():
    """The post's two last layers are one function, with the weights in another order."""
    x = np.random.RandomState(0).random_sample([3, 13, 13, 3]).astype(np.float32)
    logits = []
    for dense in (False, True):
        with tf.Graph().as_default(), tf.Session() as session:
            _, made = batch_of_one.conv_net(tf.constant(x), filters=[4], dense=dense)
            session.run(tf.global_variables_initializer())
            [kernel] = [v for v in tf.trainable_variables() if v.shape.num_elements() == 10000]
            weights = np.random.RandomState(1).normal(size=[5, 5, 4, 100])
            kernel.load(weights.reshape(kernel.shape.as_list()), session)
            logits.append(session.run(made).reshape(3, 100))
    np.testing.assert_allclose(*logits, rtol=1e-3, atol=1e-4)


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
