"""半监督学习 Semi-supervised learning with a GAN: labelled, unlabelled and generated digits.

The text names this use and shows no code. The discriminator has K + 1 = 11 classes: the ten digits
and "generated". The discriminator's loss has three terms, one for each kind of image:

    class_loss          = -log p(label | x, x is a digit)          x with a label
    discriminator_loss  = -log(1 - p(11 | x)) - log p(11 | G(z))   x without a label, and samples
    generator_loss      = mean over units of (E h(x) - E h(G(z)))^2

h is the discriminator's last hidden layer. With this loss, feature matching, the classifier becomes
better than with the GAN's own generator loss.

The networks are the DCGAN's, the discriminator with strided convolutions and without batch norm.
Digits and samples are two batches: batch norm would give both the same mean of h, and the
generator's gradient would vanish.

Reference: Salimans et al. 2016, "Improved Techniques for Training GANs", section 5.

Run:     ./run.sh gan_book.uses.semi_supervised --data mnist
         With `--supervised` the discriminator learns from the labelled digits alone.
Expect:  with 100 labels, an accuracy some points above that of `--supervised`.
"""

import dataclasses
from typing import Literal

import numpy as np

import data
from data import feeds
from gan_book import dcgan, gan, inputs, tips
from graphmode import cli, config, sessions, tf, training, variables
from graphmode.config import setting
from graphmode.report import page

TIPS = tips.Tips(pooling="strided")


@dataclasses.dataclass(frozen=True)
class Config(config.Run):
    """Settings of the semi-supervised GAN."""

    PROGRAM = "gan_book.uses.semi_supervised"
    FORMER_PROGRAMS = ("gan_book.semi_supervised",)

    data: Literal["digits", "mnist"] = setting("digits", help="drawn digits, or MNIST")
    labels: int = setting(
        100, at_least=10, help="number of training digits with a label, a tenth of each class"
    )
    supervised: bool = setting(
        False, help="learn from the labelled digits alone, without unlabelled and generated ones"
    )
    max_epochs: int = setting(
        3, at_least=1, changeable=True, help="number of passes over the training set"
    )
    batch_size: int = setting(
        64,
        at_least=1,
        help="unlabelled digits per step; a step also has as many samples "
        "and at most as many labelled digits",
    )
    dim: int = setting(100, at_least=1, help="number of units of z")
    lr: float = setting(
        0.0005,
        above=0.0,
        changeable=True,
        help="learning rate of both Adams at the first step; it falls to 0 along a cosine",
    )
    beta1: float = setting(0.5, at_least=0.0, at_most=1.0, help="beta1 of both Adams")


def discriminator(x):
    """The DCGAN's discriminator with eleven logits.

    Args:
        x: [batch, 784] in [-1, 1].

    Returns:
        ([batch, 11] logits, the last one for "generated"; [batch, 1024], the last hidden layer).
    """
    fc1 = tips.hidden_layers(dcgan.discriminator, TIPS)(x)[-1]
    with tf.variable_scope("discriminator"):
        # The name of the layer that it replaces.
        return tf.layers.dense(inputs=fc1, units=11, name="dense_1"), fc1


def class_loss(logits, labels):
    """-log p(label) among the ten digits: [batch, 11] and int [batch] -> scalar."""
    cross_entropy = tf.nn.sparse_softmax_cross_entropy_with_logits(
        labels=labels, logits=logits[:, :10]
    )
    return tf.reduce_mean(cross_entropy)


def reality_loss(logits_real, logits_fake):
    """-log(1 - p(generated)) of unlabelled digits - log p(generated) of samples: a scalar.

    Args:
        logits_real, logits_fake: [batch, 11].
    """
    # 1 - p(generated) is the sum over the ten digits.
    real = tf.reduce_logsumexp(logits_real, 1) - tf.reduce_logsumexp(logits_real[:, :10], 1)
    fake = tf.reduce_logsumexp(logits_fake, 1) - logits_fake[:, 10]
    return tf.reduce_mean(real) + tf.reduce_mean(fake)


