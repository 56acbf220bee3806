import os
import tempfile
import time

import numpy as np
import tensorflow as tf
from tensorflow.contrib import learn


class TextCNN(object):
    """A CNN for text classification: embedding, convolution, max-pooling and softmax."""

    def __init__(
        self,
        sequence_length,
        num_classes,
        vocab_size,
        embedding_size,
        filter_sizes,
        num_filters,
        l2=0.0,
    ):
        self.input_x = tf.placeholder(tf.int32, [None, sequence_length], name="input_x")
        self.input_y = tf.placeholder(tf.float32, [None, num_classes], name="input_y")
        self.dropout_keep_prob = tf.placeholder(tf.float32, name="dropout_keep_prob")
        l2_loss = tf.constant(0.0)
        rng = np.random.RandomState(0)
        with tf.device("/cpu:0"), tf.name_scope("embedding"):
            self.W = tf.Variable(
                tf.constant(rng.uniform(-1, 1, [vocab_size, embedding_size]), tf.float32), name="W"
            )
            chars = tf.expand_dims(tf.nn.embedding_lookup(self.W, self.input_x), -1)
        pooled_outputs = []
        for filter_size in filter_sizes:
            with tf.name_scope("conv-maxpool-%s" % filter_size):
                shape = [filter_size, embedding_size, 1, num_filters]
                W = tf.Variable(tf.constant(rng.normal(0, 0.1, shape), tf.float32), name="W")
                b = tf.Variable(tf.constant(0.1, shape=[num_filters]), name="b")
                conv = tf.nn.conv2d(chars, W, strides=[1, 1, 1, 1], padding="VALID", name="conv")
                h = tf.nn.relu(tf.nn.bias_add(conv, b), name="relu")
                pooled_outputs.append(
                    tf.nn.max_pool(
                        h,
                        ksize=[1, sequence_length - filter_size + 1, 1, 1],
                        strides=[1, 1, 1, 1],
                        padding="VALID",
                        name="pool",
                    )
                )
        total = num_filters * len(filter_sizes)
        h_drop = tf.nn.dropout(
            tf.reshape(tf.concat(pooled_outputs, 3), [-1, total]), self.dropout_keep_prob
        )
        with tf.name_scope("output"):
            W = tf.get_variable(
                "W", shape=[total, num_classes], initializer=tf.constant_initializer(0.1)
            )
            b = tf.Variable(tf.constant(0.1, shape=[num_classes]), name="b")
            l2_loss += tf.nn.l2_loss(W) + tf.nn.l2_loss(b)
            self.scores = tf.nn.xw_plus_b(h_drop, W, b, name="scores")
        losses = tf.nn.softmax_cross_entropy_with_logits(logits=self.scores, labels=self.input_y)
        self.loss = tf.reduce_mean(losses) + l2 * l2_loss


x_text = ["the film is good", "a bad film", "good and funny story", "the story is bad and long"]
y = np.array([[0, 1], [1, 0], [0, 1], [1, 0]])
max_document_length = max([len(x.split(" ")) for x in x_text])
vocab_processor = learn.preprocessing.VocabularyProcessor(max_document_length)
x = np.array(list(vocab_processor.fit_transform(x_text)))
print(x.tolist(), len(vocab_processor.vocabulary_))
path = os.path.join(tempfile.mkdtemp(), "vocab")
vocab_processor.save(path)
restored = learn.preprocessing.VocabularyProcessor.restore(path)
print(list(restored.transform(["good new film"]))[0], list(restored.reverse([x[0]])))
print([list(t) for t in learn.preprocessing.tokenizer(["a b!"])])
with tf.Graph().as_default():
    sess = tf.Session(config=tf.ConfigProto(allow_soft_placement=True, log_device_placement=False))
    with sess.as_default():
        cnn = TextCNN(x.shape[1], 2, len(vocab_processor.vocabulary_), 4, [2, 3], 3, 0.01)
        global_step = tf.Variable(0, name="global_step", trainable=False)
        optimizer = tf.train.AdamOptimizer(1e-2)
        grads_and_vars = optimizer.compute_gradients(cnn.loss)
        train_op = optimizer.apply_gradients(grads_and_vars, global_step=global_step)
        for g, v in grads_and_vars:
            if g is not None:
                tf.summary.histogram("{}/grad/hist".format(v.name.replace(":", "_")), g)
        out_dir = os.path.join(tempfile.mkdtemp(), "runs", str(int(time.time())))
        writer = tf.summary.FileWriter(out_dir, sess.graph)
        sess.run(tf.global_variables_initializer())
        for _ in range(5):
            feed = {cnn.input_x: x, cnn.input_y: y, cnn.dropout_keep_prob: 1.0}
            _, step, loss = sess.run([train_op, global_step, cnn.loss], feed)
            writer.add_summary(sess.run(tf.summary.merge_all(), feed), step)
        print("step {}, loss {:.3f}".format(tf.train.global_step(sess, global_step), loss))
print([v.name for v, _ in [(v, g) for g, v in grads_and_vars]])
