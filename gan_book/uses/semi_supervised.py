"""Semi-supervised learning with a GAN: few labelled digits, many without labels, and generated ones, all mixed.

One of the uses that the chapter names. The discriminator has K + 1 = 11 classes: the ten digits, and "generated". It
learns the class of the labelled digits, that digits without labels are any of the ten, and that samples are the eleventh.
Objective of the discriminator: -log p(label | x) - log(1 - p(11 | x without label)) - log p(11 | G(z)); the generator
brings the mean of the last hidden layer over its samples to that over real digits (feature matching), which serves the
classifier better than fooling it. Networks: the DCGAN's, the discriminator with strided convolutions and without batch
norm, which would give samples and digits, two batches, the same means and so leave the generator nothing to match.
Reference: Salimans et al. 2016.

Run: `./run.sh gan_book.semi_supervised --data mnist`, and with `--supervised`, which learns from the labelled digits alone.
Expect some points more with 100 labels.
"""

from typing import Literal, NamedTuple

import numpy as np

import data
from data import batches
from gan_book import cae, dcgan, gan, tips
from graphmode import cli, sessions, tf, training, variables
from graphmode.report import page


@dataclasses.dataclass(frozen=True)
class Config(Settings_):
    data: Literal["digits", "mnist"] = setting("digits", help='drawn here, or MNIST')
    labels: int = setting(100, at_least=10, help='how many training digits have one, a tenth of them of each kind')
    supervised: bool = setting(False, help='leave out what has no label: neither unlabelled nor generated digits')
    max_epochs: int = setting(3, at_least=1, help='passes over the training set')
    batch_size: int = setting(64, at_least=1, help='digits without labels per step, as many samples, and at most as many with labels')
    dim: int = setting(100, at_least=1, help='length of z')
    lr: float = setting(0.0005, at_least=0.0, help='first learning rate of both Adams, falling to 0 along a cosine')
    beta1: float = setting(0.5, at_least=0.0, at_most=1.0, help='of both Adams')


SWITCHES = tips.Tips(pooling="strided")


def discriminator(x):
    """[batch, 784] in [-1, 1] -> ([batch, 11] logits, the last for "generated"; [batch, 1024], the last hidden layer)."""
    with tf.variable_scope("discriminator"):
        fc1 = dcgan.hidden_layers(x, SWITCHES)[-1]
        return tf.layers.dense(inputs=fc1, units=11), fc1


def class_loss(logits, labels):
    """-log p(label) among the ten digits, [batch, 11] and int [batch] -> scalar."""
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits[:, :10]))


def reality_loss(logits_real, logits_fake):
    """-log(1 - p(generated)) of digits without labels - log p(generated) of samples, [batch, 11] each -> scalar."""
    real = tf.reduce_logsumexp(logits_real, 1) - tf.reduce_logsumexp(logits_real[:, :10], 1)
    fake = tf.reduce_logsumexp(logits_fake, 1) - logits_fake[:, 10]
    return tf.reduce_mean(real) + tf.reduce_mean(fake)


def build(config, digits):
    """Both networks; each step shows the discriminator digits with labels, digits without, and samples."""
    few = data.digits.few(digits, config.labels)
    pixels = tf.placeholder(tf.float32, [None, 784], name="IMAGE_IN")
    known = tf.placeholder(tf.float32, [None, 784], name="LABELLED_IN")
    y = tf.placeholder(tf.int64, [None], name="LABEL_IN")
    generator_sample = dcgan.generator(gan.noise(config.batch_size, config.dim))
    with tf.variable_scope("") as scope:
        logits_real, hidden_real = discriminator(gan.scaled(pixels))
        scope.reuse_variables()
        logits_fake, hidden_fake = discriminator(generator_sample)
        logits_known, _ = discriminator(gan.scaled(known))
        samples = gan.as_images(dcgan.generator(gan.fixed_noise(config), is_training=False))
    variables.check_scopes("discriminator", "generator")
    variables.check_batch_norms()

    supervised_loss = class_loss(logits_known, y)
    discriminator_loss = reality_loss(logits_real, logits_fake)
    generator_loss = tf.reduce_mean(tf.square(tf.reduce_mean(hidden_real, 0) - tf.reduce_mean(hidden_fake, 0)))
    rate = dcgan.learning_rate(config, digits)
    solver = tf.train.AdamOptimizer(rate, config.beta1)
    if config.supervised:
        updates = [variables.minimize(supervised_loss, "discriminator", solver)]
        scalars, pictures = {"class_loss": supervised_loss}, {}
    else:
        updates = [variables.minimize(supervised_loss + discriminator_loss, "discriminator", solver),
                   variables.minimize(generator_loss, "generator", tf.train.AdamOptimizer(rate, config.beta1))]
        scalars = {"class_loss": supervised_loss, "discriminator_loss": discriminator_loss,
                   "generator_loss": generator_loss, **tips.watched(gan.scaled(pixels), generator_sample)}
        pictures = {"samples": samples}
    unlabelled = cae.digit_feed(config, digits, pixels)
    labelled = cae.digit_feed(config._replace(batch_size=min(config.batch_size, config.labels)), few, known, y)
    return training.Model(
        phases=[training.Phase("train", training.steps_for(config, len(digits.train_images)), updates)],
        scalars=scalars, images=pictures, feed=lambda number: {**unlabelled(number), **labelled(number)},
        alarms=[] if config.supervised else tips.ALARMS)


def train(config):
    training.fit(build(config, data.load(config.data, config.input_dir)), config)


def evaluate(config):
    """metrics.json: accuracy on the test digits."""
    digits = data.load(config.data, config.input_dir)
    x = tf.placeholder(tf.float32, [None, 784], name="IMAGE_IN")
    logits, _ = discriminator(gan.scaled(x))
    with sessions.session() as session:
        sessions.restore(session, config.checkpoint)
        read = sessions.in_parts(session, logits, x, batches.flat_pixels(digits.test_images))[:, :10].argmax(1)
    page.write_metrics(config.output_dir, {"test accuracy": float(np.mean(read == digits.test_labels)),
                                             "labels": config.labels, "test images": len(read)})


def main(argv=None):
    cli.main("gan_book.semi_supervised", Config, {"train": train, "evaluate": evaluate}, __doc__, argv,
             after_training="evaluate")


if __name__ == "__main__":
    main()
