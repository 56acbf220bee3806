from __future__ import absolute_import
from __future__ import division
from __future__ import print_function

import collections

import numpy as np
import tensorflow as tf

EPS = 1e-12
Model = collections.namedtuple(
    "Model", "outputs, predict_real, predict_fake, discrim_loss, gen_loss, train"
)


def preprocess(image):
    with tf.name_scope("preprocess"):
        return image * 2 - 1


def discrim_conv(batch_input, out_channels, stride):
    padded_input = tf.pad(batch_input, [[0, 0], [1, 1], [1, 1], [0, 0]], mode="CONSTANT")
    return tf.layers.conv2d(
        padded_input,
        out_channels,
        kernel_size=4,
        strides=(stride, stride),
        padding="valid",
        kernel_initializer=tf.constant_initializer(0.02),
    )


def gen_conv(batch_input, out_channels):
    return tf.layers.conv2d(
        batch_input,
        out_channels,
        kernel_size=4,
        strides=(2, 2),
        padding="same",
        kernel_initializer=tf.constant_initializer(0.03),
    )


def gen_deconv(batch_input, out_channels):
    return tf.layers.conv2d_transpose(
        batch_input,
        out_channels,
        kernel_size=4,
        strides=(2, 2),
        padding="same",
        kernel_initializer=tf.constant_initializer(0.02),
    )


def lrelu(x, a):
    with tf.name_scope("lrelu"):
        x = tf.identity(x)
        return (0.5 * (1 + a)) * x + (0.5 * (1 - a)) * tf.abs(x)


def batchnorm(inputs):
    return tf.layers.batch_normalization(
        inputs,
        axis=3,
        epsilon=1e-5,
        momentum=0.1,
        training=True,
        gamma_initializer=tf.constant_initializer(1.0),
    )


def create_generator(inputs, channels):
    layers = []
    with tf.variable_scope("encoder_1"):
        layers.append(gen_conv(inputs, 4))
    for out_channels in [8, 8]:
        with tf.variable_scope("encoder_%d" % (len(layers) + 1)):
            layers.append(batchnorm(gen_conv(lrelu(layers[-1], 0.2), out_channels)))
    for decoder_layer, (out_channels, dropout) in enumerate([(8, 0.0), (4, 0.0)]):
        skip_layer = 3 - decoder_layer - 1
        with tf.variable_scope("decoder_%d" % (skip_layer + 1)):
            source = (
                layers[-1]
                if decoder_layer == 0
                else tf.concat([layers[-1], layers[skip_layer]], axis=3)
            )
            output = batchnorm(gen_deconv(tf.nn.relu(source), out_channels))
            layers.append(tf.nn.dropout(output, keep_prob=1 - dropout) if dropout > 0.0 else output)
    with tf.variable_scope("decoder_1"):
        layers.append(
            tf.tanh(gen_deconv(tf.nn.relu(tf.concat([layers[-1], layers[0]], axis=3)), channels))
        )
    return layers[-1]


def create_discriminator(inputs, targets):
    with tf.variable_scope("layer_1"):
        rectified = lrelu(discrim_conv(tf.concat([inputs, targets], axis=3), 4, stride=2), 0.2)
    with tf.variable_scope("layer_2"):
        return tf.sigmoid(discrim_conv(rectified, out_channels=1, stride=1))


def create_model(inputs, targets):
    with tf.variable_scope("generator"):
        outputs = create_generator(inputs, int(targets.get_shape()[-1]))
    with tf.name_scope("real_discriminator"), tf.variable_scope("discriminator"):
        predict_real = create_discriminator(inputs, targets)
    with tf.name_scope("fake_discriminator"), tf.variable_scope("discriminator", reuse=True):
        predict_fake = create_discriminator(inputs, outputs)
    discrim_loss = tf.reduce_mean(-(tf.log(predict_real + EPS) + tf.log(1 - predict_fake + EPS)))
    gen_loss = tf.reduce_mean(-tf.log(predict_fake + EPS)) + 100 * tf.reduce_mean(
        tf.abs(targets - outputs)
    )
    discrim_tvars = [
        var for var in tf.trainable_variables() if var.name.startswith("discriminator")
    ]
    discrim_optim = tf.train.AdamOptimizer(0.0002, 0.5)
    discrim_train = discrim_optim.apply_gradients(
        discrim_optim.compute_gradients(discrim_loss, var_list=discrim_tvars)
    )
    with tf.control_dependencies([discrim_train]):
        gen_tvars = [var for var in tf.trainable_variables() if var.name.startswith("generator")]
        gen_optim = tf.train.AdamOptimizer(0.0002, 0.5)
        gen_train = gen_optim.apply_gradients(
            gen_optim.compute_gradients(gen_loss, var_list=gen_tvars)
        )
    ema = tf.train.ExponentialMovingAverage(decay=0.99)
    update_losses = ema.apply([discrim_loss, gen_loss])
    global_step = tf.train.get_or_create_global_step()
    incr_global_step = tf.assign(global_step, global_step + 1)
    return Model(
        outputs,
        predict_real,
        predict_fake,
        ema.average(discrim_loss),
        ema.average(gen_loss),
        tf.group(update_losses, incr_global_step, gen_train),
    )


images = np.random.RandomState(0).rand(2, 16, 16, 3).astype(np.float32)
model = create_model(preprocess(tf.constant(images)), preprocess(tf.constant(1 - images)))
parameter_count = tf.reduce_sum([tf.reduce_prod(tf.shape(v)) for v in tf.trainable_variables()])
sv = tf.train.Supervisor(logdir=None, save_summaries_secs=0, saver=None)
with sv.managed_session() as sess:
    print("parameter_count =", sess.run(parameter_count))
    for step in range(2):
        results = sess.run(
            {"train": model.train, "global_step": sv.global_step, "loss": model.gen_loss}
        )
    print(model.predict_real.shape, model.outputs.shape, results["train"], sess.run(sv.global_step))
    print("%.2f" % sess.run(model.discrim_loss))
for v in tf.trainable_variables()[:4]:
    print(v.name)
