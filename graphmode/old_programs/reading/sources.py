"""A program's own files: where its modules are, and their syntax trees."""

import ast
import importlib.machinery
import os
import pathlib
import sys
import sysconfig
import warnings
from typing import Dict, List, Optional, Union

from graphmode.errors import InputError
from graphmode.old_programs.reading.scopes import Scope, bindings

COMPILED = tuple(importlib.machinery.EXTENSION_SUFFIXES)
# Python has these before it looks into any folder.
_ALWAYS = {"__main__", "graphmode", "tensorflow", *sys.builtin_module_names}


def tree(script: Union[str, pathlib.Path]) -> ast.Module:
    """The syntax tree of a program. Raises InputError if it is not a Python 3 program."""
    try:
        return parse(pathlib.Path(script))
    except (SyntaxError, ValueError) as error:
        raise InputError(f"{script} {unreadable(error)}") from None


def parse(path: pathlib.Path) -> ast.Module:
    """The same, with Python's own errors."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "\d" in a string is none of our business
        return ast.parse(path.read_bytes(), str(path))


def unreadable(error: Exception) -> str:
    """What to say about a file that Python 3 cannot read."""
    return f"cannot be read as Python 3 ({error}): convert it, for example with 2to3"


class Module:
    """A module of the program.

    Attributes:
        name: dotted, as an import names it; the script is `__main__`.
        package: dotted name of its package, to which relative imports refer; "" for none.
        path: its file, or the folder of a package without an `__init__.py`.
        scope: its names.
        loaded: the names that it uses somewhere.
        complete: whether `scope` has all of its names (false after a star import of something
            that cannot be known).
    """

    def __init__(self, name: str, package: str, path: pathlib.Path):
        self.name, self.package, self.path = name, package, path
        self.is_package = path.is_dir() or path.name == "__init__.py"
        self.tree, self.complete = ast.Module([], []), True
        if path.suffix == ".py":
            self.tree = parse(path)
        elif not path.is_dir():
            self.complete = False  # compiled code
        self.loaded = {
            node.id
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
        }
        self.scope = Scope("module", None, self, bindings(self.tree.body))
        self.visited = False


class Sources:
    """Finds the program's own modules, as Python's import would, in a list of folders.

    These folders are the script's (or the current one after `-m`), those of PYTHONPATH, and what
    the program itself adds to sys.path.
    """

    def __init__(self, first: pathlib.Path):
        extra = os.environ.get("PYTHONPATH", "").split(os.pathsep)
        self.roots: List[pathlib.Path] = [first]
        for folder in extra:
            if folder and not (pathlib.Path(folder) / "graphmode" / "old_programs").is_dir():
                self.add(folder)
        self.modules: Dict[str, Optional[Module]] = {}

    def add(self, folder: str) -> None:
        path = pathlib.Path(os.path.relpath(folder)) if folder else pathlib.Path()
        if path not in self.roots:
            self.roots.append(path)

    def find(self, name: str) -> Optional[pathlib.Path]:
        """The file of a module, or the folder of a package without `__init__.py`, or None."""
        parent, _, last = name.rpartition(".")
        folders = self.roots
        if parent:
            path = self.find(parent)
            if path is None or (path.is_file() and path.name != "__init__.py"):
                return None
            folders = [path if path.is_dir() else path.parent]
        for folder in folders:
            for file in (
                folder / last / "__init__.py",
                *(folder / f"{last}{suffix}" for suffix in COMPILED),
                folder / f"{last}.py",
            ):
                if file.is_file():
                    return file
        bare = (folder / last for folder in folders if (folder / last).is_dir())
        return next((folder for folder in bare if any(folder.rglob("*.py"))), None)

    def has(self, name: str) -> bool:
        """Whether `import name` takes the program's module, not a library's.

        What is beside the script comes first. In other folders of the program, a module that a
        library has loaded wins. A folder without `__init__.py` comes after libraries.
        """
        top = name.partition(".")[0]
        path = self.find(top)
        if path is None or top in _ALWAYS:
            return False
        beside = self.roots[0] in path.parents and _is_direct(path, self.roots[0])
        if path.is_dir():
            return not _is_found(top)
        return beside or not _is_loaded_library(top)

    def load(self, name: str) -> Optional[Module]:
        """The module of a name, or None. Raises SyntaxError or ValueError for a damaged file."""
        if name not in self.modules:
            path = self.find(name)
            if path is None:
                self.modules[name] = None
            else:
                is_package = path.is_dir() or path.name == "__init__.py"
                package = name if is_package else name.rpartition(".")[0]
                self.modules[name] = Module(name, package, path)
        return self.modules[name]


def _is_direct(path, root):
    """Whether a module or package stands in a folder itself."""
    return path.parent == root or (path.name == "__init__.py" and path.parent.parent == root)


def _is_loaded_library(top):
    file = getattr(sys.modules.get(top), "__file__", None)
    paths = {sysconfig.get_path(kind) for kind in ("stdlib", "purelib", "platlib")}
    return file is not None and any(
        os.path.realpath(file).startswith(os.path.realpath(path) + os.sep) for path in paths
    )


def _is_found(top):
    if top in sys.modules:
        return True
    return any(
        finder.find_spec(top, None) is not None
        for finder in sys.meta_path
        if hasattr(finder, "find_spec")
    )
