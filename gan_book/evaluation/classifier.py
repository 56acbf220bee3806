"""How good samples are, by a classifier of digits that is trained here: are all ten there, how sure, how far from real.

The classifier: two 3x3 convolutions, 32 and 64, each followed by a 2x2 max-pool, then dense 128 with dropout, dense 10.
It is trained once for a data set (about a minute) and kept in the cache; its accuracy on the test set is part of
every figure. The Frechet distance is Heusel et al.'s, on its 128 features instead of Inception's, so it compares with
other figures made here and with nothing else: by a classifier that is trained less, samples are nearer to real digits
(docs/results.md; `--judge`).

Run: `--mode evaluate` of a GAN, which trains the classifier where the cache has none. `./run.sh gan_book.metrics --data mnist`
trains one apart, as a run of its own. Expect 99 % of the MNIST test set right.
"""

import contextlib
import dataclasses
import os
import sys
import tempfile
import zlib
from typing import Literal

import numpy as np

import data
from data import feeds
from graphmode import cli, config, downloads, files, sessions, tf, training
from graphmode.config import setting
from graphmode.report import images, page, plots, scores
from graphmode.training import run_folder, scalar_log


@dataclasses.dataclass(frozen=True)
class Config(config.Run):
    """Settings of the classifier."""

    PROGRAM = "gan_book.evaluation.classifier"
    FORMER_PROGRAMS = ("gan_book.metrics",)

    data: Literal["digits", "mnist"] = setting("digits", help="drawn digits, or MNIST")
    lr: float = setting(0.002, above=0.0, help="learning rate of Adam at the first step; it falls to 0 along a cosine")
    max_epochs: int = setting(5, at_least=1, changeable=True, help="number of passes over the training set")
    display_freq: int = setting(0, at_least=0, changeable=True, help="there are no images to show")


@dataclasses.dataclass(frozen=True)
class Evaluated(config.Settings):
    """The flag of the programs whose samples a classifier evaluates."""

    classifier: str = setting("", help="run of gan_book.evaluation.classifier that evaluates the samples; empty: the classifier in the cache (--mode evaluate)")


def classifier(x, is_training=False):
    """[batch, 784] in [0, 1] -> ([batch, 10] logits, [batch, 128] features)."""
    with tf.variable_scope("classifier"):
        conv1 = tf.layers.conv2d(tf.reshape(x, [-1, 28, 28, 1]), 32, 3, padding="same", activation=tf.nn.relu)
        pool1 = tf.layers.max_pooling2d(conv1, 2, 2)
        conv2 = tf.layers.conv2d(pool1, 64, 3, padding="same", activation=tf.nn.relu)
        pool2 = tf.layers.max_pooling2d(conv2, 2, 2)
        features = tf.layers.dense(tf.reshape(pool2, [-1, 7 * 7 * 64]), 128, activation=tf.nn.relu)
        return tf.layers.dense(tf.layers.dropout(features, 0.5, training=is_training), 10), features


def build(config, digits):
    """The classifier with its training step."""
    x = tf.placeholder(tf.float32, [None, 784])
    labels = tf.placeholder(tf.int64, [None])
    logits, _ = classifier(x, is_training=True)
    loss = tf.losses.sparse_softmax_cross_entropy(labels, logits)
    steps = training.steps_for(config, len(digits.train_images))
    step = tf.train.AdamOptimizer(training.cosine(config.lr, steps)).minimize(loss)
    accuracy = tf.reduce_mean(tf.to_float(tf.equal(tf.argmax(logits, 1), labels)))
    update = training.Update(step, {"loss": loss, "accuracy": accuracy})
    return training.Model(
        phases=[training.Phase("train", steps, [update])],
        feed=feeds.digits(digits, x, config.batch_size, config.seed, labels),
    )


@contextlib.contextmanager
def trained(config, digits):
    """Opens the classifier of a data set, training it first if the cache holds none, or that which `--judge` names.

    Args:
        config: with `data`, "digits" or "mnist", and maybe `judge`.
        digits: the data set itself; another content (Fashion-MNIST, say) gets a classifier of its own.

    Yields:
        A function: uint8 or float pictures [N, 28, 28(, 1)] -> (probabilities [N, 10], features [N, 128]).
    """
    content = zlib.crc32(digits.train_labels.tobytes(), zlib.crc32(digits.train_images.tobytes()))
    folder = downloads.cache_folder() / "classifier-{}-{:08x}".format(config.data, content)
    own = Config(data=config.data)
    named = getattr(config, "classifier", "")
    if named:
        folder = run_folder.trained(Config, named).checkpoint
    elif not folder.exists():
        sys.stderr.write("no classifier of {} yet: training one, kept in {}\n".format(config.data, folder))
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=str(folder.parent)) as workshop, sessions.graph(own):
            own = own.replace(output_dir=workshop + "/classifier")
            training.fit(build(own, digits), own)
            with contextlib.suppress(OSError):  # another process may just have put one there
                os.rename(own.output_dir, str(folder))
    with sessions.graph(own):
        x = tf.placeholder(tf.float32, [None, 784])
        logits, features = classifier(x)
        outputs = [tf.nn.softmax(logits), features]
        with sessions.session() as session:
            sessions.restore(session, run_folder.find_checkpoint(folder))

            def read(pictures):
                flat = (feeds.flat_pixels(pictures) if pictures.dtype == np.uint8
                        else pictures.reshape(len(pictures), -1))
                return sessions.in_parts(session, outputs, x, flat)
            yield read


