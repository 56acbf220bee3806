"""Jobs, which are programs in the background: `./run.sh jobs`, `log`, `stop`.

The folder runs/.jobs holds two files for each job. NAME.log is what the program has printed.
NAME.job is its record, a line for each of these words:

    started 2026-01-31 12:00:00
    command gan_book.vae --max_steps 1000
    pid 4711 123456     the process, and when it began (clock ticks since the start of Linux)
    stop stopped        ./run.sh stop was used
    status 0            exit status; 128 + N if signal N ended the program
"""

import datetime
import os
import pathlib
import shutil
import signal
import sys
import time
from typing import NamedTuple

import psutil

from graphmode.errors import InputError, fail, one_line, shown

FOLDER = pathlib.Path("runs/.jobs")
_LATE = 0.3  # seconds between the end of a program and its status in the record
_SAME = 2.0  # seconds; psutil's start times differ by up to 1 s when the clock is corrected


class Job(NamedTuple):
    """What the record of a job says, and the job's process, or None if it has ended."""

    name: str
    record: dict[str, str]
    process: psutil.Process | None

    @property
    def undecided(self) -> bool:
        """The process has ended, but the record does not say how, or does not say it yet."""
        return not self.process and "status" not in self.record

    @property
    def state(self) -> str:
        """For example "running", "done, exit 0" or "stopped, exit 143"."""
        if self.process:
            return "running"
        status = self.record.get("status")
        ended = self.record.get("stop") or ("lost" if status is None else "done")
        return f"{ended}, exit {'unknown' if status is None else status}"


# A process and when it began: a later process may have the same number.


def began(process: psutil.Process) -> str:
    """When a process began: in clock ticks since Linux did; elsewhere in seconds since 1970."""
    if sys.platform.startswith("linux"):  # the ticks do not change when the clock is corrected
        seconds = process.create_time() - psutil.boot_time()
        return str(round(seconds * os.sysconf("SC_CLK_TCK")))
    return f"{process.create_time():.2f}"


def _is(process: psutil.Process, start: str) -> bool:
    """Did this process begin at `start`: ticks, seconds, or the text of `ps -o lstart`?"""
    try:
        if start.isdigit():
            seconds = (int(start) - int(began(process))) / os.sysconf("SC_CLK_TCK")
        elif start.replace(".", "", 1).isdigit():
            seconds = float(start) - process.create_time()
        else:
            text = datetime.datetime.strptime(start, "%a %b %d %H:%M:%S %Y")
            seconds = text.timestamp() - process.create_time()
    except ValueError:
        return False
    return abs(seconds) < _SAME


def _process(line: str) -> psutil.Process | None:
    """The process that a record's pid line names, if it still runs."""
    number, _, start = line.partition(" ")
    if not (number.isascii() and number.isdigit()) or len(number) > 9:
        return None
    try:
        process = psutil.Process(int(number))
        running = process.status() != psutil.STATUS_ZOMBIE and _is(process, start.strip())
    except psutil.Error:
        return None
    return process if running else None


# Records


def path(name: str, suffix: str) -> pathlib.Path:
    """The file NAME.job or NAME.log."""
    return FOLDER / f"{name}.{suffix}"


def note(record: str | pathlib.Path, word: str, value: object) -> None:
    """Appends a line to a record."""
    with open(record, "a", encoding="utf-8", errors="backslashreplace") as file:
        file.write(f"{word} {value}\n")


def here() -> str:
    """The whole name of the folder of the records, for messages."""
    return shown(pathlib.Path.cwd() / FOLDER)


def read(name: str, wait: bool = True) -> Job:
    """Reads the record of a job.

    Args:
        name: for example "vae-1".
        wait: If the program has ended without a status, the record is read again a little later.

    Raises:
        InputError: there is no such job in the current folder.
    """
    if "/" in name or not path(name, "job").is_file():
        raise InputError(f"no job '{shown(name)}' in {here()}; see: ./run.sh jobs")
    record = {}
    for line in path(name, "job").read_text(errors="backslashreplace").split("\n"):
        word, _, value = line.strip().partition(" ")
        record[word] = value
    job = Job(name, record, None if "status" in record else _process(record.get("pid", "")))
    if wait and job.undecided:
        time.sleep(_LATE)
        return read(name, wait=False)
    return job


def _line(name: str, state: str, started: str, command: str) -> str:
    return f"{name:<16} {state:<22} {started:<20} {command}".rstrip()


def show_jobs() -> None:
    """Prints a line for each job in the current folder."""
    print(_line("job", "state", "started", "command"))
    names = sorted(file.stem for file in FOLDER.glob("*.job") if file.is_file())
    if any(read(name, wait=False).undecided for name in names):
        time.sleep(_LATE)  # once for all of them
    for name in names:
        job = read(name, wait=False)
        values = job.name, job.state, job.record.get("started", ""), job.record.get("command", "")
        print(_line(*map(shown, values)))


def show_log(name: str, *flags: str) -> None:
    """Prints what a job has printed; with `-f` also what it prints until it ends."""
    job = read(name)
    if flags not in ((), ("-f",)):
        given = shown(" ".join(flags))
        raise InputError(f"log: '{given}' is unknown; there is only: ./run.sh log JOB [-f]")
    follow = bool(flags)
    with open(path(name, "log"), "rb") as log:
        while True:
            # This is asked before the rest is copied, so that the program's last lines are shown.
            going_on = follow and (job.process is not None and job.process.is_running())
            going_on = going_on and read(name, wait=False).process is not None
            shutil.copyfileobj(log, sys.stdout.buffer)
            sys.stdout.buffer.flush()
            if not going_on:
                return
            time.sleep(0.1)


def stop(name: str) -> None:
    """Sends SIGTERM to a job, on which it saves, and waits RUNS_STOP_WAIT (60) seconds for its end.

    Raises:
        InputError: no such job, or a wrong RUNS_STOP_WAIT.
        SystemExit: status 1 if the job still runs.
    """
    text = os.environ.get("RUNS_STOP_WAIT") or "60"
    if not (text.isascii() and text.isdigit() and len(text) <= 6):
        raise InputError(f"RUNS_STOP_WAIT={shown(text)}: give whole seconds")
    job = read(name)
    if not job.process:
        print(f"{shown(name)} is not running: {job.state}")
        return
    note(path(name, "job"), "stop", "stopped")
    try:
        job.process.terminate()
    except psutil.NoSuchProcess:
        pass  # It has just ended.
    limit = time.monotonic() + int(text)
    while (job := read(name)).process:
        if time.monotonic() >= limit:
            message = (
                f"(process {job.process.pid}) still runs after {int(text)} s; it may be saving"
            )
            ways = f"./run.sh log {name} -f; to end it unsaved: kill -9 {job.process.pid}"
            fail("run.sh", f"{shown(name)} {message}: {ways}", 1)
        time.sleep(0.1)
    print(f"{shown(name)} {job.state}")


def main(arguments: list[str]) -> None:
    """Runs `jobs`, `log JOB [-f]` or `stop JOB`."""
    command, *rest = arguments
    if command != "stop":
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `./run.sh jobs | head` ends quietly
    if command == "log":
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    with one_line("run.sh"):
        if command == "jobs":
            show_jobs()
        elif command == "log":
            show_log(*(rest or [""]))
        else:
            stop(rest[0] if rest else "")


if __name__ == "__main__":
    main(sys.argv[1:])
