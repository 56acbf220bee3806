import numpy as np
import tensorflow as tf
from tensorflow.contrib import crf
from tensorflow.contrib.crf import crf_log_likelihood, viterbi_decode

num_examples, num_words, num_features, num_tags = 3, 5, 4, 3
rng = np.random.RandomState(0)
x = rng.rand(num_examples, num_words, num_features).astype(np.float32)
y = rng.randint(num_tags, size=[num_examples, num_words]).astype(np.int32)
sequence_lengths = np.array([5, 3, 4], np.int32)
with tf.Graph().as_default(), tf.Session() as session:
    x_t, y_t, lengths = tf.constant(x), tf.constant(y), tf.constant(sequence_lengths)
    weights = tf.get_variable(
        "weights",
        [num_features, num_tags],
        initializer=tf.constant_initializer(rng.normal(size=12)),
    )
    scores = tf.reshape(
        tf.matmul(tf.reshape(x_t, [-1, num_features]), weights), [num_examples, num_words, num_tags]
    )
    transitions = tf.get_variable(
        "transitions", [num_tags, num_tags], initializer=tf.zeros_initializer()
    )
    log_likelihood, transition_params = crf_log_likelihood(scores, y_t, lengths, transitions)
    loss = tf.reduce_mean(-log_likelihood)
    train_op = tf.train.GradientDescentOptimizer(0.1).minimize(loss)
    decoded, best = crf.crf_decode(scores, transition_params, lengths)
    norm = crf.crf_log_norm(scores, lengths, transition_params)
    score = crf.crf_sequence_score(scores, y_t, lengths, transition_params)
    session.run(tf.global_variables_initializer())
    for i in range(20):
        value, _ = session.run([loss, train_op])
        if i % 10 == 0:
            print("%.4f" % value)
    tf_scores, tf_transitions, tags, bests = session.run([scores, transition_params, decoded, best])
    for i in range(num_examples):
        viterbi, viterbi_score = viterbi_decode(tf_scores[i][: sequence_lengths[i]], tf_transitions)
        print(
            viterbi,
            "%.3f %.3f" % (viterbi_score, bests[i]),
            tags[i][: sequence_lengths[i]].tolist(),
        )
    a, b, c = session.run([score, norm, log_likelihood])
    print(np.allclose(a - b, c, atol=1e-4), np.round(b, 3).tolist())
    with tf.variable_scope("default"):
        default, params = crf.crf_log_likelihood(scores, y_t, lengths)
    print(params.name, params.shape, default.shape)
