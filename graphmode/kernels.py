"""What TensorFlow computes slowly on processors, computed otherwise: the same sums, in another order.

1. Dilated convolutions. TensorFlow does plain ones on pieces of the picture (SpaceToBatchND), because its own kernels have no
   gradients of the other. oneDNN's have, in half the time.
2. Transposed convolutions of stride 2 to a grey picture, and the gradient by such a picture. oneDNN's take as long for one
   channel as for sixteen. A plain convolution gives the four pixels of each square of the picture, as channels, and a
   rearrangement puts them in place, in half the time.
3. Products with a transposed second matrix, which all gradients of dense layers are. As a batch of one product they take four
   fifths of the time.

What each gave: docs/performance.md. Only where oneDNN is, and no graphics card. What a program says stays as it is: the
patches are below `tf.nn`.
"""

import functools
import importlib


def install(tf):
    """Has `tf.nn`, and so slim, tf.layers and gradients, compute so from now on."""
    features = importlib.import_module("tensorflow.python.util._pywrap_util_port")
    if features.IsMklEnabled() and not tf.config.list_physical_devices("GPU"):
        _multiply_as_batch(tf, importlib.import_module("tensorflow.python.ops.gen_math_ops"))
        _dilate_directly(importlib.import_module("tensorflow.python.ops.nn_ops"))
        _transpose_to_grey(tf, importlib.import_module("tensorflow.python.ops.gen_nn_ops"))


def _dilate_directly(nn_ops):
    in_pieces = nn_ops.Convolution

    def convolution(input_shape, filter_shape, padding, strides=None, dilation_rate=None, name=None, data_format=None,
                    num_spatial_dims=None):
        if filter_shape.rank != 4 or input_shape.rank != 4 or data_format not in (None, "NHWC") or set(strides or [1]) != {1}:
            return in_pieces(input_shape, filter_shape, padding, strides, dilation_rate, name, data_format, num_spatial_dims)
        return functools.partial(nn_ops.conv2d, strides=[1, 1, 1, 1], padding=padding, dilations=[1, *dilation_rate, 1],
                                 name=name)
    nn_ops.Convolution = convolution


def _transpose_to_grey(tf, gen_nn_ops):
    plain = gen_nn_ops.conv2d_backprop_input

    @tf.RegisterGradient("TransposedToGrey")  # oneDNN's own are fast
    def gradients(op, by_picture, *unused):
        filter, maps = op.inputs[1:]
        return [None, gen_nn_ops.conv2d_backprop_filter(by_picture, filter.shape, maps, [1, 2, 2, 1], "SAME"),
                gen_nn_ops.conv2d(by_picture, filter, [1, 2, 2, 1], "SAME")]

    def conv2d_backprop_input(input_sizes, filter, out_backprop, strides, padding, use_cudnn_on_gpu=True, explicit_paddings=(),
                              data_format="NHWC", dilations=(1, 1, 1, 1), name=None):
        how = list(strides), set(dilations), tf.compat.as_text(data_format), tf.compat.as_text(padding)
        if not (how == ([1, 2, 2, 1], {1}, "NHWC", "SAME") and not tf.executing_eagerly()
                and filter.dtype.base_dtype == tf.float32 and filter.shape.is_fully_defined() and filter.shape[2] == 1
                and out_backprop.shape[1:].is_fully_defined() and _channels(tf, input_sizes) == 1):
            return plain(input_sizes, filter, out_backprop, strides, padding, use_cudnn_on_gpu, list(explicit_paddings),
                         data_format, list(dilations), name)
        with tf.name_scope(name, "conv2d_backprop_input") as scope:
            picture = in_squares(tf, filter, out_backprop, input_sizes)
            with tf.get_default_graph().gradient_override_map({"IdentityN": "TransposedToGrey"}):
                return tf.identity(tf.identity_n([picture, filter, out_backprop])[0], name=scope)
    gen_nn_ops.conv2d_backprop_input = conv2d_backprop_input


def _channels(tf, sizes):
    """Of the picture whose sizes a tensor holds, or None. A filter of one channel may serve groups of many."""
    if tf.is_tensor(sizes) and sizes.op.type == "ShapeN":  # the shapes of picture and filter, as gradients ask for them
        return sizes.op.inputs[sizes.value_index].shape.as_list()[3]
    tensor_util = importlib.import_module("tensorflow.python.framework.tensor_util")
    shape = tensor_util.constant_value_as_shape(tf.convert_to_tensor(sizes))
    return shape.as_list()[3] if shape.ndims else None


def _multiply_as_batch(tf, gen_math_ops):
    plain = gen_math_ops.mat_mul

    def mat_mul(a, b, transpose_a=False, transpose_b=False, *more, name=None, **named):
        if transpose_b and not transpose_a and b.dtype.base_dtype == tf.float32 and a.shape.ndims == b.shape.ndims == 2:
            return gen_math_ops.batch_mat_mul_v2(a, b, adj_y=True, name=name)
        return plain(a, b, transpose_a, transpose_b, *more, name=name, **named)
    gen_math_ops.mat_mul = mat_mul


def in_squares(tf, filter, maps, sizes):
    """A transposed convolution of stride 2, padding SAME, to a grey picture.

    Args:
        filter: [height, width, 1, depth], as conv2d_transpose has it.
        maps: [batch, rows, columns, depth].
        sizes: int [4], the picture's; its height and width are twice rows and columns, or 1 less.

    Returns:
        [batch, 2 * rows, 2 * columns, 1], or what `sizes` says.
    """
    height, width, _, depth = filter.shape.as_list()
    taps, across = (height + 1) // 2, (width + 1) // 2
    # Row 2 q + p of the filter takes a row of maps to row p of the square that lies q squares further down.
    filter = tf.pad(filter, [[0, 2 * taps - height], [0, 2 * across - width], [0, 0], [0, 0]])
    filter = tf.reverse(tf.reshape(filter, [taps, 2, across, 2, depth]), [0, 2])
    filter = tf.reshape(tf.transpose(filter, [0, 2, 4, 1, 3]), [taps, across, depth, 4])
    border = [[0, 0], [taps - 1, taps - 1], [across - 1, across - 1], [0, 0]]
    picture = tf.depth_to_space(tf.nn.conv2d(maps, filter, 1, border), 2)
    # What SAME pads above and to the left of the picture, which the squares have and the picture has not.
    rows, columns = maps.shape.as_list()[1:3]
    top = tf.maximum(2 * rows - 2 + height - sizes[1], 0) // 2
    left = tf.maximum(2 * columns - 2 + width - sizes[2], 0) // 2
    return tf.slice(picture, [0, top, left, 0], [-1, sizes[1], sizes[2], -1])
