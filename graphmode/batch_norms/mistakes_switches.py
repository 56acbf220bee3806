"""Mistakes with the switch between training and test, and with batches that are too small."""

import collections
from typing import Any, Dict, Iterator, List, Optional, Tuple

from graphmode.batch_norms.cures import cure
from graphmode.batch_norms.evidence import Evidence, needed, op_of, reads
from graphmode.batch_norms.findings import INTENDED, Finding, lines, make, norms, subject
from graphmode.batch_norms.inventory import Application, Layer, Place
from graphmode.batch_norms.places import of as place_of

FEW = 4  # values per channel: with fewer, the output is little more than the signs
_GOOD_BAD = "Good in training, bad in the test"


def left_at_default(evidence: Evidence) -> Iterator[Finding]:
    """The training does not normalize by the batch, or no switch reaches the batch norms."""
    never_on = []
    for layer in evidence.layers():
        used = [entry for entry in layer.applications if evidence.in_training(entry)]
        # In slim and Keras False is no default: whoever writes it uses trained averages, unless
        # the run shows that none were read.
        kinds = ("slim", "tf.layers", "keras") if evidence.runs else ("tf.layers",)
        is_frozen = not layer.trainable or layer.kind not in kinds
        if used and evidence.steps_of(layer) and not is_frozen and not _restored(evidence, layer):
            if all(entry.statistics == "moving" for entry in used) and not layer.updates:
                never_on.append(layer)
    for layers in _by_kind(never_on):
        default = " That is its default." if layers[0].kind == "tf.layers" else ""
        yield make(
            "left_at_default",
            layers,
            f"{subject(layers, 'uses', 'use')} moving averages in training, and nothing updates "
            f"them: this does not normalize.{default}",
            "The network trains as if it had no batch norm: slowly, and not at all if it is deep.",
            cure("left_at_default", layers[0].kind),
            [step.place for step in evidence.steps_of(layers[0])],
        )


def no_test(evidence: Evidence) -> Iterator[Finding]:
    """All batch norms use the batch's statistics, and nothing can ever use the averages."""
    inventory = evidence.inventory
    with_averages = [layer for layer in evidence.layers() if needed(layer)]
    if not with_averages or any(reads(layer) for layer in inventory.layers):
        return
    outside = [_applications_outside(evidence, layer) for layer in with_averages]
    is_test = not evidence.steps and bool(inventory.savers)
    if any(outside) or is_test:
        # Observed: the test fetches the very applications that train.
        same = all(evidence.in_training(entry) for entries in outside for entry in entries)
        if same and not is_test:
            yield _frozen(evidence, [layer for layer, used in zip(with_averages, outside) if used])
        else:
            yield _batch_in_test(evidence, with_averages, is_test)
    elif evidence.steps and not (evidence.runs or evidence.told):
        if not any(layer.saved for layer in with_averages):
            yield _frozen(evidence, with_averages)


def _frozen(evidence, layers) -> Finding:
    switches = _unused_switches(evidence)
    name = "left_at_default" if switches else "frozen_bool"
    why = "the switch is a Python value that was read when the graph was built"
    if switches:
        why = f"the placeholder {switches[0].name} reaches none of them"
    return make(
        name,
        layers,
        f"{subject(layers, 'always uses', 'always use')} the batch's statistics: {why}. "
        "Nothing uses the moving averages.",
        "A result of the test depends on the other images of its batch; a single image fails.",
        cure(name, layers[0].kind),
        [place_of(op) for op in switches],
    )


def _applications_outside(evidence, layer):
    return [entry for entry in layer.applications if evidence.outside(entry)]


def _batch_in_test(evidence, layers, is_test) -> Finding:
    places: List[Place] = []
    wrong = []
    for layer in layers:
        outside = layer.applications if is_test else _applications_outside(evidence, layer)
        if outside:
            wrong.append(layer)
            places += [entry.place for entry in outside]
    what = "other applications" if not is_test else "the applications of the test"
    return make(
        "batch_statistics_in_test",
        wrong,
        f"{subject(wrong, 'has', 'have')} moving averages, but {what} ({lines(places)}) use the "
        "batch's statistics.",
        "A result depends on the other images of its batch; a single image gives another result, "
        "or none.",
        cure("batch_statistics_in_test", wrong[0].kind),
        places,
    )


def on_purpose(evidence: Evidence) -> Iterator[Finding]:
    """Batch norms without averages: the test must use the batch's statistics."""
    layers = [
        layer
        for layer in evidence.layers()
        if not layer.averages
        and layer.variables
        and any(entry.trains for entry in layer.applications)
        # Averages that are there, but in a way that is not understood (batch renormalization).
        and f"{layer.scope}/moving_mean" not in evidence.inventory.flow.by_name
    ]
    for group in _by_kind(layers):
        yield make(
            "batch_statistics_on_purpose",
            group,
            f"{subject(group, 'has', 'have')} no moving averages: the test, too, uses the "
            "statistics of its batch.",
            "A result depends on the other images of its batch. With a batch of one this is "
            "instance norm, as pix2pix wants it.",
            cure("batch_statistics_on_purpose", group[0].kind),
            weight=INTENDED,
        )


