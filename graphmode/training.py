"""The one training loop: what to update (`Phase`), what to show (`Model`), and `fit`, which knows nothing else."""

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

    scalars: name -> scalar, fetched in the same run as the update that computes it (so it is the value before that
        update). One that needs weights which no update of a phase reads is left out in that phase.
    images: name -> [N, height, width(, 1 or 3)] in [0, 1], drawn every `display_freq` steps, always with the first batch.
    feed: number -> feed_dict of that batch, a pure function, so that a resumed run goes on where it was; None for queues.
        The k-th occurrence among n of an op in step s is given batch s * n + k, so every op sees every batch once.

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
        config: from `cli.parse`; read are output_dir, resume, checkpoint, program and the *_freq.

    Raises:
        InputError: the folder cannot be written, or a checkpoint does not fit.
        FloatingPointError: a scalar or a weight is no longer finite; the message names it. The last checkpoint is good.
        SystemExit: after SIGINT (status 0) or SIGTERM (143): the step under way is finished, a checkpoint and the report
            are written. A second Ctrl-C interrupts at once.
    """
    plans = [(phase, plan_of(phase, model)) for phase in model.phases]
    global_step = tf.train.get_or_create_global_step()
    saver = tf.train.Saver(max_to_keep=5, save_relative_paths=True)
    weights = tf.trainable_variables()
    finite = tf.stack([tf.reduce_all(tf.is_finite(v)) for v in weights])
    first = runs.last_step(config.output_dir) if config.resume else 0
    last = sum(phase.steps for phase in model.phases)
    checkpoint = str(runs.path(config.output_dir, "model.ckpt-%d" % first)) if first else config.checkpoint
    with console.Signals() as signals, sessions.session() as opened:
        opened.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
        if checkpoint:
            sessions.restore(opened, checkpoint)
            first = first or int(opened.run(global_step))
        folder = runs.start(config)
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
            saver.save(opened, str(folder / "model.ckpt"), step, write_meta_graph=False)

        step, saved = first, first
        try:
            if model.images and config.display_freq and not first:
                _display(opened, model, folder, 0)
            while step < last and not signals.received:
                step += 1
                phase, plan = _phase_at(plans, step)
                due = lambda frequency: frequency and (step % frequency == 0 or step == last)  # noqa: E731
                trace = folder / "trace-{}.json".format(step) if due(config.trace_freq) else None
                values, summaries = run_step(opened, model, plan, step - 1, due(config.summary_freq), trace)
                for name, value in values.items():
                    if not math.isfinite(value):
                        raise FloatingPointError("{} is {} at step {}".format(name, value, step))
                log.add(values)
                progress.step(step, values if due(config.progress_freq) else None, phase.name)
                if due(config.summary_freq):
                    means = log.row(step, phase.name)
                    _write_events(events, step, means, summaries)
                if model.images and due(config.display_freq):
                    _display(opened, model, folder, step)
                if due(config.save_freq):
                    save(step)
                    saved = step
            if step != saved:
                save(step)
        except tf.errors.OutOfRangeError:
            coordinator.request_stop()
            coordinator.join(threads)  # raises what stopped the queue; "out of range" is only its shadow
            raise
        except FloatingPointError as error:
            good = runs.checkpoints(folder)
            message = "{}; {}".format(error, "the last good checkpoint is " + str(good[-1][1]) if good
                                      else "no checkpoint had been saved")
            runs.warn(folder, message)
            raise FloatingPointError(message) from None
        finally:
            progress.close()
            events.close()
            coordinator.request_stop()
            report.write(folder)
        coordinator.join(threads, stop_grace_period_secs=10, ignore_live_threads=True)
    if signals.received:
        sys.stderr.write("stopped at step {} of {}; go on with --resume --output_dir {}\n".format(step, last, folder))
        raise SystemExit(0 if signals.received == signal.SIGINT else 128 + signals.received)


def plan_of(phase, model):
    """For each update of a phase: (op, batches per step, its place among them, scalars, summaries to fetch with it).

    With the last of them the global step moves on, once all that this run computes has been computed.
    """
    updates = [op.op if isinstance(op, tf.Tensor) else op for op in phase.updates]
    reach = [_ancestors(op) for op in updates]
    plan = [(op, updates.count(op), updates[:n].count(op), {}, []) for n, op in enumerate(updates)]
    for name, tensor in model.scalars.items():
        place = _place(tensor, reach)
        if place is not None:
            plan[place][3][name] = tensor
    for summary in tf.get_collection(tf.GraphKeys.SUMMARIES):
        place = _place(summary, reach)
        if place is not None:
            plan[place][4].append(summary)
    op, *rest = plan[-1]
    with tf.control_dependencies([op] + [tensor.op for tensor in [*plan[-1][3].values(), *plan[-1][4]]]):
        plan[-1] = (tf.assign_add(tf.train.get_or_create_global_step(), 1).op, *rest)
    return plan


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


def _phase_at(plans, step):
    for phase, plan in plans:
        if step <= phase.steps:
            return phase, plan
        step -= phase.steps
    raise ValueError("step {} is beyond the last phase".format(step))


def run_step(opened, model, plan, done, with_summaries, trace):
    """Runs the updates of one step; returns its scalars as floats and its serialised summaries."""
    values, summaries, number, fed = {}, [], None, None
    for op, times, place, scalars, own_summaries in plan:
        if model.feed and number != done * times + place:
            number = done * times + place
            fed = model.feed(number)
        fetches = [op, scalars, own_summaries if with_summaries else []]
        if trace:
            metadata = tf.RunMetadata()
            results = opened.run(fetches, fed, tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE), metadata)
            _write_trace(trace, metadata)
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
