"""PixelCNN's masked convolutions, a coupling layer, and made-up layers of generative models."""

import numpy as np
import tensorflow as tf


def get_weights(shape, name, mask=None):
    W = tf.get_variable(name, shape, tf.float32, initializer=tf.constant_initializer(0.1))
    if mask:
        filter_mid_x, filter_mid_y = shape[0] // 2, shape[1] // 2
        mask_filter = np.ones(shape, dtype=np.float32)
        mask_filter[filter_mid_x, filter_mid_y + 1 :, :, :] = 0.0
        mask_filter[filter_mid_x + 1 :, :, :, :] = 0.0
        if mask == "a":
            mask_filter[filter_mid_x, filter_mid_y, :, :] = 0.0
        W *= mask_filter
    return W


def minibatch_stddev(x, group_size=4):
    group_size = tf.minimum(group_size, tf.shape(x)[0])
    s = x.shape
    y = tf.reshape(x, [group_size, -1, s[1], s[2], s[3]])
    y = tf.cast(y, tf.float32)
    y -= tf.reduce_mean(y, axis=0, keepdims=True)
    y = tf.sqrt(tf.reduce_mean(tf.square(y), axis=0) + 1e-8)
    y = tf.reduce_mean(y, axis=[1, 2, 3], keepdims=True)
    y = tf.tile(tf.cast(y, x.dtype), [group_size, s[1], s[2], 1])
    return tf.concat([x, y], axis=3)


def pixel_norm(x, epsilon=1e-8):
    return x * tf.rsqrt(tf.reduce_mean(tf.square(x), axis=-1, keep_dims=True) + epsilon)


def upscale2d(x, factor=2):
    s = x.shape
    x = tf.reshape(x, [-1, s[1], 1, s[2], 1, s[3]])
    x = tf.tile(x, [1, 1, factor, 1, factor, 1])
    return tf.reshape(x, [-1, s[1] * factor, s[2] * factor, s[3]])


def spectral_norm(w, iteration=1):
    w_shape = w.shape.as_list()
    w = tf.reshape(w, [-1, w_shape[-1]])
    u = tf.get_variable(
        "u", [1, w_shape[-1]], initializer=tf.constant_initializer(0.5), trainable=False
    )
    u_hat = u
    for _ in range(iteration):
        v_hat = tf.nn.l2_normalize(tf.matmul(u_hat, tf.transpose(w)))
        u_hat = tf.nn.l2_normalize(tf.matmul(v_hat, w))
    sigma = tf.matmul(tf.matmul(v_hat, w), tf.transpose(u_hat))
    with tf.control_dependencies([u.assign(u_hat)]):
        return tf.reshape(w / sigma, w_shape)


def PS(X, r):
    bsize, a, b, c = X.get_shape().as_list()
    X = tf.reshape(X, [bsize, a, b, r, r])
    X = tf.transpose(X, (0, 1, 2, 4, 3))
    X = tf.split(X, a, 1)
    X = tf.concat([tf.squeeze(x, axis=1) for x in X], 2)
    X = tf.split(X, b, 1)
    return tf.reshape(tf.concat([tf.squeeze(x, axis=1) for x in X], 2), (bsize, a * r, b * r, 1))


x = tf.placeholder(tf.float32, [4, 4, 4, 2])
masked = tf.nn.conv2d(x, get_weights([3, 3, 2, 4], "masked", "a"), [1, 1, 1, 1], "SAME")
v, h = tf.split(masked, 2, axis=3)
gated = tf.multiply(tf.tanh(v), tf.sigmoid(h))
z1, z2 = x[:, :, :, :1], x[:, :, :, 1:]
s = tf.tanh(
    tf.layers.conv2d(z1, 1, 3, padding="same", kernel_initializer=tf.constant_initializer(0.2))
)
coupled, logdet = tf.concat([z1, z2 * tf.exp(s)], 3), tf.reduce_sum(s, [1, 2, 3])
normed = spectral_norm(
    tf.get_variable("sn", [2, 2, 2, 3], initializer=tf.constant_initializer(np.arange(24.0)))
)
logits, labels = tf.layers.flatten(gated), tf.reshape(x[:, 0, 0, 0], [-1])
repel = tf.matmul(logits, logits, transpose_b=True) / tf.norm(logits, axis=1, keep_dims=True)
outs = [
    gated,
    minibatch_stddev(x),
    pixel_norm(x),
    upscale2d(x),
    coupled,
    logdet,
    normed,
    repel,
    PS(tf.tile(x, [1, 1, 1, 2]), 2),
]
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for out in outs:
        value = sess.run(out, {x: np.random.RandomState(0).normal(size=[4, 4, 4, 2])})
        print(out.shape, value.shape, "%.3f %.3f" % (value.mean(), value.std()))
