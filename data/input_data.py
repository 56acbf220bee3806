"""TensorFlow 1's tutorial reader of MNIST: `read_data_sets`, from our files and cache, with the interface that it had."""

import collections

import numpy as np

from data import mnist

Datasets = collections.namedtuple("Datasets", "train validation test")


class DataSet:
    """Pictures and labels, handed out in batches; an epoch that ends inside a batch is continued by the next, shuffled anew."""

    def __init__(self, images, labels, seed=None):
        self.images, self.labels, self.num_examples = images, labels, len(images)
        self.epochs_completed, self._next, self._random = 0, 0, np.random.RandomState(seed)

    def next_batch(self, batch_size, fake_data=False, shuffle=True):
        """Images and labels of the next batch."""
        if self._next == 0 and self.epochs_completed == 0 and shuffle:
            self._shuffle()
        picked = list(range(self._next, min(self._next + batch_size, self.num_examples)))
        self._next += batch_size
        images, labels = self.images[picked], self.labels[picked]
        if self._next > self.num_examples:
            rest = batch_size - len(picked)
            self.epochs_completed += 1
            if shuffle:
                self._shuffle()
            images, labels = np.concatenate([images, self.images[:rest]]), np.concatenate([labels, self.labels[:rest]])
            self._next = rest
        return images, labels

    def _shuffle(self):
        order = self._random.permutation(self.num_examples)
        self.images, self.labels = self.images[order], self.labels[order]


def read_data_sets(train_dir, fake_data=False, one_hot=False, dtype=np.float32, reshape=True, validation_size=5000, seed=None,
                   source_url=None):
    """MNIST from `train_dir` if its four files lie there, else from the places that `data.mnist.load` knows.

    Returns:
        Datasets: train, validation (the first `validation_size` of the training digits) and test, each a DataSet; images
        float32 [N, 784] in [0, 1], or uint8 [N, 28, 28, 1] from 0 to 255 for another dtype and reshape=False.
    """
    try:
        digits = mnist.load(train_dir)
    except mnist.InputError:
        digits = mnist.load("")

    def made(images, labels):
        images = images.reshape(len(images), -1) if reshape else images[..., None]
        if np.dtype(dtype) == np.float32:
            images = images.astype(np.float32) * np.float32(1 / 255)
        return DataSet(images, np.eye(10)[labels] if one_hot else labels.astype(np.uint8), seed)
    if not 0 <= validation_size <= len(digits.train_images):
        raise ValueError("Validation size should be between 0 and {}. Received: {}.".format(
            len(digits.train_images), validation_size))
    cut = validation_size
    return Datasets(made(digits.train_images[cut:], digits.train_labels[cut:]),
                    made(digits.train_images[:cut], digits.train_labels[:cut]), made(digits.test_images, digits.test_labels))
