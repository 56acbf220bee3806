"""Training ops and Savers of a graph, and which update ops each training op runs."""

import re
from typing import Any, Dict, FrozenSet, List, Mapping, Set, Tuple

from graphmode import tf
from graphmode.batch_norms import places, updates
from graphmode.batch_norms.flow import Flow
from graphmode.batch_norms.inventory import Inventory, Layer, Saver, Step

_OPTIMIZER = re.compile(r"(Resource)?(Sparse)?Apply[A-Z]")
_WEIGHTS = ("Conv", "MatMul", "DepthwiseConv", "BatchMatMul")


def add(inventory: Inventory) -> None:
    """Adds training ops and Savers to an inventory that has its layers."""
    flow = inventory.flow
    inventory.savers.extend(_savers(flow))
    changed = changes(inventory)
    for name in _ends(flow, changed):
        operations = frozenset(flow.before([flow.by_name[name]]))
        inventory.steps.append(step(inventory, name, operations, changed))
    for layer in inventory.layers:
        if layer.averages and inventory.savers:
            layer.saved = any(set(layer.averages) <= set(saver.saves) for saver in inventory.savers)


def changes(inventory: Inventory) -> Dict[str, str]:
    """Operation that trains a variable -> name of the variable."""
    flow, changed = inventory.flow, {}
    outputs = [
        flow.by_name[entry.output.rpartition(":")[0]]
        for layer in inventory.layers
        for entry in layer.applications
    ]
    forward: Set[str] = set()
    for op in flow.ops:
        is_optimizer = _OPTIMIZER.match(op.type) is not None
        if not (is_optimizer or op.type in updates.ASSIGNMENTS):
            continue
        variable = flow.variable(flow.inputs[op.name][0])
        if variable is None or variable.name not in inventory.trainable:
            continue
        if not is_optimizer:  # gradient descent by hand, but not an initializer or a copy
            forward = forward or flow.after(outputs)
            if flow.inputs[op.name][1].op.name not in forward:
                continue
        changed[op.name] = variable.name
    return changed


def _ends(flow: Flow, changed: Mapping[str, str]) -> List[str]:
    """The last operations after those that train: what a program fetches.

    Of several that train the same, it is the last one. Gradients that wait for a training op, and
    are not used, end there, too: they train less than the op that they were made for.
    """
    after = flow.after(flow.by_name[name] for name in changed)
    last = [op for op in flow.ops if op.name in after and not any(flow.followers(op))]
    trained = {op.name: frozenset(changed.keys() & flow.before([op])) for op in last}
    groups: Dict[FrozenSet[str], str] = {}
    for name, ops in trained.items():
        if not any(ops < other for other in trained.values()):
            if not (name.startswith("gradients") and ops in groups):
                groups[ops] = name
    return list(groups.values())


def step(
    inventory: Inventory, name: str, operations: FrozenSet[str], changed: Mapping[str, str]
) -> Step:
    """The training op that runs these operations.

    Args:
        name: what is fetched.
        changed: see `changes`. At least one of its operations must be in `operations`.
    """
    trained = frozenset(changed[op] for op in changed if op in operations)
    runs: Set[str] = set()
    should: Set[str] = set()
    should_not: Set[str] = set()
    for layer in inventory.layers:
        owners = owners_of(inventory, layer)
        for update in layer.updates:
            if update.name in operations:
                runs.add(update.name)
                if not owners & trained and not update.in_place:
                    should_not.add(update.name)
        if owners & trained:
            should.update(update.name for update in layer.updates)
    first = next(op for op in changed if op in operations)
    return Step(
        name=name,
        # The line of the optimizer's call, not of a group that holds it.
        place=places.of(inventory.flow.by_name[first]),
        variables=trained,
        runs=frozenset(runs),
        should_run=frozenset(should),
        should_not_run=frozenset(should_not),
        operations=operations,
    )


def owners_of(inventory: Inventory, layer: Layer) -> FrozenSet[str]:
    """The trainable variables by which a step trains the layer's network.

    These are its gamma and beta. A layer without them belongs to the weights of the nearest layer
    before it.
    """
    if layer.trainable:
        return layer.trainable
    return frozenset(weights_before(inventory.flow, layer.applications[0].input))


def weights_before(flow: Flow, tensor_name: str) -> Set[str]:
    """The variables of the nearest convolution or dense layer that a tensor comes from."""
    return linear_before(flow, tensor_name)[1]


def linear_before(flow: Flow, tensor_name: str, most: int = 200) -> Tuple[str, Set[str]]:
    """(name of its operation, its variables) of the same; ("", set()) if there is none near."""
    seen: Set[str] = set()
    waiting = [flow.by_name[tensor_name.rpartition(":")[0]]]
    while waiting and len(seen) < most:
        op = waiting.pop(0)
        if op.name in seen:
            continue
        seen.add(op.name)
        # A transposed convolution is an op of Conv2D's gradient.
        is_gradient = "Backprop" in op.type and op.type != "Conv2DBackpropInput"
        if op.type.startswith(_WEIGHTS) and not is_gradient:
            variables = [flow.variable(tensor) for tensor in flow.inputs[op.name]]
            names = {variable.name for variable in variables if variable is not None}
            if names:
                return op.name, names
        waiting.extend(tensor.op for tensor in flow.inputs[op.name])
    return "", set()


def _savers(flow: Flow) -> List[Saver]:
    """One Saver for each name scope that has ops which save or restore."""
    saves: Dict[str, Dict[str, str]] = {}
    restores: Dict[str, Dict[str, str]] = {}
    made: Dict[str, Any] = {}
    for op in flow.ops:
        if op.type in ("SaveV2", "Save", "SaveSlices"):
            first = 2 if op.type == "Save" else 3
            scope = op.name.split("/Save")[0]
            table, tensors = saves.setdefault(scope, {}), flow.inputs[op.name][first:]
        elif op.type in ("RestoreV2", "Restore"):
            scope = op.name.split("/Restore")[0]
            table, tensors = restores.setdefault(scope, {}), op.outputs
        else:
            continue
        made.setdefault(scope, op)
        names = tf.get_static_value(flow.inputs[op.name][1])
        for name, tensor in zip([] if names is None else names.reshape([-1]), tensors):
            for variable in _ends_of(flow, tensor, op.type.startswith("Save")):
                table[variable] = name.decode()
    return [
        Saver(scope, saves.get(scope, {}), restores.get(scope, {}), places.of(op))
        for scope, op in made.items()
    ]


def _ends_of(flow, tensor, is_saved):
    """The variables that a tensor is read from, or is assigned to."""
    if is_saved:
        variable = flow.variable(tensor)
        return [variable.name] if variable is not None else []
    waiting, names = [tensor], []
    while waiting:
        for op in flow.consumers(waiting.pop()):
            if op.type in updates.ASSIGNMENTS:
                variable = flow.variable(flow.inputs[op.name][0])
                names += [variable.name] if variable is not None else []
            elif op.type in ("Identity", "Reshape"):
                waiting.extend(op.outputs)
    return names
