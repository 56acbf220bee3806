"""The batch-norm laboratory: what slim's, tf.layers' and hand-written batch norms do, in numbers, with the reasons.

Run: `./run.sh glcic.batch_norm_lab`, no data needed, under a minute. Tables in the terminal; report.html with plots and
lab.json in runs/batch_norm_lab. docs/errata.md draws the conclusions.
"""

import json

from glcic import batch_of_one, batch_norm_studies as studies
from graphmode import cli, errors, files, slim, tf, training
from graphmode.report import plots, tables

TITLE = "Batch norm: slim, tf.layers, by hand"


def sections():
    """Every study as `tables.Section`, in the order of the questions."""
    yield tables.Section("What they do when told nothing", """
        Read from the signatures of what is installed. tf.contrib.slim.batch_norm, slim.batch_norm and
        tf.contrib.layers.batch_norm were one function. It differs from tf.layers' in three defaults that matter: it
        trains (is_training=True), it has no gamma, and its averages move ten times more slowly. tf.layers' does not
        train unless told to, and then makes no update ops either. Neither runs its update ops by itself. slim's
        convolution has SAME borders and a ReLU, tf.layers' VALID borders and none.
        """, studies.defaults())
    yield tables.Section("What they create", """
        Two applications in a scope D, the second with reuse. Each application of slim's and tf.layers' adds update ops,
        the second under D_1/, on the same variables: run both, and they race. tf.layers' defaults add none. With
        tf.Variable the second application gets a gamma and a beta of its own: two networks, told apart by what they
        were given.
        """, studies.created())
    yield tables.Section("What they give", """
        One batch of N(3, 4), [4, 5, 5, 3], and one step of the update ops. A normalised output has mean 0 and deviation
        1; tf.layers' defaults give the input divided by sqrt(1.001). In inference slim's averages have gone 1/1000 of
        the way from 0 and 1, tf.layers' 1/100, the author's half: so the outputs differ. The gradient of what is
        normalised is small because normalising takes out what a common change of all values would do.
        """, studies.behaviour())
    yield tables.Section("Fused and plain kernels", """
        100 values, decay 0.9. The fused kernel's moving variance is the unbiased one (Bessel: divided by N - 1), the
        plain kernel's the biased one. Both normalise by the biased one. By default rank 4 is fused in both libraries,
        rank 2 in slim alone.
        """, studies.fused())
    rows, curves = studies.many_steps()
    yield tables.Section("A thousand steps", """
        Batches of 64 from N(3, 4). Without their update ops the averages stay 0 and 1, and inference gives something
        else than training. With them, slim's are after 1,000 steps at 1 - 0.999^1000 = 63 % of the way, tf.layers' at
        99.996 %.
        """, rows, _plot(curves))
    yield tables.Section("The question: zeros for a batch of one", """
        A VALID convolution as large as its map leaves 1x1. Over a batch of one, each channel's mean is its only value:
        x - mean = 0, and beta = 0 is left, in the last layer only. Of two values one is above, one below the mean, by
        as much as the deviation: +-gamma, whatever the picture shows. So the post's .998715 and 1.044437 are the
        deviation and the largest of 100 draws of gamma from N(1, 0.02), .760749 and .779634 those of tanh(gamma),
        .779634 = tanh(1.044437).
        """, batch_of_one.batches())
    yield tables.Section("The answer's example", """
        [2, 4, 6] and [4, 6, 8] have the means 3, 5, 7 and the variance 1. Alone each gives zeros: not 0/0, for epsilon
        stands in the denominator.
        """, studies.answer())
    yield tables.Section("Per channel or per position", """
        After convolutions the mean is taken per channel, over batch, height and width; so a batch of one is no trouble
        while the map has some positions. Per position, which the answer calls usual, it would give zeros everywhere.
        """, studies.per_pixel())
    yield tables.Section("What helps", """
        The question's network with a batch of one, and what is done about it. Instance norm is no cure: on a 1x1 map it
        is batch norm of a batch of one. Two pictures are a poor one: +-gamma says only which of the two is higher, and
        where they are nearly alike the gradient is huge.
        """, batch_of_one.cures())


def _plot(curves):
    from matplotlib.figure import Figure  # no pyplot: no global state, no display
    figure = Figure(figsize=(7.0, 3.4), layout="constrained", dpi=100)
    axes = figure.add_subplot(xlabel="step", ylabel="moving mean (batches' mean: 3)")
    for name, values in curves.items():
        axes.plot(range(1, 1 + len(values)), values, label=name)
    axes.legend(fontsize=8)
    axes.grid(alpha=.25)
    return plots.png(figure)


def main(argv=None):
    parser = cli.Parser(prog="glcic.batch_norm_lab", description=__doc__.split("\n\n")[0], allow_abbrev=False)
    parser.add_argument("--output_dir", default="runs/batch_norm_lab", help="(default: runs/batch_norm_lab)")
    try:
        flags = parser.parse_args(argv)
        found = []
        for section in sections():
            tables.show([section])
            found.append(section)
        folder = files.path(flags.output_dir)
        files.write_whole(folder / "lab.json", json.dumps({part.heading: list(part.rows) for part in found}, indent=1) + "\n")
        tables.write(folder / "report.html", TITLE, found)
    except errors.InputError as error:
        errors.fail("glcic.batch_norm_lab", error)
    except OSError as error:
        errors.fail("glcic.batch_norm_lab", "{}: {}".format(error.filename, error.strerror), 1)
    print("report: {}".format(folder / "report.html"))


if __name__ == "__main__":
    main()
