"""Several implementations take turns, each in its own process, which may be another Python's.

A worker is `python -m benchmarks.turns MODULE ARGUMENTS`. For each line that it reads, a number of
steps, it answers with the seconds of one step. After 0 it answers with its largest memory in MB and
ends. This module and what it imports can be read by Python 3.7.
"""

import concurrent.futures
import contextlib
import importlib
import json
import multiprocessing
import os
import pathlib
import resource
import subprocess
import sys
import time
from typing import Any, NamedTuple, Sequence

ROOT = pathlib.Path(__file__).parents[1]


class Side(NamedTuple):
    """What is timed.

    Attributes:
        module: of this package.
        arguments: of the module's `stepper`, as JSON can hold them.
        python: the worker's Python; "": this one.
    """

    module: str
    arguments: Sequence[Any]
    python: str = ""


class _Worker:
    """The process of a side."""

    def __init__(self, label, side):
        self._label, arguments = label, json.dumps(side.arguments)
        paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
        if side.python:  # TensorFlow 1 prints a dozen warnings when it is imported
            environment["PYTHONWARNINGS"] = "ignore"
        self._process = subprocess.Popen(
            [side.python or sys.executable, "-m", "benchmarks.turns", side.module, arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            universal_newlines=True,
            env=environment,
        )

    def ask(self, count):
        """The worker's answer to a number of steps.

        Raises:
            RuntimeError: it has died. Its own error is on stderr.
        """
        try:
            self._process.stdin.write(f"{count}\n")
            self._process.stdin.flush()
            return float(self._process.stdout.readline())
        except (OSError, ValueError):  # a closed pipe, an empty line
            code = self._process.wait()
            raise RuntimeError(f"the process of {self._label!r} ended with status {code}") from None

    def end(self):
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()
        with contextlib.suppress(OSError):  # what it has not read
            self._process.stdin.close()


def serve(module, arguments):
    """The body of a worker."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no answer
    step = importlib.import_module("benchmarks." + module).stepper(*arguments)
    done = 0
    for count in map(int, sys.stdin):
        start = time.perf_counter()
        for number in range(done, done + count):
            step(number)
        done += count
        answer = (time.perf_counter() - start) / max(1, count)
        if not count:
            answer = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        answers.write(f"{answer!r}\n")
        answers.flush()


def compare(sides, rounds, steps):
    """Times several sides in turn. So a slow moment of the machine affects all of them.

    Args:
        sides: label -> `Side`.
        rounds: number of turns of each side, after one that is not counted.
        steps: number of steps in a turn.

    Returns:
        label -> {"seconds": [seconds of a step in each round], "MB": the process's peak memory}.
    """
    workers = {}
    try:
        for label, side in sides.items():
            workers[label] = _Worker(label, side)
        seconds = {label: [] for label in sides}
        for turn in range(rounds + 1):
            for label, worker in workers.items():
                answer = worker.ask(steps)
                if turn:  # the first round warms up
                    seconds[label].append(answer)
        return {
            label: {"seconds": seconds[label], "MB": worker.ask(0)}
            for label, worker in workers.items()
        }
    finally:
        for worker in workers.values():
            worker.end()


def alone(module, function, *arguments):
    """The result of a function of this package, called in its own process."""
    with concurrent.futures.ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_call, module, function, arguments).result()


def _call(module, function, arguments):
    return getattr(importlib.import_module("benchmarks." + module), function)(*arguments)


if __name__ == "__main__":
    serve(sys.argv[1], json.loads(sys.argv[2]))
