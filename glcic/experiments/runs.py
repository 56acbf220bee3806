"""The runs of the experiments: each is trained and measured once, and continued if interrupted.

A run has the folder NAME-SEED, with result.json when it is finished. The first phase of the base
has the folder first-base-SEED and is shared by all experiments that do not change it.
"""

import dataclasses
import json
import os
import time
from typing import Any, ClassVar, Mapping

import numpy as np

from glcic import baselines, evaluate, model
from glcic.config import Config, scaled_phases
from glcic.experiments import blog, game
from graphmode import files, sessions, tf, training, variables
from graphmode.config import Settings, setting
from graphmode.errors import InputError
from graphmode.report import images as grids
from graphmode.training import progress, run_folder

SHOWN = 6  # images in the figure of a run

# Numbers of result.json that had other names before.
RENAMED = {
    "hole L1, mean colour": "hole L1, mean color",
    "picture L1": "image L1",
    "picture PSNR": "image PSNR",
    "picture SSIM": "image SSIM",
}


@dataclasses.dataclass(frozen=True)
class Flags(Settings):
    """The blog's experiments."""

    RENAMED: ClassVar[Mapping[str, Any]] = {"first_steps": ("completion_steps", {})}

    list: bool = setting(False, help="show the names, the blog's sentences and the questions")
    only: str = setting("", help="names of experiments, separated by commas; empty: all")
    seeds: int = setting(
        1,
        at_least=1,
        help="number of runs of the experiments on batch norms and input; others have one",
    )
    input_dir: str = setting("", path=True, help="folder of images; empty: faces are drawn")
    crop: int = setting(
        0,
        at_least=0,
        help="side in pixels of the square that is cut out of the middle of each file; "
        "0: the largest square",
    )
    output_dir: str = setting("runs/experiments", help="folder of the runs and of index.html")
    completion_steps: int = setting(1200, at_least=1, help="T_C: steps of the first phase")
    discriminator_steps: int = setting(600, at_least=1, help="T_D: steps of the second phase")
    max_steps: int = setting(
        2300,
        at_least=3,
        help="number of steps of all three phases together; given alone, it scales each phase",
    )

    @classmethod
    def overridden(cls, given):
        """As in `config.Settings`. Besides, --max_steps scales the phases that are not given."""
        values = super().overridden(given)
        return {**values, **scaled_phases(cls, values, given.get("max_steps"))}

    def check(self):
        super().check()
        before = self.completion_steps + self.discriminator_steps
        if before >= self.max_steps:
            raise InputError(
                f"--max_steps {self.max_steps} leaves no step for the third phase, after "
                f"{self.completion_steps} + {self.discriminator_steps} steps: "
                f"use {before + 1} or more"
            )

    @property
    def chosen(self):
        """The experiments of --only, in its order.

        Raises:
            InputError: an unknown name.
        """
        known = {experiment.name: experiment for experiment in blog.EXPERIMENTS}
        # The base has slim's batch norm, so its name among the batch norms means the base.
        known["bn_slim"] = blog.BASE
        names = [name for name in self.only.split(",") if name] or list(known)
        for name in names:
            if name not in known:
                raise InputError(f"--only {name} is no experiment: --list shows their names")
        return list({known[name].name: known[name] for name in names}.values())


def settings(flags, seed, experiment, folder, **more):
    """The configuration of an experiment's run: the small preset and what the experiment changes.

    Both networks have one constant learning rate, as in the blog, an alpha with which they fight,
    and no penalty, which the blog does not have. The second and third phase start from the weights
    of another run's first phase.
    """
    values = {
        "preset": "small",
        "lr_decay": False,
        "discriminator_lr": 0.001,
        "alpha": 0.01,
        "r1": 0.0,
        "completion_steps": 0,
        "discriminator_steps": flags.discriminator_steps,
        "max_steps": flags.max_steps - flags.completion_steps,
        "input_dir": flags.input_dir,
        "crop": flags.crop,
        "seed": seed,
        "output_dir": str(folder),
        "display_freq": 0,
        "summary_freq": 10,
        "save_freq": 100,
        "keep": 3,
    }
    return Config.create(**{**values, **more, **experiment.flags})


def same(config):
    """Whether the folder holds a run with these settings.

    Raises:
        InputError: it holds a run with other settings.
    """
    if not run_folder.holds_a_run(config.output_dir):
        return False
    if not run_folder.last_step(config.output_dir):
        return True  # no weights yet: it starts again
    stored = run_folder.trained(Config, config.output_dir)
    for name in Config.names(inherited=True):
        old, new = getattr(stored, name), getattr(config, name)
        moved = False
        if name == "input_dir":
            old, new = (value and os.path.abspath(value) for value in (old, new))
            moved = bool(old and new) and not os.path.exists(old)
        if old != new and not moved:
            raise InputError(
                f"{config.output_dir} was made with --{name} {old}, not {new}: "
                "delete it, or choose another --output_dir"
            )
    return True


def is_trained(config):
    """Whether the folder holds this run, and all its steps. Raises InputError as `same` does."""
    return same(config) and run_folder.last_step(config.output_dir) >= config.max_steps


