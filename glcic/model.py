"""图像补全 Globally and locally consistent image completion (GLCIC).

The completion network C (补全网络) fills the hole of an image. Two discriminators D (鉴别器) look
at the whole image (全局) and at the patch around the hole (局部). They fight (对抗): D learns to
tell completions from real images, C learns to deceive D.

    completion = C(x, M) * M + x * (1 - M)      M is 1 in the hole (in the blog's x*mask it is 0)
    mse = mean over the hole of (C(x, M) - x)^2
    D minimizes  -log D(x) - log(1 - D(completion))
    C minimizes  mse, in the third phase  mse + alpha * -log D(completion)

Training has three phases:
    completion      先用MSE损失更新Tc次补全网络: C minimizes the MSE.
    discriminator   再进行Td次鉴别器的更新: D is trained alone.
    joint           最后两个一起更新: D and C are trained in turn.

Reference: Iizuka, Simo-Serra and Ishikawa 2017, "Globally and Locally Consistent Image Completion".

Differences from the blog (`--as_published` runs the blog; docs/errata.md shows both results):
    - The blog samples its holes in numpy while the graph is built, so the whole run has the same
      32 holes. Here each step has new ones, sampled in the graph.
    - The blog's patch starts at the corner of a window and misses much of the hole. Here the hole
      is in the middle of the patch.
    - The blog's MSE is over the whole image, and its network does not know where the hole is. Here
      the MSE is over the hole, and the mask is a fourth channel, both as in the paper.
    - The blog's one Adam minimizes three losses and counts the steps of all of them. Here each
      network has its own Adam, and the learning rates fall to 0 along cosines.
    - The blog completes with batch statistics. Here it is the moving averages of the training, so
      that a completion does not depend on the other images of the batch.

`--recipe paper` has the paper's numbers and ADADELTA, and fills holes with the mean color of the
training images.
"""

import numpy as np

from data import queues, squares
from glcic import inputs, layers, masks, networks
from graphmode import losses, slim, tf, training, variables

SHOWN = 9  # images in the grids of a run
MEAN_OF = 500  # training images whose mean color fills the holes (--recipe paper)

# The columns of scalars.csv.
COLUMNS = ("mse", "real_loss", "fake_loss", "adversarial_loss", "real_accuracy", "fake_accuracy")


def mean_color(initial=(0.0, 0.0, 0.0)):
    """The color that fills the holes of the paper: a variable, [3] in [-1, 1]."""
    # Checkpoints know it by this name.
    initializer = tf.constant_initializer(initial)
    return tf.get_variable("mean_colour", [3], initializer=initializer, trainable=False)


def complete(x, mask, config, is_training, color=0.0):
    """Applies the completion network.

    Args:
        x: [batch, height, width, 3] in [-1, 1]. The pixels in the hole are not used.
        mask: [batch, height, width, 1], 1 inside the hole.
        is_training: Python bool; batch statistics if true, moving averages otherwise.
        color: what fills the hole: a number or [3], in [-1, 1].

    Returns:
        (holed, imitation, completion), each as x: the input with its hole, the network's output,
        and the output inside the hole with x around it.
    """
    holed = x * (1.0 - mask) + color * mask
    reuse = bool(tf.trainable_variables("G/"))
    kinds = layers.Layers(config.conv, config.completion_norm, activation=config.activation)
    # With slim's decay of 0.999 the averages would be those of a network a thousand steps ago.
    with tf.variable_scope("G", reuse=reuse), slim.arg_scope([slim.batch_norm], decay=0.99):
        seen = holed if config.as_published else tf.concat([holed, mask], 3)
        imitation = networks.completion_network(seen, is_training, config.width, kinds)
    return holed, imitation, imitation * mask + x * (1.0 - mask)


