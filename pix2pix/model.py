"""pix2pix: one network translates pictures, another tells real pairs of input and target from translated ones.

Objective (the notes' P449 and P455): the discriminator D minimises -log D(x, y) - log(1 - D(x, G(x))); the generator G minimises
gan_weight * -log D(x, G(x)) + l1_weight * |y - G(x)|, for pairs of an input x and a target y. G's noise is its dropout.

Kept from the program: D's loss is not halved, and D sees the pair (x, G(x)) once in a step, before it has learned from it;
G's gradient, too, is taken there. Both networks move in one run, D first.

Deviations, undone by `--as_published` (docs/errata.md):
- No batch norm on a 1x1 map (see `networks`).
- Pictures that are enlarged to `--scale_size` are interpolated; there they are repeated pixel by pixel (AREA).
- The printed losses are moving averages that begin at 0, 1 % of the true value at first; here they are corrected for that.
"""

import numpy as np

from data import pairs
from graphmode import tf, training, variables
from pix2pix import lab, networks, options, sources

EPS = 1e-12
SHOWN = 4  # pairs in the grids of a run


def preprocess(image):
    """[0, 1] => [-1, 1]"""
    return image * 2 - 1


def deprocess(image):
    """[-1, 1] => [0, 1]"""
    return (image + 1) / 2


def both_ways(pictures, config):
    """Inputs and targets in [-1, 1].

    Args:
        pictures: list of [batch, height, width, 3] in [0, 1]: A and B; one with --lab_colorization, whose lightness is A and
            whose a and b are B.

    Returns:
        inputs, targets: [batch, height, width, channels], see `options.channels`.
    """
    if config.lab_colorization:
        L_chan, a_chan, b_chan = lab.preprocess_lab(lab.rgb_to_lab(pictures[0]))
        a_images, b_images = tf.expand_dims(L_chan, axis=3), tf.stack([a_chan, b_chan], axis=3)
    else:
        a_images, b_images = map(preprocess, pictures)
    return (a_images, b_images) if config.which_direction == "AtoB" else (b_images, a_images)


def visible(inputs, outputs, config):
    """What inputs, and outputs or targets, look like: both [batch, height, width, 3] in [0, 1].

    With --lab_colorization, outputs are shown with the inputs' other half; a and b alone as colours of medium lightness.
    """
    if not config.lab_colorization:
        return deprocess(inputs), deprocess(outputs)
    if config.which_direction == "AtoB":
        return tf.tile(deprocess(inputs), [1, 1, 1, 3]), lab.augment(outputs, inputs)
    return lab.augment(inputs, tf.zeros_like(outputs)), lab.augment(inputs, outputs)


def translate(inputs, config):
    """Applies the generator to [batch, height, width, channels], with weights made at the first application."""
    with tf.variable_scope("generator", reuse=bool(tf.trainable_variables("generator/"))):
        return networks.create_generator(inputs, options.channels(config)[1], config.ngf, options.layers(config))


def discriminator_loss(predict_real, predict_fake):
    """A scalar, of two batches of probabilities."""
    with tf.name_scope("discriminator_loss"):
        # predict_real => 1
        # predict_fake => 0
        return tf.reduce_mean(-(tf.log(predict_real + EPS) + tf.log(1 - predict_fake + EPS)))


def generator_loss(predict_fake, outputs, targets, config):
    """The GAN loss, the L1 loss and the weighted sum of them: scalars."""
    with tf.name_scope("generator_loss"):
        # predict_fake => 1
        # abs(targets - outputs) => 0
        gan = tf.reduce_mean(-tf.log(predict_fake + EPS))
        l1 = tf.reduce_mean(tf.abs(targets - outputs))
        return gan, l1, gan * config.gan_weight + l1 * config.l1_weight


