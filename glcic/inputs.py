"""Which images a run trains on, which are held out, and how files become squares."""

import os

from data import folders
from data.drawn import faces
from glcic.config import Config
from graphmode.errors import InputError
from graphmode.training import run_folder


def square_side(config):
    """Side of the squares that training images are cut out of, in pixels.

    It is 178 for images of 128 pixels, as in the blog: CelebA's images are 178 pixels wide.
    """
    return round(config.size * 178 / 128)


def reading(config):
    """How files become squares: keywords of `squares.batches`, `squares.load`, `queues.batches`.

    As published, every image is first stretched to 218 x 178 pixels, the shape of CelebA's
    images. Otherwise images keep their shape.
    """
    stretch = (round(config.size * 218 / 128), square_side(config)) if config.as_published else None
    return {"size": square_side(config), "crop": config.crop or None, "stretch": stretch}


def images(config):
    """The images in --input_dir, or drawn faces: `data.folders.Images`.

    Raises:
        InputError: the folder does not exist or has no valid image.
    """
    listed = folders.images(config.input_dir or faces.folder(square_side(config)))
    return listed._replace(train=listed.train[: config.max_images or None])


def trained_on(config):
    """Whether --input_dir is the folder that the run of --checkpoint was trained on."""
    trained = run_folder.trained(Config, config.checkpoint)
    return os.path.realpath(config.input_dir) == os.path.realpath(trained.input_dir)


def held_out(config):
    """The images in --input_dir that the run of --checkpoint was not trained on.

    Returns:
        Paths, at least one.

    Raises:
        InputError: there are none.
    """
    if trained_on(config):
        paths = images(config).test
    else:
        paths, _ = folders.usable(folders.find(config.input_dir))
        trained = run_folder.trained(Config, config.checkpoint)
        if not trained.input_dir or os.path.isdir(trained.input_dir):
            used = {os.path.realpath(path) for path in images(trained).train}
            paths = [path for path in paths if os.path.realpath(path) not in used]
    if not paths:
        raise InputError(
            f"--input_dir {config.input_dir} has no image that training did not use: "
            "use another folder"
        )
    return paths


def middle(squares, size):
    """The middle of [N, side, side, 3], an array or a tensor: [N, size, size, 3]."""
    start = (int(squares.shape[1]) - size) // 2
    return squares[:, start : start + size, start : start + size]
