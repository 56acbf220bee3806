"""TensorFlow 1's API on today's TensorFlow: the parts that current versions broke, and silence at start-up."""

import subprocess
import sys
import time

import numpy as np
import pytest

from graphmode import repairs, slim, tf, variables


def run(code, **environment):
    import os

    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, **environment},
    )


@pytest.mark.parametrize("shape", [[64, 5], [16, 4, 4, 5]], ids=["rank 2", "rank 4"])
@pytest.mark.parametrize("norm", ["slim", "layers"])
@pytest.mark.parametrize("kind", ["bool", "placeholder"])
def test_batch_norm_normalises_and_its_update_ops_move_the_averages(shape, norm, kind):
    pixels = np.random.RandomState(0).randn(*shape).astype(np.float32) * 3 + 2
    flag = True if kind == "bool" else tf.placeholder(tf.bool, [])
    x = tf.placeholder(tf.float32, [None] + shape[1:])
    with tf.variable_scope("net"):
        y = (
            slim.batch_norm(x, decay=0.9, is_training=flag)
            if norm == "slim"
            else tf.layers.batch_normalization(x, momentum=0.9, training=flag)
        )
    updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
    assert len(updates) == 2 and set(variables.updates("net")) == set(updates)
    mean = variables.moving_averages("net")[0]
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        feed = {x: pixels, **({} if kind == "bool" else {flag: True})}
        output, _ = session.run([y, updates], feed)
        axes = tuple(range(len(shape) - 1))
        np.testing.assert_allclose(output.mean(axes), np.zeros(5), atol=1e-4)
        np.testing.assert_allclose(output.std(axes), np.ones(5), atol=1e-3)
        np.testing.assert_allclose(session.run(mean), 0.1 * pixels.mean(axes), rtol=1e-4)
        if kind == "placeholder":  # at inference the averages are used, and do not move
            session.run(y, {x: pixels, flag: False})
            np.testing.assert_allclose(session.run(mean), 0.1 * pixels.mean(axes), rtol=1e-4)


def two_applications(scope):
    with tf.variable_scope(scope):
        return tf.layers.batch_normalization(
            tf.layers.dense(tf.ones([4, 2]), 3, name="fc", reuse=tf.AUTO_REUSE),
            name="bn",
            reuse=tf.AUTO_REUSE,
            training=True,
        )


def test_a_reused_network_gives_each_average_one_update():
    """The second application's ops are named discriminator_1/...; both together would race."""
    with tf.name_scope("outer"):
        first, second = two_applications("discriminator"), two_applications("discriminator")
    assert first.op.name != second.op.name
    assert len(tf.get_collection(tf.GraphKeys.UPDATE_OPS)) == 4
    assert variables.updates("discriminator") == tf.get_collection(tf.GraphKeys.UPDATE_OPS)[:2]


def test_scopes_are_not_substrings():
    two_applications("local_discriminator")
    two_applications("discriminator")
    two_applications("discriminator_2")
    assert {v.op.name.split("/")[0] for v in variables.trainable("discriminator")} == {
        "discriminator"
    }
    assert len(variables.updates("discriminator")) == 2
    found = tf.get_collection(
        tf.GraphKeys.TRAINABLE_VARIABLES, "discriminator"
    )  # as the text does it
    assert {v.op.name.split("/")[0] for v in found} == {"discriminator", "discriminator_2"}
    with pytest.raises(ValueError, match="'generator'; there are .*'local_discriminator'"):
        variables.trainable("generator")
    with pytest.raises(ValueError, match="local_discriminator/fc/kernel' belongs to none"):
        variables.check_scopes("discriminator", "discriminator_2")


