"""SciPy's names of 2017 that later versions moved or dropped."""

import functools
from typing import Any, Callable, Dict

import numpy as np

from graphmode.old_programs.companions import scipy_misc
from graphmode.old_programs.companions.repairs import find, renamed

# Packages -> their inner modules of that time. The packages have the names now.
_INNER = {
    "scipy.constants": "codata constants",
    "scipy.fftpack": "basic helper pseudo_diffs realtransforms",
    "scipy.integrate": "odepack quadpack quadrature",
    "scipy.interpolate": "fitpack fitpack2 interpolate ndgriddata polyint rbf",
    "scipy.io": "mmio netcdf harwell_boeing idl",
    "scipy.io.matlab": "byteordercodes mio mio4 mio5 mio5_params mio_utils miobase streams",
    "scipy.linalg": "basic decomp decomp_cholesky decomp_lu decomp_qr decomp_schur decomp_svd "
    "matfuncs misc special_matrices",
    "scipy.ndimage": "filters fourier interpolation measurements morphology",
    "scipy.optimize": "anneal cobyla lbfgsb linesearch minpack nnls nonlin optimize slsqp tnc "
    "zeros",
    "scipy.signal": "bsplines filter_design fir_filter_design ltisys lti_conversion signaltools "
    "spectral waveforms wavelets",
    "scipy.sparse": "base bsr compressed construct coo csc csr data dia dok extract lil sputils",
    "scipy.sparse.linalg": "dsolve eigen interface isolve matfuncs",
    "scipy.sparse.linalg.eigen": "arpack lobpcg",
    "scipy.spatial": "ckdtree kdtree qhull",
    "scipy.special": "basic orthogonal spfun_stats",
    "scipy.stats": "kde morestats mstats_basic mstats_extras stats vonmises",
}
_WINDOWS = (
    "barthann bartlett blackman blackmanharris bohman boxcar chebwin cosine exponential flattop "
    "gaussian general_gaussian hamming hann kaiser nuttall parzen triang tukey"
)


def _by_keyword(path: str) -> Callable:
    """An integral of samples whose arguments after the first need their names now."""

    def integral(y, x=None, dx=1.0, axis=-1, **named):
        named.pop("even", None)  # decided what simps did with an even number of samples
        return find(path)(y, x=x, dx=dx, axis=axis, **named)

    return integral


def _keepdims(real):
    """stats.mode keeps the axis: `mode(x)[0][0]`."""

    @functools.wraps(real)
    def mode(a, axis=0, nan_policy="propagate", keepdims=True):
        return real(a, axis=axis, nan_policy=nan_policy, keepdims=keepdims)

    return mode


def _numpy_names(real):
    """SciPy had numpy's names, for example scipy.array."""

    def look_up(name):
        try:
            return real(name)
        except AttributeError:
            if name.startswith("_") or not hasattr(np, name):
                raise
            return getattr(np, name)

    return look_up


def _binom_test(x, n=None, p=0.5, alternative="two-sided"):
    """stats.binom_test: the p-value of `binomtest`; x can be (successes, failures)."""
    if np.size(x) == 2:
        x, n = x[0], x[0] + x[1]
    return find("scipy.stats:binomtest")(int(x), int(n), p, alternative).pvalue


def _spline(xk, yk, xnew, order=3, kind="smoothest", conds=None):
    """interpolate.spline: a spline through (xk, yk), at xnew."""
    return find("scipy.interpolate:make_interp_spline")(xk, yk, k=order)(xnew)


NAMES: Dict[str, Any] = {
    "scipy.integrate:cumtrapz": _by_keyword("scipy.integrate:cumulative_trapezoid"),
    "scipy.integrate:simps": _by_keyword("scipy.integrate:simpson"),
    "scipy.integrate:trapz": "scipy.integrate:trapezoid",
    "scipy.interpolate:spline": _spline,
    "scipy.linalg:kron": "numpy:kron",
    "scipy.linalg:pinv2": "scipy.linalg:pinv",
    "scipy.linalg:tri": "numpy:tri",
    "scipy.linalg:tril": "numpy:tril",
    "scipy.linalg:triu": "numpy:triu",
    "scipy.ndimage:imread": scipy_misc.imread,
    **{f"scipy.signal:{name}": f"scipy.signal.windows:{name}" for name in _WINDOWS.split()},
    "scipy.signal.windows:hanning": "scipy.signal.windows:hann",
    "scipy.signal:hanning": "scipy.signal.windows:hann",
    "scipy.sparse:spmatrix.A": property(lambda self: self.toarray()),
    "scipy.sparse:spmatrix.A1": property(lambda self: np.ravel(self.toarray())),
    "scipy.sparse:spmatrix.H": property(lambda self: self.conj().transpose()),
    "scipy.spatial.distance:matching": "scipy.spatial.distance:hamming",
    "scipy.spatial.distance:wminkowski": lambda u, v, p, w: find(
        "scipy.spatial.distance:minkowski"
    )(u, v, p, np.asarray(w) ** p),
    "scipy.stats:binom_test": _binom_test,
    "scipy.stats:frechet_l": "scipy.stats:weibull_max",
    "scipy.stats:frechet_r": "scipy.stats:weibull_min",
    "scipy.stats:gilbrat": "scipy.stats:gibrat",
    "scipy.stats:itemfreq": lambda a: np.array(np.unique(a, return_counts=True)).T,
    "scipy.stats:trapz": "scipy.stats:trapezoid",
    "scipy:rand": "numpy.random:rand",
    "scipy:randn": "numpy.random:randn",
}
CHANGED: Dict[str, Callable] = {
    "scipy.linalg:eigh": renamed("eigvals", "subset_by_index"),
    "scipy.stats:mode": _keepdims,
    "scipy:__getattr__": _numpy_names,
    **{
        f"scipy.sparse.linalg:{name}": renamed("tol", "rtol")
        for name in ("bicg", "bicgstab", "cg", "cgs", "gmres", "lgmres", "minres", "qmr")
    },
}
MODULES: Dict[str, Any] = {
    "scipy.misc": [scipy_misc.NAMES],
    "scipy.misc.common": [scipy_misc.NAMES],
    "scipy.misc.pilutil": [scipy_misc.NAMES],
    "scipy.ndimage.io": [{"imread": scipy_misc.imread}],
    **{
        f"{package}.{inner}": [package, f"{package}._{inner}"]
        for package, names in _INNER.items()
        for inner in names.split()
    },
}
