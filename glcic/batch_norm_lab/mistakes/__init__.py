"""Small programs that each make one mistake with a batch norm, and their corrected twins.

`MISTAKES` lists them. Each can be built with slim, tf.layers or a batch norm by hand, where the
mistake can be made there.
"""

import inspect
import re
from typing import Any, Callable, Dict, NamedTuple, Sequence, Set, Tuple

from glcic.batch_norm_lab.mistakes import (
    control_flow,
    frame,
    parameters,
    saving,
    switches,
    two_networks,
    updates,
)


class Mistake(NamedTuple):
    """A mistake with its program.

    Attributes:
        name: a word with underscores.
        title: a sentence.
        apis: with which of `frame.APIS` it can be made.
        build: function (api, wrong) -> `frame.Program`, built in the default graph. `wrong` False
            builds the corrected twin.
    """

    name: str
    title: str
    apis: Sequence[str]
    build: Callable[[str, bool], Any]

    def lines(self) -> Set[Tuple[str, int]]:
        """The lines that make the mistake: (path of the module, number)."""
        path = inspect.getsourcefile(self.build) or ""
        return {(path, number) for number in _marked(self.build)}


def _marked(build):
    """Numbers of the lines with a comment `# mistake`: of a function, and of those that it uses."""
    module = inspect.getmodule(build)
    names = [build.__name__]
    for name in names:  # it grows
        source, first = inspect.getsourcelines(getattr(module, name))
        yield from (first + place for place, line in enumerate(source) if "# mistake" in line)
        words = re.findall(r"\b_[a-z]\w*", "".join(source))
        names += [word for word in dict.fromkeys(words) if word not in names and _own(module, word)]


def _own(module, name):
    return inspect.isfunction(getattr(module, name, None))


# tf.layers has no updates in place.
SLIM_AND_HAND = ("slim", "hand")
_ROWS = (
    ("The update ops never run", frame.APIS, updates.never_run),
    ("The update ops are collected before the layers are built", frame.APIS,
     updates.collected_too_early),
    ("The control dependency is around the optimizer's construction", frame.APIS,
     updates.around_the_optimizer),
    ("The scope filter misses the second application", frame.APIS,
     updates.scope_misses_second_application),
    ("The averages are too slow for the number of steps", frame.APIS, updates.rate_too_slow),
    ("The training switch is left at its default", frame.APIS, switches.left_at_default),
    ("A Python bool is frozen in the graph", frame.APIS, switches.frozen_bool),
    ("The test uses the batch's statistics by accident", frame.APIS,
     switches.batch_statistics_in_test),
    ("The test uses the batch's statistics on purpose", ("hand",),
     switches.batch_statistics_on_purpose),
    ("The batch has one image", frame.APIS, switches.batch_of_one),
    ("The batch has two images", frame.APIS, switches.few_values),
    ("The moving averages are not saved", frame.APIS, saving.not_saved),
    ("The moving averages are not restored", frame.APIS, saving.not_restored),
    ("tf.layers reads slim's checkpoint in the order of the variables", ("layers",),
     saving.names_of_slim),
    ("Real and generated images share the averages", frame.APIS, two_networks.mixed_statistics),
    ("The scope filter catches another network", frame.APIS,
     two_networks.scope_catches_another_network),
    ("The update ops run in the other network's step", frame.APIS,
     two_networks.other_networks_step),
    ("The second application has its own batch norms", frame.APIS, two_networks.not_shared),
    ("gamma is missing where the next layer is not linear", frame.APIS, parameters.gamma_missing),
    ("Two batch norms in a row", frame.APIS, parameters.gamma_doubled),
    ("A bias stands beside beta", frame.APIS, parameters.bias_beside_beta),
    ("Update ops of both branches of a cond", frame.APIS, control_flow.in_cond),
    ("Updates in place inside map_fn", SLIM_AND_HAND, control_flow.in_map_fn),
    ("Updates in place inside while_loop", SLIM_AND_HAND, control_flow.in_while_loop),
)  # fmt: skip

MISTAKES: Dict[str, Mistake] = {
    build.__name__: Mistake(build.__name__, title, apis, build) for title, apis, build in _ROWS
}
