"""Mistakes with update ops: they do not run, run in the wrong step, mix batches, or are slow."""

import collections
import math
from typing import Dict, Iterator, List, Sequence, Set, Tuple

from graphmode.batch_norms import causes
from graphmode.batch_norms.cures import cure
from graphmode.batch_norms.evidence import Evidence, needed, reads
from graphmode.batch_norms.findings import Finding, make, norms
from graphmode.batch_norms.inventory import Layer, Step, UpdateOp

SHARE = 0.1  # of the first values that is still in an average at the end: more is a mistake
FAST = 0.4  # a decay below it keeps little more than the last batch


def in_loop(evidence: Evidence) -> Iterator[Finding]:
    """Updates inside of tf.map_fn or tf.while_loop."""
    flow = evidence.inventory.flow
    by_name: Dict[str, List[Layer]] = collections.defaultdict(list)
    for layer in evidence.layers():
        inside = [update for update in layer.updates if update.in_loop]
        if inside:
            frames = flow.by_name[inside[0].name].traceback or ()
            is_map = any(frame.name == "map_fn" for frame in frames)
            by_name["in_map_fn" if is_map else "in_while_loop"].append(layer)
    for name, layers in by_name.items():
        what = "image or element" if name == "in_map_fn" else "turn"
        loop = "tf.map_fn" if name == "in_map_fn" else "tf.while_loop"
        yield make(
            name,
            layers,
            f"The averages of {norms(layers)} are updated inside of {loop}, by each {what} alone, "
            "in any order.",
            "The averages fit no batch as a whole: the variance is too small, and a test with them "
            "is worse than training.",
            cure("in_loop", layers[0].kind),
        )


def in_cond(evidence: Evidence) -> Iterator[Finding]:
    """Update ops in a collection that are made inside of a tf.cond which is not the switch."""
    layers = []
    for layer in evidence.layers():
        for entry in layer.applications:
            own = entry.switch.name if entry.switch else None
            outer = {name for name, _ in entry.conditions if name.rpartition(":")[0] != own}
            inside = [
                update
                for update in entry.updates
                if not update.in_place and outer & {name for name, _ in update.conditions}
            ]
            if inside and layer not in layers:
                layers.append(layer)
    if layers:
        yield make(
            "in_cond",
            layers,
            f"The update ops of {norms(layers)} are made inside of a tf.cond, and not in place.",
            "Nothing outside of the tf.cond can run them: a training op that waits for them does "
            "nothing in the other branch, or fails.",
            cure("in_cond", layers[0].kind),
        )


def moved_by_test(evidence: Evidence) -> Iterator[Finding]:
    """Updates in place that do not look at the switch: they run in the test, too."""
    layers = []
    for layer in evidence.layers():
        for entry in layer.applications:
            root = entry.switch.name if entry.switch else ""
            always = [
                update
                for update in entry.updates
                if update.in_place
                and update.moves_always
                and root
                and root not in {name.rpartition(":")[0] for name, _ in update.conditions}
            ]
            if always and layer not in layers:
                layers.append(layer)
    if layers:
        yield make(
            "moved_by_test",
            layers,
            f"The averages of {norms(layers)} are updated in each run, also in the test: the "
            "update ops are made outside of the condition.",
            "Results of the test change from run to run, and with what was tested before.",
            cure("moved_by_test", layers[0].kind),
        )


def never_run(evidence: Evidence) -> Iterator[Finding]:
    """No training op runs the updates of a batch norm that trains and has averages."""
    by_cause: Dict[Tuple[str, str], List[Tuple[Layer, List[Step]]]] = collections.defaultdict(list)
    partly = []
    for layer in evidence.layers():
        steps = evidence.steps_of(layer)
        trains = [
            entry for entry in layer.applications if entry.trains and evidence.in_training(entry)
        ]
        if not (layer.averages and steps and trains) or _is_for_no_test(evidence, layer):
            continue
        ops = needed(layer)
        run = {update.variable for update in ops if update.name in evidence.executed}
        if not run:
            cause = causes.of_never_run(evidence, layer, steps)
            by_cause[layer.kind, cause].append((layer, steps))
        elif run < {name for name in (layer.moving_mean, layer.moving_variance) if name}:
            partly.append(layer)
    for (kind, cause), pairs in by_cause.items():
        yield _never_run(evidence, kind, cause, pairs)
    if partly:
        yield make(
            "partly_run",
            partly,
            f"Only one of the two averages of {norms(partly)} is updated.",
            "Good in training, bad in the test: the other average keeps its first value.",
            cure("partly_run", partly[0].kind),
        )


def _is_for_no_test(evidence, layer):
    """Whether the test uses the batch's statistics, so that nothing reads the averages."""
    return not any(reads(other) for other in evidence.inventory.layers) and any(
        evidence.outside(entry) for entry in layer.applications
    )


def _never_run(evidence, kind, cause, pairs):
    layers = [layer for layer, _ in pairs]
    steps = list({step.name: step for _, steps in pairs for step in steps}.values())
    who = "None of the observed runs" if evidence.runs else "No training op"
    exists = any(layer.updates for layer in layers)
    what = f"{who} runs the update ops of {norms(layers)}"
    if not exists:
        what = f"No op updates the moving averages of {norms(layers)}"
    why, application = causes.sentence(cause, evidence, layers[0]), layers[0].updates[:1]
    caveat = "" if evidence.runs or not exists else " (unless the program fetches them itself)"
    return make(
        cause,
        layers,
        f"{what}: the averages keep their first values{caveat}.{why}",
        "Good in training, bad in the test: there the network normalizes by mean 0 and variance 1.",
        cure(cause, kind, scope=layers[0].scope, application=_scope_of(application)),
        [step.place for step in steps] + causes.places(cause, layers[0]),
    )


