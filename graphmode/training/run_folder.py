"""The folder of a run: what it contains, which process trains in it, and its settings.

config.json  model.ckpt-N.*  checkpoint  events.*  scalars.csv  resume.json  run.json  samples/
figures/
trace-N.json  warnings.txt  metrics.json  report.html  worker-N.log
"""

import contextlib
import dataclasses
import fcntl
import json
import pathlib
import re
import shutil
import sys
from typing import Any, Dict, Iterator, List, Mapping, Tuple

from graphmode import cluster, files
from graphmode.config import Run, field_of, parsed, type_of
from graphmode.errors import InputError

OWN_FILES = (
    "config.json",
    "checkpoint",
    "events.*",
    "model.ckpt-*",
    "scalars.csv",
    "resume.json",
    "run.json",
    "samples",
    "figures",
    "sample.png",
    "samples.npz",
    "trace-*.json",
    "warnings.txt",
    "metrics.json",
    "report.html",
    "worker-*.log",
    "index.html",
    "images",
)
DELETING = "deleting"  # a key of config.json while the files of a former run are deleted
# Of `files.write_whole` and `checkpoints.save`, now and in earlier versions
REMAINS = (
    f"{files.UNFINISHED}*",
    f"*/{files.UNFINISHED}*",
    ".*.html.*",
    ".*.csv.*",
    ".*.json.*",
    "model.ckpt-*tempstate*",
    "checkpoint.tmp*",
)
STALE = ("metrics.json", "figures", "warnings.txt")  # of a run that trains further

MAX_SETTINGS = 1 << 20  # characters of config.json that are read

# What pix2pix-tensorflow restores from its options.json.
OLD_PIX2PIX_OPTIONS = ("which_direction", "ngf", "ndf", "lab_colorization")


def holds_a_run(folder) -> bool:
    """Whether the folder has a config.json of this project."""
    try:
        file = files.path(folder, "config.json")
        return file.is_file() and "program" in json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, TypeError, RecursionError):
        return False


def stored(folder) -> Tuple[str, Dict[str, Any]]:
    """The program of a run and its settings (name -> value), as its config.json has them.

    A run of pix2pix-tensorflow has options.json instead; the same options are taken as there.

    Raises:
        InputError: the folder holds no run, or the file is damaged.
    """
    file = _settings_file(folder)
    if not file.is_file():
        raise InputError(f"{folder} holds no run: there is no config.json in it")
    try:
        with open(str(file), encoding="utf-8") as opened:
            content = json.loads(opened.read(MAX_SETTINGS))
        if not isinstance(content, dict):
            raise TypeError("it has no names and values")
        if file.name == "options.json":
            options = {name: content[name] for name in OLD_PIX2PIX_OPTIONS if name in content}
            return "pix2pix", {"as_published": True, **options}
        program, config = content["program"], content["config"]
        if not (isinstance(program, str) and isinstance(config, dict)):
            raise TypeError("program or config has a wrong type")
        return program, config
    except KeyError as error:
        raise InputError(f"{file} cannot be read (no {error} in it): use another run") from None
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise InputError(f"{file} cannot be read ({error}): use another run") from None


def _settings_file(folder):
    """config.json, or the options.json of pix2pix-tensorflow."""
    new, old = files.path(folder, "config.json"), files.path(folder, "options.json")
    return old if not new.is_file() and old.is_file() else new


def settings(owner, folder) -> Dict[str, Any]:
    """The settings of the run in a folder: name -> value, for the fields of a `config.Run` class.

    Raises:
        InputError: the folder holds no run, a run of another program, or a value that is not valid.
    """
    program, content = stored(folder)
    if program != owner.PROGRAM and program not in owner.FORMER_PROGRAMS:
        raise InputError(f"{folder} holds a run of {program}, not of {owner.PROGRAM}")
    file, values = _settings_file(folder), {}
    try:
        for name, value in content.items():
            if name in owner.RENAMED:
                name, translation = owner.RENAMED[name]
                value = translation.get(value, value) if isinstance(value, (bool, str)) else value
            field = field_of(owner, name)
            if field:
                values[name] = parsed(field, type_of(owner, name), value)
        owner(**{name: value for name, value in values.items() if name in kept(owner)})
    except InputError as error:
        raise InputError(f"{file}: {error}; correct it there, or use another run") from None
    return values


