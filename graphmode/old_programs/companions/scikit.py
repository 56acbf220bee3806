"""Names of scikit-learn, scikit-image and pandas that later versions moved or dropped."""

import functools
from typing import Any, Callable, Dict

import numpy as np

from graphmode.old_programs.companions.repairs import find, renamed

# Packages -> their inner modules of that time. The packages have the names now.
_INNER = {
    "sklearn.cluster": "k_means_ spectral dbscan_ hierarchical",
    "sklearn.datasets": "base samples_generator",
    "sklearn.decomposition": "pca nmf",
    "sklearn.ensemble": "forest gradient_boosting weight_boosting",
    "sklearn.feature_extraction": "stop_words",
    "sklearn.linear_model": "base logistic ridge",
    "sklearn.manifold": "t_sne",
    "sklearn.metrics": "classification ranking regression scorer",
    "sklearn.neighbors": "kde unsupervised classification",
    "sklearn.preprocessing": "data label imputation",
    "sklearn.svm": "classes",
    "sklearn.tree": "tree",
}


class _Folds:
    """sklearn.cross_validation.KFold(n, n_folds): pairs of training and test indices."""

    kind = "KFold"

    def __init__(self, n, n_folds=3, shuffle=False, random_state=None):
        samples = n if np.ndim(n) else np.zeros(n)
        seed = random_state if shuffle else None
        folds = find(f"sklearn.model_selection:{self.kind}")(
            n_folds, shuffle=shuffle, random_state=seed
        )
        self._pairs = list(folds.split(np.zeros(len(samples)), samples))

    def __iter__(self):
        return iter(self._pairs)

    def __len__(self):
        return len(self._pairs)


class _StratifiedFolds(_Folds):
    """sklearn.cross_validation.StratifiedKFold(y, n_folds)."""

    kind = "StratifiedKFold"


def _channels(real):
    """multichannel=True is channel_axis=-1 now."""

    @functools.wraps(real)
    def call(*args, **named):
        if named.pop("multichannel", False):
            named["channel_axis"] = -1
        return real(*args, **named)

    return call


def compare_ssim(X, Y, multichannel=False, data_range=None, **named):
    """skimage.measure.compare_ssim. Floats have the range -1 to 1."""
    if data_range is None and np.issubdtype(np.asarray(X).dtype, np.floating):
        data_range = 2
    named.pop("dynamic_range", None)
    return find("skimage.metrics:structural_similarity")(
        X, Y, data_range=data_range, channel_axis=-1 if multichannel else None, **named
    )


class _Labels:
    """DataFrame.ix: by label, or by position where a label does not fit."""

    def __init__(self, table):
        self._table = table

    def __getitem__(self, key):
        try:
            return self._table.loc[key]
        except (KeyError, TypeError):
            return self._table.iloc[key]

    def __setitem__(self, key, value):
        self._table.loc[key] = value


def _append(self, other, ignore_index=False, **_):
    """DataFrame.append: a new table with rows added."""
    if isinstance(other, dict):
        other = type(self)([other])
    parts = [self, *other] if isinstance(other, (list, tuple)) else [self, other]
    return find("pandas:concat")(parts, ignore_index=ignore_index)


def _as_matrix(self, columns=None):
    """DataFrame.as_matrix: the values as an array."""
    return (self if columns is None else self[columns]).values


NAMES: Dict[str, Any] = {
    "pandas:DataFrame.append": _append,
    "pandas:DataFrame.as_matrix": _as_matrix,
    "pandas:DataFrame.iteritems": "pandas:DataFrame.items",
    "pandas:DataFrame.ix": property(_Labels),
    "pandas:Series.append": _append,
    "pandas:Series.as_matrix": _as_matrix,
    "pandas:Series.iteritems": "pandas:Series.items",
    "pandas:Series.ix": property(_Labels),
    "skimage.filters:gaussian_filter": "skimage.filters:gaussian",
    "skimage.measure:compare_mse": "skimage.metrics:mean_squared_error",
    "skimage.measure:compare_nrmse": lambda im_true, im_test, norm_type="Euclidean": find(
        "skimage.metrics:normalized_root_mse"
    )(im_true, im_test, normalization=norm_type.lower()),
    "skimage.measure:compare_psnr": "skimage.metrics:peak_signal_noise_ratio",
    "skimage.measure:compare_ssim": compare_ssim,
    "skimage.morphology:watershed": "skimage.segmentation:watershed",
    "skimage.util:montage2d": "skimage.util:montage",
    "skimage.util:pad": "numpy:pad",
}
CHANGED: Dict[str, Callable] = {
    "skimage.filters:gaussian": _channels,
    "skimage.transform:pyramid_gaussian": _channels,
    "skimage.transform:pyramid_reduce": _channels,
    "skimage.transform:rescale": _channels,
    "sklearn.manifold:TSNE.__init__": renamed("n_iter", "max_iter"),
    "sklearn.preprocessing:OneHotEncoder.__init__": renamed("sparse", "sparse_output"),
}
_FOLDS = {"KFold": _Folds, "StratifiedKFold": _StratifiedFolds}
MODULES: Dict[str, Any] = {
    "pandas.tools": [],
    "pandas.tools.plotting": ["pandas.plotting"],
    "sklearn.cross_validation": [_FOLDS, "sklearn.model_selection"],
    "sklearn.externals": [],
    "sklearn.externals.joblib": ["joblib"],
    "sklearn.externals.six": ["six"],
    "sklearn.grid_search": ["sklearn.model_selection"],
    "sklearn.learning_curve": ["sklearn.model_selection"],
    **{
        f"{package}.{inner}": [package]
        for package, names in _INNER.items()
        for inner in names.split()
    },
}
