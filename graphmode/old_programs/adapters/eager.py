"""`tf.contrib.eager` (tfe): what TensorFlow has no other name for, see `tables` for the rest.

Metrics that keep their state in variables, savers without a session, and networks. More than 60
lines, because TensorFlow's own metrics work otherwise: no `init_variables`, no weights' sum.
"""

import re
from typing import Any

from tensorflow.python.data.ops import iterator_ops
from tensorflow.python.ops import summary_ops_v2

from graphmode import tf


def Iterator(dataset: Any) -> Any:
    """An iterator over the elements of a tf.data.Dataset. It needs eager execution."""
    if not tf.executing_eagerly():
        raise RuntimeError("tfe.Iterator needs eager execution: call tf.enable_eager_execution()")
    return iterator_ops.OwnedIterator(dataset)


class Saver:
    """tf.train.Saver without a session. It needs eager execution."""

    def __init__(self, var_list):
        if not tf.executing_eagerly():
            raise RuntimeError("tfe.Saver needs eager execution; in graphs, use tf.train.Saver")
        self._saver = tf.train.Saver(var_list)

    def save(self, file_prefix, global_step=None):
        """Writes a checkpoint, and returns its prefix."""
        return self._saver.save(None, file_prefix, global_step, write_meta_graph=False)

    def restore(self, file_prefix):
        """Reads the variables from a checkpoint."""
        self._saver.restore(None, file_prefix)


def get_optimizer_variables(optimizer):
    """The variables of a tf.train.Optimizer."""
    return optimizer.variables()


class Network(tf.keras.Model):
    """A Keras model whose layers may be named with track_layer."""

    def track_layer(self, layer):
        """Adds a layer to the network, and returns it."""
        number = len(self.__dict__.setdefault("_tracked", []))
        self._tracked.append(layer)
        setattr(self, f"_tracked_{number}", layer)
        return layer


class Sequential(Network):
    """Layers, or functions, one after the other."""

    def __init__(self, layers_funcs=None, name=None):
        super().__init__(name=name)
        self._functions = []
        for function in layers_funcs or ():
            self.add(function)

    def add(self, layer_func):
        """Appends a layer or a function."""
        layer = isinstance(layer_func, tf.keras.layers.Layer)
        self._functions = [*self._functions, self.track_layer(layer_func) if layer else layer_func]

    def call(self, inputs, **options):
        """Applies the layers in order."""
        for function in self._functions:
            inputs = function(inputs)
        return inputs


class Metric:
    """A number computed over several batches.

    A subclass makes its variables in `build`, adds a batch in `call`, and returns the number from
    `result`. In a graph, `call` returns the op that adds the batch.
    """

    def __init__(self, name=None, use_global_variables=False):
        self._built, self._use_global_variables = False, use_global_variables
        self.variables, self._initial = [], []
        wanted = re.sub("[^A-Za-z0-9.]", "_", name or type(self).__name__)
        with tf.variable_scope(None, wanted) as self._scope:
            self.name = self._scope.name.rpartition("/")[2]

    def __call__(self, *batch, **named):
        if not self._built:
            with tf.variable_scope(self._scope):
                self.build(*batch, **named)
            self._built = True
        return self.call(*batch, **named)

    def add_variable(self, name, shape=None, dtype=None, initializer=None):
        """For `build`: a variable that is not trained."""
        keys = tf.GraphKeys
        home = keys.GLOBAL_VARIABLES if self._use_global_variables else keys.LOCAL_VARIABLES
        variable = tf.get_variable(
            name,
            shape,
            dtype,
            initializer,
            trainable=False,
            collections=None if tf.executing_eagerly() else [home, keys.METRIC_VARIABLES],
            use_resource=True,
        )
        self.variables.append(variable)
        self._initial.append(variable.read_value() if tf.executing_eagerly() else None)
        return variable

    def init_variables(self):
        """Starts again. In a graph, it returns the op that does so."""
        if not tf.executing_eagerly():
            return tf.variables_initializer(self.variables)
        for variable, value in zip(self.variables, self._initial):
            variable.assign(value)
        return None

    def value(self):
        """The result in a graph; the function that computes it in eager execution."""
        return self.result if tf.executing_eagerly() else self.result()


class Mean(Metric):
    """The mean of values, with weights."""

    def __init__(self, name=None, dtype=tf.float64, use_global_variables=False):
        super().__init__(name, use_global_variables)
        self.dtype = dtype

    def build(self, *unused, **unused_too):
        """Makes the numerator and the denominator."""
        zeros = tf.zeros_initializer()
        self.numer = self.add_variable("numer", [], self.dtype, zeros)
        self.denom = self.add_variable("denom", [], self.dtype, zeros)

    def call(self, values, weights=None):
        """Adds a batch. In eager execution it returns its arguments."""
        added = tf.cast(values, self.dtype)
        counted = tf.ones_like(added) if weights is None else tf.cast(weights, self.dtype)
        update = tf.group(
            self.numer.assign_add(tf.reduce_sum(added * counted)),
            self.denom.assign_add(tf.reduce_sum(counted)),
        )
        if not tf.executing_eagerly():
            return update
        return values if weights is None else (values, weights)

    def result(self, write_summary=True):
        """The mean over all batches. A writer of tf.contrib.summary gets it, too."""
        mean = self.numer / self.denom
        if write_summary:
            summary_ops_v2.scalar(self.name, mean)
        return mean


class _Matches(Mean):
    """The fraction of predictions that are right."""

    def __init__(self, name=None, dtype=tf.float64):
        super().__init__(name, dtype)

    def call(self, labels, predictions, weights=None):
        """Adds a batch."""
        labels, predictions = tf.convert_to_tensor(labels), tf.convert_to_tensor(predictions)
        return super().call(self._right(labels, predictions), weights)


class Accuracy(_Matches):
    """Labels and predictions are class numbers."""

    def _right(self, labels, predictions):
        return tf.equal(labels, tf.cast(predictions, labels.dtype))


class CategoricalAccuracy(_Matches):
    """Labels are one-hot, predictions are probabilities."""

    def _right(self, labels, predictions):
        return tf.equal(tf.argmax(labels, -1), tf.argmax(predictions, -1))


class SparseAccuracy(_Matches):
    """Labels are class numbers, predictions are probabilities."""

    def _right(self, labels, predictions):
        return tf.equal(tf.cast(labels, tf.int64), tf.argmax(predictions, -1))


class BinaryAccuracy(_Matches):
    """Labels are 0 or 1, predictions are probabilities that are cut at a threshold."""

    def __init__(self, threshold, name=None, dtype=tf.float64):
        super().__init__(name, dtype)
        self.threshold = threshold

    def _right(self, labels, predictions):
        return tf.equal(tf.cast(labels, tf.bool), predictions > self.threshold)
