"""Input queues in training: their threads, and the images that a resumed run leaves out.

A model whose queues have one thread says here which queue holds the names of its files, and counts
the images that leave the last queue. The count is stored with each checkpoint. A resumed run takes
as many names before anybody reads them, so it goes on in the order of a run that never stopped.
"""

import contextlib
import re
from typing import Any, Iterator, List, Sequence

from graphmode import errors, repairs, tf

NAMES, TAKEN, READ = "queue_of_names", "images_taken", "images_read"  # graph collections


def read_from(names) -> Any:
    """Says that images are read from a queue of file names, in one thread.

    Returns:
        A function of a name that was dequeued. It returns the image's number: int64 [], from 1.
    """
    tf.add_to_collection(NAMES, names)
    counter = _counter(READ)

    def number(name):
        with tf.control_dependencies([name]):
            return tf.identity(tf.assign_add(counter, 1))

    return number


def counted(tensors: Sequence[Any]) -> List[Any]:
    """Counts the images in tensors [batch_size, ...] that leave the last queue in one run."""
    size = tensors[0].shape.as_list()[0]
    with tf.control_dependencies([tf.assign_add(_counter(TAKEN), size)]):
        return [tf.identity(tensor) for tensor in tensors]


def taken(session) -> int:
    """How many images the session has taken, also before it was resumed; 0 without a count."""
    return int(sum(session.run(tf.get_collection(TAKEN))))


@contextlib.contextmanager
def running(session, images: int = 0) -> Iterator[None]:
    """Runs the graph's input queues, if there are any.

    Args:
        images: how many images are left out at the beginning, see `taken`.

    Raises:
        InputError: a queue stopped because of an error. Only the queue's thread knows the reason;
            the training itself ends with "out of range".
    """
    coordinator, names = tf.train.Coordinator(), tf.get_collection(NAMES)
    runners = tf.get_collection(tf.GraphKeys.QUEUE_RUNNERS)
    first = [runner for runner in runners if runner.queue in names]
    threads = []
    try:
        for runner in first:
            threads += runner.create_threads(session, coordinator, daemon=True, start=True)
        if images and names:
            counters = tf.get_collection(TAKEN) + tf.get_collection(READ)
            session.run([counter.assign(images) for counter in counters])
            session.run([queue.dequeue_many(images) for queue in names])
        for runner in runners:
            if runner not in first:
                threads += runner.create_threads(session, coordinator, daemon=True, start=True)
        yield
    finally:
        with repairs.hold_noise():
            coordinator.request_stop()
            try:
                coordinator.join(threads, stop_grace_period_secs=10, ignore_live_threads=True)
            except tf.errors.OpError as error:
                reason = re.search(r"InputError: (.*)", error.message)
                text = reason[1] if reason else error.message.splitlines()[0]
                raise errors.InputError(f"the input queue stopped: {text}") from error


def _counter(kind):
    """A local variable, which no checkpoint has."""
    kinds = [tf.GraphKeys.LOCAL_VARIABLES, kind]
    return tf.Variable(0, trainable=False, collections=kinds, dtype=tf.int64, name=kind)
