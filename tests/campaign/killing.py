"""Training that is killed, at a random moment or at a file operation, and then resumed.

Nothing may be lost: the resumed run has the checkpoint, scalars.csv and file names of one that was
never killed. A new run in the place of an old one (--overwrite) leaves the old or the new one.
"""

import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import time
from typing import Dict, List

from graphmode.training import run_folder
from tests.campaign import resuming

FLAGS = [*resuming.SHORT, "--display_freq", "20", "--max_steps", str(resuming.STEPS)]
# Python's own events for operations on files (see "Audit events table" in its documentation).
# TensorFlow's operations are not among them: random kills find those.
EVENTS = ("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "shutil.rmtree")
CHILD = "import sys; from tests.campaign import killing; killing.child(*sys.argv[1:])"
KILLED = 137


def child(folder: str, number: str, *argv: str) -> None:
    """Trains a GAN, and ends the process before its so many-th file operation in the folder."""
    left = int(number)

    def hook(event, args):
        nonlocal left
        path = args[0] if event in EVENTS else None  # an int if a file is opened again
        if isinstance(path, (str, bytes)) and os.fsdecode(path).startswith(folder):
            left -= 1
            if left == 0:
                os._exit(KILLED)

    sys.addaudithook(hook)
    from gan_book import gan

    gan.main([*argv, "--output_dir", folder])


def _train(folder: pathlib.Path, flags: List[str], operation: int = 0) -> int:
    """Trains in a process of its own. Returns its status; KILLED if it came to the operation."""
    command = [sys.executable, "-c", CHILD, str(folder), str(operation), *flags]
    return subprocess.run(command, cwd=str(resuming.ROOT), capture_output=True).returncode


def _killed_after(folder: pathlib.Path, flags: List[str], seconds: float) -> None:
    process = resuming.start("gan_book.gan", flags, folder)
    with_rows = time.time() + 60
    while not (folder / "scalars.csv").exists() and time.time() < with_rows:
        time.sleep(0.01)
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    process.wait()


def _names(folder):
    return {
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if not path.name.startswith("events.")
    }


def _compared(whole: pathlib.Path, folder: pathlib.Path) -> List[str]:
    """What differs between two runs, and the files that only one of them has."""
    found = sorted(_names(whole) ^ _names(folder))
    return found or resuming.differences(whole, folder)


def _finish(folder: pathlib.Path, flags: List[str]) -> int:
    """Continues a run as a user would: --resume if there is a run, else the same command."""
    return _train(folder, [*flags, "--resume"] if run_folder.holds_a_run(folder) else flags)


def attack(folder: pathlib.Path, seed: int, seconds: float) -> Dict[str, List[str]]:
    """Kills runs until the time is over.

    Args:
        folder: an empty folder for the runs.

    Returns:
        trial -> what was lost or left over.
    """
    chance, found, end = random.Random(seed), {}, time.time() + seconds
    old, new = folder / "old", folder / "whole"
    replaced = [*FLAGS, "--seed", "1"]
    _train(old, replaced)
    _train(new, FLAGS)
    trial = folder / "trial"
    while time.time() < end:
        shutil.rmtree(str(trial), ignore_errors=True)
        kind, number = chance.choice(["operation", "moment", "overwrite"]), chance.randrange(1, 130)
        if kind == "moment":
            number = chance.random() * 0.5
            _killed_after(trial, FLAGS, number)
        elif kind == "operation":
            _train(trial, FLAGS, number)
        else:
            shutil.copytree(str(old), str(trial))
            _train(trial, [*FLAGS, "--overwrite"], number)
        seeds = run_folder.holds_a_run(trial) and run_folder.stored(trial)[1]["seed"]
        if kind == "overwrite" and seeds == 1:
            found[f"{kind} {number}"] = _compared(old, trial)  # the old run is as it was
        elif _finish(trial, FLAGS):
            found[f"{kind} {number}"] = ["cannot be continued"]
        else:
            found[f"{kind} {number}"] = _compared(new, trial)
    return found
