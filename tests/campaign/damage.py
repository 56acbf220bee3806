"""Damage to bytes and to the folder of a run. A run that is damaged ends in one line, or goes on.

Where it goes on, it goes on rightly: what the damage does not touch is as in the undamaged run, and
what was replaced by something older is said. Where it ends in a line, no file is lost.
"""

import hashlib
import pathlib
import random
import re
import shutil
import signal
import time
from typing import Dict, List

from tests.campaign import processes, resuming

PROGRAM = "gan_book.gan"
FLAGS = [
    "--batch_size", "8", "--summary_freq", "7", "--save_freq", "8", "--display_freq", "12",
    "--max_steps", str(resuming.STEPS),
]  # fmt: skip
# Files without a checksum: a changed byte in them may be another valid value, which nobody can see.
TEXTS = ("config.json", "scalars.csv", "resume.json", "run.json")
SAID = ("is not complete", "damaged", "cannot be read", "skipped", "goes on from", "without")


def damaged(content: bytes, chance: random.Random) -> bytes:
    """Bytes that are cut, emptied, changed, repeated or mixed up."""
    kind, size = chance.randrange(8), len(content)
    if not size or kind == 0:
        return b""
    place, other = sorted((chance.randrange(size), chance.randrange(size)))
    mutable = bytearray(content)
    if kind == 1:
        return content[:place]
    if kind == 2:
        return bytes(size)
    if kind == 3:
        mutable[place : place + chance.randrange(1, 5000)] = bytes(
            min(size - place, chance.randrange(1, 5000))
        )
    elif kind == 4:
        return content[:place] + content[other:]
    elif kind == 5:
        return content[:other] + content[place:]
    elif kind == 6:
        return chance.randbytes(chance.randrange(1, 200)) + content[place:]
    else:
        for _ in range(chance.choice([1, 1, 2, 8])):
            mutable[chance.randrange(size)] = chance.randrange(256)
    return bytes(mutable)


def _spoil(path: pathlib.Path, chance: random.Random) -> str:
    """Damages one file of a run. Returns what was done."""
    kind = chance.randrange(12)
    if kind > 3 or path.is_dir():
        kind = 4 if not path.is_dir() else 0
    content = path.read_bytes() if path.is_file() else b""
    if path.is_dir():
        shutil.rmtree(str(path))
    else:
        path.unlink()
    if kind == 0:
        return f"no {path.name}"
    if kind == 1:
        path.mkdir()
        return f"{path.name} is a folder"
    if kind == 2:
        path.symlink_to("nowhere")
        return f"{path.name} is a link to nothing"
    if kind == 3:
        path.symlink_to(path.name)
        return f"{path.name} is a link to itself"
    new = damaged(content, chance)
    path.write_bytes(new)
    return f"{path.name} has {len(new)} of {len(content)} bytes"


def _hashes(folder):
    """name -> hash, of the files of a run that cannot be made again."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for pattern in ("model.ckpt-*", "scalars.csv", "config.json")
        for path in folder.glob(pattern)
        if path.is_file()
    }


def _resume(trial, whole, spoilt):
    """Resumes a damaged run. Returns what is wrong."""
    before = _hashes(trial)
    ended = resuming.start(PROGRAM, [*FLAGS, "--resume"], trial).ended()
    wrong = processes.faults(ended, trial)
    if wrong:
        return wrong
    if ended.status:
        after = _hashes(trial)
        # What is left of a damaged checkpoint is removed.
        broken = re.findall(r"model\.ckpt-\d+", spoilt)
        lost = sorted(set(before) - set(after))
        return [
            f"lost: {name}" for name in lost if not name.startswith(tuple(f"{n}." for n in broken))
        ]
    unsure = {name for name in TEXTS if name in spoilt}
    if "config.json" in unsure:
        return []
    found = resuming.differences(whole, trial)
    return [name for name in found if not (name == "scalars.csv" and unsure)]


def _sample(trial, whole_samples):
    """Samples from a damaged run. Returns what is wrong."""
    output = trial / "out"
    flags = ["--mode", "sample", "--count", "9", "--checkpoint", str(trial)]
    ended = resuming.start(PROGRAM, flags, output).ended()
    wrong = processes.faults(ended, trial)
    if wrong or ended.status:
        return wrong
    samples = output / "sample.png"
    if not samples.exists():
        return ["no sample.png, and status 0"]
    same = samples.read_bytes() == whole_samples.read_bytes()
    return [] if same or any(word in ended.output for word in SAID) else ["other samples, unsaid"]


def _report(trial):
    """Writes the page of a damaged run again. Returns what is wrong."""
    ended = processes.run("graphmode.report.__main__", [str(trial)], trial.parent / "report.log")
    return processes.faults(ended, trial)


def attack(folder: pathlib.Path, seed: int, seconds: float) -> Dict[str, List[str]]:
    """Damages a run, then resumes it, samples from it, or writes its page, until the time is over.

    Args:
        folder: an empty folder.

    Returns:
        trial -> what was lost, wrong or unsaid.
    """
    chance, end = random.Random(seed), time.monotonic() + seconds
    found: Dict[str, List[str]] = {}
    base, whole, trial = folder / "base", folder / "whole", folder / "trial"
    resuming.start(PROGRAM, FLAGS, whole).ended()
    begun = resuming.start(PROGRAM, FLAGS, base)
    processes.until(lambda: resuming.rows(base) == 5 or not begun.running())  # at step 28 of 40
    begun.send(signal.SIGTERM)
    begun.ended()
    samples = folder / "samples"
    flags = ["--mode", "sample", "--count", "9", "--checkpoint", str(base)]
    resuming.start(PROGRAM, flags, samples).ended()
    while not found or time.monotonic() < end:
        shutil.rmtree(str(trial), ignore_errors=True)
        shutil.copytree(str(base), str(trial))
        paths = sorted(path for path in trial.iterdir() if path.name != ".lock")
        spoilt = [_spoil(path, chance) for path in chance.sample(paths, chance.choice([1, 1, 2]))]
        kind = chance.choice(["resume", "resume", "sample", "report"])
        if kind == "resume":
            wrong = _resume(trial, whole, "; ".join(spoilt))
        elif kind == "sample":
            wrong = (
                [] if "config.json" in " ".join(spoilt) else _sample(trial, samples / "sample.png")
            )
        else:
            wrong = _report(trial)
        found[f"{len(found)} {kind}: {'; '.join(spoilt)}"] = wrong
    return found
