import re

import numpy as np
import tensorflow as tf

TOWER_NAME, num_gpus, batch_size = "tower", 2, 4


def _variable_on_cpu(name, shape, initializer):
    with tf.device("/cpu:0"):
        return tf.get_variable(name, shape, initializer=initializer, dtype=tf.float32)


def _variable_with_weight_decay(name, shape, value, wd):
    var = _variable_on_cpu(name, shape, tf.constant_initializer(value))
    if wd is not None:
        tf.add_to_collection("losses", tf.multiply(tf.nn.l2_loss(var), wd, name="weight_loss"))
    return var


def _activation_summary(x):
    tensor_name = re.sub("%s_[0-9]*/" % TOWER_NAME, "", x.op.name)
    tf.summary.histogram(tensor_name + "/activations", x)
    tf.summary.scalar(tensor_name + "/sparsity", tf.nn.zero_fraction(x))
    return tensor_name


def inference(images):
    with tf.variable_scope("conv1") as scope:
        kernel = _variable_with_weight_decay("weights", [3, 3, 1, 2], 0.1, None)
        conv = tf.nn.conv2d(images, kernel, [1, 1, 1, 1], padding="SAME")
        biases = _variable_on_cpu("biases", [2], tf.constant_initializer(0.0))
        conv1 = tf.nn.relu(tf.nn.bias_add(conv, biases), name=scope.name)
        names.append(_activation_summary(conv1))
    norm1 = tf.nn.lrn(conv1, 4, bias=1.0, alpha=0.001 / 9.0, beta=0.75, name="norm1")
    with tf.variable_scope("softmax_linear"):
        reshape = tf.reshape(norm1, [images.get_shape().as_list()[0], -1])
        weights = _variable_with_weight_decay(
            "weights", [reshape.get_shape()[1].value, 3], 0.05, 0.004
        )
        return tf.matmul(reshape, weights)


def tower_loss(scope, images, labels):
    logits = inference(images)
    cross_entropy = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    tf.add_to_collection("losses", tf.reduce_mean(cross_entropy, name="cross_entropy"))
    return tf.add_n(tf.get_collection("losses", scope), name="total_loss")


def average_gradients(tower_grads):
    average_grads = []
    for grad_and_vars in zip(*tower_grads):
        grads = [tf.expand_dims(g, 0) for g, _ in grad_and_vars]
        grad = tf.reduce_mean(tf.concat(axis=0, values=grads), 0)
        average_grads.append((grad, grad_and_vars[0][1]))
    return average_grads


names = []
with tf.Graph().as_default(), tf.device("/cpu:0"):
    global_step = tf.get_variable(
        "global_step", [], initializer=tf.constant_initializer(0), trainable=False
    )
    opt = tf.train.GradientDescentOptimizer(0.1)
    rng, tower_grads, losses = np.random.RandomState(0), [], []
    with tf.variable_scope(tf.get_variable_scope()):
        for i in range(num_gpus):
            with tf.device("/gpu:%d" % i), tf.name_scope("%s_%d" % (TOWER_NAME, i)) as scope:
                images = tf.constant(rng.rand(batch_size, 4, 4, 1), tf.float32)
                loss = tower_loss(scope, images, tf.constant([0, 1, 2, 0]))
                tf.get_variable_scope().reuse_variables()
                summaries = tf.get_collection(tf.GraphKeys.SUMMARIES, scope)
                tower_grads.append(opt.compute_gradients(loss))
                losses.append(loss)
    grads = average_gradients(tower_grads)
    apply_gradient_op = opt.apply_gradients(grads, global_step=global_step)
    sess = tf.Session(config=tf.ConfigProto(allow_soft_placement=True, log_device_placement=False))
    sess.run(tf.global_variables_initializer())
    for step in range(3):
        _, values = sess.run([apply_gradient_op, losses])
        print(["%.4f" % v for v in values])
    print(names, losses[1].name, len(summaries), [v.op.name for v in tf.trainable_variables()])
    print(sess.run(global_step), losses[1].device)