def train(config, images, start=None):
    """Trains a run, or continues it.

    Args:
        images: `data.folders.Images`.
        start: a checkpoint with the weights of the completion network.
    """
    config = config.replace(resume=same(config))
    with sessions.graph(config):
        built = model.build(config, images)
        if start:
            own = variables.trainable("G") + variables.moving_averages("G")
            names = {variable.op.name: variable for variable in own}
            tf.train.init_from_checkpoint(str(start), names)
        training.fit(built, config)


def first_phase(flags, seed, experiment, folder, images):
    """The checkpoint that the second phase starts from, or None without a first phase.

    It is trained if it does not exist.
    """
    if not experiment.first_phase_length:
        return None
    own = experiment if experiment.own_first_phase else blog.BASE
    steps = flags.completion_steps * own.first_phase_length
    config = settings(
        flags,
        seed,
        own,
        folder / f"first-{own.name}-{seed}",
        max_steps=steps,
        completion_steps=steps,
        discriminator_steps=0,
    )
    if not is_trained(config):
        train(config, images)
    return run_folder.find_checkpoint(config.output_dir)


def run(flags, experiment, seed, folder, images):
    """Runs one experiment with one seed, unless it is finished.

    Returns:
        Its numbers: see `measured`, and "minutes"; or "why" training ended early, and "minutes".
    """
    config = settings(flags, seed, experiment, folder / f"{experiment.name}-{seed}")
    result = files.path(config.output_dir, "result.json")
    if result.exists() and same(config):
        return read(result)
    start = time.time()
    own = images._replace(train=images.train[: config.max_images or None])
    try:
        if not is_trained(config):  # else only the measurement was interrupted
            train(config, own, first_phase(flags, seed, experiment, folder, own))
        numbers = measured(config, own)
    except FloatingPointError as error:
        numbers = {"why": str(error)}
    numbers["minutes"] = (time.time() - start) / 60
    files.write_whole(result, json.dumps(numbers, indent=1) + "\n")
    return numbers


def measured(config, images):
    """The numbers of a run for `game.verdict`. It also saves a figure.

    Each checkpoint's numbers are in measured.json at once, so that an interruption loses little.

    Returns:
        name -> mean over the checkpoints of the third phase of what `game.measure` and
        `evaluate.metrics` say, the latter of held-out images; "hole L1, mean color"; and
        "pushes", the `game.push` of each checkpoint.
    """
    paths = (images.test or images.train)[: evaluate.MAX_IMAGES]
    run = files.path(config.output_dir)
    third = {
        _mark(checkpoint): str(checkpoint)
        for step, checkpoint in run_folder.checkpoints(run)
        if step > config.discriminator_steps
    }
    done = run / "measured.json"
    known = read(done) if done.exists() else {}
    rows = {mark: known[mark] for mark in list(third)[:-1] if mark in known}
    left = [mark for mark in third if mark not in rows]
    for mark in progress.over(left, f"measuring {run.name}"):
        own = config.replace(checkpoint=third[mark])
        with sessions.graph(own):
            row = game.measure(own, images, own.checkpoint)
        with sessions.graph(own):
            real, holes, _, completions = evaluate.completed(own, paths)
        rows[mark] = {**row, **evaluate.metrics(completions, real, holes)}
        files.write_whole(done, json.dumps(rows, indent=1) + "\n")
    in_order = [rows[mark] for mark in third]
    numbers = {name: float(np.mean([row[name] for row in in_order])) for name in in_order[0]}
    numbers["pushes"] = list(map(game.push, in_order))
    # `real`, `holes` and `completions` are those of the last checkpoint: it is always among `left`.
    filled = [baselines.mean_color(*pair) for pair in zip(real, holes, strict=True)]
    mean_color = evaluate.metrics(np.stack(filled), real, holes)
    numbers["hole L1, mean color"] = mean_color["hole L1"]
    with_holes = np.where(holes[..., None], np.uint8(255), real)
    shown = np.concatenate([part[:SHOWN] for part in (with_holes, completions, real)])
    grids.save_png(figure_of(config.output_dir), grids.grid(shown, SHOWN), zoom=2)
    return numbers


def _mark(checkpoint):
    """Its name, and its time: a run that is repeated has the same names."""
    index = checkpoint.with_name(f"{checkpoint.name}.index")
    return f"{checkpoint.name} {index.stat().st_mtime_ns}"


def figure_of(run):
    """The figure of a run: its images with holes, completed, and real."""
    return files.path(run, "figures", "holed_completed_real.png")


def read(file):
    """The numbers of a result.json or measured.json.

    Raises:
        InputError: the file is damaged.
    """
    try:
        numbers = json.loads(file.read_text(encoding="utf-8"))
        numbers = {RENAMED.get(name, name): value for name, value in numbers.items()}
        rows = [numbers] if "minutes" in numbers else list(numbers.values())
        for row in rows:
            game.verdict(row)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(
            f"{file} cannot be read ({error}): delete it, and the same command measures again"
        ) from None
    return numbers


def finished(folder):
    """The numbers of all finished runs: name of the experiment -> [numbers of each seed]."""
    results = {}
    for experiment in blog.EXPERIMENTS:
        paths = folder.glob(experiment.name + "-[0-9]*/result.json")
        in_order = sorted(paths, key=lambda file: int(file.parent.name.split("-")[-1]))
        if in_order:
            results[experiment.name] = [read(file) for file in in_order]
    return results
