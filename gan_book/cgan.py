"""The conditional GAN: generator and discriminator are both told the digit y, so one can ask for sevens.

Objective: the GAN's, with D(x | y) and G(z | y). As the text has it, y is simply concatenated: a one-hot label behind the
noise for the generator, and for the discriminator, whose first layer is a convolution, ten planes behind the picture,
that of the label 1, the others 0. Networks, learning rate and steps are the DCGAN's, the losses the GAN's. The text's own
code for it is a picture that is lost. Reference: Mirza, Osindero 2014.

Deviations from the text: those of the DCGAN. Its batch norms, always by the batch at hand, undo the label where all ask for the
same digit: as published, `--digit 7` draws hardly any seven.

Run: `./run.sh gan_book.cgan --data mnist`, then `--mode sample --digit 7 --checkpoint runs/cgan` draws sevens. Expect a
row for each digit in the grids.
"""

from typing import Literal, NamedTuple

import numpy as np

import data
from gan_book import dcgan, gan, metrics, tips
from graphmode import cli, sessions, tf
from graphmode.report import images, page


@dataclasses.dataclass(frozen=True)
class Config(Settings_):
    shared = gan.Config.shared
    data: Literal["digits", "mnist"] = setting("digits", help='drawn here, or MNIST')
    max_epochs: int = setting(6, at_least=1, help='passes over the training set')
    dim: int = setting(100, at_least=1, help='length of z, as in the text')
    lr: float = setting(0.001, at_least=0.0, help='first learning rate of both Adams')
    beta1: float = setting(0.5, at_least=0.0, at_most=1.0, help='of both Adams')
    labels: int = setting(0, at_least=0, help='learn from so many training digits alone, a tenth of them of each kind (0: from all)')
    count: int = setting(100, at_least=1, help='pictures that --mode sample draws')
    discriminator_batch_norm: bool = setting(True, help='batch norm in the discriminator too; as published, no')
    pooling: Literal["max", "average", "strided"] = setting("strided", help='in the discriminator; as published, max')
    implies = dcgan.Config.implies
    digit: int = setting(-1, at_least=-1, at_most=9, help='which digit --mode sample draws; -1: all, a row for each')
    fixed = ("dim",)


def labelled(inputs, labels):
    """[batch, size] and int [batch] -> [batch, size + 10]: the one-hot label behind each row."""
    return tf.concat([inputs, tf.one_hot(labels, 10)], 1)


def with_planes(x, labels):
    """[batch, 784] pictures and int [batch] -> [batch, 28 * 28 * 11]: ten planes behind each, 1 in the label's own."""
    planes = tf.tile(tf.reshape(tf.one_hot(labels, 10), [-1, 1, 1, 10]), [1, 28, 28, 1])
    return tf.reshape(tf.concat([tf.reshape(x, [-1, 28, 28, 1]), planes], 3), [-1, 28 * 28 * 11])


def build(config, digits):
    """The DCGAN with both networks told the label; the grids have a row for each digit."""
    if config.labels:
        digits = data.digits.few(digits, config.labels)
    y = tf.placeholder(tf.int32, [None], name="LABEL_IN")
    sampler = dcgan.sampler(config)
    return gan.build(config, digits,
                     lambda x, switches: dcgan.discriminator(with_planes(x, y), switches, channels=11),
                     lambda z, switches: dcgan.generator(labelled(z, y), switches),
                     lambda z, switches: sampler(labelled(z, np.repeat(np.arange(10), 10)), switches),
                     labels=y, learning_rate=dcgan.learning_rate(config, digits))


def draw(config, labels):
    """A new picture of each digit in `labels` from config.checkpoint's generator: [count, 28, 28, 1] in [0, 1]."""
    condition = tf.placeholder(tf.float32, [None, config.dim + 10])
    samples = gan.as_images(dcgan.sampler(config)(condition, tips.Tips.of(config)), config.as_published)
    noises = np.random.RandomState(config.seed).uniform(-1, 1, [len(labels), config.dim])
    with sessions.session() as session:
        sessions.restore(session, config.checkpoint)
        return sessions.in_parts(session, samples, condition, np.concatenate([noises, np.eye(10)[labels]], 1))


def sample(config):
    """Pictures of one digit, or a row for each."""
    labels = np.arange(config.count) * 10 // config.count if config.digit < 0 else np.full(config.count, config.digit)
    images.save_samples(config.output_dir, draw(config, labels), -(-config.count // 10) if config.digit < 0 else None)


def evaluate(config):
    """metrics.json: the GAN's figures, and how often the classifier reads the digit that was asked for."""
    digits = data.load(config.data, config.input_dir)
    labels = np.arange(gan.JUDGED) % 10
    figures = metrics.judge(draw(config, labels), digits, config, labels)
    in_order = np.sort(labels)  # so each batch has one digit only: as published, its batch norms then take the label away
    with tf.Graph().as_default():
        alone = draw(config, in_order)
    with metrics.trained(config, digits) as read:
        figures["samples, each digit in batches of its own: read as it"] = float(np.mean(read(alone)[0].argmax(1) == in_order))
    page.write_metrics(config.output_dir, {**figures, **metrics.follow(
        "generator_loss", lambda config, count: draw(config, labels[:count]), digits, config)})


def main(argv=None):
    cli.main("gan_book.cgan", Config, {**gan.modes(build, draw), "sample": sample, "evaluate": evaluate}, __doc__, argv)


if __name__ == "__main__":
    main()
