"""Says whether a program for TensorFlow 1 will run here, without running it.

`reading` reads the program; this module gives the verdict and prints it.
"""

import collections
import pathlib
import sys
from typing import Dict, Iterable, List

from graphmode.errors import InputError
from graphmode.old_programs import companions, namespace
from graphmode.old_programs.reading.findings import AVAILABLE, GUARDED, TROUBLE, Use
from graphmode.old_programs.reading.libraries import Libraries
from graphmode.old_programs.reading.reader import Reader
from graphmode.old_programs.reading.sources import Module, Sources, tree, unreadable

__all__ = ["check", "tree", "uses"]


def uses(script: str, is_module: bool = False) -> List[Use]:
    """What a program uses of libraries, and what is wrong with it, in the order of reading.

    Args:
        script: the path of its file, or a dotted name after `-m`.
        is_module: whether it is a dotted name.

    Raises:
        InputError: the module does not exist.
    """
    first = pathlib.Path() if is_module else pathlib.Path(script).parent
    sources = Sources(first)
    path, package = pathlib.Path(script), ""
    if is_module:
        path, package = _of_module(script, sources)
    try:
        main = Module("__main__", package, path)
    except (SyntaxError, ValueError) as error:
        words = f"{path.name} {unreadable(error)}"
        return [Use(path, getattr(error, "lineno", None) or 1, "Python 2", words, TROUBLE)]
    depth = sys.getrecursionlimit()
    sys.setrecursionlimit(max(depth, 10000))  # a sum of hundreds of strings is a deep tree
    try:
        with namespace.installed():
            return Reader(sources, Libraries(sources.roots)).program(main)
    finally:
        sys.setrecursionlimit(depth)


def _of_module(name, sources):
    """(file, package) of `-m name`, which is a module, or a package with a `__main__.py`."""
    path = sources.find(name)
    if path is not None and (path.is_dir() or path.name == "__init__.py"):
        name, path = f"{name}.__main__", sources.find(f"{name}.__main__")
    if path is None:
        raise InputError(f"the module {name} does not exist below {sources.roots[0].resolve()}")
    return path, name.rpartition(".")[0]


def check(script: str, verbose: bool = False, is_module: bool = False) -> int:
    """Prints whether a program will run, then what is in its way.

    Args:
        script: the path of its file, or a dotted name after `-m`.
        verbose: whether to list all names, also those that are there.
        is_module: whether `script` is a dotted name.

    Returns:
        1 if the program cannot run, else 0.

    Raises:
        InputError: the module does not exist.
    """
    seen = uses(script, is_module)
    trouble = [use for use in seen if use.kind == TROUBLE]
    print(verdict(trouble, seen))
    for line in _lines(trouble) if len(trouble) > 1 else []:  # the verdict says the first
        print(line)
    guarded = _lines(use for use in seen if use.kind == GUARDED and use not in trouble)
    if verbose:
        for line in [*_lines(use for use in seen if use.kind == AVAILABLE), *guarded]:
            print(line)
    return 1 if trouble else 0


def verdict(trouble: List[Use], seen: List[Use]) -> str:
    """One sentence: whether a program will run, and what is first in its way."""
    if not trouble:
        available = {use.name for use in seen if use.kind == AVAILABLE}
        files = len({use.file for use in seen}) or 1
        where = "" if files == 1 else f" in {files} files"
        rest = len({use.name for use in seen if use.kind == GUARDED})
        more = f"; {rest} missing, but only under conditions: -v shows them" if rest else ""
        return f"will run: {len(available)} names of libraries are there{where}{more}"
    packages = list(dict.fromkeys(use.package for use in trouble if use.package))
    needs = f"needs: pip install {' '.join(packages)}"
    others = [use for use in trouble if not use.package]
    if packages and all(use.condition for use in others):
        more = f"; then it can fail at {others[0].file}:{others[0].line}" if others else ""
        return f"{needs}{more}"
    first = next((use for use in others if not use.condition), others[0])
    only = f", only if {first.condition}" if first.condition else ""
    more = f"; also {needs}" if packages else ""
    fails = "will fail at" if not only else "can fail at"
    return f"{fails} {first.file}:{first.line}: {first.words}{only}{more}"


def _lines(found: Iterable[Use]) -> List[str]:
    """A line for each name of each file, with all its places."""
    places: Dict[tuple, List[Use]] = collections.defaultdict(list)
    for use in found:
        places[use.file, use.name, use.words or _state(use)].append(use)
    lines = []
    for (file, name, words), group in places.items():
        numbers = sorted({use.line for use in group})
        told = group[0].words and name.rpartition(".")[2] in words
        text = words if told else f"{name}: {words}"
        conditions = {use.condition for use in group}
        condition = conditions.pop() if len(conditions) == 1 else ""
        if condition:
            text += f" ({condition if group[0].kind == GUARDED else f'only if {condition}'})"
        also = ", ".join(map(str, numbers[1:6])) + (", ..." if len(numbers) > 6 else "")
        lines.append(f"{file}:{numbers[0]}: {text}{f'; also in line {also}' if also else ''}")
    return lines


def _state(use: Use) -> str:
    """What a name that is there has become: available, or replaced by what."""
    if use.name in companions.given():
        return "by graphmode.old_programs.companions"
    if use.name.startswith(("tensorflow.contrib", "tensorflow.examples")):
        if isinstance(use.value, namespace.View):
            return "by a view of tf_slim and tf"
        home = getattr(use.value, "__module__", None) or getattr(use.value, "__name__", "")
        return f"by {use.name.rpartition('.')[2]} of {home}"
    if use.name.startswith("keras"):
        return "by tf.keras"
    return "available"
