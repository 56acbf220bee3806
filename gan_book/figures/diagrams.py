"""重新参数化 The diagram of the reparameterization trick, as data, and the drawing of it."""

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


def reparameterization(figure):
    """Draws the VAE before and after the trick into a matplotlib figure, and returns it.

    Black arrows lead forward. Dashed green arrows are the gradients that flow back.
    """
    for axes, (title, boxes, arrows) in zip(figure.subplots(2, 1), MODELS):
        axes.set(title=title, xlim=(-0.1, 11.4), ylim=(0, 4), aspect="equal")
        axes.axis("off")
        patches = {name: _box(axes, box) for name, box in {**BOXES, **boxes}.items()}
        for arrow in ARROWS + arrows:
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
