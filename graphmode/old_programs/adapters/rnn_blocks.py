"""tf.contrib.rnn's cells in one operation: LSTMBlockCell, LSTMBlockFusedCell, GRUBlockCell.

Today's TensorFlow has these operations, but no cells around them.
"""

import abc

from tensorflow.python.ops import gen_rnn_ops

from graphmode import tf
from graphmode.old_programs.adapters.rnn import Cell, LSTMStateTuple, lstm_sizes


def _weights(input_size, units, use_peephole, dtype):
    """The LSTM's variables as arguments of the operations."""
    zeros = tf.zeros_initializer()
    weights = {
        "w": tf.get_variable("kernel", [input_size + units, 4 * units], dtype),
        "b": tf.get_variable("bias", [4 * units], dtype, zeros),
    }
    for gate in "ifo":
        weights[f"wc{gate}"] = (
            tf.get_variable(f"w_{gate}_diag", [units], dtype)
            if use_peephole
            else tf.zeros([units], dtype)
        )
    return weights


class LSTMBlockCell(Cell):
    """LSTM in one operation."""

    def __init__(
        self,
        num_units,
        forget_bias=1.0,
        cell_clip=None,
        use_peephole=False,
        dtype=None,
        reuse=None,
        name="lstm_cell",
    ):
        super().__init__(*lstm_sizes(num_units), reuse, name, dtype)
        self._units, self._peephole = num_units, use_peephole
        clip = -1 if cell_clip is None else cell_clip
        self._settings = {"forget_bias": forget_bias, "cell_clip": clip}

    def call(self, inputs, state):
        c, h = state
        weights = _weights(int(inputs.shape[1]), self._units, self._peephole, inputs.dtype)
        _, c, _, _, _, _, h = gen_rnn_ops.lstm_block_cell(
            x=inputs, cs_prev=c, h_prev=h, use_peephole=self._peephole, **weights, **self._settings
        )
        return h, LSTMStateTuple(c, h)


class LSTMBlockWrapper(tf.layers.Layer, abc.ABC):
    """An LSTM over a whole sequence: inputs are [time, batch, size], or a list of [batch, size]."""

    @property
    @abc.abstractmethod
    def num_units(self):
        """The size of the output."""

    @abc.abstractmethod
    def _call_cell(self, inputs, initial_cell_state, initial_output, dtype, sequence_length):
        """(cell states, outputs), [time, batch, units] each."""

    def call(self, inputs, initial_state=None, dtype=None, sequence_length=None):
        """(outputs, final state); outputs after a sequence's end are zeros."""
        listed = isinstance(inputs, list)
        inputs = tf.stack(inputs) if listed else tf.convert_to_tensor(inputs)
        if initial_state is None:
            if dtype is None:
                raise ValueError("Either initial_state or dtype needs to be specified")
            initial_state = 2 * (tf.zeros([tf.shape(inputs)[1], self.num_units], dtype),)
        first_c, first_h = initial_state
        cells, outputs = self._call_cell(
            inputs, first_c, first_h, dtype or first_c.dtype, sequence_length
        )
        if sequence_length is None:
            last_c, last_h = cells[-1], outputs[-1]
        else:
            lengths = tf.cast(sequence_length, tf.int32)
            mask = tf.sequence_mask(lengths, tf.shape(inputs)[0], dtype=outputs.dtype)
            outputs *= tf.transpose(mask)[:, :, tf.newaxis]
            places = tf.stack([lengths, tf.range(tf.size(lengths))], axis=1)
            last_c, last_h = (
                tf.gather_nd(tf.concat([first[tf.newaxis], values], 0), places)
                for first, values in ((first_c, cells), (first_h, outputs))
            )
        outputs = tf.unstack(outputs) if listed else outputs
        return outputs, LSTMStateTuple(last_c, last_h)


