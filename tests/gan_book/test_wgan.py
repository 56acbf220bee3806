"""The WGAN: losses without logarithms, five updates of the critic for one of the generator."""

import numpy as np
import pytest
from conftest import config_of, moved
from layer_table import layer_table

from gan_book import wgan
from graphmode import cli, sessions, tf, training, variables
from graphmode.training import run_folder


def test_critic_is_the_dcgans_discriminator_as_published():
    wgan.critic(tf.zeros([2, 784]))
    assert layer_table("critic/discriminator") == [
        *(("conv", 32, 5, 1, "VALID"), "LeakyRelu", ("max", 2, 2)),
        *(("conv", 64, 5, 1, "VALID"), "LeakyRelu", ("max", 2, 2)),
        *(("dense", 1024), "LeakyRelu"),
        ("dense", 1),
    ]


def test_loss_has_no_logarithm(value):
    losses = value(wgan.wgan_loss(tf.constant([[3.0], [5.0]]), tf.constant([[1.0], [-2.0]])))
    assert losses == (pytest.approx(-4.5), pytest.approx(0.5), pytest.approx(4.5))


def test_gradient_penalty_of_a_known_gradient(value):
    """A critic 3 x_1 + 4 x_2 has a gradient norm of 5 everywhere: (5 - 1)^2 = 16."""

    def critic(x):
        return tf.matmul(x, tf.constant([[3.0], [4.0]]))

    penalty = wgan.gradient_penalty(tf.ones([6, 2]), tf.zeros([6, 2]), critic)
    assert value(penalty) == pytest.approx(16.0, rel=1e-5)


def test_gradient_penalty_is_taken_between_real_and_generated_images(value):
    """The critic x^2 / 2 has the gradient x: the points are x = share * 3 + (1 - share) * 1."""
    penalty = wgan.gradient_penalty(
        tf.fill([4000, 1], 3.0), tf.ones([4000, 1]), lambda x: tf.square(x) / 2.0
    )
    # The mean of (2 share)^2 over shares that are uniform in [0, 1]
    assert value(penalty) == pytest.approx(4 / 3, rel=0.1)


def test_five_critic_updates_have_their_own_batches_and_clip(digits, tmp_path):
    config = config_of(
        wgan, tmp_path / "run", max_steps=2, display_freq=0, batch_size=4, save_freq=1, keep=1
    )
    model = wgan.build(config, digits)
    critic_update, generator_update = model.phases[1].updates
    assert (critic_update.repeat, generator_update.repeat) == (5, 1)
    numbers, feed = [], model.feed
    training.fit(model._replace(feed=lambda n: numbers.append(n) or feed(n)), config)
    assert numbers == [0, 1, 2, 3, 4, 0, 5, 6, 7, 8, 9, 1]
    assert [step for step, _ in run_folder.checkpoints(config.output_dir)] == [2]
    saved = tf.train.load_checkpoint(str(run_folder.find_checkpoint(config.output_dir)))
    critic = [saved.get_tensor(v.op.name) for v in variables.trainable("critic")]
    assert max(np.abs(weights).max() for weights in critic) <= 0.01 + 1e-9
    assert np.abs(saved.get_tensor("generator/dense/kernel")).max() > 0.01


def test_the_limit_spares_the_scale_of_a_batch_norm(digits):
    flags = {"limit": 0.003, "discriminator_norm": "batch"}
    model = wgan.build(config_of(wgan, max_steps=1, batch_size=8, **flags), digits)
    weights = {v.op.name.split("/", 2)[2]: v for v in variables.trainable("critic")}
    with sessions.session() as session:
        session.run(tf.global_variables_initializer())
        session.run(model.phases[1].updates[0].op, model.feed(0))
        largest = {name: np.abs(session.run(v)).max() for name, v in weights.items()}
    gammas = [largest.pop(name) for name in weights if name.endswith("gamma")]
    assert len(gammas) == 2 and gammas == pytest.approx([1.0, 1.0], abs=0.01)
    largest = [number for name, number in largest.items() if not name.endswith("beta")]
    assert max(largest) == pytest.approx(0.003)


@pytest.mark.parametrize(
    "flags, steps, repeats",
    [
        ({}, [0, 30], [100, 5]),
        ({"warm_up": True}, [25, 5], [100, 5]),
        ({"warm_up": True, "max_steps": 20}, [20, 0], [100, 5]),
        ({"critic_steps": 2}, [0, 30], [100, 2]),
    ],
)
def test_schedule(flags, steps, repeats):
    config = config_of(wgan, **{"max_steps": 30, **flags})
    generator_update = training.Update("g")
    phases = wgan.schedule(config, config.max_steps, training.Update("c"), generator_update)
    assert [phase.steps for phase in phases] == steps
    assert [phase.updates[0].repeat for phase in phases] == repeats
    assert all(phase.updates[1] is generator_update for phase in phases)


@pytest.mark.parametrize(
    "flags, rate",
    [
        ([], 0.00005),
        (["--as_published"], 0.0005),
        (["--gradient_penalty"], 0.0001),
        (["--gradient_penalty", "--lr", "0.01"], 0.01),
    ],
)
def test_learning_rate(flags, rate):
    assert cli.parse(wgan.Config, ["train"], "doc", [*flags, "--output_dir", "x"]).lr == rate


@pytest.mark.parametrize("penalty, kind", [(False, "ApplyRMSProp"), (True, "ApplyAdam")])
def test_solvers(penalty, kind, digits, value):
    """RMSProp as the text says; with the penalty Adam with beta1 0 and beta2 0.9 (its paper).

    Each update moves its own network.
    """
    config = config_of(wgan, max_steps=1, batch_size=4, gradient_penalty=penalty)
    model = wgan.build(config, digits)
    operations = tf.get_default_graph().get_operations()
    solvers = [op for op in operations if op.type in ("ApplyRMSProp", "ApplyAdam")]
    assert len(solvers) == 8 + 14 and {op.type for op in solvers} == {kind}
    if penalty:  # inputs: var, m, v, beta1_power, beta2_power, lr, beta1, beta2, ...
        numbers = value(list(solvers[0].inputs)[5:8], model.feed(0))
        assert numbers == pytest.approx([0.0001, 0.0, 0.9])
    clipped = [op for op in operations if "clip_by_value" in op.name]
    assert bool(clipped) != penalty
    groups = [variables.trainable("critic"), variables.trainable("generator")]
    assert moved(model, groups) == [[True, False], [False, True]]
