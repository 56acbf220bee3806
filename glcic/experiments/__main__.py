"""Runs the blog's experiments: one change at a time against a base, with a verdict on each.

The verdict says whether the two networks fight. index.html in --output_dir states the rule and
shows the table, curves and images. The first phase is trained once for each seed and shared, unless
an experiment changes it. A finished experiment is not run again: to continue after an interruption,
give the same command.

Run:     ./run.sh glcic.experiments --list
         ./run.sh glcic.experiments --input_dir FOLDER
         ./run.sh glcic.experiments --only bn_slim,bn_layers,bn_author --seeds 3
"""

import sys

from glcic import inputs
from glcic.experiments import blog, game, page, runs
from graphmode import cli, files
from graphmode.report import tables

PROGRAM = "glcic.experiments"


def experiments(flags):
    """Runs the chosen experiments, or lists all."""
    chosen = flags.chosen
    if flags.list:
        tables.show([tables.Section(page.TITLE, "", page.listed())])
        return
    folder = files.path(flags.output_dir)
    images = inputs.images(runs.settings(flags, 0, blog.BASE, folder))
    for experiment in chosen:
        for seed in range(flags.seeds if experiment.all_seeds else 1):
            numbers = runs.run(flags, experiment, seed, folder, images)
            verdict, minutes = game.verdict(numbers), numbers["minutes"]
            sys.stderr.write(f"{experiment.name}, seed {seed}: {verdict} ({minutes:.1f} min)\n")
        page.write(folder)
    tables.show([tables.Section(page.TITLE, page.LEGEND, page.rows(runs.finished(folder)))])
    print(f"page: {folder / 'index.html'}")


def main(argv=None):
    cli.tool(PROGRAM, runs.Flags, __doc__, experiments, argv)


if __name__ == "__main__":
    main()
