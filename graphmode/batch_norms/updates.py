"""Finds the ops that move averages towards the statistics of a batch, and how far they move them.

Any spelling counts: assign_moving_average, ExponentialMovingAverage, tf.assign(average, decay *
average + (1 - decay) * mean), average.assign_sub(...). The decay is the coefficient of the old
value in the new one.
"""

import collections
from typing import Any, Dict, Iterator, List, NamedTuple, Optional

from graphmode.batch_norms import statistics
from graphmode.batch_norms.flow import PASSING, VARIABLES, Flow
from graphmode.batch_norms.statistics import Statistic

_NEW, _ADDED, _SUBTRACTED = "new", "added", "subtracted"
ASSIGNMENTS = {
    "Assign": _NEW,
    "AssignVariableOp": _NEW,
    "AssignAdd": _ADDED,
    "AssignAddVariableOp": _ADDED,
    "AssignSub": _SUBTRACTED,
    "AssignSubVariableOp": _SUBTRACTED,
}


class Move(NamedTuple):
    """An op that changes a variable by something that the statistics of a batch are part of.

    Attributes:
        op: the operation.
        variable: the operation of the variable.
        statistic: the nearest statistic.
        decay: the coefficient of the old value, or None if it is no constant.
        always: whether it moves the average whatever conditions say.
    """

    op: Any
    variable: Any
    statistic: Statistic
    decay: Optional[float]
    always: bool


def moves(flow: Flow) -> Iterator[Move]:
    """All of them, in the order of the graph."""
    for op in flow.ops:
        if op.type not in ASSIGNMENTS:
            continue
        target, value = flow.inputs[op.name][:2]
        variable = flow.variable(target)
        parts = _statistics_in(flow, value) if variable is not None else []
        if parts:
            decay, always = _decay(flow, op, variable, value)
            yield Move(op, variable, parts[0], decay, always)


def _statistics_in(flow, value) -> List[Statistic]:
    """The means and variances that a value is computed from, the nearest first."""
    parts = []
    search = flow.behind(value)
    tensor = next(search, None)
    while tensor is not None:
        statistic = statistics.of(flow, tensor)
        if statistic and statistic.what != "square":
            parts.append(statistic)
        try:
            tensor = search.send(statistic is not None)
        except StopIteration:
            break
    return parts


def _decay(flow, op, variable, value):
    """(coefficient of the old value, whether it is so in both branches of a condition).

    Where conditions decide, the coefficient is that of the training branch.
    """
    origin = flow.origin(value)
    if origin.op.type in statistics.FUSED and origin.op.get_attr("is_training"):
        if "exponential_avg_factor" in origin.op.node_def.attr:
            return _rounded(1.0 - origin.op.get_attr("exponential_avg_factor")), True
    decays = []
    for branch in (True, False):
        share = linear(flow, value, branch).get(variable.name, 0.0)
        if share is None:
            continue
        kind = ASSIGNMENTS[op.type]
        decay = share if kind == _NEW else 1.0 + share if kind == _ADDED else 1.0 - share
        decays.append(_rounded(decay))
    # A branch that keeps the old value is that of the test.
    moving = [decay for decay in decays if abs(decay - 1.0) > 1e-9]
    return (moving[0] if moving else None), len(moving) == len(decays)


def _rounded(number):
    """Without the noise of float32: 1 - 0.999 is 0.00100005."""
    return float(f"{number:.6g}")


def linear(flow: Flow, tensor: Any, branch: bool) -> Dict[str, Optional[float]]:
    """A value as a sum: name of a variable or tensor -> its coefficient.

    Args:
        branch: which branch counts where conditions decide.

    Returns:
        None as a coefficient stands for one that is no constant.
    """
    op, inputs = tensor.op, flow.inputs[tensor.op.name]
    if op.type in VARIABLES:
        return {op.name: 1.0}
    if op.type in ("Merge", "RefMerge"):
        return linear(flow, inputs[1 if branch else 0], branch)
    if op.type in PASSING and inputs and op.type != "NextIteration":
        return linear(flow, inputs[0], branch)
    if op.type in ("Add", "AddV2", "AddN", "Sub", "Neg"):
        signs = [
            -1.0 if op.type == "Neg" or (op.type == "Sub" and part) else 1.0
            for part in range(len(inputs))
        ]
        total: Dict[str, Optional[float]] = collections.defaultdict(float)
        for sign, part in zip(signs, inputs):
            _add(total, linear(flow, part, branch), sign)
        return dict(total)
    if op.type in ("Mul", "RealDiv", "Div"):
        pairs = [inputs, inputs[::-1]] if op.type == "Mul" else [inputs]
        for part, factor in pairs:
            number = flow.constant(factor, branch)
            if number is not None and (number or op.type == "Mul"):
                scale = number if op.type == "Mul" else 1.0 / number
                total = {}
                _add(total, linear(flow, part, branch), scale)
                return total
        inside: Dict[str, Optional[float]] = {}
        for part in inputs:
            inside.update(dict.fromkeys(linear(flow, part, branch)))
        return inside
    return {tensor.name: 1.0}


def _add(total, terms, scale):
    for name, coefficient in terms.items():
        old = total.get(name, 0.0)
        unknown = coefficient is None or old is None
        total[name] = None if unknown else old + coefficient * scale


def collections_of(flow: Flow) -> Dict[str, List[str]]:
    """Name of an operation -> the collections that hold it, or an op that runs it at once.

    The collection of update ops holds, for a batch norm with a switch, the end of a tf.cond with
    the update op in one branch.
    """
    held: Dict[str, List[str]] = collections.defaultdict(list)
    for name in flow.graph.get_all_collection_keys():
        if not isinstance(name, str):
            continue
        for entry in flow.graph.get_collection_ref(name):
            op = getattr(entry, "op", entry)
            if getattr(op, "name", None) not in flow.by_name or not hasattr(op, "control_inputs"):
                continue
            for inner in _run_at_once(flow, op):
                if name not in held[inner.name]:
                    held[inner.name].append(name)
    return held


def _run_at_once(flow, op):
    """The assignments that an entry of a collection stands for."""
    if op.type in VARIABLES:
        return
    waiting, seen = [op], set()
    while waiting and len(seen) < 40:
        op = waiting.pop()
        if op.name in seen:
            continue
        seen.add(op.name)
        if op.type in ASSIGNMENTS:
            yield op
        elif op.type in ("NoOp", "Merge", "RefMerge", "Identity", "ReadVariableOp"):
            waiting.extend(op.control_inputs)
            if op.type != "ReadVariableOp":
                waiting.extend(tensor.op for tensor in flow.inputs[op.name])
