"""`tf.contrib.learn`: its estimators and experiments, on top of tf.estimator's.

More than 60 lines: contrib.learn has fit(x, y) in place of input functions, model functions that
return tuples, its own names of predictions, metrics at evaluation, and experiments.
"""

import collections
import inspect

import numpy as np

from graphmode import tf
from graphmode.old_programs.adapters import estimators, layers

_UNNAMED = ""  # the column of real_valued_column("", ...)


class ModeKeys:
    """What a model function is called for."""

    TRAIN, EVAL, INFER = "train", "eval", "infer"


class PredictionKey:
    """Names of predictions."""

    CLASSES, PROBABILITIES, LOGITS = "classes", "probabilities", "logits"
    LOGISTIC, SCORES, TOP_K, GENERIC = "logistic", "scores", "top_k", "output"


class TaskType:
    """Tasks of a cluster."""

    MASTER, PS, WORKER = "master", "ps", "worker"


class ProblemType:
    """What a model solves."""

    UNSPECIFIED, CLASSIFICATION, LINEAR_REGRESSION, LOGISTIC_REGRESSION = range(4)


InputFnOps = collections.namedtuple("InputFnOps", ["features", "labels", "default_inputs"])
ExportStrategy = collections.namedtuple("ExportStrategy", ["name", "export_fn", "strip_attrs"])
_ModelFnOps = collections.namedtuple(
    "_ModelFnOps",
    "predictions loss train_op eval_metric_ops output_alternatives training_chief_hooks "
    "training_hooks scaffold mode",
)


class ModelFnOps(_ModelFnOps):
    """What a model function returns."""

    def __new__(
        cls,
        mode,
        predictions=None,
        loss=None,
        train_op=None,
        eval_metric_ops=None,
        output_alternatives=None,
        training_chief_hooks=None,
        training_hooks=None,
        scaffold=None,
    ):
        hooks = training_chief_hooks or [], training_hooks or []
        fields = predictions, loss, train_op, eval_metric_ops or {}, output_alternatives
        return super().__new__(cls, *fields, *hooks, scaffold, mode)


class MetricSpec:
    """A metric with the names of what it compares."""

    def __init__(self, metric_fn, prediction_key=None, label_key=None, weight_key=None):
        self.metric_fn, self.prediction_key = metric_fn, prediction_key
        self.label_key, self.weight_key = label_key, weight_key

    def create_metric_ops(self, inputs, labels, predictions):
        """(value, update op) of the metric."""
        chosen = _one(predictions, self.prediction_key), _one(labels, self.label_key)
        given = {"weights": inputs[self.weight_key]} if self.weight_key else {}
        names = list(inspect.signature(self.metric_fn).parameters)
        if "predictions" in names and "labels" in names:
            return self.metric_fn(predictions=chosen[0], labels=chosen[1], **given)
        return self.metric_fn(*chosen, **given)


def _one(values, key):
    """An entry of a dict, or the only one; or the tensor itself."""
    if not isinstance(values, dict):
        return values
    return values[key] if key is not None else next(iter(values.values()))


def RunConfig(
    master=None,
    num_cores=0,
    log_device_placement=False,
    gpu_memory_fraction=1,
    tf_random_seed=None,
    save_summary_steps=100,
    save_checkpoints_secs=600,
    save_checkpoints_steps=None,
    keep_checkpoint_max=5,
    keep_checkpoint_every_n_hours=10000,
    log_step_count_steps=100,
    protocol=None,
    evaluation_master="",
    model_dir=None,
    session_config=None,
    session_creation_timeout_secs=7200,
):
    """The RunConfig of tf.estimator for the same settings."""
    session_config = session_config or tf.ConfigProto(
        intra_op_parallelism_threads=num_cores,
        log_device_placement=log_device_placement,
        gpu_options=tf.GPUOptions(per_process_gpu_memory_fraction=gpu_memory_fraction),
        allow_soft_placement=True,
    )
    times = {"save_checkpoints_secs": save_checkpoints_secs}
    if save_checkpoints_steps is not None:
        times = {"save_checkpoints_steps": save_checkpoints_steps}
    return estimators.ESTIMATOR.RunConfig(
        model_dir=model_dir,
        tf_random_seed=tf_random_seed,
        save_summary_steps=save_summary_steps,
        session_config=session_config,
        keep_checkpoint_max=keep_checkpoint_max,
        keep_checkpoint_every_n_hours=keep_checkpoint_every_n_hours,
        log_step_count_steps=log_step_count_steps,
        **times,
    )


