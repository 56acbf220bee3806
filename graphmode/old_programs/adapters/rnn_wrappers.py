"""tf.contrib.rnn's wrappers: projections, embeddings, highways and attention around a cell."""

from graphmode import tf
from graphmode.old_programs.adapters.rnn import _linear


class _Wrapper(tf.nn.rnn_cell.RNNCell):
    """A cell around a cell, with its sizes."""

    def __init__(self, cell, reuse=None, **kwargs):
        super().__init__(_reuse=reuse, **kwargs)
        self._cell = cell

    @property
    def state_size(self):
        return self._cell.state_size

    @property
    def output_size(self):
        return self._cell.output_size

    def zero_state(self, batch_size, dtype):
        with tf.name_scope(f"{type(self).__name__}ZeroState"):
            return self._cell.zero_state(batch_size, dtype)


class EmbeddingWrapper(_Wrapper):
    """The inputs are words, whose vectors the cell gets."""

    def __init__(self, cell, embedding_classes, embedding_size, initializer=None, reuse=None):
        super().__init__(cell, reuse)
        if embedding_classes <= 0 or embedding_size <= 0:
            raise ValueError(
                "Both embedding_classes and embedding_size must be > 0: "
                f"{embedding_classes}, {embedding_size}."
            )
        self._shape, self._initializer = [embedding_classes, embedding_size], initializer

    def call(self, inputs, state):
        initializer = (
            self._initializer
            or tf.get_variable_scope().initializer
            or tf.random_uniform_initializer(-(3**0.5), 3**0.5)
        )
        dtype = tf.nest.flatten(state)[0].dtype
        table = tf.get_variable("embedding", self._shape, dtype, initializer)
        return self._cell(tf.nn.embedding_lookup(table, tf.reshape(inputs, [-1])), state)


class InputProjectionWrapper(_Wrapper):
    """A linear map before the cell."""

    def __init__(self, cell, num_proj, activation=None, input_size=None, reuse=None):
        super().__init__(cell, reuse)
        self._size, self._activation = num_proj, activation

    def call(self, inputs, state):
        projected = _linear(inputs, self._size, True)
        return self._cell(self._activation(projected) if self._activation else projected, state)


class OutputProjectionWrapper(_Wrapper):
    """A linear map after the cell."""

    def __init__(self, cell, output_size, activation=None, reuse=None):
        super().__init__(cell, reuse)
        if output_size < 1:
            raise ValueError(f"Parameter output_size must be > 0: {output_size}.")
        self._size, self._activation = output_size, activation

    @property
    def output_size(self):
        return self._size

    def call(self, inputs, state):
        output, state = self._cell(inputs, state)
        projected = _linear(output, self._size, True)
        return self._activation(projected) if self._activation else projected, state


class HighwayWrapper(_Wrapper):
    """A mixture of the input and the output (Srivastava et al. 2015)."""

    def __init__(self, cell, couple_carry_transform_gates=True, carry_bias_init=1.0):
        super().__init__(cell)
        self._coupled, self._start = couple_carry_transform_gates, carry_bias_init

    def _gate(self, name, values, start):
        size = int(values.shape[1])
        kernel = tf.get_variable(f"{name}_w", [size, size])
        bias = tf.get_variable(f"{name}_b", [size], initializer=tf.constant_initializer(start))
        return tf.sigmoid(tf.nn.xw_plus_b(values, kernel, bias))

    def _mix(self, inputs, outputs):
        inputs.shape.assert_is_compatible_with(outputs.shape)
        carry = self._gate("carry", inputs, self._start)
        rest = 1 - carry if self._coupled else self._gate("transform", inputs, -self._start)
        return inputs * carry + outputs * rest

    def __call__(self, inputs, state, scope=None):
        # Not `call`: the variables are beside the cell's, without a scope of this class.
        outputs, state = self._cell(inputs, state, scope=scope)
        return tf.nest.map_structure(self._mix, inputs, outputs), state


class CompiledWrapper(_Wrapper):
    """The cell itself: XLA compiled it in TensorFlow 1, which changes its speed only."""

    def __init__(self, cell, compile_stateful=False):
        super().__init__(cell)

    def __call__(self, inputs, state, scope=None):
        return self._cell(inputs, state, scope=scope)


class AttentionCellWrapper(_Wrapper):
    """Attention over the last `attn_length` outputs (Bahdanau et al. 2014)."""

    def __init__(
        self,
        cell,
        attn_length,
        attn_size=None,
        attn_vec_size=None,
        input_size=None,
        state_is_tuple=True,
        reuse=None,
    ):
        super().__init__(cell, reuse)
        if tf.nest.is_nested(cell.state_size) and not state_is_tuple:
            raise ValueError(
                "Cell returns tuple of states, but the flag state_is_tuple is not set. "
                f"State size is: {cell.state_size}"
            )
        if attn_length <= 0:
            raise ValueError(f"attn_length should be greater than zero, got {attn_length}")
        self._length, self._size = attn_length, attn_size or cell.output_size
        self._vector, self._input_size = attn_vec_size or self._size, input_size
        self._tuple = state_is_tuple

    @property
    def state_size(self):
        sizes = self._cell.state_size, self._size, self._size * self._length
        return sizes if self._tuple else sum(sizes)

    @property
    def output_size(self):
        return self._size

    def zero_state(self, batch_size, dtype):
        return tf.nn.rnn_cell.RNNCell.zero_state(self, batch_size, dtype)

    def call(self, inputs, state):
        if not self._tuple:
            sizes = [self._cell.state_size, self._size, self._size * self._length]
            state = tf.split(state, sizes, 1)
        state, attention, outputs = state
        outputs = tf.reshape(outputs, [-1, self._length, self._size])
        inputs = _linear([inputs, attention], self._input_size or int(inputs.shape[1]), True)
        output, state = self._cell(inputs, state)
        query = tf.concat(tf.nest.flatten(state), 1) if self._tuple else state
        attention = self._attend(query, outputs)
        with tf.variable_scope("attn_output_projection"):
            output = _linear([output, attention], self._size, True)
        outputs = tf.concat([outputs[:, 1:], output[:, tf.newaxis]], 1)
        states = state, attention, tf.reshape(outputs, [-1, self._length * self._size])
        return output, states if self._tuple else tf.concat(states, 1)

    def _attend(self, query, outputs):
        """The mean of the outputs, weighted by how well they fit the query."""
        with tf.variable_scope("attention"):
            kernel = tf.get_variable("attn_w", [1, 1, self._size, self._vector])
            vector = tf.get_variable("attn_v", [self._vector])
            keys = tf.einsum("bts,sv->btv", outputs, kernel[0, 0])
            query = _linear(query, self._vector, True)[:, tf.newaxis]
            fits = tf.nn.softmax(tf.reduce_sum(vector * tf.tanh(keys + query), 2))
        return tf.reduce_sum(fits[:, :, tf.newaxis] * outputs, 1)
