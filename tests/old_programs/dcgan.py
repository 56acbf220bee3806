from __future__ import division

import math

import numpy as np
import tensorflow as tf

try:
    image_summary = tf.image_summary
    concat_ = tf.concat_v2
except AttributeError:
    image_summary = tf.summary.image
    concat_ = tf.concat


class batch_norm(object):
    def __init__(self, epsilon=1e-5, momentum=0.9, name="batch_norm"):
        with tf.variable_scope(name):
            self.epsilon, self.momentum, self.name = epsilon, momentum, name

    def __call__(self, x, train=True):
        return tf.contrib.layers.batch_norm(
            x,
            decay=self.momentum,
            updates_collections=None,
            epsilon=self.epsilon,
            scale=True,
            is_training=train,
            scope=self.name,
        )


def conv_out_size_same(size, stride):
    return int(math.ceil(float(size) / float(stride)))


def start(shape):
    return tf.constant_initializer(np.random.RandomState(sum(shape)).normal(0, 0.1, shape))


def conv2d(input_, output_dim, k_h=5, k_w=5, d_h=2, d_w=2, name="conv2d"):
    with tf.variable_scope(name):
        shape = [k_h, k_w, input_.get_shape()[-1].value, output_dim]
        w = tf.get_variable("w", shape, initializer=start(shape))
        conv = tf.nn.conv2d(input_, w, strides=[1, d_h, d_w, 1], padding="SAME")
        biases = tf.get_variable("biases", [output_dim], initializer=tf.constant_initializer(0.0))
        return tf.reshape(tf.nn.bias_add(conv, biases), conv.get_shape())


def deconv2d(input_, output_shape, k_h=5, k_w=5, d_h=2, d_w=2, name="deconv2d", with_w=False):
    with tf.variable_scope(name):
        shape = [k_h, k_w, output_shape[-1], int(input_.get_shape()[-1])]
        w = tf.get_variable("w", shape, initializer=start(shape))
        try:
            deconv = tf.nn.conv2d_transpose(
                input_, w, output_shape=output_shape, strides=[1, d_h, d_w, 1]
            )
        except AttributeError:
            deconv = tf.nn.deconv2d(input_, w, output_shape=output_shape, strides=[1, d_h, d_w, 1])
        biases = tf.get_variable(
            "biases", [output_shape[-1]], initializer=tf.constant_initializer(0.0)
        )
        deconv = tf.reshape(tf.nn.bias_add(deconv, biases), deconv.get_shape())
        return (deconv, w, biases) if with_w else deconv


def lrelu(x, leak=0.2, name="lrelu"):
    return tf.maximum(x, leak * x)


def linear(input_, output_size, scope=None):
    shape = input_.get_shape().as_list()
    with tf.variable_scope(scope or "Linear"):
        matrix = tf.get_variable(
            "Matrix", [shape[1], output_size], tf.float32, start([shape[1], output_size])
        )
        return tf.matmul(input_, matrix) + tf.get_variable(
            "bias", [output_size], initializer=tf.zeros_initializer()
        )


d_bn1, g_bn0 = batch_norm(name="d_bn1"), batch_norm(name="g_bn0")
batch_size, size = 4, 14


def discriminator(image, reuse=False):
    with tf.variable_scope("discriminator") as scope:
        if reuse:
            scope.reuse_variables()
        h0 = lrelu(conv2d(image, 4, name="d_h0_conv"))
        h1 = lrelu(d_bn1(conv2d(h0, 8, name="d_h1_conv")))
        h2 = linear(tf.reshape(h1, [batch_size, -1]), 1, "d_h2_lin")
        return tf.nn.sigmoid(h2), h2


def generator(z, train=True, reuse=False):
    with tf.variable_scope("generator", reuse=reuse):
        s2 = conv_out_size_same(size, 2)
        h0 = tf.reshape(linear(z, 8 * s2 * s2, "g_h0_lin"), [-1, s2, s2, 8])
        h0 = tf.nn.relu(g_bn0(h0, train=train))
        return tf.nn.tanh(deconv2d(h0, [batch_size, size, size, 1], name="g_h1"))


inputs = tf.placeholder(tf.float32, [batch_size, size, size, 1], name="real_images")
z = tf.placeholder(tf.float32, [None, 10], name="z")
G = generator(z)
D, D_logits = discriminator(inputs)
D_, D_logits_ = discriminator(G, reuse=True)
sampler = generator(z, train=False, reuse=True)


def sigmoid_cross_entropy_with_logits(x, y):
    try:
        return tf.nn.sigmoid_cross_entropy_with_logits(logits=x, labels=y)
    except TypeError:
        return tf.nn.sigmoid_cross_entropy_with_logits(logits=x, targets=y)


d_loss = tf.reduce_mean(
    sigmoid_cross_entropy_with_logits(D_logits, tf.ones_like(D))
) + tf.reduce_mean(sigmoid_cross_entropy_with_logits(D_logits_, tf.zeros_like(D_)))
g_loss = tf.reduce_mean(sigmoid_cross_entropy_with_logits(D_logits_, tf.ones_like(D_)))
t_vars = tf.trainable_variables()
d_vars = [var for var in t_vars if "d_" in var.name]
g_vars = [var for var in t_vars if "g_" in var.name]
d_optim = tf.train.AdamOptimizer(0.002, beta1=0.5).minimize(d_loss, var_list=d_vars)
g_optim = tf.train.AdamOptimizer(0.002, beta1=0.5).minimize(g_loss, var_list=g_vars)
try:
    tf.global_variables_initializer
except AttributeError:
    tf.initialize_all_variables
print(G.get_shape(), D_.get_shape(), concat_([z, z], 1).get_shape(), [v.name for v in g_vars])
rng = np.random.RandomState(0)
with tf.Session() as sess:
    tf.global_variables_initializer().run()
    for idx in range(3):
        feed = {
            inputs: np.tanh(rng.normal(size=[4, size, size, 1])),
            z: rng.uniform(-1, 1, [4, 10]),
        }
        sess.run(d_optim, feed_dict=feed)
        sess.run(g_optim, feed_dict={z: feed[z]})
        print("d_loss: %.3f, g_loss: %.3f" % (d_loss.eval(feed), g_loss.eval({z: feed[z]})))
    print(sess.run(sampler, {z: feed[z]}).shape)
