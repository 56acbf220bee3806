"""tf.contrib.opt: optimizers that TensorFlow has the operations for, but no classes any more.

A sparse gradient updates the rows that it has, as in TensorFlow 1.15.
"""

import math
import types

from tensorflow.python.ops import gen_training_ops

from graphmode import tf


def _resource(var):
    return hasattr(var, "handle")


def _handle(var):
    return var.handle if _resource(var) else var


def _apply(name, variables, values, **attributes):
    """Runs the operation `apply_NAME` for a variable and its slots."""
    function = getattr(
        gen_training_ops, f"resource_apply_{name}" if _resource(variables[0]) else f"apply_{name}"
    )
    dtype = variables[0].dtype.base_dtype
    made = function(
        *map(_handle, variables),
        *(
            value if value.dtype == dtype else tf.cast(value, dtype)
            for value in map(tf.convert_to_tensor, values)
        ),
        **attributes,
    )
    return getattr(made, "op", made)


class _Sparse:
    """Sparse gradients by one function: `_update_rows(gradient, variable, indices)`."""

    def _apply_sparse(self, grad, var):
        return self._update_rows(grad.values, var, grad.indices)

    def _resource_apply_sparse(self, grad, var, indices):
        return self._update_rows(grad, var, indices)

    def _resource_apply_dense(self, grad, var):
        return self._apply_dense(grad, var)


class _Adam(_Sparse, tf.train.AdamOptimizer):
    """Adam's hyperparameters as tensors of the variable's type."""

    def _numbers(self, dtype):
        powers = self._get_beta_accumulators()
        values = *powers, self._lr_t, self._beta1_t, self._beta2_t, self._epsilon_t
        return [tf.cast(value, dtype) for value in values]

    def _slots_of(self, var):
        return self.get_slot(var, "m"), self.get_slot(var, "v")


class NadamOptimizer(_Adam):
    """Adam with Nesterov's momentum (Dozat 2016)."""

    def _apply_dense(self, grad, var):
        m, v = self._slots_of(var)
        values = *self._numbers(var.dtype.base_dtype), grad
        return _apply("adam", (var, m, v), values, use_locking=self._use_locking, use_nesterov=True)

    def _update_rows(self, grad, var, indices):
        m, v = self._slots_of(var)
        power1, power2, rate, beta1, beta2, epsilon = self._numbers(var.dtype.base_dtype)
        rate *= tf.sqrt(1 - power2) / (1 - power1)
        with tf.control_dependencies([m.assign(m * beta1), v.assign(v * beta2)]):
            m_t = m.scatter_add(tf.IndexedSlices(grad * (1 - beta1), indices))
            v_t = v.scatter_add(tf.IndexedSlices(tf.square(grad) * (1 - beta2), indices))
        with tf.control_dependencies([m_t, v_t]):
            step = grad * (1 - beta1) + beta1 * tf.gather(m, indices)
            step *= rate / (tf.sqrt(tf.gather(v, indices)) + epsilon)
            return tf.group(var.scatter_sub(tf.IndexedSlices(step, indices)), m_t, v_t)


class LazyAdamOptimizer(_Adam):
    """Adam that leaves rows without a gradient, and their moments, alone."""

    def _apply_dense(self, grad, var):
        return tf.train.AdamOptimizer._apply_dense(self, grad, var)

    def _resource_apply_dense(self, grad, var):
        return tf.train.AdamOptimizer._resource_apply_dense(self, grad, var)

    def _update_rows(self, grad, var, indices):
        m, v = self._slots_of(var)
        power1, power2, rate, beta1, beta2, epsilon = self._numbers(var.dtype.base_dtype)
        rate *= tf.sqrt(1 - power2) / (1 - power1)
        m_rows = beta1 * tf.gather(m, indices) + (1 - beta1) * grad
        v_rows = beta2 * tf.gather(v, indices) + (1 - beta2) * tf.square(grad)
        step = rate * m_rows / (tf.sqrt(v_rows) + epsilon)
        return tf.group(
            var.scatter_sub(tf.IndexedSlices(step, indices)),
            m.scatter_update(tf.IndexedSlices(m_rows, indices)),
            v.scatter_update(tf.IndexedSlices(v_rows, indices)),
        )


