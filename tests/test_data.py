"""The labelled data sets: files sound and damaged, the download, the drawn digits, and the order of batches."""

import gzip
import hashlib
import http.server
import re
import struct
import threading

import numpy as np
import pytest
import tqdm

import data
from data import batches, digits, download, mnist
from graphmode.cli import InputError

IMAGES, LABELS, TEST_IMAGES, TEST_LABELS = (f"{name}.gz" for name in mnist.MD5)
PICTURES = np.random.default_rng(0).integers(256, size=[5, 28, 28]).astype(np.uint8)
SMALL = digits.Digits(PICTURES, np.array([3, 1, 4, 1, 5], np.uint8), PICTURES[:2], np.array([9, 2], np.uint8))


def idx(array):
    """The bytes of an IDX file, unpacked."""
    return struct.pack(f">{1 + array.ndim}I", 0x800 + array.ndim, *array.shape) + array.tobytes()


@pytest.fixture
def folder(tmp_path):
    """A folder with the four gzipped files of `SMALL`."""
    for name, array in zip(mnist.MD5, SMALL):
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(idx(array)))
    return tmp_path


def assert_small(read):
    for array, expected in zip(read, SMALL, strict=True):
        np.testing.assert_array_equal(array, expected)
        assert array.dtype == np.uint8


def test_gzipped_and_unpacked_files(folder):
    assert_small(mnist.load(folder))
    for name in (IMAGES, TEST_LABELS):
        packed = folder / name
        packed.with_suffix("").write_bytes(gzip.decompress(packed.read_bytes()))
        packed.unlink()
    assert_small(mnist.load(folder))


