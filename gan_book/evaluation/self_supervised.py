"""Features of images that have no labels, for the Frechet distance (evaluation/features.py).

A network learns to say how a real image was changed: by how much it was turned (0, 90, 180, 270
degrees, each also mirrored), and in which order its four quarters stand. To know both, it must see
what is in the image and where. Its last hidden layer gives the features.

References: Gidaris, Singh and Komodakis 2018 (rotations); Noroozi and Favaro 2016 (puzzles).
"""

import contextlib
import dataclasses
import itertools

import numpy as np

from data import class_folders
from gan_book import inputs
from graphmode import config, sessions, tf, training
from graphmode.config import setting
from graphmode.training import cached, run_folder

TURNS = 8
ORDERS = tuple(itertools.permutations(range(4)))  # 24 orders of the quarters
SIZE = 128  # number of features
STEPS = 1000  # of training; about a minute for 64 x 64 pixels on two cores


@dataclasses.dataclass(frozen=True)
class Config(config.Run, inputs.Inputs):
    """Settings of the network."""

    PROGRAM = "gan_book.evaluation.self_supervised"

    batch_size: int = setting(64, at_least=2, help="images per step")
    max_steps: int = setting(1000, at_least=1, changeable=True, help="number of training steps")
    display_freq: int = setting(0, at_least=0, changeable=True, help="no image grids")
    lr: float = setting(0.001, above=0.0, changeable=True, help="learning rate of Adam")


def network(x, is_training=False):
    """Says how images were changed.

    Args:
        x: [batch, size, size, channels] in [-1, 1].
        is_training: Python bool; batch statistics if true, moving averages otherwise.

    Returns:
        ([batch, TURNS] logits, [batch, 24] logits, [batch, SIZE] features).
    """
    with tf.variable_scope("features"):
        # Each layer halves the side: 64 -> 32 -> 16 -> 8
        for level in range(inputs.levels(x.shape.as_list()[1])[0]):
            x = tf.layers.conv2d(x, min(32 * 2**level, SIZE), 3, 2, "same", use_bias=False)
            x = tf.layers.batch_normalization(x, training=is_training, momentum=0.9)
            x = tf.nn.relu(x)
        # Dense: what is where
        flat = tf.reshape(x, [-1, np.prod(x.shape.as_list()[1:])])
        features = tf.layers.dense(flat, SIZE, activation=tf.nn.relu)
        return tf.layers.dense(features, TURNS), tf.layers.dense(features, len(ORDERS)), features


def changed(images, turns, orders):
    """Turns images and puts their quarters into another order.

    Args:
        images: [N, size, size, channels], size even.
        turns: ints [N] from 0 to 7; from 4 on an image is mirrored, too.
        orders: ints [N], indices into ORDERS.
    """
    half, results = images.shape[1] // 2, []
    for image, turn, order in zip(images, turns, orders):
        image = np.rot90(image[:, ::-1] if turn >= 4 else image, turn % 4)
        top, bottom = image[:half], image[half:]
        quarters = [top[:, :half], top[:, half:], bottom[:, :half], bottom[:, half:]]
        a, b, c, d = (quarters[n] for n in ORDERS[order])
        results.append(np.concatenate([np.concatenate([a, b], 1), np.concatenate([c, d], 1)]))
    return np.stack(results)


def build(config, images):
    """Builds the graph that trains the network on uint8 images, [N, size, size(, 3)]."""
    x = tf.placeholder(tf.float32, [None, *config.shape])
    turns, orders = (tf.placeholder(tf.int64, [None]) for _ in range(2))
    turn_logits, order_logits, _ = network(x, is_training=True)
    cross_entropy = tf.losses.sparse_softmax_cross_entropy
    loss = cross_entropy(turns, turn_logits) + cross_entropy(orders, order_logits)
    solver = tf.train.AdamOptimizer(training.cosine(config.lr, config.max_steps))
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        step = solver.minimize(loss)
    correct = tf.equal(tf.argmax(order_logits, 1), orders)

    def feed(number):
        chance = np.random.default_rng([config.seed, number])
        batch = images[np.sort(chance.integers(0, len(images), config.batch_size))]
        how = chance.integers(0, TURNS, len(batch)), chance.integers(0, len(ORDERS), len(batch))
        fed = changed(scaled(batch, config.shape), *how)
        return {x: fed, turns: how[0], orders: how[1]}

    scalars = {"loss": loss, "accuracy of the order": tf.reduce_mean(tf.to_float(correct))}
    phases = [training.Phase("train", config.max_steps, [training.Update(step, scalars)])]
    return training.Model(phases=phases, feed=feed)


def scaled(images, shape):
    """uint8, or floats in [0, 1] -> float32 [N, *shape] in [-1, 1]."""
    whole = 127.5 if images.dtype == np.uint8 else 0.5
    return (images.astype(np.float32) / np.float32(whole) - 1.0).reshape(-1, *shape)


@contextlib.contextmanager
def trained(config, examples):
    """Opens the network of a data set, which is trained once and then in the cache.

    Args:
        config: has the fields of `inputs.Inputs`.
        examples: data.Digits.

    Yields:
        A function: uint8 images, or floats in [0, 1] -> features, float32 [N, SIZE].
    """
    size, _, channels = config.shape
    folder = cached.run(
        f"features-{config.data}-{class_folders.checksum(examples):08x}",
        f"network for features of {config.data}",
        Config,
        lambda own: build(own, examples.train_images),
        data=config.data,
        size=size,
        channels=channels,
        max_steps=STEPS,
    )
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [None, *config.shape])
        _, _, features = network(x)
        with sessions.session() as session:
            sessions.restore(session, run_folder.find_checkpoint(folder))
            yield lambda images: sessions.in_parts(
                session, features, x, scaled(images, config.shape)
            )
