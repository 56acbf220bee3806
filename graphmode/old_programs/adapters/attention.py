"""tf.contrib.seq2seq's attention: mechanisms of Luong and Bahdanau, and the cell around a cell.

More than sixty lines, for the same reason as `seq2seq`.
"""

import abc
import collections

import numpy as np

from graphmode import tf
from graphmode.old_programs.adapters.framework import with_same_shape


def hardmax(logits, name=None):
    """1 at the largest logit, 0 elsewhere."""
    with tf.name_scope(name, "Hardmax", [logits]):
        logits = tf.convert_to_tensor(logits)
        depth = logits.shape.as_list()[-1] or tf.shape(logits)[-1]
        return tf.one_hot(tf.argmax(logits, -1), depth, dtype=logits.dtype)


def safe_cumprod(x, *args, **kwargs):
    """The cumulative product by a sum of logarithms, which does not underflow."""
    x = tf.convert_to_tensor(x)
    tiny = np.finfo(x.dtype.as_numpy_dtype).tiny
    return tf.exp(tf.cumsum(tf.log(tf.clip_by_value(x, tiny, 1)), *args, **kwargs))


def monotonic_attention(p_choose_i, previous_attention, mode):
    """Attention that only moves forward (Raffel et al. 2017): [batch, time].

    Args:
        p_choose_i: the probability to stop at each place.
        mode: "recursive" (exact), "parallel" (fast, may be inexact) or "hard" (for 0 and 1).
    """
    chosen = tf.convert_to_tensor(p_choose_i)
    previous = tf.convert_to_tensor(previous_attention)
    if mode == "recursive":
        passed = tf.concat([tf.ones_like(chosen[:, :1]), 1 - chosen[:, :-1]], 1)
        reached = tf.scan(
            lambda before, step: step[0] * before + step[1],
            [tf.transpose(passed), tf.transpose(previous)],
            tf.zeros_like(chosen[:, 0]),
        )
        return chosen * tf.transpose(reached)
    if mode == "parallel":
        passed = safe_cumprod(1 - chosen, axis=1, exclusive=True)
        return chosen * passed * tf.cumsum(previous / tf.clip_by_value(passed, 1e-10, 1.0), axis=1)
    if mode == "hard":
        chosen *= tf.cumsum(previous, axis=1)
        return chosen * tf.cumprod(1 - chosen, axis=1, exclusive=True)
    raise ValueError("mode must be 'recursive', 'parallel', or 'hard'.")


class AttentionMechanism(abc.ABC):  # noqa: B024
    """What an `AttentionWrapper` takes."""


class _Mechanism(AttentionMechanism):
    """Keys and values of a memory [batch, time, size], and probabilities of scores."""

    def __init__(
        self,
        num_units,
        memory,
        memory_sequence_length,
        probability,
        score_mask_value,
        dtype,
        with_query,
        custom_key_value_fn=None,
        name=None,
    ):
        self.dtype = tf.as_dtype(dtype or tf.float32)
        self._units = num_units

        def dense(name):
            return tf.layers.Dense(num_units, use_bias=False, name=name, dtype=self.dtype)

        self.query_layer = dense("query_layer") if with_query else None
        self.memory_layer = dense("memory_layer")
        self._probability, self._lengths = probability, memory_sequence_length
        self._masked = -np.inf if score_mask_value is None else score_mask_value
        with tf.name_scope(name, "BaseAttentionMechanismInit"):
            self.values = self._memory(memory)
            self.keys = self.memory_layer(self.values)
            if custom_key_value_fn is not None:
                self.keys, self.values = custom_key_value_fn(self.keys, self.values)
            sizes = zip(self.keys.shape.as_list()[:2], tf.unstack(tf.shape(self.keys)[:2]))
            self.batch_size, self.alignments_size = (known or size for known, size in sizes)

    def _memory(self, memory):
        memory = tf.convert_to_tensor(memory)
        if not memory.shape[2:].is_fully_defined():
            raise ValueError(
                f"Expected memory {memory.name} to have fully defined inner dims, but saw shape: "
                f"{memory.shape}"
            )
        if self._lengths is None:
            return memory
        mask = tf.sequence_mask(self._lengths, tf.shape(memory)[1], memory.dtype)
        ones = [1] * (memory.shape.rank - 2)
        return memory * tf.reshape(mask, tf.concat([tf.shape(mask), ones], 0))

    @property
    def state_size(self):
        """The size of the state, the probabilities."""
        return self.alignments_size

    def initial_alignments(self, batch_size, dtype):
        """The first probabilities: zeros."""
        shape = tf.TensorShape(
            [
                tf.get_static_value(tf.convert_to_tensor(batch_size)),
                tf.get_static_value(tf.convert_to_tensor(self.alignments_size)),
            ]
        )
        zeros = tf.zeros([batch_size, self.alignments_size], dtype)
        zeros.set_shape(shape)
        return zeros

    def initial_state(self, batch_size, dtype):
        """The first state."""
        return self.initial_alignments(batch_size, dtype)

    def _score(self, query):
        raise NotImplementedError

    def __call__(self, query, state):
        """(probabilities, next state) of a query [batch, size]."""
        score = self._score(query)
        if self._lengths is not None:
            message = "All values in memory_sequence_length must be greater than zero."
            with tf.control_dependencies([tf.assert_positive(self._lengths, message=message)]):
                mask = tf.sequence_mask(self._lengths, tf.shape(score)[1])
            score = tf.where(mask, score, self._masked * tf.ones_like(score))
        probabilities = self._probability(score, state)
        return probabilities, probabilities


