"""Follows a program's names and attributes: what each may stand for, and whether it is there."""

import ast
import builtins
import dataclasses
import inspect
import sys
from typing import Any, Dict, List, Optional, Tuple

from graphmode.old_programs.reading import cures
from graphmode.old_programs.reading.findings import AVAILABLE, GUARDED, TROUBLE, Catcher, Use
from graphmode.old_programs.reading.guards import Guards, Undecided, simple
from graphmode.old_programs.reading.libraries import Lacking, Libraries
from graphmode.old_programs.reading.scopes import (
    UNKNOWN,
    Absent,
    Class,
    Constant,
    Function,
    Instance,
    Library,
    Method,
    Object,
    Scope,
)
from graphmode.old_programs.reading.sources import Module, Sources

# Names that every module has, or that only some systems have.
_GIVEN = {"__file__", "__name__", "__doc__", "__package__", "__spec__", "__loader__", "__path__"}
_GIVEN |= {"__class__", "__builtins__", "__annotations__", "WindowsError", "__qualname__"}
# Methods that Python calls for nearly every object. Those of operators are left out: a class that
# has all of them, Python 2's `__div__` among them, rarely sees most of them used.
_SPECIAL = {
    f"__{name}__"
    for name in "init new call enter exit iter next getitem setitem len contains getattr "
    "setattr eq hash bool repr str del init_subclass set_name get set".split()
}


@dataclasses.dataclass
class Context:
    """Where the reader is.

    Attributes:
        owner: the class whose body or method is read.
        conditions: conditions of the program that are not decided, the innermost last.
        dead: why this place is not reached, or "".
        catchers: the `try` statements around it.
    """

    module: Module
    scope: Scope
    owner: Optional[Class] = None
    conditions: Tuple[str, ...] = ()
    dead: str = ""
    catchers: Tuple[Catcher, ...] = ()


class Raised(Exception):
    """The program raises an error here, and a `try` statement of it takes the error."""

    def __init__(self, catcher: Catcher, handler: ast.ExceptHandler, use: Use, error: str):
        super().__init__(use.name)
        self.catcher, self.handler, self.use, self.error = catcher, handler, use, error


