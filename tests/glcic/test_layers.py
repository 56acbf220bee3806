"""Convolutions and batch norms of every kind: what they compute, what they create and share."""

import numpy as np
import pytest
from conftest import shapes

from glcic import layers, model
from graphmode import slim, tf, variables


@pytest.mark.parametrize("kind", ["layers", "nn"])
def test_any_convolution_computes_the_same_with_the_same_weights(kind):
    random = np.random.default_rng(0)
    x = tf.constant(random.normal(size=[2, 12, 12, 6]).astype(np.float32))
    flat = tf.constant(random.normal(size=[3, 40]).astype(np.float32))
    outputs, weights = [], []
    for conv in ("slim", kind):
        with tf.variable_scope(f"by_{conv}"):
            outputs.append(
                [
                    layers.conv2d(conv, x, 8, 5),
                    layers.conv2d(conv, x, 8, 3, 2),
                    layers.conv2d(conv, x, 8, 3, rate=4),
                    layers.conv2d_transpose(conv, x, 8, 4, 2),
                    layers.dense(conv, flat, 900),
                    layers.dense(conv, x, 8),
                ]
            )
        weights.append(variables.trainable(f"by_{conv}"))
    assert [v.shape for v in weights[0]] == [v.shape for v in weights[1]]
    assert len(weights[0]) == 12
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        # 36,000 weights of a dense layer, uniform in +-sqrt(6 / (inputs + outputs))
        for initial in session.run([weights[0][8], weights[1][8]]):
            limit = np.sqrt(6 / (40 + 900))
            assert abs(initial).max() == pytest.approx(limit, rel=0.01)
            assert initial.std() == pytest.approx(limit / np.sqrt(3), rel=0.02)
        session.run([tf.assign(b, a) for a, b in zip(*weights)])
        for one, other in zip(*session.run(outputs)):
            np.testing.assert_allclose(one, other, atol=1e-6)


def test_a_layer_is_a_convolution_then_a_norm_then_a_leaky_relu(value):
    """Batch norm between the two: a leaky ReLU of numbers with mean 0 and standard deviation 1."""
    x = tf.random_normal([8, 12, 12, 3], mean=5.0, seed=1)
    kinds = layers.Layers()
    outputs = [
        kinds.conv2d(x, True, 4, 5),
        kinds.conv2d_transpose(x, True, 4, 4, 2),
        kinds.dense(slim.flatten(x), True, 4),
    ]
    for y in value(outputs):
        before = np.where(y > 0, y, 5 * y).reshape(-1, 4)
        np.testing.assert_allclose(before.mean(0), 0, atol=1e-4)
        np.testing.assert_allclose(before.std(0), 1, atol=0.02)


def test_activations_by_hand(value):
    x = np.float32([-3.0, -0.5, 0.0, 2.0])
    expected = {
        "lrelu": [-0.6, -0.1, 0, 2],
        "relu": [0, 0, 0, 2],
        "elu": [np.exp(-3) - 1, np.exp(-0.5) - 1, 0, 2],
        "srelu": [-1, -0.5, 0, 2],
        "prelu": [-0.75, -0.125, 0, 2],
        "rrelu": [-3 * 11 / 48, -0.5 * 11 / 48, 0, 2],
        "sigmoid": 1 / (1 + np.exp(-x)),
        "tanh": np.tanh(x),
    }
    outputs = {
        name: layers.Layers(norm="none", activation=name)._activated(tf.constant(x[:, None]), False)
        for name in layers.ACTIVATIONS
    }
    results = value(outputs)
    for name, numbers in expected.items():
        np.testing.assert_allclose(results[name][:, 0], numbers, atol=1e-6, err_msg=name)


def test_random_slopes_are_random_in_training_alone(value):
    x = -tf.ones([4000, 1])
    first, second = (-layers.ACTIVATIONS["rrelu"](x, True) for _ in "ab")
    first, second = value([first, second])
    assert (first != second).mean() > 0.99
    assert 0.125 <= first.min() < 0.13 and 0.33 < first.max() <= 1 / 3
    assert abs(first.mean() - 11 / 48) < 0.005