def _arrays(values):
    """Lists as arrays, also in a dict."""
    if isinstance(values, dict):
        return {name: np.asarray(value) for name, value in values.items()}
    return None if values is None else np.asarray(values)


def _input_fn(x, y, input_fn, batch_size, epochs, shuffle):
    """An input function for tf.estimator."""
    if input_fn is not None:
        return input_fn
    named = isinstance(x, dict)
    features = _arrays(x if named else {_UNNAMED: x})
    size = len(next(iter(features.values())))
    feed = estimators.ESTIMATOR.inputs.numpy_input_fn(
        features, _arrays(y), batch_size or size, epochs, shuffle
    )

    def fed():
        got, labels = feed() if y is not None else (feed(), None)
        return (got if named else got[_UNNAMED]), labels

    return fed


def infer_real_valued_columns_from_input(x):
    """Feature columns for an array [N, features], or for a dict of arrays."""
    return infer_real_valued_columns_from_input_fn(_input_fn(x, None, None, None, 1, False))


def infer_real_valued_columns_from_input_fn(input_fn):
    """Feature columns for the features of an input function."""
    with tf.Graph().as_default():
        return layers.infer_real_valued_columns(input_fn()[0])


class BaseEstimator:
    """A model that is fitted, evaluated and asked for predictions."""

    def __init__(self, model_dir=None, config=None):
        self._config = config or RunConfig()
        where = model_dir or self._config.model_dir
        self._core = estimators.ESTIMATOR.Estimator(self._model_fn, where, self._config)
        self.config, self.model_dir, self._metrics = self._core.config, self._core.model_dir, None

    def _model_fn(self, features, labels, mode, config):
        raise NotImplementedError("a subclass has the model")

    def fit(
        self,
        x=None,
        y=None,
        input_fn=None,
        steps=None,
        batch_size=None,
        monitors=None,
        max_steps=None,
    ):
        """Trains on arrays, or on what an input function gives. Returns itself."""
        feed = _input_fn(x, y, input_fn, batch_size, None, True)
        hooks = [_started(monitor, self) for monitor in monitors or ()]
        self._core.train(feed, hooks, steps, max_steps)
        return self

    def partial_fit(self, x=None, y=None, input_fn=None, steps=1, batch_size=None, monitors=None):
        """Trains for a few steps more."""
        return self.fit(x, y, input_fn, steps, batch_size, monitors)

    def evaluate(
        self,
        x=None,
        y=None,
        input_fn=None,
        feed_fn=None,
        batch_size=None,
        steps=None,
        metrics=None,
        name=None,
        checkpoint_path=None,
        hooks=None,
        log_progress=True,
    ):
        """The loss and the metrics, as a dict."""
        feed = _input_fn(x, y, input_fn, batch_size, 1, False)
        self._metrics = metrics
        found = self._core.evaluate(feed, steps, hooks, checkpoint_path, name)
        # tf.estimator's canned models add it to what they had here: accuracy, loss, global_step.
        return {key: value for key, value in found.items() if key != "average_loss"}

    def predict(self, x=None, input_fn=None, batch_size=None, outputs=None, as_iterable=True):
        """Yields the predictions for each example; as arrays, if not as_iterable."""
        feed = _input_fn(x, None, input_fn, batch_size, 1, False)
        rows = self._core.predict(feed)
        if outputs:
            rows = ({key: row[key] for key in outputs} for row in rows)
        if as_iterable:
            return rows
        rows = list(rows)
        if not isinstance(rows[0], dict):
            return np.array(rows)
        return {key: np.array([row[key] for row in rows]) for key in rows[0]}

    def _metric_ops(self, features, labels, predictions):
        """The operations of the metrics that `evaluate` got."""
        made = {}
        for name, metric in (self._metrics or {}).items():
            if not isinstance(metric, MetricSpec):  # a function; the name may be (name, prediction)
                name, key = name if isinstance(name, tuple) else (name, None)
                metric = MetricSpec(metric, prediction_key=key)
            made[name] = metric.create_metric_ops(features, labels, predictions)
        return made

    def get_variable_names(self):
        """Names of the variables in the newest checkpoint."""
        return self._core.get_variable_names()

    def get_variable_value(self, name):
        """The value of a variable in the newest checkpoint."""
        return self._core.get_variable_value(name)

    def export_savedmodel(
        self,
        export_dir_base,
        serving_input_fn,
        default_output_alternative_key=None,
        assets_extra=None,
        as_text=False,
        checkpoint_path=None,
    ):
        """Writes a SavedModel, and returns its folder."""

        def receiver():
            made = serving_input_fn()
            if not isinstance(made, InputFnOps):
                return made
            kind = estimators.ESTIMATOR.export.ServingInputReceiver
            return kind(made.features, made.default_inputs)

        options = assets_extra, as_text, checkpoint_path
        return self._core.export_savedmodel(export_dir_base, receiver, *options)


