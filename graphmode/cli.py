"""The command line of every program: flags, rules for run folders, one line for a mistake.

A program declares its settings (`graphmode.config`) and calls `main`. TensorFlow is imported only
after the flags are known to be good.
"""

import argparse
import dataclasses
import difflib
import glob
import inspect
import os
import re
import sys
import typing
from typing import Any, Callable, Mapping, Optional, Sequence, Type

from graphmode import files
from graphmode.config import Run, Settings, field_of, parsed, range_of, type_of
from graphmode.errors import InputError, Stopped, cause, exit_status, fail, one_line
from graphmode.training import run_folder


class Parser(argparse.ArgumentParser):
    """Raises InputError where argparse would print its usage."""

    renamed: Mapping[str, Any] = {}

    def error(self, message):
        unknown = re.match(r"unrecognized arguments: --([^\s=]+)", message)
        former = unknown[1].removeprefix("no_") if unknown else ""
        if former in self.renamed:
            message += f"; it is now --{self.renamed[former][0]}"
        elif unknown:
            like = difflib.get_close_matches(f"--{unknown[1]}", self._option_string_actions, 1)
            message += "".join(f"; do you mean {flag}?" for flag in like)
        raise InputError(message)


def parser(program: str, owner: Type[Settings], doc: str, modes: Sequence[str] = ()) -> Parser:
    """The parser of a settings class. It returns the flags that were given, as strings and bools.

    Args:
        program: name of the module.
        owner: a subclass of `config.Settings`.
        doc: the first paragraph heads `--help`.
        modes: the values of `--mode`, if there are several.
    """
    made = Parser(
        prog=program,
        description=inspect.cleandoc(doc).split("\n\n")[0],
        allow_abbrev=False,
        argument_default=argparse.SUPPRESS,
    )
    made.renamed = getattr(owner, "RENAMED", {})
    groups = {}
    for field in sorted(dataclasses.fields(owner), key=lambda field: _place(owner, field)):
        kind, flag, text = type_of(owner, field.name), "--" + field.name, _help(field)
        title = _title(owner, field)
        if title not in groups:
            groups[title] = made.add_argument_group(title)
        group = groups[title]
        if field.name == "mode" and modes:
            group.add_argument(flag, choices=list(modes), help=text)
        elif kind is bool:
            group.add_argument(flag, action="store_true", help=text)
            opposite = "the opposite" if field.default else argparse.SUPPRESS
            group.add_argument(
                f"--no_{field.name}", dest=field.name, action="store_false", help=opposite
            )
        elif typing.get_origin(kind) is typing.Literal:
            group.add_argument(flag, choices=typing.get_args(kind), help=text)
        else:
            group.add_argument(flag, metavar=field.name.upper(), help=text)
    return made


def _home(owner, field):
    """The class that declares a field. A program that changes the default does not count."""
    return [base for base in owner.__mro__ if field.name in vars(base).get("__annotations__", {})][
        -1
    ]


def _place(owner, field):
    """Sorts the fields for --help: a program's own, those of all programs, those of few users."""
    return bool(field.metadata.get("group")), _home(owner, field) is Run


def _title(owner, field):
    """The title of a field's group in --help."""
    home = inspect.getdoc(_home(owner, field)) or ""
    return field.metadata.get("group") or home.split("\n")[0].split(". ")[0].rstrip(".")


def _help(field):
    notes = [range_of(field)] if range_of(field) else []
    if field.metadata.get("required"):
        notes.append("required")
    elif field.default is not False and field.default != "":
        notes.append(f"default: {field.default}")
    text = field.metadata.get("help", "") + (f" ({'; '.join(notes)})" if notes else "")
    return text.strip().replace("%", "%%")


def read(program: str, owner: Type[Settings], doc: str, argv: Optional[Sequence[str]] = None):
    """The settings of a program without a run folder. Raises InputError."""
    given = _given(owner, parser(program, owner, doc), argv)
    for field in dataclasses.fields(owner):
        if field.metadata.get("required") and field.name not in given:
            raise InputError(f"--{field.name} is missing: {field.metadata['help']}")
    return owner.create(**given)


