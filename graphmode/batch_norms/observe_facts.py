"""Turns observed runs into `Facts`, and adds up the facts of graphs that a program built again."""

import collections
from typing import Any, Dict, Sequence

from graphmode.batch_norms.facts import Facts
from graphmode.batch_norms.inventory import Inventory


def of_runs(runs: Sequence[Any], **others: Any) -> Facts:
    """The facts of runs.

    Args:
        runs: `observe.Run`s of one graph.
        others: the other fields of `Facts`.
    """
    counts: Dict[Any, int] = collections.Counter()
    fed: Dict[str, Any] = collections.defaultdict(_counters)
    shapes: Dict[str, Any] = collections.defaultdict(_counters)
    for run in (run for run in runs if run.count):
        fetches = frozenset(op.name for op in run.operations)
        counts[fetches] += run.count
        for tensor, value in run.scalars.items():
            fed[tensor.op.name][fetches][value] += run.count
        names = [reference.deref().op.name for reference in run.fed]
        for each, count in run.shapes.items():
            for name, shape in zip(names, each):
                shapes[name][fetches][shape] += count
    return Facts(runs=counts, fed=fed, shapes=shapes, **others)


def added(parts: Sequence[Facts]) -> Facts:
    """The facts of several graphs that have the same names, as one."""
    if len(parts) == 1:
        return parts[0]
    counts: Dict[Any, int] = collections.Counter()
    sums: Sequence[Dict[str, Any]] = [collections.defaultdict(_counters) for _ in range(2)]
    for part in parts:
        counts.update(part.runs)
        for total, own in zip(sums, (part.fed, part.shapes)):
            for name, by_fetches in own.items():
                for fetches, numbers in by_fetches.items():
                    total[name][fetches].update(numbers)
    return Facts(
        runs=counts,
        fed=sums[0],
        shapes=sums[1],
        restored=[restored for part in parts for restored in part.restored],
        collected=parts[-1].collected,
        is_complete=all(part.is_complete for part in parts),
    )


def updates(inventory: Inventory, facts: Facts) -> Dict[str, int]:
    """How often each update op ran: its name -> number."""
    flow = inventory.flow
    all_updates = [update for layer in inventory.layers for update in layer.updates]
    numbers = {update.name: 0 for update in all_updates}
    for fetches, count in facts.runs.items():
        names = flow.before(flow.by_name[name] for name in fetches if name in flow.by_name)
        for update in all_updates:
            if update.name in names:
                held = [_times(facts, fetches, flow, *condition) for condition in update.conditions]
                numbers[update.name] += min([count, *held])
    return numbers


def _times(facts, fetches, flow, tensor, wanted):
    """How often a condition of tf.cond was true. What is not known counts as true."""
    name = tensor.rpartition(":")[0] or tensor
    op, default = flow.by_name.get(name), None
    if op is not None and op.type == "PlaceholderWithDefault":
        default = flow.constant(flow.inputs[name][0])
    values = facts.values(name, fetches, default)
    return sum(n for value, n in values.items() if value is None or bool(value) == wanted)


def _counters():
    return collections.defaultdict(collections.Counter)
