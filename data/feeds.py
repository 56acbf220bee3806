"""What is fed into placeholders: the order of the examples, batches of digits, and noise."""

import functools
from typing import Any, Callable, Dict, Optional, Sequence, Tuple

import numpy as np

from data.mnist import Digits
from graphmode import cluster, tf
from graphmode.errors import InputError


def shuffled(examples: int, batch_size: int, seed: int) -> Callable[[int], np.ndarray]:
    """Chooses the examples of each batch. Each epoch has a different order.

    A batch depends only on its number and on these arguments, so a resumed run continues as if it
    had not stopped. An epoch has `examples` // `batch_size` batches. The examples that are left
    over are different ones in each epoch.

    Several workers (`graphmode.cluster`) get the parts of a batch that a process alone would have.
    If that batch is larger than the data, its parts are cut out of one epoch after the other.

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

    @functools.lru_cache(maxsize=1)
    def permutation(epoch):
        return np.random.default_rng([seed, epoch]).permutation(examples)

    def batch(number):
        step, whole, rows = part(number, batch_size)
        if whole > examples:
            first, last = whole * step + rows.start, whole * step + rows.stop - 1
            epochs = range(first // examples, last // examples + 1)
            return np.concatenate(list(map(permutation, epochs)))[first % examples :][:batch_size]
        epoch, place = divmod(step, examples // whole)
        chosen = permutation(epoch)[place * whole : (place + 1) * whole][rows]
        return chosen.copy()  # the caller may write to it

    return batch


def part(number: int, batch_size: int) -> Tuple[int, int, slice]:
    """Which part of a batch belongs to this worker, and to one of several runs of a step.

    Args:
        number: of the run, from 0.
        batch_size: examples of this worker in a run.

    Returns:
        The number of the whole batch, its size, and the rows. For a process alone: the number,
        the size and all rows.
    """
    crew = cluster.here()
    step, run = divmod(number, crew.accumulate)
    first = (run * crew.count + crew.rank) * batch_size
    return step, crew.parts * batch_size, slice(first, first + batch_size)


def mirrored(number: int, batch_size: int, seed: int) -> np.ndarray:
    """Which images of a batch are mirrored, about half of them: bool [batch_size]."""
    step, whole, rows = part(number, batch_size)
    # The 1 makes these numbers independent of those that decide the order.
    return np.random.default_rng([seed, step, 1]).random(whole)[rows] < 0.5


def flat_pixels(images: np.ndarray) -> np.ndarray:
    """uint8 [N, height, width(, 3)] -> float32 [N, pixels and channels] in [0, 1]."""
    return images.reshape(len(images), -1).astype(np.float32) * np.float32(1 / 255)


def digits(
    digits: Digits,
    placeholder: Any,
    batch_size: int,
    seed: int,
    labels: Optional[Any] = None,
    mirror: bool = False,
) -> Callable[[int], Dict[Any, np.ndarray]]:
    """Feeds the training images of `digits`, and their labels. See `shuffled` for their order.

    Args:
        digits: the data set.
        placeholder: gets float32 [batch_size, 784] in [0, 1], or as many numbers as an image has.
        batch_size: from 1 to the number of training images.
        seed: int from 0.
        labels: placeholder that gets ints [batch_size], numbers of classes; or None.
        mirror: if True, about half of the images are mirrored at random.

    Returns:
        A function: step number (from 0) -> feed_dict.

    Raises:
        InputError: batch_size is out of range.
    """
    indices = shuffled(len(digits.train_images), batch_size, seed)

    def feed(number):
        chosen = indices(number)
        images = digits.train_images[chosen]  # a copy
        if mirror:
            chosen = mirrored(number, batch_size, seed)
            images[chosen] = images[chosen, :, ::-1]
        fed = {placeholder: flat_pixels(images)}
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
