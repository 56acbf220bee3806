"""The steps of a model: which op runs when, on which batch, and with which fetches."""

import collections
import importlib
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Tuple

from graphmode import files, noise, tf
from graphmode.training.contract import Model


class _Run(NamedTuple):
    """One run of the session in each step of a phase."""

    op: Any
    first_batch: int  # how many batches the op has had before the phase
    batches: int  # how many batches the op has in each step
    place: int  # which of these the run has
    scalars: Mapping[str, Any]
    summaries: List[Any]


class Steps:
    """The steps of a model's phases. Adds the ops that increase the global step to the graph."""

    def __init__(self, model: Model):
        self._model = model
        self._phases = []
        before: Dict[Any, int] = collections.Counter()
        for phase in model.phases:
            runs = _runs_of(phase, before)
            self._phases.append((phase, runs))
            before.update({run.op: phase.steps * run.batches for run in _once_per_op(runs)})
        for number, (phase, runs) in enumerate(self._phases):
            self._phases[number] = phase, [*runs[:-1], _counted(runs[-1])]

    def run(
        self, session, step: int, with_summaries: bool = False, traces: Optional[str] = None
    ) -> Tuple[str, Dict[str, float], List[bytes]]:
        """Runs one step.

        Args:
            step: number of the step, from 0.
            with_summaries: whether the tf.summary ops of the graph are run, too.
            traces: how the names of the trace files begin, one file for each run; None for none.

        Returns:
            The phase's name, its scalars (name -> value) and the serialized summaries.
        """
        phase, runs, done = self._at(step)
        values: Dict[str, float] = {}
        summaries: List[bytes] = []
        fed_number, fed = None, {}
        for place, run in enumerate(runs):
            number = run.first_batch + done * run.batches + run.place
            if self._model.feed and number != fed_number:
                fed_number, fed = number, self._model.feed(number)
            fetches = [run.op, dict(run.scalars), run.summaries if with_summaries else []]
            target = f"{traces}-{place}.json" if traces else None
            numbered = {**fed, **noise.feed(step, place)}
            _, scalars, serialized = _traced(session, fetches, numbered, target)
            values.update((name, float(value)) for name, value in scalars.items())
            summaries += serialized
        return phase.name, values, summaries

    def _at(self, step):
        """The phase of a step, its runs, and how many steps of the phase come before."""
        for phase, runs in self._phases:
            if step < phase.steps:
                return phase, runs, step
            step -= phase.steps
        raise IndexError(f"the model has no step {step}")


def _runs_of(phase, before):
    """The runs of a step of a phase, in order. Before: op -> batches that it has had."""
    ops = [_op(update.op) for update in phase.updates for _ in range(update.repeat)]
    runs = []
    for update in phase.updates:
        op = _op(update.op)
        for repetition in range(update.repeat):
            place = sum(run.op == op for run in runs)
            last = repetition == update.repeat - 1
            scalars = update.scalars if last else {}
            runs.append(_Run(op, before[op], ops.count(op), place, scalars, []))
    return runs


def _op(fetch):
    return fetch.op if isinstance(fetch, tf.Tensor) else fetch


def _once_per_op(runs):
    return [run for run in runs if run.place == 0]


def _counted(run):
    """The last run of a step: it also increases the global step, after all that it fetches.

    The tf.summary ops of the graph are fetched with it.
    """
    summaries = tf.get_collection(tf.GraphKeys.SUMMARIES)
    with tf.control_dependencies([run.op, *(t.op for t in [*run.scalars.values(), *summaries])]):
        counted = tf.assign_add(tf.train.get_or_create_global_step(), 1).op
    return run._replace(op=counted, summaries=summaries)


def _traced(session, fetches, fed, target):
    """Runs fetches. Writes an execution trace to `target` if there is one."""
    if not target:
        return session.run(fetches, fed)
    metadata, options = tf.RunMetadata(), tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE)
    results = session.run(fetches, fed, options, metadata)
    timeline = importlib.import_module("tensorflow.python.client.timeline")  # has no public name
    trace = timeline.Timeline(metadata.step_stats).generate_chrome_trace_format()
    files.write_whole(target, trace)
    return results
