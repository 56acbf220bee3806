"""Plots as PNG files (matplotlib without pyplot: no global state, no display), curves as SVG."""

import html
import io
import itertools
import logging
import math
from typing import Mapping, Optional, Sequence, Tuple

import numpy as np

from graphmode import files

BLUE = "#1f6f8b"
LEFT, TOP, WIDTH, HEIGHT = 48, 8, 300, 96  # of the curves, in the units of the SVG
MOST_POINTS = 300  # of a curve


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


def curves(
    series: Mapping[str, Sequence[Tuple[int, float]]],
    name: str,
    marks: Sequence[int] = (),
    numbers: Sequence[int] = (),
    limits: Optional[Tuple[float, float]] = None,
) -> str:
    """Scalars over the steps as SVG for a page, whose style sheet has its colors.

    Args:
        series: label -> [(step, value), ...], one line each; none of them empty.
        name: of the scalar, for readers who do not see the plot.
        marks: steps of vertical lines.
        numbers: of the lines' colors in the style sheet; 0, 1, 2, ... if empty.
        limits: of the y axis; those of the values if None.
    """
    last = max(1, *(points[-1][0] for points in series.values()))
    shown = [value for points in series.values() for _, value in _after_start(points)]
    low, high = limits or (min(shown), max(shown))
    span = (high - low) or abs(high) or 1.0
    lines = []
    for number, points in enumerate(series.values()):
        places = [
            (LEFT + WIDTH * step / last, TOP + HEIGHT * min(1.2, max(-0.2, (high - value) / span)))
            for step, value in points[:: 1 + len(points) // MOST_POINTS]
        ]
        text = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        color = f"var(--c{numbers[number] if numbers else number % 8})"
        if len(places) == 1:
            (x, y), text = places[0], ""
            lines.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" style="fill: {color}"/>')
        lines.append(f'<polyline class="line" style="stroke: {color}" points="{text}"/>')
    at = [LEFT + WIDTH * mark / last for mark in marks]
    label = html.escape(
        "; ".join(
            f"{name}{' of ' + label if len(series) > 1 else ''}: from {points[0][1]:.4g} to "
            f"{points[-1][1]:.4g} over {points[-1][0]} steps"
            for label, points in series.items()
        )
    )
    bottom, right = TOP + HEIGHT, LEFT + WIDTH
    grid = "".join(f"M{LEFT} {TOP + HEIGHT * part}H{right}" for part in (0, 0.5, 1))
    clip = f'<svg x="0" y="{TOP - 4}" width="{right + 4}" height="{HEIGHT + 8}" viewBox='
    return (
        f'<svg viewBox="0 0 {right + 8} {bottom + 22}" role="img" aria-label="{label}">'
        f'<path class="grid" d="{grid}"/>'
        + "".join(f'<path class="mark" d="M{x:.1f} {TOP}V{bottom}"/>' for x in at)
        + f'{clip}"0 {TOP - 4} {right + 4} {HEIGHT + 8}">{"".join(lines)}</svg>'
        f'<text x="{LEFT - 5}" y="{TOP + 4}" text-anchor="end">{high:.4g}</text>'
        f'<text x="{LEFT - 5}" y="{bottom + 4}" text-anchor="end">{low:.4g}</text>'
        f'<text x="{LEFT}" y="{bottom + 16}">0</text>'
        f'<text x="{right}" y="{bottom + 16}" text-anchor="end">step {last:,}</text></svg>'
    )


def _after_start(points):
    """The points without the first twentieth, whose values are often much larger."""
    return points[len(points) // 20 :]


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
