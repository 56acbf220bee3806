"""生成器 Generator and 判别器 Discriminator of the notes, layer by layer (P331, P400).

The functions are those of the program that the notes read, with its names, tables and comments.
They take the program's flags `ngf` and `ndf` as arguments. `conv`, `deconv` and `batchnorm` are the
notes' own, too, unless a network is built in the context `variant`: then they are those of the
program's later versions or of this project.

The notes call the skip connections residual ones (残差网络). Here, as in the program, layers are
concatenated and nothing is added: a U-Net.

Reference: Isola, Zhu, Zhou and Efros 2017, "Image-to-Image Translation with Conditional Adversarial
Networks", and the authors' list of errors in it.
"""

import contextlib
import contextvars
from typing import Any, NamedTuple, Optional, Tuple

from graphmode import tf

DEEPEST = 8  # encoder layers; each halves height and width


class Layers(NamedTuple):
    """The kinds of layers that a network is built with."""

    conv: str = "nn"  # see `conv`
    norm: str = "batch"  # see `batchnorm`
    norm_on_1x1: bool = True  # whether maps of 1 x 1 pixels are normalized
    # For images of other sizes than those of the training (`pix2pix.whole`):
    size: Optional[Tuple[int, int]] = None  # (height, width) in the training; None: of the images
    moments: Any = None  # function of a layer: its (mean, variance); None: tf.nn.moments


NOTES = Layers()  # those of the notes
_layers = contextvars.ContextVar("layers", default=NOTES)


@contextlib.contextmanager
def variant(layers):
    """Networks that are built within this context have these `Layers`."""
    token = _layers.set(layers)
    try:
        yield
    finally:
        _layers.reset(token)


def lrelu(x, a):
    """P351 激活函数 Leaky ReLU: max(x, 0) + a * min(x, 0), as the program writes it."""
    with tf.name_scope("lrelu"):
        # adding these together creates the leak part and linear part
        # then cancels them out by subtracting/adding an absolute value term
        # leak: a*x/2 - a*abs(x)/2
        # linear: x/2 + abs(x)/2
        x = tf.identity(x)
        return (0.5 * (1 + a)) * x + (0.5 * (1 - a)) * tf.abs(x)


def batchnorm(inputs, point=False):
    """P126, P345 批量标准化 Normalizes by the moments of the batch, then scales and shifts.

    There are no moving averages: translation uses the moments of its own image, too.

    `Layers.norm` "instance" normalizes each image by itself, "none" nothing. A map of 1 x 1 pixels
    has one value per channel if the batch is one. Its result is the offset, whatever the input:
    see `Layers.norm_on_1x1`.

    Args:
        inputs: [batch, height, width, channels].
        point: whether the map had 1 x 1 pixels in the training, if it has other sizes now.
    """
    layers = _layers.get()
    point = point or inputs.shape.as_list()[1:3] == [1, 1]
    if layers.norm == "none" or (point and not layers.norm_on_1x1):
        return inputs
    each_image = layers.norm == "instance"
    with tf.variable_scope("batchnorm"):
        inputs = tf.identity(inputs)
        channels = inputs.shape[3]
        offset = tf.get_variable(
            "offset", [channels], tf.float32, initializer=tf.zeros_initializer()
        )
        scale = tf.get_variable(
            "scale", [channels], tf.float32, initializer=tf.random_normal_initializer(1.0, 0.02)
        )
        if layers.moments:
            mean, variance = layers.moments(inputs)
        else:
            mean, variance = tf.nn.moments(
                inputs, axes=[1, 2] if each_image else [0, 1, 2], keep_dims=each_image
            )
        return tf.nn.batch_normalization(
            inputs, mean, variance, offset, scale, variance_epsilon=1e-5
        )


