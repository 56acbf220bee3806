"""The batch norms of this project's own programs: what the report of a training says."""

from typing import Any, List

from graphmode.batch_norms.findings import MISTAKE, REMARK
from graphmode.batch_norms.mistakes import explain
from graphmode.errors import shown


def notes(graph: Any = None) -> List[str]:
    """A line for each mistake, and for what is unusual on purpose.

    Args:
        graph: a tf.Graph; None: the default graph.
    """
    try:
        found = explain(graph)
    except Exception as error:  # whatever it is: training must not end because of it
        return [f"batch norms were not examined ({type(error).__name__}: {shown(error)})"]
    return [
        f"batch norm, {finding.weight if finding.weight == MISTAKE else 'as intended'}: "
        f"{finding.what} {finding.symptom} {finding.cure}"
        for finding in found
        if finding.weight != REMARK
    ]
