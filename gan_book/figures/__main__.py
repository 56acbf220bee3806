"""The chapter's lost figures, and the notes' activation functions, drawn from their formulas.

All numbers are computed in gan_book/figures/formulas.py: distances from the pixels that are shown,
divergences in closed form, two models from sampled points.

Run:     ./run.sh gan_book.figures
         Then open runs/figures/index.html, which needs none of the files beside it.
"""

import dataclasses
from typing import Literal

import numpy as np

import data
from gan_book.figures import diagrams, formulas
from graphmode import cli, config, files
from graphmode.config import setting
from graphmode.report import plots, tables

BLUE, GREEN, YELLOW, RED = diagrams.BLUE, diagrams.GREEN, diagrams.YELLOW, diagrams.RED
TITLE = "The chapter's figures"
TEXT = "The images of the text are lost. These are drawn again. The Chinese terms are the text's."
DPI = 110
# (mean, 2x2 covariance) of the normal distributions of two classes of points
CLASSES = (([-1.6, -0.5], [[1.0, 0.6], [0.6, 0.9]]), ([1.5, 0.8], [[0.8, -0.4], [-0.4, 1.1]]))
COUNT = 60  # points of a class


@dataclasses.dataclass(frozen=True)
class Settings(config.Settings):
    """Settings of the figures."""

    output_dir: str = setting("runs/figures", help="folder for the page and the images")
    data: Literal["digits", "mnist"] = setting("digits", help="drawn digits, or MNIST")
    input_dir: str = setting("", path=True, help="folder with MNIST's files")
    seed: int = setting(
        0, at_least=0, at_most=2**31 - 1, help="seed of the digit, the noise and the points"
    )


