"""Reads a program for TensorFlow 1 without running it, and lists which of its names are missing."""

import ast
import os
import pathlib
import sys
from typing import Iterator, List, Tuple

import numpy

from graphmode.errors import InputError
from graphmode.old_programs import companions, namespace


def names(tree: ast.AST) -> List[Tuple[int, str]]:
    """(line, dotted name) of what a program uses of TensorFlow and of what came with it.

    That is tensorflow, keras, numpy, scipy.misc and PIL.Image, as the imports name them.
    """
    known, uses = _imports(tree)
    inner = {node.value for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node not in inner:
            parts, base = [node.attr], node.value
            while isinstance(base, ast.Attribute):
                parts.insert(0, base.attr)
                base = base.value
            if isinstance(base, ast.Name) and base.id in known:
                if _of_interest(f"{known[base.id]}.{parts[0]}"):
                    uses.append((node.lineno, ".".join([known[base.id], *parts])))
    return sorted(set(uses))


def _imports(tree):
    """Local name -> dotted name, and (line, dotted name) of the imports themselves."""
    known, uses = {}, []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                package = alias.name.split(".")[0]
                known[alias.asname or package] = alias.name if alias.asname else package
                if _of_interest(alias.name):
                    uses.append((node.lineno, alias.name))
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                known[alias.asname or alias.name] = name
                if _of_interest(name) and alias.name != "*":
                    uses.append((node.lineno, name))
    return known, uses


def _of_interest(name):
    package = name.split(".")[0]
    prefixes = ("numpy.", "scipy.misc", "PIL.Image.")
    return package in ("tensorflow", "keras") or name.startswith(prefixes)


def verdict(name: str) -> Tuple[str, str]:
    """What a dotted name has become.

    Call it inside `namespace.installed(with_companions=False)`.

    Returns:
        ("available", ""), ("replaced", by what) or ("missing", why and what to use instead).
    """
    package, last = name.split(".")[0], name.split(".")[-1]
    if package == "numpy":
        member = name.split(".")[1]
        old = member in companions.NUMPY and member not in vars(numpy)
        return ("replaced", f"Python's {member}") if old else ("available", "")
    if package == "PIL":
        new = companions.PILLOW.get(name.split(".")[2])
        return ("replaced", f"Image.Resampling.{new.name}") if new else ("available", "")
    if package == "scipy":
        if last == "misc" or last in companions.MISC:
            return "replaced", "Pillow, through graphmode.old_programs.companions"
        return "missing", f"scipy.misc.{last} is missing; instead: what scipy or Pillow have"
    if package == "keras":
        kind, words = verdict(f"tensorflow.{name}")
        return ("replaced", "tf.keras") if kind == "available" else (kind, words)
    return _of_tensorflow(name)


def _of_tensorflow(name):
    """The verdict on a name that begins with `tensorflow.`."""
    value, parts = sys.modules["tensorflow"], name.split(".")[1:]
    try:
        for part in parts:
            value = getattr(value, part)
            if not isinstance(value, type(sys)):
                break
    except namespace.Missing as error:
        return "missing", str(error).split(": ", 1)[-1]
    except AttributeError as error:
        return "missing", f"{name}: {error}"
    if parts and parts[0] in ("contrib", "examples"):
        if isinstance(value, namespace.View):
            return "replaced", "a view of tf_slim and tf"
        home = getattr(value, "__module__", None) or getattr(value, "__name__", "")
        return "replaced", f"{parts[-1]} of {home}"
    return "available", ""


def tree(script: str) -> ast.AST:
    """The syntax tree of a program. Raises InputError if it is not a Python 3 program."""
    try:
        return ast.parse(pathlib.Path(script).read_bytes(), script)
    except (SyntaxError, ValueError) as error:
        raise InputError(
            f"{script} cannot be read as Python 3 ({error}): convert it, for example with 2to3"
        ) from None


def beside(tree: ast.AST, script: pathlib.Path, root: pathlib.Path) -> Iterator[pathlib.Path]:
    """Paths of the modules below the folder `root` that a program imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules = [(root, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            folder = root
            if node.level:
                up = [".."] * (node.level - 1)
                folder = pathlib.Path(os.path.normpath(script.parent.joinpath(*up)))
            module = [node.module] if node.module else []
            modules = [(folder, ".".join(module))]
            modules += [(folder, ".".join([*module, alias.name])) for alias in node.names]
        else:
            continue
        for folder, name in modules:
            if name:
                path = folder.joinpath(*name.split("."))
                files = (path.with_name(f"{path.name}.py"), path / "__init__.py")
                yield from (file for file in files if file.is_file())


def check(script: str) -> int:
    """Prints what the names of a program, and of modules in its folder, have become.

    Returns:
        1 if names are missing, else 0.

    Raises:
        InputError: a file is not a Python 3 program.
    """
    counts = {"available": 0, "replaced": 0, "missing": 0}
    files = [pathlib.Path(script)]
    with namespace.installed(with_companions=False):
        for file in files:  # the list grows in this loop
            parsed = tree(str(file))
            files.extend(sorted(set(beside(parsed, file, files[0].parent)) - set(files)))
            for line, name in names(parsed):
                kind, words = verdict(name)
                counts[kind] += 1
                shown = {"available": "available", "replaced": f"by {words}", "missing": words}
                print(f"{file}:{line}: {name}: {shown[kind]}")
    where = "" if len(files) == 1 else f" in {len(files)} files"
    print(
        f"{counts['available']} names available, {counts['replaced']} replaced, "
        f"{counts['missing']} missing{where}"
    )
    return 1 if counts["missing"] else 0
