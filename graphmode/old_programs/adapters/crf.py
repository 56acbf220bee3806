"""tf.contrib.crf: linear-chain conditional random fields (Lafferty et al. 2001).

Unary scores are [batch, time, tags], tags [batch, time], lengths [batch], transitions
[tags, tags] from the earlier tag to the later one.
"""

import numpy as np

from graphmode import tf


class _Cell(tf.nn.rnn_cell.RNNCell):
    """A step of a recursion over the time; it has no variables."""

    def __init__(self, size):
        super().__init__()
        self._size = size

    @property
    def state_size(self):
        return self._size

    @property
    def output_size(self):
        return self._size


class CrfForwardRnnCell(_Cell):
    """The forward algorithm: the state is the log sum over all paths to each tag."""

    def __init__(self, transition_params):
        super().__init__(int(transition_params.shape[0]))
        self._transitions = transition_params[tf.newaxis]

    def __call__(self, inputs, state, scope=None):
        paths = state[:, :, tf.newaxis] + self._transitions
        state = inputs + tf.reduce_logsumexp(paths, [1])
        return state, state


class CrfDecodeForwardRnnCell(CrfForwardRnnCell):
    """Viterbi's algorithm: the state is the best path's score, the output its previous tag."""

    def __call__(self, inputs, state, scope=None):
        paths = state[:, :, tf.newaxis] + self._transitions
        return tf.argmax(paths, 1, output_type=tf.int32), inputs + tf.reduce_max(paths, [1])


class CrfDecodeBackwardRnnCell(_Cell):
    """Follows the previous tags of `CrfDecodeForwardRnnCell` back."""

    def __init__(self, num_tags):
        super().__init__(1)

    def __call__(self, inputs, state, scope=None):
        places = tf.stack([tf.range(tf.shape(inputs)[0]), state[:, 0]], axis=1)
        tags = tf.gather_nd(inputs, places)[:, tf.newaxis]
        return tags, tags


def _is_empty(lengths):
    return tf.less_equal(lengths, 0)


def crf_unary_score(tag_indices, sequence_lengths, inputs):
    """The sum of the tags' unary scores: [batch]."""
    chosen = tf.gather(inputs, tag_indices, axis=2, batch_dims=2)
    mask = tf.sequence_mask(sequence_lengths, tf.shape(tag_indices)[1], inputs.dtype)
    return tf.reduce_sum(chosen * mask, 1)


def crf_binary_score(tag_indices, sequence_lengths, transition_params):
    """The sum of the scores of the transitions: [batch]."""
    pairs = tf.stack([tag_indices[:, :-1], tag_indices[:, 1:]], axis=2)
    mask = tf.sequence_mask(
        sequence_lengths, tf.shape(tag_indices)[1], transition_params.dtype.base_dtype
    )
    return tf.reduce_sum(tf.gather_nd(transition_params, pairs) * mask[:, 1:], 1)


def crf_sequence_score(inputs, tag_indices, sequence_lengths, transition_params):
    """The score of the tags, not normalized: [batch]."""
    return crf_unary_score(tag_indices, sequence_lengths, inputs) + crf_binary_score(
        tag_indices, sequence_lengths, transition_params
    )


def crf_multitag_sequence_score(inputs, tag_bitmap, sequence_lengths, transition_params):
    """The log sum of the scores of all tag sequences that the [batch, time, tags] bits allow."""
    allowed = tf.where(tag_bitmap, inputs, tf.fill(tf.shape(inputs), -np.inf))
    return crf_log_norm(allowed, sequence_lengths, transition_params)


def crf_log_norm(inputs, sequence_lengths, transition_params):
    """The log sum of the scores of all tag sequences: [batch]."""
    lengths = tf.convert_to_tensor(sequence_lengths)
    first, rest = inputs[:, 0], inputs[:, 1:]
    _, state = tf.nn.dynamic_rnn(
        CrfForwardRnnCell(transition_params),
        rest,
        tf.maximum(lengths - 1, 0),
        first,
        dtype=inputs.dtype,
    )
    norm = tf.reduce_logsumexp(state, [1])
    return tf.where(_is_empty(lengths), tf.zeros_like(norm), norm)


def crf_log_likelihood(inputs, tag_indices, sequence_lengths, transition_params=None):
    """The log-likelihood of the tags, [batch], and the transitions (a variable if None)."""
    tags = int(inputs.shape[2])
    if transition_params is None:
        transition_params = tf.get_variable("transitions", [tags, tags])
    score = crf_sequence_score(inputs, tag_indices, sequence_lengths, transition_params)
    return score - crf_log_norm(inputs, sequence_lengths, transition_params), transition_params


def viterbi_decode(score, transition_params):
    """The best tags of one sequence [time, tags], in numpy: (list of tags, score)."""
    best, previous = score[0], []
    for row in score[1:]:
        paths = best[:, np.newaxis] + transition_params
        previous.append(np.argmax(paths, 0))
        best = row + np.max(paths, 0)
    tags = [np.argmax(best)]
    for choice in reversed(previous):
        tags.append(choice[tags[-1]])
    return tags[::-1], np.max(best)


def crf_decode(potentials, transition_params, sequence_length):
    """The best tags [batch, time] and their scores [batch]."""
    lengths = tf.convert_to_tensor(sequence_length)
    shorter = tf.maximum(lengths - 1, 0)
    previous, scores = tf.nn.dynamic_rnn(
        CrfDecodeForwardRnnCell(transition_params),
        potentials[:, 1:],
        shorter,
        potentials[:, 0],
        dtype=tf.int32,
    )
    last = tf.argmax(scores, axis=1, output_type=tf.int32)[:, tf.newaxis]
    rest, _ = tf.nn.dynamic_rnn(
        CrfDecodeBackwardRnnCell(int(potentials.shape[2])),
        tf.reverse_sequence(previous, shorter, seq_axis=1),
        shorter,
        last,
        dtype=tf.int32,
    )
    tags = tf.reverse_sequence(tf.concat([last, rest[:, :, 0]], 1), lengths, seq_axis=1)
    return tags, tf.reduce_max(scores, axis=1)