def same_l2(test_images, generator):
    """A digit of test_images, uint8 [N, 28, 28], and seven images at the same L2 distance."""
    original = test_images[generator.choice(np.flatnonzero(formulas.shift_suits(test_images)))]
    images = formulas.same_l2_images(original, generator)
    figure = plots.figure(8, 5, DPI)
    for axes, (name, image) in zip(figure.subplots(2, 4).flat, images.items()):
        axes.imshow(image, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        distance = formulas.l2_distance(original, image)
        axes.set(title=name, xlabel=f"L2 = {distance:.2f}", xticks=[], yticks=[])
    return figure


def density(x, mean, stddev):
    """The density of N(mean, stddev^2) at x, [N]."""
    return formulas.normal_density(x[:, None], [mean], [[stddev**2]])


def normals():
    """Normal distributions with different means and standard deviations."""
    x = np.linspace(-6, 6, 601)
    figure = plots.figure(7, 3.8, DPI)
    axes = figure.add_subplot(xlabel="z", ylabel="density")
    for mean, stddev, color in ((0, 1, GREEN), (0, 0.5, BLUE), (0, 2, YELLOW), (-3, 0.7, RED)):
        label = rf"$\mu = {mean}$, $\sigma = {stddev}$"
        axes.plot(x, density(x, mean, stddev), color=color, label=label)
    axes.legend()
    return figure


def kl():
    """The KL divergence of a normal distribution on its way to N(0, 1), with four stages."""
    way, x = np.linspace(0, 1, 201), np.linspace(-4, 6, 501)
    means, stddevs = 3 * (1 - way), 0.5 + 0.5 * way
    divergences = formulas.kl_normal(means, stddevs)
    figure = plots.figure(9, 5, DPI)
    parts = figure.subplot_mosaic([["A", "B", "C", "D"], ["way"] * 4])
    parts["way"].plot(way, divergences, color=BLUE)
    parts["way"].set(
        xlabel="fraction of the way to the green one",
        ylabel="KL (nats)",
        xlim=(-0.03, 1.03),
        ylim=(-0.3, 5.6),
    )
    for stage, n in (("A", 0), ("B", 80), ("C", 140), ("D", 200)):
        axes = parts[stage]
        for mean, stddev, color, style in ((0, 1, GREEN, "-"), (means[n], stddevs[n], BLUE, "--")):
            axes.plot(x, density(x, mean, stddev), style, color=color)
            axes.fill_between(x, density(x, mean, stddev), color=color, alpha=0.25)
        axes.set(
            title=f"{stage}: KL = {divergences[n]:.2f}",
            xlabel=rf"$\mu = {means[n]:.1f}$, $\sigma = {stddevs[n]:.2f}$",
            ylim=(0, 0.85),
            yticks=[],
        )
        parts["way"].plot(way[n], divergences[n], "o", color=BLUE)
        parts["way"].annotate(stage, (way[n], divergences[n]), (4, 6), textcoords="offset points")
    return figure


def discriminative_and_generative(generator):
    """Both models of the same points of CLASSES. The generative one also samples new points."""
    classes = [generator.multivariate_normal(*each, COUNT) for each in CLASSES]
    labels = np.repeat([0, 1], COUNT)
    weights = formulas.logistic_regression(np.concatenate(classes), labels)
    x, y = np.meshgrid(np.linspace(-6, 6, 241), np.linspace(-5, 5, 201))
    figure = plots.figure(10, 4.5, DPI)
    left, right = figure.subplots(1, 2, sharex=True, sharey=True)
    line = weights[0] * x + weights[1] * y + weights[2]
    left.contour(x, y, line, levels=[0], colors="black")
    left.set(title="discriminative: p(y | x) is 1/2 on the line", xlim=(-6, 6), ylim=(-5, 5))
    right.set_title("generative: p(x | y), and new points from it")
    densities = []  # p(x | y)
    for points, color in zip(classes, (BLUE, YELLOW)):
        fit = points.mean(0), np.cov(points.T)
        peak = formulas.normal_density(fit[0], *fit)
        heights = formulas.normal_density(np.stack([x, y], -1), *fit)
        densities.append(heights)
        for radius in (2, 1):
            levels = [peak * np.exp(-(radius**2) / 2), peak]
            right.contourf(x, y, heights, colors=color, alpha=0.35, levels=levels)
        for axes in (left, right):
            axes.plot(*points.T, "o", color=color, ms=4.5, mec="black", mew=0.5)
        new = generator.multivariate_normal(*fit, 8)
        right.plot(*new.T, "^", color=RED, mec="white", ms=9)
    # 贝叶斯规则: both classes have COUNT points, so the prior p(y) is 1/2.
    posterior = formulas.bayes(densities, [0.5, 0.5])[1]
    right.contour(x, y, posterior, levels=[0.5], colors="black", linestyles="dashed")
    return figure


def activations():
    """The activation functions that the notes compare and suggest."""
    x = np.linspace(-3, 2, 501)
    figure = plots.figure(10, 4.2, DPI)
    left, right = figure.subplots(1, 2, sharex=True, sharey=True)
    for values, label, color, style in (
        (formulas.shifted_relu(x), "SReLU: max(-1, x)", YELLOW, "-"),
        (formulas.elu(x), "ELU: x > 0: x, else exp(x) - 1", RED, "-"),
        (formulas.leaky_relu(x), "LReLU: x > 0: x, else 0.2 x", GREEN, "-"),
        (formulas.relu(x), "ReLU: max(0, x)", BLUE, "--"),
    ):
        left.plot(x, values, style, color=color, label=label)
    bounds = [formulas.leaky_relu(x, slope) for slope in formulas.RRELU_SLOPES]
    label = "RReLU: random slope from [1/8, 1/3]"
    right.fill_between(x, *bounds, color=BLUE, alpha=0.35, label=label)
    for slope, style in ((0.05, ":"), (0.25, "-"), (0.5, "--")):
        label = f"PReLU: learned slope, here {slope}"
        right.plot(x, formulas.leaky_relu(x, slope), style, color=GREEN, label=label)
    for axes in (left, right):
        axes.grid(alpha=0.25)
        axes.legend(loc="upper left")
        axes.set_xlabel("x")
    return figure


# Name of the file -> (heading, caption), in the order of the page.
CAPTIONS = {
    "same_l2": (
        "L2 损失: many images at one distance",
        "Seven images have the same L2 distance from the first one, up to the rounding to whole "
        "gray levels. The number below each is measured on the pixels that are shown (0 to 1). "
        "To the eye the shifted digit is the same. To the L2 loss it is as wrong as the covered "
        "one.",
    ),
    "discriminative_and_generative": (
        "判别模型 and 生成模型",
        "Two classes of points. Left, a discriminative model, P(Y|X): logistic regression finds "
        "only the line between them. Right, a generative model, P(Y, X): a normal distribution "
        "fitted to each class, shaded to 1 and 2 standard deviations. The red triangles "
        "(红色三角形) are new points, sampled from it. On the dashed line P(Y|X), computed from "
        "P(Y, X) by Bayes' rule (贝叶斯规则), is 1/2.",
    ),
    "normals": (
        "平均值 and 标准差",
        "Normal distributions with different means and standard deviations. These two numbers are "
        "enough to sample from one. The VAE's z should follow the green one.",
    ),
    "kl": (
        "KL 散度损失",
        "The blue distribution models the green one, N(0, 1). On the way its mean and its standard "
        "deviation change linearly, and the KL divergence of blue from green falls to 0. A to D "
        "mark the stages on the curve.",
    ),
    "structures": (
        "自编码器, 生成对抗网络 and 深度卷积 GAN",
        "The networks of three sections. Above, an autoencoder: z, in its middle, is much smaller "
        "than the image. In the middle, a GAN. Below, the DCGAN's generator (first line) and its "
        "discriminator (second line, to be read from the right). Dashed green arrows carry the "
        "gradients of the autoencoder's loss, and of the generator's.",
    ),
    "reparameterization": (
        "重新参数化",
        "Blue: the two parts of the loss. Red: the random sample, which has no derivative. Black "
        "arrows lead forward, dashed green arrows carry gradients back. Before, the gradient of "
        "the generation loss ends at the sample. After, the sample is off the path, and the "
        "gradient reaches mu, sigma and the encoder.",
    ),
    "activations": (
        "激活函数",
        "Left, the four functions that the pix2pix notes compare (四种激活函数): ELU, LReLU with "
        "the notes' slope of 0.2, ReLU, and SReLU. The notes give no formula for SReLU: here it is "
        "the shifted ReLU, max(-1, x). Right, the two that they suggest: PReLU learns its slope "
        "(three examples), and RReLU samples it from the band in each training step.",
    ),
}


def draw(settings):
    """Draws all figures into the output folder, and the page that holds them."""
    test_images = data.load(settings.data, settings.input_dir).test_images
    generator = np.random.default_rng(settings.seed)
    figures = {
        "same_l2": same_l2(test_images, generator),
        "normals": normals(),
        "kl": kl(),
        "discriminative_and_generative": discriminative_and_generative(generator),
        "structures": diagrams.structures(plots.figure(9.5, 10.5, DPI)),
        "reparameterization": diagrams.reparameterization(plots.figure(9.5, 7.6, DPI)),
        "activations": activations(),
    }
    shown = []
    for name, (heading, caption) in CAPTIONS.items():
        figure = plots.png(figures[name])
        files.write_whole(files.path(settings.output_dir, f"{name}.png"), figure)
        shown.append(tables.Section(heading, caption, figure=figure))
    target = files.path(settings.output_dir, "index.html")
    tables.write(target, TITLE, shown, TEXT)
    print(f"open {target}")


def main(argv=None):
    cli.tool("gan_book.figures", Settings, __doc__, draw, argv)


if __name__ == "__main__":
    main()
