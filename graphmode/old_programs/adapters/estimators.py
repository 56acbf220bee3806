"""`tf.estimator`, `contrib.estimator` and the estimators of `contrib.factorization`.

Estimators are in a package of their own, tensorflow-estimator, whose last version, 2.15.0, imports
modules that TensorFlow dropped in 2.16. Stand-ins take their places: the package then trains,
evaluates, predicts and exports on one machine.

More than 60 lines, because contrib.estimator's functions are in no package any more.
"""

import copy
import importlib
import sys
import types
from typing import Dict, Optional

from graphmode import repairs, tf

INSTALL = "pip install tensorflow-estimator==2.15.0"
_CLUSTER = "an estimator on a cluster needs TensorFlow 2.15; on one machine, unset TF_CONFIG"
_TPU = "TPUs need TensorFlow 2.15 here; use_tpu=False trains on the CPU or GPU"


def package(name: str, install: str) -> types.ModuleType:
    """A module of a package that is an optional extra.

    Raises:
        AttributeError: the package is not installed, so that a name of it is missing. The message
            says how to install it.
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        top = name.split(".")[0].replace("_", "-")
        raise AttributeError(f"this needs the package {top}: {install}") from error


class _Absent(types.ModuleType):
    """Stands for a module that TensorFlow dropped. The use of its names is an error."""

    def __init__(self, name: str, reason: str, **names: object):
        super().__init__(name)
        vars(self).update(names)
        self._reason = reason

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        reason = self._reason

        def refuse(self, *unused, **unused_too):
            raise NotImplementedError(reason)

        return type(name, (), {"__init__": refuse})  # a class: isinstance must not fail


def _init_run_config(config, tf_config):
    """RunConfig with a distribution strategy on one machine, such as MirroredStrategy."""
    if tf_config.get("cluster"):
        raise NotImplementedError(_CLUSTER)
    config._distribute_coordinator_mode = None
    config._init_distributed_setting_from_environment_var(tf_config)
    config._maybe_overwrite_session_config_for_distributed_training()


def _dropped() -> Dict[str, types.ModuleType]:
    """Modules below tensorflow.python that estimators import, and their stand-ins."""
    strategies = _Absent(
        "estimator_training",
        _CLUSTER,
        init_run_config=_init_run_config,
        should_run_distribute_coordinator=lambda config: False,
    )
    names = ("tpu_embedding", "tpu_embedding_gradient", "session_support")
    return {
        "distribute.estimator_training": strategies,
        **{f"tpu.{name}": _Absent(name, _TPU) for name in names},
    }


def _prepare():
    """Puts the stand-ins in their places, where the running TensorFlow has nothing."""
    for path, stand_in in _dropped().items():
        whole = f"tensorflow.python.{path}"
        try:
            importlib.import_module(whole)
        except ImportError:
            parent, _, last = whole.rpartition(".")
            sys.modules[whole] = stand_in
            setattr(importlib.import_module(parent), last, stand_in)
    export = importlib.import_module("tensorflow.python.util.tf_export")
    if not hasattr(export, "ESTIMATOR_API_NAME"):
        export.ESTIMATOR_API_NAME = "estimator"
        for table, end in ((export.API_ATTRS, ""), (export.API_ATTRS_V1, "_v1")):
            table["estimator"] = export._Attributes(
                f"_estimator_api_names{end}", f"_estimator_api_constants{end}"
            )


def library(name: str = "api._v1.estimator") -> types.ModuleType:
    """A module of tensorflow_estimator.python.estimator, after the repairs.

    Raises:
        AttributeError: tensorflow-estimator is not installed.
    """
    repairs.load("tensorflow.compat.v1")
    _prepare()
    return package(f"tensorflow_estimator.python.estimator.{name}", INSTALL)


class _Library:
    """Names of tensorflow_estimator: those of one of its modules, or of a table.

    Args:
        module: below tensorflow_estimator.python.estimator.
        names: name -> (module, name in this module).
    """

    def __init__(self, module: str, names: Optional[Dict[str, str]] = None):
        self._module, self._names = module, names

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        if self._names is None:
            return getattr(library(self._module), name)
        if name not in self._names:
            raise AttributeError(name)
        module, _, last = self._names[name].rpartition(".")
        return getattr(library(module), last or name)

    def __dir__(self):
        if self._names is not None:
            return sorted(self._names)
        try:
            return dir(library(self._module))
        except AttributeError:  # not installed: no name is there
            return []


ESTIMATOR = _Library("api._v1.estimator")
_HOOKS = (
    "make_early_stopping_hook stop_if_higher_hook stop_if_lower_hook "
    "stop_if_no_decrease_hook stop_if_no_increase_hook"
)
# Names of contrib.estimator, also those that left it before 1.15. The functions below are the rest.
CONTRIB = _Library(
    "",
    {
        **{name: "early_stopping." for name in _HOOKS.split()},
        "InMemoryEvaluatorHook": "hooks.hooks.",
        "SavedModelEstimator": "canned.saved_model_estimator.",
        "add_metrics": "extenders.",
        "build_raw_supervised_input_receiver_fn": "export.export.",
        "build_supervised_input_receiver_fn_from_input_fn": "export.export.",
        "call_logit_fn": "model_fn.",
        "dnn_logit_fn_builder": "canned.dnn.",
        "linear_logit_fn_builder": "canned.linear.",
        "make_stop_at_checkpoint_step_hook": "hooks.hooks.",
    },
)


def _head(path, *arguments):
    """A head of version 2 that takes optimizers of tf.train, too."""
    module, _, name = path.rpartition(".")
    head = getattr(library(f"head.{module}"), name)(*arguments)
    create = head.create_estimator_spec

    def create_estimator_spec(
        features, mode, logits, labels=None, optimizer=None, train_op_fn=None, **rest
    ):
        if isinstance(optimizer, tf.train.Optimizer):
            step = tf.train.get_global_step()
            minimize, optimizer = optimizer.minimize, None
            rest.setdefault("update_ops", tf.get_collection(tf.GraphKeys.UPDATE_OPS))

            def train_op_fn(loss):
                return minimize(loss, step)

        rest.update(optimizer=optimizer, train_op_fn=train_op_fn)
        return create(features, mode, logits, labels, **rest)

    head.create_estimator_spec = create_estimator_spec
    return head


_MEAN = "sum_over_batch_size"  # the only reduction that both versions have


def binary_classification_head(
    weight_column=None,
    thresholds=None,
    label_vocabulary=None,
    loss_reduction=_MEAN,
    loss_fn=None,
    name=None,
):
    """contrib.estimator.binary_classification_head: sigmoid cross entropy."""
    arguments = weight_column, thresholds, label_vocabulary, loss_reduction, loss_fn, name
    return _head("binary_class_head.BinaryClassHead", *arguments)


def multi_class_head(
    n_classes,
    weight_column=None,
    label_vocabulary=None,
    loss_reduction=_MEAN,
    loss_fn=None,
    name=None,
):
    """contrib.estimator.multi_class_head: softmax cross entropy."""
    arguments = n_classes, weight_column, label_vocabulary, loss_reduction, loss_fn, name
    return _head("multi_class_head.MultiClassHead", *arguments)


def multi_label_head(
    n_classes,
    weight_column=None,
    thresholds=None,
    label_vocabulary=None,
    loss_reduction=_MEAN,
    loss_fn=None,
    classes_for_class_based_metrics=None,
    name=None,
):
    """contrib.estimator.multi_label_head: sigmoid cross entropy of each class."""
    arguments = n_classes, weight_column, thresholds, label_vocabulary, loss_reduction, loss_fn
    classes = classes_for_class_based_metrics
    return _head("multi_label_head.MultiLabelHead", *arguments, classes, name)


def multi_head(heads, head_weights=None):
    """contrib.estimator.multi_head: several labels."""
    return _head("multi_head.MultiHead", heads, head_weights)


def regression_head(
    weight_column=None,
    label_dimension=1,
    loss_reduction=_MEAN,
    loss_fn=None,
    inverse_link_fn=None,
    name=None,
):
    """contrib.estimator.regression_head: squared error."""
    arguments = label_dimension, weight_column, loss_reduction, loss_fn, inverse_link_fn, name
    return _head("regression_head.RegressionHead", *arguments)


def poisson_regression_head(
    weight_column=None,
    label_dimension=1,
    loss_reduction=_MEAN,
    compute_full_loss=True,
    name=None,
):
    """contrib.estimator.poisson_regression_head: it predicts the logarithm of the rate."""
    arguments = label_dimension, weight_column, loss_reduction, compute_full_loss, name
    return _head("regression_head.PoissonRegressionHead", *arguments)


def logistic_regression_head(weight_column=None, loss_reduction=_MEAN, name=None):
    """contrib.estimator.logistic_regression_head: labels in [0, 1]."""
    arguments = weight_column, loss_reduction, name
    return _head("regression_head.LogisticRegressionHead", *arguments)


def clip_gradients_by_norm(optimizer, clip_norm):
    """An optimizer that scales the gradients so that their global norm is at most clip_norm."""
    apply = optimizer.apply_gradients

    def apply_clipped(grads_and_vars, global_step=None, name=None):
        gradients, variables = zip(*grads_and_vars)
        clipped = tf.clip_by_global_norm(gradients, clip_norm)[0]
        return apply(zip(clipped, variables), global_step, name)

    copied = copy.copy(optimizer)
    copied.apply_gradients = apply_clipped
    return copied


def forward_features(estimator, keys=None, sparse_default_values=None):
    """An estimator whose predictions also hold features: those of `keys`, or all."""
    defaults = sparse_default_values or {}

    def model_fn(features, labels, mode, config):
        spec = estimator.model_fn(features, labels, mode, config)
        if spec.predictions is None:
            return spec
        predictions = dict(spec.predictions)
        for key in features if keys is None else [keys] if isinstance(keys, str) else keys:
            value = features[key]
            if isinstance(value, tf.SparseTensor):
                value = tf.sparse.to_dense(value, default_value=defaults[key])
            predictions[key] = value
            for output in (spec.export_outputs or {}).values():
                if isinstance(output, ESTIMATOR.export.PredictOutput):
                    output.outputs[key] = value
        return spec._replace(predictions=predictions)

    return ESTIMATOR.Estimator(model_fn, estimator.model_dir, estimator.config)


def export_all_saved_models(
    estimator,
    export_dir_base,
    input_receiver_fn_map,
    assets_extra=None,
    as_text=False,
    checkpoint_path=None,
):
    """Exports the graphs of several modes, see Estimator.experimental_export_all_saved_models."""
    return estimator.experimental_export_all_saved_models(
        export_dir_base, input_receiver_fn_map, assets_extra, as_text, checkpoint_path
    )


def export_saved_model_for_mode(
    estimator,
    export_dir_base,
    input_receiver_fn,
    assets_extra=None,
    as_text=False,
    checkpoint_path=None,
    mode="infer",
):
    """Exports the graph of one mode, see Estimator.export_saved_model."""
    return estimator.export_saved_model(
        export_dir_base, input_receiver_fn, assets_extra, as_text, checkpoint_path, mode
    )


def replicate_model_fn(model_fn, loss_reduction=None, devices=None):
    """The same model_fn: it runs on one device. tf.distribute trains on several."""
    return model_fn


def TowerOptimizer(optimizer_or_optimizer_fn):
    """The optimizer itself: there is one tower, see `replicate_model_fn`."""
    made = optimizer_or_optimizer_fn
    return made if isinstance(made, tf.train.Optimizer) else made()


def KMeansClustering(
    num_clusters,
    model_dir=None,
    initial_clusters="random",
    distance_metric="squared_euclidean",
    random_seed=0,
    use_mini_batch=True,
    mini_batch_steps_per_iteration=1,
    kmeans_plus_plus_num_retries=2,
    relative_tolerance=None,
    config=None,
    feature_columns=None,
):
    """contrib.factorization.KMeansClustering: tf.estimator.experimental.KMeans."""
    return ESTIMATOR.experimental.KMeans(
        num_clusters,
        model_dir,
        initial_clusters,
        distance_metric,
        random_seed,
        use_mini_batch,
        mini_batch_steps_per_iteration,
        kmeans_plus_plus_num_retries,
        relative_tolerance,
        config,
        feature_columns,
    )
