"""The boundary equilibrium GAN: the discriminator is an autoencoder, and what it judges by is how well it redraws.

Objective: L(v), the mean absolute difference between v and the autoencoder's drawing of it. The discriminator minimises
L(x) - k L(G(z)), the generator L(G(z)); after each step k moves by lambda (gamma L(x) - L(G(z))), kept in [0, 1], so that
neither network runs away. gamma is the dial that the text names: low for quality, high for diversity. The measure of
convergence is M = L(x) + |gamma L(x) - L(G(z))|. Reference: Berthelot, Schumm, Metz 2017.

The text gives no networks and no numbers. Networks, ELU and batch size are the paper's: pairs of 3x3 convolutions and
nearest-neighbour doubling from 8x8 (from 7x7 for digits), the first tensor again at each level, generator and
autoencoder's decoder of one architecture, no batch norm, no dropout; fewer filters than its 64 or 128, so that two cores
will do. Its gamma .5, lambda .001 and learning rate .0001, meant for faces, end on MNIST in one blob for every z
(docs/errata.md); so .9, .01 and .0005. The text's "needs no two optimizers" means that it needs no schedule of alternation:
the two networks still have an Adam each.

Run: `./run.sh gan_book.began --data mnist`, or `--data faces --input_dir FOLDER --size 64` with pictures of faces of your own
(without a folder, faces drawn here). Watch measure fall. Expect sharp strokes, on MNIST mostly ones.
"""

import sys
from typing import Literal, NamedTuple

import numpy as np

import data
from data import faces
from gan_book import cae, gan, tips
from graphmode import cli, errors, files, sessions, tf, training, variables
from graphmode.report import images, page


@dataclasses.dataclass(frozen=True)
class Config(Settings_):
    shared = gan.Config.shared
    data: Literal["digits", "mnist", "faces"] = setting("digits", help='drawn here, MNIST, or faces: those in --input_dir, else drawn')
    size: int = setting(32, at_least=32, at_most=128, help='side of a face in pixels: 32, 64 or 128; digits have 28')
    crop: int = setting(0, at_least=0, help="side of the middle of each face's picture that is used; 0: the largest square")
    max_epochs: int = setting(3, at_least=1, help='passes over the training set')
    batch_size: int = setting(16, at_least=1, help='examples per step, as in the paper')
    dim: int = setting(64, at_least=1, help="length of z and of the autoencoder's code, as in the paper")
    filters: int = setting(16, at_least=1, help='of each convolution; a multiple of them further down in the encoder')
    lr: float = setting(0.0005, at_least=0.0, help='first learning rate of both Adams, falling to 0 along a cosine')
    gamma: float = setting(0.9, at_least=0.0, at_most=1.0, help='diversity ratio: the share of L(x) that L(G(z)) is kept at')
    lambda_k: float = setting(0.01, at_least=0.0, help='how fast k moves')
    count: int = setting(100, at_least=1, help='pictures that --mode sample draws')
    keep: int = setting(12, at_least=1, help='how many checkpoints stay (4 MB each): evaluate compares them')
    fixed = ("data", "size", "dim", "filters")


def levels(size):
    """How often a picture of size x size (28, 32, 64, 128) doubles, and the side it begins with: 7 or 8."""
    return (2, 7) if size == 28 else (size.bit_length() - 4, 8)


def doubled(x):
    """[batch, height, width, channels] -> twice as high and wide, each pixel four times.

    tf.image's nearest neighbour has no second derivative, which unrolled steps need.
    """
    _, height, width, channels = x.shape.as_list()
    x = tf.reshape(tf.stack([x, x], 3), [-1, height, 2 * width, channels])
    return tf.reshape(tf.stack([x, x], 2), [-1, 2 * height, 2 * width, channels])


