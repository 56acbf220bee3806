import numpy as np
import tensorflow as tf
from tensorflow.python.layers.core import Dense

seq2seq = tf.contrib.seq2seq
vocab, units, batch = 7, 4, 2
source = tf.placeholder(tf.int32, [batch, None], name="source")
source_len = tf.placeholder(tf.int32, [batch])
target = tf.placeholder(tf.int32, [batch, None], name="target")
target_len = tf.placeholder(tf.int32, [batch])
init = tf.constant_initializer(np.sin(np.arange(2000)) * 0.5)
const = tf.constant_initializer(0.1)

with tf.variable_scope("encoder", initializer=const):
    table = tf.get_variable(
        "embedding",
        [vocab, units],
        initializer=tf.constant_initializer(np.random.RandomState(0).normal(size=[vocab, units])),
    )
    encoder_outputs, encoder_state = tf.nn.dynamic_rnn(
        tf.contrib.rnn.GRUCell(units),
        tf.nn.embedding_lookup(table, source),
        sequence_length=source_len,
        dtype=tf.float32,
    )

projection = Dense(
    vocab,
    use_bias=False,
    kernel_initializer=tf.constant_initializer(
        np.random.RandomState(1).normal(size=[units, vocab])
    ),
)


def decode(helper, scope, reuse=None):
    with tf.variable_scope(scope, reuse=reuse, initializer=const):
        mechanism = seq2seq.BahdanauAttention(
            units, encoder_outputs, memory_sequence_length=source_len
        )
        cell = seq2seq.AttentionWrapper(
            tf.contrib.rnn.GRUCell(units), mechanism, attention_layer_size=units
        )
        start = cell.zero_state(dtype=tf.float32, batch_size=batch).clone(cell_state=encoder_state)
        decoder = seq2seq.BasicDecoder(
            cell=cell, helper=helper, initial_state=start, output_layer=projection
        )
        return seq2seq.dynamic_decode(decoder, impute_finished=True, maximum_iterations=6)


embedded = tf.nn.embedding_lookup(table, target)
outputs, state, lengths = decode(seq2seq.TrainingHelper(embedded, target_len), "decoder")
greedy = seq2seq.GreedyEmbeddingHelper(table, start_tokens=tf.fill([batch], 1), end_token=2)
sampled, _, sampled_lengths = decode(greedy, "decoder", reuse=True)
weights = tf.sequence_mask(target_len, dtype=tf.float32)
loss = seq2seq.sequence_loss(outputs.rnn_output, target, weights)
grads = tf.gradients(loss, tf.trainable_variables())
print(type(outputs).__name__, type(state).__name__, [g is not None for g in grads])
for v in tf.trainable_variables():
    print(v.name, v.shape)
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    feed = {
        source: [[3, 4, 5], [6, 2, 0]],
        source_len: [3, 2],
        target: [[1, 3, 4, 2], [1, 5, 2, 0]],
        target_len: [4, 3],
    }
    print(
        "%.4f" % sess.run(loss, feed),
        sess.run(outputs.sample_id, feed).shape,
        sess.run(lengths, feed),
    )
    ids = sess.run(sampled.sample_id, feed)
    print(ids.tolist(), sess.run(sampled_lengths, feed))
