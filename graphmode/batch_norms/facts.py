"""What a run of a program adds to its graph: how often it ran what, and what it fed."""

import dataclasses
from typing import Any, FrozenSet, Mapping, Optional, Sequence, Tuple

Fetches = FrozenSet[str]  # names of the operations that one session.run fetched


@dataclasses.dataclass(frozen=True)
class Restored:
    """A checkpoint that the program read.

    Attributes:
        checkpoint: its path.
        restore_op: name of the operation that read it, for example "save/restore_all".
        names: the names of all variables in the checkpoint.
        shapes: name -> shape in the checkpoint, where they are known.
    """

    checkpoint: str
    restore_op: str
    names: FrozenSet[str]
    shapes: Mapping[str, Tuple[int, ...]] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Facts:
    """What was observed while a program ran. `explain` needs none of it, but sees more with it.

    Attributes:
        runs: the set of operations that a session.run fetched -> how often it ran. The names are
            those of operations ("train/Adam", not "loss:0"). One session.run of [train_op, loss]
            is one set. Runs that failed do not count.
        fed: placeholder (name of its operation) -> set of fetches, as in `runs` -> value -> how
            often these fetches ran with it. Only scalars, such as the switch between training and
            test; values are Python bools, ints and floats. A run that did not feed the
            placeholder is not counted here, so the default of a placeholder_with_default was used
            in runs[fetches] minus the sum of the counts.
        shapes: placeholder -> set of fetches -> shape of the array that was fed -> how often.
            With it the values per channel are known where the graph leaves the batch size open.
        restored: the checkpoints that the program read, in this order.
        collected: how many update ops the program got from tf.get_collection, in the order of the
            calls: ("file.py", line, scope or None, names of the ops). None: not observed.
        is_complete: False if the observation ended before the program (--after). Then how often
            something ran says nothing about the whole program.
    """

    runs: Mapping[Fetches, int] = dataclasses.field(default_factory=dict)
    fed: Mapping[str, Mapping[Fetches, Mapping[Any, int]]] = dataclasses.field(default_factory=dict)
    shapes: Mapping[str, Mapping[Fetches, Mapping[Tuple[Optional[int], ...], int]]] = (
        dataclasses.field(default_factory=dict)
    )
    restored: Sequence[Restored] = ()
    collected: Optional[Sequence[Tuple[str, int, Optional[str], FrozenSet[str]]]] = None
    is_complete: bool = True

    def values(self, placeholder: str, fetches: Fetches, default: Any = None) -> Mapping[Any, int]:
        """What a placeholder had when these fetches ran: value -> how often.

        Args:
            default: the value of a run that did not feed it.
        """
        seen = dict(self.fed.get(placeholder, {}).get(fetches, {}))
        rest = self.runs[fetches] - sum(seen.values())
        if rest > 0:
            seen[default] = seen.get(default, 0) + rest
        return seen
