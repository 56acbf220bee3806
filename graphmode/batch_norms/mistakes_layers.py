"""Mistakes with the parameters of a batch norm, and with the layers around it."""

import collections
from typing import Any, Dict, Iterator, List, Optional, Set, Tuple

from graphmode.batch_norms import steps
from graphmode.batch_norms.cures import cure
from graphmode.batch_norms.evidence import Evidence, op_of
from graphmode.batch_norms.findings import REMARK, Finding, make, norms, subject
from graphmode.batch_norms.flow import PASSING, Flow
from graphmode.batch_norms.inventory import Layer

_SATURATING = (
    "Softmax LogSoftmax SparseSoftmaxCrossEntropyWithLogits SoftmaxCrossEntropyWithLogits "
    "Sigmoid Tanh"
).split()
_ADDITIONS = ("BiasAdd", "Add", "AddV2")
_LINEAR = ("Conv", "MatMul", "DepthwiseConv", "BatchMatMul")


def not_shared(evidence: Evidence) -> Iterator[Finding]:
    """Batch norms of one line after the same weights that have separate variables."""
    inventory = evidence.inventory
    by_weights: Dict[Tuple, List[Layer]] = collections.defaultdict(list)
    applied: Dict[Tuple, Set[str]] = collections.defaultdict(set)  # ops with these weights
    for layer in evidence.layers():
        if not layer.variables or any(entry.in_loop for entry in layer.applications):
            continue
        op, weights = steps.linear_before(inventory.flow, layer.applications[0].input)
        if weights:
            key = layer.place.file, layer.place.line, tuple(sorted(weights))
            by_weights[key].append(layer)
            applied[key].add(op)
    groups = [
        group
        for key, group in by_weights.items()
        # Two batch norms of one output of a convolution are two heads of a network.
        if len(group) > 1 and len(applied[key]) == len(group) and _each_alone(inventory, group)
    ]
    if groups:
        layers = [layer for group in groups for layer in group]
        first, second = groups[0][:2]
        yield make(
            "not_shared",
            layers,
            f"{len(layers)} batch norms are in {len(groups)} layers whose weights are shared: "
            f"{second.scope} is not {first.scope}, but a second set of variables "
            f"({norms([second])}).",
            "The applications differ. A discriminator tells real and generated images apart by "
            "them; a test with new ones is untrained.",
            cure("not_shared", layers[0].kind),
        )


def _each_alone(inventory, group: List[Layer]) -> bool:
    """Whether each belongs to an application of its own: none follows another."""
    for layer in group:
        before = inventory.flow.before([op_of(inventory, layer.applications[0].input)])
        for other in group:
            ends = {entry.output.rpartition(":")[0] for entry in other.applications}
            if other is not layer and ends & before:
                return False
    return True


def around(evidence: Evidence) -> Iterator[Finding]:
    """A batch norm after a batch norm or a bias, or without gamma where gamma matters."""
    flow = evidence.inventory.flow
    ends = {entry.output: layer for layer in evidence.layers() for entry in layer.applications}
    missing, doubled, biased = [], [], []
    for layer in evidence.layers():
        entry = layer.applications[0]
        if not layer.variables:
            continue
        before = _passed(flow, flow.tensor(entry.input), ends)
        if before is not None and ends[before] is not layer:
            doubled.append(layer)
        if layer.beta and _is_bias(flow, entry.input):
            biased.append(layer)
        if not layer.gamma and _saturates(flow, entry.output):
            missing.append(layer)
    if missing:
        yield make(
            "gamma_missing",
            missing,
            f"{subject(missing, 'has', 'have')} no gamma, and what follows is not linear.",
            "The values before the softmax, sigmoid or tanh always have standard deviation 1: the "
            "network cannot become sure, and its loss stays high.",
            cure("gamma_missing", missing[0].kind),
        )
    if doubled:
        yield make(
            "gamma_doubled",
            doubled,
            f"{subject(doubled, 'normalizes', 'normalize')} what another batch norm has "
            "normalized, with nothing between them.",
            "The first gamma and beta have no effect; the network is slower.",
            cure("gamma_doubled", doubled[0].kind),
        )
    if biased:
        yield make(
            "bias_beside_beta",
            biased,
            f"Before {norms(biased)} stands a bias, which the batch norm subtracts.",
            "The bias has a gradient of 0: it costs memory and time, and changes nothing.",
            cure("bias_beside_beta", biased[0].kind),
            weight=REMARK,
        )


def _passed(flow: Flow, tensor: Any, ends: Dict[str, Layer]) -> Optional[str]:
    """The output of another batch norm that a tensor is, perhaps in another shape, or None."""
    for _ in range(10):
        if tensor.name in ends:
            return tensor.name
        inputs = flow.inputs[tensor.op.name]
        if tensor.op.type not in PASSING or not inputs:
            return None
        tensor = inputs[0]
    return None


def _is_bias(flow: Flow, name: str) -> bool:
    """Whether a tensor is the sum of a convolution or product and a variable."""
    op = flow.origin(flow.tensor(name)).op
    while op.type in ("Reshape", "Squeeze") and flow.inputs[op.name]:
        op = flow.origin(flow.inputs[op.name][0]).op
    if op.type not in _ADDITIONS:
        return False
    value, bias = flow.inputs[op.name][:2]
    linear = flow.origin(value).op
    variable = flow.variable(bias)
    is_linear = linear.type.startswith(_LINEAR) or linear.type in ("Reshape", "BatchToSpaceND")
    return is_linear and variable is not None and variable.name in flow.trainable


