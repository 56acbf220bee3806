"""Batch norms of a program, examined: what they do, and which mistake the program makes.

`find` reads a graph; `explain` says what is wrong in it, with the line, the symptom and the cure.
"""

from graphmode.batch_norms.facts import Facts, Restored
from graphmode.batch_norms.findings import INTENDED, MISTAKE, REMARK, Finding
from graphmode.batch_norms.inventory import (
    Application,
    Inventory,
    Layer,
    Place,
    Saver,
    Step,
    Switch,
    UpdateOp,
)
from graphmode.batch_norms.mistakes import explain
from graphmode.batch_norms.notes import notes
from graphmode.batch_norms.reading import find
from graphmode.batch_norms.translate import translate

__all__ = [
    "INTENDED",
    "MISTAKE",
    "REMARK",
    "Application",
    "Facts",
    "Finding",
    "Inventory",
    "Layer",
    "Place",
    "Restored",
    "Saver",
    "Step",
    "Switch",
    "UpdateOp",
    "explain",
    "find",
    "notes",
    "translate",
]
