"""pix2pix: a generator translates images, a discriminator tells real pairs from translated ones.

Objective, for pairs of an input x and a target y:

    discriminator (P449)   minimizes  -log D(x, y) - log(1 - D(x, G(x)))
    generator (P455)       minimizes  gan_weight * -log D(x, G(x)) + l1_weight * |y - G(x)|

The generator's noise is its dropout. The notes describe alternating phases (交替优化). The program
does both in one run of the session, on one batch: it computes all gradients, then moves the
discriminator, then the generator. The discriminator's loss is not halved, as in the program.

Differences from the notes' program (`--as_published` runs it; docs/errata.md):
    - Maps of 1 x 1 pixels are not normalized. With a batch of one the result would not depend on
      the input, and the layers below it would never learn.
    - Images that are enlarged to `--scale_size` are interpolated. The notes' program repeats pixels
      (AREA).
    - The printed losses are moving averages. In the notes' program they start at 0, so the first
      one is 1 % of the true value. Here this is corrected.
"""

import numpy as np

from data import pairs
from graphmode import tf, training, variables
from graphmode.errors import InputError
from pix2pix import inputs as input_files
from pix2pix import lab, networks

EPS = 1e-12
SHOWN = 4  # pairs in the image grids of a run


def preprocess(image):
    """[0, 1] => [-1, 1]"""
    return image * 2 - 1


def deprocess(image):
    """[-1, 1] => [0, 1]"""
    return (image + 1) / 2


def both_ways(images, config):
    """Makes inputs and targets of images.

    Args:
        images: [A, B], each [batch, height, width, channels] in [0, 1]. With --lab_colorization one
            RGB image: its lightness is A, and its a and b are B.

    Returns:
        (inputs, targets), [batch, height, width, channels] in [-1, 1]; see `Config.channels`.
    """
    if config.lab_colorization:
        L_chan, a_chan, b_chan = lab.preprocess_lab(lab.rgb_to_lab(images[0]))
        a_images, b_images = tf.expand_dims(L_chan, axis=3), tf.stack([a_chan, b_chan], axis=3)
    else:
        a_images, b_images = map(preprocess, images)
    return (a_images, b_images) if config.which_direction == "AtoB" else (b_images, a_images)


def visible(inputs, outputs, config):
    """Makes images of inputs, and of outputs or targets.

    With --lab_colorization an output is combined with the other half of its image, which is the
    input. Inputs a and b are shown as colors of medium lightness.

    Args:
        inputs, outputs: [batch, height, width, channels] in [-1, 1].

    Returns:
        Both with the same channels and mostly in [0, 1]; RGB with --lab_colorization, where values
        outside [0, 1] are possible: Lab is larger than RGB.
    """
    if not config.lab_colorization:
        return deprocess(inputs), deprocess(outputs)
    if config.which_direction == "AtoB":
        return tf.tile(deprocess(inputs), [1, 1, 1, 3]), lab.augment(outputs, inputs)
    return lab.augment(inputs, tf.zeros_like(outputs)), lab.augment(inputs, outputs)


def rgb(images):
    """What one sees of [batch, height, width, channels] in [0, 1]: [batch, height, width, 3].

    RGBA is shown on white. Of a stack these are the first three channels, or the first of two.
    """
    channels = images.shape.as_list()[3]
    if channels == 3:
        return images
    if channels == 4:
        return images[..., :3] * images[..., 3:] + (1 - images[..., 3:])
    return images[..., :3] if channels > 4 else tf.tile(images[..., :1], [1, 1, 1, 3])


def generator_kind(config):
    """The generator's `networks.Layers`."""
    return networks.Layers(config.conv, config.norm, norm_on_1x1=config.as_published)


def translate(inputs, config):
    """Applies the generator. The first application in a graph creates its weights.

    Args:
        inputs: [batch, height, width, channels] in [-1, 1].

    Returns:
        outputs: [batch, height, width, channels] in [-1, 1]; see `Config.channels`.
    """
    reuse = bool(tf.trainable_variables("generator/"))
    with tf.variable_scope("generator", reuse=reuse), networks.variant(generator_kind(config)):
        _, out_channels = config.channels
        return networks.create_generator(inputs, out_channels, config.ngf)


def discriminate(inputs, targets, config):
    """Applies the discriminator: probabilities, see `networks.create_discriminator`."""
    # In the program's later version only the generator has separable convolutions.
    conv = "layers" if config.conv == "separable" else config.conv
    layers = networks.Layers(conv, config.norm, norm_on_1x1=config.as_published)
    with networks.variant(layers):
        return networks.create_discriminator(inputs, targets, config.ndf)


def discriminator_loss(predict_real, predict_fake):
    """P449 A scalar; predict_real, predict_fake: probabilities of any shape. Both 0.5: 2 ln 2."""
    with tf.name_scope("discriminator_loss"):
        # minimizing -tf.log will try to get inputs to 1
        # predict_real => 1
        # predict_fake => 0
        return tf.reduce_mean(-(tf.log(predict_real + EPS) + tf.log(1 - predict_fake + EPS)))


def generator_loss(predict_fake, outputs, targets, config):
    """P455 The GAN loss, the L1 loss and their weighted sum: (gan, l1, sum), three scalars."""
    with tf.name_scope("generator_loss"):
        # predict_fake => 1
        # abs(targets - outputs) => 0
        gen_loss_GAN = tf.reduce_mean(-tf.log(predict_fake + EPS))
        gen_loss_L1 = tf.reduce_mean(tf.abs(targets - outputs))
        gen_loss = gen_loss_GAN * config.gan_weight + gen_loss_L1 * config.l1_weight
        return gen_loss_GAN, gen_loss_L1, gen_loss


