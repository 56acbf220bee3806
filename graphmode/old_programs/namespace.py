"""TensorFlow 1's namespace: `import tensorflow` gives what programs of its time expect.

No code is copied. The names are those of tensorflow.compat.v1 and tf_slim. The tables of `tables`
and one import hook find them. A name that is missing raises an error with its line and a
replacement.
"""

import contextlib
import importlib
import importlib.abc
import importlib.machinery
import os
import runpy
import sys
import types
from typing import Any, Iterator, Sequence

from graphmode import repairs
from graphmode.old_programs import companions
from graphmode.old_programs.tables import CURES, MODULES, VERSION


class Missing(AttributeError):
    """A missing name of TensorFlow 1. The message has the line that uses it and a replacement."""

    def __init__(self, name: str):
        super().__init__(_message(name))


class MissingModule(ImportError):
    """The same for a module that a program imports."""

    def __init__(self, name: str):
        super().__init__(_message(name))


def _message(name):
    parents = [name.rsplit(".", n)[0] for n in range(name.count(".") + 1)]
    cure = next((CURES[part] for part in parents if part in CURES), "what tf and slim have")
    version = repairs.load("tensorflow.compat.v1").__version__
    return f"{_place()}tf.{name} is missing in TensorFlow {version}; instead: {cure}"


def _place():
    """`FILE:LINE: ` of the program that asks for a name."""
    frame = sys._getframe(1)
    while frame and (
        frame.f_globals.get("__name__", "").startswith(("graphmode", "importlib"))
        or "importlib" in frame.f_code.co_filename
    ):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}: " if frame else ""


def source(entry: Any) -> Any:
    """The object of an entry of `MODULES`. Raises AttributeError if the path does not exist."""
    if not isinstance(entry, str):
        return entry
    package, *names = entry.split(".")
    value = repairs.load("tensorflow.compat.v1" if package == "tf" else package)
    for name in names:
        value = getattr(value, name)
    return value


class View(types.ModuleType):
    """A module of TensorFlow 1, which looks its names up in the sources that `MODULES` names."""

    def __init__(self, name: str, sources: Sequence[Any]):
        super().__init__(f"tensorflow.{name}" if name else "tensorflow")
        self.__path__, self._own, self._sources = [], name, sources

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        whole = f"{self._own}.{name}" if self._own else name
        if whole in MODULES:
            return importlib.import_module(f"tensorflow.{whole}")
        for entry in self._sources:
            value = getattr(source(entry), name, self)
            if value is not self:
                return value
        with contextlib.suppress(ImportError):
            if self._own == "contrib.slim":
                return importlib.import_module(f"tf_slim.{name}")
            if not self._own:  # a module of the real TensorFlow that version 1's names leave out
                return importlib.import_module(f"tensorflow.{name}")
        raise Missing(whole)

    def __dir__(self):
        names = {name for entry in self._sources for name in dir(source(entry))}
        children = {path.rpartition(".")[2] for path in MODULES if _parent(path) == self._own}
        return sorted(names | children)


def _parent(path):
    return path.rpartition(".")[0]


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """The import hook for modules that only TensorFlow 1 had, and for keras, which was Keras 2."""

    def find_spec(self, fullname, path=None, target=None):
        package, _, name = fullname.partition(".")
        ours = package == "keras" or (
            package == "tensorflow" and name.split(".")[0] in ("contrib", "examples", "nn", "train")
        )
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True) if ours else None

    def create_module(self, spec):
        package, _, name = spec.name.partition(".")
        if package == "keras":
            with contextlib.suppress(ImportError):
                return importlib.import_module(f"tf_keras.api._v1.{spec.name}")
            raise MissingModule(spec.name)
        if name in MODULES:
            return View(name, MODULES[name])
        if name.startswith("contrib.slim."):  # for example contrib.slim.nets
            with contextlib.suppress(ImportError):
                return importlib.import_module(name.replace("contrib.slim", "tf_slim", 1))
        if name.startswith("nn."):  # nn.rnn_cell
            return source(f"tf.{name}")
        parent, _, last = name.rpartition(".")
        if parent in MODULES:
            view = importlib.import_module(f"tensorflow.{parent}")
            if hasattr(view, last):
                return getattr(view, last)
            for entry in filter(lambda entry: isinstance(entry, str), MODULES[parent]):
                with contextlib.suppress(ImportError):
                    return importlib.import_module(f"{entry}.{last}")
        raise MissingModule(name)

    def exec_module(self, module):
        """Does nothing: a view looks its names up later."""


@contextlib.contextmanager
def installed(with_companions: bool = True) -> Iterator[View]:
    """Inside, `import tensorflow` gives TensorFlow 1.

    Args:
        with_companions: whether numpy, Pillow and scipy have their old names, too.
    """
    repairs.load("tf_slim")
    real, finder = sys.modules["tensorflow"], _Finder()
    view = View("", ["tf"])
    vars(view).update(
        __path__=real.__path__,
        __file__=real.__file__,
        __spec__=real.__spec__,
        __version__=VERSION,
        VERSION=VERSION,
        compat=real.compat,
        python=importlib.import_module("tensorflow.python"),
    )
    before = set(sys.modules)
    sys.modules["tensorflow"] = view
    sys.meta_path.insert(0, finder)
    try:
        with companions.installed() if with_companions else contextlib.nullcontext():
            yield view
    finally:
        sys.meta_path.remove(finder)
        sys.modules["tensorflow"] = real
        for name in set(sys.modules) - before:
            if isinstance(sys.modules[name], View) or name.split(".")[0] == "keras":
                del sys.modules[name]


def run(script: str, arguments: Sequence[str]) -> None:
    """Runs a program as `__main__`. Its folder is first on sys.path.

    Its output and its errors are its own.
    """
    folder = os.path.dirname(os.path.abspath(script))
    argv, path = sys.argv, sys.path[:]
    try:
        with installed():  # first: TensorFlow must not import a queue.py of that folder
            sys.argv = [script, *arguments]
            sys.path[:] = [folder, *(entry for entry in path if entry not in ("", folder))]
            runpy.run_path(script, run_name="__main__")
    finally:
        sys.argv, sys.path[:] = argv, path
