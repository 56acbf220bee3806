"""Functions and methods of NumPy 1 that take other arguments in NumPy 2, or do something else."""

import contextlib
import functools
from typing import Any, Callable, Dict

import numpy as np

from graphmode.old_programs.companions.repairs import from_program, renamed, say_once


def _array(real):
    """np.array and its relatives: what NumPy 1 did where NumPy 2 raises an error.

    Lists of different lengths make an array of objects, integers out of range wrap around, and
    copy=False copies if it must. Libraries get NumPy 2's errors, which they may expect.
    """

    @functools.wraps(real)
    def array(*args, **named):
        try:
            return real(*args, **named)
        except (ValueError, OverflowError) as error:
            if not from_program(1):
                raise
            changed = _as_numpy_1(error, args, named)
            if changed is None:
                raise
            return real(*changed[0], **changed[1])

    return array


def _as_numpy_1(error, args, named):
    """Other arguments for a call of np.array that failed, or None."""
    dtype = args[1] if len(args) > 1 else named.get("dtype")
    if isinstance(error, OverflowError):
        if dtype is None or np.dtype(dtype).kind not in "iu":
            return None
        wide = np.array(args[0], np.int64).astype(dtype)
        return (wide, *args[1:]), named
    if "inhomogeneous" in str(error) and dtype in (None, object):
        return args[:1], {**named, "dtype": object}
    if "copy" in str(error) and not named.get("copy", True):
        return args, {name: value for name, value in named.items() if name != "copy"}
    return None


def _stack(real):
    """np.vstack and its relatives take a generator."""

    @functools.wraps(real)
    def stack(arrays, *args, **named):
        if not hasattr(arrays, "__getitem__"):
            arrays = list(arrays)
        return real(arrays, *args, **named)

    return stack


def _fromstring(real):
    """np.fromstring also reads bytes, as np.frombuffer; the array can be changed."""

    @functools.wraps(real)
    def fromstring(string, dtype=float, count=-1, sep="", **named):
        if sep:
            return real(string, dtype=dtype, count=count, sep=sep, **named)
        data = string.encode() if isinstance(string, str) else string
        return np.frombuffer(data, dtype=dtype, count=count).copy()

    return fromstring


def _sum(real):
    """np.sum of a generator is Python's sum."""

    @functools.wraps(real)
    def total(a, *args, **named):
        if hasattr(a, "gi_frame"):
            return sum(a)
        return real(a, *args, **named)

    return total


def _save(real):
    """np.save and np.savez take lists of different lengths."""

    @functools.wraps(real)
    def save(file, *arrays, **named):
        try:
            return real(file, *arrays, **named)
        except ValueError as error:
            if "inhomogeneous" not in str(error):
                raise
        named = {name: _objects(value) for name, value in named.items()}
        return real(file, *map(_objects, arrays), **named)

    return save


def _objects(values):
    """A list of different lengths as an array of objects; everything else unchanged."""
    if not isinstance(values, (list, tuple)):
        return values
    try:
        return np.asanyarray(values)
    except ValueError:
        return np.array(values, dtype=object)


def _reshape(real):
    """np.reshape(a, newshape), with all names."""

    @functools.wraps(real)
    def reshape(a, *shape, **named):
        if "newshape" in named:
            shape = (named.pop("newshape"),)
        return real(a, *shape, **named)

    return reshape


def _linspace(real):
    """np.linspace says what NumPy 1.18 said about a float as the number of points."""

    @functools.wraps(real)
    def linspace(start, stop, num=50, *args, **named):
        if isinstance(num, float):
            raise TypeError(
                f"object of type {type(num)} cannot be safely interpreted as an integer."
            )
        return real(start, stop, num, *args, **named)

    return linspace


def _lib(real):
    """numpy.lib had most names of numpy, for example numpy.lib.pad."""

    def look_up(name):
        return getattr(np, name) if not name.startswith("_") and hasattr(np, name) else real(name)

    return look_up


def printing() -> contextlib.AbstractContextManager:
    """Inside, `print([np.float32(1)])` shows [1.0], not [np.float32(1.0)]."""
    if np.lib.NumpyVersion(np.__version__) < "2.0.0":
        return contextlib.nullcontext()
    return np.printoptions(legacy="1.25")


def _unpickles(name):
    say_once(
        f"np.load unpickles {name}, which can run code in the file (NumPy did so without a word "
        "before 1.16.3); load only files that you trust"
    )


class _Archive(np.lib.npyio.NpzFile):
    """A .npz file that also reads arrays of objects."""

    def __getitem__(self, key):
        try:
            return super().__getitem__(key)
        except ValueError as error:
            if self.allow_pickle or "allow_pickle" not in str(error):
                raise
        _unpickles(getattr(self.zip, "filename", None) or "an archive")
        self.allow_pickle = True
        return super().__getitem__(key)


def _load(real):
    """np.load reads arrays of objects that the program itself names, as before NumPy 1.16.3."""

    @functools.wraps(real)
    def load(file, mmap_mode=None, *args, **named):
        if args or "allow_pickle" in named or not from_program(1):
            return real(file, mmap_mode, *args, **named)
        where = file.tell() if hasattr(file, "seek") else None
        try:
            array = real(file, mmap_mode, allow_pickle=False, **named)
        except ValueError as error:
            if "allow_pickle" not in str(error):
                raise
            if where is not None:
                file.seek(where)
            _unpickles(getattr(file, "name", file))
            return real(file, mmap_mode, allow_pickle=True, **named)
        if type(array) is np.lib.npyio.NpzFile:
            array.__class__ = _Archive
        return array

    return load


def _itemset(self, *args):
    """ndarray.itemset: sets one element, which a flat index or one index an axis names."""
    *index, value = args
    if len(index) == 1 and not isinstance(index[0], tuple):
        self.flat[index[0]] = value
    else:
        self[tuple(index[0]) if len(index) == 1 else tuple(index)] = value


METHODS: Dict[str, Any] = {
    "itemset": _itemset,
    "newbyteorder": lambda self, new_order="S": self.view(self.dtype.newbyteorder(new_order)),
    "ptp": lambda self, axis=None, out=None, **named: np.ptp(self, axis, out, **named),
    "tostring": lambda self, order="C": self.tobytes(order),
}
# In NumPy 2.0 to 2.2 some of them are there, and only raise an error.
_RAISING = METHODS if np.lib.NumpyVersion(np.__version__) >= "2.0.0" else {}
CHANGED: Dict[str, Callable] = {
    **{
        f"numpy:{owner}.{name}": lambda real, method=method: method
        for owner in ("ndarray", "generic")
        for name, method in _RAISING.items()
    },
    **{f"numpy:{name}": _array for name in ("array", "asarray", "asanyarray")},
    **{f"numpy:{name}": _stack for name in ("vstack", "hstack", "dstack", "stack", "column_stack")},
    "numpy.lib:__getattr__": _lib,
    "numpy:fromstring": _fromstring,
    "numpy:histogram": renamed("normed", "density"),
    "numpy:linspace": _linspace,
    "numpy:load": _load,
    "numpy:reshape": _reshape,
    "numpy:save": _save,
    "numpy:savez": _save,
    "numpy:savez_compressed": _save,
    "numpy:sum": _sum,
}
