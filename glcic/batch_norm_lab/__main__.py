"""Measures what slim's, tf.layers' and hand-written batch norms do, and says why.

It prints tables and writes report.html (with plots) and lab.json into --output_dir. It needs no
data and takes less than a minute. docs/batch_norm.md draws the conclusions.

The last column of each table says what the real TensorFlow 1.15.5 computed (see `recorded`).

Run:     ./run.sh glcic.batch_norm_lab
         ./run.sh glcic.batch_norm_lab --study symptoms   (mistakes, and what is seen of each)
"""

import dataclasses
import itertools
import json
from typing import Literal

import data
from glcic.batch_norm_lab import batch_of_one, recorded, studies, symptoms
from graphmode import cli, config, files
from graphmode.config import setting
from graphmode.report import plots, tables

PROGRAM = "glcic.batch_norm_lab"
TITLE = "Batch norm: slim, tf.layers, by hand"
# At the top of the page. docs/batch_norm.md has the reasons.
ANSWER = """In short: slim.batch_norm and tf.layers.batch_normalization compute the same if you call
the latter with training=True. With its defaults tf.layers does not normalize. Neither library runs
its update ops by itself: without them, inference differs from training.

In the blog's image completion (GLCIC) the choice between the two does not decide whether the
networks fight. Parameters made by tf.Variable do: with them the discriminator has separate ones for
real and for completed images.

The outputs of the question are zeros because of the batch of one: on a map of 1x1 pixels the mean
of a channel is its only value, and x - mean is 0. The section "What helps" has the cures."""


@dataclasses.dataclass(frozen=True)
class Flags(config.Settings):
    """The batch-norm laboratory."""

    output_dir: str = setting("runs/batch_norm_lab", help="folder of the page and of the numbers")
    study: Literal["libraries", "symptoms"] = setting(
        "libraries",
        help="libraries: what the batch norms compute (report.html, lab.json); symptoms: what is "
        "seen because of each mistake (symptoms.html, symptoms.json), in a few minutes",
    )
    api: Literal["slim", "layers", "hand"] = setting(
        "layers", help="the batch norm of the programs, --study symptoms; layers is tf.layers'"
    )
    data: Literal["digits", "mnist"] = setting(
        "digits", help="what they learn to read: drawn digits, or MNIST"
    )
    input_dir: str = setting("", path=True, help="folder of MNIST's four files, for --data mnist")
    seed: int = setting(0, at_least=0, help="of their weights and batches")


def sections():
    """Yields the studies as `tables.Section`: the libraries first, then the question.

    Each table gets the column of TensorFlow 1.15.5. The last section lists what differs from it.
    """
    differing = []
    parts = library_sections(), number_sections(), question_sections()
    for study, section in itertools.chain(*parts):
        differing += recorded.differences(study, section.rows)
        yield section._replace(rows=recorded.beside(study, section.rows))
    yield last_section(differing)


def last_section(differing):
    """What has changed; differing: see `recorded.differences`."""
    versions = ", ".join(f"{name} {one}" for name, one in recorded.content()["versions"].items())
    return tables.Section(
        "What has changed since TensorFlow 1.15.5",
        f"""The same studies ran, unchanged, with {versions}. There tf.contrib.slim was slim.
        "equal" in the tables means a relative difference of at most
        {recorded.TOLERANCE} ({_tolerances()}), or an absolute one of at most
        {recorded.ROUNDING}. This table lists everything else. All studies could run there.""",
        differing,
    )


def _tolerances():
    return ", ".join(f"{name}: {value}" for name, value in recorded.TOLERANCES.items())


def _section(study, *parts):
    return study, tables.Section(*parts)


def library_sections():
    """What the functions are, and what they create: (name of the study, section)."""
    yield _section(
        "signatures",
        "The functions",
        """tf.contrib.slim.batch_norm, slim.batch_norm and tf.contrib.layers.batch_norm were one
        function: slim.layers was tf.contrib.layers.""",
        studies.signatures(),
    )
    yield _section(
        "defaults",
        "The defaults",
        """The values come from the signatures of the installed functions. Three defaults of
        slim.batch_norm differ from those of tf.layers. It trains (is_training=True). It has no
        gamma. Its moving averages change ten times more slowly.

        tf.layers.batch_normalization trains only with training=True. Without it, it also
        creates no update ops. Neither library runs its update ops by itself. slim's convolution
        has padding SAME and a ReLU, that of tf.layers has padding VALID and no activation.""",
        studies.defaults(),
    )
    yield _section(
        "created",
        "The variables and update ops",
        """Each batch norm is applied twice in a scope D, the second time with reuse. With slim
        and tf.layers, each application adds update ops. Those of the second application are
        named D_1/ and update the same variables, so the two race if both run. The defaults of
        tf.layers add no update ops.

        With tf.Variable the second application has its own gamma and beta. So there are two
        networks, and the network knows which of the two inputs it sees.""",
        studies.created(),
    )


