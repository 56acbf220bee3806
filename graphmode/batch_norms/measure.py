"""Measures a program's batch norms in its own session, just before the session closes.

1. How far the moving statistics are from those of the last batch, for each batch norm.
2. What the program's test gives with the moving statistics, and with those of the batch.

Nothing is added to the program's graph, and none of its update or training ops runs. A network is
computed from one batch norm to the next: the input of each is fetched, normalized here, and fed as
its output. Batches are the last ones that the program fed or read itself.
"""

import dataclasses
import time
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

import numpy as np

from graphmode import errors, tf
from graphmode.batch_norms.flow import PASSING
from graphmode.batch_norms.inventory import Application, Inventory, Layer
from graphmode.batch_norms.observe import SOURCES, Run, cone

LONGEST = 20.0  # seconds; a session that takes longer is not measured further
ROWS = 256  # of a batch; larger ones are cut
PASSING_OUT = ("Merge", "Identity", "Exit")  # ops that pass a value out of a condition
# Ops that would change something, print, or wait if they ran once more.
_EFFECTS = (
    *("Assign", "Apply", "SparseApply", "ResourceApply", "ResourceSparseApply", "Scatter"),
    *("ResourceScatter", "Print", "Queue", "Write", "Save", "Restore", "Stage", "Barrier"),
    *SOURCES,
)


@dataclasses.dataclass
class Gap:
    """Moving statistics compared with those of one batch, over the channels of a batch norm.

    Attributes:
        mean: root mean square of (moving mean - batch mean) / the batch's standard deviation.
        variance: moving variance / the batch's, the geometric mean of the channels. Epsilon is
            added to all variances.
        values: number of values per channel in this batch.
    """

    mean: float
    variance: float
    values: int


@dataclasses.dataclass
class Output:
    """A result of the program's test with both kinds of statistics.

    Attributes:
        name: of the tensor.
        moving, batch: its value with the moving statistics, and with the batch's, if it is one
            number. None otherwise.
        difference: between the two results: the fraction of different values for whole numbers,
            the root mean square of the difference / the standard deviation of the latter for
            others. None if it is one number.
        as_run: which of both the program itself uses: "moving", "batch" or "both".
        rows: how many rows of the batch were taken.
    """

    name: str
    moving: Optional[float]
    batch: Optional[float]
    difference: Optional[float]
    as_run: str
    rows: int


@dataclasses.dataclass
class Measured:
    """All of one graph.

    Attributes:
        gaps: name of an `Application` -> its gap in the last training batch.
        outputs: results of the test.
        notes: why something was not measured.
    """

    gaps: Dict[str, Gap] = dataclasses.field(default_factory=dict)
    outputs: List[Output] = dataclasses.field(default_factory=list)
    notes: List[str] = dataclasses.field(default_factory=list)


def statistics(application: Application, run: Run) -> str:
    """Which statistics an application uses in a run: "batch", "moving", "" if it is unknown."""
    switch = application.switch
    if application.statistics != "switch" or switch is None:
        return application.statistics
    fed = {tensor.op.name: value for tensor, value in run.scalars.items()}
    value = fed.get(switch.name, switch.default)
    if value is None:
        return ""
    return "batch" if bool(value) == switch.training else "moving"


def start_left(layer: Layer, numbers: Mapping[str, int]) -> Optional[float]:
    """The share of the start value that is still in a layer's averages: decay^updates.

    Args:
        numbers: see `observe_facts.updates`.

    Returns:
        None if the graph has no update ops of the layer, or none with a constant decay.
    """
    if not layer.updates:
        return None
    left = dict.fromkeys(layer.averages, 1.0)
    for update in layer.updates:
        if update.decay is None:
            return None
        left[update.variable] = (
            left.get(update.variable, 1.0) * update.decay ** numbers[update.name]
        )
    means = [left[name] for name in (layer.moving_mean, layer.moving_variance) if name in left]
    return max(means or left.values())


def session(opened: Any, inventory: Inventory, runs: Sequence[Run]) -> Measured:
    """Measures the batch norms of a session that is about to close.

    Args:
        opened: a tf.Session.
        inventory: what `find` says of its graph.
        runs: its runs.
    """
    measured, steps = Measured(), {step.name for step in inventory.steps}
    if opened.sess_str:
        measured.notes.append("the session is on a cluster: nothing was measured")
        return measured
    runs = [run for run in runs if run.count]
    training = [run for run in runs if steps & inventory.flow.before(run.operations)]
    others = [run for run in runs if run not in training]
    until = time.monotonic() + LONGEST
    for run in sorted(training, key=lambda run: -run.last)[:4]:
        _attempt(measured, lambda run=run: _Network(opened, inventory, run, until).gaps(measured))
    for run in _tests(inventory, others):
        _attempt(measured, lambda run=run: _Network(opened, inventory, run, until).test(measured))
    measured.notes = list(dict.fromkeys(measured.notes))
    return measured