class LuongAttention(_Mechanism):
    """The score is query * key (Luong et al. 2015), with a trained factor if `scale`."""

    def __init__(
        self,
        num_units,
        memory,
        memory_sequence_length=None,
        scale=False,
        probability_fn=None,
        score_mask_value=None,
        dtype=None,
        custom_key_value_fn=None,
        name="LuongAttention",
    ):
        normal = probability_fn or tf.nn.softmax
        super().__init__(
            num_units,
            memory,
            memory_sequence_length,
            lambda score, _: normal(score),
            score_mask_value,
            dtype,
            False,
            custom_key_value_fn,
            name,
        )
        self._scale, self._scope = scale, "luong_attention"

    def _score(self, query):
        if query.shape[-1] != self.keys.shape[-1]:
            raise ValueError(
                "Incompatible or unknown inner dimensions between query and keys. Query has "
                f"units: {query.shape[-1]}. Keys have units: {self.keys.shape[-1]}. Perhaps you "
                f"need to set num_units to the query's dimension"
            )
        with tf.variable_scope(None, self._scope, [query]):
            score = tf.matmul(query[:, tf.newaxis], self.keys, transpose_b=True)[:, 0]
            if self._scale:
                score *= tf.get_variable("attention_g", (), query.dtype, tf.ones_initializer())
            return self._biased(score)

    def _biased(self, score):
        return score


class BahdanauAttention(_Mechanism):
    """The score is v * tanh(query + key) (Bahdanau et al. 2014), with a normed v if asked."""

    def __init__(
        self,
        num_units,
        memory,
        memory_sequence_length=None,
        normalize=False,
        probability_fn=None,
        score_mask_value=None,
        dtype=None,
        custom_key_value_fn=None,
        name="BahdanauAttention",
    ):
        normal = probability_fn or tf.nn.softmax
        super().__init__(
            num_units,
            memory,
            memory_sequence_length,
            lambda score, _: normal(score),
            score_mask_value,
            dtype,
            True,
            custom_key_value_fn,
            name,
        )
        self._normalize, self._scope = normalize, "bahdanau_attention"

    def _score(self, query):
        with tf.variable_scope(None, self._scope, [query]):
            total = self.keys + self.query_layer(query)[:, tf.newaxis]
            v = tf.get_variable("attention_v", [self._units], query.dtype)
            if self._normalize:
                start = tf.constant_initializer(self._units**-0.5)
                g = tf.get_variable("attention_g", (), query.dtype, start)
                b = tf.get_variable(
                    "attention_b", [self._units], query.dtype, tf.zeros_initializer()
                )
                v, total = g * v * tf.rsqrt(tf.reduce_sum(tf.square(v))), total + b
            return self._biased(tf.reduce_sum(v * tf.tanh(total), [2]))

    def _biased(self, score):
        return score


class _Monotonic:
    """Probabilities of `monotonic_attention`; the score has a trained bias."""

    def _set(self, scope, noise, seed, bias, mode):
        self._scope, self._bias_start = scope, bias

        def probability(score, previous):
            if noise > 0:
                normal = tf.random_normal(tf.shape(score), dtype=score.dtype, seed=seed)
                score += noise * normal
            chosen = tf.cast(score > 0, score.dtype) if mode == "hard" else tf.sigmoid(score)
            return monotonic_attention(chosen, previous, mode)

        self._probability = probability

    def _biased(self, score):
        return score + tf.get_variable(
            "attention_score_bias", dtype=score.dtype, initializer=self._bias_start
        )

    def initial_alignments(self, batch_size, dtype):
        """The first probabilities: 1 at the first place."""
        first = tf.zeros([batch_size], tf.int32)
        return tf.one_hot(first, self.alignments_size, dtype=dtype)


class LuongMonotonicAttention(_Monotonic, LuongAttention):
    """`LuongAttention` that only moves forward."""

    def __init__(
        self,
        num_units,
        memory,
        memory_sequence_length=None,
        scale=False,
        score_mask_value=None,
        sigmoid_noise=0.0,
        sigmoid_noise_seed=None,
        score_bias_init=0.0,
        mode="parallel",
        dtype=None,
        name="LuongMonotonicAttention",
    ):
        LuongAttention.__init__(
            self,
            num_units,
            memory,
            memory_sequence_length,
            scale,
            score_mask_value=score_mask_value,
            dtype=dtype,
            name=name,
        )
        scope = "luong_monotonic_attention"
        self._set(scope, sigmoid_noise, sigmoid_noise_seed, score_bias_init, mode)


class BahdanauMonotonicAttention(_Monotonic, BahdanauAttention):
    """`BahdanauAttention` that only moves forward."""

    def __init__(
        self,
        num_units,
        memory,
        memory_sequence_length=None,
        normalize=False,
        score_mask_value=None,
        sigmoid_noise=0.0,
        sigmoid_noise_seed=None,
        score_bias_init=0.0,
        mode="parallel",
        dtype=None,
        name="BahdanauMonotonicAttention",
    ):
        BahdanauAttention.__init__(
            self,
            num_units,
            memory,
            memory_sequence_length,
            normalize,
            score_mask_value=score_mask_value,
            dtype=dtype,
            name=name,
        )
        scope = "bahdanau_monotonic_attention"
        self._set(scope, sigmoid_noise, sigmoid_noise_seed, score_bias_init, mode)


class AttentionWrapperState(
    collections.namedtuple(
        "AttentionWrapperState",
        "cell_state attention time alignments alignment_history attention_state",
    )
):
    """The state of an `AttentionWrapper`."""

    def clone(self, **kwargs):
        """The state with other values of the same shapes."""
        return tf.nest.map_structure(
            lambda old, new: (
                with_same_shape(old, new)
                if isinstance(old, tf.Tensor) and isinstance(new, tf.Tensor)
                else new
            ),
            self,
            self._replace(**kwargs),
        )
