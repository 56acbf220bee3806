"""The one training loop: what to update (`Phase`), what to show (`Model`), and `fit`, which knows nothing else."""

import contextlib
import math
import re
import signal
import sys
import time
from typing import Any, Callable, Dict, NamedTuple, Optional, Sequence

import numpy as np

from graphmode import console, images, plans, repairs, report, runs, sessions, tf, variables


class Phase(NamedTuple):
    """A stretch of training.

    updates: ops that run in this order in each step. Each op is a run of its own on a batch of its own; an op
        listed n times runs n times; ops that are to share one batch are grouped into one.
    """
    name: str
    steps: int
    updates: Sequence[Any]


class Model(NamedTuple):
    """What a model tells the loop.

    scalars: name -> scalar, fetched in the same run as the update that computes it. It is the value before that update
        if the update's loss depends on all that it reads (see `variables.minimize`). One that needs weights which no
        update of a phase reads is left out in that phase.
    images: name -> [N, height, width(, 1 or 3)] in [0, 1], drawn every `display_freq` steps, always with the first batch.
    feed: number -> feed_dict of that batch, a pure function, so that a resumed run goes on where it was; None for queues.
        An op's runs are given the batches 0, 1, 2, ... in turn, through all phases, whatever other ops run between.
    alarms: functions of the rows of scalars.csv that this process has written so far (a list of dictionaries of numbers,
        step among them), which return a line about what goes wrong, or None. The line stands beside the progress while it
        holds, and once among the run's warnings.

    Schedules read tf.train.get_or_create_global_step(), which the loop advances by one after each step's last update; no
    optimizer of a model advances it.
    """
    phases: Sequence[Phase]
    scalars: Dict[str, Any]
    images: Dict[str, Any] = {}
    feed: Optional[Callable[[int], dict]] = None
    alarms: Sequence[Callable[[list], Optional[str]]] = ()
    notes: Sequence[str] = ()


