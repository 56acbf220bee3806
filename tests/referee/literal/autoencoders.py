"""The book chapter's autoencoder and variational autoencoder, as the text prints them."""

# The text has long lines, and names that nothing reads.
# ruff: noqa: E501, F841

import types

from graphmode import tf
from tests.referee.facts import Case, constant, numbers

CANNOT_RUN = {
    # loss = tf.losses.mean_squared_error(labels=model_in, predictions=model_out_flat)
    "chapter, CAE_LOSS": "NameError: name 'model_in' is not defined. The class keeps it private.",
    # sample_block = tf.random_normal([tf.shape(X)[0], latent_size], 0, 1, dtype=tf.float32)
    "chapter, 重新参数化": "NameError: name 'self' is not defined, nor X and latent_size.",
    # generation_loss = tf.losses.mean_squared_error(labels=model_in, predictions= model_out_flat)
    "chapter, VAE_LOSS": "NameError: name 'model_in' is not defined, nor z_mean and z_stddev.",
}


# fmt: off
class CAE_CNN(object):

    def __init__(self, img_size = 28, latent_size=20):
        self.__x = tf.placeholder(tf.float32, shape=[None, img_size * img_size], name='IMAGE_IN')
        self.__x_image = tf.reshape(self.__x, [-1, img_size, img_size, 1])

        with tf.name_scope('ENCODER'):
            ##### ENCODER
            # CONV1: Input 28x28x1 after CONV 5x5 P:2 S:2 H_out: 1 + (28+4-5)/2 = 14, W_out= 1 + (28+4-5)/2 = 14
            self.__conv1_act = tf.layers.conv2d(inputs=self.__x_image, strides=(2, 2),
                                                filters=16, kernel_size=[5, 5], padding="same", activation=tf.nn.relu)

            # CONV2: Input 14x14x16 after CONV 5x5 P:0 S:2 H_out: 1 + (14+4-5)/2 = 7, W_out= 1 + (14+4-5)/2 = 7
            self.__conv2_act = tf.layers.conv2d(inputs=self.__conv1_act, strides=(2, 2),
                                                filters=32, kernel_size=[5, 5], padding="same", activation=tf.nn.relu)

        with tf.name_scope('LATENT'):
            # Reshape: Input 7x7x32 after [7x7x32]
            self.__enc_out = tf.reshape(self.__conv2_act, [tf.shape(self.__x)[0], 7 * 7 * 32])
            self.__guessed_z = tf.layers.dense(inputs=self.__enc_out,
                                               units=latent_size, activation=None, name="latent_var")
            tf.summary.histogram("latent", self.__guessed_z)

        with tf.name_scope('DECODER'):
            ##### DECODER (At this point we have 1x18x64
            self.__z_develop = tf.layers.dense(inputs=self.__guessed_z,
                                               units=7 * 7 * 32, activation=None, name="z_matrix")
            self.__z_develop_act = tf.nn.relu(tf.reshape(self.__z_develop, [tf.shape(self.__x)[0], 7, 7, 32]))

            # DECONV1
            self.__conv_t2_out_act = tf.layers.conv2d_transpose(inputs=self.__z_develop_act,
                                                                strides=(2, 2), kernel_size=[5, 5], filters=16,
                                                                padding="same", activation=tf.nn.relu)

            # DECONV2
            # Model output
            self.__y = tf.layers.conv2d_transpose(inputs=self.__conv_t2_out_act,
                                                  strides=(2, 2), kernel_size=[5, 5], filters=1,
                                                  padding="same", activation=tf.nn.sigmoid)

            # We want the output flat for using on the loss
            self.__y_flat = tf.reshape(self.__y, [tf.shape(self.__x)[0], 28 * 28])


class VAE_CNN(object):

    def __init__(self, img_size=28, latent_size=20):
        self.__x = tf.placeholder(tf.float32, shape=[None, img_size * img_size], name='IMAGE_IN')
        self.__x_image = tf.reshape(self.__x, [-1, img_size, img_size, 1])

        with tf.name_scope('ENCODER'):
            ##### ENCODER
            # CONV1: Input 28x28x1 after CONV 5x5 P:2 S:2 H_out: 1 + (28+4-5)/2 = 14, W_out= 1 + (28+4-5)/2 = 14
            self.__conv1_act = tf.layers.conv2d(inputs=self.__x_image, strides=(2, 2),
                                                filters=16, kernel_size=[5, 5], padding="same", activation=tf.nn.relu)

            # CONV2: Input 14x14x16 after CONV 5x5 P:0 S:2 H_out: 1 + (14+4-5)/2 = 7, W_out= 1 + (14+4-5)/2 = 7
            self.__conv2_act = tf.layers.conv2d(inputs=self.__conv1_act, strides=(2, 2),
                                                filters=32, kernel_size=[5, 5], padding="same", activation=tf.nn.relu)

        with tf.name_scope('LATENT'):
            # Reshape: Input 7x7x32 after [7x7x32]
            self.__enc_out = tf.reshape(self.__conv2_act, [tf.shape(self.__x)[0], 7 * 7 * 32])

            # Add linear ops for mean and variance
            self.__w_mean = tf.layers.dense(inputs=self.__enc_out,
                                            units=latent_size, activation=None, name="w_mean")
            self.__w_stddev = tf.layers.dense(inputs=self.__enc_out,
                                              units=latent_size, activation=None, name="w_stddev")

            # Generate normal distribution with dimensions [B, latent_size]
            self.__samples = tf.random_normal([tf.shape(self.__x)[0], latent_size], 0, 1, dtype=tf.float32)

            self.__guessed_z = self.__w_mean + (self.__w_stddev * self.__samples)
            tf.summary.histogram("latent_sample", self.__guessed_z)

        with tf.name_scope('DECODER'):
            ##### DECODER
            # Linear layer
            self.__z_develop = tf.layers.dense(inputs=self.__guessed_z,
                                               units=7 * 7 * 32, activation=None, name="z_matrix")
            self.__z_develop_act = tf.nn.relu(tf.reshape(self.__z_develop, [tf.shape(self.__x)[0], 7, 7, 32]))

            # DECONV1
            self.__conv_t2_out_act = tf.layers.conv2d_transpose(inputs=self.__z_develop_act,
                                                                strides=(2, 2), kernel_size=[5, 5], filters=16,
                                                                padding="same", activation=tf.nn.relu)

            # DECONV2
            # Model output
            self.__y = tf.layers.conv2d_transpose(inputs=self.__conv_t2_out_act,
                                                  strides=(2, 2), kernel_size=[5, 5], filters=1,
                                                  padding="same", activation=tf.nn.sigmoid)

            # Model output
            self.__y_flat = tf.reshape(self.__y, [tf.shape(self.__x)[0], 28 * 28])


