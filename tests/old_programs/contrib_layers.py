import numpy as np
import tensorflow as tf
import tensorflow.contrib as tc
from tensorflow.contrib import layers
from tensorflow.contrib.layers import fully_connected, xavier_initializer

x = tf.placeholder(tf.float32, [2, 8, 8, 3])
const = tf.constant_initializer(0.1)
with tc.framework.arg_scope([layers.conv2d, layers.conv2d_transpose], weights_initializer=const):
    h = layers.conv2d(x, 4, 3, stride=2, normalizer_fn=layers.batch_norm, scope="c1")
    h = layers.layer_norm(h)
    h = layers.conv2d_transpose(h, 4, [4, 4], stride=2, activation_fn=tf.nn.elu, scope="d1")
    h = layers.separable_conv2d(h, 4, [3, 3], 1, weights_initializer=const, scope="s1")
    h = layers.instance_norm(h)
    h = layers.max_pool2d(h, [2, 2])
    h = layers.repeat(h, 2, layers.conv2d, 4, [1, 1], scope="r")
h = layers.flatten(h)
h = layers.stack(h, fully_connected, [6, 5], weights_initializer=const, scope="fc")
h = fully_connected(
    h,
    num_outputs=2,
    activation_fn=None,
    weights_initializer=const,
    biases_initializer=tf.constant_initializer([0.0, 0.5]),
    weights_regularizer=layers.l1_l2_regularizer(0.01, 0.02),
)
loss = tf.reduce_mean(tf.square(h - 1.0)) + tf.add_n(
    tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)
)
step = tc.framework.create_global_step()
train = layers.optimize_loss(
    loss, step, learning_rate=0.01, optimizer="SGD", clip_gradients=1.0, summaries=["loss"]
)
one_hot = layers.one_hot_encoding([1, 0], 3)
ids = layers.embed_sequence([[0, 1], [2, 2]], vocab_size=3, embed_dim=2, initializer=const)
print(layers.apply_regularization(layers.l2_regularizer(0.5), [tf.ones([2])]).shape)
print(h.shape, one_hot.shape, ids.shape, callable(xavier_initializer()))
print(len(tc.framework.get_variables()), len(tf.trainable_variables()))
for v in tc.framework.get_model_variables():
    print(v.op.name, v.shape.as_list())
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    feed = {x: np.arange(384.0).reshape(2, 8, 8, 3) / 384}
    print("%.3f %.3f" % (sess.run(loss, feed), sess.run(train, feed)), sess.run(step))
    print("%.3f" % sess.run(loss, feed))
