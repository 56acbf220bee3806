"""What was observed of a program's batch norms, as a page that needs no other file."""

import os
import pathlib
from typing import Any, List, Mapping, NamedTuple, Sequence, Tuple

from graphmode import files
from graphmode.batch_norms import observe_report as report
from graphmode.batch_norms import shown
from graphmode.batch_norms.findings import MISTAKE
from graphmode.report import page, tables


class _Verdict(NamedTuple):
    level: str
    title: str
    text: str


def write(target: str, graphs: Sequence[report.Examined], number: int, program: str) -> None:
    """Writes the page.

    Args:
        target: path of the file.
        graphs: those with batch norms.
        number: how many runs the program made.
        program: its file, or the name of its module.
    """
    found = report.findings(graphs)
    mistakes = [finding for finding in found if finding.weight == MISTAKE]
    verdicts = [
        _Verdict("bad", finding.mistake.replace("_", " ").capitalize(), finding.what)
        for finding in mistakes
    ] or [_Verdict("good" if graphs else "fair", report.verdict(graphs, number), "")]
    measured = report.sentences(graphs)
    if any(graph.measured.outputs for graph in graphs):  # the first sentence is about a result
        verdicts.append(_Verdict(verdicts[0].level, "Measured", measured[0]))
    content = page.template("observe_page.html", pathlib.Path(__file__).parent).render(
        title=f"Batch norm in {os.path.basename(program)}",
        verdict=verdicts,
        facts=[
            ("program", program),
            ("batch norms", str(max((len(g.inventory.layers) for g in graphs), default=0))),
            ("runs of a session", f"{number:,}"),
        ],
        findings=[(_heading(finding), finding, shown.code(finding)) for finding in found],
        measured=measured,
        norms=[
            (f"Batch norms{_of(place, graphs)}", *_cells(report.filled(report.rows(graph))))
            for place, graph in enumerate(graphs, 1)
        ],
        legend=report.LEGEND,
        runs=_cells([row for graph in graphs for row in report.runs(graph)]),
    )
    files.write_whole(target, content)


def _heading(finding):
    words = finding.mistake.replace("_", " ").capitalize()
    return words if finding.weight == MISTAKE else f"{words} ({finding.weight})"


def _of(place, graphs):
    return f", graph {place} of {len(graphs)}" if len(graphs) > 1 else ""


def _cells(rows: Sequence[Mapping[str, Any]]) -> Tuple[List[str], List[List[str]]]:
    """(names of the columns, cells as text)."""
    names = tables.columns(rows)
    return names, [[tables.plain(row.get(name)) for name in names] for row in rows]
