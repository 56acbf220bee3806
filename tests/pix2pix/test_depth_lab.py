"""The notes' statements about deep networks, on networks that are not trained or hardly."""

import json

import numpy as np
import pytest

import data
from graphmode import tf
from pix2pix import depth_lab


@pytest.fixture(scope="module")
def digits():
    return data.load("digits", "")


@pytest.fixture
def network(digits):
    """Builds a network of the laboratory; it is closed after the test."""
    opened = []

    def build(**options):
        opened.append(depth_lab.Network(digits, 0, **options))
        return opened[-1]

    yield build
    for one in opened:
        one.session.close()


def ratio(network):
    sizes = network.gradient_sizes()
    return sizes[1] / sizes[-1]


def test_the_gradients_of_sigmoids_vanish_and_batch_norm_keeps_them(network):
    assert ratio(network(depth=9, activation="sigmoid")) < 1e-3
    assert ratio(network(depth=9, activation="sigmoid", batch_norm=True)) > 0.1


def test_batch_norm_keeps_the_inputs_of_the_activations_between_the_ends(network):
    one = network(depth=3, activation="sigmoid", batch_norm=True)
    for values in one.session.run(one.before, one.feed(True)):
        np.testing.assert_allclose(values.mean(0), 0, atol=1e-4)
        # A unit that hardly varies has epsilon in its deviation, too.
        assert 0.8 < values.std(0).mean() <= 1.001


def test_an_identity_path_adds_the_input_of_a_block_to_its_output(network):
    one = network(depth=3, activation="relu", identity=True)
    with one.graph.as_default():
        (bias,) = tf.get_collection("trainable_variables", "layer_3/dense/bias")
    kernel = one.kernels[2]
    first, second, third, kernel, bias = one.session.run([*one.before, kernel, bias], one.feed())
    expected = np.maximum(second, 0) @ kernel + bias + np.maximum(first, 0)
    np.testing.assert_allclose(third, expected, rtol=1e-4, atol=1e-5)


def test_the_slopes_of_rrelu_are_random_in_training_and_the_mean_one_later():
    with tf.Graph().as_default(), tf.Session() as session:
        training = tf.placeholder(tf.bool, [])
        x = tf.constant(np.float32([-1.0] * 500 + [2.0]))
        y = depth_lab.activations(0)["rrelu"](x, training)
        random = session.run(y, {training: True})
        fixed = session.run(y, {training: False})
    assert 0.125 <= -random[:500].max() and -random[:500].min() <= 1 / 3
    assert np.std(random[:500]) > 0.05
    np.testing.assert_allclose(fixed, [-0.2292] * 500 + [2.0], rtol=1e-5)


@pytest.mark.slow
def test_the_program_writes_all_studies(tmp_path, capsys):
    depth_lab.main(["--steps", "10", "--seeds", "1", "--output_dir", str(tmp_path / "lab")])
    results = json.loads((tmp_path / "lab" / "lab.json").read_text())
    assert list(results) == list(depth_lab.STUDIES)
    assert len(results["activations"]) == 8
    assert "Whitened inputs" in (tmp_path / "lab" / "report.html").read_text()