class AdaMaxOptimizer(_Adam):
    """Adam with the infinity norm (Kingma and Ba 2014, section 7.1)."""

    def __init__(
        self,
        learning_rate=0.001,
        beta1=0.9,
        beta2=0.999,
        epsilon=1e-8,
        use_locking=False,
        name="AdaMax",
    ):
        super().__init__(learning_rate, beta1, beta2, epsilon, use_locking, name)

    def _create_slots(self, var_list):
        first = min(var_list, key=lambda var: var.name)
        self._create_non_slot_variable(self._beta1, "beta1_power", colocate_with=first)
        for var in var_list:
            for slot in "mv":
                self._zeros_slot(var, slot, self._name)

    def _get_beta_accumulators(self):
        return (self._get_non_slot_variable("beta1_power", graph=tf.get_default_graph()),)

    def _apply_dense(self, grad, var):
        values = *self._numbers(var.dtype.base_dtype), grad
        return _apply("ada_max", (var, *self._slots_of(var)), values, use_locking=self._use_locking)

    def _update_rows(self, grad, var, indices):
        m, v = self._slots_of(var)
        power, rate, beta1, beta2, epsilon = self._numbers(var.dtype.base_dtype)
        m_rows = tf.gather(m, indices) * beta1 + grad * (1 - beta1)
        v_rows = tf.maximum(tf.gather(v, indices) * beta2, tf.abs(grad))
        step = rate / (1 - power) * m_rows / (v_rows + epsilon)
        return tf.group(
            var.scatter_sub(tf.IndexedSlices(step, indices)),
            m.scatter_update(tf.IndexedSlices(m_rows, indices)),
            v.scatter_update(tf.IndexedSlices(v_rows, indices)),
        )

    def _finish(self, update_ops, name_scope):
        with tf.control_dependencies(update_ops):
            (power,) = self._get_beta_accumulators()
            update = power.assign(power * self._beta1_t, use_locking=self._use_locking)
        return tf.group(*update_ops, update, name=name_scope)


class _OfGlobalStep:
    """Adam's bias correction by the global step, not by variables of its own."""

    def __init__(
        self,
        global_step=0,
        learning_rate=0.001,
        beta1=0.9,
        beta2=0.999,
        epsilon=1e-8,
        use_locking=False,
        name="Adam",
    ):
        super().__init__(learning_rate, beta1, beta2, epsilon, use_locking, name)
        self._global_step = global_step

    def _create_slots(self, var_list):
        for var in var_list:
            for slot in "mv":
                self._zeros_slot(var, slot, self._name)

    def _prepare(self):
        super()._prepare()
        self._steps = tf.cast(tf.identity(self._global_step) + 1, tf.float32)

    def _get_beta_accumulators(self):
        return tf.pow(self._beta1_t, self._steps), tf.pow(self._beta2_t, self._steps)

    def _finish(self, update_ops, name_scope):
        return tf.group(*update_ops, name=name_scope)


class AdamGSOptimizer(_OfGlobalStep, tf.train.AdamOptimizer):
    """Adam by the global step."""


class LazyAdamGSOptimizer(_OfGlobalStep, LazyAdamOptimizer):
    """`LazyAdamOptimizer` by the global step."""


class _SignOptimizer(_Sparse, tf.train.Optimizer):
    """Steps that grow while the gradient keeps its sign (Bello et al. 2017)."""

    def __init__(self, learning_rate, factor, beta, sign_decay_fn, use_locking, name):
        super().__init__(use_locking, name)
        self._lr, self._factor, self._beta = learning_rate, factor, beta
        self._decay_fn, self._decay = sign_decay_fn, 1.0

    def apply_gradients(self, grads_and_vars, global_step=None, name=None):
        if self._decay_fn is not None:
            self._decay = tf.convert_to_tensor(self._decay_fn(global_step))
        return super().apply_gradients(grads_and_vars, global_step, name)

    def _create_slots(self, var_list):
        for var in var_list:
            self._zeros_slot(var, "m", self._name)

    def _apply_dense(self, grad, var):
        values = self._lr, self._factor, self._decay, self._beta, grad
        return _apply(
            self._kind, (var, self.get_slot(var, "m")), values, use_locking=self._use_locking
        )

    def _update_rows(self, grad, var, indices):
        m = self.get_slot(var, "m")
        slices = tf.IndexedSlices(grad, indices, tf.shape(var))
        m_t = m.assign(m * self._beta + tf.convert_to_tensor(slices) * (1 - self._beta))
        agreed = tf.gather(tf.sign(m_t), indices) * tf.sign(grad) * tf.cast(self._decay, grad.dtype)
        step = self._lr * self._multiplier(agreed) * grad
        return tf.group(var.scatter_sub(tf.IndexedSlices(step, indices)), m_t)


class AddSignOptimizer(_SignOptimizer):
    """The step is gradient * (alpha + decay * agreement of the signs)."""

    _kind = "add_sign"

    def __init__(
        self,
        learning_rate=0.1,
        alpha=1.0,
        beta=0.9,
        sign_decay_fn=None,
        use_locking=False,
        name="AddSignOptimizer",
    ):
        super().__init__(learning_rate, alpha, beta, sign_decay_fn, use_locking, name)

    def _multiplier(self, agreed):
        return self._factor + agreed


class PowerSignOptimizer(_SignOptimizer):
    """The step is gradient * base ** (decay * agreement of the signs)."""

    _kind = "power_sign"

    def __init__(
        self,
        learning_rate=0.1,
        base=math.e,
        beta=0.9,
        sign_decay_fn=None,
        use_locking=False,
        name="PowerSignOptimizer",
    ):
        super().__init__(learning_rate, math.log(base), beta, sign_decay_fn, use_locking, name)

    def _multiplier(self, agreed):
        return tf.exp(self._factor * agreed)


