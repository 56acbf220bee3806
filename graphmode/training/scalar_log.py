"""scalars.csv: the curves of a run."""

import csv
import io
from typing import Dict, List, Mapping, Sequence

from graphmode import files


class ScalarLog:
    """Writes scalars.csv, one row every `summary_freq` steps. Values are means since the last row.

    Args:
        folder: the folder of the run.
        names: the scalars, in the order of the columns.
        step: steps that are already done when a run is resumed. Later rows, which were written
            after the checkpoint, are removed.
    """

    def __init__(self, folder, names: Sequence[str], step: int):
        self._file = files.path(folder, "scalars.csv")
        self._names = list(names)
        self._sums: Dict[str, tuple] = {}
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
    """The rows of a run's scalars.csv. A last row that was cut off is left out."""
    file = files.path(folder, "scalars.csv")
    if not file.exists():
        return []
    text = file.read_text(encoding="utf-8")
    return list(csv.DictReader(io.StringIO(text[: text.rfind("\n") + 1])))
