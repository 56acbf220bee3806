"""tf.contrib.rnn's cells with other gates than LSTM's, each after the paper that its name says."""

import numpy as np

from graphmode import tf
from graphmode.old_programs.adapters.rnn import Cell, LSTMStateTuple, _linear, lstm_sizes


class NASCell(Cell):
    """The cell that architecture search found (Zoph and Le 2016)."""

    def __init__(self, num_units, num_proj=None, use_bias=False, reuse=None, **kwargs):
        super().__init__(*lstm_sizes(num_units, num_proj), reuse, **kwargs)
        self._units, self._projection, self._bias = num_units, num_proj, use_bias

    def call(self, inputs, state):
        c, m = state
        wide, dtype = 8 * self._units, inputs.dtype
        recurrent = tf.get_variable("recurrent_kernel", [self.output_size, wide], dtype)
        kernel = tf.get_variable("kernel", [inputs.shape[1], wide], dtype)
        from_state, from_input = tf.matmul(m, recurrent), tf.matmul(inputs, kernel)
        if self._bias:
            bias = tf.get_variable("bias", [wide], dtype, tf.zeros_initializer())
            from_state = tf.nn.bias_add(from_state, bias)
        parts = list(zip(tf.split(from_input, 8, 1), tf.split(from_state, 8, 1)))
        a = [
            function(x * y if number == 3 else x + y)
            for number, (function, (x, y)) in enumerate(
                zip(
                    (tf.sigmoid, tf.nn.relu, tf.sigmoid, tf.nn.relu)
                    + (tf.tanh, tf.sigmoid, tf.tanh, tf.sigmoid),
                    parts,
                )
            )
        ]
        c = tf.tanh(tf.tanh(a[0] * a[1]) + c) * tf.tanh(a[2] + a[3])
        m = tf.tanh(c * tf.tanh(tf.tanh(a[4] * a[5]) + tf.sigmoid(a[6] + a[7])))
        if self._projection is not None:
            shape = [self._units, self._projection]
            m = tf.matmul(m, tf.get_variable("projection_weights", shape, dtype))
        return m, LSTMStateTuple(c, m)


class UGRNNCell(Cell):
    """Update gate RNN (Collins et al. 2016)."""

    def __init__(
        self, num_units, initializer=None, forget_bias=1.0, activation=tf.tanh, reuse=None
    ):
        super().__init__(num_units, num_units, reuse)
        self._initializer, self._forget_bias = initializer, forget_bias
        self._activation = activation

    def call(self, inputs, state):
        with tf.variable_scope(tf.get_variable_scope(), initializer=self._initializer):
            joined = tf.concat([inputs, state], 1)
            gate, candidate = tf.split(_linear(joined, 2 * self.output_size, True), 2, 1)
        gate = tf.sigmoid(gate + self._forget_bias)
        state = gate * state + (1 - gate) * self._activation(candidate)
        return state, state


class IntersectionRNNCell(Cell):
    """Intersection RNN, with gates in depth, too (Collins et al. 2016)."""

    def __init__(
        self,
        num_units,
        num_in_proj=None,
        initializer=None,
        forget_bias=1.0,
        y_activation=tf.nn.relu,
        reuse=None,
    ):
        super().__init__(num_units, num_units, reuse)
        self._initializer, self._forget_bias = initializer, forget_bias
        self._projects, self._activation = num_in_proj, y_activation

    def call(self, inputs, state):
        units = self.output_size
        with tf.variable_scope(tf.get_variable_scope(), initializer=self._initializer):
            if int(inputs.shape[1]) != units:
                if not self._projects:
                    raise ValueError(
                        "Must have input size == output size for Intersection RNN. To fix, "
                        "num_in_proj should be set to num_units at cell init."
                    )
                with tf.variable_scope("in_projection"):
                    inputs = _linear(inputs, units, True)
            values = _linear(tf.concat([inputs, state], 1), 4 * units, True)
        gate_h, h, gate_y, y = tf.split(values, 4, 1)
        gate_h, gate_y = (tf.sigmoid(gate + self._forget_bias) for gate in (gate_h, gate_y))
        state = gate_h * state + (1 - gate_h) * tf.tanh(h)
        return gate_y * inputs + (1 - gate_y) * self._activation(y), state


