"""Where functions of today behave otherwise than in TensorFlow 1.15.5, for old programs only.

`View` asks `adapt`, so that the program gets another function than the libraries. What a program
reaches without a view (a dimension, a session, a flag, a line of the log) is changed by
`installed`, as long as it lasts.
"""

import contextlib
import functools
import glob
import importlib
import inspect
import logging
import sys
from typing import Any, Callable, Dict, Iterator, List

import numpy as np

from graphmode import tf
from graphmode.old_programs import flags, notices, old_names

# Modules whose functions are changed here: they need a view. The format is that of tables.MODULES.
MODULES: Dict[str, List[Any]] = {
    name: [f"tf.{name}"] for name in ("image", "layers", "nn", "random", "version")
}

_CONVOLUTION = "filters kernel_size strides dilation_rate"
_POOLING = "pool_size strides"
_SHAPED = ("normal", "uniform", "gamma", "poisson")
_RESIZES = ("images", "bilinear", "nearest_neighbor", "bicubic", "area")
_SLIM = {
    "conv2d": "num_outputs kernel_size stride rate",
    "convolution2d": "num_outputs kernel_size stride rate",
    "convolution": "num_outputs kernel_size stride rate",
    "conv2d_transpose": "num_outputs kernel_size stride",
    "separable_conv2d": "num_outputs kernel_size stride rate depth_multiplier",
    "fully_connected": "num_outputs",
    "max_pool2d": "kernel_size stride",
    "avg_pool2d": "kernel_size stride",
}
# Name -> its parameters that are dimensions. As dimensions in Python 2 were often written as 50 / 2
# they can be whole numbers of type float.
DIMENSIONS: Dict[str, str] = {
    "fill": "dims",
    "reshape": "shape",
    "manip.reshape": "shape",
    "zeros": "shape",
    "ones": "shape",
    "tile": "multiples",
    "slice": "begin size",
    "split": "num_or_size_splits",
    "pad": "paddings",
    "one_hot": "depth",
    "eye": "num_rows num_columns",
    "lin_space": "num",
    "linspace": "num",
    "broadcast_to": "shape",
    "random_crop": "size",
    **{f"random_{name}": "shape" for name in _SHAPED},
    **{f"random.{name}": "shape" for name in _SHAPED},
    "truncated_normal": "shape",
    "random.truncated_normal": "shape",
    "multinomial": "num_samples",
    **{f"layers.conv{n}d": _CONVOLUTION for n in (1, 2, 3)},
    **{f"layers.conv{n}d_transpose": "filters kernel_size strides" for n in (2, 3)},
    **{f"layers.{kind}_pooling{n}d": _POOLING for kind in ("max", "average") for n in (1, 2, 3)},
    "layers.separable_conv2d": f"{_CONVOLUTION} depth_multiplier",
    "layers.dense": "units",
    "nn.conv2d_transpose": "output_shape strides",
    "nn.conv3d_transpose": "output_shape strides",
    "nn.top_k": "k",
    "nn.in_top_k": "k",
    **{f"image.resize_{name}": "size" for name in _RESIZES},
    "image.resize_image_with_crop_or_pad": "target_height target_width",
    "image.crop_to_bounding_box": "offset_height offset_width target_height target_width",
    "image.pad_to_bounding_box": "offset_height offset_width target_height target_width",
    "train.batch": "batch_size capacity",
    "train.shuffle_batch": "batch_size capacity min_after_dequeue",
    **{
        f"contrib.{module}.{name}": parameters
        for module in ("slim", "layers", "layers.python.layers")
        for name, parameters in _SLIM.items()
    },
}


def whole(value: Any) -> Any:
    """The same with whole numbers of type float as integers, also inside of lists."""
    if isinstance(value, (list, tuple)) and not hasattr(value, "_fields"):
        return type(value)(map(whole, value))
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return int(value)
    if isinstance(value, np.ndarray) and value.dtype.kind == "f" and (value % 1 == 0).all():
        return value.astype(np.int64)
    return value


@functools.lru_cache(maxsize=None)  # the same function has the same name in several modules
def _with_dimensions(function, names):
    parameters = list(inspect.signature(function).parameters)
    names = set(names.split())
    places = {place for place, name in enumerate(parameters) if name in names}

    @functools.wraps(function)
    def with_dimensions(*args, **kwargs):
        args = [whole(value) if place in places else value for place, value in enumerate(args)]
        kwargs = {name: whole(value) if name in names else value for name, value in kwargs.items()}
        return function(*args, **kwargs)

    return with_dimensions


