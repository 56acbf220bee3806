"""The chapter's tips for training GANs, as switches that every GAN takes, and the alarms that its advice calls for.

The switches: minibatch features and unrolled steps against collapse; dropout in the generator, while training and
afterwards; batch norm in the discriminator; leaky ReLU; strided convolution or average pooling in place of max-pooling; two
generator steps for each discriminator step; and, from the same papers, label smoothing. The networks name the places:
`switches.norm(fc1)` is fc1 unless that one is on. What each did to the dense GAN is in docs/results.md.

The alarms: a discriminator that wins, a generator that collapses, moving averages that lag behind.

References: Salimans et al. 2016 (minibatch features, label smoothing), Metz et al. 2017 (unrolled GANs), Isola et al. 2017
(dropout in training and test). The text gives five steps for minibatch features; it leaves out the learned tensor T that
makes matrices of a layer's output, and the minus sign: exp(-L1 distance).
"""

import math
from typing import Literal, NamedTuple

from graphmode import cli, errors, tf, variables


@dataclasses.dataclass(frozen=True)
class Tips(Settings_):
    """The flags, and how networks apply them. `Tips()` leaves a network as it is in the text."""
    minibatch_features: bool = setting(False, help='the discriminator sees how alike the pictures of a batch are')
    unrolled_steps: int = setting(0, at_least=0, at_most=20, help='the generator looks so many discriminator steps ahead')
    unrolled_rate: float = setting(0.1, at_least=0.0, help='learning rate of the steps that are looked ahead (plain gradient descent)')
    generator_dropout: float = setting(0.0, at_least=0.0, at_most=0.9, help="share of the generator's units left out, while training and afterwards")
    generator_steps: int = setting(1, at_least=1, help='generator steps in each step')
    label_smoothing: float = setting(0.0, at_least=0.0, at_most=0.5, help="the discriminator's target for real pictures is 1 minus this")
    discriminator_batch_norm: bool = setting(False, help='batch norm in the discriminator too')
    discriminator_activation: Literal["leaky_relu", "relu"] = setting("leaky_relu", help='of its hidden layers')
    pooling: Literal["max", "average", "strided"] = setting("max", help='in a discriminator that pools')

    @classmethod
    def of(cls, config):
        return cls(*(getattr(config, name) for name in cls._fields))

    @property
    def activation(self):
        return tf.nn.relu if self.discriminator_activation == "relu" else tf.nn.leaky_relu

    @property
    def sliding(self):
        """How the convolutions before `pool` slide: as in the text, or two pixels at a time, with a border."""
        return dict(strides=2, padding="same") if self.pooling == "strided" else dict(strides=1, padding="valid")

    def pool(self, x):
        """[batch, height, width, channels] -> half as high and wide, max-pooled as in the text or else."""
        if self.pooling == "strided":
            return x  # its convolution has halved it
        pooling2d = tf.layers.average_pooling2d if self.pooling == "average" else tf.layers.max_pooling2d
        return pooling2d(inputs=x, pool_size=2, strides=2)

    def norm(self, x, is_training=True):
        """A discriminator's layer before its activation, with batch norm if that is on; not for the first layer.

        Behind the activation of the last hidden layer it would blind the discriminator: real pictures and samples are
        normalised as two batches, and so would have the same mean logit, whatever they show.
        """
        return tf.layers.batch_normalization(inputs=x, training=is_training) if self.discriminator_batch_norm else x

    def drop(self, x):
        """A generator's layer, with dropout whether it trains or not."""
        return tf.layers.dropout(x, self.generator_dropout, training=True) if self.generator_dropout else x

    def with_features(self, x):
        """A discriminator's layer, [batch, size], and behind it the minibatch features."""
        return tf.concat([x, minibatch_features(x)], 1) if self.minibatch_features else x


def refuse(config, **reasons):
    """Raises InputError if a switch is on that a program has no use for; reasons: name of the switch -> why."""
    for name, reason in reasons.items():
        if getattr(config, name) != Tips._field_defaults[name]:
            raise errors.InputError("--{} {}: {}; leave it out".format(name, getattr(config, name), reason))


