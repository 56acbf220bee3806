"""The generator and the discriminator of the notes, layer by layer, with the names of the program that they read.

Reference: Isola, Zhu, Zhou, Efros, "Image-to-Image Translation with Conditional Adversarial Networks", CVPR 2017, and the
authors' list of errors in it. Filters are 4x4; no convolution has biases with `--conv tf_nn`, the notes' way.

Deviations from the notes, undone by `--as_published` (docs/errata.md):
- The deepest layer's batch norm sees one value per channel where the batch is 1 and the map 1x1, and gives its offset
  whatever comes in: the layers below it never learn. Here there is no norm on a 1x1 map.

The notes call the skips residual ones; they are concatenated (a U-Net), as in the program.
"""

from typing import NamedTuple

from graphmode import tf

DEEPEST = 8  # layers of the encoder, each of which halves height and width
LAYERS = 3  # of the discriminator, between the first and the last
DROPOUT = 0.5  # in the three deepest layers of the decoder, in training and translation: the generator's noise


class Layers(NamedTuple):
    """What --conv, --norm and --as_published choose."""
    conv: str = "tf_nn"  # layers: tf.layers' own (with biases); separable: the generator's after the program's later version
    norm: str = "batch"  # or instance, none
    bottleneck_norm: bool = False  # also where a map is 1x1


def lrelu(x, a):
    """Leaky ReLU of slope a, as the program writes it: (1 + a) / 2 * x + (1 - a) / 2 * |x|."""
    with tf.name_scope("lrelu"):
        x = tf.identity(x)
        return (0.5 * (1 + a)) * x + (0.5 * (1 - a)) * tf.abs(x)


def batchnorm(inputs, axes=(0, 1, 2)):
    """Normalises [batch, height, width, channels] by its own moments over `axes`, then scales and shifts each channel.

    There are no moving averages: translation uses the moments of the picture at hand, too.
    """
    with tf.variable_scope("batchnorm"):
        inputs = tf.identity(inputs)
        channels = inputs.shape[3]
        offset = tf.get_variable("offset", [channels], tf.float32, initializer=tf.zeros_initializer())
        scale = tf.get_variable("scale", [channels], tf.float32, initializer=tf.random_normal_initializer(1.0, 0.02))
        mean, variance = tf.nn.moments(inputs, axes=list(axes), keep_dims=axes != (0, 1, 2))
        return tf.nn.batch_normalization(inputs, mean, variance, offset, scale, variance_epsilon=1e-5)


def norm(inputs, layers):
    """The norm that `layers` asks for; none on a 1x1 map, unless it asks for that, too."""
    if layers.norm == "none" or (inputs.shape.as_list()[1:3] == [1, 1] and not layers.bottleneck_norm):
        return inputs
    return batchnorm(inputs, (0, 1, 2) if layers.norm == "batch" else (1, 2))


def _initializer():
    return tf.random_normal_initializer(0, 0.02)


def conv(batch_input, out_channels, stride, layers):
    """[batch, height, width, in] -> [batch, (height - 2) / stride + 1, ..., out]: one pixel of zeros, then 4x4, VALID."""
    padded = tf.pad(batch_input, [[0, 0], [1, 1], [1, 1], [0, 0]], mode="CONSTANT")
    if layers.conv != "tf_nn":
        return tf.layers.conv2d(padded, out_channels, 4, stride, "valid", kernel_initializer=_initializer())
    with tf.variable_scope("conv"):
        in_channels = batch_input.shape[3]
        filter = tf.get_variable("filter", [4, 4, in_channels, out_channels], tf.float32, initializer=_initializer())
        return tf.nn.conv2d(padded, filter, [1, stride, stride, 1], padding="VALID")


def generator_conv(batch_input, out_channels, layers):
    """[batch, height, width, in] -> [batch, height / 2, width / 2, out]."""
    if layers.conv != "separable":
        return conv(batch_input, out_channels, 2, layers)
    return tf.layers.separable_conv2d(batch_input, out_channels, 4, 2, "same", depthwise_initializer=_initializer(),
                                      pointwise_initializer=_initializer())


def deconv(batch_input, out_channels, layers):
    """[batch, height, width, in] -> [batch, 2 * height, 2 * width, out]."""
    batch, in_height, in_width, in_channels = [tf.shape(batch_input)[n] if size is None else size
                                               for n, size in enumerate(batch_input.shape.as_list())]
    if layers.conv == "separable":
        resized = tf.image.resize_images(batch_input, [in_height * 2, in_width * 2],
                                         method=tf.image.ResizeMethod.NEAREST_NEIGHBOR)
        return tf.layers.separable_conv2d(resized, out_channels, 4, 1, "same", depthwise_initializer=_initializer(),
                                          pointwise_initializer=_initializer())
    if layers.conv == "layers":
        return tf.layers.conv2d_transpose(batch_input, out_channels, 4, 2, "same", kernel_initializer=_initializer())
    with tf.variable_scope("deconv"):
        # [filter_height, filter_width, out_channels, in_channels]
        filter = tf.get_variable("filter", [4, 4, out_channels, in_channels], tf.float32, initializer=_initializer())
        return tf.nn.conv2d_transpose(batch_input, filter, [batch, in_height * 2, in_width * 2, out_channels],
                                      [1, 2, 2, 1], padding="SAME")


