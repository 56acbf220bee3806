"""Graphs and sessions: a new graph with its seed, a session, weights from a checkpoint, export."""

import contextlib
import ctypes
import os
import pathlib
import re
import shutil
import tempfile
from typing import Any, Callable, Iterator, Mapping, Optional, Sequence, Tuple

import numpy as np

from graphmode import cluster, files, kernels, noise, packed, repairs, tf
from graphmode.errors import InputError, cause

# In mixed precision these stay in float32: losses, the images that losses compare, and the
# statistics of batch norms that are written by hand.
EXACT = (
    "Log,Log1p,Mean,Rsqrt,Sigmoid,SigmoidGrad,Softplus,Sqrt,Square,SquaredDifference,Sum,"
    "Tanh,TanhGrad"
)
BATCH_NORMS = "FusedBatchNormV3,FusedBatchNormGradV3"


@contextlib.contextmanager
def graph(config) -> Iterator[None]:
    """A new default graph with the run's seed, noise that a resumed run repeats (`noise`) and the
    faster CPU computations of `kernels`.

    Args:
        config: a `config.Run`; its seed is read.
    """
    with tf.Graph().as_default(), kernels.fast(), noise.repeatable(), cluster.here().building():
        tf.set_random_seed(config.seed)
        yield


def session(precision: str = "float32", connect: Optional[Callable[[Any], Any]] = None):
    """A tf.Session. On a GPU it takes memory as it needs it.

    Args:
        connect: function of a tf.ConfigProto that opens the session on a worker's server.
        precision: "mixed" has TensorFlow rewrite the graphs that run: convolutions and matrix
            products, and the ops between them, compute in bfloat16. Weights, their updates,
            losses and sums stay in float32.

    Raises:
        InputError: "mixed", and the CPU does not support bfloat16 or a GPU would be used.
    """
    _keep_memory()
    options = _options(precision)
    return connect(options) if connect else tf.Session(config=options)


def _options(precision):
    """The tf.ConfigProto of a session."""
    options = tf.ConfigProto(allow_soft_placement=True)
    options.gpu_options.allow_growth = True
    rewrites = options.graph_options.rewrite_options
    # The remapper fails on a convolution with a leaky ReLU (TensorFlow 2.21 prints an error), and
    # makes nothing faster here.
    rewrites.remapping = rewrites.OFF
    if precision == "mixed":
        if tf.config.list_physical_devices("GPU") or not _supports_bfloat16():
            raise InputError(
                "--precision mixed needs a CPU that supports bfloat16, and no GPU: "
                "use --precision float32"
            )
        rewrites.auto_mixed_precision_onednn_bfloat16 = rewrites.ON
        _choose_bfloat16_ops()
    return options


def _choose_bfloat16_ops():
    """Says which ops of the default graph stay in float32."""
    # oneDNN's batch norm in bfloat16 is ten times slower than in float32 if the number of channels
    # is no multiple of 16.
    channels = [
        op.inputs[1].shape.num_elements()
        for op in tf.get_default_graph().get_operations()
        if op.type == "FusedBatchNormV3"
    ]
    slow = any(number and number % 16 for number in channels)
    removed = f"{EXACT},{BATCH_NORMS}" if slow else EXACT
    for change, ops in (("DENYLIST_ADD", EXACT), ("INFERLIST_REMOVE", removed)):
        os.environ[f"TF_AUTO_MIXED_PRECISION_GRAPH_REWRITE_{change}"] = ops


def _keep_memory():
    """Tells glibc, if it is there, to keep large blocks for the next step."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt:
        mallopt(-4, 0)  # M_MMAP_MAX: large blocks come from the heap
        mallopt(-1, 2**31 - 1)  # M_TRIM_THRESHOLD, in bytes: the heap does not shrink


def _supports_bfloat16():
    """Whether Linux says so of an x86 CPU. Elsewhere bfloat16 is emulated and slow."""
    features = pathlib.Path("/proc/cpuinfo")
    pattern = r"^flags.*\b(avx512_bf16|amx_bf16)\b"
    return features.exists() and re.search(pattern, features.read_text(), re.M) is not None


class DamagedCheckpoint(InputError):
    """A checkpoint's files are not as they were written."""


