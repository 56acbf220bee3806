"""tf.contrib.opt.ScipyOptimizerInterface: minimizes a loss with scipy.optimize."""

import numpy as np

from graphmode import tf


class ExternalOptimizerInterface:
    """An optimizer outside TensorFlow gets the variables as one vector: see `_minimize`."""

    def __init__(
        self,
        loss,
        var_list=None,
        equalities=None,
        inequalities=None,
        var_to_bounds=None,
        **optimizer_kwargs,
    ):
        self._loss, self.optimizer_kwargs = loss, optimizer_kwargs
        self._vars = tf.trainable_variables() if var_list is None else list(var_list)
        self._equalities, self._inequalities = equalities or [], inequalities or []
        shapes = [var.shape.as_list() for var in self._vars]
        self._packed_bounds = None
        if var_to_bounds is not None:
            known = {var.name: bounds for var, bounds in var_to_bounds.items()}
            free = -np.inf, np.inf
            sides = (
                np.concatenate(
                    [
                        np.broadcast_to(known.get(var.name, free)[side], shape).ravel()
                        for var, shape in zip(self._vars, shapes)
                    ]
                )
                for side in (0, 1)
            )
            self._packed_bounds = list(zip(*sides))
        self._shapes = shapes
        self._cuts = np.cumsum([int(np.prod(shape)) for shape in shapes])[:-1]
        self._values = [tf.placeholder(var.dtype.base_dtype, var.shape) for var in self._vars]
        self._updates = [var.assign(value) for var, value in zip(self._vars, self._values)]
        self._packed = self._pack(self._vars)
        self._gradient = self._pack_gradient(loss)
        self._equality_gradients = [self._pack_gradient(one) for one in self._equalities]
        self._inequality_gradients = [self._pack_gradient(one) for one in self._inequalities]

    @staticmethod
    def _pack(tensors):
        return tf.concat([tf.reshape(tensor, [-1]) for tensor in tensors], 0)

    def _pack_gradient(self, tensor):
        gradients = tf.gradients(tensor, self._vars)
        return self._pack(
            [
                tf.zeros_like(var) if gradient is None else gradient
                for var, gradient in zip(self._vars, gradients)
            ]
        )

    def minimize(
        self,
        session=None,
        feed_dict=None,
        fetches=None,
        step_callback=None,
        loss_callback=None,
        **run_kwargs,
    ):
        """Minimizes the loss, and sets the variables.

        Args:
            fetches: tensors for `loss_callback`, which is called at each evaluation of the loss.
            step_callback: called with the vector of the variables after each step.
        """
        session = session or tf.get_default_session()
        feed, fetches = dict(feed_dict or {}), list(fetches or [])

        def function(tensors, callback=None):
            tensors = tensors if isinstance(tensors, list) else [tensors]

            def call(vector):
                values = {**dict(zip(self._vars, self._unpack(vector))), **feed}
                results = session.run(tensors + fetches, values)
                if callback:
                    callback(*results[len(tensors) :])
                return results[: len(tensors)]

            return call

        vector = self._minimize(
            initial_val=session.run(self._packed, feed),
            loss_grad_func=function([self._loss, self._gradient], loss_callback),
            equality_funcs=[function(one) for one in self._equalities],
            equality_grad_funcs=[function(one) for one in self._equality_gradients],
            inequality_funcs=[function(one) for one in self._inequalities],
            inequality_grad_funcs=[function(one) for one in self._inequality_gradients],
            packed_bounds=self._packed_bounds,
            step_callback=step_callback or (lambda _: None),
            optimizer_kwargs=self.optimizer_kwargs,
        )
        session.run(self._updates, dict(zip(self._values, self._unpack(vector))), **run_kwargs)

    def _unpack(self, vector):
        parts = np.split(vector, self._cuts)
        return [part.reshape(shape) for part, shape in zip(parts, self._shapes)]

    def _minimize(
        self,
        initial_val,
        loss_grad_func,
        equality_funcs,
        equality_grad_funcs,
        inequality_funcs,
        inequality_grad_funcs,
        packed_bounds,
        step_callback,
        optimizer_kwargs,
    ):
        raise NotImplementedError(
            "To use ExternalOptimizerInterface, subclass from it and implement the _minimize() "
            "method."
        )


class ScipyOptimizerInterface(ExternalOptimizerInterface):
    """Minimizes with scipy.optimize.minimize; L-BFGS-B if no `method` is given."""

    _DEFAULT_METHOD = "L-BFGS-B"

    def _minimize(
        self,
        initial_val,
        loss_grad_func,
        equality_funcs,
        equality_grad_funcs,
        inequality_funcs,
        inequality_grad_funcs,
        packed_bounds,
        step_callback,
        optimizer_kwargs,
    ):
        try:
            from scipy.optimize import minimize
        except ImportError as error:
            raise ImportError("ScipyOptimizerInterface needs scipy: pip install scipy") from error
        taken = {"jac", "callback", "constraints", "bounds"} & set(optimizer_kwargs)
        if taken:
            raise ValueError(
                f"Optimizer keyword arg {sorted(taken)[0]!r} is set automatically and cannot be "
                "injected manually"
            )
        settings = {"method": self._DEFAULT_METHOD, **optimizer_kwargs}

        def loss_and_gradient(vector):
            loss, gradient = loss_grad_func(vector)
            return np.float64(loss), gradient.astype(np.float64)

        constraints = [
            {
                "type": kind,
                "fun": lambda vector, f=function: np.float64(f(vector)[0]),
                "jac": lambda vector, g=gradient: g(vector)[0].astype(np.float64),
            }
            for kind, functions, gradients in (
                ("eq", equality_funcs, equality_grad_funcs),
                ("ineq", inequality_funcs, inequality_grad_funcs),
            )
            for function, gradient in zip(functions, gradients)
        ]
        result = minimize(
            loss_and_gradient,
            initial_val.astype(np.float64),
            jac=True,
            callback=step_callback,
            constraints=constraints,
            bounds=packed_bounds,
            **settings,
        )
        tf.logging.info(
            "Optimization terminated with:\n  Message: %s\n  Objective function value: %f\n"
            "  Number of iterations: %d\n  Number of functions evaluations: %d",
            result.message,
            result.fun,
            getattr(result, "nit", 0),
            getattr(result, "nfev", 0),
        )
        return result["x"]
