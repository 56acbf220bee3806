"""Faster CPU computations for this project's own graphs: the same sums in another order.

`sessions.graph` switches them on with `fast` while a graph is built. They are never switched on by
an import, so programs that use `graphmode.tf` for themselves get TensorFlow's own computations.

1. Dilated convolutions. TensorFlow cuts the image into pieces (SpaceToBatchND) and uses plain
   convolutions, because its own kernels for dilated ones have no gradients. oneDNN's kernels have
   gradients.
2. Transposed convolutions of stride 2 to an image of one channel, and their gradients. oneDNN takes
   as long for one channel as for sixteen. So the image is divided into squares of 2 x 2 pixels. A
   plain convolution computes the four pixels of a square as four channels. Then depth_to_space
   moves them to their places.
3. Products with a transposed second matrix, as in the gradients of dense layers. They are faster
   as a batch of one product.

docs/performance.md says how much time each of them saves. They are used with oneDNN and without a
GPU.
"""

import contextlib
import functools
import importlib

from graphmode import tf


@contextlib.contextmanager
def fast():
    """In this context `tf.nn`, `tf.layers`, slim and gradients add the faster ops to graphs."""
    features = importlib.import_module("tensorflow.python.util._pywrap_util_port")
    if not features.IsMklEnabled() or tf.config.list_physical_devices("GPU"):
        yield
        return
    nn_ops, gen_nn_ops, gen_math_ops = (
        importlib.import_module(f"tensorflow.python.ops.{name}")
        for name in ("nn_ops", "gen_nn_ops", "gen_math_ops")
    )
    own = {
        (nn_ops, "Convolution"): dilated(nn_ops),
        (gen_nn_ops, "conv2d_backprop_input"): transposed(gen_nn_ops),
        (gen_math_ops, "mat_mul"): product(gen_math_ops),
    }
    plain = {place: getattr(*place) for place in own}
    try:
        for (module, name), function in own.items():
            setattr(module, name, function)
        yield
    finally:
        for (module, name), function in plain.items():
            setattr(module, name, function)


def dilated(nn_ops):
    """nn_ops.Convolution, with one op for a dilated convolution of [batch, height, width, c]."""
    plain = nn_ops.Convolution

    def convolution(
        input_shape,
        filter_shape,
        padding,
        strides=None,
        dilation_rate=None,
        name=None,
        data_format=None,
        num_spatial_dims=None,
    ):
        images = filter_shape.rank == 4 and input_shape.rank == 4
        if not images or data_format not in (None, "NHWC") or set(strides or [1]) != {1}:
            return plain(
                input_shape,
                filter_shape,
                padding,
                strides,
                dilation_rate,
                name,
                data_format,
                num_spatial_dims,
            )
        dilations = [1, *dilation_rate, 1]
        return functools.partial(
            nn_ops.conv2d, strides=[1, 1, 1, 1], padding=padding, dilations=dilations, name=name
        )

    return convolution


def transposed(gen_nn_ops):
    """gen_nn_ops.conv2d_backprop_input, with another computation for images of one channel."""
    plain = gen_nn_ops.conv2d_backprop_input
    _register_gradient(gen_nn_ops)

    def conv2d_backprop_input(
        input_sizes,
        filter,
        out_backprop,
        strides,
        padding,
        use_cudnn_on_gpu=True,
        explicit_paddings=(),
        data_format="NHWC",
        dilations=(1, 1, 1, 1),
        name=None,
    ):
        filter, out_backprop = tf.convert_to_tensor(filter), tf.convert_to_tensor(out_backprop)
        usual = (
            list(strides) == [1, 2, 2, 1]
            and set(dilations) == {1}
            # Gradients give these two as bytes.
            and (tf.compat.as_text(data_format), tf.compat.as_text(padding)) == ("NHWC", "SAME")
        )
        if not (usual and _one_channel(filter, out_backprop, input_sizes)):
            return plain(
                input_sizes,
                filter,
                out_backprop,
                strides,
                padding,
                use_cudnn_on_gpu,
                list(explicit_paddings),
                data_format,
                list(dilations),
                name,
            )
        with tf.name_scope(name, "conv2d_backprop_input") as scope:
            image = in_squares(filter, out_backprop, input_sizes)
            override = {"IdentityN": "TransposedToGrey"}
            with tf.get_default_graph().gradient_override_map(override):
                return tf.identity(tf.identity_n([image, filter, out_backprop])[0], name=scope)

    return conv2d_backprop_input


