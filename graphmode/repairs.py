"""What current TensorFlow needs so that TensorFlow 1 code runs: each repair once, where needed.

1. `tf.layers` and slim's layers need Keras 2 (the package tf_keras): TF_USE_LEGACY_KERAS=1.
2. TensorFlow 2.15 to 2.21 import their batch norm layer from a module that tf_keras has moved.
3. tf_slim 1.1.0 reads names in TensorFlow's inner modules that TensorFlow moved between 2.9 and
   2.21 (`MOVED`).
4. Version 1 behavior: graphs, sessions, reference variables.

The lines that TensorFlow prints when it starts, and its deprecation notices for the version 1 API,
are not shown. Every other line, warning and error is.
"""

import contextlib
import functools
import gc
import glob
import importlib
import logging
import os
import re
import sys
import tempfile
import types
import warnings
from typing import Iterator

from graphmode import notebooks

# Name that tf_slim reads -> where it is now, both below tensorflow.python. The table is complete
# for tf_slim 1.1.0: its syntax tree was compared with TensorFlow 2.16 to 2.21.
MOVED = {
    "framework.ops.Tensor": "framework.tensor.Tensor",
    "framework.ops.IndexedSlices": "framework.indexed_slices.IndexedSlices",
    "ops.array_ops.stack": "ops.array_ops_stack.stack",
    "ops.array_ops.unstack": "ops.array_ops_stack.unstack",
    "ops.control_flow_ops.Assert": "ops.control_flow_assert.Assert",
    "ops.control_flow_ops.case": "ops.control_flow_case.case",
    "ops.control_flow_ops.cond": "ops.cond.cond",
    "ops.control_flow_ops.while_loop": "ops.while_loop.while_loop",
    "ops.variable_scope.variable": "ops.variable_v1.VariableV1",
    "ops.variables.VariableV1": "ops.variable_v1.VariableV1",
    **{
        f"ops.variable_scope.{name}": f"ops.resource_variables_toggle.{name}"
        for name in (
            "disable_resource_variables",
            "enable_resource_variables",
            "resource_variables_enabled",
        )
    },
}

NEWEST, OLDEST = (2, 21), (2, 16)
INSTALL = "pip install 'tensorflow>=2.16,<2.22' 'tf_keras>=2.16,<2.22' 'tf_slim>=1.1.0,<2'"

_NOISE = re.compile(
    r"All log messages before absl::InitializeLog|oneDNN custom operations are on"
    r"|computation placer already registered|Unable to register cu\w+ factory"
    r"|Attempting to register factory for plugin|This TensorFlow binary is optimized to use"
    r"|To enable the following instructions|TF-TRT Warning: Could not find TensorRT"
    r"|MLIR V1 optimization pass is not enabled"
    # The exception of session.run says the same.
    r"|Local rendezvous is aborting with status: "
    r"|OP_REQUIRES failed at save_restore_v2_ops"
    r"|^\s*\[\[\{\{node save\w*/\S+\}\}\]\]$"
    r"|^Hint: If you want to see a list of allocated tensors when OOM happens"
    r"|^\s*\[\[\{\{node \S+_[Ee]nqueue\w*\}\}\]\]$"
)
# These lines are noise only on a machine without an NVIDIA GPU.
_NO_DRIVER = re.compile(
    r"failed call to cuInit|no NVIDIA GPU device is present"
    r"|kernel driver does not appear to be running|retrieving CUDA diagnostic information"
    r"|libcuda reported version|kernel reported version|Could not find cuda drivers"
    r"|Cannot dlopen some GPU libraries"
    r"|Follow the guide at https://www.tensorflow.org/install/gpu"
    r"|Skipping registering GPU devices|Unable to find cudart"
)
_DEPRECATIONS = re.compile(
    r"is deprecated and will be removed"
    r"|non-resource variables are not supported in the long term"
    r"|The name tf\.\S+ is deprecated"
)


@contextlib.contextmanager
def hold_noise() -> Iterator[None]:
    """Holds file descriptor 2 while TensorFlow loads or queues end.

    Afterwards all other lines are written to it; only known noise is dropped.
    """
    try:
        screen = os.dup(2)
    except OSError:  # there is no descriptor 2 (a daemon): nothing to hold
        yield
        return
    if sys.stderr:
        sys.stderr.flush()
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            if sys.stderr:
                sys.stderr.flush()
            os.dup2(screen, 2)
            os.close(screen)
            held.seek(0)
            for line in held.read().splitlines(keepends=True):
                if line.strip() and not _is_noise(line.decode(errors="replace")):
                    os.write(2, line)


