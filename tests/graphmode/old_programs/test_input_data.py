"""`read_data_sets`: its files, and the numbers that TensorFlow 1.15.5 itself gives."""

import hashlib
import re

import file_server
import mnist_files
import numpy as np
import pytest

from graphmode import downloads, idx, tf
from graphmode.errors import InputError
from graphmode.old_programs import input_data
from graphmode.old_programs.input_data import read_data_sets

FILES = [f"{name}.gz" for name in idx.MNIST]


@pytest.fixture
def folder(tmp_path):
    """All pixels of an image are its number: 0 to 11 for training, 12 to 14 for testing."""
    images = np.repeat(np.arange(15, dtype=np.uint8), 784).reshape(15, 28, 28)
    labels = (np.arange(15) % 10).astype(np.uint8)
    parts = (images[:12], labels[:12], images[12:], labels[12:])
    return mnist_files.write(tmp_path / "small", parts)


def numbers(images):
    return images[:, 0, 0, 0].tolist()


# Computed by TensorFlow 1.15.5. The seed of the graph counts only if the reader has none.
SEED_7 = [[10, 7, 2, 4], [3, 11, 9, 5], [8, 6, 7, 4], [2, 11, 6, 10, 3, 9, 5, 8, 2, 6]]
GRAPH_SEED_3 = [[7, 6, 3, 4], [11, 8, 9, 2], [5, 10, 4, 5], [3, 6, 10, 11, 7, 9, 2, 8, 4, 11]]


@pytest.mark.parametrize(
    "graph_seed, seed, batches", [(None, 7, SEED_7), (3, None, GRAPH_SEED_3), (3, 7, SEED_7)]
)
def test_batches_are_those_of_tensorflow_1(folder, graph_seed, seed, batches):
    tf.set_random_seed(graph_seed)
    sets = read_data_sets(str(folder), dtype=tf.uint8, reshape=False, validation_size=2, seed=seed)
    train = sets.train
    assert [numbers(train.next_batch(size)[0]) for size in (4, 4, 4, 10)] == batches
    assert train.epochs_completed == 2 and train.num_examples == 10
    images, labels = train.next_batch(6, shuffle=False)
    np.testing.assert_array_equal(images[:, 0, 0, 0] % 10, labels)
    assert numbers(sets.validation.images) == [0, 1] and numbers(sets.test.images) == [12, 13, 14]


@pytest.mark.parametrize("dtype", [np.float32, tf.float32, "float32"])
def test_floats_are_from_0_to_1_and_labels_one_hot(folder, dtype):
    test = read_data_sets(str(folder), False, True, dtype, validation_size=0).test
    assert test.images.dtype == np.float32 and test.images.shape == (3, 784)
    np.testing.assert_allclose(test.images[:, 5] * 255, [12, 13, 14], rtol=1e-6)
    np.testing.assert_array_equal(test.labels, np.eye(10)[[2, 3, 4]])


@pytest.mark.parametrize("dtype", [np.uint8, tf.uint8, "uint8"])
def test_bytes_stay_bytes(folder, dtype):
    test = read_data_sets(str(folder), dtype=dtype, validation_size=12).test
    np.testing.assert_array_equal(test.images, np.repeat([[12], [13], [14]], 784, axis=1))
    assert test.images.dtype == test.labels.dtype == np.uint8


def test_fake_data_needs_no_files():
    train = read_data_sets("nowhere", fake_data=True, one_hot=True).train
    images, labels = train.next_batch(2, fake_data=True)
    assert images == [[1] * 784] * 2 and labels == [[1] + [0] * 9] * 2
    assert train.num_examples == 10000


def test_wrong_arguments(folder):
    with pytest.raises(ValueError, match="between 0 and 12. Received: 13."):
        read_data_sets(str(folder), validation_size=13)
    with pytest.raises(TypeError, match="Invalid image dtype tf.int32, expected uint8 or float32"):
        read_data_sets(str(folder), validation_size=0, dtype=tf.int32)


