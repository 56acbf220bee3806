"""Pages about several runs: the list of a folder's runs, and a comparison."""

# graphmode.training, which contents needs, imports these modules: names are resolved later.
from __future__ import annotations

import contextlib
import os
import pathlib
import sys
from typing import Any, Dict, List, NamedTuple, Optional, Sequence

from graphmode import errors, files
from graphmode.report import contents, origin, pictures, plots, quantities, templating, verdict
from graphmode.training import run_folder

INDEX, COMPARISON = "index.html", "comparison.html"
MARK = '<meta name="generator" content="graphmode.report">'  # in our pages: no other is replaced
LARGEST = 4  # images of a run on the tour's page
KEPT = "runs"  # the list of a folder with this name is written without being asked for


class Shown(NamedTuple):
    """A run as the pages show it; link: to its report, from the folder of the page."""

    name: str
    link: str
    title: str
    sentence: str
    finding: verdict.Finding
    steps: int
    begun: str
    duration: str
    program: str
    thumbnail: str
    figures: Sequence[pictures.Picture]
    tables: Sequence[quantities.Table]


def keep_index(folder) -> None:
    """Writes the list of the runs beside a run again, if their folder has such a list.

    A folder named "runs" always has one. It never fails: a run must not end because of it.
    """
    parent = files.path(folder).absolute().parent
    try:
        if parent.name == KEPT or _ours(parent / INDEX):
            write_index(parent)
    except (OSError, errors.InputError, ValueError) as error:
        sys.stderr.write(f"{parent / INDEX} was not written: {error}\n")


def write_index(folder) -> pathlib.Path:
    """Writes index.html, the list of all runs in a folder, the newest first. Returns its path.

    Raises:
        InputError: there is no run in it, or its index.html is not ours.
    """
    folder = files.path(folder)
    target = folder / INDEX
    if target.exists() and not _ours(target):
        raise errors.InputError(f"{target} is another page: move it, or give the folders of runs")
    inside = [each for each in folder.glob("*/") if run_folder.holds_a_run(each)]
    if not inside:
        raise errors.InputError(f"{folder} holds no run, and no folder in it does")
    inside.sort(key=lambda each: (each / "config.json").stat().st_mtime, reverse=True)
    others = [
        each.parent.name
        for each in sorted(folder.glob("*/" + INDEX))
        if not run_folder.holds_a_run(each.parent)
    ]
    shown = []
    for each in inside:
        with contextlib.suppress(errors.InputError, OSError):  # a damaged one is left out
            shown.append(summary(each, folder))
    missing = len(inside) - len(shown)
    content = templating.template("index.html").render(
        title=f"Runs in {folder.resolve().name}",
        runs=shown,
        others=others,
        missing=missing,
        mark=MARK,
    )
    files.write_whole(target, content)
    return target


def _ours(file: pathlib.Path) -> bool:
    """Whether a page has our mark."""
    return file.is_file() and MARK in file.read_text(encoding="utf-8", errors="replace")[:1000]


def summary(folder, beside, large: bool = False) -> Shown:
    """A run as a page in the folder `beside` shows it; large: with figures and tables."""
    run = contents.read(folder)
    newest = {name: moments[-1][1] for name, moments in run.grids.items()}
    last = [file for file in (*newest.values(), *run.figures) if file.exists()]
    figures: List[pictures.Picture] = []
    if large:
        known = [figure for figure in contents.figures(run) if figure.kind == "pixels"]
        grids = [pictures.picture(file, name) for name, file in newest.items()]
        # Figures with columns show what the grids show, and more.
        figures = known if known and known[0].heads else [*grids, *known][:LARGEST]
    return Shown(
        run.folder.name,
        pathlib.Path(os.path.relpath(run.folder / "report.html", beside)).as_posix(),
        contents.heading(run),
        str(run.origin.get("sentence", "")),
        verdict.judge(run)[0],
        run.steps,
        contents.begun(run),
        contents.duration(contents.seconds(run)),
        run.program,
        pictures.thumbnail(last[0]) if last and not large else "",
        figures,
        quantities.tables(run.metrics)[:1] if large else (),
    )


def write_tour(target, folders: Sequence[Any], title: str, text: str) -> None:
    """Writes one page that shows several runs: verdict, figures, metrics, links to their reports.

    Args:
        target: the page. The runs' folders lie below its folder.
        text: paragraphs are separated by empty lines.
    """
    shown = [summary(folder, files.path(target).parent, large=True) for folder in folders]
    paragraphs = text.split("\n\n")
    content = templating.template("tour.html").render(
        title=title, paragraphs=paragraphs, runs=shown
    )
    files.write_whole(target, content)


def write_comparison(folders: Sequence[Any], target: Optional[Any] = None) -> pathlib.Path:
    """Writes one page that compares runs. Returns its path.

    Args:
        folders: of the runs, two or more.
        target: the page; comparison.html beside the first run if None.

    Raises:
        InputError: a folder holds no run.
    """
    target = files.path(target or files.path(folders[0]).absolute().parent / COMPARISON)
    if target.exists() and not _ours(target):
        raise errors.InputError(f"{target} is another page: give another --output")
    runs = _named([contents.read(folder) for folder in folders])
    scalars = list(dict.fromkeys(name for run in runs.values() for name in run.scalars))
    curves = []
    for scalar in scalars:
        series = {name: run.curve(scalar) for name, run in runs.items() if run.curve(scalar)}
        colors = [list(runs).index(name) % 8 for name in series]
        curves.append((scalar, plots.curves(series, scalar, numbers=colors)))
    grids = dict.fromkeys(name for run in runs.values() for name in run.grids)
    content = templating.template("comparison.html").render(
        title=f"{len(runs)} runs compared",
        runs={
            name: (summary(run.folder, target.parent), contents.facts(run))
            for name, run in runs.items()
        },
        curves=curves,
        grids={
            grid: [
                (name, pictures.moments(run.grids[grid][-1:], grid)[0])
                for name, run in runs.items()
                if grid in run.grids
            ]
            for grid in grids
        },
        captions={grid: pictures.caption(grid) for grid in grids},
        table=quantities.of_runs({name: run.metrics for name, run in runs.items()}),
        settings=differing({name: run.settings for name, run in runs.items()}),
        mark=MARK,
    )
    files.write_whole(target, content)
    return target


def _named(runs) -> Dict[str, contents.Contents]:
    """The runs by the shortest ends of their paths that tell them apart."""
    paths = list(dict.fromkeys(run.folder for run in runs))
    for length in range(1, 1 + max(len(path.parts) for path in paths)):
        names = ["/".join(path.parts[-length:]) for path in paths]
        if len(set(names)) == len(names):
            break
    known = {run.folder: run for run in runs}
    return {name: known[path] for name, path in zip(names, paths)}


def differing(settings: Dict[str, Dict[str, Any]]) -> Dict[str, List[Any]]:
    """The settings that are not the same in all runs: name -> a value for each run."""
    names = dict.fromkeys(name for own in settings.values() for name in own)
    table = {name: [own.get(name, "") for own in settings.values()] for name in names}
    return {
        name: values
        for name, values in table.items()
        if name not in origin.OF_ONE_CALL and any(value != values[0] for value in values)
    }
