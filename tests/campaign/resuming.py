"""Runs that are stopped at a random step and resumed, beside runs that are never stopped."""

import pathlib
import random
import signal
import subprocess
import sys
import time
from typing import Dict, List, Sequence

from graphmode import tf
from graphmode.training import run_folder

ROOT = pathlib.Path(__file__).parents[2]
SHORT = ["--batch_size", "8", "--display_freq", "0", "--summary_freq", "7", "--save_freq", "11"]
STEPS = 40
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


def start(program: str, flags: Sequence[str], folder: pathlib.Path) -> subprocess.Popen:
    """Starts a program's training in a process of its own."""
    command = [sys.executable, "-m", program.split(",")[0], *flags, "--output_dir", str(folder)]
    # A file, not a pipe: nobody reads while the process runs.
    with open(str(folder) + ".log", "a", encoding="utf-8") as log:
        return subprocess.Popen(command, cwd=str(ROOT), stderr=log, stdout=log)


def stopped_at(process: subprocess.Popen, folder: pathlib.Path, rows: int, number: int) -> bool:
    """Sends a signal once scalars.csv has so many rows. Returns whether the run still lasted."""
    csv = folder / "scalars.csv"
    while process.poll() is None:
        if csv.exists() and csv.read_text(encoding="utf-8").count("\n") > rows:
            process.send_signal(number)
            break
        time.sleep(0.005)
    process.wait()
    return 0 < run_folder.last_step(folder) < STEPS


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


def attack(folder: pathlib.Path, seed: int, times: int, programs: Sequence[str] = ()) -> Dict:
    """For each program: an unbroken run, and runs that are stopped by SIGTERM and resumed.

    Args:
        folder: an empty folder for the runs.
        times: number of stopped runs of each program.
        programs: names of PROGRAMS; all if empty.

    Returns:
        "program run" -> what differs, for each stopped run.
    """
    chance, found = random.Random(seed), {}
    for program in programs or PROGRAMS:
        flags = PROGRAMS[program]
        whole = folder / f"{program}-whole"
        start(program, flags, whole).wait()
        for number in range(times):
            broken = folder / f"{program}-{number}"
            process = start(program, flags, broken)
            if not stopped_at(process, broken, chance.randrange(1, 5), signal.SIGTERM):
                found[f"{program} {number}"] = ["was not stopped in time"]
                continue
            start(program, [*flags, "--resume"], broken).wait()
            found[f"{program} {number}"] = differences(whole, broken)
    return found
