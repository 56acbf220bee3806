"""The command line of every program: flags from a `Config`, one line for a mistake, the same rules for run folders.

A program declares its numbers in a NamedTuple, a line each, the comment being the help text:

    class Config(NamedTuple):
        latent_size: cli.whole(1) = 20  # length of z, as in the text

    implies = {}  # "as_published" or "preset small" -> numbers that this flag changes, unless they are given
    shared = ()  # NamedTuples of flags that several programs have
    fixed = ()  # names of flags that no mode may give otherwise than the run has them
    momentary = ()  # names of flags that modes other than train do not take over from the run

and calls `main`. The flags of `Run`, which all programs share, are added; a program changes the default of one
by naming it in its own `Config`. TensorFlow is not imported here before the flags are known to be good.
"""

import argparse
import collections
import difflib
import inspect
import os
import re
import sys
import typing
from typing import NamedTuple

from graphmode import runs
from graphmode.runs import InputError, fail, one_line


def whole(minimum, maximum=None):
    """A flag type: whole numbers from minimum to maximum (None: no limit)."""
    return _number(int, "a whole number", minimum, maximum)


def real(minimum, maximum=None):
    """A flag type: finite numbers from minimum to maximum (None: no limit)."""
    return _number(float, "a number", minimum, maximum)


def _number(kind, kind_name, minimum, maximum):
    bounds = "{} from {}".format(kind_name, minimum) + ("" if maximum is None else " to {}".format(maximum))

    def parse(text):
        try:
            value = kind(text)
        except ValueError:
            value = None
        if value is None or not minimum <= value <= (float("1e300") if maximum is None else maximum):
            raise argparse.ArgumentTypeError("{!r} is not {}".format(text, bounds))
        return value
    parse.__name__ = bounds
    return parse


class Run(NamedTuple):
    """The flags of every program (pix2pix's names). `program` is no flag: `parse` fills it in."""
    program: str = ""
    mode: str = "train"
    input_dir: str = ""  # folder with the data; empty: see --data
    output_dir: str = ""  # the run's folder; empty: runs/PROGRAM when training, else the checkpoint's folder
    checkpoint: str = ""  # a run's folder, or one model.ckpt-N in it: its weights, and but for training its settings too
    resume: bool = False  # go on with the run in --output_dir from its last checkpoint, with its settings
    overwrite: bool = False  # start anew in a folder that holds a run
    as_published: bool = False  # the text's literal code where the default differs from it (docs/errata.md)
    seed: whole(0, 2**31 - 1) = 0  # of weights, noise and the order of the examples
    max_steps: whole(0) = 0  # stop after this many steps (0: --max_epochs decides)
    max_epochs: whole(1) = 20  # passes over the training set
    batch_size: whole(1) = 128  # examples per step
    summary_freq: whole(1) = 100  # steps between rows of scalars.csv, each the mean since the row before; and events
    progress_freq: whole(1) = 50  # steps between new numbers beside the progress bar
    display_freq: whole(0) = 500  # steps between picture grids in samples/ (0: none)
    save_freq: whole(1) = 1000  # steps between checkpoints
    keep: whole(1) = 5  # how many checkpoints stay, the newest ones
    precision: typing.Literal["float32", "mixed"] = "float32"  # mixed: training multiplies in bfloat16, if the processor can
    trace_freq: whole(0) = 0  # steps between execution traces (open trace-N.json in Perfetto or chrome://tracing; 0: none)


# May change when a run is resumed; every other flag is the run's own.
_CHANGEABLE = set(Run._fields) - {"as_published", "seed", "batch_size"}
# Belong to one invocation, not to the run: never taken over from config.json.
_OF_THE_MOMENT = {"program", "mode", "output_dir", "checkpoint", "resume", "overwrite"}


