"""tf.app.flags as before TensorFlow 1.5, when it was not absl yet.

Programs of that time call `FLAGS._parse_flags()`, set FLAGS that they never defined, give defaults
of another type (`np.inf` for an integer), and define flags that absl has today: `log_dir`, `v`,
`verbosity`.
"""

import contextlib
import functools
import importlib
import sys
from typing import Iterator

from absl import flags as absl_flags

# Like TensorFlow's own module of flags: a flag belongs to the module that calls this one.
absl_flags.disclaim_key_flags()
_TYPED = ("DEFINE_string", "DEFINE_integer", "DEFINE_float", "DEFINE_boolean", "DEFINE_bool")


def _with_any_default(define):
    """A function like DEFINE_integer whose default can have any type, as argparse allowed."""

    @functools.wraps(define)
    def defined(*args, **kwargs):
        try:
            return define(*args, **kwargs)
        except absl_flags.IllegalFlagValueError:
            args, kwargs = list(args), dict(kwargs)
            where = args if len(args) > 1 else kwargs
            place = 1 if len(args) > 1 else "default" if "default" in kwargs else "default_value"
            default, where[place] = where[place], None
            holder = define(*args, **kwargs)
        flag = absl_flags.FLAGS[_name(args, kwargs)]
        flag.default = flag.value = default
        flag.default_unparsed, flag.default_as_str = default, repr(default)
        return holder

    return defined


def _name(args, kwargs):
    return args[0] if args else kwargs.get("name", kwargs.get("flag_name"))


def _parse_flags(args=None):
    """FLAGS._parse_flags: reads the command line. Returns what is no flag."""
    given = sys.argv if args is None else [sys.argv[0], *args]
    return absl_flags.FLAGS(given, known_only=True)[1:]


def _define_unknown(name, value):
    """FLAGS.name = value without a definition."""
    absl_flags.DEFINE_string(name, None, "set by the program")
    absl_flags.FLAGS[name].value = value


@contextlib.contextmanager
def installed() -> Iterator[None]:
    """Inside, flags are as before TensorFlow 1.5. Afterwards those of the program are gone."""
    values = absl_flags.FLAGS
    was_parsed = values.is_parsed()
    before, internals = dict(values._flags()), vars(values)
    overridable = {flag: flag.allow_override for flag in before.values()}
    for flag in before.values():  # those of absl and TensorFlow; the program can have its own
        flag.allow_override = True
    internals["_parse_flags"] = _parse_flags
    internals["__set_unknown"] = _define_unknown  # absl's hook for unknown flags
    module = importlib.import_module("tensorflow.python.platform.flags")
    plain = {name: getattr(module, name) for name in _TYPED}
    for name, define in plain.items():
        setattr(module, name, _with_any_default(define))
    try:
        yield
    finally:
        vars(module).update(plain)
        internals["__set_unknown"] = None
        del internals["_parse_flags"]
        _restore(values, before)
        for flag, value in overridable.items():
            flag.allow_override = value
        if not was_parsed and values.is_parsed():
            values.unparse_flags()


def _restore(values, before):
    current = values._flags()
    for name in [name for name in current if current[name] is not before.get(name)]:
        delattr(values, name)
    for name, flag in before.items():
        if name not in current:
            values[name] = flag
