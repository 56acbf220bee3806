"""Pictures as squares of one size, in batches that are fed through a placeholder."""

import numpy as np

from data.batches import shuffled
from data.folders import decode, in_threads

MEMORY = 2 << 30  # bytes of pictures, decoded and resized, that are kept


def area(picture, height, width):
    """Resizes a picture so that a new pixel is the mean over its area: uint8 [height, width, 3], as TensorFlow's AREA does."""
    for side in (height, width):  # along the first axis, which then changes places with the second
        covered = _overlaps(picture.shape[0], side) @ picture.reshape(len(picture), -1).astype(np.float32)
        picture = covered.reshape(side, picture.shape[1], 3).transpose(1, 0, 2)
    return np.rint(picture).astype(np.uint8)


def _overlaps(old, new):
    """[new, old]: which part of each new pixel each old one covers, along one side."""
    edges = np.arange(new + 1)[:, None] * (old / new)
    covered = np.minimum(edges[1:], np.arange(1, old + 1)) - np.maximum(edges[:-1], np.arange(old))
    return (np.maximum(covered, 0) * (new / old)).astype(np.float32)


def crop_and_resize(picture, size, crop=None, stretch=None):
    """The middle of a picture as a square, see `area`.

    Args:
        picture: uint8 [height, width, 3].
        size: pixels along each side of the result.
        crop: pixels along each side of the square that is cut out; None, or more than there are: as many as there are.
        stretch: (height, width), both at least `size`, to which pictures are resized first, whatever their shape; the
            square is then cut out of that.

    Returns:
        uint8 [size, size, 3].
    """
    if stretch:
        picture, crop = area(picture, *stretch), size
    height, width = picture.shape[:2]
    side = min(height, width, crop or width)
    left, top = (width - side) // 2, (height - side) // 2
    return area(picture[top:top + side, left:left + side], size, size)


def load(paths, size, crop=None, stretch=None):
    """All the pictures at once, see `crop_and_resize`: uint8 [N, size, size, 3]. Raises what `decode` raises."""
    pictures = in_threads(lambda path: crop_and_resize(decode(path), size, crop, stretch), paths)
    return np.stack(list(pictures)) if len(paths) else np.empty([0, size, size, 3], np.uint8)


def order(examples, batch_size, seed):
    """`shuffled`; where there are fewer examples than a batch holds, batches are cut from a chain of permutations."""
    if batch_size <= examples:
        return shuffled(examples, batch_size, seed)
    permutation = shuffled(examples, examples, seed)

    def batch(number):
        first, last = number * batch_size, (number + 1) * batch_size - 1
        epochs = range(first // examples, last // examples + 1)
        return np.concatenate([permutation(epoch) for epoch in epochs])[first % examples:][:batch_size]

    return batch


def batches(paths, size, batch_size, seed, crop=None, stretch=None, mirror=False, memory=MEMORY):
    """An endless stream of batches of pictures, each decoded and resized when it is first wanted.

    What batch `number` holds depends on the arguments and the number alone, so that a resumed run goes on where it was.

    Args:
        paths: at least one, sound ones (see `usable`); fewer than a batch holds are repeated in it.
        size, crop, stretch: see `crop_and_resize`.
        mirror: whether every other picture, by chance, is shown with left and right exchanged.
        memory: bytes. Pictures stay in memory if all of them fit, and are decoded anew for each batch otherwise.

    Returns:
        A function: number (from 0) -> float32 [batch_size, size, size, 3] in [0, 1]. It raises InputError if a file has
        become unreadable since it was checked.
    """
    return _stream(len(paths), batch_size, seed, mirror, _kept(paths, size, crop, stretch, memory))


def of_array(pictures, batch_size, seed, mirror=False):
    """`batches` of pictures that are in memory already: uint8 [N, size, size, 3], N from 1."""
    return _stream(len(pictures), batch_size, seed, mirror, lambda indices: pictures[indices])


def _stream(examples, batch_size, seed, mirror, read):
    """number -> float32 batch, from `read`: indices -> uint8 [len(indices), size, size, 3], a new array."""
    indices = order(examples, batch_size, seed)

    def batch(number):
        pictures = read(indices(number))
        if mirror:
            turned = np.random.default_rng([seed, number, 1]).random(batch_size) < 0.5  # not the stream of the order
            pictures[turned] = pictures[turned, :, ::-1]
        return pictures * np.float32(1 / 255)

    return batch


def _kept(paths, size, crop, stretch, memory):
    """indices -> uint8 [len(indices), size, size, 3], from memory if all pictures fit into so many bytes."""
    if len(paths) * size * size * 3 > memory:
        return lambda indices: load([paths[index] for index in indices], size, crop, stretch)
    pictures = np.empty([len(paths), size, size, 3], np.uint8)
    known = np.zeros(len(paths), bool)

    def read(indices):
        missing = np.unique(indices[~known[indices]])
        pictures[missing] = load([paths[index] for index in missing], size, crop, stretch)
        known[missing] = True
        return pictures[indices]

    return read
