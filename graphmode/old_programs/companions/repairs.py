"""Puts old names into libraries when a program imports them, and takes them out again.

The modules beside this one are tables in four forms. Their keys are written `module:name`.

- `NAMES`: a name that is gone -> where it is now (`module:name`) or what stands for it.
- `CHANGED`: a function that has lost arguments -> a function that makes the old one of today's.
- `MODULES`: a module that is gone -> where its names are now: modules, or tables of names.
- `SETUP`: a module -> a function that changes it otherwise, and returns one that undoes it.
"""

import ctypes
import functools
import gc
import importlib
import importlib.abc
import importlib.util
import sys
import sysconfig
import types
import warnings
from importlib.machinery import ModuleSpec
from typing import Any, Callable, Dict, List, Optional, Sequence, Set

_PATHS = {sysconfig.get_path(kind) for kind in ("stdlib", "platstdlib", "purelib", "platlib")}
_LIBRARIES = tuple(f"{path}/" for path in _PATHS)
_ABSENT = object()
_said: Set[str] = set()


def say_once(text: str) -> None:
    """Writes a line to stderr, the first time in this process."""
    if text not in _said:
        _said.add(text)
        print(f"graphmode: {text}", file=sys.stderr)


def from_program(depth: int) -> bool:
    """Whether the caller, `depth` frames above this function, is no library.

    Some repairs are only for the program: a library of today means what it writes.
    """
    return not sys._getframe(depth + 1).f_code.co_filename.startswith(_LIBRARIES)


def renamed(old: str, new: str) -> Callable:
    """For `CHANGED`: a function of which an argument has another name now."""

    def adapt(real):
        @functools.wraps(real)
        def call(*args, **named):
            if old in named:
                named[new] = named.pop(old)
            return real(*args, **named)

        return call

    return adapt


def find(path: str) -> Any:
    """The object of a path `module:name` or `module:class.name`, or of a module's name."""
    module, _, names = path.partition(":")
    value = importlib.import_module(module)
    for name in filter(None, names.split(".")):
        value = getattr(value, name)
    return value


class Stand(types.ModuleType):
    """A module that is gone. It looks its names up where they are now."""

    def __init__(self, name: str, sources: Sequence[Any], children: Sequence[str] = ()):
        super().__init__(name, f"The names of the former module {name}.")
        self.__path__: List[str] = []
        self._sources, self._children = sources, tuple(children)

    def __getattr__(self, name):
        if name == "__all__":
            return self.names()
        if name in self._children:
            return importlib.import_module(f"{self.__name__}.{name}")
        for entry in self._sources:
            if isinstance(entry, dict) or not name.startswith("__"):
                value = _look_up(entry, name)
                if value is not _ABSENT:
                    return value
        raise AttributeError(f"module '{self.__name__}' has no attribute '{name}'")

    def __repr__(self):
        return f"<module '{self.__name__}'>"

    def __dir__(self):
        names = set(self._children)
        for entry in self._sources:
            names.update(entry if isinstance(entry, dict) else dir(_module(entry)))
        return sorted(names)

    def names(self) -> List[str]:
        """The public names."""
        return [name for name in dir(self) if not name.startswith("_")]


def _look_up(entry, name):
    """A name's object in a source of a `Stand`: a module, or a table as `NAMES`."""
    if isinstance(entry, dict):
        return _resolved(entry.get(name, _ABSENT))
    return getattr(_module(entry), name, _ABSENT)