def number_sections():
    """What the three kinds of batch norm compute: (name of the study, section)."""
    yield _section(
        "behaviour",
        "The outputs",
        """The input is one batch of N(3, 4), shape [4, 5, 5, 3]. The update ops run once. A
        normalized output has mean 0 and standard deviation 1. The defaults of tf.layers divide
        the input by sqrt(1.001). After one update slim's moving averages have moved by 1/1000
        of the way from 0 and 1, those of tf.layers by 1/100, the author's by half. Therefore
        the outputs in inference differ.

        The gradient of a normalized output is small: a common change of all values has no
        effect on it.""",
        studies.behaviour(),
    )
    yield _section(
        "fused",
        "Fused and unfused kernels",
        """One channel has 100 values; the decay is 0.9. The fused kernel keeps the unbiased
        variance (divided by N - 1, Bessel's correction) as moving variance, the unfused kernel
        the biased variance. Both normalize with the biased one. By default rank 4 is fused in
        both libraries, and rank 2 in slim alone. With fused=True tf.layers does not fuse rank 2
        either, and does not say so.

        tf.nn is by hand: tf.nn.fused_batch_norm, or tf.nn.moments and
        tf.nn.batch_normalization.""",
        studies.fused(),
    )
    rows, curves = studies.many_steps()
    yield _section(
        "many_steps",
        "A thousand steps",
        """The batches are 64 values of N(3, 4). Without the update ops the moving averages stay
        at 0 and 1, so inference differs from training. With them, slim's averages are after
        1,000 steps at 1 - 0.999^1000 = 63 % of the way, those of tf.layers at 99.996 %.""",
        rows,
        plot(curves),
    )


def question_sections():
    """The question why the outputs are zeros for a batch of one, and its answer.

    Yields (name of the study, section).
    """
    yield _section(
        "batches",
        "The question: zeros for a batch of one",
        """A VALID convolution as large as its map has an output of 1x1. For a batch of one, the
        mean of a channel is its only value. So x - mean = 0, and beta = 0 is the output,
        whatever the image shows. For a batch of two, one value is d above the mean and the
        other d below it, and the variance is d^2. So the outputs are +-gamma d / sqrt(d^2 +
        epsilon). That is nearly +-gamma, whatever the images show, unless d is as small as
        sqrt(epsilon).

        This explains the numbers of the question. 0.998715 and 1.044437 are the standard
        deviation and the maximum of 100 such values, where gamma is sampled from N(1, 0.02^2).
        0.760749 and 0.779634 are those of their tanh: tanh(1.044437) = 0.779634. The post uses
        TensorLayer, whose batch norm has epsilon 1e-5. With the 0.001 of tf.layers the values
        are smaller.

        The post has a dense last layer, too, in a comment. It has the same zeros.""",
        batch_of_one.batches(),
    )
    yield _section(
        "answer",
        "The example of the answer",
        """[2, 4, 6] and [4, 6, 8] have the means 3, 5, 7 and the variance 1. Each of them alone
        gives zeros. It is not 0/0, because epsilon is added to the variance.""",
        studies.answer(),
    )
    yield _section(
        "per_pixel",
        "Per channel or per position",
        """After convolutions the mean is taken per channel, over batch, height and width. So a
        batch of one is no problem if the map has several positions. The answer calls a mean per
        position the usual one. It would give zeros everywhere.""",
        studies.per_pixel(),
    )
    yield _section(
        "cures",
        "What helps",
        """The network of the question has a batch of one. Instance norm does not help: on a 1x1
        map it equals batch norm with a batch of one. A batch of two helps little. +-gamma says
        only which image has the larger value, and if two values are nearly equal, the gradient
        is huge.""",
        batch_of_one.cures(),
    )


def plot(curves):
    """The moving means over the steps as the bytes of a PNG file; curves: name -> values."""
    figure = plots.figure(7.0, 3.4)
    axes = figure.add_subplot(xlabel="step", ylabel="moving mean (mean of the data: 3)")
    for name, values in curves.items():
        axes.plot(range(1, 1 + len(values)), values, label=name)
    axes.legend(fontsize=8)
    axes.grid(alpha=0.25)
    return plots.png(figure)


def measure(flags):
    """Runs all studies, prints them and writes the two files."""
    shown = []
    for section in sections():
        tables.show([section])
        shown.append(section)
    folder = files.path(flags.output_dir)
    numbers = {section.heading: list(section.rows) for section in shown}
    numbers[recorded.COLUMN] = recorded.content()
    files.write_whole(folder / "lab.json", json.dumps(numbers, indent=1) + "\n")
    tables.write(folder / "report.html", TITLE, shown, ANSWER)
    print(f"report: {folder / 'report.html'}")


def compare_symptoms(flags):
    """Trains the programs that make mistakes, prints what is seen and writes the two files."""
    rows = symptoms.rows(data.load(flags.data, flags.input_dir), flags.api, flags.seed, print)
    sections = list(symptoms.sections(rows))
    tables.show(sections)
    folder = files.path(flags.output_dir)
    files.write_whole(folder / "symptoms.json", json.dumps(rows, indent=1) + "\n")
    tables.write(folder / "symptoms.html", symptoms.TITLE, sections, symptoms.ANSWER)
    print(f"report: {folder / 'symptoms.html'}")


def main(argv=None):
    studies_of = {"libraries": measure, "symptoms": compare_symptoms}
    cli.tool(PROGRAM, Flags, __doc__, lambda flags: studies_of[flags.study](flags), argv)


if __name__ == "__main__":
    main()
