import random

import numpy as np
import tensorflow as tf
import tensorflow.contrib.layers as layers


class ImagePool:
    def __init__(self, pool_size):
        self.pool_size, self.images = pool_size, []

    def query(self, image):
        if len(self.images) < self.pool_size:
            self.images.append(image)
            return image
        if random.random() > 0.5:
            random_id = random.randrange(0, self.pool_size)
            tmp = self.images[random_id].copy()
            self.images[random_id] = image.copy()
            return tmp
        return image


def _instance_norm(input):
    with tf.variable_scope("instance_norm"):
        depth = input.get_shape()[3]
        scale = tf.get_variable("scale", [depth], initializer=tf.constant_initializer(1.0))
        offset = tf.get_variable("offset", [depth], initializer=tf.constant_initializer(0.0))
        mean, variance = tf.nn.moments(input, axes=[1, 2], keep_dims=True)
        return scale * (input - mean) * tf.rsqrt(variance + 1e-5) + offset


def conv(input, k, stride, name, padding="VALID", reuse=False):
    with tf.variable_scope(name, reuse=reuse):
        shape = [3, 3, input.get_shape()[3], k]
        values = np.cos(np.arange(9 * int(shape[2]) * k)).reshape(3, 3, int(shape[2]), k) * 0.2
        weights = tf.get_variable("weights", shape, initializer=tf.constant_initializer(values))
        h = tf.nn.conv2d(input, weights, strides=[1, stride, stride, 1], padding=padding)
        return tf.nn.relu(_instance_norm(h))


def generator(x, name, reuse=False):
    with tf.variable_scope(name, reuse=reuse):
        h = conv(tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]], "REFLECT"), 4, 1, "c7s1")
        h = conv(h, 8, 2, "d2", "SAME")
        for i in range(2):
            r = conv(tf.pad(h, [[0, 0], [1, 1], [1, 1], [0, 0]], "REFLECT"), 8, 1, "R_%d" % i)
            h = h + r
        n, hh, ww, _ = h.get_shape().as_list()
        h = tf.image.resize_images(h, [hh * 2, ww * 2], tf.image.ResizeMethod.NEAREST_NEIGHBOR)
        return tf.nn.tanh(conv(h, 3, 1, "out", "SAME") - 0.5)


x = tf.placeholder(tf.float32, [1, 8, 8, 3])
y = tf.placeholder(tf.float32, [1, 8, 8, 3])
fake_y = generator(x, "G")
fake_x = generator(y, "F")
cycle = generator(fake_y, "F", True), generator(fake_x, "G", True)
cycle_loss = tf.reduce_mean(tf.abs(cycle[0] - x)) + tf.reduce_mean(tf.abs(cycle[1] - y))
identity = tf.losses.absolute_difference(x, fake_x) + tf.losses.mean_squared_error(y, fake_y)
normed = layers.instance_norm(x, center=False, scale=False)
global_step = tf.Variable(0, trainable=False)
learning_rate = tf.where(
    tf.greater_equal(global_step, 2),
    tf.train.polynomial_decay(2e-2, global_step - 2, 4, 0.0, power=1.0),
    2e-2,
)
optimizer = tf.train.AdamOptimizer(learning_rate, beta1=0.5, name="Adam")
step = optimizer.minimize(10 * cycle_loss + identity, global_step=global_step)
tf.summary.histogram("fake", fake_y)
tf.summary.image("X/generated", tf.image.convert_image_dtype((fake_y + 1.0) / 2.0, tf.uint8))
summary = tf.summary.merge_all()
random.seed(1)
pool = ImagePool(2)
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    rng = np.random.RandomState(0)
    for _ in range(4):
        feed = {
            x: np.tanh(rng.normal(size=[1, 8, 8, 3])),
            y: np.tanh(rng.normal(size=[1, 8, 8, 3])),
        }
        fake, loss, rate, _ = sess.run([fake_y, cycle_loss, learning_rate, step], feed)
        print("%.3f %.4f" % (loss, rate), pool.query(fake).shape, len(pool.images))
    print(len(tf.trainable_variables()), abs(sess.run(normed, feed).mean()) < 1e-5)
    proto = tf.Summary.FromString(sess.run(summary, feed))
    print(sorted(value.tag for value in proto.value))
