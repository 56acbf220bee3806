"""The Python environment of run.sh: the user's if it has all packages, else .venv.

run.sh starts this module with any Python from 3.10 on. It needs no installed package.

    need [tests]    prints the Python to start programs with; makes .venv, or adds to it, if needed
    jobs            the same for what needs only psutil, so that ./run.sh jobs installs nothing
    setup [--gpu] [--old]   makes .venv, or adds to it; with PYTHON= from scratch, with that Python
"""

import fcntl
import os
import pathlib
import shutil
import subprocess
import sys
import zlib
from collections.abc import Sequence
from typing import IO

from graphmode.errors import InputError, fail, one_line
from graphmode.runner import pythons
from graphmode.runner.pythons import Python, examine

ROOT = pathlib.Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
STAMP = VENV / "setup.stamp"  # "EXTRAS CHECKSUM-OF-SETUP.PY"; during the setup "EXTRAS unfinished"
LOG = VENV / "setup.log"

# An environment of the user is complete if it has these modules.
PACKAGES = tuple(
    "tensorflow tf_keras tf_slim numpy scipy PIL tqdm rich jinja2 matplotlib tensorboard psutil "
    "pooch platformdirs".split()
)
TESTS = tuple("pytest xdist cv2 skimage flask waitress playwright ruff mypy".split())

# The extras of setup.py. Users get the first three.
FOR_USERS = ("opencv", "serve", "programs")
EXTRAS = (*FOR_USERS, "tests", "gpu", "old")


# Which Python


def need(extras: Sequence[str] = ()) -> str:
    """Returns the Python to start programs with, and makes .venv if there is none that has all.

    Args:
        extras: ("tests",) if the tests' packages are needed too.

    Raises:
        InputError: there is no such Python and .venv cannot be made.
    """
    modules = (*PACKAGES, *(TESTS if "tests" in extras else ()))
    named = pythons.named(modules)
    if named and named.whole:
        return named.path
    python = _of_the_user(modules, named)
    if python:
        return python
    make(extras)
    if named and examine(VENV / "bin/python").version != named.version:
        _say(
            f"{named.path} lacks packages: using .venv; to make it from scratch with that Python: "
            f"PYTHON={named.path} ./run.sh setup"
        )
    on_gpu = os.environ.get("CUDA_VISIBLE_DEVICES", "-1") not in ("-1", "")
    if on_gpu and not _ready(["gpu"]):
        _say(
            ".venv does not have NVIDIA's libraries: on the CPU, unless the system has them; "
            "./run.sh setup --gpu adds them"
        )
    return str(VENV / "bin/python")


def _of_the_user(modules: Sequence[str], named: Python | None) -> str | None:
    """The Python of an active environment, or of a .venv that the user made, if it is whole."""
    active = [] if named else [os.environ.get(name) for name in ("VIRTUAL_ENV", "CONDA_PREFIX")]
    for folder in [*filter(None, active), str(VENV)]:
        python = pathlib.Path(folder, "bin/python")
        ours = STAMP.exists() and os.path.exists(folder) and os.path.samefile(folder, VENV)
        if not ours and python.exists() and examine(python, modules).whole:
            return str(python)
    return None


def for_jobs() -> str:
    """Returns a Python that has psutil. It may be a .venv that is older than setup.py.

    Raises:
        InputError: the current folder has no jobs, so that no package is needed.
    """
    if not os.path.isdir("runs/.jobs"):
        raise InputError(f"no job in {os.getcwd()}/runs/.jobs; see: ./run.sh jobs")
    named = pythons.named(("psutil",))
    folders = [os.environ.get("VIRTUAL_ENV"), os.environ.get("CONDA_PREFIX"), str(VENV)]
    paths = [os.path.join(folder, "bin/python") for folder in folders if folder]
    candidates = [named, *(examine(path, ("psutil",)) for path in paths)]
    return next((python.path for python in candidates if python and python.whole), None) or need()


# Making .venv


def _say(message: str) -> None:
    print(f"run.sh: {message}", file=sys.stderr, flush=True)


def _checksum() -> str:
    return f"{zlib.crc32((ROOT / 'setup.py').read_bytes()):08x}"


def _stamp() -> tuple[list[str], str]:
    """(the extras that .venv holds, the checksum of its setup.py or "unfinished" or "")."""
    text = STAMP.read_text() if STAMP.exists() else ""
    extras, _, rest = text.strip().partition(" ")
    return extras.split(","), rest