def test_a_damaged_file_is_one_clear_line(folder):
    (folder / FILES[2]).write_bytes(b"")
    with pytest.raises(InputError, match=f"^{folder}/{FILES[2]}: contains an empty file.*fresh"):
        read_data_sets(str(folder))


def test_files_of_another_data_set_are_not_completed_with_mnist(folder, monkeypatch):
    monkeypatch.setattr(downloads, "fetch", None)  # a call would raise TypeError
    (folder / FILES[3]).unlink()
    message = f"^{folder} has no {FILES[3]}, and its {FILES[0]} is not MNIST's: add"
    with pytest.raises(InputError, match=message):
        read_data_sets(str(folder))


@pytest.fixture
def mnist(folder, tmp_path, monkeypatch):
    """The small data set takes MNIST's place; a server has its files."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "*")
    files = {name: (folder / name).read_bytes() for name in FILES}
    md5 = {name[:-3]: hashlib.md5(content).hexdigest() for name, content in files.items()}
    monkeypatch.setattr(idx, "MNIST", md5)
    with file_server.serve(**files) as server:
        monkeypatch.setattr(idx, "MIRRORS", [f"{server.url}/gone/", f"{server.url}/"])
        yield server


@pytest.mark.parametrize("url", ["", input_data.DEFAULT_SOURCE_URL])
def test_missing_files_are_downloaded_into_the_folder(mnist, tmp_path, url):
    target = tmp_path / "new" / "MNIST_data"
    test = read_data_sets(str(target), validation_size=0, source_url=url).test
    assert test.num_examples == 3
    assert sorted(path.name for path in target.iterdir()) == sorted(FILES)
    (target / FILES[1]).unlink()
    before = len(mnist.requests)
    read_data_sets(str(target), validation_size=0, source_url=url)
    assert mnist.requests[before:] == [f"/gone/{FILES[1]}", f"/{FILES[1]}"]


@pytest.mark.parametrize("place", ["GAN_DATA_DIR", "cache"])
def test_files_that_this_machine_has_are_not_downloaded(
    mnist, folder, tmp_path, place, monkeypatch
):
    if place == "cache":
        (tmp_path / "cache" / "graphmode-gans").mkdir(parents=True)
        (tmp_path / "cache" / "graphmode-gans" / "mnist").symlink_to(folder)
    else:
        monkeypatch.setenv("GAN_DATA_DIR", str(tmp_path / "data"))
        (tmp_path / "data").mkdir()
        (tmp_path / "data" / "mnist").symlink_to(folder)
    (folder / FILES[0]).write_bytes(b"damaged")  # this one must come from the server
    target = tmp_path / "target"
    assert read_data_sets(str(target), validation_size=0).train.num_examples == 12
    assert mnist.requests == [f"/gone/{FILES[0]}", f"/{FILES[0]}"]
    assert sorted(path.name for path in target.iterdir()) == sorted(FILES)


def test_a_damaged_copy_on_this_machine_is_not_taken(mnist, folder, tmp_path, monkeypatch):
    monkeypatch.setattr(idx, "MIRRORS", [f"{mnist.url}/gone/"])
    (tmp_path / "cache" / "graphmode-gans").mkdir(parents=True)
    (tmp_path / "cache" / "graphmode-gans" / "mnist").symlink_to(folder)
    (folder / FILES[0]).write_bytes(b"damaged")
    with pytest.raises(InputError, match=f"^{FILES[0]} cannot be downloaded"):
        read_data_sets(str(tmp_path / "target"))
    assert not (tmp_path / "target" / FILES[0]).exists()


def test_another_source_is_used_and_named_if_it_fails(mnist, tmp_path):
    target = tmp_path / "fashion"
    source = f"{mnist.url}/fashion/"
    assert read_data_sets(str(target), validation_size=0, source_url=source).test.num_examples == 3
    assert mnist.requests == [f"/fashion/{name}" for name in FILES]
    source = f"{mnist.url}/gone/"
    message = f"^{FILES[0]} cannot be downloaded: {re.escape(source)}{FILES[0]} .404.*put the file"
    with pytest.raises(InputError, match=message):
        read_data_sets(str(tmp_path / "other"), source_url=source)
    assert not (tmp_path / "other").exists()
