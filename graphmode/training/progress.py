"""The progress of long work, training above all, and the signals that end it."""

import signal
import sys
import threading
import time
from typing import Any, Iterable, Iterator, Mapping, Optional, Sequence, Sized

import tqdm

from graphmode import errors

EARLY = 10  # steps after which the time that is left is estimated
LONG = 2.0  # hours that are worth a line
PAUSE = 10.0  # seconds between two lines where stderr is no terminal


class Progress:
    """A progress bar on a terminal, plain lines elsewhere.

    Args:
        first, last: the step that training starts from, and its last step.
        shorter: a line that is shown if hours remain after the first steps.
    """

    def __init__(self, first: int, last: int, shorter: str = ""):
        self._shorter = shorter
        self._bar = None
        if sys.stderr.isatty():
            self._bar = tqdm.tqdm(total=last, initial=first, unit="step", dynamic_ncols=True)
        self._first, self._last = first, last
        self._start, self._next_line = time.time(), 0.0

    def step(
        self,
        step: int,
        values: Optional[Mapping[str, float]],
        phase: str,
        alarms: Sequence[str] = (),
    ) -> None:
        """Shows one step.

        Args:
            values: the step's scalars, or None to leave the old ones.
            alarms: lines; the part before the colon is shown.
        """
        if self._shorter and step == self._first + EARLY:
            hours = (time.time() - self._start) / EARLY * (self._last - step) / 3600
            if hours >= LONG:
                line = f"this run will take {hours:.0f} hours; {self._shorter}"
                tqdm.tqdm.write(line, file=sys.stderr)
        phase = " ".join([phase] + [f"[{line.split(':')[0]}]" for line in alarms])
        if self._bar is not None:
            self._bar.update()
            if values:
                numbers = {name: f"{value:.4g}" for name, value in values.items()}
                self._bar.set_description(phase, refresh=False)
                self._bar.set_postfix(numbers, refresh=False)
        elif values and (time.time() >= self._next_line or step == self._last):
            self._next_line = time.time() + PAUSE
            self._write_line(step, values, phase)

    def _write_line(self, step, values, phase):
        meter = tqdm.tqdm.format_meter(
            step,
            self._last,
            time.time() - self._start,
            ncols=0,
            unit="step",
            prefix=phase,
            initial=self._first,
        )
        numbers = " ".join(f"{name} {value:.4g}" for name, value in values.items())
        sys.stderr.write(f"{meter} {numbers}\n")

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()


def over(items: Iterable[Any], what: str, total: Optional[int] = None) -> Iterator[Any]:
    """Yields the items, and shows how many there were: a bar on a terminal, plain lines elsewhere.

    Work of less than `PAUSE` seconds writes no line where stderr is no terminal.

    Args:
        what: begins the bar and the lines, for example "completing".
        total: the number of items, if they have no length.
    """
    if total is None and isinstance(items, Sized):
        total = len(items)
    if sys.stderr.isatty():
        yield from tqdm.tqdm(items, what, total, leave=False, dynamic_ncols=True)
        return
    start = time.time()
    next_line = start + PAUSE
    for number, item in enumerate(items):
        if time.time() >= next_line:
            next_line = time.time() + PAUSE
            meter = tqdm.tqdm.format_meter(number, total, time.time() - start, ncols=0, prefix=what)
            sys.stderr.write(meter + "\n")
        yield item
    if next_line > start + PAUSE:
        sys.stderr.write(f"{what}: done in {time.time() - start:.0f} s\n")


class Signals:
    """While it is open, SIGINT, SIGTERM and SIGHUP only set `received`.

    The loop reads it between steps. A second SIGINT raises KeyboardInterrupt at once. SIGHUP stays
    ignored if it is (`nohup`, `./run.sh --background`).
    """

    received: Optional[int] = None

    def __enter__(self):
        self._old = {}
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, *errors.ENDING):
                if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                    self._old[number] = signal.signal(number, self._note)
        return self

    def _note(self, number, frame):
        if self.received and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.received = number

    def __exit__(self, *error):
        for number, handler in self._old.items():
            signal.signal(number, handler)
