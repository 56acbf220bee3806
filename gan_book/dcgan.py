"""The deep convolutional GAN: the GAN with convolutions and batch norm in both networks.

Objective, noise, solvers and steps are the GAN's; only the networks are swapped. Reference: Radford, Metz, Chintala 2016.

Deviations from the text, undone by `--as_published`:
- Its notes forbid max-pooling ("only strided convolutions or average pooling") and ask for batch norm in both networks; its
  discriminator has two max-pools and no batch norm. Here strided convolutions, 28 -> 14 -> 7, and batch norm, which bring the
  samples much nearer to real digits (docs/errata.md). As published: 28 -> 24 -> 12 -> 8 -> 4.
- Its batch norms always normalise by the batch at hand, so a picture depends on those drawn with it, and one drawn alone
  is the same for every z: after a dense layer the mean of one value is the value itself. Here training does so too, and
  sampling uses the moving averages that training has gathered.
- The learning rate falls from the text's 0.001 to 0 along a cosine, so that training settles, instead of staying.
- `leaky_relu` is tf.nn.leaky_relu. Digits are rescaled to [-1, 1], as in the GAN.

Run: `./run.sh gan_book.dcgan --data mnist`. Expect crisp digits with few flaws.
"""

import functools
from typing import Literal, NamedTuple

from gan_book import gan, tips
from graphmode import cli, tf, training


@dataclasses.dataclass(frozen=True)
class Config(Settings_):
    shared = gan.Config.shared
    data: Literal["digits", "mnist"] = setting("digits", help='drawn here, or MNIST')
    max_epochs: int = setting(10, at_least=1, help='passes over the training set')
    dim: int = setting(100, at_least=1, help='length of z, as in the text')
    lr: float = setting(0.001, at_least=0.0, help='first learning rate of both Adams, as in the text')
    beta1: float = setting(0.5, at_least=0.0, at_most=1.0, help='of both Adams, as in the text')
    count: int = setting(100, at_least=1, help='pictures that --mode sample draws')
    discriminator_batch_norm: bool = setting(True, help='batch norm in the discriminator too; as published, no')
    pooling: Literal["max", "average", "strided"] = setting("strided", help='in the discriminator; as published, max')
    implies = {"as_published": {"discriminator_batch_norm": False, "pooling": "max"}}
    fixed = ("dim",)


def hidden_layers(x, switches=tips.Tips(), channels=1, is_training=True):
    """[batch, 784 * channels] -> the discriminator's layers but the last, a list: two pooled maps and [batch, 1024]."""
    unflatten = tf.reshape(x, shape=[-1, 28, 28, channels])
    # [batch, 28, 28, 1] -> [batch, 24, 24, 32] -> [batch, 12, 12, 32], or strided to [batch, 14, 14, 32]
    conv1 = tf.layers.conv2d(inputs=unflatten, kernel_size=5, filters=32, activation=switches.activation, **switches.sliding)
    maxpool1 = switches.pool(conv1)
    # [batch, 12, 12, 32] -> [batch, 8, 8, 64] -> [batch, 4, 4, 64], or strided to [batch, 7, 7, 64]
    conv2 = tf.layers.conv2d(inputs=maxpool1, kernel_size=5, filters=64, **switches.sliding)
    maxpool2 = switches.pool(switches.activation(switches.norm(conv2, is_training)))
    flatten = tf.reshape(maxpool2, shape=[-1, 3136 if switches.pooling == "strided" else 1024])
    fc1 = tf.layers.dense(inputs=flatten, units=1024)
    return [maxpool1, maxpool2, switches.activation(switches.norm(fc1, is_training))]


def discriminator(x, switches=tips.Tips(), channels=1):
    """[batch, 784 * channels] -> [batch, 1] logits, positive for real."""
    with tf.variable_scope("discriminator"):
        fc1 = hidden_layers(x, switches, channels)[-1]
        logits = tf.layers.dense(inputs=switches.with_features(fc1), units=1)
        return logits


def generator(z, switches=tips.Tips(), is_training=True):
    """[batch, dim] in [-1, 1] -> [batch, 784] in [-1, 1].

    is_training: Python bool; batch norms take the batch's statistics if true, their moving averages otherwise.
    """
    with tf.variable_scope("generator"):
        fc1 = switches.drop(tf.layers.dense(inputs=z, units=1024, activation=tf.nn.relu))
        bn1 = tf.layers.batch_normalization(inputs=fc1, training=is_training)
        fc2 = switches.drop(tf.layers.dense(inputs=bn1, units=7 * 7 * 128, activation=tf.nn.relu))
        bn2 = tf.layers.batch_normalization(inputs=fc2, training=is_training)
        reshaped = tf.reshape(bn2, shape=[-1, 7, 7, 128])
        # [batch, 7, 7, 128] -> [batch, 14, 14, 64]
        conv_transpose1 = tf.layers.conv2d_transpose(inputs=reshaped, filters=64, kernel_size=4, strides=2,
                                                     activation=tf.nn.relu, padding='same')
        bn3 = tf.layers.batch_normalization(inputs=conv_transpose1, training=is_training)
        # [batch, 14, 14, 64] -> [batch, 28, 28, 1]
        conv_transpose2 = tf.layers.conv2d_transpose(inputs=bn3, filters=1, kernel_size=4, strides=2,
                                                     activation=tf.nn.tanh, padding='same')
        img = tf.reshape(conv_transpose2, shape=[-1, 784])
        return img


def build(config, digits):
    """The GAN with these networks."""
    return gan.build(config, digits, discriminator, generator, sampler(config),
                     learning_rate=learning_rate(config, digits))


def learning_rate(config, digits):
    """From config.lr to 0 along a cosine, or as published constant."""
    steps = training.steps_for(config, len(digits.train_images))
    return config.lr if config.as_published else training.cosine(config.lr, steps)


def sampler(config):
    """The generator as it draws pictures: with its moving averages, or as published with those of the pictures at hand."""
    return functools.partial(generator, is_training=config.as_published)


def draw(config, count):
    return gan.draw(config, count, sampler(config))


def main(argv=None):
    cli.main("gan_book.dcgan", Config, gan.modes(build, draw), __doc__, argv)


if __name__ == "__main__":
    main()
