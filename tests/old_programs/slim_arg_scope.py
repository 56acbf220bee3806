import numpy as np
import tensorflow as tf

slim = tf.contrib.slim


def lenet_arg_scope(weight_decay=0.0):
    with slim.arg_scope(
        [slim.conv2d, slim.fully_connected],
        weights_regularizer=slim.l2_regularizer(weight_decay),
        weights_initializer=tf.constant_initializer(0.02),
        activation_fn=tf.nn.relu,
    ) as sc:
        return sc


def lenet(images, num_classes=10, is_training=False, dropout_keep_prob=0.5, scope="LeNet"):
    end_points = {}
    with tf.variable_scope(scope, "LeNet", [images, num_classes]):
        net = slim.conv2d(images, 8, [5, 5], scope="conv1")
        net = slim.max_pool2d(net, [2, 2], 2, scope="pool1")
        net = slim.conv2d(net, 16, [5, 5], padding="VALID", scope="conv2")
        net = slim.max_pool2d(net, [2, 2], 2, scope="pool2")
        net = slim.flatten(net)
        end_points["Flatten"] = net
        net = slim.fully_connected(net, 32, scope="fc3")
        net = slim.dropout(net, dropout_keep_prob, is_training=is_training, scope="dropout3")
        logits = slim.fully_connected(net, num_classes, activation_fn=None, scope="fc4")
    end_points["Logits"] = logits
    end_points["Predictions"] = slim.softmax(logits, scope="Predictions")
    return logits, end_points


images = tf.placeholder(tf.float32, [None, 28, 28, 1])
labels = tf.placeholder(tf.int64, [None])
with slim.arg_scope(lenet_arg_scope(0.0005)):
    logits, end_points = lenet(images)
slim.losses.sparse_softmax_cross_entropy(logits, labels)
total_loss = slim.losses.get_total_loss()
for key in sorted(end_points):
    print(key, end_points[key].get_shape().as_list())
for v in slim.get_model_variables():
    print(v.op.name, v.shape)
print(len(slim.losses.get_regularization_losses()), len(tf.get_collection("losses")))
to_restore = slim.get_variables_to_restore(exclude=["LeNet/fc4"])
print([v.op.name for v in to_restore])
init_fn = slim.assign_from_values_fn({"LeNet/fc4/biases": np.arange(10.0)})
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    init_fn(sess)
    feed = {images: np.ones([2, 28, 28, 1]), labels: [1, 9]}
    print("%.4f" % sess.run(total_loss, feed))
    print(sess.run(tf.argmax(end_points["Predictions"], 1), feed))
