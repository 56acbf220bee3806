"""Mistakes of programs with two networks, or with two applications of one: GANs, for example.

The generator makes an image of each digit. The discriminator says which digit an image shows, or
that it is generated (class 10), as in Salimans et al. 2016.
"""

from glcic.batch_norm_lab.mistakes import frame
from graphmode import slim, tf

GENERATED = 10  # the discriminator's eleventh class


class Game:
    """Both networks and their losses. The programs below add the training steps.

    Args:
        norm_d, norm_g: the batch norm of each network, a function of a tensor.
        scope_d, scope_g: their variable scopes.
    """

    def __init__(self, norm_d, norm_g, scope_d="discriminator", scope_g="generator"):
        self.images, self.labels = frame.inputs()
        self.fake = frame.generator(self.labels, norm_g, scope_g)
        self.real_logits = frame.network(self.images, norm_d, scope_d, 11)
        self.fake_logits = frame.network(self.fake, norm_d, scope_d, 11, reuse=True)
        generated = GENERATED * tf.ones_like(self.labels)
        self.d_loss = frame.loss_of(self.real_logits, self.labels)
        self.d_loss += frame.loss_of(self.fake_logits, generated)
        self.g_loss = frame.loss_of(self.fake_logits, self.labels)
        self.d_variables = tf.trainable_variables(scope_d + "/")
        self.g_variables = tf.trainable_variables(scope_g + "/")


def d_adam():
    return frame.adam(0.003)


def g_adam():
    """The generator is slow: its images stay different from real ones, as in a long training."""
    return frame.adam(0.0003)


def _unchanged(x):
    """No batch norm."""
    return x


def _updates(scope):
    return tf.get_collection(tf.GraphKeys.UPDATE_OPS, scope=scope)


def _of_real_images(api, game, train_ops, scope="discriminator"):
    """The program is tested by how well the discriminator reads real digits."""

    def network(images, _, training, reuse=None):
        return frame.network(images, frame.norm(api, training), scope, 11, reuse)[:, :10]

    test_logits = network(game.images, None, False, reuse=True)
    logits = game.real_logits[:, :10]
    return frame.Program(
        game.images, game.labels, None, train_ops, logits, test_logits, network, steps=300
    )


def mixed_statistics(api, wrong):
    """The discriminator's averages follow the batches of real and of generated images in turn."""
    game = Game(frame.norm(api, True), frame.norm(api, True))
    # Those of the second application, to generated images, are in discriminator_1/.
    scope = "discriminator" if wrong else "discriminator/"
    with tf.control_dependencies(_updates(scope)):  # mistake
        d_step = d_adam().minimize(game.d_loss, var_list=game.d_variables)  # mistake
    with tf.control_dependencies(_updates("generator/")):
        g_step = g_adam().minimize(game.g_loss, var_list=game.g_variables)
    return _of_real_images(api, game, [d_step, g_step])


def scope_catches_another_network(api, wrong):
    """The scope of the generator, G, is the beginning of the discriminator's: Global.

    So the generator's step moves the discriminator's averages, too.
    """
    game = Game(frame.norm(api, True), frame.norm(api, True), "Global", "G")
    with tf.control_dependencies(_updates("Global/")):
        d_step = d_adam().minimize(game.d_loss, var_list=game.d_variables)
    with tf.control_dependencies(_updates("G" if wrong else "G/")):  # mistake
        g_step = g_adam().minimize(game.g_loss, var_list=game.g_variables)  # mistake
    return _of_real_images(api, game, [d_step, g_step], "Global")


