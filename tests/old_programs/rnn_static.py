import numpy as np
import tensorflow as tf
from tensorflow.contrib import rnn

n_input, n_steps, n_hidden, n_classes = 4, 3, 5, 2
x = tf.placeholder("float", [None, n_steps, n_input])
rng = np.random.RandomState(0)
weights = {"out": tf.Variable(rng.normal(size=[2 * n_hidden, n_classes]).astype(np.float32))}
biases = {"out": tf.Variable(tf.zeros([n_classes]))}


def BiRNN(x, weights, biases):
    x = tf.unstack(x, n_steps, 1)
    lstm_fw_cell = rnn.BasicLSTMCell(n_hidden, forget_bias=1.0)
    lstm_bw_cell = rnn.BasicLSTMCell(n_hidden, forget_bias=1.0)
    try:
        outputs, _, _ = rnn.static_bidirectional_rnn(
            lstm_fw_cell, lstm_bw_cell, x, dtype=tf.float32
        )
    except Exception:  # Old TensorFlow version only returns outputs not states
        outputs = rnn.static_bidirectional_rnn(lstm_fw_cell, lstm_bw_cell, x, dtype=tf.float32)
    return tf.matmul(outputs[-1], weights["out"]) + biases["out"]


with tf.variable_scope("bi", initializer=tf.constant_initializer(0.1)):
    logits = BiRNN(x, weights, biases)
with tf.variable_scope("uni", initializer=tf.constant_initializer(0.1)):
    cells = [rnn.GRUCell(n_hidden), rnn.LSTMCell(n_hidden)]
    stacked = rnn.MultiRNNCell(cells, state_is_tuple=True)
    outs, states = tf.nn.static_rnn(stacked, tf.unstack(x, axis=1), dtype=tf.float32)
    tf.get_variable_scope().reuse_variables()
    loop_state, loop = stacked.zero_state(tf.shape(x)[0], tf.float32), []
    for step in range(n_steps):
        out, loop_state = stacked(x[:, step, :], loop_state)
        loop.append(out)
attention = rnn.AttentionCellWrapper(rnn.BasicLSTMCell(3), 2, state_is_tuple=True)
residual = rnn.ResidualWrapper(rnn.GRUCell(4))
embedding = rnn.EmbeddingWrapper(rnn.GRUCell(3), 7, 2)
print(attention.output_size, residual.output_size, embedding.state_size)
print(isinstance(states[1], rnn.LSTMStateTuple), logits.shape, len(outs))
print(len(tf.trainable_variables()), sorted(v.op.name for v in tf.trainable_variables())[:3])
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    feed = {x: rng.normal(size=[2, n_steps, n_input])}
    print(np.round(sess.run(logits, feed), 3).tolist())
    a, b = sess.run([outs[-1], loop[-1]], feed)
    print(np.allclose(a, b, atol=1e-6), np.round(a[0], 3).tolist())
