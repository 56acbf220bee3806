"""tf.contrib.seq2seq.AttentionWrapper: a cell that attends to memories."""

from graphmode import tf
from graphmode.old_programs.adapters.attention import AttentionMechanism, AttentionWrapperState

_BATCH = (
    "Non-matching batch sizes between the memory (encoder output) and the state. Are you using "
    "the BeamSearchDecoder? You may need to tile your initial state via the "
    "tf.contrib.seq2seq.tile_batch function with argument multiplier=beam_width."
)


def _compute_attention(attention_mechanism, cell_output, attention_state, attention_layer):
    """(attention, probabilities, next state) of a cell's output."""
    alignments, state = attention_mechanism(cell_output, state=attention_state)
    context = tf.matmul(alignments[:, tf.newaxis], attention_mechanism.values)[:, 0]
    if attention_layer is not None:
        context = attention_layer(tf.concat([cell_output, context], 1))
    return context, alignments, state


def _tuple(value):
    return tuple(value) if isinstance(value, (list, tuple)) else (value,)


class AttentionWrapper(tf.nn.rnn_cell.RNNCell):
    """A cell whose input is joined with the attention of the last step, and whose output is it."""

    def __init__(
        self,
        cell,
        attention_mechanism,
        attention_layer_size=None,
        alignment_history=False,
        cell_input_fn=None,
        output_attention=True,
        initial_cell_state=None,
        name=None,
        attention_layer=None,
        attention_fn=None,
        dtype=None,
    ):
        super().__init__(name=name, dtype=dtype)
        self._is_multi = isinstance(attention_mechanism, (list, tuple))
        self._mechanisms = _tuple(attention_mechanism)
        for mechanism in self._mechanisms:
            if not isinstance(mechanism, AttentionMechanism):
                raise TypeError(
                    "attention_mechanism must be an AttentionMechanism or a list of them, saw "
                    f"type: {type(mechanism).__name__}"
                )
        if attention_layer_size is not None and attention_layer is not None:
            raise ValueError("Only one of attention_layer_size and attention_layer should be set")
        self._cell, self._history = cell, alignment_history
        self._attention_fn = attention_fn or _compute_attention
        self._input_fn = cell_input_fn or (
            lambda inputs, attention: tf.concat([inputs, attention], -1)
        )
        self._output_attention = output_attention
        self._set_layers(attention_layer_size, attention_layer)
        self._initial_cell_state = None
        if initial_cell_state is not None:
            last = tf.nest.flatten(initial_cell_state)[-1]
            self._initial_cell_state = self._checked(initial_cell_state, tf.shape(last)[0])

    def _set_layers(self, sizes, layers):
        width = [int(mechanism.values.shape[-1]) for mechanism in self._mechanisms]
        if sizes is not None:
            width = _tuple(sizes)
            if len(width) != len(self._mechanisms):
                raise ValueError(
                    "If provided, attention_layer_size must contain exactly one integer per "
                    f"attention_mechanism, saw: {len(width)} vs {len(self._mechanisms)}"
                )
            layers = [
                tf.layers.Dense(size, name="attention_layer", use_bias=False, dtype=one.dtype)
                for size, one in zip(width, self._mechanisms)
            ]
        elif layers is not None:
            layers = _tuple(layers)
            width = [
                int(layer.compute_output_shape([None, self._cell.output_size + size])[-1])
                for layer, size in zip(layers, width)
            ]
        self._attention_layers = tuple(layers or [None] * len(self._mechanisms))
        self._attention_size = sum(width)

    def _checked(self, values, batch_size):
        checks = [
            tf.assert_equal(batch_size, one.batch_size, message=_BATCH) for one in self._mechanisms
        ]
        with tf.control_dependencies(checks):
            return tf.nest.map_structure(tf.identity, values)

    def _item_or_tuple(self, values):
        values = tuple(values)
        return values if self._is_multi else values[0]

    @property
    def output_size(self):
        return self._attention_size if self._output_attention else self._cell.output_size

    @property
    def state_size(self):
        sizes = self._item_or_tuple(one.alignments_size for one in self._mechanisms)
        empty = self._item_or_tuple(() for _ in self._mechanisms)
        return AttentionWrapperState(
            cell_state=self._cell.state_size,
            attention=self._attention_size,
            time=tf.TensorShape([]),
            alignments=sizes,
            alignment_history=sizes if self._history else empty,
            attention_state=self._item_or_tuple(one.state_size for one in self._mechanisms),
        )

    def zero_state(self, batch_size, dtype):
        """The first state."""
        with tf.name_scope("AttentionWrapperZeroState"):
            state = self._initial_cell_state
            if state is None:
                state = self._cell.zero_state(batch_size, dtype)
            first = [one.initial_alignments(batch_size, dtype) for one in self._mechanisms]
            attention = tf.zeros([batch_size, self._attention_size], dtype)
            return AttentionWrapperState(
                cell_state=self._checked(state, batch_size),
                attention=attention,
                time=tf.zeros([], tf.int32),
                alignments=self._item_or_tuple(first),
                alignment_history=self._item_or_tuple(
                    tf.TensorArray(dtype, 0, dynamic_size=True, element_shape=one.shape)
                    if self._history
                    else ()
                    for one in first
                ),
                attention_state=self._item_or_tuple(
                    one.initial_state(batch_size, dtype) for one in self._mechanisms
                ),
            )

    def call(self, inputs, state):
        if not isinstance(state, AttentionWrapperState):
            raise TypeError(
                "Expected state to be instance of AttentionWrapperState. Received type "
                f"{type(state)} instead."
            )
        output, cell_state = self._cell(self._input_fn(inputs, state.attention), state.cell_state)
        output = self._checked(output, tf.shape(output)[0])
        states, histories = state.attention_state, state.alignment_history
        if not self._is_multi:
            states, histories = [states], [histories]
        attentions, alignments, next_states, next_histories = [], [], [], []
        for parts in zip(self._mechanisms, states, self._attention_layers, histories):
            mechanism, before, layer, history = parts
            attention, alignment, after = self._attention_fn(mechanism, output, before, layer)
            attentions.append(attention)
            alignments.append(alignment)
            next_states.append(after)
            next_histories.append(history.write(state.time, alignment) if self._history else ())
        attention = tf.concat(attentions, 1)
        following = AttentionWrapperState(
            cell_state=cell_state,
            attention=attention,
            time=state.time + 1,
            alignments=self._item_or_tuple(alignments),
            alignment_history=self._item_or_tuple(next_histories),
            attention_state=self._item_or_tuple(next_states),
        )
        return attention if self._output_attention else output, following