def _with_static_shape(function):
    """A transposed convolution with the static batch of its output_shape.

    Today the batch is that of the input, which is often unknown.
    """

    @functools.wraps(function)
    def transposed(*args, **kwargs):
        output = function(*args, **kwargs)
        if not tf.executing_eagerly():
            util = importlib.import_module("tensorflow.python.framework.tensor_util")
            output.set_shape(util.constant_value_as_shape(output.op.inputs[0]))
        return output

    return transposed


def _device(function):
    @functools.wraps(function)
    def device(name):
        if isinstance(name, str) and "gpu" in name.lower() and not _has_gpu():
            cure = "; the command `doctor` says why" if glob.glob("/dev/nvidia[0-9]*") else ""
            notices.once(
                "gpu", f"TensorFlow has no GPU here: what is for {name} runs on the CPU{cure}"
            )
        return function(name)

    return device


@functools.lru_cache(maxsize=None)
def _has_gpu():
    return bool(tf.config.list_physical_devices("GPU"))


_OTHERS: Dict[str, Callable[[Callable], Callable]] = {
    "device": _device,
    "nn.conv2d_backprop_input": _with_static_shape,
    "nn.conv2d_transpose": _with_static_shape,
    "nn.conv3d_transpose": _with_static_shape,
}


def adapt(name: str, value: Any) -> Any:
    """What an old program gets for a name (without `tf.`), if `value` is what it means today."""
    if name in DIMENSIONS and callable(value):
        value = _with_dimensions(value, DIMENSIONS[name])
    for adapters in (_OTHERS, old_names.ORDERS):
        if name in adapters:
            value = adapters[name](value)
    return value


def tensor() -> type:
    """tf.Tensor: of which class a tensor is itself. Today's class has one for graphs below it."""
    ops = importlib.import_module("tensorflow.python.framework.ops")
    return tf.Tensor if tf.executing_eagerly() else getattr(ops, "SymbolicTensor", tf.Tensor)


@contextlib.contextmanager
def installed() -> Iterator[None]:
    """Inside, dimensions, sessions, flags and the log are those of TensorFlow 1."""
    framework = "tensorflow.python.framework"
    dimension = importlib.import_module(f"{framework}.tensor_shape").Dimension
    session = importlib.import_module("tensorflow.python.client.session").BaseSession
    graph_tensor = getattr(importlib.import_module(f"{framework}.ops"), "SymbolicTensor", None)
    # Of today's messages the first lines are tracebacks; a program reads the cause there.
    traces = importlib.import_module(f"{framework}.error_interpolation")
    of_dimension, of_session = dimension.__init__, session.__init__

    def as_dimension(self, value):
        of_dimension(self, value if type(value) is int else whole(value))

    def on_any_device(self, target="", graph=None, config=None):
        of_session(self, target, graph, _with_soft_placement(config))

    with contextlib.ExitStack() as stack:
        stack.enter_context(_changed(dimension, "__init__", as_dimension))
        stack.enter_context(_changed(session, "__init__", on_any_device))
        if graph_tensor:
            stack.enter_context(_changed(graph_tensor, "__name__", "Tensor"))
            stack.enter_context(_changed(graph_tensor, "__qualname__", "Tensor"))
        stack.enter_context(_changed(traces, "interpolate_graph", lambda message, graph: message))
        stack.enter_context(flags.installed())
        stack.enter_context(_logged_once())
        notices.forget()
        yield


@contextlib.contextmanager
def _changed(owner, name, value):
    before = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)


def _with_soft_placement(config):
    if _has_gpu():
        return config
    if config is None:  # as the session does then
        config = importlib.import_module("tensorflow.python.eager.context").context().config
    if not isinstance(config, tf.ConfigProto):
        return config  # the session's own error
    changed = tf.ConfigProto()
    changed.CopyFrom(config)
    changed.allow_soft_placement = True
    return changed


@contextlib.contextmanager
def _logged_once():
    """TensorFlow's lines go to one of its handlers, absl's and the program's own."""
    absl_logging = importlib.import_module("absl.logging")
    absl_handler, logger = absl_logging.get_absl_handler(), tf.get_logger()

    def is_others(record):
        return record.name != "tensorflow" or not logger.handlers

    def is_only_ours(record):
        return not any(
            getattr(handler, "stream", None) in (sys.stdout, sys.stderr)
            and handler is not absl_handler
            for handler in logging.getLogger().handlers
        )

    handlers = [absl_handler, *logger.handlers]
    filters = [is_others, *[is_only_ours] * len(logger.handlers)]
    for handler, condition in zip(handlers, filters):
        handler.addFilter(condition)
    try:
        yield
    finally:
        for handler, condition in zip(handlers, filters):
            handler.removeFilter(condition)
