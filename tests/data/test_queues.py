"""The blog's two input paths give the same images; queues name files that cannot be read."""

import io
import os

import numpy as np
import pytest
from PIL import Image

from data import folders, queues, squares
from data.drawn import faces
from graphmode import files, sessions, tf, training
from graphmode.errors import InputError


def dequeue(batch, times):
    """The images of so many batches from a queue: float32 [N, size, size, 3]."""
    coordinator = tf.train.Coordinator()
    with tf.Session() as session:
        session.run(tf.local_variables_initializer())
        threads = tf.train.start_queue_runners(session, coordinator)
        shown = np.concatenate([session.run(batch) for _ in range(times)])
        coordinator.request_stop()
        coordinator.join(threads, stop_grace_period_secs=10, ignore_live_threads=True)
    return shown


def distinct(images):
    return sorted({np.rint(image * 255).astype(np.uint8).tobytes() for image in images})


def test_file_names_that_are_not_utf8_are_read(tmp_path):
    name = os.fsdecode(os.fsencode(str(tmp_path)) + b"/caf\xe9.png")
    Image.fromarray(faces.draw(1, 24, 0)[0]).save(name)
    assert dequeue(queues.batches(folders.find(tmp_path), 24, 2, seed=0), 1).shape == (2, 24, 24, 3)


@pytest.fixture
def mixed(tmp_path):
    """Eight different faces in files of different kinds and shapes."""
    images = iter(faces.draw(8, 48, 5))

    def save(name, convert=lambda image: image, **options):
        convert(Image.fromarray(next(images)[:, :40])).save(tmp_path / name, **options)

    exif = Image.Exif()
    exif[0x0112] = 6
    save("turned.jpg", exif=exif)
    save("print.jpg", lambda image: image.convert("CMYK"))
    save("gray.JPG", lambda image: image.convert("L"), format="JPEG")

    def deep(image):
        return Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)

    save("deep.png", deep)
    save("alpha.PNG", lambda image: (image.putalpha(90), image)[1], format="PNG")
    save("palette.png", lambda image: image.convert("P"))
    save("small.jpeg", lambda image: image.resize((20, 31)))
    save("plain.png")
    return tmp_path


@pytest.mark.parametrize(
    "cutting", [dict(size=24), dict(size=24, crop=30), dict(size=24, stretch=(32, 24))]
)
def test_both_paths_show_the_same_images(mixed, cutting):
    paths, skipped = folders.usable(folders.find(mixed))
    assert len(paths) == 8 and not skipped
    batch = squares.batches(paths, batch_size=4, seed=0, **cutting)
    fed = distinct(np.concatenate([batch(number) for number in range(6)]))
    queued = distinct(dequeue(queues.batches(paths, batch_size=4, seed=0, **cutting), 30))
    assert len(fed) == len(queued) == 8
    # numpy and TensorFlow round 0.5 in different directions.
    fed, queued = (np.array([list(image) for image in images]) for images in (fed, queued))
    np.testing.assert_allclose(fed, queued, atol=1)


def test_fewer_images_than_a_batch_or_the_queue_holds_do_not_hang(mixed):
    paths = folders.find(mixed)[:3]
    assert len(distinct(dequeue(queues.batches(paths, 16, 10, seed=0), 8))) == 3


def test_an_epoch_shows_every_image_about_once(mixed):
    paths = folders.find(mixed)
    images = dequeue(queues.batches(paths, 16, 8, seed=0), 10)
    shown = [np.rint(image * 255).astype(np.uint8).tobytes() for image in images]
    assert {shown.count(image) for image in shown} <= set(range(7, 14))


def test_a_file_that_goes_bad_while_training_is_named(mixed, settings):
    paths = folders.find(mixed)
    truncated = io.BytesIO()
    Image.fromarray(faces.draw(1, 64, 0)[0]).save(truncated, "JPEG")
    paths[2].write_bytes(truncated.getvalue()[:300])
    weight = tf.get_variable("model/w", initializer=0.0)
    loss = tf.reduce_mean(weight * queues.batches(paths, 16, 2, seed=0))
    step = tf.train.GradientDescentOptimizer(0.1).minimize(loss)
    model = training.Model([training.Phase("train", 500, [training.Update(step, {"loss": loss})])])
    config = settings(display_freq=0)
    message = f"the input queue stopped: {paths[2]}: damaged or cut short"
    with pytest.raises(InputError, match=message):
        training.fit(model, config)
    assert files.path(config.output_dir, "report.html").exists()


def first_pixels(paths, config, steps):
    """Trains on a queue. Returns scalars.csv, which has a pixel of each batch."""
    with sessions.graph(config):
        batch = queues.batches(paths, 16, 2, seed=3)
        weight = tf.get_variable("model/w", initializer=0.0)
        loss = tf.reduce_mean(tf.square(weight - batch))
        step = tf.train.GradientDescentOptimizer(0.1).minimize(loss)
        scalars = {"loss": loss, "pixel": batch[0, 0, 0, 0]}
        phase = training.Phase("train", steps, [training.Update(step, scalars)])
        training.fit(training.Model([phase], {"image": batch}), config)
    return files.path(config.output_dir, "scalars.csv").read_text()


def test_a_resumed_queue_continues_the_order(mixed, settings, tmp_path):
    """Also when image grids have taken batches, and when more names are skipped than it holds."""
    paths = folders.find(mixed)
    whole = settings(output_dir=str(tmp_path / "whole"), summary_freq=1, display_freq=7)
    expected = first_pixels(paths, whole, 60)
    broken = whole.replace(output_dir=str(tmp_path / "broken"))
    first_pixels(paths, broken, 42)
    assert first_pixels(paths, broken.replace(resume=True), 60) == expected
