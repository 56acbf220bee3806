"""A disk that becomes full while a program trains, samples, or writes a page.

The disk is a small file system in memory. It is made in a namespace of its own (`unshare` of
util-linux), so that no rights are needed and nothing of the machine changes.
"""

import contextlib
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import time
from typing import Dict, List

from tests.campaign import processes, resuming

PROGRAM = "gan_book.gan"
FLAGS = [*resuming.SHORT, "--display_freq", "20", "--max_steps", str(resuming.STEPS)]
ROOM = 160  # MB of the file system: a run of FLAGS has about 135
INSIDE = ["unshare", "--user", "--map-root-user", "--mount"]


def possible() -> bool:
    """Whether this machine lets a user make such a file system."""
    try:
        command = [*INSIDE, "mount", "-t", "tmpfs", "none", "/mnt"]
        return subprocess.run(command, capture_output=True).returncode == 0
    except OSError:
        return False


def _filled(folder, left):
    """Fills the file system of a folder, but for so many kB."""
    with open(folder / "filler", "wb", buffering=0) as opened, contextlib.suppress(OSError):
        while True:
            opened.write(bytes(1 << 20))
    size = (folder / "filler").stat().st_size
    os.truncate(folder / "filler", max(0, size - 1024 * left))


def _train(run, log, more=()):
    # The log is not on the small disk.
    flags = [*FLAGS, *more, "--output_dir", str(run)]
    return processes.run(PROGRAM, flags, log)


def _trial(work, whole, chance):
    """Trains on a disk that becomes full, makes room, resumes. Returns (name, what is wrong)."""
    log = whole.with_suffix(".log")
    run, left = work / "run", int(chance.uniform(0, 1) ** 2 * 1000 * ROOM)
    _filled(work, left)
    full = _train(run, log)
    wrong = processes.faults(full, run)
    fitted = full.status == 0
    if full.status and "No space left on device" not in full.output:
        wrong.append(f"the cause is not said: {full.last_line()}")
    (work / "filler").unlink()
    if not wrong and not fitted:
        begun = ["--resume"] if (run / "config.json").exists() else []
        wrong = processes.faults(_train(run, log, begun), run, [0])
    wrong = wrong or resuming.differences(whole, run)
    shutil.rmtree(str(run), ignore_errors=True)
    return f"{left} kB left", wrong


def inside(folder: str, seed: str, seconds: str) -> None:
    """Runs trials in the namespace. Prints each as a line of JSON."""
    work, whole = pathlib.Path(folder, "small"), pathlib.Path(folder, "whole")
    work.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={ROOM}m", "none", str(work)]
    subprocess.run(mount, check=True)
    _train(whole, whole.with_suffix(".log"))
    chance, end = random.Random(int(seed)), time.monotonic() + float(seconds)
    while time.monotonic() < end:
        print(json.dumps(_trial(work, whole, chance)), flush=True)


def attack(folder: pathlib.Path, seed: int, seconds: float) -> Dict[str, List[str]]:
    """Fills disks until the time is over.

    Args:
        folder: an empty folder.

    Returns:
        trial -> what was lost or wrong. Nothing if the machine does not allow it.
    """
    if not possible():
        return {}
    command = [*INSIDE, sys.executable, "-m", "tests.campaign.disk"]
    ended = subprocess.run(
        [*command, str(folder), str(seed), str(seconds)],
        cwd=str(processes.ROOT),
        capture_output=True,
        text=True,
    )
    lines = [json.loads(line) for line in ended.stdout.splitlines() if line.startswith("[")]
    found = {f"{number} {name}": wrong for number, (name, wrong) in enumerate(lines)}
    if ended.returncode:
        found["process"] = [ended.stderr[-500:]]
    return found


if __name__ == "__main__":
    inside(*sys.argv[1:])
