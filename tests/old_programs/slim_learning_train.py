import os
import shutil
import tempfile

import numpy as np
import tensorflow as tf
import tensorflow.contrib.slim as slim
from tensorflow.contrib.slim.python.slim.learning import train_step

tf.logging.set_verbosity(tf.logging.WARN)
log_dir = tempfile.mkdtemp()
x = np.random.RandomState(0).normal(size=[32, 3]).astype(np.float32)
y = x.dot(np.array([[1.0], [2.0], [-1.0]], np.float32))


def model(inputs):
    with slim.arg_scope([slim.fully_connected], weights_initializer=tf.zeros_initializer()):
        return slim.fully_connected(inputs, 1, activation_fn=None, scope="prediction")


with tf.Graph().as_default():
    predictions = model(tf.constant(x))
    slim.losses.mean_squared_error(predictions, tf.constant(y))
    total_loss = slim.losses.get_total_loss()
    tf.summary.scalar("losses/total", total_loss)
    global_step = slim.get_or_create_global_step()
    rate = tf.train.exponential_decay(0.1, global_step, 10, 0.9, staircase=True)
    train_op = slim.learning.create_train_op(
        total_loss, tf.train.GradientDescentOptimizer(rate), clip_gradient_norm=4
    )

    def train_step_fn(sess, *args, **kwargs):
        loss, should_stop = train_step(sess, *args, **kwargs)
        train_step_fn.seen += 1
        return [loss, should_stop]

    train_step_fn.seen = 0
    final = slim.learning.train(
        train_op, log_dir, train_step_fn=train_step_fn, number_of_steps=30, save_summaries_secs=100
    )
    print("%.3f" % final, train_step_fn.seen)
    print(os.path.basename(tf.train.latest_checkpoint(log_dir)))

with tf.Graph().as_default():
    predictions = model(tf.constant(x))
    names_to_values, names_to_updates = slim.metrics.aggregate_metric_map(
        {
            "eval/mae": slim.metrics.streaming_mean_absolute_error(predictions, tf.constant(y)),
            "eval/mean": slim.metrics.streaming_mean(predictions),
        }
    )
    values = slim.evaluation.evaluate_once(
        "",
        tf.train.latest_checkpoint(log_dir),
        log_dir,
        num_evals=2,
        eval_op=list(names_to_updates.values()),
        final_op=list(names_to_values.values()),
    )
    print(list(names_to_values), ["%.3f" % value for value in values])
shutil.rmtree(log_dir)
