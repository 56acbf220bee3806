"""tf.contrib.training's queues for truncated backpropagation, and queues that Python feeds.

More than sixty lines: a queue that keeps the state of a sequence between its segments exists
nowhere else. Sparse sequences and sparse context are not supported.
"""

from tensorflow.python.ops import data_flow_ops

from graphmode import tf


class NextQueuedSequenceBatch:
    """A batch of segments, each with the state that its sequence had after the last segment."""

    def __init__(self, state_saver):
        self._saver = state_saver
        self.insertion_index, self.key, values = state_saver._taken()
        names = state_saver._names

        def of(kind):
            found = {}
            for name, value in zip(names, values):
                if name[0] == kind:
                    found[name[1]] = value
            return found

        plain = of("plain")
        self.length, self.total_length = plain["length"], plain["total_length"]
        self.next_key, self.sequence = plain["next_key"], plain["sequence"]
        self.sequence_count = plain["sequence_count"]
        self.batch_size = tf.squeeze(tf.shape(self.length))
        self._done = self.sequence + 1 >= self.sequence_count
        self.context, self.sequences = of("context"), of("sequence")
        ended = tf.reduce_sum(tf.cast(self._done, tf.int32))
        with tf.control_dependencies([state_saver._capacity.dequeue_many(ended)]):
            self._states = {name: tf.identity(value) for name, value in of("state").items()}

    def state(self, state_name):
        """The state of each sequence before the segment."""
        return self._states[state_name]

    def save_state(self, state_name, value, name=None):
        """The op that keeps a state for the next segment."""
        if state_name not in self._states:
            raise KeyError(f"state was not declared: {state_name}")
        value.shape.assert_is_compatible_with(self._states[state_name].shape)
        going = tf.where(~self._done)[:, 0]
        place = self._saver._names.index(("state", state_name))
        return self._saver.barrier.insert_many(
            place, tf.gather(self.next_key, going), tf.gather(value, going), name=name
        )


class SequenceQueueingStateSaver:
    """Splits sequences into segments of `num_unroll` steps, and batches those that are ready."""

    def __init__(
        self,
        batch_size,
        num_unroll,
        input_length,
        input_key,
        input_sequences,
        input_context,
        initial_states,
        capacity=None,
        allow_small_batch=False,
        name=None,
    ):
        if not isinstance(initial_states, dict) or not initial_states:
            raise ValueError("initial_states must be a dictionary with one state at least")
        if capacity is not None and not tf.is_tensor(batch_size) and capacity < batch_size:
            raise ValueError(f"capacity {capacity} needs to be >= batch_size {batch_size}")
        self.batch_size, self.num_unroll = batch_size, num_unroll
        self._small, self._batch, self._prefetch = allow_small_batch, None, None
        self._capacity = tf.FIFOQueue(-1 if capacity is None else capacity, [tf.int32], [[]])
        with tf.name_scope(name, "InputQueueingStateSaver") as scope:
            self.name = scope
            self._length = tf.convert_to_tensor(input_length, tf.int32)
            self._key = tf.convert_to_tensor(input_key, tf.string)
            self._sequences, self._context, self._states = (
                {key: tf.convert_to_tensor(value) for key, value in sorted(given.items())}
                for given in (input_sequences, input_context, initial_states)
            )
            plain = {
                "length": tf.int32,
                "total_length": tf.int32,
                "next_key": tf.string,
                "sequence": tf.int32,
                "sequence_count": tf.int32,
            }
            self._names = [("plain", key) for key in plain]
            shapes = [()] * len(plain)
            for kind, values in (
                ("sequence", self._sequences),
                ("context", self._context),
                ("state", self._states),
            ):
                for key, value in values.items():
                    self._names.append((kind, key))
                    shape = value.shape.as_list()
                    shapes.append([num_unroll, *shape[1:]] if kind == "sequence" else shape)
            values = [*self._sequences.values(), *self._context.values(), *self._states.values()]
            types = [*plain.values(), *(value.dtype for value in values)]
            self.barrier = data_flow_ops.Barrier(types, shapes)

    @property
    def prefetch_op(self):
        """The op that splits one sequence, for a queue runner."""
        if self._prefetch is None:
            self._prefetch = self._split()
        return self._prefetch

    @property
    def next_batch(self):
        """The next `NextQueuedSequenceBatch`."""
        _ = self.prefetch_op
        if self._batch is None:
            self._batch = NextQueuedSequenceBatch(self)
        return self._batch

    def close(self, cancel_pending_enqueues=False, name=None):
        """The op that closes the queues."""
        return tf.group(
            self.barrier.close(cancel_pending_enqueues),
            self._capacity.close(cancel_pending_enqueues),
            name=name,
        )

    def _taken(self):
        return self.barrier.take_many(self.batch_size, self._small)

    def _split(self):
        steps, padded = self.num_unroll, tf.shape(next(iter(self._sequences.values())))[0]
        fits = tf.equal(tf.mod(padded, steps), 0) & tf.not_equal(padded, 0)
        message = f"The length of a sequence should be a multiple of {steps}"
        with tf.control_dependencies(
            [
                tf.Assert(fits, [message, padded]),
                tf.Assert(self._length <= padded, ["input_length is too large", self._length]),
            ]
        ):
            count = padded // steps
        numbers = tf.range(count)
        keys = tf.string_join(
            [
                tf.as_string(numbers, width=5, fill="0"),
                "_of_",
                tf.as_string(count, width=5, fill="0"),
                ":",
                self._key,
            ]
        )
        last = tf.string_join(["STOP:", self._key])[tf.newaxis]
        values = {
            ("plain", "length"): tf.clip_by_value(self._length - steps * numbers, 0, steps),
            ("plain", "total_length"): tf.fill([count], self._length),
            ("plain", "next_key"): tf.concat([keys[1:], last], 0),
            ("plain", "sequence"): numbers,
            ("plain", "sequence_count"): tf.fill([count], count),
        }
        for key, value in self._sequences.items():
            values["sequence", key] = tf.reshape(
                value, tf.stack([count, steps, *value.shape.as_list()[1:]])
            )
        for key, value in self._context.items():
            values["context", key] = tf.tile(
                value[tf.newaxis], tf.stack([count] + [1] * value.shape.rank)
            )
        inserts = [
            self.barrier.insert_many(self._names.index(name), keys, value)
            for name, value in values.items()
        ]
        token = self._capacity.enqueue(0)
        # A state comes last: it makes the first segment ready.
        with tf.control_dependencies([token, *inserts]):
            first = [
                self.barrier.insert_many(
                    self._names.index(("state", key)), keys[:1], value[tf.newaxis]
                )
                for key, value in self._states.items()
            ]
        return tf.group(*first, *inserts)


