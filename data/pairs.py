"""Pairs of images side by side in one file, and single images, through TensorFlow 1's queues."""

import contextlib
import pathlib
from typing import Any, List, Optional, Sequence, Tuple

from data import folders, queues
from graphmode import tf
from graphmode.errors import InputError
from graphmode.training.queues import counted


def find(folder: folders.Folder) -> List[pathlib.Path]:
    """`folders.find`, but if all names are numbers, they are in numerical order: 2 before 10."""
    paths = folders.find(folder)
    if all(path.stem.isdecimal() for path in paths):
        paths.sort(key=lambda path: int(path.stem))
    return paths


def held_out_beside(folder: folders.Folder) -> Optional[pathlib.Path]:
    """The folder `val` or `test` with images beside a folder `train`, or None."""
    folder = pathlib.Path(folder)
    for name in ("val", "test") if folder.name == "train" else ():
        with contextlib.suppress(InputError):
            find(folder.with_name(name))
            return folder.with_name(name)
    return None


def halves(image: Any) -> Tuple[Any, Any]:
    """A and B: the left and the right half of [height, width, 3], an array or a tensor.

    B is one pixel wider than A if the width is odd.
    """
    width = image.shape[1] if isinstance(image.shape[1], int) else tf.shape(image)[1]
    middle = width // 2
    return image[:, :middle], image[:, middle:]


def resized(image: Any, height: int, width: int, published: bool = False) -> Any:
    """Resizes an image with AREA if it becomes smaller, else bilinearly.

    Args:
        image: [any height, any width, channels] tensor of floats.
        height, width: of the result, in pixels.
        published: AREA in any case, as in the published program. It repeats pixels of an image
            that becomes larger.

    Returns:
        [height, width, channels].
    """
    shape = tf.shape(image)
    method = tf.image.ResizeMethod

    def by(chosen):
        return tf.image.resize_images(image, [height, width], method=chosen)

    if published:
        return by(method.AREA)
    shrinks = (shape[0] >= height) & (shape[1] >= width)
    return tf.cond(shrinks, lambda: by(method.AREA), lambda: by(method.BILINEAR))


def augment(
    images: Sequence[Any],
    height: int,
    width: int,
    scale: int,
    flip: bool,
    seed: int,
    number: Any,
    published: bool = False,
) -> List[Any]:
    """Mirrors, resizes and crops images at random, all of them in the same way.

    Args:
        images: [any height, any width, channels] tensors in [0, 1].
        height, width: of the results, in pixels.
        scale: height to which images are resized before they are cropped, at least `height`. The
            width is in proportion.
        flip: if True, images are mirrored with probability 0.5.
        seed: of the random numbers, int from 0.
        number: int64 [], of the image: each gets other random numbers.
        published: see `resized`.

    Returns:
        [height, width, channels] for each image.
    """
    wide = round(scale * width / height)
    # One op: several ops with this seed would return the same numbers.
    both = tf.stack([tf.constant(seed, tf.int64), number])
    random = tf.unstack(tf.random.stateless_uniform([3], both))
    mirrored = random[0] < (0.5 if flip else 0.0)
    top = tf.cast(random[1] * (scale - height + 1), tf.int32)
    left = tf.cast(random[2] * (wide - width + 1), tf.int32)
    results = []
    for image in images:
        channels = image.shape[2]
        large = resized(_mirrored_if(mirrored, image), scale, wide, published)
        crop = large[top : top + height, left : left + width]
        crop.set_shape([height, width, channels])
        results.append(crop)
    return results


def _mirrored_if(condition, image):
    return tf.cond(condition, lambda: tf.reverse(image, [1]), lambda: image)


def batches(
    paths: Sequence[pathlib.Path],
    height: int,
    width: int,
    scale: int,
    flip: bool,
    batch_size: int,
    seed: int,
    joined: bool = True,
    published: bool = False,
) -> List[Any]:
    """An endless stream of augmented batches. Each epoch has a different order.

    Args:
        paths: valid images (see `folders.usable`), at least one.
        height, width, scale, flip, published: see `augment`.
        batch_size: pairs or images in a batch.
        seed: int from 0.
        joined: whether a file holds A and B side by side.

    Returns:
        A and B, or the images: float32 [batch_size, height, width, 3] in [0, 1] each. Queue
        runners fill them (`training.fit` starts them). They stop if a file has become unreadable.
    """
    image, number = queues.reader(paths, seed)
    image = tf.cast(image, tf.float32) / 255.0
    parts = halves(image) if joined else [image]
    augmented = augment(parts, height, width, scale, flip, seed, number, published)
    batch = tf.train.batch(augmented, batch_size)
    return counted(batch if joined else [batch])
