"""The language model of the tutorial, with classes of settings."""

from __future__ import absolute_import
from __future__ import division
from __future__ import print_function

import numpy as np
import tensorflow as tf


class SmallConfig(object):
    init_scale, learning_rate, max_grad_norm = 0.1, 1.0, 5
    num_layers, num_steps, hidden_size = 2, 4, 6
    max_epoch, max_max_epoch, keep_prob, lr_decay = 1, 2, 1.0, 0.5
    batch_size, vocab_size = 3, 8


class PTBInput(object):
    def __init__(self, config, data, name=None):
        self.batch_size, self.num_steps = config.batch_size, config.num_steps
        self.epoch_size = ((len(data) // config.batch_size) - 1) // config.num_steps
        with tf.name_scope(name, "PTBProducer", [data]):
            raw = tf.convert_to_tensor(data, name="raw_data", dtype=tf.int32)
            batch_len = tf.size(raw) // config.batch_size
            rows = tf.reshape(
                raw[0 : config.batch_size * batch_len], [config.batch_size, batch_len]
            )
            i = tf.train.range_input_producer(self.epoch_size, shuffle=False).dequeue()
            steps = config.num_steps
            x = tf.strided_slice(rows, [0, i * steps], [config.batch_size, (i + 1) * steps])
            y = tf.strided_slice(rows, [0, i * steps + 1], [config.batch_size, (i + 1) * steps + 1])
            x.set_shape([config.batch_size, steps])
            y.set_shape([config.batch_size, steps])
        self.input_data, self.targets = x, y


class PTBModel(object):
    def __init__(self, is_training, config, input_):
        size = config.hidden_size

        def attn_cell():
            cell = tf.contrib.rnn.BasicLSTMCell(
                size, forget_bias=0.0, state_is_tuple=True, reuse=tf.get_variable_scope().reuse
            )
            if is_training and config.keep_prob < 1:
                cell = tf.contrib.rnn.DropoutWrapper(cell, output_keep_prob=config.keep_prob)
            return cell

        cell = tf.contrib.rnn.MultiRNNCell(
            [attn_cell() for _ in range(config.num_layers)], state_is_tuple=True
        )
        self.initial_state = cell.zero_state(config.batch_size, tf.float32)
        embedding = tf.get_variable("embedding", [config.vocab_size, size], dtype=tf.float32)
        inputs = tf.nn.embedding_lookup(embedding, input_.input_data)
        outputs, state = [], self.initial_state
        with tf.variable_scope("RNN"):
            for time_step in range(config.num_steps):
                if time_step > 0:
                    tf.get_variable_scope().reuse_variables()
                (cell_output, state) = cell(inputs[:, time_step, :], state)
                outputs.append(cell_output)
        output = tf.reshape(tf.concat(axis=1, values=outputs), [-1, size])
        softmax_w = tf.get_variable("softmax_w", [size, config.vocab_size])
        logits = tf.matmul(output, softmax_w) + tf.get_variable("softmax_b", [config.vocab_size])
        logits = tf.reshape(logits, [config.batch_size, config.num_steps, config.vocab_size])
        loss = tf.contrib.seq2seq.sequence_loss(
            logits,
            input_.targets,
            tf.ones([config.batch_size, config.num_steps]),
            average_across_timesteps=False,
            average_across_batch=True,
        )
        self.cost, self.final_state, self.input = tf.reduce_sum(loss), state, input_
        if not is_training:
            return
        self._lr = tf.Variable(0.0, trainable=False)
        tvars = tf.trainable_variables()
        grads, _ = tf.clip_by_global_norm(tf.gradients(self.cost, tvars), config.max_grad_norm)
        optimizer = tf.train.GradientDescentOptimizer(self._lr)
        self.train_op = optimizer.apply_gradients(
            zip(grads, tvars), global_step=tf.contrib.framework.get_or_create_global_step()
        )
        self._new_lr = tf.placeholder(tf.float32, shape=[], name="new_learning_rate")
        self._lr_update = tf.assign(self._lr, self._new_lr)


def run_epoch(session, model, eval_op=None):
    costs, iters, state = 0.0, 0, session.run(model.initial_state)
    fetches = {"cost": model.cost, "final_state": model.final_state}
    if eval_op is not None:
        fetches["eval_op"] = eval_op
    for _ in range(model.input.epoch_size):
        feed_dict = {}
        for i, (c, h) in enumerate(model.initial_state):
            feed_dict[c], feed_dict[h] = state[i].c, state[i].h
        vals = session.run(fetches, feed_dict)
        state = vals["final_state"]
        costs += vals["cost"]
        iters += model.input.num_steps
    return np.exp(costs / iters)


def main(_):
    config, data = SmallConfig(), (np.arange(60) ** 2 % 8).tolist()
    initializer = tf.constant_initializer(0.05)
    with tf.name_scope("Train"), tf.variable_scope("Model", reuse=None, initializer=initializer):
        m = PTBModel(True, config, PTBInput(config, data, "TrainInput"))
        tf.summary.scalar("Training Loss", m.cost)
    with tf.name_scope("Valid"), tf.variable_scope("Model", reuse=True, initializer=initializer):
        mvalid = PTBModel(False, config, PTBInput(config, data, "ValidInput"))
    sv = tf.train.Supervisor(logdir=None)
    with sv.managed_session() as session:
        for i in range(config.max_max_epoch):
            lr_decay = config.lr_decay ** max(i + 1 - config.max_epoch, 0.0)
            session.run(m._lr_update, {m._new_lr: config.learning_rate * lr_decay})
            print("Epoch: %d Train Perplexity: %.3f" % (i + 1, run_epoch(session, m, m.train_op)))
        print("Valid Perplexity: %.3f" % run_epoch(session, mvalid))
    print([v.name for v in tf.trainable_variables()])


if __name__ == "__main__":
    tf.app.run()
