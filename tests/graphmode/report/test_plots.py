"""Curves as SVG: what they show."""

import re
import xml.etree.ElementTree

from graphmode.report import plots


def test_a_curve_has_its_points_its_range_and_words():
    svg = plots.curves({"a <run>": [(10, 0.5), (20, 0.25), (40, 0.125)]}, "loss", marks=[20])
    root = xml.etree.ElementTree.fromstring(svg)
    label = "loss: from 0.5 to 0.125 over 40 steps"
    assert root.get("aria-label") == label and root.get("role") == "img"
    assert [text.text for text in root.iter("text")] == ["0.5", "0.125", "0", "step 40"]
    [line] = root.iter("polyline")
    x, y = zip(*(map(float, point.split(",")) for point in line.get("points").split()))
    left, right = plots.LEFT, plots.LEFT + plots.WIDTH
    assert x == (left + plots.WIDTH / 4, (left + right) / 2, right)
    assert (y[0], y[2]) == (plots.TOP, plots.TOP + plots.HEIGHT)
    assert svg.count('class="mark"') == 1 and f"M{(left + right) / 2:.1f} " in svg


def test_runs_share_the_axes_and_each_has_a_color():
    svg = plots.curves({"a": [(1, 0.0), (10, 1.0)], "b": [(1, 1.0), (5, 2.0)]}, "loss")
    assert "loss of a: from 0 to 1 over 10 steps; loss of b: from 1 to 2 over 5 steps" in svg
    assert "var(--c0)" in svg and "var(--c1)" in svg
    first, second = re.findall(r'points="([^"]*)"', svg)
    assert second.split()[1].startswith(f"{plots.LEFT + plots.WIDTH / 2:.1f},")
    assert first.split()[1].endswith(f",{plots.TOP + plots.HEIGHT / 2:.1f}")


def test_one_point_is_a_dot_and_equal_values_are_no_error():
    assert "<circle" in plots.curves({"a": [(1, 0.5)]}, "loss")
    assert "0.5" in plots.curves({"a": [(1, 0.5), (2, 0.5)]}, "loss")


def test_a_long_run_has_a_bounded_number_of_points():
    many = [(step, 1.0 / step) for step in range(1, 5001)]
    points = re.findall(r'points="([^"]*)"', plots.curves({"a": many}, "loss"))[0].split()
    assert 100 < len(points) <= plots.MOST_POINTS
