"""Faster computations: the same numbers and gradients, and only inside sessions.graph."""

import numpy as np
import pytest

from graphmode import kernels, sessions, slim, tf


@pytest.fixture
def fast():
    with kernels.fast():
        yield


def array(*shape):
    return tf.constant(np.random.RandomState(len(shape)).randn(*shape).astype(np.float32))


def derived(y, inputs):
    """y, its gradients, and the gradients of these."""
    gradients = tf.gradients(tf.square(y), inputs)
    return [y, *gradients, *tf.gradients([tf.square(gradient) for gradient in gradients], inputs)]


def assert_equal(value, one, other, inputs):
    results = value([derived(one, inputs), derived(other, inputs)])
    for ours, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-5 * np.abs(theirs).max())


def count(op_type):
    return sum(op.type == op_type for op in tf.get_default_graph().get_operations())


@pytest.mark.parametrize("kernel, side", [(1, 7), (2, 1), (3, 6), (4, 6), (5, 6), (5, 7)])
def test_a_transposed_convolution_to_a_gray_image(kernel, side, fast, value):
    filters, half = array(kernel, kernel, 1, 3), (side + 1) // 2
    maps = tf.placeholder_with_default(array(2, half, half, 3), [None, half, half, 3])
    shape = [tf.shape(maps)[0], side, side, 1]
    ours = tf.nn.conv2d_transpose(maps, filters, shape, 2, "SAME")
    assert ours.shape.as_list() == [None, side, side, 1] and ours.name == "conv2d_transpose:0"
    assert count("Conv2DBackpropInput") == 0
    theirs = tf.raw_ops.Conv2DBackpropInput(
        input_sizes=shape,
        filter=filters,
        out_backprop=maps,
        strides=[1, 2, 2, 1],
        padding="SAME",
    )
    assert_equal(value, ours, theirs, [filters, maps])


def test_the_gradient_by_a_gray_image(fast, value):
    image = tf.placeholder_with_default(array(2, 9, 8, 1), [None, 9, 8, 1])
    filters = array(5, 5, 1, 3)
    maps = tf.nn.conv2d(image, filters, 2, "SAME")
    tf.gradients(maps, image)
    assert count("Conv2DBackpropInput") == 0
    # TensorFlow's own computation: of two channels, the second of which meets zeros.
    two_channels = tf.concat([image, image], 3)
    padded = tf.pad(filters, [[0, 0], [0, 0], [0, 1], [0, 0]])
    theirs = tf.nn.conv2d(two_channels, padded, 2, "SAME")
    assert_equal(value, maps, theirs, [image, filters])


def test_channels_in_groups_stay_tensorflows(fast, value):
    image, filters = array(2, 8, 8, 2), array(3, 3, 1, 2)
    grouped = tf.nn.conv2d(image, filters, 2, "SAME")
    channels = [
        tf.nn.conv2d(image[..., n : n + 1], filters[..., n : n + 1], 2, "SAME") for n in (0, 1)
    ]
    pair = (grouped, tf.concat(channels, 3))
    ours, theirs = value([tf.gradients(tf.square(y), image) for y in pair])
    np.testing.assert_allclose(ours, theirs, rtol=1e-4)
    assert count("Conv2DBackpropInput") == 1


def test_a_product_and_its_gradients(fast, value):
    one, other = array(4, 3), array(3, 5)
    pairs = tf.reduce_sum(one[:, :, None] * other[None], 1)
    transposed = tf.matmul(one, tf.transpose(other), transpose_b=True)
    assert transposed.op.type == "BatchMatMulV2"
    for product in (tf.matmul(one, other), transposed):
        assert_equal(value, product, pairs, [one, other])


def by_hand(x, rate):
    return tf.nn.atrous_conv2d(x, tf.get_variable("weights", [3, 3, 2, 4]), rate, padding="SAME")


def by_slim(x, rate):
    return slim.conv2d(x, 4, 3, rate=rate, activation_fn=None, biases_initializer=None)


def by_layers(x, rate):
    return tf.layers.conv2d(x, 4, 3, padding="same", dilation_rate=rate, use_bias=False)


@pytest.mark.parametrize("convolve", [by_slim, by_layers, by_hand])
@pytest.mark.parametrize("rate", [2, 5, 16])
def test_a_dilated_convolution_is_one_whose_kernel_has_holes(convolve, rate, fast, value):
    x = array(2, 13, 10, 2)
    dilated, [weights] = convolve(x, rate), tf.trainable_variables()
    assert count("SpaceToBatchND") == 0 and count("Conv2D") == 1
    zeros = [[0, 0], [0, rate - 1], [0, 0], [0, rate - 1], [0, 0], [0, 0]]
    kernel = tf.reshape(
        tf.pad(tf.reshape(weights, [3, 1, 3, 1, 2, 4]), zeros), [3 * rate, 3 * rate, 2, 4]
    )[: 2 * rate + 1, : 2 * rate + 1]
    plain = tf.nn.conv2d(x, kernel, [1, 1, 1, 1], "SAME")
    results = value([[y, *tf.gradients(tf.square(y), [x, weights])] for y in (dilated, plain)])
    for ours, expected in zip(*results, strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-4, atol=1e-4)


def ops_of_a_program():
    """The types of the ops that a program of 2017 gets for what the kernels compute otherwise."""
    with tf.variable_scope("old", reuse=tf.AUTO_REUSE):
        tf.matmul(tf.ones([2, 3]), tf.ones([4, 3]), transpose_b=True)
        tf.nn.conv2d_transpose(
            tf.ones([1, 3, 3, 2]), np.ones([4, 4, 1, 2], np.float32), [1, 6, 6, 1], [1, 2, 2, 1]
        )
        by_hand(tf.ones([1, 8, 8, 2]), 2)
    return {op.type for op in tf.get_default_graph().get_operations()}


OWN = {"MatMul", "Conv2DBackpropInput", "SpaceToBatchND"}


def test_programs_outside_of_sessions_graph_get_tensorflows_computations(settings):
    assert OWN <= ops_of_a_program()
    with sessions.graph(settings()):
        inside = ops_of_a_program()
    assert not OWN & inside and {"BatchMatMulV2", "DepthToSpace"} <= inside
    with tf.Graph().as_default():
        after = ops_of_a_program()
    assert OWN <= after and not {"BatchMatMulV2", "DepthToSpace"} & after


def test_an_error_while_a_graph_is_built_restores_tensorflows_computations(settings):
    with pytest.raises(ZeroDivisionError), sessions.graph(settings()):
        raise ZeroDivisionError
    assert OWN <= ops_of_a_program()


@pytest.mark.parametrize("inside", [False, True])
def test_a_transposed_convolution_takes_a_numpy_filter(inside, settings, value):
    """Every pixel is the number of pairs (map, row and column of the filter) that meet it."""
    with sessions.graph(settings()) if inside else tf.Graph().as_default():
        image = value(
            tf.nn.conv2d_transpose(
                tf.ones([1, 3, 3, 2]),
                np.ones([4, 4, 1, 2], np.float32),
                [1, 6, 6, 1],
                [1, 2, 2, 1],
                "SAME",
            )
        )
    rows = np.array([1, 2, 2, 2, 2, 1])
    np.testing.assert_allclose(image[0, :, :, 0], 2 * rows[:, None] * rows)