class PhasedLSTMCell(Cell):
    """LSTM whose units open in rhythms (Neil et al. 2016): inputs are (times, values)."""

    def __init__(
        self,
        num_units,
        use_peepholes=False,
        leak=0.001,
        ratio_on=0.1,
        trainable_ratio_on=True,
        period_init_min=1.0,
        period_init_max=1000.0,
        reuse=None,
    ):
        super().__init__(*lstm_sizes(num_units), reuse)
        self._peepholes, self._leak = use_peepholes, leak
        self._ratio, self._trainable = ratio_on, trainable_ratio_on
        self._log_periods = np.log([period_init_min, period_init_max])

    def call(self, inputs, state):
        (time, x), (c_prev, h_prev), units = inputs, state, self.output_size
        with tf.variable_scope("mask_gates"):
            seen = [x, h_prev, c_prev] if self._peepholes else [x, h_prev]
            i, f = tf.split(tf.sigmoid(_linear(seen, 2 * units, True)), 2, 1)
        with tf.variable_scope("new_input"):
            c = c_prev * f + i * tf.tanh(_linear([x, h_prev], units, True))
        with tf.variable_scope("output_gate"):
            seen = [x, h_prev, c] if self._peepholes else [x, h_prev]
            h = tf.tanh(c) * tf.sigmoid(_linear(seen, units, True))
        openness, ratio = self._cycle(time, units)
        up = 2 * openness / ratio
        k = tf.where(openness < ratio, 2 - up, self._leak * openness)
        k = tf.where(openness < 0.5 * ratio, up, k)
        c, h = k * c + (1 - k) * c_prev, k * h + (1 - k) * h_prev
        return h, LSTMStateTuple(c, h)

    def _cycle(self, time, units):
        """Where in its period each unit is, 0 to 1, and the part of it that is open."""

        def periods(shape, dtype=tf.float32, partition_info=None):
            return tf.exp(tf.random_uniform(shape, *self._log_periods, dtype))

        period = tf.get_variable("period", [units], initializer=periods)
        phase = tf.get_variable(
            "phase", [units], initializer=tf.random_uniform_initializer(0.0, period.initial_value)
        )
        ratio = tf.get_variable(
            "ratio_on",
            [units],
            initializer=tf.constant_initializer(self._ratio),
            trainable=self._trainable,
        )
        shifted, period = time - tf.cast(phase, time.dtype), tf.cast(period, time.dtype)
        # The gradient is that of the time: the remainder is constant between its jumps.
        place = tf.stop_gradient(tf.mod(shifted, period) - shifted) + shifted
        return tf.cast(place / period, tf.float32), ratio


