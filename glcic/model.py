"""GLCIC: one network completes holes in pictures, two discriminators look at the picture and at the patch around the hole.

Objective: the completion network C minimises MSE(C(x, M), x) in the hole, later plus alpha * -log D(completion), where
completion = imitation * M + x * (1 - M); the discriminators minimise -log D(x) - log(1 - D(completion)). Training has
three phases, as in the blog: C alone by MSE, D alone, then both in turn. Reference: Iizuka, Simo-Serra, Ishikawa,
"Globally and Locally Consistent Image Completion", 2017.

Deviations from the blog, undone by `--as_published` (docs/errata.md):
- Its holes are drawn in numpy while the graph is built: 32 holes for the whole run. Here new ones in every step, in the graph.
- Its patch starts at the corner of a window, and so misses much of the hole. Here the hole is in its middle.
- Its MSE is over the whole picture, and its network does not know where the hole is. Here the MSE is over the hole, and
  the mask is a fourth channel, both as in the paper.
- Its one Adam for three losses counts its steps for all of them. Here each network has its own, and the learning rates
  fall to 0 along cosines.
- It draws with batch statistics. Here with the moving averages that training has gathered, so that a picture does not
  depend on others.

`--recipe paper` has the paper's steps, batch and ADADELTA besides, and fills holes with the data's mean colour. `--preset
small` has an alpha of 0.002 and slower discriminators, which win with the blog's (docs/results.md), and longer first and second
phases than the blog's proportions would give it: their steps are cheap; the first brings most, and in the second the
discriminators must get ahead, for only against such does the completion network learn anything in the third.
"""

import numpy as np

from data import queues, squares
from glcic import masks, networks, sources
from graphmode import slim, tf, training, variables

SHOWN = 9  # pictures in the grids of a run


def mean_colour(initial=(0.0, 0.0, 0.0)):
    """What the paper fills holes with: [3] in [-1, 1], the data's mean, which the checkpoint remembers."""
    return tf.get_variable("mean_colour", [3], initializer=tf.constant_initializer(initial), trainable=False)


def complete(x, mask, config, is_training, colour=0.0):
    """Applies the completion network.

    Args:
        x: [batch, height, width, 3] in [-1, 1]. What it has in the hole is not used.
        mask: [batch, height, width, 1], 1 inside the hole.
        colour: what fills the hole: a number or [3], in [-1, 1].

    Returns:
        holed, imitation, completion: what it saw, what it made of it, and that inside the hole with x around it.
    """
    holed = x * (1.0 - mask) + colour * mask
    # slim's decay of 0.999 would draw with averages that lag a thousand steps behind a network that still learns.
    with tf.variable_scope("G", reuse=bool(tf.trainable_variables("G/"))), slim.arg_scope([slim.batch_norm], decay=0.99):
        seen = holed if config.as_published else tf.concat([holed, mask], 3)
        imitation = networks.completion_network(seen, is_training, config.width,
                                                networks.Layers(config.conv, config.completion_batch_norm))
    return holed, imitation, imitation * mask + x * (1.0 - mask)


def discriminate(images, corners, config):
    """Applies the discriminators to [batch, size, size, 3] and the patches at `corners`: logits, [batch]."""
    reuse, half = bool(tf.trainable_variables("D/")), config.size // 2
    patches = masks.patches(images, corners, half)
    if config.fed != "nothing":
        patches = tf.stop_gradient(patches)
    if config.fed == "completion":
        images = tf.stop_gradient(images)
    # In the name scope D again, as is the variable scope: a tf.Variable of the second application belongs to D too.
    with tf.variable_scope("D", reuse=reuse, auxiliary_name_scope=not reuse), tf.name_scope("D/again/" if reuse else "first"):
        return networks.discriminator(images, patches, config.width, networks.Layers(config.conv, config.batch_norm),
                                      config.reshape, config.last_batch_norm, config.sigmoid_output)


def completion_loss(x, imitation, mask):
    """Mean squared error over the pixels where the mask is 1, a scalar; x, imitation: [batch, height, width, 3]."""
    error = tf.reduce_sum(mask * tf.square(x - imitation))
    return error / (3.0 * tf.reduce_sum(mask))


def adversarial_losses(real_logits, fake_logits, wanted=1.0):
    """Returns the discriminators' loss on real pictures and on completions, and the completion network's: scalars.

    wanted: what the completion network wants its pictures taken for, 1 for real.
    """
    def cross_entropy(logits, label):
        return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(logits=logits, labels=label * tf.ones_like(logits)))
    return cross_entropy(real_logits, 1.0), cross_entropy(fake_logits, 0.0), cross_entropy(fake_logits, wanted)


def share(right):
    """The share of true values: a scalar from 0 to 1."""
    return tf.reduce_mean(tf.cast(right, tf.float32))


