"""Watches what a program runs: which fetches, how often, with which switches, on which batch.

The program itself is not changed. `Observer` looks at the one method through which `Session.run`,
`Tensor.eval`, `Operation.run`, MonitoredSession, Supervisor and estimators all go, and at the
one that Keras uses. In a run it does no more than count: everything else waits until a session
closes.
"""

import collections
import contextlib
import importlib
import itertools
import threading
import weakref
from typing import Any, Callable, Dict, Iterable, List, Optional, Sequence, Set, Tuple

from graphmode import repairs, tf
from graphmode.batch_norms import observe_facts
from graphmode.batch_norms.facts import Facts
from graphmode.batch_norms.observe_calls import Calls

# Ops that give other values each time, and that cannot be run again without a loss for the program.
SOURCES = ("IteratorGetNext", "QueueDequeue", "PyFunc", "EagerPyFunc", "ReaderRead", "Unstage")
_MANY = 16  # combinations of scalars with the same fetches; more of them are not told apart
_KINDS = 2000  # kinds of runs of a program; later ones are only counted


class Enough(SystemExit):
    """The program has run as often as `--after` says. Its exit status is 0."""

    def __init__(self):
        super().__init__(0)


class Run:
    """One kind of `session.run`: the same fetches, with the same scalars in the feed.

    Attributes:
        fetches: the operations and tensors of the graph that were run.
        scalars: tensor -> the bool or number that was fed, for tensors of rank 0. It holds what
            the switch between training and test had. A tensor with many values is not in it.
        count: how often it ran.
        first, last: the number of its first and last run among all runs of the program, from 1.
        shapes: shapes of the arrays in the feed, in its order -> how often.
        is_whole: whether `batch` has all sources of data that the fetches depend on.
    """

    def __init__(self, fetches: Sequence[Any], scalars: Dict[Any, Any]):
        self.fetches, self.scalars = tuple(fetches), scalars
        self.count = self.first = self.last = 0
        self.shapes: Dict[Tuple, int] = collections.Counter()
        self.is_whole = True
        self.fed: Dict[Any, Any] = {}  # what was fed last: reference of a tensor -> array
        self.from_sources: Dict[Any, Any] = {}  # tensor -> array

    @property
    def batch(self) -> Dict[Any, Any]:
        """Tensor -> array, with which the run can be repeated.

        It is what was fed last, and what the graph's own sources of data (queues, iterators) gave
        in one of the runs.
        """
        fed = {reference.deref(): value for reference, value in self.fed.items()}
        return {**self.from_sources, **fed}

    @property
    def graph(self) -> Any:
        return self.fetches[0].graph

    @property
    def operations(self) -> List[Any]:
        """The fetches as operations."""
        return [fetch.op if isinstance(fetch, tf.Tensor) else fetch for fetch in self.fetches]


def cone(fetches: Iterable[Any], fed: Iterable[Any] = ()) -> Set[Any]:
    """The operations that run for some fetches if the tensors `fed` are fed.

    Both branches of a condition belong to it.
    """
    fed = {tensor.ref() for tensor in fed}
    waiting = [
        getattr(fetch, "op", fetch)
        for fetch in fetches
        if not (isinstance(fetch, tf.Tensor) and fetch.ref() in fed)
    ]
    seen = set(waiting)
    while waiting:
        op = waiting.pop()
        before = [tensor.op for tensor in op.inputs if not fed or tensor.ref() not in fed]
        new = [other for other in (*before, *op.control_inputs) if other not in seen]
        seen.update(new)
        waiting.extend(new)
    return seen