class GLSTMCell(Cell):
    """LSTM in groups that do not see each other (Kuchaiev and Ginsburg 2017)."""

    def __init__(
        self,
        num_units,
        initializer=None,
        num_proj=None,
        number_of_groups=1,
        forget_bias=1.0,
        activation=tf.tanh,
        reuse=None,
    ):
        super().__init__(*lstm_sizes(num_units, num_proj), reuse)
        if num_units % number_of_groups or (num_proj or 0) % number_of_groups:
            raise ValueError("num_units and num_proj must be divisible by number_of_groups")
        self._units, self._projection, self._groups = num_units, num_proj, number_of_groups
        self._initializer, self._forget_bias = initializer, forget_bias
        self._activation = activation

    def call(self, inputs, state):
        c, m = state
        if int(inputs.shape[1]) % self._groups:
            raise ValueError(
                f"input size ({inputs.shape[1]}) must be divisible by number_of_groups "
                f"({self._groups})"
            )
        with tf.variable_scope(tf.get_variable_scope(), initializer=self._initializer):
            gates = []
            pairs = zip(tf.split(inputs, self._groups, 1), tf.split(m, self._groups, 1))
            for number, pair in enumerate(pairs):
                with tf.variable_scope(f"group{number}"):
                    size = 4 * self._units // self._groups
                    gates.append(tf.split(_linear(tf.concat(pair, 1), size, False), 4, 1))
            i, j, f, o = (
                tf.nn.bias_add(
                    tf.concat(parts, 1),
                    tf.get_variable(
                        f"bias_{name}", [self._units], inputs.dtype, tf.zeros_initializer()
                    ),
                )
                for name, parts in zip("ijfo", zip(*gates))
            )
            c = tf.sigmoid(f + self._forget_bias) * c + tf.sigmoid(i) * tf.tanh(j)
            m = tf.sigmoid(o) * self._activation(c)
        if self._projection is not None:
            with tf.variable_scope("projection"):
                m = _linear(m, self._projection, False)
        return m, LSTMStateTuple(c, m)


class SRUCell(Cell):
    """Simple recurrent unit (Lei and Zhang 2017)."""

    def __init__(self, num_units, activation=None, reuse=None, name=None, **kwargs):
        super().__init__(num_units, num_units, reuse, name, **kwargs)
        self._activation = activation or tf.tanh

    def call(self, inputs, state):
        units = self.output_size
        kernel = tf.get_variable("kernel", [inputs.shape[1], 4 * units], inputs.dtype)
        bias = tf.get_variable("bias", [2 * units], inputs.dtype, tf.zeros_initializer())
        candidate, f, r, through = tf.split(tf.matmul(inputs, kernel), 4, 1)
        gates = tf.sigmoid(tf.nn.bias_add(tf.concat([f, r], 1), bias))
        f, r = tf.split(gates, 2, 1)
        c = f * state + (1 - f) * candidate
        return r * self._activation(c) + (1 - r) * through, c


def _independent(inputs, state, copies, names, initializers=(None, None)):
    """inputs * matrix + state * vector + bias: units see only their own state (Li et al. 2018)."""
    width = copies * int(state.shape[1])
    uniform = tf.random_uniform_initializer(-1, 1)
    kernel, recurrent, bias = names
    result = tf.matmul(
        inputs, tf.get_variable(kernel, [inputs.shape[1], width], inputs.dtype, initializers[0])
    )
    result += tf.tile(state, [1, copies]) * tf.get_variable(
        recurrent, [1, width], inputs.dtype, uniform
    )
    start = initializers[1] or tf.zeros_initializer()
    return tf.nn.bias_add(result, tf.get_variable(bias, [width], inputs.dtype, start))


class IndRNNCell(Cell):
    """Independently recurrent RNN."""

    def __init__(self, num_units, activation=None, reuse=None, name=None, dtype=None):
        super().__init__(num_units, num_units, reuse, name, dtype)
        self._activation = activation or tf.tanh

    def call(self, inputs, state):
        names = "kernel_w", "kernel_u", "bias"
        state = self._activation(_independent(inputs, state, 1, names))
        return state, state


class IndyGRUCell(Cell):
    """Independently recurrent GRU."""

    def __init__(
        self,
        num_units,
        activation=None,
        reuse=None,
        kernel_initializer=None,
        bias_initializer=None,
        name=None,
        dtype=None,
    ):
        super().__init__(num_units, num_units, reuse, name, dtype)
        self._activation = activation or tf.tanh
        self._initializers = kernel_initializer, bias_initializer

    def call(self, inputs, state):
        kernel, bias = self._initializers
        names = "gates/kernel_w", "gates/kernel_u", "gates/bias"
        gates = _independent(inputs, state, 2, names, (kernel, bias or tf.ones_initializer()))
        r, u = tf.split(tf.sigmoid(gates), 2, 1)
        names = "candidate/kernel", "candidate/kernel_u", "candidate/bias"
        candidate = _independent(inputs, r * state, 1, names, (kernel, bias))
        state = u * state + (1 - u) * self._activation(candidate)
        return state, state


