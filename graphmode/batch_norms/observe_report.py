"""What was observed of a program's batch norms: as text and as JSON."""

import dataclasses
import functools
import linecache
import math
import re
import shutil
import sys
import textwrap
from typing import Any, Dict, List, Mapping, Sequence

from graphmode.batch_norms import measure, observe_facts, places, shown
from graphmode.batch_norms.facts import Facts
from graphmode.batch_norms.findings import INTENDED, MISTAKE, REMARK, Finding
from graphmode.batch_norms.inventory import Inventory, Layer
from graphmode.batch_norms.measure import Measured, Output
from graphmode.report import tables

FEW = 100  # values per channel; with fewer, a batch's mean is far from that of the data by chance
_LESS = ("gamma, beta", "epsilon", "kind", "uses")  # columns of the table


@dataclasses.dataclass
class Examined:
    """A graph of the program.

    Attributes:
        inventory: its batch norms.
        findings: what is wrong with them.
        measured: numbers of the session that was measured.
        facts: what ran.
    """

    inventory: Inventory
    findings: List[Finding]
    measured: Measured
    facts: Facts

    @functools.cached_property
    def updates(self) -> Dict[str, int]:
        """Name of an update op -> how often it ran."""
        return observe_facts.updates(self.inventory, self.facts)


def verdict(graphs: Sequence[Examined], number: int) -> str:
    """The first line.

    Args:
        graphs: those that have batch norms.
        number: how many runs the program made.
    """
    if not graphs:
        return f"batch norm: none in this program ({shown.count(number, 'run')} of a session)"
    layers = max(len(graph.inventory.layers) for graph in graphs)
    mistakes = sum(finding.weight == MISTAKE for finding in findings(graphs))
    what = shown.number_of(mistakes)
    return (
        f"batch norm: {what} in {shown.count(layers, 'batch norm')} ({shown.count(number, 'run')})"
    )


def findings(graphs: Sequence[Examined]) -> List[Finding]:
    """Those of all graphs, mistakes first. The same line in several graphs is one finding."""
    unique: Dict[Any, Finding] = {}
    for finding in (finding for graph in graphs for finding in graph.findings):
        unique.setdefault((finding.mistake, finding.what), finding)
    order = (MISTAKE, INTENDED, REMARK)
    return sorted(unique.values(), key=lambda finding: order.index(finding.weight))


def text(graphs: Sequence[Examined], number: int) -> str:
    """The verdict, the findings and the measurements, for a terminal."""
    lines = [verdict(graphs, number), *shown.lines(findings(graphs))]
    said = sentences(graphs)
    if said:
        lines += ["", "Measured with the last batches of the program:"]
        for sentence in said:
            lines += shown.paragraph(sentence, "- ")
    return "\n".join(lines)


def sentences(graphs: Sequence[Examined]) -> List[str]:
    """What the measurements say, in words: results, gaps, and what was not measured."""
    results = [_of_output(graph, output) for graph in graphs for output in graph.measured.outputs]
    gaps = [line for graph in graphs for line in _of_gaps(graph)]
    notes = [f"not measured: {note}." for graph in graphs for note in graph.measured.notes]
    return list(dict.fromkeys([*results, *gaps, *notes]))


def _of_gaps(graph: Examined) -> List[str]:
    """The largest gap."""
    gaps = [
        (gap.mean, layer, gap)
        for layer in graph.inventory.layers
        for application in layer.applications
        for name, gap in graph.measured.gaps.items()
        if name == application.name
    ]
    if not gaps:
        return []
    mean, layer, gap = max(gaps, key=lambda entry: entry[0])
    left = measure.start_left(layer, graph.updates)
    rest = "" if left is None else f"; {left:.1%} of their start value is still in them"
    if gap.values < FEW:
        chance = 1.0 / math.sqrt(gap.values)
        rest += f" (with {gap.values} values per channel, about {_short(chance)} is chance)"
    return [
        f"{_named(layer)} has the largest gap: the moving mean is {_short(mean)} standard "
        "deviations away from the mean of the last training batch, and the moving variance is "
        f"{_short(gap.variance)} times its variance{rest}."
    ]


def _of_output(graph: Examined, output: Output) -> str:
    name = _name(graph, output.name)
    used = " (which the program uses here)"
    moving = used if output.as_run == "moving" else ""
    batch = used if output.as_run == "batch" else ""
    rows = f", over {shown.count(output.rows, 'row')}" if output.rows else ""
    if output.difference is None:
        if f"{output.moving:.4g}" == f"{output.batch:.4g}":
            return f"{name} is {output.moving:.4g} with both kinds of statistics{rows}."
        return (
            f"{name} is {output.moving:.4g} with the moving statistics{moving}, and "
            f"{output.batch:.4g} with those of the batch{batch}{rows}."
        )
    tensor = graph.inventory.flow.by_name[output.name.rpartition(":")[0]].outputs[0]
    difference = (
        f"{output.difference:.0%} of the values differ"
        if tensor.dtype.is_integer
        else f"the values differ by {_short(output.difference)} standard deviations"
    )
    return (
        f"{name}: with the moving statistics{moving} and with those of the batch{batch}, "
        f"{difference}{rows}."
    )


def _name(graph: Examined, tensor: str) -> str:
    """The program's name for a tensor, where its line is a plain assignment, with the line."""
    place = places.of(graph.inventory.flow.by_name[tensor.rpartition(":")[0]])
    line = linecache.getline(place.file, place.line) if place.file else ""
    assigned = re.match(r"\s*(?:self\.)?(\w+)\s*=[^=]", line)
    if assigned:
        return f"{assigned[1]} ({place})"
    return f"{tensor} ({place})" if place.file else tensor


