"""Noise: repeated when its number is fed, new when not, and never in initial values."""

import numpy as np
import pytest

from graphmode import config, noise, sessions, tf

KINDS = {
    "normal": lambda: tf.random_normal([500], 2.0, 3.0),
    "uniform": lambda: tf.random_uniform([500], -1.0, 1.0),
    "truncated": lambda: tf.truncated_normal([500]),
    "integers": lambda: tf.random_uniform([500], 3, 7, tf.int32),
    "dropout": lambda: tf.nn.dropout(tf.ones([500]), keep_prob=0.5),
}


@pytest.mark.parametrize("kind", KINDS)
def test_noise_is_that_of_its_step(kind):
    with sessions.graph(config.Run(seed=5)), sessions.session() as session:
        tensor = KINDS[kind]()
        runs = [
            session.run(tensor, noise.feed(step, place)).tolist()
            for step, place in ((0, 0), (0, 1), (1, 0), (2, 0), (1, 0))
        ]
        free = [session.run(tensor).tolist() for _ in range(2)]
    assert runs[2] == runs[4]
    different = [*runs[:4], *free]
    assert len({tuple(values) for values in different}) == 6
    with sessions.graph(config.Run(seed=6)), sessions.session() as session:
        assert session.run(KINDS[kind](), noise.feed(1)).tolist() != runs[2]


def test_the_distributions_are_those_of_the_names():
    with sessions.graph(config.Run()), sessions.session() as session:
        drawn = session.run({name: make() for name, make in KINDS.items()}, noise.feed(3))
    assert drawn["normal"].mean() == pytest.approx(2, abs=0.4)
    assert drawn["normal"].std() == pytest.approx(3, abs=0.3)
    assert -1 <= drawn["uniform"].min() < -0.9 and 0.9 < drawn["uniform"].max() < 1
    assert np.abs(drawn["truncated"]).max() < 2
    assert set(drawn["integers"]) == {3, 4, 5, 6} and set(drawn["dropout"]) == {0, 2}


def test_two_ops_of_one_run_are_independent():
    with sessions.graph(config.Run()), sessions.session() as session:
        one, other = session.run([KINDS["normal"](), KINDS["normal"]()], noise.feed(0))
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.2


def test_initial_values_are_tensorflow_1s():
    def kernel():
        tf.layers.dense(tf.ones([1, 3]), 2)
        with sessions.session() as session:
            session.run(tf.global_variables_initializer())
            return session.run(tf.trainable_variables()[0]).tolist()

    with sessions.graph(config.Run(seed=4)):
        ours = kernel()
    with tf.Graph().as_default():
        tf.set_random_seed(4)
        assert kernel() == ours


def test_other_graphs_have_tensorflows_own_ops():
    assert tf.random_normal([2]).op.inputs[0].op.inputs[0].op.type == "RandomStandardNormal"
    assert noise.feed(0) == {}
