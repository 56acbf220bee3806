import numpy as np
import tensorflow as tf
from tensorflow.contrib import rnn
from tensorflow.contrib.rnn.python.ops import core_rnn_cell
from tensorflow.python.ops import array_ops
from tensorflow.python.ops.rnn_cell import RNNCell


class IntersectionCell(RNNCell):
    def __init__(self, num_units, activation=tf.nn.tanh):
        super(IntersectionCell, self).__init__()
        self._num_units, self._activation = num_units, activation

    @property
    def state_size(self):
        return self._num_units

    @property
    def output_size(self):
        return self._num_units

    def __call__(self, inputs, state, scope=None):
        with tf.variable_scope(scope or "basic_rnn_cell"):
            joined = array_ops.concat([inputs, state], 1)
            w = tf.get_variable("weights", [joined.get_shape()[1], self._num_units])
            output = self._activation(tf.matmul(joined, w))
        return output, output


x = tf.placeholder(tf.float32, [2, 3, 4])
images = tf.placeholder(tf.float32, [2, 3, 4, 4, 1])
cells = [
    ("block", rnn.LSTMBlockCell(3)),
    ("gru_block", rnn.GRUBlockCellV2(3)),
    ("layer_norm", rnn.LayerNormBasicLSTMCell(3)),
    ("nas", rnn.NASCell(3)),
    ("ugrnn", rnn.UGRNNCell(3)),
    ("coupled", rnn.CoupledInputForgetGateLSTMCell(3)),
    ("intersection", rnn.IntersectionRNNCell(4)),
    ("ours", IntersectionCell(3)),
    ("basic", rnn.BasicRNNCell(3)),
    ("highway", rnn.HighwayWrapper(rnn.GRUCell(4))),
    ("phased", None),
]
results = []
for name, cell in cells:
    if cell is None:
        continue
    with tf.variable_scope(name, initializer=tf.constant_initializer(0.1)):
        results.append((name, tf.nn.dynamic_rnn(cell, x, dtype=tf.float32)[0]))
with tf.variable_scope("conv", initializer=tf.constant_initializer(0.1)):
    conv = rnn.ConvLSTMCell(
        conv_ndims=2, input_shape=[4, 4, 1], output_channels=2, kernel_shape=[3, 3]
    )
    results.append(("conv", tf.nn.dynamic_rnn(conv, images, dtype=tf.float32)[0]))
with tf.variable_scope("stack", initializer=tf.constant_initializer(0.1)):
    both, _, _ = rnn.stack_bidirectional_dynamic_rnn(
        [rnn.GRUCell(2), rnn.GRUCell(2)], [rnn.GRUCell(2), rnn.GRUCell(2)], x, dtype=tf.float32
    )
    results.append(("stack", both))
with tf.variable_scope("fused", initializer=tf.constant_initializer(0.1)):
    fused, _ = rnn.LSTMBlockFusedCell(3)(tf.transpose(x, [1, 0, 2]), dtype=tf.float32)
    results.append(("fused", fused))
with tf.variable_scope("linear"):
    linear = core_rnn_cell._linear([x[:, 0], x[:, 1]], 2, True)
    results.append(("linear", tf.zeros_like(linear)))
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    rng = np.random.RandomState(0)
    feed = {x: rng.normal(size=[2, 3, 4]), images: rng.normal(size=[2, 3, 4, 4, 1])}
    for name, out in results:
        print(name, out.shape, "%.3f" % sess.run(out, feed).sum())
print(issubclass(rnn.LSTMCell, rnn.RNNCell))
for prefix in ("block", "nas", "coupled", "layer_norm", "conv", "fused", "ours", "linear"):
    print(
        [
            (v.op.name, v.shape.as_list())
            for v in tf.trainable_variables()
            if v.op.name.startswith(prefix + "/")
        ]
    )
