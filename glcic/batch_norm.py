"""Batch norm as the blog, the notes and the libraries have it: ten choices of one function, `apply`.

The blog found that its two networks fight with slim's batch norm only and took the libraries' defaults for the reason. The
choices differ in what may be the reason: whether they normalise at all in training, whether the batch's statistics or moving
averages are used, whether there is a gamma, and whether two applications of a network share offset and scale.
"""

from graphmode import slim, tf, variables


def _slim(x, is_training):
    """slim's defaults: beta, no gamma, decay 0.999, epsilon 0.001. In training by the batch, else by the moving averages."""
    return slim.batch_norm(x, is_training=is_training)


def _slim_scale(x, is_training):
    """slim's with a gamma."""
    return slim.batch_norm(x, scale=True, is_training=is_training)


def _layers(x, is_training):
    """tf.layers' defaults, and so training=False: by moving averages that nothing moves, 0 and 1. It normalises nothing."""
    return tf.layers.batch_normalization(x)


def _layers_training(x, is_training):
    """tf.layers' with the training flag, its update ops left unused: in training by the batch, else by 0 and 1."""
    kept = list(tf.get_collection(tf.GraphKeys.UPDATE_OPS))
    normalised = tf.layers.batch_normalization(x, training=is_training)
    tf.get_collection_ref(tf.GraphKeys.UPDATE_OPS)[:] = kept
    return normalised


def _layers_training_updates(x, is_training):
    """tf.layers' as meant: with the flag, and with the update ops that `variables.minimize` runs."""
    return tf.layers.batch_normalization(x, training=is_training)


def _nn_moments(x, is_training):
    """The pix2pix notes' function: the batch's statistics always, by hand; offset 0, scale from N(1, 0.02), epsilon 1e-5."""
    with tf.variable_scope(None, "batchnorm"):
        channels = x.shape[-1]
        offset = tf.get_variable("offset", [channels], initializer=tf.zeros_initializer())
        scale = tf.get_variable("scale", [channels], initializer=tf.random_normal_initializer(1.0, 0.02))
        mean, variance = tf.nn.moments(x, list(range(x.shape.ndims - 1)))
        return tf.nn.batch_normalization(x, mean, variance, offset, scale, variance_epsilon=1e-5)


def _author(x, is_training, variable=lambda name, value, **how: tf.Variable(value, name=name, **how)):
    """As the blog's author made his own: by hand, decay 0.5, gamma and beta by tf.Variable, which knows no reuse.

    So D(real) and D(completion) have a gamma and a beta each, and D can tell the two apart by these alone.
    """
    with tf.variable_scope(None, "author"):
        channels = [x.shape.as_list()[-1]]
        beta, gamma = variable("beta", tf.zeros(channels)), variable("gamma", tf.ones(channels))
        moving = [variable(name, value, trainable=False) for name, value in
                  (("moving_mean", tf.zeros(channels)), ("moving_variance", tf.ones(channels)))]
        if not is_training:
            return tf.nn.batch_normalization(x, *moving, beta, gamma, 1e-3)
        batch = tf.nn.moments(x, list(range(x.shape.ndims - 1)))
        with tf.control_dependencies([tf.assign(average, 0.5 * average + 0.5 * new) for average, new in zip(moving, batch)]):
            return tf.nn.batch_normalization(x, *map(tf.identity, batch), beta, gamma, 1e-3)


def _author_shared(x, is_training):
    """The author's, its gamma and beta by tf.get_variable, so that both applications share them."""
    return _author(x, is_training, lambda name, value, **how: tf.get_variable(name, initializer=lambda: value, **how))


def _none(x, is_training):
    return x


def _instance(x, is_training):
    """Each picture by itself: slim's instance norm, where there are positions to take a mean over."""
    return slim.instance_norm(x) if x.shape.ndims == 4 else x


KINDS = {"slim": _slim, "slim_scale": _slim_scale, "layers": _layers, "layers_training": _layers_training,
         "layers_training_updates": _layers_training_updates, "nn_moments": _nn_moments, "author": _author,
         "author_shared": _author_shared, "none": _none, "instance": _instance}


def apply(kind, x, is_training):
    """Normalises [batch, height, width, channels] or [batch, channels].

    Args:
        kind: a name in `KINDS`.
        is_training: Python bool. What it means differs: see the function of each kind.
    """
    return KINDS[kind](x, is_training)
