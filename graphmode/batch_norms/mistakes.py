"""`explain`: which mistakes with batch norm a program makes."""

from typing import Any, List, Optional

from graphmode.batch_norms import (
    mistakes_layers,
    mistakes_saving,
    mistakes_switches,
    mistakes_updates,
)
from graphmode.batch_norms.evidence import Evidence
from graphmode.batch_norms.facts import Facts
from graphmode.batch_norms.findings import INTENDED, MISTAKE, REMARK, Finding
from graphmode.batch_norms.inventory import Inventory
from graphmode.batch_norms.reading import find
from graphmode.batch_norms.shown import Findings

# In this order: a layer that one of the first group has explained is no subject of later ones,
# which would say the same in other words.
_ONE_OF = (
    mistakes_updates.in_loop,
    mistakes_updates.in_cond,
    mistakes_updates.moved_by_test,
    mistakes_layers.not_shared,
    mistakes_switches.left_at_default,
    mistakes_switches.never_switched,
    mistakes_updates.never_run,
    mistakes_updates.other_network,
    mistakes_updates.mixed_statistics,
    mistakes_switches.no_test,
    mistakes_switches.always_switched,
    mistakes_updates.rate,
    mistakes_switches.on_purpose,
)
_EACH = (
    mistakes_switches.small_batches,
    mistakes_saving.swapped_names,
    mistakes_saving.not_saved,
    mistakes_saving.not_restored,
    mistakes_layers.around,
    mistakes_layers.on_logit,
    mistakes_layers.wrong_axis,
    mistakes_layers.pixels,
    mistakes_layers.not_trained,
    mistakes_layers.averages_trained,
)
_ORDER = (MISTAKE, INTENDED, REMARK)


def explain(graph: Any = None, facts: Optional[Facts] = None) -> List[Finding]:
    """Says what is wrong with the batch norms of a program.

    Args:
        graph: a tf.Graph, the path of a meta graph file, or what `find` returned. None: the
            default graph.
        facts: what was observed while the program ran. Without it, what only a run can show is
            not looked for: a switch that is never fed, a decay that is too slow for the number of
            steps, batch sizes that the graph leaves open. The update ops that a program fetches
            beside its training op are then taken for ops that nothing runs.

    Returns:
        The findings: mistakes first, then what is unusual on purpose, then remarks. `print` and
        notebooks show them as text.

    Raises:
        InputError: see `find`.
    """
    inventory = graph if isinstance(graph, Inventory) else find(graph)
    evidence, findings = Evidence(inventory, facts), []
    for check in _ONE_OF:
        new = list(check(evidence))
        findings += new
        evidence.told.update(scope for finding in new for scope in finding.layers)
    evidence.told.clear()
    for check in _EACH:
        findings += list(check(evidence))
    return Findings(sorted(findings, key=lambda finding: _ORDER.index(finding.weight)))
