"""The chapter's convolutional networks for images of any size, gray or RGB.

The text's networks are for 28x28 gray images and stand in their sections. These grow by the text's
own rule: each layer with stride 2 halves the side and doubles the number of filters, down to 4 to 8
pixels (inputs.levels). 28 and 32 pixels have two such layers, 64 have three, 128 have four. For
28x28x1 the layers are exactly those of the text (tests/gan_book/test_sizes.py).
"""

from gan_book import inputs
from graphmode import tf


def discriminator(x, size):
    """The DCGAN's discriminator.

    Args:
        x: [batch, size * size * channels].

    Returns:
        [batch, 1] logits, positive for real images.
    """
    channels = x.shape.as_list()[-1] // size**2
    with tf.variable_scope("discriminator"):
        maps = tf.reshape(x, shape=[-1, size, size, channels])
        for level in range(inputs.levels(size)[0]):
            # With strided convolutions (tips.py): [batch, side, side, c] ->
            # [batch, side / 2, side / 2, 32 * 2^level]
            conv = tf.layers.conv2d(
                inputs=maps,
                kernel_size=5,
                strides=1,
                filters=32 * 2**level,
                activation=tf.nn.leaky_relu,
            )
            maps = tf.layers.max_pooling2d(inputs=conv, pool_size=2, strides=2)
        _, height, width, filters = maps.shape.as_list()
        flatten = tf.reshape(maps, shape=[-1, height * width * filters])
        fc1 = tf.layers.dense(inputs=flatten, units=1024, activation=tf.nn.leaky_relu)
        logits = tf.layers.dense(inputs=fc1, units=1)
        return logits


def generator(z, size, channels, is_training=True):
    """The DCGAN's generator.

    Args:
        z: [batch, dim] in [-1, 1].
        is_training: Python bool; batch statistics if true, moving averages otherwise.

    Returns:
        [batch, size * size * channels] in [-1, 1].
    """
    doublings, side = inputs.levels(size)
    filters = 32 * 2**doublings  # 128 in the text
    with tf.variable_scope("generator"):
        fc1 = tf.layers.dense(inputs=z, units=1024, activation=tf.nn.relu)
        bn1 = tf.layers.batch_normalization(inputs=fc1, training=is_training)
        fc2 = tf.layers.dense(inputs=bn1, units=side * side * filters, activation=tf.nn.relu)
        bn2 = tf.layers.batch_normalization(inputs=fc2, training=is_training)
        maps = tf.reshape(bn2, shape=[-1, side, side, filters])
        for level in range(1, doublings):
            # [batch, side, side, c] -> [batch, 2 side, 2 side, c / 2]
            conv_transpose = tf.layers.conv2d_transpose(
                inputs=maps,
                filters=filters // 2**level,
                kernel_size=4,
                strides=2,
                activation=tf.nn.relu,
                padding="same",
            )
            maps = tf.layers.batch_normalization(inputs=conv_transpose, training=is_training)
        # -> [batch, size, size, channels], the image: no batch norm
        image = tf.layers.conv2d_transpose(
            inputs=maps,
            filters=channels,
            kernel_size=4,
            strides=2,
            activation=tf.nn.tanh,
            padding="same",
        )
        return tf.reshape(image, shape=[-1, size * size * channels])


def encoder(x_image):
    """The encoder of CAE and VAE: [batch, size, size, channels] in [0, 1] -> [batch, units]."""
    with tf.name_scope("ENCODER"):
        maps = x_image
        for level in range(inputs.levels(x_image.shape.as_list()[1])[0]):
            # [batch, side, side, c] -> [batch, side / 2, side / 2, 16 * 2^level]
            maps = tf.layers.conv2d(
                inputs=maps,
                strides=(2, 2),
                filters=16 * 2**level,
                kernel_size=[5, 5],
                padding="same",
                activation=tf.nn.relu,
            )
    _, height, width, filters = maps.shape.as_list()
    return tf.reshape(maps, [tf.shape(x_image)[0], height * width * filters])


def decoder(z, shape, reuse=None):
    """The decoder of CAE and VAE.

    Args:
        z: [batch, latent_size].
        shape: (size, size, channels).
        reuse: True applies the weights that exist already.

    Returns:
        Logits [batch, size, size, channels]; their sigmoid is the image.
    """
    doublings, side = inputs.levels(shape[0])
    filters = 8 * 2**doublings  # 32 in the text
    with tf.name_scope("DECODER"):
        z_develop = tf.layers.dense(
            inputs=z, units=side * side * filters, name="z_matrix", reuse=reuse
        )
        maps = tf.nn.relu(tf.reshape(z_develop, [tf.shape(z)[0], side, side, filters]))
        for level in range(1, doublings + 1):
            last = level == doublings
            # [batch, side, side, c] -> [batch, 2 side, 2 side, c / 2]; the last one: channels
            maps = tf.layers.conv2d_transpose(
                inputs=maps,
                strides=(2, 2),
                kernel_size=[5, 5],
                filters=shape[2] if last else filters // 2**level,
                padding="same",
                activation=None if last else tf.nn.relu,
                name="conv2d_transpose" + (f"_{level - 1}" if level > 1 else ""),
                reuse=reuse,
            )
        return maps


def images_of(z, shape, reuse=None):
    """`decoder`, and the sigmoid: [batch, size, size, channels] in (0, 1)."""
    return tf.nn.sigmoid(decoder(z, shape, reuse))


class CAE(object):
    """cae.CAE_CNN for images of another shape: the same attributes."""

    def __init__(self, shape, latent_size):
        self.input, x_image = _image_in(shape)
        enc_out = encoder(x_image)
        with tf.name_scope("LATENT"):
            self.latent = tf.layers.dense(inputs=enc_out, units=latent_size, name="latent_var")
            tf.summary.histogram("latent", self.latent)
        self.output = images_of(self.latent, shape)
        self.output_flat = tf.reshape(self.output, tf.shape(self.input))


class VAE(object):
    """vae.VAE_CNN for images of another shape: the same attributes."""

    def __init__(self, shape, latent_size):
        self.input, x_image = _image_in(shape)
        enc_out = encoder(x_image)
        with tf.name_scope("LATENT"):
            self.mean = tf.layers.dense(enc_out, units=latent_size, name="w_mean")
            self.log_var = tf.layers.dense(enc_out, units=latent_size, name="w_log_var")
            self.stddev = tf.exp(0.5 * self.log_var)
            self.noise = tf.random_normal([tf.shape(self.input)[0], latent_size], 0, 1)
            self.latent = self.mean + self.stddev * self.noise
            tf.summary.histogram("latent_sample", self.latent)
        self.logits = tf.reshape(decoder(self.latent, shape), tf.shape(self.input))
        self.output = tf.nn.sigmoid(self.logits)


class VAE_GEN(object):
    """vae.VAE_CNN_GEN for images of another shape: the same attributes."""

    def __init__(self, shape, latent_size, reuse=None):
        self.input = tf.placeholder(tf.float32, shape=[None, latent_size], name="LATENT_IN")
        self.output = images_of(self.input, shape, reuse)


def _image_in(shape):
    """The placeholder [batch, size * size * channels], in [0, 1], and the same as images."""
    size, _, channels = shape
    flat = tf.placeholder(tf.float32, shape=[None, size * size * channels], name="IMAGE_IN")
    return flat, tf.reshape(flat, [-1, size, size, channels])
