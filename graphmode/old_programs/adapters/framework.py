"""tf.contrib.framework: what tf_slim and today's TensorFlow have with other arguments, or not.

The checkpoint functions name their first argument differently from tf.train's.
"""

import functools

import numpy as np
from tensorflow.python.ops import confusion_matrix
from tensorflow.python.training import checkpoint_ops
from tensorflow.python.util import nest

from graphmode import tf


def load_checkpoint(filepattern):
    """A reader of a checkpoint file, or of the newest checkpoint in a folder."""
    return tf.train.load_checkpoint(filepattern)


def load_variable(checkpoint_dir, name):
    """The value of a variable in a checkpoint, as a numpy array."""
    return tf.train.load_variable(checkpoint_dir, name)


def list_variables(checkpoint_dir):
    """[(name, shape)] of the variables in a checkpoint, in the order of the names."""
    return tf.train.list_variables(checkpoint_dir)


def init_from_checkpoint(checkpoint_dir, assignment_map):
    """Lets the variables' initializers read a checkpoint, see tf.train.init_from_checkpoint."""
    return tf.train.init_from_checkpoint(checkpoint_dir, assignment_map)


def load_linear_multiclass_bias_initializer(
    ckpt_path,
    bias_tensor_name,
    new_class_vocab_size,
    old_class_vocab_file,
    new_class_vocab_file,
    num_class_oov_buckets=0,
    initializer=None,
    max_rows_in_memory=-1,
):
    """Initializes the biases of new classes from a checkpoint of a model with other classes."""
    return checkpoint_ops._load_and_remap_matrix_initializer(
        ckpt_path=ckpt_path,
        old_tensor_name=bias_tensor_name,
        new_row_vocab_size=new_class_vocab_size,
        new_col_vocab_size=1,
        old_row_vocab_file=old_class_vocab_file,
        new_row_vocab_file=new_class_vocab_file,
        num_row_oov_buckets=num_class_oov_buckets,
        initializer=initializer or tf.zeros_initializer(),
        max_rows_in_memory=max_rows_in_memory,
    )


def zero_initializer(ref, use_locking=True, name="zero_initializer"):
    """An op that sets a variable to zeros."""
    zeros = tf.zeros(ref.shape, ref.dtype.base_dtype)
    return tf.assign(ref, zeros, use_locking=use_locking, validate_shape=False, name=name)


def get_placeholders(graph):
    """The outputs of the graph's placeholders."""
    return [op.outputs[0] for op in graph.get_operations() if op.type == "Placeholder"]


def assert_scalar_int(tensor, name=None):
    """Raises ValueError if a tensor is not an integer scalar. Returns the tensor."""
    tensor = tf.convert_to_tensor(tensor)
    if not tensor.dtype.base_dtype.is_integer:
        raise ValueError(
            f"Expected integer type for {tensor.name}, received type: {tensor.dtype!r}."
        )
    return tf.assert_scalar(tensor, name=name)


def reduce_sum_n(tensors, name=None):
    """The sum of all elements of a list of tensors, a scalar."""
    if not tensors:
        raise ValueError("No tensors provided.")
    with tf.name_scope(name, "reduce_sum_n"):
        return tf.add_n([tf.reduce_sum(tensor) for tensor in tensors])


def remove_squeezable_dimensions(predictions, labels, name=None):
    """Removes a last dimension of 1 that only one of both has: (predictions, labels)."""
    labels, predictions = confusion_matrix.remove_squeezable_dimensions(
        labels, predictions, name=name
    )
    return predictions, labels


def with_shape(expected_shape, tensor):
    """The tensor, with a check of its shape: at once where it is known, otherwise when it runs.

    Args:
        expected_shape: a list, an array or an int32 tensor; -1 fits every size.
    """
    if isinstance(tensor, tf.SparseTensor):
        raise ValueError("SparseTensor not supported.")
    dynamic = isinstance(expected_shape, tf.Tensor)
    if not dynamic:
        expected_shape = np.asarray(expected_shape, np.int32).tolist()
        expected = tf.TensorShape([None if size == -1 else size for size in expected_shape])
        if not expected_shape and tensor.shape.is_compatible_with([1]):
            return tf.reshape(tensor, [])
        if not tensor.shape.is_compatible_with(expected):
            raise ValueError(
                f"Invalid shape for tensor {tensor.name}, expected {expected_shape}, "
                f"got {tensor.shape}."
            )
        if tensor.shape.is_fully_defined():
            return tensor
    actual = tf.shape(tensor)
    wanted = tf.convert_to_tensor(expected_shape, tf.int32)
    fits = tf.cond(
        tf.equal(tf.size(wanted), tf.size(actual)),
        lambda: tf.reduce_all(tf.equal(wanted, -1) | tf.equal(wanted, actual)),
        lambda: tf.constant(False),
    )
    message = f"Wrong shape for {tensor.name} [expected] [actual]."
    with tf.control_dependencies([tf.Assert(fits, [message, wanted, actual])]):
        result = tf.identity(tensor)
    if not dynamic:
        result.set_shape(expected)
    return result


def with_same_shape(expected_tensor, tensor):
    """The tensor, with a check that it has the shape of the other, see `with_shape`."""
    shape = expected_tensor.shape
    return with_shape(
        shape.as_list() if shape.is_fully_defined() else tf.shape(expected_tensor), tensor
    )


def py_func(
    func, args=(), kwargs=None, output_types=None, output_shapes=None, stateful=True, name=None
):
    """A Python function as an op, with keyword arguments and nested inputs and outputs.

    Args:
        output_types: the nested structure of the types that the function returns; None: nothing.
        output_shapes: the same structure of shapes.
    """
    kwargs = kwargs or {}
    inputs = tf.nest.flatten((list(args), kwargs))
    types = [] if output_types is None else tf.nest.flatten(output_types)

    def call(*values):
        given, named = tf.nest.pack_sequence_as((list(args), kwargs), values)
        result = func(*given, **named)
        return [] if output_types is None else tf.nest.flatten(result)

    made = tf.py_func(call, inputs, types, stateful=stateful, name=name)
    if output_types is None:
        return made
    if output_shapes is not None:
        for tensor, shape in zip(made, nest.flatten_up_to(output_types, output_shapes)):
            tensor.set_shape(shape)
    return tf.nest.pack_sequence_as(output_types, made)


def experimental(func):
    """Marks a function as experimental: a warning when it is called."""

    @functools.wraps(func)
    def call(*args, **kwargs):
        tf.logging.warning(
            "%s (from %s) is experimental and may change or be removed at any time, and without "
            "warning.",
            func.__name__,
            func.__module__,
        )
        return func(*args, **kwargs)

    return call
