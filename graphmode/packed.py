"""Weights in few bytes: checkpoints whose large tensors are rounded and compressed.

A packed checkpoint is a checkpoint of TensorFlow. Small tensors have their own names. A large one,
NAME, is stored as `packed/NAME/half` (float16), or as

    packed/NAME/codes   bytes: zlib's Huffman codes of whole numbers from -127 to 127
    packed/NAME/steps   float32 [last axis]: a weight is its code times the step of its column
    packed/NAME/shape   int32
"""

import pathlib
import zlib
from typing import Dict, Iterator, List, Mapping, Tuple

import numpy as np

from graphmode import files, tf

PREFIX = "packed/"
LARGE = 10_000  # numbers of a tensor that may be rounded; biases and batch norms never are
# Steps to try, in standard deviations of a column. At 1 a weight has two bits.
FINEST, COARSEST, TRIES = 0.03, 1.0, 9

Tensors = Mapping[str, np.ndarray]


def is_packed(checkpoint) -> bool:
    """Whether a checkpoint, a path without ending, has rounded tensors. A damaged one has none."""
    try:
        with files.no_pattern(checkpoint) as path:
            names = tf.train.load_checkpoint(path).get_variable_to_shape_map()
    except (tf.errors.OpError, ValueError, RuntimeError):
        return False
    return any(name.startswith(PREFIX) for name in names)


def read(checkpoint) -> Dict[str, np.ndarray]:
    """All tensors of a checkpoint, packed or not: name -> array, as they were before packing."""
    with files.no_pattern(checkpoint) as path:
        reader = tf.train.load_checkpoint(path)
        names = reader.get_variable_to_shape_map()
        stored = {name: reader.get_tensor(name) for name in names}
    tensors = {name: value for name, value in stored.items() if not name.startswith(PREFIX)}
    for name in stored:
        whole, _, part = name[len(PREFIX) :].rpartition("/")
        if name.startswith(PREFIX) and part == "half":
            tensors[whole] = stored[name].astype(np.float32)
        elif name.startswith(PREFIX) and part == "codes":
            codes = np.frombuffer(zlib.decompress(stored[name].tobytes()), np.int8)
            shape = stored[f"{PREFIX}{whole}/shape"]
            tensors[whole] = codes.reshape(shape) * stored[f"{PREFIX}{whole}/steps"]
    return tensors


def write(target: pathlib.Path, tensors: Tensors, limit: int) -> str:
    """Writes a checkpoint of at most about `limit` bytes, rounded as little as possible.

    Args:
        target: the path of the checkpoint, without ending.
        tensors: name -> array.

    Returns:
        How the weights are stored, in words.
    """
    chosen, words = _fitting(tensors, limit)
    with tf.Graph().as_default(), tf.Session() as session:
        names = list(chosen)
        fed = [tf.placeholder(value.dtype, value.shape) for value in chosen.values()]
        save = tf.raw_ops.SaveV2(
            prefix=str(target), tensor_names=names, shape_and_slices=[""] * len(names), tensors=fed
        )
        session.run(save, dict(zip(fed, chosen.values())))
    return words


def _fitting(tensors: Tensors, limit: int) -> Tuple[Dict[str, np.ndarray], str]:
    """What is stored: the most exact of the ways that fit, else the smallest."""
    for stored, words in _ways(tensors):  # noqa: B007 - the last ones are returned
        if sum(value.nbytes for value in stored.values()) <= limit:
            break
    return stored, words


def _ways(tensors: Tensors) -> Iterator[Tuple[Dict[str, np.ndarray], str]]:
    """Ways to store tensors, from the most exact to the smallest."""
    yield dict(tensors), "float32, as trained"
    small = {name: value for name, value in tensors.items() if not _is_large(value)}
    large = {name: value for name, value in tensors.items() if _is_large(value)}
    halves = {f"{PREFIX}{name}/half": value.astype(np.float16) for name, value in large.items()}
    yield {**small, **halves}, "float16"
    for step in np.geomspace(FINEST, COARSEST, TRIES):
        codes = {}
        for name, value in large.items():
            codes.update(_coded(name, value, step))
        packed = sum(value.nbytes for name, value in codes.items() if name.endswith("/codes"))
        bits = 8 * packed / max(1, sum(value.size for value in large.values()))
        words = f"rounded to {step:.2f} standard deviations of a column, {bits:.1f} bits a weight"
        yield {**small, **codes}, words


def _is_large(value):
    return value.dtype == np.float32 and value.size >= LARGE


def _coded(name, value, step):
    """The three tensors of a rounded one."""
    columns = value.reshape(-1, value.shape[-1])
    steps = np.maximum(step * columns.std(0), 1e-12).astype(np.float32)
    steps = np.maximum(steps, np.abs(columns).max(0) / 127)
    codes = np.rint(columns / steps).astype(np.int8)
    # Huffman codes alone: weights have no repeated sequences that zlib could refer to.
    coder = zlib.compressobj(9, strategy=zlib.Z_HUFFMAN_ONLY)
    content = coder.compress(codes.tobytes()) + coder.flush()
    return {
        f"{PREFIX}{name}/codes": np.frombuffer(content, np.uint8),
        f"{PREFIX}{name}/steps": steps,
        f"{PREFIX}{name}/shape": np.array(value.shape, np.int32),
    }


def restore(session, tensors: Tensors, wanted: List) -> List[str]:
    """Gives variables the values of the tensors with their names.

    Returns:
        The names that are missing or have another shape. If there are some, nothing is changed.
    """
    lacking = [
        variable.op.name
        for variable in wanted
        if tensors.get(variable.op.name, np.empty([0, 0])).shape != tuple(variable.shape.as_list())
    ]
    for variable in wanted if not lacking else ():
        variable.load(tensors[variable.op.name], session)
    return lacking
