"""MNIST's files: valid, damaged, missing, and downloaded; and small selections."""

import gzip
import hashlib
import re
import struct
import tracemalloc

import file_server
import mnist_files
import numpy as np
import pytest
from mnist_files import IMAGES, SMALL, idx_bytes

import data
from data import mnist
from graphmode import downloads, idx
from graphmode.errors import InputError

TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS = (f"{name}.gz" for name in idx.MNIST)


@pytest.fixture
def folder(tmp_path):
    return mnist_files.write(tmp_path)


def assert_small(digits):
    for array, expected in zip(digits[:4], SMALL[:4], strict=True):
        np.testing.assert_array_equal(array, expected)
        assert array.dtype == np.uint8


def test_gzipped_and_unpacked_files(folder):
    assert_small(mnist.load(folder))
    for name in (TRAIN_IMAGES, TEST_LABELS):
        packed = folder / name
        packed.with_suffix("").write_bytes(gzip.decompress(packed.read_bytes()))
        packed.unlink()
    assert_small(mnist.load(folder))


HEADER = struct.pack(">4I", 0x803, 5, 28, 28)
HUGE = struct.pack(">4I", 0x803, *[2**32 - 1] * 3)
BOMB = gzip.compress(idx_bytes(SMALL.train_labels) + bytes(1 << 24), 1)
PACKED = gzip.compress(idx_bytes(IMAGES))
LABELS = SMALL.train_labels


def packed(array, end=b""):
    return gzip.compress(idx_bytes(array) + end)


