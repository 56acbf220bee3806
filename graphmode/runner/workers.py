"""Starts a program as several workers on this machine: `./run.sh --workers N MODULE [flags]`.

Each worker gets a GPU of CUDA_VISIBLE_DEVICES, or its part of the cores. Worker 0, the chief, has
the terminal; the output of the others goes to worker-N.log in the run's folder. Signals are passed
on to all. If one ends, the others get a minute to save and end. None outlives this process.

TensorFlow's servers listen to all networks and do what they are told. Therefore the workers get a
network of their own, a namespace of Linux, which has nothing but a loopback device. Where that is
not allowed, `--trusted_network` is needed.
"""

import argparse
import ctypes
import fcntl
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence

from graphmode.errors import InputError, one_line

GRACE = 60  # seconds that the others get to save and end when a worker has ended
SHORT = 10  # the same when the chief has ended, which alone saves
POLL = 0.1  # seconds between two looks at the workers
_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000  # flags of unshare, from linux/sched.h
_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG, from linux/prctl.h
_GET_FLAGS, _SET_FLAGS, _UP = 0x8913, 0x8914, 1  # SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP


# The network


def private_network() -> bool:
    """Moves this process and its children into a network of their own; False if not allowed."""
    unshare = getattr(ctypes.CDLL(None), "unshare", None)
    if not unshare:
        return False
    try:
        user, group = os.getuid(), os.getgid()
        if user != 0 or unshare(_NEW_NETWORK):
            if unshare(_NEW_USER | _NEW_NETWORK):
                return False
            pathlib.Path("/proc/self/setgroups").write_text("deny")
            # The same numbers as outside
            pathlib.Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
            pathlib.Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
        _start_loopback()
    except OSError:
        return False
    return True


def _start_loopback():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sh", b"lo", 0) + bytes(22)
        name, flags = struct.unpack("16sh", fcntl.ioctl(any_socket, _GET_FLAGS, request)[:18])
        fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack("16sh", name, flags | _UP) + bytes(22))


def held_ports(count: int) -> list[socket.socket]:
    """Sockets with free ports of loopback. They hold the ports until the workers take them."""
    held = []
    for _ in range(count):
        one = socket.socket()
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        one.bind(("127.0.0.1", 0))
        held.append(one)
    return held


# The workers


def shares(count: int) -> list[tuple[set[int], str | None]]:
    """(cores, CUDA_VISIBLE_DEVICES or None) of each worker.

    Raises:
        InputError: there are more workers than GPUs.
    """
    gpus = [gpu for gpu in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if gpu]
    gpus = [] if "-1" in gpus else gpus
    if gpus and count > len(gpus):
        raise InputError(
            f"--workers {count}: {len(gpus)} GPUs were chosen ({','.join(gpus)}); "
            "choose as many, for example --gpu 0,1, or --gpu cpu"
        )
    cores = sorted(os.sched_getaffinity(0))
    parts = [set(cores[rank::count] or cores) for rank in range(count)]
    return [(part, gpus[rank] if gpus else None) for rank, part in enumerate(parts)]


class Worker:
    """One worker's process, and its output.

    Args:
        log: the file that gets its output; None for the chief, which has the terminal.
    """

    def __init__(self, rank: int, environment: dict, command: Sequence[str], cores, log):
        self.rank, self.log = rank, log
        output = log.open("wb") if log else None
        # The chief saves if this process is killed. The others have nothing to save.
        death = signal.SIGKILL if rank else signal.SIGTERM
        libc = ctypes.CDLL(None)

        def begin():
            os.sched_setaffinity(0, cores)
            if hasattr(libc, "prctl"):
                libc.prctl(_DEATH_SIGNAL, death)

        self.process = subprocess.Popen(
            command,
            env=environment,
            start_new_session=True,  # Ctrl-C in the terminal reaches it through this process
            stdin=None if rank == 0 else subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT if output else None,
            preexec_fn=begin,
        )

    def send(self, number: int) -> None:
        if self.process.poll() is None:
            self.process.send_signal(number)

    def last_line(self) -> str:
        """The last line of its output that is not empty."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log else []
        return next((line for line in reversed(lines) if line.strip()), "no output")


class Group:
    """All workers of one attempt. `status` waits for them and returns the exit status."""

    grace = GRACE

    def __init__(
        self,
        count: int,
        command: Sequence[str],
        folder: pathlib.Path,
        private: bool,
        program: Sequence[str] = (sys.executable, "-m", "graphmode.cluster"),
    ):
        self._folder, self.told = folder, folder / "folder"
        self._held, self._said = held_ports(count), False
        addresses = [f"127.0.0.1:{one.getsockname()[1]}" for one in self._held]
        self.workers = []
        for rank, (cores, gpu) in enumerate(shares(count)):
            task = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": rank}}
            environment = {
                **os.environ,
                "TF_CONFIG": json.dumps(task),
                "TF_GRPC_REUSE_PORT": "1",
                "GRAPHMODE_WORKERS": "private" if private else "open",
                "GRAPHMODE_WORKERS_FOLDER": str(self.told),
            }
            if gpu is not None:
                environment["CUDA_VISIBLE_DEVICES"] = gpu
            log = folder / f"worker-{rank}.log" if rank else None
            self.workers.append(Worker(rank, environment, [*program, *command], cores, log))

    def status(self) -> int:
        """The chief's exit status if it is not 0, else that of the first worker that failed."""
        ended = 0.0
        while alive := [w for w in self.workers if w.process.poll() is None]:
            time.sleep(POLL)
            self._copy_logs()
            bad = self._say_bad()
            chief_ended = self.workers[0].process.returncode is not None
            if bad or chief_ended:
                ended = ended or time.monotonic()
            if ended and time.monotonic() > ended + (SHORT if chief_ended else self.grace):
                for worker in alive:
                    worker.send(signal.SIGKILL)
        self._say_bad()
        self._copy_logs()
        codes = [worker.process.returncode for worker in self.workers]
        code = codes[0] or next((code for code in codes if code), 0)
        return 128 - code if code < 0 else code

    def _say_bad(self):
        """Names the first worker that failed, with its last words; whether there is one."""
        bad = [worker for worker in self.workers if worker.process.poll()]
        if bad and not heard and not self._said:
            self._say(bad[0])
            self._said = True
        return bool(bad)

    def _say(self, worker):
        code = worker.process.returncode
        if worker.rank == 0 and code > 0:
            return  # it has the terminal, and has said it there
        how = f"signal {-code}" if code < 0 else f"status {code}"
        last = f": {worker.last_line()}" if worker.rank and code > 0 else ""
        print(f"run.sh: worker {worker.rank} has ended ({how}){last}", file=sys.stderr, flush=True)

    def _copy_logs(self):
        """Puts the workers' logs into the run's folder, as soon as the chief has made it."""
        if not self.told.exists():
            return
        target = pathlib.Path(self.told.read_text())
        for worker in self.workers[1:]:
            there = target / worker.log.name
            size = there.stat().st_size if there.exists() else -1
            if target.is_dir() and size != worker.log.stat().st_size:
                shutil.copyfile(worker.log, there)

    def kill(self) -> None:
        for worker in self.workers:
            worker.send(signal.SIGKILL)


