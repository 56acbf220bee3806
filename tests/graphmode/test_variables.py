"""Which variables a training step moves, and what batch norms see."""

import numpy as np
import pytest

from graphmode import tf, variables


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
