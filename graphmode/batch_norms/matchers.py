"""Finds the places of a graph that compute (x - mean) / sqrt(variance + epsilon).

Three forms occur: the fused op; tf.nn.batch_normalization, which computes
x * scale + (offset - mean * scale); and arithmetic by hand, (x - mean) / sqrt(...) in any spelling.
A place is a batch norm if its mean and variance are those of a batch, over the batch's axis, or
variables. Layer norm, instance norm and group norm keep the batch's axis and are left out.
"""

import dataclasses
from typing import Any, Iterator, List, Optional, Tuple

from graphmode.batch_norms import statistics
from graphmode.batch_norms.flow import VARIABLES, Flow

ADDITIONS = ("Add", "AddV2", "BiasAdd")
DIVISIONS = ("RealDiv", "Div")


@dataclasses.dataclass
class Match:
    """One place that normalizes.

    Attributes:
        form: "fused", "batch_normalization" or "arithmetic".
        op: the operation that makes `output`.
        x: the tensor that is normalized.
        mean, variance: the tensors by which it is.
        scale, offset: gamma and beta, tensors, or None.
        epsilon: a number, or None if there is none.
        data_format: of a fused op, "NHWC" or "NCHW"; "" otherwise.
    """

    form: str
    op: Any
    x: Any
    mean: Any
    variance: Any
    scale: Optional[Any]
    offset: Optional[Any]
    epsilon: Optional[float]
    output: Any
    data_format: str = ""


def matches(flow: Flow) -> Iterator[Match]:
    """All places of the graph that may be batch norms, in the order of the graph."""
    for op in flow.ops:
        if op.type in statistics.FUSED:
            match: Optional[Match] = _fused(flow, op)
        elif op.type in ("Rsqrt", "Sqrt", "Pow"):
            match = _by_root(flow, op)
        else:
            continue
        if match is not None:
            yield match


def _fused(flow, op):
    x, scale, offset, mean, variance = flow.inputs[op.name]
    if op.get_attr("is_training"):
        mean, variance = op.outputs[1:3]
        if _is_layer_norm(flow, x, scale):
            return None
    data_format = op.get_attr("data_format").decode()
    epsilon = float(f"{op.get_attr('epsilon'):.6g}")  # float32's 0.0010000000474974513
    output = op.outputs[0]
    return Match("fused", op, x, mean, variance, scale, offset, epsilon, output, data_format)


def _is_layer_norm(flow, x, scale):
    """Layer norms use the fused op, too: with one image, or the batch in the place of channels."""
    op = flow.origin(x).op
    if op.type != "Reshape" or flow.variable(scale) is not None:
        return False
    return x.shape.as_list()[0] == 1 and flow.origin(scale).op.type != "Const"


def _by_root(flow, op):
    """The match around a square root, or None."""
    variance, epsilon = _with_epsilon(flow, flow.inputs[op.name][0])
    if op.type == "Pow" and flow.constant(flow.inputs[op.name][1]) not in (-0.5, 0.5):
        return None
    sources = statistics.sort(flow, variance)
    if not (sources.moving or any(part.what == "variance" for part, _ in sources.batch)):
        return None
    root, inverse = op.outputs[0], op.type == "Rsqrt"
    if op.type == "Pow":
        inverse = flow.constant(flow.inputs[op.name][1]) == -0.5
    if not inverse and epsilon is None:  # x / (sqrt(variance) + epsilon)
        for reader in flow.consumers(root):
            if reader.type in ADDITIONS:
                _, epsilon = _with_epsilon(flow, reader.outputs[0])
                if epsilon is not None:
                    root = reader.outputs[0]
                    break
    return _normalized(flow, root, inverse, variance, epsilon)


def _with_epsilon(flow, tensor):
    """(variance, epsilon) of their sum."""
    op, inputs = tensor.op, flow.inputs[tensor.op.name]
    if op.type in ADDITIONS or op.type == "Maximum":
        for variance, epsilon in (inputs, inputs[::-1]):
            number = flow.constant(epsilon)
            if number is not None and abs(number) < 1.0:
                return variance, float(f"{number:.6g}")
    return tensor, None


def _normalized(flow, root, inverse, variance, epsilon, scale=None, depth=0):
    """Follows 1 / sqrt(variance) to where it is multiplied with x.

    Args:
        root: tensor, the square root, or its inverse if `inverse`.
        scale: a gamma that `root` has been multiplied with.
    """
    for product, other in _products(flow, root, inverse):
        centered = _centered(flow, other)
        if centered:
            x, mean, factor = centered
            scale = scale if factor is None else factor
            return _finish(flow, product, x, mean, variance, scale, epsilon)
        combined = _combined(flow, product, root)
        if combined:
            form, x = "batch_normalization", flow.origin(other)
            end, mean, offset = combined
            return Match(form, end.op, x, mean, variance, scale, offset, epsilon, end)
        is_one = not inverse and other.op.type == "Const"  # 1 / sqrt(...)
        if depth < 2 and (is_one or _is_parameter(flow, other, product)):
            factor = scale if is_one else other
            end = product.outputs[0]
            match = _normalized(flow, end, True, variance, epsilon, factor, depth + 1)
            if match:
                return match
    return None


