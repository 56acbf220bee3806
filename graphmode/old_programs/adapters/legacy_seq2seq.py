"""tf.contrib.legacy_seq2seq: translation with lists of time steps (Sutskever 2014, Bahdanau 2014).

More than sixty lines: chat and translation programs of 2016 and 2017 stand on these functions, and
no package of today has them. Inputs are lists of [batch] words or [batch, size] vectors.
"""

import copy

from graphmode import tf
from graphmode.old_programs.adapters.rnn import _linear
from graphmode.old_programs.adapters.rnn_wrappers import EmbeddingWrapper, OutputProjectionWrapper


def _extract_argmax_and_embed(embedding, output_projection=None, update_embedding=True):
    """A loop function: the vector of the most likely word is the next input."""

    def loop_function(previous, _):
        if output_projection is not None:
            previous = tf.nn.xw_plus_b(previous, *output_projection)
        words = tf.nn.embedding_lookup(embedding, tf.argmax(previous, 1))
        return words if update_embedding else tf.stop_gradient(words)

    return loop_function


def rnn_decoder(decoder_inputs, initial_state, cell, loop_function=None, scope=None):
    """(outputs, state) of a cell; `loop_function` makes an input of the last output."""
    with tf.variable_scope(scope or "rnn_decoder"):
        state, outputs = initial_state, []
        for number, inputs in enumerate(decoder_inputs):
            if loop_function is not None and outputs:
                with tf.variable_scope("loop_function", reuse=True):
                    inputs = loop_function(outputs[-1], number)
            if number:
                tf.get_variable_scope().reuse_variables()
            output, state = cell(inputs, state)
            outputs.append(output)
    return outputs, state


def basic_rnn_seq2seq(encoder_inputs, decoder_inputs, cell, dtype=tf.float32, scope=None):
    """A cell that encodes, and a copy of it that decodes."""
    with tf.variable_scope(scope or "basic_rnn_seq2seq"):
        _, state = tf.nn.static_rnn(copy.deepcopy(cell), encoder_inputs, dtype=dtype)
        return rnn_decoder(decoder_inputs, state, cell)


def tied_rnn_seq2seq(
    encoder_inputs, decoder_inputs, cell, loop_function=None, dtype=tf.float32, scope=None
):
    """One cell that encodes and decodes."""
    with tf.variable_scope("combined_tied_rnn_seq2seq"):
        scope = scope or "tied_rnn_seq2seq"
        _, state = tf.nn.static_rnn(cell, encoder_inputs, dtype=dtype, scope=scope)
        tf.get_variable_scope().reuse_variables()
        return rnn_decoder(decoder_inputs, state, cell, loop_function, scope)


def embedding_rnn_decoder(
    decoder_inputs,
    initial_state,
    cell,
    num_symbols,
    embedding_size,
    output_projection=None,
    feed_previous=False,
    update_embedding_for_previous=True,
    scope=None,
):
    """A decoder of words: `feed_previous` makes each output the next input."""
    with tf.variable_scope(scope or "embedding_rnn_decoder") as inner:
        if output_projection is not None:
            inner.set_dtype(output_projection[1].dtype.base_dtype)
        table = tf.get_variable("embedding", [num_symbols, embedding_size])
        loop = (
            _extract_argmax_and_embed(table, output_projection, update_embedding_for_previous)
            if feed_previous
            else None
        )
        inputs = [tf.nn.embedding_lookup(table, words) for words in decoder_inputs]
        return rnn_decoder(inputs, initial_state, cell, loop)


def _either(feed_previous, decode, state):
    """Decodes with a Python bool, or with a bool tensor by tf.cond."""
    if isinstance(feed_previous, bool):
        return decode(feed_previous, None)

    def branch(previous, reuse):
        outputs, state = decode(previous, reuse)
        return [*outputs, *tf.nest.flatten(state)]

    values = tf.cond(feed_previous, lambda: branch(True, None), lambda: branch(False, True))
    cut = len(values) - len(tf.nest.flatten(state))
    return values[:cut], tf.nest.pack_sequence_as(state, values[cut:])


def embedding_rnn_seq2seq(
    encoder_inputs,
    decoder_inputs,
    cell,
    num_encoder_symbols,
    num_decoder_symbols,
    embedding_size,
    output_projection=None,
    feed_previous=False,
    dtype=None,
    scope=None,
):
    """Words in, words out: (outputs, state)."""
    with tf.variable_scope(scope or "embedding_rnn_seq2seq") as outer:
        dtype = dtype or outer.dtype
        outer.set_dtype(dtype)
        encoder = EmbeddingWrapper(copy.deepcopy(cell), num_encoder_symbols, embedding_size)
        _, first = tf.nn.static_rnn(encoder, encoder_inputs, dtype=dtype)
        if output_projection is None:
            cell = OutputProjectionWrapper(cell, num_decoder_symbols)

        def decode(previous, reuse):
            with tf.variable_scope(tf.get_variable_scope(), reuse=reuse):
                return embedding_rnn_decoder(
                    decoder_inputs,
                    first,
                    cell,
                    num_decoder_symbols,
                    embedding_size,
                    output_projection,
                    previous,
                )

        return _either(feed_previous, decode, first)


