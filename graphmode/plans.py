"""Which op of a step is run when, on which batch, and with what: plans of a `training.Model`'s phases, and one step of them."""

import collections
import importlib
from typing import Any, Dict, NamedTuple

from graphmode import runs, tf


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
        known = {op: ancestors(op) for op in set(updates)}
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
    needs = ancestors(tensor.op)
    read = needs & {variable.op for variable in tf.trainable_variables()}
    fitting = [n for n, reached in enumerate(reach) if read <= reached]
    return min(fitting, key=lambda n: (len(needs - reach[n]), -n), default=None)


def ancestors(op):
    """The ops that must run for this one, itself among them."""
    found, stack = {op}, [op]
    while stack:
        op = stack.pop()
        for source in [tensor.op for tensor in op.inputs] + list(op.control_inputs):
            if source not in found:
                found.add(source)
                stack.append(source)
    return found


def phase_at(phases, step):
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
