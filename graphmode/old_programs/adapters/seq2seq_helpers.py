"""tf.contrib.seq2seq's helpers: the inputs of a decoder in training and in inference."""

from graphmode import tf
from graphmode.old_programs.adapters.seq2seq import Helper, batch_first


class _Words(Helper):
    """A helper whose samples are numbers of words."""

    _batch_size = None

    @property
    def batch_size(self):
        return self._batch_size

    @property
    def sample_ids_shape(self):
        return tf.TensorShape([])

    @property
    def sample_ids_dtype(self):
        return tf.int32


class CustomHelper(Helper):
    """A helper of functions."""

    def __init__(
        self,
        initialize_fn,
        sample_fn,
        next_inputs_fn,
        sample_ids_shape=None,
        sample_ids_dtype=None,
    ):
        self._functions = initialize_fn, sample_fn, next_inputs_fn
        self._batch_size = None
        self._shape = tf.TensorShape(sample_ids_shape or [])
        self._dtype = sample_ids_dtype or tf.int32

    @property
    def batch_size(self):
        if self._batch_size is None:
            raise ValueError("batch_size accessed before initialize was called")
        return self._batch_size

    @property
    def sample_ids_shape(self):
        return self._shape

    @property
    def sample_ids_dtype(self):
        return self._dtype

    def initialize(self, name=None):
        finished, inputs = self._functions[0]()
        if self._batch_size is None:
            self._batch_size = tf.size(finished)
        return finished, inputs

    def sample(self, time, outputs, state, name=None):
        return self._functions[1](time=time, outputs=outputs, state=state)

    def next_inputs(self, time, outputs, state, sample_ids, name=None):
        return self._functions[2](time=time, outputs=outputs, state=state, sample_ids=sample_ids)


def _array(values):
    """[time, batch, ...] as a TensorArray of time steps."""
    array = tf.TensorArray(values.dtype, tf.shape(values)[0], element_shape=values.shape[1:])
    return array.unstack(values)


class TrainingHelper(_Words):
    """The true sequences are the inputs."""

    def __init__(self, inputs, sequence_length, time_major=False, name=None):
        with tf.name_scope(name, "TrainingHelper"):
            self.inputs = tf.nest.map_structure(tf.convert_to_tensor, inputs)
            self.sequence_length = tf.convert_to_tensor(sequence_length)
            if self.sequence_length.shape.rank != 1:
                raise ValueError(
                    "Expected sequence_length to be a vector, but received shape: "
                    f"{self.sequence_length.shape}"
                )
            steps = self.inputs
            if not time_major:
                steps = tf.nest.map_structure(batch_first, steps)
            self._steps = tf.nest.map_structure(_array, steps)
            self._zeros = tf.nest.map_structure(lambda step: tf.zeros_like(step[0]), steps)
            self._batch_size = tf.size(self.sequence_length)

    def _read(self, finished, time):
        return tf.cond(
            tf.reduce_all(finished),
            lambda: self._zeros,
            lambda: tf.nest.map_structure(lambda steps: steps.read(time), self._steps),
        )

    def initialize(self, name=None):
        finished = tf.equal(0, self.sequence_length)
        return finished, self._read(finished, 0)

    def sample(self, time, outputs, name=None, **unused_kwargs):
        return tf.argmax(outputs, axis=-1, output_type=tf.int32)

    def next_inputs(self, time, outputs, state, name=None, **unused_kwargs):
        finished = time + 1 >= self.sequence_length
        return finished, self._read(finished, time + 1), state


def _lookup(embedding):
    return embedding if callable(embedding) else lambda ids: tf.nn.embedding_lookup(embedding, ids)


def _categorical(logits, seed):
    return tf.random.categorical(logits, 1, seed=seed, dtype=tf.int32)[:, 0]


class ScheduledEmbeddingTrainingHelper(TrainingHelper):
    """An input is the word that the decoder has sampled, with a probability (Bengio 2015)."""

    def __init__(
        self,
        inputs,
        sequence_length,
        embedding,
        sampling_probability,
        time_major=False,
        seed=None,
        scheduling_seed=None,
        name=None,
    ):
        super().__init__(inputs, sequence_length, time_major, name)
        self._embed = _lookup(embedding)
        self._probability = tf.convert_to_tensor(sampling_probability)
        self._seeds = seed, scheduling_seed

    def sample(self, time, outputs, state, name=None):
        seed, schedule = self._seeds
        chosen = tf.random_uniform([self.batch_size], seed=schedule) < self._probability
        return tf.where(chosen, _categorical(outputs, seed), tf.fill([self.batch_size], -1))

    def next_inputs(self, time, outputs, state, sample_ids, name=None):
        finished, inputs, state = super().next_inputs(time, outputs, state)
        sampled = self._embed(tf.maximum(sample_ids, 0))
        return finished, tf.where(sample_ids > -1, sampled, inputs), state


