"""tf.contrib.opt's optimizers around others: weight decay, averages, clipping, stale gradients."""

from graphmode import tf


class DecoupledWeightDecayExtension:
    """Weight decay beside the gradient (Loshchilov and Hutter 2017), for an optimizer class."""

    def __init__(self, weight_decay, **kwargs):
        self._weight_decay, self._decayed = weight_decay, None
        super().__init__(**kwargs)

    def minimize(
        self,
        loss,
        global_step=None,
        var_list=None,
        gate_gradients=tf.train.Optimizer.GATE_OP,
        aggregation_method=None,
        colocate_gradients_with_ops=False,
        name=None,
        grad_loss=None,
        decay_var_list=None,
    ):
        """As an optimizer's; `decay_var_list`: the variables that decay, None: all."""
        pairs = self.compute_gradients(
            loss,
            var_list,
            gate_gradients,
            aggregation_method,
            colocate_gradients_with_ops,
            grad_loss,
        )
        return self.apply_gradients(pairs, global_step, name, decay_var_list)

    def apply_gradients(self, grads_and_vars, global_step=None, name=None, decay_var_list=None):
        """As an optimizer's; `decay_var_list`: the variables that decay, None: all."""
        self._decayed = {var.name for var in decay_var_list} if decay_var_list else None
        pairs = list(grads_and_vars)
        # In TensorFlow 1.15 a gradient may see a variable before or after its decay: a race.
        with tf.control_dependencies([grad.op for grad, _ in pairs if grad is not None]):
            return super().apply_gradients(pairs, global_step, name)

    def _decay(self, var, indices=None):
        rate = self._weight_decay() if callable(self._weight_decay) else self._weight_decay
        if self._decayed is not None and var.name not in self._decayed:
            return []
        if indices is None:
            return [var.assign_sub(rate * var, self._use_locking)]
        return [var.scatter_sub(tf.IndexedSlices(rate * tf.gather(var, indices), indices))]

    def _apply_dense(self, grad, var):
        with tf.control_dependencies(self._decay(var)):
            return super()._apply_dense(grad, var)

    def _resource_apply_dense(self, grad, var):
        with tf.control_dependencies(self._decay(var)):
            return super()._resource_apply_dense(grad, var)

    def _apply_sparse(self, grad, var):
        with tf.control_dependencies(self._decay(var, grad.indices)):
            return super()._apply_sparse(grad, var)

    def _resource_apply_sparse(self, grad, var, indices):
        with tf.control_dependencies(self._decay(var, indices)):
            return super()._resource_apply_sparse(grad, var, indices)


def extend_with_decoupled_weight_decay(base_optimizer):
    """An optimizer class with weight decay; its first argument is `weight_decay`."""

    class OptimizerWithDecoupledWeightDecay(DecoupledWeightDecayExtension, base_optimizer):
        """The optimizer with weight decay."""

        def __init__(self, weight_decay, *args, **kwargs):
            self._weight_decay, self._decayed = weight_decay, None
            base_optimizer.__init__(self, *args, **kwargs)

    return OptimizerWithDecoupledWeightDecay


class MomentumWOptimizer(DecoupledWeightDecayExtension, tf.train.MomentumOptimizer):
    """Momentum with weight decay."""

    def __init__(
        self,
        weight_decay,
        learning_rate,
        momentum,
        use_locking=False,
        name="MomentumW",
        use_nesterov=False,
    ):
        super().__init__(
            weight_decay,
            learning_rate=learning_rate,
            momentum=momentum,
            use_locking=use_locking,
            name=name,
            use_nesterov=use_nesterov,
        )


class AdamWOptimizer(DecoupledWeightDecayExtension, tf.train.AdamOptimizer):
    """Adam with weight decay."""

    def __init__(
        self,
        weight_decay,
        learning_rate=0.001,
        beta1=0.9,
        beta2=0.999,
        epsilon=1e-8,
        use_locking=False,
        name="AdamW",
    ):
        super().__init__(
            weight_decay,
            learning_rate=learning_rate,
            beta1=beta1,
            beta2=beta2,
            epsilon=epsilon,
            use_locking=use_locking,
            name=name,
        )


class _Around(tf.train.Optimizer):
    """An optimizer around another."""

    def __init__(self, opt, use_locking=False, name="Optimizer"):
        super().__init__(use_locking, name)
        self._opt = opt

    def compute_gradients(self, *args, **kwargs):
        return self._opt.compute_gradients(*args, **kwargs)

    def get_slot(self, *args, **kwargs):
        return self._opt.get_slot(*args, **kwargs)

    def get_slot_names(self, *args, **kwargs):
        return self._opt.get_slot_names(*args, **kwargs)

    def variables(self):
        return self._opt.variables()


