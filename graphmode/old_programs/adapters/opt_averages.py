"""tf.contrib.opt's optimizers for several workers: each trains its own copy of the variables.

A custom getter makes a worker's copies (trainable, local) and the shared variables
(`global_center_variable/NAME`); the optimizer brings both together every few steps.
"""

from typing import Any, Tuple

from graphmode import tf

_LOCAL = [tf.GraphKeys.LOCAL_VARIABLES]
_GLOBAL = [tf.GraphKeys.GLOBAL_VARIABLES]


class _Getter:
    """A custom getter of variables: local ones, and others beside them."""

    _beside: Tuple[
        Any, ...
    ] = ()  # (attribute, name of the scope, collections, on the worker's device)

    def __init__(self, worker_device):
        self._worker_device = worker_device
        for attribute, *_ in self._beside:
            setattr(self, attribute, {})

    def __call__(self, getter, name, trainable, collections, *args, **kwargs):
        if not trainable:
            device = self._worker_device if _LOCAL[0] in (collections or ()) else None
            with tf.device(device):
                return getter(name, *args, trainable=False, collections=collections, **kwargs)
        with tf.device(self._worker_device):
            local = getter(name, *args, trainable=True, collections=_LOCAL, **kwargs)
        if kwargs.get("reuse") is True:
            return local
        for attribute, scope, where, on_worker in self._beside:
            with tf.device(self._worker_device if on_worker else None):
                other = getter(
                    f"{scope}/{name}", *args, trainable=False, collections=where, **kwargs
                )
            getattr(self, attribute)[local] = other
        return local


class _Hook(tf.train.SessionRunHook):
    """Sets the workers' copies when a session begins."""

    def __init__(self, make_init_op):
        self._make = make_init_op

    def begin(self):
        self._init = self._make()

    def after_create_session(self, session, coord):
        session.run(self._init)


class _Averaging(tf.train.Optimizer):
    """An optimizer around another, with a count of a worker's steps."""

    def __init__(self, opt, num_worker, period, use_locking, name):
        super().__init__(use_locking, name)
        self._opt, self._num_worker, self._period = opt, num_worker, period
        self._local_step = tf.get_variable(
            "local_step", initializer=0, trainable=False, collections=_LOCAL
        )
        self._opt._prepare()

    def compute_gradients(self, *args, **kwargs):
        return self._opt.compute_gradients(*args, **kwargs)

    def _every_period(self, updates, meet):
        """Counts a step after the updates, and runs `meet` when a period is over."""
        with tf.control_dependencies(updates):
            count = self._local_step.assign_add(1)
        with tf.control_dependencies([count]):
            over = tf.equal(tf.mod(self._local_step, self._period), 0)
            return tf.cond(over, lambda: tf.group(meet()), tf.no_op)

    def _apply_locally(self, pairs):
        """The inner optimizer's step; its own variables are local."""
        known = {var.op.name for var in tf.global_variables()}
        step = self._opt.apply_gradients(pairs)
        variables = tf.get_collection_ref(_GLOBAL[0])
        for var in [var for var in variables if var.op.name not in known]:
            variables.remove(var)
            tf.add_to_collection(_LOCAL[0], var)
        return step


def _trained(grads_and_vars):
    pairs = [(grad, var) for grad, var in grads_and_vars if grad is not None]
    if not pairs:
        raise ValueError("Must supply at least one variable")
    return pairs


def _counted(global_step):
    return [] if global_step is None else [global_step.assign_add(1)]


class ModelAverageCustomGetter(_Getter):
    """The getter for `ModelAverageOptimizer`."""

    _beside = (("_local_2_global", "global_center_variable", _GLOBAL, False),)


class ModelAverageOptimizer(_Averaging):
    """The shared variables become the mean of the workers' (McMahan et al. 2016)."""

    def __init__(
        self,
        opt,
        num_worker,
        is_chief,
        ma_custom_getter,
        interval_steps=100,
        use_locking=True,
        name="ModelAverageOptimizer",
    ):
        super().__init__(opt, num_worker, interval_steps, use_locking, name)
        self._is_chief, self._map = is_chief, ma_custom_getter._local_2_global

    def apply_gradients(self, grads_and_vars, global_step=None, name=None):
        if global_step is None:
            raise ValueError("Global step is required")
        pairs = _trained(grads_and_vars)
        local = [var for _, var in pairs]

        def meet():
            queue = tf.FIFOQueue(-1, [tf.bool], [[]], shared_name="sync_queue")
            sent, means = [], []
            for var in local:
                mean = tf.ConditionalAccumulator(
                    var.dtype.base_dtype, var.shape, f"{self._map[var].name}/var_accum"
                )
                sent.append(mean.apply_grad(var.read_value(), local_step=global_step))
                means.append(mean)
            with tf.control_dependencies(sent):
                if self._is_chief:
                    updates = [
                        self._map[var].assign(mean.take_grad(self._num_worker))
                        for var, mean in zip(local, means)
                    ]
                    with tf.control_dependencies([*updates, *_counted(global_step)]):
                        met = queue.enqueue_many(tf.fill([self._num_worker - 1], False))
                else:
                    met = queue.dequeue()
            with tf.control_dependencies([met]):
                return self._fetched(local)

        return self._every_period([self._opt.apply_gradients(pairs)], meet)

    def _fetched(self, local):
        return tf.group(*[var.assign(self._map[var].read_value()) for var in local])

    def get_init_op(self):
        """The op that gives a worker the shared variables."""
        return self._fetched(tf.trainable_variables())

    def make_session_run_hook(self):
        """The hook that runs it."""
        return _Hook(self.get_init_op)


