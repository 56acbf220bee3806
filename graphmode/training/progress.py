"""The progress bar of a program that trains, and the signals that it receives."""

import signal
import sys
import threading
import time
from typing import Mapping, Optional, Sequence

import tqdm

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


class Signals:
    """While it is open, SIGINT and SIGTERM only set `received`. The loop reads it between steps.

    A second SIGINT raises KeyboardInterrupt at once.
    """

    received: Optional[int] = None

    def __enter__(self):
        self._old = {}
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._old[number] = signal.signal(number, self._note)
        return self

    def _note(self, number, frame):
        if self.received and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.received = number

    def __exit__(self, *error):
        for number, handler in self._old.items():
            signal.signal(number, handler)
