"""The Wasserstein GAN: the discriminator becomes a critic, whose loss measures how far samples are from real digits.

Objective: the critic maximises mean f(x) - mean f(G(z)) over functions whose weights are clipped to [-.01, .01]; at its best
that difference estimates, up to a factor, the Wasserstein distance, and the generator reduces it. Against the GAN: no log, no
sigmoid, more critic than generator steps (five to one), clipped weights, RMSProp instead of Adam, a low learning rate.
Reference: Arjovsky, Chintala, Bottou 2017; `--gradient_penalty`: Gulrajani et al. 2017.

The text gives no networks here; these are the DCGAN's as published: the critic max-pools and has no batch norm.

Deviations from the text: its learning rate of 0.0005 is ten times the paper's and the official code's 0.00005 (`--as_published`
takes the text's). Clipping spares batch norm's gamma and beta, which a critic of other layers may have.

Run: `./run.sh gan_book.wgan --data mnist`; slow, as the text says: each generator step costs five critic steps. Watch
wasserstein_estimate, which is meant to fall as the samples get better.
"""

import functools
from typing import Literal, NamedTuple

from gan_book import cae, dcgan, gan, tips
from graphmode import cli, tf, training, variables


@dataclasses.dataclass(frozen=True)
class Config(Settings_):
    shared = gan.Config.shared
    data: Literal["digits", "mnist"] = setting("digits", help='drawn here, or MNIST')
    max_epochs: int = setting(5, at_least=1, help='passes of the generator; the critic sees five times as much')
    batch_size: int = setting(64, at_least=1, help='examples per step, as in the paper')
    dim: int = setting(100, at_least=1, help='length of z')
    lr: float = setting(0.00005, at_least=0.0, help="of both solvers; 0.0005 with --as_published, the text's; 0.0001 with --gradient_penalty")
    implies = {"as_published": {"lr": 0.0005}, "gradient_penalty": {"lr": 0.0001}}
    critic_steps: int = setting(5, at_least=1, help='for each generator step')
    limit: float = setting(0.01, at_least=0.0, help="the critic's weights are clipped to [-limit, limit]")
    warm_up: bool = setting(False, help="the official schedule's beginning: 100 critic steps for each of the first 25 generator steps")
    gradient_penalty: bool = setting(False, help="a penalty on the critic's slope (10 times) and Adam(lr, 0, 0.9), no clipping")
    count: int = setting(100, at_least=1, help='pictures that --mode sample draws')
    save_freq: int = setting(500, at_least=1, help='steps between checkpoints')
    keep: int = setting(12, at_least=1, help='how many checkpoints stay (90 MB each): evaluate compares them')
    fixed = ("dim",)


def critic(x, switches=tips.Tips()):
    """[batch, 784] in [-1, 1] -> [batch, 1] of any size, larger for real: the DCGAN's discriminator without a sigmoid."""
    with tf.variable_scope("critic"):
        return dcgan.discriminator(x, switches)


def wgan_loss(real_values, fake_values):
    """Returns (critic_loss, generator_loss, wasserstein_estimate), scalars, from the critic's [batch, 1] values."""
    wasserstein_estimate = tf.reduce_mean(real_values) - tf.reduce_mean(fake_values)
    return -wasserstein_estimate, -tf.reduce_mean(fake_values), wasserstein_estimate


def gradient_penalty(real, fake, critic):
    """Mean of (|gradient of the critic| - 1)^2 at points drawn between real and generated pictures, [batch, 784] each."""
    share = tf.random_uniform([tf.shape(real)[0], 1])
    between = share * real + (1.0 - share) * fake
    slope = tf.norm(tf.gradients(critic(between), between)[0] + 1e-12, axis=1)
    return tf.reduce_mean(tf.square(slope - 1.0))


def build(config, digits):
    """Critic and generator; five critic steps, each clipped and on a batch of its own, to one generator step."""
    tips.refuse(config, label_smoothing="a critic has no labels")
    switches = tips.Tips.of(config)
    pixels = tf.placeholder(tf.float32, [None, 784], name="IMAGE_IN")
    x = gan.scaled(pixels)
    generator_sample = dcgan.generator(gan.noise(config.batch_size, config.dim), switches)

    def losses(real_values, fake_values):
        loss, generator_loss, estimate = wgan_loss(real_values, fake_values)
        if config.gradient_penalty:
            loss += 10.0 * gradient_penalty(x, generator_sample, functools.partial(critic, switches=switches))
        return loss, generator_loss, estimate

    with tf.variable_scope("") as scope:
        real_values = critic(x, switches)
        scope.reuse_variables()
        fake_values = critic(generator_sample, switches)
        critic_loss, generator_loss, wasserstein_estimate = losses(real_values, fake_values)
        samples = gan.as_images(dcgan.generator(gan.fixed_noise(config), switches, is_training=False))
    variables.check_scopes("critic", "generator")
    variables.check_batch_norms()
    if config.unrolled_steps:
        generator_loss = tips.look_ahead(critic_loss, lambda: losses(
            critic(x, switches), critic(generator_sample, switches))[:2], switches, "critic")

    if config.gradient_penalty:
        critic_step = variables.minimize(critic_loss, "critic", tf.train.AdamOptimizer(config.lr, 0.0, 0.9))
        generator_step = variables.minimize(generator_loss, "generator", tf.train.AdamOptimizer(config.lr, 0.0, 0.9))
    else:
        critic_step = variables.minimize(critic_loss, "critic", tf.train.RMSPropOptimizer(config.lr))
        with tf.control_dependencies([critic_step]):
            critic_step = variables.clip("critic", config.limit)
        generator_step = variables.minimize(generator_loss, "generator", tf.train.RMSPropOptimizer(config.lr))
    steps = training.steps_for(config, len(digits.train_images))
    first = min(25, steps) if config.warm_up else 0
    generator_steps = [generator_step] * config.generator_steps
    return training.Model(
        phases=[training.Phase("warm-up", first, [critic_step] * 100 + generator_steps),
                training.Phase("train", steps - first, [critic_step] * config.critic_steps + generator_steps)],
        scalars={"wasserstein_estimate": wasserstein_estimate, "critic_loss": critic_loss,
                 "generator_loss": generator_loss, **tips.watched(x, generator_sample)},
        images={"samples": samples},
        feed=cae.digit_feed(config, digits, pixels),
        alarms=tips.ALARMS)


def draw(config, count):
    """`count` new pictures: see gan.draw; digits are in [-1, 1] also as published."""
    sampler = functools.partial(dcgan.generator, is_training=False)
    return gan.draw(config._replace(as_published=False), count, sampler)


def main(argv=None):
    cli.main("gan_book.wgan", Config, gan.modes(build, draw, "wasserstein_estimate"), __doc__, argv)


if __name__ == "__main__":
    main()