def build(config, digits):
    """Builds the graph that trains both networks on `digits` (data.Digits).

    In each step the discriminator sees labelled digits, unlabelled digits and samples.
    """
    few = data.few(digits, config.labels)
    pixels = tf.placeholder(tf.float32, [None, 784], name="IMAGE_IN")
    labelled = tf.placeholder(tf.float32, [None, 784], name="LABELLED_IN")
    y = tf.placeholder(tf.int64, [None], name="LABEL_IN")
    generator_sample = dcgan.generator(gan.noise(config.batch_size, config.dim))
    with tf.variable_scope("") as scope:
        logits_real, hidden_real = discriminator(gan.scaled(pixels))
        scope.reuse_variables()
        logits_fake, hidden_fake = discriminator(generator_sample)
        logits_labelled, _ = discriminator(gan.scaled(labelled))
        z = gan.fixed_noise(config)
        samples = gan.as_images(dcgan.generator(z, is_training=False))
    variables.check_scopes("discriminator", "generator")
    variables.check_batch_norms()

    supervised_loss = class_loss(logits_labelled, y)
    discriminator_loss = reality_loss(logits_real, logits_fake)
    difference = tf.reduce_mean(hidden_real, 0) - tf.reduce_mean(hidden_fake, 0)
    generator_loss = tf.reduce_mean(tf.square(difference))

    # Training steps
    rate = dcgan.learning_rate(config, digits)
    solver = tf.train.AdamOptimizer(rate, config.beta1)
    scalars = {"class_loss": supervised_loss}
    if config.supervised:
        step = variables.minimize(supervised_loss, "discriminator", solver)
        updates = [training.Update(step, scalars)]
    else:
        loss = supervised_loss + discriminator_loss
        d_step = variables.minimize(loss, "discriminator", solver)
        generator_solver = tf.train.AdamOptimizer(rate, config.beta1)
        g_step = variables.minimize(generator_loss, "generator", generator_solver)
        spread = tips.diversity(gan.scaled(pixels), generator_sample)
        watched = {"generator_loss": generator_loss, "diversity": spread}
        updates = [
            training.Update(d_step, {**scalars, "discriminator_loss": discriminator_loss}),
            training.Update(g_step, {**watched, **tips.generator_scalars()}),
        ]
    return training.Model(
        phases=[
            training.Phase("train", training.steps_for(config, len(digits.train_images)), updates)
        ],
        images={} if config.supervised else {"samples": samples},
        feed=feed(config, digits, few, pixels, labelled, y),
        alarms=() if config.supervised else tips.ALARMS,
    )


def feed(config, digits, few, pixels, labelled, y):
    """Feeds unlabelled digits to `pixels`, and digits of `few` to `labelled` and `y`."""
    unlabelled = feeds.digits(digits, pixels, config.batch_size, config.seed)
    count = min(config.batch_size, config.labels)
    known = feeds.digits(few, labelled, count, config.seed, y)
    return lambda number: {**unlabelled(number), **known(number)}


def train(config):
    training.fit(build(config, inputs.digits(config)), config)


def evaluate(config):
    """Writes metrics.json: the accuracy on the test digits."""
    digits = inputs.digits(config)
    x = tf.placeholder(tf.float32, [None, 784], name="IMAGE_IN")
    logits, _ = discriminator(gan.scaled(x))
    with sessions.session() as session:
        sessions.restore(session, config.checkpoint)
        pixels = feeds.flat_pixels(digits.test_images)
        guesses = sessions.in_parts(session, logits, x, pixels)[:, :10].argmax(1)
    metrics = {
        "test accuracy": float(np.mean(guesses == digits.test_labels)),
        "labels": config.labels,
        "test images": len(guesses),
    }
    page.write_metrics(config.output_dir, metrics)


def main(argv=None):
    modes = {"train": train, "evaluate": evaluate}
    cli.main(Config, modes, __doc__, argv, after_training="evaluate")


if __name__ == "__main__":
    main()
