"""Plots as PNG and SVG files. matplotlib is used without pyplot: no global state, no display."""

import io
import itertools
import logging
import math
from typing import Mapping, Sequence, Tuple

import numpy as np

from graphmode import files

BLUE = "#1f6f8b"


def figure(width: float, height: float, dpi: int = 100):
    """An empty matplotlib figure; width and height in inches."""
    # Without a home directory matplotlib works, too, and need not say so.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    from matplotlib.figure import Figure  # here, so that --help does not wait for it

    return Figure(figsize=(width, height), layout="constrained", dpi=dpi)


def png(drawing) -> bytes:
    """A matplotlib figure as the bytes of a PNG file."""
    buffer = io.BytesIO()
    drawing.savefig(buffer, format="png")
    return buffer.getvalue()


def curve(points: Sequence[Tuple[int, float]]) -> str:
    """A scalar over the steps as SVG; points: [(step, value), ...]."""
    drawing = figure(4.6, 2.6)
    # A fixed place: to compute one takes as long as to draw the curve.
    drawing.set_layout_engine("none")
    axes = drawing.add_axes((0.17, 0.2, 0.79, 0.75), xlabel="step")
    marker = "." if len(points) < 12 else ""
    axes.plot(*zip(*points, strict=True), color=BLUE, linewidth=1.2, marker=marker)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    text = io.StringIO()
    drawing.savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue()[text.getvalue().index("<svg") :]


def scatter(target, points: np.ndarray, labels: np.ndarray, title: str) -> None:
    """Saves [N, 2] points as a PNG, colored by label 0..9."""
    drawing = figure(6.4, 5.4)
    axes = drawing.add_subplot(title=title)
    dots = axes.scatter(
        points[:, 0], points[:, 1], c=labels, cmap="tab10", s=3, vmin=-0.5, vmax=9.5
    )
    drawing.colorbar(dots, ticks=range(10))
    files.write_whole(target, png(drawing))


def stacked(
    target,
    x: Sequence[float],
    curves: Mapping[str, Sequence[float]],
    x_name: str = "step",
    marks: Sequence[float] = (),
) -> None:
    """Saves curves over one x axis as a PNG, one above the other.

    Args:
        curves: name -> [N] values.
        marks: x of vertical lines.
    """
    drawing = figure(6.4, 2.4 * len(curves))
    plots = drawing.subplots(len(curves), sharex=True, squeeze=False)[:, 0]
    for axes, (name, values) in zip(plots, curves.items(), strict=True):
        axes.plot(x, values, color=BLUE, marker=".")
        for mark in marks:
            axes.axvline(mark, color="grey", linestyle=":")
        axes.set_title(name, fontsize=10)
        axes.grid(alpha=0.25)
    plots[-1].set_xlabel(x_name)
    files.write_whole(target, png(drawing))


def compared(
    target, curves: Mapping[str, Sequence[Tuple[float, float]]], x_name: str, y_name: str
) -> None:
    """Saves curves in one plot as a PNG, x on a logarithmic scale.

    Args:
        curves: name -> [(x, y), ...]. A single point becomes a dot, or a dotted vertical line if
            its y is infinite.
    """
    drawing = figure(8.0, 5.0)
    axes = drawing.add_subplot(xlabel=x_name, ylabel=y_name, xscale="log")
    colors = itertools.cycle(f"C{n}" for n in range(10))
    for (name, points), color in zip(curves.items(), colors):
        x, y = zip(*points, strict=True)
        if math.isinf(y[0]):
            axes.axvline(x[0], color=color, linestyle=":", label=name)
        else:
            axes.plot(x, y, color=color, marker="o" if len(x) == 1 else ".", label=name)
    axes.grid(alpha=0.25, which="both")
    axes.legend(fontsize=8)
    files.write_whole(target, png(drawing))