def steps_for(config, examples):
    """Steps that --max_steps, or else --max_epochs over so many examples, ask for."""
    return config.max_steps or config.max_epochs * max(1, examples // config.batch_size)


def cosine(rate, steps):
    """A learning rate, scalar tensor, that falls from `rate` to 0 over `steps` along half a cosine."""
    return tf.train.cosine_decay(rate, tf.train.get_or_create_global_step(), steps)


def fit(model, config):
    """Trains a model and leaves a run's folder (see `runs`) with its report.

    Args:
        model: Model, built in the default graph.
        config: from `cli.parse`; read are output_dir, resume, program, precision, the *_freq, keep, preset, and checkpoint:
            weights to begin with.

    Raises:
        InputError: the folder cannot be written, a checkpoint does not fit, or the processor lacks the precision.
        FloatingPointError: a scalar or a weight is no longer finite; the message names it. The last checkpoint is good.
        runs.Stopped: after SIGINT (status 0) or SIGTERM (143): the step under way is finished, a checkpoint and the report
            are written. A second Ctrl-C interrupts at once.
    """
    planned = plans.plan_of(model)
    saver = tf.train.Saver(max_to_keep=config.keep, save_relative_paths=True)
    weights = tf.trainable_variables()
    finite = tf.stack([tf.reduce_all(tf.is_finite(v)) for v in weights])
    first = runs.last_step(config.output_dir) if config.resume else 0
    last = sum(phase.steps for phase in model.phases)
    if config.resume and not 0 < first < last:
        sys.stderr.write("already at step {} of {}: more with a larger --max_steps or --max_epochs\n".format(first, last)
                         if first else "no checkpoint in {} yet: starting at step 0\n".format(config.output_dir))
    with console.Signals() as signals, sessions.session(config.precision) as opened, contextlib.ExitStack() as stack:
        opened.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
        if first:
            sessions.restore(opened, runs.path(config.output_dir, "model.ckpt-%d" % first))
        elif config.checkpoint:
            sessions.restore(opened, config.checkpoint, weights + variables.moving_averages(""))
        folder = stack.enter_context(runs.started(config))
        for note in model.notes:
            runs.warn(folder, note, aloud=False)
        saver.set_last_checkpoints_with_time([(str(path), time.time()) for _, path in runs.checkpoints(folder)])
        coordinator = tf.train.Coordinator()
        queues = tf.get_collection(tf.GraphKeys.QUEUE_RUNNERS)
        threads = tf.train.start_queue_runners(opened, coordinator) if queues else []
        log = runs.ScalarLog(folder, model.scalars, first)
        watch = _Watch(folder, model.alarms)
        events = tf.summary.FileWriter(str(folder), opened.graph if not first else None)
        tf.get_default_graph().finalize()
        # Programs with presets start with the text's own numbers, which are meant for a graphics card.
        full = getattr(config, "preset", "small") == "full"
        progress = console.Progress(first, last, "--preset small is done in minutes" if full else "")

        def save(step):
            broken = [v.op.name for v, good in zip(weights, opened.run(finite)) if not good]
            if broken:
                raise FloatingPointError("{} is not finite at step {}".format(", ".join(broken), step))
            try:
                saver.save(opened, str(folder / "model.ckpt"), step, write_meta_graph=False)
            except tf.errors.OpError as error:
                raise OSError(None, error.message.splitlines()[0], str(folder)) from error

        def due(frequency):
            return frequency and (step % frequency == 0 or step == last)

        step, saved = first, first
        try:
            if model.images and config.display_freq and not first:
                _display(opened, model, folder, 0)
            while step < last and not signals.received:
                number, done = plans.phase_at(model.phases, step)
                phase = model.phases[number].name
                step += 1
                traces = str(folder / "trace-{}".format(step)) if due(config.trace_freq) else None
                values, summaries = plans.run_step(opened, model, planned[number], done, due(config.summary_freq), traces)
                for name, value in values.items():
                    if not math.isfinite(value):
                        raise FloatingPointError("{} is {} at step {}".format(name, value, step))
                log.add(values)
                progress.step(step, values if due(config.progress_freq) else None, phase, watch.ringing)
                if due(config.summary_freq):
                    means = log.row(step, phase)
                    watch.look(step, means)
                    _write_events(events, step, means, summaries)
                if model.images and due(config.display_freq):
                    _display(opened, model, folder, step)
                if due(config.save_freq):
                    save(step)
                    saved = step
            if step != saved:
                log.row(step, phase)
                save(step)
        except FloatingPointError as error:
            good = runs.checkpoints(folder)
            message = "{}; {}".format(error, "the last good checkpoint is " + str(good[-1][1]) if good
                                      else "no checkpoint had been saved")
            runs.warn(folder, message, aloud=False)
            raise FloatingPointError(message) from None
        finally:
            progress.close()
            events.close()
            _write_report(folder)
            _end_queues(coordinator, threads)
    if signals.received:
        raise runs.Stopped(0 if signals.received == signal.SIGINT else 128 + signals.received,
                           "stopped at step {} of {}; go on with --resume --output_dir {}".format(step, last, folder))


class _Watch:
    """Asks the alarms after each row of scalars; `ringing` holds the lines of those that say something now."""

    def __init__(self, folder, alarms):
        self._folder, self._alarms, self._rows, self._said, self.ringing = folder, alarms, [], set(), []

    def look(self, step, means):
        self._rows.append({"step": step, **means})
        self.ringing = [line for line in (alarm(self._rows) for alarm in self._alarms) if line]
        for line in set(self.ringing) - self._said:
            runs.warn(self._folder, "step {}: {}".format(step, line))
        self._said.update(self.ringing)


def _end_queues(coordinator, threads):
    """Raises what stopped a queue, if something did: the "out of range" that training ends with is only its shadow."""
    with repairs.hold_noise():
        coordinator.request_stop()
        try:
            coordinator.join(threads, stop_grace_period_secs=10, ignore_live_threads=True)
        except tf.errors.OpError as error:
            reason = re.search(r"InputError: (.*)", error.message)
            raise runs.InputError("the input queue stopped: " + (reason[1] if reason else error.message.splitlines()[0])
                                  ) from error


def _write_report(folder):
    """A page that cannot be written must not hide how training ended."""
    try:
        report.write(folder)
    except OSError as error:
        sys.stderr.write("no report.html: {}\n".format(error))


def _write_events(events, step, scalars, summaries):
    values = [tf.Summary.Value(tag=name, simple_value=value) for name, value in scalars.items()]
    events.add_summary(tf.Summary(value=values), step)
    for summary in summaries:
        events.add_summary(summary, step)


def _display(opened, model, folder, step):
    drawn = opened.run(model.images, model.feed(0) if model.feed else None)
    for name, batch in drawn.items():
        images.save_png(folder / "samples" / "{}-{:08d}.png".format(name, step), images.grid(np.asarray(batch)[:100]))
