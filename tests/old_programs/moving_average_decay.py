import os
import tempfile

import numpy as np
import tensorflow as tf

MOVING_AVERAGE_DECAY, BATCHES_PER_DECAY = 0.9, 4
global_step = tf.Variable(0, trainable=False)
w = tf.get_variable("w", [2], initializer=tf.constant_initializer([1.0, -1.0]))
loss = tf.reduce_sum(tf.square(w - 3.0))
lr = tf.train.exponential_decay(0.1, global_step, BATCHES_PER_DECAY, 0.5, staircase=True)
opt = tf.train.GradientDescentOptimizer(lr)
grads = opt.compute_gradients(loss)
apply_gradient_op = opt.apply_gradients(grads, global_step=global_step)
variable_averages = tf.train.ExponentialMovingAverage(MOVING_AVERAGE_DECAY, global_step)
with tf.control_dependencies([apply_gradient_op]):
    variables_averages_op = variable_averages.apply(tf.trainable_variables())
loss_averages = tf.train.ExponentialMovingAverage(0.9, name="avg")
loss_averages_op = loss_averages.apply([loss])
with tf.control_dependencies([variables_averages_op, loss_averages_op]):
    train_op = tf.no_op(name="train")
decays = {
    "piecewise": tf.train.piecewise_constant(global_step, [3, 6], [1.0, 0.5, 0.1]),
    "polynomial": tf.train.polynomial_decay(1.0, global_step, 10, 0.1, power=2.0),
    "natural": tf.train.natural_exp_decay(1.0, global_step, 5, 0.5),
    "inverse": tf.train.inverse_time_decay(1.0, global_step, 5, 0.5),
    "cosine": tf.train.cosine_decay(1.0, global_step, 10),
    "restarts": tf.train.cosine_decay_restarts(1.0, global_step, 4),
    "noisy": tf.train.linear_cosine_decay(1.0, global_step, 10),
}
path = os.path.join(tempfile.mkdtemp(), "model.ckpt")
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for step in range(6):
        _, value, rate = sess.run([train_op, loss, lr])
        print("%d %.3f %.4f" % (step, value, rate))
    for name in sorted(decays):
        print(name, "%.4f" % sess.run(decays[name]))
    average = variable_averages.average(w)
    print(
        average.op.name, np.round(sess.run(average), 3).tolist(), variable_averages.average_name(w)
    )
    print("%.3f" % sess.run(loss_averages.average(loss)), loss_averages.average(loss).op.name)
    tf.train.Saver().save(sess, path)
    restorer = variable_averages.variables_to_restore()
    print(sorted(restorer)[-1], len(restorer))
    tf.train.Saver({"w/ExponentialMovingAverage": w}).restore(sess, path)
    print(np.round(sess.run(w), 3).tolist())
print([v.op.name for v in tf.moving_average_variables()])
