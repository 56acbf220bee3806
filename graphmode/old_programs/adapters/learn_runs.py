"""Experiments of `tf.contrib.learn`, `learn_runner`, exports, and the monitor that evaluates."""

from graphmode import tf
from graphmode.old_programs.adapters import learn


def _train(estimator, input_fn, steps, hooks):
    if hasattr(estimator, "fit"):
        return estimator.fit(input_fn=input_fn, max_steps=steps, monitors=hooks)
    return estimator.train(input_fn, max_steps=steps, hooks=hooks)


class Experiment:
    """An estimator with its data: training and evaluation on one machine."""

    def __init__(
        self,
        estimator,
        train_input_fn,
        eval_input_fn,
        eval_metrics=None,
        train_steps=None,
        eval_steps=100,
        train_monitors=None,
        eval_hooks=None,
        local_eval_frequency=None,
        eval_delay_secs=120,
        continuous_eval_throttle_secs=60,
        min_eval_frequency=None,
        delay_workers_by_global_step=False,
        export_strategies=None,
        train_steps_per_iteration=None,
        checkpoint_and_export=False,
        saving_listeners=None,
        check_interval_secs=5,
    ):
        self.estimator, self.eval_metrics = estimator, eval_metrics
        self.train_steps, self.eval_steps = train_steps, eval_steps
        self._inputs = train_input_fn, eval_input_fn
        self._train_hooks, self._eval_hooks = list(train_monitors or ()), eval_hooks
        exports = export_strategies or []
        self._exports = [exports] if isinstance(exports, learn.ExportStrategy) else exports
        self._steps = train_steps_per_iteration or min_eval_frequency or local_eval_frequency

    def extend_train_hooks(self, additional_hooks):
        """Adds hooks for training."""
        self._train_hooks.extend(additional_hooks)

    def train(self, delay_secs=None):
        """Trains for all steps."""
        return _train(self.estimator, self._inputs[0], self.train_steps, self._train_hooks)

    def evaluate(self, delay_secs=None, name=None):
        """The loss and the metrics, as a dict."""
        own = {"metrics": self.eval_metrics} if hasattr(self.estimator, "fit") else {}
        return self.estimator.evaluate(
            input_fn=self._inputs[1],
            steps=self.eval_steps,
            hooks=self._eval_hooks,
            name=name,
            **own,
        )

    def _export(self, result):
        folder = self.estimator.model_dir
        return [
            strategy.export_fn(self.estimator, f"{folder}/export/{strategy.name}", None)
            for strategy in self._exports
        ]

    def train_and_evaluate(self):
        """Trains, evaluates and exports: (metrics, exported folders)."""
        self.train()
        result = self.evaluate()
        return result, self._export(result)

    local_run = train_and_evaluate

    def continuous_train_and_eval(self, continuous_eval_predicate_fn=None):
        """Evaluates every `train_steps_per_iteration` steps of the training."""
        done, result = 0, None
        every = self._steps or self.train_steps
        while done < self.train_steps:
            done = min(done + every, self.train_steps)
            _train(self.estimator, self._inputs[0], done, self._train_hooks)
            result = self.evaluate()
            if continuous_eval_predicate_fn and not continuous_eval_predicate_fn(result):
                break
        return result, self._export(result)

    def test(self):
        """One step of training and of evaluation."""
        _train(self.estimator, self._inputs[0], 1, self._train_hooks)
        self.eval_steps = 1
        return self.evaluate()


def run(experiment_fn, output_dir=None, schedule=None, run_config=None, hparams=None):
    """Makes an experiment, and runs its schedule: train_and_evaluate by default."""
    if run_config is not None:
        made = experiment_fn(run_config=run_config, hparams=hparams)
    elif output_dir is not None:
        made = experiment_fn(output_dir)
    else:
        raise ValueError("Must set value for `output_dir` or `run_config`")
    return getattr(made, schedule or "train_and_evaluate")()


