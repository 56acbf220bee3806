"""The blog's two input paths: what they show, of which files, and what becomes of bad ones."""

import io
import os

import numpy as np
from PIL import Image
import pytest

from data import faces, folders, queues, squares
from graphmode import runs, tf, training
from graphmode.cli import InputError


def drawn(batch, times):
    """All pictures of so many batches from a queue, sorted: uint8 [N, size, size, 3]."""
    coordinator = tf.train.Coordinator()
    with tf.Session() as session:
        threads = tf.train.start_queue_runners(session, coordinator)
        shown = np.concatenate([session.run(batch) for _ in range(times)])
        coordinator.request_stop()
        coordinator.join(threads, stop_grace_period_secs=10, ignore_live_threads=True)
    return shown


def distinct(pictures):
    return sorted({np.rint(picture * 255).astype(np.uint8).tobytes() for picture in pictures})


def test_names_that_are_no_utf8_are_read(tmp_path):
    name = os.fsdecode(os.fsencode(str(tmp_path)) + b"/caf\xe9.png")
    Image.fromarray(faces.draw(1, 24, 0)[0]).save(name)
    assert drawn(queues.batches(folders.find(tmp_path), 24, 2, seed=0), 1).shape == (2, 24, 24, 3)


@pytest.fixture
def mixed(tmp_path):
    """Pictures as they come: several shapes and kinds, all readable. One of each kind, and of each another face."""
    shown = iter(faces.draw(8, 48, 5))

    def save(name, convert=lambda picture: picture, **options):
        convert(Image.fromarray(next(shown)[:, :40])).save(tmp_path / name, **options)
    exif = Image.Exif()
    exif[0x0112] = 6
    save("turned.jpg", exif=exif)
    save("print.jpg", lambda picture: picture.convert("CMYK"))
    save("grey.JPG", lambda picture: picture.convert("L"), format="JPEG")
    save("deep.png", lambda picture: Image.fromarray(np.asarray(picture.convert("L")).astype(np.uint16) * 257))
    save("alpha.PNG", lambda picture: (picture.putalpha(90), picture)[1], format="PNG")
    save("palette.png", lambda picture: picture.convert("P"))
    save("small.jpeg", lambda picture: picture.resize((20, 31)))
    save("plain.png")
    return tmp_path


@pytest.mark.parametrize("cutting", [dict(size=24), dict(size=24, crop=30), dict(size=24, stretch=(32, 24))])
def test_both_paths_show_the_same_pictures(mixed, cutting):
    paths, skipped = folders.usable(folders.find(mixed))
    assert len(paths) == 8 and not skipped
    fed = distinct(np.concatenate([squares.batches(paths, batch_size=4, seed=0, **cutting)(number) for number in range(6)]))
    queued = distinct(drawn(queues.batches(paths, batch_size=4, seed=0, **cutting), 30))
    assert len(fed) == len(queued) == 8
    # One half is rounded up by numpy and down by TensorFlow, or the other way round.
    np.testing.assert_allclose(*(np.array([list(picture) for picture in pictures]) for pictures in (fed, queued)), atol=1)


def test_fewer_pictures_than_a_batch_or_than_wait_in_the_queue_are_no_hang(mixed):
    paths = folders.find(mixed)[:3]
    assert len(distinct(drawn(queues.batches(paths, 16, 10, seed=0), 8))) == 3


def test_an_epoch_shows_every_picture_about_once(mixed):
    paths = folders.find(mixed)
    shown = [np.rint(picture * 255).astype(np.uint8).tobytes() for picture in drawn(queues.batches(paths, 16, 8, seed=0), 10)]
    assert {shown.count(picture) for picture in shown} <= set(range(7, 14))


def test_a_file_that_goes_bad_while_training_is_named(mixed, settings):
    paths = folders.find(mixed)
    truncated = io.BytesIO()
    Image.fromarray(faces.draw(1, 64, 0)[0]).save(truncated, "JPEG")
    paths[2].write_bytes(truncated.getvalue()[:300])
    loss = tf.reduce_mean(tf.get_variable("model/w", initializer=0.0) * queues.batches(paths, 16, 2, seed=0))
    step = tf.train.GradientDescentOptimizer(0.1).minimize(loss)
    model = training.Model([training.Phase("train", 500, [step])], {"loss": loss})
    config = settings(display_freq=0)
    with pytest.raises(InputError, match=f"the input queue stopped: {paths[2]}: damaged or cut short"):
        training.fit(model, config)
    assert runs.path(config.output_dir, "report.html").exists()
