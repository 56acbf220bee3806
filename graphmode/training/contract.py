"""What a model tells the training loop: which updates make a step, and what to show."""

from typing import Any, Callable, Mapping, NamedTuple, Optional, Sequence


class Update(NamedTuple):
    """One run of the session.

    Attributes:
        op: an op or a tensor. Ops that must share one batch are grouped into one.
        scalars: name -> scalar tensor that is fetched in the same run. With an op from
            `variables.minimize` it is the value before the update.
        repeat: how many times in a row the update runs in each step, each time on the op's next
            batch. The scalars are fetched in the last of these runs.
    """

    op: Any
    scalars: Mapping[str, Any] = {}
    repeat: int = 1


class Phase(NamedTuple):
    """A part of the training with the same updates in each step, which run in this order."""

    name: str
    steps: int
    updates: Sequence[Update]


class Model(NamedTuple):
    """A model as `fit` sees it.

    Attributes:
        phases: they follow one another.
        images: name -> [N, height, width(, 1 or 3)] in [0, 1]. Every `display_freq` steps the
            first batch is fed and the images become a grid in samples/.
        feed: batch number -> feed_dict, a pure function, so that a resumed run continues with the
            right batch; None for queues. The runs of one op get the batches 0, 1, 2, ... through
            all phases, whatever other ops run between them.
        columns: the scalars that come first in scalars.csv. The others follow in the order of the
            updates.
        alarms: functions of the rows of scalars.csv that this process has written (dictionaries
            of numbers, `step` among them). An alarm returns a line about what goes wrong, or None.
            The progress bar shows the line while it lasts, the report keeps it.
        notes: lines for the report, for example about files that were skipped.

    The graph's tf.summary ops are fetched with the last update of a step.

    Schedules read tf.train.get_or_create_global_step(). The loop increases it after the last
    update of each step; optimizers must not.
    """

    phases: Sequence[Phase]
    images: Mapping[str, Any] = {}
    feed: Optional[Callable[[int], dict]] = None
    columns: Sequence[str] = ()
    alarms: Sequence[Callable[[list], Optional[str]]] = ()
    notes: Sequence[str] = ()

    @property
    def steps(self) -> int:
        """Steps of all phases."""
        return sum(phase.steps for phase in self.phases)

    @property
    def scalars(self) -> Sequence[str]:
        """Names of all scalars, in the order of the columns of scalars.csv."""
        updates = [update for phase in self.phases for update in phase.updates]
        names = [*self.columns, *(name for update in updates for name in update.scalars)]
        return list(dict.fromkeys(names))
