"""自编码器 The convolutional autoencoder (CAE): an encoder turns a digit into z, a decoder back.

    loss = mean over batch and pixels of (x - y)^2      L2 损失, L2 loss of digit x and output y

Differences from the text (`--as_published` runs the text; docs/errata.md shows both results):
    - The text's learning rate is 0.0001. Here it is 0.001, which reaches in 3 epochs what the
      text's reaches in 20.
    - In the text's comments "14" is ceil(28 / 2) with SAME padding, and "1x18x64" is 7x7x32.

The text says that an autoencoder cannot generate new digits. `--mode generate` confirms it for z
from N(0, 1), and shows that z from normal distributions that are fitted to the codes does better
(gan_book/uses/codes.py). `--mode compress` is the text's use as lossy compression.

Images of other sizes, and colors: gan_book/sizes.py has the same network with more layers.

Run:     ./run.sh gan_book.cae --data mnist             (--latent_size 2 adds a plot of z by digit)
         ./run.sh gan_book.cae --input_dir FOLDER --size 64 --latent_size 100    (your own images)
Expect:  reconstructions that can be read and are slightly soft, 22.8 dB on the test digits.
"""

import contextlib
import dataclasses

import numpy as np

from data import feeds
from gan_book import inputs, sizes
from gan_book.evaluation import classifier, latent_figures, sampling
from gan_book.uses import codes, compression
from graphmode import cli, config, sessions, tf, training
from graphmode.config import setting
from graphmode.report import page, scores


@dataclasses.dataclass(frozen=True)
class Config(config.Run, inputs.Inputs, classifier.Evaluated):
    """Settings of the autoencoder. `network` marks those that belong to the trained weights."""

    PROGRAM = "gan_book.cae"
    AS_PUBLISHED = {"lr": 0.0001}

    latent_size: int = setting(20, at_least=1, network=True, help="number of latent units")
    lr: float = setting(0.001, above=0.0, changeable=True, help="learning rate of Adam")
    count: int = setting(100, at_least=1, help="number of reconstructions (--mode sample)")


class CAE_CNN(object):
    """The text's network for images of img_size x img_size pixels (28 in the text).

    Attributes:
        input: placeholder [batch, 784], pixels in [0, 1].
        latent: [batch, latent_size], the text's z.
        output: [batch, 28, 28, 1] in (0, 1).
        output_flat: [batch, 784], the same.
    """

    def __init__(self, img_size=28, latent_size=20):
        self.input = tf.placeholder(tf.float32, shape=[None, img_size * img_size], name="IMAGE_IN")
        x_image = tf.reshape(self.input, [-1, img_size, img_size, 1])

        ##### ENCODER
        conv2_act = encoder(x_image)

        # The code: the only connection between encoder and decoder
        with tf.name_scope("LATENT"):
            # Reshape: [batch, 7, 7, 32] -> [batch, 1568]
            enc_out = tf.reshape(conv2_act, [tf.shape(self.input)[0], 7 * 7 * 32])
            self.latent = tf.layers.dense(
                inputs=enc_out, units=latent_size, activation=None, name="latent_var"
            )
            # Shown in TensorBoard
            tf.summary.histogram("latent", self.latent)

        ##### DECODER
        # Model output
        self.output = decoder(self.latent)
        # We want the output flat for using on the loss
        self.output_flat = tf.reshape(self.output, [tf.shape(self.input)[0], img_size * img_size])


def encoder(x_image):
    """[batch, 28, 28, 1] in [0, 1] -> [batch, 7, 7, 32]."""
    with tf.name_scope("ENCODER"):
        # CONV1: [batch, 28, 28, 1] -> [batch, 14, 14, 16]
        conv1_act = tf.layers.conv2d(
            inputs=x_image,
            strides=(2, 2),
            filters=16,
            kernel_size=[5, 5],
            padding="same",
            activation=tf.nn.relu,
        )
        # CONV2: [batch, 14, 14, 16] -> [batch, 7, 7, 32]
        return tf.layers.conv2d(
            inputs=conv1_act,
            strides=(2, 2),
            filters=32,
            kernel_size=[5, 5],
            padding="same",
            activation=tf.nn.relu,
        )


def decoder(z, reuse=None):
    """Decodes latent vectors into images.

    Args:
        z: [batch, latent_size].
        reuse: True applies the weights that exist already (second application in one graph).

    Returns:
        [batch, 28, 28, 1] in (0, 1).
    """
    with tf.name_scope("DECODER"):
        # Linear layer: [batch, latent_size] -> [batch, 1568] -> [batch, 7, 7, 32]
        z_develop = tf.layers.dense(
            inputs=z, units=7 * 7 * 32, activation=None, name="z_matrix", reuse=reuse
        )
        z_develop_act = tf.nn.relu(tf.reshape(z_develop, [tf.shape(z)[0], 7, 7, 32]))
        # The names are those that TensorFlow gives to the text's unnamed layers.
        # DECONV1: [batch, 7, 7, 32] -> [batch, 14, 14, 16]
        conv_t2_out_act = tf.layers.conv2d_transpose(
            inputs=z_develop_act,
            strides=(2, 2),
            kernel_size=[5, 5],
            filters=16,
            padding="same",
            activation=tf.nn.relu,
            name="conv2d_transpose",
            reuse=reuse,
        )
        # DECONV2: [batch, 14, 14, 16] -> [batch, 28, 28, 1]
        return tf.layers.conv2d_transpose(
            inputs=conv_t2_out_act,
            strides=(2, 2),
            kernel_size=[5, 5],
            filters=1,
            padding="same",
            activation=tf.nn.sigmoid,
            name="conv2d_transpose_1",
            reuse=reuse,
        )


