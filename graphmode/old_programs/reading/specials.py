"""Calls that mean something for the reading: flags, sys.path, getattr, imports by name."""

import ast
from typing import Any, List, Optional

from graphmode.old_programs.reading.findings import GUARDED, TROUBLE, Use
from graphmode.old_programs.reading.imports import Imports
from graphmode.old_programs.reading.libraries import Lacking
from graphmode.old_programs.reading.scopes import UNKNOWN, Library, Object
from graphmode.old_programs.reading.sources import Module


class Specials(Imports):
    """Reads such calls.

    Attributes:
        main: the module that is started.
    """

    main: Module

    def assign(self, target: ast.AST, values: List[Any], node: Optional[ast.AST] = None) -> None:
        raise NotImplementedError

    def special_call(self, function: Any, node: ast.Call) -> Optional[List[Any]]:
        name = function.name if isinstance(function, Library) else ""
        last = name.rpartition(".")[2]
        first = node.args[0] if node.args else None
        if last.startswith("DEFINE_"):
            self._define(node)
        elif name.endswith("app.run"):
            for value in self.main.scope.candidates("main"):
                self.reach(value)
        elif name in ("eval", "exec", "globals", "fire.Fire") or last == "Fire":
            self.reach_all(self.here.module)
        elif name == "getattr" and len(node.args) > 1:
            return self._getattr(node)
        elif name == "setattr" and len(node.args) == 3:
            self._setattr(node)
        elif name in ("__import__", "importlib.import_module") and isinstance(first, ast.Constant):
            return self._import_call(first, node)
        elif isinstance(node.func, ast.Attribute) and node.func.attr in ("append", "insert"):
            if ast.unparse(node.func.value) == "sys.path" and node.args:
                self._path(node.args[-1])
        elif name in ("unittest.main", "tensorflow.test.main"):
            self.reach_all(self.main)
        return None

    def _path(self, node):
        """`sys.path.append(folder)`."""
        folder = self.guards.value(node)
        if isinstance(folder, str) and not self.here.dead:
            self.sources.add(folder)

    def _define(self, node):
        names_ = [k.value for k in node.keywords if k.arg in ("name", "flag_name")]
        name = self.guards.value((node.args or names_ or [None])[0])
        if isinstance(name, str):
            self.flags[name] = node.lineno
        else:
            self.flags_complete = False

    def _getattr(self, node):
        name = self.guards.value(node.args[1])
        values = self.expression(node.args[0], inner=True)
        if isinstance(name, str):
            if len(node.args) == 2:
                return self.attribute(values, name, node, inner=False)
            self.mention(name)
        for value in values:
            if isinstance(value, Module):
                self.reach_all(value)
            elif isinstance(value, Object):
                for method in value.kind.methods:
                    self.reach(method)
        return None

    def _setattr(self, node):
        name = self.guards.value(node.args[1])
        if isinstance(name, str):
            target = ast.copy_location(ast.Attribute(node.args[0], name, ast.Store()), node)
            self.stored.add(name)
            self.assign(target, self.expression(node.args[2]))

    def _import_call(self, first, node):
        try:
            return [self.imported(str(first.value), node)]
        except Lacking as lacking:
            self.trouble(node, lacking, f"import {first.value}", "ImportError")
            return [UNKNOWN]

    def judge_flags(self):
        """Reports attributes of FLAGS that no DEFINE_ gives, now that all are read."""
        if not self.flags_complete:
            return
        seen = set()
        for context, node, name in self.flag_uses:
            place = (context.module.path, name)
            if name in self.flags or place in seen or self.libraries.has_flag(name):
                continue
            seen.add(place)
            self.here = context
            words = f"FLAGS.{name}: no flag of this name is defined"
            close = [flag for flag in self.flags if flag.lower() == name.lower()]
            words += f"; instead: FLAGS.{close[0]}" if close else ""
            use = Use(context.module.path, node.lineno, f"FLAGS.{name}", words, TROUBLE)
            use.condition = (*context.conditions, "")[-1]
            if any(catcher.handler("AttributeError") for catcher in context.catchers):
                use.kind, use.condition = GUARDED, "the program catches it"
            self._add(use)
