"""Follows a program's expressions and calls: what each may stand for."""

import ast
import dataclasses
import inspect
import io
import sys
from typing import Any, List, Optional

from graphmode.old_programs.reading import calls, python2
from graphmode.old_programs.reading.findings import shown
from graphmode.old_programs.reading.libraries import Lacking
from graphmode.old_programs.reading.names import Context, Names, is_flags
from graphmode.old_programs.reading.scopes import (
    COMPREHENSIONS,
    UNKNOWN,
    Class,
    Constant,
    Instance,
    Library,
    Method,
    Object,
    Scope,
    bindings,
    parameters,
)

_LITERALS = {
    ast.Dict: dict,
    ast.DictComp: dict,
    ast.List: list,
    ast.ListComp: list,
    ast.Set: set,
    ast.SetComp: set,
    ast.JoinedStr: str,
}
# Built-in classes whose instances have no more names than the class.
_PLAIN = (dict, list, set, str, tuple, range, zip, map, filter)


class Expressions(Names):
    """Reads expressions. `Reader` adds statements."""

    def expression(self, node: Optional[ast.AST], inner: bool = False) -> List[Any]:
        """What an expression can stand for. Reports the names in it."""
        if node is None:
            return [UNKNOWN]
        self._idioms(node)
        if isinstance(node, ast.Constant):
            return [Constant(node.value)]
        if isinstance(node, ast.Name):
            return self.name(node) if isinstance(node.ctx, ast.Load) else [UNKNOWN]
        if isinstance(node, ast.Attribute):
            values = self.expression(node.value, inner=True)
            return self.attribute(values, node.attr, node, inner)
        if isinstance(node, ast.Call):
            return self.call(node)
        if isinstance(node, ast.BoolOp):
            return self._bool_op(node)
        if isinstance(node, ast.IfExp):
            return self._if_expression(node)
        if isinstance(node, ast.Lambda):
            self._lambda(node)
            return [UNKNOWN]
        if isinstance(node, ast.Subscript):
            self._no_list(self.expression(node.value), "[...]", node)
            self.expression(node.slice)
        elif isinstance(node, COMPREHENSIONS):
            self._comprehension(node)
        else:
            for child in ast.iter_child_nodes(node):
                self.expression(child)
        kind = _LITERALS.get(type(node))
        return [Instance(kind.__name__, kind)] if kind else [UNKNOWN]

    def _idioms(self, node):
        found = python2.complaint(node)
        if found and not (found[0].startswith(("keys", "items", "values")) and self._odd_keys()):
            self.trouble(node, Lacking(f"{found[0]}: {found[1]}"), found[0], "TypeError")

    def _odd_keys(self):
        """Whether `x.keys()` may be no dictionary's: that of pandas, or the program's own."""
        return "pandas" in sys.modules or any(name in self.methods for name in ("keys", "items"))

    def _bool_op(self, node):
        ends = isinstance(node.op, ast.Or)
        values = []
        for position, part in enumerate(node.values):
            values += self.expression(part)
            if self.guards.truth(part) is ends:
                rest = node.values[position + 1 :]
                self.dead(rest, f"only if {'not ' if ends else ''}{shown(part)}")
                break
        return values if ends else [UNKNOWN]

    def _if_expression(self, node):
        self.expression(node.test)
        truth = self.guards.truth(node.test)
        if truth is None:
            return [*self.expression(node.body), *self.expression(node.orelse)]
        live, other = (node.body, node.orelse) if truth else (node.orelse, node.body)
        self.dead([other], f"only if {'not ' if truth else ''}{shown(node.test)}")
        return self.expression(live)

    def dead(self, nodes: List[ast.AST], why: str) -> None:
        """Reads what is not reached: its names are noted, but nothing that it binds."""
        outer = self.here
        self.here = dataclasses.replace(outer, dead=outer.dead or why)
        try:
            for node in nodes:
                if isinstance(node, ast.stmt):
                    self.statement(node)
                else:
                    self.expression(node)
        finally:
            self.here = outer

    def statement(self, node: ast.stmt) -> Optional[bool]:
        raise NotImplementedError

    def inside(self, scope: Scope) -> Context:
        """The same place with an inner scope."""
        return dataclasses.replace(self.here, scope=scope)

    def _lambda(self, node):
        arguments = node.args
        for default in (*arguments.defaults, *arguments.kw_defaults):
            self.expression(default)
        left = bindings([])
        left.update(parameters(arguments))
        outer = self.here
        self.here = self.inside(Scope("function", outer.scope, outer.module, left))
        try:
            self.expression(node.body)
        finally:
            self.here = outer

    def _comprehension(self, node):
        outer = self.here
        left = bindings(loop.target for loop in node.generators)
        self.expression(node.generators[0].iter)
        self.here = self.inside(Scope("comprehension", outer.scope, outer.module, left))
        try:
            for loop in node.generators:
                if loop is not node.generators[0]:
                    self.expression(loop.iter)
                for test in loop.ifs:
                    self.expression(test)
            parts = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
            for part in parts:
                self.expression(part)
        finally:
            self.here = outer

    # Calls

    def call(self, node: ast.Call) -> List[Any]:
        """What a call returns, as far as it is known. Reports wrong arguments."""
        functions = self.expression(node.func)
        given = [self.expression(argument) for argument in node.args]
        self._list_wanted(functions, given, node)
        for keyword in node.keywords:
            self.expression(keyword.value)
        results = []
        for function in functions:
            if isinstance(function, (Library, Method)):
                if len(functions) == 1:
                    self._arguments(function, node)
                results.append(self._returned(function, node))
            elif isinstance(function, Class):
                results.append(Object(function))
            else:
                results.append(UNKNOWN)
        if results == [UNKNOWN] and python2.called(node) in ("keys", "items"):
            if not self._odd_keys():
                results = [Instance("keys()", type({}.keys()))]
        special = self.special_call(functions[0], node)
        return results if special is None else special

    def _list_wanted(self, functions, given, node):
        """Reports `len(x)` and the like of what Python 3 gives as an iterator, not as a list."""
        name = getattr(functions[0], "name", "")
        if name in ("len", "random.shuffle", "random.choice", "random.sample", "numpy.array"):
            self._no_list(given[0] if given else [UNKNOWN], f"{name}(...)", node)

    def _no_list(self, values, shown_as, node):
        kinds = {value.kind for value in values if isinstance(value, Instance)}
        views = () if shown_as == "len(...)" else (type({}.keys()),)
        if len(kinds) == len(values) == 1 and kinds < {zip, map, filter, *views}:
            words = f"{shown_as}: {values[0].name} gives no list in Python 3; instead: list(...)"
            self.trouble(node, Lacking(words), shown_as, "TypeError")

    def special_call(self, function: Any, node: ast.Call) -> Optional[List[Any]]:
        raise NotImplementedError

    def _arguments(self, function, node):
        if not is_flags(function.value):
            words = calls.complaint(function.value, node, isinstance(function, Method))
            if words:
                name = function.name
                self.trouble(node, Lacking(f"{name} {words}"), f"{name}(...)", "TypeError")

    def _returned(self, function, node):
        """The kind of object that a library's class or function returns, or UNKNOWN."""
        value = function.value
        if value is open:
            text = python2.is_text_file(node)
            return Instance("open(...)", io.TextIOWrapper) if text else UNKNOWN
        if inspect.isclass(value):
            plain = type(value) is type and (value.__module__ != "builtins" or value in _PLAIN)
            return Instance(function.name, value) if plain else UNKNOWN
        annotation = getattr(value, "__annotations__", {}).get("return")
        if isinstance(annotation, str):
            annotation = getattr(value, "__globals__", {}).get(annotation)
        return Instance(function.name, annotation) if inspect.isclass(annotation) else UNKNOWN
