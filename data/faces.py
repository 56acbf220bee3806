"""Faces: the images in a user's folder, or drawn ones if there is no folder."""

from typing import Callable, NamedTuple, Optional, Sequence

import numpy as np

from data import folders, squares
from data.drawn import faces as drawn_faces

TRAIN_COUNT = 5000  # images that are drawn if no folder is given
TEST_COUNT = 500


class Faces(NamedTuple):
    """A data set of face images. No image is in both parts."""

    train: int  # number of training images
    batch: Callable  # number (from 0) -> float32 [batch_size, size, size, 3], see squares.batches
    test: np.ndarray  # uint8 [M, size, size, 3]; M is 0 if the folder holds very few images
    skipped: Sequence[str] = ()  # lines about files that are not valid images


def load(
    input_dir: str,
    size: int,
    batch_size: int,
    seed: int,
    crop: Optional[int] = None,
    mirror: bool = False,
) -> Faces:
    """Loads faces from a folder, or draws them.

    Args:
        input_dir: folder of images, about a tenth of which are for testing (see `folders`).
            Empty: faces are drawn, and they do not depend on `seed`.
        size: height and width in pixels.
        batch_size: images in a batch.
        seed: int from 0; decides the order.
        crop: side in pixels of the square that is cut out of the middle of each file. If None,
            the largest square.
        mirror: if True, about half of the training images are mirrored at random.

    Raises:
        InputError: the folder does not exist, or holds no valid image.
    """
    if not input_dir:
        train = drawn_faces.draw(TRAIN_COUNT, size, [0, 0])
        test = drawn_faces.draw(TEST_COUNT, size, [0, 1])
        return Faces(TRAIN_COUNT, squares.of_array(train, batch_size, seed, mirror), test)
    paths = folders.images(input_dir)
    batch = squares.batches(paths.train, size, batch_size, seed, crop, mirror=mirror)
    return Faces(len(paths.train), batch, squares.load(paths.test, size, crop), paths.skipped)
