"""tf.contrib.training: buckets, samplers and strategies for the places of variables.

The loop and the hooks are tf_slim's; HParams is in `companions`.
"""

import hashlib

import numpy as np
from tensorflow.python.training import input as queues
from tensorflow.python.training import moving_averages

from graphmode import tf


def bucket(
    tensors,
    which_bucket,
    batch_size,
    num_buckets,
    num_threads=1,
    capacity=32,
    bucket_capacities=None,
    shapes=None,
    dynamic_pad=False,
    allow_smaller_final_batch=False,
    keep_input=True,
    shared_name=None,
    name=None,
):
    """Batches of examples from the same bucket: (number of the bucket, batch).

    A queue for each bucket collects the examples; whenever one has a batch, a last queue gets it.
    Its queue runners start with tf.train.start_queue_runners.

    Args:
        tensors: a list or dict of tensors, one example.
        which_bucket: the bucket of the example, an int32 scalar.
        batch_size: a number, or a list with one for each bucket.
    """
    sizes = list(batch_size) if isinstance(batch_size, (list, tuple)) else None
    one_size = None if sizes or allow_smaller_final_batch else batch_size
    sizes = sizes or [batch_size] * num_buckets
    limits = bucket_capacities or [capacity] * num_buckets
    if len(sizes) != num_buckets or len(limits) != num_buckets:
        raise ValueError("batch_size and bucket_capacities must have num_buckets elements")
    with tf.name_scope(name, "bucket"):
        example = [tf.convert_to_tensor(part) for part in queues._as_tensor_list(tensors)]
        types = [part.dtype for part in example]
        shapes = queues._shapes([example], shapes, enqueue_many=False)
        make = queues._which_queue(dynamic_pad)
        waiting = [
            make(limit, types, shapes, shared_name=shared_name and f"{shared_name}_{number}")
            for number, limit in enumerate(limits)
        ]
        ready = tf.PaddingFIFOQueue(
            capacity,
            [tf.int32, *types],
            [[], *(tf.TensorShape([one_size]).concatenate(shape) for shape in shapes)],
            shared_name=shared_name,
            name="top_queue",
        )
        _run_buckets(
            waiting,
            ready,
            example,
            which_bucket,
            sizes,
            allow_smaller_final_batch,
            keep_input,
            num_threads,
        )
        number, *batch = ready.dequeue()
        return number, queues._as_original_type(tensors, batch)


def _run_buckets(waiting, ready, example, which, sizes, smaller, keep, threads):
    """Adds the queue runners of `bucket`."""
    which = tf.convert_to_tensor(which, tf.int32)

    def add(number):
        chosen = tf.equal(which, number) & tf.convert_to_tensor(keep)
        return tf.cond(chosen, lambda: waiting[number].enqueue(example), tf.no_op)

    adds = tf.group(*[add(number) for number in range(len(waiting))])
    moves = []
    for number, (queue, size) in enumerate(zip(waiting, sizes)):
        batch = queue.dequeue_up_to(size) if smaller else queue.dequeue_many(size)
        batch = list(batch) if isinstance(batch, (list, tuple)) else [batch]
        moves.append(ready.enqueue([tf.constant(number), *batch]))
    ends = (tf.errors.OutOfRangeError, tf.errors.CancelledError)
    close = tf.group(*[queue.close() for queue in waiting])
    cancel = tf.group(*[queue.close(cancel_pending_enqueues=True) for queue in waiting])
    for queue, ops, *closing in (
        (waiting[0], moves, ready.close(), ready.close(cancel_pending_enqueues=True)),
        (ready, [adds] * threads, close, cancel),
    ):
        tf.train.add_queue_runner(
            tf.train.QueueRunner(queue, ops, *closing, queue_closed_exception_types=ends)
        )


def bucket_by_sequence_length(
    input_length,
    tensors,
    batch_size,
    bucket_boundaries,
    num_threads=1,
    capacity=32,
    bucket_capacities=None,
    shapes=None,
    dynamic_pad=False,
    allow_smaller_final_batch=False,
    keep_input=True,
    shared_name=None,
    name=None,
):
    """Batches of sequences of similar length: (lengths, batch), see `bucket`."""
    if not isinstance(bucket_boundaries, (list, tuple)):
        raise TypeError(f"bucket_boundaries must be a list or tuple, not {bucket_boundaries!r}")
    bounds = list(bucket_boundaries)
    if not bounds or any(low >= high for low, high in zip(bounds, bounds[1:])):
        raise ValueError(f"bucket_boundaries must be increasing integers, not {bounds}")
    length = tf.convert_to_tensor(input_length, tf.int32)
    parts = queues._as_tensor_list(tensors)
    which = tf.reduce_sum(tf.cast(length >= tf.constant(bounds), tf.int32))
    _, (lengths, *batch) = bucket(
        [length, *parts],
        which,
        batch_size,
        len(bounds) + 1,
        num_threads,
        capacity,
        bucket_capacities,
        shapes and [tf.TensorShape([]), *shapes],
        dynamic_pad,
        allow_smaller_final_batch,
        keep_input,
        shared_name,
        name or "bucket_by_sequence_length",
    )
    return lengths, queues._as_original_type(tensors, batch)