def create_model(inputs, targets, config, steps=0):
    """Builds both networks, their losses and the training step.

    Args:
        inputs, targets: [batch, height, width, channels] in [-1, 1].
        steps: of the training, for --lr_decay_from.

    Returns:
        The op of a step, and name -> scalar: the three losses before the step, each a moving
        average with a decay of 0.99; and the learning rate if it falls.
    """
    outputs = translate(inputs, config)

    # P437 create two copies of discriminator, one for real pairs and one for fake pairs
    # they share the same underlying variables
    with tf.name_scope("real_discriminator"):
        with tf.variable_scope("discriminator"):
            # 2x [batch, height, width, channels] => [batch, 30, 30, 1]
            predict_real = discriminate(inputs, targets, config)

    with tf.name_scope("fake_discriminator"):
        with tf.variable_scope("discriminator", reuse=True):
            # 2x [batch, height, width, channels] => [batch, 30, 30, 1]
            predict_fake = discriminate(inputs, outputs, config)

    variables.check_scopes("generator", "discriminator")
    if not config.as_published:
        variables.check_batch_norms()

    discrim_loss = discriminator_loss(predict_real, predict_fake)
    gen_loss_GAN, gen_loss_L1, gen_loss = generator_loss(predict_fake, outputs, targets, config)
    lr = learning_rate(config, steps)
    train = train_step(discrim_loss, gen_loss, config, lr)

    # P475
    losses = {
        "discrim_loss": discrim_loss,
        "gen_loss_GAN": gen_loss_GAN,
        "gen_loss_L1": gen_loss_L1,
    }
    ema = tf.train.ExponentialMovingAverage(decay=0.99, zero_debias=not config.as_published)
    update_losses = ema.apply(list(losses.values()))
    with tf.control_dependencies([update_losses]):
        averages = {name: tf.identity(ema.average(loss)) for name, loss in losses.items()}
    if config.lr_decay_from:
        averages["learning_rate"] = lr
    return tf.group(train, *averages.values()), averages


def learning_rate(config, steps):
    """--lr, or with --lr_decay_from a scalar that falls in a straight line from that step.

    It would be 0 at the step after the last one. A run that is resumed with another number of steps
    follows the line to its new end.

    Raises:
        InputError: the training ends before it falls.
    """
    begin = config.lr_decay_from
    if not begin:
        return config.lr
    if begin > steps:
        raise InputError(
            f"--lr_decay_from {begin} is after the last of {steps} steps: give an earlier step"
        )
    done = tf.cast(tf.train.get_or_create_global_step(), tf.float32)  # steps before this one
    left = (steps - done) / (steps - begin + 1)
    return config.lr * tf.clip_by_value(left, 0.0, 1.0)


def train_step(discrim_loss, gen_loss, config, lr):
    """P464 An op that moves the discriminator and then the generator, each with its own Adam."""
    # The optimizers' default, GATE_OP, would also compute the gradients of the other network's
    # weights, which are not used.
    gate = tf.train.Optimizer.GATE_GRAPH
    with tf.name_scope("discriminator_train"):
        discrim_optim = tf.train.AdamOptimizer(lr, config.beta1)
        discrim_grads_and_vars = discrim_optim.compute_gradients(
            discrim_loss, variables.trainable("discriminator"), gate_gradients=gate
        )
    with tf.name_scope("generator_train"):
        gen_optim = tf.train.AdamOptimizer(lr, config.beta1)
        gen_grads_and_vars = gen_optim.compute_gradients(
            gen_loss, variables.trainable("generator"), gate_gradients=gate
        )
    # All gradients come before the discriminator's step. A gradient that is computed during the
    # step would see old weights in one run and new ones in the next.
    gradients = [gradient for gradient, _ in discrim_grads_and_vars + gen_grads_and_vars]
    with tf.control_dependencies(gradients):
        discrim_train = discrim_optim.apply_gradients(discrim_grads_and_vars)
    with tf.control_dependencies([discrim_train]):
        return gen_optim.apply_gradients(gen_grads_and_vars)


def build(config, paths, held_out):
    """Builds the graph that trains pix2pix.

    Args:
        paths: the training pairs, see `pairs.find`; photographs with --lab_colorization.
        held_out: files of held-out pairs for the image grids. If empty, training pairs are shown.
    """
    images = pairs.batches(
        paths,
        *config.size,
        config.scale_size,
        config.flip,
        config.batch_size,
        config.seed,
        joined=not config.lab_colorization,
        published=config.as_published,
        form=config.form,
    )
    inputs, targets = both_ways(images, config)
    steps = training.steps_for(config, len(paths))
    train, losses = create_model(inputs, targets, config, steps)
    grids = {}
    if config.display_freq:
        grids["inputs_outputs_targets"] = shown((held_out or paths)[:SHOWN], config)
    return training.Model(
        phases=[training.Phase("train", steps, [training.Update(train, losses)])], images=grids
    )


def shown(paths, config):
    """Translations beside their inputs and targets: [N, height, 3 * width, 3].

    Images are translated one by one, as in `--mode test`.
    """

    def row(images):
        parts = [image[None] for image in tf.unstack(images)]
        if config.form.a != config.form.b:
            parts = [part[..., :channels] for part, channels in zip(parts, config.form)]
        inputs, targets = both_ways(parts, config)
        outputs = translate(inputs, config)
        seen, translated = visible(inputs, outputs, config)
        _, wanted = visible(inputs, targets, config)
        return tf.concat([rgb(seen), rgb(translated), rgb(wanted)], axis=2)[0]

    images = np.stack(list(input_files.prepared(paths, config)))
    return tf.map_fn(row, tf.constant(images), parallel_iterations=1)
