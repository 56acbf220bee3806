"""深度卷积 GAN (DCGAN): the GAN with convolutional networks.

Compared with the previous section (gan_book/gan.py), only the networks are new: the discriminator
has convolutions, the generator has transposed convolutions and batch norm. Objective, noise,
solvers and updates are the GAN's (只需换出生成器和判别器网络).

Reference: Radford, Metz and Chintala 2016, "Unsupervised Representation Learning with Deep
Convolutional Generative Adversarial Networks".

Differences from the text (`--as_published` runs the text; docs/errata.md shows both results):
    - The text's notes say: no max pooling (仅使用跨步卷积或平均池), and batch norm in both
      networks. Its discriminator has two max pools and no batch norm. Here it follows the notes
      (--pooling and --discriminator_norm of tips.py), and the samples are much closer to digits.
    - The text's batch norms always use the statistics of the batch (它们将始终设置为训练模式). A
      sample then depends on the others in its batch, and a batch of one has the same output for
      every z. Here only training uses the statistics of the batch. Sampling uses the moving
      averages.
    - The text's learning rate is 0.001. Here it starts there and follows a cosine to 0.
    - `leaky_relu`, which the text does not define, is tf.nn.leaky_relu.
    - Images are scaled to [-1, 1], as in the GAN.

Images of other sizes, and colors: gan_book/sizes.py has the same networks with more layers.

Run:     ./run.sh gan_book.dcgan --data mnist
         ./run.sh gan_book.dcgan --input_dir FOLDER --size 64           (your own images)
Expect:  sharp digits with few flaws after 10 epochs.
"""

import dataclasses
import functools
from typing import Literal

from gan_book import gan, inputs, sizes
from gan_book.evaluation import sampling
from graphmode import cli, tf, training
from graphmode.config import setting


@dataclasses.dataclass(frozen=True)
class Config(gan.Config):
    """Settings of the DCGAN: the GAN's, with other defaults."""

    PROGRAM = "gan_book.dcgan"
    AS_PUBLISHED = {"discriminator_norm": "none", "pooling": "max"}
    UNUSED = {}

    max_epochs: int = setting(
        10, at_least=1, changeable=True, help="number of passes over the training set"
    )
    discriminator_norm: Literal["none", "batch"] = setting(
        "batch", network=True, help="normalization in the discriminator"
    )
    pooling: Literal["max", "average", "strided"] = setting(
        "strided", network=True, help="how the discriminator reduces height and width"
    )


def discriminator(x):
    """[batch, 784 * channels] -> [batch, 1] logits, positive for real images.

    The sizes are those of the text. With strided convolutions (see tips.py) they are in brackets.
    """
    channels = x.shape.as_list()[-1] // 784  # 1 in the text; the conditional GAN has 11
    with tf.variable_scope("discriminator"):
        # [batch, 784] -> [batch, 28, 28, 1]
        unflatten = tf.reshape(x, shape=[-1, 28, 28, channels])
        # [batch, 28, 28, 1] -> [batch, 24, 24, 32]    ([batch, 14, 14, 32])
        conv1 = tf.layers.conv2d(
            inputs=unflatten, kernel_size=5, strides=1, filters=32, activation=tf.nn.leaky_relu
        )
        # [batch, 24, 24, 32] -> [batch, 12, 12, 32]   ([batch, 14, 14, 32])
        maxpool1 = tf.layers.max_pooling2d(inputs=conv1, pool_size=2, strides=2)
        # [batch, 12, 12, 32] -> [batch, 8, 8, 64]     ([batch, 7, 7, 64])
        conv2 = tf.layers.conv2d(
            inputs=maxpool1, kernel_size=5, strides=1, filters=64, activation=tf.nn.leaky_relu
        )
        # [batch, 8, 8, 64] -> [batch, 4, 4, 64]       ([batch, 7, 7, 64])
        maxpool2 = tf.layers.max_pooling2d(inputs=conv2, pool_size=2, strides=2)
        # [batch, 4, 4, 64] -> [batch, 1024]           ([batch, 3136])
        _, height, width, filters = maxpool2.shape.as_list()
        flatten = tf.reshape(maxpool2, shape=[-1, height * width * filters])
        # [batch, 1024] -> [batch, 1024]
        fc1 = tf.layers.dense(inputs=flatten, units=1024, activation=tf.nn.leaky_relu)
        # [batch, 1024] -> [batch, 1]
        logits = tf.layers.dense(inputs=fc1, units=1)
        return logits


def generator(z, is_training=True):
    """[batch, dim] in [-1, 1] -> [batch, 784] in [-1, 1].

    Args:
        is_training: Python bool; batch statistics if true (the text), moving averages otherwise.
    """
    with tf.variable_scope("generator"):
        # [batch, dim] -> [batch, 1024]
        fc1 = tf.layers.dense(inputs=z, units=1024, activation=tf.nn.relu)
        bn1 = tf.layers.batch_normalization(inputs=fc1, training=is_training)
        # [batch, 1024] -> [batch, 6272] -> [batch, 7, 7, 128]
        fc2 = tf.layers.dense(inputs=bn1, units=7 * 7 * 128, activation=tf.nn.relu)
        bn2 = tf.layers.batch_normalization(inputs=fc2, training=is_training)
        reshaped = tf.reshape(bn2, shape=[-1, 7, 7, 128])
        # [batch, 7, 7, 128] -> [batch, 14, 14, 64]
        conv_transpose1 = tf.layers.conv2d_transpose(
            inputs=reshaped,
            filters=64,
            kernel_size=4,
            strides=2,
            activation=tf.nn.relu,
            padding="same",
        )
        bn3 = tf.layers.batch_normalization(inputs=conv_transpose1, training=is_training)
        # [batch, 14, 14, 64] -> [batch, 28, 28, 1], the image: no batch norm
        conv_transpose2 = tf.layers.conv2d_transpose(
            inputs=bn3,
            filters=1,
            kernel_size=4,
            strides=2,
            activation=tf.nn.tanh,
            padding="same",
        )
        # [batch, 28, 28, 1] -> [batch, 784]
        img = tf.reshape(conv_transpose2, shape=[-1, 784])
        return img


def learning_rate(config, digits):
    """The rate of both solvers: a cosine from config.lr to 0, or as published config.lr."""
    steps = training.steps_for(config, len(digits.train_images))
    return config.lr if config.as_published else training.cosine(config.lr, steps)


def networks(config):
    """(discriminator, generator) for the images of the configuration, functions of x and of z."""
    if config.shape == inputs.TEXT:
        return discriminator, generator
    size, _, channels = config.shape
    return (
        functools.partial(sizes.discriminator, size=size),
        functools.partial(sizes.generator, size=size, channels=channels),
    )


def sampler(config):
    """The generator for sampling: with moving averages, or as published with batch statistics."""
    return functools.partial(networks(config)[1], is_training=config.as_published)


def build(config, digits):
    """Builds the graph that trains the DCGAN on `digits` (data.Digits)."""
    rate = learning_rate(config, digits)
    return gan.build(config, digits, *networks(config), sampler=sampler(config), learning_rate=rate)


def generate(config, count):
    """`count` samples of a trained DCGAN: float32 [count, height, width, channels] in [0, 1]."""
    images_of = gan.images_of(config, sampler(config))
    return sampling.generate(config, images_of, sampling.noise(config, count))


def main(argv=None):
    cli.main(Config, sampling.modes(build, generate), __doc__, argv)


if __name__ == "__main__":
    main()
