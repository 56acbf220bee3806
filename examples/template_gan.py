"""模板 The template of a section: a small GAN. CONTRIBUTING.md shows how to use it.

    discriminator_loss = -E log D(x) - E log(1 - D(G(z)))
    generator_loss     = -E log D(G(z)),   z uniform in [-1, 1]

Both networks have one hidden layer. x is a digit with pixels in [-1, 1], D(x) = sigmoid(logit).

Reference: Goodfellow et al. 2014, "Generative Adversarial Nets".

Run:     ./run.sh examples.template_gan
Expect:  rough strokes that resemble digits after 20 epochs (one minute).
"""

import dataclasses
from typing import Literal

from data import feeds
from gan_book.evaluation import classifier, sampling
from graphmode import cli, config, losses, tf, training, variables
from graphmode.config import setting


@dataclasses.dataclass(frozen=True)
class Config(config.Run, classifier.Evaluated):
    """Settings of the section. `network` marks those that belong to the trained weights."""

    PROGRAM = "examples.template_gan"

    data: Literal["digits", "mnist"] = setting("digits", help="drawn digits, or MNIST")
    dim: int = setting(100, at_least=1, network=True, help="number of units of z")
    lr: float = setting(0.001, above=0.0, help="learning rate of both Adams")
    beta1: float = setting(0.5, at_least=0.0, at_most=1.0, help="beta1 of both Adams")
    count: int = setting(100, at_least=1, help="number of samples (--mode sample)")


def discriminator(x):
    """[batch, 784] in [-1, 1] -> [batch, 1] logits, positive for real images."""
    with tf.variable_scope("discriminator"):
        fc1 = tf.layers.dense(x, units=256, activation=tf.nn.leaky_relu)
        return tf.layers.dense(fc1, units=1)


def generator(z):
    """[batch, dim] in [-1, 1] -> [batch, 784] in [-1, 1]."""
    with tf.variable_scope("generator"):
        fc1 = tf.layers.dense(z, units=512, activation=tf.nn.relu)
        return tf.layers.dense(fc1, units=784, activation=tf.nn.tanh)


def gan_loss(real_logits, fake_logits):
    """(discriminator_loss, generator_loss), scalars; 2 ln 2 and ln 2 if all logits are 0."""
    real, fake, generator_loss = losses.sigmoid_gan(real_logits, fake_logits)
    return tf.reduce_mean(real + fake), tf.reduce_mean(generator_loss)


def as_images(flat):
    """[batch, 784] in [-1, 1] -> [batch, 28, 28, 1] in [0, 1]."""
    return tf.reshape((flat + 1.0) / 2.0, [-1, 28, 28, 1])


def build(config, digits):
    """Builds the graph that trains both networks on `digits` (data.Digits)."""
    pixels = tf.placeholder(tf.float32, [None, 784], name="IMAGE_IN")
    # An op of the graph: new noise in each run of the session.
    z = tf.random_uniform([config.batch_size, config.dim], minval=-1, maxval=1)
    # The same hundred z in every grid, so that two grids can be compared.
    fixed_z = feeds.fixed_noise([100, config.dim], config.seed, "uniform")

    fake = generator(z)
    real_logits = discriminator(2.0 * pixels - 1.0)
    with tf.variable_scope("", reuse=True):  # applies the weights that exist already
        fake_logits = discriminator(fake)
        samples = as_images(generator(fixed_z))
    variables.check_scopes("discriminator", "generator")

    discriminator_loss, generator_loss = gan_loss(real_logits, fake_logits)
    updates = []
    # One Adam for each loss. A step moves the weights of its own network alone.
    for scope, loss in (("discriminator", discriminator_loss), ("generator", generator_loss)):
        solver = tf.train.AdamOptimizer(config.lr, config.beta1)
        step = variables.minimize(loss, scope, solver)
        updates.append(training.Update(step, {f"{scope}_loss": loss}))
    steps = training.steps_for(config, len(digits.train_images))
    return training.Model(
        phases=[training.Phase("train", steps, updates)],
        images={"samples": samples},
        feed=feeds.digits(digits, pixels, config.batch_size, config.seed),
    )


def generate(config, count):
    """Samples of the generator in config.checkpoint: [count, 28, 28, 1] in [0, 1]."""
    z = sampling.noise(config, count)
    return sampling.generate(config, lambda z: as_images(generator(z)), z)


def main(argv=None):
    cli.main(Config, sampling.modes(build, generate), __doc__, argv)


if __name__ == "__main__":
    main()
