"""生成对抗网络 GAN: a generator turns noise into digits, a discriminator learns to detect these.

Compared with the previous section (gan_book/vae.py), three things are new: two networks with
opposite objectives, two solvers that take turns, and no comparison of an output with one digit.

    discriminator:  minimize  -log D(x) - log(1 - D(G(z)))         z uniform in [-1, 1]
    generator:      minimize  -log D(G(z))                         最大化判别器做出错误选择的概率

D is the sigmoid of the logits. Both losses are cross-entropies, in nats, means over the batch.
Reference: Goodfellow et al. 2014, "Generative Adversarial Nets".

Differences from the text (`--as_published` runs the text; docs/errata.md shows both results):
    - The text feeds images in [0, 1], but its generator's tanh has the range [-1, 1], and its tips
      ask for this range. Here images are scaled to [-1, 1].
    - The text's `gan_loss` ends with an undefined name, `G_loss`. Here it is `generator_loss`.
    - The text selects variables by the prefix 'discriminator', which also matches
      'discriminator_2/...'. `variables.minimize` takes one scope.
    - The text gives no batch size. Here it is 128.

Run:     ./run.sh gan_book.gan --data mnist       (then --mode evaluate --checkpoint runs/gan)
Expect:  rough strokes with isolated white pixels after 20 epochs, and all ten digits. The losses
         say little about the quality of the samples.
"""

import dataclasses
import functools

from data import feeds
from gan_book import inputs, tips
from gan_book.evaluation import classifier, sampling
from graphmode import cli, config, losses, tf, training, variables
from graphmode.config import setting


@dataclasses.dataclass(frozen=True)
class Config(config.Run, inputs.Inputs, tips.Tips, classifier.Evaluated):
    """Settings of the GAN. `network` marks those that belong to the trained weights."""

    PROGRAM = "gan_book.gan"
    RENAMED = {**tips.RENAMED, **classifier.RENAMED}
    UNUSED = {"pooling": "the networks are dense, nothing is pooled"}

    dim: int = setting(100, at_least=1, network=True, help="number of units of z")
    lr: float = setting(0.001, at_least=0.0, changeable=True, help="learning rate of both Adams")
    beta1: float = setting(0.5, at_least=0.0, at_most=1.0, help="beta1 of both Adams")
    count: int = setting(100, at_least=1, help="number of samples (--mode sample)")


def discriminator(x):
    """[batch, 784] -> [batch, 1] logits, positive for real images."""
    with tf.variable_scope("discriminator"):
        # Leaky ReLU prevents dead units: its gradient is nowhere 0.
        # [batch, 784] -> [batch, 256]
        fc1 = tf.layers.dense(inputs=x, units=256, activation=tf.nn.leaky_relu)
        # [batch, 256] -> [batch, 256]
        fc2 = tf.layers.dense(inputs=fc1, units=256, activation=tf.nn.leaky_relu)
        # [batch, 256] -> [batch, 1], linear: the loss applies the sigmoid.
        logits = tf.layers.dense(inputs=fc2, units=1)
        return logits


def generator(z, units=784):
    """[batch, dim] in [-1, 1] -> [batch, units] in [-1, 1]; the text's images have 784 pixels."""
    with tf.variable_scope("generator"):
        # [batch, dim] -> [batch, 1024]
        fc1 = tf.layers.dense(inputs=z, units=1024, activation=tf.nn.relu)
        # [batch, 1024] -> [batch, 1024]
        fc2 = tf.layers.dense(inputs=fc1, units=1024, activation=tf.nn.relu)
        # [batch, 1024] -> [batch, 784]
        img = tf.layers.dense(inputs=fc2, units=units, activation=tf.nn.tanh)
        return img


def gan_loss(logits_real, logits_fake, label_smoothing=0.0):
    """The two losses from the discriminator's logits, [batch, 1] each.

    Args:
        label_smoothing: the label of real images is 1 minus this (see tips.py).

    Returns:
        (discriminator_loss, generator_loss), scalars in nats; 2 ln 2 and ln 2 for logits of 0.
    """
    # DISCRIMINATOR loss has 2 parts: how well it classifies real images and how well it
    # classifies fake images.
    # GENERATOR is trying to make the discriminator output 1 for all its images.
    real_image_loss, fake_image_loss, generator_loss = losses.sigmoid_gan(
        logits_real, logits_fake, real_label=1.0 - label_smoothing
    )
    # Combine and average losses over the batch
    discriminator_loss = tf.reduce_mean(real_image_loss + fake_image_loss)
    # Average generator loss over the batch.
    generator_loss = tf.reduce_mean(generator_loss)
    return discriminator_loss, generator_loss


def noise(batch_size, dim):
    """z: [batch_size, dim], uniform in [-1, 1]. It changes with every run of the session."""
    return tf.random_uniform(maxval=1, minval=-1, shape=[batch_size, dim])


def fixed_noise(config):
    """A hundred z that stay the same for the whole run: [100, dim], uniform in [-1, 1]."""
    return feeds.fixed_noise([100, config.dim], config.seed, "uniform")