def _given(owner, made, argv):
    """The flags that were given: name -> value of the field's type."""
    given = vars(made.parse_args(argv))
    for name, value in given.items():
        field = field_of(owner, name)
        if isinstance(value, str) and value.startswith("~"):
            value = _at_home(name, value)
        given[name] = parsed(field, type_of(owner, name), value)
        if name in ("output_dir", "checkpoint") and not _readable(value):
            raise InputError(
                f"--{name} {value!a}: TensorFlow reads and writes only names in UTF-8: "
                "rename it, or set LC_ALL=C.UTF-8"
            )
        if name in ("output_dir", "checkpoint") and _unreachable(value):
            raise InputError(f"--{name} {value}: {_unreachable(value)}; give another path")
        if value and field.metadata["path"]:
            # A checkpoint is no file, but the beginning of the names of some.
            if not os.path.exists(value) and not glob.glob(glob.escape(value) + ".*"):
                raise InputError(f"--{name} {value} does not exist: give another path")
            given[name] = os.path.abspath(value)
    return given


def _readable(path):
    """Whether TensorFlow finds a path under the same name as Python."""
    try:
        return os.fsencode(path) == path.encode()
    except UnicodeEncodeError:
        return False


def _unreachable(path):
    """Why no file can ever be at a path: a name that is too long, links in a circle. "" if none."""
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except OSError as error:
        return error.strerror
    return ""


def _at_home(name, value):
    """A path without its ~. No shell expands --output_dir=~/x."""
    path = os.path.expanduser(value)
    if path.startswith("~"):
        raise InputError(
            f"--{name} {value}: there is no such home directory; give a path without ~, "
            f"or ./{value} for a file of this name"
        )
    return path


def parse(owner: Type[Run], modes: Sequence[str], doc: str, argv: Optional[Sequence[str]] = None):
    """Reads the command line of a program that trains.

    Args:
        owner: a subclass of `config.Run`.
        modes: what the program can do. "train" makes a run folder, the others read one.
        doc: the first paragraph heads `--help`.
        argv: the flags; those of the process if None.

    Returns:
        An instance of `owner`.

    Raises:
        InputError: an unknown flag, a value out of range, no checkpoint or a wrong one, or a folder
            that already holds a run.
    """
    given = _given(owner, parser(owner.PROGRAM, owner, doc, modes), argv)
    if given.get("mode", "train") != "train":
        return _for_trained(owner, given)
    if given.get("resume") and given.get("overwrite"):
        raise InputError("--resume and --overwrite contradict each other: give one of them")
    if given.get("resume") and "checkpoint" in given:
        raise InputError(
            "--resume continues from the run's newest checkpoint, --checkpoint starts a new run: "
            "give one of them"
        )
    given["output_dir"] = given.get("output_dir") or f"runs/{_short(owner)}"
    if given.get("resume"):
        return _for_resuming(owner, given)
    config = owner.create(**given)
    if config.checkpoint:
        config = config.replace(checkpoint=str(run_folder.find_checkpoint(config.checkpoint)))
    run_folder.check_new(config)
    run_folder.check_free(config.output_dir)
    return config


def _short(owner):
    return owner.PROGRAM.split(".")[-1]


def _for_trained(owner, given):
    """The configuration of a mode that follows training."""
    if not given.get("checkpoint"):
        raise InputError(
            f"--mode {given['mode']} needs --checkpoint: the folder of a run, "
            f"for example runs/{_short(owner)}"
        )
    checkpoint = run_folder.find_checkpoint(given["checkpoint"])
    stored = run_folder.settings(owner, checkpoint.parent)
    # A run that is older than a flag has its default.
    defaults = {field.name: field.default for field in dataclasses.fields(owner)}
    network = owner.names(network=True)
    _refuse(given, {**defaults, **stored}, network, checkpoint.parent, "leave it out")
    given = {"output_dir": str(checkpoint.parent), **given, "checkpoint": str(checkpoint)}
    return _merged(owner, stored, given, owner.names(inherited=True))