class LSTMBlockFusedCell(LSTMBlockWrapper):
    """LSTM over a whole sequence in one operation."""

    def __init__(
        self,
        num_units,
        forget_bias=1.0,
        cell_clip=None,
        use_peephole=False,
        reuse=None,
        dtype=None,
        name="lstm_fused_cell",
    ):
        super().__init__(name=name, dtype=dtype, _reuse=reuse)
        self._units, self._peephole = num_units, use_peephole
        clip = -1 if cell_clip is None else cell_clip
        self._settings = {"forget_bias": forget_bias, "cell_clip": clip}

    @property
    def num_units(self):
        return self._units

    def _call_cell(self, inputs, initial_cell_state, initial_output, dtype, sequence_length):
        weights = _weights(int(inputs.shape[2]), self._units, self._peephole, inputs.dtype)
        longest = tf.shape(inputs)[0] if sequence_length is None else tf.reduce_max(sequence_length)
        _, cells, _, _, _, _, outputs = gen_rnn_ops.block_lstm(
            seq_len_max=tf.cast(longest, tf.int64),
            x=inputs,
            cs_prev=initial_cell_state,
            h_prev=initial_output,
            use_peephole=self._peephole,
            **weights,
            **self._settings,
        )
        return cells, outputs


class GRUBlockCell(Cell):
    """GRU in one operation."""

    _names = {"w_ru": "w_ru", "b_ru": "b_ru", "w_c": "w_c", "b_c": "b_c"}

    def __init__(self, num_units=None, cell_size=None, reuse=None, name="gru_cell"):
        if (num_units is None) == (cell_size is None):
            raise ValueError("Exactly one of num_units or cell_size must be provided.")
        self._units = cell_size if num_units is None else num_units
        super().__init__(self._units, self._units, reuse, name)

    def call(self, inputs, state):
        units, rows = self._units, int(inputs.shape[1]) + self._units
        shapes = {
            "w_ru": [rows, 2 * units],
            "b_ru": [2 * units],
            "w_c": [rows, units],
            "b_c": [units],
        }
        start = {"b_ru": tf.ones_initializer(), "b_c": tf.zeros_initializer()}
        weights = {
            key: tf.get_variable(self._names[key], shape, inputs.dtype, start.get(key))
            for key, shape in shapes.items()
        }
        _, _, _, h = gen_rnn_ops.gru_block_cell(x=inputs, h_prev=state, **weights)
        return h, h


class GRUBlockCellV2(GRUBlockCell):
    """`GRUBlockCell` with the variables' names of tf.nn.rnn_cell.GRUCell."""

    _names = {
        "w_ru": "gates/kernel",
        "b_ru": "gates/bias",
        "w_c": "candidate/kernel",
        "b_c": "candidate/bias",
    }


class FusedRNNCell(abc.ABC):
    """A network over a whole sequence in one call."""

    @abc.abstractmethod
    def __call__(self, inputs, initial_state=None, dtype=None, sequence_length=None, scope=None):
        """(outputs, final state) of inputs [time, batch, size]."""


class FusedRNNCellAdaptor(FusedRNNCell):
    """A cell as a `FusedRNNCell`."""

    def __init__(self, cell, use_dynamic_rnn=False):
        self._cell, self._dynamic = cell, use_dynamic_rnn

    def __call__(self, inputs, initial_state=None, dtype=None, sequence_length=None, scope=None):
        listed = isinstance(inputs, list)
        settings = {
            "initial_state": initial_state,
            "dtype": dtype,
            "sequence_length": sequence_length,
            "scope": scope,
        }
        if self._dynamic:
            inputs = tf.stack(inputs) if listed else inputs
            outputs, state = tf.nn.dynamic_rnn(self._cell, inputs, time_major=True, **settings)
            return tf.unstack(outputs) if listed else outputs, state
        inputs = inputs if listed else tf.unstack(inputs)
        outputs, state = tf.nn.static_rnn(self._cell, inputs, **settings)
        return outputs if listed else tf.stack(outputs), state


class TimeReversedFusedRNN(FusedRNNCell):
    """A `FusedRNNCell` that reads the sequences backward."""

    def __init__(self, cell):
        self._cell = cell

    def __call__(self, inputs, initial_state=None, dtype=None, sequence_length=None, scope=None):
        def reverse(values):
            if isinstance(values, list):
                return values[::-1]
            if sequence_length is None:
                return tf.reverse(values, [0])
            return tf.reverse_sequence(values, sequence_length, seq_axis=0, batch_axis=1)

        outputs, state = self._cell(
            reverse(inputs),
            initial_state=initial_state,
            dtype=dtype,
            sequence_length=sequence_length,
            scope=scope,
        )
        return reverse(outputs), state
