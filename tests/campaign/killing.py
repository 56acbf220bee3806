"""Training that is killed, at a random moment or at a file operation, and then resumed.

Nothing may be lost: the resumed run has the checkpoint, scalars.csv and file names of one that was
never killed. A new run in the place of an old one (--overwrite) leaves the old or the new one.
"""

import os
import pathlib
import random
import shutil
import signal
import sys
import time
from typing import Dict, List

from graphmode.training import run_folder
from tests.campaign import processes, resuming

PROGRAM = "gan_book.gan"
FLAGS = [*resuming.SHORT, "--display_freq", "20", "--max_steps", str(resuming.STEPS)]
# Python's own events for operations on files (see "Audit events table" in its documentation).
# TensorFlow's operations are not among them: random kills find those.
EVENTS = ("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "shutil.rmtree")
OPERATIONS = 140  # a run has about so many
KILLED = 137


def child(folder: str, number: int, argv: List[str]) -> None:
    """Trains a GAN, and ends the process before its so many-th file operation in the folder."""
    left = number

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


def _train(folder: pathlib.Path, flags: List[str], operation: int = 0) -> processes.Ended:
    """Trains in a process of its own. Its status is KILLED if it came to the operation."""
    log = folder.parent / f"{folder.name}.log"
    return processes.Started(log, child, str(folder), operation, flags).ended()


def _killed_after(folder: pathlib.Path, flags: List[str], seconds: float) -> None:
    """Trains, and kills the process so many seconds after its first row of scalars.csv."""
    process = resuming.start(PROGRAM, flags, folder)
    processes.until(lambda: resuming.rows(folder) or not process.running())
    time.sleep(seconds)
    process.send(signal.SIGKILL)
    process.ended()


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


def _finished(folder: pathlib.Path, flags: List[str]) -> List[str]:
    """Continues a run as a user would: --resume if there is a run, else the same command."""
    more = ["--resume"] if run_folder.holds_a_run(folder) else []
    return processes.faults(_train(folder, [*flags, *more]), folder, [0])


def attack(folder: pathlib.Path, seed: int, seconds: float) -> Dict[str, List[str]]:
    """Kills runs until the time is over.

    Args:
        folder: an empty folder for the runs.

    Returns:
        trial -> what was lost or left over.
    """
    chance, end = random.Random(seed), time.monotonic() + seconds
    found: Dict[str, List[str]] = {}
    old, new = folder / "old", folder / "whole"
    _train(old, [*FLAGS, "--seed", "1"])
    _train(new, FLAGS)
    trial = folder / "trial"
    while not found or time.monotonic() < end:
        shutil.rmtree(str(trial), ignore_errors=True)
        kind = chance.choice(["operation", "moment", "overwrite"])
        number = chance.randrange(1, OPERATIONS) if kind != "moment" else chance.random()
        if kind == "moment":
            _killed_after(trial, FLAGS, number)
        elif kind == "operation":
            _train(trial, FLAGS, int(number))
        else:
            shutil.copytree(str(old), str(trial))
            _train(trial, [*FLAGS, "--overwrite"], int(number))
        seeds = run_folder.holds_a_run(trial) and run_folder.stored(trial)[1]["seed"]
        if kind == "overwrite" and seeds == 1:  # the old run is as it was
            wrong = _finished(trial, [*FLAGS, "--seed", "1"]) or _compared(old, trial)
        else:
            wrong = _finished(trial, FLAGS) or _compared(new, trial)
        found[f"{len(found)} {kind} {number:.4g}"] = wrong
    return found
