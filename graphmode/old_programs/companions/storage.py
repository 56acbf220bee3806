"""h5py 2 and PyYAML before version 6."""

import functools
import os
from typing import Any, Callable, Dict

from graphmode.old_programs.companions.repairs import from_program, say_once


def _opened(real):
    """h5py.File without a mode: for reading and writing, and a missing file is created."""

    @functools.wraps(real)
    def start(self, name, *args, **named):
        if not args and "mode" not in named and isinstance(name, (str, os.PathLike)):
            if from_program(1):
                writable = not os.path.exists(name) or os.access(name, os.W_OK)
                named["mode"] = "a" if writable else "r"
        real(self, name, *args, **named)

    return start


def _safely(real):
    """yaml.load and yaml.load_all without a Loader. The old default could run code in the file."""

    @functools.wraps(real)
    def load(stream, Loader=None):
        if Loader is None:
            import yaml  # the program has imported it

            say_once("yaml.load without a Loader reads with yaml.SafeLoader")
            Loader = yaml.SafeLoader
        return real(stream, Loader)

    return load


NAMES: Dict[str, Any] = {"h5py:Dataset.value": property(lambda self: self[()])}
CHANGED: Dict[str, Callable] = {
    "h5py:File.__init__": _opened,
    "yaml:load": _safely,
    "yaml:load_all": _safely,
}
