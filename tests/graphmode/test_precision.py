"""--precision mixed: products in bfloat16, weights, losses and statistics in float32."""

import numpy as np
import pytest
from conftest import config_of

from gan_book import dcgan
from graphmode import sessions, tf, training
from graphmode.errors import InputError
from graphmode.training import run_folder

TYPES = {tf.float32.as_datatype_enum: "float32", tf.bfloat16.as_datatype_enum: "bfloat16"}


@pytest.fixture
def with_bfloat16(monkeypatch):
    """oneDNN computes bfloat16 on any CPU with AVX-512, slowly if the CPU does not support it."""
    monkeypatch.setattr(sessions, "_supports_bfloat16", lambda: True)


def ran(precision, fetch, feed):
    """The values of `fetch`, and op -> the types that it ran with."""
    metadata = tf.RunMetadata()
    options = tf.RunOptions(output_partition_graphs=True)
    with sessions.session(precision) as session:
        session.run(tf.global_variables_initializer())
        value = session.run(fetch, feed, options, metadata)
    types = {}
    for graph in metadata.partition_graphs:
        for node in graph.node:
            if "T" in node.attr:
                name = node.op.replace("_MklNative", "").replace("WithBias", "")
                types.setdefault(name, set()).add(TYPES.get(node.attr["T"].type))
    return value, types


def test_convolutions_run_in_bfloat16_and_losses_in_float32(with_bfloat16):
    x = tf.placeholder(tf.float32, [8, 16, 16, 3])
    tf.set_random_seed(0)
    h = tf.layers.batch_normalization(tf.layers.conv2d(x, 16, 3, 2, "same"), training=True)
    h = tf.nn.leaky_relu(h)
    mean, variance = tf.nn.moments(tf.layers.conv2d(h, 16, 3, 2, "same"), [0, 1, 2])
    p = tf.sigmoid(tf.layers.dense(tf.layers.flatten(h), 1))
    image = tf.tanh(tf.layers.conv2d_transpose(h, 3, 3, 2, "same"))
    l1 = tf.reduce_mean(tf.abs(x - image))
    fetch = [tf.reduce_mean(-tf.log(p + 1e-12)), mean, variance, l1]
    feed = {x: np.random.RandomState(0).uniform(-1, 1, x.shape.as_list())}
    exact, plain = ran("float32", fetch, feed)
    value, types = ran("mixed", fetch, feed)
    assert plain["Conv2D"] == {"float32"} and types["Conv2D"] == {"bfloat16"}
    # TensorFlow makes one op, _UnaryOpsComposition, of the logarithm and the minus sign.
    for op in ("_UnaryOpsComposition", "Sigmoid", "Mean", "SquaredDifference", "Tanh", "Abs"):
        assert types[op] == {"float32"}
    for one, other in zip(value, exact, strict=True):
        assert one.dtype == np.float32
        assert 0 < np.abs(one - other).max() < 0.03


@pytest.mark.parametrize("channels, kind", [([16, 32], "bfloat16"), ([16, 24], "float32")])
def test_batch_norms_stay_in_float32_if_bfloat16_is_slow(channels, kind, with_bfloat16):
    x = tf.random_normal([8, 16, 16, 3])
    for number in channels:
        normalized = tf.layers.batch_normalization(tf.layers.conv2d(x, number, 3), training=True)
        x = tf.nn.relu(normalized)
    _, types = ran("mixed", tf.layers.conv2d(x, 16, 3), {})
    assert types["Conv2D"] == {"bfloat16"} and types["FusedBatchNormV3"] == {kind}


def kernels_after_two_steps(precision, digits, folder):
    config = config_of(
        dcgan, folder, max_steps=2, batch_size=4, display_freq=0, precision=precision
    )
    with sessions.graph(config):
        training.fit(dcgan.build(config, digits), config)
    saved = tf.train.load_checkpoint(str(run_folder.find_checkpoint(folder)))
    names = [name for name in saved.get_variable_to_shape_map() if name.endswith("kernel")]
    return {name: saved.get_tensor(name) for name in names}, config.lr


@pytest.mark.slow
def test_a_mixed_run_leaves_float32_weights_near_those_of_a_plain_one(
    with_bfloat16, digits, tmp_path
):
    exact, lr = kernels_after_two_steps("float32", digits, tmp_path / "float32")
    mixed, _ = kernels_after_two_steps("mixed", digits, tmp_path / "mixed")
    assert len(exact) > 5 and set(mixed) == set(exact)
    for name, weights in exact.items():
        assert mixed[name].dtype == np.float32
        # A step of Adam moves a weight by about the learning rate at most, in either run.
        np.testing.assert_allclose(mixed[name], weights, atol=2 * 2 * lr)
    assert any((mixed[name] != weights).any() for name, weights in exact.items())


def test_mixed_needs_a_cpu_with_bfloat16(monkeypatch):
    monkeypatch.setattr(sessions, "_supports_bfloat16", lambda: False)
    with pytest.raises(InputError, match="--precision mixed needs a CPU that supports bfloat16"):
        sessions.session("mixed")
    sessions.session("float32").close()
