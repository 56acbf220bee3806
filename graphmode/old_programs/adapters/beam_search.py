"""tf.contrib.seq2seq's beam search.

More than sixty lines, for the same reason as `seq2seq`. A beam's values are [batch, beam, ...];
the cell gets [batch * beam, ...].
"""

import collections

import numpy as np

from graphmode import tf
from graphmode.old_programs.adapters.attention import AttentionWrapperState
from graphmode.old_programs.adapters.seq2seq import Decoder

BeamSearchDecoderState = collections.namedtuple(
    "BeamSearchDecoderState", "cell_state log_probs finished lengths accumulated_attention_probs"
)
BeamSearchDecoderOutput = collections.namedtuple(
    "BeamSearchDecoderOutput", "scores predicted_ids parent_ids"
)
FinalBeamSearchDecoderOutput = collections.namedtuple(
    "FinalBeamSearchDecoderOutput", "predicted_ids beam_search_decoder_output"
)


def tile_batch(t, multiplier, name=None):
    """Repeats each entry of the batch: [batch, ...] -> [batch * multiplier, ...]."""
    with tf.name_scope(name, "tile_batch"):
        return tf.nest.map_structure(lambda part: _repeated(part, multiplier), t)


def _repeated(tensor, times):
    tensor = tf.convert_to_tensor(tensor)
    if not tensor.shape.rank:
        raise ValueError("t must have statically known rank, at least 1")
    tiled = tf.tile(tensor[:, tf.newaxis], [1, times] + [1] * (tensor.shape.rank - 1))
    result = tf.reshape(tiled, tf.concat([[-1], tf.shape(tensor)[1:]], 0))
    batch = tensor.shape.as_list()[0]
    result.set_shape([batch and batch * times, *tensor.shape.as_list()[1:]])
    return result


def gather_tree(step_ids, parent_ids, max_sequence_lengths, end_token, name=None):
    """The words on the paths to the last beams: [time, batch, beam].

    Args:
        step_ids, parent_ids: each step's words, and the beams that they continue.
        max_sequence_lengths: [batch]; the rest, and what follows an end, is `end_token`.
    """
    with tf.name_scope(name, "GatherTree"):
        words, parents = tf.convert_to_tensor(step_ids), tf.convert_to_tensor(parent_ids)
        steps = tf.shape(words)[0]
        limits = tf.convert_to_tensor(max_sequence_lengths)[:, tf.newaxis]
        last = tf.zeros_like(words[0]) + tf.range(tf.shape(words)[2])

        def back(after, step):
            _, beam = after
            time, word, parent = step
            inside = tf.broadcast_to(time < limits, tf.shape(word))
            word = tf.where(
                inside, tf.gather(word, beam, batch_dims=1), tf.fill(tf.shape(word), end_token)
            )
            return word, tf.where(inside, tf.gather(parent, beam, batch_dims=1), beam)

        path, _ = tf.scan(
            back, (tf.range(steps), words, parents), (tf.zeros_like(last), last), reverse=True
        )
        ended = tf.cumsum(tf.cast(tf.equal(path, end_token), tf.int32), exclusive=True) > 0
        return tf.where(ended, tf.fill(tf.shape(path), end_token), path)


def _sorted_history(values, parents, lengths):
    """Each step's values, [time, batch * beam, ...], in the order of the last beams."""
    steps, beams = tf.shape(parents)[0], tf.shape(parents)[2]
    own = tf.zeros_like(parents) + tf.range(beams)
    longest = tf.cast(tf.reduce_max(lengths, axis=1), tf.int32)
    order = gather_tree(own, parents, longest, beams + 1)
    inside = tf.transpose(tf.sequence_mask(lengths, maxlen=steps), [2, 0, 1])
    order = tf.where(inside, order, own)
    split = tf.reshape(values, tf.concat([tf.shape(parents), [-1]], 0))
    return tf.reshape(tf.gather(split, order, batch_dims=2), tf.shape(values))