def _saturates(flow: Flow, name: str) -> bool:
    """Whether a tensor goes into a softmax, sigmoid or tanh, and into nothing linear."""
    waiting, readers = [flow.tensor(name)], []
    for _ in range(20):
        if not waiting:
            break
        for op in flow.consumers(waiting.pop()):
            if op.type in PASSING and "Assign" not in op.type:
                waiting.extend(op.outputs)
            else:
                readers.append(op)
    forward = [op for op in readers if "Grad" not in op.type]
    if any(op.type in _ADDITIONS or op.type.startswith(_LINEAR) for op in forward):
        return False
    return any(
        op.type in _SATURATING or "logistic_loss" in op.name.rpartition("/")[0] for op in forward
    )


def on_logit(evidence: Evidence) -> Iterator[Finding]:
    """Batch norm on the single output of a discriminator, which then goes into a loss."""
    flow = evidence.inventory.flow
    layers = [
        layer
        for layer in evidence.layers()
        if any(
            entry.channels == 1 and entry.trains and (entry.values_per_image == 1)
            for entry in layer.applications
        )
        and _ends_in_loss(flow, layer)
    ]
    if layers:
        yield make(
            "norm_on_logit",
            layers,
            f"{subject(layers, 'is', 'are')} on the network's single output.",
            "Each batch has the same mean there: real and generated batches look alike, and the "
            "loss stays at ln 2.",
            cure("norm_on_logit", layers[0].kind),
        )


def _ends_in_loss(flow: Flow, layer: Layer) -> bool:
    """Whether no weights follow a layer."""
    following = flow.after(
        flow.tensor(entry.output).op for entry in layer.applications if entry.trains
    )
    return not any(
        flow.by_name[name].type.startswith(("Conv2D", "MatMul"))
        for name in following
        if "gradients" not in name and "Backprop" not in flow.by_name[name].type
    )


def wrong_axis(evidence: Evidence) -> Iterator[Finding]:
    """The convolution before has its channels in axis 1, and the batch norm takes the last one."""
    flow, layers = evidence.inventory.flow, []
    for layer in evidence.layers():
        entry = layer.applications[0]
        if entry.axes != (0, 1, 2) or not entry.shape or len(entry.shape) != 4:
            continue
        op = flow.tensor(entry.input).op
        for _ in range(4):
            if "data_format" in op.node_def.attr and op.type.startswith(("Conv2D", "BiasAdd")):
                if op.get_attr("data_format") == b"NCHW":
                    layers.append(layer)
                break
            if not flow.inputs[op.name]:
                break
            op = flow.inputs[op.name][0].op
    if layers:
        yield make(
            "wrong_axis",
            layers,
            f"{subject(layers, 'takes', 'take')} the last axis for the channels, but the "
            "convolution before has them in axis 1 (NCHW).",
            "It normalizes each column of the image. Another image size does not fit the weights.",
            cure("wrong_axis", layers[0].kind),
        )


def pixels(evidence: Evidence) -> Iterator[Finding]:
    """Images that are normalized by statistics of each pixel, over the batch alone."""
    layers = [
        layer
        for layer in evidence.layers()
        if any(
            entry.axes is not None and len(entry.shape or ()) == 4 and len(entry.axes) < 3
            for entry in layer.applications
        )
    ]
    if layers:
        yield make(
            "pixels",
            layers,
            f"{subject(layers, 'takes', 'take')} the statistics of each pixel, not of each channel "
            "of an image.",
            "Each has as few values as the batch has images, so training is noisy, and another "
            "image size does not fit the weights.",
            cure("pixels", layers[0].kind),
        )


def not_trained(evidence: Evidence) -> Iterator[Finding]:
    """gamma and beta that no optimizer has, beside weights that one has."""
    trained = frozenset().union(*(step.variables for step in evidence.steps), frozenset())
    layers = []
    for layer in evidence.layers():
        if layer.trainable & trained or not layer.trainable:
            continue
        used = [entry for entry in layer.applications if evidence.in_training(entry)]
        flow = evidence.inventory.flow
        if any(steps.weights_before(flow, entry.input) & trained for entry in used):
            layers.append(layer)
    if layers:
        yield make(
            "not_trained",
            layers,
            f"No training op trains gamma and beta of {norms(layers)}, but the weights before.",
            "They keep their first values: the list of variables that the optimizer gets misses "
            "them.",
            cure("not_trained", layers[0].kind),
            [step.place for step in evidence.steps],
        )


def averages_trained(evidence: Evidence) -> Iterator[Finding]:
    """Moving averages that an optimizer changes, too."""
    layers = [
        layer
        for layer in evidence.layers()
        if any(set(layer.averages) & step.variables for step in evidence.steps)
        and any(
            entry.reads_averages and evidence.in_training(entry) for entry in layer.applications
        )
    ]
    if layers:
        yield make(
            "averages_trained",
            layers,
            f"The moving averages of {norms(layers)} are trainable, and an optimizer changes them.",
            "They are no averages any more: the test is bad, or the training unstable.",
            cure("averages_trained", layers[0].kind),
            [step.place for step in evidence.steps_of(layers[0])],
        )
