"""The generative adversarial network: a generator draws digits from noise, a discriminator tells them from real ones.

Objective: the discriminator minimises -log D(x) - log(1 - D(G(z))), the generator -log D(G(z)); both are binary
cross-entropies of D's logits. New since the VAE: nothing compares a drawing with one digit; z is uniform in [-1, 1].
Reference: Goodfellow et al. 2014, with the generator loss that does not saturate.

Deviations from the text: digits are brought to [-1, 1], which the generator's tanh needs and the text's own tips ask for
(`--as_published` feeds [0, 1]). The variable lists that the text hands to its solvers are `variables.minimize`'s.
`gan_loss` averages `generator_loss`; the text's `G_loss` does not exist. The text gives no batch size: 128.

Run: `./run.sh gan_book.gan --data mnist`; `--mode evaluate` holds 10,000 samples against real digits. Expect rough
strokes with loose pixels after 20 epochs, all ten digits among them; losses say little about how good they are.
"""

import functools
from typing import Literal, NamedTuple

import numpy as np

import data
from gan_book import cae, metrics, tips
from graphmode import cli, sessions, tf, training, variables
from graphmode.report import images, page

JUDGED = 10000  # samples by which --mode evaluate judges


@dataclasses.dataclass(frozen=True)
class Config(Settings_):
    shared = (tips.Tips, metrics.Judged)
    data: Literal["digits", "mnist"] = setting("digits", help='drawn here, or MNIST')
    dim: int = setting(100, at_least=1, help='length of z, as in the text')
    lr: float = setting(0.001, at_least=0.0, help='learning rate of both Adams, as in the text')
    beta1: float = setting(0.5, at_least=0.0, at_most=1.0, help='of both Adams, as in the text')
    count: int = setting(100, at_least=1, help='pictures that --mode sample draws')
    fixed = ("dim",)


def discriminator(x, switches=tips.Tips()):
    """[batch, 784] -> [batch, 1] logits, positive for real."""
    with tf.variable_scope("discriminator"):
        fc1 = tf.layers.dense(inputs=x, units=256, activation=switches.activation)
        fc2 = switches.activation(switches.norm(tf.layers.dense(inputs=fc1, units=256)))
        logits = tf.layers.dense(inputs=switches.with_features(fc2), units=1)
        return logits


def generator(z, switches=tips.Tips()):
    """[batch, dim] in [-1, 1] -> [batch, 784] in [-1, 1]."""
    with tf.variable_scope("generator"):
        fc1 = switches.drop(tf.layers.dense(inputs=z, units=1024, activation=tf.nn.relu))
        fc2 = switches.drop(tf.layers.dense(inputs=fc1, units=1024, activation=tf.nn.relu))
        img = tf.layers.dense(inputs=fc2, units=784, activation=tf.nn.tanh)
        return img


def gan_loss(logits_real, logits_fake, label_smoothing=0.0):
    """Returns (discriminator_loss, generator_loss), scalars, from [batch, 1] logits. Both nets blind: 2 ln 2 and ln 2.

    label_smoothing: taken from the 1 that the discriminator is to give real images.
    """
    # Target label vectors for generator and discriminator losses.
    true_labels = tf.ones_like(logits_real)
    fake_labels = tf.zeros_like(logits_fake)
    # DISCRIMINATOR loss has 2 parts: how well it classifies real images and how well it classifies fake images.
    real_image_loss = tf.nn.sigmoid_cross_entropy_with_logits(logits=logits_real,
                                                              labels=true_labels * (1.0 - label_smoothing))
    fake_image_loss = tf.nn.sigmoid_cross_entropy_with_logits(logits=logits_fake, labels=fake_labels)
    # Combine and average losses over the batch
    discriminator_loss = tf.reduce_mean(real_image_loss + fake_image_loss)
    # GENERATOR is trying to make the discriminator output 1 for all its images.
    # So we use our target label vector of ones for computing generator loss. (The text has true_labels here, the same ones; but
    # their shape is that of logits_real, which each generator step would compute for it.)
    generator_loss = tf.nn.sigmoid_cross_entropy_with_logits(logits=logits_fake, labels=tf.ones_like(logits_fake))
    # Average generator loss over the batch.
    generator_loss = tf.reduce_mean(generator_loss)
    return discriminator_loss, generator_loss


def noise(batch_size, dim):
    """z as the text draws it: [batch_size, dim], uniform in [-1, 1], new in each run."""
    return tf.random_uniform(maxval=1, minval=-1, shape=[batch_size, dim])


