"""Runs a program as one of several workers: `python -m graphmode.cluster MODULE [flags]`.

run.sh does this after `--workers` and `--cluster`, and where TF_CONFIG describes several workers.
Worker 0, the chief, runs the program as usual. The others take its settings, train with it in a
folder that is deleted afterwards, and end.
"""

import os
import runpy
import sys
import tempfile
from typing import Any, Callable, List, Sequence

if os.environ.get("TF_CPP_MIN_LOG_LEVEL", "1") == "1":
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"  # TensorFlow reports each lost connection at length

from graphmode import cli, cluster, sessions  # noqa: E402
from graphmode.cluster import addresses  # noqa: E402
from graphmode.cluster.crew import Crew  # noqa: E402
from graphmode.errors import InputError, one_line  # noqa: E402

# What only the chief may do with the folders that its flags name.
OF_CHIEF = ("--output_dir", "--checkpoint", "--resume", "--overwrite")


def of_follower(flags: Sequence[str], folder: str) -> List[str]:
    """The flags of a worker that is not the chief: as given, but it writes to `folder`."""
    kept: List[str] = []
    rest = list(flags)
    while rest:
        flag = rest.pop(0)
        if flag.split("=")[0] not in OF_CHIEF:
            kept.append(flag)
        elif flag in ("--output_dir", "--checkpoint"):
            rest = rest[1:]
    return [*kept, "--output_dir", folder]


def joined(train: Callable[[Any], None], place: addresses.Place, folder: str):
    """The function of the mode train, on this worker's part of each batch."""

    def train_together(config):
        crew = Crew(place, config, folder)
        own = crew.own(config)
        with cluster.current(crew), sessions.graph(own):
            train(own)
        if not crew.chief:
            raise SystemExit(0)

    return train_together


def alone(function: Callable[[Any], None]):
    """The function of another mode, which the chief runs after training, and nobody else."""

    def after_training(config):
        if config.mode != "train":
            raise InputError(
                f"--mode {config.mode} needs one process: run it without --workers and --cluster"
            )
        function(config)

    return after_training


def run(module: str, flags: Sequence[str], place: addresses.Place, folder: str) -> None:
    """Runs the program with its flags. `cli.main` gets other functions for its modes."""
    plain = cli.main

    def main(owner, modes, *others, **named):
        own = {mode: alone(function) for mode, function in modes.items()}
        own["train"] = joined(modes["train"], place, folder)
        plain(owner, own, *others, **named)

    def tool(program, *others, **named):
        with one_line(program):
            raise InputError("this program does not train with workers: run it without them")

    cli.main, cli.tool = main, tool
    sys.argv = [module, *(of_follower(flags, folder) if place.rank else flags)]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def main(arguments: Sequence[str]) -> None:
    module, *flags = arguments
    with one_line("run.sh"):
        place = addresses.found()
    if len(place.addresses) == 1 and "GRAPHMODE_WORKERS" not in os.environ:
        sys.argv = [module, *flags]
        runpy.run_module(module, run_name="__main__", alter_sys=True)
        return
    # Below the launcher's folder, which is deleted even if this process is killed.
    above = os.path.dirname(os.environ.get("GRAPHMODE_WORKERS_FOLDER", "")) or None
    with tempfile.TemporaryDirectory(prefix="worker-", dir=above) as folder:
        run(module, flags, place, folder)


if __name__ == "__main__":
    main(sys.argv[1:])
