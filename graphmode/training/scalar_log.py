"""scalars.csv: the curves of a run."""

import csv
import io
import math
from typing import Any, Dict, List, Mapping, Sequence

from graphmode import files
from graphmode.errors import InputError


class ScalarLog:
    """Writes scalars.csv, one row every `summary_freq` steps. Values are means since the last row.

    Args:
        folder: the folder of the run.
        names: the scalars, in the order of the columns.
        step: steps that are already done when a run is resumed. Later rows, which were written
            after the checkpoint, are removed.
        begun: what `begun` was at that step.
    """

    def __init__(self, folder, names: Sequence[str], step: int, begun: Mapping[str, Any] = {}):
        self._file = files.path(folder, "scalars.csv")
        self._names = list(names)
        self._sums: Dict[str, Any] = {name: tuple(sums) for name, sums in begun.items()}
        rows = [row for row in read(folder) if int(row["step"]) <= step] if step else []
        text = io.StringIO()
        columns = ["step", "phase", *self._names]
        writer = csv.DictWriter(text, columns, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        files.write_whole(self._file, text.getvalue())

    def add(self, values: Mapping[str, float]) -> None:
        """Takes in the scalars of one step."""
        for name, value in values.items():
            total, count = self._sums.get(name, (0.0, 0))
            self._sums[name] = total + value, count + 1

    @property
    def begun(self) -> Dict[str, Any]:
        """The row that has begun: name -> [total, count] since the last row."""
        return {name: list(sums) for name, sums in self._sums.items()}

    def row(self, step: int, phase: str) -> Dict[str, float]:
        """Appends a row, if there are values since the last one. Returns the means."""
        if not self._sums:
            return {}
        means = {name: total / count for name, (total, count) in self._sums.items()}
        self._sums = {}
        cells = [f"{means[name]:.6g}" if name in means else "" for name in self._names]
        with open(str(self._file), "a", encoding="utf-8") as file:
            file.write(",".join([str(step), phase, *cells]) + "\n")
        return means


def read(folder) -> List[Dict[str, str]]:
    """The rows of a run's scalars.csv. A last row that was cut off is left out.

    Raises:
        InputError: the file is damaged. The message names the line.
    """
    file = files.path(folder, "scalars.csv")
    if not file.exists():
        return []
    cure = "correct or delete the file; without it the curves begin again"
    try:
        text = file.read_text(encoding="utf-8")
        reader = csv.DictReader(io.StringIO(text[: text.rfind("\n") + 1]), strict=True)
        names = list(reader.fieldnames or ())
        if names[:2] != ["step", "phase"]:
            raise InputError(f"{file} has no line with the names of its columns: {cure}")
        rows = []
        for row in reader:
            if not _is_row(row):
                line = text.splitlines()[reader.line_num - 1]
                raise InputError(f"{file}, line {reader.line_num}: {line[:60]!r} is no row: {cure}")
            rows.append(row)
        return rows
    except (UnicodeDecodeError, csv.Error, IndexError) as error:
        raise InputError(f"{file} is damaged ({error}): {cure}") from None


def _is_row(row):
    """Whether a row has all columns and no more: a step, a phase, and numbers or nothing."""
    if None in row or None in row.values():
        return False
    try:
        numbers = [float(row[name]) for name in row if name not in ("step", "phase") and row[name]]
        return int(row["step"]) >= 0 and all(map(math.isfinite, numbers))
    except ValueError:
        return False
