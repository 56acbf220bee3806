"""The terminal while a program trains: progress shown, signals heard."""

import signal
import sys
import threading
import time

import tqdm


EARLY = 10  # steps after which the time that is left can be told
LONG = 2.0  # hours from which it is worth a word


class Progress:
    """A bar on a terminal; elsewhere a plain line now and then. `shorter` is said if hours are left after the first steps."""

    def __init__(self, first, last, shorter=""):
        self._shorter = shorter
        self._bar = tqdm.tqdm(total=last, initial=first, unit="step", dynamic_ncols=True) if sys.stderr.isatty() else None
        self._first, self._last, self._began, self._next_line = first, last, time.time(), 0.0

    def step(self, step, values, phase, alarms=()):
        """Shows a step done; values: its scalars, or None; alarms: lines, of which the part before the colon is shown."""
        if self._shorter and step == self._first + EARLY:
            hours = (time.time() - self._began) / EARLY * (self._last - step) / 3600
            if hours >= LONG:
                tqdm.tqdm.write("at this rate {:.0f} hours to go; {}".format(hours, self._shorter), file=sys.stderr)
        phase = " ".join([phase] + ["[{}]".format(line.split(":")[0]) for line in alarms])
        if self._bar is not None:
            self._bar.update()
            if values:
                self._bar.set_description(phase, refresh=False)
                self._bar.set_postfix({name: "{:.4g}".format(value) for name, value in values.items()}, refresh=False)
        elif values and (time.time() >= self._next_line or step == self._last):
            self._next_line = time.time() + 10.0
            meter = tqdm.tqdm.format_meter(step, self._last, time.time() - self._began, ncols=0, unit="step",
                                           prefix=phase, initial=self._first)
            numbers = " ".join("{} {:.4g}".format(name, value) for name, value in values.items())
            sys.stderr.write("{} {}\n".format(meter, numbers))

    def close(self):
        if self._bar is not None:
            self._bar.close()


class Signals:
    """While open, SIGINT and SIGTERM only leave a note (`received`), which the loop reads between two steps."""

    received = None

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