def batch_sequences_with_states(
    input_key,
    input_sequences,
    input_context,
    input_length,
    initial_states,
    num_unroll,
    batch_size,
    num_threads=3,
    capacity=1000,
    allow_small_batch=True,
    pad=True,
    make_keys_unique=False,
    make_keys_unique_seed=None,
    name=None,
):
    """The `NextQueuedSequenceBatch` of a `SequenceQueueingStateSaver` with a queue runner.

    Args:
        pad: sequences get zeros at their ends, up to a multiple of `num_unroll`.
    """
    with tf.name_scope(name, "batch_sequences_with_states"):
        sequences = {key: tf.convert_to_tensor(value) for key, value in input_sequences.items()}
        if pad and sequences:
            length = tf.shape(next(iter(sequences.values())))[0]
            input_length = length if input_length is None else input_length
            missing = tf.floormod(-length, num_unroll)
            sequences = {key: _padded(value, missing) for key, value in sequences.items()}
        if make_keys_unique:
            number = tf.random_uniform([], 0, 100000000, tf.int32, make_keys_unique_seed)
            input_key = tf.string_join([input_key, tf.as_string(number)])
        saver = SequenceQueueingStateSaver(
            batch_size,
            num_unroll,
            input_length,
            input_key,
            sequences,
            input_context,
            initial_states,
            capacity,
            allow_small_batch,
        )
        tf.train.add_queue_runner(
            tf.train.QueueRunner(
                saver,
                [saver.prefetch_op] * num_threads,
                queue_closed_exception_types=(tf.errors.OutOfRangeError, tf.errors.CancelledError),
            )
        )
        return saver.next_batch


def _padded(value, missing):
    inner = value.shape.as_list()[1:]
    empty = tf.fill(tf.stack([missing, *inner]), tf.zeros([], value.dtype))
    return tf.concat([value, empty], 0)


class _Fed:
    """A session whose `make_callable` feeds what a function returns."""

    def __init__(self, session, feed_fn):
        self._session, self._feed_fn = session, feed_fn

    def make_callable(self, fetches):
        """A function that runs the fetches with a new feed_dict."""
        return lambda: self._session.run(fetches, feed_dict=self._feed_fn())

    def __getattr__(self, name):
        return getattr(self._session, name)

    def __eq__(self, other):  # the queue runner counts its threads for each session
        return self._session is (other._session if isinstance(other, _Fed) else other)

    def __hash__(self):
        return hash(self._session)


class FeedingQueueRunner(tf.train.QueueRunner):
    """A queue runner each of whose threads feeds what its function returns."""

    def __init__(
        self,
        queue=None,
        enqueue_ops=None,
        close_op=None,
        cancel_op=None,
        feed_fns=None,
        queue_closed_exception_types=None,
    ):
        ends = queue_closed_exception_types or (tf.errors.OutOfRangeError, tf.errors.CancelledError)
        super().__init__(queue, enqueue_ops, close_op, cancel_op, queue_closed_exception_types=ends)
        if feed_fns is not None and len(feed_fns) != len(enqueue_ops):
            raise ValueError(
                "If feed_fns is not None, it must have the same length as enqueue_ops."
            )
        self._feeds = [(op, fn) for op, fn in zip(enqueue_ops, feed_fns or ()) if fn]

    def _run(self, sess, enqueue_op, coord=None):
        mine = next((pair for pair in self._feeds if pair[0] is enqueue_op), None)
        if mine is not None:
            self._feeds.remove(mine)  # several threads may have the same op
            sess = _Fed(sess, mine[1])
        super()._run(sess, enqueue_op, coord)