class ElasticAverageCustomGetter(_Getter):
    """The getter for `ElasticAverageOptimizer`."""

    _beside = (
        ("_global_map", "global_center_variable", _GLOBAL, False),
        ("_local_map", "local_center_variable", _LOCAL, True),
    )


class ElasticAverageOptimizer(_Averaging):
    """A spring between the workers' variables and the shared ones (Zhang et al. 2015)."""

    BETA = 0.9

    def __init__(
        self,
        opt,
        num_worker,
        ea_custom_getter,
        communication_period=10,
        moving_rate=None,
        rho=None,
        use_locking=True,
        synchronous=False,
        name="ElasticAverageOptimizer",
    ):
        super().__init__(opt, num_worker, communication_period, use_locking, name)
        self._centers, self._seen = ea_custom_getter._global_map, ea_custom_getter._local_map
        self._synchronous = synchronous
        self._rate = moving_rate or self.BETA / communication_period / num_worker
        self._rho = self._rate / opt._learning_rate if rho is None else rho

    def compute_gradients(self, loss, var_list=None, *args, **kwargs):
        var_list = var_list or tf.trainable_variables()
        distance = tf.add_n([tf.nn.l2_loss(var - self._seen[var]) for var in var_list])
        return self._opt.compute_gradients(loss + self._rho * distance, var_list, *args, **kwargs)

    def apply_gradients(self, grads_and_vars, global_step=None, name=None):
        pairs = _trained(grads_and_vars)
        local = [var for _, var in pairs]

        def meet():
            with tf.control_dependencies(
                [self._seen[var].assign(self._centers[var]) for var in local]
            ):
                moves = [self._rate * (var - self._seen[var]) for var in local]
            with tf.control_dependencies(moves):
                updates = _counted(global_step)
                for var, move in zip(local, moves):
                    updates += [var.assign_sub(move), self._centers[var].assign_add(move)]
            return tf.group(*updates)

        return self._every_period([self._apply_locally(pairs)], meet)

    def get_init_op(self, task_index):
        """The op that gives a worker the shared variables; it waits for the others if asked."""
        updates = [
            copy.assign(self._centers[var])
            for var in tf.trainable_variables()
            for copy in (var, self._seen[var])
        ]
        if not updates:
            raise ValueError("There are no variables that the getter has made")
        if not self._synchronous:
            return tf.group(*updates)
        queues = [
            tf.FIFOQueue(
                self._num_worker, [tf.bool], [[]], shared_name=f"variable_init_sync_queue{task}"
            )
            for task in range(self._num_worker)
        ]
        with tf.control_dependencies(updates):
            told = [queue.enqueue(False) for n, queue in enumerate(queues) if n != task_index]
        return tf.group(*told, queues[task_index].dequeue_many(len(queues) - 1))

    def make_session_run_hook(self, is_chief, task_index):
        """The hook that runs it."""
        return _Hook(lambda: self.get_init_op(task_index))

    def swapping_saver(self, var_list=None, name="swapping_saver", **kwargs):
        """A saver with the shared variables under the workers' names."""
        if not self._centers:
            raise RuntimeError("There are no variables that the getter has made")
        if not isinstance(var_list, dict):
            variables = tf.trainable_variables() if var_list is None else var_list
            var_list = {var.op.name: var for var in variables}
        shared = {key: self._centers.get(var, var) for key, var in var_list.items()}
        return tf.train.Saver(shared, name=name, **kwargs)


class AGNCustomGetter(_Getter):
    """The getter for `AGNOptimizer`."""

    _beside = (
        ("_global_map", "global_center_variable", _GLOBAL, False),
        ("_grad_map", "grad_variable", _LOCAL, True),
    )