def scaled(pixels, as_published=False):
    """Scales pixels from [0, 1] to the discriminator's range: [-1, 1], or as published [0, 1]."""
    return pixels if as_published else 2.0 * pixels - 1.0


def as_images(flat, as_published=False, shape=inputs.TEXT):
    """The generator's output, [batch, 784], as images in [0, 1]: [batch, 28, 28, 1], or `shape`."""
    pixels = tf.maximum(flat, 0.0) if as_published else (flat + 1.0) / 2.0
    return tf.reshape(pixels, [-1, *shape])


def own_generator(config):
    """This section's generator, for the images of the configuration: a function of z."""
    return functools.partial(generator, units=inputs.numbers(config))


def build(
    config,
    digits,
    discriminator=discriminator,
    generator=None,
    sampler=None,
    labels=None,
    learning_rate=None,
    loss=gan_loss,
):
    """Builds the graph that trains a GAN on `digits` (data.Digits).

    Args:
        discriminator, generator: functions of x and of z, which the next sections replace.
        sampler: the generator of the image grids; if None, `generator`.
        labels: placeholder for the labels of the digits, or None.
        learning_rate: scalar tensor; if None, config.lr.
        loss: function with the arguments and results of `gan_loss`.
    """
    pixels = tf.placeholder(tf.float32, [None, inputs.numbers(config)], name="IMAGE_IN")
    x = scaled(pixels, config.as_published)
    discriminator = tips.discriminator(discriminator, config)
    generator = generator or own_generator(config)
    sampler = tips.generator(sampler or generator, config)
    generator = tips.generator(generator, config)

    # A small beta1 has been shown to help the training of GANs to converge.
    rate = learning_rate if learning_rate is not None else config.lr
    discriminator_solver = tf.train.AdamOptimizer(learning_rate=rate, beta1=config.beta1)
    generator_solver = tf.train.AdamOptimizer(learning_rate=rate, beta1=config.beta1)

    z = noise(config.batch_size, config.dim)
    generator_sample = generator(z)
    inputs.check_width(generator_sample, config)
    with tf.variable_scope("") as scope:
        logits_real = discriminator(x)
        # We want to re-use the discriminator weights.
        scope.reuse_variables()
        logits_fake = discriminator(generator_sample)
        # The same hundred z in every report, so that two reports can be compared.
        samples = as_images(sampler(fixed_noise(config)), config.as_published, config.shape)
    variables.check_scopes("discriminator", "generator")
    variables.check_batch_norms()

    discriminator_loss, generator_loss = loss(logits_real, logits_fake, config.label_smoothing)
    if config.unrolled_steps:

        def losses_ahead():
            return loss(discriminator(x), discriminator(generator_sample), config.label_smoothing)

        generator_loss = tips.look_ahead(discriminator_loss, losses_ahead, config)
    # Training steps. Each moves the weights of its own network only.
    d_step = variables.minimize(discriminator_loss, "discriminator", discriminator_solver)
    g_step = variables.minimize(generator_loss, "generator", generator_solver)
    diversity = tips.diversity(x, generator_sample)
    d_update = d_step, {"discriminator_loss": discriminator_loss, "diversity": diversity}
    g_update = g_step, {"generator_loss": generator_loss, **tips.generator_scalars()}
    feed = feeds.digits(digits, pixels, config.batch_size, config.seed, labels, config.mirrored)
    steps = training.steps_for(config, len(digits.train_images))
    return alternating(config, steps, d_update, g_update, samples, feed, loss is gan_loss)


def alternating(
    config, steps, discriminator_update, generator_update, samples, feed, logistic=True
):
    """The model whose two networks take turns; an update is (op, name -> scalar).

    Args:
        logistic: whether the loss is `gan_loss`, whose values one of the alarms knows.
    """
    updates = [
        training.Update(*discriminator_update),
        # 有时,人们运行生成器优化器的次数是运行判别器优化器的两倍: --generator_steps 2
        training.Update(*generator_update, repeat=config.generator_steps),
    ]
    least = tips.least_loss(config.label_smoothing)
    wins = functools.partial(tips.discriminator_wins, least=least)
    return training.Model(
        phases=[training.Phase("train", steps, updates)],
        images={"samples": samples},
        feed=feed,
        columns=["discriminator_loss", "generator_loss"],
        alarms=[*([wins] if logistic else []), *tips.ALARMS],
    )


def images_of(config, generator=None):
    """The generator for sampling: a function of z that returns images in [0, 1]."""
    generator = tips.generator(generator or own_generator(config), config)
    return lambda z: as_images(generator(z), config.as_published, config.shape)


def generate(config, count):
    """`count` samples of a trained GAN: float32 [count, height, width, channels] in [0, 1]."""
    return sampling.generate(config, images_of(config), sampling.noise(config, count))


def main(argv=None):
    cli.main(Config, sampling.modes(build, generate), __doc__, argv)


if __name__ == "__main__":
    main()