class _Fetches:
    """All runs with the same fetches."""

    def __init__(self, fetches: Sequence[Any]):
        self.fetches = tuple(fetches)
        self.count = 0
        self.runs: Dict[Tuple, Run] = {}
        self.sources: Optional[List[Any]] = None  # tensors; None: not yet known
        self.has_all = True
        self.only_switches = False  # whether numbers in the feed are ignored by now

    def run_of(self, scalars: List[Tuple[Any, Any]]) -> Run:
        """The kind of run that has these scalars: [(tensor, value), ...]."""
        if self.only_switches:
            scalars = [(tensor, value) for tensor, value in scalars if isinstance(value, bool)]
        key = tuple((id(tensor), value) for tensor, value in scalars)
        run = self.runs.get(key)
        if run is None:
            if len(self.runs) >= _MANY and not self.only_switches:
                self._forget_numbers()
                return self.run_of(scalars)
            run = self.runs[key] = Run(self.fetches, dict(scalars))
            run.is_whole = self.has_all
        return run

    def _forget_numbers(self):
        """Numbers such as a learning rate differ in each run: then only bools are told apart."""
        self.only_switches, runs, self.runs = True, list(self.runs.values()), {}
        for old in runs:
            run = self.run_of(list(old.scalars.items()))
            run.first, run.last = run.first or old.first, max(run.last, old.last)
            run.count += old.count
            run.shapes.update(old.shapes)
            run.fed, run.from_sources = old.fed, old.from_sources

    def find_sources(self, fed) -> None:
        """Finds the tensors by which data come into the graph, other than by feeding."""
        graph = self.fetches[0].graph
        is_possible = any(op.type.startswith(SOURCES) for op in graph.get_operations())
        ops = cone(self.fetches, fed) if is_possible else ()
        sources = [tensor for op in ops if op.type.startswith(SOURCES) for tensor in op.outputs]
        # TensorFlow cannot fetch what is inside of a condition or a loop.
        self.has_all = all(map(_can_be_fetched, sources))
        self.sources = sources if self.has_all else []


def _can_be_fetched(tensor):
    return (
        tensor.graph.is_fetchable(tensor)
        and tensor.op._get_control_flow_context() is None
        and tensor.dtype not in (tf.variant, tf.resource)
    )


