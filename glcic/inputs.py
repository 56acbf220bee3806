"""Which pictures a run trains on and which it is judged by, and how files become squares."""

import os

from data import faces, folders
from glcic import options
from graphmode import errors
from graphmode.training import run_folder


def square_side(config):
    """Side of the squares that training pictures are cut from: 178 where pictures are 128 wide, as in the blog."""
    return round(config.size * 178 / 128)


def reading(config):
    """How files become squares: the keywords of `squares.batches`, `squares.load` and `queues.batches`.

    As published, every picture is stretched to 218 x 178 first, the shape of CelebA's; here pictures keep their own.
    """
    stretch = (round(config.size * 218 / 128), square_side(config)) if config.as_published else None
    return dict(size=square_side(config), crop=config.crop or None, stretch=stretch)


def find(config):
    """`data.folders.Pictures` in --input_dir, or drawn faces."""
    found = folders.pictures(config.input_dir or faces.folder(square_side(config)))
    return found._replace(train=found.train[:config.most_pictures or None])


def trained_on(config):
    """Whether --input_dir is the folder that the run of --checkpoint was trained on; drawn faces are, if it was on them."""
    return os.path.realpath(config.input_dir) == os.path.realpath(
        run_folder.trained(options.Config, config.checkpoint).input_dir)


def unseen(config):
    """The pictures in --input_dir that the run of --checkpoint was not trained on: paths, at least one.

    Raises:
        InputError: there are none.
    """
    trained = run_folder.trained(options.Config, config.checkpoint)
    if trained_on(config):
        paths = find(config).test
    else:
        paths, _ = folders.usable(folders.find(config.input_dir))
        if not trained.input_dir or os.path.isdir(trained.input_dir):
            seen = {os.path.realpath(path) for path in find(trained).train}
            paths = [path for path in paths if os.path.realpath(path) not in seen]
    if not paths:
        raise errors.InputError("no picture is left for testing: {} holds too few that training did not use; name another folder "
                             "with --input_dir".format(config.input_dir))
    return paths


def middle(squares, size):
    """The middle of [N, side, side, 3], an array or a tensor, as [N, size, size, 3]."""
    start = (int(squares.shape[1]) - size) // 2
    return squares[:, start:start + size, start:start + size]