def never_switched(evidence: Evidence) -> Iterator[Finding]:
    """The observed runs never turn a switch on in training, or never off in the test."""
    facts = evidence.facts
    if facts is None or not evidence.runs:
        return
    never_on: Dict[str, List[Layer]] = collections.defaultdict(list)
    switches: Dict[str, Any] = {}
    for layer in evidence.layers():
        for entry in layer.applications:
            if entry.switch is None or "Placeholder" not in entry.switch.kind:
                continue
            training = _values(evidence, entry, training=True)
            if training and entry.switch.training not in training:
                never_on[entry.switch.name].append(layer)
                switches[entry.switch.name] = entry.switch
    for name, layers in never_on.items():
        switch = switches[name]
        default = " (its default)" if switch.default == (not switch.training) else ""
        yield make(
            "switch_never_on",
            layers,
            f"In training the switch {name} is always {not switch.training}{default}: "
            f"{norms(layers)} use their moving averages there.",
            "The network trains as if it had no batch norm, and its averages keep their first "
            "values.",
            cure("switch_never_on", layers[0].kind, switch=name, value=switch.training),
            [place_of(evidence.inventory.flow.by_name[name])],
        )


def always_switched(evidence: Evidence) -> Iterator[Finding]:
    """The observed test runs all have the switch on."""
    if evidence.facts is None or not evidence.runs:
        return
    layers, switch, seen = [], None, set()
    for layer in evidence.layers():
        for entry in layer.applications:
            if entry.switch is None or "Placeholder" not in entry.switch.kind:
                continue
            test = _values(evidence, entry, training=False)
            seen |= {value == entry.switch.training for value in test}
            if test and layer not in layers:
                layers.append(layer)
                switch = entry.switch
    if seen != {True}:  # a discriminator is not tested; its switch may be on with the losses
        return
    if layers and switch is not None:
        yield make(
            "switch_always_on",
            layers,
            f"Runs without a training op have the switch {switch.name} {switch.training}, too: "
            f"{norms(layers)} never use their moving averages.",
            "A result depends on the other images of its batch; a single image gives another "
            "result. Where the update ops are in place, the test moves the averages, too.",
            cure("switch_always_on", layers[0].kind, switch=switch.name, value=not switch.training),
            [place_of(evidence.inventory.flow.by_name[switch.name])],
        )


def _values(evidence, entry: Application, training: bool) -> Dict[bool, int]:
    """The values of a switch in the runs of an application, with or without a training op."""
    steps = {step.name for step in evidence.steps}
    total: Dict[bool, int] = collections.Counter()
    switch = entry.switch
    assert switch is not None
    for fetches, _ in evidence.counts([entry.output.rpartition(":")[0]]):
        if (", ".join(sorted(fetches)) in steps) == training:
            seen = evidence.facts.values(switch.name, fetches, switch.default)
            for value, count in seen.items():
                if value is not None:
                    total[bool(value)] += count
    return total


def small_batches(evidence: Evidence) -> Iterator[Finding]:
    """One value per channel, or few, where the statistics are the batch's."""
    for name, most in (("batch_of_one", 1), ("few_values", FEW - 1)):
        layers, numbers = [], []
        for layer in evidence.layers():
            values = [
                _values_of(evidence, entry)
                for entry in layer.applications
                if entry.trains and not (entry.in_loop and entry.updates)  # a finding of its own
            ]
            least = min((number for number in values if number is not None), default=None)
            if least is not None and least <= most and not (name == "few_values" and least == 1):
                layers.append(layer)
                numbers.append(least)
        if not layers:
            continue
        symptom = (
            "Its output is beta for every input, and the layers before it do not learn."
            if name == "batch_of_one"
            else "Its output is nearly +-gamma, whatever the input is, and training is noisy."
        )
        yield make(
            name,
            layers,
            f"{subject(layers, 'has', 'have')} "
            f"{min(numbers) if most > 1 else 'one'} value{'s' if most > 1 else ''} per channel.",
            symptom,
            cure(name, layers[0].kind),
        )


def _values_of(evidence, entry: Application) -> Optional[int]:
    """The values per channel of an application, with the batch sizes that were fed."""
    if entry.values is not None or evidence.facts is None or not entry.values_per_image:
        return entry.values
    flow = evidence.inventory.flow
    before = flow.before([op_of(evidence.inventory, entry.output)])
    sizes = [
        shape[0]
        for placeholder, by_fetches in evidence.facts.shapes.items()
        if placeholder in before and _has_open_batch(flow.by_name.get(placeholder))
        for fetches, shapes in by_fetches.items()
        if entry.output.rpartition(":")[0] in evidence.runs.get(fetches, ())
        for shape in shapes
        if shape and shape[0]
    ]
    return min(sizes) * entry.values_per_image if sizes else None


def _has_open_batch(op):
    shape = op.outputs[0].shape if op is not None else None
    return shape is not None and bool(shape.ndims) and shape.as_list()[0] is None


def _restored(evidence, layer) -> bool:
    """Whether the program read the layer's averages from a checkpoint: it uses a trained net."""
    if evidence.facts is None:
        return False
    flow = evidence.inventory.flow
    for restored in evidence.facts.restored:
        op = flow.by_name.get(restored.restore_op)
        run = flow.before([op]) if op is not None else set()
        for saver in evidence.inventory.savers:
            if any(name.startswith(saver.name + "/Restore") for name in run):
                if set(layer.averages) & set(saver.restores):
                    return True
    return False


def _unused_switches(evidence) -> List[Any]:
    """Placeholders of a bool that no op reads."""
    flow = evidence.inventory.flow
    return [
        op
        for op in flow.ops
        if op.type in ("Placeholder", "PlaceholderWithDefault")
        and op.outputs[0].dtype.name == "bool"
        and not any(flow.followers(op))
    ]


def _by_kind(layers: List[Layer]) -> List[List[Layer]]:
    groups: Dict[Tuple[str], List[Layer]] = {}
    for layer in layers:
        groups.setdefault((layer.kind,), []).append(layer)
    return list(groups.values())
