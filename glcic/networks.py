"""The completion network and the two discriminators of GLCIC (Iizuka, Simo-Serra, Ishikawa 2017).

Every convolution but the last is followed by batch norm and a leaky ReLU, slope 0.2. In slim, the blog's choice: SAME borders,
biases, batch norms with a beta and no gamma.
"""

from typing import NamedTuple

from glcic import batch_norm, convolutions
from graphmode import slim, tf


class Layers(NamedTuple):
    """Whose layers networks are made of: names in `convolutions.KINDS` and `batch_norm.KINDS`."""
    conv: str = "slim"
    batch_norm: str = "slim"

    def conv2d(self, x, is_training, *shape, **how):
        return self._normed(convolutions.conv2d(self.conv, x, *shape, **how), is_training)

    def conv2d_transpose(self, x, is_training, *shape):
        return self._normed(convolutions.conv2d_transpose(self.conv, x, *shape), is_training)

    def dense(self, x, is_training, units):
        return self._normed(convolutions.dense(self.conv, x, units), is_training)

    def _normed(self, x, is_training):
        return tf.nn.leaky_relu(batch_norm.apply(self.batch_norm, x, is_training))


def completion_network(x, is_training, width=64, layers=Layers()):
    """Fills the hole of an image.

    Args:
        x: [batch, height, width, 3 or 4]; RGB in [-1, 1] with the hole filled in, and the mask, 1 inside the hole, if
            there are 4 channels. Height and width must be multiples of 4.
        is_training: Python bool; batch statistics if true, moving averages otherwise.
        width: filters of the first convolution, even; the others have up to four times as many.
        layers: `Layers`.

    Returns:
        [batch, height, width, 3] in [-1, 1], also outside the hole.
    """
    def conv(x, *shape, **how):
        return layers.conv2d(x, is_training, *shape, **how)

    def deconv(x, filters):
        return layers.conv2d_transpose(x, is_training, filters, 4, 2)

    x = conv(x, width, 5)
    # [batch, height, width, 64] -> [batch, height / 2, width / 2, 128]
    x = conv(x, 2 * width, 3, stride=2)
    x = conv(x, 2 * width, 3)
    # -> [batch, height / 4, width / 4, 256]
    x = conv(x, 4 * width, 3, stride=2)
    x = conv(x, 4 * width, 3)
    x = conv(x, 4 * width, 3)
    # Dilated, so that a pixel in the middle of the hole sees what lies around it.
    for rate in (2, 4, 8, 16):
        x = conv(x, 4 * width, 3, rate=rate)
    x = conv(x, 4 * width, 3)
    x = conv(x, 4 * width, 3)
    # -> [batch, height / 2, width / 2, 128]
    x = deconv(x, 2 * width)
    x = conv(x, 2 * width, 3)
    # -> [batch, height, width, 64]
    x = deconv(x, width)
    x = conv(x, width // 2, 3)
    return tf.nn.tanh(convolutions.conv2d(layers.conv, x, 3, 3))


def discriminator(images, patches, width=64, layers=Layers(), reshape=True, last_batch_norm=False, sigmoid_output=False):
    """How real pictures look as a whole, and around the hole.

    Args:
        images: [batch, size, size, 3] in [-1, 1].
        patches: [batch, size / 2, size / 2, 3], cut out of them.
        width: filters of the first convolution of each tower.
        layers: `Layers`.
        reshape, last_batch_norm, sigmoid_output: what the blog tried, see `factors.Factors`.

    Returns:
        [batch] logits, positive for real; without reshape one for each position, [batch, 4, 4]; with sigmoid_output
        what a sigmoid makes of them.
    """
    def tower(x, filters):
        for number in filters:
            # Half as high and wide each time: down to 4x4 from 128x128 pictures and 64x64 patches.
            x = layers.conv2d(x, True, number * width, 5, 2)
        if reshape:
            x = slim.flatten(x)
        return layers.dense(x, True, 16 * width)

    with tf.variable_scope("local"):
        local_features = tower(patches, (1, 2, 4, 8))
    with tf.variable_scope("global"):
        global_features = tower(images, (1, 2, 4, 8, 8))
    features = tf.concat([local_features, global_features], -1)
    logits = layers.dense(features, True, 1) if last_batch_norm else convolutions.dense(layers.conv, features, 1)
    # [batch, 1] -> [batch], as the labels. No sigmoid: the loss applies it.
    logits = tf.squeeze(logits, -1)
    return tf.sigmoid(logits) if sigmoid_output else logits
