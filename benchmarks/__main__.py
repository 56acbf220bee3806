"""Times a training step of each program beside an equal PyTorch model, on this machine.

Each side lives in its own process, and all take turns, so that a slow moment of the machine affects
all of them. It prints medians and writes benchmarks.json into the current folder.

Run:     .venv/bin/pip install '.[benchmarks]'
         .venv/bin/python -m benchmarks
"""

import dataclasses
import importlib.metadata
import importlib.util
import json
import platform
import statistics
import sys

import tqdm

from benchmarks import limit, turns
from graphmode import cli, files
from graphmode.config import Settings, setting
from graphmode.errors import InputError
from graphmode.report import tables

PROGRAM = "benchmarks"
BATCHES = {
    "cae": 128,
    "vae": 128,
    "gan": 128,
    "dcgan": 128,
    "glcic_small": 16,
    "glcic": 8,
    "pix2pix_small": 1,
    "pix2pix": 1,
}  # images per step
SLOWER = {"glcic": 30, "pix2pix": 10, "glcic_small": 4, "dcgan": 2}  # divides the steps of a turn
OURS, MIXED = "ours", "ours, mixed"
THEIRS = {"PyTorch": "eager", "channels_last": "channels_last", "autocast": "autocast"}
LIMITS = {OURS: "limit", MIXED: "limit, mixed"}
LEGEND = """All numbers are medians. The columns with the sides' names are ms per step.

"PyTorch / ours" divides the better of PyTorch's float32 layouts in each turn by ours in float32,
with the range over the turns. "autocast / mixed" is the same in bfloat16. "float32 / mixed"
compares ours.

"GFLOP" is the work of a step's convolutions and matrix products. "of the limit" and "mixed" are
the fraction of our time that this work would take at the speed of products of large matrices. "MB"
is the largest memory of our process."""


@dataclasses.dataclass(frozen=True)
class Flags(Settings):
    """The benchmarks."""

    models: str = setting(
        "", help=f"names, separated by commas, out of {', '.join(BATCHES)}; empty: all"
    )
    batch_size: int = setting(
        0, at_least=0, help="images per step; 0: 128, GLCIC small 16, GLCIC 8, pix2pix 1"
    )
    starts: int = setting(
        3,
        at_least=1,
        help="how often all processes are started: PyTorch's speed differs between starts more "
        "than between turns",
    )
    rounds: int = setting(4, at_least=1, help="turns of each start")
    steps: int = setting(
        30, at_least=1, help="steps in a turn of the fastest models; the others make fewer"
    )

    @property
    def names(self):
        return [name for name in self.models.split(",") if name] or list(BATCHES)

    def check(self):
        super().check()
        for name in self.names:
            if name not in BATCHES:
                raise InputError(f"--models {name} is not one of {', '.join(BATCHES)}")


def sides(name, batch_size):
    """What is compared for one model: label -> what `turns.compare` starts."""
    return {
        OURS: ("ours", (name, batch_size, "float32")),
        MIXED: ("ours", (name, batch_size, "mixed")),
        **{label: ("theirs", (name, batch_size, mode)) for label, mode in THEIRS.items()},
        LIMITS[OURS]: ("limit", ("float32",)),
        LIMITS[MIXED]: ("limit", ("mixed",)),
    }


def row(name, results, work):
    """The table's row of one model.

    Args:
        results: see `turns.compare`.
        work: floating-point operations of a step.
    """
    seconds = {label: result["seconds"] for label, result in results.items()}
    median = {label: statistics.median(values) for label, values in seconds.items()}
    pairs = zip(seconds["PyTorch"], seconds["channels_last"], strict=True)
    better = [min(pair) for pair in pairs]

    def of_the_limit(label):
        speed = limit.WORK / median[LIMITS[label]]
        return f"{100 * work / speed / median[label]:.0f} %"

    return {
        "model": name,
        **{label: f"{1e3 * median[label]:.2f}" for label in (OURS, MIXED, *THEIRS)},
        "PyTorch / ours": ratio(better, seconds[OURS]),
        "autocast / mixed": ratio(seconds["autocast"], seconds[MIXED]),
        "float32 / mixed": ratio(seconds[OURS], seconds[MIXED]),
        "GFLOP": f"{work / 1e9:.3g}",
        "of the limit": of_the_limit(OURS),
        "mixed": of_the_limit(MIXED),
        "MB": f"{results[OURS]['MB']:.0f}",
    }


def ratio(slower, faster):
    """The ratios of the turns as text: median, minimum, maximum."""
    ratios = [one / other for one, other in zip(slower, faster, strict=True)]
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


def compare(flags):
    """Times the models, prints the table and writes benchmarks.json."""
    if not importlib.util.find_spec("torch"):
        raise InputError("PyTorch is not installed: .venv/bin/pip install '.[benchmarks]'")
    rows, models = [], {}
    total = len(flags.names) * flags.starts
    with tqdm.tqdm(total=total, unit="start", disable=not sys.stderr.isatty()) as progress:
        for name in flags.names:
            progress.set_description(name)
            batch_size, results = flags.batch_size or BATCHES[name], {}
            steps = max(1, flags.steps // SLOWER.get(name, 1))
            for _ in range(flags.starts):
                started = turns.compare(sides(name, batch_size), flags.rounds, steps)
                for label, result in started.items():
                    kept = results.setdefault(label, {"seconds": [], "MB": 0.0})
                    kept["seconds"] += result["seconds"]
                    kept["MB"] = max(kept["MB"], result["MB"])
                progress.update()
            work = turns.alone("limit", "work", name, batch_size)
            rows.append(row(name, results, work))
            models[name] = {"batch": batch_size, "operations": work, "sides": results}
    tables.show([tables.Section("A training step", LEGEND, rows)])
    content = {
        "flags": dataclasses.asdict(flags),
        "python": platform.python_version(),
        **{name: importlib.metadata.version(name) for name in ("tensorflow", "torch")},
        "rows": rows,
        "models": models,
    }
    files.write_whole("benchmarks.json", json.dumps(content, indent=1) + "\n")


def main(argv=None):
    cli.tool(PROGRAM, Flags, __doc__, compare, argv)


if __name__ == "__main__":
    main()
