"""Plots: what they show."""

import re

from conftest import DRAWN_CURVE


def test_a_curve_has_a_mark_for_each_of_few_points_and_none_for_many():
    few = DRAWN_CURVE([(1, 0.5), (2, 0.25), (3, 0.125)])
    many = DRAWN_CURVE([(step, 1.0 / step) for step in range(1, 40)])
    assert few.startswith("<svg") and many.startswith("<svg")
    marks = [len(re.findall(r"<use [^>]*style=\"fill: #1f6f8b", svg)) for svg in (few, many)]
    assert marks == [3, 0]


def test_the_same_curve_is_the_same_file():
    points = [(1, 0.5), (2, 0.25)]
    assert re.sub(r"\w{11}", "", DRAWN_CURVE(points)) == re.sub(r"\w{11}", "", DRAWN_CURVE(points))