def conv(batch_input, out_channels, stride):
    """P96, P100 A 4 x 4 convolution after one pixel of zeros at each border.

    `Layers.conv` "nn" is the notes' convolution, without biases; "layers" that of tf.layers, with
    biases; "separable" that of the generator in the program's later version.

    Args:
        batch_input: [batch, in_height, in_width, in_channels].

    Returns:
        [batch, out_height, out_width, out_channels]: half the size with a stride of 2, one pixel
        smaller with a stride of 1.
    """
    kind = _layers.get().conv
    if kind == "separable":
        return _separable_conv(batch_input, out_channels, stride)
    padded_input = tf.pad(batch_input, [[0, 0], [1, 1], [1, 1], [0, 0]], mode="CONSTANT")
    if kind == "layers":
        return tf.layers.conv2d(
            padded_input, out_channels, 4, stride, "valid", kernel_initializer=_initializer()
        )
    with tf.variable_scope("conv"):
        in_channels = batch_input.shape[3]
        filter = tf.get_variable(
            "filter",
            [4, 4, in_channels, out_channels],
            dtype=tf.float32,
            initializer=tf.random_normal_initializer(0, 0.02),
        )
        # [batch, in_height, in_width, in_channels],
        # [filter_height, filter_width, in_channels, out_channels]
        #     => [batch, out_height, out_width, out_channels]
        return tf.nn.conv2d(padded_input, filter, [1, stride, stride, 1], padding="VALID")


def deconv(batch_input, out_channels):
    """P134 反卷积 A 4 x 4 transposed convolution with a stride of 2.

    The kinds are those of `conv`. "separable" repeats each pixel and then convolves.

    Args:
        batch_input: [batch, in_height, in_width, in_channels]; the batch size may be unknown.

    Returns:
        [batch, 2 * in_height, 2 * in_width, out_channels].
    """
    batch, in_height, in_width, in_channels = [
        tf.shape(batch_input)[axis] if size is None else size
        for axis, size in enumerate(batch_input.shape.as_list())
    ]
    kind = _layers.get().conv
    if kind == "separable":
        nearest = tf.image.ResizeMethod.NEAREST_NEIGHBOR
        resized = tf.image.resize_images(batch_input, [in_height * 2, in_width * 2], method=nearest)
        return _separable_conv(resized, out_channels, 1)
    if kind == "layers":
        return tf.layers.conv2d_transpose(
            batch_input, out_channels, 4, 2, "same", kernel_initializer=_initializer()
        )
    with tf.variable_scope("deconv"):
        filter = tf.get_variable(
            "filter",
            [4, 4, out_channels, in_channels],
            dtype=tf.float32,
            initializer=tf.random_normal_initializer(0, 0.02),
        )
        # [batch, in_height, in_width, in_channels],
        # [filter_height, filter_width, out_channels, in_channels]
        #     => [batch, out_height, out_width, out_channels]
        return tf.nn.conv2d_transpose(
            batch_input,
            filter,
            [batch, in_height * 2, in_width * 2, out_channels],
            [1, 2, 2, 1],
            padding="SAME",
        )


def _initializer():
    return tf.random_normal_initializer(0, 0.02)


def _separable_conv(batch_input, out_channels, stride):
    return tf.layers.separable_conv2d(
        batch_input,
        out_channels,
        4,
        stride,
        "same",
        depthwise_initializer=_initializer(),
        pointwise_initializer=_initializer(),
    )


def depth(height, width):
    """The number of encoder layers: how often both sides can be halved, at most `DEEPEST`."""
    halvings = 0
    while halvings < DEEPEST and height % 2 ** (halvings + 1) == width % 2 ** (halvings + 1) == 0:
        halvings += 1
    return halvings


def shallower(layer_specs, layers):
    """The specs of a decoder with fewer layers: [(out_channels, dropout), ...].

    The deepest channels are left out. Dropout stays in the three layers that come first.
    """
    channels = [out_channels for out_channels, _ in layer_specs[len(layer_specs) - layers :]]
    dropouts = [dropout for _, dropout in layer_specs[:layers]]
    return list(zip(channels, dropouts))


