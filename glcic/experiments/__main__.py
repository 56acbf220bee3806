"""The blog's experiments: one factor at a time against a base, measured, with a verdict on whether the two networks fight.

Run: `./run.sh glcic.experiments --input_dir FOLDER` (without a folder, on drawn faces); `--list` shows them; `--only
bn_slim,bn_layers,bn_author --seeds 3` runs some. What is done is not done again: interrupt it and go on with the same command.
index.html in runs/experiments shows the table, curves and pictures. The first phase is trained once for each seed and
shared, unless an experiment changes it.
"""

import collections
import json
import sys
import time

import numpy as np

from glcic import baselines, blog, evaluate, game, model, options, sources
from graphmode import cli, errors, files, sessions, tf, training, variables
from graphmode.report import images, plots, tables
from graphmode.training import run_folder, scalar_log

CURVES = {"losses": {"fake_loss": "D on completions", "real_loss": "D on real", "adversarial_loss": "G"},
          "D is right": {"fake_accuracy": "on completions", "real_accuracy": "on real"}}
VERDICTS = ["fights", "no effect", "D wins", "no gradient", "diverges"]
LEGEND = """Verdicts by the rule in glcic/game.py, from means over three checkpoints of the third phase. D's losses and the share of
what it gets right; what G's steps alone do to D's loss on completions, with the adversarial loss and without, and what D's steps
then do to its whole loss; the length of the gradient that G gets from alpha times the adversarial loss, and from the MSE; the
holes of unseen pictures. Means over the seeds, ± their standard deviation."""
NUMBERS = {"loss on real": "real_loss", "loss on completions": "fake_loss", "right on real": "real_accuracy",
           "right on completions": "fake_accuracy", "G alone": "fake_loss, G alone", "G by MSE": "fake_loss, G by MSE",
           "D's answer": "loss, D's answer", "gradient": "gradient, adversarial", "MSE's": "gradient, mse",
           "hole L1": "hole L1", "hole SSIM": "hole SSIM"}


def settings(flags, seed, experiment, folder, **more):
    """The configuration of an experiment's run: small preset and what the experiment changes.

    One constant learning rate for both networks, as in the blog, and an alpha at which they are seen to fight.
    """
    own = {name: value for name, value in experiment.flags.items() if name != "completion_steps"}
    values = {"lr_decay": False, "discriminator_lr": 0.001, "alpha": 0.01, "display_freq": 0, "completion_steps": 0,
              "discriminator_steps": flags.discriminator_steps,
              "max_steps": flags.discriminator_steps + flags.max_steps, **more, **own}
    return cli.settings(options.Config, program="glcic", preset="small", input_dir=flags.input_dir, crop=flags.crop, seed=seed,
                        output_dir=str(folder), summary_freq=10, save_freq=100, keep=3, **values)


def same(config):
    """Whether the folder holds a run with these settings. Raises InputError if it holds one with others."""
    if not run_folder.holds_a_run(config.output_dir):
        return False
    stored = run_folder.trained(options.Config, config.output_dir) if run_folder.last_step(config.output_dir) else config
    for name in set(config._fields) - {"resume", "checkpoint", "output_dir", "program"}:
        if getattr(stored, name) != getattr(config, name):
            raise errors.InputError("{} was made with --{} {}, not {}: delete it, or choose another --output_dir".format(
                config.output_dir, name, getattr(stored, name), getattr(config, name)))
    return True


def train(config, pictures, start=None):
    """Trains a run, or goes on with it where it was. start: a checkpoint with the completion network's weights."""
    config = config._replace(resume=same(config))
    with sessions.graph(config):
        built = model.build(config, pictures)
        if start:
            own = variables.trainable("G") + variables.moving_averages("G")
            tf.train.init_from_checkpoint(str(start), {variable.op.name: variable for variable in own})
        training.fit(built, config)


def first_phase(flags, seed, experiment, folder, pictures):
    """The checkpoint that the second phase starts from."""
    own = experiment if experiment.anew else blog.EXPERIMENTS[0]
    steps = flags.first_steps * own.flags.get("completion_steps", 1)
    config = settings(flags, seed, own, folder / "first-{}-{}".format(own.name, seed), max_steps=steps,
                      completion_steps=steps, discriminator_steps=0)
    if not same(config) or run_folder.last_step(config.output_dir) < steps:
        train(config, pictures)
    return run_folder.find_checkpoint(config.output_dir)


