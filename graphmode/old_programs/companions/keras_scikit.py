"""keras.wrappers.scikit_learn: a Keras model with scikit-learn's methods."""

import copy
import inspect

import numpy as np


class BaseWrapper:
    """Builds a model by `build_fn`, and passes arguments on to the functions that take them."""

    def __init__(self, build_fn=None, **sk_params):
        self.build_fn, self.sk_params = build_fn, sk_params

    def get_params(self, deep=True):
        """All arguments, as scikit-learn asks for them to copy an estimator."""
        return {**copy.deepcopy(self.sk_params), "build_fn": self.build_fn}

    def set_params(self, **params):
        """Replaces arguments."""
        self.build_fn = params.pop("build_fn", self.build_fn)
        self.sk_params.update(params)
        return self

    def _for(self, function, **named):
        known = inspect.signature(function).parameters
        return {**{name: v for name, v in self.sk_params.items() if name in known}, **named}

    def fit(self, x, y, **named):
        """Builds the model and trains it."""
        build = self.build_fn or self.__call__
        self.model = build(**self._for(build))
        return self.model.fit(x, y, **self._for(type(self.model).fit, **named))

    def _predict(self, x, **named):
        named.setdefault("verbose", 0)
        return self.model.predict(x, **self._for(type(self.model).predict, **named))


class KerasClassifier(BaseWrapper):
    """A classifier: labels of any kind, one output or one a class."""

    def fit(self, x, y, **named):
        """Trains. y: labels [samples], or one-hot [samples, classes]."""
        y = np.asarray(y)
        if y.ndim == 2 and y.shape[1] > 1:
            self.classes_ = np.arange(y.shape[1])
            return super().fit(x, y, **named)
        self.classes_, indices = np.unique(y.ravel(), return_inverse=True)
        build = self.build_fn or self.__call__
        self.model = build(**self._for(build))
        if "categorical_crossentropy" == getattr(self.model, "loss", None):
            indices = np.eye(len(self.classes_))[indices]
        return self.model.fit(x, indices, **self._for(type(self.model).fit, **named))

    def predict(self, x, **named):
        """The label of each sample."""
        return self.classes_[self.predict_proba(x, **named).argmax(1)]

    def predict_proba(self, x, **named):
        """The probability of each class: [samples, classes]."""
        scores = self._predict(x, **named)
        return np.hstack([1 - scores, scores]) if scores.shape[1] == 1 else scores

    def score(self, x, y, **named):
        """The accuracy."""
        y = np.asarray(y)
        labels = y.argmax(1) if y.ndim == 2 and y.shape[1] > 1 else y.ravel()
        return float(np.mean(self.predict(x, **named) == labels))


class KerasRegressor(BaseWrapper):
    """A regressor."""

    def predict(self, x, **named):
        """The output of each sample."""
        return np.squeeze(self._predict(x, **named), -1)

    def score(self, x, y, **named):
        """The negative loss of the model."""
        loss = self.model.evaluate(x, y, **self._for(type(self.model).evaluate, verbose=0))
        return -float(loss[0] if isinstance(loss, list) else loss)
