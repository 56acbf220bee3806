"""Measures how long a training takes until its images are good: seconds and steps to a quality.

A program trains as usual, but keeps a checkpoint every few steps. Afterwards each checkpoint is
measured. The seconds of a checkpoint are those from the beginning of the training to the moment
when it was written: time for data, steps, checkpoints and report images counts, the measurements do
not.

Run:     .venv/bin/python -m benchmarks.quality --model vae --input_dir MNIST
         .venv/bin/python -m benchmarks.quality --model glcic --input_dir PHOTOS --seeds 3
         .venv/bin/python -m benchmarks.quality --model dcgan --input_dir MNIST --flags "--lr .0004"
"""

import dataclasses
import json
import pathlib
import shlex
import statistics
import subprocess
import sys
from typing import Any, Callable, Dict, Literal, NamedTuple, Sequence, Tuple

import numpy as np

import data
from data import feeds
from gan_book import dcgan, vae
from gan_book.evaluation import classifier
from gan_book.evaluation.sampling import COUNT
from glcic import baselines, evaluate, inputs
from glcic.config import Config as GlcicConfig
from graphmode import cli, files, sessions, tf
from graphmode.config import Settings, setting
from graphmode.report import plots, scores
from graphmode.training import run_folder

PROGRAM = "benchmarks.quality"
ROOT = pathlib.Path(__file__).parents[1]


@dataclasses.dataclass(frozen=True)
class Flags(Settings):
    """Time to quality."""

    model: Literal["vae", "dcgan", "glcic"] = setting("vae", help="which program")
    input_dir: str = setting("", path=True, help="folder with the data: MNIST, or photographs")
    seeds: int = setting(1, at_least=1, help="number of runs, with the seeds 0, 1, ...")
    every: int = setting(0, at_least=0, help="steps between checkpoints; 0: see EVERY")
    flags: str = setting("", help="further flags of the program, in one string")
    output_dir: str = setting("runs/quality", help="folder of the runs and results")


def nats(config) -> Dict[str, float]:
    """The VAE's ELBO on the 10,000 test digits."""
    digits = data.load(config.data, config.input_dir)
    network = vae.network(config)
    bound = -vae.negative_log_likelihood(network) - vae.kl_divergence(network)
    with sessions.session() as session:
        sessions.restore(session, config.checkpoint)
        pixels = feeds.flat_pixels(digits.test_images)
        return {"ELBO": float(np.mean(sessions.in_parts(session, bound, network.input, pixels)))}


def distance(config) -> Dict[str, float]:
    """The Frechet distance of 10,000 samples of the DCGAN, infinite unless all digits occur."""
    digits = data.load(config.data, config.input_dir)
    samples = dcgan.generate(config, COUNT)
    with classifier.trained(config, digits) as classify:
        probabilities, features = classify(samples)
        _, real = classify(digits.test_images)
    sure = probabilities.argmax(1)[probabilities.max(1) > 0.9]
    covered = (np.bincount(sure, minlength=10) >= 0.01 * COUNT).sum()
    value = scores.frechet_distance(features, real)
    return {"Frechet distance": value if covered == 10 else float("inf")}


def completion(config) -> Dict[str, float]:
    """GLCIC on held-out images: its L1 in the holes below Telea's in percent, and sharpness."""
    images, holes, _, completions = evaluate.completed(config, inputs.held_out(config))
    telea = np.stack([baselines.telea(*pair) for pair in zip(images, holes, strict=True)])
    ours, theirs = (evaluate.metrics(result, images, holes) for result in (completions, telea))
    below = 100.0 * (1.0 - ours["hole L1"] / theirs["hole L1"])
    return {"L1 below Telea (%)": below, "sharpness": ours["hole sharpness"]}


class Goal(NamedTuple):
    """What one program is measured by."""

    program: str
    owner: Any  # its class of settings
    measure: Callable[[Any], Dict[str, float]]
    targets: Sequence[Tuple[str, float, bool]]  # name, value, whether larger is better
    every: int  # steps between checkpoints
    flags: Sequence[str] = ()


