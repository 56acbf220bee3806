"""The other workers: waiting until they have started, and noticing that one has gone or hangs."""

import concurrent.futures
import re
import socket
import sys
import threading
import time
from typing import Callable, List, Optional

from graphmode.cluster.addresses import Place
from graphmode.errors import InputError, cause

START = 300  # seconds that the others may take to start: importing, reading, a queue of SLURM
NAMED = 10  # seconds after which those are named that are waited for
PAUSE = 1.0  # seconds between two looks at the others
# The beginning of HTTP/2, and empty settings. A gRPC server answers with its own settings.
HELLO = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])


def answers(address: str, patience: float) -> bool:
    """Whether the server at "host:port" says something within so many seconds.

    The system accepts connections for a process that hangs, so the process itself must answer.
    """
    host, port = address.rsplit(":", 1)
    try:
        with socket.create_connection((host.strip("[]"), int(port)), patience) as connection:
            connection.sendall(HELLO)
            return bool(connection.recv(9))
    except OSError:
        return False


class Peers:
    """The other workers as this one sees them.

    Args:
        place: the addresses of all, and the number of this worker.
        patience: seconds after which a worker that does not answer counts as gone.
    """

    def __init__(self, place: Place, patience: float):
        self._addresses, self._rank, self._patience = place.addresses, place.rank, patience
        self._gone: List[int] = []

    def name(self, rank: int) -> str:
        return f"worker {rank} at {self._addresses[rank]}"

    def wait(self) -> None:
        """Waits until all servers answer: TensorFlow's first exchange would wait for ever.

        Raises:
            InputError: one does not answer. The message names it.
        """
        begun = time.monotonic()
        said = False
        for rank in self._others():
            while not answers(self._addresses[rank], 1.0):
                waited = time.monotonic() - begun
                if waited > START:
                    raise InputError(
                        f"{self.name(rank)} has not answered for {START} s: "
                        "look at its output, and at the firewall between the machines"
                    )
                if waited > NAMED and not said:
                    said = True
                    sys.stderr.write(f"waiting for {self.name(rank)}\n")
                time.sleep(0.2)

    def _others(self):
        return [rank for rank in range(len(self._addresses)) if rank != self._rank]

    def look(self) -> Optional[int]:
        """The number of a worker that does not answer, or None.

        The chief looks at all, the others at the chief.
        """
        watched = self._others() if self._rank == 0 else [0]
        if not self._gone:
            self._gone = self._silent(watched)
        return self._gone[0] if self._gone else None

    def _silent(self, ranks):
        wait = 0.7 * self._patience  # connecting and answering, so both within the patience
        with concurrent.futures.ThreadPoolExecutor(len(ranks)) as pool:
            alive = pool.map(lambda rank: answers(self._addresses[rank], wait), ranks)
            return [rank for rank, good in zip(ranks, alive) if not good]

    def missing(self, message: str) -> str:
        """Who is gone, in words, after an exchange has failed with this message."""
        named = [int(rank) for rank in re.findall(r"/job:worker/\S*task:(\d+)", message)]
        gone = self._gone or self._silent(self._others())
        gone = gone or [rank for rank in named if rank != self._rank][-1:]
        if not gone:
            return f"the exchange with the other workers failed ({cause(message)})"
        names = " and ".join(map(self.name, gone))
        return f"{names} {'is' if len(gone) == 1 else 'are'} gone or does not answer"


class Watch:
    """While it is open, a thread looks at the other workers; if one is gone, it calls `cut`."""

    def __init__(self, peers: Peers, cut: Callable[[], None]):
        self._peers, self._cut = peers, cut
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def _look(self):
        while not self._over.wait(PAUSE):
            if self._peers.look() is not None and not self._over.is_set():
                time.sleep(PAUSE)  # the exchange itself may already have said it
                if not self._over.is_set():
                    self._cut()
                return

    def __enter__(self):
        self._thread.start()
        return self

    def stop(self) -> None:
        self._over.set()

    def __exit__(self, *error):
        self.stop()
