"""What surrounds the step: how long it waits for pictures, what the loop adds, how fast pictures are read, what a start takes, and
how a step's time grows with its batch and its pictures.

Run: `python -m benchmarks.around`; `--input_dir FOLDER` reads pictures of your own. Needs no PyTorch. Each measurement has a process
of its own.
"""

import argparse
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

from PIL import Image

from benchmarks import ours, turns
from data import faces, folders, queues, squares
from graphmode import cli, files, sessions, tf, training
from graphmode.report import tables

STEPS = 60


def waiting(name, batch_size):
    """Share of the step's time that it waits for its queue, in %: a median over traced steps."""
    model = ours.built(name, batch_size, "queue")
    plan = plans.plan_of(model)[-1]
    shares = []
    with sessions.session() as session:
        session.run(tf.global_variables_initializer())
        coordinator = tf.train.Coordinator()
        tf.train.start_queue_runners(session, coordinator)
        for number in range(2 * STEPS):
            plans.run_step(session, model, plan, number)
            if number >= STEPS:
                waited, began = 0.0, time.perf_counter()
                for run in plan:
                    found = tf.RunMetadata()
                    session.run([run.op, run.scalars], None, tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE), found)
                    waited += sum(node.op_end_rel_micros - node.op_start_rel_micros for device in found.step_stats.dev_stats
                                  for node in device.node_stats if "DequeueMany" in node.timeline_label)
                shares.append(100 * waited / 1e6 / (time.perf_counter() - began))
        coordinator.request_stop()
    return statistics.median(shares)


def reading(paths, way, size=64, batch_size=16):
    """Pictures per second: decoded, made `size` pixels high and wide, and in batches. way: queue, feed or tf.data."""
    if way == "feed":
        read = squares.batches(paths, size, batch_size, seed=0, memory=0)
        return _speed(read, batch_size)
    if way == "queue":
        batch = queues.batches(paths, size, batch_size, seed=0)
    else:
        def decode(path):
            picture = tf.image.decode_image(tf.io.read_file(path), 3, expand_animations=False)
            side = tf.reduce_min(tf.shape(picture)[:2])
            cut = tf.image.resize_image_with_crop_or_pad(picture, side, side)
            return tf.image.resize_images(cut, [size, size], tf.image.ResizeMethod.AREA)
        files = tf.data.Dataset.from_tensor_slices(list(map(str, paths))).shuffle(1000, 0).repeat()
        loaded = files.map(decode, num_parallel_calls=tf.data.AUTOTUNE).batch(batch_size).prefetch(2)
        batch = tf.data.make_one_shot_iterator(loaded).get_next()
    with sessions.session() as session:
        coordinator = tf.train.Coordinator()
        tf.train.start_queue_runners(session, coordinator)
        speed = _speed(lambda number: session.run(batch), batch_size)
        coordinator.request_stop()
    return speed


def _speed(read, batch_size):
    for number in range(10):
        read(number)
    began = time.perf_counter()
    for number in range(10, 10 + STEPS):
        read(number)
    return STEPS * batch_size / (time.perf_counter() - began)


def loop(folder, steps):
    """Seconds that a step of the autoencoder takes by `training.fit`, and by session.run alone."""
    model = ours.built("cae", 128)
    update, feed = model.phases[-1].updates[0], model.feed
    config = cli.settings(ours.PROGRAMS["cae"].Config, program="cae", output_dir=folder)
    marks = []
    model = model._replace(phases=[training.Phase("train", 3 * steps, [update])],
                           feed=lambda number: (marks.append(time.perf_counter()), feed(number))[1])
    training.fit(model, config)
    with tf.Graph().as_default():
        model = ours.built("cae", 128)
        fetches = [model.phases[-1].updates[0], model.scalars]
        with sessions.session() as session:
            session.run(tf.global_variables_initializer())
            for number in range(steps):
                session.run(fetches, model.feed(number))
            began = time.perf_counter()
            for number in range(steps, 3 * steps):
                session.run(fetches, model.feed(number))
            bare = (time.perf_counter() - began) / (2 * steps)
    return (marks[-1] - marks[steps]) / (len(marks) - 1 - steps), bare


def grown(name, batch_size):
    """Milliseconds of a step, the median."""
    step = ours.stepper(name, batch_size)
    for number in range(3):
        step(number)
    times = []
    for number in range(3, 3 + max(3, STEPS // 6)):
        began = time.perf_counter()
        step(number)
        times.append(time.perf_counter() - began)
    return 1e3 * statistics.median(times)


def _started(*command):
    began = time.perf_counter()
    subprocess.run([sys.executable, *command], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def main():
    parser = argparse.ArgumentParser(prog="benchmarks.around", description=__doc__.split("\n\n")[0])
    parser.add_argument("--input_dir", default="", help="pictures to read (default: some are drawn, and saved as JPEG)")
    flags = parser.parse_args()
    sections = []
    with tempfile.TemporaryDirectory() as folder:
        if not flags.input_dir:
            drawn = pathlib.Path(folder, "drawn")
            drawn.mkdir()
            for number, face in enumerate(faces.draw(100, 250, 0)):
                Image.fromarray(face).save(str(drawn / "{}.jpg".format(number)))
        paths, _ = folders.usable(folders.find(flags.input_dir or drawn))
        speeds = {way: turns.alone("around", "reading", paths, way) for way in ("queue", "feed", "tf.data")}
        sections.append(tables.Section("Reading pictures", "64 x 64 pixels, batches of 16; pictures per second.", [speeds]))
        waits = {name: turns.alone("around", "waiting", name, size) for name, size in (("glcic_small", 16), ("pix2pix_small", 1))}
        sections.append(tables.Section("Waiting for pictures", "Share of a step's time, in %, with the programs' own queues.", [waits]))
        fit, bare = turns.alone("around", "loop", str(pathlib.Path(folder, "run")), 500)
        sections.append(tables.Section("The loop", "A step of the autoencoder by training.fit and by session.run alone, ms.", [
            {"fit": 1e3 * fit, "session.run": 1e3 * bare, "more, in %": 100 * (fit / bare - 1)}]))
    starts = {"--help": _started("-m", "gan_book.cae", "--help"), "import TensorFlow": _started("-c", "from graphmode import tf; tf.Graph")}
    sections.append(tables.Section("Starting", "Seconds.", [starts]))
    rows = [{"model": name, **{"batch {}".format(size): turns.alone("around", "grown", name, size) for size in sizes}}
            for name, sizes in (("dcgan", (32, 64, 128, 256)), ("glcic_small", (4, 8, 16, 32)))]
    sections.append(tables.Section("Growing", "Milliseconds of a step.", rows))
    tables.show(sections)


if __name__ == "__main__":
    main()