def _fields(config_class):
    """name -> (type, default, help) of Run's fields, those of `shared` and the program's own, which win."""
    fields = {}
    for owner in (Run, *getattr(config_class, "shared", ()), config_class):
        comments = dict(re.findall(r"^\s*(\w+): .*?  # (.*)$", _source(owner), re.M))
        for name in owner._fields:
            kind, default = owner.__annotations__[name], owner._field_defaults[name]
            fields[name] = (kind, default, comments.get(name) or fields.get(name, (None, None, ""))[2])
    return fields


def _source(owner):
    try:
        return inspect.getsource(owner)
    except OSError:  # no source at hand (an interactive session): flags without help texts
        return ""


def settings(config_class, **values):
    """A program's whole configuration: `Run`'s fields and its own, with `values` and what they imply in place of defaults."""
    fields = _fields(config_class)
    config = collections.namedtuple("Config", fields)(*(default for _, default, _ in fields.values()))
    given = {name if value is True else "{} {}".format(name, value) for name, value in values.items()}
    implied = [numbers for flag, numbers in getattr(config_class, "implies", {}).items() if flag in given]
    return config._replace(**{**collections.ChainMap(*implied[::-1]), **values})


class Parser(argparse.ArgumentParser):
    """Raises InputError where argparse would print its usage."""

    def error(self, message):
        unknown = re.match(r"unrecognized arguments: (--[^\s=]+)", message)
        like = difflib.get_close_matches(unknown[1], self._option_string_actions, 1) if unknown else []
        raise InputError(message + "".join("; do you mean {}?".format(flag) for flag in like))


def _parser(program, config_class, modes, doc):
    parser = Parser(prog=program, description=inspect.cleandoc(doc).split("\n\n")[0], allow_abbrev=False,
                     argument_default=argparse.SUPPRESS)
    for name, (kind, default, text) in _fields(config_class).items():
        text = text.replace("%", "%%") + ("" if default is False or default == "" else " (default: {})".format(default))
        if name == "program":
            continue
        if name == "mode":
            parser.add_argument("--mode", choices=list(modes), help="what to do (default: train)")
        elif kind is bool:
            parser.add_argument("--" + name, action="store_true", help=text)
            parser.add_argument("--no_" + name, dest=name, action="store_false",
                                help="the opposite" if default else argparse.SUPPRESS)
        elif typing.get_origin(kind) is typing.Literal:
            parser.add_argument("--" + name, choices=typing.get_args(kind), help=text)
        else:
            parser.add_argument("--" + name, type=kind, metavar=name.upper(), help=text)
    return parser


def parse(program, config_class, modes, doc, argv=None):
    """Reads the command line into one configuration.

    Args:
        program: name of the module, which a run folder remembers.
        config_class: NamedTuple with the program's own flags.
        modes: names of what the program can do; "train" makes a run folder, the others read one.
        doc: its first paragraph heads `--help`.
        argv: flags; the process's own if None.

    Raises:
        InputError: unknown flag, value out of range, no or wrong checkpoint, a folder that already holds a run.
    """
    given = vars(_parser(program, config_class, modes, doc).parse_args(argv))
    for name, value in given.items():
        if isinstance(value, str) and value.startswith("~"):
            given[name] = os.path.expanduser(value)  # --output_dir=~/x: no shell does it there
        if value and name in ("input_dir", "val_dir"):
            given[name] = os.path.abspath(given[name])  # a run remembers it, wherever it is evaluated
    config = settings(config_class, program=program, **given)
    if config.mode != "train":
        if not config.checkpoint:
            raise InputError("--mode {} needs --checkpoint: the folder of a run, for example runs/{}".format(
                config.mode, program.split(".")[-1]))
        checkpoint = runs.find_checkpoint(config.checkpoint)
        folder = checkpoint.parent
        saved = _saved(program, folder, config)
        _refuse(given, saved, getattr(config_class, "fixed", ()), folder, "leave it out")
        saved = {name: value for name, value in saved.items() if name not in getattr(config_class, "momentary", ())}
        return config._replace(**{**saved, "output_dir": str(folder), **given, "checkpoint": str(checkpoint)})
    if not config.output_dir:
        config = config._replace(output_dir="runs/" + program.split(".")[-1])
    if config.resume and config.overwrite:
        raise InputError("--resume and --overwrite contradict each other: give one")
    if config.resume and "checkpoint" in given:
        raise InputError("--resume goes on from the run's newest checkpoint, --checkpoint begins a new run: give one")
    if config.checkpoint:
        config = config._replace(checkpoint=str(runs.find_checkpoint(config.checkpoint)))
    if config.resume:
        if not runs.path(config.output_dir, "config.json").exists():
            raise InputError("{} holds no run to go on with: begin with --checkpoint and weights, or without --resume".format(
                config.output_dir))
        saved = _saved(program, config.output_dir, config)
        _refuse(given, saved, given.keys() - _CHANGEABLE, config.output_dir, "leave it out, or use another --output_dir")
        if "max_epochs" in given and "max_steps" not in given:
            saved["max_steps"] = 0
        return config._replace(**{**saved, **given})
    if runs.holds_a_run(config.output_dir) and not config.overwrite:
        raise InputError("{} already holds a run: --resume goes on with it, --overwrite starts anew".format(
            config.output_dir))
    runs.check_free(config.output_dir)
    return config


