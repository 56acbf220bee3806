"""What `find` returns: a program's batch norms, their updates, its training steps and Savers."""

import dataclasses
from typing import Any, Dict, FrozenSet, List, Mapping, Optional, Sequence, Tuple


@dataclasses.dataclass(frozen=True)
class Place:
    """A line of the program. `str` gives "model.py:41".

    Attributes:
        file: path; "" if the graph does not know it (a meta graph file).
        line: from 1; 0 if unknown.
        function: name of the function that the line is in.
        called_from: the lines of the program that called it, the nearest first.
    """

    file: str = ""
    line: int = 0
    function: str = ""
    called_from: Tuple["Place", ...] = ()

    def __str__(self) -> str:
        return f"{self.file.rpartition('/')[2]}:{self.line}" if self.file else "unknown line"

    @property
    def all(self) -> Tuple["Place", ...]:
        """The line and those that called it."""
        return (self, *self.called_from)


@dataclasses.dataclass(frozen=True)
class Switch:
    """What decides between the statistics of the batch and the moving ones.

    Attributes:
        name: name of the operation that decides: a placeholder, mostly; "" if unknown.
        kind: its type, for example "Placeholder", "PlaceholderWithDefault" or "VariableV2".
        training: its value for which the statistics of the batch are used.
        default: the value of a placeholder_with_default; None if it has none.
    """

    name: str
    kind: str
    training: bool = True
    default: Optional[bool] = None


@dataclasses.dataclass
class Application:
    """One application of a batch norm to a tensor.

    Attributes:
        name: name scope of its operations.
        place: the line that made it.
        statistics: "batch", "moving" or "switch".
        switch: what decides, if `statistics` is "switch".
        input, output: names of tensors.
        shape: of the input; None where a size is unknown; None as a whole if the rank is unknown.
        axes: over which the statistics are; None if unknown, and for moving statistics only.
        channels: the size of the other axis, or None.
        values: the number of values per channel, or None if the batch size is unknown.
        values_per_image: the same for one image, or None if height or width are unknown.
        updates: its update ops.
        conditions: (name of the tensor, value) of each tf.cond that it is inside of.
        in_loop: whether it is inside of tf.while_loop or tf.map_fn.
        is_ahead: whether its gamma or beta is not the variable but computed from it, as in steps
            that a program looks ahead (unrolled GANs).
    """

    name: str
    place: Place
    statistics: str
    switch: Optional[Switch]
    input: str
    output: str
    shape: Optional[Tuple[Optional[int], ...]]
    axes: Optional[Tuple[int, ...]]
    channels: Optional[int]
    values: Optional[int]
    values_per_image: Optional[int]
    updates: List["UpdateOp"] = dataclasses.field(default_factory=list)
    conditions: Sequence[Tuple[str, bool]] = ()
    in_loop: bool = False
    is_ahead: bool = False

    @property
    def trains(self) -> bool:
        """Whether it can use the statistics of the batch."""
        return self.statistics != "moving"

    @property
    def reads_averages(self) -> bool:
        """Whether it can use the moving statistics."""
        return self.statistics != "batch"


@dataclasses.dataclass
class UpdateOp:
    """An op that moves a moving average towards the statistic of a batch.

    Attributes:
        name: of the operation.
        variable: name of the moving average.
        what: "mean" or "variance".
        decay: how much of the old value is kept; None if it is no constant.
        collections: the collections that hold it, or something that runs it.
        in_place: whether each run of the batch norm's output runs it.
        in_loop: whether it is inside of tf.while_loop or tf.map_fn.
        conditions: (name of the tensor, value) of each tf.cond that it is inside of.
        moves_always: False if a switch makes the decay 1 in the test, as in tf.layers.
        place: the line that made it.
    """

    name: str
    variable: str
    what: str
    decay: Optional[float]
    collections: Tuple[str, ...] = ()
    in_place: bool = False
    in_loop: bool = False
    conditions: Sequence[Tuple[str, bool]] = ()
    moves_always: bool = True
    place: Place = Place()

    @property
    def where(self) -> str:
        """Where it is: "in place", names of collections, or "nowhere"."""
        return "in place" if self.in_place else ", ".join(self.collections) or "nowhere"


