"""A classifier of digits, or of other classes, that evaluates the samples of the chapter's models.

Two 3x3 convolutions with 32 and 64 filters, each followed by a 2x2 max pool, a dense layer of 128
with dropout, and a dense layer of 10. Larger images have more convolutions (64 pixels three, 128
four), other data as many outputs as classes. It is trained once for each data set, in about a
minute, and stays in the cache. Its 128 features are those of the Frechet distance
(evaluation/sampling.py).

The distance depends on the classifier: with a classifier that is trained less, samples are closer
to real digits (docs/results.md). `--classifier RUN` of the other programs names a run of this
program.

Run:     ./run.sh gan_book.evaluation.classifier --data mnist      (not needed for --mode evaluate)
Expect:  a test accuracy of 99 % on MNIST.
"""

import contextlib
import dataclasses
from typing import Any, Mapping

import numpy as np

from data import class_folders, feeds
from gan_book import inputs
from graphmode import cli, config, sessions, tf, training
from graphmode.config import setting
from graphmode.errors import InputError
from graphmode.report import page
from graphmode.training import cached, run_folder

STEPS = 1000  # at least, of the training on data other than ten classes of 28x28 images


@dataclasses.dataclass(frozen=True)
class Config(config.Run, inputs.Inputs):
    """Settings of the classifier."""

    PROGRAM = "gan_book.evaluation.classifier"
    FORMER_PROGRAMS = ("gan_book.metrics",)

    lr: float = setting(
        0.002, above=0.0, changeable=True, help="learning rate of Adam at the first step"
    )
    max_epochs: int = setting(
        5, at_least=1, changeable=True, help="number of passes over the training set"
    )
    display_freq: int = setting(
        0, at_least=0, changeable=True, help="not used: there are no images to show"
    )


@dataclasses.dataclass(frozen=True)
class Evaluated(config.Settings):
    """Evaluation of samples by networks that were trained on real images."""

    classifier: str = setting(
        "",
        path=True,
        help="run of gan_book.evaluation.classifier that evaluates the samples; "
        "empty: the one in the cache (--mode evaluate)",
    )
    features: str = setting(
        "",
        path=True,
        help="SavedModel whose output gives the features of the Frechet distance; empty: a network "
        "that is trained here (--mode evaluate)",
    )


# For runs that are older than the flag.
RENAMED: Mapping[str, Any] = {"judge": ("classifier", {})}


def classifier(x, is_training=False, shape=inputs.TEXT, classes=10):
    """The network.

    Args:
        x: [batch, 784] in [0, 1].
        is_training: Python bool; dropout if true.
        shape: (height, width, channels) of an image.
        classes: number of classes.

    Returns:
        ([batch, 10] logits, [batch, 128] features).
    """
    with tf.variable_scope("classifier"):
        maps = tf.reshape(x, [-1, *shape])
        # [batch, 28, 28, 1] -> [batch, 28, 28, 32] -> [batch, 14, 14, 32]
        # [batch, 14, 14, 32] -> [batch, 14, 14, 64] -> [batch, 7, 7, 64]
        for level in range(inputs.levels(shape[0])[0]):
            conv = tf.layers.conv2d(maps, 32 * 2**level, 3, padding="same", activation=tf.nn.relu)
            maps = tf.layers.max_pooling2d(conv, 2, 2)
        # [batch, 3136] -> [batch, 128] -> [batch, 10]
        _, height, width, filters = maps.shape.as_list()
        flat = tf.reshape(maps, [-1, height * width * filters])
        features = tf.layers.dense(flat, 128, activation=tf.nn.relu)
        dropped = tf.layers.dropout(features, 0.5, training=is_training)
        return tf.layers.dense(dropped, classes), features