DAMAGE = {
    "labels instead of images": (
        TRAIN_IMAGES,
        packed(IMAGES[0, 0]),
        "magic number 0x00000801.*0x00000803",
    ),
    "images instead of labels": (TRAIN_LABELS, PACKED, "magic number 0x00000803.*0x00000801"),
    "too short": (
        TRAIN_IMAGES,
        gzip.compress(idx_bytes(IMAGES)[:-1]),
        r"3919 bytes.* 3920 \(5 x 28 x 28\)",
    ),
    "too long": (TRAIN_LABELS, packed(LABELS, b"\0"), r"at least 6 bytes.* 5 \(5\)"),
    "header cut short": (
        TRAIN_IMAGES,
        gzip.compress(HEADER[:9]),
        "9 bytes.*a header of 16 bytes",
    ),
    "header promises 2**96 bytes": (
        TRAIN_IMAGES,
        gzip.compress(HUGE),
        "4294967295 x 4294967295 x 4294967295 bytes.*at most 2147483648",
    ),
    "a gzip bomb": (TRAIN_LABELS, BOMB, r"at least 6 bytes.* 5 \(5\)"),
    "a gzip bomb without a header": (TRAIN_LABELS, gzip.compress(bytes(1 << 24)), "0x00000000"),
    "fewer labels": (TRAIN_LABELS, packed(LABELS[:4]), f"4 labels.*5, one for .* {TRAIN_IMAGES}"),
    "more test labels": (TEST_LABELS, packed(LABELS), f"5 labels.*2, .* {TEST_IMAGES}"),
    "images of 8x8": (TRAIN_IMAGES, packed(IMAGES[:, :8, :8]), "images of 8x8.*16 to 64.*28x28"),
    "images of 20x28": (TRAIN_IMAGES, packed(IMAGES[:, :20]), "images of 20x28.*squares"),
    "two sizes": (TEST_IMAGES, packed(IMAGES[:2, :20, :20]), r"another size \(28x28 and 20x20\)"),
    "not gzip": (
        TRAIN_IMAGES,
        idx_bytes(IMAGES),
        r"no valid gzip data \(Not a gzipped file \(b'\\x00\\x00'\)\)",
    ),
    "gzip cut short": (
        TRAIN_IMAGES,
        PACKED[: len(PACKED) // 2],
        f"end after {len(PACKED) // 2} bytes",
    ),
    "gzip cut short in its header": (TRAIN_IMAGES, PACKED[:5], "end after 5 bytes"),
    "gzip with other bytes inside": (
        TRAIN_IMAGES,
        PACKED[:10] + b"\xff" * 30,
        "damaged gzip data .*invalid block type",
    ),
    "gzip with a wrong checksum": (
        TRAIN_IMAGES,
        PACKED[:-8] + b"\0\0\0\0" + PACKED[-4:],
        "CRC check failed",
    ),
    "empty": (TRAIN_LABELS, b"", "an empty file"),
}


@pytest.mark.parametrize("name, content, message", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_damaged_file_is_one_clear_line(folder, name, content, message):
    (folder / name).write_bytes(content)
    place = re.escape(str(folder / name))
    with pytest.raises(InputError, match=f"^{place}: contains .*{message}") as error:
        mnist.load(folder)
    assert "\n" not in str(error.value)
    assert f"{idx.MIRRORS[0]}{name})" in str(error.value) and "--data digits" in str(error.value)


@pytest.mark.parametrize("content", [BOMB, gzip.compress(bytes(1 << 24))])
def test_a_gzip_bomb_is_not_unpacked(folder, content):
    """16 MiB of zeros stand for terabytes."""
    (folder / TRAIN_LABELS).write_bytes(content)
    tracemalloc.start()
    with pytest.raises(InputError):
        idx.read(folder / TRAIN_LABELS, 1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2 << 20


def test_missing_files_are_named_and_not_downloaded(folder, monkeypatch):
    monkeypatch.setattr(downloads, "fetch", None)  # a call would raise TypeError
    (folder / TRAIN_LABELS).unlink()
    (folder / TEST_IMAGES).unlink()
    missing = f"{folder} has no {TRAIN_LABELS}, {TEST_IMAGES} .*--input_dir.*--data digits"
    with pytest.raises(InputError, match=missing):
        mnist.load(folder)
    message = f"nowhere is not a folder with {TRAIN_IMAGES}, {TRAIN_LABELS}"
    with pytest.raises(InputError, match=message):
        mnist.load(folder / "nowhere")


def test_input_dir_overrides_the_folder_that_the_environment_names(
    folder, tmp_path_factory, monkeypatch
):
    data_dir = tmp_path_factory.mktemp("data")
    monkeypatch.setenv("GAN_DATA_DIR", str(data_dir))
    (data_dir / "mnist").symlink_to(folder)
    assert_small(data.load("mnist"))
    with pytest.raises(InputError, match=f"{data_dir} has no"):
        data.load("mnist", input_dir=str(data_dir))


def test_mnist_is_downloaded_into_the_cache(folder, tmp_path_factory, monkeypatch):
    cache = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    monkeypatch.setenv("no_proxy", "*")
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    with file_server.serve(**files) as server:
        places = mnist.Published([f"{server.url}/gone/", f"{server.url}/"], idx.MNIST)
        monkeypatch.setitem(mnist.PUBLISHED, "mnist", places)
        with pytest.raises(
            InputError, match=f"{TRAIN_IMAGES} cannot.*{idx.MNIST[TRAIN_IMAGES[:-3]]}"
        ):
            mnist.load()
        assert list(cache.iterdir()) == []
        right = {name: hashlib.md5(files[f"{name}.gz"]).hexdigest() for name in idx.MNIST}
        monkeypatch.setitem(mnist.PUBLISHED, "mnist", places._replace(md5=right))
        assert_small(mnist.load())
    kept = (cache / "graphmode-gans" / "mnist").iterdir()
    assert sorted(path.name for path in kept) == sorted(files)


def test_relatives_have_other_sizes_and_classes(tmp_path):
    """16x16 images of USPS, twelve classes, names of the classes, EMNIST's columns and names."""
    images = np.random.default_rng(1).integers(256, size=[24, 16, 16]).astype(np.uint8)
    labels = (np.arange(24) % 12).astype(np.uint8)
    twelve = data.Digits(images, labels, images[:12], labels[:12])
    loaded = mnist.load(str(mnist_files.write(tmp_path / "twelve", twelve)))
    assert loaded.train_images.shape == (24, 16, 16)
    assert loaded.classes == tuple(map(str, range(12)))
    folder = mnist_files.write(tmp_path / "fashion")
    assert mnist.load(str(folder), "fashion_mnist").classes[9] == "Boot"

    letters = mnist_files.write(tmp_path / "letters", twelve._replace(train_labels=labels + 1))
    for path in letters.iterdir():
        name = path.name.replace("t10k", "test")
        path.rename(letters / f"emnist-letters-{name}")
    (letters / "emnist-letters-mapping.txt").write_text("1 65 97")
    loaded = mnist.load(str(letters))
    np.testing.assert_array_equal(loaded.train_images, images.transpose(0, 2, 1))
    np.testing.assert_array_equal(loaded.train_labels, labels)
    assert loaded.classes == tuple(map(str, range(1, 13)))


def test_classes_are_chosen_by_name(digits):
    some = mnist.of_classes(digits, ("7", "1"))
    chosen = np.isin(digits.train_labels, [1, 7])
    np.testing.assert_array_equal(some.train_images, digits.train_images[chosen])
    np.testing.assert_array_equal(some.train_labels, digits.train_labels[chosen] == 1)
    assert some.classes == ("7", "1") and mnist.of_classes(digits, mnist.TEN) is digits
    with pytest.raises(InputError, match="--classes: the data have no class 'x': .*0/1/2"):
        mnist.of_classes(digits, ("1", "x"))


def test_unknown_names_and_folders_for_drawn_digits_are_refused():
    with pytest.raises(InputError, match="unknown data set 'cifar'.*digits.*kmnist"):
        data.load("cifar")
    with pytest.raises(InputError, match="digits draws .* --input_dir some/folder"):
        data.load("digits", input_dir="some/folder")


def test_few_digits_are_balanced_and_a_part_of_more(digits):
    small, large = data.few(digits, 25), data.few(digits, 100)
    assert np.bincount(small.train_labels).tolist() == [2] * 10
    known = {image.tobytes(): label for image, label in zip(*digits[:2], strict=True)}
    for image, label in zip(*small[:2], strict=True):
        assert known[image.tobytes()] == label
    images = {image.tobytes() for image in large.train_images}
    assert {image.tobytes() for image in small.train_images} < images
    assert small.test_images is digits.test_images
    with pytest.raises(InputError, match="9 labelled images are too few"):
        data.few(digits, 9)