class IndyLSTMCell(Cell):
    """Independently recurrent LSTM (Gonnet and Deselaers 2019)."""

    def __init__(
        self,
        num_units,
        forget_bias=1.0,
        activation=None,
        reuse=None,
        kernel_initializer=None,
        bias_initializer=None,
        name=None,
        dtype=None,
    ):
        super().__init__(*lstm_sizes(num_units), reuse, name, dtype)
        self._forget_bias, self._activation = forget_bias, activation or tf.tanh
        self._initializers = kernel_initializer, bias_initializer

    def call(self, inputs, state):
        c, h = state
        names = "kernel_w", "kernel_u", "bias"
        gates = _independent(inputs, h, 4, names, self._initializers)
        i, j, f, o = tf.split(gates, 4, 1)
        c = c * tf.sigmoid(f + self._forget_bias) + tf.sigmoid(i) * self._activation(j)
        h = self._activation(c) * tf.sigmoid(o)
        return h, LSTMStateTuple(c, h)


class ConvLSTMCell(Cell):
    """Convolutional LSTM (Shi et al. 2015). The output is the state h, with the input if asked."""

    def __init__(
        self,
        conv_ndims,
        input_shape,
        output_channels,
        kernel_shape,
        use_bias=True,
        skip_connection=False,
        forget_bias=1.0,
        initializers=None,
        name="conv_lstm_cell",
    ):
        if conv_ndims != len(input_shape) - 1:
            raise ValueError(f"Invalid input_shape {input_shape} for conv_ndims={conv_ndims}.")
        inner, channels = list(input_shape[:-1]), output_channels
        size = tf.TensorShape([*inner, channels])
        output = tf.TensorShape([*inner, channels + (input_shape[-1] if skip_connection else 0)])
        super().__init__(LSTMStateTuple(size, size), output, name=name)
        self._dims, self._channels, self._kernel = conv_ndims, channels, list(kernel_shape)
        self._bias, self._skip, self._forget_bias = use_bias, skip_connection, forget_bias

    def call(self, inputs, state, scope=None):
        c, h = state
        joined = tf.concat([inputs, h], -1)
        shape = [*self._kernel, joined.shape[-1], 4 * self._channels]
        kernel = tf.get_variable("kernel", shape, inputs.dtype)
        gates = tf.nn.convolution(joined, kernel, padding="SAME")
        if self._bias:
            gates += tf.get_variable("biases", shape[-1:], inputs.dtype, tf.zeros_initializer())
        i, j, f, o = tf.split(gates, 4, self._dims + 1)
        c = tf.sigmoid(f + self._forget_bias) * c + tf.sigmoid(i) * tf.tanh(j)
        output = tf.tanh(c) * tf.sigmoid(o)
        output = tf.concat([output, inputs], -1) if self._skip else output
        return output, LSTMStateTuple(c, output)


class Conv1DLSTMCell(ConvLSTMCell):
    """`ConvLSTMCell` for [batch, width, channels]."""

    def __init__(self, name="conv_1d_lstm_cell", **kwargs):
        super().__init__(conv_ndims=1, name=name, **kwargs)


class Conv2DLSTMCell(ConvLSTMCell):
    """`ConvLSTMCell` for [batch, height, width, channels]."""

    def __init__(self, name="conv_2d_lstm_cell", **kwargs):
        super().__init__(conv_ndims=2, name=name, **kwargs)


class Conv3DLSTMCell(ConvLSTMCell):
    """`ConvLSTMCell` for [batch, depth, height, width, channels]."""

    def __init__(self, name="conv_3d_lstm_cell", **kwargs):
        super().__init__(conv_ndims=3, name=name, **kwargs)
