"""The traceback of an old program: it begins in the program, and TensorFlow's message is short."""

import re
import sys
import traceback
import types
from typing import Any, Optional, Type

from graphmode.old_programs import notices

_LOOKUPS = ("old_programs/imports.py", "old_programs/namespace.py")
_FRAME = re.compile(r'\s+File "([^"]+)", line \d+, in ')
_TWICE = re.compile(r"(Detected at node .*?\nNode: [^\n]*\n)\1+", re.DOTALL)
# TensorFlow lists every operation that must be on the same device, thousands in a large graph.
_COLOCATION = re.compile(r"\n\s*Colocation Debug Info:.*?(?=\n\s*\[\[|\Z)", re.DOTALL)


def of_program(trace: Optional[types.TracebackType]) -> Optional[types.TracebackType]:
    """The traceback without the frames that start the program, and those of imports and lookups.

    It is whole if no other frame is there.
    """
    entries = []
    while trace:
        entries.append(trace)
        trace = trace.tb_next
    files = [entry.tb_frame.f_code.co_filename for entry in entries]
    first = next((place for place, file in enumerate(files) if notices.is_outside(file)), 0)
    shown = None
    for entry, file in reversed(list(zip(entries[first:], files[first:]))):
        if not file.endswith(_LOOKUPS):
            shown = types.TracebackType(shown, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    return shown


def shorten(error: Any) -> None:
    """Leaves out of a tf.errors.OpError what hides its cause.

    That is the list of colocated operations, the same error a second time as its context, and the
    places in TensorFlow that made the operation: the message ends with those in the program.
    """
    while isinstance(getattr(error, "_message", None), str):
        error._message = _short(error._message) + _origin(error._op)
        error._op = None
        context = error.__context__
        if isinstance(context, type(error)) and error.__cause__ is None:
            error.__suppress_context__ = True
        error = context


def _origin(op):
    """Where a program made an operation, as text; empty without one."""
    frames = [
        frame for frame in getattr(op, "traceback", None) or () if notices.is_outside(frame[0])
    ]
    if not frames:
        return ""
    lines = "".join(traceback.format_list(traceback.StackSummary.from_list(frames)))
    return f"\n\nOriginal stack trace for {op.name!r}:\n{lines}"


def _short(message):
    message = _COLOCATION.sub("(Colocated operations are not listed.)", message)
    frames = [(line, _FRAME.match(line)) for line in message.split("\n")]
    lines = [line for line, frame in frames if not frame or notices.is_outside(frame[1])]
    return _TWICE.sub(r"\1", "\n".join(lines))


def show(
    kind: Type[BaseException], error: BaseException, trace: Optional[types.TracebackType]
) -> None:
    """`sys.excepthook` for old programs."""
    shorten(error)
    trace = of_program(trace)
    sys.__excepthook__(kind, error.with_traceback(trace), trace)
