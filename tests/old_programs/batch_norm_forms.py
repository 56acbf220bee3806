import numpy as np
import tensorflow as tf
from tensorflow.python.training import moving_averages


def batch_norm(x, n_out, phase_train, scope="bn"):
    with tf.variable_scope(scope):
        beta = tf.Variable(tf.constant(0.0, shape=[n_out]), name="beta", trainable=True)
        gamma = tf.Variable(tf.constant(1.0, shape=[n_out]), name="gamma", trainable=True)
        batch_mean, batch_var = tf.nn.moments(x, [0, 1, 2], name="moments")
        ema = tf.train.ExponentialMovingAverage(decay=0.5)

        def mean_var_with_update():
            ema_apply_op = ema.apply([batch_mean, batch_var])
            with tf.control_dependencies([ema_apply_op]):
                return tf.identity(batch_mean), tf.identity(batch_var)

        mean, var = tf.cond(
            phase_train,
            mean_var_with_update,
            lambda: (ema.average(batch_mean), ema.average(batch_var)),
        )
        return tf.nn.batch_normalization(x, mean, var, beta, gamma, 1e-3)


def manual(x, is_training, scope):
    with tf.variable_scope(scope):
        params_shape = [x.get_shape()[-1]]
        beta = tf.get_variable(
            "beta", params_shape, tf.float32, initializer=tf.constant_initializer(0.0, tf.float32)
        )
        gamma = tf.get_variable(
            "gamma", params_shape, tf.float32, initializer=tf.constant_initializer(1.0, tf.float32)
        )
        moving_mean = tf.get_variable(
            "moving_mean", params_shape, initializer=tf.zeros_initializer, trainable=False
        )
        moving_var = tf.get_variable(
            "moving_var", params_shape, initializer=tf.ones_initializer, trainable=False
        )
        if is_training:
            mean, variance = tf.nn.moments(x, [0, 1, 2], name="moments")
            extra.append(moving_averages.assign_moving_average(moving_mean, mean, 0.9))
            extra.append(moving_averages.assign_moving_average(moving_var, variance, 0.9))
        else:
            mean, variance = moving_mean, moving_var
        y = tf.nn.batch_normalization(x, mean, variance, beta, gamma, 0.001)
        y.set_shape(x.get_shape())
        return y


extra = []
x = tf.placeholder(tf.float32, [4, 3, 3, 2])
phase = tf.placeholder(tf.bool, name="phase_train")
forms = {
    "ema": batch_norm(x, 2, phase),
    "manual": manual(x, True, "manual"),
    "contrib": tf.contrib.layers.batch_norm(
        x, decay=0.9, updates_collections=None, is_training=phase, scope="contrib"
    ),
    "contrib_fused": tf.contrib.layers.batch_norm(
        x, fused=True, is_training=True, center=True, scale=True, scope="f"
    ),
    "layers": tf.layers.batch_normalization(x, training=phase, name="layers"),
    "renorm": tf.layers.batch_normalization(x, training=True, renorm=True, name="renorm"),
    "fused_op": tf.nn.fused_batch_norm(x, [1.0, 1.0], [0.0, 0.0])[0],
    "l2": tf.nn.l2_normalize(x, dim=3),
    "lrn": tf.nn.local_response_normalization(x, 2),
    "old": tf.nn.batch_norm_with_global_normalization(
        x, tf.zeros([2]), tf.ones([2]), tf.zeros([2]), tf.ones([2]), 1e-3, True
    ),
    "group": tf.contrib.layers.group_norm(x, groups=1),
}
updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
data = np.random.RandomState(0).normal(2.0, 3.0, [4, 3, 3, 2])
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for training in (True, False):
        values = sess.run(forms, {x: data, phase: training})
        print([(k, "%.3f" % values[k].mean(), "%.3f" % values[k].std()) for k in sorted(values)])
        sess.run([updates, extra], {x: data, phase: True})
    print(
        len(updates),
        [v.op.name for v in tf.global_variables() if "moving" in v.name or "Exponential" in v.name],
    )
