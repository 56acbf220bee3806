"""Names of Python's own library that Python 3.8 to 3.13 dropped."""

import collections.abc
import functools
import html
import importlib.util
import inspect
import math
import shlex
import sys
import time
import types
from typing import Any, Callable, Dict

ArgSpec = collections.namedtuple("ArgSpec", "args varargs keywords defaults")


def getargspec(func):
    """inspect.getargspec: the arguments of a function without keyword-only ones."""
    return ArgSpec(*inspect.getfullargspec(func)[:4])


def load_source(name, pathname, file=None):
    """imp.load_source: runs a file as a module of this name."""
    spec = importlib.util.spec_from_file_location(name, pathname)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _without(argument: str) -> Callable:
    """A function without an argument that had no effect any more."""

    def adapt(real):
        @functools.wraps(real)
        def call(*args, **named):
            named.pop(argument, None)
            return real(*args, **named)

        return call

    return adapt


def _whole(real):
    """random.randint and randrange take whole floats, as `n / 2` gives them."""

    @functools.wraps(real)
    def call(*limits, **named):
        whole = (int(limit) if limit == int(limit) else limit for limit in limits)
        return real(*whole, **named)

    return call


def _sample(real):
    """random.sample takes a set."""

    @functools.wraps(real)
    def sample(population, *args, **named):
        if isinstance(population, collections.abc.Set):
            population = tuple(population)
        return real(population, *args, **named)

    return sample


def _open(real):
    """open takes the mode "rU", which is "r" in Python 3."""

    @functools.wraps(real)
    def call(file, mode="r", *args, **named):
        return real(file, mode.replace("U", "") or "r", *args, **named)

    return call


_COLLECTIONS = [name for name in collections.abc.__all__ if name not in ("Buffer", "ByteString")]
_ASSERTIONS = {
    "assert_": "assertTrue",
    "assertAlmostEquals": "assertAlmostEqual",
    "assertEquals": "assertEqual",
    "assertNotEquals": "assertNotEqual",
    "assertRaisesRegexp": "assertRaisesRegex",
    "assertRegexpMatches": "assertRegex",
}
NAMES: Dict[str, Any] = {
    **{f"collections:{name}": f"collections.abc:{name}" for name in _COLLECTIONS},
    **{f"unittest:TestCase.{old}": f"unittest:TestCase.{new}" for old, new in _ASSERTIONS.items()},
    "array:array.fromstring": lambda self, text: self.frombytes(text),
    "array:array.tostring": lambda self: self.tobytes(),
    "base64:decodestring": "base64:decodebytes",
    "base64:encodestring": "base64:encodebytes",
    "cgi:escape": lambda s, quote=False: html.escape(s, quote),
    "fractions:gcd": math.gcd,
    "html.parser:HTMLParser.unescape": lambda self, text: html.unescape(text),
    "inspect:getargspec": getargspec,
    "locale:format": "locale:format_string",
    "sys:setcheckinterval": lambda interval: None,
    "threading:Thread.isAlive": "threading:Thread.is_alive",
    "time:clock": time.process_time,
    "xml.etree.ElementTree:Element.getchildren": lambda self: list(self),
    "xml.etree.ElementTree:Element.getiterator": lambda self, tag=None: list(self.iter(tag)),
    "xml.etree.ElementTree:ElementTree.getiterator": lambda self, tag=None: list(self.iter(tag)),
}
CHANGED: Dict[str, Callable] = {
    "builtins:open": _open,
    "json:loads": _without("encoding"),
    "random:randint": _whole,
    "random:randrange": _whole,
    "random:sample": _sample,
}
MODULES: Dict[str, Any] = {}
if sys.version_info >= (3, 12):  # distutils is still there: TensorFlow installs setuptools
    MODULES["imp"] = [
        {"load_source": load_source, "new_module": types.ModuleType, "reload": importlib.reload}
    ]
if sys.version_info >= (3, 13):
    MODULES["pipes"] = [{"quote": shlex.quote}]
    MODULES["cgi"] = [{"escape": NAMES["cgi:escape"]}]
