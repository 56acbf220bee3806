"""tf.contrib.seq2seq: decoders, helpers that feed them, and the loss of sequences.

More than sixty lines: programs of 2017 and 2018 that translate or chat stand on these classes,
and no package of today has them for graphs and sessions.
"""

import abc
import collections

from graphmode import tf

BasicDecoderOutput = collections.namedtuple("BasicDecoderOutput", ("rnn_output", "sample_id"))


def sequence_loss(
    logits,
    targets,
    weights,
    average_across_timesteps=True,
    average_across_batch=True,
    sum_over_timesteps=False,
    sum_over_batch=False,
    softmax_loss_function=None,
    name=None,
):
    """Weighted cross entropy of [batch, time, classes] logits.

    Averages divide by the sum of the weights, sums by the number of weights that are not zero.
    """
    for what, tensor, rank in (
        ("Logits", logits, 3),
        ("Targets", targets, 2),
        ("Weights", weights, 2),
    ):
        if tensor.shape.rank != rank:
            raise ValueError(f"{what} must have {rank} dimensions, not the shape {tensor.shape}")
    if average_across_timesteps and sum_over_timesteps or average_across_batch and sum_over_batch:
        raise ValueError("average_across_... and sum_over_... cannot be set to True together.")
    with tf.name_scope(name, "sequence_loss", [logits, targets, weights]):
        loss = softmax_loss_function or tf.nn.sparse_softmax_cross_entropy_with_logits
        flat = tf.reshape(logits, [-1, tf.shape(logits)[2]])
        losses = loss(labels=tf.reshape(targets, [-1]), logits=flat)
        losses = tf.reshape(losses * tf.reshape(weights, [-1]), tf.shape(logits)[:2])
        averaged = [average_across_batch, average_across_timesteps]
        summed = [sum_over_batch, sum_over_timesteps]
        chosen = averaged if any(averaged) else summed
        axes = [axis for axis in (0, 1) if chosen[axis]]
        if not axes:
            return losses
        if chosen is averaged:
            count = tf.reduce_sum(weights, axes)
        else:
            count = tf.cast(tf.count_nonzero(weights, axis=axes), losses.dtype)
        return tf.div_no_nan(tf.reduce_sum(losses, axes), count)


class Decoder(abc.ABC):
    """One step of a decoder at a time, for `dynamic_decode`."""

    @property
    def batch_size(self):
        """The number of sequences."""
        raise NotImplementedError

    @property
    def output_size(self):
        """The sizes of the outputs of a step."""
        raise NotImplementedError

    @property
    def output_dtype(self):
        """The types of the outputs of a step."""
        raise NotImplementedError

    @abc.abstractmethod
    def initialize(self, name=None):
        """(finished, first inputs, first state)."""

    @abc.abstractmethod
    def step(self, time, inputs, state, name=None):
        """(outputs, next state, next inputs, finished)."""

    def finalize(self, outputs, final_state, sequence_lengths):
        """(outputs, final state) after the last step."""
        raise NotImplementedError

    @property
    def tracks_own_finished(self):
        """Whether a finished sequence may become unfinished again, as in a beam."""
        return False


def dynamic_decode(
    decoder,
    output_time_major=False,
    impute_finished=False,
    maximum_iterations=None,
    parallel_iterations=32,
    swap_memory=False,
    scope=None,
    **kwargs,
):
    """Runs a decoder until all sequences are finished: (outputs, final state, lengths).

    Args:
        impute_finished: finished sequences keep their state, and their outputs are zeros.
    """
    del kwargs
    if not isinstance(decoder, Decoder):
        raise TypeError(f"Expected decoder to be type Decoder, but saw: {type(decoder)}")
    with tf.variable_scope(scope, "decoder"):
        finished, inputs, state = decoder.initialize()
        if maximum_iterations is not None:
            maximum_iterations = tf.convert_to_tensor(maximum_iterations, tf.int32)
            finished = tf.logical_or(finished, 0 >= maximum_iterations)
        arrays = _arrays(decoder)

        def body(time, arrays, state, inputs, finished, lengths):
            outputs, new_state, inputs, ended = decoder.step(time, inputs, state)
            if not decoder.tracks_own_finished:
                ended = tf.logical_or(ended, finished)
            lengths = tf.where(finished, lengths, tf.fill(tf.shape(lengths), time + 1))
            if impute_finished:
                outputs = tf.nest.map_structure(
                    lambda value: tf.where(finished, tf.zeros_like(value), value), outputs
                )
                new_state = tf.nest.map_structure(
                    lambda new, old: _kept(finished, old, new), new_state, state
                )
            arrays = tf.nest.map_structure(lambda a, value: a.write(time, value), arrays, outputs)
            return time + 1, arrays, new_state, inputs, ended, lengths

        _, arrays, state, _, _, lengths = tf.while_loop(
            lambda time, arrays, state, inputs, finished, lengths: ~tf.reduce_all(finished),
            body,
            (0, arrays, state, inputs, finished, tf.zeros_like(finished, tf.int32)),
            parallel_iterations=parallel_iterations,
            maximum_iterations=maximum_iterations,
            swap_memory=swap_memory,
        )
        outputs = tf.nest.map_structure(lambda array: array.stack(), arrays)
        try:
            outputs, state = decoder.finalize(outputs, state, lengths)
        except NotImplementedError:
            pass
        if not output_time_major:
            outputs = tf.nest.map_structure(batch_first, outputs)
        return outputs, state, lengths