class ValidationMonitor(tf.train.SessionRunHook):
    """Evaluates the newest checkpoint every some steps, and can end the training."""

    def __init__(
        self,
        x=None,
        y=None,
        input_fn=None,
        batch_size=None,
        eval_steps=None,
        every_n_steps=100,
        metrics=None,
        hooks=None,
        early_stopping_rounds=None,
        early_stopping_metric="loss",
        early_stopping_metric_minimize=True,
        name=None,
        check_interval_secs=5,
    ):
        self._data = {"x": x, "y": y, "input_fn": input_fn, "batch_size": batch_size}
        self._options = {"steps": eval_steps, "metrics": metrics, "hooks": hooks, "name": name}
        self._every, self._rounds, self._metric = every_n_steps, early_stopping_rounds, None
        self._metric, self._sign = (
            early_stopping_metric,
            1 if early_stopping_metric_minimize else -1,
        )
        self._checkpoint, self._last, self.early_stopped = None, 0, False
        self.best_step, self.best_value, self.best_metrics = None, None, None

    def set_estimator(self, estimator):
        """Called by `fit`."""
        self._estimator = estimator

    def begin(self):
        """Finds the global step."""
        self._step = tf.train.get_global_step()

    def before_run(self, run_context):
        """Asks for the step."""
        return tf.train.SessionRunArgs(self._step)

    def after_run(self, run_context, run_values):
        """Evaluates, if there is a new checkpoint and enough steps have passed."""
        step = int(run_values.results)
        newest = tf.train.latest_checkpoint(self._estimator.model_dir)
        if step - self._last < self._every or newest in (None, self._checkpoint):
            return
        self._last, self._checkpoint = step, newest
        with tf.Graph().as_default():
            result = self._estimator.evaluate(**self._data, **self._options)
        tf.logging.info("Validation (step %d): %s", step, result)
        value = result.get(self._metric)
        if value is not None and (
            self.best_value is None or self._sign * (value - self.best_value) < 0
        ):
            self.best_step, self.best_value, self.best_metrics = step, value, result
        elif self._rounds is not None and step - self.best_step >= self._rounds:
            tf.logging.info("Stopping. Best step: %d with %s", self.best_step, self.best_metrics)
            self.early_stopped = True
            run_context.request_stop()


class NotFittedError(ValueError, AttributeError):
    """An estimator is asked before it is fitted."""


def no_op_train_fn(loss):
    """In place of a training op: nothing is trained."""
    return tf.no_op()


def run_n(output_dict, feed_dict=None, restore_checkpoint_path=None, n=1):
    """Runs tensors n times in a session of their own: a list of dicts."""
    with tf.Session(graph=next(iter(output_dict.values())).graph) as session:
        with session.graph.as_default():
            session.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
            session.run(tf.tables_initializer())
            if restore_checkpoint_path:
                tf.train.Saver().restore(session, restore_checkpoint_path)
            coordinator = tf.train.Coordinator()
            threads = tf.train.start_queue_runners(session, coordinator)
            results = [session.run(output_dict, feed_dict) for _ in range(n)]
            coordinator.request_stop()
            coordinator.join(threads, ignore_live_threads=True)
    return results


def build_parsing_serving_input_fn(feature_spec, default_batch_size=None):
    """An input function for serving, which parses tf.train.Example."""

    def input_fn():
        examples = tf.placeholder(tf.string, [default_batch_size], "input_example_tensor")
        features = tf.parse_example(examples, feature_spec)
        return learn.InputFnOps(features, None, {"examples": examples})

    return input_fn


def make_export_strategy(
    serving_input_fn,
    default_output_alternative_key=None,
    assets_extra=None,
    as_text=False,
    exports_to_keep=5,
    strip_default_attrs=None,
):
    """For an Experiment: exports a SavedModel, and keeps the newest ones."""

    def export(estimator, export_dir_base, checkpoint_path=None, strip_default_attrs=None):
        options = assets_extra, as_text, checkpoint_path
        if hasattr(estimator, "fit"):
            options = (default_output_alternative_key, *options)
        made = estimator.export_savedmodel(export_dir_base, serving_input_fn, *options)
        names = sorted(filter(str.isdigit, tf.gfile.ListDirectory(export_dir_base)), key=int)
        for name in names[:-exports_to_keep] if exports_to_keep else ():
            tf.gfile.DeleteRecursively(f"{export_dir_base}/{name}")
        return made

    return learn.ExportStrategy("Servo", export, strip_default_attrs)
