"""Starts a program as a background job, and keeps the record that `jobs` reads.

run.sh uses `start`. `keep` is the process that this module leaves behind as the program's parent.
"""

import contextlib
import itertools
import os
import pathlib
import shlex
import signal
import subprocess
import sys
import time

import psutil

from graphmode import jobs
from graphmode.errors import InputError, one_line, shown


def quoted(argument: str) -> str:
    """An argument as the shell reads it, on one line."""
    if argument.isprintable():
        return shlex.quote(argument)
    return "$'" + argument.encode("unicode_escape").decode().replace("'", "\\'") + "'"


def _new_record(name: str) -> pathlib.Path:
    """Makes the record of NAME-1, or of NAME-2 if there is a NAME-1, and so on."""
    try:
        jobs.FOLDER.mkdir(parents=True, exist_ok=True)
        for number in itertools.count(1):
            path = jobs.path(f"{name}-{number}", "job").absolute()
            with contextlib.suppress(FileExistsError), path.open("x"):
                break
    except OSError as error:
        raise InputError(
            f"cannot write in {jobs.here()} ({error.strerror}); start from a folder of yours"
        ) from error
    return path


def start(caller: str, name: str, *command: str) -> None:
    """Starts `python -m COMMAND` as job NAME-1, NAME-2, ... and leaves it.

    Args:
        caller: how the user calls run.sh, for the hints that are printed.
        command: a module and its flags.

    Raises:
        InputError: the current folder cannot hold jobs, or the program does not start.
    """
    record = _new_record(name)
    name = record.stem
    text = " ".join(map(quoted, command))
    jobs.note(record, "started", time.strftime("%Y-%m-%d %H:%M:%S"))
    jobs.note(record, "command", text)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # inherited: the program outlives the terminal
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a shell may have set it to be ignored
    log = record.with_suffix(".log")
    with log.open("wb") as output:
        keeper = subprocess.Popen(
            [sys.executable, "-m", "graphmode.runner.background", "keep", str(record), *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    limit = time.monotonic() + 10
    while "\npid " not in record.read_text(errors="replace"):
        if keeper.poll() or time.monotonic() > limit:
            raise InputError(f"{name} did not start; see {shown(log)}")
        time.sleep(0.01)
    print(f"{name} started: {text}")
    for words, meaning in (
        (f"log {name} -f", "follows its output (Ctrl-C leaves it running)"),
        ("jobs", "what runs"),
        (f"stop {name}", "lets it save, and ends it"),
    ):
        print(f"  {quoted(caller)} {words:<18} {meaning}")


def keep(record: str, *command: str) -> None:
    """Runs a program as the parent that notes its process and its exit status in the record."""
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    program = subprocess.Popen([sys.executable, "-m", *command], env=environment)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # the program ends, then its keeper
    jobs.note(record, "pid", f"{program.pid} {jobs.began(psutil.Process(program.pid))}")
    status = program.wait()
    jobs.note(record, "status", status if status >= 0 else 128 - status)


def main(arguments: list[str]) -> None:
    """`start CALLER NAME MODULE [flags]`, or `keep RECORD MODULE [flags]`."""
    with one_line("run.sh"):
        if arguments[0] == "start":
            start(*arguments[1:])
        else:
            keep(*arguments[1:])


if __name__ == "__main__":
    main(sys.argv[1:])
