"""Which module an import gives: a program and the libraries can have two of the same name.

1. `import tensorflow` gives version 1 in the program and in modules beside it. In an installed
   package (tensorflow_probability, tensorflow_hub) it gives the real module.
2. A queue.py, utils.py or package `data` beside the script is what the program imports. Libraries
   still import theirs.

Both need to know who imports. `builtins.__import__` is told this, and `importlib.import_module`
sees who calls it.
"""

import builtins
import contextlib
import functools
import importlib
import importlib.abc
import os
import sys
import sysconfig
from typing import Any, Dict, Iterable, Iterator, List

# Installed packages of version 1's time. They get what the program gets.
OLD_PACKAGES = (
    "baselines edward keras_contrib prettytensor sonnet stable_baselines tensor2tensor "
    "tensorlayer tensorpack tflearn"
).split()
_STANDARD = tuple(
    os.path.realpath(sysconfig.get_path(name)) + os.sep for name in ("stdlib", "platstdlib")
)
_OWN = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
# Python has these before it looks into any folder; a script cannot replace them.
_KEPT = {"__main__", "graphmode", "tensorflow", *sys.builtin_module_names}
# What is below these modules of TensorFlow is the same for programs and for libraries.
SHARED = ("python", "core", "compat", "compiler", "lite", "dtensor", "tools", "security", "_api")


@functools.lru_cache(maxsize=None)
def _is_installed(file):
    parts = file.split(os.sep)
    for folder in ("site-packages", "dist-packages"):
        if folder in parts[:-1]:
            package = parts[parts.index(folder) + 1].partition(".")[0]
            return package not in OLD_PACKAGES
    return os.path.realpath(file).startswith(_STANDARD) or file.startswith(_OWN)


def _by_library(namespace):
    """Whether the module with these globals is one of a library, Python's own included."""
    if namespace is None:
        return False
    file = namespace.get("__file__")
    if file is None:  # a notebook, or a frozen module
        return getattr(namespace.get("__spec__"), "origin", None) in ("frozen", "built-in")
    return _is_installed(file)


# TensorFlow uses its own copy of Keras; what a program imports from there can be today's Keras 2.
OLD_KERAS = "tensorflow.python.keras"


def _part(name):
    """The name under which `Split.library` has a module, if it has it."""
    if f"{name}.".startswith(f"{OLD_KERAS}."):
        return OLD_KERAS
    return name.partition(".")[0]


def _below(part):
    """Names of the loaded modules of a part."""
    keys = [key for key in list(sys.modules) if key == part or key.startswith(f"{part}.")]
    if part == "tensorflow":
        keys = [key for key in keys if f"{key}.".split(".")[1] not in SHARED]
    return keys


class Split(importlib.abc.MetaPathFinder):
    """Modules that are others for libraries than for the program.

    Attributes:
        library: part (a top-level name, or `OLD_KERAS`) -> {module name: the libraries' module}.
        folder: an entry of sys.path that only the program has.
    """

    def __init__(self) -> None:
        self.library: Dict[str, Dict[str, Any]] = {}
        self.folder = ""
        self._import, self._import_module = builtins.__import__, importlib.import_module
        self._finders = sys.meta_path[:]
        self._parts: List[str] = []  # those that are now imported for a library

    def give(self, name, globals=None, locals=None, fromlist=(), level=0):
        """`builtins.__import__` while a program runs."""
        part = _part(name)
        if level or part not in self.library or not _by_library(globals):
            return self._import(name, globals, locals, fromlist, level)
        known, head = self.library[part], name.partition(".")[0]
        if part == "tensorflow" and f"{name}.".split(".")[1] in SHARED:
            module = self._import(name, globals, locals, fromlist, level)
            return module if fromlist else known[head]
        if name in known and all(hasattr(known[name], wanted) for wanted in fromlist or ()):
            return known[name] if fromlist else self.library.get(head, known)[head]
        return self._of_library(part, self._import, name, globals, locals, fromlist, level)

    def give_module(self, name, package=None):
        """`importlib.import_module` while a program runs."""
        part, caller = _part(name), sys._getframe(1).f_globals
        own = (caller.get("__file__") or "").startswith(_OWN)
        if part not in self.library or own or not _by_library(caller):
            return self._import_module(name, package)
        if name in self.library[part]:
            return self.library[part][name]
        return self._of_library(part, self._import_module, name, package)

    def _of_library(self, part, function, *arguments):
        try:
            with self._for_libraries(part):
                return function(*arguments)
        except ModuleNotFoundError as error:
            if self.library[part] or error.name != part:
                raise
        # No library has it: for example, pickle asks for a class of the program.
        return function(*arguments)

    @contextlib.contextmanager
    def _for_libraries(self, part):
        program, path = {key: sys.modules.pop(key) for key in _below(part)}, sys.path[:]
        sys.modules.update(self.library[part])
        sys.path[:] = [entry for entry in path if entry != self.folder]
        self._parts.append(part)
        sys.meta_path.insert(0, self)
        try:
            yield
        finally:
            sys.meta_path.remove(self)
            self._parts.pop()
            sys.path[:] = path
            self.library[part] = {key: sys.modules.pop(key) for key in _below(part)}
            sys.modules.update(program)

    def find_spec(self, fullname, path=None, target=None):
        """For libraries: the module that is found without the program's import hooks."""
        if _part(fullname) not in self._parts:
            return None
        for finder in self._finders:
            spec = finder.find_spec(fullname, path, target)
            if spec:
                return spec
        raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)

    @contextlib.contextmanager
    def keeping(self, part: str) -> Iterator[None]:
        """Inside, libraries keep their modules of a part when others take their place."""
        self.library[part] = {key: sys.modules[key] for key in _below(part)}
        try:
            yield
        finally:
            del self.library[part]

    @contextlib.contextmanager
    def apart(self, names: Iterable[str]) -> Iterator[None]:
        """Inside, the program's modules of these top-level names are not those of libraries."""
        names = [name for name in names if name not in self.library]
        for name in names:
            self.library[name] = {key: sys.modules.pop(key) for key in _below(name)}
        try:
            yield
        finally:
            for name in names:
                for key in _below(name):
                    del sys.modules[key]
                sys.modules.update(self.library.pop(name))

    @contextlib.contextmanager
    def beside(self, folder: str) -> Iterator[None]:
        """Inside, the program imports from its folder first, also what libraries have loaded."""
        names = set(filter(None, map(_module_of, _listed(folder)))) - _KEPT
        self.folder = folder
        with self.apart(name for name in names if not _is_frozen(sys.modules.get(name))):
            yield

    @contextlib.contextmanager
    def in_effect(self) -> Iterator[None]:
        """Inside, imports ask `give` and `give_module`."""
        builtins.__import__, importlib.import_module = self.give, self.give_module
        try:
            yield
        finally:
            builtins.__import__, importlib.import_module = self._import, self._import_module


def _is_frozen(module):
    """Whether Python has loaded a module before it looks into any folder."""
    return getattr(getattr(module, "__spec__", None), "origin", None) == "frozen"


def _listed(folder):
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        return list(entries)
    return []


def _module_of(entry):
    """The name by which a file or a package is imported; empty if it is neither."""
    if os.path.isfile(os.path.join(entry.path, "__init__.py")):
        return entry.name
    name, ending = os.path.splitext(entry.name)
    return name if ending == ".py" else ""
