import numpy as np
import tensorflow as tf

w = tf.Variable(np.array([3.0, 4.0]), dtype=tf.float32, name="w")
unused = tf.Variable(1.0, name="unused")
table = tf.Variable(np.ones([4, 2], np.float32), name="table")
picked = tf.nn.embedding_lookup(table, [1, 1, 3])
loss = tf.reduce_sum(tf.square(w)) + tf.reduce_sum(picked) * 2.0
optimizer = tf.train.GradientDescentOptimizer(learning_rate=1.0)
gradients, variables = zip(*optimizer.compute_gradients(loss))
print([None if g is None else type(g).__name__ for g in gradients], [v.op.name for v in variables])
clipped, norm = tf.clip_by_global_norm([g for g in gradients if g is not None], 5.0)
kept = [v for g, v in zip(gradients, variables) if g is not None]
train = optimizer.apply_gradients(zip(clipped, kept))
capped = [
    (tf.clip_by_value(g, -1.0, 1.0), v)
    for g, v in zip(gradients, variables)
    if g is not None and v is w
]
by_norm = tf.clip_by_norm(gradients[0], 2.0), tf.clip_by_average_norm(gradients[0], 1.0)
opts = [
    tf.train.AdadeltaOptimizer(1.0),
    tf.train.AdagradOptimizer(0.1),
    tf.train.FtrlOptimizer(0.1),
    tf.train.RMSPropOptimizer(0.1, decay=0.9, momentum=0.1, centered=True),
    tf.train.ProximalGradientDescentOptimizer(0.1),
    tf.train.AdagradDAOptimizer(0.1, tf.Variable(0, tf.int64, name="step", dtype=tf.int64)),
    tf.contrib.opt.NadamOptimizer(0.1),
    tf.contrib.opt.AdamWOptimizer(0.01, 0.1),
    tf.contrib.opt.LazyAdamOptimizer(0.1),
    tf.contrib.opt.MovingAverageOptimizer(tf.train.AdamOptimizer(0.1)),
]
results = []
for i, opt in enumerate(opts):
    v = tf.Variable([1.0, 2.0], name="v%d" % i)
    results.append((v, opt.minimize(tf.reduce_sum(tf.square(v)), var_list=[v])))
accumulated = [tf.Variable(tf.zeros_like(v.initialized_value()), trainable=False) for v in [w]]
accumulate = [a.assign_add(g) for a, g in zip(accumulated, [gradients[0]])]
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    print("%.3f" % sess.run(norm), [np.round(v, 3).tolist() for v in sess.run(by_norm)])
    sess.run(accumulate)
    print(sess.run(accumulated)[0].tolist(), sess.run(capped[0][0]).tolist())
    sess.run(train)
    print(np.round(sess.run(w), 3).tolist(), np.round(sess.run(table)[:, 0], 3).tolist())
    for opt, (v, op) in zip(opts, results):
        sess.run(op)
        print(type(opt).__name__, np.round(sess.run(v), 3).tolist())
    print(opts[1].get_slot_names(), opts[1].get_name(), opts[3].get_slot_names())
