from __future__ import print_function

import numpy as np
import tensorflow as tf
from tensorflow.contrib.factorization import KMeans

rng = np.random.RandomState(0)
full_data_x = np.concatenate([rng.normal(c, 0.1, [20, 2]) for c in (-2, 0, 2)]).astype(np.float32)
X = tf.placeholder(tf.float32, shape=[None, 2])
kmeans = KMeans(
    inputs=X,
    num_clusters=3,
    distance_metric="cosine" if False else "squared_euclidean",
    initial_clusters=tf.constant([[-1.0, -1.0], [0.1, 0.0], [1.0, 1.0]]),
    use_mini_batch=False,
)
training_graph = kmeans.training_graph()
if len(training_graph) > 6:  # Tensorflow 1.4+
    (
        all_scores,
        cluster_idx,
        scores,
        cluster_centers_initialized,
        cluster_centers_var,
        init_op,
        train_op,
    ) = training_graph
else:
    (all_scores, cluster_idx, scores, cluster_centers_initialized, init_op, train_op) = (
        training_graph
    )
cluster_idx = cluster_idx[0]
avg_distance = tf.reduce_mean(scores)
sess = tf.Session()
sess.run(tf.global_variables_initializer(), feed_dict={X: full_data_x})
sess.run(init_op, feed_dict={X: full_data_x})
for i in range(1, 6):
    _, d, idx = sess.run([train_op, avg_distance, cluster_idx], feed_dict={X: full_data_x})
    print("Step %i, Avg Distance: %.4f" % (i, d))
print(np.bincount(idx).tolist(), sess.run(cluster_centers_initialized))