def restore(session, checkpoint, wanted: Optional[Sequence[Any]] = None) -> None:
    """Reads variables from a checkpoint by name; all variables of the graph if `wanted` is None.

    Raises:
        InputError: the checkpoint lacks a variable, has one of another shape, or cannot be read.
        DamagedCheckpoint: a part of it is missing or has changed.
    """
    with session.graph.as_default():
        names = tf.train.Saver(wanted).as_saver_def()
        variables = list(wanted or tf.global_variables())
    try:
        if packed.is_packed(checkpoint):
            lacking = packed.restore(session, packed.read(checkpoint), variables)
            if lacking:
                raise InputError(
                    f"checkpoint {checkpoint} does not fit this network: "
                    f"Key {lacking[0]} not found in checkpoint"
                )
            return
        with files.no_pattern(checkpoint) as path, repairs.hold_noise():
            session.run(names.restore_op_name, {names.filename_tensor_name: path})
    except (tf.errors.OpError, ValueError) as error:
        mismatch = re.search(
            r"Key \S+ not found in checkpoint|lhs shape= ?\[.*?\] rhs shape= ?\[.*?\]", str(error)
        )
        if mismatch:
            raise InputError(
                f"checkpoint {checkpoint} does not fit this network: {mismatch[0]}"
            ) from error
        if isinstance(error, (tf.errors.PermissionDeniedError, tf.errors.ResourceExhaustedError)):
            reason = cause(error.message)
            raise InputError(f"checkpoint {checkpoint} cannot be read: {reason}") from error
        raise DamagedCheckpoint(
            f"checkpoint {checkpoint} is damaged: use an older one of the same folder "
            "(--resume does so)"
        ) from error


Ends = Mapping[str, Any]  # name -> tensor


def export(checkpoint, target, signatures: Mapping[str, Tuple[Ends, Ends]]) -> None:
    """Writes the default graph with a checkpoint's weights as a SavedModel.

    Args:
        target: the new folder. It is written whole or not at all.
        signatures: name -> (inputs, outputs). The first is also the serving default.

    Raises:
        InputError: `target` exists.
    """
    target = pathlib.Path(target)
    if target.exists():
        raise InputError(f"{target} already exists: remove it, or choose another --output")
    made = {name: tf.saved_model.predict_signature_def(*ends) for name, ends in signatures.items()}
    made["serving_default"] = next(iter(made.values()))
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = pathlib.Path(tempfile.mkdtemp(dir=str(target.parent), prefix=".saved_model."))
    try:
        with session() as opened, files.no_pattern(temporary) as path:
            restore(opened, checkpoint)
            builder = tf.saved_model.Builder(os.path.join(path, "whole"))
            builder.add_meta_graph_and_variables(opened, [tf.saved_model.SERVING], made)
            builder.save()
        os.rename(str(temporary / "whole"), str(target))
    finally:
        shutil.rmtree(str(temporary))
    print(f"exported: {target}")


def in_parts(session, fetches, placeholder, values: np.ndarray, size: int = 500):
    """Runs `fetches` over a long array, `size` rows at a time.

    Args:
        fetches: a tensor or a list of tensors.
        placeholder: gets the rows of `values`.

    Returns:
        The numpy array of all rows, or a list of arrays.
    """
    several = isinstance(fetches, (list, tuple))
    parts = [
        session.run(
            list(fetches) if several else [fetches], {placeholder: values[start : start + size]}
        )
        for start in range(0, len(values), size)
    ]
    arrays = [np.concatenate(column) for column in zip(*parts)]
    return arrays if several else arrays[0]