@contextlib.contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """For imports, which make many objects and no garbage: TensorFlow's ends a tenth sooner."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _is_noise(line):
    return _NOISE.search(line) or (_NO_DRIVER.search(line) and not glob.glob("/dev/nvidia[0-9]*"))


def _silence_deprecations():
    logging.getLogger("tensorflow").addFilter(
        lambda record: not _DEPRECATIONS.search(record.getMessage())
    )
    for names in (r"tf\.(layers|nn\.rnn_cell)\.\w+", r"layer\.(apply|add_variable|updates)"):
        warnings.filterwarnings("ignore", message=f"`{names}` is deprecated")


def _legacy_keras(tf, version):
    """Makes `tf.layers` that of tf_keras, also if TensorFlow was imported and used before."""
    try:
        importlib.import_module("tf_keras")
    except ImportError as error:
        raise ImportError(
            f"tf.layers and slim need tf_keras beside TensorFlow {version}: "
            f"pip install 'tf_keras=={version}.*'"
        ) from error
    normalization = importlib.import_module("tf_keras.src.legacy_tf_layers.normalization")
    pointer = importlib.import_module("tensorflow.python.layers.normalization")
    pointer.normalization = normalization
    layers = importlib.import_module("tf_keras.api._v1.keras.__internal__.legacy.layers")
    if tf.layers.__dict__.get("dense") is not layers.dense:
        tf.layers = layers


def _moved_names():
    for old, new in MOVED.items():
        (module, name), (home, new_name) = old.rsplit(".", 1), new.rsplit(".", 1)
        owner = importlib.import_module("tensorflow.python." + module)
        if not hasattr(owner, name):
            value = getattr(importlib.import_module("tensorflow.python." + home), new_name)
            setattr(owner, name, value)


@functools.lru_cache(maxsize=None)
def _tensorflow():
    _silence_deprecations()
    if os.path.expanduser("~") == "~":  # no home directory: Keras would make a folder called ~
        os.environ.setdefault("KERAS_HOME", os.path.join(tempfile.gettempdir(), ".keras"))
    try:
        with hold_noise():
            tf = importlib.import_module("tensorflow.compat.v1")
    except ImportError as error:
        raise ImportError(f"TensorFlow cannot be imported ({error}): {INSTALL}") from error
    version = ".".join(tf.__version__.split(".")[:2])
    if not OLDEST <= tuple(map(int, version.split("."))) <= NEWEST:
        warnings.warn(
            f"graphmode is tested with TensorFlow 2.16 to 2.21; this is {tf.__version__}",
            stacklevel=2,
        )
    with hold_noise():
        _legacy_keras(tf, version)
        _moved_names()
        # TensorFlow's lines about drivers come here, where they are held, and not in a session.
        tf.config.list_physical_devices("GPU")
        tf.disable_v2_behavior()
    if version in ("2.19", "2.20"):
        _hold_first_run()
    notebooks.explain_reruns()
    return tf


def _hold_first_run():
    """Holds the noise of the process's first session.run; later runs are not touched.

    TensorFlow 2.19 and 2.20 print a line there.
    """
    session = importlib.import_module("tensorflow.python.client.session").BaseSession
    straight = session._do_run

    def first(*arguments):
        session._do_run = straight
        with hold_noise():
            return straight(*arguments)

    session._do_run = first


def _slim():
    try:
        with hold_noise():
            return importlib.import_module("tf_slim")
    except ImportError as error:
        raise ImportError(
            f"tf_slim cannot be imported ({error}): pip install 'tf_slim>=1.1.0,<2'"
        ) from error


def load(name: str) -> types.ModuleType:
    """The repaired module: "tensorflow.compat.v1" or "tf_slim".

    Raises:
        ImportError: a package is missing or does not fit. The message says what to install.
    """
    with _without_garbage_collection():
        tf = _tensorflow()
        return _slim() if name == "tf_slim" else tf
