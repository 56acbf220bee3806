"""Holes, masks and patches, against numpy."""

import numpy as np
import pytest

from glcic import masks
from graphmode import tf


def test_holes_are_anywhere_in_the_image_and_of_all_sizes(value):
    top, left, height, width = value(masks.holes(3000, 40, 30, 8, 12)).T
    for sides in (height, width):
        assert set(sides) == {8, 9, 10, 11, 12}
    assert top.min() == left.min() == 0
    assert (top + height).max() == 40 and (left + width).max() == 30
    assert abs((top / (40 - height)).mean() - 0.5) < 0.05


def test_frozen_holes_have_the_same_distribution(value):
    sampled, frozen = value([masks.holes(4000, 64, 64, 24, 32), masks.frozen(4000, 64, 64, 24, 32)])
    np.testing.assert_allclose(sampled.mean(0), frozen.mean(0), atol=0.7)
    np.testing.assert_allclose(sampled.std(0), frozen.std(0), atol=0.4)
    assert frozen[:, 2:].min() == 24 and frozen[:, 2:].max() == 32
    assert frozen[:, :2].min() == 0 and (frozen[:, :2] + frozen[:, 2:]).max() == 64


def test_a_mask_by_hand(value):
    mask = value(masks.mask(tf.constant([[1, 0, 2, 3], [0, 3, 3, 1]]), 3, 4))[..., 0]
    assert mask.tolist() == [
        [[0, 0, 0, 0], [1, 1, 1, 0], [1, 1, 1, 0]],
        [[0, 0, 0, 1], [0, 0, 0, 1], [0, 0, 0, 1]],
    ]


def test_scratches_are_lines_with_the_given_ends_and_widths(value):
    """From (row, column) to (row, column), as fractions of 20 pixels; the first begins in a box."""
    box = tf.constant([[4, 8, 2, 4]])
    ends = [[0.5, 0.5, 0.25, 0.0], [0.5, 0.1, 0.5, 0.6], [0.6, 0.8, 0.9, 0.8]]
    numbers = np.float32([*np.ravel(ends), 0.0, 0.25, 1.0, 0.5])[None]
    mask = value(masks.shaped("scratches", box, tf.constant(numbers), 20, 5.5))[0, ..., 0]
    expected = np.zeros([20, 20])
    expected[5, :11] = 1  # 1.5 pixels wide: from the middle of the box, (5, 10), to (5, 0)
    expected[9:12, 2:13] = 1  # 2.5 pixels wide: from (10, 2) to (10, 12), with round ends
    expected[10, [1, 13]] = 1
    expected[12:19, 14:19] = 1  # 5.5 pixels wide: from (12, 16) to (18, 16)
    expected[[10, 11, 19], 15:18] = 1
    rows, columns = np.mgrid[:20, :20]
    for row in (12, 18):
        expected[(rows - row) ** 2 + (columns - 16) ** 2 < 2.75**2] = 1
    np.testing.assert_array_equal(mask, expected)


def test_both_are_rectangles_or_scratches(value):
    boxes = masks.holes(400, 32, 32, 8, 12)
    numbers = tf.random_uniform([400, masks.NUMBERS])
    shapes = [masks.shaped(s, boxes, numbers, 32, 6) for s in ("rectangles", "scratches", "both")]
    with tf.Session() as session:
        rectangles, scratches, both = session.run(shapes)
    first, second = ((both == each).all((1, 2, 3)) for each in (rectangles, scratches))
    assert (first != second).all() and 140 < first.sum() < 260
    assert scratches.sum((1, 2, 3)).min() > 0 and 0.05 < scratches.mean() < 0.5


@pytest.mark.parametrize(
    "box, corner",
    [
        ([4, 6, 2, 2], [1, 3]),  # its middle, (5, 7), is the patch's
        ([0, 0, 5, 7], [0, 0]),  # as far as the border allows
        ([3, 9, 8, 3], [3, 6]),
        ([8, 8, 8, 8], [8, 8]),
        ([15, 0, 1, 1], [8, 0]),
    ],
)
def test_a_patch_has_the_hole_in_its_middle_and_all_of_it(box, corner, value):
    image = np.random.default_rng(0).random([1, 16, 16, 3]).astype(np.float32)
    corners = masks.corners(tf.constant([box]), 16, 8)
    mask = masks.mask(tf.constant([box]), 16, 16)
    cut = masks.patches(tf.constant(image), corners, 8), masks.patches(mask, corners, 8)
    place, patch, inside = value([corners[0], *cut])
    assert place.tolist() == corner
    top, left = corner
    np.testing.assert_array_equal(patch, image[:, top : top + 8, left : left + 8])
    assert inside.sum() == box[2] * box[3]


def test_published_patches_miss_much_of_their_holes(value):
    boxes, corners = value(list(masks.published(4000, 128, 48, 64, seed=0)))
    low = np.maximum(boxes[:, :2], corners)
    high = np.minimum(boxes[:, :2] + boxes[:, 2:], corners + 64)
    held = np.maximum(high - low, 0).prod(1) / boxes[:, 2:].prod(1)
    assert abs(held.mean() - 0.586) < 0.01 and abs((held == 1).mean() - 0.035) < 0.01
    assert set(boxes[:, 2]) == set(range(49, 66))  # a pixel more than sampled
    assert (boxes[:, :2] + boxes[:, 2:]).max() <= 128
