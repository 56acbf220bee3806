"""Six of the project's networks, small enough for files in the repository, with fixed weights.

Runs under TensorFlow 1.15.5 on Python 3.7 and under today's TensorFlow.
"""

import contextlib
from unittest import mock

from gan_book import cae, cgan, dcgan, gan, vae
from glcic import model as glcic
from glcic.config import Config as GlcicConfig
from graphmode import tf
from pix2pix import model as pix2pix
from pix2pix.config import Config as Pix2pixConfig
from tests.referee import facts
from tests.referee.facts import Case, numbers

WIDTHS = (32, 128, 7 * 7 * 32)  # to which the chapter's networks reshape


@contextlib.contextmanager
def narrow(by):
    """While it lasts, layers have fewer units: the chapter's DCGAN has 8 million weights.

    Args:
        by: what the units of layers with more than two are divided by.
    """

    def narrowed(layer, width):
        def made(*inputs, **values):
            units = values[width]
            return layer(*inputs, **{**values, width: max(1, units // by) if units > 2 else units})

        return made

    reshape = tf.reshape

    def reshaped(tensor, shape):
        hidden = isinstance(shape, list) and shape[-1] in WIDTHS
        return reshape(tensor, [*shape[:-1], shape[-1] // by] if hidden else shape)

    with contextlib.ExitStack() as stack:
        for name, width in (
            ("dense", "units"),
            ("conv2d", "filters"),
            ("conv2d_transpose", "filters"),
        ):
            layer = narrowed(getattr(tf.layers, name), width)
            stack.enter_context(mock.patch.object(tf.layers, name, layer))
        stack.enter_context(mock.patch.object(tf, "reshape", reshaped))
        yield


def autoencoder():
    with narrow(8):
        made = cae.CAE_CNN(latent_size=2)
    loss = tf.losses.mean_squared_error(labels=made.input, predictions=made.output_flat)
    feed = {made.input: numbers("digits", 2, 784, low=0.0)}
    return Case({"latent": made.latent, "output": made.output}, loss, feed)


def variational():
    with narrow(8):
        made = vae.VAE_CNN(latent_size=2)
    feed = {made.input: numbers("digits", 2, 784, low=0.0)}
    return Case({"mean": made.mean, "stddev": made.stddev, "output": made.output}, feed=feed)


def _adversarial(discriminator, generator):
    x = tf.placeholder(tf.float32, [None, 784], name="IMAGE_IN")
    z = tf.placeholder(tf.float32, [None, 8], name="NOISE_IN")
    with narrow(64):
        sample = generator(z)
        with tf.variable_scope("") as scope:
            real = discriminator(x)
            scope.reuse_variables()
            fake = discriminator(sample)
    losses = gan.gan_loss(real, fake)
    feed = {x: numbers("digits", 4, 784), z: numbers("z", 4, 8)}
    return Case({"sample": sample, "real": real, "fake": fake}, losses[0] + losses[1], feed)


def convolutional():
    return _adversarial(dcgan.discriminator, dcgan.generator)


def generator():
    """The DCGAN's generator alone, for sampling: its input and its output."""
    z = tf.placeholder(tf.float32, [None, 8], name="NOISE_IN")
    with narrow(64):
        return z, tf.identity(dcgan.generator(z, is_training=False), name="SAMPLE_OUT")


def conditional():
    labels = tf.constant([0, 3, 6, 9])
    return _adversarial(
        lambda x: dcgan.discriminator(cgan.with_planes(x, labels)),
        lambda z: dcgan.generator(cgan.labelled(z, labels), is_training=False),
    )


def completion():
    config = GlcicConfig.create(preset="small", size=32, width=2, hole_min=8, hole_max=16)
    x = tf.placeholder(tf.float32, [2, 32, 32, 3], name="IMAGE_IN")
    hole = tf.placeholder(tf.float32, [2, 32, 32, 1], name="MASK_IN")
    holed, imitation, completed = glcic.complete(x, hole, config, is_training=False)
    real = glcic.discriminate(x, tf.constant([[0, 0], [9, 5]]), config)
    mask = (numbers("mask", 2, 32, 32, 1) > 0.5).astype("float32")
    outputs = {"holed": holed, "imitation": imitation, "completion": completed, "real": real}
    return Case(outputs, feed={x: numbers("images", 2, 32, 32, 3), hole: mask})


def translation():
    config = Pix2pixConfig.create(preset="small", crop_size=32, scale_size=32, ngf=2, ndf=2)
    x = tf.placeholder(tf.float32, [1, 32, 32, 3], name="INPUT_IN")
    output = pix2pix.translate(x, config)
    with tf.variable_scope("discriminator"):
        patches = pix2pix.discriminate(x, output, config)
    return Case({"output": output, "patches": patches}, feed={x: numbers("x", 1, 32, 32, 3)})


def _with_fixed_noise(build):
    def made():
        with facts.fixed_noise():
            return build()

    return made


NETWORKS = {
    "cae": _with_fixed_noise(autoencoder),
    "vae": _with_fixed_noise(variational),
    "dcgan": _with_fixed_noise(convolutional),
    "cgan": _with_fixed_noise(conditional),
    "glcic": _with_fixed_noise(completion),
    "pix2pix": _with_fixed_noise(translation),
}


def training(loss):
    """A step of Adam, with the update ops."""
    optimizer = tf.train.AdamOptimizer(0.001, 0.5)
    gate = tf.train.Optimizer.GATE_GRAPH
    pairs = optimizer.compute_gradients(loss, gate_gradients=gate)
    before = [gradient for gradient, _ in pairs]
    with tf.control_dependencies(before + tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        return optimizer.apply_gradients(pairs)


def value(name, shape):
    """The value of a variable: it depends on nothing but its name and shape."""
    last = name.split("/")[-1]
    small = 0.1 * numbers(name, *shape)
    if last in ("gamma", "scale", "moving_variance"):
        return 1 + small
    if last.endswith("_power"):  # of Adam's betas
        return 0.5 + small
    return abs(small) if last.startswith("Adam") else small


def fill(session):
    """Gives every variable its `value`."""
    for variable in tf.global_variables():
        variable.load(value(variable.op.name, variable.shape.as_list()), session)
