"""Graphs and sessions: a fresh graph with its seed, a session, weights from a checkpoint, export, long arrays in parts."""

import contextlib
import ctypes
import os
import pathlib
import re
import shutil
import tempfile

import numpy as np

from graphmode import runs, tf
from graphmode.runs import InputError


@contextlib.contextmanager
def graph(config):
    """An empty default graph. Its random ops start at a seed of their own where a run is resumed, lest noise repeats."""
    with tf.Graph().as_default():
        tf.set_random_seed(config.seed + (runs.last_step(config.output_dir) if config.resume else 0))
        yield


# In mixed precision these stay in float32: losses, the pictures that they compare, the statistics of batch norms by hand.
_EXACT = "Log,Log1p,Mean,Rsqrt,Sigmoid,SigmoidGrad,Softplus,Sqrt,Square,SquaredDifference,Sum,Tanh,TanhGrad"
_BATCH_NORMS = ",FusedBatchNormV3,FusedBatchNormGradV3"


def session(precision="float32"):
    """A session; on a GPU it takes memory as it needs it.

    precision: with "mixed" TensorFlow rewrites the graphs it runs: convolutions and matrix products, and what lies between
        them, compute in bfloat16; weights, their updates, losses and sums stay in float32.

    Raises:
        InputError: "mixed", and the processor does not multiply bfloat16, or a graphics card is to be used.
    """
    _keep_memory()
    options = tf.ConfigProto(allow_soft_placement=True)
    options.gpu_options.allow_growth = True
    # This optimiser fails on a convolution with leaky ReLU (TensorFlow 2.21 prints an error), and speeds nothing up here.
    rewrites = options.graph_options.rewrite_options
    rewrites.remapping = rewrites.OFF
    if precision == "mixed":
        if tf.config.list_physical_devices("GPU") or not _multiplies_bfloat16():
            raise InputError("--precision mixed is for processors that multiply bfloat16, without a graphics card; leave it out")
        rewrites.auto_mixed_precision_onednn_bfloat16 = rewrites.ON
        # oneDNN normalises bfloat16 ten times slower than float32 if the channels are no multiple of 16.
        channels = [op.inputs[1].shape.num_elements() for op in tf.get_default_graph().get_operations()
                    if op.type == "FusedBatchNormV3"]
        slow = any(number and number % 16 for number in channels)
        for change, ops in ("DENYLIST_ADD", _EXACT), ("INFERLIST_REMOVE", _EXACT + (_BATCH_NORMS if slow else "")):
            os.environ["TF_AUTO_MIXED_PRECISION_GRAPH_REWRITE_" + change] = ops
    return tf.Session(config=options)


def _keep_memory():
    """Has glibc, where it is, keep large blocks for the next step instead of giving them back to the system and asking anew."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt:
        mallopt(-4, 0)  # M_MMAP_MAX: no blocks of their own
        mallopt(-1, 2**31 - 1)  # M_TRIM_THRESHOLD, in bytes


def _multiplies_bfloat16():
    """Whether Linux says so of an x86 processor. On others, and by emulation, bfloat16 is slower than float32."""
    features = pathlib.Path("/proc/cpuinfo")
    return features.exists() and re.search(r"^flags.*\b(avx512_bf16|amx_bf16)\b", features.read_text(), re.M) is not None


def restore(opened, checkpoint, wanted=None):
    """Reads variables by name, all of the graph's if None. Raises InputError if the checkpoint lacks one, or its shape differs."""
    with opened.graph.as_default():
        saver = tf.train.Saver(wanted)
    try:
        saver.restore(opened, str(checkpoint))
    except (tf.errors.OpError, ValueError) as error:
        misfit = re.search(r"Key \S+ not found in checkpoint|lhs shape= ?\[.*?\] rhs shape= ?\[.*?\]", str(error))
        raise InputError("checkpoint {} {}".format(checkpoint, "does not fit this network: " + misfit[0] if misfit else
                                                   "is damaged: take an older one beside it (--resume does, where the "
                                                   "damaged one's files are gone)")) from error


def export(checkpoint, target, signatures):
    """Writes the default graph, with a checkpoint's weights, as a SavedModel that needs nothing of this project.

    Args:
        target: the new folder, which is there whole or not at all.
        signatures: name -> (name -> input tensor, name -> output tensor); the first is the serving default, too.

    Raises:
        InputError: `target` exists.
    """
    target = pathlib.Path(target)
    if target.exists():
        raise InputError("{} exists already: remove it, or choose another --output".format(target))
    made = {name: tf.saved_model.predict_signature_def(*ends) for name, ends in signatures.items()}
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = pathlib.Path(tempfile.mkdtemp(dir=str(target.parent), prefix=".saved_model."))
    try:
        with session() as opened:
            restore(opened, checkpoint)
            builder = tf.saved_model.Builder(str(temporary / "whole"))
            builder.add_meta_graph_and_variables(opened, [tf.saved_model.SERVING],
                                                 {**made, "serving_default": next(iter(made.values()))})
            builder.save()
        os.rename(str(temporary / "whole"), str(target))
    finally:
        shutil.rmtree(str(temporary))
    print("exported: {}".format(target))


def in_parts(opened, fetches, placeholder, values, size=500):
    """Runs `fetches` (a tensor or a list) over a long array, `size` rows at a time; returns numpy arrays of all rows."""
    several = isinstance(fetches, (list, tuple))
    parts = [opened.run(list(fetches) if several else [fetches], {placeholder: values[start:start + size]})
             for start in range(0, len(values), size)]
    arrays = [np.concatenate(column) for column in zip(*parts)]
    return arrays if several else arrays[0]
