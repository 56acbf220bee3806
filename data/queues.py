"""Pictures through TensorFlow 1's input queues: names, a reader, decoding, and a queue that shuffles."""

import os

from data import folders
from graphmode import tf

THREADS = 2  # that decode. More than one: the order of the pictures differs from run to run, whatever the seed.
WAITING = 1000  # pictures that wait to be drawn from at least, unless the folder holds fewer


def reader(paths, seed):
    """The pictures of files, in an order that changes from epoch to epoch: uint8 [any height, any width, 3], RGB."""
    filename_queue = tf.train.string_input_producer([os.fsencode(path) for path in paths], shuffle=True, seed=seed)
    name, content = tf.WholeFileReader().read(filename_queue)
    # Pillow, for tf.image.decode_jpeg turns nothing and drops transparency.
    picture = tf.py_func(lambda name, content: folders.decode(os.fsdecode(name), content), [name, content], tf.uint8)
    picture.set_shape([None, None, 3])
    return picture


def batches(paths, size, batch_size, seed, crop=None, stretch=None):
    """An endless stream of batches of squares, the same pictures as `squares.batches` feeds.

    Args:
        paths: at least one, sound ones (see `folders.usable`); fewer than a batch holds are repeated in it.
        size, crop, stretch: see `squares.crop_and_resize`.

    Returns:
        float32 [batch_size, size, size, 3] in [0, 1], others in each run. Queue runners fill it (`training.fit` starts
        them); a file that has become unreadable since it was checked ends them.
    """
    picture = reader(paths, seed)
    if stretch:
        picture, crop = _resized(picture, *stretch), size
    height, width = tf.unstack(tf.shape(picture)[:2])
    side = tf.minimum(tf.minimum(height, width), crop or width)
    square = tf.image.crop_to_bounding_box(picture, (height - side) // 2, (width - side) // 2, side, side)
    waiting = min(WAITING, len(paths))
    shuffled = tf.train.shuffle_batch([_resized(square, size, size)], batch_size, waiting + 4 * batch_size, waiting,
                                      num_threads=THREADS, seed=seed)
    return tf.cast(shuffled, tf.float32) / 255.0


def _resized(picture, height, width):
    resized = tf.image.resize_images(picture, [height, width], method=tf.image.ResizeMethod.AREA)
    return tf.cast(tf.round(resized), tf.uint8)