# The launcher

heard: list[int] = []  # the signals that this process has received


def again(flags: Sequence[str], saved: bool) -> list[str]:
    """The flags that continue the run from its last checkpoint, or start it again without one."""
    if not saved:
        return [*flags, *([] if {"--resume", "--overwrite"} & {*flags} else ["--overwrite"])]
    kept, rest = [], list(flags)
    while rest:
        flag = rest.pop(0)
        if flag in ("--checkpoint", "--overwrite", "--resume"):
            rest = rest[1:] if flag == "--checkpoint" else rest
        elif not flag.startswith("--checkpoint="):
            kept.append(flag)
    return [*kept, "--resume"]


def launch(count: int, restarts: int, private: bool, command: Sequence[str]) -> int:
    """Runs all workers, again if they fail: the exit status."""
    module, *flags = command
    while True:
        with tempfile.TemporaryDirectory(prefix="workers-") as folder:
            group = Group(count, [module, *flags], pathlib.Path(folder), private)

            def pass_on(number, frame, group=group):
                heard.append(number)
                for worker in group.workers:
                    worker.send(number)

            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                if signal.getsignal(number) != signal.SIG_IGN:
                    signal.signal(number, pass_on)
            try:
                status = group.status()
            finally:
                group.kill()
            run = pathlib.Path(group.told.read_text()) if group.told.exists() else None
        # 2 is a mistake in the flags or the data, which would come again.
        if status in (0, 2) or heard or restarts == 0:
            return status
        restarts -= 1
        if run:
            flags = again(flags, saved=any(run.glob("model.ckpt-*.index")))
        print(f"run.sh: starting again ({restarts} restarts left)", file=sys.stderr, flush=True)


def joined(cluster: str, task: int | None) -> dict[str, str]:
    """The environment of a worker of several machines, whose addresses --cluster names.

    Raises:
        InputError: --cluster or --task is wrong.
    """
    if cluster == "slurm":
        return {"GRAPHMODE_CLUSTER": "slurm"}
    places = cluster.split(",")
    if not all(re.fullmatch(r"[^\s,\"]+:[0-9]+", place) for place in places):
        raise InputError(f"--cluster needs HOST:PORT,HOST:PORT... or slurm, not {cluster!r}")
    if task is None or not 0 <= task < len(places):
        raise InputError(
            f"--cluster {cluster} needs --task, the number of this machine in the list: "
            f"0 to {len(places) - 1}" + ("" if task is None else f", not {task}")
        )
    described = {"cluster": {"worker": places}, "task": {"type": "worker", "index": task}}
    return {"TF_CONFIG": json.dumps(described)}


def _number(text: str) -> int:
    if not re.fullmatch("[0-9]{1,4}", text):
        raise argparse.ArgumentTypeError(f"a number is needed, not {text!r}")
    return int(text)


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        raise InputError(message)


def main(arguments: Sequence[str]) -> None:
    """`[--workers N | --cluster PLACES --task K] [options] MODULE [flags]`."""
    parser = _Parser(prog="run.sh", add_help=False, allow_abbrev=False)
    for name in ("workers", "restarts", "task"):
        parser.add_argument(f"--{name}", type=_number)
    parser.add_argument("--cluster")
    parser.add_argument("--trusted_network", action="store_true")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    with one_line("run.sh"):
        given = parser.parse_args(arguments)
        if given.cluster and given.workers is None:
            os.environ.update(joined(given.cluster, given.task))
            os.execv(sys.executable, [sys.executable, "-m", "graphmode.cluster", *given.command])
        if not given.workers or given.cluster or given.task is not None:
            raise InputError(
                "--workers N starts N workers on this machine, --cluster and --task one of several "
                "machines: use one of the two"
            )
        private = not given.trusted_network
        if given.workers > 1 and private and not private_network():
            raise InputError(
                "--workers: this system does not allow the workers a network of their own, and "
                "TensorFlow's servers obey everybody who can reach this machine: if its networks "
                "are trusted, add --trusted_network"
            )
        sys.exit(launch(given.workers, given.restarts or 0, private, given.command))


if __name__ == "__main__":
    main(sys.argv[1:])
