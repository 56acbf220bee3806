import numpy as np
import tensorflow as tf

labels = tf.placeholder(tf.int64, [None])
predictions = tf.placeholder(tf.int64, [None])
scores = tf.placeholder(tf.float32, [None])
probs = tf.placeholder(tf.float32, [None, 3])
metrics = {
    "accuracy": tf.metrics.accuracy(labels, predictions),
    "precision": tf.metrics.precision(labels, predictions),
    "recall": tf.metrics.recall(labels, predictions),
    "auc": tf.metrics.auc(tf.minimum(labels, 1), scores, num_thresholds=50),
    "mean": tf.metrics.mean(scores),
    "rmse": tf.metrics.root_mean_squared_error(tf.to_float(labels), scores),
    "iou": tf.metrics.mean_iou(labels, predictions, 3),
    "per_class": tf.metrics.mean_per_class_accuracy(labels, predictions, 3),
    "top_k": tf.metrics.recall_at_k(labels, probs, 2),
    "contrib": tf.contrib.metrics.streaming_accuracy(predictions, labels),
    "pearson": tf.contrib.metrics.streaming_pearson_correlation(scores, tf.to_float(labels)),
    "covariance": tf.contrib.metrics.streaming_covariance(scores, tf.to_float(labels)),
    "concat": tf.contrib.metrics.streaming_concat(labels),
}
names_to_values, names_to_updates = tf.contrib.metrics.aggregate_metric_map(metrics)
confusion = tf.confusion_matrix(labels, predictions, 3)
contrib_confusion = tf.contrib.metrics.confusion_matrix(labels, predictions, num_classes=3)
in_top = tf.nn.in_top_k(probs, labels, 2)
simple = tf.contrib.metrics.accuracy(predictions, labels)
with tf.Session() as sess:
    sess.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
    rng = np.random.RandomState(0)
    for _ in range(3):
        feed = {
            labels: rng.randint(3, size=8),
            predictions: rng.randint(3, size=8),
            scores: rng.rand(8),
            probs: rng.rand(8, 3),
        }
        sess.run(list(names_to_updates.values()), feed)
    for name in sorted(names_to_values):
        print(name, np.round(sess.run(names_to_values[name]), 3).tolist())
    print(sess.run(confusion, feed).tolist(), sess.run(in_top, feed).astype(int).tolist())
    print("%.3f" % sess.run(simple, feed), contrib_confusion.shape)
print(len(tf.local_variables()), len(tf.get_collection(tf.GraphKeys.METRIC_VARIABLES)) > 0)
