from __future__ import absolute_import
from __future__ import division
from __future__ import print_function

import tempfile

import numpy as np
import tensorflow as tf

tf.logging.set_verbosity(tf.logging.ERROR)


def cnn_model_fn(features, labels, mode, params):
    input_layer = tf.reshape(features["x"], [-1, 8, 8, 1])
    kernel = tf.constant_initializer(np.random.RandomState(0).normal(0, 0.3, [3, 3, 1, 4]))
    conv1 = tf.layers.conv2d(
        inputs=input_layer,
        filters=4,
        kernel_size=[3, 3],
        padding="same",
        activation=tf.nn.relu,
        kernel_initializer=kernel,
    )
    pool1 = tf.layers.max_pooling2d(inputs=conv1, pool_size=[2, 2], strides=2)
    flat = tf.reshape(pool1, [-1, 4 * 4 * 4])
    dropout = tf.layers.dropout(
        flat, rate=params["rate"], training=mode == tf.estimator.ModeKeys.TRAIN
    )
    logits = tf.layers.dense(inputs=dropout, units=2, kernel_initializer=tf.zeros_initializer())
    predictions = {
        "classes": tf.argmax(input=logits, axis=1),
        "probabilities": tf.nn.softmax(logits, name="softmax_tensor"),
    }
    if mode == tf.estimator.ModeKeys.PREDICT:
        return tf.estimator.EstimatorSpec(mode=mode, predictions=predictions)
    loss = tf.losses.sparse_softmax_cross_entropy(labels=labels, logits=logits)
    if mode == tf.estimator.ModeKeys.TRAIN:
        optimizer = tf.train.GradientDescentOptimizer(learning_rate=0.1)
        train_op = optimizer.minimize(loss=loss, global_step=tf.train.get_global_step())
        return tf.estimator.EstimatorSpec(mode=mode, loss=loss, train_op=train_op)
    metrics = {"accuracy": tf.metrics.accuracy(labels=labels, predictions=predictions["classes"])}
    return tf.estimator.EstimatorSpec(mode=mode, loss=loss, eval_metric_ops=metrics)


def main(unused_argv):
    rng = np.random.RandomState(3)
    x = rng.rand(64, 64).astype(np.float32)
    y = (x.mean(1) > 0.5).astype(np.int32)
    x[y == 1] += 0.5
    classifier = tf.estimator.Estimator(
        model_fn=cnn_model_fn, model_dir=tempfile.mkdtemp(), params={"rate": 0.0}
    )
    train_input_fn = tf.estimator.inputs.numpy_input_fn(
        x={"x": x}, y=y, batch_size=16, num_epochs=None, shuffle=False
    )
    classifier.train(input_fn=train_input_fn, steps=20)
    eval_fn = tf.estimator.inputs.numpy_input_fn(x={"x": x}, y=y, num_epochs=1, shuffle=False)
    results = classifier.evaluate(input_fn=eval_fn)
    print(
        sorted(results),
        results["global_step"],
        "%.2f %.3f" % (results["accuracy"], results["loss"]),
    )
    predicted = list(classifier.predict(eval_fn))
    print(len(predicted), sorted(predicted[0]), predicted[0]["probabilities"].shape)
    print(classifier.get_variable_names())


if __name__ == "__main__":
    tf.app.run()
