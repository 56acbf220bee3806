"""tf.contrib.sparsemax: a softmax with zeros (Martins and Astudillo 2016)."""

from graphmode import tf


def sparsemax(logits, name=None):
    """The point of the simplex that is nearest to the logits: [batch, classes]."""
    with tf.name_scope(name, "sparsemax", [logits]):
        logits = tf.convert_to_tensor(logits)
        z = logits - tf.reduce_mean(logits, axis=1, keepdims=True)
        falling = tf.sort(z, axis=1, direction="DESCENDING")
        sums = tf.cumsum(falling, axis=1)
        count = tf.range(1, tf.cast(tf.shape(logits)[1], z.dtype) + 1, dtype=z.dtype)
        support = tf.reduce_sum(tf.cast(1 + count * falling > sums, tf.int32), axis=1)
        last = tf.gather(sums, support[:, tf.newaxis] - 1, axis=1, batch_dims=1)
        threshold = (last - 1) / tf.cast(support[:, tf.newaxis], z.dtype)
        return tf.maximum(tf.cast(0, z.dtype), z - threshold)


def sparsemax_loss(logits, sparsemax, labels, name=None):
    """The loss that belongs to `sparsemax`: [batch]. Labels are distributions."""
    with tf.name_scope(name, "sparsemax_loss", [logits]):
        z = logits - tf.reduce_mean(logits, axis=1, keepdims=True)
        support = tf.where(sparsemax > 0, sparsemax * (z - 0.5 * sparsemax), tf.zeros_like(z))
        return tf.reduce_sum(support + labels * (0.5 * labels - z), axis=1)
