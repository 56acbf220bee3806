"""All runs of the referee: name -> function of an empty folder that returns a case's facts."""

import functools

from tests.referee import cases, facts, literal, programs


def _of_case(build, folder):
    return facts.facts(build)


RUNS = {name: functools.partial(_of_case, build) for name, build in cases.CASES.items()}
RUNS.update(
    {f"text_{name}": functools.partial(_of_case, build) for name, build in literal.CASES.items()}
)
RUNS.update(
    {
        f"program_{name}": functools.partial(programs.train, build)
        for name, build in programs.BUILDS.items()
    }
)
