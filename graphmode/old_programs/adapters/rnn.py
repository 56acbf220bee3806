"""tf.contrib.rnn: the linear map inside cells, stacked bidirectional networks, and LSTM variants.

Every cell has the variables' names and shapes of TensorFlow 1.15, so its checkpoints fit.
"""

import numpy as np
import tf_slim as slim

from graphmode import tf

LSTMStateTuple = tf.nn.rnn_cell.LSTMStateTuple


class Cell(tf.nn.rnn_cell.RNNCell):
    """A cell whose sizes are given; `call` makes its variables with tf.get_variable."""

    def __init__(self, state_size, output_size, reuse=None, name=None, dtype=None, **kwargs):
        super().__init__(name=name, dtype=dtype, _reuse=reuse, **kwargs)
        self._sizes = state_size, output_size

    @property
    def state_size(self):
        return self._sizes[0]

    @property
    def output_size(self):
        return self._sizes[1]


def lstm_sizes(num_units, num_proj=None):
    """The sizes of the state and of the output of an LSTM cell."""
    return LSTMStateTuple(num_units, num_proj or num_units), num_proj or num_units


class _Linear:
    """A linear map of one or several [batch, size] tensors; its variables are made at once."""

    def __init__(
        self, args, output_size, build_bias, bias_initializer=None, kernel_initializer=None
    ):
        parts = self._parts(args)
        for part in parts:
            if part.shape.rank != 2 or part.shape.as_list()[1] is None:
                raise ValueError(f"linear expects [batch, known size] arguments, not {part.shape}")
        size = sum(int(part.shape[1]) for part in parts)
        scope = tf.get_variable_scope()
        with tf.variable_scope(scope):
            self._kernel = tf.get_variable(
                "kernel", [size, output_size], parts[0].dtype, kernel_initializer
            )
            self._bias = None
            if build_bias:
                with tf.variable_scope(scope) as inner:
                    inner.set_partitioner(None)
                    self._bias = tf.get_variable(
                        "bias",
                        [output_size],
                        parts[0].dtype,
                        bias_initializer or tf.zeros_initializer(),
                    )

    @staticmethod
    def _parts(args):
        args = list(args) if isinstance(args, (list, tuple)) else [args]
        if not args or args[0] is None:
            raise ValueError("`args` must be specified")
        return args

    def __call__(self, args):
        parts = self._parts(args)
        result = tf.matmul(parts[0] if len(parts) == 1 else tf.concat(parts, 1), self._kernel)
        return result if self._bias is None else tf.nn.bias_add(result, self._bias)


def _linear(args, output_size, bias, bias_initializer=None, kernel_initializer=None):
    """`_Linear` once. Until TensorFlow 1.1 the bias's first value was a number, not a function."""
    if isinstance(bias_initializer, (int, float)):
        bias_initializer = tf.constant_initializer(bias_initializer)
    return _Linear(args, output_size, bias, bias_initializer, kernel_initializer)(args)


def _check_stack(forward, backward, *states):
    if not isinstance(forward, list) or not isinstance(backward, list):
        raise ValueError("cells_fw and cells_bw must be lists of RNNCells (one per layer).")
    if not forward or len(forward) != len(backward):
        raise ValueError("Forward and Backward cells must have the same depth, at least one.")
    for state in states:
        if state is not None and (not isinstance(state, list) or len(state) != len(forward)):
            raise ValueError("initial_states must be a list of state tensors (one per layer).")


def stack_bidirectional_dynamic_rnn(
    cells_fw,
    cells_bw,
    inputs,
    initial_states_fw=None,
    initial_states_bw=None,
    dtype=None,
    sequence_length=None,
    parallel_iterations=None,
    time_major=False,
    scope=None,
    swap_memory=False,
):
    """Layers of bidirectional networks; each reads both outputs of the layer below.

    Returns:
        (outputs [batch, time, both sizes], forward states, backward states).
    """
    _check_stack(cells_fw, cells_bw, initial_states_fw, initial_states_bw)
    states_fw, states_bw = [], []
    with tf.variable_scope(scope or "stack_bidirectional_rnn"):
        for number, (forward, backward) in enumerate(zip(cells_fw, cells_bw)):
            with tf.variable_scope(f"cell_{number}"):
                outputs, (state_fw, state_bw) = tf.nn.bidirectional_dynamic_rnn(
                    forward,
                    backward,
                    inputs,
                    initial_state_fw=initial_states_fw and initial_states_fw[number],
                    initial_state_bw=initial_states_bw and initial_states_bw[number],
                    sequence_length=sequence_length,
                    parallel_iterations=parallel_iterations,
                    dtype=dtype,
                    swap_memory=swap_memory,
                    time_major=time_major,
                )
                inputs = tf.concat(outputs, 2)
            states_fw.append(state_fw)
            states_bw.append(state_bw)
    return inputs, tuple(states_fw), tuple(states_bw)


