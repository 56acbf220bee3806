"""Images as squares of one size, in batches that are fed through a placeholder."""

import pathlib
from typing import Callable, Optional, Sequence, Tuple

import numpy as np

from data.feeds import mirrored, shuffled
from data.folders import decode, in_threads

MEMORY = 2 << 30  # bytes: limit of the decoded and resized images that are kept


def area(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """Resizes as TensorFlow's AREA does: a new pixel is the mean of the area that it covers.

    Args:
        image: uint8 [any height, any width, 3].
        height, width: of the result, in pixels.

    Returns:
        uint8 [height, width, 3].
    """
    for side in (height, width):  # along the first axis, then the axes change places
        covered = _overlaps(image.shape[0], side) @ image.reshape(len(image), -1).astype(np.float32)
        image = covered.reshape(side, image.shape[1], 3).transpose(1, 0, 2)
    return np.rint(image).astype(np.uint8)


def _overlaps(old, new):
    """[new, old]: the fraction of each new pixel that each old pixel covers, along one side."""
    edges = np.arange(new + 1)[:, None] * (old / new)
    covered = np.minimum(edges[1:], np.arange(1, old + 1)) - np.maximum(edges[:-1], np.arange(old))
    return (np.maximum(covered, 0) * (new / old)).astype(np.float32)


def crop_and_resize(
    image: np.ndarray,
    size: int,
    crop: Optional[int] = None,
    stretch: Optional[Tuple[int, int]] = None,
) -> np.ndarray:
    """Cuts a square out of the middle of an image and resizes it, see `area`.

    Args:
        image: uint8 [height, width, 3].
        size: side of the result in pixels.
        crop: side in pixels of the square that is cut out. The largest square if it is None or
            larger than the image.
        stretch: (height, width). The image is resized to this shape, and then to the square of
            `size` pixels; nothing is cut off.

    Returns:
        uint8 [size, size, 3].
    """
    if stretch:
        return area(area(image, *stretch), size, size)
    height, width = image.shape[:2]
    side = min(height, width, crop or width)
    left, top = (width - side) // 2, (height - side) // 2
    return area(image[top : top + side, left : left + side], size, size)


def load(
    paths: Sequence[pathlib.Path],
    size: int,
    crop: Optional[int] = None,
    stretch: Optional[Tuple[int, int]] = None,
) -> np.ndarray:
    """Loads all the images at once, see `crop_and_resize`: uint8 [N, size, size, 3].

    Raises:
        InputError: see `folders.decode`.
    """
    images = in_threads(lambda path: crop_and_resize(decode(path), size, crop, stretch), paths)
    return np.stack(list(images)) if len(paths) else np.empty([0, size, size, 3], np.uint8)


def order(examples: int, batch_size: int, seed: int) -> Callable[[int], np.ndarray]:
    """`feeds.shuffled`, but a batch may be larger than the data.

    Such batches are cut out of one permutation after the other.
    """
    if batch_size <= examples:
        return shuffled(examples, batch_size, seed)
    permutation = shuffled(examples, examples, seed)

    def batch(number):
        first, last = number * batch_size, (number + 1) * batch_size - 1
        epochs = range(first // examples, last // examples + 1)
        chain = np.concatenate([permutation(epoch) for epoch in epochs])
        return chain[first % examples :][:batch_size]

    return batch


def batches(
    paths: Sequence[pathlib.Path],
    size: int,
    batch_size: int,
    seed: int,
    crop: Optional[int] = None,
    stretch: Optional[Tuple[int, int]] = None,
    mirror: bool = False,
    memory: int = MEMORY,
) -> Callable[[int], np.ndarray]:
    """An endless stream of batches. Each image is decoded and resized when it is first needed.

    A batch depends only on its number and on these arguments, so a resumed run continues as if it
    had not stopped.

    Args:
        paths: valid images (see `folders.usable`), at least one. Fewer than `batch_size` are
            repeated within a batch.
        size, crop, stretch: see `crop_and_resize`.
        batch_size, seed: see `order`.
        mirror: if True, about half of the images are mirrored at random.
        memory: bytes. Images are kept if all of them fit into it, else decoded again each time.

    Returns:
        A function: number (from 0) -> float32 [batch_size, size, size, 3] in [0, 1]. It raises
        InputError if a file has become unreadable.
    """
    read = _kept(paths, size, crop, stretch, memory)
    return _stream(len(paths), batch_size, seed, mirror, read)


def of_array(
    images: np.ndarray, batch_size: int, seed: int, mirror: bool = False
) -> Callable[[int], np.ndarray]:
    """`batches` of images that are in memory: uint8 [N, size, size, 3], N from 1."""
    return _stream(len(images), batch_size, seed, mirror, lambda indices: images[indices])


def _stream(examples, batch_size, seed, mirror, read):
    """number -> float32 batch. read: indices -> uint8 [len(indices), size, size, 3], a copy."""
    indices = order(examples, batch_size, seed)

    def batch(number):
        images = read(indices(number))
        if mirror:
            chosen = mirrored(number, batch_size, seed)
            images[chosen] = images[chosen, :, ::-1]
        return images * np.float32(1 / 255)

    return batch


def _kept(paths, size, crop, stretch, memory):
    """indices -> uint8 [len(indices), size, size, 3]; from memory if all images fit into it."""
    if len(paths) * size * size * 3 > memory:
        return lambda indices: load([paths[index] for index in indices], size, crop, stretch)
    images = np.empty([len(paths), size, size, 3], np.uint8)
    known = np.zeros(len(paths), bool)

    def read(indices):
        missing = np.unique(indices[~known[indices]])
        images[missing] = load([paths[index] for index in missing], size, crop, stretch)
        known[missing] = True
        return images[indices]

    return read
