"""tf.contrib.layers' target columns: what a model predicts, with its loss and its metrics."""

import tf_slim as slim

from graphmode import tf


class ProblemType:
    """Kinds of targets."""

    UNSPECIFIED = 0
    CLASSIFICATION = 1
    LINEAR_REGRESSION = 2
    LOGISTIC_REGRESSION = 3


class _Target:
    """A target: `loss_function` gives [batch, columns] losses of logits and labels."""

    def __init__(self, loss_function, columns, label_name, weight_column_name, problem_type):
        self._loss = loss_function
        self.num_label_columns, self.problem_type = columns, problem_type
        self.label_name, self.weight_column_name = label_name, weight_column_name

    def get_weight_tensor(self, features):
        """The weights of the examples, or None."""
        if not self.weight_column_name:
            return None
        return tf.reshape(tf.cast(features[self.weight_column_name], tf.float32), [-1])

    def _losses(self, logits, target, features):
        target = target[self.label_name] if isinstance(target, dict) else target
        weights = self.get_weight_tensor(features)
        losses = self._loss(logits, target)
        return (losses, None) if weights is None else (tf.reshape(losses, [-1]) * weights, weights)

    def training_loss(self, logits, target, features, name="training_loss"):
        """The mean of the weighted losses."""
        return tf.reduce_mean(self._losses(logits, target, features)[0], name=name)

    def loss(self, logits, target, features):
        """The weighted mean of the losses."""
        losses, weights = self._losses(logits, target, features)
        if weights is None:
            return tf.reduce_mean(losses, name="loss")
        return tf.divide(tf.reduce_sum(losses), tf.reduce_sum(weights), name="loss")

    def logits_to_predictions(self, logits, proba=False):
        """Values of a regression; classes, or their probabilities, of a classification."""
        if self.problem_type == ProblemType.LINEAR_REGRESSION:
            return tf.squeeze(logits, [1]) if self.num_label_columns == 1 else logits
        if self.num_label_columns == 1:
            logits = tf.concat([tf.zeros_like(logits), logits], 1)
        return tf.nn.softmax(logits) if proba else tf.argmax(logits, 1)

    def get_eval_ops(self, features, logits, labels, metrics=None):
        """Metrics: name -> (value, update op)."""
        weights = self.get_weight_tensor(features)
        result = {"loss": slim.metrics.streaming_mean(self.loss(logits, labels, features))}
        classifies = self.problem_type == ProblemType.CLASSIFICATION
        if classifies and self.num_label_columns == 1:
            chance, floats = tf.sigmoid(logits), tf.cast(labels, tf.float32)
            for name, metric in get_default_binary_metrics_for_eval([0.5]).items():
                result[name] = metric(chance, floats)
        if metrics is None and classifies:
            metrics = {("accuracy", "classes"): slim.metrics.streaming_accuracy}
        for key, metric in (metrics or {}).items():
            name, of = key if isinstance(key, tuple) else (key, "classes")
            values = self.logits_to_predictions(logits, proba=of == "probabilities")
            named = {} if weights is None else {"weights": weights}
            result[name] = metric(values, tf.cast(labels, values.dtype), **named)
        return result


def _column(labels):
    return labels[:, tf.newaxis] if labels.shape.rank == 1 else labels


def regression_target(label_name=None, weight_column_name=None, label_dimension=1):
    """A target of numbers, with the squared error."""
    return _Target(
        lambda logits, labels: tf.squared_difference(logits, tf.cast(_column(labels), tf.float32)),
        label_dimension,
        label_name,
        weight_column_name,
        ProblemType.LINEAR_REGRESSION,
    )


def multi_class_target(n_classes, label_name=None, weight_column_name=None):
    """A target of classes, with the cross entropy."""
    if n_classes < 2:
        raise ValueError("n_classes must be > 1 for classification.")

    def cross_entropy(logits, labels):
        if n_classes == 2:
            labels = tf.cast(_column(labels), tf.float32)
            return tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits)
        labels = tf.squeeze(labels, [1]) if labels.shape.rank == 2 else labels
        return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)

    columns = 1 if n_classes == 2 else n_classes
    return _Target(
        cross_entropy, columns, label_name, weight_column_name, ProblemType.CLASSIFICATION
    )


def binary_svm_target(label_name=None, weight_column_name=None):
    """A target of two classes, with the hinge loss."""

    def hinge(logits, labels):
        signs = 2 * tf.cast(tf.reshape(labels, [-1, 1]), tf.float32) - 1
        return tf.nn.relu(1 - signs * logits)

    return _Target(hinge, 1, label_name, weight_column_name, ProblemType.CLASSIFICATION)


def get_default_binary_metrics_for_eval(thresholds):
    """Metrics of two classes: name -> function of predictions and labels."""

    def weighted(metric):
        def call(predictions, labels, weights=None):
            weights = None if weights is None else tf.cast(weights, tf.float32)
            return metric(predictions, labels, weights)

        return call

    def at(metric, threshold):
        def call(predictions, labels, weights):
            value, update = metric(predictions, labels, [threshold], weights=weights)
            return tf.squeeze(value), update

        return weighted(call)

    def accuracy(threshold):
        return lambda predictions, labels, weights=None: slim.metrics.streaming_accuracy(
            tf.cast(predictions >= threshold, tf.float32), labels, weights
        )

    of_labels = weighted(lambda _, labels, weights: slim.metrics.streaming_mean(labels, weights))
    metrics = {
        "labels/prediction_mean": weighted(
            lambda predictions, _, weights: slim.metrics.streaming_mean(predictions, weights)
        ),
        "labels/actual_target_mean": of_labels,
        "accuracy/baseline_target_mean": of_labels,
        "auc": weighted(lambda *values: slim.metrics.streaming_auc(*values)),
    }
    for value in thresholds:
        metrics[f"accuracy/threshold_{value:f}_mean"] = accuracy(value)
        for kind in ("precision", "recall"):
            metric = getattr(slim.metrics, f"streaming_{kind}_at_thresholds")
            metrics[f"{kind}/positive_threshold_{value:f}_mean"] = at(metric, value)
    return metrics
