"""The page of the experiments, index.html: a table, then each experiment's curves and images."""

import collections
import json

import numpy as np

from glcic.experiments import blog, game, runs
from graphmode import files
from graphmode.report import plots, tables
from graphmode.training import scalar_log

TITLE = "The blog's experiments"

LEGEND = f"""D is the pair of discriminators, G the completion network. All numbers are means over
the checkpoints of the third phase, then over the seeds; ± is the standard deviation over the seeds.

"loss" and "accuracy" are those of D. "change by G" is the change of D's loss on completions, in
nats, by {game.STEPS} steps of G with the adversarial loss; "change by G, MSE alone" is the same
without the adversarial loss; "change by D" is the change of D's whole loss by the next
{game.STEPS} steps of D. The gradient norms are those of alpha times the adversarial loss and of the
MSE with respect to the weights of G. L1 and SSIM are those of held-out images, in the holes.

{game.RULE}"""

# Column -> the number's name in result.json.
COLUMNS = {
    "loss on real": "real_loss",
    "loss on completions": "fake_loss",
    "accuracy on real": "real_accuracy",
    "accuracy on completions": "fake_accuracy",
    "change by G": "fake_loss, G alone",
    "change by G, MSE alone": "fake_loss, G by MSE",
    "change by D": "loss, D's answer",
    "gradient norm": "gradient, adversarial",
    "gradient norm of the MSE": "gradient, mse",
    "hole L1": "hole L1",
    "hole SSIM": "hole SSIM",
}

# Title of a plot -> (limits of y, column of scalars.csv -> label).
CURVES = {
    "losses": (
        (0, 5),
        {
            "fake_loss": "D on completions",
            "real_loss": "D on real images",
            "adversarial_loss": "G",
        },
    ),
    "accuracy of D": (
        (-0.02, 1.02),
        {"fake_accuracy": "on completions", "real_accuracy": "on real images"},
    ),
}

LEAST_RATIO = 1e-5  # where the plot puts smaller ratios of the gradient norms, and 0


def write(folder):
    """Writes index.html, overview.png and experiments.json about the finished runs in a folder."""
    results = runs.finished(folder)
    figure = overview(results)
    files.write_whole(folder / "overview.png", figure)
    parts = [tables.Section("All experiments", LEGEND, rows(results), figure=figure)]
    for experiment in blog.EXPERIMENTS:
        if experiment.name in results:
            seeds = len(results[experiment.name])
            figure = curves(folder, experiment.name, seeds)
            parts.append(tables.Section(experiment.name, words(experiment), figure=figure))
    tables.write(folder / "index.html", TITLE, parts)
    with_verdicts = {
        name: [{**numbers, "verdict": game.verdict(numbers)} for numbers in seeds]
        for name, seeds in results.items()
    }
    files.write_whole(folder / "experiments.json", json.dumps(with_verdicts, indent=1) + "\n")


def words(experiment):
    """The text about one experiment."""
    return "\n\n".join(
        [
            f"The blog: {experiment.sentence} {experiment.chinese}",
            f"The question: {experiment.question}",
            f"Flags: {differences(experiment)}",
        ]
    )


def differences(experiment):
    """What an experiment changes in the base, as flags of glcic."""
    flags = [f"--{name} {value}" for name, value in experiment.flags.items()]
    if experiment.first_phase_length != 1:
        flags.append(f"{experiment.first_phase_length} times the --completion_steps")
    return " ".join(flags) or "none"


def listed():
    """A row for each experiment: name, what the blog says, the question, the flags."""
    return [
        {
            "name": experiment.name,
            "the blog": f"{experiment.sentence}\n{experiment.chinese}".strip(),
            "question": experiment.question,
            "flags": differences(experiment),
        }
        for experiment in blog.EXPERIMENTS
    ]


def rows(results):
    """A row for each experiment: the verdicts, and each number's mean and standard deviation.

    Args:
        results: see `runs.finished`.
    """
    table = []
    for name, seeds in results.items():
        verdicts = collections.Counter(map(game.verdict, seeds))
        counted = [
            f"{verdict} x{n}" if len(seeds) > 1 else verdict for verdict, n in verdicts.items()
        ]
        row = {"experiment": name, "verdict": ", ".join(counted)}
        for column, key in COLUMNS.items():
            row[column] = spread([numbers[key] for numbers in seeds if key in numbers])
        table.append(row)
    return table


def spread(values):
    """Mean ± standard deviation as text, the latter for two values or more."""
    if not values:
        return "-"
    mean = f"{np.mean(values):.3g}"
    return f"{mean} ± {np.std(values, ddof=1):.2g}" if len(values) > 1 else mean


def overview(results):
    """A dot for each run, with the color of its verdict: push and ratio of the gradient norms.

    Returns:
        The bytes of a PNG file.
    """
    figure = plots.figure(11.0, 1.2 + 0.26 * len(results), dpi=90)
    left, right = figure.subplots(1, 2, sharey=True)
    colors = {verdict: f"C{number}" for number, verdict in enumerate(game.VERDICTS)}
    for row, seeds in enumerate(results.values()):
        for numbers in seeds:
            if "why" not in numbers:
                ratio = numbers["gradient, adversarial"] / numbers["gradient, mse"]
                style = {"color": colors[game.verdict(numbers)], "alpha": 0.8}
                left.plot(game.push(numbers), row, "o", **style)
                right.plot(max(ratio, LEAST_RATIO), row, "o", **style)
    left.axvline(game.PUSHED, color="grey", linewidth=1, linestyle="--")
    left.set(
        yticks=range(len(results)),
        yticklabels=list(results),
        ylim=(max(1, len(results)) - 0.5, -0.5),
        xlabel="nats by which the adversarial loss raises D's loss on completions",
    )
    label = f"gradient norm: adversarial / MSE ({LEAST_RATIO:g}: none)"
    right.set(xscale="log", xlabel=label)
    for axes in (left, right):
        axes.grid(alpha=0.25)
    for verdict, color in colors.items():
        right.plot([], [], "o", color=color, label=verdict)
    right.legend(fontsize=8, loc="lower left")
    return plots.png(figure)


def curves(folder, name, seeds):
    """The curves of all seeds of an experiment and the images of its first seed, as a PNG file."""
    from matplotlib.image import imread  # here, so that --help does not wait for it

    figure = plots.figure(13.0, 3.2, dpi=90)
    *axes, right = figure.subplots(1, 3, width_ratios=[1, 1, 1.3])
    for plot, (title, (limits, lines)) in zip(axes, CURVES.items(), strict=True):
        for seed in range(seeds):
            log = scalar_log.read(folder / f"{name}-{seed}")
            log = [row for row in log if row.get("fake_loss")]
            steps = [int(row["step"]) for row in log]
            for number, (column, label) in enumerate(lines.items()):
                values = [float(row[column]) for row in log]
                label = None if seed else label
                plot.plot(steps, values, color=f"C{number}", label=label, linewidth=1)
        plot.set(title=title, xlabel="step of the second and third phase", ylim=limits)
        plot.legend(fontsize=7)
        plot.grid(alpha=0.25)
    images = runs.figure_of(folder / f"{name}-0")
    if images.exists():
        right.imshow(imread(str(images)))
    right.axis("off")
    return plots.png(figure)
