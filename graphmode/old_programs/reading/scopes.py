"""What a name of a program can stand for, and the scopes that bind names."""

import ast
import collections
import dataclasses
from typing import Any, Counter, Dict, Iterable, List, Optional


class Unknown:
    """A value that reading alone cannot tell."""


UNKNOWN = Unknown()


@dataclasses.dataclass(eq=False)
class Library:
    """An object of an installed library. `name` is its dotted name, as the program spells it."""

    name: str
    value: Any


@dataclasses.dataclass(eq=False)
class Absent:
    """What a failed import would have bound."""

    name: str
    words: str


@dataclasses.dataclass(eq=False)
class Instance:
    """An object of a library's class, or of a class of Python's."""

    name: str
    kind: type


@dataclasses.dataclass(eq=False)
class Method:
    """A method of an `Instance`, seen from it."""

    name: str
    value: Any


@dataclasses.dataclass(eq=False)
class Object:
    """An object of a class of the program."""

    kind: "Class"


@dataclasses.dataclass(eq=False)
class Constant:
    """A number, a string, or a tuple of them."""

    value: Any


@dataclasses.dataclass(eq=False)
class Function:
    """A function of the program. `owner` is its class, or None."""

    node: Any
    scope: "Scope"
    owner: Optional["Class"] = None
    context: Any = None
    reached: bool = False


@dataclasses.dataclass(eq=False)
class Class:
    """A class of the program. `free` says that a library calls its methods: it has such a base."""

    node: ast.ClassDef
    scope: "Scope"
    bases: List[Any]
    members: Dict[str, List[Any]] = dataclasses.field(default_factory=dict)
    methods: List[Function] = dataclasses.field(default_factory=list)
    mentioned: bool = False

    @property
    def free(self) -> bool:
        return any(
            base.free if isinstance(base, Class) else getattr(base, "value", base) is not object
            for base in self.bases
        )


class Scope:
    """The names of a module, a function, a class or a comprehension.

    Attributes:
        values: name -> what it was bound to, in the order of reading.
        left: name -> number of bindings that were not read yet.
    """

    def __init__(self, kind: str, parent: Optional["Scope"], module: Any, left: Counter):
        self.kind, self.parent, self.module = kind, parent, module
        self.left = left
        self.values: Dict[str, List[Any]] = collections.defaultdict(list)
        self.is_global: set = set()

    def bind(self, name: str, values: List[Any]) -> None:
        """One binding of a name, to one of several values."""
        scope = self.module.scope if name in self.is_global else self
        scope.values[name].extend(values)
        scope.left[name] -= 1

    def home(self, name: str) -> Optional["Scope"]:
        """The scope that binds a name, seen from here. None: no scope of this module does."""
        scope, first = self, True
        while True:
            if name in scope.left and name not in scope.is_global:
                if first or scope.kind != "class":  # methods do not see their class's names
                    return scope
            if scope.parent is None:
                return None
            scope, first = scope.parent, first and scope.kind == "comprehension"

    def candidates(self, name: str) -> List[Any]:
        """What a name of this scope can stand for, as far as it was read. [UNKNOWN] for nothing."""
        values = self.values.get(name) or [UNKNOWN]
        return [value for value in values if not isinstance(value, Absent)] or values[:1]

    def only(self, name: str) -> Any:
        """The value of a name that is bound to nothing else, or UNKNOWN."""
        values = self.candidates(name)
        if self.left[name] > 0 or any(value is UNKNOWN for value in values):
            return UNKNOWN
        first = values[0]
        if all(isinstance(v, Constant) and isinstance(first, Constant) for v in values):
            same = all(v.value == first.value for v in values)
        else:
            same = all(getattr(v, "value", v) is getattr(first, "value", first) for v in values)
        return first if same else UNKNOWN


INNER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def bindings(nodes: Iterable[ast.AST]) -> Counter:
    """Name -> how often these statements bind it, inner scopes left out.

    What functions inside declare `global` is counted: no reader knows when they are called.
    """
    counts: Counter = collections.Counter()
    stack = list(nodes)
    while stack:
        node = stack.pop()
        if isinstance(node, INNER):
            counts[node.name] += 1
            counts.update(_globals(node))
            stack.extend(node.decorator_list)
            continue
        if isinstance(node, (ast.Lambda, *COMPREHENSIONS)):
            continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            counts[node.id] += 1
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            for alias in node.names:
                if alias.name != "*":
                    counts[alias.asname or alias.name.partition(".")[0]] += 1
        elif isinstance(node, ast.ExceptHandler) and node.name:
            counts[node.name] += 1
        elif isinstance(node, (ast.MatchAs, ast.MatchStar)) and node.name:
            counts[node.name] += 1
        stack.extend(ast.iter_child_nodes(node))
    return counts


def _globals(function):
    """Name -> how often the functions inside bind it after `global`."""
    counts: Counter = collections.Counter()
    for node in ast.walk(function):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            declared = {
                name
                for part in ast.walk(node)
                if isinstance(part, ast.Global)
                for name in part.names
            }
            if declared:
                inner = bindings(node.body)
                for name in declared:
                    counts[name] += max(inner[name], 1)
    return counts


def parameters(arguments: ast.arguments) -> List[str]:
    """The names of a function's parameters."""
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    rest = [one for one in (arguments.vararg, arguments.kwarg) if one]
    return [argument.arg for argument in [*named, *rest]]
