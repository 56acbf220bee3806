"""Notebooks: what is said if a cell that builds a graph runs a second time."""

import sys

HINT = (
    "This cell has run before, and what it built is still in the graph. Run "
    "tf.reset_default_graph() first, or begin the cell with it."
)


def explain_reruns() -> None:
    """In a notebook, HINT takes the place of "Variable ... already exists, disallowed"."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if shell is not None:
        shell.set_custom_exc((ValueError,), _show)


def _show(shell, kind, error, trace, tb_offset=None):
    """Shows an error: with its traceback, but for the one that HINT explains."""
    message = str(error)
    if "already exists, disallowed" in message:
        line = f"{kind.__name__}: {message.split(', disallowed')[0]}. {HINT}"
        shell._showtraceback(kind, error, [line])  # what showtraceback calls with its lines
    else:
        shell.showtraceback((kind, error, trace), tb_offset=tb_offset)
