import numpy as np
import tensorflow as tf

with tf.variable_scope("emb", partitioner=tf.fixed_size_partitioner(3, axis=0)):
    table = tf.get_variable("table", shape=[7, 2], initializer=tf.constant_initializer(0.5))
with tf.variable_scope(
    "auto", partitioner=tf.min_max_variable_partitioner(max_partitions=2, min_slice_size=8)
):
    auto = tf.get_variable("w", shape=[8, 3], initializer=tf.ones_initializer())
sized = tf.get_variable(
    "sized",
    shape=[4, 4],
    initializer=tf.zeros_initializer(),
    partitioner=tf.variable_axis_size_partitioner(max_shard_bytes=32),
)
print(type(table).__name__, [v.name for v in table], [v.shape.as_list() for v in table])
print(len(list(auto)), len(list(sized)), table.get_shape(), table.as_tensor().shape)
ids = tf.placeholder(tf.int32, [None])
looked = tf.nn.embedding_lookup(table, ids, partition_strategy="div")
shards = [tf.Variable(np.full([2, 2], i, np.float32), name="shard%d" % i) for i in range(2)]
mod = tf.nn.embedding_lookup(shards, ids)
sparse_ids = tf.SparseTensor(
    indices=[[0, 0], [0, 1], [2, 0]], values=tf.constant([1, 2, 3], tf.int64), dense_shape=[3, 2]
)
combined = tf.nn.embedding_lookup_sparse(shards, sparse_ids, None, combiner="mean")
safe = tf.contrib.layers.safe_embedding_lookup_sparse(shards, sparse_ids, combiner="sum")
loss = tf.reduce_sum(looked)
grads = tf.gradients(loss, list(table))
slices = tf.train.Saver()
with tf.device(tf.train.replica_device_setter(ps_tasks=0)):
    placed = tf.get_variable("placed", [2], initializer=tf.zeros_initializer())
old = tf.create_partitioned_variables([4, 2], [2, 1], tf.zeros_initializer(), name="old")
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    print(sess.run(looked, {ids: [0, 6]}).tolist(), sess.run(mod, {ids: [0, 1, 3]})[:, 0].tolist())
    print(sess.run(combined)[:, 0].tolist(), sess.run(safe)[:, 0].tolist())
    print([type(g).__name__ for g in grads], [v.op.name for v in old], placed.device)
print(len(tf.global_variables()), tf.nn.embedding_lookup(table.as_tensor(), ids).shape)
