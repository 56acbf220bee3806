"""训练 GAN 的技巧 Tips for training GANs: switches that every GAN has, and alarms.

Each switch changes one thing. The networks of the sections stay as the text has them: the switches
replace layers while a network is built (`discriminator`, `generator`).

    --minibatch_features        小批量功能, against mode collapse: the text's five steps
    --unrolled_steps N          展开 GANs, against mode collapse
    --generator_dropout P       压降 in the generator, in training and afterwards
    --discriminator_norm batch  批量规范化 in the discriminator, too
    --discriminator_activation  Leaky ReLU (the text's networks have it), or ReLU to compare
    --pooling                   strided convolutions or average pooling in place of max pooling
    --generator_steps 2         two generator steps for each discriminator step
    --label_smoothing 0.1       not in the text; from the paper of the minibatch features

The text's other tips are the programs' defaults: images in [-1, 1], ReLU and tanh in the generator,
Adam. What each switch does to the dense GAN is in docs/results.md. The alarms follow the text's
advice: they report that the discriminator's loss falls fast, or that the samples lose their
variety.

References: Salimans et al. 2016 (minibatch features, label smoothing), Metz et al. 2017 (unrolled
GANs), Isola et al. 2017 (dropout in training and test).

Differences from the text: its five steps for minibatch features lack the learned tensor T, which
makes matrices of a layer's output, and the minus sign of exp(-L1 distance).
"""

import contextlib
import dataclasses
import functools
import math
from typing import ClassVar, Literal, Mapping

from graphmode import config, errors, tf, variables
from graphmode.config import setting


@dataclasses.dataclass(frozen=True)
class Tips(config.Settings):
    """Tips for training GANs. The defaults leave the networks as the text has them."""

    UNUSED: ClassVar[Mapping[str, str]] = {}  # switches that do nothing in a program: name -> why

    minibatch_features: bool = setting(
        False, network=True, help="the discriminator sees how similar the images of a batch are"
    )
    unrolled_steps: int = setting(
        0,
        at_least=0,
        at_most=20,
        help="number of discriminator steps that the generator looks ahead",
    )
    unrolled_rate: float = setting(
        0.1, at_least=0.0, help="learning rate of these steps (plain gradient descent)"
    )
    generator_dropout: float = setting(
        0.0,
        at_least=0.0,
        at_most=0.9,
        network=True,
        help="dropout rate of the generator's units, in training and in sampling",
    )
    generator_steps: int = setting(1, at_least=1, help="generator updates in each step")
    label_smoothing: float = setting(
        0.0, at_least=0.0, at_most=0.5, help="the label of real images is 1 minus this"
    )
    discriminator_norm: Literal["none", "batch"] = setting(
        "none", network=True, help="normalization in the discriminator"
    )
    discriminator_activation: Literal["leaky_relu", "relu"] = setting(
        "leaky_relu", network=True, help="activation of the discriminator's hidden layers"
    )
    pooling: Literal["max", "average", "strided"] = setting(
        "max", network=True, help="how the discriminator reduces height and width"
    )

    def check(self):
        super().check()
        for name, reason in self.UNUSED.items():
            value = getattr(self, name)
            if value != getattr(Tips, name):
                raise errors.InputError(f"--{name} {value}: {reason}; leave it out")


# For runs that are older than the flag.
RENAMED = {"discriminator_batch_norm": ("discriminator_norm", {True: "batch", False: "none"})}


class _Layers:
    """tf.layers with some layers changed, which a subclass overrides."""

    def __init__(self, layers, config):
        self._layers, self._config = layers, config

    def __getattr__(self, name):
        return getattr(self._layers, name)


class _DiscriminatorLayers(_Layers):
    """The layers of a discriminator with tips.

    A hidden layer is one with an activation. The last layer is the dense one without.

    Attributes:
        hidden: the outputs of the hidden layers; of a layer that is pooled, the pooled map.
    """

    def __init__(self, layers, config, is_training, with_last):
        super().__init__(layers, config)
        self._is_training, self._with_last = is_training, with_last
        self.hidden = []

    def dense(self, inputs, units, activation=None, **others):
        if activation:
            return self._activated(self._layers.dense(inputs, units, **others))
        if not self._with_last:
            return inputs
        with _layers_of(self._layers):  # the features have a dense layer, too
            inputs = with_features(inputs, self._config)
        return self._layers.dense(inputs, units, **others)

    def conv2d(self, inputs, filters, kernel_size, activation=None, **others):
        if self._config.pooling == "strided":
            others.update(strides=2, padding="same")
        return self._activated(self._layers.conv2d(inputs, filters, kernel_size, **others))

    def _activated(self, x):
        # Not in the first layer (Radford et al. 2016), and before the activation: real images and
        # samples are two batches. If the last hidden layer were normalized after its activation,
        # both batches would have the same mean logit for all images.
        x = batch_norm(x, self._config, self._is_training) if self.hidden else x
        relu = self._config.discriminator_activation == "relu"
        self.hidden.append(tf.nn.relu(x) if relu else tf.nn.leaky_relu(x))
        return self.hidden[-1]

    def max_pooling2d(self, inputs, pool_size, strides, **others):
        if self._config.pooling == "strided":
            return inputs  # the convolution has halved height and width
        average = self._config.pooling == "average"
        pool = self._layers.average_pooling2d if average else self._layers.max_pooling2d
        self.hidden[-1] = pool(inputs, pool_size, strides, **others)
        return self.hidden[-1]