def other_networks_step(api, wrong):
    """The discriminator's step runs all update ops, those of the generator among them.

    The discriminator has no batch norm here. The program is tested by which digits the generator's
    images show; the discriminator reads them.
    """
    game = Game(_unchanged, frame.norm(api, True))
    with tf.control_dependencies(_updates("" if wrong else "discriminator/")):  # mistake
        d_step = d_adam().minimize(game.d_loss, var_list=game.d_variables)  # mistake
    with tf.control_dependencies(_updates("generator/")):
        g_step = g_adam().minimize(game.g_loss, var_list=game.g_variables)

    def network(_, labels, training, reuse=None):
        fake = frame.generator(labels, frame.norm(api, training), reuse=reuse)
        return frame.network(fake, _unchanged, "discriminator", 11, reuse)[:, :10]

    test_logits = network(None, game.labels, False, reuse=True)
    return frame.Program(
        game.images,
        game.labels,
        None,
        [d_step, g_step],
        game.fake_logits[:, :10],
        test_logits,
        network,
        steps=300,
    )


def not_shared(api, wrong):
    """The discriminator's second application has batch norms of its own.

    tf.Variable ignores `reuse`. A layer without a name gets a new name, and so new variables, if
    it is applied again in the same `with` block. The discriminator then tells real and generated
    images apart by the parameters.
    """
    images, labels = frame.inputs()
    fake = frame.generator(labels, frame.norm(api, True))
    named = not wrong
    with tf.variable_scope("discriminator", reuse=tf.AUTO_REUSE):
        real_logits = _discriminator(api, images, True, named)
        updates = _updates("discriminator/")
        fake_logits = _discriminator(api, fake, True, named)
    d_loss = frame.loss_of(real_logits, labels)
    d_loss += frame.loss_of(fake_logits, GENERATED * tf.ones_like(labels))
    d_variables = tf.trainable_variables("discriminator/")
    with tf.control_dependencies(updates):
        d_step = d_adam().minimize(d_loss, var_list=d_variables)
    g_loss, g_variables = frame.loss_of(fake_logits, labels), tf.trainable_variables("generator/")
    with tf.control_dependencies(_updates("generator/")):
        g_step = g_adam().minimize(g_loss, var_list=g_variables)

    def network(x, _, training, reuse=None):
        with tf.variable_scope("discriminator", reuse=reuse):
            return _discriminator(api, x, training, named)[:, :10]

    test_logits = network(images, None, False, reuse=True)
    return frame.Program(
        images, labels, None, [d_step, g_step], real_logits[:, :10], test_logits, network, steps=300
    )


def _discriminator(api, x, training, named):
    """The layers of the discriminator, in the scope that is open."""
    names = iter(("bn1", "bn2", "bn3"))

    def normalize(h):
        name = next(names) if named else None
        if api == "slim":
            return slim.batch_norm(h, 0.9, scale=True, is_training=training, scope=name)  # mistake
        if api == "layers":
            return tf.layers.batch_normalization(  # mistake
                h, momentum=0.9, training=training, name=name
            )
        if named:
            return frame.by_hand(h, training, name=name)
        return _by_variable(h, training)  # mistake

    return frame.layers(x, normalize, 11)


def _by_variable(x, training):
    """Batch norm by hand with tf.Variable, as in the repository that the blog links."""
    with tf.variable_scope(None, "bn"):
        size = [x.shape.as_list()[-1]]
        beta = tf.Variable(tf.zeros(size), name="beta")  # mistake
        gamma = tf.Variable(tf.ones(size), name="gamma")  # mistake
        moving_mean = tf.Variable(tf.zeros(size), name="moving_mean", trainable=False)
        moving_variance = tf.Variable(tf.ones(size), name="moving_variance", trainable=False)
        if not training:
            return tf.nn.batch_normalization(
                x, moving_mean, moving_variance, beta, gamma, frame.EPSILON
            )
        mean, variance = tf.nn.moments(x, list(range(x.shape.ndims - 1)))
        for average, value in ((moving_mean, mean), (moving_variance, variance)):
            update = tf.assign(average, 0.9 * average + 0.1 * value)
            tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, update)
        return tf.nn.batch_normalization(x, mean, variance, beta, gamma, frame.EPSILON)  # mistake