def side_by_side(x, y):
    """The first 50 pairs of input and output, for a grid of ten columns.

    Args:
        x: [batch, height, width, channels], or flat: [batch, height * width * channels].
        y: [batch, height, width, channels], or flat; a flat y is taken for 28 x 28 pixels.

    Returns:
        [100, height, width, channels]: an input, its output, the next input, ...
    """
    # Ten columns: input and output of five digits in each row
    y = tf.reshape(y, [-1, 28, 28, 1]) if y.shape.ndims == 2 else y
    pairs = tf.stack([tf.reshape(x, tf.shape(y))[:50], y[:50]], axis=1)
    return tf.reshape(pairs, [-1] + y.shape.as_list()[1:])


def network(config):
    """The network for the images of the configuration."""
    # Other sizes and colors: the text's network with more layers
    if config.shape == inputs.TEXT:
        return CAE_CNN(latent_size=config.latent_size)
    return sizes.CAE(config.shape, config.latent_size)


def build(config, digits):
    """Builds the graph that trains the autoencoder on `digits` (data.Digits)."""
    # The text's names for the ends of the model
    cae = network(config)
    model_in, model_out_flat = cae.input, cae.output_flat
    with tf.name_scope("CAE_LOSS"):
        # L2 loss
        loss = tf.losses.mean_squared_error(labels=model_in, predictions=model_out_flat)
    # Solver configuration
    with tf.name_scope("Solver"):
        train_step = tf.train.AdamOptimizer(config.lr).minimize(loss)

    # One update per step. The loss is fetched with it, so it belongs to the same batch.
    steps = training.steps_for(config, len(digits.train_images))
    return training.Model(
        phases=[training.Phase("train", steps, [training.Update(train_step, {"loss": loss})])],
        images={"reconstructions": side_by_side(cae.input, cae.output)},
        feed=feeds.digits(digits, model_in, config.batch_size, config.seed, mirror=config.mirrored),
    )


def train(config):
    inputs.train(build, config)


@contextlib.contextmanager
def restored(config):
    """Yields (encode, decode) of a trained autoencoder, functions of numpy arrays.

    encode: [N, 784] in [0, 1] -> z, [N, latent_size]; decode: z -> images, [N, 28, 28, 1]. Images
    of another shape have other numbers of pixels.
    """
    cae = network(config)
    z = tf.placeholder(tf.float32, [None, config.latent_size])
    # A second application of the decoder, to codes that are fed instead of encoded
    if config.shape == inputs.TEXT:
        decoded = decoder(z, reuse=True)
    else:
        decoded = sizes.images_of(z, config.shape, reuse=True)
    with sessions.session() as session:
        sessions.restore(session, config.checkpoint)
        yield (
            lambda images: sessions.in_parts(session, cae.latent, cae.input, images),
            lambda codes: sessions.in_parts(session, decoded, z, codes),
        )


def sample(config):
    """Reconstructs test images."""
    config, digits = inputs.load(config)
    with restored(config) as (encode, decode):
        z = encode(feeds.flat_pixels(digits.test_images[: config.count]))
        labels = sampling.labels_of(digits, config.count)
        sampling.save(config, decode(z), codes=z, **labels)


def evaluate(config):
    """Writes the test error and PSNR, reconstructions, and a plot of z by class if it is 2-D."""
    config, digits = inputs.load(config)
    sampling.check_held_out(config, digits)
    pixels = feeds.flat_pixels(digits.test_images)
    with restored(config) as (encode, decode):
        z = encode(pixels)
        outputs = decode(z).reshape(pixels.shape)
    latent_figures.save_pairs(config, pixels, outputs)
    latent_figures.scatter(config, z, digits)
    metrics = {
        "test mean squared error": float(np.mean(np.square(outputs - pixels))),
        "test PSNR (dB)": float(np.mean(scores.psnr(outputs, pixels))),
        "test images": len(pixels),
    }
    page.write_metrics(config.output_dir, metrics)


def compress(config):
    """How few bytes are enough for a digit: see gan_book/uses/compression.py."""
    config, digits = inputs.load(config)
    inputs.check_text(config, "--mode compress")
    with restored(config) as (encode, decode):
        compression.compare(config, digits, encode, decode)


def generate(config):
    """New images from the codes of the training images: see gan_book/uses/codes.py."""
    config, digits = inputs.load(config)
    with restored(config) as (encode, decode):
        codes.generate(config, digits, encode, decode)


def main(argv=None):
    modes = {
        "train": train,
        "sample": sample,
        "evaluate": evaluate,
        "compress": compress,
        "generate": generate,
    }
    cli.main(Config, modes, __doc__, argv, after_training="evaluate")


if __name__ == "__main__":
    main()
