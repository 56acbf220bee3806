"""Which files a run trains on and is tested with, and how a file becomes what the network sees."""

from data import facades, folders, pairs
from graphmode import cli, tf
from pix2pix import options


def training_folder(config):
    return config.input_dir or facades.folder(max(options.size(config))) / "train"


def training(config):
    """The sound files of --input_dir (or drawn facades), and lines about the others. Raises InputError."""
    return folders.usable(pairs.find(training_folder(config)))


def unseen_folder(config):
    """Where the pairs lie that a run is tested with; None if nothing says."""
    return config.val_dir or pairs.unseen_beside(training_folder(config))


def whole(picture, config, joined=None):
    """A and B of a file, not augmented: [height, width, 3] in [0, 1] each; one picture with --lab_colorization.

    Args:
        picture: uint8 tensor [any height, any width, 3].
        joined: whether it holds A and B side by side; by default as in the training.
    """
    joined = not config.lab_colorization if joined is None else joined
    picture = tf.cast(picture, tf.float32) / 255.0
    parts = pairs.halves(picture) if joined else [picture]
    return [pairs.resized(part, *options.size(config), config.as_published) for part in parts]


def holds_targets(config, shape):
    """Whether a file of this (height, width) is a pair, by --targets or by which of the two shapes it is nearer to."""
    if config.lab_colorization or config.targets != "auto":
        return config.lab_colorization or config.targets == "yes"
    height, width = options.size(config)
    one = config.aspect_ratio * width / height  # width / height of a picture before it was resized
    return shape[1] / shape[0] > one * 2 ** 0.5


def check_pairs(config, path):
    """Raises InputError if a training file is higher than two pictures side by side would be."""
    if not config.lab_colorization:
        height, width = folders.decode(path).shape[:2]
        if not holds_targets(config._replace(targets="auto"), (height, width)):
            raise cli.InputError("{} is {} x {} pixels, not two pictures side by side: join them with pix2pix.process --operation "
                                 "combine, or train with --lab_colorization".format(path, width, height))
