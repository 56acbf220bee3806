import numpy as np
import tensorflow as tf

num_classes, max_time, batch = 4, 6, 2


def sparse_tuple_from(sequences, dtype=np.int32):
    indices, values = [], []
    for n, seq in enumerate(sequences):
        indices.extend(zip([n] * len(seq), range(len(seq))))
        values.extend(seq)
    indices = np.asarray(indices, dtype=np.int64)
    values = np.asarray(values, dtype=dtype)
    shape = np.asarray([len(sequences), np.asarray(indices).max(0)[1] + 1], dtype=np.int64)
    return indices, values, shape


inputs = tf.placeholder(tf.float32, [batch, max_time, 3])
targets = tf.sparse_placeholder(tf.int32)
seq_len = tf.placeholder(tf.int32, [None])
W = tf.Variable(np.random.RandomState(0).normal(size=[3, num_classes]), dtype=tf.float32)
logits = tf.reshape(tf.matmul(tf.reshape(inputs, [-1, 3]), W), [batch, -1, num_classes])
logits = tf.transpose(logits, (1, 0, 2))
cost = tf.reduce_mean(tf.nn.ctc_loss(targets, logits, seq_len))
optimizer = tf.train.MomentumOptimizer(0.05, 0.9).minimize(cost)
decoded, log_prob = tf.nn.ctc_greedy_decoder(logits, seq_len)
beam, _ = tf.nn.ctc_beam_search_decoder(logits, seq_len, beam_width=4, top_paths=1)
ler = tf.reduce_mean(tf.edit_distance(tf.cast(decoded[0], tf.int32), targets))
dense = tf.sparse_tensor_to_dense(decoded[0], default_value=-1)
sparse = tf.SparseTensor(indices=[[0, 1], [1, 0]], values=[2.0, 3.0], dense_shape=[2, 3])
ops = {
    "matmul": tf.sparse_tensor_dense_matmul(sparse, tf.ones([3, 2])),
    "reduce": tf.sparse_reduce_sum(sparse, 1),
    "dense": tf.sparse_to_dense([[0, 1], [1, 2]], [2, 3], [5, 6]),
    "indicator": tf.sparse_to_indicator(
        tf.SparseTensor([[0, 0]], tf.constant([1], tf.int64), [1, 1]), 3
    ),
    "reorder": tf.sparse_tensor_to_dense(tf.sparse_reorder(sparse)),
    "softmax": tf.sparse_softmax(sparse).values,
    "concat": tf.sparse_tensor_to_dense(tf.sparse_concat(1, [sparse, sparse])),
    "reset": tf.sparse_reset_shape(sparse, [2, 4]).dense_shape,
    "add": tf.sparse_tensor_to_dense(tf.sparse_add(sparse, sparse)),
    "retain": tf.sparse_retain(sparse, [True, False]).values,
    "slices": tf.sparse_split(sp_input=sparse, num_split=3, axis=1)[1].values,
    "times": tf.matmul(tf.sparse_tensor_to_dense(sparse), tf.ones([3, 1]), a_is_sparse=True),
}
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    feed = {
        inputs: np.random.RandomState(1).normal(size=[batch, max_time, 3]),
        targets: sparse_tuple_from([[0, 1], [2]]),
        seq_len: [6, 5],
    }
    for _ in range(3):
        value, _ = sess.run([cost, optimizer], feed)
        print("%.3f" % value)
    print("%.3f" % sess.run(ler, feed), sess.run(dense, feed).tolist())
    print(sess.run(beam[0], feed).values.tolist(), type(sess.run(decoded[0], feed)).__name__)
    for name in sorted(ops):
        print(name, sess.run(ops[name]).tolist())
