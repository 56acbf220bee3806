"""队列: the blog's way to read images, in the words of its time.

`queue_contents` is no case: it has no weights. What it returns is compared as it is.
"""

import os
import shutil
import tempfile
import time

import numpy as np
from PIL import Image

from graphmode import tf
from tests.referee.facts import numbers

IMAGES, SIDE, BATCH, BATCHES = 12, 8, 3, 10  # more than two epochs
HELD = 6  # images that the shuffling queue keeps
PATIENCE = 60.0  # seconds


def write_images(folder):
    """Writes small PNG files. The corner of image k is 20 k, so that it can be told."""
    for k in range(IMAGES):
        pixels = (numbers(f"image {k}", SIDE, SIDE, 3, low=0.0) * 255).astype(np.uint8)
        pixels[0, 0] = 20 * k
        Image.fromarray(pixels).save(os.path.join(folder, f"{k:02}.png"))


def read_and_decode(folder, shuffle):
    files = [os.path.join(folder, name) for name in sorted(os.listdir(folder))]
    filename_queue = tf.train.string_input_producer(files, shuffle=shuffle, seed=1)
    reader = tf.WholeFileReader()
    key, value = reader.read(filename_queue)
    image = tf.image.decode_png(value, channels=3)
    image.set_shape([SIDE, SIDE, 3])
    return tf.cast(image, tf.float32) / 127.5 - 1.0


def input_pipeline(folder, kind):
    """A batch of images, and the number of images that wait in the queue."""
    image = read_and_decode(folder, shuffle=kind != "batch")
    if kind == "shuffle_batch":
        batch = tf.train.shuffle_batch(
            [image],
            batch_size=BATCH,
            capacity=HELD + BATCH,
            min_after_dequeue=HELD,
            num_threads=1,
            seed=1,
        )
    else:
        batch = tf.train.batch([image], batch_size=BATCH, capacity=HELD + BATCH, num_threads=1)
    [queue] = [op for op in tf.get_default_graph().get_operations() if op.type == "QueueSizeV2"][
        -1:
    ]
    return batch, queue.outputs[0]


def queue_contents():
    """Reads small images through the queues of TensorFlow 1, with one thread and one seed.

    Returns:
        {"batch": files in order, "shuffled files": files in a new order in each epoch,
        "shuffle_batch": the same, shuffled again}, each [BATCHES, BATCH, SIDE, SIDE, 3] in [-1, 1].
    """
    folder = tempfile.mkdtemp()
    try:
        write_images(folder)
        return {
            kind: _contents(folder, kind) for kind in ("batch", "shuffled files", "shuffle_batch")
        }
    finally:
        shutil.rmtree(folder)


def _contents(folder, kind):
    with tf.Graph().as_default():
        batch, waiting = input_pipeline(folder, kind)
        with tf.Session() as sess:
            coord = tf.train.Coordinator()
            threads = tf.train.start_queue_runners(sess=sess, coord=coord)
            batches = []
            for _ in range(BATCHES):
                # Which image a shuffling queue gives depends on how many it holds, that is on the
                # speed of its thread: wait until it is full.
                end = time.time() + PATIENCE
                while sess.run(waiting) < HELD + BATCH and time.time() < end:
                    time.sleep(0.001)
                batches.append(sess.run(batch))
            coord.request_stop()
            coord.join(threads)
    return np.stack(batches)
