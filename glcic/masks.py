"""蒙版 Holes, their masks, and the patches around them.

Holes are sampled in the graph, so each step has different ones. As published, they are sampled
once for the whole run. Holes are rectangles, as in the texts, or scratches.
"""

import numpy as np

from graphmode import tf

SCRATCHES = 3  # in an image
NUMBERS = 5 * SCRATCHES + 1  # random numbers for the hole of an image: see `shaped`


def holes(count, height, width, smallest, largest):
    """Rectangles anywhere in an image. Each run of the session gives different ones.

    Args:
        count: number of holes, one for each image of a batch.
        height, width: of the images in pixels; ints or scalar tensors, at least `largest`.
        smallest, largest: limits of the sides of a hole in pixels; both occur.

    Returns:
        int32 [count, 4]: top, left, height, width.
    """
    # Sampled in the graph: numpy here would freeze the holes for the whole run.
    sides = tf.random_uniform([count, 2], smallest, largest + 1, tf.int32)
    room = tf.cast(tf.stack([[height, width]]) - sides + 1, tf.float32)
    corners = tf.cast(tf.random_uniform([count, 2]) * room, tf.int32)
    # A float32 below 1 times `room` may round up to `room`.
    return tf.concat([tf.minimum(corners, tf.cast(room, tf.int32) - 1), sides], 1)


def frozen(count, height, width, smallest, largest, seed=0):
    """As `holes`, but sampled once by numpy: constants of the same distribution."""
    random = np.random.RandomState(seed)
    sides = random.randint(smallest, largest + 1, [count, 2])
    corners = random.randint(0, np.array([[height, width]]) - sides + 1)
    return tf.constant(np.concatenate([corners, sides], 1), tf.int32)


def mask(boxes, height, width):
    """[count, 4] rectangles -> float32 [count, height, width, 1], 1 inside and 0 outside."""
    top, left, high, wide = [side[:, None] for side in tf.unstack(boxes, axis=1)]
    rows, columns = tf.range(height)[None], tf.range(width)[None]
    down = tf.logical_and(rows >= top, rows < top + high)
    across = tf.logical_and(columns >= left, columns < left + wide)
    return tf.cast(tf.logical_and(down[:, :, None], across[:, None, :]), tf.float32)[..., None]


def shaped(shape, boxes, numbers, size, widest):
    """Masks of holes that are not always rectangles.

    Args:
        shape: "rectangles"; "scratches"; "both": each image has a rectangle or scratches.
        boxes: int32 [count, 4], the rectangles. One scratch of an image begins inside its
            rectangle, so that the patch around the rectangle shows it.
        numbers: float32 [count, NUMBERS] in [0, 1), uniform; where the scratches are, how wide they
            are, and which shape an image has. Not used for rectangles.
        size: side of the images in pixels.
        widest: largest width of a scratch in pixels.

    Returns:
        float32 [count, size, size, 1], 1 inside and 0 outside.
    """
    rectangles = mask(boxes, size, size)
    if shape == "rectangles":
        return rectangles
    ends, widths = numbers[:, : 4 * SCRATCHES], numbers[:, 4 * SCRATCHES : 5 * SCRATCHES]
    ends = tf.reshape(ends, [-1, SCRATCHES, 4])
    boxes = tf.cast(boxes[:, None], tf.float32)
    inside = boxes[..., :2] + ends[:, :1, :2] * boxes[..., 2:]
    starts = tf.concat([inside, ends[:, 1:, :2] * size], 1)
    lines = _lines(starts, ends[..., 2:] * size, 1.5 + widths * (widest - 1.5), size)
    return lines if shape == "scratches" else tf.where(numbers[:, -1] < 0.5, rectangles, lines)


def _lines(starts, ends, widths, size):
    """Straight lines: starts and ends, [count, lines, 2], widths [count, lines], all in pixels.

    Returns:
        float32 [count, size, size, 1], 1 on any of the lines.
    """
    places = tf.cast(tf.range(size), tf.float32)
    y, x = places[:, None], places[None]
    along = (ends - starts)[..., None, None]
    down, right = y - starts[:, :, 0, None, None], x - starts[:, :, 1, None, None]
    # Where the nearest point of a line is: 0 at its start, 1 at its end.
    length = tf.maximum(tf.reduce_sum(tf.square(along), 2), 1.0)
    nearest = tf.clip_by_value((down * along[:, :, 0] + right * along[:, :, 1]) / length, 0.0, 1.0)
    distance = tf.square(down - nearest * along[:, :, 0])
    distance += tf.square(right - nearest * along[:, :, 1])
    near = 4.0 * distance < tf.square(widths)[..., None, None]
    return tf.cast(tf.reduce_any(near, 1), tf.float32)[..., None]


def corners(boxes, size, side):
    """Where to cut patches with the rectangles in their middle, as far as borders allow it.

    Args:
        boxes: int32 [count, 4], no side above `side`.
        size: side of the images in pixels.
        side: side of the patches in pixels.

    Returns:
        int32 [count, 2]: top, left.
    """
    return tf.clip_by_value(boxes[:, :2] + boxes[:, 2:] // 2 - side // 2, 0, size - side)


def patches(images, corners, side):
    """Cuts a square out of each image, inside the graph, so that gradients pass.

    Args:
        images: [count, height, width, 3], count known.
        corners: int32 [count, 2], top and left.
        side: of the squares in pixels.

    Returns:
        [count, side, side, 3].
    """
    return tf.stack(
        [
            tf.image.crop_to_bounding_box(image, corner[0], corner[1], side, side)
            for image, corner in zip(tf.unstack(images), tf.unstack(corners, images.shape[0]))
        ]
    )


def published(count, size, smallest, largest, seed):
    """The blog's holes and patches: sampled while the graph is built, the same for the whole run.

    A hole lies in a window of 3/4 of the image's side. It is a pixel wider and higher than its
    sampled sides. The patch, half the image's side, starts at the window's corner, and so misses
    much of the hole.

    Returns:
        boxes, int32 [count, 4], and corners, int32 [count, 2], both constants. See `holes` and
        `corners`.
    """
    random = np.random.RandomState(seed)
    window = 3 * size // 4
    starts = random.randint(0, size - window + 1, [count, 2])
    sides = random.randint(smallest, largest + 1, [count, 2])
    boxes = np.concatenate([starts + random.randint(0, window - sides), sides + 1], 1)
    return tf.constant(boxes, tf.int32), tf.constant(starts, tf.int32)
