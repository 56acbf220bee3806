"""A folder of images as a data set: squares, gray or RGB, with class folders as labels."""

import numpy as np
import pytest
from PIL import Image

from data import class_folders
from graphmode.errors import InputError


def fill(folder, count, first=0, shape=(20, 30)):
    """Writes `count` images with the gray values first, first + 1, ..."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(first, first + count):
        Image.fromarray(np.full([*shape, 3], number, np.uint8)).save(folder / f"{number}.png")


def values(images):
    return sorted(set(images.reshape(len(images), -1)[:, 0].tolist()))


def test_folders_are_classes_in_natural_order(tmp_path, capsys):
    for number, name in enumerate(("cat10", "cat2", "dog")):
        fill(tmp_path / name, 12, 50 * number)
    (tmp_path / "dog" / "bad.jpg").write_text("no image")
    loaded = class_folders.load(str(tmp_path), 16, 1)
    assert loaded.classes == ("cat2", "cat10", "dog")
    images, labels = (np.concatenate([loaded[n], loaded[n + 2]]) for n in (0, 1))
    assert images.shape == (36, 16, 16) and images.dtype == np.uint8
    # cat10 has the values from 0, cat2 from 50, dog from 100.
    assert [[1, 0, 2][value // 50] for value in images[:, 0, 0]] == labels.tolist()
    assert "bad.jpg" in loaded.skipped[1]
    error = capsys.readouterr().err
    assert f"{len(loaded.test_images)} held out, 16 x 16 x 1, 3 classes" in error


def test_train_and_test_folders_are_kept_apart(tmp_path):
    for part, first in (("train", 0), ("val", 100)):
        for number, name in enumerate("ab"):
            fill(tmp_path / part / name, 10, first + 20 * number)
    loaded = class_folders.load(str(tmp_path), 16, 3)
    assert loaded.train_images.shape == (20, 16, 16, 3) and loaded.classes == ("a", "b")
    assert max(values(loaded.train_images)) < 100 <= min(values(loaded.test_images))
    assert loaded.test_labels.tolist() == [0] * 10 + [1] * 10
    fill(tmp_path / "val" / "c", 2)
    with pytest.raises(InputError, match="val/c holds test images of a class without training"):
        class_folders.load(str(tmp_path), 16, 3)


@pytest.mark.parametrize("counts", [{"": 6, "a": 6, "b": 6}, {"a": 15}, {"a": 9, "b": 9}])
def test_images_without_classes(counts, tmp_path):
    """Some are in no folder, all are in one folder, or the folders are small."""
    for number, (name, count) in enumerate(counts.items()):
        fill(tmp_path / name, count, 20 * number)
    loaded = class_folders.load(str(tmp_path), 16, 3)
    assert loaded.classes == () and not loaded.train_labels.any()
    assert len(loaded.train_images) + len(loaded.test_images) == sum(counts.values())


def test_images_that_stay_in_their_files_are_an_array(tmp_path):
    fill(tmp_path, 8)
    paths = sorted(tmp_path.iterdir())
    files = class_folders.Files(paths, 16, 1)
    whole = files.in_memory()
    assert isinstance(whole, np.ndarray) and files.in_memory(limit=8 * 256 - 1) is files
    assert (len(files), files.shape, files.dtype) == (8, whole.shape, whole.dtype)
    np.testing.assert_array_equal(files[np.array([5, 0, 5])], whole[[5, 0, 5]])
    np.testing.assert_array_equal(files[2:4], whole[2:4])


def test_gray_is_pillows(tmp_path):
    pixels = np.random.default_rng(0).integers(256, size=[16, 16, 3]).astype(np.uint8)
    expected = np.asarray(Image.fromarray(pixels).convert("L"))
    np.testing.assert_array_equal(class_folders.gray(pixels), expected)
