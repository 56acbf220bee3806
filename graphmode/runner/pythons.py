"""The Pythons of this machine: their versions, and what each can be used for.

It needs no installed package.
"""

import os
import pathlib
import shutil
import subprocess
from collections.abc import Sequence
from typing import NamedTuple

from graphmode.errors import InputError

_EXAMINE = """
import importlib.util, sys
sys.path = [folder for folder in sys.path if folder]  # without the current folder
has = lambda names: all(importlib.util.find_spec(name) for name in names)
print("%d.%d" % sys.version_info[:2], has(["venv", "ensurepip"]), has(sys.argv[1:]))
"""


class Python(NamedTuple):
    """What a Python is good for.

    Attributes:
        path: the program.
        version: for example (3, 11); (0, 0) if it does not run.
        able: It can make a virtual environment.
        whole: Programs run with it: its version is supported and it has the packages.
    """

    path: str
    version: tuple[int, ...]
    able: bool
    whole: bool


def examine(path: str | pathlib.Path, modules: Sequence[str] = ()) -> Python:
    """Starts a Python to see its version, and whether it has these modules."""
    try:
        answer = subprocess.run(
            [str(path), "-c", _EXAMINE, *modules],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ).stdout.split()
        version, able, whole = answer
    except (OSError, ValueError):
        return Python(str(path), (0, 0), False, False)
    numbers = tuple(map(int, version.split(".")))
    fits = (3, 10) <= numbers <= (3, 13)
    return Python(str(path), numbers, fits and able == "True", fits and whole == "True")


def named(modules: Sequence[str] = ()) -> Python | None:
    """The Python that the user has named by PYTHON=. Raises InputError if it does not fit."""
    name = os.environ.get("PYTHON")
    if not name:
        return None
    python = examine(os.path.abspath(shutil.which(name) or name), modules)
    if not (3, 10) <= python.version <= (3, 13):
        version = ".".join(map(str, python.version)) if any(python.version) else "does not run"
        raise InputError(f"PYTHON={name}: {version}; name a Python 3.10 to 3.13")
    return python


def base(ours: pathlib.Path) -> Python:
    """The Python to make .venv with: PYTHON=, or the newest one on the PATH that is able to."""
    of_the_user = named()
    if of_the_user:
        pythons = [of_the_user]
    else:
        names = ("python3.13", "python3.12", "python3.11", "python3.10", "python3", "python")
        folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
        paths = [shutil.which(name, path=folder) for name in names for folder in folders if folder]
        pythons = [
            examine(path)
            for path in dict.fromkeys(filter(None, paths))
            if not (ours.exists() and os.path.samefile(os.path.dirname(path), ours))
        ]
    able = [python for python in pythons if python.able]
    if able:
        return max(able, key=lambda python: python.version)
    for python in pythons:
        if (3, 10) <= python.version <= (3, 13):
            raise unable(python)
    raise InputError(
        "no Python 3.10 to 3.13; install one (Debian, Ubuntu: sudo apt-get install python3 "
        "python3-venv), or name it: PYTHON=/path/to/python ./run.sh setup"
    )


def unable(python: Python) -> InputError:
    major, minor = python.version
    return InputError(
        f"{python.path} cannot make a virtual environment; install its venv module (Debian, "
        f"Ubuntu: sudo apt-get install python{major}.{minor}-venv), or name another Python 3.10 "
        "to 3.13: PYTHON=/path/to/python ./run.sh setup"
    )