def _products(flow, root, inverse) -> Iterator[Tuple[Any, Any]]:
    """(op, the other factor) of all products with 1 / sqrt(variance)."""
    for tensor in _passed_on(flow, root):
        for op in flow.consumers(tensor):
            inputs = flow.inputs[op.name]
            if op.type == "Mul" and inverse:
                yield op, inputs[1] if inputs[0].name == tensor.name else inputs[0]
            elif op.type in DIVISIONS and not inverse and inputs[1].name == tensor.name:
                yield op, inputs[0]


def _passed_on(flow, tensor) -> List[Any]:
    """The tensor, and its copies that only pass it on."""
    copies: List[Any] = []
    waiting = [tensor]
    while waiting and len(copies) < 20:
        tensor = waiting.pop()
        copies.append(tensor)
        for op in flow.consumers(tensor):
            if op.type in ("Identity", "Reshape", "ExpandDims", "Squeeze", "Cast", "Switch"):
                waiting.extend(output for output in op.outputs if output.dtype == tensor.dtype)
    return copies


def _is_mean(flow, tensor):
    sources = statistics.sort(flow, tensor)
    return bool(sources.moving) or any(part.what == "mean" for part, _ in sources.batch)


def _centered(flow, tensor):
    """(x, mean, gamma or None) of x - mean or gamma * (x - mean), or None."""
    op = flow.origin(tensor).op
    if op.type == "Mul":
        for factor, rest in (flow.inputs[op.name], flow.inputs[op.name][::-1]):
            if flow.variable(factor) is not None and flow.origin(rest).op.type == "Sub":
                inner = _centered(flow, rest)
                return inner and (*inner[:2], factor)
    if op.type == "Sub":
        x, mean = flow.inputs[op.name]
        if _is_mean(flow, mean) and flow.variable(x) is None:
            return flow.origin(x), mean, None
    return None


def _combined(flow, product, root):
    """What tf.nn.batch_normalization makes of x * scale: (end, mean, offset), or None."""
    for tensor in _passed_on(flow, product.outputs[0]):
        for end in flow.consumers(tensor):
            inputs = flow.inputs[end.name]
            if end.type not in (*ADDITIONS, "Sub"):
                continue
            other = inputs[1] if inputs[0].name == tensor.name else inputs[0]
            op = flow.origin(other).op
            parts = flow.inputs[op.name]
            if end.type in ADDITIONS and op.type == "Sub":  # offset - mean * scale
                mean = _mean_of_product(flow, parts[1], root)
                if mean is not None:
                    return end.outputs[0], mean, parts[0]
            mean = _mean_of_product(flow, other, root)
            if mean is not None:
                return end.outputs[0], mean, None
    return None


def _mean_of_product(flow, tensor, root):
    """The mean if `tensor` is mean * root or -mean * root, else None."""
    op = flow.origin(tensor).op
    if op.type != "Mul":
        return None
    parts, names = flow.inputs[op.name], {copy.name for copy in _passed_on(flow, root)}
    for mean, scale in (parts, parts[::-1]):
        if scale.name in names:
            origin = flow.origin(mean)
            if origin.op.type == "Neg":
                mean = flow.inputs[origin.op.name][0]
            return mean if _is_mean(flow, mean) else None
    return None


def _is_parameter(flow, tensor, product):
    """Whether a factor is a gamma: a value for each channel, which is no image."""
    variables = [part for part in flow.behind(tensor) if part.op.type in VARIABLES]
    if variables:
        return True
    rank, other = tensor.shape.ndims, product.outputs[0].shape.ndims
    return rank is not None and rank < 2 and other is not None


def _finish(flow, product, x, mean, variance, scale, epsilon):
    """Adds gamma and beta that follow a division by hand."""
    output, offset = product.outputs[0], None
    for _ in range(2):
        following = [
            op
            for tensor in _passed_on(flow, output)
            for op in flow.consumers(tensor)
            if op.type in ("Mul", *ADDITIONS)
        ]
        for op in following:
            names = {tensor.name for tensor in _passed_on(flow, output)}
            others = [part for part in flow.inputs[op.name] if part.name not in names]
            if len(others) != 1 or not _is_vector(flow, others[0]):
                continue
            if op.type == "Mul" and scale is None and offset is None:
                scale, output = others[0], op.outputs[0]
                break
            if op.type in ADDITIONS and offset is None:
                offset, output = others[0], op.outputs[0]
                break
        else:
            break
    return Match("arithmetic", output.op, x, mean, variance, scale, offset, epsilon, output)


def _is_vector(flow, tensor):
    """Whether a tensor is a variable of a value for each channel."""
    variable = flow.variable(tensor)
    if variable is None:
        return False
    shape = tensor.shape.as_list() if tensor.shape.ndims is not None else []
    return sum(size != 1 for size in shape) <= 1
