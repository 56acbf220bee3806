import numpy as np
import tensorflow as tf
from tensorflow.contrib.layers.python.layers import utils

i = tf.constant(0)
n = tf.placeholder(tf.int32, [])
counter = tf.while_loop(
    lambda i, s: tf.less(i, n), lambda i, s: [tf.add(i, 1), s + i * i], [i, tf.constant(0)]
)
grown = tf.while_loop(
    lambda i, m: i < 3,
    lambda i, m: [i + 1, tf.concat([m, m], axis=0)],
    loop_vars=[i, tf.ones([2, 2])],
    shape_invariants=[i.get_shape(), tf.TensorShape([None, 2])],
    parallel_iterations=1,
    back_prop=False,
)
x = tf.placeholder(tf.float32, [3])
flag = tf.placeholder(tf.bool, [])
chosen = tf.cond(flag, lambda: x * 2.0, lambda: x - 1.0)
grad = tf.gradients(chosen, x)[0]
smart = utils.smart_cond(True, lambda: 1, lambda: 2)
sums = tf.scan(lambda a, v: a + v, x)
states = tf.scan(lambda a, v: (a[0] + v, a[1] * v), x, initializer=(0.0, 1.0))
mapped = tf.map_fn(lambda v: (v, v * v), x, dtype=(tf.float32, tf.float32))
folded = (
    tf.foldl(lambda a, v: a * 10 + v, tf.constant([1, 2, 3])),
    tf.foldr(lambda a, v: a * 10 + v, tf.constant([1, 2, 3])),
)
case = tf.case(
    [(n < 2, lambda: tf.constant(17)), (n > 4, lambda: tf.constant(23))],
    default=lambda: tf.constant(-1),
    exclusive=True,
)
array = tf.TensorArray(dtype=tf.float32, size=3, dynamic_size=False, infer_shape=True)
_, array = tf.while_loop(
    lambda t, ta: t < 3, lambda t, ta: (t + 1, ta.write(t, x[t] * tf.to_float(t))), (0, array)
)
stacked = array.stack()
v = tf.Variable(0.0)


def body():
    with tf.control_dependencies([tf.assign_add(v, 1.0)]):
        return tf.identity(v)


read = tf.cond(flag, body, lambda: tf.constant(-1.0))
with tf.control_dependencies([tf.Assert(tf.reduce_all(x > -100), [x])]):
    checked = tf.identity(x, name="checked")
parts = tf.dynamic_partition(x, tf.constant([0, 1, 0]), 2)
joined = tf.dynamic_stitch([[0, 2], [1]], parts)
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    feed = {x: [1.0, 2.0, 3.0], n: 4, flag: True}
    print(sess.run(counter, feed), sess.run(grown[1]).shape, grown[1].shape)
    print(sess.run([chosen, grad], feed), sess.run([chosen, grad], {x: [1, 2, 3], flag: False}))
    print(smart, sess.run(sums, feed).tolist(), [s.tolist() for s in sess.run(states, feed)])
    print([m.tolist() for m in sess.run(mapped, feed)], sess.run(folded))
    print([int(sess.run(case, {n: k})) for k in (1, 3, 9)], sess.run(stacked, feed).tolist())
    print(sess.run(read, feed), sess.run(read, {flag: False}), sess.run(v))
    print(sess.run(checked, feed).tolist(), sess.run(joined, feed).tolist())
    try:
        sess.run(checked, {x: np.full(3, -200.0)})
    except tf.errors.InvalidArgumentError as error:
        print("assertion failed" in str(error))
