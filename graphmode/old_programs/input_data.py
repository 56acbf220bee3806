"""The MNIST reader of TensorFlow 1's tutorials: `read_data_sets`, as TensorFlow 1.15.5 has it.

It prints nothing, it checks the files, and it takes MNIST's own files from this project's folders
before it downloads them.
"""

import collections
import os
import pathlib
from typing import Any, Optional

import numpy as np

from graphmode import downloads, files, idx, tf
from graphmode.errors import InputError

DEFAULT_SOURCE_URL = idx.MIRRORS[0]
# MNIST itself, too: the default of versions before 1.4. The server no longer gives the files.
_SAME_SOURCES = (DEFAULT_SOURCE_URL, "http://yann.lecun.com/exdb/mnist/")

Datasets = collections.namedtuple("Datasets", ["train", "validation", "test"])


class DataSet:
    """Images and labels, in batches. If an epoch ends inside a batch, the next epoch continues it.

    Attributes:
        images, labels: arrays; each epoch has another order.
        num_examples: number of images.
        epochs_completed: number of epochs that have ended.
    """

    def __init__(
        self, images, labels, fake_data=False, one_hot=False, dtype=None, reshape=True, seed=None
    ):
        """See `read_data_sets`. images: uint8 [N, height, width, 1].

        Raises:
            TypeError: dtype is neither uint8 nor float32.
        """
        # As TensorFlow 1 did, with numpy's global generator: the batches of a program are the same.
        graph_seed, op_seed = tf.random.get_seed(seed)
        np.random.seed(graph_seed if seed is None else op_seed)
        dtype = tf.as_dtype(tf.float32 if dtype is None else dtype).base_dtype
        if dtype not in (tf.uint8, tf.float32):
            raise TypeError(f"Invalid image dtype {dtype!r}, expected uint8 or float32")
        if fake_data:
            self.num_examples, self.one_hot = 10000, one_hot
        else:
            assert len(images) == len(labels), f"{len(images)} images, {len(labels)} labels"
            self.num_examples = len(images)
            if reshape:
                images = images.reshape(len(images), images.shape[1] * images.shape[2])
            if dtype == tf.float32:
                images = np.multiply(images.astype(np.float32), 1.0 / 255.0)
        self.images, self.labels = images, labels
        self.epochs_completed = self._next = 0

    def next_batch(self, batch_size, fake_data=False, shuffle=True):
        """Returns the next images and labels, `batch_size` of each."""
        if fake_data:
            label = [1] + [0] * 9 if self.one_hot else 0
            return [[1] * 784 for _ in range(batch_size)], [label for _ in range(batch_size)]
        start, end = self._next, self._next + batch_size
        if start == 0 and self.epochs_completed == 0 and shuffle:
            self._shuffle()
        if end <= self.num_examples:
            self._next = end
            return self.images[start:end], self.labels[start:end]
        images, labels = self.images[start:], self.labels[start:]
        self.epochs_completed += 1
        if shuffle:
            self._shuffle()
        self._next = end - self.num_examples
        return (
            np.concatenate([images, self.images[: self._next]]),
            np.concatenate([labels, self.labels[: self._next]]),
        )

    def _shuffle(self):
        order = np.arange(self.num_examples)
        np.random.shuffle(order)
        self.images, self.labels = self.images[order], self.labels[order]


def read_data_sets(
    train_dir: str,
    fake_data: bool = False,
    one_hot: bool = False,
    dtype: Any = None,
    reshape: bool = True,
    validation_size: int = 5000,
    seed: Optional[int] = None,
    source_url: Optional[str] = DEFAULT_SOURCE_URL,
) -> Datasets:
    """Reads MNIST, or a data set in its format, from the four files in a folder.

    Args:
        train_dir: the folder. Files that are missing are downloaded into it.
        fake_data: if True, no file is read, and the data sets are empty.
        one_hot: labels as float64 [N, 10] instead of uint8 [N].
        dtype: uint8 for pixels from 0 to 255, float32 (also if None) for pixels in [0, 1].
        reshape: images as [N, height * width] instead of [N, height, width, 1].
        validation_size: how many of the first training images are for validation.
        seed: of numpy's global generator; the graph's seed if None.
        source_url: what precedes the names of the files. Empty: MNIST.

    Raises:
        InputError: a file is damaged, or missing and cannot be downloaded.
        ValueError: validation_size is out of range.
        TypeError: dtype is neither uint8 nor float32.
    """
    options = {"dtype": dtype, "seed": seed}
    if fake_data:
        return Datasets(
            *(DataSet([], [], fake_data=True, one_hot=one_hot, **options) for _ in Datasets._fields)
        )
    paths = _complete(pathlib.Path(train_dir).expanduser(), source_url or DEFAULT_SOURCE_URL)
    images, labels = _read(paths[0], paths[1], one_hot)
    test_images, test_labels = _read(paths[2], paths[3], one_hot)
    cut = validation_size
    if not 0 <= cut <= len(images):
        raise ValueError(
            f"Validation size should be between 0 and {len(images)}. Received: {validation_size}."
        )
    return Datasets(
        DataSet(images[cut:], labels[cut:], reshape=reshape, **options),
        DataSet(images[:cut], labels[:cut], reshape=reshape, **options),
        DataSet(test_images, test_labels, reshape=reshape, **options),
    )


def _read(images_path, labels_path, one_hot):
    images, labels = idx.read_pair(images_path, labels_path)
    if one_hot:
        if labels.max(initial=0) > 9:
            actual = f"the label {labels.max()}"
            raise idx.mismatch(labels_path, actual, "labels from 0 to 9 for one_hot=True")
        labels = np.eye(10)[labels]
    return images[..., None], labels


def _complete(folder, source_url):
    """The paths of the four files in a folder, after those that are missing were put there."""
    paths = idx.locate(folder)
    missing = [name for name, path in paths.items() if path is None]
    if missing and source_url in _SAME_SOURCES:
        _refuse_mixture(folder, paths, missing)
        _copy_known(folder, missing)
        paths.update({name: idx.download(name, folder) for name in missing})
    elif missing:
        for name in missing:
            paths[name] = downloads.fetch([f"{source_url}{name}.gz"], folder / f"{name}.gz")
    return list(paths.values())


def _refuse_mixture(folder, paths, missing):
    """Raises InputError if MNIST's files would be added to those of another data set."""
    for name, path in paths.items():
        if path and not _is_mnist(path, name):
            raise InputError(
                f"{folder} has no {missing[0]}.gz, and its {path.name} is not MNIST's: add the "
                "missing file, give its source_url, or remove the other files"
            )


def _is_mnist(path, name):
    return path.suffix == ".gz" and downloads.md5(path) == idx.MNIST[name]


def _copy_known(folder, names):
    """Copies MNIST's files from $GAN_DATA_DIR/mnist or the cache, if they are there."""
    known = [downloads.cache_folder() / "mnist"]
    if os.environ.get("GAN_DATA_DIR"):
        known.insert(0, pathlib.Path(os.environ["GAN_DATA_DIR"], "mnist"))
    for name in names:
        file = f"{name}.gz"
        original = next((place / file for place in known if _intact(place / file, name)), None)
        if original:
            files.write_whole(folder / file, original.read_bytes())


def _intact(path, name):
    return path.is_file() and _is_mnist(path, name)