def decoder(z, config, switches=tips.Tips()):
    """[batch, dim] -> [batch, size, size, channels], about in [-1, 1]."""
    size, _, channels = shape_of(config)
    doublings, side = levels(size)
    x = tf.layers.dense(z, side * side * config.filters)
    x = first = tf.reshape(switches.drop(x), [-1, side, side, config.filters])
    for level in range(doublings + 1):
        # [batch, side, side, filters], twice as large each time.
        x = tf.layers.conv2d(x, config.filters, 3, padding="same", activation=tf.nn.elu)
        x = switches.drop(tf.layers.conv2d(x, config.filters, 3, padding="same", activation=tf.nn.elu))
        if level < doublings:
            # With the first tensor behind it, so that z reaches every level.
            first = doubled(first)
            x = tf.concat([doubled(x), first], 3)
    return tf.layers.conv2d(x, channels, 3, padding="same")


def encoder(x, config, switches=tips.Tips()):
    """[batch, size, size, channels] in [-1, 1] -> [batch, dim]."""
    doublings, side = levels(x.shape.as_list()[1])
    x = tf.layers.conv2d(x, config.filters, 3, padding="same", activation=tf.nn.elu)
    for level in range(doublings + 1):
        # [batch, side, side, filters * (level + 1)], half as large each time.
        x = tf.layers.conv2d(x, config.filters * (level + 1), 3, padding="same", activation=tf.nn.elu)
        more = dict(filters=config.filters * (level + 2), strides=2) if level < doublings else dict(
            filters=config.filters * (level + 1), strides=1)
        x = tf.nn.elu(switches.norm(tf.layers.conv2d(x, kernel_size=3, padding="same", **more)))
    return tf.layers.dense(tf.reshape(x, [-1, side * side * config.filters * (doublings + 1)]), config.dim)


def discriminator(x, config, switches=tips.Tips()):
    """[batch, size, size, channels] in [-1, 1] -> the same, redrawn."""
    with tf.variable_scope("discriminator"):
        code = switches.with_features(encoder(x, config, switches))
        return decoder(code, config)


def generator(z, config, switches=tips.Tips()):
    """[batch, dim] in [-1, 1] -> [batch, size, size, channels], about in [-1, 1]."""
    with tf.variable_scope("generator"):
        return decoder(z, config, switches)


def reconstruction_loss(images, redrawn):
    """L(v): mean absolute difference over batch and pixels."""
    return tf.reduce_mean(tf.abs(images - redrawn))


def balance(k, real_loss, fake_loss, gamma, lambda_k):
    """Returns (k after the step, M), scalars."""
    lead = gamma * real_loss - fake_loss
    return tf.clip_by_value(k + lambda_k * lead, 0.0, 1.0), real_loss + tf.abs(lead)


def load(config):
    """`data.digits.Digits` or `data.faces.Faces`, as --data says."""
    if config.data != "faces":
        return data.load(config.data, config.input_dir)
    if config.size not in (32, 64, 128):
        raise errors.InputError("--size {}: faces are 32, 64 or 128 pixels wide".format(config.size))
    if not config.input_dir:
        sys.stderr.write("no --input_dir with faces: drawing some\n")
    return faces.load(config.input_dir, config.size, config.batch_size, config.seed, config.crop or None, mirror=True)


def shape_of(config):
    """[size, size, channels] of the pictures that --data names."""
    return [config.size, config.size, 3] if config.data == "faces" else [28, 28, 1]