def _refuse(given, saved, names, folder, cure):
    """Raises InputError if one of the flags `names` was given and is another than the run in the folder has."""
    for name in names:
        if name in given and name in saved and saved[name] != given[name]:
            raise InputError("--{} {} contradicts the run in {}, which has {}: {}".format(
                name, given[name], folder, saved[name], cure))


def _saved(program, folder, config):
    """The settings of the run in a folder that are this program's."""
    owner, found = runs.stored(folder)
    if owner != program:
        raise InputError("{} holds a run of {}, not of {}".format(folder, owner, program))
    return {name: value for name, value in found.items() if name in config._fields and name not in _OF_THE_MOMENT}


def saved(program, config_class, run):
    """The configuration of another program's run, from its folder or a checkpoint in it; `checkpoint` is its weights.

    A flag that its config.json does not name (an older run's) has its default. Raises InputError.
    """
    checkpoint, config = runs.find_checkpoint(run), settings(config_class, program=program)
    found = _saved(program, checkpoint.parent, config)
    return config._replace(**{**found, "output_dir": str(checkpoint.parent), "checkpoint": str(checkpoint)})


def main(program, config_class, modes, doc, argv=None, after_training=None):
    """Runs one program: flags, seed, then the function of the mode.

    Args:
        program, config_class, doc, argv: see `parse`.
        modes: name -> function of a configuration.
        after_training: a mode that follows "train", in a graph of its own, with the checkpoint just written.

    Raises:
        SystemExit: with one line on stderr; 2 for an InputError, 1 for a number that is no longer finite or a file that
            cannot be written, 130 for Ctrl-C outside training.
    """
    with one_line(program, "stopped"):
        config = parse(program, config_class, modes, doc, argv)
        from graphmode import sessions  # not before the flags are good
        try:
            with sessions.graph(config):
                modes[config.mode](config)
        except runs.Stopped as stopped:
            if config.mode != "train":
                raise
            fail(program, stopped.message, stopped.code)
        if config.mode == "train" and not after_training:
            print("report: {}".format(runs.path(config.output_dir, "report.html")))
        elif config.mode == "train":
            sys.stderr.write("trained and saved; now: {}\n".format(after_training))
            trained = config._replace(checkpoint=str(runs.find_checkpoint(config.output_dir)), resume=False)
            try:
                with sessions.graph(trained):
                    modes[after_training](trained)
            except InputError as error:  # the training is good nevertheless
                runs.warn(config.output_dir, "no {}: {}".format(after_training, error))
