"""Reads a program statement by statement, as Python would run it, without running it."""

import ast
import dataclasses
import re
from typing import Any, List, Optional

from graphmode.old_programs.reading.findings import (
    GUARDED,
    TROUBLE,
    Catcher,
    Use,
    ends,
    gives_up,
    names,
    shown,
)
from graphmode.old_programs.reading.guards import simple
from graphmode.old_programs.reading.libraries import Lacking
from graphmode.old_programs.reading.names import Context, Raised
from graphmode.old_programs.reading.scopes import (
    UNKNOWN,
    Absent,
    Class,
    Constant,
    Function,
    Library,
    Object,
    Scope,
    bindings,
    parameters,
)
from graphmode.old_programs.reading.sources import Module
from graphmode.old_programs.reading.specials import Specials

# Decorators that do not call or keep what they decorate.
_QUIET = {"staticmethod", "classmethod", "property", "setter", "abstractmethod", "wraps"}
_QUIET |= {"contextmanager", "add_arg_scope", "lru_cache", "lazy_property", "abstractproperty"}
_QUIET |= {"define_scope", "function", "jit", "njit", "coroutine"}


class Reader(Specials):
    """Reads a program: its script, the modules that it imports, the functions that it calls.

    A function is read if something that is read names it. What is read under a condition that is
    decided (a version, hasattr, a constant) counts only in the branch that is taken.
    """

    def program(self, module: Module) -> List[Use]:
        """Reads the program that begins with a module. Returns what it uses."""
        self.main = module
        self.here = Context(module, module.scope)
        self.visit(module)
        self._functions()
        for function in self.functions:
            if not function.reached:
                self._function(function, dead=f"only if {function.node.name}() is called")
        self.judge_flags()
        return self.uses

    def _functions(self):
        while self.queue:
            self._function(self.queue.pop(0))

    def visit(self, module: Module) -> None:
        module.visited = True
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                self.stored.add(node.attr)
        outer = self.here
        self.here = dataclasses.replace(outer, module=module, scope=module.scope, owner=None)
        try:
            self.block(module.tree.body)
        finally:
            self.here = outer

    def bind(self, name: str, values: List[Any]) -> None:
        if not self.here.dead:
            self.here.scope.bind(name, values)

    # Statements

    def block(self, statements: List[ast.stmt]) -> None:
        """Reads statements in their order."""
        for position, node in enumerate(statements):
            if self.statement(node):
                self.skip(statements[position + 1 :], "only if the condition above changes")
                return

    def skip(self, statements: List[ast.stmt], why: str) -> None:
        """Passes over statements that are not reached."""
        if not self.here.dead:
            self.here.scope.left.subtract(bindings(statements))
        self.dead(list(statements), why)

    def statement(self, node: ast.stmt) -> Optional[bool]:
        """Reads a statement. Returns whether what follows is known not to be reached."""
        method = getattr(self, f"_{type(node).__name__}", None)
        if method is not None:
            return method(node)
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.stmt):
                self.statement(child)
            elif isinstance(child, ast.expr):
                self.expression(child)
        return None

    def _Import(self, node):
        self.import_statement(node)

    def _ImportFrom(self, node):
        self.import_from(node)

    def _Global(self, node):
        self.here.scope.is_global.update(node.names)

    def _Nonlocal(self, node):
        for name in node.names:
            self.here.scope.left.pop(name, None)

    def _Assign(self, node):
        values = self._constant(node.value, self.expression(node.value))
        for target in node.targets:
            self.assign(target, values, node.value)

    def _AnnAssign(self, node):
        if node.value is not None:
            self.assign(node.target, self.expression(node.value), node.value)
        elif isinstance(node.target, ast.Name):
            self.bind(node.target.id, [UNKNOWN])

    def _AugAssign(self, node):
        if not isinstance(node.target, ast.Name):
            self.expression(node.target)
        self.expression(node.value)
        self.assign(node.target, [UNKNOWN])

    def _constant(self, node, values):
        if values == [UNKNOWN] or isinstance(node, (ast.Tuple, ast.List)):
            value = self.guards.value(node)
            if value is not UNKNOWN and simple(value) and not isinstance(value, (list, set)):
                return [Constant(value)]
            if isinstance(value, list) and simple(value):
                return values if values != [UNKNOWN] else [UNKNOWN]
        return values

    def assign(self, target: ast.AST, values: List[Any], node: Optional[ast.AST] = None) -> None:
        """Binds what stands on the left of `=`."""
        if isinstance(target, ast.Name):
            self.bind(target.id, values)
        elif isinstance(target, (ast.Tuple, ast.List)):
            for one, part, inner in self._parts(target, node):
                self.assign(one, inner, part)
        elif isinstance(target, ast.Starred):
            self.assign(target.value, [UNKNOWN])
        elif isinstance(target, ast.Attribute):
            for owner in self.expression(target.value, inner=True):
                self._set_attribute(owner, target, values)
        else:
            self.expression(target)

    def _parts(self, target, node):
        """(target, expression, values) of each part of `a, b = ...`."""
        parts = node.elts if isinstance(node, (ast.Tuple, ast.List)) else []
        value = UNKNOWN if node is None else self.guards.value(node)
        for position, one in enumerate(target.elts):
            if len(parts) == len(target.elts):
                yield one, parts[position], self._peek(parts[position])
            elif isinstance(value, (tuple, list)) and len(value) == len(target.elts):
                known = value[position]
                yield one, None, [Constant(known) if simple(known) else UNKNOWN]
            else:
                yield one, None, [UNKNOWN]

    def _peek(self, node):
        """What an expression that was read before stands for."""
        uses, self.uses = self.uses, []
        try:
            return self._constant(node, self.expression(node))
        finally:
            self.uses = uses

    def _set_attribute(self, owner, target, values):
        if self.here.dead:
            return
        if isinstance(owner, Object):
            owner.kind.members.setdefault(target.attr, []).extend(values)
        elif isinstance(owner, Class):
            owner.members.setdefault(target.attr, []).extend(values)
        elif isinstance(owner, Library):
            if type(owner.value).__name__ in ("FlagValues", "_FlagValuesWrapper"):
                self.flags[target.attr] = target.lineno  # it need not be defined, as before 1.5
            else:
                self.libraries.set(owner, target.attr, values)
        elif isinstance(owner, Module):
            owner.scope.left[target.attr] += 1
            owner.scope.bind(target.attr, values)

    def _For(self, node):
        self.expression(node.iter)
        self.assign(node.target, [UNKNOWN])
        self.block(node.body)
        self.block(node.orelse)

    _AsyncFor = _For

    def _With(self, node):
        for item in node.items:
            values = self.expression(item.context_expr)
            if item.optional_vars is not None:
                files = all(getattr(v, "name", "") == "open(...)" for v in values)
                self.assign(item.optional_vars, values if files else [UNKNOWN])
        self.block(node.body)

    _AsyncWith = _With

    def _While(self, node):
        self.expression(node.test)
        if self.guards.truth(node.test) is False:
            self.skip(node.body, f"only if {shown(node.test)}")
        else:
            self.block(node.body)
        self.block(node.orelse)

    def _If(self, node):
        self.expression(node.test)
        truth, text = self.guards.truth(node.test), shown(node.test)
        if truth is None:
            for branch, condition in ((node.body, text), (node.orelse, f"not ({text})")):
                self._under(condition, branch)
            return ends(node.body) and ends(node.orelse) and bool(node.orelse)
        live, other = (node.body, node.orelse) if truth else (node.orelse, node.body)
        self.skip(other, f"only if {'not ' if truth else ''}({text})")
        if gives_up(live) and "version" in text.lower():
            self._own_test(live[-1], text)
        self.block(live)
        return ends(live)

    def _under(self, condition, statements):
        outer = self.here
        self.here = dataclasses.replace(outer, conditions=(*outer.conditions, condition))
        try:
            self.block(statements)
        finally:
            self.here = outer

    def _Assert(self, node):
        self.expression(node.test)
        if self.guards.truth(node.test) is False and "version" in ast.unparse(node.test).lower():
            self._own_test(node, shown(node.test))

    def _own_test(self, node, text):
        """The program itself refuses this version."""
        wanted = (re.findall(r"\d+\.\d+(?:\.\d+)?", text) or ["1.0.0"])[0]
        cure = f"; instead: set TF1_VERSION, for example to {wanted}" if "tf" in text else ""
        words = f"the program stops by its own test `{text}`{cure}"
        self.trouble(node, Lacking(words), text, "Exception")

    def _Try(self, node):
        catcher, outer = Catcher(node), self.here
        self.here = dataclasses.replace(outer, catchers=(*outer.catchers, catcher))
        raised, position = None, 0
        try:
            for part in node.body:
                self.statement(part)
                position += 1
        except Raised as error:
            if error.catcher is not catcher:
                raise
            raised = error
        finally:
            self.here = outer
        if raised is None:
            self.block(node.orelse)
            self._handlers(node, catcher)
        else:
            self._caught(node, raised, position)
        self.block(node.finalbody)
        return raised is not None and ends(raised.handler.body)

    _TryStar = _Try

    def _handlers(self, node, catcher):
        """Handlers of a body in which no name is missing."""
        for handler in node.handlers:
            narrow = all(kind in catcher.NARROW for kind in names(handler)) and names(handler)
            text = f"the try in line {node.lineno} fails"
            if narrow or catcher.is_certain():
                self.skip([handler], f"only if {text}")
                continue
            self._handler_name(handler)
            self._under(text, handler.body)

    def _caught(self, node, raised, position):
        """The body of a `try` fails at a statement because a name is missing; a handler runs."""
        absent, use = {}, raised.use
        for part in ast.walk(node.body[position]):
            if isinstance(part, (ast.Import, ast.ImportFrom)):
                for alias in part.names:
                    absent[alias.asname or alias.name.partition(".")[0]] = use
        self.skip([*node.body[position:], *node.orelse], "only if the line above works")
        if not self.here.dead:
            for name, why in absent.items():
                self.here.scope.values[name].append(Absent(name, why.words))
        use.kind, use.condition = GUARDED, f"caught in line {raised.handler.lineno}"
        for handler in node.handlers:
            if handler is not raised.handler:
                self.skip([handler], "only if the try fails with another error")
        self._handler_name(raised.handler)
        self.block(raised.handler.body)
        if gives_up(raised.handler.body):
            self.raise_(dataclasses.replace(use, kind=TROUBLE, condition=""), raised.error)
        else:
            self.uses.append(use)

    def _handler_name(self, handler):
        if handler.name:
            self.bind(handler.name, [UNKNOWN])

    def _ExceptHandler(self, node):
        self.block(node.body)

    # Functions and classes

    def _FunctionDef(self, node):
        for part in (*node.decorator_list, *node.args.defaults, *node.args.kw_defaults):
            self.expression(part)
        scope, owner = self.here.scope, self.here.owner
        method = scope.kind == "class"
        if self.here.dead:
            return
        function = Function(node, scope, owner if method else None, context=self.here)
        self.functions.append(function)
        self.bind(node.name, [function])
        loud = any(_last_name(one) not in _QUIET for one in node.decorator_list)
        if method:
            owner.methods.append(function)
            self.methods.setdefault(node.name, []).append(function)
            if not loud:
                self.consider(function)
        if loud:
            self.reach(function)

    _AsyncFunctionDef = _FunctionDef

    def _function(self, function, dead=""):
        """Reads the body of a function."""
        node, outer = function.node, self.here
        left = bindings(node.body)
        arguments = parameters(node.args)
        left.update(arguments)
        scope = Scope("function", function.scope, function.context.module, left)
        owner = function.owner or function.context.owner
        self.here = Context(function.context.module, scope, owner, dead=dead)
        for part in ast.walk(node):
            if isinstance(part, ast.Global):
                scope.is_global.update(part.names)
        static = any(_last_name(one) == "staticmethod" for one in node.decorator_list)
        for position, name in enumerate(arguments):
            is_self = function.owner is not None and not position and not static
            scope.bind(name, [Object(function.owner) if is_self else UNKNOWN])
        try:
            self.block(node.body)
        finally:
            self.here = outer

    def _ClassDef(self, node):
        bases = [value for base in node.bases for value in self.expression(base)]
        for part in (*node.decorator_list, *(keyword.value for keyword in node.keywords)):
            self.expression(part)
        outer = self.here
        scope = Scope("class", outer.scope, outer.module, bindings(node.body))
        made = Class(node, scope, bases)
        made.members = scope.values
        self.here = dataclasses.replace(outer, scope=scope, owner=made)
        try:
            self.block(node.body)
        finally:
            self.here = outer
        self.bind(node.name, [made])
        if node.decorator_list or node.keywords:
            self.reach(made)


def _last_name(node):
    node = node.func if isinstance(node, ast.Call) else node
    return ast.unparse(node).rpartition(".")[2]