HEADER = struct.pack(">4I", 0x803, 5, 28, 28)
PACKED = gzip.compress(idx(PICTURES))
DAMAGE = {
    "labels in place of images": (IMAGES, gzip.compress(idx(PICTURES[0, 0])), "magic number 0x00000801.*0x00000803"),
    "images in place of labels": (LABELS, PACKED, "magic number 0x00000803.*0x00000801"),
    "too short": (IMAGES, gzip.compress(idx(PICTURES)[:-1]), r"found 3919 bytes.* 3920 \(5 x 28 x 28\)"),
    "too long": (LABELS, gzip.compress(idx(SMALL.train_labels) + b"\0"), r"found 6 bytes.* 5 \(5\)"),
    "header cut short": (IMAGES, gzip.compress(HEADER[:9]), "found 9 bytes.*header of 16 bytes"),
    "header promises 2**96 bytes": (IMAGES, gzip.compress(struct.pack(">4I", 0x803, *[2**32 - 1] * 3)),
                                    "found 0 bytes.* 79228162458924105385300197375 "),
    "fewer labels": (LABELS, gzip.compress(idx(SMALL.train_labels[:4])), f"found 4 labels.*5, one for .* {IMAGES}"),
    "more test labels": (TEST_LABELS, gzip.compress(idx(SMALL.train_labels)), f"found 5 labels.*2, .* {TEST_IMAGES}"),
    "label 10": (LABELS, gzip.compress(idx(np.array([0, 1, 10, 2, 3], np.uint8))), "found the label 10.*0 to 9"),
    "pictures of 8x8": (IMAGES, gzip.compress(idx(PICTURES[:, :8, :8])), "found pictures of 8x8.*28x28"),
    "not gzip": (IMAGES, idx(PICTURES), r"found no sound gzip data \(Not a gzipped file \(b'\\x00\\x00'\)\)"),
    "gzip cut short": (IMAGES, PACKED[:len(PACKED) // 2], f"cut short after {len(PACKED) // 2} bytes"),
    "gzip cut short in its header": (IMAGES, PACKED[:5], "cut short after 5 bytes"),
    "gzip with other bytes inside": (IMAGES, PACKED[:10] + b"\xff" * 30, "damaged gzip data .*invalid block type"),
    "gzip with a wrong check sum": (IMAGES, PACKED[:-8] + b"\0\0\0\0" + PACKED[-4:], "CRC check failed"),
    "empty": (LABELS, b"", "found an empty file"),
}


@pytest.mark.parametrize("name, content, message", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_damaged_file_is_one_clear_line(folder, name, content, message):
    (folder / name).write_bytes(content)
    with pytest.raises(InputError, match=f"^{re.escape(str(folder / name))}: .*{message}") as caught:
        mnist.load(folder)
    assert "\n" not in str(caught.value)
    assert f"{mnist.MIRRORS[0]}{name})" in str(caught.value) and "--data digits" in str(caught.value)


def test_missing_files_are_named_and_not_downloaded(folder, monkeypatch):
    monkeypatch.setattr(download, "fetch", None)  # to call it would raise TypeError
    (folder / LABELS).unlink()
    (folder / TEST_IMAGES).unlink()
    with pytest.raises(InputError, match=f"{folder} lacks {LABELS}, {TEST_IMAGES} .*--input_dir"):
        mnist.load(folder)
    with pytest.raises(InputError, match=f"nowhere is not a folder that holds {IMAGES}, {LABELS}"):
        mnist.load(folder / "nowhere")


def test_the_environment_names_a_folder_that_input_dir_overrides(folder, tmp_path_factory, monkeypatch):
    data_dir = tmp_path_factory.mktemp("data")
    monkeypatch.setenv("GAN_DATA_DIR", str(data_dir))
    (data_dir / "mnist").symlink_to(folder)
    assert_small(data.load("mnist"))
    with pytest.raises(InputError, match=f"{data_dir} lacks"):
        data.load("mnist", input_dir=str(data_dir))


def test_other_names_and_folders_for_drawn_digits_are_refused():
    with pytest.raises(InputError, match="no data set 'cifar'.*mnist.*digits"):
        data.load("cifar")
    with pytest.raises(InputError, match="digits draws .* reads nothing from some/folder"):
        data.load("digits", input_dir="some/folder")


CONTENT = bytes(range(256)) * 1000
CONTENT_MD5 = hashlib.md5(CONTENT).hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves `server.files`; under /cut/ the connection closes in the middle."""

    def do_GET(self):
        folder, _, name = self.path[1:].rpartition("/")
        if folder == "gone":
            return self.send_error(404)
        content = self.server.files[name]
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[:len(content) // 2] if folder == "cut" else content)

    def log_message(self, *args):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.files, server.url = {"good": CONTENT, "bad": CONTENT[1:]}, f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_file_is_fetched_from_the_first_mirror_that_has_it_and_only_once(server, tmp_path):
    path = tmp_path / "new" / "folder" / "file"
    urls = [f"{server.url}/gone/good", f"{server.url}/cut/good", f"{server.url}/bad", f"{server.url}/good"]
    assert download.fetch(urls, path, CONTENT_MD5) == path
    assert [found.name for found in path.parent.iterdir()] == ["file"] and path.read_bytes() == CONTENT
    assert download.fetch([], path, CONTENT_MD5) == path
    path.write_bytes(CONTENT[:100])  # damaged since: fetched again
    assert download.fetch(urls[3:], path, CONTENT_MD5).read_bytes() == CONTENT


def test_a_failed_download_says_why_and_leaves_nothing(server, tmp_path):
    path = tmp_path / "new" / "folder" / "file"
    reasons = {f"{server.url}/gone/good": "HTTP Error 404: Not Found",
               f"{server.url}/cut/good": "cut short after 128000 of 256000 bytes",
               f"{server.url}/bad": f"MD5 {hashlib.md5(CONTENT[1:]).hexdigest()}, expected {CONTENT_MD5}",
               "http://127.0.0.1:1/refused": "<urlopen error [Errno"}
    with pytest.raises(InputError) as caught:
        download.fetch(reasons, path, CONTENT_MD5)
    for url, reason in reasons.items():
        assert f"{url} ({reason}" in str(caught.value)
    assert f"Put the files into {path.parent} yourself, or use --data digits" in str(caught.value)
    assert "\n" not in str(caught.value) and list(tmp_path.iterdir()) == []


def test_ctrl_c_leaves_nothing_new(server, tmp_path, monkeypatch):
    def interrupt(*args):
        assert len(list((tmp_path / "folder").iterdir())) == 1  # the download is under way
        raise KeyboardInterrupt

    monkeypatch.setattr(tqdm.tqdm, "update", interrupt)
    with pytest.raises(KeyboardInterrupt):
        download.fetch([f"{server.url}/good"], tmp_path / "folder" / "file", CONTENT_MD5)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(InputError, match=f"below cannot be downloaded: {tmp_path}/file "):
        download.fetch([], tmp_path / "file" / "below", CONTENT_MD5)


def test_mnist_is_downloaded_into_the_cache(server, folder, tmp_path_factory, monkeypatch):
    cache = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    monkeypatch.delenv("GAN_DATA_DIR", raising=False)
    server.files = {path.name: path.read_bytes() for path in folder.iterdir()}
    monkeypatch.setattr(mnist, "MIRRORS", [f"{server.url}/gone/", f"{server.url}/"])
    with pytest.raises(InputError, match=f"{IMAGES} cannot be downloaded.*MD5 .*f68b3c2dcbeaaa9fbdd348bbdeb94873"):
        mnist.load()
    assert list(cache.iterdir()) == []
    monkeypatch.setattr(mnist, "MD5", {name: hashlib.md5(server.files[f"{name}.gz"]).hexdigest() for name in mnist.MD5})
    assert_small(mnist.load())
    assert sorted(path.name for path in (cache / "graphmode-gans" / "mnist").iterdir()) == sorted(server.files)


@pytest.fixture(scope="module")
def drawn():
    return digits.load(train=4000, test=500, seed=3)


def test_the_seed_decides_the_pixels(drawn):
    again, other = digits.load(seed=3), digits.load(seed=4)
    assert [len(array) for array in again] == [8000, 8000, 2000, 2000]
    for first, second in zip(digits.load(4000, 500, 3), drawn):
        np.testing.assert_array_equal(first, second)
    assert (again.train_images != other.train_images).any((1, 2)).all()


def test_all_classes_are_equally_often_there_and_shuffled(drawn):
    assert np.bincount(drawn.train_labels).tolist() == [400] * 10
    assert np.bincount(drawn.test_labels).tolist() == [50] * 10
    assert np.bincount(digits.draw(13, seed=0)[1], minlength=10).tolist() == [2, 2, 2] + [1] * 7
    same_as_the_next = (drawn.train_labels[1:] == drawn.train_labels[:-1]).mean()
    assert 0.07 < same_as_the_next < 0.13


def test_no_picture_is_drawn_twice_nor_for_both_training_and_testing():
    same_size = digits.load(train=600, test=600, seed=3)
    pictures = {image.tobytes() for image in [*same_size.train_images, *same_size.test_images]}
    assert len(pictures) == 1200


def test_pictures_resemble_those_of_mnist(drawn):
    """White on black, about 20 pixels tall, strokes about as thick: the figures of MNIST, with some room."""
    images = drawn.train_images
    assert images.shape == (4000, 28, 28) and images.dtype == np.uint8
    assert np.median(images) == 0 and (images.max((1, 2)) > 200).mean() > 0.95
    assert 28 < images.mean() < 36  # MNIST: 33.3
    heights = (images > 64).any(2).sum(1)
    assert 19 < heights.mean() < 21 and heights.std() > 1  # MNIST: 19.6 and 1.2
    assert (images[:, [0, -1]] > 64).any((1, 2)).mean() < 0.02  # cut off at the top or the bottom


def test_digits_are_legible(drawn):
    """The most similar of 4,000 train pictures names the digit of 9 in 10 test pictures."""
    train, test = (images.reshape(len(images), 784).astype(np.float32) for images in drawn[::2])
    distances = (train ** 2).sum(1) - 2 * test @ train.T  # up to a constant of each test picture
    right = drawn.train_labels[distances.argmin(1)] == drawn.test_labels
    assert right.mean() > 0.9
    assert min(right[drawn.test_labels == digit].mean() for digit in range(10)) > 0.7


def test_an_epoch_shows_every_example_once_in_a_fresh_order():
    batch = batches.shuffled(examples=12, batch_size=4, seed=1)
    epochs = [np.concatenate([batch(3 * epoch + number) for number in range(3)]) for epoch in range(5)]
    for epoch in epochs:
        assert sorted(epoch) == list(range(12))
    assert len({tuple(epoch) for epoch in epochs}) == 5
    assert any((batch(number) != batches.shuffled(12, 4, seed=2)(number)).any() for number in range(3))


def test_the_rest_of_an_epoch_is_dropped():
    batch = batches.shuffled(examples=11, batch_size=4, seed=1)
    for epoch in range(20):
        assert len({*batch(2 * epoch), *batch(2 * epoch + 1)}) == 8
    assert {example for number in range(40) for example in batch(number)} == set(range(11))


def test_any_batch_may_be_asked_for_at_any_time():
    sequential = [batches.shuffled(10, 3, seed=5)(number) for number in range(30)]
    batch = batches.shuffled(10, 3, seed=5)
    for number in np.random.default_rng(0).permutation(30):
        np.testing.assert_array_equal(batch(number), sequential[number])
        batch(number)[:] = 0  # the caller's own: later answers do not change
        np.testing.assert_array_equal(batch(number), sequential[number])


def test_a_batch_larger_than_the_data_is_refused():
    np.testing.assert_array_equal(sorted(batches.shuffled(10, 10, seed=0)(7)), range(10))
    with pytest.raises(InputError, match="--batch_size 11 .* 10 examples"):
        batches.shuffled(10, 11, seed=0)
