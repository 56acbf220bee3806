"""补全网络和鉴别网络: the completion network and the two discriminators of GLCIC.

Reference: Iizuka, Simo-Serra and Ishikawa 2017, "Globally and Locally Consistent Image
Completion", tables 1 and 2. Its images have 256 pixels; the blog's have 128, so each discriminator
has one convolution less. As in the blog, batch norm and a leaky ReLU of slope 0.2 follow every
layer but the last one of each network.

The comments give the shapes for the default width, 64, and images of 128 pixels.
"""

from glcic.layers import SLIM, conv2d
from graphmode import tf


def completion_network(x, is_training, width=64, layers=SLIM):
    """Fills the hole of an image (table 1): 17 layers.

    Args:
        x: [batch, height, width, 3 or 4]; RGB in [-1, 1] with the hole filled by a color, and the
            mask, 1 inside the hole, if there are 4 channels. Height and width must be multiples
            of 4.
        is_training: Python bool; batch statistics if true, moving averages otherwise.
        width: filters of the first convolution, even.
        layers: `Layers`.

    Returns:
        [batch, height, width, 3] in [-1, 1], also outside the hole.
    """
    # CONV1: [batch, 128, 128, 4] -> [batch, 128, 128, 64]
    x = layers.conv2d(x, is_training, width, kernel=5)
    # CONV2: [batch, 128, 128, 64] -> [batch, 64, 64, 128]
    x = layers.conv2d(x, is_training, 2 * width, kernel=3, stride=2)
    # CONV3: [batch, 64, 64, 128] -> [batch, 64, 64, 128]
    x = layers.conv2d(x, is_training, 2 * width, kernel=3)
    # CONV4: [batch, 64, 64, 128] -> [batch, 32, 32, 256]
    x = layers.conv2d(x, is_training, 4 * width, kernel=3, stride=2)
    # CONV5, CONV6: [batch, 32, 32, 256] -> [batch, 32, 32, 256]
    x = layers.conv2d(x, is_training, 4 * width, kernel=3)
    x = layers.conv2d(x, is_training, 4 * width, kernel=3)

    # Dilated convolutions: a pixel in the middle of the hole sees what lies around the hole.
    # DILATED1 to DILATED4: [batch, 32, 32, 256] -> [batch, 32, 32, 256]
    x = layers.conv2d(x, is_training, 4 * width, kernel=3, rate=2)
    x = layers.conv2d(x, is_training, 4 * width, kernel=3, rate=4)
    x = layers.conv2d(x, is_training, 4 * width, kernel=3, rate=8)
    x = layers.conv2d(x, is_training, 4 * width, kernel=3, rate=16)

    # CONV7, CONV8: [batch, 32, 32, 256] -> [batch, 32, 32, 256]
    x = layers.conv2d(x, is_training, 4 * width, kernel=3)
    x = layers.conv2d(x, is_training, 4 * width, kernel=3)
    # DECONV1: [batch, 32, 32, 256] -> [batch, 64, 64, 128]
    x = layers.conv2d_transpose(x, is_training, 2 * width, kernel=4, stride=2)
    # CONV9: [batch, 64, 64, 128] -> [batch, 64, 64, 128]
    x = layers.conv2d(x, is_training, 2 * width, kernel=3)
    # DECONV2: [batch, 64, 64, 128] -> [batch, 128, 128, 64]
    x = layers.conv2d_transpose(x, is_training, width, kernel=4, stride=2)
    # CONV10: [batch, 128, 128, 64] -> [batch, 128, 128, 32]
    x = layers.conv2d(x, is_training, width // 2, kernel=3)
    # OUTPUT: [batch, 128, 128, 32] -> [batch, 128, 128, 3]
    # The paper has a sigmoid and images in [0, 1]. Here it is tanh and images in [-1, 1].
    return tf.nn.tanh(conv2d(layers.conv, x, 3, kernel=3))


def local_discriminator(x, is_training, width=64, layers=SLIM):
    """局部 The local discriminator: [batch, size / 2, size / 2, 3] -> [batch, 1024] (table 2a)."""
    # CONV1: [batch, 64, 64, 3] -> [batch, 32, 32, 64]
    x = layers.conv2d(x, is_training, width, kernel=5, stride=2)
    # CONV2: [batch, 32, 32, 64] -> [batch, 16, 16, 128]
    x = layers.conv2d(x, is_training, 2 * width, kernel=5, stride=2)
    # CONV3: [batch, 16, 16, 128] -> [batch, 8, 8, 256]
    x = layers.conv2d(x, is_training, 4 * width, kernel=5, stride=2)
    # CONV4: [batch, 8, 8, 256] -> [batch, 4, 4, 512]
    x = layers.conv2d(x, is_training, 8 * width, kernel=5, stride=2)
    # FC: [batch, 4, 4, 512] -> [batch, 8192] -> [batch, 1024]
    return layers.dense(layers.flatten(x), is_training, 16 * width)


def global_discriminator(x, is_training, width=64, layers=SLIM):
    """全局 The global discriminator: [batch, size, size, 3] -> [batch, 1024] (table 2b)."""
    # CONV1: [batch, 128, 128, 3] -> [batch, 64, 64, 64]
    x = layers.conv2d(x, is_training, width, kernel=5, stride=2)
    # CONV2: [batch, 64, 64, 64] -> [batch, 32, 32, 128]
    x = layers.conv2d(x, is_training, 2 * width, kernel=5, stride=2)
    # CONV3: [batch, 32, 32, 128] -> [batch, 16, 16, 256]
    x = layers.conv2d(x, is_training, 4 * width, kernel=5, stride=2)
    # CONV4: [batch, 16, 16, 256] -> [batch, 8, 8, 512]
    x = layers.conv2d(x, is_training, 8 * width, kernel=5, stride=2)
    # CONV5: [batch, 8, 8, 512] -> [batch, 4, 4, 512]
    x = layers.conv2d(x, is_training, 8 * width, kernel=5, stride=2)
    # FC: [batch, 4, 4, 512] -> [batch, 8192] -> [batch, 1024]
    return layers.dense(layers.flatten(x), is_training, 16 * width)


def discriminator(images, patches, width=64, layers=SLIM):
    """Whether images are real: as a whole, and around the hole (table 2c).

    Its batch norms always use the statistics of the batch, because it is only used in training.

    Args:
        images: [batch, size, size, 3] in [-1, 1].
        patches: [batch, size / 2, size / 2, 3], cut out of the images.
        width: filters of the first convolution of each discriminator.
        layers: `Layers`.

    Returns:
        [batch] logits, positive for real. With `layers.reshape` off one for each position,
        [batch, 4, 4].
    """
    with tf.variable_scope("local"):
        local_features = local_discriminator(patches, True, width, layers)
    with tf.variable_scope("global"):
        global_features = global_discriminator(images, True, width, layers)
    # 将二者全连接: [batch, 1024], [batch, 1024] -> [batch, 2048] -> [batch, 1]
    features = tf.concat([local_features, global_features], -1)
    logits = layers.logit(features, True)
    # [batch, 1] -> [batch], as the labels. There is no sigmoid here: the loss applies it.
    return tf.squeeze(logits, -1)