def stack_bidirectional_rnn(
    cells_fw,
    cells_bw,
    inputs,
    initial_states_fw=None,
    initial_states_bw=None,
    dtype=None,
    sequence_length=None,
    scope=None,
):
    """The same for a list of inputs, one for each time step."""
    _check_stack(cells_fw, cells_bw, initial_states_fw, initial_states_bw)
    states_fw, states_bw = [], []
    with tf.variable_scope(scope or "stack_bidirectional_rnn"):
        for number, (forward, backward) in enumerate(zip(cells_fw, cells_bw)):
            with tf.variable_scope(f"cell_{number}") as cell_scope:
                inputs, state_fw, state_bw = tf.nn.static_bidirectional_rnn(
                    forward,
                    backward,
                    inputs,
                    initial_state_fw=initial_states_fw and initial_states_fw[number],
                    initial_state_bw=initial_states_bw and initial_states_bw[number],
                    sequence_length=sequence_length,
                    dtype=dtype,
                    scope=cell_scope,
                )
            states_fw.append(state_fw)
            states_bw.append(state_bw)
    return inputs, tuple(states_fw), tuple(states_bw)


def _normalized(values, scope, gain, shift):
    """Layer normalization with its own gain and shift, in a scope."""
    with tf.variable_scope(scope):
        for name, start in (("gamma", gain), ("beta", shift)):
            tf.get_variable(name, values.shape[-1:], values.dtype, tf.constant_initializer(start))
    return slim.layer_norm(values, reuse=True, scope=scope)


class LayerNormBasicLSTMCell(Cell):
    """LSTM with layer normalization (Ba et al. 2016) and recurrent dropout (Semeniuta 2016)."""

    def __init__(
        self,
        num_units,
        forget_bias=1.0,
        input_size=None,
        activation=tf.tanh,
        layer_norm=True,
        norm_gain=1.0,
        norm_shift=0.0,
        dropout_keep_prob=1.0,
        dropout_prob_seed=None,
        reuse=None,
    ):
        super().__init__(*lstm_sizes(num_units), reuse)
        self._units, self._forget_bias, self._activation = num_units, forget_bias, activation
        self._norm = (norm_gain, norm_shift) if layer_norm else None
        self._keep, self._seed = dropout_keep_prob, dropout_prob_seed

    def call(self, inputs, state):
        c, h = state
        joined = tf.concat([inputs, h], 1)
        kernel = tf.get_variable("kernel", [joined.shape[-1], 4 * self._units], joined.dtype)
        gates = tf.matmul(joined, kernel)
        if not self._norm:
            gates = tf.nn.bias_add(gates, tf.get_variable("bias", [4 * self._units], joined.dtype))
        gates = tf.split(gates, 4, 1)
        if self._norm:
            scopes = ("input", "transform", "forget", "output")
            gates = [_normalized(g, scope, *self._norm) for g, scope in zip(gates, scopes)]
        i, j, f, o = gates
        candidate = self._activation(j)
        if not isinstance(self._keep, float) or self._keep < 1:
            candidate = tf.nn.dropout(candidate, self._keep, seed=self._seed)
        c = c * tf.sigmoid(f + self._forget_bias) + tf.sigmoid(i) * candidate
        if self._norm:
            c = _normalized(c, "state", *self._norm)
        h = self._activation(c) * tf.sigmoid(o)
        return h, LSTMStateTuple(c, h)


