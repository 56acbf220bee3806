"""The project's programs in processes of their own, and what counts as a fault of one."""

import dataclasses
import importlib
import multiprocessing
import os
import pathlib
import re
import resource
import signal
import time
import traceback
from typing import Any, Callable, List, Sequence

from graphmode import files
from graphmode.runner import programs

ROOT = pathlib.Path(__file__).parents[2]
LIMIT = 120.0  # seconds of a short program; more is a hang
MEMORY = 16 << 30  # bytes of address space of a program that gets wild flags
ENDINGS = (0, 1, 2)  # the exit statuses of a program that nobody interrupts
# What libraries write by themselves: TensorFlow's and absl's log lines, Python's warnings.
NOISE = re.compile(r"^(?:[IWEF]\d{4} |20\d\d-\d\d-\d\d .*: [IWEF] |WARNING|.*Warning: )", re.M)
FORK = multiprocessing.get_context("forkserver")
FORK.set_forkserver_preload(["tests.campaign.preloaded"])


@dataclasses.dataclass
class Ended:
    """A process that has ended.

    Attributes:
        status: exit status; minus the number of a signal that ended it; None if it was hanging.
        output: stdout and stderr.
    """

    status: Any
    output: str

    def last_line(self) -> str:
        """The last line of the output, without earlier states of a progress bar."""
        lines = [line for line in re.split(r"[\r\n]", self.output) if line.strip()] or [""]
        return lines[-1]


class Started:
    """A program, or another function, in a process of its own.

    Args:
        log: a file for the process's stdout and stderr.
        target: a function that can be pickled.
        args: its arguments.
    """

    def __init__(self, log: pathlib.Path, target: Callable, *args):
        self.log = log
        log.write_bytes(b"")
        self.process = FORK.Process(target=_inside, args=(str(log), target, args))
        self.process.start()

    def running(self) -> bool:
        return self.process.is_alive()

    def send(self, number: int) -> None:
        if self.running():
            os.kill(self.process.pid, number)

    def ended(self, seconds: float = LIMIT) -> Ended:
        """Waits for the end. A process that lasts longer is killed."""
        self.process.join(seconds)
        status = self.process.exitcode
        if status is None:
            self.process.kill()
            self.process.join()
        return Ended(status, self.log.read_text(encoding="utf-8", errors="replace"))


def _inside(log, target, args):
    """Runs a function in the new process as `python -m` would."""
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        target(*args)
    except Exception:
        # multiprocessing would end with status 1, which a program may also have for a good reason.
        traceback.print_exc()
        os._exit(70)


def start(program: str, flags: Sequence[str], log: pathlib.Path, memory: int = 0) -> Started:
    """Starts a program of this project with its flags.

    Args:
        memory: limit of its address space in bytes; 0 for none.
    """
    return Started(log, _main, program, list(flags), memory)


def run(program: str, flags: Sequence[str], log: pathlib.Path, **more) -> Ended:
    """Runs a program until its end."""
    return start(program, flags, log, **more).ended()


def _main(program, flags, memory):
    if memory:
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    file = programs.programs().get(program)
    name = f"{program}.__main__" if file and file.name == "__main__.py" else program
    importlib.import_module(name).main(flags)


def faults(ended: Ended, folder: pathlib.Path, allowed: Sequence[int] = ENDINGS) -> List[str]:
    """What is wrong with a process that has ended: hangs, tracebacks, noise, files left over.

    Args:
        folder: the folder of its run.
        allowed: the exit statuses that it may have.
    """
    found = []
    if ended.status is None:
        found.append("hangs: " + ended.last_line())
    elif ended.status not in allowed:
        found.append(f"status {ended.status}: {ended.last_line()}")
    if "Traceback (most recent call last)" in ended.output:
        found.append("traceback: " + ended.last_line())
    if ended.status == 2 and (noise := NOISE.search(ended.output)):
        found.append("noise before the one line: " + ended.output[noise.start() :].split("\n")[0])
    return found + [f"left over: {name}" for name in leftovers(folder)]


def leftovers(folder: pathlib.Path) -> List[str]:
    """The files in a run's folder whose names say that they were not finished."""
    pattern = re.compile(
        re.escape(files.UNFINISHED) + r"|tempstate|checkpoint\.tmp|^\.report|\.part$"
    )
    return sorted(path.name for path in folder.rglob("*") if pattern.search(path.name))


def until(condition: Callable[[], Any], seconds: float = LIMIT) -> None:
    """Waits until the condition holds, or the time is over."""
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.005)