def depth(height, width):
    """How many times both sides can be halved, at most `DEEPEST`: layers of the encoder and of the decoder."""
    return next((n for n in range(DEEPEST, 0, -1) if height % 2 ** n == 0 and width % 2 ** n == 0), 0)


def create_generator(generator_inputs, generator_outputs_channels, ngf=64, layers=Layers()):
    """Translates pictures.

    Args:
        generator_inputs: [batch, height, width, in_channels] in [-1, 1]; batch may be unknown. Sides of 256 or a multiple make
            the notes' eight layers; smaller ones as many as they can be halved.
        generator_outputs_channels: 3 for colours, 1 for L, 2 for a and b.
        ngf: filters of encoder_1; the others have 2, 4 and 8 times as many.

    Returns:
        [batch, height, width, generator_outputs_channels] in [-1, 1], other ones in each run: dropout is never off.

    Raises:
        ValueError: height or width is unknown or odd.
    """
    height, width = generator_inputs.shape.as_list()[1:3]
    if not height or not width or not depth(height, width):
        raise ValueError("pictures of {} x {}: height and width must be known and even".format(height, width))
    outputs = []
    # encoder_1: [batch, 256, 256, in_channels] => [batch, 128, 128, ngf]
    with tf.variable_scope("encoder_1"):
        outputs.append(generator_conv(generator_inputs, ngf, layers))
    # encoder_2: [batch, 128, 128, ngf] => [batch, 64, 64, ngf * 2]
    # encoder_3: [batch, 64, 64, ngf * 2] => [batch, 32, 32, ngf * 4]
    # encoder_4: [batch, 32, 32, ngf * 4] => [batch, 16, 16, ngf * 8]
    # encoder_5 to encoder_8, the last: [batch, 2, 2, ngf * 8] => [batch, 1, 1, ngf * 8]
    for number in range(2, depth(height, width) + 1):
        with tf.variable_scope("encoder_%d" % number):
            rectified = lrelu(outputs[-1], 0.2)
            outputs.append(norm(generator_conv(rectified, ngf * min(2 ** (number - 1), 8), layers), layers))
    # decoder_8: [batch, 1, 1, ngf * 8] => [batch, 2, 2, ngf * 8 * 2], as are those below with their skips
    # decoder_7: [batch, 2, 2, ngf * 8 * 2] => [batch, 4, 4, ngf * 8 * 2], and so on to
    # decoder_2: [batch, 64, 64, ngf * 2 * 2] => [batch, 128, 128, ngf * 2]
    deepest = len(outputs)
    for number in range(deepest, 1, -1):
        with tf.variable_scope("decoder_%d" % number):
            # The first has nothing beside it: it follows the encoder's last layer.
            input = outputs[-1] if number == deepest else tf.concat([outputs[-1], outputs[number - 1]], axis=3)
            output = norm(deconv(tf.nn.relu(input), ngf * min(2 ** (number - 2), 8), layers), layers)
            outputs.append(tf.nn.dropout(output, keep_prob=1 - DROPOUT) if number > deepest - 3 else output)
    # decoder_1: [batch, 128, 128, ngf * 2] => [batch, 256, 256, generator_outputs_channels]
    with tf.variable_scope("decoder_1"):
        input = tf.concat([outputs[-1], outputs[0]], axis=3) if deepest > 1 else outputs[-1]
        return tf.tanh(deconv(tf.nn.relu(input), generator_outputs_channels, layers))


def create_discriminator(discrim_inputs, discrim_targets, ndf=64, layers=Layers()):
    """Whether pairs are real, patch by patch.

    Args:
        discrim_inputs, discrim_targets: [batch, height, width, channels], sides from 32.

    Returns:
        [batch, height / 8 - 2, width / 8 - 2, 1] probabilities; each is about a patch of 70 x 70 pixels.
    """
    # 2x [batch, height, width, in_channels] => [batch, height, width, in_channels * 2]
    input = tf.concat([discrim_inputs, discrim_targets], axis=3)
    # layer_1: [batch, 256, 256, in_channels * 2] => [batch, 128, 128, ndf]
    with tf.variable_scope("layer_1"):
        rectified = lrelu(conv(input, ndf, 2, layers), 0.2)
    # layer_2: [batch, 128, 128, ndf] => [batch, 64, 64, ndf * 2]
    # layer_3: [batch, 64, 64, ndf * 2] => [batch, 32, 32, ndf * 4]
    # layer_4: [batch, 32, 32, ndf * 4] => [batch, 31, 31, ndf * 8]
    for number in range(2, LAYERS + 2):
        with tf.variable_scope("layer_%d" % number):
            stride = 1 if number == LAYERS + 1 else 2
            rectified = lrelu(norm(conv(rectified, ndf * min(2 ** (number - 1), 8), stride, layers), layers), 0.2)
    # layer_5: [batch, 31, 31, ndf * 8] => [batch, 30, 30, 1]
    with tf.variable_scope("layer_%d" % (LAYERS + 2)):
        return tf.sigmoid(conv(rectified, 1, 1, layers))
