import numpy as np
import tensorflow as tf


def net(x, is_training, reuse=None):
    with tf.variable_scope("net", reuse=reuse):
        init = tf.constant_initializer(0.05)
        h = tf.layers.conv2d(
            x, 4, 3, strides=(2, 2), padding="SAME", kernel_initializer=init, name="conv1"
        )
        h = tf.layers.batch_normalization(
            h, momentum=0.9, epsilon=1e-5, training=is_training, name="bn1"
        )
        h = tf.nn.leaky_relu(h)
        h = tf.layers.conv2d_transpose(
            h, 3, [4, 4], 2, "same", kernel_initializer=init, name="deconv1"
        )
        h = tf.layers.average_pooling2d(h, 2, 2)
        h = tf.contrib.layers.flatten(h)
        h = tf.layers.dense(h, 2, tf.nn.tanh, use_bias=False, kernel_initializer=init)
    return h


x = tf.placeholder(tf.float32, [None, 8, 8, 3], name="x")
is_training = tf.placeholder_with_default(False, [], name="is_training")
out = net(x, is_training)
again = net(x, False, reuse=True)
loss = tf.reduce_mean(tf.square(out - 1.0))
update_ops = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
with tf.control_dependencies(update_ops):
    train_op = tf.train.MomentumOptimizer(0.1, 0.9, use_nesterov=True).minimize(loss)
print(len(update_ops))
for v in tf.global_variables():
    print(v.op.name, v.get_shape().as_list())
images = np.random.RandomState(0).normal(size=[4, 8, 8, 3])
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for _ in range(5):
        _, value = sess.run([train_op, loss], {x: images, is_training: True})
        print("%.3f" % value)
    a, b = sess.run([out, again], {x: images})
    print(np.allclose(a, b), a.shape)
    mean = [v for v in tf.global_variables() if "moving_mean" in v.name][0]
    print(np.round(sess.run(mean), 3).shape, mean in tf.trainable_variables())