def _for_resuming(owner, given):
    """The configuration of a run that is continued."""
    folder = given["output_dir"]
    if not files.path(folder, "config.json").exists():
        raise InputError(
            f"{folder} holds no run to continue: "
            "start one with --checkpoint and weights, or without --resume"
        )
    stored = run_folder.settings(owner, folder)
    fixed = set(given) - set(owner.names(changeable=True))
    _refuse(given, stored, sorted(fixed), folder, "leave it out, or use another --output_dir")
    if "max_epochs" in given and "max_steps" not in given:
        stored["max_steps"] = 0
    return _merged(owner, stored, given, run_folder.kept(owner))


def _merged(owner, stored, given, inherited):
    """The stored settings with the names in `inherited`, and those that were given."""
    known = {name: value for name, value in stored.items() if name in inherited}
    return owner(**{**owner.overridden(given), **known, **given})


def _refuse(given, stored, names, folder, cure):
    """Raises InputError if a flag was given and differs from what the run in the folder has."""
    for name in names:
        if name in given and name in stored and given[name] != stored[name]:
            raise InputError(
                f"--{name} {given[name]} contradicts the run in {folder}, "
                f"which has {stored[name]}: {cure}"
            )


def main(
    owner: Type[Run],
    modes: Mapping[str, Callable[[Any], None]],
    doc: str,
    argv: Optional[Sequence[str]] = None,
    after_training: str = "",
    check: Callable[[Any], None] = lambda config: None,
) -> None:
    """Runs a program that trains: flags, a graph with the seed, then the function of the mode.

    Args:
        owner, doc, argv: see `parse`.
        modes: name -> function of the configuration.
        after_training: the mode that follows "train", in a graph of its own, with the new
            checkpoint; empty for none.
        check: function of the configuration that raises InputError if this call cannot work. It is
            quick: TensorFlow is loaded after it.

    Raises:
        SystemExit: see `errors.one_line`.
    """
    with one_line(owner.PROGRAM):
        config = parse(owner, list(modes), doc, argv)
        try:
            check(config)
            _run(owner, config, modes, after_training)
        except InputError as error:
            raise InputError(f"{error}{_new_place(owner, config, str(error))}") from error
        except KeyboardInterrupt as error:
            # With --overwrite the run in the folder may still be the old one.
            begun = run_folder.holds_a_run(config.output_dir) and not config.overwrite
            if config.mode != "train" or not begun:
                raise
            message = f"stopped; to continue: --resume --output_dir {config.output_dir}"
            fail(owner.PROGRAM, message, exit_status(error))


def _run(owner, config, modes, after_training):
    """Runs a mode, and what follows training."""
    from graphmode import sessions  # loads TensorFlow: only after the flags are good

    try:
        with sessions.graph(config):
            modes[config.mode](config)
    except sessions.tf.errors.ResourceExhaustedError as error:
        raise MemoryError(cause(error.message)) from error
    except Stopped as stopped:
        if config.mode != "train":
            raise
        fail(owner.PROGRAM, stopped.message, stopped.code)
    if config.mode != "train":
        return
    if not after_training:
        print(f"report: {files.path(config.output_dir, 'report.html')}")
        return
    sys.stderr.write(f"trained and saved; now: {after_training}\n")
    newest = str(run_folder.find_checkpoint(config.output_dir))
    trained = config.replace(checkpoint=newest, resume=False)
    try:
        with sessions.graph(trained):
            modes[after_training](trained)
    except InputError as error:  # the training is good nevertheless
        cure = _new_place(owner, config, str(error))
        run_folder.warn(config.output_dir, f"no {after_training}: {error}{cure}")


def _new_place(owner, config, message):
    """The cure if a message is about a path that a run remembers and that is not there."""
    for name in owner.names(path=True):
        path = getattr(config, name)
        if path and path in message and not os.path.exists(path):
            return f"; if it has moved, give its new place: --{name}"
    return ""


def tool(
    program: str, owner: Type[Settings], doc: str, run: Callable[[Any], None], argv=None
) -> None:
    """Runs a program without a run folder: flags, then `run` with the settings.

    Raises:
        SystemExit: see `errors.one_line`.
    """
    with one_line(program):
        run(read(program, owner, doc, argv))
