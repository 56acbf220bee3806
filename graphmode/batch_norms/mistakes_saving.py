"""Mistakes with checkpoints: averages that are not saved, not restored, or mixed up."""

from typing import Iterator, List

from graphmode.batch_norms.cures import cure
from graphmode.batch_norms.evidence import Evidence
from graphmode.batch_norms.findings import Finding, make, norms
from graphmode.batch_norms.inventory import Layer, Saver

NAMES = ("beta", "gamma", "moving_mean", "moving_variance")


def not_saved(evidence: Evidence) -> Iterator[Finding]:
    """No Saver writes the averages, and one writes the layer's other variables."""
    layers, savers = [], {}
    for layer in evidence.layers():
        keeps = [saver for saver in evidence.inventory.savers if layer.trainable & set(saver.saves)]
        if layer.saved is False and keeps:
            layers.append(layer)
            savers.update({saver.name: saver for saver in keeps})
    if layers:
        yield make(
            "not_saved",
            layers,
            f"The Saver {_named(savers)} does not save the moving averages of {norms(layers)}.",
            "After restoring, the test is bad: the averages have their first values, or the "
            "program says that they are not initialized.",
            cure("not_saved", layers[0].kind),
            [saver.place for saver in savers.values()],
        )


def not_restored(evidence: Evidence) -> Iterator[Finding]:
    """One Saver has the averages, another one has only the layer's other variables."""
    layers, savers = [], {}
    for layer in evidence.layers():
        lacking = [
            saver
            for saver in evidence.inventory.savers
            if layer.trainable & set(saver.restores)
            and not set(layer.averages) & set(saver.restores)
            and _has_run(evidence, saver)
        ]
        if layer.saved and lacking:
            layers.append(layer)
            savers.update({saver.name: saver for saver in lacking})
    if layers:
        yield make(
            "not_restored",
            layers,
            f"The Saver {_named(savers)} restores {norms(layers)} without their moving averages.",
            "After restoring, the test is bad: the averages have their first values, or the "
            "program says that they are not initialized.",
            cure("not_restored", layers[0].kind),
            [saver.place for saver in savers.values()],
        )


def _has_run(evidence, saver: Saver) -> bool:
    """Whether the program restored by a Saver; True if that was not observed."""
    if not evidence.runs or evidence.facts is None or not evidence.facts.is_complete:
        return True
    return any(name.startswith(saver.name + "/") for name in evidence.executed)


def swapped_names(evidence: Evidence) -> Iterator[Finding]:
    """A Saver reads, for example, gamma from what the checkpoint calls beta."""
    layers: List[Layer] = []
    savers, example = {}, None
    for saver in evidence.inventory.savers:
        for variable, name in saver.restores.items():
            there, here = name.rpartition("/")[2], variable.rpartition("/")[2]
            if there != here and there in NAMES and here in NAMES:
                owners = [layer for layer in evidence.layers() if variable in layer.variables]
                layers += [layer for layer in owners if layer not in layers]
                if owners:
                    savers[saver.name] = saver
                    example = example or (variable, name)
    if layers and example:
        yield make(
            "names_of_slim",
            layers,
            f"The Saver {_named(savers)} reads {example[0]} from {example[1]}: it mixes up the "
            f"variables of {norms(layers)}.",
            "No error, because all have the same shape, but after restoring, the network gives "
            "nonsense.",
            cure("names_of_slim", layers[0].kind),
            [saver.place for saver in savers.values()],
        )


def _named(savers):
    return ", ".join(f"{saver.name} ({saver.place})" for saver in savers.values())