class LARSOptimizer(_Sparse, tf.train.Optimizer):
    """Momentum with a learning rate for each layer (You et al. 2017)."""

    def __init__(
        self,
        learning_rate,
        momentum=0.9,
        weight_decay=0.0001,
        eeta=0.001,
        epsilon=0.0,
        name="LARSOptimizer",
        skip_list=None,
        use_nesterov=False,
    ):
        if momentum < 0.0 or weight_decay < 0.0:
            raise ValueError(
                f"momentum and weight_decay must not be negative: {momentum}, {weight_decay}"
            )
        super().__init__(False, name)
        self._lr, self._momentum, self._decay = learning_rate, momentum, weight_decay
        self._eeta, self._epsilon = eeta, epsilon
        self._skip, self._nesterov = skip_list or (), use_nesterov

    def _create_slots(self, var_list):
        for var in var_list:
            self._zeros_slot(var, "momentum", self._name)

    def compute_lr(self, grad, var):
        """(learning rate of the variable, gradient with weight decay)."""
        if any(part in var.name for part in self._skip):
            return self._lr, grad
        w_norm, g_norm = tf.norm(var, ord=2), tf.norm(grad, ord=2)
        trust = self._eeta * w_norm / (g_norm + self._decay * w_norm + self._epsilon)
        trust = tf.where((w_norm > 0) & (g_norm > 0), trust, tf.ones_like(trust))
        return self._lr * trust, grad + self._decay * var

    def _apply_dense(self, grad, var):
        rate, grad = self.compute_lr(grad, var)
        values = tf.constant(1.0), grad * rate, self._momentum
        slot = self.get_slot(var, "momentum")
        return _apply("momentum", (var, slot), values, use_nesterov=self._nesterov)

    def _update_rows(self, grad, var, indices):
        kind = "resource_sparse" if _resource(var) else "sparse"
        made = getattr(gen_training_ops, f"{kind}_apply_momentum")(
            _handle(var),
            _handle(self.get_slot(var, "momentum")),
            tf.cast(self._lr, grad.dtype),
            grad,
            indices,
            tf.cast(self._momentum, grad.dtype),
            use_nesterov=self._nesterov,
        )
        return getattr(made, "op", made)


class RegAdagradOptimizer(tf.train.AdagradOptimizer):
    """Adagrad whose accumulators can rest: `with optimizer.avoid_updating_slots():`."""

    def __init__(
        self,
        learning_rate,
        initial_accumulator_value=0.1,
        use_locking=False,
        name="RegAdagrad",
    ):
        super().__init__(learning_rate, initial_accumulator_value, use_locking, name)
        self._updates = True

    def avoid_updating_slots(self):
        """Inside, the accumulators keep their values."""

        class Pause:
            def __enter__(inner):  # noqa: N805
                inner.before, self._updates = self._updates, False

            def __exit__(inner, *_):  # noqa: N805
                self._updates = inner.before

        return Pause()

    def _apply_dense(self, grad, var):
        slot = self.get_slot(var, "accumulator")
        values = self._learning_rate_tensor, grad
        return _apply(
            "adagrad",
            (var, slot),
            values,
            use_locking=self._use_locking,
            update_slots=self._updates,
        )

    _resource_apply_dense = _apply_dense


class MultitaskOptimizerWrapper:
    """An optimizer that leaves a variable and its slots alone where the gradient is zero."""

    def __init__(self, opt):
        if not isinstance(opt, tf.train.Optimizer):
            raise TypeError("Supplied optimizer must be an instance of tf.train.Optimizer")
        self._opt = opt
        for name in ("_apply_dense", "_apply_sparse"):
            for method in (name, f"_resource{name}"):
                wrapped = types.MethodType(_unless_zero(getattr(opt, method)), opt)
                setattr(opt, method, wrapped)

    def __getattr__(self, name):
        return getattr(self._opt, name)


def _is_zero(grad):
    values = grad.values if isinstance(grad, tf.IndexedSlices) else grad
    return tf.equal(tf.count_nonzero(values), 0)


def _unless_zero(apply):
    def call(optimizer, grad, *args, **kwargs):
        return tf.cond(_is_zero(grad), tf.no_op, lambda: tf.group(apply(grad, *args, **kwargs)))

    return call


def clip_gradients_by_global_norm(gradients_variables, clip_norm=20.0):
    """(clipped [(gradient, variable)], norm before) of all gradients together."""
    gradients, variables = zip(*gradients_variables)
    norm = tf.global_norm(gradients)
    gradients, _ = tf.clip_by_global_norm(gradients, clip_norm, use_norm=norm)
    return list(zip(gradients, variables)), norm