def test_learned_slopes_belong_to_their_network_and_are_shared_when_it_is_applied_again(
    shallow, tiny
):
    x, mask = tf.ones([4, 32, 32, 3]), tf.ones([4, 32, 32, 1])
    for is_training in (True, False):
        model.complete(x, mask, tiny(activation="prelu"), is_training)
    names = [v.op.name for v in variables.trainable("G") if "slope" in v.op.name]
    assert names == ["G/prelu/slope"]


def norm_variables(name):
    """Names of the variables of one layer's batch norm, in two applications of one network."""
    x = tf.random_normal([4, 6, 6, 3])
    for reuse in (False, True):
        with tf.variable_scope("D", reuse=reuse):
            layers.normalize(name, x, True)
    return sorted(shapes())


def test_which_norms_have_a_gamma_and_which_share_it():
    wanted = {
        "slim": ["D/BatchNorm/beta"],
        "slim_scale": ["D/BatchNorm/beta", "D/BatchNorm/gamma"],
        "layers": ["D/batch_normalization/beta", "D/batch_normalization/gamma"],
        "nn_moments": ["D/batchnorm/offset", "D/batchnorm/scale"],
        "author": ["D/author/beta", "D/author/gamma", "D_1/author/beta", "D_1/author/gamma"],
        "author_shared": ["D/author/beta", "D/author/gamma"],
        "none": [],
        "instance": ["D/InstanceNorm/beta", "D/InstanceNorm/gamma"],
    }
    wanted["layers_training"] = wanted["layers_training_updates"] = wanted["layers"]
    for name in layers.NORMS:
        tf.reset_default_graph()
        assert norm_variables(name) == wanted[name], name
    assert set(wanted) == set(layers.NORMS)


def test_the_layer_before_any_norm_learns(value):
    x = tf.random_normal([4, 6, 6, 3], seed=1)
    gradients = {}
    for kind in layers.NORMS:
        with tf.variable_scope(f"by_{kind}_alone"):
            y = layers.Layers(norm=kind).conv2d(x, True, 4, 3)
        weights = variables.trainable(f"by_{kind}_alone")[0]
        gradients[kind] = tf.gradients(tf.reduce_sum(y**3), weights)[0]
    for kind, gradient in value(gradients).items():
        assert np.abs(gradient).min() > 0, kind


@pytest.mark.parametrize("kind", ["author", "author_shared"])
def test_only_the_authors_norm_is_not_shared_and_each_network_moves_alone(shallow, tiny, kind):
    """The two applications share all weights. With tf.Variable, gamma and beta exist twice."""
    config = tiny(discriminator_norm=kind)
    corners = tf.zeros([4, 2], tf.int32)
    real = model.discriminate(tf.random_normal([4, 32, 32, 3], seed=1), corners, config)
    completion = tf.get_variable("G/completion", [4, 32, 32, 3])
    fake = model.discriminate(completion, corners, config)
    again = [name for name in shapes() if name.startswith("D/again/")]
    assert len(again) == (2 * 2 if kind == "author" else 0)

    real_loss, fake_loss, adversarial_loss = model.adversarial_losses(real, fake)
    optimizer = tf.train.GradientDescentOptimizer(1.0)
    steps = {
        "D": variables.minimize(real_loss + fake_loss, "D", optimizer),
        "G": variables.minimize(adversarial_loss, "G", optimizer),
    }
    weights = {scope: variables.trainable(scope) for scope in steps}
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for trained in steps:
            before = session.run(weights)
            session.run(steps[trained])
            after = session.run(weights)
            for scope in steps:
                moved = [(a != b).any() for a, b in zip(before[scope], after[scope])]
                assert any(moved) == (scope == trained)


@pytest.mark.parametrize("kind", ["layers_training_updates", "author_shared"])
def test_completing_with_other_norms_uses_their_moving_averages(shallow, kind, tiny, value):
    """Without training the averages are 0 and 1, so the two applications differ."""
    config = tiny(completion_norm=kind)
    x, mask = tf.random_normal([4, 32, 32, 3], seed=1), tf.ones([4, 32, 32, 1])
    _, in_training, _ = model.complete(x, mask, config, True)
    count = len(shapes())
    _, completing, _ = model.complete(x, mask, config, False)
    assert len(shapes()) == count
    first, second = value([in_training, completing])
    assert np.isfinite(second).all() and np.abs(first - second).mean() > 0.01
