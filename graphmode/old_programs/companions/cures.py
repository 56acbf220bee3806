"""What helps where NumPy 2 itself is the reason for a failure."""

import re
import sys

import numpy as np

from graphmode.old_programs.companions.repairs import say_once

CURE = "If this worked with NumPy 1: ./run.sh setup --old installs NumPy 1.26.4, with which it does"
# What NumPy 1.26 does without an error. Arrays of lists of different lengths are not among it.
_ONLY_NUMPY_2 = re.compile(
    r"only 0-dimensional arrays can be converted to Python scalars"
    r"|a real number is required, not numpy\.ndarray"
    r"|Python integer -?\d+ out of bounds for "
    r"|was removed in the NumPy 2\.0 release"
    r"|The truth value of an empty array is ambiguous"
    r"|has a mismatch in its core dimension 0, with gufunc signature \(m,m\),\(m,n\)"
    r"|numpy\.core\.multiarray failed to import|numpy\.dtype size changed"
)


def explain(error: BaseException) -> None:
    """Adds the line that names the cure to an error, if NumPy 2 may be its reason."""
    if np.lib.NumpyVersion(np.__version__) < "2.0.0" or not _ONLY_NUMPY_2.search(str(error)):
        return
    if sys.version_info >= (3, 11):
        error.add_note(CURE)
    else:
        say_once(CURE)
