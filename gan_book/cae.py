"""The convolutional autoencoder: an encoder squeezes a digit into a short vector z, a decoder draws it again from z.

Objective: the mean over batch and pixels of (x - y)^2, where x is the digit and y the decoder's drawing.

Deviations from the text: Adam's learning rate is 0.001 instead of 0.0001 (`--as_published`), which reaches in 3 epochs
what the text's reaches in 20 (docs/errata.md). The sigmoid stands apart from the last layer, so that the VAE can take
its likelihood from the logits. 14 in the text's comments is ceil(28 / 2) with SAME padding; its "1x18x64" is 7x7x32.

Run: `./run.sh gan_book.cae --data mnist`; `--latent_size 2` adds the scatter plot of z by digit. Expect legible, slightly
soft reconstructions. That an autoencoder cannot draw new digits, as the text says, holds for z from N(0, 1): `--mode generate`.
"""

from typing import Literal, NamedTuple

import numpy as np

import data
from data import batches
from graphmode import cli, images, report, runs, scores, sessions, tf, training


class Config(NamedTuple):
    data: Literal["digits", "mnist"] = "digits"  # drawn here, or MNIST
    latent_size: cli.whole(1) = 20  # length of z, as in the text
    lr: cli.real(0.0) = 0.001  # Adam's learning rate; the text's 0.0001 with --as_published
    implies = {"as_published": {"lr": 0.0001}}
    count: cli.whole(1) = 100  # pictures that --mode sample draws
    fixed = ("latent_size",)


def encoder(x_image):
    """[batch, 28, 28, 1] in [0, 1] -> [batch, 7, 7, 32]. The VAE keeps it."""
    with tf.name_scope('ENCODER'):
        # [batch, 28, 28, 1] -> [batch, 14, 14, 16]
        conv1_act = tf.layers.conv2d(inputs=x_image, strides=(2, 2), filters=16, kernel_size=[5, 5], padding="same",
                                     activation=tf.nn.relu)
        # [batch, 14, 14, 16] -> [batch, 7, 7, 32]
        return tf.layers.conv2d(inputs=conv1_act, strides=(2, 2), filters=32, kernel_size=[5, 5], padding="same",
                                activation=tf.nn.relu)


def decoder(z, reuse=None):
    """Draws digits from latent vectors. The VAE and its generator keep it.

    Args:
        z: [batch, latent_size].
        reuse: True to apply the decoder that is already in the graph. The layers carry the names that TensorFlow gives
            the text's unnamed ones, so that weights are found by name.

    Returns:
        (y, logits), each [batch, 28, 28, 1]; y, the sigmoid of the logits, in [0, 1].
    """
    with tf.name_scope('DECODER'):
        # [batch, latent_size] -> [batch, 1568] -> [batch, 7, 7, 32]
        z_develop = tf.layers.dense(inputs=z, units=7 * 7 * 32, activation=None, name="z_matrix", reuse=reuse)
        z_develop_act = tf.nn.relu(tf.reshape(z_develop, [tf.shape(z)[0], 7, 7, 32]))
        # DECONV1: [batch, 7, 7, 32] -> [batch, 14, 14, 16]
        conv_t2_out_act = tf.layers.conv2d_transpose(inputs=z_develop_act, strides=(2, 2), kernel_size=[5, 5],
                                                     filters=16, padding="same", activation=tf.nn.relu,
                                                     name="conv2d_transpose", reuse=reuse)
        # DECONV2: [batch, 14, 14, 16] -> [batch, 28, 28, 1]
        logits = tf.layers.conv2d_transpose(inputs=conv_t2_out_act, strides=(2, 2), kernel_size=[5, 5], filters=1,
                                            padding="same", activation=None, name="conv2d_transpose_1", reuse=reuse)
        return tf.nn.sigmoid(logits), logits


class CAE_CNN(object):
    """The text's autoencoder for [batch, 784] digits in [0, 1], fed into IMAGE_IN."""

    def __init__(self, img_size=28, latent_size=20):
        self.__x = tf.placeholder(tf.float32, shape=[None, img_size * img_size], name='IMAGE_IN')
        self.__x_image = tf.reshape(self.__x, [-1, img_size, img_size, 1])
        self.__conv2_act = encoder(self.__x_image)
        with tf.name_scope('LATENT'):
            self.__enc_out = tf.reshape(self.__conv2_act, [tf.shape(self.__x)[0], 7 * 7 * 32])
            self.__guessed_z = tf.layers.dense(inputs=self.__enc_out, units=latent_size, activation=None,
                                               name="latent_var")
            tf.summary.histogram("latent", self.__guessed_z)
        self.__y, _ = decoder(self.__guessed_z)
        # Flat, as the loss wants it.
        self.__y_flat = tf.reshape(self.__y, [tf.shape(self.__x)[0], img_size * img_size])

    @property
    def input(self):
        return self.__x

    @property
    def latent(self):
        return self.__guessed_z

    @property
    def output(self):
        return self.__y

    @property
    def output_flat(self):
        return self.__y_flat


