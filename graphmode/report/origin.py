"""run.json: how a run was made. The program in words, its command, when, how long, on what.

Written at the start and at the end of each training. The pages show it.
"""

import contextlib
import dataclasses
import datetime
import inspect
import json
import os
import pathlib
import platform
import shlex
import sys
import time
from typing import Any, Dict, Tuple

from graphmode import files

FILE = "run.json"
OF_ONE_CALL = ("mode", "output_dir", "resume", "overwrite")  # no setting of the run itself


def begin(folder, config, step: int, last: int, gpus: int = 0) -> None:
    """Notes that a training begins.

    Args:
        config: a `config.Run`.
        step, last: the step that it starts from, and the one that it is to end with.
        gpus: number of GPUs that TensorFlow sees.
    """
    title, sentence = words(config)
    changed, flags = changes(config)
    calls = read(folder).get("calls", []) if step else []
    now = datetime.datetime.now().astimezone().isoformat(timespec="seconds")
    content = {
        "title": title,
        "sentence": sentence,
        "command": " ".join(["./run.sh", config.PROGRAM, *flags]),
        "changed": changed,
        "steps": last,
        "machine": f"{os.cpu_count()} CPU cores, {f'{gpus} GPU' if gpus else 'no GPU'}",
        "versions": versions(),
        "calls": [*calls, {"begun": now, "from": step, "clock": time.time(), "seconds": None}],
    }
    files.write_whole(files.path(folder, FILE), json.dumps(content, indent=1) + "\n")


def end(folder) -> None:
    """Notes that the training that began last has ended."""
    content = read(folder)
    with contextlib.suppress(KeyError, IndexError, TypeError):  # damaged meanwhile
        call = content["calls"][-1]
        call["seconds"] = round(time.time() - call["clock"], 1)
        files.write_whole(files.path(folder, FILE), json.dumps(content, indent=1) + "\n")


def read(folder) -> Dict[str, Any]:
    """What run.json holds; {} for a run of an earlier version, and if the file is damaged."""
    try:
        content = json.loads(files.path(folder, FILE).read_text(encoding="utf-8"))
        return content if _whole(content) else {}
    except (OSError, ValueError, RecursionError):
        return {}


def _whole(content):
    """Whether the parts that the pages use have the types that `begin` writes."""
    kinds = {"title": str, "sentence": str, "command": str, "machine": str, "versions": str}
    kinds = {**kinds, "steps": int, "changed": dict, "calls": list}
    if not isinstance(content, dict) or not all(
        isinstance(content.get(name, kind()), kind) for name, kind in kinds.items()
    ):
        return False
    pairs = content.get("changed", {}).values()
    calls = content.get("calls", [])
    return all(isinstance(pair, list) and len(pair) == 2 for pair in pairs) and all(
        isinstance(call, dict) for call in calls
    )


def words(config) -> Tuple[str, str]:
    """A program's name and what it does: the first paragraph of its docstring, cut at the colon."""
    program = config.PROGRAM
    main = sys.modules["__main__"]
    is_main = getattr(getattr(main, "__spec__", None), "name", "") == f"{program}.__main__"
    modules: list = [main] if is_main else []
    for name in (f"{program}.__main__", program, type(config).__module__):
        modules.append(sys.modules.get(name))
    for module in modules:
        doc = inspect.cleandoc(getattr(module, "__doc__", None) or "")
        title, _, sentence = " ".join(doc.split("\n\n")[0].split()).partition(": ")
        if sentence:
            return title, sentence[0].upper() + sentence[1:]
    return program, ""


def changes(config) -> Tuple[Dict[str, Any], list]:
    """What differs from the default, and the flags that give the same settings again.

    Returns:
        name -> [value, default]. The default is that of the presets that the run has.
        A list of strings for a shell.
    """
    owner, fields = type(config), dataclasses.fields(config)
    defaults = {field.name: field.default for field in fields}
    values = {name: getattr(config, name) for name in defaults if name not in OF_ONE_CALL}
    presets = {
        field.name: values[field.name]
        for field in fields
        if field.name in values
        and values[field.name] != field.default
        and (field.name == "as_published" or field.metadata.get("overrides"))
    }
    base = {**defaults, **owner.overridden(presets)}
    changed = {
        name: [value, defaults[name] if name in presets else base[name]]
        for name, value in values.items()
        if name in presets or value != base[name]
    }
    return changed, [flag(name, value) for name, (value, _) in changed.items()]


def flag(name: str, value: Any) -> str:
    """A setting as a flag for a shell."""
    if isinstance(value, bool):
        return f"--{name}" if value else f"--no_{name}"
    return f"--{name} {shlex.quote(str(value))}"


def versions() -> str:
    """TensorFlow's version, Python's, and the commit of this project's checkout if there is one."""
    import importlib.metadata  # here, because Python 3.7 has none: see tests/referee/stub.py

    known = [f"TensorFlow {importlib.metadata.version('tensorflow')}"]
    known.append(f"Python {platform.python_version()}")
    commit = _commit(pathlib.Path(__file__).parents[2] / ".git")
    return ", ".join([*known, f"commit {commit[:7]}"] if commit else known)


def _commit(git: pathlib.Path) -> str:
    """The commit of a checkout, "" without one. The program git may be missing."""
    try:
        head = (git / "HEAD").read_text().strip().removeprefix("ref: ")
        if "/" not in head:
            return head
        if (git / head).is_file():
            return (git / head).read_text().strip()
        packed = (git / "packed-refs").read_text().splitlines()
        return next((line.split()[0] for line in packed if line.endswith(f" {head}")), "")
    except OSError:
        return ""