def create_generator(generator_inputs, generator_outputs_channels, ngf=64):
    """P331 生成器 Translates images: an encoder, and a decoder that also sees the encoder's layers.

    Args:
        generator_inputs: [batch, height, width, in_channels] in [-1, 1]. The batch size may be
            unknown.
        generator_outputs_channels: 3 for RGB, 1 for L, 2 for a and b.
        ngf: number of filters of encoder_1.

    Returns:
        [batch, height, width, generator_outputs_channels] in [-1, 1]. Each run gives other values:
        dropout, the generator's noise, is never switched off.

    Raises:
        ValueError: height or width is unknown or not a multiple of 4.
    """
    layers = encoder(generator_inputs, ngf)
    return decoder(layers, generator_outputs_channels, ngf)


def encoder(generator_inputs, ngf):
    """(1). 编码器 The list of its layers: eight, or fewer if the image has less than 256 pixels."""
    height, width = _layers.get().size or generator_inputs.shape.as_list()[1:3]
    if not height or not width or depth(height, width) < 2:
        raise ValueError(f"height and width must be multiples of 4, not {height} x {width}")
    layers = []

    # encoder_1: [batch, 256, 256, in_channels] => [batch, 128, 128, ngf]
    with tf.variable_scope("encoder_1"):
        output = conv(generator_inputs, ngf, stride=2)
        layers.append(output)

    layer_specs = [
        ngf * 2,  # encoder_2: [batch, 128, 128, ngf] => [batch, 64, 64, ngf * 2]
        ngf * 4,  # encoder_3: [batch, 64, 64, ngf * 2] => [batch, 32, 32, ngf * 4]
        ngf * 8,  # encoder_4: [batch, 32, 32, ngf * 4] => [batch, 16, 16, ngf * 8]
        ngf * 8,  # encoder_5: [batch, 16, 16, ngf * 8] => [batch, 8, 8, ngf * 8]
        ngf * 8,  # encoder_6: [batch, 8, 8, ngf * 8] => [batch, 4, 4, ngf * 8]
        ngf * 8,  # encoder_7: [batch, 4, 4, ngf * 8] => [batch, 2, 2, ngf * 8]
        ngf * 8,  # encoder_8: [batch, 2, 2, ngf * 8] => [batch, 1, 1, ngf * 8]
    ]

    for out_channels in layer_specs[: depth(height, width) - 1]:
        with tf.variable_scope(f"encoder_{len(layers) + 1}"):
            rectified = lrelu(layers[-1], 0.2)
            # [batch, in_height, in_width, in_channels]
            #     => [batch, in_height / 2, in_width / 2, out_channels]
            convolved = conv(rectified, out_channels, stride=2)
            deepest = 2 ** (len(layers) + 1)
            output = batchnorm(convolved, point=(height, width) == (deepest, deepest))
            layers.append(output)

    return layers