def _module(name):
    """A module, or None where the installed version has none of that name."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


class Repairs(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """The import hook. It repairs modules that are there, and stands for modules that are gone."""

    def __init__(self, tables: Sequence[types.ModuleType]):
        self.names: Dict[str, Dict[str, Any]] = {}
        self.changed: Dict[str, Dict[str, Callable]] = {}
        self.modules: Dict[str, Sequence[Any]] = {}
        self.setup: Dict[str, Callable[[types.ModuleType], Callable[[], None]]] = {}
        for table in tables:
            self.modules.update(getattr(table, "MODULES", {}))
            self.setup.update(getattr(table, "SETUP", {}))
            for kind, whole in (("NAMES", self.names), ("CHANGED", self.changed)):
                for path, value in getattr(table, kind, {}).items():
                    module, _, name = path.partition(":")
                    whole.setdefault(module, {})[name] = value
        self._children: Dict[str, List[str]] = {}
        for name in self.modules:
            self._children.setdefault(name.rpartition(".")[0], []).append(name.rpartition(".")[2])
        self._stands: Dict[str, Stand] = {}
        self._undo: List[Callable[[], None]] = []
        self._searching: Set[str] = set()

    def start(self) -> None:
        """Repairs what is imported already, and waits for the rest."""
        sys.meta_path.insert(0, self)
        self._undo.append(lambda: sys.meta_path.remove(self))
        for name in self.modules:
            if name in sys.modules:
                self._hide(name, sys.modules.pop(name))
        for name in {*self.names, *self.changed, *self._children, *self.setup} & set(sys.modules):
            self.repair(sys.modules[name], name)

    def stop(self) -> None:
        """Takes everything out again, in the opposite order."""
        while self._undo:
            self._undo.pop()()
        for name, stand in self._stands.items():
            if sys.modules.get(name) is stand:
                del sys.modules[name]
                parent = sys.modules.get(name.rpartition(".")[0])
                if vars(parent).get(name.rpartition(".")[2]) is stand if parent else False:
                    delattr(parent, name.rpartition(".")[2])
        self._stands.clear()

    def _hide(self, name, module):
        """Keeps a real module that has a stand aside until `stop`."""
        above, _, last = name.rpartition(".")
        parent = sys.modules.get(above)
        # For the inner modules that have no stand.
        self.stand(name).__path__ = list(getattr(module, "__path__", ()))
        if parent is not None and vars(parent).get(last) is module:
            self._set(parent, last, self.stand(name))
        self._undo.append(lambda: sys.modules.update({name: module}))

    def repair(self, module: types.ModuleType, name: str) -> None:
        """Gives one module its old names and arguments."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # libraries warn when one asks for an old name
            self._repair(module, name)

    def _repair(self, module, name):
        for child in self._children.get(name, ()):
            if not _has(module, child):
                self._set(module, child, self.stand(f"{name}.{child}"))
        for path, adapt in self.changed.get(name, {}).items():
            owner, last = self._owner(module, path)
            if owner is not None and _has(owner, last):
                self._set(owner, last, adapt(getattr(owner, last)))
        for path, value in self.names.get(name, {}).items():
            owner, last = self._owner(module, path)
            if owner is not None and not _has(owner, last):
                value = _resolved(value)
                if value is not _ABSENT:
                    self._set(owner, last, value)
        if name in self.setup:
            self._undo.append(self.setup[name](module))

    def _owner(self, module, path):
        *classes, last = path.split(".")
        owner = functools.reduce(lambda value, part: getattr(value, part, None), classes, module)
        return owner, last

    def _set(self, owner, name, value):
        before = vars(owner).get(name, _ABSENT)
        try:
            setattr(owner, name, value)
        except TypeError:
            _set_in_c(owner, name, value)
            self._undo.append(lambda: _set_in_c(owner, name, before))
            return
        if before is _ABSENT:
            self._undo.append(lambda: delattr(owner, name))
        else:
            self._undo.append(lambda: setattr(owner, name, before))

    def stand(self, name: str) -> Stand:
        """The module that stands for one that is gone."""
        if name not in self._stands:
            sources, children = self.modules[name], self._children.get(name, ())
            self._stands[name] = Stand(name, sources, children)
        return self._stands[name]

    def find_spec(self, fullname, path=None, target=None) -> Optional[ModuleSpec]:
        """A stand's spec, or that of a real module that is repaired after it is executed."""
        if fullname in self.modules:
            return ModuleSpec(fullname, self, is_package=True)
        tables = (self.names, self.changed, self._children, self.setup)
        if not any(fullname in table for table in tables) or fullname in self._searching:
            return None
        self._searching.add(fullname)
        try:
            spec = importlib.util.find_spec(fullname)
        except (ImportError, ValueError):
            return None
        finally:
            self._searching.discard(fullname)
        if spec and spec.loader and not isinstance(spec.loader, type):
            execute = spec.loader.exec_module

            def execute_and_repair(module):
                execute(module)
                if self in sys.meta_path:
                    self.repair(module, fullname)

            # The loader belongs to this module alone; a loader around it would lack its methods.
            vars(spec.loader)["exec_module"] = execute_and_repair
        return spec

    def create_module(self, spec):
        """The module that stands for one that is gone."""
        return self.stand(spec.name)

    def exec_module(self, module):
        """Does nothing: a stand looks its names up later."""


def _resolved(value):
    """The object of an entry of `NAMES`; `_ABSENT` if this version lacks the new name, too."""
    if not (isinstance(value, str) and ":" in value):
        return value
    try:
        return find(value)
    except (ImportError, AttributeError):
        return _ABSENT


def _set_in_c(owner, name, value):
    """Sets (`_ABSENT`: deletes) an attribute of a class that is written in C.

    Python forbids this by setattr. Programs call methods such as `array.tostring()` on arrays that
    TensorFlow makes, so no subclass can give them. A reader of TFRecord files needs them.
    """
    names = gc.get_referents(vars(owner))[0]  # the dict behind the read-only view
    if value is _ABSENT:
        names.pop(name, None)
    else:
        names[name] = value
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(owner))


def _has(owner, name):
    try:
        return hasattr(owner, name)
    except Exception:  # a lazy name of a library whose import fails is as good as missing
        return False
