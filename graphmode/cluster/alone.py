"""A process alone, and which crew this process belongs to."""

import contextlib
from typing import Any, Iterator, Mapping, Tuple

from graphmode.errors import InputError


class Alone:
    """A process that trains alone. `crew.Crew` overrides what differs for one of several.

    Attributes:
        rank: the number of this worker, from 0. Worker 0 is the chief: its settings, first weights
            and checkpoints count, and it alone writes the run's folder.
        count: the number of workers.
        accumulate: runs of an update for one step of its optimizer.
        batch: examples of this worker in one run of the session; 0 if it does not matter.
    """

    rank, count, accumulate, batch = 0, 1, 1, 0

    @property
    def chief(self) -> bool:
        return self.rank == 0

    @property
    def parts(self) -> int:
        """How many parts a batch has: over all workers, and over the runs of a step."""
        return self.count * self.accumulate

    def whole(self, config):
        """The settings of the whole run, from those of this worker."""
        return config

    @contextlib.contextmanager
    def building(self) -> Iterator[None]:
        """While it lasts, optimizers and batch norms add this worker's ops to graphs."""
        yield

    def averaged(self, gradients):
        """[(gradient, variable), ...] as an optimizer will apply them; with --accumulate a part."""
        return gradients

    def prepared(self, model, config):
        """The model as this worker trains it.

        Raises:
            InputError: the settings have a flag that only workers heed.
        """
        for name in ("accumulate", "sync_batch_norm", "exchange"):
            value, default = getattr(config, name), getattr(type(config), name)
            if value != default:
                raise InputError(
                    f"--{name} {value} is for programs that are started as workers: "
                    f"./run.sh --workers 1 {config.PROGRAM} ... (docs/scaling.md)"
                )
        return model

    def session(self, open_session, precision):
        """A tf.Session for training."""
        return open_session(precision)

    def begin(self, session, model, first: int, images: int) -> Tuple[int, int]:
        """Gives all workers the chief's variables, (first step, images that it has taken)."""
        return first, images

    def began(self, folder) -> None:
        """Called when the run's folder is ready."""

    def agreed(self, session, values: Mapping[str, float], signals) -> Mapping[str, float]:
        """The scalars of a step, means over all workers. Signals reach everybody."""
        return values

    def heard(self, signals) -> Any:
        """The signal that ends the training for all workers, or None."""
        return signals.received

    def failed(self, error, run) -> None:
        """Raises Stopped for a tf.errors.OpError in a step that says that a worker is gone."""

    def ended(self, run) -> None:
        """Called after the last step."""


_NOW = [Alone()]


def here() -> Alone:
    """The crew member that this process is now."""
    return _NOW[-1]


@contextlib.contextmanager
def current(member: Alone) -> Iterator[None]:
    """While it lasts, `here()` returns `member`."""
    _NOW.append(member)
    try:
        yield
    finally:
        _NOW.pop()
