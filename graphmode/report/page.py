"""The page of a run, report.html: one file that needs no other file."""

# graphmode.training, which contents needs, imports these modules: names are resolved later.
from __future__ import annotations

import json
import os
import pathlib
from typing import Any, List, Mapping, Tuple

from graphmode import files
from graphmode.report import contents, pictures, plots, several, verdict
from graphmode.report.templating import shortened, template
from graphmode.training import run_folder

# A flag that only programs with a mode have -> what the mode is for, and its flags.
MODES = {
    "count": ("Generate images", "--mode sample --count 100"),
    "which_direction": ("Translate images of your own", "--mode test --input_dir FOLDER"),
    "recipe": (
        "Complete an image of your own; the hole is white in hole.png",
        "--mode complete --image photo.jpg --mask hole.png --output out.png",
    ),
}


def write(folder) -> pathlib.Path:
    """Writes report.html of a run from the files in its folder. Returns its path.

    The list of the runs beside it is written again, too, see `several.keep_index`.

    Raises:
        InputError: the folder holds no run, or its metrics.json is damaged.
    """
    run = contents.read(folder)
    findings = verdict.judge(run)
    content = template("report.html").render(
        title=contents.heading(run),
        folder=run.folder.name,
        sentence=run.origin.get("sentence", ""),
        findings=findings,
        facts=contents.facts(run),
        command=run.origin.get("command", ""),
        figures=contents.figures(run),
        grids=[
            (pictures.caption(name), pictures.moments(moments, name))
            for name, moments in run.grids.items()
        ],
        metrics=run.metrics,
        curves=[(name, *_curve(run, name)) for name in run.scalars],
        phases=run.phases,
        warnings=run.warnings,
        steps=next_steps(run, findings),
        changed=run.origin.get("changed") or {},
        settings={name: value for name, value in run.settings.items() if name != "program"},
        as_published=run.settings.get("as_published"),
    )
    target = files.path(folder, "report.html")
    files.write_whole(target, content)
    several.keep_index(folder)
    return target


def _curve(run, name):
    points = run.curve(name)
    marks = [step for step, _ in run.phases]
    return plots.curves({name: points}, name, marks), f"{points[-1][1]:.4g}"


def next_steps(run: contents.Contents, findings) -> List[Tuple[str, str]]:
    """What to do with the run: [(sentence, command), ...]."""
    inside = os.path.relpath(run.folder)
    place = str(run.folder) if inside.startswith("..") else inside
    program, steps = f"./run.sh {run.program}", []
    titles = {finding.title for finding in findings}
    still = any("still falling" in finding.text for finding in findings)
    if still or titles & {"Undertrained", "Not finished", "Too early to say"}:
        wanted = max(verdict.usual_steps(run), 2 * run.steps, 2000)
        more = f"{program} --resume --output_dir {place} --max_steps {wanted}"
        steps.append(("Train longer", more))
    if not run.metrics:
        measure = f"{program} --mode evaluate --checkpoint {place}"
        steps.append(("Measure how good it is", measure))
    for name, (sentence, flags) in MODES.items():
        if name in run.settings:
            steps.append((sentence, f"{program} {flags} --checkpoint {place}"))
    compare = f".venv/bin/python -m graphmode.report {place} ANOTHER_RUN"
    return [*steps, ("Compare it with another run", compare)]


def write_metrics(folder, metrics: Mapping[str, Any]) -> None:
    """Writes metrics.json (name -> number), prints it, and writes the run's page again."""
    files.write_whole(files.path(folder, "metrics.json"), json.dumps(metrics, indent=1) + "\n")
    for name, value in metrics.items():
        print(f"{name:>44}  {shortened(value)}")
    renew(folder)


def renew(folder) -> None:
    """Writes a run's page again and prints its path. A folder without a run stays as it is."""
    if run_folder.holds_a_run(folder):
        print(f"report: {write(folder)}")
