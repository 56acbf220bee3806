"""Follows a program's imports, of its own modules and of libraries."""

import ast
import pathlib
from typing import Any, List, Optional

from graphmode.old_programs.reading import cures
from graphmode.old_programs.reading.expressions import Expressions
from graphmode.old_programs.reading.findings import TROUBLE, Use
from graphmode.old_programs.reading.libraries import Lacking
from graphmode.old_programs.reading.scopes import UNKNOWN, Constant, Library
from graphmode.old_programs.reading.sources import Module, unreadable


class Imports(Expressions):
    """Reads import statements."""

    def visit(self, module: Module) -> None:
        raise NotImplementedError

    def own(self, name: str, node: ast.AST) -> Optional[Module]:
        """A module of the program, whose statements are read when it is imported first.

        None: its file cannot be read, which is reported.

        Raises:
            Lacking: no module of the program has this name.
        """
        parts, module = name.split("."), None
        for end in range(1, len(parts) + 1):
            part = ".".join(parts[:end])
            try:
                module = self.sources.load(part)
            except (SyntaxError, ValueError) as error:
                self.unreadable(self.sources.find(part) or pathlib.Path(part), error)
                return None
            if module is None:
                where = self.sources.find(parts[0])
                raise Lacking(f"import {name}: {where} is there, but {part} is not")
            if not module.visited and not self.here.dead:
                self.visit(module)
        return module

    def unreadable(self, path: pathlib.Path, error: Exception) -> None:
        """Reports a file that is not Python 3. No handler for imports takes this error."""
        line, self.flags_complete = getattr(error, "lineno", None) or 1, False
        if not any(use.file == path and use.name == "Python 2" for use in self.uses):
            words = f"{path.name} {unreadable(error)}"
            self.raise_(Use(path, line, "Python 2", words, TROUBLE), "SyntaxError")

    def imported(self, name: str, node: ast.AST) -> Any:
        """What `import name` gives as a value: the last module of the dotted name, or UNKNOWN.

        Raises Lacking.
        """
        if self.sources.has(name):
            return self.own(name, node) or UNKNOWN
        try:
            return self.libraries.module(name)
        except Lacking as lacking:
            # A package that is not there, perhaps the program's own: it may define flags.
            self.flags_complete = self.flags_complete and "." not in name
            raise self._nearby(name, lacking) from None

    def _nearby(self, name, lacking):
        """A better cure for a module that was not found: it is in a folder that Python ignores."""
        if not lacking.package:
            return lacking
        top, package = name.partition(".")[0], self.here.module.package
        if package and self.sources.find(f"{package}.{top}"):
            return Lacking(
                f"import {name}: Python 3 does not look beside the file; "
                f"instead: from . import {top}"
            )
        first = self.sources.roots[0].resolve()
        if (first / f"{top}.pyx").is_file():
            return Lacking(f"import {name}: {top}.pyx must be compiled with Cython first")
        folders = [file.parent for file in sorted(first.rglob(f"{top}.py"))[:1]]
        folders += [up for up in first.parents[:4] if _has_module(up, top)]
        if folders and top not in cures.PIP:
            self.flags_complete = False
            return Lacking(f"import {name}: not on the path; instead: PYTHONPATH={folders[0]}")
        return lacking

    def import_statement(self, node: ast.Import) -> None:
        """`import a, b.c as d`."""
        for alias in node.names:
            top = alias.name.partition(".")[0]
            try:
                value = self._wanted(alias, node)
            except Lacking as lacking:
                self.trouble(node, lacking, f"import {alias.name}", "ImportError")
                value = UNKNOWN
            if isinstance(value, Library):
                self.use(node, alias.name, value.value)
                if not alias.asname and alias.name != top:
                    value = self.libraries.module(top)
            elif isinstance(value, Module) and not alias.asname:
                value = self.sources.load(top)
            self.bind(alias.asname or top, [value])

    def _wanted(self, alias, node):
        """The module of an import; libraries of which nothing is used are only looked for."""
        name = alias.asname or alias.name
        unused = "." not in alias.name and name not in self.here.module.loaded
        if unused and not self.sources.has(alias.name) and self.libraries.exists(alias.name):
            return UNKNOWN
        return self.imported(alias.name, node)

    def import_from(self, node: ast.ImportFrom) -> None:
        """`from a.b import c as d`, also relative to a package."""
        module = self.here.module
        try:
            name = self._absolute(node)
            source: Any = UNKNOWN
            if node.level:
                source = self.own(name, node) or UNKNOWN
            elif name == "__future__":
                source = Library(name, __import__(name))
            else:
                source = self.imported(name, node)
        except Lacking as lacking:
            shown = "." * node.level + (node.module or "")
            self.trouble(node, lacking, f"import {shown}", "ImportError")
            source = UNKNOWN
            if any(alias.name == "*" for alias in node.names):
                module.complete = False
        for alias in node.names:
            if alias.name == "*":
                self._star(source, node)
            else:
                self.bind(alias.asname or alias.name, self._from(source, alias.name, node))

    def _absolute(self, node):
        """The dotted name of the module of a `from` import. Raises Lacking."""
        if not node.level:
            return node.module
        package = self.here.module.package
        parts = package.split(".") if package else []
        if node.level > len(parts):
            whole = "." * node.level + (node.module or "")
            raise Lacking(
                f"from {whole}: this file is started as a script, not as a part of a package; "
                "instead: python -m graphmode -m package.module, from the folder above"
            )
        return ".".join([*parts[: len(parts) - node.level + 1], *filter(None, [node.module])])

    def _from(self, source, name, node) -> List[Any]:
        """What a `from` import binds."""
        if isinstance(source, Library):
            whole = Library(f"{source.name}", source.value)
            try:
                value = self._library_member(whole, name)
            except Lacking as lacking:
                self.trouble(node, lacking, f"{source.name}.{name}", "ImportError")
                return [UNKNOWN]
            values = list(value) if isinstance(value, list) else [value]
            for value in values:
                if isinstance(value, Library):
                    self.use(node, value.name, value.value)
            return values
        if isinstance(source, Module):
            return self._own_name(source, name, node)
        return [UNKNOWN]

    def _library_member(self, library, name):
        try:
            return self.libraries.member(library, name)
        except Lacking as first:
            try:
                return self.libraries.module(f"{library.name}.{name}")
            except Lacking:
                raise first from None

    def _own_name(self, source, name, node):
        if name not in source.scope.left and source.is_package:
            inner = f"{source.name}.{name}"
            if self.sources.find(inner):
                return [self.own(inner, node) or UNKNOWN]
        try:
            return self.own_member(source, name)
        except Lacking as lacking:
            self.trouble(node, lacking, f"{source.name}.{name}", "ImportError")
            return [UNKNOWN]

    def _star(self, source, node) -> None:
        """`from source import *`."""
        scope, module = self.here.scope, self.here.module
        if self.here.dead:
            return
        if isinstance(source, Library):
            for name in self.libraries.names(source):
                scope.left.setdefault(name, 0)
                try:
                    value = self.libraries.member(source, name)
                    scope.values[name] += value if isinstance(value, list) else [value]
                except Lacking:
                    scope.values[name].append(UNKNOWN)
        elif isinstance(source, Module):
            module.complete = module.complete and source.complete
            listed = source.scope.candidates("__all__")[0]
            chosen = listed.value if isinstance(listed, Constant) else None
            for name in list(source.scope.left):
                if name in chosen if chosen else not name.startswith("_"):
                    scope.left.setdefault(name, 0)
                    scope.values[name].extend(source.scope.candidates(name))
        else:
            module.complete = False

    def bind(self, name: str, values: List[Any]) -> None:
        raise NotImplementedError


def _has_module(folder, name):
    """Whether a folder has a module or a package of this name."""
    return (folder / f"{name}.py").is_file() or (folder / name / "__init__.py").is_file()
