"""Runs that are stopped at a random step and resumed, beside runs that are never stopped."""

import pathlib
import random
import shutil
import signal
import time
from typing import Dict, List, Sequence

from graphmode import tf
from graphmode.training import run_folder
from tests.campaign import processes

SHORT = ["--batch_size", "8", "--display_freq", "0", "--summary_freq", "7", "--save_freq", "11"]
STEPS = 40
STATUS = {signal.SIGTERM: 143, signal.SIGHUP: 129, signal.SIGINT: 0}
CHAPTER = ("cae", "vae", "gan", "dcgan", "wgan", "began", "cgan")
PROGRAMS: Dict[str, List[str]] = {
    **{f"gan_book.{name}": [*SHORT, "--max_steps", str(STEPS)] for name in CHAPTER},
    "glcic": [
        *SHORT, "--preset", "small", "--width", "4", "--input", "feed", "--completion_steps", "12",
        "--discriminator_steps", "12", "--max_steps", str(STEPS),
    ],
    "pix2pix": [
        "--preset", "small", "--crop_size", "32", "--scale_size", "36", "--ngf", "4", "--ndf", "4",
        "--display_freq", "0", "--summary_freq", "7", "--save_freq", "11",
        "--max_steps", str(STEPS),
    ],
}  # fmt: skip
PROGRAMS["glcic, queue"] = [*PROGRAMS["glcic"], "--input", "queue"]


def start(program: str, flags: Sequence[str], folder: pathlib.Path) -> processes.Started:
    """Starts a program's training in a process of its own. Its log lies beside the folder."""
    log = folder.parent / f"{folder.name}.log"
    return processes.start(program.split(",")[0], [*flags, "--output_dir", str(folder)], log)


def rows(folder: pathlib.Path) -> int:
    """The number of lines of scalars.csv, the first line included."""
    csv = folder / "scalars.csv"
    return csv.read_text(encoding="utf-8").count("\n") if csv.exists() else 0


def differences(one: pathlib.Path, other: pathlib.Path) -> List[str]:
    """The tensors of the last checkpoints, and scalars.csv, that are not the same bytes."""
    found = []
    first, second = (tf.train.load_checkpoint(str(folder / f"model.ckpt-{STEPS}"))
                     for folder in (one, other))  # fmt: skip
    names = set(first.get_variable_to_shape_map()) | set(second.get_variable_to_shape_map())
    for name in sorted(names):
        if first.get_tensor(name).tobytes() != second.get_tensor(name).tobytes():
            found.append(name)
    if (one / "scalars.csv").read_bytes() != (other / "scalars.csv").read_bytes():
        found.append("scalars.csv")
    return found


def trial(folder: pathlib.Path, program: str, chance: random.Random, number: int) -> List[str]:
    """Stops a run with a signal after a random row of scalars.csv, resumes it, and compares it.

    Args:
        folder: holds the unbroken run of the program, which is made if it is not there.
        number: of the signal.

    Returns:
        What differs from the unbroken run, and other faults.
    """
    flags, whole, broken = PROGRAMS[program], folder / f"{program}-whole", folder / "broken"
    if not whole.exists():
        start(program, flags, whole).ended()
    shutil.rmtree(str(broken), ignore_errors=True)
    process, wanted = start(program, flags, broken), chance.randrange(2, 6)
    processes.until(lambda: rows(broken) >= wanted or not process.running())
    process.send(number)
    stopped = process.ended()
    found = processes.faults(stopped, broken, [STATUS[signal.Signals(number)]])
    if found or not 0 < run_folder.last_step(broken) < STEPS:
        return found or ["was not stopped in time"]
    resumed = start(program, [*flags, "--resume"], broken).ended()
    return processes.faults(resumed, broken, [0]) or differences(whole, broken)


def attack(folder: pathlib.Path, seed: int, seconds: float) -> Dict[str, List[str]]:
    """Stops the programs in turn, each with SIGTERM, SIGHUP or Ctrl-C, until the time is over.

    Args:
        folder: an empty folder for the runs.

    Returns:
        trial -> what differs or is wrong.
    """
    chance, end, found = random.Random(seed), time.monotonic() + seconds, {}
    programs = list(PROGRAMS)
    chance.shuffle(programs)
    while not found or time.monotonic() < end:
        program = programs[len(found) % len(programs)]
        number = chance.choice(list(STATUS))
        found[f"{len(found)} {program} {signal.Signals(number).name}"] = trial(
            folder, program, chance, number
        )
    return found


def three_times(folder: pathlib.Path, seed: int, times: int = 3) -> Dict[str, List[str]]:
    """Stops each program so many times by SIGTERM."""
    chance = random.Random(seed)
    return {
        f"{program} {number}": trial(folder, program, chance, signal.SIGTERM)
        for program in PROGRAMS
        for number in range(times)
    }
