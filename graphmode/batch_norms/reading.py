"""`find`: reads a graph and puts its batch norms together from what the other modules find."""

import os
from typing import Any, Dict, List, Optional, Tuple

from graphmode import tf
from graphmode.batch_norms import parts as places_that_normalize
from graphmode.batch_norms import places, steps, updates
from graphmode.batch_norms.flow import CLOSED, Flow
from graphmode.batch_norms.inventory import Application, Inventory, Layer, UpdateOp
from graphmode.batch_norms.parts import Part
from graphmode.errors import InputError


def find(graph: Any = None) -> Inventory:
    """Finds the batch norms of a graph, its training ops and its Savers.

    Args:
        graph: a tf.Graph, or the path of a meta graph file (model.ckpt-100.meta), which does not
            know the program's lines. None: the default graph.

    Raises:
        InputError: the file does not exist, or is no meta graph.
    """
    if isinstance(graph, (str, os.PathLike)):
        graph = load(os.fspath(graph))
    flow = Flow(graph if graph is not None else tf.get_default_graph())
    with flow.graph.as_default():
        not_understood = [
            f"{op.name}: what is inside of it ({op.type}) is not looked at"
            for op in flow.ops
            if op.type in CLOSED
        ]
        parts = places_that_normalize.parts(flow, not_understood)
        held = updates.collections_of(flow)
        layers = [_layer(flow, group, held) for group in places_that_normalize.groups(parts)]
        inventory = Inventory(
            sorted(layers, key=lambda layer: flow.order[layer.applications[0].output[:-2]]),
            [],
            [],
            flow.trainable,
            not_understood,
            flow,
        )
        for layer in layers:
            layer.trainable = inventory.trainable.intersection(layer.variables)
        steps.add(inventory)
    return inventory


def load(path: str) -> Any:
    """The graph in a meta graph file.

    Raises:
        InputError: see `find`.
    """
    if not os.path.isfile(path):
        raise InputError(f"no meta graph file {path!r}: give the path of a file that ends in .meta")
    graph = tf.Graph()
    try:
        with graph.as_default():
            tf.train.import_meta_graph(path, clear_devices=True)
    except (ValueError, KeyError, OSError, tf.errors.OpError) as error:
        reason = (str(error).strip().splitlines() or ["it has no graph"])[0]
        raise InputError(f"{path} is no meta graph that can be read: {reason}") from error
    return graph


def _layer(flow: Flow, group: List[Part], held: Dict[str, List[str]]) -> Layer:
    """A batch norm from the parts that share its variables."""
    pairs, applications, first = _pairs(group), [], group[0]
    for part, other in pairs:
        applications.append(_application(flow, part, other, held))
    gamma = next((part.gamma.name for part in group if part.gamma is not None), None)
    beta = next((part.beta.name for part in group if part.beta is not None), None)
    averages = tuple(dict.fromkeys(op.name for part in group for op in part.averages))
    means = [name for part in group for name in _averages(part, "mean")]
    variances = [name for part in group for name in _averages(part, "variance")]
    named = gamma or beta or (averages[0] if averages else "")
    decays = [update.decay for entry in applications for update in entry.updates]
    return Layer(
        kind=places.kind(first.match.op, first.match.form),
        scope=named.rpartition("/")[0] if named else applications[0].name,
        place=applications[0].place,
        form=first.match.form,
        gamma=gamma,
        beta=beta,
        moving_mean=means[0] if means else None,
        moving_variance=variances[0] if variances else None,
        averages=averages,
        trainable=frozenset(),
        decay=decays[0] if decays else None,
        epsilon=first.match.epsilon,
        applications=applications,
    )


def _averages(part, what):
    read = part.mean.moving if what == "mean" else part.variance.moving
    moved = [move.variable.name for move in part.moves if move.statistic.what == what]
    return [*(op.name for op, _ in read), *moved]


def _pairs(group: List[Part]) -> List[Tuple[Part, Optional[Part]]]:
    """The applications: a part, and that of the other branch of the same tf.cond, if there is."""
    waiting, pairs = list(group), []
    while waiting:
        part = waiting.pop(0)
        other = next((later for later in waiting if _condition(part, later)), None)
        if other is not None:
            waiting.remove(other)
            if other.uses_batch:
                part, other = other, part
        pairs.append((part, other))
    return pairs


def _condition(a: Part, b: Part):
    """The condition that is true for the one of two parts that uses the batch, or None.

    The other one uses the averages, in the other branch of the same condition.
    """
    if a.uses_batch == b.uses_batch or (a.uses_batch and a.uses_averages):
        return None
    trains, tests = (a, b) if a.uses_batch else (b, a)
    for condition in trains.conditions:
        if any(
            condition.root == other.root and condition.value != other.value
            for other in tests.conditions
        ):
            return condition
    return None