def run(flags, experiment, seed, folder, pictures):
    """One experiment with one seed: its numbers, from result.json if it has been done before."""
    config = settings(flags, seed, experiment, folder / "{}-{}".format(experiment.name, seed))
    result = files.path(config.output_dir, "result.json")
    if result.exists() and same(config):
        return json.loads(result.read_text(encoding="utf-8"))
    began = time.time()
    own = pictures._replace(train=pictures.train[:config.most_pictures or None])
    try:
        train(config, own, first_phase(flags, seed, experiment, folder, own))
        found = measured(config, own)
    except FloatingPointError as error:
        found = {"why": str(error)}
    found["minutes"] = (time.time() - began) / 60
    files.write_whole(result, json.dumps(found, indent=1) + "\n")
    return found


def measured(config, pictures):
    """Means over the third phase's checkpoints of what `game.measure` and completions of unseen pictures say: for `game.verdict`."""
    rows = []
    for step, checkpoint in run_folder.checkpoints(config.output_dir):
        if step > config.discriminator_steps:
            config = config._replace(checkpoint=str(checkpoint))
            with sessions.graph(config):
                row = game.measure(config, pictures, config.checkpoint)
            with sessions.graph(config):
                real, holes, _, completions = evaluate.completed(config, (pictures.test or pictures.train)[:evaluate.MOST])
            rows.append({**row, **evaluate.figures(completions, real, holes)})
    found = {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}
    found["pushes"] = list(map(game.push, rows))
    mean = np.stack([baselines.mean_colour(picture, hole) for picture, hole in zip(real, holes)])
    found["hole L1, mean colour"] = evaluate.figures(mean, real, holes)["hole L1"]
    holed = np.where(holes[..., None], np.uint8(255), real)
    shown = np.concatenate([holed[:6], completions[:6], real[:6]])
    images.save_png(files.path(config.output_dir, "figures", "holed_completed_real.png"), images.grid(shown, 6), zoom=2)
    return found


def table(results):
    """A row for each experiment: verdicts, and means over the seeds with the spread where there are several."""
    rows = []
    for experiment in blog.EXPERIMENTS:
        found = results.get(experiment.name)
        if found:
            counted = collections.Counter(map(game.verdict, found))
            verdicts = ["{} x{}".format(*pair) if len(found) > 1 else pair[0] for pair in counted.items()]
            row = {"experiment": experiment.name, "verdict": ", ".join(verdicts)}
            for name, key in NUMBERS.items():
                values = [one[key] for one in found if key in one]
                row[name] = "-" if not values else "{:.3g}".format(np.mean(values)) + (
                    " ± {:.2g}".format(np.std(values, ddof=1)) if len(values) > 1 else "")
            rows.append(row)
    return rows


def done(folder):
    """name -> numbers of each seed, of all experiments that have been done in a folder."""
    results = {}
    for experiment in blog.EXPERIMENTS:
        files = sorted(folder.glob(experiment.name + "-[0-9]*/result.json"),
                       key=lambda file: int(file.parent.name.split("-")[-1]))
        if files:
            results[experiment.name] = [json.loads(file.read_text(encoding="utf-8")) for file in files]
    return results


def page(folder):
    """index.html: the table, then each experiment's question, curves and pictures; and experiments.json."""
    results = done(folder)
    overview = _overview(results)
    files.write_whole(folder / "overview.png", overview)
    parts = [tables.Section("All", LEGEND, table(results), figure=overview)]
    for experiment in blog.EXPERIMENTS:
        if experiment.name in results:
            flags = " ".join("--{} {}".format(*flag) for flag in experiment.flags.items()) or "none"
            text = "The blog: {}\n\nThe question: {}\n\nFlags: {}".format(experiment.sentence, experiment.question, flags)
            figure = _figure(folder, experiment.name, len(results[experiment.name]))
            parts.append(tables.Section(experiment.name, text, figure=figure))
    tables.write(folder / "index.html", "The blog's experiments", parts)
    judged = {name: [{**one, "verdict": game.verdict(one)} for one in found] for name, found in results.items()}
    files.write_whole(folder / "experiments.json", json.dumps(judged, indent=1) + "\n")