class _GeneratorLayers(_Layers):
    """The layers of a generator with tips: dropout behind the dense layers with a ReLU (hidden)."""

    def dense(self, inputs, units, activation=None, **others):
        x = self._layers.dense(inputs, units, activation=activation, **others)
        return drop(x, self._config) if activation is tf.nn.relu else x


@contextlib.contextmanager
def _layers_of(made):
    """Inside this context, `tf.layers` of graphmode, which the sections use, is another object.

    TensorFlow itself stays as it is.
    """
    layers = tf.layers
    tf.layers = made
    try:
        yield made
    finally:
        tf.layers = layers


def discriminator(network, config, is_training=True):
    """A discriminator of the text with the switches of `config`.

    Args:
        network: function of images that calls tf.layers.
        config: has the fields of `Tips`.
        is_training: Python bool; batch statistics if true, moving averages otherwise.

    Returns:
        A function with the network's arguments and results. The variables have the names that the
        text's layers get, and batch norms the default names.
    """

    @functools.wraps(network)
    def switched(x, *args, **kwargs):
        with _layers_of(_DiscriminatorLayers(tf.layers, config, is_training, with_last=True)):
            return network(x, *args, **kwargs)

    names = ("minibatch_features", "discriminator_norm", "discriminator_activation", "pooling")
    return switched if _any_on(config, names) else network


def generator(network, config):
    """A generator of the text with the switches of `config`. Arguments as `discriminator` has."""

    @functools.wraps(network)
    def switched(z, *args, **kwargs):
        with _layers_of(_GeneratorLayers(tf.layers, config)):
            return network(z, *args, **kwargs)

    return switched if _any_on(config, ["generator_dropout"]) else network


def _any_on(config, names):
    return any(getattr(config, name) != getattr(Tips, name) for name in names)


def hidden_layers(network, config, is_training=True):
    """The hidden layers of a discriminator, for uses that need no logits.

    Args: see `discriminator`.

    Returns:
        A function of images that returns a list, the outputs of the hidden layers. The DCGAN's are
        [batch, 12, 12, 32] and [batch, 4, 4, 64], pooled ([batch, 14, 14, 32] and
        [batch, 7, 7, 64] with strided convolutions), and [batch, 1024]. The last layer is not
        built.
    """

    def hidden(x, *args, **kwargs):
        made = _DiscriminatorLayers(tf.layers, config, is_training, with_last=False)
        with _layers_of(made):
            network(x, *args, **kwargs)
        return made.hidden

    return hidden


def batch_norm(x, config, is_training=True):
    """A layer's output before the activation, normalized if --discriminator_norm says so."""
    if config.discriminator_norm == "none":
        return x
    return tf.layers.batch_normalization(inputs=x, training=is_training)


def drop(x, config):
    """A generator's layer with dropout if it is on, whether the generator trains or not."""
    if not config.generator_dropout:
        return x
    return tf.layers.dropout(x, config.generator_dropout, training=True)


def with_features(x, config):
    """[batch, size], a discriminator's layer, with the minibatch features behind it."""
    return tf.concat([x, minibatch_features(x)], 1) if config.minibatch_features else x


def minibatch_features(x, kernels=50, size=5):
    """How close each example of a batch is to the others, in `kernels` learned ways.

    Args:
        x: [batch, features], a layer's output (取得判别器某层的输出).

    Returns:
        [batch, kernels]. Entry b of example i is the sum over all examples j, also i, of
        exp(-|M_ib - M_jb|). M_i = x_i T has a row of `size` numbers for each kernel. The range is
        from 1 (no other example is near) to the batch size (all are equal).
    """
    # Matrices (将判别器的输入重塑为矩阵): [batch, features] -> [batch, kernels, size]
    rows = tf.layers.dense(x, kernels * size, use_bias=False, name="T")
    rows = tf.reshape(rows, [-1, kernels, size])
    # L1 distances (计算 L1 距离):
    # [batch, 1, kernels, size] - [1, batch, kernels, size] -> [batch, batch, kernels]
    distances = tf.reduce_sum(tf.abs(tf.expand_dims(rows, 1) - tf.expand_dims(rows, 0)), 3)
    # Sum of the exponentials (计算 L1 距离的指数和): [batch, kernels]
    return tf.reduce_sum(tf.exp(-distances), 1)