def test_minimize_moves_its_own_network_and_its_averages_alone(value):
    with tf.variable_scope("generator"):
        a = tf.get_variable("a", initializer=1.0)
    two_applications("generator")
    with tf.variable_scope("discriminator"):
        d = tf.get_variable("d", initializer=1.0)
    step = variables.minimize(
        tf.square(a * d), "generator", tf.train.GradientDescentOptimizer(0.25)
    )
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        before = session.run(variables.moving_averages("generator"))
        session.run(step)
        assert session.run([a, d]) == [0.5, 1.0]
        after = session.run(variables.moving_averages("generator"))
        assert all((old != new).any() for old, new in zip(before, after))


def test_clip_leaves_batch_norm_alone():
    with tf.variable_scope("critic"):
        tf.get_variable("kernel", initializer=[-3.0, 0.005, 3.0])
        tf.get_variable("gamma", initializer=[1.0])
    clip = variables.clip("critic", 0.01)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(clip)
        kernel, gamma = session.run(variables.trainable("critic"))
    np.testing.assert_allclose(kernel, [-0.01, 0.005, 0.01])
    assert gamma == 1.0


CHECK = """
from graphmode import tf, slim
x = tf.ones([4, 8])
y = [slim.batch_norm(slim.fully_connected(x, 4)), tf.layers.batch_normalization(tf.layers.dense(x, 4), training=True)]
with tf.Session() as s:
    s.run(tf.global_variables_initializer())
    print([v.shape for v in s.run(y)])
"""


def test_start_up_and_deprecations_are_silent_and_errors_are_not():
    result = run(
        CHECK + "tf.logging.error('a real error'); import warnings; warnings.warn('a real warning')"
    )
    assert result.stdout == "[(4, 4), (4, 4)]\n"
    lines = [line for line in result.stderr.splitlines() if "warnings.warn" not in line]
    assert len(lines) == 2 and "a real error" in lines[0] and "a real warning" in lines[1], (
        result.stderr
    )


@pytest.mark.parametrize(
    "before",
    [
        "import tensorflow as tf2",
        "import tensorflow as tf2; (tf2.constant(1) + 1).numpy(); tf2.function(lambda x: x)(1)",
        "import tensorflow as tf2\ntry: tf2.compat.v1.layers.dense\nexcept AttributeError: pass",
        "import os; os.environ['TF_USE_LEGACY_KERAS'] = '0'; import tensorflow",
        "import tf_slim",
    ],
)
def test_works_whatever_was_imported_before(before):
    result = run(before + CHECK)
    assert result.stdout == "[(4, 4), (4, 4)]\n", result.stderr


def test_missing_packages_are_named_with_the_cure():
    block = "import sys; sys.modules[{!r}] = None\nfrom graphmode import tf, slim\ntf.float32\nslim.conv2d"
    assert (
        "pip install 'tf_keras=={}.*'".format(tf.__version__.rsplit(".", 1)[0])
        in run(block.format("tf_keras")).stderr
    )
    assert "pip install 'tf_slim>=1.1.0,<2'" in run(block.format("tf_slim")).stderr
    assert "pip install 'tensorflow>=2.16,<2.22'" in run(block.format("tensorflow")).stderr


@pytest.mark.parametrize(
    "program",
    [
        "gan_book.cae",
        "gan_book.vae",
        "gan_book.gan",
        "gan_book.dcgan",
        "gan_book.cgan",
        "gan_book.wgan",
        "gan_book.began",
        "gan_book.metrics",
    ],
)
def test_help_answers_before_tensorflow_is_imported(program):
    times = []
    for _ in range(3):  # the best of three: other work may share the cores
        began = time.perf_counter()
        result = subprocess.run(
            [sys.executable, "-X", "importtime", "-m", program, "--help"],
            capture_output=True,
            text=True,
        )
        times.append(time.perf_counter() - began)
    assert min(times) < 1.0
    assert "--as_published" in result.stdout and "the text's literal code" in result.stdout
    assert " numpy\n" in result.stderr and "tensorflow" not in result.stderr


def test_every_moved_name_is_there():
    import importlib

    tf.float32
    for name in repairs.MOVED:
        module, attribute = name.rsplit(".", 1)
        assert hasattr(importlib.import_module("tensorflow.python." + module), attribute)
