"""The completion network and the two discriminators of GLCIC (Iizuka, Simo-Serra, Ishikawa 2017), in slim, as in the blog.

Every convolution but the last is followed by slim.batch_norm and a leaky ReLU, slope 0.2. slim's defaults hold: SAME borders,
biases, batch norms with a beta and no gamma, decay 0.999.
"""

from graphmode import slim, tf


def _normed(x, is_training):
    return tf.nn.leaky_relu(slim.batch_norm(x, is_training=is_training))


def completion_network(x, is_training, width=64):
    """Fills the hole of an image.

    Args:
        x: [batch, height, width, 3 or 4]; RGB in [-1, 1] with the hole filled in, and the mask, 1 inside the hole, if
            there are 4 channels. Height and width must be multiples of 4.
        is_training: Python bool; batch statistics if true, moving averages otherwise.
        width: filters of the first convolution, even; the others have up to four times as many.

    Returns:
        [batch, height, width, 3] in [-1, 1], also outside the hole.
    """
    def conv(x, filters, kernel, stride=1, rate=1):
        return _normed(slim.conv2d(x, filters, kernel, stride, rate=rate, activation_fn=None), is_training)

    def deconv(x, filters):
        return _normed(slim.conv2d_transpose(x, filters, 4, 2, activation_fn=None), is_training)

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
    return slim.conv2d(x, 3, 3, activation_fn=tf.nn.tanh)


def discriminator(images, patches, width=64):
    """How real pictures look as a whole, and around the hole.

    Args:
        images: [batch, size, size, 3] in [-1, 1].
        patches: [batch, size / 2, size / 2, 3], cut out of them.
        width: filters of the first convolution of each tower.

    Returns:
        [batch] logits, positive for real.
    """
    def tower(x, filters):
        for number in filters:
            # Half as high and wide each time: down to 4x4 from 128x128 pictures and 64x64 patches.
            x = _normed(slim.conv2d(x, number * width, 5, 2, activation_fn=None), True)
        # The blog's first discriminator lacked this reshape: a dense layer takes each position by itself.
        x = slim.flatten(x)
        return _normed(slim.fully_connected(x, 16 * width, activation_fn=None), True)

    with tf.variable_scope("local"):
        local_features = tower(patches, (1, 2, 4, 8))
    with tf.variable_scope("global"):
        global_features = tower(images, (1, 2, 4, 8, 8))
    logits = slim.fully_connected(tf.concat([local_features, global_features], 1), 1, activation_fn=None)
    # [batch, 1] -> [batch], as the labels. No sigmoid: the loss applies it.
    return tf.squeeze(logits, -1)
