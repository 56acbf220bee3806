"""Features of image patches, for the Frechet distance between completed holes and real ones.

There are no labels of photographs to learn from. So a small network learns to say how a real patch
was turned, by 0, 90, 180 or 270 degrees, and whether it was mirrored. To know this it must see what
is in the patch. Its last layer gives the features.

Reference: Gidaris, Singh and Komodakis 2018, "Unsupervised Representation Learning by Predicting
Image Rotations".
"""

import contextlib
import dataclasses
import zlib

import numpy as np

from data import squares
from glcic import inputs
from graphmode import config, sessions, tf, training, variables
from graphmode.config import setting
from graphmode.training import cached, run_folder

TURNS = 8  # four directions, each also mirrored
SIZE = 128  # number of features
STEPS = 500  # of training; 15 seconds on two cores


@dataclasses.dataclass(frozen=True)
class Config(config.Run):
    """Settings of the network that is trained on patches."""

    PROGRAM = "glcic.features"

    side: int = setting(32, at_least=8, network=True, help="side of a patch in pixels")
    batch_size: int = setting(64, at_least=2, help="patches per step")
    max_steps: int = setting(STEPS, at_least=1, changeable=True, help="number of training steps")
    display_freq: int = setting(0, at_least=0, changeable=True, help="no image grids")
    lr: float = setting(0.001, above=0.0, changeable=True, help="learning rate of Adam")


def network(x, is_training=False):
    """Says how patches were turned.

    Args:
        x: [batch, side, side, 3] in [-1, 1].
        is_training: Python bool; batch statistics if true, moving averages otherwise.

    Returns:
        ([batch, TURNS] logits, [batch, SIZE] features).
    """

    def conv2d(x, filters, stride):
        x = tf.layers.conv2d(x, filters, 3, stride, padding="same", use_bias=False)
        x = tf.layers.batch_normalization(x, training=is_training, momentum=0.9)
        return tf.nn.relu(x)

    with tf.variable_scope("features"):
        # [batch, side, side, 3] -> [batch, side / 2, side / 2, 64]
        x = conv2d(conv2d(x, 32, stride=2), 64, stride=1)
        # -> [batch, side / 4, side / 4, 64] -> [batch, side / 8, side / 8, SIZE]
        x = conv2d(conv2d(x, 64, stride=2), SIZE, stride=2)
        # The mean over all positions: [batch, SIZE]
        features = tf.reduce_mean(x, [1, 2])
        return tf.layers.dense(features, TURNS), features


def turned(patches, ways):
    """Turns and mirrors patches.

    Args:
        patches: [N, side, side, channels].
        ways: ints [N] from 0 to TURNS - 1; from 4 on a patch is mirrored, too.
    """
    return np.stack(
        [
            np.rot90(patch[:, ::-1] if way >= 4 else patch, way % 4)
            for patch, way in zip(patches, ways)
        ]
    )


def build(config, batch):
    """Builds the graph that trains the network.

    Args:
        batch: function of a step's number: [batch_size, height, width, 3] in [0, 1].
    """
    x = tf.placeholder(tf.float32, [None, config.side, config.side, 3])
    labels = tf.placeholder(tf.int64, [None])
    logits, _ = network(x, is_training=True)
    loss = tf.losses.sparse_softmax_cross_entropy(labels, logits)
    rate = training.cosine(config.lr, config.max_steps)
    step = variables.minimize(loss, "features", tf.train.AdamOptimizer(rate))
    accuracy = tf.reduce_mean(tf.to_float(tf.equal(tf.argmax(logits, 1), labels)))

    def feed(number):
        chance, images = np.random.default_rng([config.seed, number]), batch(number)
        limits = np.array(images.shape[1:3]) - config.side + 1
        corners = chance.integers(0, limits, [len(images), 2])
        ways = chance.integers(0, TURNS, len(images))
        return {x: 2.0 * turned(cut(images, corners, config.side), ways) - 1.0, labels: ways}

    update = training.Update(step, {"loss": loss, "accuracy": accuracy})
    phases = [training.Phase("train", config.max_steps, [update])]
    return training.Model(phases=phases, feed=feed)


def cut(images, corners, side):
    """Cuts a square out of each image: [N, height, width, 3] -> [N, side, side, 3].

    Args:
        corners: ints [N, 2], top and left.
    """
    pairs = zip(images, corners)
    return np.stack([image[top : top + side, left : left + side] for image, (top, left) in pairs])


@contextlib.contextmanager
def trained(glcic_config, paths):
    """Opens the network of a set of training images, which is trained once and then in the cache.

    Args:
        glcic_config: the settings of the GLCIC run: how files become squares, and the side of a
            patch.
        paths: its training images.

    Yields:
        A function: uint8 patches [N, side, side, 3] -> features, float32 [N, SIZE].
    """
    side, reading = glcic_config.size // 2, inputs.reading(glcic_config)
    names = "\n".join(f"{path.name} {path.stat().st_size}" for path in paths)
    content = zlib.crc32(f"{side} {reading} {names}".encode("utf-8", "surrogateescape"))

    def built(config):
        batches = squares.batches(paths, batch_size=config.batch_size, seed=config.seed, **reading)
        return build(config, batches)

    folder = cached.run(
        f"features-{content:08x}", "network for features", Config, built, side=side, max_steps=STEPS
    )
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [None, side, side, 3])
        _, features = network(x)
        with sessions.session() as session:
            sessions.restore(session, run_folder.find_checkpoint(folder))
            yield lambda patches: sessions.in_parts(
                session, features, x, patches.astype(np.float32) / 127.5 - 1.0
            )
