"""`tf.contrib.distributions` beyond the basic ones, through the package tensorflow_probability.

The basic ones (Normal, Categorical ..., see `larger_parts`) are TensorFlow's own, which have not
changed since 1.15. Where they are parts of the package's, they become the package's.

More than 60 lines, because the package has renamed arguments and dropped bijectors since then.
"""

import functools
import inspect
from typing import Any, Dict

from tensorflow.python.ops.distributions import distributions as basic

from graphmode import tf
from graphmode.old_programs.adapters import estimators

INSTALL = "pip install 'tensorflow-probability>=0.24,<0.26'"
# Class -> its arguments in 1.15.5, where the package has others or another order, or where they
# may be basic distributions.
_ARGUMENTS = {
    "BatchReshape": "distribution batch_shape",
    "ExpRelaxedOneHotCategorical": "temperature logits probs dtype",
    "Geometric": "logits probs",
    "Independent": "distribution reinterpreted_batch_ndims validate_args name",
    "InverseGamma": "concentration rate",
    "Mixture": "cat components validate_args allow_nan_stats use_static_graph name",
    "MixtureSameFamily": "mixture_distribution components_distribution",
    "MultivariateNormalDiag": "loc scale_diag scale_identity_multiplier",
    "MultivariateNormalDiagPlusLowRank": "loc scale_diag scale_identity_multiplier "
    "scale_perturb_factor scale_perturb_diag",
    "MultivariateNormalTriL": "loc scale_tril",
    "NegativeBinomial": "total_count logits probs",
    "Poisson": "rate log_rate",
    "QuantizedDistribution": "distribution low high validate_args name",
    "RelaxedOneHotCategorical": "temperature logits probs dtype",
    "TransformedDistribution": "distribution bijector batch_shape event_shape validate_args name",
}
_LAST = "validate_args allow_nan_stats name"
_DROPPED = ("dtype", "use_static_graph")
# Bijector of 1.15.5 -> of the package, with the same arguments.
_RENAMED = {"Gumbel": "GumbelCDF", "Kumaraswamy": "KumaraswamyCDF", "ScaleTriL": "FillScaleTriL"}


@functools.lru_cache(maxsize=None)
def _package():
    package = estimators.package("tensorflow_probability", INSTALL)
    basic.Distribution.register(package.distributions.Distribution)  # for isinstance
    return package


def _is_basic(kind):
    return basic.Distribution in kind.__mro__


def _theirs(value):
    """The same with the package's distributions in place of TensorFlow's basic ones."""
    if isinstance(value, (list, tuple)):
        return [_theirs(part) for part in value]
    if not _is_basic(type(value)):
        return value
    kind = getattr(_package().distributions, type(value).__name__, None)
    if kind is None or not type(value).__module__.startswith("tensorflow."):
        raise TypeError(f"a {type(value).__name__} cannot be a part of another distribution")
    known = inspect.signature(kind).parameters
    return kind(**{name: part for name, part in value.parameters.items() if name in known})


def _today(name: str, given: Dict[str, Any]) -> Dict[str, Any]:
    """The package's arguments for those of 1.15.5."""
    given = {key: _theirs(value) for key, value in given.items() if key not in _DROPPED}
    if name == "InverseGamma" and "rate" in given:
        given["scale"] = given.pop("rate")
    multiplier = given.pop("scale_identity_multiplier", None)
    if multiplier is not None:
        diagonal = given.get("scale_diag")
        diagonal = tf.zeros_like(given["loc"]) if diagonal is None else diagonal
        given["scale_diag"] = diagonal + tf.convert_to_tensor(multiplier)[..., None]
    if name == "TransformedDistribution":
        shapes = [given.pop(key, None) for key in ("batch_shape", "event_shape")]
        shape = [size for part in shapes if part is not None for size in part]
        if shape:
            given["distribution"] = _package().distributions.Sample(given["distribution"], shape)
        if given.get("bijector") is None:
            given["bijector"] = _package().bijectors.Identity()
    return given


class _Kind(type):
    """The type of a class that makes another's instances, from the arguments of 1.15.5.

    It is no subclass, because the package warns about subclasses with other arguments.
    """

    def __new__(mcs, kind, order):
        def __init__(self):  # for those who ask for the arguments; __call__ makes the instances
            pass

        word = inspect.Parameter.POSITIONAL_OR_KEYWORD
        words = [inspect.Parameter(name, word) for name in ("self", *order)]
        __init__.__signature__ = inspect.Signature(words)
        members = {"kind": kind, "order": order, "__init__": __init__}
        return super().__new__(mcs, kind.__name__, (), members)

    def __init__(cls, kind, order):
        super().__init__(kind.__name__, (), {})

    def __call__(cls, *arguments, **named):
        given = {**dict(zip(cls.order, arguments)), **named}
        return cls.kind(**_today(cls.__name__, given))

    def __instancecheck__(cls, value):
        return isinstance(value, cls.kind)


@functools.lru_cache(maxsize=None)
def _class(name):
    """A distribution of the package with the arguments and attributes of 1.15.5."""
    kind = getattr(_package().distributions, name)
    if not isinstance(kind, type):
        return kind
    if hasattr(kind, "probs_parameter") and hasattr(kind, "logits_parameter"):
        # The package leaves one of them None.
        members = {
            "probs": property(lambda self: self.probs_parameter()),
            "logits": property(lambda self: self.logits_parameter()),
        }
        kind = type(name, (kind,), members)
    if name in _ARGUMENTS:
        words = _ARGUMENTS[name].split()
        return _Kind(kind, words if words[-1] == "name" else [*words, *_LAST.split()])
    return kind


