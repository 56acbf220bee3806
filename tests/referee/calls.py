"""Which functions of the project a case calls, and whether they have changed since."""

import ast
import contextlib
import hashlib
import pathlib
import sys

ROOT = pathlib.Path(__file__).parents[2]
PACKAGES = ("gan_book", "glcic", "pix2pix", "data", "graphmode", "tests")
UNIMPORTANT = ("kind", "type_comment", "type_params", "ctx")


@contextlib.contextmanager
def recorded():
    """Yields a set that gets `module.py:function` of each function of ours that is called."""
    called, files = set(), {}

    def trace(frame, event, _):
        if event != "call":
            return
        code = frame.f_code
        file = files.get(code.co_filename)
        if file is None:
            path = pathlib.Path(code.co_filename)
            inside = path.parts[: len(ROOT.parts)] == ROOT.parts
            file = path.relative_to(ROOT).as_posix() if inside else ""
            files[code.co_filename] = file if file.startswith(PACKAGES) else ""
        elif not file:
            return
        if files[code.co_filename] and not code.co_name.startswith("<"):
            called.add(f"{files[code.co_filename]}:{code.co_name}")

    sys.setprofile(trace)
    try:
        yield called
    finally:
        sys.setprofile(None)


def functions(file):
    """Function name -> the syntax trees of all functions of that name in a file."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            found.setdefault(node.name, []).append(node)
    return found


def digest(called):
    """A number that changes if one of these functions does: not with comments or docstrings."""
    trees, text = {}, []
    for name in sorted(called):
        file, function = name.split(":")
        if file not in trees:
            trees[file] = functions(file) if (ROOT / file).exists() else {}
        text.append((name, [_plain(node) for node in trees[file].get(function, [])]))
    return hashlib.sha256(repr(text).encode()).hexdigest()[:16]


def _plain(node):
    """A syntax tree as nested tuples, the same on every Python from 3.8."""
    if isinstance(node, list):
        return [_plain(each) for each in node]
    if not isinstance(node, ast.AST):
        return node
    fields = []
    for name, value in ast.iter_fields(node):
        if name == "body" and isinstance(node, ast.FunctionDef) and ast.get_docstring(node):
            value = value[1:]
        if name not in UNIMPORTANT and value not in (None, []):
            fields.append((name, _plain(value)))
    return (type(node).__name__, fields)