@dataclasses.dataclass
class Layer:
    """A batch norm: all applications that share its variables.

    Attributes:
        kind: "slim", "tf.layers", "keras", "sonnet", "tf.nn" (by hand, with its functions) or
            "by hand" (arithmetic).
        scope: variable scope, or the name scope if it has no variables.
        place: the line that made its first application.
        form: "fused", "batch_normalization" or "arithmetic".
        gamma, beta, moving_mean, moving_variance: names of the variables, or None. A network that
            keeps separate averages for each application has several of them: `averages` has all.
        averages: the names of all its moving averages.
        trainable: those of its variables that are trainable.
        decay, epsilon: numbers, or None if there are none or they are no constants.
        saved: True if a Saver writes all its moving averages, False if there is one that does not,
            None if the graph has no Saver or the layer has no averages.
    """

    kind: str
    scope: str
    place: Place
    form: str
    gamma: Optional[str]
    beta: Optional[str]
    moving_mean: Optional[str]
    moving_variance: Optional[str]
    averages: Tuple[str, ...]
    trainable: FrozenSet[str]
    decay: Optional[float]
    epsilon: Optional[float]
    applications: List[Application]
    saved: Optional[bool] = None

    @property
    def updates(self) -> List[UpdateOp]:
        return [update for application in self.applications for update in application.updates]

    @property
    def variables(self) -> Tuple[str, ...]:
        """The names of its variables: gamma, beta and the averages, as far as it has them."""
        return tuple(name for name in (self.gamma, self.beta) if name) + self.averages


@dataclasses.dataclass
class Step:
    """A training op: it changes trainable variables.

    Attributes:
        name: of the operation that a program fetches to run it.
        place: the line that made it.
        variables: the trainable variables that it changes.
        runs: names of the update ops that it runs, data and control inputs followed.
        should_run: names of update ops of the layers that it trains. It runs them or a mistake.
        should_not_run: those that it runs, of layers of another network.
        operations: names of all operations that it runs.
    """

    name: str
    place: Place
    variables: FrozenSet[str]
    runs: FrozenSet[str]
    should_run: FrozenSet[str] = frozenset()
    should_not_run: FrozenSet[str] = frozenset()
    operations: FrozenSet[str] = dataclasses.field(default=frozenset(), repr=False)


@dataclasses.dataclass
class Saver:
    """The ops of a tf.train.Saver.

    Attributes:
        name: name scope of the ops, for example "save".
        saves, restores: variable -> its name in the checkpoint.
        place: the line that made it.
    """

    name: str
    saves: Mapping[str, str]
    restores: Mapping[str, str]
    place: Place = Place()


@dataclasses.dataclass
class Inventory:
    """All that `find` finds in a graph.

    Attributes:
        layers: the batch norms, in the order in which the program made them.
        steps: its training ops.
        savers: its Savers.
        trainable: the names of all trainable variables.
        not_understood: sentences about what could not be read, with the name of the op.
        flow: the graph's indexes, for further questions.
    """

    layers: List[Layer]
    steps: List[Step]
    savers: List[Saver]
    trainable: FrozenSet[str]
    not_understood: List[str]
    flow: Any = dataclasses.field(repr=False)

    def as_json(self) -> Dict[str, Any]:
        """The same as dictionaries, lists, strings and numbers."""
        return {
            "layers": [_plain(layer) for layer in self.layers],
            "steps": [_plain(step) for step in self.steps],
            "savers": [_plain(saver) for saver in self.savers],
            "not_understood": list(self.not_understood),
        }


def _plain(value):
    if isinstance(value, Place):
        return {
            "file": value.file,
            "line": value.line,
            "called_from": list(map(str, value.called_from)),
        }
    if dataclasses.is_dataclass(value):
        names = [field.name for field in dataclasses.fields(value) if field.repr]
        return {name: _plain(getattr(value, name)) for name in names}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    return dict(value) if isinstance(value, Mapping) else value
