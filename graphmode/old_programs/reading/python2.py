"""Idioms of Python 2 that Python 3 reads and then refuses. Only what fails for certain."""

import ast
import builtins
from typing import Optional, Tuple

_ITERATORS = ("map", "zip", "filter")
_VIEWS = ("keys", "values", "items")


def called(node: Optional[ast.AST]) -> str:
    """The name of the built-in function or of the method of a dictionary that a call calls."""
    if not isinstance(node, ast.Call):
        return ""
    if isinstance(node.func, ast.Name):
        return node.func.id
    if isinstance(node.func, ast.Attribute) and node.func.attr in _VIEWS and not node.args:
        return node.func.attr
    return ""


def is_text_file(node: Optional[ast.AST]) -> bool:
    """`open(path)`, which reads text."""
    if called(node) != "open" or not isinstance(node, ast.Call):
        return False
    modes = [argument.value for argument in node.keywords if argument.arg == "mode"]
    mode = (node.args[1:2] or modes or [ast.Constant("r")])[0]
    return isinstance(mode, ast.Constant) and "b" not in str(mode.value)


def _divides(node) -> bool:
    """Whether the value of an expression is a float because it is a quotient."""
    if isinstance(node, ast.BinOp):
        if isinstance(node.op, ast.Div):
            return True
        if isinstance(node.op, (ast.Add, ast.Sub, ast.Mult)):
            return _divides(node.left) or _divides(node.right)
    return False


def complaint(node: ast.AST) -> Optional[Tuple[str, str]]:
    """(what, why and what instead) if a node is an idiom of Python 2 that Python 3 refuses."""
    method = globals().get(f"_{type(node).__name__}")
    return method(node) if method else None


def _BinOp(node):
    if isinstance(node.op, ast.RShift) and ast.unparse(node.left) == "print":
        return "print >>", "Python 2's; instead: print(..., file=...)"
    if isinstance(node.op, ast.Mult) and isinstance(node.left, ast.List) and _divides(node.right):
        return ast.unparse(node)[:60], "/ gives a float in Python 3; instead: //"
    if isinstance(node.op, ast.Add):
        sides = [called(node.left), called(node.right)]
        lists = [
            isinstance(side, (ast.List, ast.ListComp)) or called(side) == "list"
            for side in (node.left, node.right)
        ]
        odd = [side in ("range", *_ITERATORS, *_VIEWS) for side in sides]
        if (odd[0] and (odd[1] or lists[1])) or (odd[1] and lists[0]):
            name = sides[0] if odd[0] else sides[1]
            return f"{name}(...) +", f"{name} gives no list in Python 3; instead: list({name}(...))"
    return None


def _Subscript(node):
    name = called(node.value)
    if name == "values":
        return f"{name}(...)[...]", f"{name} gives no list in Python 3; instead: list(...)[...]"
    if not isinstance(node.value, ast.Call):
        slices = isinstance(node.slice, ast.Slice)
        for end in (node.slice.lower, node.slice.upper) if slices else (node.slice,):
            if end is not None and _divides(end):
                return ast.unparse(node)[:60], "/ gives a float in Python 3; instead: //"
    return None


def _Call(node):
    name = called(node)
    first = node.args[0] if node.args else None
    if name == "range" and hasattr(builtins, name) and any(_divides(end) for end in node.args):
        return ast.unparse(node)[:60], "/ gives a float in Python 3; instead: //"
    if isinstance(node.func, ast.Attribute):
        owner, method = node.func.value, node.func.attr
        if method == "sort" and called(owner) == "values":
            return "values(...).sort", "values gives no list in Python 3; instead: list(...)"
        if method == "reshape" and ast.unparse(owner) not in ("tf", "K"):
            shape = node.args[1:] if ast.unparse(owner) in ("np", "numpy") else node.args
            parts = [part for one in shape for part in getattr(one, "elts", [one])]
            if any(map(_divides, parts)):
                return "reshape(.../...)", "/ gives a float in Python 3; instead: //"
        whole = ast.unparse(node.func)
        if whole in ("random.shuffle", "np.random.shuffle", "numpy.random.shuffle"):
            if called(first) == "range":
                return f"{whole}(range(...))", "Python 3's range is no list; instead: list(range())"
        if whole in ("pickle.load", "cPickle.load") and is_text_file(first):
            return f"{whole}(open(...))", "pickle reads bytes; instead: open(..., 'rb')"
        if whole in ("pickle.dump", "cPickle.dump") and any(map(is_text_file, node.args[1:2])):
            return f"{whole}(..., open(...))", "pickle writes bytes; instead: open(..., 'wb')"
    return None