def discriminate(images, corners, config):
    """Applies the discriminators to images and to their patches.

    Args:
        images: [batch, size, size, 3] in [-1, 1].
        corners: int32 [batch, 2], top and left of the patches.

    Returns:
        [batch] logits, or what a variant of the blog makes of them, see `config.Factors`.
    """
    reuse = bool(tf.trainable_variables("D/"))
    patches = masks.patches(images, corners, config.size // 2)
    if config.fed != "nothing":
        patches = tf.stop_gradient(patches)
    if config.fed == "completion":
        images = tf.stop_gradient(images)
    kinds = layers.Layers(
        config.conv,
        config.discriminator_norm,
        config.reshape,
        config.last_batch_norm,
        config.activation,
    )
    # The name scope of the second application also begins with D/, so that a tf.Variable that is
    # made there belongs to D.
    with tf.variable_scope("D", reuse=reuse, auxiliary_name_scope=not reuse):
        with tf.name_scope("D/again/" if reuse else "first"):
            logits = networks.discriminator(images, patches, config.width, kinds)
            return tf.sigmoid(logits) if config.sigmoid_output else logits


def completion_loss(x, imitation, mask):
    """Mean squared error over the pixels where the mask is 1: a scalar.

    Args:
        x, imitation: [batch, height, width, 3].
        mask: [batch, height, width, 1].
    """
    error = tf.reduce_sum(mask * tf.square(x - imitation))
    return error / (3.0 * tf.reduce_sum(mask))


def adversarial_losses(real_logits, fake_logits, wanted=1.0):
    """The losses of the fight, means over the batch in nats.

    Args:
        wanted: the label that the completion network wants for its images; 1 is real.

    Returns:
        (real_loss, fake_loss, adversarial_loss), scalars: D's losses on real images and on
        completions (D_LOSS), and the completion network's (G_LOSS_GAN).
    """
    each = losses.sigmoid_gan(real_logits, fake_logits, generator_label=wanted)
    return tuple(tf.reduce_mean(loss) for loss in each)


def gradient_penalty(real_logits, x):
    """Mean over the batch of the squared gradient norm of D at real images (R1): a scalar.

    Without it D becomes steep where real images are, and the completion network follows its noise.
    Reference: Mescheder, Geiger and Nowozin 2018, "Which Training Methods for GANs do actually
    Converge?".

    Args:
        real_logits: [batch].
        x: [batch, size, size, 3], the images that the logits belong to.
    """
    slope = tf.gradients(real_logits, x)[0]
    return tf.reduce_mean(tf.reduce_sum(tf.square(slope), [1, 2, 3]))


def fraction(condition):
    """The fraction of true values: a scalar in [0, 1]."""
    return tf.reduce_mean(tf.cast(condition, tf.float32))


def solvers(config, first, second, third):
    """The optimizers of the completion network and of the discriminators.

    As published both are one. The completion network's learning rate falls to 0 in the first
    phase, and from --joint_lr in the third. The discriminators' falls to 0 over the second and the
    third.

    Args:
        first, second, third: steps of the phases.
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

        alone = falling(config.lr, 0, first)
        joint = falling(config.joint_lr, first + second, third)
        rates = [
            tf.where(step < first + second, alone, joint),
            falling(config.discriminator_lr, first, second + third),
        ]
    return [tf.train.AdamOptimizer(rate, config.beta1) for rate in rates]


def read(config, images):
    """The squares that training images are cut out of.

    Returns:
        (batch, feed): [batch, side, side, 3] in [0, 1], another batch in each run, and the feed of
        `training.Model`.
    """
    batch_size, reading = config.batch_size, inputs.reading(config)
    if config.input == "queue":
        # As published, the queue of batches is tf.train.shuffle_batch: no exact resuming.
        kind = {"shuffle_batch": config.as_published}
        batch = queues.batches(
            images.train, batch_size=batch_size, seed=config.seed, **kind, **reading
        )
        return batch, None
    batches = squares.batches(images.train, batch_size=batch_size, seed=config.seed, **reading)
    side = inputs.square_side(config)
    batch = tf.placeholder(tf.float32, [batch_size, side, side, 3], name="IMAGE_IN")
    return batch, lambda number: {batch: batches(number)}


def examples(batch, config):
    """What a step trains on. Each run samples it again.

    Args:
        batch: [batch, side, side, 3] in [0, 1], squares of `inputs.square_side`.

    Returns:
        (x, mask, corners): x, [batch, size, size, 3] in [-1, 1], cut out of the squares; mask,
        [batch, size, size, 1], 1 inside the hole; corners, int32 [batch, 2], top and left of the
        patch around the hole. As published, mask and corners are constants.
    """
    size, half = config.size, config.size // 2
    if config.cut == "middle":
        x = inputs.middle(batch, size)
    else:
        x = tf.stack([tf.random_crop(square, [size, size, 3]) for square in tf.unstack(batch)])
    if config.flip:
        x = tf.where(tf.random_uniform([config.batch_size]) < 0.5, tf.reverse(x, [2]), x)
    x = 2.0 * x - 1.0
    count, sides = config.batch_size, (config.hole_min, config.hole_max)
    if config.as_published:
        boxes, corners = masks.published(count, size, *sides, config.seed)
        return x, hole_masks(config, boxes, config.seed), corners
    sample = masks.frozen if config.frozen_holes else masks.holes
    boxes = sample(count, size, size, *sides)
    mask = hole_masks(config, boxes, 0 if config.frozen_holes else None)
    return x, mask, masks.corners(boxes, size, half)


def hole_masks(config, boxes, seed=None):
    """The masks of holes of --hole_shape, see `masks.shaped`.

    Args:
        boxes: int32 [count, 4].
        seed: of shapes that stay the same for the whole run; None: each run of the session has
            others.
    """
    count, shape = boxes.shape.as_list()[0], config.hole_shape
    if shape == "rectangles":
        return masks.mask(boxes, config.size, config.size)
    numbers = tf.random_uniform([count, masks.NUMBERS])
    if seed is not None:
        random = np.random.RandomState(seed).random_sample([count, masks.NUMBERS])
        numbers = tf.constant(random, tf.float32)
    return masks.shaped(shape, boxes, numbers, config.size, config.hole_max // 2)


def phase_lengths(config, images):
    """The numbers of steps of the three phases. The third has what the first two leave."""
    steps = training.steps_for(config, len(images.train))
    first = min(config.completion_steps, steps)  # T_C
    second = min(config.discriminator_steps, steps - first)  # T_D
    return first, second, steps - first - second


def build(config, images):
    """Builds the graph that trains the networks on `images` (data.folders.Images)."""
    # 首先读入数据x: the images
    batch, feed = read(config, images)
    # 之后通过生成随机点来确定mask: the holes, and the patches around them
    x, mask, corners = examples(batch, config)

    # 将(x*mask)作为补全网络的输入: the completion network
    color = mean_color(measured_color(config, images)) if config.recipe == "paper" else 0.0
    _, imitation, completion = complete(x, mask, config, True, color)
    # 鉴别器: the discriminators, on real images and on completions
    real_logits = discriminate(x, corners, config)
    fake_logits = discriminate(completion, corners, config)
    variables.check_scopes("G", "D")
    variables.check_batch_norms()

    # 损失: the losses
    mse = completion_loss(x, imitation, tf.ones_like(mask) if config.as_published else mask)
    wanted = 0.0 if config.wrong_label else 1.0
    real_loss, fake_loss, adversarial_loss = adversarial_losses(real_logits, fake_logits, wanted)
    undecided = 0.5 if config.sigmoid_output else 0.0
    of_d = {
        "real_loss": real_loss,
        "fake_loss": fake_loss,
        "real_accuracy": fraction(real_logits > undecided),
    }
    of_c = {
        "mse": mse,
        "adversarial_loss": adversarial_loss,
        "fake_accuracy": fraction(fake_logits < undecided),
    }

    # 训练: one training step of D, two of C
    lengths = phase_lengths(config, images)
    completion_solver, discriminator_solver = solvers(config, *lengths)
    c_mse = variables.minimize(mse, "G", completion_solver)
    d_loss = real_loss + fake_loss
    if config.r1:
        d_loss += config.r1 / 2.0 * gradient_penalty(real_logits, x)
    # The scope "" is all variables: the other reading of the blog's 优化参数有问题.
    of_both = {"D": "", "G": ""} if config.wrong_variables else {"D": "D", "G": "G"}
    d = variables.minimize(d_loss, of_both["D"], discriminator_solver)
    c_loss = mse + config.alpha * adversarial_loss
    c_joint = variables.minimize(c_loss, of_both["G"], completion_solver)
    updates = {
        "completion": [training.Update(c_mse, {"mse": mse})],
        "discriminator": [training.Update(d, {**of_d, **of_c})],
        "joint": joint_updates(config, (d, of_d), (c_joint, of_c)),
    }
    phases = [training.Phase(name, steps, updates[name]) for name, steps in zip(updates, lengths)]
    return training.Model(
        phases=phases,
        images={"holed_imitation_completion_real": shown(config, images, color)},
        feed=feed,
        columns=COLUMNS,
        notes=images.skipped,
    )


def joint_updates(config, of_d, of_c):
    """The updates of a step of the third phase; of_d and of_c are (op, name -> scalar)."""
    of_both = {**of_d[1], **of_c[1]}
    if not config.discriminator_repeats:  # 只单独训练G_loss_all: C alone
        return [training.Update(of_c[0], of_both, repeat=config.completion_repeats)]
    return [
        training.Update(*of_d, repeat=config.discriminator_repeats),
        training.Update(*of_c, repeat=config.completion_repeats),
    ]


def measured_color(config, images):
    """The mean color of the training images: [3] in [-1, 1]."""
    loaded = squares.load(images.train[:MEAN_OF], **inputs.reading(config))
    return 2.0 * loaded.mean((0, 1, 2)) / 255.0 - 1.0


def shown(config, images, color):
    """Completions of the same images with the same holes, for the grids of a run.

    The images are held out, or training images if none are.

    Returns:
        [N, size, 4 * size, 3] in [0, 1], N up to `SHOWN`. From left to right: with the hole, the
        network's output, the completion, the real image.
    """
    size = config.size
    paths = (images.test or images.train)[:SHOWN]
    loaded = inputs.middle(squares.load(paths, **inputs.reading(config)), size)
    x = tf.constant(loaded.astype(np.float32) / 127.5 - 1.0)
    sides = config.hole_min, config.hole_max
    boxes, _ = masks.published(len(loaded), size, *sides, config.seed + 1)
    mask = hole_masks(config, boxes, config.seed + 1)
    row = tf.concat([*complete(x, mask, config, config.as_published, color), x], 2)
    return (row + 1.0) / 2.0
