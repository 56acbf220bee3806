"""The page of a run, report.html: one file that needs no other file."""

import base64
import collections
import contextlib
import json
import pathlib
import re
import sys
from typing import Any, Dict, Mapping, Optional, Sequence, Tuple

from PIL import Image

from graphmode import errors, files
from graphmode.report import plots
from graphmode.training import run_folder, scalar_log

MOMENTS = 8  # grids of one kind that a page shows, spread over the run
TEMPLATES = pathlib.Path(__file__).parent / "templates"


def write(folder) -> pathlib.Path:
    """Writes report.html of a run from the files in its folder. Returns its path.

    Raises:
        InputError: the folder holds no run.
    """
    folder = files.path(folder)
    program, settings = run_folder.stored(folder)
    warnings = _warnings(folder)
    try:
        rows = scalar_log.read(folder)
    except errors.InputError as error:
        sys.stderr.write(f"warning: no curves in the report: {error}\n")
        rows, warnings = [], [*warnings, f"no curves: {error}"]
    figures = sorted(folder.glob("figures/*.png"))
    content = template("report.html").render(
        program=program,
        folder=folder.resolve().name,
        settings=settings,
        steps=rows[-1]["step"] if rows else 0,
        curves=_curves(rows),
        metrics=_json(folder / "metrics.json"),
        figures=[(file.stem.replace("_", " "), _address(file)) for file in figures],
        grids=_grids(folder),
        last={name: value for name, value in rows[-1].items() if value} if rows else {},
        warnings=warnings,
    )
    target = folder / "report.html"
    files.write_whole(target, content)
    return target


def write_index(
    target,
    folders: Sequence[Any],
    title: str,
    text: str,
    figures: Optional[Mapping[Any, Tuple[str, str]]] = None,
) -> None:
    """Writes one page about several runs: the newest grids, the metrics, links to their reports.

    Args:
        target: the page. The runs' folders lie below its folder.
        figures: PNG file -> (heading, caption). The page shows them below the runs.
    """
    runs = []
    for folder in map(pathlib.Path, folders):
        newest = {name: moments[-1][1] for name, moments in _grids(folder).items()}
        for file in sorted(folder.glob("figures/*.png")):
            newest[file.stem.replace("_", " ")] = _address(file)
        report = (folder / "report.html").resolve()
        link = report.relative_to(pathlib.Path(target).resolve().parent).as_posix()
        program, _ = run_folder.stored(folder)
        runs.append((program, link, newest, _json(folder / "metrics.json")))
    shown = [(*words, _address(pathlib.Path(file))) for file, words in (figures or {}).items()]
    content = template("index.html").render(title=title, text=text, runs=runs, figures=shown)
    files.write_whole(target, content)


def write_metrics(folder, metrics: Mapping[str, Any]) -> None:
    """Writes metrics.json (name -> number), prints it, and writes the run's page again."""
    files.write_whole(files.path(folder, "metrics.json"), json.dumps(metrics, indent=1) + "\n")
    for name, value in metrics.items():
        print(f"{name:>44}  {_shortened(value)}")
    renew(folder)


def renew(folder) -> None:
    """Writes a run's page again and prints its path. A folder without a run stays as it is."""
    if run_folder.holds_a_run(folder):
        print(f"report: {write(folder)}")


def template(name: str, folder=TEMPLATES):
    """A jinja2 template. Its filter `number` shortens floats.

    Args:
        folder: where the template is. Templates of this package can be extended from any folder.
    """
    import jinja2  # here, so that --help does not wait for it

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([str(folder), str(TEMPLATES)]),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = _shortened
    return environment.get_template(name)


def _shortened(value):
    return f"{value:.5g}" if isinstance(value, float) else value


def _json(file) -> Dict[str, Any]:
    """What the file holds, {} without a file. Raises InputError if it is damaged."""
    try:
        content = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        if isinstance(content, dict):
            return content
        reason = "no names and values"
    except (ValueError, RecursionError) as error:
        reason = str(error)
    raise errors.InputError(
        f"{file} cannot be read ({reason}): delete it; --mode evaluate writes metrics.json again"
    )


def _warnings(folder):
    file = folder / "warnings.txt"
    return file.read_text(encoding="utf-8", errors="replace").splitlines() if file.exists() else []


def _address(file) -> str:
    """A PNG file as a data: address."""
    return "data:image/png;base64," + base64.b64encode(file.read_bytes()).decode()


def _grids(folder):
    """name -> [(step, data: address, width to show it in), ...], oldest first, at most MOMENTS."""
    known = collections.defaultdict(list)
    for file in sorted(folder.glob("samples/*.png")):
        own = re.fullmatch(r"(.*)-(\d{8,})", file.stem)
        if own:
            known[own[1]].append((int(own[2]), file))
    chosen = {}
    for name, moments in known.items():
        places = sorted({round(n * (len(moments) - 1) / (MOMENTS - 1)) for n in range(MOMENTS)})
        width = 250
        with contextlib.suppress(OSError, SyntaxError, ValueError):  # damaged
            with Image.open(moments[-1][1]) as newest:
                width = newest.width if newest.width > 400 else width  # wide grids keep theirs
        chosen[name] = [(moments[n][0], _address(moments[n][1]), width) for n in places]
    return chosen


def _curves(rows) -> Dict[str, str]:
    """name -> data: address of the SVG curve of each scalar over the steps."""
    columns = [name for name in (rows[0] if rows else ()) if name not in ("step", "phase")]
    curves = {}
    for name in columns:
        points = [(int(row["step"]), float(row[name])) for row in rows if row[name]]
        if points:
            svg = base64.b64encode(plots.curve(points).encode()).decode()
            curves[name] = "data:image/svg+xml;base64," + svg
    return curves