class Observer:
    """Watches all sessions of the process while its context is entered.

    Args:
        at_close: called with a session that closes, and with the runs that it made. Runs that it
            makes itself are not watched.
        after: raises `Enough` in the program after so many runs; None for never.

    Attributes:
        runs: how many runs there were.
        is_complete: False if the program ended early: because of `after`, Ctrl-C or an error.
    """

    def __init__(
        self,
        at_close: Optional[Callable[[Any, List[Run]], None]] = None,
        after: Optional[int] = None,
    ):
        self.runs, self.is_complete = 0, True
        self._at_close, self._after = at_close, after
        self._kinds: Dict[Tuple, _Fetches] = {}
        self._of_session: Any = weakref.WeakKeyDictionary()  # session -> {kind: None}
        self._lock = threading.RLock()
        self._own = threading.local()  # `busy` while this thread runs `at_close`
        self._calls = Calls()
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> "Observer":
        repairs.load("tensorflow.compat.v1")  # not by the next line, which would be loud
        session = importlib.import_module("tensorflow.python.client.session").BaseSession
        if session._do_run.__name__ != "_do_run":
            # See `repairs`: the first run of a process is another method, which removes itself.
            with tf.Session(graph=tf.Graph()) as first:
                with first.graph.as_default():
                    first.run(tf.constant(0))
        for name in ("_do_run", "_make_callable_from_options", "close"):
            before = getattr(session, name)
            setattr(session, name, getattr(self, f"_watched{name}")(before))
            self._stack.callback(setattr, session, name, before)
        self._stack.enter_context(self._calls.watching())
        return self

    def __exit__(self, kind: Any, *unused: Any) -> None:
        """Sessions that are still open are treated as if they closed now."""
        self.is_complete = self.is_complete and (kind is None or issubclass(kind, SystemExit))
        try:
            for session in list(self._of_session):
                self._leave(session)
        finally:
            self._stack.close()

    @property
    def observed(self) -> List[Run]:
        """All kinds of runs so far, in the order of their first run."""
        runs = [run for kind in list(self._kinds.values()) for run in kind.runs.values()]
        return sorted(runs, key=lambda run: run.first)

    def of(self, graph: Any) -> List[Run]:
        """The kinds of runs of one graph."""
        return [run for run in self.observed if run.graph is graph]

    @property
    def graphs(self) -> List[Any]:
        """The graphs of which something ran, in this order."""
        return list({id(run.graph): run.graph for run in self.observed}.values())

    def facts(self, graph: Any) -> Facts:
        """What `explain` can use of the runs of one graph."""
        return observe_facts.of_runs(
            self.of(graph),
            restored=self._calls.restored.get(graph, []),
            collected=self._calls.collected.get(graph, []),
            is_complete=self.is_complete,
        )

    def forget(self, graph: Any) -> None:
        """Drops what is known of a graph, and the graph itself, to save memory."""
        with self._lock:
            for key, kind in list(self._kinds.items()):
                if kind.fetches[0].graph is graph:
                    del self._kinds[key]
        self._calls.restored.pop(graph, None)
        self._calls.collected.pop(graph, None)

    def _watched_do_run(self, before):
        observer = self

        def _do_run(self, handle, target_list, fetch_list, feed_dict, options, run_metadata):
            given = (options, run_metadata)
            if handle is not None or getattr(observer._own, "busy", False):
                return before(self, handle, target_list, fetch_list, feed_dict, *given)
            run, extra = observer._start(self, (*target_list, *fetch_list), feed_dict)
            if extra:
                fetch_list = [*fetch_list, *extra]
            try:
                results = before(self, handle, target_list, fetch_list, feed_dict, *given)
            except BaseException:
                run.count -= 1  # for example at the end of the data
                raise
            if extra:
                results, more = results[: -len(extra)], results[-len(extra) :]
                run.from_sources = dict(zip(extra, more))
            observer._enough()
            return results

        return _do_run

    def _watched_make_callable_from_options(self, before):
        """Keras makes a function of its fetches once, and calls it with arrays for the feeds."""
        observer = self

        def _make_callable_from_options(self, callable_options):
            function, graph = before(self, callable_options), self.graph
            names = [*callable_options.fetch, *callable_options.target]
            fetches = [graph.as_graph_element(name) for name in names]
            feeds = [graph.as_graph_element(name) for name in callable_options.feed]

            def call(*args, **kwargs):
                if not getattr(observer._own, "busy", False):
                    feed = {tensor.ref(): value for tensor, value in zip(feeds, args)}
                    observer._start(self, fetches, feed, may_fetch=False)
                results = function(*args, **kwargs)
                observer._enough()
                return results

            return call

        return _make_callable_from_options

    def _watchedclose(self, before):
        observer = self

        def close(self):
            if not self._closed:
                observer._leave(self)
            before(self)

        return close

    def _start(self, session, fetches, feed_dict, may_fetch=True):
        """Counts a run. Returns its kind, and the tensors to fetch in addition."""
        scalars = []
        for reference, value in feed_dict.items():
            if getattr(value, "ndim", None) == 0 and value.dtype.kind in "bif":
                scalars.append((reference.deref(), value.item()))
        key = tuple(map(id, fetches))
        with self._lock:
            self.runs += 1
            kind = self._kinds.get(key)
            if kind is None:
                if len(self._kinds) >= _KINDS or not fetches:
                    return Run(fetches, {}), ()
                kind = self._kinds[key] = _Fetches(fetches)
            if kind.sources is None:
                kind.find_sources([reference.deref() for reference in feed_dict])
            kind.count += 1
            run = kind.run_of(scalars)
            run.count, run.first, run.last = run.count + 1, run.first or self.runs, self.runs
            run.fed = feed_dict
            if len(run.shapes) < _MANY:
                run.shapes[tuple([getattr(a, "shape", ()) for a in feed_dict.values()])] += 1
            self._of_session.setdefault(session, {})[kind] = None
        # In the runs 1, 2, 4, 8, ... so that the batch is a late one, and the cost none.
        is_due = may_fetch and not run.count & (run.count - 1)
        return run, kind.sources if is_due else ()

    def _enough(self):
        if self._after is not None and self.runs >= self._after:
            self._after = None  # what the program still runs when it ends is not stopped
            self.is_complete = False
            if threading.current_thread() is not threading.main_thread():
                importlib.import_module("_thread").interrupt_main()
            else:
                raise Enough()

    def _leave(self, session):
        """Lets `at_close` look at a session that is about to close."""
        kinds = self._of_session.pop(session, None)
        if not kinds or not self._at_close or getattr(self._own, "busy", False):
            return
        self._own.busy = True
        try:
            self._at_close(session, list(itertools.chain(*(kind.runs.values() for kind in kinds))))
        finally:
            self._own.busy = False
