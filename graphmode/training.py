"""The one training loop: what to update (`Phase`), what to show (`Model`), and `fit`, which knows nothing else."""

import collections
import contextlib
import importlib
import math
import signal
import sys
import time
from typing import Any, Callable, Dict, NamedTuple, Optional, Sequence

import numpy as np

from graphmode import console, images, report, runs, sessions, tf


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

    Schedules read tf.train.get_or_create_global_step(), which the loop advances by one after each step's last update; no
    optimizer of a model advances it.
    """
    phases: Sequence[Phase]
    scalars: Dict[str, Any]
    images: Dict[str, Any] = {}
    feed: Optional[Callable[[int], dict]] = None


def steps_for(config, examples):
    """Steps that --max_steps, or else --max_epochs over so many examples, ask for."""
    return config.max_steps or config.max_epochs * max(1, examples // config.batch_size)


def fit(model, config):
    """Trains a model and leaves a run's folder (see `runs`) with its report.

    Args:
        model: Model, built in the default graph.
        config: from `cli.parse`; read are output_dir, resume, program, the *_freq, and checkpoint: weights to begin with.

    Raises:
        InputError: the folder cannot be written, or a checkpoint does not fit.
        FloatingPointError: a scalar or a weight is no longer finite; the message names it. The last checkpoint is good.
        runs.Stopped: after SIGINT (status 0) or SIGTERM (143): the step under way is finished, a checkpoint and the report
            are written. A second Ctrl-C interrupts at once.
    """
    plans = plan_of(model)
    global_step = tf.train.get_or_create_global_step()
    saver = tf.train.Saver(max_to_keep=5, save_relative_paths=True)
    weights = tf.trainable_variables()
    finite = tf.stack([tf.reduce_all(tf.is_finite(v)) for v in weights])
    restart = tf.assign(global_step, 0)
    first = runs.last_step(config.output_dir) if config.resume else 0
    last = sum(phase.steps for phase in model.phases)
    if config.resume and not 0 < first < last:
        sys.stderr.write("already at step {} of {}: more with a larger --max_steps or --max_epochs\n".format(first, last)
                         if first else "no checkpoint in {} yet: starting at step 0\n".format(config.output_dir))
    with console.Signals() as signals, sessions.session() as opened, contextlib.ExitStack() as stack:
        opened.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
        if first:
            sessions.restore(opened, runs.path(config.output_dir, "model.ckpt-%d" % first))
        elif config.checkpoint:
            sessions.restore(opened, config.checkpoint)
            opened.run(restart)
        folder = stack.enter_context(runs.started(config))
        saver.set_last_checkpoints_with_time([(str(path), time.time()) for _, path in runs.checkpoints(folder)])
        coordinator = tf.train.Coordinator()
        queues = tf.get_collection(tf.GraphKeys.QUEUE_RUNNERS)
        threads = tf.train.start_queue_runners(opened, coordinator) if queues else []
        log = runs.ScalarLog(folder, model.scalars, first)
        events = tf.summary.FileWriter(str(folder), opened.graph if not first else None)
        tf.get_default_graph().finalize()
        progress = console.Progress(first, last)

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
                number, done = _phase_at(model.phases, step)
                phase = model.phases[number].name
                step += 1
                traces = str(folder / "trace-{}".format(step)) if due(config.trace_freq) else None
                values, summaries = run_step(opened, model, plans[number], done, due(config.summary_freq), traces)
                for name, value in values.items():
                    if not math.isfinite(value):
                        raise FloatingPointError("{} is {} at step {}".format(name, value, step))
                log.add(values)
                progress.step(step, values if due(config.progress_freq) else None, phase)
                if due(config.summary_freq):
                    _write_events(events, step, log.row(step, phase), summaries)
                if model.images and due(config.display_freq):
                    _display(opened, model, folder, step)
                if due(config.save_freq):
                    save(step)
                    saved = step
            if step != saved:
                log.row(step, phase)
                save(step)
        except tf.errors.OutOfRangeError:
            coordinator.request_stop()
            coordinator.join(threads)  # raises what stopped the queue; "out of range" is only its shadow
            raise
        except FloatingPointError as error:
            good = runs.checkpoints(folder)
            message = "{}; {}".format(error, "the last good checkpoint is " + str(good[-1][1]) if good
                                      else "no checkpoint had been saved")
            runs.warn(folder, message, aloud=False)
            raise FloatingPointError(message) from None
        finally:
            progress.close()
            events.close()
            coordinator.request_stop()
            _write_report(folder)
        coordinator.join(threads, stop_grace_period_secs=10, ignore_live_threads=True)
    if signals.received:
        raise runs.Stopped(0 if signals.received == signal.SIGINT else 128 + signals.received,
                           "stopped at step {} of {}; go on with --resume --output_dir {}".format(step, last, folder))


def _write_report(folder):
    """A page that cannot be written must not hide how training ended."""
    try:
        report.write(folder)
    except OSError as error:
        sys.stderr.write("no report.html: {}\n".format(error))


class Planned(NamedTuple):
    """One run of a step: its op, which batch it gets (before + step in phase * times + place), what is fetched with it."""
    op: Any
    before: int  # runs of this op in earlier phases
    times: int  # runs of this op in a step
    place: int  # which of these it is
    scalars: Dict[str, Any]
    summaries: list


def plan_of(model):
    """For each phase the runs of a step; with the last of them the global step moves on, after all that it computes."""
    plans, before = [], collections.Counter()
    for phase in model.phases:
        updates = [op.op if isinstance(op, tf.Tensor) else op for op in phase.updates]
        known = {op: _ancestors(op) for op in set(updates)}
        reach = [known[op] for op in updates]
        plan = [Planned(op, before[op], updates.count(op), updates[:n].count(op), {}, []) for n, op in enumerate(updates)]
        for name, tensor in model.scalars.items():
            place = _place(tensor, reach)
            if place is not None:
                plan[place].scalars[name] = tensor
        for summary in tf.get_collection(tf.GraphKeys.SUMMARIES):
            place = _place(summary, reach)
            if place is not None:
                plan[place].summaries.append(summary)
        final = plan[-1]
        with tf.control_dependencies([final.op] + [t.op for t in [*final.scalars.values(), *final.summaries]]):
            plan[-1] = final._replace(op=tf.assign_add(tf.train.get_or_create_global_step(), 1).op)
        before.update({op: phase.steps * updates.count(op) for op in known})
        plans.append(plan)
    return plans


def _place(tensor, reach):
    """The last of the updates whose run computes most of a tensor anyway; None if all would read further weights."""
    needs = _ancestors(tensor.op)
    read = {op for op in needs if op.type in ("VariableV2", "VarHandleOp")}
    fitting = [n for n, reached in enumerate(reach) if read <= reached]
    return min(fitting, key=lambda n: (len(needs - reach[n]), -n), default=None)


def _ancestors(op):
    found, stack = {op}, [op]
    while stack:
        op = stack.pop()
        for source in [tensor.op for tensor in op.inputs] + list(op.control_inputs):
            if source not in found:
                found.add(source)
                stack.append(source)
    return found


def _phase_at(phases, step):
    """Which phase step number `step`, from 0 to all steps less one, is in, and how many of that phase come before it."""
    for number, phase in enumerate(phases):
        if step < phase.steps:
            return number, step
        step -= phase.steps


def run_step(opened, model, plan, done, with_summaries=False, traces=None):
    """Runs a step; returns its scalars as floats and its serialised summaries.

    Args:
        plan: of the phase, from `plan_of`.
        done: steps of this phase that come before.
        traces: beginning of the names of trace files, one for each run; None for none.
    """
    values, summaries, number, fed = {}, [], None, None
    for place, run in enumerate(plan):
        wanted = run.before + done * run.times + run.place
        if model.feed and wanted != number:
            number, fed = wanted, model.feed(wanted)
        fetches = [run.op, run.scalars, run.summaries if with_summaries else []]
        if traces:
            metadata = tf.RunMetadata()
            results = opened.run(fetches, fed, tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE), metadata)
            _write_trace("{}-{}.json".format(traces, place), metadata)
        else:
            results = opened.run(fetches, fed)
        values.update((name, float(value)) for name, value in results[1].items())
        summaries += results[2]
    return values, summaries


def _write_trace(target, metadata):
    timeline = importlib.import_module("tensorflow.python.client.timeline")  # has no public name
    runs.write_whole(target, timeline.Timeline(metadata.step_stats).generate_chrome_trace_format())


def _write_events(events, step, scalars, summaries):
    values = [tf.Summary.Value(tag=name, simple_value=value) for name, value in scalars.items()]
    events.add_summary(tf.Summary(value=values), step)
    for summary in summaries:
        events.add_summary(summary, step)


def _display(opened, model, folder, step):
    drawn = opened.run(model.images, model.feed(0) if model.feed else None)
    for name, batch in drawn.items():
        images.save_png(folder / "samples" / "{}-{:08d}.png".format(name, step), images.grid(np.asarray(batch)[:100]))
