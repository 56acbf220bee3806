import numpy as np
import tensorflow as tf
from tensorflow.python.framework import ops


def py_func(func, inp, Tout, stateful=True, name=None, grad=None):
    rnd_name = "PyFuncGrad" + str(len(inp))
    tf.RegisterGradient(rnd_name)(grad)
    g = tf.get_default_graph()
    with g.gradient_override_map({"PyFunc": rnd_name}):
        return tf.py_func(func, inp, Tout, stateful=stateful, name=name)


def spiky(x):
    return np.where(x > 0, x % 1, 0).astype(np.float32)


def spiky_grad(op, grad):
    return grad * tf.cast(op.inputs[0] > 0, tf.float32)


@ops.RegisterGradient("MaxPoolClipped")
def _clipped(op, grad):
    return tf.clip_by_value(grad, -0.1, 0.1)


class FlipGradientBuilder(object):
    def __init__(self):
        self.num_calls = 0

    def __call__(self, x, l=1.0):
        grad_name = "FlipGradient%d" % self.num_calls

        @ops.RegisterGradient(grad_name)
        def _flip_gradients(op, grad):
            return [tf.negative(grad) * l]

        g = tf.get_default_graph()
        with g.gradient_override_map({"Identity": grad_name}):
            y = tf.identity(x)
        self.num_calls += 1
        return y


x = tf.placeholder(tf.float32, [3])
with ops.name_scope("spiky") as name:
    y = py_func(spiky, [x], [tf.float32], name=name, grad=spiky_grad)[0]
y.set_shape(x.get_shape())
flipped = FlipGradientBuilder()(x, 0.5)
with tf.get_default_graph().gradient_override_map({"Identity": "MaxPoolClipped"}):
    clipped = tf.identity(x)
quantized = x + tf.stop_gradient(tf.round(x) - x)
numbers, words = tf.py_func(lambda v: (v.sum(), b"word"), [x], [tf.float32, tf.string])
hess = tf.hessians(tf.reduce_sum(x**3), x)[0]
with tf.Session() as sess:
    feed = {x: [-1.5, 0.25, 2.5]}
    print(sess.run(y, feed).tolist(), sess.run(tf.gradients(y, x)[0], feed).tolist())
    print(sess.run(tf.gradients(flipped * 3.0, x)[0], feed).tolist())
    print(sess.run(tf.gradients(clipped * 3.0, x)[0], feed).tolist())
    print(sess.run([quantized, tf.gradients(quantized, x)[0]], feed)[1].tolist())
    print(sess.run([numbers, words], feed), numbers.get_shape(), y.shape)
    print(sess.run(hess, feed).tolist(), tf.gradients(tf.constant(1.0), x))
    print(tf.test.compute_gradient_error(x, [3], tf.square(x), [3]) < 1e-2)
