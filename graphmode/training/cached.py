"""Small networks for evaluation: each is trained once on this machine and kept in the cache."""

import fcntl
import os
import pathlib
import sys
from typing import Any, Callable

from graphmode import downloads, sessions, training
from graphmode.training import run_folder


def run(
    name: str, what: str, owner: Any, build: Callable[[Any], training.Model], **values
) -> pathlib.Path:
    """The folder of a trained network in the cache. It is trained first if there is none.

    A training that was interrupted is continued. Another process that needs the same network
    waits.

    Args:
        name: of the folder. It should contain a checksum of the training data.
        what: names the network on stderr, for example "classifier of mnist".
        owner: the class of its settings, a subclass of `config.Run`.
        build: function of the settings that builds the graph.
        values: settings other than the defaults.

    Raises:
        InputError: see `training.fit`.
    """
    folder = downloads.cache_folder() / name
    if folder.exists():
        return folder
    sys.stderr.write(f"There is no {what} yet: training one in {folder}\n")
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = folder.with_name(f"{folder.name}.unfinished")
    with open(str(folder.with_name(f".{folder.name}.lock")), "a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.stderr.write("another process is training it: waiting\n")
            fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            begun = run_folder.last_step(unfinished) > 0
            own = owner(output_dir=str(unfinished), resume=begun, overwrite=not begun, **values)
            with sessions.graph(own):
                training.fit(build(own), own)
            os.rename(own.output_dir, str(folder))
    return folder