class ScheduledOutputTrainingHelper(TrainingHelper):
    """An input is the decoder's output, with a probability."""

    def __init__(
        self,
        inputs,
        sequence_length,
        sampling_probability,
        time_major=False,
        seed=None,
        next_inputs_fn=None,
        auxiliary_inputs=None,
        name=None,
    ):
        self._probability = tf.convert_to_tensor(sampling_probability)
        self._seed, self._next, self._more = seed, next_inputs_fn, None
        if auxiliary_inputs is not None:
            more = tf.convert_to_tensor(auxiliary_inputs)
            inputs = tf.concat([inputs, more], -1)
            self._more = _array(more if time_major else batch_first(more))
        super().__init__(inputs, sequence_length, time_major, name)

    def sample(self, time, outputs, state, name=None):
        return tf.cast(
            tf.random_uniform([self.batch_size], seed=self._seed) < self._probability, tf.int32
        )

    def next_inputs(self, time, outputs, state, sample_ids, name=None):
        finished, inputs, state = super().next_inputs(time, outputs, state)

        def mixed():
            own = self._next(outputs) if self._next else outputs
            if self._more is not None:
                own = tf.concat([own, self._more.read(time + 1)], -1)
            return tf.where(tf.cast(sample_ids, tf.bool), own, inputs)

        return finished, tf.cond(tf.reduce_all(finished), lambda: inputs, mixed), state


class GreedyEmbeddingHelper(_Words):
    """The most likely word is the next input."""

    def __init__(self, embedding, start_tokens, end_token):
        self._embed = _lookup(embedding)
        self._start = tf.convert_to_tensor(start_tokens, tf.int32)
        self._end = tf.convert_to_tensor(end_token, tf.int32)
        if self._start.shape.rank != 1:
            raise ValueError("start_tokens must be a vector")
        if self._end.shape.rank != 0:
            raise ValueError("end_token must be a scalar")
        self._batch_size = tf.size(self._start)
        self._first = self._embed(self._start)

    def initialize(self, name=None):
        return tf.tile([False], [self._batch_size]), self._first

    def sample(self, time, outputs, state, name=None):
        return tf.argmax(outputs, axis=-1, output_type=tf.int32)

    def next_inputs(self, time, outputs, state, sample_ids, name=None):
        finished = tf.equal(sample_ids, self._end)
        inputs = tf.cond(
            tf.reduce_all(finished), lambda: self._first, lambda: self._embed(sample_ids)
        )
        return finished, inputs, state


class SampleEmbeddingHelper(GreedyEmbeddingHelper):
    """A word is sampled as the next input."""

    def __init__(self, embedding, start_tokens, end_token, softmax_temperature=None, seed=None):
        super().__init__(embedding, start_tokens, end_token)
        self._temperature, self._seed = softmax_temperature, seed

    def sample(self, time, outputs, state, name=None):
        logits = outputs if self._temperature is None else outputs / self._temperature
        return _categorical(logits, self._seed)


class InferenceHelper(Helper):
    """A helper of functions of the samples."""

    def __init__(
        self, sample_fn, sample_shape, sample_dtype, start_inputs, end_fn, next_inputs_fn=None
    ):
        self._functions = sample_fn, end_fn, next_inputs_fn or (lambda samples: samples)
        self._shape, self._dtype = tf.TensorShape(sample_shape), sample_dtype
        self._first = tf.convert_to_tensor(start_inputs)

    @property
    def batch_size(self):
        return tf.shape(self._first)[0]

    @property
    def sample_ids_shape(self):
        return self._shape

    @property
    def sample_ids_dtype(self):
        return self._dtype

    def initialize(self, name=None):
        return tf.tile([False], [self.batch_size]), self._first

    def sample(self, time, outputs, state, name=None):
        return self._functions[0](outputs)

    def next_inputs(self, time, outputs, state, sample_ids, name=None):
        _, end, following = self._functions
        return end(sample_ids), following(sample_ids), state
