"""Holes and the patches around them: drawn in the graph, other ones in each run; or, as published, once for good."""

import numpy as np

from graphmode import tf


def holes(count, height, width, smallest, largest):
    """Rectangles somewhere in a picture, others in each run.

    Args:
        count: how many, one for each picture of a batch.
        height, width: of the pictures; ints or scalar tensors, at least `largest`.
        smallest, largest: sides of a hole in pixels, both of which occur.

    Returns:
        int32 [count, 4]: top, left, height, width.
    """
    # Drawn in the graph: numpy here would freeze the holes for the whole run.
    sides = tf.random_uniform([count, 2], smallest, largest + 1, tf.int32)
    room = tf.cast(tf.stack([[height, width]]) - sides + 1, tf.float32)
    corners = tf.cast(tf.random_uniform([count, 2]) * room, tf.int32)
    return tf.concat([tf.minimum(corners, tf.cast(room, tf.int32) - 1), sides], 1)


def frozen(count, height, width, smallest, largest, seed=0):
    """`holes` that are drawn now, by numpy, and never again: constants, of the same distribution."""
    random = np.random.RandomState(seed)
    sides = random.randint(smallest, largest + 1, [count, 2])
    corners = random.randint(0, np.array([[height, width]]) - sides + 1)
    return tf.constant(np.concatenate([corners, sides], 1), tf.int32)


def mask(boxes, height, width):
    """[count, 4] rectangles -> float32 [count, height, width, 1], 1 inside them and 0 elsewhere."""
    top, left, high, wide = [side[:, None] for side in tf.unstack(boxes, axis=1)]
    rows, columns = tf.range(height)[None], tf.range(width)[None]
    down = tf.logical_and(rows >= top, rows < top + high)
    across = tf.logical_and(columns >= left, columns < left + wide)
    return tf.cast(tf.logical_and(down[:, :, None], across[:, None, :]), tf.float32)[..., None]


def corners(boxes, size, side):
    """Where to cut patches that hold the rectangles in their middle, or as near to it as pictures' borders allow.

    Args:
        boxes: int32 [count, 4], no side above `side`.
        size, side: of the square pictures, of the square patches.

    Returns:
        int32 [count, 2]: top, left.
    """
    return tf.clip_by_value(boxes[:, :2] + boxes[:, 2:] // 2 - side // 2, 0, size - side)


def patches(images, corners, side):
    """Cuts a square out of each image, inside the graph, so that gradients pass.

    images: [count, height, width, 3], count known. corners: [count, 2], top and left. Returns [count, side, side, 3].
    """
    return tf.stack([tf.image.crop_to_bounding_box(image, corner[0], corner[1], side, side)
                     for image, corner in zip(tf.unstack(images), tf.unstack(corners, images.shape[0]))])


def published(count, size, smallest, largest, seed):
    """The blog's holes and patches: drawn while the graph is built, so that the whole run has the same `count` of them.

    A hole lies in a window of 3/4 of the picture's side and is a pixel wider and higher than drawn; the patch, half the
    picture's side, starts at the window's corner, and so misses much of the hole.

    Returns:
        boxes, int32 [count, 4], and corners, int32 [count, 2]: constants, as `holes` and `corners` give them.
    """
    random = np.random.RandomState(seed)
    window = 3 * size // 4
    starts = random.randint(0, size - window + 1, [count, 2])
    sides = random.randint(smallest, largest + 1, [count, 2])
    boxes = np.concatenate([starts + random.randint(0, window - sides), sides + 1], 1)
    return tf.constant(boxes, tf.int32), tf.constant(starts, tf.int32)
