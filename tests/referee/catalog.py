"""All runs of the referee: name -> function of an empty folder that returns a case's facts."""

import functools

from tests.referee import cases, facts, literal, programs


def _of_case(build, folder):
    return facts.facts(build)


def _of_queues(folder):
    """The blog's input queues: the batches themselves."""
    batches = literal.queue_contents()
    numbers = {f"exact {name}": facts.described(array) for name, array in batches.items()}
    return {"variables": [], "numbers": numbers}


RUNS = {name: functools.partial(_of_case, build) for name, build in cases.CASES.items()}
RUNS.update(
    {f"text_{name}": functools.partial(_of_case, build) for name, build in literal.CASES.items()}
)
RUNS["text_queues"] = _of_queues
RUNS.update(
    {
        f"program_{name}": functools.partial(programs.train, build)
        for name, build in programs.BUILDS.items()
    }
)
