"""条件 GAN Conditional GAN: both networks are told the digit y, so the user can ask for sevens.

Compared with the DCGAN (gan_book/dcgan.py), only y is new. It is concatenated (将它们连接在一起):

    discriminator:  minimize  -log D(x | y) - log(1 - D(G(z | y) | y))
    generator:      minimize  -log D(G(z | y) | y)

In the generator the one-hot label follows the noise. The discriminator begins with a convolution.
Therefore its images get ten more channels: the channel of the label is 1, the others are 0. Other
data have as many channels as classes. The text's own code is lost. Networks, learning rate and
updates are the DCGAN's, the losses the GAN's.

Reference: Mirza and Osindero 2014, "Conditional Generative Adversarial Nets".

Differences from the text (`--as_published` runs the text; docs/errata.md shows both results):
    - Those of the DCGAN. The text's batch norms always use the statistics of the batch. If all
      samples of a batch have the same label, they remove it: as published, `--digit 7` generates
      hardly any seven.

Run:     ./run.sh gan_book.cgan --data mnist
         ./run.sh gan_book.cgan --mode sample --digit 7 --checkpoint runs/cgan
         ./run.sh gan_book.cgan --input_dir FOLDER      (a folder for each class; `--label NAME`)
Expect:  a row for each digit in the image grids.
"""

import dataclasses

import numpy as np

import data
from gan_book import dcgan, gan, inputs
from gan_book.evaluation import sampling
from graphmode import cli, errors, tf
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
        0, at_least=0, help="number of training images, equally many of each class; 0: all images"
    )
    digit: int = setting(
        -1,
        at_least=-1,
        help="the digit, or the number of the class, to sample (--mode sample); -1: a row for each",
    )
    label: str = setting("", help="the name of the class to sample (--mode sample)")

    def wanted(self):
        """The number of the class to sample; -1 for all. Raises InputError."""
        # The names of the class folders, or the digits
        names = self.class_names
        if self.label and self.label not in names:
            raise errors.InputError(f"--label {self.label!r} is not one of {', '.join(names)}")
        if self.digit >= len(names):
            raise errors.InputError(f"--digit {self.digit}: use 0 to {len(names) - 1}")
        return names.index(self.label) if self.label else self.digit


def labelled(noise, labels, classes=10):
    """Puts the one-hot label behind each row: [batch, size] -> [batch, size + classes]."""
    return tf.concat([noise, tf.one_hot(labels, classes)], 1)


def with_planes(x, labels, classes=10, shape=inputs.TEXT):
    """Puts ten channels behind each image: [batch, 784], int [batch] -> [batch, 28 * 28 * 11].

    The label's own channel is 1, the other nine are 0.
    """
    height, width, channels = shape
    # [batch] -> [batch, 28, 28, 10]
    planes = tf.reshape(tf.one_hot(labels, classes), [-1, 1, 1, classes])
    planes = tf.tile(planes, [1, height, width, 1])
    # [batch, 28, 28, 1] and the planes -> [batch, 28, 28, 11]
    with_label = tf.concat([tf.reshape(x, [-1, height, width, channels]), planes], 3)
    return tf.reshape(with_label, [-1, height * width * (channels + classes)])


def build(config, digits):
    """Builds the graph that trains the conditional GAN on `digits` (data.Digits)."""
    if config.labels:
        digits = data.few(digits, config.labels)
    classes = len(config.class_names)
    # A folder of images without class folders has no y.
    if not classes:
        raise errors.InputError(
            f"--input_dir {config.input_dir}: a conditional GAN needs labels: "
            "put the images of each class into a folder of their own"
        )
    # y: labels of the images of the batch, 0 to 9
    y = tf.placeholder(tf.int32, [None], name="LABEL_IN")
    sampler, (discriminator, generator) = dcgan.sampler(config), dcgan.networks(config)
    # The grid of a hundred has a row for each of ten digits.
    in_rows = np.arange(100) * classes // 100
    return gan.build(
        config,
        digits,
        # Real and generated images are shown with the same labels.
        lambda x: discriminator(with_planes(x, y, classes, config.shape)),
        lambda z: generator(labelled(z, y, classes)),
        lambda z: sampler(labelled(z, in_rows, classes)),
        labels=y,
        learning_rate=dcgan.learning_rate(config, digits),
    )


def generate(config, labels):
    """One sample of a trained conditional GAN for each label: float32 images in [0, 1]."""
    images_of = gan.images_of(config, dcgan.sampler(config))
    # The noise is followed by the one-hot label, as `labelled` does in training.
    one_hot = np.eye(len(config.class_names))[labels]
    z = np.concatenate([sampling.noise(config, len(labels)), one_hot], axis=1)
    return sampling.generate(config, images_of, z)


def main(argv=None):
    cli.main(Config, sampling.modes_by_label(build, generate), __doc__, argv)


if __name__ == "__main__":
    main()
