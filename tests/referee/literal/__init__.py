"""The four texts' own code, typed in as it stands, as cases of the referee.

Lines between `fmt: off` and `fmt: on` are the texts', with their names, comments and spaces; the
indentation, which the texts have lost, is new. Where a text has only part of a program, the lines
around it are the fewest that make it run. Only `tf` and `slim` come from graphmode.

CASES: name -> function that returns a Case.
CANNOT_RUN: place in the texts -> why this code does not run as it stands, with its error.
"""

import functools

from tests.referee import facts
from tests.referee.literal import autoencoders, blog, dcgan, gan, notes, question
from tests.referee.literal.queues import queue_contents  # noqa: F401

MODULES = (autoencoders, gan, dcgan, blog, notes, question)


def _without_chance(build):
    with facts.fixed_noise():
        return build()


CASES = {
    name: functools.partial(_without_chance, build)
    for module in MODULES
    for name, build in module.CASES.items()
}
CANNOT_RUN = {place: why for module in MODULES for place, why in module.CANNOT_RUN.items()}
