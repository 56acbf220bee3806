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

BATCHES = {"cae": 128, "vae": 128, "gan": 128, "glcic_small": 16, "glcic": 8, "pix2pix_small": 1,
           "pix2pix": 1, "pix2pix_channels_last": 1}  # pictures per step


def main():
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__.split("\n\n")[0])
    parser.add_argument("--batch_size", type=int, default=0, help="(default: 128, GLCIC small 16, GLCIC 8, pix2pix 1)")
    parser.add_argument("--starts", type=int, default=4, help="pairs of fresh processes (default: 4): PyTorch's speed differs "
                        "between starts more than between turns")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each pair (default: 5)")
    parser.add_argument("--steps", type=int, default=30, help="steps in a round (default: 30; a thirtieth of them for GLCIC, "
                        "a tenth for pix2pix)")
    parser.add_argument("--models", nargs="+", choices=list(BATCHES), default=list(BATCHES))
    flags = parser.parse_args()
    if not importlib.util.find_spec("torch"):
        sys.exit("benchmarks: PyTorch is missing: .venv/bin/pip install torch (or pip install '.[benchmarks]')")
    table = {}
    print("{:>22} {:>12} {:>12} {:>8}   spread of the ratio".format("", "ours", "PyTorch", "ratio"))
    for name in flags.models:
        times = {"ours": [], "theirs": []}
        for _ in range(flags.starts):
            steps = max(1, flags.steps // {"glcic": 30, "pix2pix": 10}.get(name.split("_")[0], 1))
            for side, seconds in turns.compare(name, flags.batch_size or BATCHES[name], flags.rounds, steps).items():
                times[side] += seconds
        ratios = [theirs / ours for ours, theirs in zip(times["ours"], times["theirs"])]
        ours, theirs, ratio = map(statistics.median, (times["ours"], times["theirs"], ratios))
        print("{:>22} {:>9.2f} ms {:>9.2f} ms {:>8.2f}   {:.2f} to {:.2f}".format(
            name, ours * 1e3, theirs * 1e3, ratio, min(ratios), max(ratios)))
        table[name] = {**times, "ratio": ratio}
    packages = {name: importlib.metadata.version(name) for name in ("tensorflow", "torch")}
    runs.write_whole("benchmarks.json", json.dumps({"flags": vars(flags), "python": platform.python_version(), **packages,
                                                    "seconds per step": table}, indent=1) + "\n")


if __name__ == "__main__":
    main()
