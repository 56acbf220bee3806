"""TensorFlow 1's namespace: `import tensorflow` gives what programs of its time expect.

No code is copied. The names are those of tensorflow.compat.v1 and tf_slim. The tables of `tables`
and one import hook find them, and `behavior` changes functions that behave otherwise today. A name
that is missing raises an error with its line and a replacement.
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
from graphmode.old_programs import (
    behavior,
    companions,
    imports,
    inner_modules,
    notices,
    old_names,
    tables,
)
from graphmode.old_programs.tables import CURES, VERSION

MODULES = {**behavior.MODULES, **tables.MODULES}
_FIRST_NAMES = {name.split(".")[0] for name in (*MODULES, *CURES)}
# The folder of this project, if it is not installed: its package `data` is not the program's.
_PROJECT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def version() -> str:
    """The version of TensorFlow 1 that programs are told: the variable TF1_VERSION, or 1.15.5."""
    return os.environ.get("TF1_VERSION") or VERSION


# Names whose objects are not always the same.
_CHANGING = {
    "Tensor": behavior.tensor,
    "VERSION": version,
    "__version__": version,
    "version.VERSION": version,
}


class Missing(AttributeError):
    """A missing name of TensorFlow 1. The message has the line that uses it and a replacement."""

    def __init__(self, name: str):
        super().__init__(_message(name))


class MissingModule(ModuleNotFoundError):
    """The same for a module that a program imports."""

    def __init__(self, name: str):
        super().__init__(_message(name))


def _message(name):
    parents = [name.rsplit(".", n)[0] for n in range(name.count(".") + 1)]
    cure = next((CURES[part] for part in parents if part in CURES), "what tf and slim have")
    today = repairs.load("tensorflow.compat.v1").__version__
    return f"{notices.place()}tf.{name} is missing in TensorFlow {today}; instead: {cure}"


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
        if name == "__all__":  # for `from tensorflow.contrib.layers import *`
            return [public for public in dir(self) if not public.startswith("_")]
        whole = f"{self._own}.{name}" if self._own else name
        if whole in MODULES:
            return importlib.import_module(f"tensorflow.{whole}")
        if whole in _CHANGING:
            return _CHANGING[whole]()
        if name.startswith("__"):
            raise AttributeError(name)
        value = behavior.adapt(whole, self._find(name, whole))
        setattr(self, name, value)  # the next use does not come here
        return value

    def _find(self, name, whole):
        values = (getattr(source(entry), name, self) for entry in self._sources)
        modules = []
        for value in values:
            if not isinstance(value, types.ModuleType):
                return value
            if value is not self:
                modules.append(value)  # perhaps only what the source imports for itself
        for value in (*modules, old_names.find(whole)):
            if value is not None:
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
        return sorted({*names, *children, *vars(self)})


def _parent(path):
    return path.rpartition(".")[0]


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """The import hook for modules that only TensorFlow 1 had, and for keras, which was Keras 2."""

    def find_spec(self, fullname, path=None, target=None):
        package, _, name = fullname.partition(".")
        if package == "keras":
            return importlib.machinery.ModuleSpec(fullname, self, is_package=True)
        # For libraries, `import tensorflow` is the real one: see `imports`.
        if package != "tensorflow" or not isinstance(sys.modules.get("tensorflow"), View):
            return None
        first = name.split(".")[0]
        if first in imports.SHARED:
            return None
        if first in _FIRST_NAMES or isinstance(getattr(source("tf"), first, None), type(sys)):
            return importlib.machinery.ModuleSpec(fullname, self, is_package=True)
        return None

    def create_module(self, spec):
        package, _, name = spec.name.partition(".")
        if package == "keras":
            with contextlib.suppress(ImportError):
                return importlib.import_module(f"tf_keras.api._v1.{spec.name}")
            raise MissingModule(spec.name)
        module = self._of_tensorflow(name)
        if not isinstance(module, type(sys)):
            raise ModuleNotFoundError(f"No module named {spec.name!r}", name=spec.name)
        spec.loader_state = getattr(module, "__spec__", None)
        return module

    def _of_tensorflow(self, name):
        if name in MODULES:
            return View(name, MODULES[name])
        if name.startswith("contrib.slim."):  # for example contrib.slim.nets
            with contextlib.suppress(ImportError):
                return importlib.import_module(name.replace("contrib.slim", "tf_slim", 1))
        parent, _, last = name.rpartition(".")
        view = importlib.import_module(f"tensorflow.{parent}".rstrip("."))
        if hasattr(view, last):
            return getattr(view, last)
        for entry in filter(lambda entry: isinstance(entry, str), MODULES.get(parent, [])):
            with contextlib.suppress(ImportError):
                return importlib.import_module(f"{entry}.{last}")
        raise MissingModule(name)

    def exec_module(self, module):
        """Executes nothing: a view looks its names up later, and a module of today is loaded."""
        if module.__spec__.loader_state is not None:
            module.__spec__ = module.__spec__.loader_state


@contextlib.contextmanager
def installed(with_companions: bool = True) -> Iterator[View]:
    """Inside, `import tensorflow` gives TensorFlow 1.

    Its version is 1.15.5, or that of the environment variable TF1_VERSION.

    Args:
        with_companions: whether numpy, Pillow and scipy have their old names, too.
    """
    with _installed(with_companions) as (view, _):
        yield view


@contextlib.contextmanager
def _installed(with_companions=True):
    repairs.load("tf_slim")
    view, split = _view(sys.modules["tensorflow"]), imports.Split()
    finder, before = _Finder(), set(sys.modules)
    with contextlib.ExitStack() as stack:
        stack.enter_context(split.keeping(imports.OLD_KERAS))
        stack.enter_context(split.apart(["tensorflow"]))
        sys.modules["tensorflow"] = view
        sys.meta_path.insert(0, finder)
        stack.callback(sys.meta_path.remove, finder)
        stack.callback(_forget_keras, before)
        stack.enter_context(split.in_effect())
        stack.enter_context(behavior.installed())
        stack.enter_context(inner_modules.installed())
        if with_companions:
            stack.enter_context(companions.installed())
        yield view, split


def _view(real):
    """The module `tensorflow` of version 1."""
    view, compat = View("", ["tf"]), types.ModuleType("tensorflow.compat")
    vars(compat).update(vars(real.compat), v1=view)
    vars(view).update(
        __path__=real.__path__,
        __file__=real.__file__,
        __spec__=real.__spec__,
        compat=compat,
        python=importlib.import_module("tensorflow.python"),
    )
    return view


def _forget_keras(before):
    for name in set(sys.modules) - before:
        if name.split(".")[0] == "keras":
            del sys.modules[name]


def run(program: str, arguments: Sequence[str], is_module: bool = False) -> None:
    """Runs a program as `__main__`. Its folder is first on sys.path.

    Its output and its errors are its own.

    Args:
        program: a file, or the name of a module.
        is_module: the name of a module; it is searched in the working folder first.
    """
    folder = os.getcwd() if is_module else os.path.dirname(os.path.abspath(program))
    argv, path = sys.argv, sys.path[:]
    others = (entry for entry in path if entry not in ("", folder, _PROJECT))
    try:
        # First: TensorFlow must not import a queue.py of that folder.
        with _installed() as (_, split):
            sys.argv, sys.path[:] = [program, *arguments], [folder, *others]
            with split.beside(folder):
                if is_module:
                    runpy.run_module(program, run_name="__main__", alter_sys=True)
                else:
                    runpy.run_path(program, run_name="__main__")
    finally:
        sys.argv, sys.path[:] = argv, path
