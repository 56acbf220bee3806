import numpy as np
import tensorflow as tf

sess = tf.InteractiveSession()
rng = np.random.RandomState(1)


def weight_variable(shape):
    initial = tf.constant(rng.normal(0, 0.1, shape), dtype=tf.float32)
    return tf.Variable(initial)


def bias_variable(shape):
    return tf.Variable(tf.constant(0.1, shape=shape))


def conv2d(x, W):
    return tf.nn.conv2d(x, W, strides=[1, 1, 1, 1], padding="SAME")


def max_pool_2x2(x):
    return tf.nn.max_pool(x, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="SAME")


x = tf.placeholder(tf.float32, shape=[None, 784])
y_ = tf.placeholder(tf.float32, shape=[None, 10])
x_image = tf.reshape(x, [-1, 28, 28, 1])
h_conv1 = tf.nn.relu(conv2d(x_image, weight_variable([5, 5, 1, 8])) + bias_variable([8]))
h_pool1 = max_pool_2x2(h_conv1)
h_conv2 = tf.nn.relu(conv2d(h_pool1, weight_variable([5, 5, 8, 16])) + bias_variable([16]))
h_pool2 = max_pool_2x2(h_conv2)
h_pool2_flat = tf.reshape(h_pool2, [-1, 7 * 7 * 16])
h_fc1 = tf.nn.relu(tf.matmul(h_pool2_flat, weight_variable([7 * 7 * 16, 32])) + bias_variable([32]))
keep_prob = tf.placeholder(tf.float32)
h_fc1_drop = tf.nn.dropout(h_fc1, keep_prob)
y_conv = tf.matmul(h_fc1_drop, weight_variable([32, 10])) + bias_variable([10])
cross_entropy = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels=y_, logits=y_conv))
train_step = tf.train.AdamOptimizer(1e-3).minimize(cross_entropy)
correct = tf.equal(tf.argmax(y_conv, 1), tf.argmax(y_, 1))
accuracy = tf.reduce_mean(tf.cast(correct, tf.float32))
sess.run(tf.global_variables_initializer())
xs = rng.rand(40, 784)
ys = np.eye(10)[rng.randint(10, size=40)]
for i in range(6):
    feed = {x: xs, y_: ys, keep_prob: 1.0}
    if i % 3 == 0:
        print("step %d, loss %.3f" % (i, cross_entropy.eval(feed_dict=feed)))
    train_step.run(feed_dict=feed)
print("accuracy %g" % accuracy.eval({x: xs, y_: ys, keep_prob: 1.0}))
print(h_pool2.get_shape().as_list(), y_conv.shape, h_fc1_drop.op.type in ("Mul", "SelectV2"))
sess.close()