def __getattr__(name):
    if name == "auto_correlation":
        return _package().stats.auto_correlation
    if name.startswith("_") or name in ("bijectors", "layers"):
        raise AttributeError(name)
    return _class(name)


def __dir__():
    try:
        return [*dir(_package().distributions), "auto_correlation", *globals()]
    except AttributeError:  # not installed
        return ["RegisterKL", "kl_divergence"]


def kl_divergence(distribution_a, distribution_b, allow_nan_stats=True, name=None):
    """KL(a || b) of two distributions: basic ones, or the package's."""
    pair = distribution_a, distribution_b
    if all(_is_basic(type(one)) for one in pair):
        return basic.kl_divergence(*pair, allow_nan_stats, name)
    kinds = _package().distributions
    return kinds.kl_divergence(*_theirs(pair), allow_nan_stats, name)


def RegisterKL(dist_cls_a, dist_cls_b):
    """A decorator: the function computes the KL divergence of two classes."""
    if _is_basic(dist_cls_a) and _is_basic(dist_cls_b):
        return basic.RegisterKL(dist_cls_a, dist_cls_b)
    return _package().distributions.RegisterKL(dist_cls_a, dist_cls_b)


def percentile(
    x, q, axis=None, interpolation=None, keep_dims=False, validate_args=False, name=None
):
    """The q-th percentile of x, the nearest entry by default."""
    options = {"axis": axis, "keepdims": keep_dims, "validate_args": validate_args, "name": name}
    compute = _package().stats.percentile
    if interpolation in (None, "nearest"):  # 1.15.5 takes the smaller of two that are as near
        return -compute(-tf.convert_to_tensor(x), 100.0 - q, **options)
    return compute(x, q, interpolation=interpolation, **options)


def SeedStream(seed, salt):
    """Seeds that depend on one seed and on a word."""
    return _package().util.SeedStream(seed, salt)


def MultivariateNormalDiagWithSoftplusScale(
    loc,
    scale_diag,
    validate_args=False,
    allow_nan_stats=True,
    name="MultivariateNormalDiagWithSoftplusScale",
):
    """MultivariateNormalDiag with softplus(scale_diag) for the standard deviations."""
    arguments = validate_args, allow_nan_stats, name
    return _class("MultivariateNormalDiag")(loc, tf.nn.softplus(scale_diag), None, *arguments)


def WishartCholesky(
    df,
    scale,
    cholesky_input_output_matrices=False,
    validate_args=False,
    allow_nan_stats=True,
    name="WishartCholesky",
):
    """Random covariance matrices. `scale` is a Cholesky factor."""
    return _package().distributions.WishartTriL(
        df,
        scale_tril=scale,
        input_output_cholesky=cholesky_input_output_matrices,
        validate_args=validate_args,
        allow_nan_stats=allow_nan_stats,
        name=name,
    )


def WishartFull(
    df,
    scale,
    cholesky_input_output_matrices=False,
    validate_args=False,
    allow_nan_stats=True,
    name="WishartFull",
):
    """Random covariance matrices. `scale` is a matrix."""
    options = cholesky_input_output_matrices, validate_args, allow_nan_stats, name
    return WishartCholesky(df, tf.linalg.cholesky(scale), *options)


class _Bijectors:
    """`tf.contrib.distributions.bijectors`."""

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(_package().bijectors, _RENAMED.get(name, name))

    def __dir__(self):
        return [*dir(_package().bijectors), *_RENAMED, "Affine", "AffineScalar", "Ordered"]

    def AffineLinearOperator(
        self, shift=None, scale=None, validate_args=False, name="affine_linear_operator"
    ):
        """scale @ x + shift. `scale` is a tf.linalg.LinearOperator."""
        parts = [] if shift is None else [self.Shift(shift)]
        parts += [] if scale is None else [self.ScaleMatvecLinearOperator(scale)]
        return self.Chain(parts, validate_args=validate_args, name=name)

    def Affine(
        self,
        shift=None,
        scale_identity_multiplier=None,
        scale_diag=None,
        scale_tril=None,
        scale_perturb_factor=None,
        scale_perturb_diag=None,
        validate_args=False,
        name="affine",
    ):
        """scale @ x + shift. `scale` is the sum of a multiple of I, a diagonal and a triangle."""
        if scale_perturb_factor is not None or scale_perturb_diag is not None:
            raise NotImplementedError("use LinearOperatorLowRankUpdate with AffineLinearOperator")
        parts = [] if shift is None else [self.Shift(shift)]
        diagonal = [part for part in (scale_diag,) if part is not None]
        if scale_identity_multiplier is not None:
            diagonal.append(tf.convert_to_tensor(scale_identity_multiplier)[..., None])
        if scale_tril is not None:
            below = tf.linalg.band_part(scale_tril, -1, 0)
            if diagonal:
                below = tf.linalg.set_diag(below, tf.linalg.diag_part(below) + sum(diagonal))
            parts.append(self.ScaleMatvecTriL(below))
        elif scale_diag is not None:
            parts.append(self.ScaleMatvecDiag(sum(diagonal)))
        elif diagonal:
            parts.append(self.Scale(diagonal[0]))
        return self.Chain(parts, validate_args=validate_args, name=name)

    def AffineScalar(self, shift=None, scale=None, validate_args=False, name="affine_scalar"):
        """scale * x + shift."""
        parts = [] if shift is None else [self.Shift(shift)]
        parts += [] if scale is None else [self.Scale(scale)]
        return self.Chain(parts, validate_args=validate_args, name=name)

    def Ordered(self, validate_args=False, name="ordered"):
        """From increasing numbers to any numbers."""
        return self.Invert(self.Ascending(validate_args=validate_args), name=name)


bijectors = _Bijectors()