def look_ahead(loss, losses, config, scope="discriminator"):
    """The generator's loss after some gradient steps of the discriminator (Metz et al. 2017).

    Args:
        loss: the discriminator's loss now, a scalar.
        losses: function that applies the discriminator again and returns two scalars: its loss and
            the generator's.
        config: its `unrolled_steps` and `unrolled_rate` say how many steps, and how large.
        scope: variable scope of the discriminator.

    Returns:
        A scalar. Its gradient with respect to the generator's weights also passes through the
        discriminator's steps.
    """
    ahead = {v.op.name: v for v in variables.trainable(scope)}

    def getter(getter, name, *args, **kwargs):
        return ahead[name] if name in ahead else getter(name, *args, **kwargs)

    for _ in range(config.unrolled_steps):
        gradients = tf.gradients(loss, list(ahead.values()))
        ahead = {
            name: weight - config.unrolled_rate * gradient
            for (name, weight), gradient in zip(ahead.items(), gradients)
        }
        # The network reads its weights by name, and gets those after the step.
        with tf.variable_scope("", reuse=True, custom_getter=getter):
            loss, generator_loss = losses()
    return generator_loss


def diversity(real, fake):
    """How much the samples vary: 1 if as much as real images, near 0 in a mode collapse.

    Args:
        real, fake: [batch, ...] images of the same range.

    Returns:
        A scalar: the variance over the batch, summed over pixels, of `fake` divided by that of
        `real`.
    """

    def spread(images):
        flat = tf.reshape(images, [tf.shape(images)[0], -1])
        return tf.reduce_sum(tf.nn.moments(flat, [0])[1])

    return spread(fake) / (spread(real) + 1e-8)


def generator_scalars():
    """Scalars of the generator's update for the alarms, after `variables.minimize` has built it.

    Returns:
        name -> scalar. generator_gradient: see `variables.gradient_norm`. averages_gap, if the
        generator has batch norms: see `variables.averages_gap`.
    """
    scalars = {"generator_gradient": variables.gradient_norm("generator")}
    if variables.moving_averages("generator"):
        scalars["averages_gap"] = variables.averages_gap("generator")
    return scalars


GRACE = 1000  # steps without alarms: untrained networks are bad at everything
LASTS = (
    3  # rows of scalars.csv, means over --summary_freq steps, in which an alarm's condition holds
)


def _lately(rows, holds):
    recent = rows[-LASTS:]
    return rows[-1]["step"] > GRACE and len(recent) == LASTS and all(map(holds, recent))


def least_loss(label_smoothing):
    """The least loss of a discriminator in nats: the entropy of its smoothed labels."""
    probabilities = (label_smoothing, 1.0 - label_smoothing)
    return sum(-p * math.log(p) for p in probabilities if p)


def discriminator_wins(rows, least=0.0):
    """Alarm: the loss is near `least` (at first 1.39) and the generator gets no gradient.

    No gradient: its norm is below a tenth of the largest one so far.
    """
    largest = max(row["generator_gradient"] for row in rows)

    def wins(row):
        return row["discriminator_loss"] < least + 0.1 and row["generator_gradient"] < 0.1 * largest

    if _lately(rows, wins):
        return (
            "discriminator wins: its loss is near the least possible one and the generator's "
            "gradient vanishes, so it does not learn; start again with --label_smoothing 0.1, "
            "or with another --seed"
        )


def generator_collapses(rows):
    """Alarm: the samples vary less than a third as much as real images."""
    if _lately(rows, lambda row: row.get("diversity", 1.0) < 0.3):
        return (
            "generator collapses: its samples vary less than a third as much as real images; "
            "start again with another --seed, or with --minibatch_features"
        )


def averages_are_stale(rows):
    """Alarm: the batch norms' moving averages do not follow the batches."""
    if _lately(rows, lambda row: row.get("averages_gap", 0.0) > 0.5):
        return (
            "moving averages stale: they are half a standard deviation or more from the batches', "
            "so samples that use them differ from those in training; "
            "run the update ops with the training step"
        )


ALARMS = (generator_collapses, averages_are_stale)