def minibatch_features(x, kernels=50, size=5):
    """How close each example of a batch is to the others, in `kernels` learned ways.

    Args:
        x: [batch, features], a layer's output.

    Returns:
        [batch, kernels]; entry b of example i is the sum over the examples j, i among them, of exp(-|M_ib - M_jb|), where
        M_i = x_i T has a row of `size` numbers for each kernel. From 1 (none is near) to the batch size (all are equal).
    """
    # M: [batch, kernels, size]
    rows = tf.reshape(tf.layers.dense(x, kernels * size, use_bias=False, name="T"), [-1, kernels, size])
    # L1 distances: [batch, 1, kernels, size] - [1, batch, kernels, size] -> [batch, batch, kernels]
    distances = tf.reduce_sum(tf.abs(tf.expand_dims(rows, 1) - tf.expand_dims(rows, 0)), 3)
    return tf.reduce_sum(tf.exp(-distances), 1)


def look_ahead(loss, losses, switches, scope="discriminator"):
    """The generator's loss as it would be after some gradient steps of the discriminator (Metz et al. 2017).

    Args:
        loss: the discriminator's as it is now.
        losses: function that applies the discriminator anew and returns (its loss, the generator's).
        switches: Tips; unrolled_steps of them, each with unrolled_rate.
        scope: the discriminator's.

    Returns:
        A scalar; its gradient by the generator's weights also passes through the discriminator's steps.
    """
    ahead = {v.op.name: v for v in variables.trainable(scope)}

    def getter(getter, name, *args, **kwargs):
        return ahead[name] if name in ahead else getter(name, *args, **kwargs)

    for _ in range(switches.unrolled_steps):
        gradients = tf.gradients(loss, list(ahead.values()))
        ahead = {name: weight - switches.unrolled_rate * gradient
                 for (name, weight), gradient in zip(ahead.items(), gradients)}
        with tf.variable_scope("", reuse=True, custom_getter=getter):
            loss, generator_loss = losses()
    return generator_loss


def watched(real, fake):
    """Scalars for the alarms, from the batches of real pictures and samples and the generator's training step.

    diversity: the variance of the samples over the batch, summed over the pixels, by that of the real pictures.
    generator_gradient: see `variables.gradient_norm`. averages_gap, if the generator has batch norms: see
    `variables.averages_gap`.
    """
    def spread(pictures):
        return tf.reduce_sum(tf.nn.moments(tf.reshape(pictures, [tf.shape(pictures)[0], -1]), [0])[1])

    scalars = {"diversity": spread(fake) / (spread(real) + 1e-8), "generator_gradient": variables.gradient_norm("generator")}
    if variables.moving_averages("generator"):
        scalars["averages_gap"] = variables.averages_gap("generator")
    return scalars


GRACE = 1000  # steps before which nothing is an alarm: untrained networks are bad at everything
LASTS = 3  # rows of scalars.csv, each a mean over --summary_freq steps, for which something must hold to be an alarm


def _lately(rows, holds):
    return rows[-1]["step"] > GRACE and len(rows) >= LASTS and all(holds(row) for row in rows[-LASTS:])


def least_loss(label_smoothing):
    """What a discriminator's loss can fall to: the entropy of its smoothed targets."""
    return sum(-share * math.log(share) for share in (label_smoothing, 1.0 - label_smoothing) if share)


def discriminator_wins(rows, least=0.0):
    """Its loss near the least possible (blind: 1.39), the generator's gradient below a tenth of the largest so far."""
    largest = max(row["generator_gradient"] for row in rows)
    if _lately(rows, lambda row: row["discriminator_loss"] < least + 0.1 and row["generator_gradient"] < 0.1 * largest):
        return ("discriminator wins: its loss is near its least and the generator's gradient vanishes, so it learns no more; "
                "start anew with --label_smoothing 0.1, or with another --seed")


def generator_collapses(rows):
    if _lately(rows, lambda row: row.get("diversity", 1.0) < 0.3):
        return ("generator collapses: its samples vary less than a third as much as real pictures; "
                "start anew with another --seed, or with --minibatch_features where there is this flag")


def averages_are_stale(rows):
    if _lately(rows, lambda row: row.get("averages_gap", 0.0) > 0.5):
        return ("moving averages stale: they are half a standard deviation or more from the batches', so pictures drawn with "
                "them differ from those in training; run the update ops with the training step")


ALARMS = (generator_collapses, averages_are_stale)
