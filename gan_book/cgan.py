"""条件 GAN Conditional GAN: both networks are told the digit y, so the user can ask for sevens.

Compared with the DCGAN (gan_book/dcgan.py), only y is new. It is concatenated (将它们连接在一起):

    discriminator:  minimize  -log D(x | y) - log(1 - D(G(z | y) | y))
    generator:      minimize  -log D(G(z | y) | y)

In the generator the one-hot label follows the noise. The discriminator begins with a convolution.
Therefore its images get ten more channels: the channel of the label is 1, the others are 0. The
text's own code is lost. Networks, learning rate and updates are the DCGAN's, the losses the GAN's.

Reference: Mirza and Osindero 2014, "Conditional Generative Adversarial Nets".

Differences from the text (`--as_published` runs the text; docs/errata.md shows both results):
    - Those of the DCGAN. The text's batch norms always use the statistics of the batch. If all
      samples of a batch have the same label, they remove it: as published, `--digit 7` generates
      hardly any seven.

Run:     ./run.sh gan_book.cgan --data mnist
         ./run.sh gan_book.cgan --mode sample --digit 7 --checkpoint runs/cgan
Expect:  a row for each digit in the image grids.
"""

import dataclasses

import numpy as np

import data
from gan_book import dcgan, gan
from gan_book.evaluation import sampling
from graphmode import cli, tf
from graphmode.config import setting


@dataclasses.dataclass(frozen=True)
class Config(dcgan.Config):
    """Settings of the conditional GAN: the DCGAN's and two more."""

    PROGRAM = "gan_book.cgan"

    max_epochs: int = setting(
        6, at_least=1, changeable=True, help="number of passes over the training set"
    )
    # For gan_book/uses/few_labels.py: a GAN that knows only the labels that a classifier may see.
    labels: int = setting(
        0, at_least=0, help="number of training digits, a tenth of each kind; 0: all digits"
    )
    digit: int = setting(
        -1, at_least=-1, at_most=9, help="the digit to sample (--mode sample); -1: a row for each"
    )


def labelled(inputs, labels):
    """Puts the one-hot label behind each row: [batch, size], int [batch] -> [batch, size + 10]."""
    return tf.concat([inputs, tf.one_hot(labels, 10)], 1)


def with_planes(x, labels):
    """Puts ten channels behind each image: [batch, 784], int [batch] -> [batch, 28 * 28 * 11].

    The label's own channel is 1, the other nine are 0.
    """
    # [batch] -> [batch, 28, 28, 10]
    planes = tf.tile(tf.reshape(tf.one_hot(labels, 10), [-1, 1, 1, 10]), [1, 28, 28, 1])
    return tf.reshape(tf.concat([tf.reshape(x, [-1, 28, 28, 1]), planes], 3), [-1, 28 * 28 * 11])


def build(config, digits):
    """Builds the graph that trains the conditional GAN on `digits` (data.Digits)."""
    if config.labels:
        digits = data.few(digits, config.labels)
    # y: labels of the images of the batch, 0 to 9
    y = tf.placeholder(tf.int32, [None], name="LABEL_IN")
    sampler = dcgan.sampler(config)
    ten_of_each = np.repeat(np.arange(10), 10)  # the grid has a row for each digit
    return gan.build(
        config,
        digits,
        # Real and generated images are shown with the same labels.
        lambda x: dcgan.discriminator(with_planes(x, y)),
        lambda z: dcgan.generator(labelled(z, y)),
        lambda z: sampler(labelled(z, ten_of_each)),
        labels=y,
        learning_rate=dcgan.learning_rate(config, digits),
    )


def generate(config, labels):
    """One sample of a trained conditional GAN for each label: float32 [N, 28, 28, 1] in [0, 1]."""
    images_of = gan.images_of(config, dcgan.sampler(config))
    # The noise is followed by the one-hot label, as `labelled` does in training.
    inputs = np.concatenate([sampling.noise(config, len(labels)), np.eye(10)[labels]], axis=1)
    return sampling.generate(config, images_of, inputs)


def main(argv=None):
    cli.main(Config, sampling.modes_by_label(build, generate), __doc__, argv)


if __name__ == "__main__":
    main()
