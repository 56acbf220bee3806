"""--precision mixed: products in bfloat16, weights, losses and statistics in float32; a clear line where a machine lacks it."""

import numpy as np
import pytest

from conftest import config_of
from gan_book import dcgan
from graphmode import runs, sessions, tf, training
from graphmode.runs import InputError

TYPES = {tf.float32.as_datatype_enum: "float32", tf.bfloat16.as_datatype_enum: "bfloat16"}


@pytest.fixture
def with_bfloat16(monkeypatch):
    """oneDNN computes bfloat16 on any processor with AVX-512, slowly where that has none."""
    monkeypatch.setattr(sessions, "_multiplies_bfloat16", lambda: True)


def ran(precision, fetch, feed):
    """What a session gives for `fetch`, and op -> the types it ran with."""
    found = tf.RunMetadata()
    with sessions.session(precision) as session:
        session.run(tf.global_variables_initializer())
        value = session.run(fetch, feed, tf.RunOptions(output_partition_graphs=True), found)
    types = {}
    for node in (node for graph in found.partition_graphs for node in graph.node if "T" in node.attr):
        types.setdefault(node.op.replace("_MklNative", "").replace("WithBias", ""), set()).add(TYPES.get(node.attr["T"].type))
    return value, types


def test_convolutions_run_in_bfloat16_and_losses_in_float32(with_bfloat16):
    x = tf.placeholder(tf.float32, [8, 16, 16, 3])
    tf.set_random_seed(0)
    h = tf.nn.leaky_relu(tf.layers.batch_normalization(tf.layers.conv2d(x, 16, 3, 2, "same"), training=True))
    mean, variance = tf.nn.moments(tf.layers.conv2d(h, 16, 3, 2, "same"), [0, 1, 2])
    p = tf.sigmoid(tf.layers.dense(tf.layers.flatten(h), 1))
    picture = tf.tanh(tf.layers.conv2d_transpose(h, 3, 3, 2, "same"))
    fetch = [tf.reduce_mean(-tf.log(p + 1e-12)), mean, variance, tf.reduce_mean(tf.abs(x - picture))]
    feed = {x: np.random.RandomState(0).uniform(-1, 1, x.shape.as_list())}
    exact, plain = ran("float32", fetch, feed)
    value, types = ran("mixed", fetch, feed)
    assert plain["Conv2D"] == {"float32"} and types["Conv2D"] == {"bfloat16"}
    # TensorFlow makes one op, _UnaryOpsComposition, of the logarithm and the minus sign.
    for op in ("_UnaryOpsComposition", "Sigmoid", "Mean", "SquaredDifference", "Tanh", "Abs"):
        assert types[op] == {"float32"}
    for one, other in zip(value, exact):
        assert one.dtype == np.float32
        assert 0 < np.abs(one - other).max() < 0.03


@pytest.mark.parametrize("channels, kind", [([16, 32], "bfloat16"), ([16, 24], "float32")])
def test_batch_norms_stay_in_float32_where_bfloat16_is_slow(channels, kind, with_bfloat16):
    x = tf.random_normal([8, 16, 16, 3])
    for number in channels:
        x = tf.nn.relu(tf.layers.batch_normalization(tf.layers.conv2d(x, number, 3), training=True))
    _, types = ran("mixed", tf.layers.conv2d(x, 16, 3), {})
    assert types["Conv2D"] == {"bfloat16"} and types["FusedBatchNormV3"] == {kind}


def test_a_mixed_run_leaves_float32_weights_near_those_of_a_plain_one(with_bfloat16, digits, tmp_path):
    weights = {}
    for precision in ("float32", "mixed"):
        with tf.Graph().as_default():
            config = config_of(dcgan, tmp_path / precision, max_steps=3, batch_size=16, display_freq=0, precision=precision)
            tf.set_random_seed(0)
            training.fit(dcgan.build(config, digits), config)
        read = tf.train.load_checkpoint(str(runs.find_checkpoint(config.output_dir)))
        weights[precision] = {name: read.get_tensor(name) for name in read.get_variable_to_shape_map() if name.endswith("kernel")}
    for name, exact in weights["float32"].items():
        assert weights["mixed"][name].dtype == np.float32
        np.testing.assert_allclose(weights["mixed"][name], exact, atol=3 * 2 * config.lr)  # Adam moves by at most lr or so
    assert any((weights["mixed"][name] != exact).any() for name, exact in weights["float32"].items())


def test_a_processor_without_bfloat16_is_named(monkeypatch):
    monkeypatch.setattr(sessions, "_multiplies_bfloat16", lambda: False)
    with pytest.raises(InputError, match="--precision mixed is for processors that multiply bfloat16.*; leave it out"):
        sessions.session("mixed")
    sessions.session("float32").close()
