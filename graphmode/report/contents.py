"""What the files of a run say: its settings, curves, metrics, warnings and images."""

import collections
import contextlib
import datetime
import json
import pathlib
import re
import sys
from typing import Any, Dict, List, NamedTuple, Sequence, Tuple

from graphmode import errors, files
from graphmode.report import origin, pictures
from graphmode.training import run_folder, scalar_log


class Contents(NamedTuple):
    """A run.

    Attributes:
        folder: absolute.
        program: the module that made it.
        settings: name -> value.
        origin: see `origin`; {} for a run of an earlier version.
        rows: of scalars.csv: "step" and "phase", and name -> number.
        metrics: metrics.json.
        warnings: lines.
        grids: name -> [(step, PNG file), ...], oldest first.
        figures: PNG files.
    """

    folder: pathlib.Path
    program: str
    settings: Dict[str, Any]
    origin: Dict[str, Any]
    rows: Sequence[Dict[str, Any]]
    metrics: Dict[str, Any]
    warnings: Sequence[str]
    grids: Dict[str, List[Tuple[int, pathlib.Path]]]
    figures: Sequence[pathlib.Path]

    @property
    def steps(self) -> int:
        """The step that the run has come to, as far as its files say."""
        last = [moments[-1][0] for moments in self.grids.values()]
        saved = run_folder.last_step(self.folder)
        return max([self.rows[-1]["step"] if self.rows else 0, saved, *last])

    @property
    def scalars(self) -> List[str]:
        """The names of the curves that have values."""
        names = [name for name in (self.rows[0] if self.rows else ()) if name not in _NO_NUMBERS]
        return [name for name in names if any(row[name] is not None for row in self.rows)]

    def curve(self, name: str) -> List[Tuple[int, float]]:
        """[(step, value), ...] of a scalar; empty if the run does not have it."""
        return [(row["step"], row[name]) for row in self.rows if row.get(name) is not None]

    @property
    def phases(self) -> List[Tuple[int, str]]:
        """(last step before it, name) of each phase but the first."""
        pairs = zip(self.rows, self.rows[1:])
        return [(one["step"], two["phase"]) for one, two in pairs if one["phase"] != two["phase"]]


_NO_NUMBERS = ("step", "phase")


def read(folder) -> Contents:
    """Reads a run.

    Raises:
        InputError: the folder holds no run, or its metrics.json is damaged.
    """
    folder = files.path(folder)
    program, settings = run_folder.stored(folder)
    file = folder / "warnings.txt"
    text = file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""
    warnings = text.splitlines()
    try:
        rows = [_numbers(row) for row in scalar_log.read(folder)]
    except errors.InputError as error:
        sys.stderr.write(f"warning: no curves in the report: {error}\n")
        rows, warnings = [], [*warnings, f"no curves: {error}"]
    return Contents(
        folder.resolve(),
        program,
        settings,
        origin.read(folder),
        rows,
        _metrics(folder / "metrics.json"),
        warnings,
        _grids(folder),
        sorted(folder.glob("figures/*.png")),
    )


def _numbers(row):
    numbers = {name: float(text) if text else None for name, text in row.items() if name != "phase"}
    return {**numbers, "step": int(row["step"]), "phase": row["phase"]}


def _metrics(file) -> Dict[str, Any]:
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


def _grids(folder):
    known = collections.defaultdict(list)
    for file in sorted(folder.glob("samples/*.png")):
        own = re.fullmatch(r"(.*)-(\d{8,})", file.stem)
        if own:
            known[own[1]].append((int(own[2]), file))
    return dict(known)


def begun(content: Contents) -> str:
    """When the first training began, "27 November 2026, 21:43", or ""."""
    with contextlib.suppress(LookupError, TypeError, ValueError):
        moment = datetime.datetime.fromisoformat(content.origin["calls"][0]["begun"])
        return f"{moment.day} {moment:%B %Y, %H:%M}"
    return ""


def seconds(content: Contents) -> float:
    """How long the trainings took together; 0 if it is not known."""
    with contextlib.suppress(LookupError, TypeError, ValueError):
        return sum(float(call["seconds"] or 0) for call in content.origin["calls"])
    return 0.0


def heading(run: Contents) -> str:
    """The program's name in words, as its docstring has it, or the module's name."""
    return str(run.origin.get("title") or run.program)


def facts(run: Contents) -> List[Tuple[str, str]]:
    """When, how long and on what a run was made: [(name, value), ...]."""
    wanted = run.origin.get("steps")
    steps = f"{run.steps:,}" + (f" of {wanted:,}" if isinstance(wanted, int) else "")
    if run.settings.get("batch_size"):
        steps += f", batches of {run.settings['batch_size']}"
    known = [
        ("program", run.program),
        ("date", begun(run)),
        ("duration", duration(seconds(run))),
        ("steps", steps),
        ("data", str(run.settings.get("input_dir") or run.settings.get("data") or "drawn")),
        ("machine", str(run.origin.get("machine", ""))),
        ("versions", str(run.origin.get("versions", ""))),
    ]
    return [(name, value) for name, value in known if value]


def duration(seconds: float) -> str:
    """A time in words: "61 s", "12 min", "3 h 20 min"; "" for 0."""
    if seconds < 120:
        return f"{seconds:.0f} s" if seconds else ""
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"


def figures(run: Contents) -> List[pictures.Picture]:
    """The figures of a run; those that list their columns come first, plots last."""
    shown = [pictures.picture(file, file.stem) for file in run.figures]
    return sorted(shown, key=lambda figure: (figure.kind == "plot", not figure.heads))
