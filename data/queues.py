"""Images through TensorFlow 1's input queues: file names, reader, decoder, queue of batches.

One thread reads. So the order of the images, and the noise that each of them gets, depend only on
the seed, and a resumed run goes on in the order of a run that was never stopped
(`graphmode.training.queues`).
"""

import os
import pathlib
from typing import Any, Callable, Optional, Sequence, Tuple

from data import folders
from graphmode import cluster, tf
from graphmode.training import queues

WAITING = 1000  # the shuffling queue holds at least this many images, or the whole folder


def names(strings: Sequence[Any], seed: int) -> Tuple[Any, Callable[[Any], Any]]:
    """A queue of names, which are read in one thread. Each epoch has a different order.

    Of several workers (`graphmode.cluster`) each has the names of its part of every batch.

    Returns:
        The queue, and a function of a name that was dequeued from it. It returns the number of the
        name among those of all workers: int64 [], from 1.
    """
    crew = cluster.here()
    if crew.parts == 1:
        queue = tf.train.string_input_producer(strings, shuffle=True, seed=seed)
        return queue, queues.read_from(queue)
    own, whole = crew.batch, crew.batch * crew.count
    kinds = [tf.GraphKeys.LOCAL_VARIABLES]
    epoch = tf.random_shuffle(tf.constant(strings), seed=seed)
    seen = tf.Variable(0, trainable=False, collections=kinds, dtype=tf.int64, name="names_seen")
    places = (
        tf.assign_add(seen, len(strings)) - len(strings) + tf.range(len(strings), dtype=tf.int64)
    )
    mine = tf.boolean_mask(epoch, tf.equal(places % whole // own, crew.rank))
    queue = tf.FIFOQueue(max(WAITING, len(strings)), [tf.string], [[]], name="own_names")
    tf.train.add_queue_runner(tf.train.QueueRunner(queue, [queue.enqueue_many([mine])]))
    count = queues.read_from(queue)

    def number(name):
        place = count(name) - 1
        return place // own * whole + crew.rank * own + place % own + 1

    return queue, number


def reader(paths: Sequence[pathlib.Path], seed: int) -> Tuple[Any, Any]:
    """The next image. Each epoch has a different order.

    Returns:
        uint8 [any height, any width, 3], RGB, and int64 [], the image's number from 1.
    """
    filename_queue, number = names([os.fsencode(path) for path in paths], seed)
    name, content = tf.WholeFileReader().read(filename_queue)
    # Pillow: tf.image.decode_jpeg ignores the EXIF orientation and drops transparency.
    image = tf.py_func(
        lambda name, content: folders.decode(os.fsdecode(name), content), [name, content], tf.uint8
    )
    image.set_shape([None, None, 3])
    return image, number(name)


def batches(
    paths: Sequence[pathlib.Path],
    size: int,
    batch_size: int,
    seed: int,
    crop: Optional[int] = None,
    stretch: Optional[Tuple[int, int]] = None,
    shuffle_batch: bool = False,
) -> Any:
    """An endless stream of batches of squares, the same images that `squares.batches` feeds.

    Args:
        paths: valid images (see `folders.usable`), at least one. Fewer than `batch_size` are
            repeated within a batch.
        size, crop, stretch: see `squares.crop_and_resize`.
        batch_size: images in a batch.
        seed: int from 0.
        shuffle_batch: if True, a second queue shuffles the images again, as programs of the time
            have it. What it holds is lost when a run stops: a resumed run has another order.

    Returns:
        float32 [batch_size, size, size, 3] in [0, 1]. Each run of the session gives another batch.
        Queue runners fill it (`training.fit` starts them). They stop if a file has become
        unreadable.
    """
    image, _ = reader(paths, seed)
    if stretch:
        square = _resized(image, *stretch)
    else:
        height, width = tf.unstack(tf.shape(image)[:2])
        side = tf.minimum(tf.minimum(height, width), crop or width)
        top, left = (height - side) // 2, (width - side) // 2
        square = tf.image.crop_to_bounding_box(image, top, left, side, side)
    squares = [_resized(square, size, size)]
    if shuffle_batch:
        waiting = min(WAITING, len(paths))
        batch = tf.train.shuffle_batch(
            squares, batch_size, waiting + 4 * batch_size, min_after_dequeue=waiting, seed=seed
        )
    else:
        [batch] = queues.counted([tf.train.batch(squares, batch_size, capacity=4 * batch_size)])
    return tf.cast(batch, tf.float32) / 255.0


def _resized(image, height, width):
    area = tf.image.resize_images(image, [height, width], method=tf.image.ResizeMethod.AREA)
    return tf.cast(tf.round(area), tf.uint8)
