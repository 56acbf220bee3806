"""A segmentation network for facades: it reads labels from photographs, real or translated.

The paper evaluates translated label maps in this way (FCN score): if a translation is good, a
network that was trained on real photographs recognizes the requested labels in it.

Run:    ./run.sh pix2pix.segmentation --input_dir facades/train
        ./run.sh pix2pix --mode test --checkpoint RUN --segmentation runs/segmentation
"""

import contextlib
import dataclasses
from typing import Literal

import numpy as np

from data import pairs
from data.drawn import facades
from graphmode import cli, config, sessions, tf, training
from graphmode.config import setting
from graphmode.errors import InputError
from graphmode.training import run_folder
from pix2pix import inputs
from pix2pix.config import Pairs

SCORES = ("per-pixel accuracy", "per-class accuracy", "class IoU")  # of `scores`
COLORS = np.array(list(facades.LABELS.values()), np.float32) / 255.0  # [12, 3]


@dataclasses.dataclass(frozen=True)
class Config(config.Run, Pairs):
    """Settings of the segmentation network."""

    PROGRAM = "pix2pix.segmentation"
    FORMER_PROGRAMS = ("pix2pix.labels",)

    preset: Literal["full", "small"] = setting(
        "full",
        overrides={"small": {"crop_size": 64, "scale_size": 72}},
        help="full: 256 pixels; small: 64 pixels",
    )
    input_dir: str = setting(
        "",
        path=True,
        help="folder of pairs, photograph left and labels right; empty: drawn facades",
    )
    targets: Literal["auto", "yes"] = setting(
        "auto", help="yes: files are pairs, whatever their shape"
    )
    width: int = setting(32, at_least=1, network=True, help="filters of the first layer")
    batch_size: int = setting(8, at_least=1, help="pairs per step")
    max_steps: int = setting(
        2500, at_least=0, changeable=True, help="number of training steps; 0: see --max_epochs"
    )
    lr: float = setting(
        0.001,
        at_least=0.0,
        changeable=True,
        help="learning rate of Adam at the first step; it follows a cosine",
    )


def read_labels(colors):
    """The label with the nearest color: [..., 3] in [0, 1] -> int64 [...], 0 to 11."""
    distances = tf.reduce_sum(tf.square(tf.expand_dims(colors, -2) - COLORS), -1)
    return tf.argmin(distances, -1)


def network(photos, width):
    """Segments photographs. The first application in a graph creates the weights.

    Args:
        photos: [batch, height, width, 3] in [0, 1]; height and width are multiples of 4.
        width: number of filters of the first layer.

    Returns:
        [batch, height, width, 12] logits of the labels.
    """

    def conv(x, filters, name, **more):
        return tf.layers.conv2d(
            x, filters, 3, padding="same", activation=tf.nn.relu, name=name, **more
        )

    def up(x, filters, name):
        return tf.layers.conv2d_transpose(
            x, filters, 4, 2, "same", activation=tf.nn.relu, name=name
        )

    # Checkpoints have this name.
    with tf.variable_scope("judge", reuse=tf.AUTO_REUSE):
        first = conv(photos - 0.5, width, "conv_1")
        # [batch, height / 2, width / 2, ...]
        second = conv(first, 2 * width, "conv_2", strides=2)
        # [batch, height / 4, width / 4, ...]
        x = conv(second, 4 * width, "conv_3", strides=2)
        for number, rate in enumerate((1, 2, 4, 8)):
            x = x + conv(x, 4 * width, f"dilated_{number + 1}", dilation_rate=rate)
        x = up(x, 2 * width, "up_1")
        x = up(tf.concat([x, second], 3), width, "up_2")
        return tf.layers.conv2d(tf.concat([x, first], 3), len(COLORS), 1, name="labels")


def train(config):
    files = inputs.training_files(config)
    photos, label_maps = pairs.batches(
        files.paths, *config.size, config.scale_size, True, config.batch_size, config.seed
    )
    labels = read_labels(label_maps)
    logits = network(photos, config.width)
    loss = tf.reduce_mean(
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    )
    accuracy = tf.reduce_mean(tf.cast(tf.equal(tf.argmax(logits, -1), labels), tf.float32))
    steps = training.steps_for(config, len(files.paths))
    train_step = tf.train.AdamOptimizer(training.cosine(config.lr, steps)).minimize(loss)
    update = training.Update(train_step, {"loss": loss, "accuracy": accuracy})
    phase = training.Phase("train", steps, [update])
    training.fit(training.Model([phase], notes=files.skipped), config)


def confusion(read, labels):
    """Counts of pixels: int [12, 12], a row per true label and a column per label that was read.

    Args:
        read, labels: int arrays of one shape.
    """
    numbers = len(COLORS) * labels.ravel() + read.ravel()
    return np.bincount(numbers, minlength=len(COLORS) ** 2).reshape(len(COLORS), len(COLORS))


def scores(counts):
    """Computes the three numbers of `SCORES` from a confusion matrix, each from 0 to 1.

    Returns:
        The accuracy over all pixels; the mean of the accuracies of the single labels; the mean of
        their intersections over unions. Labels that no pixel has are not counted.
    """
    correct, true, read = np.diag(counts), counts.sum(axis=1), counts.sum(axis=0)
    occur = true > 0
    return (
        correct.sum() / counts.sum(),
        np.mean(correct[occur] / true[occur]),
        np.mean(correct[occur] / (true + read - correct)[occur]),
    )


def check(translation):
    """The settings of the network in `translation.segmentation`.

    Args:
        translation: the settings of pix2pix.

    Raises:
        InputError: there is no such run, or it cannot segment this run's translations.
    """
    if translation.which_direction != "BtoA" or translation.channels != (3, 3):
        raise InputError(
            f"--segmentation {translation.segmentation} reads photographs that were made from "
            "labels: train with --which_direction BtoA, on RGB images, without --lab_colorization"
        )
    trained = run_folder.trained(Config, translation.segmentation)
    if trained.size != translation.size:
        own, other = (f"{width} x {height}" for height, width in (trained.size, translation.size))
        raise InputError(
            f"--segmentation {translation.segmentation} was trained on images of {own} pixels, "
            f"but translations have {other}: use a network of that size"
        )
    return trained


@contextlib.contextmanager
def reader(translation):
    """Loads the segmentation network in a graph of its own.

    Yields:
        A function of an input (a label map), an output and a target, [height, width, 3] in [0, 1]
        each. It returns the `confusion` of the output and of the target, by name.
    """
    trained = check(translation)
    with tf.Graph().as_default(), sessions.session() as session:
        image = tf.placeholder(tf.float32, [1, None, None, 3])
        segmented = tf.argmax(network(image, trained.width), -1)
        labels = read_labels(image)
        sessions.restore(session, trained.checkpoint)

        def read(label_map, output, target):
            true = session.run(labels, {image: label_map[None]})
            return {
                name: confusion(session.run(segmented, {image: photo[None]}), true)
                for name, photo in (("output", output), ("target", target))
            }

        yield read


def main(argv=None):
    cli.main(Config, {"train": train}, __doc__, argv)


if __name__ == "__main__":
    main()
