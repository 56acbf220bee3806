"""The canned estimators of `tf.contrib.learn`: those of tf.estimator, with the loss of one example.

More than 60 lines: eight constructors with the arguments of 1.15.5.
"""

import numpy as np

from graphmode import tf
from graphmode.old_programs.adapters import estimators
from graphmode.old_programs.adapters.learn import _UNNAMED, BaseEstimator


class _Canned(BaseEstimator):
    """An estimator whose model is one of tf.estimator's."""

    def _begin(self, kind, model_dir, config, engineer, clip_norm, optimizers, **arguments):
        BaseEstimator.__init__(self, model_dir, config)
        self._engineer = engineer
        for name, optimizer in optimizers.items():
            if clip_norm is not None and isinstance(optimizer, tf.train.Optimizer):
                optimizer = estimators.clip_gradients_by_norm(optimizer, clip_norm)
            if optimizer is not None:
                arguments[name] = optimizer
        self._canned = getattr(estimators.ESTIMATOR, kind)(
            model_dir=self.model_dir,
            config=self._config,
            loss_reduction=tf.losses.Reduction.SUM_OVER_BATCH_SIZE,
            **arguments,
        )

    def _model_fn(self, features, labels, mode, config):
        if not isinstance(features, dict):
            features = {_UNNAMED: features}
        if self._engineer is not None:
            features, labels = self._engineer(features, labels)
        spec = self._canned.model_fn(features, labels, mode, config)
        if spec.predictions is None:
            return spec
        spec = spec._replace(predictions=self._renamed(spec.predictions))
        metrics = self._metric_ops(features, labels, spec.predictions) if mode == "eval" else {}
        return spec._replace(eval_metric_ops={**(spec.eval_metric_ops or {}), **metrics})


def _ftrl(columns):
    """contrib.learn's default for the linear part. tf.estimator's is 40 times slower."""
    return tf.train.FtrlOptimizer(min(0.2, len(columns) ** -0.5)) if columns else None


class _Classifier(_Canned):
    """Its predictions are classes."""

    def _renamed(self, predictions):
        known = ("probabilities", "logits", "logistic")
        kept = {name: predictions[name] for name in known if name in predictions}
        return {"classes": tf.squeeze(predictions["class_ids"], -1), **kept}

    def _only(self, key, *arguments, as_iterable=True):
        rows = (row[key] for row in BaseEstimator.predict(self, *arguments))
        return rows if as_iterable else np.array(list(rows))

    def predict_classes(self, x=None, input_fn=None, batch_size=None, as_iterable=True):
        """Yields the class of each example."""
        return self._only("classes", x, input_fn, batch_size, as_iterable=as_iterable)

    def predict_proba(self, x=None, input_fn=None, batch_size=None, as_iterable=True):
        """Yields the probabilities of each example's classes."""
        return self._only("probabilities", x, input_fn, batch_size, as_iterable=as_iterable)

    def predict(self, x=None, input_fn=None, batch_size=None, outputs=None, as_iterable=True):
        """Yields classes; dicts, if `outputs` names them."""
        if outputs:
            return BaseEstimator.predict(self, x, input_fn, batch_size, outputs, as_iterable)
        return self.predict_classes(x, input_fn, batch_size, as_iterable)


class _Regressor(_Canned):
    """Its predictions are numbers, called scores."""

    def _renamed(self, predictions):
        scores = predictions["predictions"]
        return {"scores": tf.squeeze(scores, -1) if scores.shape[-1] == 1 else scores}

    _only = _Classifier._only

    def predict_scores(self, x=None, input_fn=None, batch_size=None, as_iterable=True):
        """Yields the number of each example."""
        return self._only("scores", x, input_fn, batch_size, as_iterable=as_iterable)

    def predict(self, x=None, input_fn=None, batch_size=None, outputs=None, as_iterable=True):
        """Yields numbers; dicts, if `outputs` names them."""
        if outputs:
            return BaseEstimator.predict(self, x, input_fn, batch_size, outputs, as_iterable)
        return self.predict_scores(x, input_fn, batch_size, as_iterable)


class DNNClassifier(_Classifier):
    """A network of dense layers for classes."""

    def __init__(
        self,
        hidden_units,
        feature_columns,
        model_dir=None,
        n_classes=2,
        weight_column_name=None,
        optimizer=None,
        activation_fn=tf.nn.relu,
        dropout=None,
        gradient_clip_norm=None,
        enable_centered_bias=False,
        config=None,
        feature_engineering_fn=None,
        embedding_lr_multipliers=None,
        input_layer_min_slice_size=None,
        label_keys=None,
    ):
        self._begin(
            "DNNClassifier",
            model_dir,
            config,
            feature_engineering_fn,
            gradient_clip_norm,
            {"optimizer": optimizer},
            hidden_units=hidden_units,
            feature_columns=feature_columns,
            n_classes=n_classes,
            weight_column=weight_column_name,
            activation_fn=activation_fn,
            dropout=dropout,
            label_vocabulary=label_keys,
        )