def kept(owner) -> List[str]:
    """Names of the settings that belong to a run: all but the mode, the folders and the like."""
    of_one_call = Run.names(inherited=False)
    return [name for name in owner.names() if name not in of_one_call]


def trained(owner, run):
    """The configuration of another program's run, from its folder or from a checkpoint in it.

    Returns:
        An instance of `owner`. Its `checkpoint` is the path of the weights. A field that the run's
        config.json does not have, because the run is older, has its default.

    Raises:
        InputError: see `find_checkpoint` and `settings`.
    """
    checkpoint = find_checkpoint(run)
    values = settings(owner, checkpoint.parent)
    known = {name: value for name, value in values.items() if name in kept(owner)}
    return owner(**known, output_dir=str(checkpoint.parent), checkpoint=str(checkpoint))


def checkpoints(folder) -> List[Tuple[int, pathlib.Path]]:
    """The complete checkpoints in a folder, oldest first: [(step, path without ending), ...].

    Names are model.ckpt-N, or model-N as pix2pix-tensorflow has them.
    """
    complete: List[Tuple[int, pathlib.Path]] = []
    if _deleting(files.path(folder)):
        return complete
    names = sorted(path.name for path in files.path(folder).glob("model*-*") if path.is_file())
    for index in files.path(folder).glob("model*-*.index"):
        step = re.fullmatch(r"model(?:\.ckpt)?-(\d+)\.index", index.name)
        data = any(name.startswith(f"{index.stem}.data-") for name in names)
        if step and data and index.is_file():
            complete.append((int(step[1]), index.with_suffix("")))
    return sorted(complete)


def say_incomplete(folder) -> None:
    """Names on stderr the checkpoints that lack a file and are newer than all complete ones."""
    newest, found = last_step(folder), set()
    for path in files.path(folder).glob("model*-*"):
        part = re.fullmatch(r"(model(?:\.ckpt)?-(\d+))\.(index|data-.*)", path.name)
        if part and int(part[2]) > newest:
            found.add(part[1])
    for name in sorted(found):
        sys.stderr.write(f"{name} in {folder} is not complete: step {newest} is taken\n")


def last_step(folder) -> int:
    """The step of the newest checkpoint; 0 without one."""
    return max((step for step, _ in checkpoints(folder)), default=0)


def find_checkpoint(name) -> pathlib.Path:
    """The newest checkpoint of a run's folder, or the checkpoint that is named.

    Raises:
        InputError: there is none.
    """
    given = files.path(name)
    if given.is_dir():
        complete = checkpoints(given)
        if not complete:
            raise InputError(
                f"{name} holds no checkpoint (model.ckpt-N.index): give the folder of a run"
            )
        say_incomplete(given)
        return complete[-1][1]
    for _, checkpoint in checkpoints(given.parent):
        if checkpoint.name == re.sub(r"\.(index|meta|data-.*)$", "", given.name):
            return checkpoint
    raise InputError(f"{name} is neither the folder of a run nor a checkpoint: give one of these")


def keep(folder, step: int, content: Mapping[str, Any]) -> None:
    """Stores what a run that is resumed at a checkpoint needs and the checkpoint does not have."""
    steps = {str(known) for known, _ in checkpoints(folder)}
    others = {known: value for known, value in _kept(folder).items() if known in steps}
    files.write_whole(
        files.path(folder, "resume.json"), json.dumps({**others, str(step): dict(content)})
    )


def kept_at(folder, step: int) -> Dict[str, Any]:
    """What `keep` stored for a checkpoint; empty if an earlier version made it."""
    content = _kept(folder).get(str(step), {})
    return content if isinstance(content, dict) else {}


