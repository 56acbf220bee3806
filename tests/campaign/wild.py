"""Random settings that the command line accepts: the program trains a few steps, or says in one
line why it cannot.
"""

import dataclasses
import pathlib
import random
import shutil
import time
import typing
from typing import Dict, List

from graphmode.config import type_of
from tests.campaign import processes, resuming, settings

# Settings that make a run longer, or name a mode or a folder.
LENGTHS = {
    "max_steps", "max_epochs", "completion_steps", "discriminator_steps", "unrolled_steps",
    "generator_steps", "critic_steps", "warm_up", "discriminator_repeats", "importance_samples",
    "importance_images", "count", "mode", "output_dir", "resume", "overwrite", "few", "seeds",
    "preset",
}  # fmt: skip
SMALL_IMAGES = {
    "size",
    "crop_size",
    "crop_width",
    "scale_size",
    "crop",
    "cut",
    "hole_min",
    "hole_max",
}
NUMBERS = [0, 1, 2, 3, 5, 7, 8, 16, 27, 32, 64, 100]
HUGE = [2**31 - 1, 2**31, 2**53]
FRACTIONS = [0.0, 1e-30, 0.001, 0.1, 0.5, 0.999, 1.0, 3.0, 1e6, 1e30, 1e300]


def _value(field, kind, chance):
    """A random value of a setting as text, within its range."""
    limits = field.metadata["limits"]
    low, high = limits.get("at_least", limits.get("above")), limits.get("at_most")
    values = list(NUMBERS) if kind is int else list(FRACTIONS)
    if kind is int and field.name not in LENGTHS | SMALL_IMAGES and chance.random() < 0.15:
        values = HUGE
    values = [
        value
        for value in [*values, field.default]
        if (low is None or value > low or value == low and "above" not in limits)
        and (high is None or value <= high)
    ]
    return str(chance.choice(values or [field.default]))


def _flags(owner, chance):
    """A few random flags of a program."""
    argv = []
    fields = [field for field in dataclasses.fields(owner) if field.name not in LENGTHS]
    for field in chance.sample(fields, chance.choice([1, 2, 3, 5])):
        kind = type_of(owner, field.name)
        choices = typing.get_args(kind)
        if kind is bool:
            argv.append(chance.choice([f"--{field.name}", f"--no_{field.name}"]))
        elif choices:
            argv.append(f"--{field.name}={chance.choice(choices)}")
        elif kind is not str:
            argv.append(f"--{field.name}={_value(field, kind, chance)}")
    return argv


def attack(folder: pathlib.Path, seed: int, seconds: float) -> Dict[str, List[str]]:
    """Trains with random settings until the time is over.

    Args:
        folder: an empty folder.

    Returns:
        trial -> what is wrong.
    """
    owners = settings.owners()
    chance, end = random.Random(seed), time.monotonic() + seconds
    found: Dict[str, List[str]] = {}
    trial, log = folder / "trial", folder / "trial.log"
    while not found or time.monotonic() < end:
        name = chance.choice([*resuming.PROGRAMS, "gan_book.uses.semi_supervised"])
        program = name.split(",")[0]
        flags = [*resuming.PROGRAMS.get(name, resuming.SHORT), "--max_steps", "3"]
        if "glcic" in name:
            flags += ["--completion_steps", "1", "--discriminator_steps", "1"]
        flags += _flags(owners[program][0], chance)
        shutil.rmtree(str(trial), ignore_errors=True)
        ended = processes.run(
            program, [*flags, "--output_dir", str(trial)], log, memory=processes.MEMORY
        )
        found[f"{len(found)} {program} {' '.join(flags)}"] = processes.faults(ended, trial)
    return found