class CoupledInputForgetGateLSTMCell(Cell):
    """LSTM whose input gate is 1 - forget gate (Greff et al. 2015)."""

    def __init__(
        self,
        num_units,
        use_peepholes=False,
        initializer=None,
        num_proj=None,
        proj_clip=None,
        num_unit_shards=1,
        num_proj_shards=1,
        forget_bias=1.0,
        state_is_tuple=True,
        activation=tf.tanh,
        reuse=None,
        layer_norm=False,
        norm_gain=1.0,
        norm_shift=0.0,
    ):
        sizes, output = lstm_sizes(num_units, num_proj)
        super().__init__(sizes if state_is_tuple else sum(sizes), output, reuse)
        self._units, self._projection, self._clip = num_units, num_proj, proj_clip
        self._shards, self._projection_shards = num_unit_shards, num_proj_shards
        self._peepholes, self._forget_bias, self._activation = (
            use_peepholes,
            forget_bias,
            activation,
        )
        self._tuple, self._norm = state_is_tuple, (norm_gain, norm_shift) if layer_norm else None

    def call(self, inputs, state):
        c_prev, m_prev = (
            state if self._tuple else tf.split(state, [self._units, self.output_size], 1)
        )
        joined = tf.concat([inputs, m_prev], 1)
        kernel = sharded("W", [joined.shape[1], 3 * self._units], inputs.dtype, self._shards)
        bias = tf.get_variable("B", [3 * self._units], inputs.dtype, tf.zeros_initializer())
        gates = tf.matmul(joined, kernel)
        gates = tf.split(gates if self._norm else tf.nn.bias_add(gates, bias), 3, 1)
        if self._norm:
            scopes = ("transform", "forget", "output")
            gates = [_normalized(g, scope, *self._norm) for g, scope in zip(gates, scopes)]
        j, f, o = gates
        forget_peep, output_peep = (
            [tf.get_variable(f"W_{g}_diag", [self._units], inputs.dtype) for g in "FO"]
            if self._peepholes
            else (0.0, 0.0)
        )
        forget = tf.sigmoid(f + self._forget_bias + forget_peep * c_prev)
        c = forget * c_prev + (1 - forget) * self._activation(j)
        c = _normalized(c, "state", *self._norm) if self._norm else c
        m = tf.sigmoid(o + output_peep * c) * self._activation(c)
        if self._projection is not None:
            shape = [self._units, self._projection]
            m = tf.matmul(m, sharded("W_P", shape, inputs.dtype, self._projection_shards))
            if self._clip is not None:
                m = tf.clip_by_value(m, -self._clip, self._clip)
        return m, LSTMStateTuple(c, m) if self._tuple else tf.concat([c, m], 1)


def sharded(name, shape, dtype, shards):
    """A matrix whose rows are in several variables: name_0, name_1, ..."""
    rows = int(shape[0])
    if shards > rows:
        raise ValueError(f"Too many shards: shape={shape}, num_shards={shards}")
    parts = [
        tf.get_variable(f"{name}_{n}", [len(part), *shape[1:]], dtype)
        for n, part in enumerate(np.array_split(np.arange(rows), shards))
    ]
    return parts[0] if shards == 1 else tf.concat(parts, 0)


class TimeFreqLSTMCell(Cell):
    """LSTM over time and over windows of frequencies (Li et al. 2016)."""

    def __init__(
        self,
        num_units,
        use_peepholes=False,
        cell_clip=None,
        initializer=None,
        num_unit_shards=1,
        forget_bias=1.0,
        feature_size=None,
        frequency_skip=1,
        reuse=None,
    ):
        super().__init__(2 * num_units, num_units, reuse)
        self._units, self._peepholes, self._clip = num_units, use_peepholes, cell_clip
        self._shards, self._forget_bias = num_unit_shards, forget_bias
        self._window, self._skip = feature_size, frequency_skip

    def call(self, inputs, state):
        units, dtype = self._units, inputs.dtype
        size = int(inputs.shape[1])
        starts = range(0, size - self._window + 1, self._skip)
        shape = [self._window + 2 * units, 4 * units]
        kernel = sharded("W", shape, dtype, self._shards)
        bias = tf.get_variable("B", [4 * units], dtype, tf.zeros_initializer())
        peep = dict.fromkeys("FIO", 0.0)
        if self._peepholes:
            peep = {g: tf.get_variable(f"W_{g}_diag", [units], dtype) for g in "FIO"}
        below, made, states = tf.zeros([tf.shape(inputs)[0], units], dtype), [], []
        for number, start in enumerate(starts):
            c, m = tf.split(state[:, 2 * number * units : 2 * (number + 1) * units], 2, 1)
            joined = tf.concat([inputs[:, start : start + self._window], m, below], 1)
            i, j, f, o = tf.split(tf.nn.bias_add(tf.matmul(joined, kernel), bias), 4, 1)
            kept = tf.sigmoid(f + self._forget_bias + peep["F"] * c) * c
            c = kept + tf.sigmoid(i + peep["I"] * c) * tf.tanh(j)
            if self._clip is not None:
                c = tf.clip_by_value(c, -self._clip, self._clip)
            below = tf.sigmoid(o + peep["O"] * c) * tf.tanh(c)
            made.append(below)
            states += [c, below]
        return tf.concat(made, 1), tf.concat(states, 1)