def _ready(extras: Sequence[str]) -> bool:
    """Is .venv complete, made from this setup.py, and does it hold these extras?"""
    made, checksum = _stamp()
    return (VENV / "bin/python").exists() and set(extras) <= {*made} and checksum == _checksum()


def make(extras: Sequence[str]) -> None:
    """Makes .venv, or installs what it lacks. What it holds already is kept.

    Args:
        extras: of `EXTRAS`, beside those for users.

    Raises:
        InputError: no Python can make it, its folder is read-only, or pip fails.
    """
    extras = [*FOR_USERS, *extras]
    if _ready(extras):
        return
    if not STAMP.exists() and (VENV / "bin").exists():
        raise InputError(f"{VENV} was not made by ./run.sh setup and lacks packages; remove it")
    base = pythons.base(VENV / "bin")
    try:
        VENV.mkdir(exist_ok=True)
        lock = (VENV / "setup.lock").open("w")
    except OSError:
        raise InputError(f"cannot write in {VENV}; copy the project to a folder of yours") from None
    with lock:
        _lock(lock)
        if not _ready(extras):  # else another run.sh has just made it
            _install(base, extras, lock)


def _lock(lock: IO) -> None:
    """Only one run.sh at a time makes .venv."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        _say("another run.sh is setting up; waiting for it")
        fcntl.flock(lock, fcntl.LOCK_EX)


def _install(base: Python, extras: Sequence[str], lock: IO) -> None:
    """Makes .venv if it is not complete, and installs. The stamp is completed last.

    Therefore an interrupted setup is done again. The children hold the lock too: it counts until
    pip has ended, even if this process is killed.
    """
    made, checksum = _stamp()
    wanted = ",".join(extra for extra in EXTRAS if extra in {*made, *extras})
    size = "some minutes, 7 GB" if "gpu" in wanted else "about a minute, 2 GB"
    STAMP.write_text(f"{wanted} unfinished\n")

    def call(*command: str | pathlib.Path) -> bool:
        with LOG.open("a") as log:
            return not subprocess.run(
                command, cwd=ROOT, stdout=log, stderr=log, pass_fds=[lock.fileno()]
            ).returncode

    LOG.write_text("")
    python = VENV / "bin/python"
    complete = checksum not in ("", "unfinished") and any(examine(python).version)
    if complete:
        _say(f"adding to .venv what setup.py or this command needs (at most {size}; log: {LOG})")
    else:
        version = ".".join(map(str, base.version))
        _say(f"making .venv with Python {version} ({size}; its output: {LOG})")
        for name in ("bin", "include", "lib", "lib64", "share", "pyvenv.cfg"):
            _remove(VENV / name)
        if not call(base.path, "-m", "venv", VENV):
            raise pythons.unable(base)
    pip = (python, "-m", "pip", "install", "--disable-pip-version-check")
    if not call(*pip, "-e", f".[{wanted}]"):
        print("\n".join(LOG.read_text(errors="replace").splitlines()[-5:]), file=sys.stderr)
        raise InputError(
            f"pip could not install the packages (above: the end of {LOG}); check network and "
            "disk, then: ./run.sh setup"
        )
    STAMP.write_text(f"{wanted} {_checksum()}\n")


def _remove(path: pathlib.Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def setup(flags: Sequence[str]) -> None:
    """`./run.sh setup [--gpu] [--old]`."""
    if not set(flags) <= {"--gpu", "--old"}:
        given = " ".join(flags)
        raise InputError(
            f"setup: '{given}' is unknown; there is only: ./run.sh setup [--gpu] [--old]"
        )
    if pythons.named() and STAMP.exists():
        STAMP.write_text(f"{','.join(_stamp()[0])} unfinished\n")
    make([flag[2:] for flag in flags])
    version = ".".join(map(str, examine(VENV / "bin/python").version))
    print(f"ready: {VENV} (Python {version})")


def main(arguments: list[str]) -> None:
    """Runs one of the three commands that the module's docstring names."""
    command, *rest = arguments
    with one_line("run.sh", "setup interrupted; the next command does it again"):
        try:
            if command == "setup":
                setup(rest)
            else:
                print(for_jobs() if command == "jobs" else need(rest))
        except KeyboardInterrupt:
            fail("run.sh", "setup interrupted; the next command does it again")
