"""Single places that normalize by a batch or by moving averages, and what belongs to each."""

import re
from typing import Any, Dict, Iterable, List, Optional, Set, Tuple

from graphmode import tf
from graphmode.batch_norms import matchers, statistics, updates
from graphmode.batch_norms.flow import VARIABLES, Condition, Flow
from graphmode.batch_norms.inventory import Switch
from graphmode.batch_norms.matchers import Match


class Part:
    """A match that is a batch norm.

    Attributes:
        match: see `matchers.Match`.
        mean, variance: where both come from.
        axes: over which a batch's statistics are; None if there are none, or they are unknown.
        gamma, beta: operations of the variables, or None.
        moves: the ops that move averages towards its statistics.
        conditions: the tf.cond branches that it is inside of.
        end: the tensor that the program goes on with.
    """

    def __init__(self, flow: Flow, match: Match):
        self.match = match
        self.mean = statistics.sort(flow, match.mean)
        self.variance = statistics.sort(flow, match.variance)
        known = [part.axes for part, _ in self.variance.batch if part.axes is not None]
        self.axes: Optional[Tuple[int, ...]] = known[0] if known else None
        self.gamma = _variable_behind(flow, match.scale)
        self.beta = _variable_behind(flow, match.offset)
        self.moves: List[updates.Move] = []
        self.conditions = flow.conditions(match.op)
        self.end = match.output

    @property
    def uses_batch(self) -> bool:
        return bool(self.variance.batch)

    @property
    def uses_averages(self) -> bool:
        return bool(self.variance.moving)

    @property
    def averages(self) -> List[Any]:
        """The operations of the moving averages that it reads or moves, means first."""
        means = [op for op, _ in self.mean.moving]
        variances = [op for op, _ in self.variance.moving]
        means += [move.variable for move in self.moves if move.statistic.what == "mean"]
        variances += [move.variable for move in self.moves if move.statistic.what != "mean"]
        return list(dict.fromkeys([*means, *variances]))

    @property
    def variables(self) -> Set[str]:
        """The names of its variables."""
        ops = [op for op in (self.gamma, self.beta, *self.averages) if op is not None]
        return {op.name for op in ops}

    def switch(self, flow: Flow) -> Optional[Switch]:
        """What decides between its two kinds of statistics."""
        if not (self.uses_batch and self.uses_averages):
            return None
        conditions = self.variance.batch[0][1].conditions
        return switch_of(flow, conditions[0] if conditions else Condition("", True))


def switch_of(flow: Flow, condition: Condition) -> Switch:
    """The switch that makes a condition true."""
    op = flow.by_name.get(condition.root.rpartition(":")[0])
    if op is None:
        return Switch("", "unknown", condition.value)
    default = None
    if op.type == "PlaceholderWithDefault":
        value = tf.get_static_value(flow.inputs[op.name][0])
        default = None if value is None or value.size != 1 else bool(value)
    return Switch(op.name, op.type, condition.value, default)


def _variable_behind(flow, tensor):
    """The variable that a gamma or a beta is, or is computed from; None if there are several.

    Batch renormalization computes it from other batches' statistics, too, which are no weights.
    """
    if tensor is None:
        return None
    ops = {part.op for part in flow.behind(tensor) if part.op.type in VARIABLES}
    if len(ops) > 1:
        ops = {op for op in ops if op.name in flow.trainable}
    return ops.pop() if len(ops) == 1 else None


def parts(flow: Flow, not_understood: List[str]) -> List[Part]:
    """All batch norms of the graph, each with the ops that move its averages."""
    normalizing = []
    for match in matchers.matches(flow):
        part = Part(flow, match)
        if _is_batch_norm(flow, part):
            normalizing.append(part)
            unknown = part.variance.unknown + part.mean.unknown
            if unknown:
                not_understood.append(
                    f"{match.op.name}: it normalizes by {unknown[0].tensor.op.name} "
                    f"({unknown[0].tensor.op.type}), too, and where that comes from is not clear"
                )
    _add_moves(flow, normalizing)
    moved = {move.variable.name for part in normalizing for move in part.moves}
    return [part for part in normalizing if not _only_trained(part, flow.trainable - moved)]


def _is_batch_norm(flow, part):
    rank = part.match.x.shape.ndims
    if rank is not None and rank < 2:
        return False
    if part.uses_batch:
        axes = part.axes
        return axes is None or (0 in axes and (rank is None or len(axes) < rank))
    return bool(part.uses_averages and part.mean.moving)


def _only_trained(part, trainable):
    """Whether mean and variance are weights that only an optimizer changes: no batch norm."""
    return not part.uses_batch and {op.name for op in part.averages} <= trainable


def _add_moves(flow, normalizing: List[Part]):
    """Gives each op that moves an average to the batch norm whose statistics it takes."""
    by_statistic: Dict[Tuple[str, str], List[Part]] = {}
    for part in normalizing:
        for statistic, _ in (*part.mean.batch, *part.variance.batch):
            key = statistic.what, flow.origin(statistic.x).name
            by_statistic.setdefault(key, []).append(part)
    for move in updates.moves(flow):
        key = move.statistic.what, flow.origin(move.statistic.x).name
        candidates = by_statistic.get(key, [])
        if candidates:
            _best(candidates, move).moves.append(move)


def _best(candidates, move):
    """Of several batch norms of one tensor, that which reads the average, or has no update yet."""

    def distance(part):
        reads = move.variable.name in {op.name for op in part.averages}
        scope = scope_of(part.match.op.name)
        near = len(scope) if move.op.name.startswith(scope + "/") else 0
        has_one = any(other.statistic.what == move.statistic.what for other in part.moves)
        return not reads, -near, has_one

    return min(candidates, key=distance)


def groups(normalizing: Iterable[Part]) -> List[List[Part]]:
    """The parts that share variables, each group in the order of the graph."""
    owners: Dict[str, List[Part]] = {}
    grouped: List[List[Part]] = []
    for part in normalizing:
        joined = [part]
        for name in part.variables:
            other = owners.get(name)
            if other is not None and not any(other is group for group in [joined]):
                joined = _join(other, joined, grouped)
        if not any(joined is group for group in grouped):
            grouped.append(joined)
        for member in joined:
            for name in member.variables:
                owners[name] = joined
    return grouped


def _join(a, b, grouped):
    """One group of two."""
    if a is b:
        return a
    a.extend(part for part in b if all(part is not other for other in a))
    grouped[:] = [group for group in grouped if group is not b]
    return a


def scope_of(name: str) -> str:
    """The name scope of a batch norm, from the name of one of its operations."""
    scope = name.rpartition("/")[0]
    while True:
        shorter = re.sub(r"(^|/)(batchnorm|cond)(_\d+)?$", "", scope)
        if shorter == scope or not shorter:
            return scope
        scope = shorter