def create_model(inputs, targets, config):
    """Both networks, their losses, and the op of a step.

    Args:
        inputs, targets: [batch, height, width, channels] in [-1, 1].

    Returns:
        The op, and name -> scalar: the three losses before the step, each a moving average with a decay of 0.99.
    """
    outputs = translate(inputs, config)
    # create two copies of discriminator, one for real pairs and one for fake pairs
    # they share the same underlying variables
    with tf.name_scope("real_discriminator"):
        with tf.variable_scope("discriminator"):
            predict_real = networks.create_discriminator(inputs, targets, config.ndf, options.layers(config))
    with tf.name_scope("fake_discriminator"):
        with tf.variable_scope("discriminator", reuse=True):
            predict_fake = networks.create_discriminator(inputs, outputs, config.ndf, options.layers(config))
    variables.check_scopes("generator", "discriminator")
    if not config.as_published:
        variables.check_batch_norms()

    discrim_loss = discriminator_loss(predict_real, predict_fake)
    gen_loss_GAN, gen_loss_L1, gen_loss = generator_loss(predict_fake, outputs, targets, config)
    train = train_step(discrim_loss, gen_loss, config)

    ema = tf.train.ExponentialMovingAverage(decay=0.99, zero_debias=not config.as_published)
    losses = [discrim_loss, gen_loss_GAN, gen_loss_L1]
    update_losses = ema.apply(losses)
    with tf.control_dependencies([update_losses]):
        averages = [tf.identity(ema.average(loss)) for loss in losses]
    return tf.group(train, *averages), dict(zip(["discrim_loss", "gen_loss_GAN", "gen_loss_L1"], averages))


def train_step(discrim_loss, gen_loss, config):
    """The op that moves both networks, the discriminator first."""
    with tf.name_scope("discriminator_train"):
        discrim_optim = tf.train.AdamOptimizer(config.lr, config.beta1)
        discrim_grads_and_vars = discrim_optim.compute_gradients(discrim_loss, variables.trainable("discriminator"),
                                                                 gate_gradients=tf.train.Optimizer.GATE_GRAPH)
    with tf.name_scope("generator_train"):
        gen_optim = tf.train.AdamOptimizer(config.lr, config.beta1)
        gen_grads_and_vars = gen_optim.compute_gradients(gen_loss, variables.trainable("generator"),
                                                         gate_gradients=tf.train.Optimizer.GATE_GRAPH)
    # All gradients before the discriminator moves: what reads its weights later would see old or new ones, by chance. (Each
    # optimiser gates its own as a whole: op by op, the default, would compute the gradients of the other's weights too.)
    with tf.control_dependencies([gradient for gradient, _ in discrim_grads_and_vars + gen_grads_and_vars]):
        discrim_train = discrim_optim.apply_gradients(discrim_grads_and_vars)
    with tf.control_dependencies([discrim_train]):
        return gen_optim.apply_gradients(gen_grads_and_vars)


def build(config, paths, unseen):
    """The whole program for training.

    Args:
        paths: of the training pairs (or pictures, with --lab_colorization).
        unseen: of those for the grids; training ones if there are none.
    """
    height, width = options.size(config)
    batch = pairs.batches(paths, height, width, config.scale_size, config.flip, config.batch_size, config.seed,
                          joined=not config.lab_colorization, published=config.as_published)
    train, losses = create_model(*both_ways(batch, config), config)
    steps = training.steps_for(config, len(paths))
    grids = {"inputs_outputs_targets": shown((unseen or paths)[:SHOWN], config)} if config.display_freq else {}
    return training.Model(phases=[training.Phase("train", steps, [train])], scalars=losses, images=grids)


def shown(paths, config):
    """Pictures one by one, as `--mode test` has them: [SHOWN or fewer, height, 3 * width, 3] in [0, 1]."""
    def row(pictures):
        inputs, targets = both_ways([picture[None] for picture in tf.unstack(pictures)], config)
        outputs = translate(inputs, config)
        (seen, drawn), (_, wanted) = visible(inputs, outputs, config), visible(inputs, targets, config)
        return tf.concat([seen, drawn, wanted], 2)[0]
    return tf.map_fn(row, tf.constant(np.stack(list(sources.prepared(paths, config)))), parallel_iterations=1)