class DNNRegressor(_Regressor):
    """A network of dense layers for numbers."""

    def __init__(
        self,
        hidden_units,
        feature_columns,
        model_dir=None,
        weight_column_name=None,
        optimizer=None,
        activation_fn=tf.nn.relu,
        dropout=None,
        gradient_clip_norm=None,
        enable_centered_bias=False,
        config=None,
        feature_engineering_fn=None,
        label_dimension=1,
        embedding_lr_multipliers=None,
        input_layer_min_slice_size=None,
    ):
        self._begin(
            "DNNRegressor",
            model_dir,
            config,
            feature_engineering_fn,
            gradient_clip_norm,
            {"optimizer": optimizer},
            hidden_units=hidden_units,
            feature_columns=feature_columns,
            label_dimension=label_dimension,
            weight_column=weight_column_name,
            activation_fn=activation_fn,
            dropout=dropout,
        )


class LinearClassifier(_Classifier):
    """Logistic regression."""

    def __init__(
        self,
        feature_columns,
        model_dir=None,
        n_classes=2,
        weight_column_name=None,
        optimizer=None,
        gradient_clip_norm=None,
        enable_centered_bias=False,
        _joint_weight=False,
        config=None,
        feature_engineering_fn=None,
        label_keys=None,
    ):
        self._begin(
            "LinearClassifier",
            model_dir,
            config,
            feature_engineering_fn,
            gradient_clip_norm,
            {"optimizer": optimizer},
            feature_columns=feature_columns,
            n_classes=n_classes,
            weight_column=weight_column_name,
            label_vocabulary=label_keys,
        )


class LinearRegressor(_Regressor):
    """Linear regression."""

    def __init__(
        self,
        feature_columns,
        model_dir=None,
        weight_column_name=None,
        optimizer=None,
        gradient_clip_norm=None,
        enable_centered_bias=False,
        label_dimension=1,
        _joint_weights=False,
        config=None,
        feature_engineering_fn=None,
    ):
        self._begin(
            "LinearRegressor",
            model_dir,
            config,
            feature_engineering_fn,
            gradient_clip_norm,
            {"optimizer": optimizer},
            feature_columns=feature_columns,
            label_dimension=label_dimension,
            weight_column=weight_column_name,
        )


class DNNLinearCombinedClassifier(_Classifier):
    """A linear model and a network of dense layers, added, for classes."""

    def __init__(
        self,
        model_dir=None,
        n_classes=2,
        weight_column_name=None,
        linear_feature_columns=None,
        linear_optimizer=None,
        _joint_linear_weights=False,
        dnn_feature_columns=None,
        dnn_optimizer=None,
        dnn_hidden_units=None,
        dnn_activation_fn=tf.nn.relu,
        dnn_dropout=None,
        gradient_clip_norm=None,
        enable_centered_bias=False,
        config=None,
        feature_engineering_fn=None,
        embedding_lr_multipliers=None,
        input_layer_min_slice_size=None,
        label_keys=None,
        fix_global_step_increment_bug=False,
    ):
        self._begin(
            "DNNLinearCombinedClassifier",
            model_dir,
            config,
            feature_engineering_fn,
            gradient_clip_norm,
            {
                "linear_optimizer": linear_optimizer or _ftrl(linear_feature_columns),
                "dnn_optimizer": dnn_optimizer,
            },
            n_classes=n_classes,
            weight_column=weight_column_name,
            linear_feature_columns=linear_feature_columns,
            dnn_feature_columns=dnn_feature_columns,
            dnn_hidden_units=dnn_hidden_units,
            dnn_activation_fn=dnn_activation_fn,
            dnn_dropout=dnn_dropout,
            label_vocabulary=label_keys,
        )


class DNNLinearCombinedRegressor(_Regressor):
    """A linear model and a network of dense layers, added, for numbers."""

    def __init__(
        self,
        model_dir=None,
        weight_column_name=None,
        linear_feature_columns=None,
        linear_optimizer=None,
        _joint_linear_weights=False,
        dnn_feature_columns=None,
        dnn_optimizer=None,
        dnn_hidden_units=None,
        dnn_activation_fn=tf.nn.relu,
        dnn_dropout=None,
        gradient_clip_norm=None,
        enable_centered_bias=False,
        label_dimension=1,
        config=None,
        feature_engineering_fn=None,
        embedding_lr_multipliers=None,
        input_layer_min_slice_size=None,
        fix_global_step_increment_bug=False,
    ):
        self._begin(
            "DNNLinearCombinedRegressor",
            model_dir,
            config,
            feature_engineering_fn,
            gradient_clip_norm,
            {
                "linear_optimizer": linear_optimizer or _ftrl(linear_feature_columns),
                "dnn_optimizer": dnn_optimizer,
            },
            label_dimension=label_dimension,
            weight_column=weight_column_name,
            linear_feature_columns=linear_feature_columns,
            dnn_feature_columns=dnn_feature_columns,
            dnn_hidden_units=dnn_hidden_units,
            dnn_activation_fn=dnn_activation_fn,
            dnn_dropout=dnn_dropout,
        )