def _attempt(measured, action):
    """Whatever fails here must not end the program."""
    try:
        action()
    except tf.errors.OpError as error:
        measured.notes.append(errors.cause(error.message))
    except (_NotPossible, ValueError, TypeError, RuntimeError, KeyError, MemoryError) as error:
        measured.notes.append(str(error))


class _NotPossible(Exception):
    """The message says why something cannot be measured."""


def _tests(inventory, others):
    """The runs that look most like the program's test, at most two."""
    candidates = []
    for run in others:
        names = inventory.flow.before(tensor.op for tensor in _results(run))
        used = {
            statistics(application, run)
            for layer in inventory.layers
            for application in layer.applications
            if application.output.rpartition(":")[0] in names
        }
        if used - {""}:
            is_one = any(tensor.shape.ndims == 0 for tensor in _results(run))
            candidates.append(("moving" in used, is_one, run.last, run))
    chosen = sorted(candidates, key=lambda candidate: candidate[:3], reverse=True)[:2]
    return [candidate[-1] for candidate in chosen]


def _results(run):
    """The tensors of numbers that a run fetches."""
    return [
        fetch
        for fetch in run.fetches
        if isinstance(fetch, tf.Tensor) and (fetch.dtype.is_floating or fetch.dtype.is_integer)
    ]


class _Network:
    """The batch norms that a run goes through, in order, and how to run it again."""

    def __init__(self, opened, inventory, run, until):
        self._session, self._run, self._until = opened, run, until
        self._graph, self._flow = opened.graph, inventory.flow
        self._parts: List[Tuple[Layer, Application]] = []
        names, order = self._flow.before(run.operations), self._flow.order
        for layer in inventory.layers:
            for application in layer.applications:
                if application.output.rpartition(":")[0] in names:
                    self._parts.append((layer, application))
        self._parts.sort(key=lambda part: order[part[1].output.rpartition(":")[0]])
        self._batch, self.rows = _cut(run.batch)
        if not run.is_whole:
            raise _NotPossible("the data come from inside of a condition or a loop")

    def gaps(self, measured: Measured) -> None:
        """Adds the gaps of all applications that normalize by the batch."""
        values = self._averages()
        for layer, application, x, _ in self._forward("", values):
            if statistics(application, self._run) != "batch" or application.name in measured.gaps:
                continue
            mean, variance, number = _moments(x, application)
            if number > 1 and _has_averages(layer, values):
                moving = values[layer.moving_mean], values[layer.moving_variance]
                measured.gaps[application.name] = _gap(*moving, mean, variance, layer, number)

    def test(self, measured: Measured) -> None:
        """Adds what the run gives with both kinds of statistics."""
        values, results = self._averages(), _results(self._run)
        used = {statistics(application, self._run) for _, application in self._parts} - {""}
        names = {application.output.rpartition(":")[0] for _, application in self._parts}
        results = [each for each in results if names & self._flow.before([each.op])]
        if not any(_has_averages(layer, values) for layer, _ in self._parts):
            return
        given = {}
        for kind in ("moving", "batch"):
            *_, last = self._forward(kind, values)
            given[kind] = self._fetch(results, last[-1])
        as_run = used.pop() if len(used) == 1 else "both"
        for tensor, moving, batch in zip(results, given["moving"], given["batch"]):
            measured.outputs.append(_output(tensor, moving, batch, as_run, self.rows))

    def _averages(self):
        """Name of a variable -> its value, for all batch norms of the run."""
        known = {
            variable.op.name: variable
            for key in (tf.GraphKeys.GLOBAL_VARIABLES, tf.GraphKeys.LOCAL_VARIABLES)
            for variable in self._graph.get_collection(key)
        }
        names = {name for layer, _ in self._parts for name in layer.variables if name in known}
        return self._session.run({name: known[name] for name in names})

    def _forward(self, kind, values):
        """Goes through the network.

        Args:
            kind: "batch" or "moving": by which statistics each batch norm normalizes; "" for those
                of the program.

        Yields:
            (layer, application, x, feed): the input of a batch norm as an array, and the feed that
            holds the outputs of this one and of all before.
        """
        fed = dict(self._batch)
        for layer, application in self._parts:
            x_tensor, output = self._ends(application)
            x = self._fetch([x_tensor], fed)[0]
            used = kind or statistics(application, self._run)
            y = _normalized(x, layer, application, values, used)
            for tensor in (output, *self._copies(output)):
                fed[tensor] = y.astype(output.dtype.as_numpy_dtype)
            yield layer, application, x, fed

    def _ends(self, application):
        """The tensors where a batch norm begins and ends, outside of its own tf.cond."""
        x, output = map(self._graph.get_tensor_by_name, (application.input, application.output))
        while not _is_outside(x) and x.op.type in PASSING:
            x = self._flow.inputs[x.op.name][0]
        while output is not None and not _is_outside(output):
            following = (op for op in self._flow.consumers(output) if op.type in PASSING_OUT)
            output = next((op.outputs[0] for op in following), None)
        if output is None or not _is_outside(x):
            raise _NotPossible(f"{application.name} is inside of a condition or a loop")
        return x, output

    def _copies(self, output):
        """Copies that wait for the update ops of the batch norm: updates_collections=None."""
        for op in self._flow.consumers(output):
            if op.type == "Identity" and op.control_inputs:
                yield op.outputs[0]

    def _fetch(self, tensors, fed):
        if time.monotonic() > self._until:
            raise _NotPossible(f"it would take longer than {LONGEST:.0f} seconds")
        for op in cone(tensors, fed):
            if op.type.startswith(_EFFECTS) and op.type != "ScatterNd":
                raise _NotPossible(f"{op.name} ({op.type}) would run once more")
        options = tf.RunOptions(timeout_in_ms=int(LONGEST * 1000))
        return self._session.run(tensors, fed, options)


