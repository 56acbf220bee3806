from __future__ import print_function

import argparse
import os
import tempfile

import numpy as np
import tensorflow as tf
from six.moves import cPickle
from tensorflow.contrib import legacy_seq2seq, rnn


class Model:
    def __init__(self, args, training=True):
        cell = rnn.MultiRNNCell([rnn.GRUCell(args.rnn_size) for _ in range(args.num_layers)])
        self.cell = cell
        if not training:
            args.batch_size = args.seq_length = 1
        self.input_data = tf.placeholder(tf.int32, [args.batch_size, args.seq_length])
        self.targets = tf.placeholder(tf.int32, [args.batch_size, args.seq_length])
        self.initial_state = cell.zero_state(args.batch_size, tf.float32)
        with tf.variable_scope("rnnlm"):
            softmax_w = tf.get_variable("softmax_w", [args.rnn_size, args.vocab_size])
            softmax_b = tf.get_variable("softmax_b", [args.vocab_size])
            embedding = tf.get_variable("embedding", [args.vocab_size, args.rnn_size])
        inputs = tf.split(tf.nn.embedding_lookup(embedding, self.input_data), args.seq_length, 1)
        inputs = [tf.squeeze(input_, [1]) for input_ in inputs]

        def loop(prev, _):
            prev = tf.matmul(prev, softmax_w) + softmax_b
            prev_symbol = tf.stop_gradient(tf.argmax(prev, 1))
            return tf.nn.embedding_lookup(embedding, prev_symbol)

        outputs, last_state = legacy_seq2seq.rnn_decoder(
            inputs,
            self.initial_state,
            cell,
            loop_function=loop if not training else None,
            scope="rnnlm",
        )
        output = tf.reshape(tf.concat(outputs, 1), [-1, args.rnn_size])
        self.logits = tf.matmul(output, softmax_w) + softmax_b
        self.probs = tf.nn.softmax(self.logits)
        loss = legacy_seq2seq.sequence_loss_by_example(
            [self.logits],
            [tf.reshape(self.targets, [-1])],
            [tf.ones([args.batch_size * args.seq_length])],
        )
        self.cost = tf.reduce_sum(loss) / args.batch_size / args.seq_length
        self.final_state = last_state
        self.lr = tf.Variable(0.0, trainable=False)
        tvars = tf.trainable_variables()
        grads, _ = tf.clip_by_global_norm(tf.gradients(self.cost, tvars), 5.0)
        self.train_op = tf.train.AdamOptimizer(self.lr).apply_gradients(zip(grads, tvars))


parser = argparse.ArgumentParser()
parser.add_argument("--rnn_size", type=int, default=8)
parser.add_argument("--num_layers", type=int, default=2)
args = parser.parse_args()
args.batch_size, args.seq_length = 2, 5
text = "hello world, hello tensorflow " * 4
chars = sorted(set(text))
vocab = dict(zip(chars, range(len(chars))))
args.vocab_size = len(chars)
save_dir = tempfile.mkdtemp()
with open(os.path.join(save_dir, "chars_vocab.pkl"), "wb") as f:
    cPickle.dump((chars, vocab), f)
tensor = np.array(list(map(vocab.get, text)))
x = tensor[:100].reshape(2, -1)
model = Model(args)
saver = tf.train.Saver(tf.global_variables())
with tf.Session() as sess:
    tf.global_variables_initializer().run()
    rng = np.random.RandomState(0)
    for v in sorted(tf.trainable_variables(), key=lambda v: v.name):
        v.load(rng.normal(0, 0.3, v.get_shape().as_list()), sess)
    sess.run(tf.assign(model.lr, 0.02))
    state = sess.run(model.initial_state)
    for b in range(9):
        feed = {
            model.input_data: x[:, b * 5 : b * 5 + 5],
            model.targets: x[:, b * 5 + 1 : b * 5 + 6],
        }
        for c, h in zip(model.initial_state, state):
            feed[c] = h
        loss, state, _ = sess.run([model.cost, model.final_state, model.train_op], feed)
    print("train_loss = {:.3f}".format(loss))
    saver.save(sess, os.path.join(save_dir, "model.ckpt"), global_step=9)
tf.reset_default_graph()
model = Model(args, training=False)
with tf.Session() as sess:
    ckpt = tf.train.get_checkpoint_state(save_dir)
    tf.train.Saver(tf.global_variables()).restore(sess, ckpt.model_checkpoint_path)
    state = sess.run(model.cell.zero_state(1, tf.float32))
    probs, state = sess.run(
        [model.probs, model.final_state],
        {model.input_data: [[vocab["h"]]], model.initial_state: state},
    )
    print(probs.shape, len(state), "%.3f" % probs.max())
