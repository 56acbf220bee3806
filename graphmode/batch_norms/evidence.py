"""A graph and what was observed, as the questions that the mistakes ask of them."""

import functools
from typing import Any, Dict, FrozenSet, Iterator, List, Optional, Sequence, Set, Tuple

from graphmode.batch_norms import steps as training_steps
from graphmode.batch_norms.facts import Facts, Fetches
from graphmode.batch_norms.inventory import Application, Inventory, Layer, Step, UpdateOp


class Evidence:
    """What is known about a program.

    Attributes:
        inventory: its graph.
        facts: what was observed, or None.
        told: scopes of layers that a finding has explained: later mistakes leave them out.
    """

    def __init__(self, inventory: Inventory, facts: Optional[Facts] = None):
        self.inventory, self.facts = inventory, facts
        self.told: Set[str] = set()

    @functools.cached_property
    def runs(self) -> Dict[Fetches, FrozenSet[str]]:
        """Observed fetches -> the names of all operations that run for them."""
        flow = self.inventory.flow
        if self.facts is None:
            return {}
        return {
            fetches: frozenset(
                flow.before([flow.by_name[name] for name in fetches if name in flow.by_name])
            )
            for fetches in self.facts.runs
        }

    @functools.cached_property
    def steps(self) -> List[Step]:
        """The training ops. If the program was observed, the training runs: sets of fetches."""
        if self.facts is None or not self.facts.runs:
            return self.inventory.steps
        changes = training_steps.changes(self.inventory)
        return [
            training_steps.step(self.inventory, ", ".join(sorted(fetches)), operations, changes)
            for fetches, operations in self.runs.items()
            if any(op in operations for op in changes)
        ]

    @functools.cached_property
    def executed(self) -> FrozenSet[str]:
        """The names of all operations that run: in training ops, or in observed runs."""
        if self.runs:
            return frozenset().union(*self.runs.values())
        return frozenset().union(*(step.operations for step in self.steps), frozenset())

    def layers(self) -> List[Layer]:
        """The layers that no finding has explained."""
        return [layer for layer in self.inventory.layers if layer.scope not in self.told]

    def steps_of(self, layer: Layer) -> List[Step]:
        """The training ops that train the layer's network and run one of its applications."""
        owners = training_steps.owners_of(self.inventory, layer)
        return [
            step
            for step in self.steps
            if owners & step.variables
            and any(_op(entry.output) in step.operations for entry in layer.applications)
        ]

    def in_training(self, application: Application) -> bool:
        """Whether a training op runs it."""
        return any(_op(application.output) in step.operations for step in self.steps)

    def outside(self, application: Application) -> bool:
        """Whether it is used, and no training op runs it: for samples, or for the test."""
        name = _op(application.output)
        if application.is_ahead:
            return False
        if self.runs:
            training = {step.name for step in self.steps}
            return any(
                name in operations and ", ".join(sorted(fetches)) not in training
                for fetches, operations in self.runs.items()
            )
        return not self.in_training(application)

    def counts(self, names: Sequence[str]) -> Iterator[Tuple[Fetches, int]]:
        """The observed fetches that run all these operations, and how often they ran."""
        if self.facts is not None:
            for fetches, operations in self.runs.items():
                if all(name in operations for name in names):
                    yield fetches, self.facts.runs[fetches]


def needed(layer: Layer) -> List[UpdateOp]:
    """The updates of the averages that the layer normalizes by.

    Batch renormalization has others beside them.
    """
    read = {layer.moving_mean, layer.moving_variance}
    chosen = [update for update in layer.updates if update.variable in read]
    return chosen or layer.updates


def reads(layer: Layer) -> bool:
    """Whether the graph normalizes by the layer's averages anywhere."""
    return any(entry.reads_averages for entry in layer.applications)


def _op(tensor: str) -> str:
    return tensor.rpartition(":")[0]


def op_of(inventory: Inventory, tensor: str) -> Any:
    """The operation of a tensor's name."""
    return inventory.flow.by_name[_op(tensor)]
