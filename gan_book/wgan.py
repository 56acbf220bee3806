"""Wasserstein GAN (WGAN): the critic's loss measures how far the samples are from real digits.

Compared with the DCGAN (gan_book/dcgan.py), the losses have no logarithm (从损失中删除对数), and
the discriminator becomes a critic f, whose output may be any number:

    critic:     maximize  mean f(x) - mean f(G(z))        over functions with weights in [-c, c]
    generator:  minimize  -mean f(G(z))

The maximum estimates the Wasserstein distance of samples and digits, up to a factor. The text's
four steps: more updates of the critic than of the generator (5 to 1), clipped weights of the critic
(修剪判别器权重), RMSProp in place of Adam, and a low learning rate.

References: Arjovsky, Chintala and Bottou 2017, "Wasserstein GAN"; for `--gradient_penalty`
Gulrajani et al. 2017, "Improved Training of Wasserstein GANs".

Differences from the text (`--as_published` runs the text; docs/errata.md shows both results):
    - The text's learning rate is 0.0005. Here it is the paper's and the official code's: 0.00005.
    - The text has no networks for this section. These are the DCGAN's as published: the critic has
      max pools and no batch norm. Images are in [-1, 1], also as published.

Run:     ./run.sh gan_book.wgan --data mnist     (slow, as the text says: 5 critic updates per step)
Expect:  a wasserstein_estimate that falls while the samples get better.
"""

import dataclasses
import functools

from data import feeds
from gan_book import dcgan, gan, inputs, tips
from gan_book.evaluation import classifier, sampling
from graphmode import cli, config, tf, training, variables
from graphmode.config import setting

PENALTY = 10.0  # factor of the gradient penalty, lambda in the paper


@dataclasses.dataclass(frozen=True)
class Config(config.Run, inputs.Inputs, tips.Tips, classifier.Evaluated):
    """Settings of the WGAN. `network` marks those that belong to the trained weights."""

    PROGRAM = "gan_book.wgan"
    AS_PUBLISHED = {"lr": 0.0005}
    RENAMED = gan.Config.RENAMED
    UNUSED = {"label_smoothing": "a critic has no labels"}

    # An epoch is slow here: the critic sees five times as many batches as the generator.
    max_epochs: int = setting(
        5, at_least=1, changeable=True, help="passes of the generator over the training set"
    )
    # Batch size, limit, critic updates and learning rate are those of the paper.
    batch_size: int = setting(64, at_least=1, help="examples per update")
    dim: int = setting(100, at_least=1, network=True, help="number of units of z")
    lr: float = setting(
        0.00005, at_least=0.0, changeable=True, help="learning rate of both solvers"
    )
    critic_steps: int = setting(5, at_least=1, help="critic updates in each step")
    limit: float = setting(
        0.01, at_least=0.0, help="the critic's weights are clipped to [-limit, limit]"
    )
    warm_up: bool = setting(
        False, help="100 critic updates in each of the first 25 steps, as in the official code"
    )
    gradient_penalty: bool = setting(
        False,
        overrides={True: {"lr": 0.0001}},
        help="penalize the norm of the critic's gradient, use Adam, do not clip",
    )
    # What `--mode evaluate` needs: checkpoints over the whole run, to compare curve and quality.
    count: int = setting(100, at_least=1, help="number of samples (--mode sample)")
    save_freq: int = setting(500, at_least=1, changeable=True, help="steps between checkpoints")
    keep: int = setting(
        12, at_least=1, changeable=True, help="number of checkpoints that are kept, 90 MB each"
    )


def critic(x, network=dcgan.discriminator):
    """[batch, 784] in [-1, 1] -> [batch, 1], any number, larger for real images."""
    with tf.variable_scope("critic"):
        # No sigmoid follows: the value is a score, not a logit.
        return network(x)


def wgan_loss(real_values, fake_values):
    """The losses from the critic's values, [batch, 1] each.

    Returns:
        (critic_loss, generator_loss, wasserstein_estimate), scalars; the last is minus the first.
    """
    # 从损失中删除对数: there is no logarithm.
    wasserstein_estimate = tf.reduce_mean(real_values) - tf.reduce_mean(fake_values)
    return -wasserstein_estimate, -tf.reduce_mean(fake_values), wasserstein_estimate


def gradient_penalty(real, fake, critic):
    """Mean of (gradient norm of the critic - 1)^2 at points between real and generated images.

    Args:
        real, fake: [batch, 784] each.
        critic: function of such images.
    """
    # A random point on the line between a real and a generated image
    share = tf.random_uniform([tf.shape(real)[0], 1])
    between = share * real + (1.0 - share) * fake
    # The small number keeps the gradient of the norm finite where the norm is 0.
    slope = tf.norm(tf.gradients(critic(between), between)[0] + 1e-12, axis=1)
    return tf.reduce_mean(tf.square(slope - 1.0))


