"""NumPy's names of 2017 that NumPy 2 dropped. `numpy_calls` has the functions that changed."""

import ast
import math
import pickle
import sys
import warnings
from typing import Any, Dict

import numpy as np

from graphmode.old_programs.companions import numpy_calls

# NumPy 1.20 dropped these names of Python's own types.
TYPES: Dict[str, Any] = {
    "float": float,
    "int": int,
    "bool": bool,
    "object": object,
    "str": str,
    "long": int,
    "unicode": str,
    "complex": complex,
}
_SAME = {  # old name -> new name, both in numpy
    **dict.fromkeys(("Inf", "Infinity", "infty", "PINF"), "inf"),
    **dict.fromkeys(("NaN", "NAN"), "nan"),
    "alltrue": "all",
    "bool8": "bool_",
    "bytes0": "bytes_",
    "cfloat": "complex128",
    "clongfloat": "clongdouble",
    "complex_": "complex128",
    "cumproduct": "cumprod",
    "float_": "float64",
    "int0": "intp",
    "longcomplex": "clongdouble",
    "longfloat": "longdouble",
    "mat": "asmatrix",
    "object0": "object_",
    "product": "prod",
    "round_": "round",
    "row_stack": "vstack",
    "singlecomplex": "complex64",
    "sometrue": "any",
    "str0": "str_",
    "string_": "bytes_",
    "trapz": "trapezoid",
    "uint0": "uintp",
    "unicode_": "str_",
    "void0": "void",
}
_MOVED = {
    "DataSource": "numpy.lib.npyio:DataSource",
    "byte_bounds": "numpy.lib.array_utils:byte_bounds",
    "chararray": "numpy.char:chararray",
    "compare_chararrays": "numpy.char:compare_chararrays",
    "format_parser": "numpy.rec:format_parser",
    **{
        name: f"numpy.exceptions:{name}"
        for name in (
            "AxisError",
            "ComplexWarning",
            "ModuleDeprecationWarning",
            "RankWarning",
            "TooHardError",
            "VisibleDeprecationWarning",
        )
    },
}
_KINDS: Dict[str, list] = {
    "int": [np.int8, np.int16, np.int32, np.int64],
    "uint": [np.uint8, np.uint16, np.uint32, np.uint64],
    "float": [np.float16, np.float32, np.float64, np.longdouble],
    "complex": [np.complex64, np.complex128, np.clongdouble],
    "others": [bool, object, bytes, str, np.void],
}


class _Casts(dict):
    """np.cast: `cast[dtype](x)`."""

    def __missing__(self, dtype):
        return lambda x: np.asarray(x).astype(dtype)


class _Types(dict):
    """np.typeDict: the scalar type of a dtype, also for "f4" and the like."""

    def __missing__(self, dtype):
        return np.dtype(dtype).type


class _Sizes(dict):
    """np.nbytes: the size of a dtype in bytes."""

    def __missing__(self, dtype):
        return np.dtype(dtype).itemsize


def in1d(ar1, ar2, assume_unique=False, invert=False):
    """np.in1d: np.isin of the first array, flattened."""
    return np.isin(np.ravel(ar1), ar2, assume_unique=assume_unique, invert=invert)


def asfarray(a, dtype=np.float64):
    """np.asfarray: an array of floats; integer dtypes become float64."""
    return np.asarray(a, dtype if np.issubdtype(dtype, np.inexact) else np.float64)


def find_common_type(array_types, scalar_types):
    """np.find_common_type: the arrays' type, unless the scalars' is of a higher kind."""
    arrays, scalars = (
        np.result_type(*map(np.dtype, types)) if types else None
        for types in (array_types, scalar_types)
    )
    if arrays is None or scalars is None:
        return arrays or scalars
    kinds = "biufc"
    higher = kinds.find(scalars.kind) > kinds.find(arrays.kind)
    return np.promote_types(scalars, arrays) if higher else arrays


def _is_type(rep):
    """np.issctype: whether this is a scalar type of NumPy or a dtype."""
    return isinstance(rep, np.dtype) or (isinstance(rep, type) and issubclass(rep, np.generic))


