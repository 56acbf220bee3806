"""Which line of the user's program made an operation, and which library it called for that."""

import functools
import os
from typing import Any, Tuple

from graphmode.batch_norms.inventory import Place

_OWN = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # graphmode itself
_LIBRARIES = ("tensorflow", "tf_slim", "tf_keras", "keras")
# Paths of files, and the kind of batch norm that an op made there belongs to; the first one counts.
_KINDS = (
    ("/tf_slim/", "slim"),  # which calls tf.layers
    ("legacy_tf_layers", "tf.layers"),  # which calls Keras
    ("/tf_keras/", "keras"),
    ("/keras/", "keras"),
    ("/sonnet/", "sonnet"),
)


@functools.lru_cache(maxsize=None)
def _is_library(path: str) -> bool:
    if path.startswith(_OWN + os.sep) or path.startswith("<frozen"):
        return True
    parts = path.split(os.sep)
    packages = [number for number, part in enumerate(parts) if part.endswith("-packages")]
    return bool(packages) and parts[packages[-1] + 1] in _LIBRARIES


@functools.lru_cache(maxsize=None)
def _is_installed(path: str) -> bool:
    """Whether a file belongs to an installed package, or to Python."""
    standard = os.path.dirname(os.__file__) + os.sep
    return "-packages" + os.sep in path or path.startswith(standard)


def of(op: Any) -> Place:
    """The line of the program that made an operation, and those that called it.

    Lines of TensorFlow, tf_slim, tf_keras and graphmode are left out, and also those of other
    installed packages if the program has lines of its own.
    """
    frames = [frame for frame in _frames(op) if not _is_library(frame.filename)]
    own = [frame for frame in frames if not _is_installed(frame.filename)] or frames
    places = [Place(frame.filename, frame.lineno, frame.name) for frame in reversed(own)]
    if not places:
        return Place()
    first = places[0]
    return Place(first.file, first.line, first.function, tuple(places[1:]))


def kind(op: Any, form: str) -> str:
    """The kind of the batch norm that an operation belongs to, see `inventory.Layer`."""
    paths: Tuple[str, ...] = tuple(frame.filename.replace(os.sep, "/") for frame in _frames(op))
    for part, name in _KINDS:
        if any(part in path for path in paths):
            return name
    if not paths:  # a meta graph file: its names tell
        if "/BatchNorm" in f"/{op.name}":
            return "slim"
        if "/batch_normalization" in f"/{op.name}":
            return "tf.layers"
    return "by hand" if form == "arithmetic" else "tf.nn"


def _frames(op):
    """The frames in which an operation was made; none for one that was imported."""
    frames = list(op.traceback or ())
    imported = any(
        frame.name in ("import_graph_def", "_import_graph_def_internal") for frame in frames
    )
    return [] if imported else frames
