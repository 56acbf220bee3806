from __future__ import absolute_import, division, print_function

import numpy as np
import tensorflow as tf

np.random.seed(0)
train_x = np.random.rand(500, 784).astype(np.float32)
labels = (train_x[:, :78].sum(1) * 3).astype(int) % 10
train_y = np.eye(10)[labels]

x = tf.placeholder(tf.float32, [None, 784])
y_ = tf.placeholder("float", [None, 10])
W = tf.Variable(tf.zeros([784, 10]))
b = tf.Variable(tf.zeros([10]))
y = tf.nn.softmax(tf.matmul(x, W) + b)
cross_entropy = tf.reduce_mean(-tf.reduce_sum(y_ * tf.log(y), reduction_indices=[1]))
train_step = tf.train.GradientDescentOptimizer(0.01).minimize(cross_entropy)
correct_prediction = tf.equal(tf.argmax(y, 1), tf.argmax(y_, 1))
accuracy = tf.reduce_mean(tf.cast(correct_prediction, "float"))

init = tf.initialize_all_variables()
sess = tf.Session()
sess.run(init)
for i in range(50):
    batch_xs, batch_ys = train_x[i * 10 : i * 10 + 10], train_y[i * 10 : i * 10 + 10]
    _, c = sess.run([train_step, cross_entropy], feed_dict={x: batch_xs, y_: batch_ys})
    if i % 10 == 0:
        print("Epoch:", "%04d" % (i + 1), "cost=", "{:.4f}".format(c))
print(x, y.get_shape(), W.get_shape())
print("%.3f" % sess.run(accuracy, feed_dict={x: train_x, y_: train_y}))
print([v.name for v in tf.all_variables()])
