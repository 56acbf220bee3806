"""The chapter's networks for other sizes: the layers of the text, and one more per doubling."""

import functools

import pytest
from conftest import shapes
from layer_table import layer_table

from gan_book import cae, dcgan, inputs, sizes, vae
from graphmode import tf
from graphmode.errors import InputError


def built(network, *arguments):
    """The variables and the layers of a network."""
    with tf.Graph().as_default():
        network(*(tf.zeros(a) if isinstance(a, list) else a for a in arguments))
        return shapes(), layer_table("")


@pytest.mark.parametrize(
    "text, ours, arguments",
    [
        (dcgan.discriminator, functools.partial(sizes.discriminator, size=28), [[2, 784]]),
        (dcgan.discriminator, functools.partial(sizes.discriminator, size=28), [[2, 11 * 784]]),
        (dcgan.generator, lambda z: sizes.generator(z, 28, 1), [[2, 100]]),
        (cae.CAE_CNN, lambda *_: sizes.CAE(inputs.TEXT, 20), []),
        (vae.VAE_CNN, lambda *_: sizes.VAE(inputs.TEXT, 20), []),
    ],
)
def test_for_28_pixels_the_layers_are_the_texts(text, ours, arguments):
    """Names, shapes and order of the variables, and the layers."""
    assert built(text, *arguments) == built(ours, *arguments)


@pytest.mark.parametrize("size, filters", [(16, [32, 64]), (64, [32, 64, 128])])
def test_a_doubling_adds_a_layer_with_stride_2(size, filters):
    made, _ = built(functools.partial(sizes.discriminator, size=size), [2, 3 * size**2])
    kernels = [shape for shape in made.values() if len(shape) == 4]
    assert [shape[3] for shape in kernels] == filters and kernels[0][2] == 3
    made, _ = built(lambda z: sizes.generator(z, size, 3), [2, 100])
    kernels = [shape for shape in made.values() if len(shape) == 4]
    # [height, width, filters, inputs] of transposed convolutions
    assert [shape[2] for shape in kernels] == [*filters[:0:-1], 3]
    for network in (sizes.CAE, sizes.VAE):
        with tf.Graph().as_default():
            network((size, size, 3), 7)
            widths = [shape[3] for shape in shapes().values() if len(shape) == 4]
            assert widths[: len(filters)] == [n // 2 for n in filters]


@pytest.mark.parametrize("size", [16, 20, 28, 32, 64, 96, 128])
def test_images_of_every_size(size):
    assert inputs.levels(size)[1] in range(4, 9)
    inputs.check_size(size)
    with tf.Graph().as_default():
        assert sizes.images_of(tf.zeros([2, 5]), (size, size, 3)).shape == (2, size, size, 3)


@pytest.mark.parametrize("size", [12, 30, 36, 72])
def test_sizes_that_are_no_multiple(size):
    with pytest.raises(InputError, match=f"--size {size}: use 16 to 128 pixels"):
        inputs.check_size(size)
