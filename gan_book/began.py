"""The boundary equilibrium GAN: the discriminator is an autoencoder, and what it judges by is how well it redraws.

Objective: L(v), the mean absolute difference between v and the autoencoder's drawing of it. The discriminator minimises
L(x) - k L(G(z)), the generator L(G(z)); after each step k moves by lambda (gamma L(x) - L(G(z))), kept in [0, 1], so that
neither network runs away. gamma is the dial that the text names: low for quality, high for diversity. The measure of
convergence is M = L(x) + |gamma L(x) - L(G(z))|. Reference: Berthelot, Schumm, Metz 2017.

For 28x28 digits the discriminator is the chapter's autoencoder, and the generator another of its decoders, as in the paper
both have one architecture. Pictures are in [0, 1], the range of that decoder. No batch norm, no dropout.

The text's "needs no two optimizers" means that it needs no schedule of alternation: the two networks still have an Adam
each. The text gives no numbers; learning rate and lambda are the paper's, k starts at 0.

Run: `./run.sh gan_book.began --data mnist`. Watch measure fall. Not yet trained at length here.
"""

from typing import Literal, NamedTuple

from gan_book import cae, gan
from graphmode import cli, tf, training, variables


class Config(NamedTuple):
    data: Literal["digits", "mnist"] = "digits"  # drawn here, or MNIST
    batch_size: cli.whole(1) = 64  # examples per step
    dim: cli.whole(1) = 64  # length of z and of the autoencoder's code, as in the paper
    lr: cli.real(0.0) = 0.0001  # first learning rate of both Adams, falling to 0 along a cosine
    gamma: cli.real(0.0, 1.0) = 0.5  # diversity ratio: the share of L(x) that L(G(z)) is kept at
    lambda_k: cli.real(0.0) = 0.001  # how fast k moves
    count: cli.whole(1) = 100  # pictures that --mode sample draws


def discriminator(x):
    """[batch, 28, 28, 1] in [0, 1] -> the same, redrawn."""
    with tf.variable_scope("discriminator"):
        code = tf.layers.dense(tf.reshape(cae.encoder(x), [-1, 7 * 7 * 32]), 64, name="code")
        return cae.decoder(code)[0]


def generator(z):
    """[batch, dim] in [-1, 1] -> [batch, 28, 28, 1] in [0, 1]."""
    with tf.variable_scope("generator"):
        return cae.decoder(z)[0]


def reconstruction_loss(images, redrawn):
    """L(v): mean absolute difference over batch and pixels."""
    return tf.reduce_mean(tf.abs(images - redrawn))


def balance(k, real_loss, fake_loss, gamma, lambda_k):
    """Returns (k after the step, M), scalars."""
    lead = gamma * real_loss - fake_loss
    return tf.clip_by_value(k + lambda_k * lead, 0.0, 1.0), real_loss + tf.abs(lead)


def build(config, digits):
    """Both networks, their steps, and the step of k; the three share one batch."""
    pixels = tf.placeholder(tf.float32, [None, 784], name="IMAGE_IN")
    x = tf.reshape(pixels, [-1, 28, 28, 1])
    generator_sample = generator(gan.noise(config.batch_size, config.dim))
    with tf.variable_scope("") as scope:
        redrawn = discriminator(x)
        real_loss = reconstruction_loss(x, redrawn)
        scope.reuse_variables()
        fake_loss = reconstruction_loss(generator_sample, discriminator(generator_sample))
        samples = generator(gan.fixed_noise(config))
    variables.check_scopes("discriminator", "generator")
    k = tf.Variable(0.0, trainable=False, name="k")
    new_k, measure = balance(k, real_loss, fake_loss, config.gamma, config.lambda_k)

    steps = training.steps_for(config, len(digits.train_images))
    learning_rate = tf.train.cosine_decay(config.lr, tf.train.get_or_create_global_step(), steps)
    discriminator_step = variables.minimize(real_loss - k * fake_loss, "discriminator",
                                            tf.train.AdamOptimizer(learning_rate, 0.5))
    generator_step = variables.minimize(fake_loss, "generator", tf.train.AdamOptimizer(learning_rate, 0.5))
    return training.Model(
        phases=[training.Phase("train", steps, [discriminator_step, generator_step, tf.assign(k, new_k)])],
        scalars={"measure": measure, "k": new_k, "real_loss": real_loss, "fake_loss": fake_loss},
        images={"samples": samples, "redrawn": cae.side_by_side(pixels, redrawn)},
        feed=cae.digit_feed(config, digits, pixels))


def draw(config, count):
    return gan.draw(config, count, generator, as_images=lambda samples, as_published: samples)


def main(argv=None):
    cli.main("gan_book.began", Config, gan.modes(build, draw), __doc__, argv)


if __name__ == "__main__":
    main()
