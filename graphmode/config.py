"""The settings of a program: a frozen dataclass whose fields are also the program's flags.

A program declares a class that inherits `Run` (and other shared classes), one field per flag:

    @dataclasses.dataclass(frozen=True)
    class Config(config.Run, tips.Tips):
        PROGRAM = "gan_book.gan"
        AS_PUBLISHED = {"lr": 0.0001}  # what --as_published changes

        dim: int = setting(100, at_least=1, network=True, help="number of units of z")

Each field carries its type, default, help text and range as data. `--help`, config.json, resuming
and reports are made from the class. Construction validates: `Config(dim=0)` raises InputError.
"""

import dataclasses
import functools
import math
import typing
from typing import Any, ClassVar, Dict, Literal, Mapping, Optional, Sequence

from graphmode.errors import InputError

# The heading of flags that only several workers heed
WORKERS = "Several GPUs or machines (./run.sh --workers 2 MODULE; docs/scaling.md)"
LARGEST = 2**31 - 1  # of whole numbers: those of TensorFlow's shapes have 32 bits
MOST_UNITS = 2**16  # of a layer: with more, the sizes of weights no longer fit TensorFlow's numbers


def setting(
    default,
    *,
    help="",
    at_least=None,
    at_most=None,
    above=None,
    network=False,
    changeable=False,
    path=False,
    inherited=True,
    overrides=None,
    required=False,
    group="",
):
    """A field of a configuration.

    Args:
        default: the value without the flag.
        help: a phrase for `--help`.
        at_least, at_most, above: the range of a number (None: no limit).
        network: whether the trained network depends on it. No later mode may give another value.
            A whole number is at most `MOST_UNITS` then.
        changeable: whether `--resume` accepts another value: frequencies, learning rates, lengths.
        path: whether it is a file or folder that the program reads. It must exist, and is stored
            as an absolute path. It is changeable, because it may move.
        inherited: whether the modes other than train take the value from the run's config.json.
        overrides: value of this flag -> (other flag -> value): the defaults that it changes. An
            override does not replace a flag that the user gives.
        required: whether the user must give it.
        group: the heading in `--help`; empty: that of the class.

    Returns:
        A dataclasses.field.
    """
    if network and type(default) is int and at_most is None:
        at_most = MOST_UNITS
    limits = {"at_least": at_least, "at_most": at_most, "above": above}
    return dataclasses.field(
        default=default,
        metadata={
            "help": help,
            "limits": {name: limit for name, limit in limits.items() if limit is not None},
            "network": network,
            "changeable": changeable or path,
            "path": path,
            "inherited": inherited,
            "overrides": overrides or {},
            "required": required,
            "group": group,
        },
    )


@dataclasses.dataclass(frozen=True)
class Settings:
    """A class of validated settings. Subclasses are frozen dataclasses with `setting` fields."""

    def __post_init__(self):
        for field in dataclasses.fields(self):
            value = parsed(field, type_of(type(self), field.name), getattr(self, field.name))
            object.__setattr__(self, field.name, value)
        self.check()

    def check(self) -> None:
        """Raises InputError if values do not fit together. Subclasses extend it."""

    @classmethod
    def create(cls, **given):
        """Settings from the values that the user gives.

        The other fields have their defaults, or what the given flags change them to (`overrides`
        and AS_PUBLISHED).
        """
        return cls(**{**cls.overridden(given), **given})

    @classmethod
    def overridden(cls, given: Mapping[str, Any]) -> Dict[str, Any]:
        """The values that the given flags change: name -> value. Later fields win."""
        values: Dict[str, Any] = {}
        for field in dataclasses.fields(cls):
            if field.name in given:
                values.update(overrides_of(cls, field).get(given[field.name], {}))
        return values

    def replace(self, **values):
        """A copy with other values, validated again."""
        return dataclasses.replace(self, **values)


def overrides_of(owner, field) -> Dict[Any, Dict[str, Any]]:
    """Value -> (other flag -> value) of one field. `as_published` has its table in the class."""
    if field.name == "as_published":
        return {True: owner.AS_PUBLISHED}
    return field.metadata.get("overrides", {})


@functools.lru_cache(maxsize=None)
def _types(owner):
    return typing.get_type_hints(owner)


def type_of(owner, name):
    """The type of a field: int, float, bool, str or a Literal of strings."""
    return _types(owner)[name]


def range_of(field) -> str:
    """The range of a number field in words: "at least 1", or "" without limits."""
    limits = field.metadata.get("limits", {})
    words = {"above": "above", "at_least": "at least", "at_most": "at most"}
    return ", ".join(f"{words[name]} {limits[name]}" for name in words if name in limits)


def parsed(field, kind, value):
    """A value of a field, checked and of the field's type.

    Args:
        field: a dataclasses.Field made by `setting`.
        kind: its type, from `type_of`.
        value: a str from the command line, or a value of the type.

    Raises:
        InputError: the value has another type, is not finite or is out of range.
    """
    flag = f"--{field.name}"
    if typing.get_origin(kind) is Literal:
        choices = typing.get_args(kind)
        if not isinstance(value, str) or value not in choices:
            raise InputError(f"{flag} {value!r} is not one of {', '.join(choices)}")
        return value
    if kind is bool or kind is str:
        if not isinstance(value, kind):
            raise InputError(
                f"{flag} {value!r} is not {'a string' if kind is str else 'True or False'}"
            )
        if kind is str and not _writable(value):
            raise InputError(f"{flag} {value!a} has a character that no name of a file can have")
        return value
    number = _number(kind, value)
    if number is None or not _within(field.metadata.get("limits", {}), number):
        limits = f" ({range_of(field)})" if range_of(field) else ""
        words = "a whole number" if kind is int else "a number"
        raise InputError(f"{flag} {value!r} is not {words}{limits}")
    return number