class VAE_CNN_GEN(object):

    def __init__(self, img_size=28, latent_size=20):
        self.__x = tf.placeholder(tf.float32, shape=[None, latent_size], name='LATENT_IN')

        with tf.name_scope('DECODER'):
            # Linear layer
            self.__z_develop = tf.layers.dense(inputs=self.__x,
                                               units=7 * 7 * 32, activation=None, name="z_matrix")
            self.__z_develop_act = tf.nn.relu(tf.reshape(self.__z_develop, [tf.shape(self.__x)[0], 7, 7, 32]))

            # DECONV1
            self.__conv_t2_out_act = tf.layers.conv2d_transpose(inputs=self.__z_develop_act,
                                                                strides=(2, 2), kernel_size=[5, 5], filters=16,
                                                                padding="same", activation=tf.nn.relu)

            # DECONV2
            # Model output
            self.__y = tf.layers.conv2d_transpose(inputs=self.__conv_t2_out_act,
                                                  strides=(2, 2), kernel_size=[5, 5], filters=1,
                                                  padding="same", activation=tf.nn.sigmoid)

    @property
    def output(self):
        return self.__y

    @property
    def input(self):
        return self.__x
# fmt: on


def autoencoder():
    made = CAE_CNN()
    model_in, model_out_flat = made._CAE_CNN__x, made._CAE_CNN__y_flat
    # fmt: off
    with tf.name_scope("CAE_LOSS"):
        # L2 loss
        loss = tf.losses.mean_squared_error(labels=model_in, predictions=model_out_flat)

    # Solver configuration
    with tf.name_scope("Solver"):
        train_step = tf.train.AdamOptimizer(0.0001).minimize(loss)
    # fmt: on
    outputs = {"latent": made._CAE_CNN__guessed_z, "output": made._CAE_CNN__y}
    return Case(outputs, loss, {model_in: numbers("digits", 4, 784, low=0.0)})


def variational():
    made = VAE_CNN()
    model_in, model_out_flat = made._VAE_CNN__x, made._VAE_CNN__y_flat
    z_mean, z_stddev = made._VAE_CNN__w_mean, made._VAE_CNN__w_stddev
    # fmt: off
    # Loss function
    with tf.name_scope("VAE_LOSS"):
        # L2 loss (generative loss)
        generation_loss = tf.losses.mean_squared_error(labels=model_in, predictions= model_out_flat)
        # KL Loss (latent loss)
        latent_loss = 0.5 * tf.reduce_sum(tf.square(z_mean) + tf.square(z_stddev) - tf.log(tf.square(z_stddev)) - 1, 1)
        # Merge the losses
        loss = tf.reduce_mean(generation_loss + latent_loss)

    # Solver
    with tf.name_scope("Solver"):
        train_step = tf.train.AdamOptimizer(0.0001).minimize(loss)
    # fmt: on
    outputs = {"z": made._VAE_CNN__guessed_z, "mean": z_mean, "stddev": z_stddev}
    outputs.update(generation=generation_loss, latent=latent_loss, output=model_out_flat)
    return Case(outputs, loss, {model_in: numbers("digits", 4, 784, low=0.0)})


def variational_generator():
    made = VAE_CNN_GEN()
    return Case({"output": made.output}, feed={made.input: numbers("z", 4, 20)})


def kl_divergence():
    latent_mean, latent_stddev = constant("mean", 4, 20), constant("stddev", 4, 20)
    # fmt: off
    latent_loss = 0.5 * tf.reduce_sum(tf.square(latent_mean) + tf.square(latent_stddev) - tf.log(tf.square(latent_stddev)) - 1, 1)
    # fmt: on
    return Case({"latent loss": latent_loss})


def reparameterization():
    X, latent_size = constant("digits", 4, 784), 20
    self = types.SimpleNamespace(__enc_out=constant("encoded", 4, 30))
    # fmt: off
    # Add linear ops to produce mean and standard devation vectors
    fc_mean = tf.layers.dense(self.__enc_out, units=latent_size, activation=None, name="w_mean")
    fc_stddev = tf.layers.dense(self.__enc_out, units=latent_size, activation=None, name="w_stddev")

    # Generate normal distribution with dimensions [Batch, latent_size]
    sample_block = tf.random_normal([tf.shape(X)[0], latent_size], 0, 1, dtype=tf.float32)

    latent_z = fc_mean + (fc_stddev * sample_block)
    # fmt: on
    return Case({"z": latent_z})


CASES = {
    "chapter_autoencoder": autoencoder,
    "chapter_variational": variational,
    "chapter_variational_generator": variational_generator,
    "chapter_kl_divergence": kl_divergence,
    "chapter_reparameterization": reparameterization,
}
