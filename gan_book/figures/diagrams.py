"""Diagrams of the networks and of the reparameterization trick, as data, and their drawing."""

from typing import NamedTuple, Tuple

import numpy as np

BLUE, GREEN, YELLOW, RED, GRAY = "#4878cf", "#3a9d5d", "#e8b93f", "#d1342f", "#e4e4e4"


class Box(NamedTuple):
    """A box of the diagram: its center, its width, its text and its color."""

    center: Tuple[float, float]
    width: float
    text: str
    color: str = GRAY


class Arrow(NamedTuple):
    """An arrow from one box to another. `gradient`: whether a gradient flows back along it."""

    start: str
    end: str
    gradient: bool


# The boxes (name -> Box) and the arrows that both models have.
BOXES = {
    "encoder": Box((0.9, 2), 1.6, "encoder"),
    "mu": Box((3.1, 3.4), 0.8, r"$\mu$"),
    "sigma": Box((3.1, 0.6), 0.8, r"$\sigma$"),
    "latent": Box((3.1, 2), 1.6, "latent loss\n(KL)", BLUE),
    "decoder": Box((8, 2), 1.6, "decoder"),
    "generation": Box((10.4, 2), 1.6, "generation\nloss", BLUE),
}
ARROWS = (
    Arrow("encoder", "mu", True),
    Arrow("encoder", "sigma", True),
    Arrow("mu", "latent", True),
    Arrow("sigma", "latent", True),
    Arrow("decoder", "generation", True),
)
# What each model has besides.
BEFORE_BOXES = {"sample": Box((5.5, 2), 1.9, "sample z: no\ngradient passes", RED)}
BEFORE_ARROWS = (
    Arrow("mu", "sample", False),
    Arrow("sigma", "sample", False),
    Arrow("sample", "decoder", True),
)
AFTER_BOXES = {
    "times": Box((5.5, 0.6), 0.6, r"$\times$"),
    "plus": Box((5.5, 2), 0.6, "+"),
    "noise": Box((8, 0.6), 1.8, "sample $\\epsilon$\nfrom $N(0, 1)$", RED),
}
AFTER_ARROWS = (
    Arrow("mu", "plus", True),
    Arrow("sigma", "times", True),
    Arrow("noise", "times", False),
    Arrow("times", "plus", True),
    Arrow("plus", "decoder", True),
)
MODELS = (
    (r"before: z is sampled from $N(\mu, \sigma^2)$", BEFORE_BOXES, BEFORE_ARROWS),
    (r"after: $z = \mu + \sigma \cdot \epsilon$", AFTER_BOXES, AFTER_ARROWS),
)