def _writable(text):
    """Whether a text can be the name of a file. Names that are no UTF-8 hold surrogates."""
    try:
        return b"\0" not in text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return False


def _number(kind, value):
    """An int or a finite float, or None if the value is neither."""
    try:
        number = float(value) if kind is float or isinstance(value, float) else int(value)
        if isinstance(value, bool) or not math.isfinite(number) or number != kind(number):
            return None
        if kind is int and abs(number) > LARGEST:
            return None
        return kind(number)
    except (TypeError, ValueError, OverflowError):
        return None


def _within(limits, number):
    return limits.get("at_least", -math.inf) <= number <= limits.get(
        "at_most", math.inf
    ) and number > limits.get("above", -math.inf)


@dataclasses.dataclass(frozen=True)
class Run(Settings):
    """Settings of every program that trains.

    The names are those of pix2pix-tensorflow.
    """

    PROGRAM: ClassVar[str] = ""  # the module that runs it, as config.json names it
    FORMER_PROGRAMS: ClassVar[Sequence[str]] = ()  # the module's earlier names
    # Earlier names of flags, for runs made with them: old name -> (name, old value -> value).
    RENAMED: ClassVar[Mapping[str, Any]] = {}
    AS_PUBLISHED: ClassVar[Mapping[str, Any]] = {}  # what --as_published changes

    mode: str = setting("train", inherited=False, help="what to do")
    input_dir: str = setting("", path=True, help="folder with the data; empty: see --data")
    output_dir: str = setting(
        "",
        changeable=True,
        inherited=False,
        help="folder of the run; empty: runs/PROGRAM for training, else the checkpoint's folder",
    )
    checkpoint: str = setting(
        "",
        changeable=True,
        inherited=False,
        help="folder of a run, or one model.ckpt-N in it: the weights to start from; "
        "the modes other than train also take its settings",
    )
    resume: bool = setting(
        False,
        changeable=True,
        inherited=False,
        help="continue the run in --output_dir from its last checkpoint, with its settings",
    )
    overwrite: bool = setting(
        False,
        changeable=True,
        inherited=False,
        help="delete the run that is in the folder, and start again",
    )
    as_published: bool = setting(
        False,
        network=True,
        help="run the text's literal code where the default differs from it (docs/errata.md)",
    )
    seed: int = setting(
        0, at_least=0, at_most=2**31 - 1, help="seed of weights, noise and the order of examples"
    )
    max_steps: int = setting(
        0,
        at_least=0,
        at_most=10**9,
        changeable=True,
        help="number of training steps; 0: see --max_epochs",
    )
    max_epochs: int = setting(
        20, at_least=1, changeable=True, help="number of passes over the training set"
    )
    batch_size: int = setting(128, at_least=1, help="examples per step")
    summary_freq: int = setting(
        100,
        at_least=1,
        changeable=True,
        help="steps between rows of scalars.csv and TensorBoard events; "
        "a row has the means since the previous row",
    )
    progress_freq: int = setting(
        50, at_least=1, changeable=True, help="steps between new numbers in the progress bar"
    )
    display_freq: int = setting(
        500, at_least=0, changeable=True, help="steps between image grids in samples/; 0: none"
    )
    save_freq: int = setting(1000, at_least=1, changeable=True, help="steps between checkpoints")
    keep: int = setting(
        5, at_least=1, changeable=True, help="number of checkpoints that are kept, the newest ones"
    )
    precision: Literal["float32", "mixed"] = setting(
        "float32",
        changeable=True,
        help="mixed: training multiplies matrices in bfloat16, on CPUs that support it",
    )
    trace_freq: int = setting(
        0,
        at_least=0,
        changeable=True,
        help="steps between execution traces, trace-N.json for Perfetto; 0: none",
    )
    sync_batch_norm: bool = setting(
        False,
        changeable=True,
        group=WORKERS,
        help="the statistics of batch norms are over the batches of all workers",
    )
    accumulate: int = setting(
        1,
        at_least=1,
        changeable=True,
        group=WORKERS,
        help="small runs of a worker for one step: less memory, fewer exchanges of gradients",
    )
    exchange: Literal["float32", "bfloat16"] = setting(
        "float32",
        changeable=True,
        group=WORKERS,
        help="the numbers in which workers exchange gradients; bfloat16 has half the bytes",
    )
    patience: float = setting(
        10.0,
        above=0.0,
        changeable=True,
        group=WORKERS,
        help="seconds after which a worker that does not answer counts as gone",
    )

    @classmethod
    def names(cls, **wanted) -> Sequence[str]:
        """Names of the fields with the given metadata, for example `names(network=True)`."""
        return [
            field.name
            for field in dataclasses.fields(cls)
            if all(field.metadata.get(key) == value for key, value in wanted.items())
        ]


def field_of(owner, name) -> Optional[dataclasses.Field]:
    """The field with this name, or None."""
    return {field.name: field for field in dataclasses.fields(owner)}.get(name)
