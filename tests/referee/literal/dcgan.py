"""The book chapter's DCGAN, as the text prints it: its loss is the GAN's."""

# The text has long lines.
# ruff: noqa: E501

from graphmode import tf
from tests.referee.facts import Case, constant
from tests.referee.literal import gan

CANNOT_RUN = {
    # conv1 = tf.layers.conv2d(inputs=unflatten, ... ,activation=leaky_relu)
    "chapter, DCGAN": "NameError: name 'leaky_relu' is not defined. tf.nn.leaky_relu is meant.",
}


def leaky_relu(features):
    """The name that the text does not define."""
    return tf.nn.leaky_relu(features)


# fmt: off
def discriminator(x):
    with tf.variable_scope("discriminator"):
        unflatten = tf.reshape(x, shape=[-1, 28, 28, 1])

        conv1 = tf.layers.conv2d(inputs=unflatten, kernel_size=5, strides=1, filters=32 ,activation=leaky_relu)
        maxpool1 = tf.layers.max_pooling2d(inputs=conv1, pool_size=2, strides=2)

        conv2 = tf.layers.conv2d(inputs=maxpool1, kernel_size=5, strides=1, filters=64,activation=leaky_relu)
        maxpool2 = tf.layers.max_pooling2d(inputs=conv2, pool_size=2, strides=2)

        flatten = tf.reshape(maxpool2, shape=[-1, 1024])
        fc1 = tf.layers.dense(inputs=flatten, units=1024, activation=leaky_relu)
        logits = tf.layers.dense(inputs=fc1, units=1)

        return logits


def generator(z):
    with tf.variable_scope("generator"):

        fc1 = tf.layers.dense(inputs=z, units=1024, activation=tf.nn.relu)
        bn1 = tf.layers.batch_normalization(inputs=fc1, training=True)

        fc2 = tf.layers.dense(inputs=bn1, units=7*7*128, activation=tf.nn.relu)
        bn2 = tf.layers.batch_normalization(inputs=fc2, training=True)

        reshaped = tf.reshape(bn2, shape=[-1, 7, 7, 128])

        conv_transpose1 = tf.layers.conv2d_transpose(inputs=reshaped, filters=64, kernel_size=4, strides=2, activation=tf.nn.relu,
                                                     padding='same')
        bn3 = tf.layers.batch_normalization(inputs=conv_transpose1, training=True)

        conv_transpose2 = tf.layers.conv2d_transpose(inputs=bn3, filters=1, kernel_size=4, strides=2, activation=tf.nn.tanh,
                                                     padding='same')

        img = tf.reshape(conv_transpose2, shape=[-1, 784])

        return img
# fmt: on


def adversarial():
    x, z = constant("digits", 8, 784), constant("z", 8, 100)
    sample = generator(z)
    with tf.variable_scope("") as scope:
        real = discriminator(x)
        scope.reuse_variables()
        fake = discriminator(sample)
    losses = gan.gan_loss(real, fake)
    outputs = {"sample": sample, "real": real, "fake": fake}
    outputs.update(discriminator=losses[0], generator=losses[1])
    return Case(outputs, losses[0] + losses[1])


CASES = {"chapter_dcgan": adversarial}