class AGNOptimizer(_Averaging):
    """The shared variables get the mean of a worker's gradients (Hermans and Spanakis 2017)."""

    def __init__(
        self,
        optimizer,
        num_worker,
        custom_getter,
        communication_period=10,
        use_locking=True,
        name="AGNOptimizer",
    ):
        super().__init__(optimizer, num_worker, communication_period, use_locking, name)
        self._centers, self._sums = custom_getter._global_map, custom_getter._grad_map

    def apply_gradients(self, grads_and_vars, global_step=None, name=None):
        pairs = _trained(grads_and_vars)
        local = [var for _, var in pairs]
        updates = [self._apply_locally(pairs)]
        updates += [self._sums[var].assign_add(grad) for grad, var in pairs]

        def meet():
            means = [self._sums[var].assign(self._sums[var] / self._period) for var in local]
            with tf.control_dependencies(means):
                shared = self._opt.apply_gradients(
                    [(self._sums[var], self._centers[var]) for var in local]
                )
            with tf.control_dependencies([shared]):
                fetched = [var.assign(self._centers[var].read_value()) for var in local]
                zeros = [self._sums[v].assign(tf.zeros_like(self._sums[v])) for v in local]
                return tf.group(*_counted(global_step), *fetched, *zeros)

        return self._every_period(updates, meet)

    def get_init_op(self, task_index):
        """The op that gives a worker the shared variables."""
        variables = tf.trainable_variables()
        if not variables:
            raise ValueError("There are no variables that the getter has made")
        updates = [var.assign(self._centers[var]) for var in variables]
        zeros = [self._sums[var].assign(tf.zeros_like(self._sums[var])) for var in variables]
        return tf.group(*updates, *zeros)

    def make_session_run_hook(self, is_chief, task_index):
        """The hook that runs it."""
        return _Hook(lambda: self.get_init_op(task_index))


class GGTOptimizer(tf.train.Optimizer):
    """Full-matrix adaptive steps from a window of gradients (Agarwal et al. 2018)."""

    def __init__(
        self,
        learning_rate=0.001,
        beta1=0.9,
        use_locking=False,
        name="GGT",
        window=10,
        eps=1e-4,
        svd_eps=1e-6,
        sigma_eps=1e-2,
    ):
        super().__init__(use_locking, name)
        self._lr, self._beta, self._window = learning_rate, beta1, window
        self._eps, self._svd_eps, self._sigma_eps = eps, svd_eps, sigma_eps

    def apply_gradients(self, grads_and_vars, global_step=None, name=None):
        pairs = sorted(_trained(grads_and_vars), key=lambda pair: pair[1].name)
        if any(isinstance(grad, tf.IndexedSlices) for grad, _ in pairs):
            raise NotImplementedError("Sparse gradient updates are not supported.")
        flat = tf.concat([tf.reshape(grad, [-1]) for grad, _ in pairs], 0)
        sizes = [var.shape.num_elements() for _, var in pairs]
        with tf.variable_scope(name, self._name):
            steps, moment, buffer = (
                tf.get_variable(
                    f"{name}", shape, flat.dtype, tf.zeros_initializer(), trainable=False
                )
                for name, shape in (
                    ("global_step", []),
                    ("moment1", [sum(sizes)]),
                    ("grad_buffer", [self._window, sum(sizes)]),
                )
            )
            count = steps.assign_add(1.0)
            mean = moment.assign(self._beta * moment + (1.0 - self._beta) * flat)
            place = tf.floormod(tf.cast(count - 1.0, tf.int32), self._window)
            rows = tf.scatter_update(buffer, place, mean)
            kept = tf.minimum(count, tf.cast(self._window, flat.dtype))
            step = tf.split(self._direction(mean[:, tf.newaxis], rows, kept), sizes)
            updates = [
                var.assign_sub(self._lr * tf.reshape(part, var.shape))
                for part, (_, var) in zip(step, pairs)
            ]
            return tf.group(*updates, *_counted(global_step))

    def _direction(self, mean, rows, kept):
        """The mean gradient through the inverse square root of the window's second moments."""
        m = tf.transpose(rows / tf.sqrt(kept))
        damping = tf.eye(self._window, dtype=m.dtype) * self._svd_eps
        sigma, u, _ = tf.svd(tf.matmul(m, m, transpose_a=True) + damping)
        root = tf.sqrt(sigma)
        smallest = tf.reduce_min(root)
        inside = tf.matmul(u, tf.matmul(m, mean, transpose_a=True), transpose_a=True)

        def along(factors):
            return tf.matmul(m, tf.matmul(u, factors[:, tf.newaxis] * inside))

        head = along(1.0 / tf.pow(root + self._sigma_eps, 3))
        tail = (mean - along(1.0 / sigma)) / smallest
        return tf.where(smallest > self._eps, head + tail, head)