def build(config, digits, discriminator=discriminator, generator=generator, sampler=None, labels=None,
          learning_rate=None):
    """Both networks and their two training steps, fed from digits.train_images.

    The sections after this one swap the networks.

    Args:
        discriminator, generator: functions of x and of z, and of `tips.Tips`.
        sampler: the generator as it draws pictures, if that differs.
        labels: a placeholder that is fed the digits' labels.
        learning_rate: a scalar tensor in place of config.lr.
    """
    pixels = tf.placeholder(tf.float32, [None, 784], name="IMAGE_IN")
    x = scaled(pixels, config.as_published)
    learning_rate = config.lr if learning_rate is None else learning_rate
    discriminator_solver = tf.train.AdamOptimizer(learning_rate=learning_rate, beta1=config.beta1)
    generator_solver = tf.train.AdamOptimizer(learning_rate=learning_rate, beta1=config.beta1)

    switches = tips.Tips.of(config)
    z = noise(config.batch_size, config.dim)
    generator_sample = generator(z, switches)
    with tf.variable_scope("") as scope:
        logits_real = discriminator(x, switches)
        # We want to re-use the discriminator weights.
        scope.reuse_variables()
        logits_fake = discriminator(generator_sample, switches)
        samples = as_images((sampler or generator)(fixed_noise(config), switches), config.as_published)
    variables.check_scopes("discriminator", "generator")
    variables.check_batch_norms()

    discriminator_loss, generator_loss = gan_loss(logits_real, logits_fake, config.label_smoothing)
    if config.unrolled_steps:
        generator_loss = tips.look_ahead(discriminator_loss, lambda: gan_loss(
            discriminator(x, switches), discriminator(generator_sample, switches), config.label_smoothing), switches)
    # Training steps.
    discriminator_train_step = variables.minimize(discriminator_loss, "discriminator", discriminator_solver)
    generator_train_step = variables.minimize(generator_loss, "generator", generator_solver)
    return training.Model(
        phases=[training.Phase("train", training.steps_for(config, len(digits.train_images)),
                               [discriminator_train_step] + [generator_train_step] * config.generator_steps)],
        scalars={"discriminator_loss": discriminator_loss, "generator_loss": generator_loss,
                 **tips.watched(x, generator_sample)},
        images={"samples": samples},
        feed=cae.digit_feed(config, digits, pixels, labels),
        alarms=[functools.partial(tips.discriminator_wins, least=tips.least_loss(config.label_smoothing)), *tips.ALARMS])


def fixed_noise(config):
    """100 z that stay the same for the whole run, so that its grids compare: [100, dim]."""
    return tf.constant(np.random.RandomState(config.seed).uniform(-1, 1, [100, config.dim]).astype(np.float32))


def scaled(pixels, as_published=False):
    """Pixels in [0, 1] as the discriminator sees them: in [-1, 1], or as published as they are."""
    return pixels if as_published else 2.0 * pixels - 1.0


def as_images(flat, as_published=False):
    """What the generator draws, [batch, 784], as pictures in [0, 1]: [batch, 28, 28, 1]."""
    pixels = tf.maximum(flat, 0.0) if as_published else (flat + 1.0) / 2.0
    return tf.reshape(pixels, [-1, 28, 28, 1])


def draw(config, count, generator=generator, as_images=as_images):
    """`count` new pictures from the generator of config.checkpoint: float32 [count, 28, 28, 1] in [0, 1]."""
    z = tf.placeholder(tf.float32, [None, config.dim])
    samples = as_images(generator(z, tips.Tips.of(config)), config.as_published)
    noises = np.random.RandomState(config.seed).uniform(-1, 1, [count, config.dim])
    with sessions.session() as session:
        sessions.restore(session, config.checkpoint)
        return sessions.in_parts(session, samples, z, noises)


def modes(build, draw, curve="generator_loss"):
    """What the program of a GAN can do, from its `build(config, digits)` and `draw(config, count)`.

    evaluate: metrics.json, 10,000 samples judged by a classifier of digits, beside the same figures for real test digits;
    and whether the scalar `curve` told how good the samples were as training went on.
    """
    def train(config):
        training.fit(build(config, data.load(config.data, config.input_dir)), config)

    def sample(config):
        images.save_samples(config.output_dir, draw(config, config.count))

    def evaluate(config):
        digits = data.load(config.data, config.input_dir)
        figures = metrics.judge(draw(config, JUDGED), digits, config)
        page.write_metrics(config.output_dir, {**figures, **metrics.follow(curve, draw, digits, config)})
    return {"train": train, "sample": sample, "evaluate": evaluate}


def main(argv=None):
    def dense(config, digits):
        tips.refuse(config, pooling="these networks are dense, nothing is pooled")
        return build(config, digits)
    cli.main("gan_book.gan", Config, modes(dense, draw), __doc__, argv)


if __name__ == "__main__":
    main()
