"""What the installed libraries have. Everything here works inside `namespace.installed()`."""

import contextlib
import importlib
import importlib.util
import inspect
import io
import os
import re
import sys
import warnings
from typing import Any, Dict, List, Tuple

from graphmode import repairs
from graphmode.old_programs import namespace
from graphmode.old_programs.reading import cures
from graphmode.old_programs.reading.scopes import Instance, Library

# They do something when they are imported.
NEVER = ("this", "antigravity", "__main__", "idlelib")


class Lacking(Exception):
    """A library lacks a name. `words` say so and give the cure; `package`: pip install it."""

    def __init__(self, words: str, package: str = ""):
        super().__init__(words)
        self.words, self.package = words, package


def one_line(error: BaseException) -> str:
    """An error's message as one line that is not too long."""
    text = re.sub(r"^[^\n]*?:\d+: (?=tf\.)", "", str(error))  # where namespace.Missing was raised
    text = " ".join(text.split()) or type(error).__name__
    return text if len(text) <= 240 else f"{text[:237]}..."


@contextlib.contextmanager
def _quiet(hidden):
    """Libraries print and warn when they are imported; none may see the program's folders."""
    path = sys.path[:]
    outside = {os.path.realpath(folder) for folder in (*hidden, ".")}
    sys.path[:] = [folder for folder in path if folder and os.path.realpath(folder) not in outside]
    silent = io.StringIO()
    try:
        with contextlib.redirect_stdout(silent), contextlib.redirect_stderr(silent):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield
    finally:
        sys.path[:] = path