def _attention(state):
    """The probabilities of attention in a cell's state, the mean of several: [batch, beam, time]"""
    states = [state] if isinstance(state, AttentionWrapperState) else list(state)
    found = [one.alignments for one in states if isinstance(one, AttentionWrapperState)]
    if not found:
        raise ValueError("coverage_penalty_weight must be 0.0 if no cell is attentional.")
    each = [tf.add_n(one) / len(one) if isinstance(one, tuple) else one for one in found]
    return tf.add_n(each) / len(each)


class BeamSearchDecoder(Decoder):
    """Keeps the `beam_width` best sequences (Wu et al. 2016 for the penalties)."""

    def __init__(
        self,
        cell,
        embedding,
        start_tokens,
        end_token,
        initial_state,
        beam_width,
        output_layer=None,
        length_penalty_weight=0.0,
        coverage_penalty_weight=0.0,
        reorder_tensor_arrays=True,
    ):
        self._cell, self._layer, self._beams = cell, output_layer, beam_width
        self._length_weight, self._coverage_weight = length_penalty_weight, coverage_penalty_weight
        self._reorders = reorder_tensor_arrays
        self._embed = (
            embedding if callable(embedding) else lambda ids: tf.nn.embedding_lookup(embedding, ids)
        )
        start = tf.convert_to_tensor(start_tokens, tf.int32)
        if start.shape.rank != 1:
            raise ValueError("start_tokens must be a vector")
        self._end = tf.convert_to_tensor(end_token, tf.int32)
        self._batch = tf.size(start)
        self._known_batch = start.shape.as_list()[0]
        self._state = tf.nest.map_structure(self._split, initial_state)
        self._first = self._embed(tf.tile(start[:, tf.newaxis], [1, beam_width]))

    def _split(self, tensor):
        """[batch * beam, ...] -> [batch, beam, ...]; scalars and TensorArrays stay."""
        if isinstance(tensor, tf.TensorArray) or tensor.shape.rank == 0:
            return tensor
        inner = tf.shape(tensor)[1:]
        split = tf.reshape(tensor, tf.concat([[self._batch, self._beams], inner], 0))
        shape = [self._known_batch, self._beams, *tensor.shape.as_list()[1:]]
        if not split.shape.is_compatible_with(shape):
            raise ValueError(
                f"The state has the shape {tensor.shape}, not (batch_size * beam_width, ...). "
                "Perhaps you forgot to create a zero_state with "
                "batch_size=encoder_batch_size * beam_width?"
            )
        split.set_shape(shape)
        return split

    def _merge(self, tensor):
        """[batch, beam, ...] -> [batch * beam, ...]."""
        if isinstance(tensor, tf.TensorArray) or tensor.shape.rank < 2:
            return tensor
        merged = tf.reshape(tensor, tf.concat([[-1], tf.shape(tensor)[2:]], 0))
        batch = self._known_batch and self._known_batch * self._beams
        merged.set_shape([batch, *tensor.shape.as_list()[2:]])
        return merged

    def _chosen(self, tensor, beams):
        """The values of other beams."""
        if isinstance(tensor, tf.TensorArray) or tensor.shape.rank < 2:
            return tensor
        result = tf.gather(tensor, beams, batch_dims=1)
        result.set_shape(tensor.shape)
        return result

    @property
    def batch_size(self):
        return self._batch

    @property
    def tracks_own_finished(self):
        return True

    @property
    def output_size(self):
        width = tf.TensorShape([self._beams])
        return BeamSearchDecoderOutput(width, width, width)

    @property
    def output_dtype(self):
        dtype = tf.nest.flatten(self._state)[0].dtype
        return BeamSearchDecoderOutput(dtype, tf.int32, tf.int32)

    def initialize(self, name=None):
        dtype = tf.nest.flatten(self._state)[0].dtype
        first = tf.one_hot(
            tf.zeros([self._batch], tf.int32), self._beams, True, False, dtype=tf.bool
        )
        # At first all beams are the same, so all but one have no chance and count as finished.
        log_probs = tf.where(
            first,
            tf.zeros(tf.shape(first), dtype),
            tf.fill(tf.shape(first), tf.constant(-np.inf, dtype)),
        )
        shape = [self._known_batch, self._beams]
        finished, lengths = ~first, tf.zeros(tf.shape(first), tf.int64)
        for tensor in (log_probs, finished, lengths):
            tensor.set_shape(shape)
        attention = _attention(self._state) if self._coverage_weight else ()
        state = BeamSearchDecoderState(self._state, log_probs, finished, lengths, attention)
        return finished, self._first, state

    def step(self, time, inputs, state, name=None):
        with tf.name_scope(name, "BeamSearchDecoderStep"):
            merged = tf.nest.map_structure(self._merge, state.cell_state)
            logits, cell_state = self._cell(tf.nest.map_structure(self._merge, inputs), merged)
            logits = self._split(logits)
            cell_state = tf.nest.map_structure(self._split, cell_state)
            logits = logits if self._layer is None else self._layer(logits)
            output, state = self._search(logits, cell_state, state)
            inputs = tf.cond(
                tf.reduce_all(state.finished),
                lambda: self._first,
                lambda: self._embed(output.predicted_ids),
            )
            return output, state, inputs, state.finished

    def _search(self, logits, cell_state, state):
        """The best continuations: (output, next state)."""
        finished, words = state.finished, int(logits.shape[-1])
        only_end = tf.one_hot(self._end, words, 0.0, logits.dtype.min, dtype=logits.dtype)
        steps = tf.where(
            tf.tile(finished[:, :, tf.newaxis], [1, 1, words]),
            tf.zeros_like(logits) + only_end,
            tf.nn.log_softmax(logits),
        )
        totals = state.log_probs[:, :, tf.newaxis] + steps
        longer = tf.cast(~finished, tf.int64)[:, :, tf.newaxis] * tf.one_hot(
            self._end, words, tf.constant(0, tf.int64), tf.constant(1, tf.int64), dtype=tf.int64
        )
        scores, attention = self._penalized(
            totals, state.lengths[:, :, tf.newaxis] + longer, cell_state, state
        )
        flat = tf.reshape(scores, [self._batch, -1])
        best, places = tf.nn.top_k(flat, self._beams)
        beams, ids = places // words, places % words
        for tensor in (best, ids, beams):
            tensor.set_shape([self._known_batch, self._beams])
        flat = tf.reshape(totals, [self._batch, -1])
        log_probs = tf.gather(flat, places, batch_dims=1)
        log_probs.set_shape(best.shape)
        before = self._chosen(finished, beams)
        following = BeamSearchDecoderState(
            tf.nest.map_structure(lambda part: self._chosen(part, beams), cell_state),
            log_probs,
            before | tf.equal(ids, self._end),
            self._chosen(state.lengths, beams) + tf.cast(~before, tf.int64),
            attention if isinstance(attention, tuple) else self._chosen(attention, beams),
        )
        return BeamSearchDecoderOutput(best, ids, beams), following

    def _penalized(self, totals, lengths, cell_state, state):
        """(scores, accumulated attention): log probabilities with penalties (Wu et al. 2016)."""
        if self._length_weight != 0:
            penalty = ((5.0 + tf.cast(lengths, tf.float32)) / 6.0) ** self._length_weight
            totals /= tf.cast(penalty, totals.dtype)
        if not self._coverage_weight:
            return totals, ()
        open_beams = tf.cast(~state.finished, tf.float32)[:, :, tf.newaxis]
        attention = state.accumulated_attention_probs + _attention(cell_state) * open_beams
        seen = tf.where(tf.equal(attention, 0.0), tf.ones_like(attention), attention)
        coverage = tf.reduce_sum(tf.log(tf.minimum(seen, 1.0)), 2)
        coverage *= tf.cast(state.finished, tf.float32) * self._coverage_weight
        return totals + coverage[:, :, tf.newaxis], attention

    def finalize(self, outputs, final_state, sequence_lengths):
        longest = tf.cast(tf.reduce_max(final_state.lengths, axis=1), tf.int32)
        ids = gather_tree(outputs.predicted_ids, outputs.parent_ids, longest, self._end)
        if self._reorders:
            cell_state = tf.nest.map_structure(
                lambda part: (
                    _sorted_history(part.stack(), outputs.parent_ids, final_state.lengths)
                    if isinstance(part, tf.TensorArray)
                    else part
                ),
                final_state.cell_state,
            )
            final_state = final_state._replace(cell_state=cell_state)
        return FinalBeamSearchDecoderOutput(ids, outputs), final_state
