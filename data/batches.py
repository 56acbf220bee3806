"""The order in which examples are shown."""

import functools

import numpy as np

from graphmode.cli import InputError


def shuffled(examples, batch_size, seed):
    """An endless stream of batches, in which every epoch is a fresh permutation of the examples.

    What batch `number` holds depends on the arguments and the number alone: a run that is resumed goes on
    where it was. An epoch has examples // batch_size batches; which examples are left over changes with it.

    Args:
        examples: how many there are.
        batch_size: from 1 to `examples`.
        seed: an int from 0.

    Returns:
        A function: number (from 0) -> int64 [batch_size], indices of examples.

    Raises:
        InputError: batch_size is out of range.
    """
    if not 1 <= batch_size <= examples:
        raise InputError(f"--batch_size {batch_size} does not fit the data: there are {examples} examples")
    batches = examples // batch_size

    @functools.lru_cache(maxsize=1)
    def permutation(epoch):
        return np.random.default_rng([seed, epoch]).permutation(examples)

    def batch(number):
        epoch, place = divmod(number, batches)
        return permutation(epoch)[place * batch_size:(place + 1) * batch_size].copy()  # nobody writes to the cache

    return batch


def flat_pixels(images):
    """uint8 [N, height, width] -> float32 [N, height * width] in [0, 1]."""
    return images.reshape(len(images), -1).astype(np.float32) * np.float32(1 / 255)
