"""Metrics as tables: a row for each quantity, a column for each method, the best in bold.

The names of metrics say both: "hole L1, Telea" (quantity, method) or "samples: Frechet distance"
(method: quantity).
"""

import math
import re
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence

# Words in the names of quantities. The first that occurs decides.
LOWER = ("L1", "error", "distance", "NLL", "CIE76", "loss", "bytes")
HIGHER = ("PSNR", "SSIM", "accuracy", "ELBO", "log-likelihood", "covered", "classified", "IoU")
# How the names of methods begin that no method can beat: they are there to compare with.
REFERENCES = ("real", "target", "other real", "first half", "held-out")


class Cell(NamedTuple):
    """A value as text; name: the metric's whole name."""

    value: str
    name: str = ""
    best: bool = False
    text: bool = False


class Row(NamedTuple):
    """A quantity; better: "lower", "higher" or ""."""

    name: str
    better: str
    cells: Sequence[Cell]


class Table(NamedTuple):
    """A table; corner: the heading of its first column."""

    title: str
    corner: str
    columns: Sequence[str]
    rows: Sequence[Row]


def better(quantity: str) -> str:
    """Which values of a quantity are better: "lower", "higher", or "" if that cannot be said."""
    found = [
        (match.start(), word)
        for word, names in (("lower", LOWER), ("higher", HIGHER))
        for name in names
        for match in re.finditer(rf"\b{name}", quantity)
    ]
    if "below the best" in quantity:  # by how much: more is better
        return "higher"
    return min(found)[1] if found and "rank correlation" not in quantity else ""


def is_reference(method: str) -> bool:
    return method.startswith(REFERENCES)


def is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def shortened(value: Any) -> str:
    """A value as text: floats with four digits, whole numbers with separators."""
    if isinstance(value, bool) or not is_number(value):
        return str(value)
    if isinstance(value, int) or value == int(value if math.isfinite(value) else 0):
        return f"{int(value):,}"
    return f"{value:.4g}"


def best(quantity: str, values: Mapping[Any, Any]) -> Optional[float]:
    """The best of several values, None if there are fewer than two, or all are equal."""
    numbers = [value for value in values.values() if is_number(value) and math.isfinite(value)]
    if len(numbers) < 2 or not better(quantity) or len(set(numbers)) < 2:
        return None
    return min(numbers) if better(quantity) == "lower" else max(numbers)


def by_method(metrics: Mapping[str, Any]) -> Dict[str, Dict[str, Any]]:
    """quantity -> method -> value, for the quantities that two methods or more have.

    Of the methods the program's own is the first.
    """
    for separator, turned in ((", ", False), (": ", True)):
        known: Dict[str, Dict[str, Any]] = {}
        for name, value in metrics.items():
            first, found, second = name.partition(separator)
            if found and is_number(value) and separator not in second:
                quantity, method = (second, first) if turned else (first, second)
                known.setdefault(quantity, {})[method] = value
        shared = {quantity: row for quantity, row in known.items() if len(row) > 1}
        if shared:
            return shared
    return {}


def tables(metrics: Mapping[str, Any]) -> List[Table]:
    """The tables of a run: first quantity by method, then what has one value only."""
    shared = by_method(metrics)
    columns = list(dict.fromkeys(method for row in shared.values() for method in row))
    columns = sorted(columns, key=is_reference)  # a stable order: references last
    made, shown = [], set()
    if shared:
        rows = []
        for quantity, values in shared.items():
            top = best(quantity, {m: v for m, v in values.items() if not is_reference(m)})
            names = [_name(metrics, quantity, method) for method in columns]
            shown.update(names)
            cells = [
                Cell(shortened(values[m]), name, values[m] == top) if m in values else Cell("")
                for m, name in zip(columns, names)
            ]
            rows.append(Row(quantity, better(quantity), cells))
        made.append(Table("metrics by method", "quantity", columns, rows))
    others = {name: value for name, value in metrics.items() if name not in shown}
    if others:
        rows = [
            Row(name, better(name), [Cell(shortened(value), text=not is_number(value))])
            for name, value in others.items()
        ]
        made.append(Table("metrics", "quantity", ["value"], rows))
    return made


def _name(metrics, quantity, method):
    name = f"{quantity}, {method}"
    return name if name in metrics else f"{method}: {quantity}"


def of_runs(metrics: Mapping[str, Mapping[str, Any]], title: str = "metrics") -> Table:
    """One table of several runs: a column for each. Other methods than the runs' own come last.

    Args:
        metrics: name of the run -> its metrics.
    """
    names = list(dict.fromkeys(name for own in metrics.values() for name in own))
    others = {
        _name(own, quantity, method)
        for own in metrics.values()
        for quantity, values in by_method(own).items()
        for method in list(values)[1:]
    }
    rows = []
    for name in sorted(names, key=lambda name: name in others):  # a stable order
        values = {run: own[name] for run, own in metrics.items() if name in own}
        top = None if name in others else best(name, values)
        cells = [
            Cell(shortened(values[run]), "", values[run] == top, not is_number(values[run]))
            if run in values
            else Cell("")
            for run in metrics
        ]
        rows.append(Row(name, better(name), cells))
    return Table(title, "metric", list(metrics), rows)
