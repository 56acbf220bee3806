"""A judge of facades: a small network that reads labels off photographs, and how well it reads those that were asked for.

The paper judges translations of label maps by what a network trained on real photographs sees in them. Run: `./run.sh
pix2pix.labels --input_dir facades/train`, then `./run.sh pix2pix --mode test --judge runs/labels ...`.
"""

import contextlib
from typing import Literal, NamedTuple

import numpy as np

from data import facades, pairs
from graphmode import cli, errors, sessions, tf, training
from graphmode.training import run_folder
from pix2pix import options, sources

FIGURES = ("pixels", "mean over labels", "intersection over union")
COLOURS = np.array(list(facades.LABELS.values()), np.float32) / 255.0


@dataclasses.dataclass(frozen=True)
class Config(Settings_):
    input_dir: str = setting("", help='folder of pairs, photo left and labels right; empty: drawn facades')
    preset: Literal["full", "small"] = setting("full", help='256 pixels, or 64')
    crop_size: int = setting(256, at_least=32, at_most=4096, help='height and width of the photographs')
    crop_width: int = setting(0, at_least=0, at_most=4096, help='width; 0: as the height')
    scale_size: int = setting(286, at_least=0, help='to which they are enlarged before they are cut')
    targets: Literal["auto", "yes"] = setting("auto", help='yes: files are pairs, whatever their shape')
    pair_ratio: float = setting(0.0, at_least=0.0, help='width / height of a file that holds a pair; 0: the usual one')
    width: int = setting(32, at_least=1, help='filters of the first layer')
    batch_size: int = setting(8, at_least=1, help='pairs per step')
    max_steps: int = setting(2500, at_least=0, help='0: --max_epochs decides')
    lr: float = setting(0.001, at_least=0.0, help='of Adam, falling to 0 along a cosine')
    implies = {"preset small": {"crop_size": 64, "scale_size": 72}}


def read_labels(colours):
    """The label whose colour is nearest: [...,3] in [0, 1] -> int64 [...], from 0 to 11."""
    return tf.argmin(tf.reduce_sum(tf.square(tf.expand_dims(colours, -2) - COLOURS), -1), -1)


def judge(photos, width):
    """Reads labels: [batch, height, width, 3] in [0, 1] -> logits, [batch, height, width, 12]; sides are multiples of 4."""
    def conv(x, filters, name, **more):
        return tf.layers.conv2d(x, filters, 3, padding="same", activation=tf.nn.relu, name=name, **more)
    with tf.variable_scope("judge", reuse=tf.AUTO_REUSE):
        first = conv(photos - 0.5, width, "conv_1")
        second = conv(first, 2 * width, "conv_2", strides=2)
        x = conv(second, 4 * width, "conv_3", strides=2)
        for number, rate in enumerate((1, 2, 4, 8)):
            x = x + conv(x, 4 * width, "dilated_%d" % (number + 1), dilation_rate=rate)
        x = tf.layers.conv2d_transpose(x, 2 * width, 4, 2, "same", activation=tf.nn.relu, name="up_1")
        x = tf.layers.conv2d_transpose(tf.concat([x, second], 3), width, 4, 2, "same", activation=tf.nn.relu, name="up_2")
        return tf.layers.conv2d(tf.concat([x, first], 3), len(COLOURS), 1, name="labels")


def train(config):
    options.check(config)
    paths, skipped, _ = sources.training(config)
    height, width = options.size(config)
    photos, maps = pairs.batches(paths, height, width, config.scale_size, True, config.batch_size, config.seed)
    wanted = read_labels(maps)
    logits = judge(photos, config.width)
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=wanted, logits=logits))
    right = tf.reduce_mean(tf.cast(tf.equal(tf.argmax(logits, -1), wanted), tf.float32))
    steps = training.steps_for(config, len(paths))
    step = tf.train.AdamOptimizer(training.cosine(config.lr, steps)).minimize(loss)
    training.fit(training.Model([training.Phase("train", steps, [step])], {"loss": loss, "accuracy": right},
                                notes=skipped), config)


def confusion(read, wanted):
    """[12, 12] counts: rows what was wanted, columns what was read; both int arrays of one shape."""
    return np.bincount(len(COLOURS) * wanted.ravel() + read.ravel(), minlength=len(COLOURS) ** 2).reshape(2 * [len(COLOURS)])


def agreement(counts):
    """Share of pixels read right, its mean over the labels that occur, and the mean of intersection over union."""
    hits, wanted, read = np.diag(counts), counts.sum(1), counts.sum(0)
    there = wanted > 0
    return (hits.sum() / counts.sum(), np.mean(hits[there] / wanted[there]),
            np.mean(hits[there] / (wanted + read - hits)[there]))


def check(config):
    """The settings of the judge of --judge. Raises InputError if it cannot judge this run's translations."""
    if config.which_direction != "BtoA" or config.lab_colorization:
        raise errors.InputError("--judge judges photographs made from labels: it needs --which_direction BtoA")
    saved = run_folder.trained(Config, config.judge)
    if options.size(saved) != options.size(config):
        raise errors.InputError("--judge {}: that network reads {} x {} pixels, this one draws {} x {}".format(
            config.judge, *options.size(saved)[::-1], *options.size(config)[::-1]))
    return saved


@contextlib.contextmanager
def reader(config):
    """Yields a function that reads the labels asked for in an input off the output and off the target: name -> counts."""
    saved = check(config)
    with tf.Graph().as_default(), sessions.session() as session:
        pixels = tf.placeholder(tf.float32, [1, None, None, 3])
        seen, wanted = tf.argmax(judge(pixels, saved.width), -1), read_labels(pixels)
        sessions.restore(session, saved.checkpoint)

        def read(inputs, output, target):
            asked = session.run(wanted, {pixels: inputs[None]})
            return {name: confusion(session.run(seen, {pixels: picture[None]}), asked)
                    for name, picture in (("output", output), ("target", target))}
        yield read


def main(argv=None):
    cli.main("pix2pix.labels", Config, {"train": train}, __doc__, argv)


if __name__ == "__main__":
    main()
