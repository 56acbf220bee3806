"""Pairs of pictures, side by side in one file, and single ones, through TensorFlow 1's input queues."""

import contextlib
import pathlib

from data import folders, queues
from graphmode import tf
from graphmode.cli import InputError


def find(folder):
    """`folders.find`, but pictures whose names are all numbers come in their order: 2.jpg before 10.jpg."""
    paths = folders.find(folder)
    return sorted(paths, key=lambda path: int(path.stem)) if all(path.stem.isdecimal() for path in paths) else paths


def unseen_beside(folder):
    """The folder `val` or `test` with pictures beside a folder `train`; None if there is none, or the folder has another name."""
    folder = pathlib.Path(folder)
    for name in ("val", "test") if folder.name == "train" else ():
        with contextlib.suppress(InputError):
            find(folder.with_name(name))
            return folder.with_name(name)
    return None


def halves(picture):
    """A and B: the left and the right half of [height, width, 3], an array or a tensor; B may be a pixel wider."""
    middle = (picture.shape[1] if isinstance(picture.shape[1], int) else tf.shape(picture)[1]) // 2
    return picture[:, :middle], picture[:, middle:]


def resized(picture, height, width, published=False):
    """[..., ..., channels] tensor of floats -> [height, width, channels]; AREA where it shrinks, else bilinear.

    published: AREA in any case, as the program does, although enlarged it repeats pixels.
    """
    shape = tf.shape(picture)
    method = tf.image.ResizeMethod

    def by(chosen):
        return tf.image.resize_images(picture, [height, width], method=chosen)
    if published:
        return by(method.AREA)
    return tf.cond((shape[0] >= height) & (shape[1] >= width), lambda: by(method.AREA), lambda: by(method.BILINEAR))


def augment(pictures, height, width, scale, flip, seed, published=False):
    """The same chance for all of the pictures: mirrored or not, resized, cut out at one place.

    Args:
        pictures: list of [any height, any width, channels] tensors in [0, 1].
        height, width: of the results.
        scale: height to which pictures are resized first, their width in proportion; at least `height`.
        flip: whether half of the pictures, by chance, are mirrored left to right.
        seed: of the chances; other ones in each run.

    Returns:
        list of [height, width, channels].
    """
    wide = round(scale * width / height)
    # In one draw: ops of one seed would give one another's numbers, and agree only as long as they run equally often.
    chance = tf.unstack(tf.random_uniform([3], seed=seed))
    mirrored = chance[0] < (0.5 if flip else 0.0)
    place = [tf.cast(share * (room + 1), tf.int32) for share, room in zip(chance[1:], (scale - height, wide - width))]
    results = []
    for picture in pictures:
        channels = picture.shape[2]
        picture = tf.cond(mirrored, lambda: tf.reverse(picture, [1]), lambda: picture)
        cut = resized(picture, scale, wide, published)[place[0]:place[0] + height, place[1]:place[1] + width]
        cut.set_shape([height, width, channels])
        results.append(cut)
    return results


def batches(paths, height, width, scale, flip, batch_size, seed, joined=True, published=False):
    """An endless stream of batches, shuffled anew in each epoch and augmented (see `augment`).

    Args:
        paths: at least one, sound ones (see `folders.usable`).
        joined: whether a file holds A and B side by side.

    Returns:
        list of float32 [batch_size, height, width, 3] in [0, 1]: A and B, or the pictures. Queue runners fill it
        (`training.fit` starts them); a file that has become unreadable since it was checked ends them.
    """
    picture = tf.cast(queues.reader(paths, seed), tf.float32) / 255.0
    parts = augment(halves(picture) if joined else [picture], height, width, scale, flip, seed, published)
    batch = tf.train.batch(parts, batch_size)
    return batch if joined else [batch]
