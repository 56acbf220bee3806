"""Names of other libraries that TensorFlow 1 programs use and that no longer exist.

The modules beside this one list them, a library each. `installed` puts them in. A library that the
program does not import is not imported.
"""

import contextlib
import functools
import sys
import types
import warnings
from typing import AbstractSet, Any, Iterator, List

from graphmode.old_programs.companions import (
    keras,
    numpy_calls,
    numpy_names,
    pillow,
    plots,
    scikit,
    scipy_misc,
    scipy_names,
    standard,
    storage,
)
from graphmode.old_programs.companions.cures import explain
from graphmode.old_programs.companions.repairs import Repairs, find

TABLES: List[types.ModuleType] = [
    standard,
    numpy_names,
    scipy_names,
    pillow,
    plots,
    storage,
    scikit,
    keras,
]
NUMPY = numpy_names.TYPES
MISC = scipy_misc.IMAGES
bytescale = scipy_misc.bytescale


def __getattr__(name: str) -> Any:
    """PILLOW: old name -> today's, made when it is asked for, since Pillow is not always needed."""
    if name == "PILLOW":
        return {old: find(f"PIL.Image:Resampling.{new}") for old, new in pillow.FILTERS.items()}
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")


@contextlib.contextmanager
def installed() -> Iterator[None]:
    """Inside, the libraries of the time have the names that newer versions dropped."""
    repairs = Repairs(TABLES)
    with warnings.catch_warnings(), numpy_calls.printing():
        if not sys.warnoptions:  # the program is as it is: it does not help to hear what is old
            warnings.simplefilter("ignore", DeprecationWarning)
        try:
            repairs.start()
            yield
        except Exception as error:
            explain(error)
            raise
        finally:
            repairs.stop()


class _Given(frozenset):
    """Names that are given. `in` also knows the names of modules that are gone."""

    def __contains__(self, name):
        module, _, last = str(name).rpartition(".")
        if super().__contains__(name) or module not in _ALL.modules:
            return super().__contains__(name)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return hasattr(_ALL.stand(module), last)


_ALL = Repairs(TABLES)


@functools.lru_cache(maxsize=None)
def given() -> AbstractSet[str]:
    """The dotted names that hold inside `installed`, for example "numpy.int".

    The names of a module that is gone are not listed, but `"keras.layers.core.Dense" in given()`
    is true.
    """
    names = {f"{module}.{name}" for module, owned in _ALL.names.items() for name in owned}
    return _Given(names | set(_ALL.modules))
