"""Reads a program for TensorFlow 1, and modules beside it, without running it: which of its names are not what they were."""

import ast
import os
import pathlib
import sys

import numpy

from graphmode import old_names, version_1
from graphmode.runs import InputError


def names(tree):
    """(line, dotted name) of what a program uses of tensorflow, keras, numpy, scipy.misc, PIL.Image, by its imports."""
    known, found = {}, []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                known[alias.asname or alias.name.split(".")[0]] = alias.name if alias.asname else alias.name.split(".")[0]
                if _ours(alias.name):
                    found.append((node.lineno, alias.name))
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                known[alias.asname or alias.name] = node.module + "." + alias.name
                if _ours(node.module + "." + alias.name) and alias.name != "*":
                    found.append((node.lineno, node.module + "." + alias.name))
    inner = {node.value for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node not in inner:
            parts, base = [node.attr], node.value
            while isinstance(base, ast.Attribute):
                parts.insert(0, base.attr)
                base = base.value
            if isinstance(base, ast.Name) and base.id in known and _ours(known[base.id] + "." + parts[0]):
                found.append((node.lineno, ".".join([known[base.id], *parts])))
    return sorted(set(found))


def _ours(name):
    return name.split(".")[0] in ("tensorflow", "keras") or name.startswith(("numpy.", "scipy.misc", "PIL.Image."))


def judged(name):
    """("given", ""), ("replaced", by what) or ("missing", why) for a dotted name."""
    if name.startswith("numpy."):
        last = name.split(".")[1]
        old = last in old_names.NUMPY and last not in vars(numpy)
        return ("replaced", "Python's " + last) if old else ("given", "")
    if name.startswith("PIL.Image."):
        last = name.split(".")[2]
        return ("replaced", "Image.Resampling." + old_names.PILLOW[last].name) if last in old_names.PILLOW else ("given", "")
    if name.startswith("scipy.misc"):
        last = name.split(".")[-1]
        if last == "misc" or callable(getattr(old_names, last, None)):
            return "replaced", "Pillow, by graphmode.old_names"
        return "missing", f"scipy.misc.{last} is not to be had; instead: what scipy or Pillow have"
    if name.split(".")[0] == "keras":
        verdict, words = judged("tensorflow." + name)
        return ("replaced", "tf.keras") if verdict == "given" else (verdict, words)
    found, parts = sys.modules["tensorflow"], name.split(".")[1:]
    try:
        for part in parts:
            found = getattr(found, part)
            if not isinstance(found, type(sys)):
                break
    except AttributeError as error:
        ours = isinstance(error, version_1.Missing)
        return "missing", str(error).split(": ", 1)[-1] if ours else f"{name}: {error}"
    if parts and parts[0] in ("contrib", "examples"):
        home = getattr(found, "__module__", None) or getattr(found, "__name__", "")
        view = isinstance(found, version_1.View)
        return "replaced", "a view of tf_slim and tf" if view else f"{parts[-1]} of {home}"
    return "given", ""


def tree(script):
    """The syntax tree of a program. Raises InputError if it is none of Python 3."""
    try:
        return ast.parse(pathlib.Path(script).read_bytes(), script)
    except (SyntaxError, ValueError) as error:
        raise InputError(f"{script} cannot be read as Python 3 ({error}): 2to3 or a print() may be what it needs") from None


def beside(tree, script, root):
    """Paths of the modules below the folder `root` that a program there imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            wanted = [(root, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            folder = pathlib.Path(os.path.normpath(script.parent.joinpath(*[".."] * (node.level - 1)))) if node.level else root
            module = [node.module] if node.module else []
            wanted = [(folder, ".".join(module)), *((folder, ".".join([*module, alias.name])) for alias in node.names)]
        else:
            continue
        for path in (folder.joinpath(*name.split(".")) for folder, name in wanted if name):
            yield from (file for file in (path.with_name(path.name + ".py"), path / "__init__.py") if file.is_file())


def check(script):
    """Prints what the names of a program, and of what it imports from its folder, have become.

    Returns 1 if some are not to be had, else 0. Raises InputError.
    """
    counts, files = {"given": 0, "replaced": 0, "missing": 0}, [pathlib.Path(script)]
    with version_1.version_1(numpy_too=False):
        for file in files:  # grows on the way
            parsed = tree(str(file))
            files.extend(sorted(set(beside(parsed, file, files[0].parent)) - set(files)))
            for line, name in names(parsed):
                verdict, words = judged(name)
                counts[verdict] += 1
                words = {"given": "given", "replaced": "by " + words, "missing": words}[verdict]
                print(f"{file}:{line}: {name}: {words}")
    read = "" if len(files) == 1 else f" in {len(files)} files"
    print("{given} names given, {replaced} replaced, {missing} not to be had".format(**counts) + read)
    return 1 if counts["missing"] else 0