def _is_subclass(arg1, arg2):
    """np.issubclass_: False if the first is no class."""
    return isinstance(arg1, type) and issubclass(arg1, arg2)


def random_integers(low, high=None, size=None):
    """np.random.random_integers: from low to high, or from 1 to low; both ends included."""
    low, high = (1, low) if high is None else (low, high)
    return np.random.randint(low, high + 1, size=size)


def recfromcsv(fname, **named):
    """np.recfromcsv: a record array of a CSV file, with names from its first line."""
    defaults = {"case_sensitive": "lower", "names": True, "delimiter": ",", "dtype": None}
    return np.genfromtxt(fname, **{**defaults, **named}).view(np.recarray)


NAMES: Dict[str, Any] = {
    **{f"numpy:{name}": value for name, value in TYPES.items()},
    **{f"numpy:{old}": f"numpy:{new}" for old, new in _SAME.items()},
    **{f"numpy:{old}": new for old, new in _MOVED.items()},
    **{
        f"numpy:{name}": value
        for name, value in {
            "NINF": -np.inf,
            "PZERO": 0.0,
            "NZERO": -0.0,
            "alen": lambda a: len(np.atleast_1d(a)),
            "asfarray": asfarray,
            "asscalar": lambda a: a.item(),
            "cast": _Casts(),
            "disp": lambda mesg, device=None, linefeed=True: print(
                mesg, file=device, end="\n" if linefeed else ""
            ),
            "fastCopyAndTranspose": lambda a: np.array(a).T.copy(),
            "find_common_type": find_common_type,
            "in1d": in1d,
            "issctype": _is_type,
            "issubclass_": _is_subclass,
            "issubsctype": np.issubdtype,
            "loads": pickle.loads,
            "math": math,
            "maximum_sctype": lambda t: (
                np.dtype(next((s[-1] for s in _KINDS.values() if np.dtype(t).type in s), t)).type
            ),
            "msort": lambda a: np.sort(a, axis=0),
            "nbytes": _Sizes(),
            "obj2sctype": lambda rep, default=None: np.dtype(rep).type if rep else default,
            "recfromcsv": recfromcsv,
            "recfromtxt": lambda fname, **named: np.genfromtxt(
                fname, **{"dtype": None, **named}
            ).view(np.recarray),
            "safe_eval": ast.literal_eval,
            "sctype2char": lambda sctype: np.dtype(sctype).char,
            "sctypes": _KINDS,
            "sys": sys,
            "typeDict": _Types(np.sctypeDict),
            "warnings": warnings,
        }.items()
    },
    "numpy.random:random_integers": random_integers,
    **{
        f"numpy:{owner}.{name}": method
        for owner in ("ndarray", "generic")
        for name, method in numpy_calls.METHODS.items()
    },
}
CHANGED = numpy_calls.CHANGED
_INNER = {
    "numpy.compat": [
        {
            "asbytes": lambda s: s if isinstance(s, bytes) else str(s).encode("latin1"),
            "asstr": lambda s: s.decode("latin1") if isinstance(s, bytes) else str(s),
            "basestring": str,
            "bytes": bytes,
            "integer_types": (int,),
            "long": int,
            "unicode": str,
        }
    ],
    "numpy.fft.helper": ["numpy.fft"],
    "numpy.linalg.linalg": ["numpy.linalg"],
    **{
        f"numpy.lib.{name}": ["numpy", f"numpy.lib._{name}_impl"]
        for name in (
            "arraypad",
            "arraysetops",
            "function_base",
            "index_tricks",
            "nanfunctions",
            "polynomial",
            "shape_base",
            "twodim_base",
            "type_check",
            "ufunclike",
            "utils",
        )
    },
}
MODULES: Dict[str, Any] = {
    "numpy.core.umath_tests": [
        {
            "inner1d": lambda a, b: np.einsum("...i,...i->...", a, b),
            "matrix_multiply": np.matmul,
        }
    ],
    # NumPy 1.26 has the others.
    **(_INNER if np.lib.NumpyVersion(np.__version__) >= "2.0.0" else {}),
}
