"""Losses that several texts share."""

from graphmode import tf


def sigmoid_gan(real_logits, fake_logits, real_label: float = 1.0, generator_label: float = 1.0):
    """The cross-entropies of a GAN with a sigmoid (Goodfellow et al. 2014), without the means.

    Args:
        real_logits, fake_logits: [batch, ...] logits for real and for generated images.
        real_label: the discriminator's label of real images; below 1 with label smoothing.
        generator_label: the label that the generator wants for its images. 1 gives the loss that
            does not saturate.

    Returns:
        (real_loss, fake_loss, generator_loss) in nats, each of the shape of its logits. The
        discriminator minimizes the sum of the first two. With all logits at 0 each is ln 2.
    """

    def cross_entropy(logits, label):
        # The label has the shape of these logits. With the shape of other logits, those would be
        # computed whenever this loss is.
        labels = label * tf.ones_like(logits)
        return tf.nn.sigmoid_cross_entropy_with_logits(logits=logits, labels=labels)

    return (
        cross_entropy(real_logits, real_label),
        cross_entropy(fake_logits, 0.0),
        cross_entropy(fake_logits, generator_label),
    )