def build(config, digits):
    """Builds the graph that trains the classifier on `digits` (data.Digits)."""
    x = tf.placeholder(tf.float32, [None, inputs.numbers(config)])
    labels = tf.placeholder(tf.int64, [None])
    if not config.class_names:
        raise InputError(
            f"--input_dir {config.input_dir}: a classifier needs labels: "
            "put the images of each class into a folder of their own"
        )
    logits, _ = classifier(x, True, config.shape, len(config.class_names))
    loss = tf.losses.sparse_softmax_cross_entropy(labels, logits)
    steps = training.steps_for(config, len(digits.train_images))
    # Adam with a cosine from config.lr to 0
    step = tf.train.AdamOptimizer(training.cosine(config.lr, steps)).minimize(loss)
    accuracy = tf.reduce_mean(tf.to_float(tf.equal(tf.argmax(logits, 1), labels)))
    update = training.Update(step, {"loss": loss, "accuracy": accuracy})
    return training.Model(
        phases=[training.Phase("train", steps, [update])],
        feed=feeds.digits(digits, x, config.batch_size, config.seed, labels, config.mirrored),
    )


@contextlib.contextmanager
def trained(config, digits):
    """Opens the classifier that --classifier names, else that of the data set.

    Args:
        config: has the fields of `inputs.Inputs`, and `classifier` (the class Evaluated).
        digits: the data set, data.Digits.

    Yields:
        A function: uint8 images, or floats in [0, 1], [N, 28, 28(, 1)] -> (probabilities [N, 10],
        features [N, 128]). Other data sets have other shapes.

    Raises:
        InputError: --classifier names no run of this program.
    """
    if config.classifier:
        checkpoint = run_folder.trained(Config, config.classifier).checkpoint
    else:
        checkpoint = run_folder.find_checkpoint(_in_cache(config, digits))
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [None, inputs.numbers(config)])
        logits, features = classifier(x, False, config.shape, len(digits.classes))
        outputs = [tf.nn.softmax(logits), features]
        with sessions.session() as session:
            sessions.restore(session, checkpoint)

            def classify(images):
                flat = images.reshape(len(images), -1)
                flat = feeds.flat_pixels(images) if images.dtype == np.uint8 else flat
                return sessions.in_parts(session, outputs, x, flat)

            yield classify


def _in_cache(config, digits):
    """The folder of the data set's classifier, see `cached.run`."""
    name, values = config.data, {}
    if Config(data=name).shape != config.shape or len(digits.classes) != 10:
        # A small data set has short epochs.
        batch_size = min(Config.batch_size, len(digits.train_labels))
        epochs = Config.max_epochs * len(digits.train_labels) // batch_size
        size, _, channels = config.shape
        values = {"max_steps": max(STEPS, epochs), "batch_size": batch_size}
        values.update(size=size, channels=channels, classes="/".join(digits.classes))
    # Another data set in MNIST's files, such as Fashion-MNIST, gets its own classifier.
    return cached.run(
        f"classifier-{name}-{class_folders.checksum(digits):08x}",
        f"classifier of {name}",
        Config,
        lambda config: build(config, digits),
        data=name,
        **values,
    )


def train(config):
    inputs.train(build, config)


def evaluate(config):
    """Writes the accuracy on the test set."""
    config, digits = inputs.load(config)
    x = tf.placeholder(tf.float32, [None, inputs.numbers(config)])
    logits, _ = classifier(x, False, config.shape, len(digits.classes))
    pixels = feeds.flat_pixels(digits.test_images)
    with sessions.session() as session:
        sessions.restore(session, config.checkpoint)
        classes = sessions.in_parts(session, logits, x, pixels).argmax(1)
    accuracy = float(np.mean(classes == digits.test_labels))
    page.write_metrics(config.output_dir, {"test accuracy": accuracy, "test images": len(classes)})


def main(argv=None):
    modes = {"train": train, "evaluate": evaluate}
    cli.main(Config, modes, __doc__, argv, after_training="evaluate")


if __name__ == "__main__":
    main()
