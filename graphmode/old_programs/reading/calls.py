"""Whether a library's function takes the arguments that a program gives it, by its signature."""

import ast
import inspect
import re
import sys
import types
from typing import Any, Iterator, Optional

VAR_POSITIONAL = inspect.Parameter.VAR_POSITIONAL
VAR_KEYWORD = inspect.Parameter.VAR_KEYWORD


def complaint(function: Any, call: ast.Call, bound: bool = False) -> Optional[str]:
    """What is wrong with the arguments of a call, or None. Only what is certain.

    Args:
        function: of a library.
        call: the call of it in the program.
        bound: whether the first parameter is `self`, which the call does not show.
    """
    if inspect.ismodule(function):
        return "is a module, which cannot be called"
    if not (inspect.isroutine(function) or inspect.isclass(function) or _is_wrapper(function)):
        return None
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return None  # compiled code without a signature
    starred = any(isinstance(argument, ast.Starred) for argument in call.args)
    doubled = any(keyword.arg is None for keyword in call.keywords)
    given = [None] * (bound + sum(not isinstance(argument, ast.Starred) for argument in call.args))
    names = {keyword.arg: None for keyword in call.keywords if keyword.arg}
    levels = list(_levels(function))
    unknown = sorted(name for name in names if not _takes(function, signature, levels, name))
    if unknown:
        several = "arguments" if len(unknown) > 1 else "argument"
        return f"takes no {several} {', '.join(unknown)}"
    first = next(iter(signature.parameters), "")
    translated = any(_translates(level) for level in levels[:-1])
    if first == "_sentinel" and len(given) > bound and not translated:
        return f"takes named arguments only ({', '.join(list(signature.parameters)[1:3])}, ...)"
    if starred or doubled or translated:
        return None
    known = {name: None for name in names if name in signature.parameters}
    if len(known) < len(names):
        return None  # its own code sorts **arguments
    try:
        signature.bind(*given, **known)
    except TypeError as error:
        if "missing" in str(error) and hasattr(function, "_key_op"):
            return None  # slim.arg_scope may give it
        return f"called with wrong arguments: {error}"
    return None


def _is_wrapper(function):
    return callable(function) and hasattr(function, "__wrapped__")


def _levels(function) -> Iterator[Any]:
    """A function and, one after the other, what its decorators wrap. A class: its initializer."""
    function, seen = function.__init__ if inspect.isclass(function) else function, set()
    while function is not None and id(function) not in seen:
        seen.add(id(function))
        yield function
        function = getattr(function, "__wrapped__", None)


def _takes(function, signature, levels, name):
    """Whether a function may take an argument of this name."""
    parameter = signature.parameters.get(name)
    if parameter is not None and parameter.kind is not inspect.Parameter.POSITIONAL_ONLY:
        return True
    if any(_mentions(level, name) for level in levels[:-1]):
        return True  # a decorator that knows an older name
    if not any(one.kind is VAR_KEYWORD for one in signature.parameters.values()):
        return not all(_is_plain(level) for level in levels[:-1])
    return not (inspect.isclass(function) and _is_strict(function)) or _class_takes(function, name)


def _code(function):
    return getattr(function, "__code__", None)


def _strings(value, depth=3):
    """The strings in a constant, a closure's value or a container."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, types.CodeType):
        yield from value.co_varnames
        for constant in value.co_consts:
            yield from _strings(constant, depth - 1)
    elif depth and isinstance(value, (tuple, list, set, frozenset, dict)):
        for one in value:
            yield from _strings(one, depth - 1)


def _mentions(function, name):
    """Whether a decorator knows a name. This project's translate with tables of their module."""
    if _code(function) is None:
        return False
    home = sys.modules.get(function.__globals__.get("__name__"))
    if _home(function).startswith("graphmode."):
        return re.search(rf"\b{re.escape(name)}\b", inspect.getsource(home)) is not None
    closure = inspect.getclosurevars(function).nonlocals if function.__closure__ else {}
    return any(name in set(_strings(value)) for value in (_code(function), *closure.values()))


def _home(function):
    """The module whose code a decorator's function runs, not that of what it wraps."""
    return str(getattr(function, "__globals__", {}).get("__name__", ""))


def _is_plain(level):
    """Whether a decorator passes keyword arguments on that `_mentions` does not know."""
    return _home(level).startswith("graphmode.") or not _translates(level)


def _translates(level):
    """Whether a decorator may rearrange arguments. Those of TensorFlow and NumPy do not."""
    known = ("tensorflow.", "tf_slim.", "tf_keras.", "numpy.", "contextlib", "functools")
    return _code(level) is not None and not _home(level).startswith(known)


def _is_strict(kind):
    """Whether a class refuses keyword arguments that no parent names: layers of Keras do."""
    return any(
        one.__name__ == "Layer" and "keras" in one.__module__ for one in kind.__mro__[1:]
    ) and kind.__module__.startswith(("tf_keras.", "keras.", "tensorflow."))


def _class_takes(kind, name):
    """Whether the initializers of a class or of its parents name an argument."""
    for one in kind.__mro__:
        for level in _levels(vars(one).get("__init__")):
            if _mentions(level, name):
                return True
    return False
