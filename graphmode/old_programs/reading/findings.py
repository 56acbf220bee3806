"""What reading a program brings to light: its uses of libraries, and what is wrong with them."""

import ast
import dataclasses
import pathlib
from typing import Any, List, Optional

AVAILABLE, TROUBLE, GUARDED = "available", "trouble", "guarded"


@dataclasses.dataclass
class Use:
    """A name of a library (or an idiom of Python 2) that a program uses.

    Attributes:
        words: what is wrong, or "".
        kind: AVAILABLE, TROUBLE, or GUARDED: trouble that the program avoids.
        condition: the program's condition in whose branch it stands, or why it is guarded.
        package: what `pip install` would cure it, or "".
        value: the object, if it is there.
    """

    file: pathlib.Path
    line: int
    name: str
    words: str = ""
    kind: str = AVAILABLE
    condition: str = ""
    package: str = ""
    value: Any = None


class Catcher:
    """A `try` statement, seen from the statements in it."""

    # Errors that come from missing names and from nothing else: whoever catches them has a plan.
    NARROW = ("ImportError", "ModuleNotFoundError", "AttributeError", "NameError", "TypeError")
    _BROAD = ("Exception", "BaseException", "StandardError")

    def __init__(self, node: ast.Try):
        self.node = node
        self._long = any(
            isinstance(part, (ast.For, ast.While, ast.With)) for part in node.body
        )  # a whole program: its handler reports, it has no other way

    def handler(self, error: str) -> Optional[ast.ExceptHandler]:
        """The handler that takes an error with this name, or None."""
        for handler in self.node.handlers:
            kinds = names(handler)
            wide = not kinds or any(kind in self._BROAD for kind in kinds)
            same = error in kinds or (error == "ImportError" and "ModuleNotFoundError" in kinds)
            if same or (wide and not self._long):
                return handler
        return None

    def is_certain(self) -> bool:
        """Whether the body cannot fail if the names in it are there: it only imports and sets."""
        simple = (ast.Import, ast.ImportFrom, ast.Pass)
        return all(
            isinstance(part, simple)
            or (isinstance(part, ast.Assign) and isinstance(part.value, _PLAIN))
            or (isinstance(part, ast.Expr) and isinstance(part.value, _PLAIN))
            for part in self.node.body
        )


_PLAIN = (ast.Constant, ast.Name, ast.Attribute)


def names(handler: ast.ExceptHandler) -> List[str]:
    """The last names of the errors that a handler takes. Nothing for a bare `except`."""
    if handler.type is None:
        return []
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return [ast.unparse(kind).rpartition(".")[2] for kind in kinds]


def gives_up(statements: List[ast.stmt]) -> bool:
    """Whether a block ends the program: by `raise`, or by an exit function."""
    last = statements[-1] if statements else None
    if isinstance(last, ast.Raise):
        return True
    exits = ("exit", "sys.exit", "quit", "os._exit")
    return (
        isinstance(last, ast.Expr)
        and isinstance(last.value, ast.Call)
        and ast.unparse(last.value.func) in exits
    )


def ends(statements: List[ast.stmt]) -> bool:
    """Whether what follows a block is not run after it."""
    return gives_up(statements) or (
        bool(statements) and isinstance(statements[-1], (ast.Return, ast.Continue, ast.Break))
    )


def shown(test: ast.AST) -> str:
    """A condition as short text."""
    text = " ".join(ast.unparse(test).split())
    return text if len(text) <= 60 else f"{text[:57]}..."
