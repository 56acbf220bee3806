"""TensorFlow 1's API on today's TensorFlow: what current versions broke, and a silent start."""

import importlib
import os
import subprocess
import sys

import numpy as np
import pytest

from graphmode import repairs, slim, tf, variables


def run(code, **environment):
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


CHECK = """
from graphmode import tf, slim
x = tf.ones([4, 8])
y = [slim.batch_norm(slim.fully_connected(x, 4)),
     tf.layers.batch_normalization(tf.layers.dense(x, 4), training=True)]
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


@pytest.mark.slow
def test_works_whatever_was_imported_before():
    # TensorFlow in eager mode, which has tried to load its layers from Keras 3, and TF-Slim.
    before = (
        "import os; os.environ['TF_USE_LEGACY_KERAS'] = '0'; import tensorflow as tf2\n"
        "(tf2.constant(1) + 1).numpy(); tf2.function(lambda x: x)(1)\n"
        "try: tf2.compat.v1.layers.dense\nexcept AttributeError: pass\n"
        "import tf_slim"
    )
    result = run(before + CHECK)
    assert result.stdout == "[(4, 4), (4, 4)]\n", result.stderr


def test_missing_packages_are_named_with_the_cure():
    """One process, in which a package after the other comes back."""
    result = run("""
import sys
from graphmode import tf, slim
for package in "tensorflow", "tf_keras", "tf_slim":
    sys.modules[package] = None
    try:
        tf.float32, slim.conv2d
    except ImportError as error:
        print(error)
    del sys.modules[package]
""")
    of_tensorflow, of_keras, of_slim = result.stdout.splitlines()
    assert "pip install 'tensorflow>=2.16,<2.22'" in of_tensorflow
    version = tf.__version__.rsplit(".", 1)[0]
    assert f"pip install 'tf_keras=={version}.*'" in of_keras
    assert "pip install 'tf_slim>=1.1.0,<2'" in of_slim


def test_help_answers_before_tensorflow_is_imported():
    command = [sys.executable, "-X", "importtime", "-m", "gan_book.wgan", "--help"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert "--as_published" in result.stdout and "the text's literal code" in result.stdout
    assert "tensorflow" not in result.stderr and " matplotlib" not in result.stderr
    assert " pooch" not in result.stderr


def test_every_moved_name_is_there():
    assert tf.float32  # loads TensorFlow
    for name in repairs.MOVED:
        module, attribute = name.rsplit(".", 1)
        assert hasattr(importlib.import_module("tensorflow.python." + module), attribute)
