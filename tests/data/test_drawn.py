"""The drawn digits, faces and facades: stable pixels, variety, and what programs need of them."""

import hashlib

import numpy as np
import pytest

from data import pairs
from data.drawn import digits, facades, faces


def digest(*arrays):
    content = b"".join(np.ascontiguousarray(array).tobytes() for array in arrays)
    return hashlib.sha256(content).hexdigest()[:16]


def test_the_same_seed_gives_the_same_pixels_for_ever():
    """The results in the docs are from these pixels."""
    assert digest(*digits.load(700, 300, 0)[:4]) == "a23529a8554edcdc"
    assert digest(*digits.draw(50, [7, 1])) == "3d9708575a1cc63f"
    assert digest(faces.draw(20, 64, 0)) == "d62f8847688c911c"
    assert digest(faces.draw(3, 30, [4, 2])) == "9285c76094604a0e"
    assert digest(*facades.draw(64, [3, 0, 1])) == "aab41c3b690ebdbe"


@pytest.fixture(scope="module")
def digit_set():
    return digits.load(train=4000, test=500, seed=3)


def test_another_seed_gives_other_digits(digit_set):
    assert [len(array) for array in digit_set[:4]] == [4000, 4000, 500, 500]
    other = digits.draw(500, [4, 1])[0]
    assert (digit_set.test_images != other).any((1, 2)).all()


def test_all_digits_are_equally_frequent_and_shuffled(digit_set):
    assert np.bincount(digit_set.train_labels).tolist() == [400] * 10
    assert np.bincount(digit_set.test_labels).tolist() == [50] * 10
    assert np.bincount(digits.draw(13, seed=0)[1], minlength=10).tolist() == [2, 2, 2] + [1] * 7
    same_as_the_next = (digit_set.train_labels[1:] == digit_set.train_labels[:-1]).mean()
    assert 0.07 < same_as_the_next < 0.13


def test_no_digit_is_there_twice(digit_set):
    images = {image.tobytes() for image in [*digit_set.train_images, *digit_set.test_images]}
    assert len(images) == 4500


def test_digits_resemble_those_of_mnist(digit_set):
    """White on black, about 20 pixels tall, equal strokes: the numbers of MNIST with a margin."""
    images = digit_set.train_images
    assert images.shape == (4000, 28, 28) and images.dtype == np.uint8
    assert np.median(images) == 0 and (images.max((1, 2)) > 200).mean() > 0.95
    assert 28 < images.mean() < 36  # MNIST: 33.3
    heights = (images > 64).any(2).sum(1)
    assert 19 < heights.mean() < 21 and heights.std() > 1  # MNIST: 19.6 and 1.2
    assert (images[:, [0, -1]] > 64).any((1, 2)).mean() < 0.02  # cut off at the top or bottom


def test_digits_are_legible(digit_set):
    """The most similar of 4,000 training images has the label of 9 in 10 test images."""
    train, test = (
        images.reshape(len(images), 784).astype(np.float32) for images in digit_set[:4:2]
    )
    distances = (train**2).sum(1) - 2 * test @ train.T  # up to a constant of each test image
    correct = digit_set.train_labels[distances.argmin(1)] == digit_set.test_labels
    assert correct.mean() > 0.9
    assert min(correct[digit_set.test_labels == digit].mean() for digit in range(10)) > 0.7


@pytest.fixture(scope="module")
def face_set():
    return faces.draw(300, 64, seed=0)


def test_a_face_depends_only_on_seed_size_and_number(face_set):
    assert face_set.dtype == np.uint8 and face_set.shape == (300, 64, 64, 3)
    np.testing.assert_array_equal(faces.draw(5, 64, seed=0), face_set[:5])
    assert (faces.draw(5, 64, seed=1) != face_set[:5]).any((1, 2, 3)).all()


def test_faces_vary(face_set):
    assert len({image.tobytes() for image in face_set}) == 300
    assert face_set.std(0).mean() > 30  # from face to face, of each pixel
    for pixel in (face_set[:, 2, 2], face_set[:, 34, 32]):  # background, and skin or nose
        assert (pixel.std(0) > 25).all()


def test_faces_are_almost_symmetric(face_set):
    """A face is more similar to its mirror image than to the next face, and it has two eyes."""
    middle = face_set[:, 16:52, 12:52].astype(float)
    mirrored = middle[:, :, ::-1]
    asymmetry, difference = (
        np.abs(middle - other).mean() for other in (mirrored, np.roll(mirrored, 1, 0))
    )
    assert asymmetry < difference / 2
    white = face_set.min(3) > 150
    left, right = (
        white[:, 26:38, columns].any((1, 2)) for columns in (slice(14, 32), slice(32, 50))
    )
    assert (left & right).mean() > 0.8


def test_edges_of_faces_are_smooth(face_set):
    """Few neighbors differ by as much as the ink of an outline differs from the skin."""
    steps = np.abs(np.diff(face_set.astype(int), axis=2)).max(3)
    assert 0.02 < (steps > 40).mean() < 0.12


def test_facades_have_the_colors_of_the_labels_and_no_duplicates():
    drawings = [facades.draw(64, [3, part, number]) for part in (0, 1) for number in range(1, 20)]
    colors = {tuple(color) for _, labels in drawings for color in labels.reshape(-1, 3)}
    assert colors == set(facades.LABELS.values())
    assert len({photo.tobytes() for photo, _ in drawings}) == len(drawings)
    for photo, labels in drawings:
        assert photo.shape == labels.shape == (64, 64, 3)
        # The sky is lighter than the glass.
        sky, glass = (
            photo[(labels == facades.LABELS[name]).all(2)] for name in ("background", "window")
        )
        assert sky.mean() > glass.mean()


def test_folders_of_drawn_images_are_made_once(monkeypatch):
    monkeypatch.setattr(facades, "COUNTS", {"train": 3, "val": 2})
    folder = facades.folder(48)
    assert [path.name for path in pairs.find(folder / "train")] == ["1.png", "2.png", "3.png"]
    a, b = facades.draw(48, [3, 1, 1])
    np.testing.assert_array_equal(pairs.folders.decode(folder / "val" / "1.png"), np.hstack([a, b]))
    before = (folder / "val" / "1.png").stat().st_mtime_ns
    (folder / "train" / "2.png").unlink()
    assert facades.folder(48) == folder and (folder / "train" / "2.png").exists()
    assert (folder / "val" / "1.png").stat().st_mtime_ns == before
    assert [path.name for path in pairs.find(faces.folder(16, 2))] == ["00000.png", "00001.png"]