def _kept(folder):
    try:
        content = json.loads(files.path(folder, "resume.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def own_files(folder) -> List[pathlib.Path]:
    """The files and folders that have a name of `OWN_FILES`."""
    return sorted(path for pattern in OWN_FILES for path in files.path(folder).glob(pattern))


def check_free(folder) -> None:
    """Raises InputError if a folder without a run holds files that a run would replace."""
    strange = [path.name for path in own_files(folder)]
    if strange and not holds_a_run(folder):
        raise InputError(
            f"{folder} is not the folder of a run but holds {', '.join(strange[:3])}, "
            "which a run would overwrite: choose another --output_dir"
        )


@contextlib.contextmanager
def started(config) -> Iterator[pathlib.Path]:
    """Prepares the folder of a run and holds its lock.

    A new run deletes what an earlier run has left; a resumed run deletes what it will make again.

    Args:
        config: a `config.Run`.

    Yields:
        The folder. No other process can train in it meanwhile.

    Raises:
        InputError: the folder cannot be written, another process trains in it, or it holds other
            files with the names of a run's files.
    """
    folder = files.path(config.output_dir)
    check_free(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = _locked(folder)
        # Again, now that nobody else can change it: hours may have passed since the first check.
        if not config.resume:
            check_new(config)
        _remove_remains(folder)
        _prepare(folder, config)
    except OSError as error:
        raise InputError(
            f"the folder {folder} cannot be written: {error.strerror}; choose another --output_dir"
        ) from error
    with lock:
        yield folder


def check_new(config) -> None:
    """Raises InputError if a new run would replace another one that nobody allowed it to replace.

    Args:
        config: a `config.Run` without `resume`.
    """
    folder = config.output_dir
    if not holds_a_run(folder):
        return
    if not config.overwrite:
        raise InputError(
            f"{folder} already holds a run: --resume continues it, --overwrite starts again"
        )
    start = config.checkpoint and files.path(config.checkpoint).parent.resolve()
    if start == files.path(folder).resolve():
        raise InputError(
            f"--overwrite would delete {config.checkpoint} itself: choose another --output_dir"
        )


def _prepare(folder, config):
    """Deletes what this run will make again. Then config.json is that of this run."""
    whole = cluster.here().whole(config)
    content = {"program": config.PROGRAM, "config": dataclasses.asdict(whole)}
    delete_all = not config.resume or _deleting(folder)
    if delete_all:
        # Before the first deletion: if this is interrupted, the rest of the old run is not taken
        # for a part of the new one.
        _write_config(folder, {**content, DELETING: True})
    for path in own_files(folder):
        if path.name in STALE or delete_all and path.name != "config.json":
            shutil.rmtree(str(path)) if path.is_dir() else path.unlink()
    _write_config(folder, content)


def _write_config(folder, content):
    files.write_whole(folder / "config.json", json.dumps(content, indent=1) + "\n")


def _deleting(folder):
    """Whether a process ended while it deleted the folder's former run."""
    try:
        return DELETING in json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, TypeError, RecursionError):
        return False


def _remove_remains(folder):
    """Deletes what killed processes have left: files without their final names."""
    for pattern in REMAINS:
        for path in folder.glob(pattern):
            shutil.rmtree(str(path)) if path.is_dir() else path.unlink()
    whole = {checkpoint.name for _, checkpoint in checkpoints(folder)}
    for pattern in ("model.ckpt-*.data-*", "model.ckpt-*.index"):
        for path in folder.glob(pattern):
            if path.stem not in whole:
                shutil.rmtree(str(path)) if path.is_dir() else path.unlink()


def _locked(folder):
    """An open file that holds the lock of the folder."""
    lock = open(str(folder / ".lock"), "a")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise InputError(
            f"another process is training in {folder}: "
            "wait for it, stop it, or choose another --output_dir"
        ) from None
    return lock


def warn(folder, message: str, aloud: bool = True) -> None:
    """Adds a line to the run's warnings, which its report shows. The same line is added once.

    Args:
        aloud: whether stderr gets the line, too.
    """
    if aloud:
        sys.stderr.write(f"warning: {message}\n")
    line, file = message.replace("\n", " ") + "\n", files.path(folder, "warnings.txt")
    line = line.encode("utf-8", "backslashreplace").decode()  # the name of a file may be no UTF-8
    known = file.read_text(encoding="utf-8").splitlines(keepends=True) if file.exists() else []
    if line not in known:
        with open(str(file), "a", encoding="utf-8") as opened:
            opened.write(line)
