"""tf.contrib.nn: losses with logits first, and a few functions that tf.nn does not have."""

from tensorflow.python.ops import nn_impl

from graphmode import tf


def deprecated_flipped_softmax_cross_entropy_with_logits(logits, labels, dim=-1, name=None):
    """tf.nn.softmax_cross_entropy_with_logits, logits first."""
    return tf.nn.softmax_cross_entropy_with_logits(labels=labels, logits=logits, dim=dim, name=name)


def deprecated_flipped_sparse_softmax_cross_entropy_with_logits(logits, labels, name=None):
    """tf.nn.sparse_softmax_cross_entropy_with_logits, logits first."""
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits, name=name)


def deprecated_flipped_sigmoid_cross_entropy_with_logits(logits, targets, name=None):
    """tf.nn.sigmoid_cross_entropy_with_logits, logits first."""
    return tf.nn.sigmoid_cross_entropy_with_logits(labels=targets, logits=logits, name=name)


def alpha_dropout(x, keep_prob, noise_shape=None, seed=None, name=None):
    """Dropout that keeps mean and variance of SELU's activations (Klambauer et al. 2017).

    A dropped unit gets SELU's limit for minus infinity; a linear map restores the moments.
    """
    with tf.name_scope(name, "alpha_dropout", [x]):
        x = tf.convert_to_tensor(x)
        if not tf.is_tensor(keep_prob):
            if not 0 < keep_prob <= 1:
                raise ValueError(
                    "keep_prob must be a scalar tensor or a float in the range (0, 1], "
                    f"got {keep_prob:g}"
                )
            if keep_prob == 1:
                return x
        keep = tf.cast(keep_prob, x.dtype)
        limit = -1.7580993408473766
        noise = tf.random_uniform(
            tf.shape(x) if noise_shape is None else noise_shape, seed=seed, dtype=x.dtype
        )
        kept = tf.cast(noise >= 1 - keep, x.dtype)
        scale = (keep + keep * (1 - keep) * limit**2) ** -0.5
        return scale * (x * kept + limit * (1 - kept)) - scale * limit * (1 - keep)


def scaled_softplus(x, alpha, clip=None, name=None):
    """alpha * softplus(x / alpha), and not more than `clip`."""
    with tf.name_scope(name, "scaled_softplus", [x, alpha]):
        x = tf.convert_to_tensor(x)
        alpha = tf.convert_to_tensor(alpha, x.dtype)
        result = alpha * tf.nn.softplus(x / alpha)
        return result if clip is None else tf.minimum(result, clip)


def sampled_sparse_softmax_loss(
    weights,
    biases,
    labels,
    inputs,
    num_sampled,
    num_classes,
    sampled_values=None,
    remove_accidental_hits=True,
    partition_strategy="mod",
    name="sampled_sparse_softmax_loss",
):
    """tf.nn.sampled_softmax_loss for one class per example: labels are [batch, 1]."""
    logits, _ = nn_impl._compute_sampled_logits(
        weights=weights,
        biases=biases,
        labels=labels,
        inputs=inputs,
        num_sampled=num_sampled,
        num_classes=num_classes,
        num_true=1,
        sampled_values=sampled_values,
        subtract_log_q=True,
        remove_accidental_hits=remove_accidental_hits,
        partition_strategy=partition_strategy,
        name=name,
    )
    first = tf.zeros([tf.shape(logits)[0]], tf.int64)  # the true class is the first logit
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=first, logits=logits)


def rank_sampled_softmax_loss(
    weights,
    biases,
    labels,
    inputs,
    num_sampled,
    num_resampled,
    num_classes,
    num_true,
    sampled_values,
    resampling_temperature,
    remove_accidental_hits,
    partition_strategy,
    name=None,
):
    """Sampled softmax loss on those of the sampled classes that the model ranks highest."""
    if not num_resampled < num_sampled <= num_classes:
        raise ValueError(
            f"num_resampled ({num_resampled}) must be less than num_sampled ({num_sampled}), "
            f"which cannot be greater than num_classes ({num_classes})"
        )
    with tf.name_scope(name, "rank_sampled_softmax_loss"):
        sampled, true_count, sampled_count = (
            sampled_values
            or tf.nn.learned_unigram_candidate_sampler(
                labels, num_true, num_sampled, unique=True, range_max=num_classes
            )
        )
        sampled = tf.stop_gradient(tf.cast(sampled, tf.int64))
        rows = tf.nn.embedding_lookup(weights, sampled, partition_strategy)
        bias = tf.nn.embedding_lookup(biases, sampled, partition_strategy)
        logits = tf.matmul(rows, inputs / resampling_temperature, transpose_b=True)
        rank = tf.reduce_logsumexp(logits, axis=1)
        rank += tf.reshape(bias, [-1]) / resampling_temperature
        _, best = tf.nn.top_k(rank, k=num_resampled, sorted=False)
        counts = tf.stop_gradient(true_count), tf.gather(tf.stop_gradient(sampled_count), best)
        return tf.nn.sampled_softmax_loss(
            weights,
            biases,
            labels,
            inputs,
            num_resampled,
            num_classes,
            num_true=num_true,
            sampled_values=(tf.gather(sampled, best), *counts),
            remove_accidental_hits=remove_accidental_hits,
            partition_strategy=partition_strategy,
        )