class Names:
    """Knows what is read so far: what names stand for, what is reached, what is wrong.

    Values are lists: a name can stand for several things. UNKNOWN is one of them.
    """

    here: Context

    def __init__(self, sources: Sources, libraries: Libraries):
        self.sources, self.libraries = sources, libraries
        self.uses: List[Use] = []
        self.flags: Dict[str, int] = {}  # flags that the program defines
        self.flag_uses: List[Tuple[Context, ast.AST, str]] = []
        self.flags_complete = True
        self.stored: set = set()  # attributes that the program sets somewhere
        self.queue: List[Function] = []
        self.functions: List[Function] = []
        self.methods: Dict[str, List[Function]] = {}
        self.mentioned: set = set()  # attributes of unknown objects, and names in strings
        self.guards = Guards(self._guard_name, self._guard_member)

    # What is reached

    def reach(self, value: Any) -> None:
        """Notes that the program uses a function or a class of its own."""
        if self.here.dead:
            return
        if isinstance(value, Function) and not value.reached:
            value.reached = True
            self.queue.append(value)
        elif isinstance(value, Class) and not value.mentioned:
            value.mentioned = True
            for base in value.bases:
                self.reach(base)
            for method in value.methods:
                self.consider(method)

    def consider(self, method: Function) -> None:
        """Reaches a method if its class and its name are used."""
        name, owner = method.node.name, method.owner
        special = name in _SPECIAL
        if owner and owner.mentioned and (special or owner.free or name in self.mentioned):
            self.reach(method)

    def mention(self, name: str) -> None:
        """Notes an attribute of an object that is not known: methods of this name are reached."""
        if not self.here.dead and name not in self.mentioned:
            self.mentioned.add(name)
            for method in self.methods.get(name, []):
                self.consider(method)

    def reach_all(self, module: Module) -> None:
        """Reaches all functions of a module: the program looks them up by computed names."""
        for values in list(module.scope.values.values()):
            for value in values:
                self.reach(value)

    # What is reported

    def use(self, node: Any, name: str, value: Any) -> None:
        """Notes a name that is there."""
        self._add(Use(self.here.module.path, node.lineno, name, value=value))

    def _add(self, use):
        if self.here.dead:
            use.kind = GUARDED if use.words else AVAILABLE
            use.condition = self.here.dead
        self.uses.append(use)

    def trouble(self, node: Any, lacking: Lacking, name: str, error: str) -> None:
        """Reports that the program raises an error, unless it catches it: then raises Raised."""
        conditions = self.here.conditions
        use = Use(
            self.here.module.path,
            node.lineno,
            name,
            words=lacking.words,
            kind=TROUBLE,
            condition=conditions[-1] if conditions else "",
            package=lacking.package,
        )
        self.raise_(use, error)

    def raise_(self, use: Use, error: str) -> None:
        """Hands an error to the innermost `try` that takes it, or reports it."""
        if not self.here.dead:
            for catcher in reversed(self.here.catchers):
                handler = catcher.handler(error)
                if handler is not None:
                    raise Raised(catcher, handler, use, error)
        self._add(use)

    # Names and attributes

    def name(self, node: ast.Name) -> List[Any]:
        """What a name can stand for. Reports names that nothing defines."""
        scope = self.here.scope.home(node.id)
        if scope is None:
            return self._builtin(node)
        values = scope.candidates(node.id)
        if isinstance(values[0], Absent):
            self.trouble(node, Lacking(values[0].words), values[0].name, "NameError")
            return [UNKNOWN]
        if values == [UNKNOWN]:  # perhaps a function that is defined further down
            for function in self.functions:
                if function.node.name == node.id and function.owner is None:
                    self.reach(function)
        for value in values:
            self.reach(value)
        if scope.left[node.id] > 0:
            values = [UNKNOWN if isinstance(v, (Instance, Constant)) else v for v in values]
        return values

    def _builtin(self, node):
        name = node.id
        if hasattr(builtins, name):
            return [Library(name, getattr(builtins, name))]
        if name not in _GIVEN and self.here.module.complete:
            cure = cures.BUILTINS.get(name)
            words = f"Python 3 has no {name}; instead: {cure}" if cure else f"{name}: not defined"
            self.trouble(node, Lacking(words), name, "NameError")
        return [UNKNOWN]

    def attribute(self, values: List[Any], name: str, node: ast.AST, inner: bool) -> List[Any]:
        """What an attribute can stand for. Reports one that no candidate has.

        Args:
            inner: whether an attribute of it follows, which will be noted instead.
        """
        results, lacking = [], None
        for value in values:
            try:
                results.extend(self._member(value, name, node))
            except Lacking as error:
                lacking = (error, getattr(value, "name", ""))
        if lacking and not results:
            self.trouble(node, lacking[0], f"{lacking[1]}.{name}", "AttributeError")
        for value in results:
            if isinstance(value, Library) and not inner and "." in value.name:
                self.use(node, value.name, value.value)
        return results or [UNKNOWN]

    def _member(self, value, name, node):
        if isinstance(value, Library):
            if is_flags(value.value):
                self.flag_uses.append((self.here, node, name))
                return [UNKNOWN]
            if name in self.stored and not inspect.ismodule(value.value):
                return [UNKNOWN]
            found = self.libraries.member(value, name)
            return list(found) if isinstance(found, list) else [found]
        if isinstance(value, Module):
            return self.own_member(value, name)
        if isinstance(value, Constant) and value.value is not None:  # None: not set yet
            value = Instance(type(value.value).__name__, type(value.value))
        if isinstance(value, Instance) and name not in self.stored:
            method = self.libraries.method(value, name)
            if method is not None and inspect.isfunction(method.value):
                return [Method(method.name, method.value)]
            return [UNKNOWN]
        self.mention(name)
        if isinstance(value, (Class, Object)):
            kind = value if isinstance(value, Class) else value.kind
            for member in kind.members.get(name, []):
                self.reach(member)
            return list(kind.members.get(name, [])) or [UNKNOWN]
        if value is UNKNOWN:
            self._method_of_python_2(name, node)
        return [UNKNOWN]

    def own_member(self, module: Module, name: str) -> List[Any]:
        """What a module of the program has under a name. Raises Lacking."""
        if name in module.scope.left:
            values = module.scope.candidates(name)
            if isinstance(values[0], Absent):
                return [UNKNOWN]
            if values == [UNKNOWN]:
                self.mention(name)
            for value in values:
                self.reach(value)
            return values
        inner = self.sources.load(f"{module.name}.{name}") if module.is_package else None
        if inner is not None:
            return [inner]
        if module.complete and name not in self.stored and name not in _GIVEN:
            raise Lacking(f"{module.name}.{name}: {module.path} does not define it")
        return [UNKNOWN]

    def _method_of_python_2(self, name, node):
        """Methods that dict or numpy.ndarray had, on an object that is not known."""
        if name not in cures.METHODS or name in self.methods or name in self.stored:
            return
        kind, cure = cures.METHODS[name]
        if isinstance(kind, str):
            kind = self.libraries.module("numpy").value.ndarray
        if not hasattr(kind, name) and isinstance(getattr(node, "ctx", None), ast.Load):
            words = f".{name}: {kind.__name__} has no such method any more; instead: {cure}"
            self.trouble(node, Lacking(words), f".{name}", "AttributeError")

    # Conditions

    def _guard_name(self, node):
        if node.id == "__name__":
            return self.here.module.name
        if node.id == "__file__":
            return str(self.here.module.path.resolve())
        scope = self.here.scope.home(node.id)
        if scope is None:
            if hasattr(builtins, node.id):
                return getattr(builtins, node.id)
            raise Undecided
        value = scope.only(node.id)
        if isinstance(value, (Library, Constant)):
            return value.value
        raise Undecided

    def _guard_member(self, owner, name):
        if not inspect.ismodule(owner):
            if simple(owner) and not isinstance(owner, type(sys.version_info)):
                raise Undecided
            return getattr(owner, name)
        try:
            value = self.libraries.member(Library(owner.__name__, owner), name)
        except Lacking as error:
            raise AttributeError(str(error)) from None
        value = getattr(value, "value", value)
        if not (simple(value) or inspect.ismodule(value) or callable(value)):
            raise Undecided
        return value


def is_flags(value: Any) -> bool:
    """Whether an object is FLAGS."""
    return type(value).__name__ in ("FlagValues", "_FlagValuesWrapper")