@functools.lru_cache(maxsize=None)
def _register_gradient(gen_nn_ops):
    """Registers oneDNN's own gradients, which are fast. Saved graphs contain the name."""

    @tf.RegisterGradient("TransposedToGrey")
    def gradients(op, by_image, *unused):
        filter, maps = op.inputs[1:]
        strides = [1, 2, 2, 1]
        return [
            None,
            gen_nn_ops.conv2d_backprop_filter(by_image, filter.shape, maps, strides, "SAME"),
            gen_nn_ops.conv2d(by_image, filter, strides, "SAME"),
        ]


def _one_channel(filter, maps, sizes):
    """Whether known float32 shapes say that the image has one channel."""
    return (
        not tf.executing_eagerly()
        and filter.dtype.base_dtype == tf.float32
        and filter.shape.is_fully_defined()
        and filter.shape[2] == 1
        and maps.shape[1:].is_fully_defined()
        and _channels(sizes) == 1
    )


def _channels(sizes):
    """The number of channels in a tensor of image sizes, or None if it is not known.

    The filter does not have this number: in a grouped convolution it has fewer channels.
    """
    if tf.is_tensor(sizes) and sizes.op.type == "ShapeN":
        # Gradients ask for the shapes of image and filter at once.
        return sizes.op.inputs[sizes.value_index].shape.as_list()[3]
    tensor_util = importlib.import_module("tensorflow.python.framework.tensor_util")
    shape = tensor_util.constant_value_as_shape(tf.convert_to_tensor(sizes))
    return shape.as_list()[3] if shape.ndims else None


def in_squares(filter, maps, sizes):
    """Computes a transposed convolution of stride 2, padding SAME, to an image of one channel.

    Args:
        filter: [height, width, 1, depth], as in conv2d_transpose.
        maps: [batch, rows, columns, depth].
        sizes: int [4], the shape of the image: [batch, image height, image width, 1]. The image
            height is 2 * rows or 2 * rows - 1, the image width 2 * columns or 2 * columns - 1.

    Returns:
        The image, a tensor of the shape `sizes`.
    """
    height, width, _, depth = filter.shape.as_list()
    down, right = (height + 1) // 2, (width + 1) // 2
    # Row 2 q + p of the filter adds row i of maps to row p of the squares in line i + q.
    odd = [[0, 2 * down - height], [0, 2 * right - width], [0, 0], [0, 0]]
    filter = tf.reshape(tf.pad(filter, odd), [down, 2, right, 2, depth])
    filter = tf.transpose(tf.reverse(filter, [0, 2]), [0, 2, 4, 1, 3])
    filter = tf.reshape(filter, [down, right, depth, 4])
    border = [[0, 0], [down - 1, down - 1], [right - 1, right - 1], [0, 0]]
    image = tf.depth_to_space(tf.nn.conv2d(maps, filter, 1, border), 2)
    # The squares also contain the pixels that SAME pads above and to the left. Cut them off.
    rows, columns = maps.shape.as_list()[1:3]
    top = tf.maximum(2 * rows - 2 + height - sizes[1], 0) // 2
    left = tf.maximum(2 * columns - 2 + width - sizes[2], 0) // 2
    return tf.slice(image, [0, top, left, 0], [-1, sizes[1], sizes[2], -1])


def product(gen_math_ops):
    """gen_math_ops.mat_mul, but a batch of one product if the second matrix is transposed."""
    plain = gen_math_ops.mat_mul

    def mat_mul(a, b, transpose_a=False, transpose_b=False, *more, name=None, **named):
        a, b = tf.convert_to_tensor(a), tf.convert_to_tensor(b)
        matrices = a.shape.ndims == b.shape.ndims == 2 and b.dtype.base_dtype == tf.float32
        if transpose_b and not transpose_a and matrices:
            return gen_math_ops.batch_mat_mul_v2(a, b, adj_y=True, name=name)
        return plain(a, b, transpose_a, transpose_b, *more, name=name, **named)

    return mat_mul
