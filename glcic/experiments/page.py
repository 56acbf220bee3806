"""The page of the experiments, index.html: verdicts, rule, then each experiment with its curves."""

import collections
import json

import numpy as np

from glcic.experiments import blog, game, runs
from graphmode import files
from graphmode.report import page, pictures, plots, tables
from graphmode.training import scalar_log

TITLE = "The blog's experiments: do the two networks fight?"

LEGEND = f"""D is the pair of discriminators, G the completion network. All numbers are means over
the checkpoints of the third phase, then over the seeds; ± is the standard deviation over the seeds.

"D's loss on completions, raised by G" is the change of this loss, in nats, by {game.STEPS} steps of
G with the adversarial loss; "raised by the MSE alone" is the same without the adversarial loss.
"D's loss, after D's answer" is the change of D's whole loss by the next {game.STEPS} steps of D.
The gradient norms are those of alpha times the adversarial loss and of the MSE with respect to the
weights of G. L1 and SSIM are those of held-out images, in the holes.

{game.RULE}"""

# Verdict -> what it means, and the level of `graphmode.report.verdict` that colors it.
MEANING = {
    "fights": ("The two networks fight: each makes the other's loss rise.", "good"),
    "no effect": ("No fight: the adversarial loss does not raise D's loss.", "bad"),
    "D wins": ("No fight any more: D recognizes nearly every completion.", "fair"),
    "no gradient": ("No fight: G gets no gradient from the adversarial loss.", "bad"),
    "undertrained": ("It cannot be said: the completions are worse than a mean color.", "fair"),
    "diverges": ("Training ended because a number was not finite.", "bad"),
}

# Column -> the number's name in result.json.
COLUMNS = {
    "D's loss on real images": "real_loss",
    "D's loss on completions": "fake_loss",
    "D's accuracy on real images": "real_accuracy",
    "D's accuracy on completions": "fake_accuracy",
    "D's loss on completions, raised by G": "fake_loss, G alone",
    "raised by the MSE alone": "fake_loss, G by MSE",
    "D's loss, after D's answer": "loss, D's answer",
    "gradient norm, adversarial": "gradient, adversarial",
    "gradient norm, MSE": "gradient, mse",
    "L1 error in the holes": "hole L1",
    "SSIM in the holes": "hole SSIM",
}

# Title of a plot -> (limits of y, column of scalars.csv -> label).
CURVES = {
    "losses": (
        (0.0, 3.0),
        {
            "fake_loss": "D on completions",
            "real_loss": "D on real images",
            "adversarial_loss": "G",
        },
    ),
    "accuracy of D": (
        (0.0, 1.0),
        {"fake_accuracy": "on completions", "real_accuracy": "on real images"},
    ),
}

LEAST_RATIO = 1e-5  # where the plot puts smaller ratios of the gradient norms, and 0


def write(folder):
    """Writes index.html, overview.png and experiments.json about the finished runs in a folder."""
    results = runs.finished(folder)
    figure = overview(results)
    files.write_whole(folder / "overview.png", figure)
    shown = [
        shown_experiment(folder, experiment, results[experiment.name])
        for experiment in blog.EXPERIMENTS
        if experiment.name in results
    ]
    template = page.template("experiments.html", files.path(__file__).parent)
    content = template.render(
        title=TITLE,
        by_verdict=by_verdict(shown),
        experiments=shown,
        rule=tables.paragraphs(game.RULE),
        legend=tables.paragraphs(LEGEND.removesuffix(game.RULE)),
        columns=["experiment", "verdict", *COLUMNS],
        rows=[list(map(tables.plain, row.values())) for row in rows(results)],
        overview=pictures.address(figure),
    )
    files.write_whole(folder / "index.html", content)
    with_verdicts = {
        name: [{**numbers, "verdict": game.verdict(numbers)} for numbers in seeds]
        for name, seeds in results.items()
    }
    files.write_whole(folder / "experiments.json", json.dumps(with_verdicts, indent=1) + "\n")


def by_verdict(shown):
    """Verdict -> (its meaning, its level, names of the experiments), by the most frequent verdict.

    Args:
        shown: list of what `shown_experiment` returns.
    """
    groups = {verdict: (*MEANING[verdict], []) for verdict in game.VERDICTS}
    for each in shown:
        groups[each["verdicts"][0][0]][-1].append(each["experiment"].name)
    return {verdict: group for verdict, group in groups.items() if group[-1]}


def shown_experiment(folder, experiment, seeds):
    """What the page says about one experiment; seeds: its numbers, see `runs.finished`."""
    verdicts = collections.Counter(map(game.verdict, seeds)).most_common()
    figure = runs.figure_of(folder / f"{experiment.name}-0")
    return {
        "experiment": experiment,
        "flags": differences(experiment),
        "verdicts": [(verdict, count, *MEANING[verdict]) for verdict, count in verdicts],
        "seeds": len(seeds),
        "curves": curves(folder, experiment.name, len(seeds)),
        "images": pictures.picture(figure, figure.stem) if figure.exists() else None,
    }


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
    """The curves of all seeds of an experiment: [(title, labels, SVG), ...]."""
    plotted = []
    for title, (limits, lines) in CURVES.items():
        series, colors = {}, []
        for seed in range(seeds):
            rows = scalar_log.read(folder / f"{name}-{seed}")
            for number, (column, label) in enumerate(lines.items()):
                points = [(int(row["step"]), float(row[column])) for row in rows if row.get(column)]
                if points:
                    series[f"{label}, seed {seed}"] = points
                    colors.append(number)
        if series:
            svg = plots.curves(series, title, numbers=colors, limits=limits)
            plotted.append((title, list(lines.values()), svg))
    return plotted
