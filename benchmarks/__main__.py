"""Times a training step of each program beside an equal PyTorch model and TensorFlow 1.15.5.

Each side lives in its own process, and all take turns, so that a slow moment of the machine affects
all of them. It prints medians and writes benchmarks.json into the current folder. A peer that is
missing is left out.

Run:     .venv/bin/pip install '.[benchmarks]'        PyTorch
         ./run.sh referee                             TensorFlow 1.15.5, in .venv-tf1
         .venv/bin/python -m benchmarks
         TF1_PYTHON=/path/to/python .venv/bin/python -m benchmarks    another Python that has it
"""

import dataclasses
import importlib.metadata
import importlib.util
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from typing import NamedTuple

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
THEN = "TensorFlow 1.15.5"
LIMITS = {OURS: "limit", MIXED: "limit, mixed"}
NO_TORCH = "without PyTorch; to compare with it: .venv/bin/pip install '.[benchmarks]'"
NO_THEN = (
    f"without {THEN}; to compare with it: ./run.sh referee makes .venv-tf1, or name a Python that "
    "has it: TF1_PYTHON=/path/to/python"
)
LEGEND = """All numbers are medians. The columns with the sides' names are ms per step.

"PyTorch / ours" divides the better of PyTorch's float32 layouts in each turn by ours in float32,
with the range over the turns. "autocast / mixed" is the same in bfloat16. "float32 / mixed"
compares ours.

"1.15.5 / ours" is the time of the texts' steps under TensorFlow 1.15.5, divided by ours in float32.

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

    def batch_of(self, name):
        return self.batch_size or BATCHES[name]

    def check(self):
        super().check()
        for name in self.names:
            if name not in BATCHES:
                raise InputError(f"--models {name} is not one of {', '.join(BATCHES)}")


class Peers(NamedTuple):
    """What ours is compared with.

    Attributes:
        has_torch: whether PyTorch is installed.
        has_mixed: whether this machine computes in bfloat16.
        python: path of a Python that has TensorFlow 1.15.5; "": there is none.
        version: of that TensorFlow.
    """

    has_torch: bool = True
    has_mixed: bool = True
    python: str = ""
    version: str = ""


def peers():
    """The peers that this machine has. For each that is missing, a line says why, or the cure."""
    has_torch, old = importlib.util.find_spec("torch") is not None, old_python()
    no_mixed = turns.alone("ours", "without_mixed")
    lines = ((has_torch, NO_TORCH), (old[0], NO_THEN), (not no_mixed, f"no column: {no_mixed}"))
    for is_there, line in lines:
        if not is_there:
            print(f"{PROGRAM}: {line}", file=sys.stderr)
    return Peers(has_torch, not no_mixed, *old)


def old_python():
    """(path of a Python that has TensorFlow 1.15.5, that TensorFlow's version), or ("", "").

    Raises:
        InputError: $TF1_PYTHON cannot be used.
    """
    made = turns.ROOT / ".venv-tf1" / "bin" / "python"
    named = os.environ.get("TF1_PYTHON", "")
    if not named and not made.exists():
        return "", ""
    python = named or str(made)
    version = "import tensorflow; print(tensorflow.__version__)"
    try:
        answer = subprocess.run([python, "-c", version], capture_output=True, text=True)
    except OSError as error:
        raise InputError(f"TF1_PYTHON={python} cannot be started: {error.strerror}") from error
    last = (answer.stdout or answer.stderr).strip().rpartition("\n")[2]
    if answer.returncode or not last.startswith("1."):
        raise InputError(f"TF1_PYTHON={python} has no TensorFlow 1.15.5: {last}")
    return python, last


def sides(name, batch_size, others, paths):
    """What is compared for one model: label -> `turns.Side`.

    Args:
        others: `Peers`.
        paths: of the images that the other Python reads, see `ours.saved_examples`.
    """
    compared = {OURS: turns.Side("ours", (name, batch_size, "float32"))}
    if others.has_mixed:
        compared[MIXED] = turns.Side("ours", (name, batch_size, "mixed"))
    if others.has_torch:
        for label, mode in THEIRS.items():
            compared[label] = turns.Side("theirs", (name, batch_size, mode))
    if others.python:
        compared[THEN] = turns.Side("then", (name, batch_size, paths), others.python)
    compared[LIMITS[OURS]] = turns.Side("limit", ("float32",))
    if others.has_mixed:
        compared[LIMITS[MIXED]] = turns.Side("limit", ("mixed",))
    return compared


def row(name, results, work):
    """The table's row of one model.

    Args:
        results: see `turns.compare`.
        work: floating-point operations of a step.
    """
    seconds = {label: result["seconds"] for label, result in results.items()}
    median = {label: statistics.median(values) for label, values in seconds.items()}
    ratios = {}
    if "PyTorch" in seconds:
        pairs = zip(seconds["PyTorch"], seconds["channels_last"], strict=True)
        ratios["PyTorch / ours"] = ratio([min(pair) for pair in pairs], seconds[OURS])
    if "PyTorch" in seconds and MIXED in seconds:
        ratios["autocast / mixed"] = ratio(seconds["autocast"], seconds[MIXED])
    if THEN in seconds:
        ratios["1.15.5 / ours"] = ratio(seconds[THEN], seconds[OURS])
    if MIXED in seconds:
        ratios["float32 / mixed"] = ratio(seconds[OURS], seconds[MIXED])
    of_the_limit = {
        column: f"{100 * work * median[LIMITS[label]] / limit.WORK / median[label]:.0f} %"
        for column, label in (("of the limit", OURS), ("mixed", MIXED))
        if label in median
    }
    return {
        "model": name,
        **{
            label: f"{1e3 * median[label]:.2f}"
            for label in (OURS, MIXED, *THEIRS, THEN)
            if label in median
        },
        **ratios,
        "GFLOP": f"{work / 1e9:.3g}",
        **of_the_limit,
        "MB": f"{results[OURS]['MB']:.0f}",
    }


def ratio(slower, faster):
    """The ratios of the turns as text: median, minimum, maximum."""
    ratios = [one / other for one, other in zip(slower, faster, strict=True)]
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


def timed(name, flags, others, progress):
    """The results of all starts of one model, see `turns.compare`."""
    batch_size, results = flags.batch_of(name), {}
    steps = max(1, flags.steps // SLOWER.get(name, 1))
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        if others.python:
            paths = turns.alone("ours", "saved_examples", name, batch_size, folder)
        for _ in range(flags.starts):
            started = turns.compare(sides(name, batch_size, others, paths), flags.rounds, steps)
            for label, result in started.items():
                kept = results.setdefault(label, {"seconds": [], "MB": 0.0})
                kept["seconds"] += result["seconds"]
                kept["MB"] = max(kept["MB"], result["MB"])
            progress.update()
    return results


def compare(flags):
    """Times the models, prints the table and writes benchmarks.json."""
    others, rows, models = peers(), [], {}
    total = len(flags.names) * flags.starts
    with tqdm.tqdm(total=total, unit="start", disable=not sys.stderr.isatty()) as progress:
        for name in flags.names:
            progress.set_description(name)
            results, batch_size = timed(name, flags, others, progress), flags.batch_of(name)
            work = turns.alone("limit", "work", name, batch_size)
            rows.append(row(name, results, work))
            models[name] = {"batch": batch_size, "operations": work, "sides": results}
    tables.show([tables.Section("A training step", LEGEND, rows)])
    content = {
        "flags": dataclasses.asdict(flags),
        "python": platform.python_version(),
        "tensorflow": importlib.metadata.version("tensorflow"),
        "torch": importlib.metadata.version("torch") if others.has_torch else "",
        THEN: others.version,
        "rows": rows,
        "models": models,
    }
    files.write_whole("benchmarks.json", json.dumps(content, indent=1) + "\n")


def main(argv=None):
    cli.tool(PROGRAM, Flags, __doc__, compare, argv)


if __name__ == "__main__":
    main()
