"""Draws the chapter's figures whose pictures are lost, and the notes' activation functions, each from its own formula.

Every number shown is computed here (gan_book/formulas.py): distances from the pixels as shown, divergences from the
closed form, the two models from points drawn for them.

Run: `./run.sh gan_book.figures`, then open runs/figures/index.html, which needs none of the files beside it.
"""

import numpy as np

import data
from gan_book import formulas
from graphmode import cli, errors, files
from graphmode.report import page, plots

BLUE, GREEN, YELLOW, RED, GREY = "#4878cf", "#3a9d5d", "#e8b93f", "#d1342f", "#e4e4e4"
TITLE = "The chapter's figures"
TEXT = "Drawn anew, for the pictures of the text are lost. The Chinese words are the text's."
# (mean, 2x2 covariance) of the normals that the two classes of points are drawn from
CLASSES = (([-1.6, -.5], [[1., .6], [.6, .9]]), ([1.5, .8], [[.8, -.4], [-.4, 1.1]]))
COUNT = 60  # points of a class


def _figure(width, height):
    from matplotlib.figure import Figure  # here, so that --help does not wait for it; no pyplot: no global state
    return Figure(figsize=(width, height), layout="constrained", dpi=110)


def same_l2(test_images, generator):
    """One of the digits, uint8 [N, 28, 28], and seven pictures at the same L2 distance from it."""
    original = test_images[generator.choice(np.flatnonzero(formulas.shift_suits(test_images)))]
    pictures = formulas.same_l2_pictures(original, generator)
    figure = _figure(8, 5)
    for axes, (name, picture) in zip(figure.subplots(2, 4).flat, pictures.items()):
        axes.imshow(picture, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        axes.set(title=name, xlabel="L2 = {:.2f}".format(formulas.l2_distance(original, picture)), xticks=[], yticks=[])
    return figure


def normals():
    x = np.linspace(-6, 6, 601)
    figure = _figure(7, 3.8)
    axes = figure.add_subplot(xlabel="z", ylabel="density")
    for mean, deviation, colour in ((0, 1, GREEN), (0, .5, BLUE), (0, 2, YELLOW), (-3, .7, RED)):
        axes.plot(x, formulas.normal_density(x[:, None], [mean], [[deviation ** 2]]), color=colour,
                  label=r"$\mu = {}$, $\sigma = {}$".format(mean, deviation))
    axes.legend()
    return figure


def kl():
    way, x = np.linspace(0, 1, 201), np.linspace(-4, 6, 501)
    means, deviations = 3 * (1 - way), .5 + .5 * way
    divergences = formulas.kl_normal(means, deviations)
    figure = _figure(9, 5)
    parts = figure.subplot_mosaic([["A", "B", "C", "D"], ["way"] * 4])
    parts["way"].plot(way, divergences, color=BLUE)
    parts["way"].set(xlabel="share of the way to the green one", ylabel="KL (nats)", xlim=(-.03, 1.03), ylim=(-.3, 5.6))
    for stage, n in (("A", 0), ("B", 80), ("C", 140), ("D", 200)):
        axes = parts[stage]
        for mean, deviation, colour, style in ((0, 1, GREEN, "-"), (means[n], deviations[n], BLUE, "--")):
            density = formulas.normal_density(x[:, None], [mean], [[deviation ** 2]])
            axes.plot(x, density, style, color=colour)
            axes.fill_between(x, density, color=colour, alpha=.25)
        axes.set(title="{}: KL = {:.2f}".format(stage, divergences[n]), ylim=(0, .85), yticks=[],
                 xlabel=r"$\mu = {:.1f}$, $\sigma = {:.2f}$".format(means[n], deviations[n]))
        parts["way"].plot(way[n], divergences[n], "o", color=BLUE)
        parts["way"].annotate(stage, (way[n], divergences[n]), (4, 6), textcoords="offset points")
    return figure


def discriminative_and_generative(generator):
    """Both models of the same points, drawn from CLASSES; the generative one draws new points."""
    classes = [generator.multivariate_normal(*each, COUNT) for each in CLASSES]
    weights = formulas.logistic_regression(np.concatenate(classes), np.repeat([0, 1], COUNT))
    x, y = np.meshgrid(np.linspace(-6, 6, 241), np.linspace(-5, 5, 201))
    figure = _figure(10, 4.5)
    left, right = figure.subplots(1, 2, sharex=True, sharey=True)
    left.contour(x, y, weights[0] * x + weights[1] * y + weights[2], levels=[0], colors="black")
    left.set(title="discriminative: p(y | x) is 1/2 on the line", xlim=(-6, 6), ylim=(-5, 5))
    right.set_title("generative: p(x | y), and new points from it")
    for points, colour in zip(classes, (BLUE, YELLOW)):
        fit = points.mean(0), np.cov(points.T)
        peak = formulas.normal_density(fit[0], *fit)
        for radius in (2, 1):
            right.contourf(x, y, formulas.normal_density(np.stack([x, y], -1), *fit), colors=colour, alpha=.35,
                           levels=[peak * np.exp(-radius ** 2 / 2), peak])
        for axes in (left, right):
            axes.plot(*points.T, "o", color=colour, markersize=4.5, markeredgecolor="black", markeredgewidth=.5)
        right.plot(*generator.multivariate_normal(*fit, 8).T, "^", color=RED, markeredgecolor="white", markersize=9)
    return figure


# name -> (centre, width, text, colour), then the arrows: (from, to, whether a gradient comes back)
SHARED = ({"encoder": ((.9, 2), 1.6, "encoder", GREY), "mu": ((3.1, 3.4), .8, r"$\mu$", GREY),
           "sigma": ((3.1, .6), .8, r"$\sigma$", GREY), "latent": ((3.1, 2), 1.6, "latent loss\n(KL)", BLUE),
           "decoder": ((8, 2), 1.6, "decoder", GREY), "generation": ((10.4, 2), 1.6, "generation\nloss", BLUE)},
          [("encoder", "mu", True), ("encoder", "sigma", True), ("mu", "latent", True), ("sigma", "latent", True),
           ("decoder", "generation", True)])
BEFORE = ({"sample": ((5.5, 2), 1.9, "sample z: no\ngradient passes", RED)},
          [("mu", "sample", False), ("sigma", "sample", False), ("sample", "decoder", True)])
AFTER = ({"times": ((5.5, .6), .6, r"$\times$", GREY), "plus": ((5.5, 2), .6, "+", GREY),
          "noise": ((8, .6), 1.8, r"sample $\epsilon$" "\n" "from $N(0, 1)$", RED)},
         [("mu", "plus", True), ("sigma", "times", True), ("noise", "times", False), ("times", "plus", True),
          ("plus", "decoder", True)])


def reparameterisation():
    """The VAE before and after: what flows forward, black, and the gradients that flow back, dashed."""
    from matplotlib import patches
    figure = _figure(9.5, 7.6)
    titles = r"before: z drawn from $N(\mu, \sigma^2)$", r"after: $z = \mu + \sigma \cdot \epsilon$"
    for axes, title, (own, arrows) in zip(figure.subplots(2, 1), titles, (BEFORE, AFTER)):
        boxes = SHARED[0] | own
        axes.set(title=title, xlim=(-.1, 11.4), ylim=(0, 4), aspect="equal")
        axes.axis("off")
        drawn = {}
        for name, ((x, y), width, text, colour) in boxes.items():
            axes.text(x, y, text, ha="center", va="center", color="black" if colour == GREY else "white", zorder=3)
            drawn[name] = axes.add_patch(patches.FancyBboxPatch(
                (x - width / 2, y - .3), width, .6, boxstyle="round,pad=.06", facecolor=colour, edgecolor="black"))

        def arrow(start, end, **style):
            places = np.array([boxes[name][0] for name in (start, end)])
            x, y = (places[1] - places[0]) / np.linalg.norm(places[1] - places[0])
            axes.add_patch(patches.FancyArrowPatch(
                *(places + [-.1 * y, .1 * x]), patchA=drawn[start], patchB=drawn[end], shrinkA=1, shrinkB=1,
                arrowstyle="-|>", mutation_scale=13, **style))
        for start, end, gradient in SHARED[1] + arrows:
            arrow(start, end, color="black")
            if gradient:
                arrow(end, start, color=GREEN, linestyle="--")
    return figure


def activations():
    x = np.linspace(-3, 2, 501)
    figure = _figure(10, 4.2)
    left, right = figure.subplots(1, 2, sharex=True, sharey=True)
    for values, label, colour, style in (
            (formulas.shifted_relu(x), "SReLU: max(-1, x)", YELLOW, "-"),
            (formulas.elu(x), "ELU: x > 0: x, else exp(x) - 1", RED, "-"),
            (formulas.leaky_relu(x), "LReLU: x > 0: x, else 0.2 x", GREEN, "-"),
            (formulas.relu(x), "ReLU: max(0, x)", BLUE, "--")):
        left.plot(x, values, style, color=colour, label=label)
    bounds = [formulas.leaky_relu(x, slope) for slope in formulas.RRELU_SLOPES]
    right.fill_between(x, *bounds, color=BLUE, alpha=.35, label="RReLU: slope drawn from [1/8, 1/3]")
    for slope, style in ((.05, ":"), (.25, "-"), (.5, "--")):
        right.plot(x, formulas.leaky_relu(x, slope), style, color=GREEN,
                   label="PReLU: slope learned, here {}".format(slope))
    for axes in (left, right):
        axes.grid(alpha=.25)
        axes.legend(loc="upper left")
        axes.set_xlabel("x")
    return figure


# file name -> (heading, caption), in the order of the page
CAPTIONS = {
    "same_l2": (
        "L2 损失: one distance, many pictures",
        "Seven pictures at the same L2 distance from the first, but for rounding to whole grey levels; the number "
        "under each is measured on the pixels shown (0 to 1). To the eye the shifted digit is the same; to the L2 "
        "loss it is as wrong as the covered one."),
    "discriminative_and_generative": (
        "判别模型 and 生成模型",
        "Two classes of points. Left, a discriminative model, P(Y|X): logistic regression finds the line between "
        "them, and nothing else. Right, a generative model, P(Y, X): a normal fitted to each class, shaded to 1 and 2 "
        "standard deviations; the red triangles (红色三角形) are new points, sampled from it."),
    "normals": (
        "平均值 and 标准差",
        "Normal distributions with different means and standard deviations: the two numbers are all that it takes to "
        "sample from one. The VAE's z should follow the green one."),
    "kl": (
        "KL 散度损失",
        "The blue distribution models the green one, N(0, 1). On its way there, on which mean and standard deviation "
        "change evenly, the KL divergence of blue from green falls to 0. A to D mark the stages in the curve."),
    "reparameterisation": (
        "重新参数化",
        "Blue: the two parts of the loss. Red: the random sample, which cannot be differentiated. Black arrows lead "
        "forward, dashed green ones carry gradients back. Before, the generation loss's gradient ends at the sample; "
        "after, the sample lies aside, and the gradient reaches mu, sigma and the encoder."),
    "activations": (
        "激活函数",
        "Left, the four functions that the pix2pix notes compare (四种激活函数): ELU, LReLU with the notes' slope 0.2, "
        "ReLU, and SReLU, of which the notes give no formula: here the shifted ReLU, max(-1, x). Right, the two that "
        "they suggest: PReLU, which learns its slope (three examples), and RReLU, which draws it anew in training "
        "from the band."),
}


def main(argv=None):
    parser = cli.Parser(prog="gan_book.figures", description=__doc__.split("\n\n")[0], allow_abbrev=False)
    parser.add_argument("--output_dir", default="runs/figures", help="(default: runs/figures)")
    parser.add_argument("--data", choices=("digits", "mnist"), default="digits",
                        help="drawn here, or MNIST (default: digits)")
    parser.add_argument("--input_dir", default="", help="folder with MNIST's files")
    parser.add_argument("--seed", type=cli.whole(0, 2**31 - 1), default=0,
                        help="of the digit, the noise and the points (default: 0)")
    with errors.one_line("gan_book.figures", "stopped"):
        flags = parser.parse_args(argv)
        test_images = data.load(flags.data, flags.input_dir).test_images
        generator = np.random.default_rng(flags.seed)
        drawn = {"same_l2": same_l2(test_images, generator), "normals": normals(), "kl": kl(),
                 "discriminative_and_generative": discriminative_and_generative(generator),
                 "reparameterisation": reparameterisation(), "activations": activations()}
        pictures = {files.path(flags.output_dir, name + ".png"): words for name, words in CAPTIONS.items()}
        for target in pictures:
            files.write_whole(target, plots.png(drawn[target.stem]))
        page = files.path(flags.output_dir, "index.html")
        page.write_index(page, [], TITLE, TEXT, pictures)
    print("open {}".format(page))


if __name__ == "__main__":
    main()