def _scope_of(updates: Sequence[UpdateOp]) -> str:
    return updates[0].name.split("/")[0] if updates else ""


def other_network(evidence: Evidence) -> Iterator[Finding]:
    """A training step runs updates of a network that it does not train."""
    for step in evidence.steps:
        layers = [
            layer
            for layer in evidence.layers()
            if any(update.name in step.should_not_run for update in layer.updates)
        ]
        if not layers:
            continue
        own, other = _top(step.variables), _top(layers[0].variables)
        catches = bool(own) and other.startswith(own) and other != own
        name = "scope_catches_another_network" if catches else "other_networks_step"
        why = f" The scope {own!r} is also the beginning of {other!r}." if catches else ""
        yield make(
            name,
            layers,
            f"The training step of {own or 'one network'} ({step.place}) also runs the update ops "
            f"of {norms(layers)}, which it does not train.{why}",
            "Their averages move in steps that do not train their network, and towards the "
            "batches of those steps.",
            cure(name, layers[0].kind, own=own),
            [step.place],
        )


def _top(names) -> str:
    """The first part of the scopes of most variables."""
    tops = collections.Counter(name.split("/")[0] for name in names)
    return tops.most_common(1)[0][0] if tops else ""


def mixed_statistics(evidence: Evidence) -> Iterator[Finding]:
    """One average follows two batches, of which one comes out of another network."""
    layers, origin = [], {}
    for layer in evidence.layers():
        if not any(entry.statistics == "moving" for entry in layer.applications):
            continue
        run = [
            entry
            for entry in layer.applications
            if any(update.name in evidence.executed for update in entry.updates)
        ]
        makers = [_networks_before(evidence, layer, entry.input) for entry in run]
        for maker in makers:
            if maker - makers[0] or makers[0] - maker:
                layers.append(layer)
                origin[layer.scope] = run[0].updates[0].name.split("/")[0]
                break
    if layers:
        yield make(
            "mixed_statistics",
            layers,
            f"The averages of {norms(layers)} follow two kinds of batches in turn: real ones, and "
            "the output of another network.",
            "In the test real images are normalized by averages that belong to neither kind.",
            cure("mixed_statistics", layers[0].kind, application=origin[layers[0].scope]),
            [step.place for step in evidence.steps_of(layers[0])],
        )


def _networks_before(evidence, layer, tensor: str) -> Set[str]:
    """First parts of the scopes of the trainable variables before a tensor, without its own."""
    inventory = evidence.inventory
    before = inventory.flow.before([inventory.flow.by_name[tensor.rpartition(":")[0]]])
    own = _top(layer.variables)
    return {name.split("/")[0] for name in before & inventory.trainable} - {own}


def rate(evidence: Evidence) -> Iterator[Finding]:
    """The averages are slower than the training is long, or follow the last batch only."""
    slow, fast = collections.defaultdict(list), []
    for layer in evidence.layers():
        decay = layer.decay
        if decay is None or not needed(layer):
            continue
        if decay < FAST:
            fast.append(layer)
        if evidence.facts is None or not evidence.facts.is_complete or not 0.0 < decay < 1.0:
            continue
        number = _number_of_updates(evidence, layer)
        if number and decay**number > SHARE:
            slow[layer.kind, decay, number].append(layer)
    for (kind, decay, number), layers in slow.items():
        better = _decay_for(number)
        yield make(
            "rate_too_slow",
            layers,
            f"The decay {decay:g} of {norms(layers)} is too slow for {number} updates: "
            f"{decay**number:.0%} of the averages are still their first values.",
            "Good in training, bad in the test, and better with longer training.",
            cure("rate_too_slow", kind, decay=better, updates=_updates_for(better)),
        )
    if fast:
        yield make(
            "rate_too_fast",
            fast,
            f"The decay {fast[0].decay:g} of {norms(fast)} keeps little more than the last batch.",
            "The test is noisy: it depends on the last batch of the training.",
            cure("rate_too_fast", fast[0].kind),
        )


def _number_of_updates(evidence, layer) -> int:
    """How often the layer's averages moved in the observed runs."""
    total = 0
    for entry in layer.applications:
        names = [update.name for update in entry.updates]
        for fetches, count in evidence.counts(names) if names else ():
            switch = entry.switch
            if switch is not None and switch.name and "Placeholder" in switch.kind:
                values = evidence.facts.values(switch.name, fetches, switch.default)
                count = sum(n for value, n in values.items() if bool(value) == switch.training)
            total += count
    return total


def _decay_for(number: int) -> float:
    """The largest usual decay with which at most a percent of the first values is left."""
    usual = (0.99, 0.95, 0.9, 0.8, 0.5)
    return next((decay for decay in usual if decay**number <= 0.01), 0.5)


def _updates_for(decay: float) -> int:
    return math.ceil(math.log(0.01) / math.log(decay))