def _overview(results):
    """A dot for each run: how far the adversarial loss moves D, and the length of its gradient; coloured by verdict."""
    from matplotlib.figure import Figure  # no pyplot: no global state, no display
    figure = Figure(figsize=(11.0, 1.2 + 0.26 * len(results)), layout="constrained", dpi=90)
    left, right = figure.subplots(1, 2, sharey=True)
    for row, found in enumerate(results.values()):
        for one in found:
            if "why" not in one:
                colour = "C%d" % VERDICTS.index(game.verdict(one))
                left.plot(game.push(one), row, "o", color=colour, alpha=.8)
                right.plot(max(one["gradient, adversarial"] / one["gradient, mse"], 1e-5), row, "o", color=colour, alpha=.8)
    left.axvline(game.ENOUGH, color="grey", linewidth=1, linestyle="--")
    left.set(yticks=range(len(results)), yticklabels=list(results), ylim=(max(1, len(results)) - .5, -.5),
             xlabel="nats by which the adversarial loss raises D's loss on completions")
    right.set(xscale="log", xlabel="adversarial gradient / MSE's (1e-5: none)")
    for axis in (left, right):
        axis.grid(alpha=.25)
    for number, name in enumerate(VERDICTS):
        right.plot([], [], "o", color="C%d" % number, label=name)
    right.legend(fontsize=8, loc="lower left")
    return plots.png(figure)


def _figure(folder, name, seeds):
    from matplotlib.figure import Figure
    from matplotlib.image import imread
    figure = Figure(figsize=(13.0, 3.2), layout="constrained", dpi=90)
    *axes, right = figure.subplots(1, 3, width_ratios=[1, 1, 1.3])
    for axis, (title, curves) in zip(axes, CURVES.items()):
        for seed in range(seeds):
            rows = [row for row in scalar_log.read(folder / "{}-{}".format(name, seed)) if row.get("fake_loss")]
            for number, (curve, label) in enumerate(curves.items()):
                axis.plot([int(row["step"]) for row in rows], [float(row[curve]) for row in rows], color="C%d" % number,
                          label=None if seed else label, linewidth=1)
        axis.set(title=title, xlabel="step of phases two and three")
        axis.legend(fontsize=7)
        axis.grid(alpha=.25)
    axes[0].set_ylim(0, 5)
    axes[1].set_ylim(-.02, 1.02)
    pictures = files.path(folder, "{}-0".format(name), "figures", "holed_completed_real.png")
    if pictures.exists():
        right.imshow(imread(str(pictures)))
    right.axis("off")
    return plots.png(figure)


def _parser():
    parser = cli.Parser(prog="glcic.experiments", description=__doc__.split("\n\n")[0], allow_abbrev=False)
    parser.add_argument("--list", action="store_true", help="show names, the blog's sentences and the questions")
    parser.add_argument("--only", default="", help="names, with commas between them (default: all)")
    parser.add_argument("--seeds", type=cli.whole(1), default=1, help="of those on batch norm and input (default: 1)")
    parser.add_argument("--input_dir", default="", help="folder of pictures (default: faces are drawn)")
    parser.add_argument("--crop", type=cli.whole(0), default=0, help="see glcic --help (default: 0)")
    parser.add_argument("--output_dir", default="runs/experiments", help="(default: runs/experiments)")
    parser.add_argument("--first_steps", type=cli.whole(1), default=1200, help="of the first phase (default: 1200)")
    parser.add_argument("--discriminator_steps", type=cli.whole(1), default=600, help="of the second phase (default: 600)")
    parser.add_argument("--max_steps", type=cli.whole(1), default=500, help="of the third phase (default: 500)")
    return parser


def main(argv=None):
    with errors.one_line("glcic.experiments"):
        flags = _parser().parse_args(argv)
        known = {experiment.name: experiment for experiment in blog.EXPERIMENTS}
        # The base has slim's batch norm: who asks for that by its name means the base.
        names = ["base" if name == "bn_slim" else name for name in flags.only.split(",") if name]
        names = list(dict.fromkeys(names)) or list(known)
        for name in names:
            if name not in known:
                raise errors.InputError("there is no experiment {!r}: --list shows their names".format(name))
        if flags.list:
            rows = [{"name": one.name, "the blog": one.sentence, "question": one.question} for one in blog.EXPERIMENTS]
            tables.show([tables.Section("The blog's experiments", "", rows)])
            return
        folder = files.path(flags.output_dir)
        pictures = sources.find(settings(flags, 0, blog.EXPERIMENTS[0], folder))
        for name in names:
            for seed in range(flags.seeds if known[name].several else 1):
                found = run(flags, known[name], seed, folder, pictures)
                sys.stderr.write("{}, seed {}: {} ({:.1f} min)\n".format(name, seed, game.verdict(found), found["minutes"]))
            page(folder)
        tables.show([tables.Section("The blog's experiments", LEGEND, table(done(folder)))])
        print("page: {}".format(folder / "index.html"))


if __name__ == "__main__":
    main()
