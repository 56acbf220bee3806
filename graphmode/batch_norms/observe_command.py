"""`./run.sh run --batch_norm SCRIPT`: runs an old program, and says what its batch norms do.

The program runs as without this option. At its end, however it ends, the verdict comes on stderr.
"""

import contextlib
import dataclasses
import json
import sys
import types
from typing import Any, Dict, List, Optional, Sequence, Tuple

from graphmode import errors, files
from graphmode.batch_norms import measure, observe, observe_page
from graphmode.batch_norms.facts import Facts
from graphmode.batch_norms.inventory import Inventory
from graphmode.batch_norms.measure import Measured
from graphmode.batch_norms.mistakes import explain
from graphmode.batch_norms.observe import Observer
from graphmode.batch_norms.observe_facts import added
from graphmode.batch_norms.observe_report import Examined, as_json, show
from graphmode.batch_norms.reading import find
from graphmode.old_programs import namespace

MOST = 6  # sessions of one graph that are measured


@dataclasses.dataclass(frozen=True)
class Options:
    """What follows --batch_norm.

    Attributes:
        after: end the program after so many runs of a session; None for its own end.
        json, page: absolute paths of files to write, or None.
    """

    after: Optional[int] = None
    json: Optional[str] = None
    page: Optional[str] = None


def run(program: str, arguments: Sequence[str], is_module: bool, options: Options) -> None:
    """Runs a program under observation. Its exceptions, SystemExit included, are its own.

    Args:
        program, arguments, is_module: see `namespace.run`.
    """
    examination = Examination()
    observer = Observer(lambda *closing: examination.look(observer, *closing), options.after)
    try:
        with observer:
            namespace.run(program, arguments, is_module)
    except BaseException as error:
        _hide(error)
        raise
    finally:
        # The program's own end, also an error, must not be hidden by one of this.
        with _told():
            graphs = examination.results(observer)
            _flush()
            show(graphs, observer.runs)
            if options.json:
                content = json.dumps(as_json(graphs, observer.runs), indent=1)
                files.write_whole(options.json, content + "\n")
            if options.page:
                observe_page.write(options.page, graphs, observer.runs, program)
                sys.stderr.write(f"page: {options.page}\n")


def _hide(error: Optional[BaseException]) -> None:
    """Takes the observer's frames out of the traceback of a program's error."""
    while error is not None:
        entries, trace = [], error.__traceback__
        while trace:
            if trace.tb_frame.f_code.co_filename != observe.__file__:
                entries.append(trace)
            trace = trace.tb_next
        for entry in reversed(entries):
            trace = types.TracebackType(trace, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
        error.__traceback__, error = trace, error.__cause__ or error.__context__


@contextlib.contextmanager
def _told():
    try:
        yield
    except KeyboardInterrupt:
        sys.stderr.write("graphmode: the examination of the batch norms was interrupted\n")
    except OSError as error:
        sys.stderr.write(f"graphmode: {errors.shown(error)}\n")
    except Exception as error:  # whatever it is: the program has not failed
        sys.stderr.write(f"graphmode: the batch norms were not examined: {_words(error)}\n")


def _words(error):
    text = str(error).split("\n")[0]
    return errors.shown(f"{type(error).__name__}: {text[:200]}")


def _flush():
    with contextlib.suppress(OSError, ValueError, AttributeError):  # the program may have closed it
        sys.stdout.flush()


class Examination:
    """Measures sessions when they close, and explains the graphs in the end.

    Estimators build their graphs again for each training and each test. Graphs with the same batch
    norms in the same lines count as one: what ran in them is added, the last numbers are kept.
    """

    def __init__(self) -> None:
        self._found: Dict[Any, Tuple[int, Inventory]] = {}  # graph -> (its version, ...)
        self._first: Dict[Any, Any] = {}  # what its batch norms are -> graph
        self._facts: Dict[Any, List[Facts]] = {}  # graph -> facts of the graphs that are like it
        self._measured: Dict[Any, Measured] = {}
        self._sessions: Dict[Any, int] = {}

    def look(self, observer: Observer, session: Any, runs: Sequence[Any]) -> None:
        """Measures a session that closes, if its graph has batch norms."""
        try:
            self._look(observer, session, runs)
        except Exception as error:  # whatever it is: the program must go on
            self._measured.setdefault(session.graph, Measured()).notes.append(_words(error))

    def _look(self, observer, session, runs):
        graph = session.graph
        inventory = self._find(graph)
        if not inventory.layers:
            observer.forget(graph)
            return
        first = self._first.setdefault(_likeness(inventory), graph)
        self._sessions[first] = self._sessions.get(first, 0) + 1
        # Most programs have few sessions. In those that have many, all are like the first ones.
        if self._sessions[first] <= MOST:
            new = measure.session(session, inventory, runs)
            old = self._measured.setdefault(first, new)
            # A session for the training, and another for the test: each has its part.
            old.gaps.update(new.gaps)
            old.outputs[:] = new.outputs or old.outputs
            old.notes[:] = dict.fromkeys([*old.notes, *new.notes])
        if first is not graph:
            self._facts.setdefault(first, []).append(observer.facts(graph))
            observer.forget(graph)
            self._found.pop(graph, None)

    def results(self, observer: Observer) -> List[Examined]:
        """The graphs of the program that have batch norms."""
        examined = []
        for graph in observer.graphs:
            inventory = self._find(graph)
            if inventory.layers:
                facts = added([observer.facts(graph), *self._facts.get(graph, [])])
                measured = self._measured.get(graph, Measured())
                examined.append(Examined(inventory, explain(inventory, facts), measured, facts))
        return examined

    def _find(self, graph):
        version, inventory = self._found.get(graph, (-1, None))
        if inventory is None or version != graph.version:
            version, inventory = graph.version, find(graph)
            self._found[graph] = version, inventory
        return inventory


def _likeness(inventory: Inventory) -> Any:
    """Equal for graphs with the same batch norms."""
    return tuple(
        (layer.scope, layer.place, *((each.name, each.statistics) for each in layer.applications))
        for layer in inventory.layers
    )
