"""模板 The template of a section: a small GAN. CONTRIBUTING.md shows how to use it.

    discriminator_loss = -E log D(x) - E log(1 - D(G(z)))
    generator_loss     = -E log D(G(z)),   z uniform in [-1, 1]

Both networks have one hidden layer. x is a digit with pixels in [-1, 1], D(x) = sigmoid(logit).

Reference: Goodfellow et al. 2014, "Generative Adversarial Nets".

Run:     ./run.sh examples.template_gan
Expect:  rough strokes that resemble digits after 1,000 steps.
"""

import dataclasses

from gan_book import gan
from gan_book.evaluation import sampling
from graphmode import cli, losses, tf
from graphmode.config import setting


@dataclasses.dataclass(frozen=True)
class Config(gan.Config):
    """Settings of the section: those of the GAN, with other defaults."""

    PROGRAM = "examples.template_gan"

    lr: float = setting(0.001, above=0.0, help="learning rate of both Adams")


def discriminator(x):
    """[batch, 784] in [-1, 1] -> [batch, 1] logits, positive for real images."""
    with tf.variable_scope("discriminator"):
        # [batch, 784] -> [batch, 256] -> [batch, 1]
        fc1 = tf.layers.dense(inputs=x, units=256, activation=tf.nn.leaky_relu)
        # Linear: the loss applies the sigmoid.
        return tf.layers.dense(inputs=fc1, units=1)


def generator(z):
    """[batch, dim] in [-1, 1] -> [batch, 784] in [-1, 1]."""
    with tf.variable_scope("generator"):
        # [batch, dim] -> [batch, 512] -> [batch, 784]
        fc1 = tf.layers.dense(inputs=z, units=512, activation=tf.nn.relu)
        # tanh, because `gan.build` scales the digits to [-1, 1].
        return tf.layers.dense(inputs=fc1, units=784, activation=tf.nn.tanh)


def gan_loss(logits_real, logits_fake, label_smoothing=0.0):
    """(discriminator_loss, generator_loss), scalars; 2 ln 2 and ln 2 if all logits are 0."""
    # label_smoothing is a switch of all GANs (gan_book/tips.py).
    label = 1.0 - label_smoothing
    real, fake, generator_loss = losses.sigmoid_gan(logits_real, logits_fake, real_label=label)
    return tf.reduce_mean(real + fake), tf.reduce_mean(generator_loss)


def build(config, digits):
    """Builds the graph that trains both networks on `digits` (data.Digits)."""
    return gan.build(config, digits, discriminator, generator, loss=gan_loss)


def generate(config, count):
    """Samples of a trained generator: [count, 28, 28, 1] in [0, 1]."""
    images_of = gan.images_of(config, generator)
    return sampling.generate(config, images_of, sampling.noise(config, count))


def main(argv=None):
    cli.main(Config, sampling.modes(build, generate), __doc__, argv)


if __name__ == "__main__":
    main()