def build(config, digits):
    """The autoencoder with its training step, fed from digits.train_images."""
    cae = CAE_CNN(latent_size=config.latent_size)
    model_in, model_out_flat = cae.input, cae.output_flat
    with tf.name_scope("CAE_LOSS"):
        # L2 loss
        loss = tf.losses.mean_squared_error(labels=model_in, predictions=model_out_flat)
    # Solver configuration
    with tf.name_scope("Solver"):
        train_step = tf.train.AdamOptimizer(config.lr).minimize(loss)
    return training.Model(
        phases=[training.Phase("train", training.steps_for(config, len(digits.train_images)), [train_step])],
        scalars={"loss": loss},
        images={"reconstructions": side_by_side(cae.input, cae.output)},
        feed=digit_feed(config, digits, model_in))


def side_by_side(x, y):
    """Pairs of input, flat or not, and output, [batch, height, width, channels], 50 of them, for a grid of ten columns."""
    return tf.reshape(tf.stack([tf.reshape(x, tf.shape(y))[:50], y[:50]], axis=1), [-1] + y.shape.as_list()[1:])


def digit_feed(config, digits, placeholder, labels=None):
    """number -> {placeholder: [batch, 784] digits in [0, 1], labels: [batch]}, every epoch in an order of its own."""
    indices = batches.shuffled(len(digits.train_images), config.batch_size, config.seed)

    def feed(number):
        chosen = indices(number)
        fed = {placeholder: batches.flat_pixels(digits.train_images[chosen])}
        return fed if labels is None else {**fed, labels: digits.train_labels[chosen]}
    return feed


def train(config):
    training.fit(build(config, data.load(config.data, config.input_dir)), config)


def sample(config):
    """Reconstructs test digits."""
    digits = data.load(config.data, config.input_dir)
    cae = CAE_CNN(latent_size=config.latent_size)
    with sessions.session() as session:
        sessions.restore(session, config.checkpoint)
        inputs = batches.flat_pixels(digits.test_images[:config.count])
        images.save_samples(config.output_dir, sessions.in_parts(session, cae.output, cae.input, inputs))


def evaluate(config):
    """metrics.json: test error and PSNR; figures: test digits beside their reconstructions, z by digit if it is 2-D."""
    digits = data.load(config.data, config.input_dir)
    cae = CAE_CNN(latent_size=config.latent_size)
    with sessions.session() as session:
        sessions.restore(session, config.checkpoint)
        inputs = batches.flat_pixels(digits.test_images)
        outputs, latent = sessions.in_parts(session, [cae.output_flat, cae.latent], cae.input, inputs)
        figures = runs.path(config.output_dir, "figures")
        pairs = session.run(side_by_side(cae.input, cae.output), {cae.input: inputs[:50]})
    images.save_png(figures / "test_digits_and_reconstructions.png", images.grid(pairs, columns=10), zoom=2)
    if config.latent_size == 2:
        report.scatter(figures / "latent_space.png", latent, digits.test_labels, "z of the test digits")
    report.write_metrics(config.output_dir, {
        "test mean squared error": float(np.mean(np.square(outputs - inputs))),
        "test PSNR (dB)": float(np.mean(scores.psnr(outputs, inputs))),
        "test images": len(inputs),
    })


def compress(config):
    """How few bytes do for a digit: see gan_book/compression.py."""
    from gan_book import compression  # here, for it imports this module
    compression.compress(config)


def generate(config):
    """New digits, from normals fitted to the codes: see gan_book/codes.py."""
    from gan_book import codes  # here, for it imports this module
    codes.generate(config)


def main(argv=None):
    cli.main("gan_book.cae", Config, {"train": train, "sample": sample, "evaluate": evaluate, "compress": compress,
                                      "generate": generate}, __doc__, argv, after_training="evaluate")


if __name__ == "__main__":
    main()
