"""Squares: cropping, resizing, and the order of batches."""

import os

import numpy as np
import pytest
from PIL import Image

from data import folders, squares
from graphmode import tf
from graphmode.errors import InputError


@pytest.fixture
def folder(tmp_path):
    """A folder with 7 images, each of one gray value: 0, 10, ... 60."""
    for number in range(7):
        Image.new("L", (40, 30), number * 10).save(tmp_path / f"{number}.png")
    return tmp_path


def grays(batch):
    """Which of the folder's images a batch holds."""
    assert batch.dtype == np.float32 and batch.min() >= 0 and batch.max() <= 1
    assert (batch == batch[:, :1, :1, :1]).all()
    return np.rint(batch[:, 0, 0, 0] * 25.5).astype(int).tolist()


@pytest.mark.parametrize(
    "height, width, crop, inner",
    [
        (250, 250, 160, 160),
        (100, 180, None, 100),
        (180, 100, 60, 60),
        (101, 40, 500, 40),
        (20, 30, None, 20),
    ],
)
def test_the_middle_is_cut_out(height, width, crop, inner):
    """Everything outside the square is red, and the result has no red."""
    image = np.tile(np.uint8([255, 0, 0]), [height, width, 1])
    top, left = (height - inner) // 2, (width - inner) // 2
    image[top : top + inner, left : left + inner] = [0, 90, 200]
    resized = squares.crop_and_resize(image, 32, crop)
    assert resized.dtype == np.uint8 and resized.shape == (32, 32, 3)
    assert (resized == [0, 90, 200]).all()


@pytest.mark.parametrize("height, width", [(160, 160), (99, 120), (16, 10), (7, 50)])
def test_new_pixels_are_the_means_of_what_they_cover(height, width, value):
    """They equal TensorFlow's AREA, up to the direction in which 0.5 is rounded."""
    noise = np.random.default_rng(0).integers(256, size=[height, width, 3]).astype(np.uint8)
    resized = squares.area(noise, 16, 10)
    if (height, width) == (160, 160):
        np.testing.assert_allclose(
            resized, noise.reshape(16, 10, 10, 16, 3).mean((1, 3)), atol=0.501
        )
    area = tf.image.resize_images(noise[None], [16, 10], method=tf.image.ResizeMethod.AREA)[0]
    np.testing.assert_allclose(resized, value(area), atol=0.51)


def test_the_blogs_two_resizes_squeeze_the_whole_image():
    """A square of 120 in 250 x 250 pixels is one of 86 in 178 x 178: nothing is cut off."""
    image = np.zeros([250, 250, 3], np.uint8)
    image[65:185, 65:185] = 255
    resized = squares.crop_and_resize(image, 178, stretch=(218, 178)) > 127
    assert resized[:, 89, 0].sum() == resized[89, :, 0].sum() == 86


@pytest.mark.parametrize("batch_size", [3, 7])
def test_an_epoch_shows_every_image_once_and_batches_can_be_requested_in_any_order(
    folder, batch_size
):
    paths = folders.find(folder)
    batch = squares.batches(paths, 16, batch_size, seed=1)
    shown = [grays(batch(number)) for number in range(12)]
    assert batch(0).shape == (batch_size, 16, 16, 3)
    per_epoch = 7 // batch_size
    for epoch in range(4):
        chosen = sum(shown[epoch * per_epoch : (epoch + 1) * per_epoch], [])
        assert len(set(chosen)) == per_epoch * batch_size
    assert {gray for chosen in shown for gray in chosen} == set(range(7))
    resumed = squares.batches(paths, 16, batch_size, seed=1)
    for number in (11, 4, 5, 0):
        assert grays(resumed(number)) == shown[number]
    other = squares.batches(paths, 16, batch_size, seed=2)
    assert [grays(other(number)) for number in range(12)] != shown


def test_fewer_images_than_a_batch_are_repeated(folder):
    paths = folders.find(folder)
    shown = [grays(squares.batches(paths, 8, 10, seed=3)(number)) for number in range(14)]
    chain = sum(shown, [])
    assert [len(chosen) for chosen in shown] == [10] * 14
    epochs = [chain[first : first + 7] for first in range(0, 140, 7)]
    assert all(sorted(epoch) == list(range(7)) for epoch in epochs)
    assert len(set(map(tuple, epochs))) > 15
    assert grays(squares.batches(paths[4:5], 8, 5, seed=0)(9)) == [4] * 5


def test_images_in_memory_are_not_read_again_and_others_are(folder):
    paths = folders.find(folder)
    kept = squares.batches(paths, 16, 5, 0)
    reread = squares.batches(paths, 16, 5, 0, memory=7 * 16 * 16 * 3 - 1)
    for number in range(6):
        np.testing.assert_array_equal(kept(number), reread(number))
    before = kept(0)
    kept(0)[:] = 0  # a copy: later answers do not change
    for path in paths:
        os.unlink(path)
    np.testing.assert_array_equal(kept(0), before)
    with pytest.raises(InputError, match="png: No such file"):
        reread(0)


def test_about_half_of_the_images_are_mirrored(tmp_path):
    noise = np.random.default_rng(0).integers(256, size=[24, 32, 3]).astype(np.uint8)
    Image.fromarray(noise).save(tmp_path / "a.png")
    paths = [tmp_path / "a.png"]
    plain = squares.batches(paths, 24, 100, seed=0)(0)[0]
    batch = squares.batches(paths, 24, 100, seed=0, mirror=True)
    left, right = ((batch(0) == image).all((1, 2, 3)) for image in (plain, plain[:, ::-1]))
    assert (left ^ right).all() and 30 < right.sum() < 70
    again = squares.batches(paths, 24, 100, seed=0, mirror=True)
    np.testing.assert_array_equal(batch(0), again(0))
    assert (batch(0) != batch(1)).any()
