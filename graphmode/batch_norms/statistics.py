"""Means and variances in a graph: which op computes one, of what, over which axes."""

from typing import Any, List, NamedTuple, Optional, Tuple

from graphmode import tf
from graphmode.batch_norms.flow import VARIABLES, Flow, Source

FUSED = ("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3")
_PRODUCTS = ("Mul", "RealDiv", "Div")


class Statistic(NamedTuple):
    """A mean or a variance over a batch.

    Attributes:
        what: "mean", "variance", or "square": the mean of the squares.
        x: tensor that it is the statistic of.
        axes: over which it is; None if unknown.
    """

    what: str
    x: Any
    axes: Optional[Tuple[int, ...]]


def of(flow: Flow, tensor: Any) -> Optional[Statistic]:
    """The statistic that an op computes as `tensor`, or None."""
    op, inputs = tensor.op, flow.inputs[tensor.op.name]
    if op.type in FUSED and op.get_attr("is_training") and tensor.value_index in (1, 2):
        channel = 1 if op.get_attr("data_format") == b"NCHW" else 3
        axes = tuple(axis for axis in range(4) if axis != channel)
        return Statistic(("mean", "variance")[tensor.value_index - 1], inputs[0], axes)
    if op.type == "Mean":
        return _of_mean(flow, inputs[0], _axes(inputs))
    if op.type == "Sub":
        return _difference(flow, *inputs)
    if op.type in _PRODUCTS:
        # tf.nn.sufficient_statistics: a sum, and its division by the number of values.
        for total, number in (inputs, inputs[::-1]):
            total_op = flow.origin(total).op
            if total_op.type == "Sum" and flow.constant(number) != 0.0:
                parts = flow.inputs[total_op.name]
                return _of_mean(flow, parts[0], _axes(parts))
    return None


def _axes(inputs):
    axes, rank = tf.get_static_value(inputs[1]), inputs[0].shape.ndims
    if axes is None or rank is None:
        return None
    return tuple(sorted(int(axis) % rank for axis in axes.reshape([-1])))


def _of_mean(flow, x, axes):
    """The statistic that is the mean of `x`: of a square of differences it is the variance."""
    square = flow.origin(x).op
    parts = flow.inputs[square.name]
    if square.type == "SquaredDifference":
        return _variance(flow, *parts, axes)
    is_square = square.type == "Square" or (square.type == "Mul" and parts[0].name == parts[1].name)
    if is_square or (square.type == "Pow" and flow.constant(parts[1]) == 2.0):
        difference = flow.origin(parts[0]).op
        if difference.type == "Sub":
            variance = _variance(flow, *flow.inputs[difference.name], axes)
            if variance:
                return variance
        return Statistic("square", flow.origin(parts[0]), axes)
    return Statistic("mean", flow.origin(x), axes)


def _variance(flow, x, mean, axes):
    """The variance of `x`, if `mean` is its mean or a moving one."""
    for source in flow.sources(mean):
        if source.tensor.op.type in VARIABLES:
            return Statistic("variance", flow.origin(x), axes)
        inner = of(flow, source.tensor)
        if inner and inner.what == "mean" and same(flow, inner.x, x):
            return Statistic("variance", flow.origin(x), axes)
    return None


def _difference(flow, square, mean_square):
    """The variance as E(x^2) - E(x)^2."""
    first = of(flow, flow.origin(square))
    second = flow.origin(mean_square).op
    if first is None or first.what != "square" or second.type not in ("Square", "Mul"):
        return None
    mean = of(flow, flow.origin(flow.inputs[second.name][0]))
    if mean and mean.what == "mean" and same(flow, mean.x, first.x):
        return Statistic("variance", first.x, first.axes)
    return None


def same(flow: Flow, a: Any, b: Any) -> bool:
    """Whether two tensors are the same values."""
    return flow.origin(a).name == flow.origin(b).name


class Statistics(NamedTuple):
    """Where a mean or a variance that normalizes comes from.

    Attributes:
        batch: (statistic, source) of those of the batch.
        moving: (operation of the variable, source) of those that are kept.
        unknown: sources that are neither.
    """

    batch: List[Tuple[Statistic, Source]]
    moving: List[Tuple[Any, Source]]
    unknown: List[Source]


def sort(flow: Flow, tensor: Any) -> Statistics:
    """Sorts the sources of a tensor."""
    sorted_ = Statistics([], [], [])
    for source in flow.sources(tensor):
        statistic = of(flow, source.tensor)
        if statistic and statistic.what != "square":
            sorted_.batch.append((statistic, source))
        elif source.tensor.op.type in VARIABLES:
            sorted_.moving.append((source.tensor.op, source))
        else:
            sorted_.unknown.append(source)
    return sorted_
