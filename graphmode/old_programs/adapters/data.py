"""tf.contrib.data: transformations that are methods of tf.data.Dataset today."""

import numpy as np
from tensorflow.python.data.ops import dataset_ops
from tensorflow.python.data.util import nest
from tensorflow.python.ops import gen_experimental_dataset_ops

from graphmode import tf
from graphmode.old_programs.adapters.framework import with_shape


def batch_and_drop_remainder(batch_size):
    """For dataset.apply: batches, without a smaller last one."""
    return lambda dataset: dataset.batch(batch_size, drop_remainder=True)


def padded_batch_and_drop_remainder(batch_size, padded_shapes, padding_values=None):
    """For dataset.apply: padded batches, without a smaller last one."""
    return lambda dataset: dataset.padded_batch(
        batch_size, padded_shapes, padding_values, drop_remainder=True
    )


def sloppy_interleave(map_func, cycle_length, block_length=1):
    """For dataset.apply: interleaves datasets in whatever order they deliver."""
    return tf.data.experimental.parallel_interleave(
        map_func, cycle_length, block_length, sloppy=True
    )


def sliding_window_batch(window_size, stride=None, window_shift=None, window_stride=1):
    """For dataset.apply: batches of overlapping windows. `stride` is the old `window_shift`."""
    if stride is not None and window_shift is not None:
        raise ValueError("Cannot specify both `stride` and `window_shift`")
    shift = stride or window_shift or 1

    def apply(dataset):
        windows = dataset.window(window_size, shift, window_stride, drop_remainder=True)
        return windows.flat_map(
            lambda *parts: tf.data.Dataset.zip(
                tf.nest.map_structure(lambda part: part.batch(window_size), _one(parts))
            )
        )

    return apply


def _one(parts):
    return parts[0] if len(parts) == 1 else parts


def reduce_dataset(dataset, reducer):
    """The last state of a `tf.contrib.data.Reducer`, without its `finalize_func`, as in 1.15.5."""
    return dataset.reduce(reducer.init_func(np.int64(0)), reducer.reduce_func)


def assert_element_shape(expected_shapes):
    """For dataset.apply: checks the shapes of the elements, and makes them known."""

    def check(*element):
        element = _one(element)
        shapes = nest.flatten_up_to(element, expected_shapes)
        flat = [
            tensor
            if shape is None or tf.TensorShape(shape).rank is None
            else with_shape(
                [-1 if size is None else size for size in tf.TensorShape(shape)], tensor
            )
            for tensor, shape in zip(tf.nest.flatten(element), shapes)
        ]
        return tf.nest.pack_sequence_as(element, flat)

    return lambda dataset: dataset.map(check)


def read_batch_features(
    file_pattern,
    batch_size,
    features,
    reader=tf.data.TFRecordDataset,
    reader_args=None,
    randomize_input=True,
    num_epochs=None,
    capacity=10000,
):
    """Batches of parsed tf.Example protos from files: a dict of tensors."""
    dataset = tf.data.experimental.make_batched_features_dataset(
        file_pattern,
        batch_size,
        features,
        reader=reader,
        reader_args=reader_args,
        shuffle=randomize_input,
        num_epochs=num_epochs,
        shuffle_buffer_size=capacity,
    )
    return tf.data.make_one_shot_iterator(dataset).get_next()


class LMDBDataset(dataset_ops.DatasetV1Adapter):
    """The keys and values of LMDB files, as strings."""

    def __init__(self, filenames):
        super().__init__(_LMDB(filenames))


class _LMDB(dataset_ops.DatasetSource):
    def __init__(self, filenames):
        filenames = tf.convert_to_tensor(filenames, tf.string)
        super().__init__(
            gen_experimental_dataset_ops.lmdb_dataset(filenames, **self._flat_structure)
        )

    @property
    def element_spec(self):
        return tf.TensorSpec([], tf.string), tf.TensorSpec([], tf.string)