def decoder(layers, generator_outputs_channels, ngf):
    """(2). 解码器 The generator's output. `layers` are the encoder's; the decoder has as many.

    The second half of a layer's channels (`* 2`) comes from the encoder's layer of the same size.
    """
    # Channels, and the fraction of units that dropout sets to 0
    layer_specs = [
        (ngf * 8, 0.5),  # decoder_8: [batch, 1, 1, ngf * 8] => [batch, 2, 2, ngf * 8 * 2]
        (ngf * 8, 0.5),  # decoder_7: [batch, 2, 2, ngf * 8 * 2] => [batch, 4, 4, ngf * 8 * 2]
        (ngf * 8, 0.5),  # decoder_6: [batch, 4, 4, ngf * 8 * 2] => [batch, 8, 8, ngf * 8 * 2]
        (ngf * 8, 0.0),  # decoder_5: [batch, 8, 8, ngf * 8 * 2] => [batch, 16, 16, ngf * 8 * 2]
        (ngf * 4, 0.0),  # decoder_4: [batch, 16, 16, ngf * 8 * 2] => [batch, 32, 32, ngf * 4 * 2]
        (ngf * 2, 0.0),  # decoder_3: [batch, 32, 32, ngf * 4 * 2] => [batch, 64, 64, ngf * 2 * 2]
        (ngf, 0.0),  # decoder_2: [batch, 64, 64, ngf * 2 * 2] => [batch, 128, 128, ngf * 2]
    ]

    num_encoder_layers = len(layers)
    layer_specs = shallower(layer_specs, num_encoder_layers - 1)
    for decoder_layer, (out_channels, dropout) in enumerate(layer_specs):
        skip_layer = num_encoder_layers - decoder_layer - 1  # P369
        with tf.variable_scope(f"decoder_{skip_layer + 1}"):
            if decoder_layer == 0:
                # first decoder layer doesn't have skip connections
                # since it is directly connected to the skip_layer
                input = layers[-1]
            else:
                input = tf.concat([layers[-1], layers[skip_layer]], axis=3)

            rectified = tf.nn.relu(input)
            # [batch, in_height, in_width, in_channels]
            #     => [batch, in_height * 2, in_width * 2, out_channels]
            output = deconv(rectified, out_channels)
            output = batchnorm(output)

            if dropout > 0.0:
                output = tf.nn.dropout(output, keep_prob=1 - dropout)

            layers.append(output)

    # decoder_1: [batch, 128, 128, ngf * 2] => [batch, 256, 256, generator_outputs_channels]
    with tf.variable_scope("decoder_1"):
        input = tf.concat([layers[-1], layers[0]], axis=3)
        rectified = tf.nn.relu(input)
        output = deconv(rectified, generator_outputs_channels)
        output = tf.tanh(output)
        layers.append(output)

    return layers[-1]


def create_discriminator(discrim_inputs, discrim_targets, ndf=64):
    """P400 判别器 The probability that a pair is real, for each patch of 70 x 70 pixels.

    Args:
        discrim_inputs, discrim_targets: [batch, height, width, channels] in [-1, 1]; height and
            width are at least 32.
        ndf: number of filters of layer_1.

    Returns:
        [batch, height / 8 - 2, width / 8 - 2, 1] probabilities.
    """
    n_layers = 3
    layers = []

    # 2x [batch, height, width, in_channels] => [batch, height, width, in_channels * 2]
    input = tf.concat([discrim_inputs, discrim_targets], axis=3)

    # layer_1: [batch, 256, 256, in_channels * 2] => [batch, 128, 128, ndf]
    with tf.variable_scope("layer_1"):
        convolved = conv(input, ndf, stride=2)
        rectified = lrelu(convolved, 0.2)
        layers.append(rectified)

    # layer_2: [batch, 128, 128, ndf] => [batch, 64, 64, ndf * 2]
    # layer_3: [batch, 64, 64, ndf * 2] => [batch, 32, 32, ndf * 4]
    # layer_4: [batch, 32, 32, ndf * 4] => [batch, 31, 31, ndf * 8]
    for i in range(n_layers):
        with tf.variable_scope(f"layer_{len(layers) + 1}"):
            out_channels = ndf * min(2 ** (i + 1), 8)
            stride = 1 if i == n_layers - 1 else 2  # last layer here has stride 1
            convolved = conv(layers[-1], out_channels, stride=stride)
            normalized = batchnorm(convolved)
            rectified = lrelu(normalized, 0.2)
            layers.append(rectified)

    # layer_5: [batch, 31, 31, ndf * 8] => [batch, 30, 30, 1]
    with tf.variable_scope(f"layer_{len(layers) + 1}"):
        convolved = conv(rectified, out_channels=1, stride=1)
        output = tf.sigmoid(convolved)
        layers.append(output)

    return layers[-1]
