"""Measures what surrounds a training step: reading, waiting, the loop, starting, and growth.

It needs no PyTorch. Each measurement has its own process.

Run:     .venv/bin/python -m benchmarks.around
         .venv/bin/python -m benchmarks.around --input_dir FOLDER
"""

import dataclasses
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

from PIL import Image

from benchmarks import ours, turns
from data import folders, queues, squares
from data.drawn import faces
from graphmode import cli, sessions, tf, training
from graphmode.config import Settings, setting
from graphmode.report import tables

PROGRAM = "benchmarks.around"
STEPS = 60


@dataclasses.dataclass(frozen=True)
class Flags(Settings):
    """What surrounds a training step."""

    input_dir: str = setting("", help="folder of images to read; empty: faces are drawn")


def waiting(name, batch_size):
    """How much of a step's time it waits for its queue, in %: the median over traced steps."""
    config = ours.config_of(name, batch_size, "queue")
    fractions = []
    with sessions.graph(config):
        updates = ours.built(name, config).phases[-1].updates
        with sessions.session() as session:
            session.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
            coordinator = tf.train.Coordinator()
            tf.train.start_queue_runners(session, coordinator)
            for number in range(2 * STEPS):
                start = time.perf_counter()
                waited = sum(_waited(session, update) for update in updates)
                if number >= STEPS:
                    fractions.append(100 * waited / (time.perf_counter() - start))
            coordinator.request_stop()
    return statistics.median(fractions)


def _waited(session, update):
    """Runs an update. Returns the seconds of the ops that take a batch out of a queue."""
    options = tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE)
    metadata = tf.RunMetadata()
    session.run([update.op, dict(update.scalars)], None, options, metadata)
    nodes = [node for device in metadata.step_stats.dev_stats for node in device.node_stats]
    return 1e-6 * sum(
        node.op_end_rel_micros - node.op_start_rel_micros
        for node in nodes
        if "DequeueMany" in node.timeline_label
    )


def reading(paths, way, size=64, batch_size=16):
    """Images per second that are decoded, resized and put into batches.

    Args:
        way: "queue", "feed" or "tf.data".
        size: height and width of the resized images, in pixels.
    """
    if way == "feed":
        read = squares.batches(paths, size, batch_size, seed=0, memory=0)
        return _speed(read, batch_size)
    if way == "queue":
        batch = queues.batches(paths, size, batch_size, seed=0)
    else:
        batch = _tf_data(paths, size, batch_size)
    with sessions.session() as session:
        session.run(tf.local_variables_initializer())
        coordinator = tf.train.Coordinator()
        tf.train.start_queue_runners(session, coordinator)
        speed = _speed(lambda number: session.run(batch), batch_size)
        coordinator.request_stop()
    return speed


def _tf_data(paths, size, batch_size):
    def decode(path):
        image = tf.image.decode_image(tf.io.read_file(path), 3, expand_animations=False)
        side = tf.reduce_min(tf.shape(image)[:2])
        square = tf.image.resize_image_with_crop_or_pad(image, side, side)
        return tf.image.resize_images(square, [size, size], tf.image.ResizeMethod.AREA)

    names = tf.data.Dataset.from_tensor_slices(list(map(str, paths))).shuffle(1000, 0).repeat()
    images = names.map(decode, num_parallel_calls=tf.data.AUTOTUNE)
    return tf.data.make_one_shot_iterator(images.batch(batch_size).prefetch(2)).get_next()


def _speed(read, batch_size):
    for number in range(10):
        read(number)
    start = time.perf_counter()
    for number in range(10, 10 + STEPS):
        read(number)
    return STEPS * batch_size / (time.perf_counter() - start)


def loop(folder, steps):
    """Seconds of a step of the autoencoder: by `training.fit`, and by session.run alone."""
    config = ours.config_of("cae", 128).replace(output_dir=folder)
    return _by_fit(config, steps), _by_session(config, steps)


def _by_fit(config, steps):
    marks = []
    with sessions.graph(config):
        model = ours.built("cae", config)
        feed, phase = model.feed, model.phases[-1]

        def marked(number):
            marks.append(time.perf_counter())
            return feed(number)

        phases = [phase._replace(steps=3 * steps)]
        training.fit(model._replace(phases=phases, feed=marked), config)
    return (marks[-1] - marks[steps]) / (len(marks) - 1 - steps)


def _by_session(config, steps):
    with sessions.graph(config):
        model = ours.built("cae", config)
        [update] = model.phases[-1].updates
        with sessions.session() as session:
            session.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
            for number in range(3 * steps):
                if number == steps:
                    start = time.perf_counter()
                session.run([update.op, dict(update.scalars)], model.feed(number))
    return (time.perf_counter() - start) / (2 * steps)


def milliseconds(name, batch_size):
    """Milliseconds of a step, the median."""
    step = ours.stepper(name, batch_size)
    for number in range(3):
        step(number)
    times = []
    for number in range(3, 3 + max(3, STEPS // 6)):
        start = time.perf_counter()
        step(number)
        times.append(time.perf_counter() - start)
    return 1e3 * statistics.median(times)


def seconds_of(*arguments):
    """Seconds of a Python process with these arguments."""
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def saved_faces(folder):
    """Saves a hundred drawn faces of 250 pixels as JPEG files. Returns their folder."""
    folder.mkdir()
    for number, face in enumerate(faces.draw(100, 250, 0)):
        Image.fromarray(face).save(str(folder / f"{number}.jpg"))
    return folder


def sections(input_dir, folder):
    """Yields the measurements as `tables.Section`; folder: for temporary files."""
    images = input_dir or saved_faces(pathlib.Path(folder, "images"))
    paths, _ = folders.usable(folders.find(images))
    ways = ("queue", "feed", "tf.data")
    speeds = {way: turns.alone("around", "reading", paths, way) for way in ways}
    text = "Images per second: 64 x 64 pixels, batches of 16."
    yield tables.Section("Reading images", text, [speeds])
    models = (("glcic_small", 16), ("pix2pix_small", 1))
    waits = {name: turns.alone("around", "waiting", name, size) for name, size in models}
    text = "How much of a step's time it waits for the program's queue, in %."
    yield tables.Section("Waiting for images", text, [waits])
    fit, bare = turns.alone("around", "loop", str(pathlib.Path(folder, "run")), 500)
    overhead = {"fit": 1e3 * fit, "session.run": 1e3 * bare, "overhead, %": 100 * (fit / bare - 1)}
    text = "Milliseconds of a step of the autoencoder, by training.fit and by session.run alone."
    yield tables.Section("The loop", text, [overhead])
    starts = {
        "--help": seconds_of("-m", "gan_book.cae", "--help"),
        "import TensorFlow": seconds_of("-c", "from graphmode import tf; tf.Graph"),
    }
    yield tables.Section("Starting", "Seconds.", [starts])
    models = (("dcgan", (32, 64, 128, 256)), ("glcic_small", (4, 8, 16, 32)))
    rows = []
    for name, sizes in models:
        times = {f"batch {n}": turns.alone("around", "milliseconds", name, n) for n in sizes}
        rows.append({"model": name, **times})
    yield tables.Section("Growing", "Milliseconds of a step, by batch size.", rows)


def measure(flags):
    with tempfile.TemporaryDirectory() as folder:
        tables.show(list(sections(flags.input_dir, folder)))


def main(argv=None):
    cli.tool(PROGRAM, Flags, __doc__, measure, argv)


if __name__ == "__main__":
    main()