GOALS = {
    "vae": Goal(
        "gan_book.vae",
        vae.Config,
        nats,
        [("ELBO", value, True) for value in (-105.0, -102.0, -100.5)],
        200,
        ["--data", "mnist"],
    ),
    "dcgan": Goal(
        "gan_book.dcgan",
        dcgan.Config,
        distance,
        [("Frechet distance", value, False) for value in (3.0, 2.0)],
        400,
        ["--data", "mnist"],
    ),
    "glcic": Goal(
        "glcic",
        GlcicConfig,
        completion,
        [("L1 below Telea (%)", value, True) for value in (0.0, 20.0, 27.0)]
        + [("sharpness", 0.75, True)],
        400,
        ["--preset", "small", "--input", "feed"],
    ),
}


def train(goal, config, seed, folder):
    """Trains in a process of its own; a run that was interrupted is continued."""
    flags = [*goal.flags, *shlex.split(config.flags), "--seed", str(seed)]
    flags += ["--save_freq", str(config.every or goal.every), "--keep", "100000"]
    flags += ["--display_freq", "0", "--output_dir", str(folder)]
    flags += ["--input_dir", config.input_dir] if config.input_dir else []
    more = ["--resume"] if run_folder.holds_a_run(folder) else []
    subprocess.run([sys.executable, "-m", goal.program, *flags, *more], cwd=str(ROOT), check=True)


def measured(goal, folder):
    """A row for each checkpoint: step, seconds since the beginning, and what `measure` returns.

    Rows that were measured before are read from curve.json in the folder.
    """
    file = folder / "curve.json"
    rows = json.loads(file.read_text(encoding="utf-8")) if file.exists() else []
    begun = (folder / "config.json").stat().st_mtime
    known = {row["step"] for row in rows}
    for step, checkpoint in run_folder.checkpoints(folder):
        if step not in known:
            config = run_folder.trained(goal.owner, checkpoint)
            with sessions.graph(config):
                values = goal.measure(config)
            written = checkpoint.with_name(f"{checkpoint.name}.index").stat().st_mtime
            rows.append({"step": step, "seconds": written - begun, **values})
            files.write_whole(file, json.dumps(rows, indent=1))
            print(rows[-1], flush=True)
    return sorted(rows, key=lambda row: row["step"])


def reached(rows, name, target, larger):
    """The first row at which a value is as good as the target, or None."""
    for row in rows:
        if row[name] >= target if larger else row[name] <= target:
            return row
    return None


def summary(goal, curves):
    """A line for each target: the median of steps and seconds over the seeds, and each seed's."""
    for name, target, larger in goal.targets:
        rows = [reached(curve, name, target, larger) for curve in curves]
        if None in rows:
            yield f"{name} {target:g}: not reached by {rows.count(None)} of {len(rows)} seeds"
            continue
        seconds = [row["seconds"] for row in rows]
        yield (
            f"{name} {target:g}: {statistics.median(seconds):.0f} s, "
            f"step {statistics.median(row['step'] for row in rows):g} "
            f"(each seed: {', '.join(f'{value:.0f}' for value in seconds)} s)"
        )


def benchmark(config):
    goal, curves = GOALS[config.model], []
    base = files.path(config.output_dir)
    for seed in range(config.seeds):
        folder = base / f"{config.model}-{seed}"
        train(goal, config, seed, folder)
        with tf.Graph().as_default():
            curves.append(measured(goal, folder))
        columns = {name: [row[name] for row in curves[-1]] for name, _, _ in goal.targets}
        seconds = [row["seconds"] for row in curves[-1]]
        plots.stacked(folder / "quality.png", seconds, columns, x_name="seconds")
    lines = list(summary(goal, curves))
    files.write_whole(base / f"{config.model}.txt", "\n".join(lines) + "\n")
    print("\n".join(lines))


def main(argv=None):
    cli.tool(PROGRAM, Flags, __doc__, benchmark, argv)


if __name__ == "__main__":
    main()