def evaluate_samples(samples, digits, config, labels=None):
    """Figures of samples, beside those of real test digits.

    Args:
        samples: [N, 28, 28, 1] floats in [0, 1]; 10,000 make figures that compare.
        digits: the data set they imitate.
        config: with `data`, and the output_dir of a run, where figures/nearest_training_digits.png is put.
        labels: the digits that were asked for, [N], if any.

    Returns:
        name -> number. A digit is covered if at least 1 % of the pictures are taken for it with a probability over .9.
        The floor of the Frechet distance is that of as many training digits from the test digits; the test set's first
        half from its second, written by other people, says how far real digits can be from each other. A sample
        is nearer than a test digit to its nearest training digit if it was learned by heart.
    """
    with trained(config, digits) as read:
        probabilities, features = read(samples)
        real_probabilities, real_features = read(digits.test_images)
        _, floor_features = read(digits.train_images[:len(samples)])
    half = len(real_features) // 2
    figures = {"samples": len(samples)}
    for name, p in (("samples", probabilities), ("real test digits", real_probabilities)):
        confident = p.max(1) > 0.9
        shares = np.bincount(p.argmax(1)[confident], minlength=10) / len(p)
        figures.update({name + ": digits covered": int(np.sum(shares >= 0.01)),
                        name + ": classified with p over .9": float(confident.mean()),
                        name + ": rarest digit's share": float(shares.min()),
                        name + ": commonest digit's share": float(shares.max())})
    if labels is not None:
        figures["samples: read as the digit asked for"] = float(np.mean(probabilities.argmax(1) == labels))
    figures["samples: Frechet distance"] = scores.frechet_distance(features, real_features)
    figures["real training digits: Frechet distance"] = scores.frechet_distance(floor_features, real_features)
    figures["one half of the test digits from the other: Frechet distance"] = scores.frechet_distance(
        real_features[:half], real_features[half:])
    known = feeds.flat_pixels(digits.train_images)
    for name, pictures in (("samples", samples), ("real test digits", digits.test_images / np.float32(255))):
        chosen = pictures[np.random.RandomState(config.seed).permutation(len(pictures))[:500]].reshape(-1, 784)
        distances, nearest = scores.nearest(chosen, known)
        figures[name + ": distance to the nearest training digit"] = float(np.median(distances))
        if name == "samples":
            rows = np.stack([chosen[:40], known[nearest[:40]]], 1).reshape(-1, 28, 28)
            images.save_png(files.path(config.output_dir, "figures", "nearest_training_digits.png"), images.grid(rows, 10), 2)
    figures["classifier: test accuracy"] = float(np.mean(real_probabilities.argmax(1) == digits.test_labels))
    return figures


def follow(curve, draw, digits, config, count=5000):
    """Whether a scalar of training tells how good samples are: held against the Frechet distance of each checkpoint.

    Args:
        curve: name of the scalar.
        draw: function of a configuration with `checkpoint`, and a number of samples.
        count: of the samples of each checkpoint.

    Returns:
        Spearman's rank correlation and on how many checkpoints (`--keep`) it rests, or nothing for fewer than three;
        figures/CURVE_and_frechet_distance.png shows both. The scalar is its mean since the checkpoint before, kept or not.
    """
    rows = scalar_log.read(config.output_dir)
    steps, means, distances = [], [], []
    with trained(config, digits) as read:
        _, real = read(digits.test_images)
        for step, checkpoint in run_folder.checkpoints(config.output_dir):
            before = max(step - config.save_freq, *steps[-1:], 0)
            since = [float(row[curve]) for row in rows if before < int(row["step"]) <= step]
            if since:
                with tf.Graph().as_default():
                    samples = draw(config.replace(checkpoint=str(checkpoint)), count)
                steps.append(step)
                means.append(np.mean(since))
                distances.append(scores.frechet_distance(read(samples)[1], real))
    if len(means) < 3:
        return {}
    plots.stacked(files.path(config.output_dir, "figures", curve + "_and_frechet_distance.png"), steps,
                {curve: means, "Frechet distance of the samples": distances})
    return {"rank correlation of {} and Frechet distance".format(curve): scores.rank_correlation(means, distances),
            "checkpoints compared": len(means)}


def train(config):
    training.fit(build(config, data.load(config.data, config.input_dir)), config)


def evaluate(config):
    """metrics.json: accuracy on the test set."""
    digits = data.load(config.data, config.input_dir)
    x = tf.placeholder(tf.float32, [None, 784])
    logits, _ = classifier(x)
    with sessions.session() as session:
        sessions.restore(session, config.checkpoint)
        guesses = sessions.in_parts(session, logits, x, feeds.flat_pixels(digits.test_images)).argmax(1)
    page.write_metrics(config.output_dir, {"test accuracy": float(np.mean(guesses == digits.test_labels)),
                                             "test images": len(guesses)})


def main(argv=None):
    cli.main(Config, {"train": train, "evaluate": evaluate}, __doc__, argv,
             after_training="evaluate")


if __name__ == "__main__":
    main()