# What the chapter's other lost diagrams showed: (title, boxes, arrows). D and G are the GAN's two
# networks. The sizes are those of the text's code.
STRUCTURES = (
    (
        "an autoencoder",
        {
            "input": Box((0.9, 2), 1.4, "image\n28 x 28"),
            "encoder": Box((3.3, 2), 1.8, "encoder: layers\nget smaller", BLUE),
            "z": Box((5.6, 2), 0.9, "z", YELLOW),
            "decoder": Box((7.9, 2), 1.8, "decoder: layers\nget larger", BLUE),
            "output": Box((10.3, 2), 1.5, "image again\n28 x 28"),
        },
        (
            Arrow("input", "encoder", False),
            Arrow("encoder", "z", True),
            Arrow("z", "decoder", True),
            Arrow("decoder", "output", True),
        ),
    ),
    (
        "a GAN (gradients: those of the generator's loss)",
        {
            "noise": Box((0.9, 3.1), 1.4, "noise z"),
            "generator": Box((3.4, 3.1), 1.6, "generator", BLUE),
            "fake": Box((5.7, 3.1), 1.4, "fake image"),
            "real": Box((5.7, 0.9), 1.4, "real image"),
            "discriminator": Box((8, 2), 1.7, "discriminator", BLUE),
            "answer": Box((10.4, 2), 1.5, "real or fake?", RED),
        },
        (
            Arrow("noise", "generator", False),
            Arrow("generator", "fake", True),
            Arrow("fake", "discriminator", True),
            Arrow("real", "discriminator", False),
            Arrow("discriminator", "answer", True),
        ),
    ),
    (
        "the networks of the DCGAN, with the text's sizes",
        {
            "noise": Box((0.5, 3.1), 0.9, "z\n100"),
            "dense_1": Box((2.4, 3.1), 1.3, "dense\n1024", BLUE),
            "dense_2": Box((4.7, 3.1), 1.6, "dense\n7 x 7 x 128", BLUE),
            "up_1": Box((7.2, 3.1), 1.9, "transposed conv.\n14 x 14 x 64", BLUE),
            "up_2": Box((9.9, 3.1), 1.9, "transposed conv.\n28 x 28 x 1", BLUE),
            "image": Box((9.9, 0.9), 1.9, "image, fake or real\n28 x 28"),
            "down_1": Box((7.2, 0.9), 1.9, "conv. and pool\n12 x 12 x 32", BLUE),
            "down_2": Box((4.7, 0.9), 1.6, "conv. and pool\n4 x 4 x 64", BLUE),
            "dense_3": Box((2.4, 0.9), 1.3, "dense\n1024", BLUE),
            "logit": Box((0.5, 0.9), 0.9, "logit", RED),
        },
        (
            Arrow("noise", "dense_1", False),
            *(
                Arrow(start, end, True)
                for start, end in (
                    ("dense_1", "dense_2"),
                    ("dense_2", "up_1"),
                    ("up_1", "up_2"),
                    ("up_2", "image"),
                    ("image", "down_1"),
                    ("down_1", "down_2"),
                    ("down_2", "dense_3"),
                    ("dense_3", "logit"),
                )
            ),
        ),
    ),
)


def reparameterization(figure):
    """Draws the VAE before and after the trick into a matplotlib figure, and returns it."""
    models = [(title, {**BOXES, **boxes}, ARROWS + arrows) for title, boxes, arrows in MODELS]
    return _draw(figure, models)


def structures(figure):
    """Draws the autoencoder, the GAN and the DCGAN into a matplotlib figure, and returns it."""
    return _draw(figure, STRUCTURES)


def _draw(figure, models):
    """Draws diagrams, (title, boxes, arrows) each, one below the other.

    Black arrows lead forward. Dashed green arrows are the gradients that flow back.
    """
    for axes, (title, boxes, arrows) in zip(figure.subplots(len(models), 1), models):
        axes.set(title=title, xlim=(-0.1, 11.4), ylim=(0, 4), aspect="equal")
        axes.axis("off")
        patches = {name: _box(axes, box) for name, box in boxes.items()}
        for arrow in arrows:
            ends = patches[arrow.start], patches[arrow.end]
            _arrow(axes, *ends, color="black")
            if arrow.gradient:
                _arrow(axes, *reversed(ends), color=GREEN, linestyle="--")
    return figure


def _box(axes, box):
    from matplotlib import patches  # here, so that --help does not wait for it

    (x, y), width = box.center, box.width
    color = "black" if box.color == GRAY else "white"
    axes.text(x, y, box.text, ha="center", va="center", color=color, zorder=3)
    drawing = patches.FancyBboxPatch(
        (x - width / 2, y - 0.3),
        width,
        0.6,
        boxstyle="round,pad=.06",
        facecolor=box.color,
        edgecolor="black",
    )
    return axes.add_patch(drawing)


def _arrow(axes, start, end, **style):
    """An arrow between the edges of two boxes, 0.1 to the left of their centers' line."""
    from matplotlib import patches  # here, so that --help does not wait for it

    centers = np.array([_center(box) for box in (start, end)])
    x, y = (centers[1] - centers[0]) / np.linalg.norm(centers[1] - centers[0])
    drawing = patches.FancyArrowPatch(
        *(centers + [-0.1 * y, 0.1 * x]),
        patchA=start,
        patchB=end,
        shrinkA=1,
        shrinkB=1,
        arrowstyle="-|>",
        mutation_scale=13,
        **style,
    )
    axes.add_patch(drawing)


def _center(box):
    return box.get_x() + box.get_width() / 2, box.get_y() + box.get_height() / 2
