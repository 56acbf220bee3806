"""Sources of names that are imported when a name is first asked for: entries of `tables.MODULES`.

Most programs use a few modules of `tf.contrib`; the start must not pay for the others.
"""

import importlib
from typing import Any, Dict, List

from graphmode import tf


def find(path: str) -> Any:
    """The object at a dotted path: "tf.nn.relu", or a path below any module that exists.

    `tf` is tensorflow.compat.v1.

    Raises:
        AttributeError: if the path does not exist in the installed version.
    """
    first, *names = path.split(".")
    value, module = (tf, None) if first == "tf" else (importlib.import_module(first), first)
    for name in names:
        module = module and f"{module}.{name}"
        if module and not hasattr(value, name):
            try:
                value = importlib.import_module(module)
            except ModuleNotFoundError as error:
                if error.name != module:  # the module exists, but cannot be imported
                    raise
                raise AttributeError(f"{path} does not exist") from error
        else:
            value = getattr(value, name)
    return value


class Module:
    """A module at a dotted path."""

    def __init__(self, path: str):
        self._path = path

    def __getattr__(self, name):
        return getattr(find(self._path), name)

    def __dir__(self) -> List[str]:
        module = find(self._path)
        kind = type(importlib)  # a module that this module imports is no name of TensorFlow
        return [name for name in dir(module) if not isinstance(getattr(module, name), kind)]


class Names:
    """Single names: each is the object at a dotted path.

    Args:
        paths: name -> dotted path. A path that ends in a dot is completed with the name.
    """

    def __init__(self, paths: Dict[str, str]):
        self._paths = paths

    def __getattr__(self, name):
        if name not in self._paths:
            raise AttributeError(name)
        path = self._paths[name]
        return find(path + name if path.endswith(".") else path)

    def __dir__(self) -> List[str]:
        return sorted(self._paths)


def of(path: str, names: str) -> Dict[str, str]:
    """For `Names`: names, separated by spaces, that all come from one module."""
    return {name: f"{path}." for name in names.split()}


def adapter(name: str) -> Module:
    """The module of this package that adapts tf.contrib.NAME."""
    return Module(f"{__package__}.{name}")
