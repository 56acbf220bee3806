"""What is fed into placeholders: the order of the examples, batches of digits, and noise."""

import functools
from typing import Any, Callable, Dict, Optional, Sequence

import numpy as np

from data.mnist import Digits
from graphmode import tf
from graphmode.errors import InputError


def shuffled(examples: int, batch_size: int, seed: int) -> Callable[[int], np.ndarray]:
    """Chooses the examples of each batch. Each epoch has a different order.

    A batch depends only on its number and on these arguments, so a resumed run continues as if it
    had not stopped. An epoch has `examples` // `batch_size` batches. The examples that are left
    over are different ones in each epoch.

    Args:
        examples: number of examples.
        batch_size: from 1 to `examples`.
        seed: int from 0.

    Returns:
        A function: number (from 0) -> int64 [batch_size], indices of examples.

    Raises:
        InputError: batch_size is out of range.
    """
    if not 1 <= batch_size <= examples:
        raise InputError(
            f"--batch_size {batch_size} does not fit the data, which have {examples} examples: "
            f"use 1 to {examples}"
        )
    batches = examples // batch_size

    @functools.lru_cache(maxsize=1)
    def permutation(epoch):
        return np.random.default_rng([seed, epoch]).permutation(examples)

    def batch(number):
        epoch, place = divmod(number, batches)
        chosen = permutation(epoch)[place * batch_size : (place + 1) * batch_size]
        return chosen.copy()  # the caller may write to it

    return batch


def flat_pixels(images: np.ndarray) -> np.ndarray:
    """uint8 [N, height, width] -> float32 [N, height * width] in [0, 1]."""
    return images.reshape(len(images), -1).astype(np.float32) * np.float32(1 / 255)


def digits(
    digits: Digits, placeholder: Any, batch_size: int, seed: int, labels: Optional[Any] = None
) -> Callable[[int], Dict[Any, np.ndarray]]:
    """Feeds the training images of `digits`, and their labels. See `shuffled` for their order.

    Args:
        digits: the data set.
        placeholder: gets float32 [batch_size, 784] in [0, 1].
        batch_size: from 1 to the number of training images.
        seed: int from 0.
        labels: placeholder that gets uint8 [batch_size], 0 to 9; or None.

    Returns:
        A function: step number (from 0) -> feed_dict.

    Raises:
        InputError: batch_size is out of range.
    """
    indices = shuffled(len(digits.train_images), batch_size, seed)

    def feed(number):
        chosen = indices(number)
        fed = {placeholder: flat_pixels(digits.train_images[chosen])}
        return fed if labels is None else {**fed, labels: digits.train_labels[chosen]}

    return feed


def fixed_noise(shape: Sequence[int], seed: int, kind: str = "normal") -> Any:
    """Noise that stays the same for the whole run, so that its image grids can be compared.

    Args:
        shape: shape of the noise.
        seed: int from 0.
        kind: "normal" for N(0, 1), or "uniform" for the range from -1 to 1.

    Returns:
        A float32 constant of that shape.

    Raises:
        ValueError: unknown kind.
    """
    if kind not in ("normal", "uniform"):
        raise ValueError(f"unknown kind of noise {kind!r}: use 'normal' or 'uniform'")
    # RandomState, not default_rng: the images and figures in the docs come from its numbers.
    random = np.random.RandomState(seed)
    noise = random.randn(*shape) if kind == "normal" else random.uniform(-1, 1, shape)
    return tf.constant(noise.astype(np.float32))