def embedding_tied_rnn_seq2seq(
    encoder_inputs,
    decoder_inputs,
    cell,
    num_symbols,
    embedding_size,
    num_decoder_symbols=None,
    output_projection=None,
    feed_previous=False,
    dtype=None,
    scope=None,
):
    """`embedding_rnn_seq2seq` with one table of words and one cell."""
    with tf.variable_scope(scope or "embedding_tied_rnn_seq2seq", dtype=dtype) as outer:
        dtype = outer.dtype
        table = tf.get_variable("embedding", [num_symbols, embedding_size], dtype)
        encoder, decoder = (
            [tf.nn.embedding_lookup(table, words) for words in inputs]
            for inputs in (encoder_inputs, decoder_inputs)
        )
        if output_projection is None:
            cell = OutputProjectionWrapper(cell, num_decoder_symbols or num_symbols)

        def decode(previous, reuse):
            loop = _extract_argmax_and_embed(table, output_projection) if previous else None
            with tf.variable_scope(tf.get_variable_scope(), reuse=reuse):
                return tied_rnn_seq2seq(encoder, decoder, cell, loop, dtype)

        return _either(feed_previous, decode, cell.zero_state(1, dtype))


def attention_decoder(
    decoder_inputs,
    initial_state,
    attention_states,
    cell,
    output_size=None,
    num_heads=1,
    loop_function=None,
    dtype=None,
    scope=None,
    initial_state_attention=False,
):
    """A decoder with attention to [batch, time, size] states: (outputs, state)."""
    if not decoder_inputs or num_heads < 1:
        raise ValueError("attention_decoder needs at least one input and one head.")
    output_size = cell.output_size if output_size is None else output_size
    with tf.variable_scope(scope or "attention_decoder", dtype=dtype) as outer:
        size = int(attention_states.shape[2])
        kernels = [
            (
                tf.get_variable(f"AttnW_{head}", [1, 1, size, size]),
                tf.get_variable(f"AttnV_{head}", [size]),
            )
            for head in range(num_heads)
        ]
        keys = [tf.einsum("bts,sv->btv", attention_states, kernel[0, 0]) for kernel, _ in kernels]

        def attend(query):
            query = tf.concat(tf.nest.flatten(query), 1)
            results = []
            for head, (key, (_, vector)) in enumerate(zip(keys, kernels)):
                with tf.variable_scope(f"Attention_{head}"):
                    total = key + _linear(query, size, True)[:, tf.newaxis]
                fits = tf.nn.softmax(tf.reduce_sum(vector * tf.tanh(total), 2))
                results.append(tf.reduce_sum(fits[:, :, tf.newaxis] * attention_states, 1))
            return results

        batch = tf.shape(decoder_inputs[0])[0]
        attention = [tf.zeros([batch, size], outer.dtype) for _ in range(num_heads)]
        for one in attention:
            one.set_shape([None, size])
        attention = attend(initial_state) if initial_state_attention else attention
        state, outputs = initial_state, []
        for number, inputs in enumerate(decoder_inputs):
            if number:
                tf.get_variable_scope().reuse_variables()
            if loop_function is not None and outputs:
                with tf.variable_scope("loop_function", reuse=True):
                    inputs = loop_function(outputs[-1], number)
            # The scopes' own names keep the variables of TensorFlow 1.15.
            joined = _linear([inputs, *attention], int(inputs.shape[1]), True)
            output, state = cell(joined, state)
            reuse = True if number == 0 and initial_state_attention else None
            with tf.variable_scope(tf.get_variable_scope(), reuse=reuse):
                attention = attend(state)
            with tf.variable_scope("AttnOutputProjection"):
                outputs.append(_linear([output, *attention], output_size, True))
    return outputs, state


def embedding_attention_decoder(
    decoder_inputs,
    initial_state,
    attention_states,
    cell,
    num_symbols,
    embedding_size,
    num_heads=1,
    output_size=None,
    output_projection=None,
    feed_previous=False,
    update_embedding_for_previous=True,
    dtype=None,
    scope=None,
    initial_state_attention=False,
):
    """`attention_decoder` of words."""
    output_size = cell.output_size if output_size is None else output_size
    with tf.variable_scope(scope or "embedding_attention_decoder", dtype=dtype):
        table = tf.get_variable("embedding", [num_symbols, embedding_size])
        loop = (
            _extract_argmax_and_embed(table, output_projection, update_embedding_for_previous)
            if feed_previous
            else None
        )
        inputs = [tf.nn.embedding_lookup(table, words) for words in decoder_inputs]
        return attention_decoder(
            inputs,
            initial_state,
            attention_states,
            cell,
            output_size,
            num_heads,
            loop,
            initial_state_attention=initial_state_attention,
        )


def embedding_attention_seq2seq(
    encoder_inputs,
    decoder_inputs,
    cell,
    num_encoder_symbols,
    num_decoder_symbols,
    embedding_size,
    num_heads=1,
    output_projection=None,
    feed_previous=False,
    dtype=None,
    scope=None,
    initial_state_attention=False,
):
    """Words in, words out, with attention: (outputs, state)."""
    with tf.variable_scope(scope or "embedding_attention_seq2seq", dtype=dtype) as outer:
        encoder = EmbeddingWrapper(copy.deepcopy(cell), num_encoder_symbols, embedding_size)
        outputs, first = tf.nn.static_rnn(encoder, encoder_inputs, dtype=outer.dtype)
        states = tf.stack(outputs, 1)
        output_size = None
        if output_projection is None:
            cell = OutputProjectionWrapper(cell, num_decoder_symbols)
            output_size = num_decoder_symbols

        def decode(previous, reuse):
            with tf.variable_scope(tf.get_variable_scope(), reuse=reuse):
                return embedding_attention_decoder(
                    decoder_inputs,
                    first,
                    states,
                    cell,
                    num_decoder_symbols,
                    embedding_size,
                    num_heads,
                    output_size,
                    output_projection,
                    previous,
                    initial_state_attention=initial_state_attention,
                )

        return _either(feed_previous, decode, first)