def _short(number: float) -> str:
    """Two digits; large numbers without an exponent."""
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:.2g}"


def _named(layer: Layer) -> str:
    return f"{layer.scope} ({layer.place})" if layer.place.file else layer.scope


def rows(graph: Examined) -> List[Dict[str, Any]]:
    """The table: a row for each batch norm."""
    numbers = graph.updates
    return [_row(layer, graph, numbers) for layer in graph.inventory.layers]


def filled(entries: Sequence[Mapping[str, Any]]) -> List[Dict[str, Any]]:
    """The table without the columns that say nothing."""
    empty = {"uses": 1}
    names = [
        name
        for name in tables.columns(entries)
        if any(entry[name] not in (None, [], empty.get(name)) for entry in entries)
    ]
    return [{name: entry[name] for name in names} for entry in entries]


def _row(layer, graph, numbers):
    gaps = [graph.measured.gaps.get(application.name) for application in layer.applications]
    gap = next(filter(None, gaps), None)
    values = gap.values if gap else layer.applications[0].values
    parameters = [name for name in ("gamma", "beta") if getattr(layer, name)]
    left = measure.start_left(layer, numbers)
    ran = {numbers[update.name] for update in layer.updates} or {0}
    return {
        "batch norm": layer.scope,
        "line": str(layer.place),
        "kind": layer.kind,
        "uses": len(layer.applications),
        "statistics": list(dict.fromkeys(map(_statistics, layer.applications))),
        "gamma, beta": parameters,
        "decay": layer.decay,
        "epsilon": layer.epsilon,
        "values": values,
        "updates": f"{min(ran)} to {max(ran)}" if len(ran) > 1 else ran.pop(),
        "start left": None if left is None else f"{left:.1%}",
        "gap": gap and _short(gap.mean),
        "variance": gap and _short(gap.variance),
    }


def _statistics(application):
    switch = application.switch
    if application.statistics == "switch" and switch is not None:
        return f"switch {switch.name}".strip()
    return application.statistics


def runs(graph: Examined) -> List[Dict[str, Any]]:
    """What ran: a row for each set of fetches."""
    return [
        {
            "fetched": sorted(fetches)[:4] + ["..."] * (len(fetches) > 4),
            "with": [f"{name}={value} ({n})" for name, value, n in _fed(graph.facts, fetches)],
            "runs": count,
        }
        for fetches, count in graph.facts.runs.items()
    ]


def _fed(facts, fetches):
    """(placeholder, value, how often) of the scalars that were fed, a few of each placeholder."""
    for name, by_fetches in facts.fed.items():
        for value, number in list(by_fetches.get(fetches, {}).items())[:4]:
            yield name, value, number


LEGEND = (
    "Update ops move the averages (moving mean, moving variance) towards the statistics of each "
    "training batch. In the test, the network normalizes by these averages.",
    "uses: how often the program applies it. statistics: by what it normalizes. values: per "
    "channel in the last training batch. updates: how often its update ops ran. start left: the "
    "share of the start value that is still in the averages, decay^updates.",
    "gap: distance of the moving mean from the mean of the last training batch, in standard "
    "deviations; 0 is the best. variance: moving variance / variance of this batch; 1 is the best.",
)


def show(graphs: Sequence[Examined], number: int) -> None:
    """Prints all of it on stderr: stdout is the program's own."""
    parts = [text(graphs, number)]
    width = shutil.get_terminal_size((140, 1)).columns
    for place, graph in enumerate(graphs, 1):
        heading = [f"graph {place} of {len(graphs)}:"] if len(graphs) > 1 else []
        parts.append("\n".join([*heading, *_aligned(filled(rows(graph)), width)]))
    if graphs:
        parts += ["\n".join(textwrap.wrap(line, shown.WIDTH)) for line in LEGEND]
    sys.stderr.write("\n" + "\n\n".join(parts) + "\n")


def _aligned(entries: Sequence[Mapping[str, Any]], width: int) -> List[str]:
    """A table as lines of text, without the columns of `_LESS` if it is too wide."""
    names = tables.columns(entries)
    for left_out in ("", *_LESS):
        names = [name for name in names if name != left_out]
        cells = [names, *([tables.plain(entry[name]) for name in names] for entry in entries)]
        widths = [max(map(len, column)) for column in zip(*cells)]
        if sum(widths) + 2 * len(widths) - 2 <= width:
            break
    lines = ["  ".join(map(str.ljust, line, widths)).rstrip() for line in cells]
    return [lines[0], "-" * min(width, max(map(len, lines))), *lines[1:]]


def as_json(graphs: Sequence[Examined], number: int) -> Dict[str, Any]:
    """All of it as dictionaries, lists, strings and numbers."""
    return {
        "verdict": verdict(graphs, number),
        "findings": [finding.as_json() for finding in findings(graphs)],
        "graphs": [
            {
                **graph.inventory.as_json(),
                "table": rows(graph),
                "measured": dataclasses.asdict(graph.measured),
                "runs": [
                    {
                        "fetches": sorted(fetches),
                        "count": count,
                        "fed": [list(entry) for entry in _fed(graph.facts, fetches)],
                    }
                    for fetches, count in graph.facts.runs.items()
                ],
            }
            for graph in graphs
        ],
    }
