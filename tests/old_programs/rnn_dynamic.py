import numpy as np
import tensorflow as tf

batch_size, num_steps, state_size, num_layers = 2, 5, 4, 2
x = tf.placeholder(tf.float32, [batch_size, num_steps, 3])
lengths = tf.placeholder(tf.int32, [batch_size])
keep_prob = tf.placeholder_with_default(1.0, [])


def lstm_cell():
    cell = tf.nn.rnn_cell.BasicLSTMCell(state_size, forget_bias=1.0, state_is_tuple=True)
    return tf.contrib.rnn.DropoutWrapper(cell, output_keep_prob=keep_prob)


init = tf.constant_initializer(np.linspace(-0.5, 0.5, 200))
with tf.variable_scope("rnn", initializer=tf.constant_initializer(0.1)):
    cell = tf.nn.rnn_cell.MultiRNNCell([lstm_cell() for _ in range(num_layers)])
    zero = cell.zero_state(batch_size, tf.float32)
    outputs, last = tf.nn.dynamic_rnn(cell, x, lengths, initial_state=zero)
with tf.variable_scope("gru", initializer=tf.constant_initializer(0.2)):
    gru = tf.contrib.rnn.GRUCell(3)
    (fw, bw), (fw_state, bw_state) = tf.nn.bidirectional_dynamic_rnn(
        gru, tf.contrib.rnn.GRUCell(3), x, dtype=tf.float32
    )
with tf.variable_scope("lstm", initializer=tf.constant_initializer(0.2)):
    peep = tf.nn.rnn_cell.LSTMCell(4, use_peepholes=True, num_proj=2, state_is_tuple=True)
    projected, state = tf.nn.dynamic_rnn(
        tf.contrib.rnn.OutputProjectionWrapper(peep, 3),
        tf.transpose(x, [1, 0, 2]),
        dtype=tf.float32,
        time_major=True,
    )
print(type(last).__name__, type(last[0]).__name__, last[0].c.shape, cell.state_size)
print(outputs.shape, fw.shape, bw_state.shape, projected.shape, state.h.shape)
for v in tf.trainable_variables():
    print(v.name, v.shape)
feed = {x: np.random.RandomState(0).normal(size=[2, 5, 3]), lengths: [5, 2]}
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    o, l, f, p = sess.run([outputs, last, fw, projected], feed)
    print(np.round(o[1, :, 0], 3).tolist())
    print(round(float(l[1].h.sum()), 3), round(float(f.sum()), 3), np.round(p[-1, 0], 3).tolist())
    feed[zero] = l  # the state of the last batch
    print(round(float(sess.run(outputs, feed).sum()), 3))
