"""Names and argument orders from before TensorFlow 1.0, where they are unambiguous.

TensorFlow 1.15.5 has none of them. A program of 2016 that uses them runs, and each use is said once
on stderr. `hasattr(tf, name)` is true as before 1.0, but `dir(tf)` does not list the names, so that
programs for both choose the newer one.
"""

import contextlib
import functools
import importlib
import numbers
from typing import Any, Callable, Dict

import numpy as np

from graphmode import tf
from graphmode.old_programs import notices

# Name -> today's name, which has the same arguments in the same order.
_RENAMED = {
    "batch_cholesky": "cholesky",
    "batch_cholesky_solve": "cholesky_solve",
    "batch_fft": "fft",
    "batch_fft2d": "fft2d",
    "batch_fft3d": "fft3d",
    "batch_ifft": "ifft",
    "batch_ifft2d": "ifft2d",
    "batch_ifft3d": "ifft3d",
    "batch_matrix_band_part": "matrix_band_part",
    "batch_matrix_determinant": "matrix_determinant",
    "batch_matrix_diag": "matrix_diag",
    "batch_matrix_diag_part": "matrix_diag_part",
    "batch_matrix_inverse": "matrix_inverse",
    "batch_matrix_set_diag": "matrix_set_diag",
    "batch_matrix_solve": "matrix_solve",
    "batch_matrix_solve_ls": "matrix_solve_ls",
    "batch_matrix_transpose": "matrix_transpose",
    "batch_matrix_triangular_solve": "matrix_triangular_solve",
    "batch_self_adjoint_eig": "self_adjoint_eig",
    "batch_self_adjoint_eigvals": "self_adjoint_eigvals",
    "batch_svd": "svd",
    "complex_abs": "abs",
    "concat_v2": "concat",
    "image.per_image_whitening": "image.per_image_standardization",
    "inv": "reciprocal",
    "list_diff": "setdiff1d",
    "listdiff": "setdiff1d",
    "merge_all_summaries": "summary.merge_all",
    "merge_summary": "summary.merge",
    "mul": "multiply",
    "neg": "negative",
    "nn.bidirectional_rnn": "nn.static_bidirectional_rnn",
    "nn.rnn": "nn.static_rnn",
    "nn.state_saving_rnn": "nn.static_state_saving_rnn",
    "pack": "stack",
    "select": "where",
    "sub": "subtract",
    "train.SummaryWriter": "summary.FileWriter",
    "unpack": "unstack",
}


def _batch_matmul(x, y, adj_x=False, adj_y=False, name=None):
    return tf.matmul(x, y, adjoint_a=adj_x, adjoint_b=adj_y, name=name)


def _collected(summary, collections):
    """Adds a summary to the collections. The op keeps the tag, which had no name scope then."""
    for key in [tf.GraphKeys.SUMMARIES] if collections is None else collections:
        tf.add_to_collection(key, summary)
    return summary


def _scalar_summary(tags, values, collections=None, name=None):
    summary = tf.raw_ops.ScalarSummary(tags=tags, values=values, name=name)
    return _collected(summary, collections)


def _histogram_summary(tag, values, collections=None, name=None):
    return _collected(tf.raw_ops.HistogramSummary(tag=tag, values=values, name=name), collections)


def _image_summary(tag, tensor, max_images=3, collections=None, name=None):
    summary = tf.raw_ops.ImageSummary(tag=tag, tensor=tensor, max_images=max_images, name=name)
    return _collected(summary, collections)


def _audio_summary(tag, tensor, sample_rate, max_outputs=3, collections=None, name=None):
    summary = tf.raw_ops.AudioSummaryV2(
        tag=tag, tensor=tensor, sample_rate=sample_rate, max_outputs=max_outputs, name=name
    )
    return _collected(summary, collections)


_FUNCTIONS: Dict[str, Any] = {
    "audio_summary": (_audio_summary, "summary.audio"),
    "batch_matmul": (_batch_matmul, "matmul"),
    "histogram_summary": (_histogram_summary, "summary.histogram"),
    "image_summary": (_image_summary, "summary.image"),
    "scalar_summary": (_scalar_summary, "summary.scalar"),
}


def find(name: str) -> Any:
    """The function of a name from before 1.0, such as "mul"; None if there was no such name."""
    if name == "nn.seq2seq":
        with contextlib.suppress(ImportError):
            return importlib.import_module("tensorflow.contrib.legacy_seq2seq")
    function, today = _FUNCTIONS.get(name, (None, _RENAMED.get(name)))
    if today is None:
        return None

    def old(*args, **kwargs):
        notices.once(name, f"tf.{name} is from before TensorFlow 1.0; it runs as tf.{today}")
        return (function or functools.reduce(getattr, today.split("."), tf))(*args, **kwargs)

    old.__name__ = name.rpartition(".")[2]
    return old


def _is_number(value):
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def _is_tensor(value):
    return isinstance(value, (tf.Tensor, tf.Variable))


def _is_data(value):
    """Whether it can be the values of tf.concat or tf.split, and cannot be an axis."""
    if isinstance(value, (list, tuple)):
        return bool(value)
    return isinstance(value, np.ndarray) or (_is_tensor(value) and value.shape.ndims != 0)


