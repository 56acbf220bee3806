from __future__ import print_function

import collections
import math
import random

import numpy as np
import tensorflow as tf

text = "the quick brown fox jumped over the lazy dog and the dog saw the fox run over".split()
vocabulary_size = 8
count = [["UNK", -1]]
count.extend(collections.Counter(text).most_common(vocabulary_size - 1))
dictionary = dict()
for word, _ in count:
    dictionary[word] = len(dictionary)
data = [dictionary.get(word, 0) for word in text]
reverse_dictionary = dict(zip(dictionary.values(), dictionary.keys()))
print(count[:3], data[:8], reverse_dictionary[1])
random.seed(0)
data_index = 0


def generate_batch(batch_size, skip_window):
    global data_index
    batch = np.ndarray(shape=(batch_size), dtype=np.int32)
    labels = np.ndarray(shape=(batch_size, 1), dtype=np.int32)
    span = 2 * skip_window + 1
    buffer = collections.deque(maxlen=span)
    for _ in range(span):
        buffer.append(data[data_index])
        data_index = (data_index + 1) % len(data)
    for i in range(batch_size // 2):
        batch[2 * i : 2 * i + 2] = buffer[skip_window]
        labels[2 * i, 0], labels[2 * i + 1, 0] = buffer[0], buffer[2]
        buffer.append(data[data_index])
        data_index = (data_index + 1) % len(data)
    return batch, labels


graph = tf.Graph()
with graph.as_default(), tf.device("/cpu:0"):
    train_inputs = tf.placeholder(tf.int32, shape=[8])
    train_labels = tf.placeholder(tf.int32, shape=[8, 1])
    start = np.random.RandomState(1).uniform(-1, 1, [vocabulary_size, 4]).astype(np.float32)
    embeddings = tf.Variable(start)
    embed = tf.nn.embedding_lookup(embeddings, train_inputs)
    nce_weights = tf.Variable(start[::-1] / math.sqrt(4))
    nce_biases = tf.Variable(tf.zeros([vocabulary_size]))
    sampled = (tf.constant([0, 2, 5], tf.int64), tf.fill([8, 1], 0.5), tf.fill([3], 0.4))
    loss = tf.reduce_mean(
        tf.nn.nce_loss(
            nce_weights, nce_biases, train_labels, embed, 3, vocabulary_size, sampled_values=sampled
        )
    )
    softmax = tf.nn.sampled_softmax_loss(
        weights=nce_weights,
        biases=nce_biases,
        inputs=embed,
        labels=train_labels,
        num_sampled=3,
        num_classes=vocabulary_size,
        sampled_values=sampled,
    )
    optimizer = tf.train.GradientDescentOptimizer(0.5).minimize(loss)
    norm = tf.sqrt(tf.reduce_sum(tf.square(embeddings), 1, keep_dims=True))
    similarity = tf.matmul(embeddings / norm, embeddings / norm, transpose_b=True)
with tf.Session(graph=graph) as session:
    tf.global_variables_initializer().run()
    for step in range(4):
        batch_inputs, batch_labels = generate_batch(8, 1)
        feed_dict = {train_inputs: batch_inputs, train_labels: batch_labels}
        _, loss_val, soft = session.run([optimizer, loss, softmax], feed_dict=feed_dict)
        print("Average loss at step ", step, ": %.4f %.4f" % (loss_val, soft.mean()))
    print((-similarity.eval()[1, :]).argsort()[1:4])
