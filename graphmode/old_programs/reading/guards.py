"""Decides a program's conditions where reading suffices: versions, hasattr, constants."""

import ast
import inspect
import operator
import os
import warnings
from typing import Any, Callable

from graphmode.old_programs.reading.scopes import UNKNOWN

# Functions of these modules may be called: they only compute, or read what is installed.
_MODULES = tuple(
    "distutils.version packaging pkg_resources setuptools platform inspect posixpath ntpath "
    "operator".split()
)
_BUILTINS = {
    function.__name__: function
    for function in (int, float, str, bool, tuple, list, len, abs, min, max, any, all, sorted, set)
}
_METHODS = {"split", "startswith", "endswith", "strip", "lower", "upper", "replace", "partition"}
_METHODS |= {"rsplit", "rpartition", "find", "count", "join", "format", "isdigit", "index"}
_OPERATORS = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
    ast.In: lambda a, b: a in b,
    ast.NotIn: lambda a, b: a not in b,
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_SIMPLE = (str, bytes, int, float, complex, type(None))
_CHANGING = {("sys", name) for name in ("argv", "path", "modules", "stdin", "stdout", "stderr")}


class Undecided(Exception):
    """Reading does not tell."""


def simple(value: Any) -> bool:
    """Whether a value is a number, a string, None, or a tuple or list of them."""
    if isinstance(value, (tuple, list, set)):
        return len(value) < 100 and all(simple(one) for one in value)
    return isinstance(value, _SIMPLE)


class Guards:
    """Evaluates expressions without running the program.

    Args:
        name: (Name node) -> the value of a name, or raises Undecided.
        member: (object, attribute) -> the value of an attribute, or raises AttributeError.
    """

    def __init__(self, name: Callable, member: Callable):
        self._name, self._member = name, member

    def value(self, node: ast.expr) -> Any:
        """The value of an expression, or UNKNOWN."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # distutils is deprecated
                return self._value(node)
        except Exception:  # also what the evaluated functions raise
            return UNKNOWN

    def truth(self, node: ast.expr) -> Any:
        """True, False or None: not decided."""
        if isinstance(node, ast.BoolOp):
            ends = isinstance(node.op, ast.Or)  # a true operand decides `or`, a false one `and`
            parts = [self.truth(value) for value in node.values]
            return ends if ends in parts else None if None in parts else not ends
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            inner = self.truth(node.operand)
            return None if inner is None else not inner
        value = self.value(node)
        try:
            return None if value is UNKNOWN else bool(value)
        except (TypeError, ValueError):  # an array of several values, for example
            return None

    def _value(self, node):
        method = getattr(self, f"_{type(node).__name__}", None)
        if method is None:
            raise Undecided
        return method(node)

    def _Constant(self, node):
        return node.value

    def _Name(self, node):
        return self._name(node)

    def _Attribute(self, node):
        owner = self._value(node.value)
        if (getattr(owner, "__name__", ""), node.attr) in _CHANGING:
            raise Undecided
        return self._member(owner, node.attr)

    def _Tuple(self, node):
        return tuple(self._value(one) for one in node.elts)

    def _List(self, node):
        return [self._value(one) for one in node.elts]

    def _Set(self, node):
        return {self._value(one) for one in node.elts}

    def _Subscript(self, node):
        value = self._value(node.value)
        if not isinstance(value, (str, bytes, tuple, list)):
            raise Undecided
        return value[self._value(node.slice)]

    def _Index(self, node):
        return self._value(node.value)

    def _Slice(self, node):
        ends = (node.lower, node.upper, node.step)
        return slice(*(None if end is None else self._value(end) for end in ends))

    def _BoolOp(self, node):
        truth = self.truth(node)
        if truth is None:
            raise Undecided
        return truth

    def _UnaryOp(self, node):
        value = self._value(node.operand)
        if isinstance(node.op, ast.USub):
            return -value
        if isinstance(node.op, ast.Not):
            return not value
        raise Undecided

    def _BinOp(self, node):
        left, right = self._value(node.left), self._value(node.right)
        if not (simple(left) and simple(right)) or type(node.op) not in _OPERATORS:
            raise Undecided
        return _OPERATORS[type(node.op)](left, right)

    def _Compare(self, node):
        left = self._value(node.left)
        for kind, part in zip(node.ops, node.comparators):
            right = self._value(part)
            if not _OPERATORS[type(kind)](left, right):
                return False
            left = right
        return True

    def _IfExp(self, node):
        truth = self.truth(node.test)
        if truth is None:
            raise Undecided
        return self._value(node.body if truth else node.orelse)

    def _comprehension(self, node):
        """`[int(x) for x in tf.__version__.split(".")]`."""
        loop = node.generators[0]
        if len(node.generators) > 1 or loop.ifs or not isinstance(loop.target, ast.Name):
            raise Undecided
        outer, name, results = self._name, loop.target.id, []
        for item in self._value(loop.iter):
            self._name = lambda n, item=item: item if n.id == name else outer(n)
            try:
                results.append(self._value(node.elt))
            finally:
                self._name = outer
        return results

    _ListComp = _GeneratorExp = _comprehension

    def _Call(self, node):
        if node.keywords or any(isinstance(one, ast.Starred) for one in node.args):
            raise Undecided
        function = node.func
        if isinstance(function, ast.Name) and function.id in ("hasattr", "getattr"):
            return self._has_or_get(node)
        if isinstance(function, ast.Name) and function.id == "map":
            called = self._allowed(node.args[0])
            return [called(one) for one in self._value(node.args[1])]
        called = self._allowed(function)
        return called(*(self._value(one) for one in node.args))

    def _has_or_get(self, node):
        owner, name = self._value(node.args[0]), self._value(node.args[1])
        try:
            value = self._member(owner, name)
        except AttributeError:
            if node.func.id == "getattr" and len(node.args) > 2:
                return self._value(node.args[2])
            return False
        return value if node.func.id == "getattr" else True

    def _allowed(self, function):
        """A function that only computes. Raises Undecided for others."""
        if isinstance(function, ast.Name) and function.id in (*_BUILTINS, "dir", "callable"):
            return {**_BUILTINS, "dir": dir, "callable": callable}[function.id]
        if isinstance(function, ast.Attribute) and function.attr in _METHODS:
            owner = self._value(function.value)
            if simple(owner):
                return getattr(owner, function.attr)
        called = self._value(function)
        home = getattr(called, "__module__", None) or ""
        pure = inspect.isroutine(called) or inspect.isclass(called)
        if called in (os.getcwd,) or (pure and home.startswith(_MODULES)):
            return called
        raise Undecided