def solvers(config, first, second, third):
    """The optimisers of the completion network and of the discriminators; as published they are one.

    first, second, third: steps of the phases. The completion network's rate falls to 0 in the first, and from --joint_lr in the
    third; the discriminators' over the second and the third.
    """
    if config.as_published:
        return [tf.train.AdamOptimizer(config.lr, config.beta1)] * 2
    if config.recipe == "paper":
        return [tf.train.AdadeltaOptimizer(1.0, 0.95, 1e-6) for _ in range(2)]
    rates = [config.lr, config.discriminator_lr]
    if config.lr_decay:
        step = tf.train.get_or_create_global_step()

        def falling(rate, start, length):
            return tf.train.cosine_decay(rate, tf.maximum(step - start, 0), max(1, length))
        alone, joint = falling(config.lr, 0, first), falling(config.joint_lr, first + second, third)
        rates = [tf.where(step < first + second, alone, joint), falling(config.discriminator_lr, first, second + third)]
    return [tf.train.AdamOptimizer(rate, config.beta1) for rate in rates]


def examples(batch, config):
    """What a step trains on, anew in each run.

    Args:
        batch: [batch, side, side, 3] in [0, 1], squares of `sources.square_side`.

    Returns:
        x: [batch, size, size, 3] in [-1, 1], cut out of them.
        mask: [batch, size, size, 1], 1 in the hole.
        corners: [batch, 2], top and left of the patch around it. As published both are constants, and the patch is elsewhere.
    """
    size, half = config.size, config.size // 2
    x = sources.middle(batch, size) if config.cut == "middle" else tf.stack(
        [tf.random_crop(square, [size, size, 3]) for square in tf.unstack(batch)])
    if config.flip:
        x = tf.where(tf.random_uniform([config.batch_size]) < 0.5, tf.reverse(x, [2]), x)
    x = 2.0 * x - 1.0
    if config.as_published:
        boxes, corners = masks.published(config.batch_size, size, config.hole_min, config.hole_max, config.seed)
        return x, masks.mask(boxes, size, size), corners
    draw = masks.frozen if config.frozen_holes else masks.holes
    boxes = draw(config.batch_size, size, size, config.hole_min, config.hole_max)
    return x, masks.mask(boxes, size, size), masks.corners(boxes, size, half)


def build(config, pictures):
    """All networks and their three training steps. pictures: `data.folders.Pictures`."""
    batch_size = config.batch_size
    # Read data
    feed = None
    if config.input == "queue":
        batch = queues.batches(pictures.train, batch_size=batch_size, seed=config.seed, **sources.reading(config))
    else:
        read = squares.batches(pictures.train, batch_size=batch_size, seed=config.seed, **sources.reading(config))
        batch = tf.placeholder(tf.float32, [batch_size] + 2 * [sources.square_side(config)] + [3], name="IMAGE_IN")
        feed = lambda number: {batch: read(number)}
    x, mask, corners = examples(batch, config)
    # Completion network
    colour = 0.0
    if config.recipe == "paper":
        colour = mean_colour(2.0 * squares.load(pictures.train[:500], **sources.reading(config)).mean((0, 1, 2)) / 255.0 - 1.0)
    _, imitation, completion = complete(x, mask, config, True, colour)
    # Discriminators: on real pictures and on completions, each with the patch around the hole.
    real_logits = discriminate(x, corners, config)
    fake_logits = discriminate(completion, corners, config)
    variables.check_scopes("G", "D")
    variables.check_batch_norms()

    # Losses
    mse = completion_loss(x, imitation, tf.ones_like(mask) if config.as_published else mask)
    real_loss, fake_loss, adversarial_loss = adversarial_losses(real_logits, fake_logits, 0.0 if config.wrong_label else 1.0)
    blind = 0.5 if config.sigmoid_output else 0.0  # what says neither real nor not
    # Training steps
    steps = training.steps_for(config, len(pictures.train))
    first = min(config.completion_steps, steps)
    second = min(config.discriminator_steps, steps - first)
    completion_solver, discriminator_solver = solvers(config, first, second, steps - first - second)
    completion_step = variables.minimize(mse, "G", completion_solver)
    discriminator_step = variables.minimize(real_loss + fake_loss, "D", discriminator_solver)
    joint_step = variables.minimize(mse + config.alpha * adversarial_loss, "G", completion_solver)
    return training.Model(
        phases=[training.Phase("completion", first, [completion_step]),
                training.Phase("discriminator", second, [discriminator_step]),
                training.Phase("joint", steps - first - second,
                               [discriminator_step] * config.discriminator_repeats + [joint_step])],
        scalars={"mse": mse, "real_loss": real_loss, "fake_loss": fake_loss, "adversarial_loss": adversarial_loss,
                 "real_accuracy": share(real_logits > blind), "fake_accuracy": share(fake_logits < blind)},
        images={"holed_imitation_completion_real": shown(config, pictures, colour)},
        feed=feed, notes=pictures.skipped)


def shown(config, pictures, colour):
    """Held-out pictures (or training ones, if there are none), always the same ones, with holes that stay the same.

    Returns [SHOWN or fewer, size, 4 * size, 3] in [0, 1]: with the hole, as the network imitates it, completed, real.
    """
    loaded = sources.middle(squares.load((pictures.test or pictures.train)[:SHOWN], **sources.reading(config)), config.size)
    x = tf.constant(loaded.astype(np.float32) / 127.5 - 1.0)
    boxes, _ = masks.published(len(loaded), config.size, config.hole_min, config.hole_max, config.seed + 1)
    mask = masks.mask(boxes, config.size, config.size)
    row = tf.concat([*complete(x, mask, config, config.as_published, colour), x], 2)
    return (row + 1.0) / 2.0