def build(config, pictures):
    """Both networks, their steps, and the step of k; the three share one batch. pictures: from `load`."""
    tips.refuse(config, label_smoothing="an autoencoder has no labels", pooling="these networks do not pool",
                discriminator_activation="these networks have ELUs")
    switches = tips.Tips.of(config)
    shape = shape_of(config)
    pixels = tf.placeholder(tf.float32, [None] + (shape if config.data == "faces" else [784]), name="IMAGE_IN")
    x = 2.0 * tf.reshape(pixels, [-1] + shape) - 1.0
    generator_sample = generator(gan.noise(config.batch_size, config.dim), config, switches)
    with tf.variable_scope("") as scope:
        redrawn = discriminator(x, config, switches)
        scope.reuse_variables()
        redrawn_sample = discriminator(generator_sample, config, switches)
        samples = as_images(generator(gan.fixed_noise(config), config, switches))
    variables.check_scopes("discriminator", "generator")
    variables.check_batch_norms()
    k = tf.Variable(0.0, trainable=False, name="k")

    def losses(redrawn, redrawn_sample):
        real_loss = reconstruction_loss(x, redrawn)
        fake_loss = reconstruction_loss(generator_sample, redrawn_sample)
        return real_loss - k * fake_loss, fake_loss, real_loss

    discriminator_loss, fake_loss, real_loss = losses(redrawn, redrawn_sample)
    new_k, measure = balance(k, real_loss, fake_loss, config.gamma, config.lambda_k)
    generator_loss = fake_loss
    if config.unrolled_steps:
        generator_loss = tips.look_ahead(discriminator_loss, lambda: losses(
            discriminator(x, config, switches), discriminator(generator_sample, config, switches))[:2], switches)

    steps = training.steps_for(config, pictures.train if config.data == "faces" else len(pictures.train_images))
    learning_rate = training.cosine(config.lr, steps)
    discriminator_step = variables.minimize(discriminator_loss, "discriminator",
                                            tf.train.AdamOptimizer(learning_rate, 0.5))
    generator_step = variables.minimize(generator_loss, "generator", tf.train.AdamOptimizer(learning_rate, 0.5))
    return training.Model(
        phases=[training.Phase("train", steps, [discriminator_step] + [generator_step] * config.generator_steps
                               + [tf.assign(k, new_k)])],
        scalars={"measure": measure, "k": new_k, "real_loss": real_loss, "fake_loss": fake_loss,
                 **tips.watched(x, generator_sample)},
        images={"samples": samples, "redrawn": cae.side_by_side(pixels, as_images(redrawn))},
        feed=(lambda number: {pixels: pictures.batch(number)}) if config.data == "faces" else cae.digit_feed(
            config, pictures, pixels),
        alarms=tips.ALARMS, notes=pictures.skipped if config.data == "faces" else ())


def as_images(drawn, as_published=False):
    """[batch, height, width, channels] about in [-1, 1] -> the same in [0, 1]."""
    return tf.clip_by_value((drawn + 1.0) / 2.0, 0.0, 1.0)


def draw(config, count):
    return gan.draw(config, count, lambda z, switches: generator(z, config, switches), as_images)


def train(config):
    training.fit(build(config, load(config)), config)


def evaluate(config):
    """Of digits, the GAN's figures; of faces, how well unseen ones and samples are redrawn, and samples as a figure."""
    if config.data != "faces":
        return gan.modes(build, draw, "measure")["evaluate"](config)
    unseen = load(config).test
    if not len(unseen):
        raise errors.InputError("no face is left for testing: {} holds too few".format(config.input_dir))
    samples = draw(config, 1000)
    images.save_png(files.path(config.output_dir, "figures", "samples.png"), images.grid(samples[:100], 10))
    x = tf.placeholder(tf.float32, [None] + shape_of(config))
    scaled = 2.0 * x - 1.0
    error = tf.reduce_mean(tf.abs(scaled - discriminator(scaled, config, tips.Tips.of(config))), [1, 2, 3])
    with sessions.session() as session:
        sessions.restore(session, config.checkpoint)
        losses = [sessions.in_parts(session, error, x, batch, 50) for batch in (unseen / np.float32(255), samples)]
    page.write_metrics(config.output_dir, {
        "unseen faces: L(x)": float(losses[0].mean()), "samples: L(G(z))": float(losses[1].mean()),
        "samples: diversity": float(samples.var(0).sum() / (unseen / 255.0).var(0).sum()),
        "unseen faces": len(unseen), "samples": len(samples)})


def main(argv=None):
    cli.main("gan_book.began", Config, {**gan.modes(build, draw), "train": train, "evaluate": evaluate}, __doc__, argv)


if __name__ == "__main__":
    main()