class MovingAverageOptimizer(_Around):
    """Keeps moving averages of the variables; `swapping_saver` saves them under their names."""

    def __init__(self, opt, average_decay=0.9999, num_updates=None, sequential_update=True):
        super().__init__(opt, name="MovingAverage")
        self._average = tf.train.ExponentialMovingAverage(average_decay, num_updates)
        self._sequential, self._swapped = sequential_update, None

    def apply_gradients(self, grads_and_vars, global_step=None, name=None):
        pairs = list(grads_and_vars)
        train = self._opt.apply_gradients(pairs, global_step=global_step, name=name)
        trained = [var for grad, var in pairs if grad is not None]
        with tf.control_dependencies([train] if self._sequential else []):
            update = self._average.apply(trained)
        self._swapped = {}
        for var in trained:
            average = self._average.average(var)
            self._swapped[var.op.name] = average
            self._swapped[average.op.name] = var
        return tf.group(train, update, name="train_with_avg")

    def swapping_saver(self, var_list=None, name="swapping_saver", **kwargs):
        """A saver with the averages under the variables' names, and the other way round."""
        if self._swapped is None:
            raise RuntimeError(
                "Must call apply_gradients or minimize before creating the swapping_saver"
            )
        if not isinstance(var_list, dict):
            variables = tf.global_variables() if var_list is None else var_list
            var_list = {var.op.name: var for var in variables}
        saved = {var.op.name for var in var_list.values()}
        for name_of, var in var_list.items():
            other = self._swapped.get(var.op.name, var)
            if other.op.name not in saved:
                raise ValueError(
                    f"Variable to swap {other.op.name} is not part of variables to save. "
                    "This breaks MovingAverageOptimizer."
                )
            var_list = {**var_list, name_of: other}
        return tf.train.Saver(var_list, name=name, **kwargs)


class VariableClippingOptimizer(_Around):
    """Clips the norms of variables after each update, along given dimensions."""

    def __init__(
        self,
        opt,
        vars_to_clip_dims,
        max_norm,
        use_locking=False,
        colocate_clip_ops_with_vars=False,
        name="VariableClipping",
    ):
        super().__init__(opt, use_locking, name)
        self._dims = {var.name: list(dims) for var, dims in vars_to_clip_dims.items()}
        self._max_norm = max_norm

    def apply_gradients(self, grads_and_vars, global_step=None, name=None):
        pairs = list(grads_and_vars)
        with tf.name_scope(name, self._name):
            update = self._opt.apply_gradients(pairs, global_step=global_step)
            with tf.control_dependencies([update]):
                clips = [
                    self._clip(grad, var)
                    for grad, var in pairs
                    if grad is not None and var.name in self._dims
                ]
            return tf.group(update, *clips)

    def _clip(self, grad, var):
        dims = self._dims[var.name]
        if isinstance(grad, tf.IndexedSlices) and 0 not in dims:
            rows = tf.gather(var, grad.indices)
            clipped = tf.clip_by_norm(rows, self._max_norm, dims)
            return var.scatter_sub(tf.IndexedSlices(rows - clipped, grad.indices))
        value = var.read_value()
        return var.assign_sub(value - tf.clip_by_norm(value, self._max_norm, dims))


class DropStaleGradientOptimizer(_Around):
    """Drops gradients that are more than `staleness` steps old, for asynchronous training."""

    def __init__(self, opt, staleness, use_locking=False, name="DropStaleGradient"):
        super().__init__(opt, use_locking, name)
        self._staleness = staleness

    def compute_gradients(self, loss, *args, **kwargs):
        self._step = tf.train.get_global_step() + 0
        with tf.control_dependencies([self._step]):
            return self._opt.compute_gradients(tf.identity(loss), *args, **kwargs)

    def apply_gradients(self, grads_and_vars, global_step=None, name=None):
        pairs = list(grads_and_vars)
        dropped = tf.get_variable(
            "stale_counter", [], initializer=tf.zeros_initializer(), trainable=False
        )
        gradients = [grad.op for grad, _ in pairs if grad is not None]
        with tf.control_dependencies(gradients):
            age = tf.reshape(global_step - self._step, [])

        def accept():
            update = self._opt.apply_gradients(pairs, global_step=global_step, name=name)
            with tf.control_dependencies([update]):
                return tf.identity(0.0)

        count = tf.cond(age <= self._staleness, accept, lambda: tf.identity(1.0))
        update = dropped.assign_add(count)
        tf.summary.scalar(
            "Gradient staleness percentage", update / (tf.cast(global_step, tf.float32) + 1)
        )
        return update
