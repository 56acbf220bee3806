"""Hostile command lines and config.json files: each is refused in one line, or is valid."""

import contextlib
import dataclasses
import importlib
import io
import json
import pathlib
import random
import time
import typing
from typing import Any, Dict, List
from unittest import mock

from graphmode import cli
from graphmode.config import Run, type_of
from graphmode.errors import InputError
from graphmode.runner import programs
from graphmode.training import run_folder
from tests.campaign import damage

WORDS = [
    "", " ", "evil", "nan", "inf", "-inf", "1e30", "-1", "0", "1", "2", "1.5", "0x10", "١", "1_0",
    "True", "None", "[]", "{}", "../..", "/dev/null", "/", "~", "~nobody", "*", "[", "a\nb", "=",
    "\x1b[2J", "\udcff", "ü n", "a" * 5000, "--seed", "-", "--", "1e-400", "9" * 400, "\u202e",
    "%s", "$(id)",
]  # fmt: skip
VALUES = [
    *WORDS, None, True, False, 0, -1, 1, 2, 1.5, -0.0, 1e300, 2**31, 2**53 + 1, 10**400, [], [1],
    {}, {"a": 1}, float("nan"), float("inf"), [[[]]],
]  # fmt: skip


def owners() -> Dict[str, Any]:
    """name of a program -> its class of settings."""
    found: Dict[str, Any] = {}
    for name, file in programs.programs().items():
        module = importlib.import_module(f"{name}.__main__" if "__main__" in file.name else name)

        def keep(owner, *others, name=name, **more):
            found[name] = (owner, list(others[0]) if isinstance(others[0], dict) else [])

        with (
            mock.patch.object(cli, "main", keep),
            mock.patch.object(
                cli, "tool", lambda program, owner, *others, keep=keep: keep(owner, None)
            ),
        ):
            module.main([])
    return found


def _command_line(owner, modes, chance):
    """Random flags of a program, most of them its own, with random values."""
    argv = []
    for field in chance.choices(dataclasses.fields(owner), k=chance.randrange(6)):
        kind = type_of(owner, field.name)
        values: List[Any] = list(typing.get_args(kind)) + WORDS
        limits = field.metadata["limits"].values()
        values += [str(limit) for limit in limits] + [str(field.default)] * 5
        values += modes * 5 if field.name == "mode" else []
        flag = f"--{field.name}"
        if kind is bool:
            argv += [chance.choice([flag, f"--no_{field.name}", f"{flag}=1"])]
        else:
            value = chance.choice(values)
            argv += [f"{flag}={value}"] if chance.random() < 0.5 else [flag, value]
    if chance.random() < 0.2:
        argv.insert(chance.randrange(len(argv) + 1), chance.choice(WORDS))
    return argv


def _parsed(name, owner, modes, argv):
    """Reads a command line. Returns what is wrong with the answer."""
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            if issubclass(owner, Run):
                config = cli.parse(owner, modes, "", argv)
            else:
                config = cli.read(name, owner, "", argv)
    except InputError:
        return []
    except SystemExit as stopped:  # --help
        return [] if stopped.code == 0 else [f"status {stopped.code}"]
    except BaseException as error:
        return [repr(error)]
    return [] if type(config) is owner else [f"{type(config)}"]


def _stored(owner, folder, chance):
    """Reads a config.json with hostile values. Returns what was done, and what is wrong."""
    content = {"program": owner.PROGRAM, "config": dataclasses.asdict(owner())}
    place = content if chance.random() < 0.1 else content["config"]
    changed = {
        name: chance.choice(VALUES)
        for name in chance.sample(sorted(place), min(len(place), chance.choice([1, 1, 3])))
    }
    place.update(changed)
    text = json.dumps(content).encode("utf-8", "surrogatepass")
    if chance.random() < 0.3:
        text, changed = damage.damaged(text, chance), {"bytes": "damaged"}
    (folder / "config.json").write_bytes(text)
    try:
        values = run_folder.settings(owner, folder)
        owner(**{name: value for name, value in values.items() if name in run_folder.kept(owner)})
    except InputError as error:
        return changed, [] if "config.json" in str(error) or "holds" in str(error) else [str(error)]
    except BaseException as error:
        return changed, [repr(error)]
    return changed, []


def attack(folder: pathlib.Path, seed: int, seconds: float) -> Dict[str, List[str]]:
    """Reads random command lines and config.json files of all programs until the time is over.

    Args:
        folder: an empty folder.

    Returns:
        trial -> what is wrong with the answer.
    """
    known = owners()
    chance, end = random.Random(seed), time.monotonic() + seconds
    found: Dict[str, List[str]] = {}
    while time.monotonic() < end:
        name = chance.choice(sorted(known))
        owner, modes = known[name]
        if issubclass(owner, Run) and chance.random() < 0.5:
            done, wrong = _stored(owner, folder, chance)
        else:
            done = _command_line(owner, modes, chance)
            wrong = _parsed(name, owner, modes, done)
        found[f"{len(found)} {name} {done!r:.300}"] = wrong
    return found
