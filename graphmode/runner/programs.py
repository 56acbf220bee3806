"""The programs of this project: their list, their help, and a hint if a name is wrong.

run.sh starts this module with any Python from 3.10 on. It needs no installed package.
"""

import ast
import difflib
import importlib.machinery
import pathlib
import re
import runpy
import shlex
import signal
import sys
from collections.abc import Iterator

from graphmode import errors

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGES = ("gan_book", "glcic", "pix2pix", "examples")
_IS_PROGRAM = re.compile(r"^if __name__ == ", re.MULTILINE)


# The list


def programs(root: pathlib.Path = ROOT) -> dict[str, pathlib.Path]:
    """Returns module name -> file of every program.

    A program is a module with a `__main__` part, or a package with `__main__.py`.
    """
    paths = {}
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            if parts[-1] == "__main__":
                paths[".".join(parts[:-1])] = path
            elif _IS_PROGRAM.search(path.read_text(encoding="utf-8")):
                paths[".".join(parts)] = path
    return paths


def first_line(path: pathlib.Path) -> str:
    """The first line of a module's docstring, or "" if there is no docstring or no file."""
    try:
        text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    except (OSError, SyntaxError):
        return ""
    return text.split("\n")[0] if text else ""


def listing(root: pathlib.Path = ROOT) -> Iterator[str]:
    """Yields the lines of `./run.sh list`: each package, then its programs."""
    groups: dict[pathlib.Path, list[tuple[str, pathlib.Path]]] = {}
    for name, path in programs(root).items():
        groups.setdefault(path.parent, []).append((name, path))
    for folder in sorted(groups):
        package = ".".join(folder.relative_to(root).parts)
        yield f"{package}: {first_line(folder / '__init__.py')}".rstrip(": ")
        for name, path in sorted(groups[folder]):
            yield f"  {name:<26} {first_line(path)}".rstrip()


# A name that is no program


def unknown(name: str, root: pathlib.Path = ROOT) -> str:
    """Says in one line that `name` is no program, and what the user probably wants."""
    path = pathlib.Path(name)
    asked = name.removesuffix(".py").removeprefix("./").replace("/", ".")
    names = list(programs(root))
    if name.endswith(".py") and path.is_file() and asked not in names:
        return f"{name} is a script: use ./run.sh run {shlex.quote(name)}"
    known = programs(root)
    now = [new for new, file in known.items() if asked in _former(file)]
    if now:
        return f"{name!r} is now {now[0]}"
    alike = _alike(asked, names + _commands(root))
    hint = f"do you mean {' or '.join(alike)}? " if alike else ""
    return f"{name!r} is no program or command; {hint}./run.sh list shows the programs"


def _former(file: pathlib.Path) -> list[str]:
    """The earlier names of a program, from its source."""
    text = file.read_text(encoding="utf-8")
    names = re.search(r"^    FORMER_PROGRAMS = \((.*)\)$", text, re.MULTILINE)
    return re.findall(r'"([\w.]+)"', names[1]) if names else []


def _alike(asked: str, names: list[str]) -> list[str]:
    """The names that end with `asked`; if there are none, those with a similar last part."""
    ends = [name for name in names if f".{name}".endswith(f".{asked}")]
    if ends:
        return ends
    last_parts = [name.rpartition(".")[2] for name in names]
    close = difflib.get_close_matches(asked.rpartition(".")[2], last_parts, n=1, cutoff=0.6)
    return [name for name in names if name.rpartition(".")[2] in close]


def _commands(root: pathlib.Path) -> list[str]:
    """The commands that the help at the top of run.sh names."""
    text = (root / "run.sh").read_text(encoding="utf-8")
    return re.findall(r"^#   \./run\.sh ([a-z]+)", text, re.MULTILINE)


# Help


class _Anything(type):
    """The type of `Missing`: all its attributes, calls and operators return `Missing`."""

    def __getattr__(cls, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Missing

    def __call__(cls, *arguments, **options):
        # As a decorator it must return the function.
        return arguments[0] if len(arguments) == 1 and callable(arguments[0]) else Missing

    def __iter__(cls):
        return iter(())

    def _operator(cls, *others):
        return Missing

    __getitem__ = __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _operator
    __truediv__ = __rtruediv__ = __pow__ = __neg__ = __or__ = __ror__ = _operator


class Missing(metaclass=_Anything):
    """Stands for every name of a package that is not installed."""


class StandIns:
    """A finder for sys.meta_path. It replaces packages that are not installed.

    It does not replace modules of this project and of Python itself. So a wrong name among them is
    an error as usual.
    """

    def __init__(self, root: pathlib.Path = ROOT):
        self._ours = {path.stem for path in root.iterdir()}

    def find_spec(self, name, path=None, target=None):
        package = name.partition(".")[0]
        if package in self._ours or package in sys.stdlib_module_names:
            return None
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        module.__getattr__ = _attribute


def _attribute(name):
    if name.startswith("__") and name != "__version__":
        raise AttributeError(name)
    return Missing


def show_help(module: str) -> None:
    """Runs a program of this project with `--help`, even if packages are missing."""
    sys.path.insert(0, str(ROOT))
    sys.meta_path.append(StandIns())
    sys.argv = [module, "--help"]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def main(arguments: list[str]) -> None:
    """Runs `list`, `help MODULE` or `unknown NAME`."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `./run.sh list | head` ends quietly
    command, *rest = arguments
    if command == "help":
        show_help(rest[0])
    elif command == "unknown":
        errors.fail("run.sh", unknown(rest[0]))
    else:
        print("\n".join(listing()))
