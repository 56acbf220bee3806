"""Times a training step of each program beside an equal PyTorch model, in turn, on this machine.

Run: `pip install .[benchmarks]`, then `python -m benchmarks`. Each side lives in a process of its own, and all take turns, so
that a slow moment of the machine meets all of them. Prints medians and writes benchmarks.json.
"""

import argparse
import importlib.metadata
import importlib.util
import json
import platform
import statistics
import sys

import tqdm

from benchmarks import limit, turns
from graphmode import files
from graphmode.report import tables

BATCHES = {"cae": 128, "vae": 128, "gan": 128, "dcgan": 128, "glcic_small": 16, "glcic": 8, "pix2pix_small": 1,
           "pix2pix": 1}  # pictures per step
SLOWER = {"glcic": 30, "pix2pix": 10, "glcic_small": 4, "dcgan": 2}  # how many times fewer steps are a turn
OURS, MIXED = "ours", "ours, mixed"
THEIRS = {"PyTorch": "eager", "channels_last": "channels_last", "autocast": "autocast"}
LIMITS = {OURS: "limit", MIXED: "limit, mixed"}
LEGEND = """Medians. ms of a step; GFLOP of its convolutions and matrix products, and which share of the time they would take at the
speed of products of large matrices; MB, the largest memory of its process. PyTorch / ours: the better of PyTorch's float32 layouts
in each turn, by ours in float32 (range over the turns); autocast / mixed the same in bfloat16; float32 / mixed: ours."""


def sides(name, batch_size):
    """What is compared for one model: label -> what `turns.compare` starts."""
    return {OURS: ("ours", (name, batch_size, "float32")), MIXED: ("ours", (name, batch_size, "mixed")),
            **{label: ("theirs", (name, batch_size, mode)) for label, mode in THEIRS.items()},
            LIMITS[OURS]: ("limit", ("float32",)), LIMITS[MIXED]: ("limit", ("mixed",))}


def row(name, found, work):
    """The table's row of one model from the seconds of its turns."""
    seconds = {label: one["seconds"] for label, one in found.items()}
    middle = {label: statistics.median(values) for label, values in seconds.items()}
    better = [min(pair) for pair in zip(seconds["PyTorch"], seconds["channels_last"])]

    def ratio(slower, faster):
        ratios = [one / other for one, other in zip(slower, faster)]
        return "{:.2f} ({:.2f} to {:.2f})".format(statistics.median(ratios), min(ratios), max(ratios))

    def share(label):
        speed = limit.WORK / middle[LIMITS[label]]
        return "{:.0f} %".format(100 * work / speed / middle[label])
    return {"model": name, **{label: "{:.2f}".format(1e3 * middle[label]) for label in (OURS, MIXED, *THEIRS)},
            "PyTorch / ours": ratio(better, seconds[OURS]), "autocast / mixed": ratio(seconds["autocast"], seconds[MIXED]),
            "float32 / mixed": ratio(seconds[OURS], seconds[MIXED]), "GFLOP": "{:.3g}".format(work / 1e9),
            "of the limit": share(OURS), "mixed": share(MIXED), "MB": "{:.0f}".format(found[OURS]["MB"])}


def main():
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__.split("\n\n")[0])
    parser.add_argument("--batch_size", type=int, default=0, help="(default: 128, GLCIC small 16, GLCIC 8, pix2pix 1)")
    parser.add_argument("--starts", type=int, default=3, help="times that all processes are started (default: 3): PyTorch's "
                        "speed differs between starts more than between turns")
    parser.add_argument("--rounds", type=int, default=4, help="turns of each start (default: 4)")
    parser.add_argument("--steps", type=int, default=30, help="steps in a turn of the fastest models (default: 30; fewer for "
                        "the others)")
    parser.add_argument("--models", nargs="+", choices=list(BATCHES), default=list(BATCHES))
    flags = parser.parse_args()
    if not importlib.util.find_spec("torch"):
        sys.exit("benchmarks: PyTorch is missing: .venv/bin/pip install torch (or pip install '.[benchmarks]')")
    rows, everything = [], {}
    with tqdm.tqdm(total=len(flags.models) * flags.starts, unit="start", disable=not sys.stderr.isatty()) as progress:
        for name in flags.models:
            progress.set_description(name)
            batch_size, found = flags.batch_size or BATCHES[name], {}
            for _ in range(flags.starts):
                started = turns.compare(sides(name, batch_size), flags.rounds, max(1, flags.steps // SLOWER.get(name, 1)))
                for label, one in started.items():
                    kept = found.setdefault(label, {"seconds": [], "MB": 0.0})
                    kept["seconds"] += one["seconds"]
                    kept["MB"] = max(kept["MB"], one["MB"])
                progress.update()
            work = turns.alone("limit", "work", name, batch_size)
            rows.append(row(name, found, work))
            everything[name] = {"batch": batch_size, "operations": work, "sides": found}
    tables.show([tables.Section("A training step", LEGEND, rows)])
    packages = {name: importlib.metadata.version(name) for name in ("tensorflow", "torch")}
    files.write_whole("benchmarks.json", json.dumps({"flags": vars(flags), "python": platform.python_version(), **packages,
                                                    "rows": rows, "models": everything}, indent=1) + "\n")


if __name__ == "__main__":
    main()