class Libraries:
    """Looks names up in installed libraries, which it imports when a name of theirs is needed.

    Args:
        hidden: folders of the program, whose modules must not be imported.
    """

    def __init__(self, hidden: Any):
        self._hidden = hidden
        self._set: Dict[Tuple[int, str], Any] = {}  # what the program itself adds to libraries
        self._known: Dict[Tuple[int, str], Tuple[Any, Any]] = {}
        self._failed: Dict[str, Lacking] = {}

    def module(self, name: str) -> Library:
        """A module. Raises Lacking if it cannot be imported."""
        if name in self._failed:
            raise self._failed[name]
        try:
            return Library(name, self._import(name))
        except Lacking as lacking:
            self._failed[name] = lacking
            raise

    def _import(self, name):
        if name.partition(".")[0] in NEVER:
            raise Lacking(f"import {name}: not looked into")
        try:
            with _quiet(self._hidden):
                return importlib.import_module(name)
        except namespace.MissingModule as error:
            raise Lacking(one_line(error)) from None
        except ModuleNotFoundError as error:
            raise self._not_found(name, error) from None
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # whatever a library raises, SystemExit too
            raise Lacking(
                f"import {name}: fails here: {type(error).__name__}: {one_line(error)}"
            ) from None

    def _not_found(self, name, error):
        top, missing = name.partition(".")[0], error.name or name
        cure = cures.MODULES.get(missing)
        if cure:
            return Lacking(f"import {name}: Python {_python()} has no {missing}; instead: {cure}")
        if name == missing or name.startswith(f"{missing}."):
            if missing == top:
                package = cures.PIP.get(top, top)
                return Lacking(f"import {name}: not installed: pip install {package}", package)
            where = f"{top}{_version(top)}"
            return Lacking(f"import {name}: {where} has no module {missing}")
        inner = missing.partition(".")[0]
        if inner in sys.modules or inner == top:
            return Lacking(f"import {name}: fails here: {one_line(error)}")
        package = cures.PIP.get(inner, inner)
        return Lacking(
            f"import {name}: needs {inner}, which is not installed: pip install {package}", package
        )

    def exists(self, name: str) -> bool:
        """Whether a top-level module could be imported; it is not."""
        if name in sys.modules:
            return True
        with _quiet(self._hidden):
            try:
                return importlib.util.find_spec(name) is not None
            except (ImportError, ValueError, AttributeError):
                return False

    def set(self, library: Library, name: str, value: Any) -> None:
        """Notes that the program gives a library a name: `np.float = float`."""
        self._set[id(library.value), name] = value

    def member(self, library: Library, name: str) -> Any:
        """What a library's object has under a name. Raises Lacking."""
        owner, whole = library.value, f"{library.name}.{name}"
        key = (id(owner), name)
        if key in self._set:
            return self._set[key]
        if key not in self._known:
            try:
                # The owner is kept, so that no other object gets its id.
                self._known[key] = (owner, self._get(library, name))
            except Lacking as lacking:
                self._known[key] = (owner, lacking)
        found = self._known[key][1]
        if isinstance(found, Lacking):
            raise found
        return Library(whole, found)

    def _get(self, library, name):
        owner = library.value
        try:
            with _quiet(self._hidden):
                return getattr(owner, name)
        except AttributeError as error:
            return self._later(library, name, error)
        except Exception as error:  # a module of today that loads its names late
            words = f"{type(error).__name__}: {one_line(error)}"
            raise Lacking(f"{library.name}.{name}: {words}") from None

    def _later(self, library, name, error):
        """A submodule that an import elsewhere would load, or the error that says what is missing.

        Which submodules are loaded depends on every library that the program imports.
        """
        owner, whole = library.value, f"{library.name}.{name}"
        home = getattr(owner, "__name__", "")
        if inspect.ismodule(owner) and hasattr(owner, "__path__"):
            if not isinstance(error, namespace.Missing) and self.exists_below(home, name):
                return self.module(f"{home}.{name}").value
        cure = cures.MODULES.get(whole)
        if cure:
            raise Lacking(f"{whole}: Python {_python()} has no such name; instead: {cure}")
        text = one_line(error)
        if isinstance(error, namespace.Missing):
            raise Lacking(text)
        top = whole.partition(".")[0]
        if text.startswith(("module ", "type object ", "partially ")) and len(text) < 100:
            text = f"missing in {top}{_version(top)}"
        raise Lacking(f"{whole}: {text}")

    def exists_below(self, package: str, name: str) -> bool:
        """Whether a package has a submodule of this name."""
        with _quiet(self._hidden):
            try:
                return importlib.util.find_spec(f"{package}.{name}") is not None
            except (ImportError, ValueError, AttributeError):
                return False

    def has_flag(self, name: str) -> bool:
        """Whether tf.app.flags.FLAGS has an attribute that the program need not define."""
        flags = self.module("tensorflow").value.app.flags.FLAGS
        argv, sys.argv = sys.argv, sys.argv[:1]  # the first use of FLAGS reads the arguments
        try:
            with _quiet(self._hidden):
                getattr(flags, name)
        except AttributeError:
            return False
        except (Exception, SystemExit):
            return True  # a library's flag that has no value yet
        finally:
            sys.argv = argv
        return True

    def method(self, instance: Instance, name: str) -> Any:
        """A method of an instance's class, or None if it may be an attribute of the instance.

        Raises:
            Lacking: the class is known to lack the name.
        """
        kind = instance.kind
        if name in dir(kind):
            return Library(f"{instance.name}.{name}", inspect.getattr_static(kind, name))
        if hasattr(kind, "__getattr__") or not _is_closed(kind, name):
            return None
        cure = cures.METHODS.get(name)
        words = f"{kind.__name__} has no attribute {name}"
        instead = f"; instead: {cure[1]}" if cure else ""
        if kind in (zip, map, filter, range, type({}.keys())):
            instead = "; instead: list(...)"
        raise Lacking(f"{instance.name}.{name}: {words}{instead}")

    def names(self, library: Library) -> List[str]:
        """What `from library import *` gives."""
        value = library.value
        given = getattr(value, "__all__", None)
        return list(given) if given else [n for n in dir(value) if not n.startswith("_")]


def _is_closed(kind, name):
    """Whether no instance of a class can have an attribute of this name: nothing sets it."""
    for one in kind.__mro__:
        if one.__module__ == "builtins":
            continue
        if "__dict__" not in dir(one) and not hasattr(one, "__slots__"):
            continue
        try:
            text = inspect.getsource(one)
        except (OSError, TypeError):
            return False
        if re.search(rf"\b{re.escape(name)}\b", text) or "setattr(" in text or "__dict__" in text:
            return False
    return True


def _python():
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def _version(top):
    # The program's tensorflow says 1.15.5, or what it wants to hear.
    module = repairs.load("tensorflow.compat.v1") if top == "tensorflow" else sys.modules.get(top)
    version = getattr(module, "__version__", None)
    if version is None:
        return f" of Python {_python()}" if top in sys.stdlib_module_names else ""
    return f" {version}"