def build(config, digits):
    """Builds the graph that trains critic and generator on `digits` (data.Digits)."""
    pixels = tf.placeholder(tf.float32, [None, inputs.numbers(config)], name="IMAGE_IN")
    # [-1, 1] also as published: the text has no code for the WGAN, so it has no other range.
    x = gan.scaled(pixels)
    discriminator, generator = dcgan.networks(config)
    generator = tips.generator(generator, config)
    with_tips = tips.discriminator(functools.partial(critic, network=discriminator), config)
    generator_sample = generator(gan.noise(config.batch_size, config.dim))

    def losses(real_values, fake_values):
        critic_loss, generator_loss, estimate = wgan_loss(real_values, fake_values)
        if config.gradient_penalty:
            # The penalty takes the place of clipping.
            critic_loss += PENALTY * gradient_penalty(x, generator_sample, with_tips)
        return critic_loss, generator_loss, estimate

    with tf.variable_scope("") as scope:
        real_values = with_tips(x)
        # The second application of the critic has the weights of the first.
        scope.reuse_variables()
        fake_values = with_tips(generator_sample)
        critic_loss, generator_loss, wasserstein_estimate = losses(real_values, fake_values)
        # The same hundred z in every report, so that two reports can be compared.
        samples = generator(gan.fixed_noise(config), is_training=False)
        samples = gan.as_images(samples, shape=config.shape)
    variables.check_scopes("critic", "generator")
    variables.check_batch_norms()
    if config.unrolled_steps:
        generator_loss = tips.look_ahead(
            critic_loss,
            lambda: losses(with_tips(x), with_tips(generator_sample))[:2],
            config,
            scope="critic",
        )

    # Each update runs on a batch and noise of its own.
    critic_step, generator_step = solvers(config, critic_loss, generator_loss)
    critic_scalars = {
        "wasserstein_estimate": wasserstein_estimate,
        "critic_loss": critic_loss,
        "diversity": tips.diversity(x, generator_sample),
    }
    # The estimate is the curve to watch. The loss of the generator alone says little.
    generator_scalars = {"generator_loss": generator_loss, **tips.generator_scalars()}
    generator_update = training.Update(generator_step, generator_scalars, config.generator_steps)
    steps = training.steps_for(config, len(digits.train_images))
    return training.Model(
        phases=schedule(
            config, steps, training.Update(critic_step, critic_scalars), generator_update
        ),
        images={"samples": samples},
        feed=feeds.digits(digits, pixels, config.batch_size, config.seed, mirror=config.mirrored),
        columns=["wasserstein_estimate", "critic_loss", "generator_loss"],
        alarms=tips.ALARMS,
    )


def solvers(config, critic_loss, generator_loss):
    """The updates of both networks: (critic_step, generator_step)."""
    if config.gradient_penalty:
        # The numbers of Gulrajani et al. 2017: beta1 is 0, because the loss of a critic drifts.
        critic_solver, generator_solver = (
            tf.train.AdamOptimizer(config.lr, beta1=0.0, beta2=0.9) for _ in range(2)
        )
        critic_step = variables.minimize(critic_loss, "critic", critic_solver)
    else:
        # 使用 RMSProp 代替 Adam
        critic_solver, generator_solver = (tf.train.RMSPropOptimizer(config.lr) for _ in range(2))
        critic_step = variables.minimize(critic_loss, "critic", critic_solver)
        # 修剪判别器权重: clipping is a part of the critic's update.
        with tf.control_dependencies([critic_step]):
            critic_step = variables.clip("critic", config.limit)
    return critic_step, variables.minimize(generator_loss, "generator", generator_solver)


def schedule(config, steps, critic_update, generator_update):
    """训练判别器比生成器更多: in each step several critic updates, each on its own batch."""
    # The official code also repeats the 100 updates in every 500th step; this schedule does not.
    warm_up = min(25, steps) if config.warm_up else 0
    phases = (("warm-up", warm_up, 100), ("train", steps - warm_up, config.critic_steps))
    return [
        training.Phase(name, count, [critic_update._replace(repeat=repeat), generator_update])
        for name, count, repeat in phases
    ]


def generate(config, count):
    """`count` samples of a trained WGAN: float32 [count, height, width, channels] in [0, 1]."""
    # Moving averages, so that a sample does not depend on the others of its batch.
    generator = functools.partial(dcgan.networks(config)[1], is_training=False)
    images_of = gan.images_of(config.replace(as_published=False), generator)
    return sampling.generate(config, images_of, sampling.noise(config, count))


def main(argv=None):
    modes = sampling.modes(build, generate, curve="wasserstein_estimate")
    cli.main(Config, modes, __doc__, argv)


if __name__ == "__main__":
    main()
