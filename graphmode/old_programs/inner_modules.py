"""Names that TensorFlow's inner modules (tensorflow.python) had in version 1 and have lost.

The modules are the real ones, which libraries use, too: they only get the names that they lack.
`repairs.MOVED` has those that tf_slim needs, and they are there always.
"""

import contextlib
import importlib
import sys
from typing import Any, Dict, Iterator

from graphmode.old_programs.adapters.paths import Names, find, of

_PYTHON = "tensorflow.python"
_RNN = f"{__package__}.adapters.rnn"
_NEST = {"is_sequence": f"{_PYTHON}.util.nest.is_nested"}
_CONSTANTS = of("tf.graph_util", "convert_variables_to_constants")
_TRACKABLE = f"{_PYTHON}.trackable"

# Module below tensorflow.python -> its lost names, each with its place.
LOST: Dict[str, Dict[str, str]] = {
    "data.util.nest": _NEST,
    "framework.common_shapes": of(f"{_PYTHON}.framework.tensor_shape", "unknown_shape"),
    "framework.graph_util": _CONSTANTS,
    "framework.graph_util_impl": _CONSTANTS,
    "framework.ops": {
        "RegisterShape": f"{__name__}.",
        **of(
            f"{_PYTHON}.framework.indexed_slices",
            "IndexedSlicesValue convert_n_to_tensor_or_indexed_slices "
            "convert_to_tensor_or_indexed_slices",
        ),
        **of("tf", "register_tensor_conversion_function"),
    },
    "framework.tensor_util": {
        "is_tensor": "tf.",
        **of(f"{_PYTHON}.ops.shape_util", "maybe_set_static_shape shape_tensor"),
    },
    "layers.layers": of("tf.layers", "BatchNormalization batch_normalization InputSpec"),
    "ops.functional_ops": of(f"{_PYTHON}.ops.gen_functional_ops", "partitioned_call"),
    "ops.nn_impl": of("tf.nn", "compute_average_loss scale_regularization_loss"),
    "ops.rnn_cell": of(_RNN, "_Linear _linear"),
    "ops.rnn_cell_impl": of(_RNN, "_Linear _linear"),
    "pywrap_tensorflow": {
        "CheckpointReader": "tf.train.NewCheckpointReader",
        "EventsWriter": f"{_PYTHON}.client._pywrap_events_writer.",
        "NewCheckpointReader": "tf.train.",
        "list_devices": f"{_PYTHON}.client._pywrap_device_lib.",
    },
    "saved_model.utils_impl": of(
        f"{_PYTHON}.saved_model.path_helpers",
        "get_assets_dir get_or_create_assets_dir get_or_create_variables_dir get_variables_dir "
        "get_variables_path",
    ),
    "util.nest": _NEST,
}
# Module that is gone -> the module of today.
GONE = {
    "training.distribution_strategy_context": f"{_PYTHON}.distribute.distribute_lib",
    "training.tracking": _TRACKABLE,
    "training.tracking.base": f"{_TRACKABLE}.base",
    "training.tracking.data_structures": f"{_TRACKABLE}.data_structures",
    "training.tracking.python_state": f"{_TRACKABLE}.python_state",
    "training.tracking.tracking": f"{_TRACKABLE}.autotrackable",
    "training.tracking.util": f"{_PYTHON}.checkpoint.checkpoint",
    "training.training_ops": f"{_PYTHON}.ops.gen_training_ops",
}


class RegisterShape:
    """A decorator that has no effect since TensorFlow 1.0: C++ knows the shapes."""

    def __init__(self, op_type: str):
        self._op = op_type

    def __call__(self, function: Any) -> Any:
        return function


@contextlib.contextmanager
def installed() -> Iterator[None]:
    """Inside, the inner modules have their lost names, and the modules that are gone are there."""
    with contextlib.ExitStack() as stack:

        def give(owner, name, value):
            if name not in vars(owner):
                setattr(owner, name, value)
                stack.callback(delattr, owner, name)

        for path, names in LOST.items():
            # Python asks a module's __getattr__ for names that the module does not have.
            give(importlib.import_module(f"{_PYTHON}.{path}"), "__getattr__", _asking(path, names))
        for path, today in GONE.items():
            whole = f"{_PYTHON}.{path}"
            if whole not in sys.modules:
                parent, _, name = whole.rpartition(".")
                sys.modules[whole] = find(today)
                stack.callback(sys.modules.pop, whole, None)
                give(sys.modules[parent], name, sys.modules[whole])
        yield


def _asking(path, names):
    lost = Names(names)

    def ask(name):
        if name not in names:
            raise AttributeError(f"module '{_PYTHON}.{path}' has no attribute {name!r}")
        return getattr(lost, name)

    return ask