def _arrays(decoder):
    """TensorArrays for the outputs of a decoder's steps."""
    batch = tf.get_static_value(tf.convert_to_tensor(decoder.batch_size))
    return tf.nest.map_structure(
        lambda size, dtype: tf.TensorArray(
            dtype, 0, dynamic_size=True, element_shape=tf.TensorShape([batch, *size])
        ),
        _shapes(decoder.output_size),
        decoder.output_dtype,
    )


def _shapes(sizes):
    """Sizes as TensorShapes, which nest takes for single values."""
    if isinstance(sizes, tuple) and hasattr(sizes, "_fields"):
        return type(sizes)(*map(_shapes, sizes))
    return tf.TensorShape(sizes)


def _kept(finished, old, new):
    if isinstance(old, tf.TensorArray):
        return new
    new.set_shape(old.shape)
    return new if new.shape.rank == 0 else tf.where(finished, old, new)


def batch_first(tensor):
    """[time, batch, ...] -> [batch, time, ...], and back."""
    return tf.transpose(tensor, [1, 0, *range(2, tensor.shape.rank)])


class BasicDecoder(Decoder):
    """A cell, an output layer, and a helper that chooses the next inputs."""

    def __init__(self, cell, helper, initial_state, output_layer=None):
        if not isinstance(helper, Helper):
            raise TypeError(f"helper must be a Helper, received: {type(helper)}")
        self._cell, self._helper = cell, helper
        self._initial_state, self._output_layer = initial_state, output_layer

    @property
    def batch_size(self):
        return self._helper.batch_size

    @property
    def output_size(self):
        return BasicDecoderOutput(
            layer_size(self._cell, self._output_layer), self._helper.sample_ids_shape
        )

    @property
    def output_dtype(self):
        dtype = tf.nest.flatten(self._initial_state)[0].dtype
        return BasicDecoderOutput(dtype, self._helper.sample_ids_dtype)

    def initialize(self, name=None):
        return (*self._helper.initialize(), self._initial_state)

    def step(self, time, inputs, state, name=None):
        with tf.name_scope(name, "BasicDecoderStep"):
            outputs, state = self._cell(inputs, state)
            if self._output_layer is not None:
                outputs = self._output_layer(outputs)
            samples = self._helper.sample(time=time, outputs=outputs, state=state)
            finished, inputs, state = self._helper.next_inputs(
                time=time, outputs=outputs, state=state, sample_ids=samples
            )
        return BasicDecoderOutput(outputs, samples), state, inputs, finished


def layer_size(cell, layer):
    """The size of a cell's output, or of a layer's after it: a TensorShape."""
    size = tf.TensorShape(cell.output_size)
    if layer is None:
        return size
    return tf.TensorShape(layer.compute_output_shape(tf.TensorShape([None, *size])))[1:]


class Helper(abc.ABC):
    """Chooses the inputs of a `BasicDecoder`."""

    @property
    @abc.abstractmethod
    def batch_size(self):
        """The number of sequences, a tensor."""

    @property
    @abc.abstractmethod
    def sample_ids_shape(self):
        """The shape of one sample."""

    @property
    @abc.abstractmethod
    def sample_ids_dtype(self):
        """The type of the samples."""

    @abc.abstractmethod
    def initialize(self, name=None):
        """(finished, first inputs)."""

    @abc.abstractmethod
    def sample(self, time, outputs, state, name=None):
        """The samples of the outputs."""

    @abc.abstractmethod
    def next_inputs(self, time, outputs, state, sample_ids, name=None):
        """(finished, next inputs, next state)."""
