"""What is computed otherwise than TensorFlow does: the same numbers, and the same gradients, twice."""

import numpy as np
import pytest

from graphmode import slim, tf


def array(*shape):
    return tf.constant(np.random.RandomState(len(shape)).randn(*shape).astype(np.float32))


def derived(y, inputs):
    """y, its gradients, and theirs."""
    gradients = tf.gradients(tf.square(y), inputs)
    return [y, *gradients, *tf.gradients([tf.square(gradient) for gradient in gradients], inputs)]


def assert_equal(value, one, other, inputs):
    for ours, theirs in zip(*value([derived(one, inputs), derived(other, inputs)])):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-5 * np.abs(theirs).max())


@pytest.mark.parametrize("kernel, side", [(1, 7), (2, 1), (3, 6), (4, 6), (5, 6), (5, 7)])
def test_a_transposed_convolution_to_a_grey_picture(kernel, side, value):
    filters, maps = array(kernel, kernel, 1, 3), tf.placeholder_with_default(array(2, (side + 1) // 2, (side + 1) // 2, 3),
                                                                             [None] + 2 * [(side + 1) // 2] + [3])
    shape = [tf.shape(maps)[0], side, side, 1]
    ours = tf.nn.conv2d_transpose(maps, filters, shape, 2, "SAME")
    assert ours.shape.as_list() == [None, side, side, 1] and ours.name == "conv2d_transpose:0"
    assert_equal(value, ours, tf.raw_ops.Conv2DBackpropInput(
        input_sizes=shape, filter=filters, out_backprop=maps, strides=[1, 2, 2, 1], padding="SAME"), [filters, maps])


def plain_gradients():
    """How many of the graph's gradients by a convolution's input are TensorFlow's own."""
    return sum(op.type == "Conv2DBackpropInput" for op in tf.get_default_graph().get_operations())


def test_the_gradient_by_a_grey_picture(value):
    picture, filters = tf.placeholder_with_default(array(2, 9, 8, 1), [None, 9, 8, 1]), array(5, 5, 1, 3)
    drawn = tf.nn.conv2d(picture, filters, 2, "SAME")
    tf.gradients(drawn, picture)
    assert plain_gradients() == 0
    # For TensorFlow two channels, of which the second meets no filter.
    wide, apart = tf.concat([picture, picture], 3), tf.pad(filters, [[0, 0], [0, 0], [0, 1], [0, 0]])
    assert_equal(value, drawn, tf.nn.conv2d(wide, apart, 2, "SAME"), [picture, filters])


def test_channels_in_groups_stay_tensorflows(value):
    picture, filters = array(2, 8, 8, 2), array(3, 3, 1, 2)
    grouped = tf.nn.conv2d(picture, filters, 2, "SAME")
    one_by_one = [tf.nn.conv2d(picture[..., n:n + 1], filters[..., n:n + 1], 2, "SAME") for n in (0, 1)]
    ours, theirs = value([tf.gradients(tf.square(y), picture) for y in (grouped, tf.concat(one_by_one, 3))])
    np.testing.assert_allclose(ours, theirs, rtol=1e-4)
    assert plain_gradients() == 1


def test_a_product_and_its_gradients(value):
    one, other = array(4, 3), array(3, 5)
    pairs = tf.reduce_sum(one[:, :, None] * other[None], 1)
    for product in tf.matmul(one, other), tf.matmul(one, tf.transpose(other), transpose_b=True):
        assert_equal(value, product, pairs, [one, other])


@pytest.mark.parametrize("convolve", [
    lambda x, rate: slim.conv2d(x, 4, 3, rate=rate, activation_fn=None, biases_initializer=None),
    lambda x, rate: tf.layers.conv2d(x, 4, 3, padding="same", dilation_rate=rate, use_bias=False),
    lambda x, rate: tf.nn.atrous_conv2d(x, tf.get_variable("weights", [3, 3, 2, 4]), rate, padding="SAME")])
@pytest.mark.parametrize("rate", [2, 5, 16])
def test_a_dilated_convolution_is_one_whose_kernel_has_holes(convolve, rate, value):
    x = array(2, 13, 10, 2)
    dilated, [weights] = convolve(x, rate), tf.trainable_variables()
    apart = tf.pad(tf.reshape(weights, [3, 1, 3, 1, 2, 4]), [[0, 0], [0, rate - 1], [0, 0], [0, rate - 1], [0, 0], [0, 0]])
    kernel = tf.reshape(apart, [3 * rate, 3 * rate, 2, 4])[:2 * rate + 1, :2 * rate + 1]
    found, expected = value([[y, *tf.gradients(tf.square(y), [x, weights])] for y in (
        dilated, tf.nn.conv2d(x, kernel, [1, 1, 1, 1], "SAME"))])
    for one, other in zip(found, expected):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)
