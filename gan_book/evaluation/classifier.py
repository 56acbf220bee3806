"""A classifier of digits that evaluates the samples of the chapter's models.

Two 3x3 convolutions with 32 and 64 filters, each followed by a 2x2 max pool, a dense layer of 128
with dropout, and a dense layer of 10. It is trained once for each data set, in about a minute, and
stays in the cache. Its 128 features are those of the Frechet distance (evaluation/sampling.py).

The distance depends on the classifier: with a classifier that is trained less, samples are closer
to real digits (docs/results.md). `--classifier RUN` of the other programs names a run of this
program.

Run:     ./run.sh gan_book.evaluation.classifier --data mnist      (not needed for --mode evaluate)
Expect:  a test accuracy of 99 % on MNIST.
"""

import contextlib
import dataclasses
import zlib
from typing import Any, Literal, Mapping

import numpy as np

import data
from data import feeds
from graphmode import cli, config, sessions, tf, training
from graphmode.config import setting
from graphmode.report import page
from graphmode.training import cached, run_folder


@dataclasses.dataclass(frozen=True)
class Config(config.Run):
    """Settings of the classifier."""

    PROGRAM = "gan_book.evaluation.classifier"
    FORMER_PROGRAMS = ("gan_book.metrics",)

    data: Literal["digits", "mnist"] = setting("digits", help="drawn digits, or MNIST")
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
    """Evaluation of samples by a classifier of digits."""

    classifier: str = setting(
        "",
        path=True,
        help="run of gan_book.evaluation.classifier that evaluates the samples; "
        "empty: the one in the cache (--mode evaluate)",
    )


# For runs that are older than the flag.
RENAMED: Mapping[str, Any] = {"judge": ("classifier", {})}


def classifier(x, is_training=False):
    """The network.

    Args:
        x: [batch, 784] in [0, 1].
        is_training: Python bool; dropout if true.

    Returns:
        ([batch, 10] logits, [batch, 128] features).
    """
    with tf.variable_scope("classifier"):
        x_image = tf.reshape(x, [-1, 28, 28, 1])
        # [batch, 28, 28, 1] -> [batch, 28, 28, 32] -> [batch, 14, 14, 32]
        conv1 = tf.layers.conv2d(x_image, 32, 3, padding="same", activation=tf.nn.relu)
        pool1 = tf.layers.max_pooling2d(conv1, 2, 2)
        # [batch, 14, 14, 32] -> [batch, 14, 14, 64] -> [batch, 7, 7, 64]
        conv2 = tf.layers.conv2d(pool1, 64, 3, padding="same", activation=tf.nn.relu)
        pool2 = tf.layers.max_pooling2d(conv2, 2, 2)
        # [batch, 3136] -> [batch, 128] -> [batch, 10]
        flat = tf.reshape(pool2, [-1, 7 * 7 * 64])
        features = tf.layers.dense(flat, 128, activation=tf.nn.relu)
        dropped = tf.layers.dropout(features, 0.5, training=is_training)
        return tf.layers.dense(dropped, 10), features


def build(config, digits):
    """Builds the graph that trains the classifier on `digits` (data.Digits)."""
    x = tf.placeholder(tf.float32, [None, 784])
    labels = tf.placeholder(tf.int64, [None])
    logits, _ = classifier(x, is_training=True)
    loss = tf.losses.sparse_softmax_cross_entropy(labels, logits)
    steps = training.steps_for(config, len(digits.train_images))
    # Adam with a cosine from config.lr to 0
    step = tf.train.AdamOptimizer(training.cosine(config.lr, steps)).minimize(loss)
    accuracy = tf.reduce_mean(tf.to_float(tf.equal(tf.argmax(logits, 1), labels)))
    update = training.Update(step, {"loss": loss, "accuracy": accuracy})
    return training.Model(
        phases=[training.Phase("train", steps, [update])],
        feed=feeds.digits(digits, x, config.batch_size, config.seed, labels),
    )


@contextlib.contextmanager
def trained(config, digits):
    """Opens the classifier that --classifier names, else that of the data set.

    Args:
        config: has `data`, and `classifier` (the class Evaluated).
        digits: the data set, data.Digits.

    Yields:
        A function: uint8 images, or floats in [0, 1], [N, 28, 28(, 1)] -> (probabilities [N, 10],
        features [N, 128]).

    Raises:
        InputError: --classifier names no run of this program.
    """
    if config.classifier:
        checkpoint = run_folder.trained(Config, config.classifier).checkpoint
    else:
        checkpoint = run_folder.find_checkpoint(_in_cache(config.data, digits))
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [None, 784])
        logits, features = classifier(x)
        outputs = [tf.nn.softmax(logits), features]
        with sessions.session() as session:
            sessions.restore(session, checkpoint)

            def classify(images):
                flat = images.reshape(len(images), -1)
                flat = feeds.flat_pixels(images) if images.dtype == np.uint8 else flat
                return sessions.in_parts(session, outputs, x, flat)

            yield classify


def _in_cache(name, digits):
    """The folder of the data set's classifier, see `cached.run`."""
    # Another data set in MNIST's files, such as Fashion-MNIST, gets its own classifier.
    content = zlib.crc32(digits.train_labels.tobytes(), zlib.crc32(digits.train_images.tobytes()))
    return cached.run(
        f"classifier-{name}-{content:08x}",
        f"classifier of {name}",
        Config,
        lambda config: build(config, digits),
        data=name,
    )


def train(config):
    training.fit(build(config, data.load(config.data, config.input_dir)), config)


def evaluate(config):
    """Writes the accuracy on the test set."""
    digits = data.load(config.data, config.input_dir)
    x = tf.placeholder(tf.float32, [None, 784])
    logits, _ = classifier(x)
    inputs = feeds.flat_pixels(digits.test_images)
    with sessions.session() as session:
        sessions.restore(session, config.checkpoint)
        classes = sessions.in_parts(session, logits, x, inputs).argmax(1)
    accuracy = float(np.mean(classes == digits.test_labels))
    page.write_metrics(config.output_dir, {"test accuracy": accuracy, "test images": len(classes)})


def main(argv=None):
    modes = {"train": train, "evaluate": evaluate}
    cli.main(Config, modes, __doc__, argv, after_training="evaluate")


if __name__ == "__main__":
    main()
