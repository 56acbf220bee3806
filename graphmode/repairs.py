"""What current TensorFlow needs so that programs of TensorFlow 1 run: each repair once, and only where it is missing.

1. `tf.layers` and slim's layers are Keras 2 (the package tf_keras), chosen by TF_USE_LEGACY_KERAS=1.
2. TensorFlow 2.15 to 2.21 look for their own batch normalisation layer in a module that tf_keras has moved.
3. tf_slim 1.1.0 reads names in TensorFlow's inner modules that TensorFlow moved between 2.9 and 2.21 (`MOVED`).
4. Version 1 behaviour: graphs, sessions, reference variables.

The lines that TensorFlow prints at start-up, and its deprecation notices for the API that this project is about,
are held back; every other line, warning and error passes.
"""

import contextlib
import functools
import glob
import importlib
import logging
import os
import re
import sys
import tempfile
import warnings

# Name that tf_slim looks up -> where it lives now, both below tensorflow.python. Complete for tf_slim 1.1.0 (read off
# its syntax tree against 2.16 to 2.21).
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
    "ops.variable_scope.disable_resource_variables": "ops.resource_variables_toggle.disable_resource_variables",
    "ops.variable_scope.enable_resource_variables": "ops.resource_variables_toggle.enable_resource_variables",
    "ops.variable_scope.resource_variables_enabled": "ops.resource_variables_toggle.resource_variables_enabled",
    "ops.variables.VariableV1": "ops.variable_v1.VariableV1",
}

NEWEST, OLDEST = (2, 21), (2, 16)

_NOISE = re.compile(
    r"All log messages before absl::InitializeLog|oneDNN custom operations are on|computation placer already registered"
    r"|Unable to register cu\w+ factory|Attempting to register factory for plugin"
    r"|This TensorFlow binary is optimized to use|To enable the following instructions"
    r"|TF-TRT Warning: Could not find TensorRT|MLIR V1 optimization pass is not enabled"
    r"|Local rendezvous is aborting with status: CANCELLED|^\s*\[\[\{\{node \S+_[Ee]nqueue\w*\}\}\]\]$"
)
_NO_DRIVER = re.compile(
    r"failed call to cuInit|no NVIDIA GPU device is present|kernel driver does not appear to be running"
    r"|retrieving CUDA diagnostic information|libcuda reported version|kernel reported version|Could not find cuda drivers"
    r"|Cannot dlopen some GPU libraries|Follow the guide at https://www.tensorflow.org/install/gpu"
    r"|Skipping registering GPU devices|Unable to find cudart"
)
_DEPRECATIONS = re.compile(
    r"is deprecated and will be removed|non-resource variables are not supported in the long term"
    r"|The name tf\.\S+ is deprecated"
)


@contextlib.contextmanager
def hold_noise():
    """Holds file descriptor 2 while TensorFlow loads or queues end, then lets through each line that is not known noise."""
    try:
        screen = os.dup(2)
    except OSError:  # no descriptor 2 at all (a daemon): nothing to hold
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


def _is_noise(line):
    """A machine without an NVIDIA card need not hear that CUDA does not start; one with a card must."""
    return _NOISE.search(line) or (_NO_DRIVER.search(line) and not glob.glob("/dev/nvidia[0-9]*"))


def _quieten():
    logging.getLogger("tensorflow").addFilter(
        lambda record: not _DEPRECATIONS.search(record.getMessage())
    )
    warnings.filterwarnings("ignore", message=r"`tf\.(layers|nn\.rnn_cell)\.\w+` is deprecated")
    warnings.filterwarnings(
        "ignore", message=r"`layer\.(apply|add_variable|updates)` is deprecated"
    )


def _legacy_keras(tf, version):
    """Makes `tf.layers` that of tf_keras, also if TensorFlow was imported and used before this package."""
    try:
        importlib.import_module("tf_keras")
    except ImportError as error:
        raise ImportError(
            "tf.layers and slim need tf_keras beside TensorFlow {0}: pip install 'tf_keras=={0}.*'".format(
                version
            )
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
        module = importlib.import_module("tensorflow.python." + module)
        if not hasattr(module, name):
            setattr(
                module,
                name,
                getattr(importlib.import_module("tensorflow.python." + home), new_name),
            )


@functools.lru_cache(maxsize=None)
def _tensorflow():
    _quieten()
    try:
        with hold_noise():
            tf = importlib.import_module("tensorflow.compat.v1")
    except ImportError as error:
        raise ImportError(
            "TensorFlow cannot be imported ({}): pip install 'tensorflow>=2.16,<2.22' "
            "'tf_keras>=2.16,<2.22' 'tf_slim>=1.1.0,<2'".format(error)
        ) from error
    version = ".".join(tf.__version__.split(".")[:2])
    if not OLDEST <= tuple(map(int, version.split("."))) <= NEWEST:
        warnings.warn(
            "graphmode is tested with TensorFlow 2.16 to 2.21; this is {}".format(tf.__version__)
        )
    with hold_noise():
        _legacy_keras(tf, version)
        _moved_names()
        tf.config.list_physical_devices(
            "GPU"
        )  # TensorFlow's lines about drivers come here, where they are held
        tf.disable_v2_behavior()
    if version in ("2.19", "2.20"):  # have a line of noise left for the first run of a session
        _hold_first_run()
    return tf


def _hold_first_run():
    """Holds the noise of a process's first run of a session; from then on runs go straight through."""
    session = importlib.import_module("tensorflow.python.client.session").BaseSession
    straight = session._do_run

    def first(*arguments):
        session._do_run = straight
        with hold_noise():
            return straight(*arguments)

    session._do_run = first


def load(name):
    """The mended module: "tensorflow.compat.v1" or "tf_slim". Raises ImportError with the cure."""
    tf = _tensorflow()
    if name != "tf_slim":
        return tf
    try:
        with hold_noise():
            return importlib.import_module(name)
    except ImportError as error:
        raise ImportError(
            "tf_slim cannot be imported ({}): pip install 'tf_slim>=1.1.0,<2'".format(error)
        ) from error