def _is_outside(tensor):
    return tensor.op._get_control_flow_context() is None and tensor.graph.is_feedable(tensor)


def _cut(batch):
    """(the batch with at most ROWS rows, how many it has): where the graph allows any number."""
    sizes = [len(a) for t, a in batch.items() if np.ndim(a) and _is_open(t)]
    rows = max(sizes, default=0)
    if rows <= ROWS:
        return batch, rows
    cut = {t: a[:ROWS] if _is_open(t) and len(a) == rows else a for t, a in batch.items()}
    return cut, ROWS


def _is_open(tensor):
    return bool(tensor.shape.ndims) and tensor.shape.as_list()[0] is None


def _axis(x, application):
    """The axis of the channels."""
    if application.axes:
        return next(axis for axis in range(x.ndim) if axis not in application.axes)
    sizes = [axis for axis in range(x.ndim) if x.shape[axis] == application.channels]
    return sizes[-1] if sizes else x.ndim - 1


def _moments(x, application):
    """(mean, variance, number of values) per channel, in float64."""
    axis = _axis(x, application)
    axes = tuple(other for other in range(x.ndim) if other != axis)
    x = x.astype(np.float64)
    return x.mean(axes), x.var(axes), x.size // max(1, x.shape[axis])


def _normalized(x, layer, application, values, kind):
    """What the batch norm makes of x, with the statistics of a kind."""
    mean, variance, _ = _moments(x, application)
    if kind == "moving" and _has_averages(layer, values):
        mean, variance = values[layer.moving_mean], values[layer.moving_variance]
    shape = [1] * x.ndim
    shape[_axis(x, application)] = -1
    gamma = values.get(layer.gamma, np.ones_like(mean))
    beta = values.get(layer.beta, np.zeros_like(mean))
    mean, variance, gamma, beta = (np.reshape(a, shape) for a in (mean, variance, gamma, beta))
    return (x - mean) / np.sqrt(variance + (layer.epsilon or 0.0)) * gamma + beta


def _has_averages(layer, values):
    return layer.moving_mean in values and layer.moving_variance in values


def _gap(moving_mean, moving_variance, mean, variance, layer, number):
    moving_mean, moving_variance = np.reshape(moving_mean, [-1]), np.reshape(moving_variance, [-1])
    epsilon = layer.epsilon or 1e-8
    safe = variance + epsilon
    distance = np.sqrt(np.mean(np.square(moving_mean - mean) / safe))
    ratio = np.exp(np.mean(np.log((np.maximum(moving_variance, 0.0) + epsilon) / safe)))
    return Gap(float(distance), float(ratio), int(number))


def _output(tensor, moving, batch, as_run, rows):
    moving, batch = np.asarray(moving, np.float64), np.asarray(batch, np.float64)
    if not moving.ndim:
        return Output(tensor.name, moving.item(), batch.item(), None, as_run, rows)
    if tensor.dtype.is_integer:
        difference = np.mean(moving != batch)
    else:
        spread = batch.std() or 1.0
        difference = np.sqrt(np.mean(np.square(moving - batch))) / spread
    return Output(tensor.name, None, None, float(difference), as_run, rows)
