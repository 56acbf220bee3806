import sys

import numpy as np
import tensorflow as tf


def corrupt(x, keep):
    return tf.multiply(x, tf.cast(keep, tf.float32))


def autoencoder(dimensions=[16, 8, 4]):
    x = tf.placeholder(tf.float32, [None, dimensions[0]], name="x")
    keep = tf.placeholder(tf.float32, [None, dimensions[0]])
    corrupt_prob = tf.placeholder(tf.float32, [1])
    current_input = corrupt(x, keep) * corrupt_prob + x * (1 - corrupt_prob)
    encoder, rng = [], np.random.RandomState(0)
    for layer_i, n_output in enumerate(dimensions[1:]):
        n_input = int(current_input.get_shape()[1])
        W = tf.Variable(
            rng.uniform(-1, 1, [n_input, n_output]).astype("float32")
            / np.sqrt(n_input).astype("float32")
        )
        b = tf.Variable(tf.zeros([n_output]))
        encoder.append(W)
        current_input = tf.nn.tanh(tf.matmul(current_input, W) + b)
    z = current_input
    encoder.reverse()
    for layer_i, n_output in enumerate(dimensions[:-1][::-1]):
        W = tf.transpose(encoder[layer_i])
        b = tf.Variable(tf.zeros([n_output]))
        current_input = tf.nn.tanh(tf.matmul(current_input, W) + b)
    y = current_input
    cost = tf.sqrt(tf.reduce_mean(tf.square(y - x)))
    kl = tf.reduce_sum(
        0.05 * tf.log(0.05 / tf.clip_by_value(tf.reduce_mean(tf.abs(z), 0), 1e-3, 1))
    )
    return {
        "x": x,
        "z": z,
        "y": y,
        "corrupt_prob": corrupt_prob,
        "cost": cost,
        "keep": keep,
        "kl": kl,
    }


ae = autoencoder()
optimizer = tf.train.AdamOptimizer(0.01).minimize(ae["cost"])
sess = tf.Session()
sess.run(tf.global_variables_initializer())
rng = np.random.RandomState(1)
images = np.tanh(rng.normal(size=[32, 16]))
mean_img = np.mean(images, axis=0)
batch_size = 8
for epoch_i in range(4):
    for batch_i in range(len(images) // batch_size):
        batch_xs = images[batch_i * batch_size : (batch_i + 1) * batch_size]
        train = np.array([img - mean_img for img in batch_xs])
        feed = {
            ae["x"]: train,
            ae["corrupt_prob"]: [1.0],
            ae["keep"]: rng.randint(0, 2, train.shape),
        }
        sess.run(optimizer, feed_dict=feed)
    cost, kl = sess.run(
        [ae["cost"], ae["kl"]],
        feed_dict=dict(feed, **{ae["corrupt_prob"]: [0.0]}) if False else feed,
    )
    sys.stdout.write("%d %.3f %.3f\n" % (epoch_i, cost, kl))
recon = sess.run(
    ae["y"], feed_dict={ae["x"]: train, ae["corrupt_prob"]: [0.0], ae["keep"]: np.ones_like(train)}
)
print(recon.shape, ae["z"].get_shape(), len(tf.trainable_variables()))
sess.close()
