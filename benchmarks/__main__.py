"""Times a training step of each program beside an equal PyTorch model, in turn, on this machine.

Run: `pip install .[benchmarks]`, then `python -m benchmarks`. Both live in processes of their own and take turns, so
that a slow moment of the machine meets both. Prints medians and writes benchmarks.json.
"""

import argparse
import importlib.metadata
import importlib.util
import json
import platform
import statistics
import sys

from benchmarks import turns
from graphmode import runs

MODELS = ("cae", "vae", "gan")


def main():
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__.split("\n\n")[0])
    parser.add_argument("--batch_size", type=int, default=128)
    parser.add_argument("--starts", type=int, default=4, help="pairs of fresh processes (default: 4): PyTorch's speed differs "
                        "between starts more than between turns")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each pair (default: 5)")
    parser.add_argument("--steps", type=int, default=30, help="steps in a round (default: 30)")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=MODELS)
    flags = parser.parse_args()
    if not importlib.util.find_spec("torch"):
        sys.exit("benchmarks: PyTorch is missing: .venv/bin/pip install torch (or pip install '.[benchmarks]')")
    table = {}
    print("{:>6} {:>12} {:>12} {:>8}   spread of the ratio".format("", "ours", "PyTorch", "ratio"))
    for name in flags.models:
        times = {"ours": [], "theirs": []}
        for _ in range(flags.starts):
            for side, seconds in turns.compare(name, flags.batch_size, flags.rounds, flags.steps).items():
                times[side] += seconds
        ratios = [theirs / ours for ours, theirs in zip(times["ours"], times["theirs"])]
        ours, theirs, ratio = map(statistics.median, (times["ours"], times["theirs"], ratios))
        print("{:>6} {:>9.2f} ms {:>9.2f} ms {:>8.2f}   {:.2f} to {:.2f}".format(
            name, ours * 1e3, theirs * 1e3, ratio, min(ratios), max(ratios)))
        table[name] = {**times, "ratio": ratio}
    packages = {name: importlib.metadata.version(name) for name in ("tensorflow", "torch")}
    runs.write_whole("benchmarks.json", json.dumps({"flags": vars(flags), "python": platform.python_version(), **packages,
                                                    "seconds per step": table}, indent=1) + "\n")


if __name__ == "__main__":
    main()