def _signature(labels):
    """The types and shapes of labels, a tensor or name -> tensor."""
    if isinstance(labels, dict):
        return {name: _signature(one) for name, one in labels.items()}
    return labels.dtype, labels.shape


def _placeholders(signature):
    """Placeholders of the types and shapes in `Estimator._labels`."""
    if isinstance(signature, dict):
        return {name: _placeholders(one) for name, one in signature.items()}
    return tf.placeholder(*signature)


class Estimator(BaseEstimator):
    """A model from a model function."""

    def __init__(
        self, model_fn=None, model_dir=None, config=None, params=None, feature_engineering_fn=None
    ):
        self._build, self.params = model_fn, params
        self._engineer = feature_engineering_fn
        self._labels = None  # the last labels: a prediction has placeholders like them
        super().__init__(model_dir, config)

    def _model_fn(self, features, labels, mode, config):
        if self._engineer is not None:
            features, labels = self._engineer(features, labels)
        if labels is not None:
            self._labels = _signature(labels)
        elif self._labels is not None:
            labels = _placeholders(self._labels)
        known = {"mode": mode, "params": self.params, "config": config, "model_dir": self.model_dir}
        wanted = inspect.signature(self._build).parameters
        made = self._build(features, labels, **{k: v for k, v in known.items() if k in wanted})
        if not isinstance(made, ModelFnOps):
            made = ModelFnOps(mode, *made)
        predictions, training = made.predictions, mode == ModeKeys.TRAIN
        metrics = dict(made.eval_metric_ops)
        if mode == ModeKeys.EVAL:
            metrics.update(self._metric_ops(features, labels, predictions))
        output = estimators.ESTIMATOR.export.PredictOutput
        return estimators.ESTIMATOR.EstimatorSpec(
            mode,
            predictions=predictions,
            loss=made.loss,
            train_op=made.train_op if training else None,
            eval_metric_ops=metrics,
            export_outputs={"serving_default": output(predictions)} if mode == "infer" else None,
            training_chief_hooks=made.training_chief_hooks,
            training_hooks=made.training_hooks,
            scaffold=made.scaffold,
        )


class SKCompat:
    """An estimator with the methods of scikit-learn."""

    def __init__(self, estimator):
        self._estimator = estimator

    def fit(self, x, y, batch_size=128, steps=None, max_steps=None, monitors=None):
        """Trains, and returns itself."""
        self._estimator.fit(x, y, None, steps, batch_size, monitors, max_steps)
        return self

    def score(self, x, y, batch_size=128, steps=None, metrics=None, name=None):
        """The loss and the metrics, as a dict."""
        return self._estimator.evaluate(
            x, y, batch_size=batch_size, steps=steps, metrics=metrics, name=name
        )

    def predict(self, x, batch_size=128, outputs=None):
        """The predictions as arrays."""
        return BaseEstimator.predict(self._estimator, x, None, batch_size, outputs, False)


def _started(monitor, estimator):
    """A hook for training; monitors that evaluate get the estimator."""
    if hasattr(monitor, "set_estimator"):
        monitor.set_estimator(estimator)
    return monitor