def _application(flow, part, other, held) -> Application:
    condition = _condition(part, other) if other else None
    switch = part.switch(flow)
    if condition:
        switch = places_that_normalize.switch_of(flow, condition)
    kind = "batch" if part.uses_batch else "moving"
    end = _end(flow, part, other)
    shape, channels, values, per_image = _sizes(flow, part)
    outer = [entry for entry in part.conditions if entry != condition]
    return Application(
        name=places_that_normalize.scope_of(part.match.op.name),
        place=places.of(part.match.op),
        statistics="switch" if switch else kind,
        switch=switch,
        input=flow.origin(part.match.x).name,
        output=end.name,
        shape=shape,
        axes=part.axes,
        channels=channels,
        values=values,
        values_per_image=per_image,
        updates=[_update(flow, move, part, end, held) for move in part.moves],
        conditions=tuple(map(tuple, outer)),
        in_loop=flow.in_loop(part.match.op),
        is_ahead=_is_computed(flow, part.gamma, part.match.scale)
        or _is_computed(flow, part.beta, part.match.offset),
    )


def _is_computed(flow, variable, tensor):
    return variable is not None and flow.variable(tensor) is None


def _update(flow, move, part, end, held):
    return UpdateOp(
        name=move.op.name,
        variable=move.variable.name,
        what=move.statistic.what,
        decay=move.decay,
        collections=tuple(held.get(move.op.name, ())),
        in_place=move.op.name in flow.before([end.op], without=_before_part(flow, part)),
        in_loop=flow.in_loop(move.op),
        conditions=tuple(map(tuple, flow.conditions(move.op))),
        moves_always=move.always,
        place=places.of(move.op),
    )


def _before_part(flow, part):
    """What runs before a part's input: the search for its own updates ends there."""
    return [flow.origin(part.match.x).op.name]


def _end(flow, part, other):
    """The tensor that the program goes on with.

    It is behind the end of a tf.cond, and behind the identity that waits for updates in place.
    """
    end = part.match.output
    if other is not None:
        merged = _merged(flow, end, other.match.output)
        end = end if merged is None else merged
    moved = {move.op.name for move in part.moves}
    for op in flow.consumers(end):
        if _waits(op, moved):
            return op.outputs[0]
        if op.type == "Switch":  # the identity is in a tf.cond of its own
            for reader in (reader for output in op.outputs for reader in flow.consumers(output)):
                merges = flow.consumers(reader.outputs[0]) if _waits(reader, moved) else []
                for merge in merges:
                    if merge.type == "Merge":
                        return merge.outputs[0]
    return end


def _merged(flow, tensor, other):
    """Where the outputs of both branches of a tf.cond meet, or None."""
    waiting = [tensor]
    for _ in range(10):
        if not waiting:
            break
        for op in flow.consumers(waiting.pop()):
            if op.type == "Merge":
                sources = {source.tensor.name for source in flow.sources(op.outputs[0])}
                if other.name in sources:
                    return op.outputs[0]
            elif op.type in ("Identity", "Reshape"):
                waiting.extend(op.outputs)
    return None


def _waits(op, moved):
    """Whether an identity waits for one of the updates, or for a group of them."""
    if op.type != "Identity":
        return False
    controls = list(op.control_inputs)
    controls += [
        inner for control in controls if control.type == "NoOp" for inner in control.control_inputs
    ]
    return any(control.name in moved for control in controls)


def _sizes(flow, part):
    """(shape, channels, values per channel, values per channel of one image)."""
    x = part.match.x
    if x.shape.ndims is None:
        return None, None, None, None
    shape = tuple(x.shape.as_list())
    axis = 1 if part.match.data_format == "NCHW" else len(shape) - 1
    axes = part.axes or tuple(number for number in range(len(shape)) if number != axis)
    [channels] = [size for number, size in enumerate(shape) if number not in axes][-1:] or [None]
    values = _product(shape[number] for number in axes)
    if values is None and channels:  # a Reshape to [-1, ...] hides the batch size
        reshaped = flow.origin(x)
        if reshaped.op.type == "Reshape":
            total = flow.inputs[reshaped.op.name][0].shape.num_elements()
            values = total // channels if total else None
    return shape, channels, values, _product(shape[number] for number in axes if number)


def _product(sizes):
    total = 1
    for size in sizes:
        if size is None:
            return None
        total *= size
    return total
