"""What is said to the user of an old program: one line on stderr, once for each subject."""

import os
import sys
import types
from typing import Optional, Set

_FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_said: Set[str] = set()


def once(subject: str, text: str) -> None:
    """Says a text with the line of the program that caused it, if nothing on the subject was said.

    `forget` starts again.
    """
    if subject not in _said:
        _said.add(subject)
        print(f"graphmode: {place()}{text}", file=sys.stderr)


def forget() -> None:
    """Forgets what was said: another program starts."""
    _said.clear()


def is_outside(filename: str) -> bool:
    """Whether a code object's file is neither this package nor Python's own way to start a file."""
    return not (
        filename.startswith((_FOLDER, "<frozen"))
        or os.path.basename(filename) == "runpy.py"
        or "importlib" in filename
    )


def place() -> str:
    """`FILE:LINE: ` of the program that is running; empty outside of a program."""
    frame: Optional[types.FrameType] = sys._getframe(1)
    while frame and not is_outside(frame.f_code.co_filename):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}: " if frame else ""