def _is_side(value):
    """Whether it can be a height or a width, and cannot be both in one list."""
    return isinstance(value, numbers.Real) or (_is_tensor(value) and value.shape.ndims == 0)


def _say(name, order):
    notices.once(f"{name}()", f"tf.{name}({order}): the arguments from before TensorFlow 1.0")


def _with_names(kwargs, **today):
    return {today.get(name, name): value for name, value in kwargs.items()}


def _concat(function):
    @functools.wraps(function)
    def concat(*args, **kwargs):
        kwargs = _with_names(kwargs, concat_dim="axis")
        values = args[1:2] or [kwargs.get("values")]
        if args and _is_number(args[0]) and "axis" not in kwargs and _is_data(values[0]):
            _say("concat", "axis, values")
            kwargs.update(axis=args[0], values=values[0], **dict(zip(["name"], args[2:])))
            args = ()
        return function(*args, **kwargs)

    return concat


def _split(function):
    @functools.wraps(function)
    def split(*args, **kwargs):
        kwargs = _with_names(kwargs, split_dim="axis", num_split="num_or_size_splits")
        value = args[2:3] or [kwargs.get("value")]
        if len(args) > 1 and all(map(_is_number, args[:2])) and _is_data(value[0]):
            _say("split", "axis, number, value")
            kwargs.update(value=value[0], **dict(zip(["name"], args[3:])))
            args, kwargs = (), {**kwargs, "axis": args[0], "num_or_size_splits": args[1]}
        return function(*args, **kwargs)

    return split


def _resize_images(function):
    @functools.wraps(function)
    def resize_images(images, *args, **kwargs):
        if len(args) > 1 and all(map(_is_side, args[:2])):
            _say("image.resize_images", "images, height, width")
            args = (args[:2], *args[2:])
        return function(images, *args, **kwargs)

    return resize_images


def _reverse(function):
    """Before 1.0: a Boolean for each axis."""

    @functools.wraps(function)
    def reverse(tensor, *args, **kwargs):
        kwargs = _with_names(kwargs, dims="axis")
        axis, *args = args or [kwargs.pop("axis", None)]
        if isinstance(axis, (list, tuple)) and axis and all(isinstance(a, bool) for a in axis):
            _say("reverse", "tensor, [True, False]")
            axis = [place for place, reversed_ in enumerate(axis) if reversed_]
        return function(tensor, axis, *args, **kwargs)

    return reverse


def _dtype(value):
    return tf.as_dtype(getattr(value, "dtype", None) or np.asarray(value).dtype).base_dtype


def _sampled_loss(name):
    """Before 1.0: (weights, biases, inputs, labels). Labels are integers, inputs are not."""

    def wrapped(function):
        @functools.wraps(function)
        def loss(*args, **kwargs):
            if len(args) > 3 and _dtype(args[2]).is_floating and _dtype(args[3]).is_integer:
                _say(name, "weights, biases, inputs, labels")
                args = (*args[:2], args[3], args[2], *args[4:])
            return function(*args, **kwargs)

        return loss

    return wrapped


def _cross_entropy(name):
    """Before 1.0: (logits, labels). Afterwards only names were allowed."""

    def wrapped(function):
        @functools.wraps(function)
        def loss(*args, **kwargs):
            if len(args) > 1 and _is_first_logits(*args[:2]):
                _say(name, "logits, labels")
                kwargs.update(zip(("logits", "labels", "dim"), args))
                args = ()
            return function(*args, **kwargs)

        return loss

    return wrapped


def _is_first_logits(first, second):
    """Whether the arguments can only be logits and labels, in this order.

    Labels are integers, or no variable has a part in their values, but in those of the logits.
    """
    if _dtype(first).is_floating and _dtype(second).is_integer:
        return True
    return _depends_on_variables(first) and not _depends_on_variables(second)


def _depends_on_variables(value):
    """Whether a variable has a part in the values, not only in the shape, of a tensor."""
    if isinstance(value, tf.Variable):
        return True
    waiting, seen = [value.op] if isinstance(value, tf.Tensor) else [], set()
    while waiting:
        op = waiting.pop()
        if op.type in ("VariableV2", "Variable", "VarHandleOp"):
            return True
        if op not in seen and op.type not in ("OnesLike", "ZerosLike", "Shape", "StopGradient"):
            seen.add(op)
            waiting += [tensor.op for tensor in op.inputs]
    return False


_CROSS_ENTROPIES = (
    "nn.softmax_cross_entropy_with_logits",
    "nn.sparse_softmax_cross_entropy_with_logits",
    "nn.sigmoid_cross_entropy_with_logits",
)
# Name -> what gives its function the older order of arguments, too.
ORDERS: Dict[str, Callable[[Callable], Callable]] = {
    "concat": _concat,
    "split": _split,
    "reverse": _reverse,
    "image.resize_images": _resize_images,
    **{name: _sampled_loss(name) for name in ("nn.nce_loss", "nn.sampled_softmax_loss")},
    **{name: _cross_entropy(name) for name in _CROSS_ENTROPIES},
}
