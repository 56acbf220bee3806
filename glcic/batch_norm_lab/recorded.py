"""What TensorFlow 1.15.5 computed in the laboratory's studies, and how today's numbers differ.

`tests.referee.lab` ran the studies, unchanged, with TensorFlow 1.15.5 on Python 3.7, and wrote
their rows into tensorflow_1_15_5.json. There `slim` was tf.contrib.slim.
"""

import functools
import json
import pathlib

from glcic.batch_norm_lab import batch_of_one, studies
from graphmode.report import tables

PATH = pathlib.Path(__file__).with_name("tensorflow_1_15_5.json")
COLUMN = "TensorFlow 1.15.5 (recorded)"

# Name -> function that returns rows.
STUDIES = {
    "signatures": studies.signatures,
    "defaults": studies.defaults,
    "created": studies.created,
    "behaviour": studies.behaviour,
    "fused": studies.fused,
    "many_steps": lambda: studies.many_steps()[0],
    "batches": batch_of_one.batches,
    "answer": studies.answer,
    "per_pixel": studies.per_pixel,
    "cures": batch_of_one.cures,
}
# These columns say what was measured. All others are measurements.
KEYS = (
    "function", "kind", "library", "kernel", "update ops run", "network", "batch", "of",
    "statistics", "cure"
)  # fmt: skip
# The largest relative difference of equal numbers. Two TensorFlows add in another order.
TOLERANCE = 1e-4
TOLERANCES = {
    "largest difference between two images": 1e-3,
    "gradient norm": 2e-3,  # through six batch norms, one of them of two nearly equal values
}
ROUNDING = 1e-5  # a smaller difference is none: sums that are 0 in exact arithmetic

NEW_PARAMETER = "TensorFlow 2 added exponential_avg_factor. Its default 1.0 changes nothing."
CONTRIB = "TensorFlow 2 has no contrib. slim became the package tf_slim."
KERAS = "The layers moved to Keras, and from Keras 2 to the package tf_keras."
# (study, column, function) -> why it differs. A difference without a reason is a finding.
REASONS = {
    ("defaults", "decay", "tf.nn.fused_batch_norm"): NEW_PARAMETER,
    ("signatures", "parameters", "tf.nn.fused_batch_norm"): NEW_PARAMETER,
    ("signatures", "module", "slim.batch_norm"): CONTRIB,
    ("signatures", "module", "slim.layers.batch_norm"): CONTRIB,
    ("signatures", "module", "slim.conv2d"): CONTRIB,
    ("signatures", "module", "tf.layers.batch_normalization"): KERAS,
    ("signatures", "module", "tf.layers.conv2d"): KERAS,
}


@functools.lru_cache(maxsize=None)
def content():
    """The file: "versions" that made it, and "studies", name -> rows."""
    return json.loads(PATH.read_text(encoding="utf-8"))


def key(row):
    """What a row is about, as text."""
    return ", ".join(tables.plain(row[name]) for name in KEYS if name in row)


def differences(study, rows):
    """The numbers that are not as TensorFlow 1.15.5 computed them, and rows that it lacks.

    Args:
        study: a name in `STUDIES`.
        rows: today's.
    """
    recorded = {key(row): row for row in content()["studies"][study]}
    differing = []
    for row in rows:
        then = recorded.get(key(row), {})
        for column in tables.columns([row, then]):
            today, old = row.get(column), then.get(column)
            if not _equal(today, old, TOLERANCES.get(column, TOLERANCE)):
                differing.append(
                    {
                        "study": study,
                        "row": key(row),
                        "column": column,
                        "today": today,
                        COLUMN: old,
                        "reason": REASONS.get((study, column, row.get("function")), ""),
                    }
                )
    return differing


def _equal(today, old, tolerance):
    if isinstance(today, (list, tuple)) and isinstance(old, (list, tuple)):
        same = len(today) == len(old)
        return same and all(_equal(*pair, tolerance) for pair in zip(today, old))
    if isinstance(today, float) and isinstance(old, (int, float)):
        return abs(today - old) <= max(ROUNDING, tolerance * abs(old))
    return today == old


def beside(study, rows):
    """Today's rows with one more column: "equal", or the values that TensorFlow 1.15.5 had."""
    differing = differences(study, rows)
    return [{**row, COLUMN: _then(row, differing)} for row in rows]


def _then(row, differing):
    values = [
        f"{one['column']}: {_changed(one['today'], one[COLUMN])}"
        for one in differing
        if one["row"] == key(row)
    ]
    return "; ".join(values) or "equal"


def _changed(today, old):
    """The old value. Of a list of names only those that were added or removed since."""
    if not (isinstance(today, list) and isinstance(old, list) and isinstance(old[0], str)):
        return tables.plain(old)
    removed = [f"with {name}" for name in old if name not in today]
    added = [f"without {name}" for name in today if name not in old]
    return ", ".join(removed + added) or "another order"