def resample_at_rate(inputs, rates, scope=None, seed=None, back_prop=False):
    """Repeats each example n times, where n has a Poisson distribution with its rate."""
    with tf.name_scope(scope, "resample_at_rate"):
        rates = tf.convert_to_tensor(rates)
        counts = tf.cast(tf.random_poisson(rates, (), rates.dtype, seed=seed), tf.int32)
        places = tf.repeat(tf.range(tf.size(counts)), counts)
        places = places if back_prop else tf.stop_gradient(places)
        return [tf.gather(part, places) for part in inputs]


def weighted_resample(inputs, weights, overall_rate, scope=None, mean_decay=0.999, seed=None):
    """Resamples examples in proportion to their weights: (examples, their rates)."""
    with tf.variable_scope(scope, "estimate_mean", inputs):
        mean = tf.get_local_variable("estimated_mean", initializer=tf.cast(0, weights.dtype))
        mean = moving_averages.assign_moving_average(mean, tf.reduce_mean(weights), mean_decay)
    rates = weights * overall_rate / mean
    used, *results = resample_at_rate([rates, *inputs], rates, scope, seed)
    return results, used


def rejection_sample(
    tensors,
    accept_prob_fn,
    batch_size,
    queue_threads=1,
    enqueue_many=False,
    prebatch_capacity=16,
    prebatch_threads=1,
    runtime_checks=False,
    name=None,
):
    """Batches of examples, each of which is accepted with a probability that a function gives."""
    with tf.variable_scope(name, "rejection_sample", tensors):
        parts = [tf.convert_to_tensor(part) for part in tensors]
        if enqueue_many:
            parts = queues.batch(parts, 1, prebatch_threads, prebatch_capacity, enqueue_many=True)
            parts = [tf.squeeze(part, [0]) for part in _listed(parts)]
        accepted = accept_prob_fn(parts)
        if runtime_checks:
            checks = [tf.assert_less_equal(0.0, accepted), tf.assert_less_equal(accepted, 1.0)]
            with tf.control_dependencies(checks):
                accepted = tf.identity(accepted)
        keep = tf.random_uniform([]) < accepted
        return _listed(queues.maybe_batch(parts, keep, batch_size, queue_threads))


def stratified_sample(
    tensors,
    labels,
    target_probs,
    batch_size,
    init_probs=None,
    enqueue_many=False,
    queue_capacity=16,
    threads_per_queue=1,
    name=None,
):
    """Batches whose classes have given frequencies: (examples, labels).

    Args:
        init_probs: the frequencies in the data; None: they are counted on the way.
    """
    with tf.name_scope(name, "stratified_sample"):
        target = tf.convert_to_tensor(target_probs, tf.float32)
        labels = tf.convert_to_tensor(labels)
        parts = [tf.convert_to_tensor(part) for part in tensors]
        if not enqueue_many:
            parts, labels = [part[tf.newaxis] for part in parts], labels[tf.newaxis]
        if init_probs is None:
            classes = target.shape.num_elements()
            seen = tf.Variable([10] * classes, trainable=False, name="class_count", dtype=tf.int64)
            seen = seen.assign_add(tf.reduce_sum(tf.one_hot(labels, classes, dtype=tf.int64), 0))
            init_probs = tf.cast(seen / tf.reduce_sum(seen), tf.float32)
        ratio = tf.math.divide_no_nan(target, tf.convert_to_tensor(init_probs, tf.float32))
        accept = ratio / tf.reduce_max(ratio)
        *parts, label = queues.batch(
            [*parts, labels], 1, threads_per_queue, queue_capacity, enqueue_many=True
        )
        keep = tf.random_uniform([]) < tf.squeeze(tf.gather(accept, label))
        made = queues.maybe_batch(
            [tf.squeeze(part, [0]) for part in (*parts, label)], keep, batch_size, threads_per_queue
        )
        return made[:-1], made[-1]


def _listed(value):
    return list(value) if isinstance(value, (list, tuple)) else [value]


class RandomStrategy:
    """A place for each variable by a hash of its name, for tf.train.replica_device_setter."""

    def __init__(self, num_ps_tasks, seed=0):
        self._tasks, self._seed = num_ps_tasks, seed

    def __call__(self, op):
        key = f"{op.name}_{self._seed}".encode()
        return int(hashlib.md5(key).hexdigest(), 16) % self._tasks


class GreedyLoadBalancingStrategy:
    """The place with the smallest load so far, for tf.train.replica_device_setter."""

    def __init__(self, num_tasks, load_fn):
        self._loads, self._load = np.zeros(num_tasks), load_fn

    def __call__(self, op):
        task = int(np.argmin(self._loads))
        self._loads[task] += self._load(op)
        return task


def byte_size_load_fn(op):
    """The bytes of a variable, a load for `GreedyLoadBalancingStrategy`."""
    if len(op.outputs) != 1:
        raise ValueError(f"Op {op} must have a single output")
    output = op.outputs[0]
    shape = output.shape
    if not shape.is_fully_defined():
        shape = tf.TensorShape(op.get_attr("shape"))
    return shape.num_elements() * output.dtype.base_dtype.size
