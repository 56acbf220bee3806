"""BEGAN: the discriminator is an autoencoder, and its reconstruction loss decides.

Compared with the WGAN (gan_book/wgan.py), two things are new: the discriminator reconstructs its
input (在判别器上使用自编码器), and a balance keeps the two networks together. L(v) is the mean
absolute difference of an image v and its reconstruction:

    discriminator:  minimize  L(x) - k L(G(z))
    generator:      minimize  L(G(z))
    balance:        k <- k + lambda (gamma L(x) - L(G(z))), clipped to [0, 1], after each step
    convergence:    M = L(x) + |gamma L(x) - L(G(z))|                       衡量收敛的方法

gamma (超参数可控制世代多样性与质量): low values give quality, high values diversity.
Reference: Berthelot, Schumm and Metz 2017, "BEGAN: Boundary Equilibrium Generative Adversarial
Networks".

Differences from the text and the paper (docs/errata.md):
    - The text has neither networks nor numbers. Networks, ELU and batch size are the paper's, with
      16 filters in place of 64 or 128, which is enough for two CPU cores.
    - The paper's gamma 0.5, lambda 0.001 and learning rate 0.0001 are for faces. On MNIST they end
      with the same blob for every z. Here they are 0.9, 0.01 and 0.0005.
    - The text says that BEGAN does not need two optimizers (不需要两个单独的优化器). It needs no
      alternating schedule, but each network still has its own Adam.

Run:     ./run.sh gan_book.began --data mnist
         ./run.sh gan_book.began --data faces --size 64 [--input_dir FOLDER]    (else drawn faces)
         ./run.sh gan_book.began --input_dir FOLDER --size 64           (your own images)
Expect:  a measure that falls; on MNIST sharp strokes, most of them ones.
"""

import dataclasses
import functools

from data import feeds
from gan_book import cae, gan, inputs, tips
from gan_book.evaluation import classifier, sampling
from graphmode import cli, config, errors, tf, training, variables
from graphmode.config import setting


@dataclasses.dataclass(frozen=True)
class Config(config.Run, inputs.Inputs, tips.Tips, classifier.Evaluated):
    """Settings of the BEGAN. `network` marks those that belong to the trained weights."""

    PROGRAM = "gan_book.began"
    RENAMED = gan.Config.RENAMED
    UNUSED = {
        "label_smoothing": "an autoencoder has no labels",
        "pooling": "the networks do not pool",
        "discriminator_activation": "the networks have ELUs",
    }

    # The text promises faces of 128 x 128 pixels; digits are for comparison with the other GANs.
    OWN_SIZE = 32

    max_epochs: int = setting(
        3, at_least=1, changeable=True, help="number of passes over the training set"
    )
    batch_size: int = setting(16, at_least=1, help="examples per step, as in the paper")
    dim: int = setting(
        64, at_least=1, network=True, help="number of units of z and of the autoencoder's code"
    )
    filters: int = setting(
        16,
        at_least=1,
        network=True,
        help="filters of the first convolution; later ones of the encoder have more",
    )
    # The paper halves its learning rate when M stalls. A cosine to 0 needs no such decision.
    lr: float = setting(
        0.0005,
        at_least=0.0,
        changeable=True,
        help="learning rate of both Adams at the first step",
    )
    # The text's hyperparameter: a low gamma gives quality, a high one gives diversity.
    gamma: float = setting(
        0.9, at_least=0.0, at_most=1.0, help="the ratio L(G(z)) / L(x) that the balance aims at"
    )
    lambda_k: float = setting(0.01, at_least=0.0, help="how fast k changes")
    count: int = setting(100, at_least=1, help="number of samples (--mode sample)")
    keep: int = setting(
        12, at_least=1, changeable=True, help="number of checkpoints that are kept, 4 MB each"
    )

    def check(self):
        super().check()
        if self.as_published:
            raise errors.InputError(
                "--as_published: the text has no code for BEGAN that could be run: leave it out"
            )


def doubled(x):
    """Nearest-neighbor upsampling: [batch, height, width, c] -> [batch, 2 height, 2 width, c].

    The function of tf.image has no second derivative, which --unrolled_steps needs.
    """
    _, height, width, channels = x.shape.as_list()
    x = tf.reshape(tf.stack([x, x], 3), [-1, height, 2 * width, channels])
    return tf.reshape(tf.stack([x, x], 2), [-1, 2 * height, 2 * width, channels])


def decoder(z, config, drop=lambda x: x):
    """[batch, dim] -> [batch, size, size, channels], approximately in [-1, 1].

    Args:
        drop: function of a layer (the generator's dropout, see tips.py).
    """
    doublings, side = inputs.levels(config.shape[0])
    # [batch, dim] -> [batch, 8, 8, filters]; digits [batch, 7, 7, filters]
    x = tf.layers.dense(z, side * side * config.filters)
    x = first = tf.reshape(drop(x), [-1, side, side, config.filters])
    for level in range(doublings + 1):
        # [batch, side, side, filters] -> the same
        x = tf.layers.conv2d(x, config.filters, 3, padding="same", activation=tf.nn.elu)
        x = tf.layers.conv2d(x, config.filters, 3, padding="same", activation=tf.nn.elu)
        x = drop(x)
        if level < doublings:
            # [batch, side, side, filters] -> [batch, 2 side, 2 side, 2 filters]
            # The first tensor is a part of each level, so that z has an effect on all of them.
            first = doubled(first)
            x = tf.concat([doubled(x), first], 3)
    # Linear: a convolution to the channels of the image
    return tf.layers.conv2d(x, config.shape[2], 3, padding="same")


def encoder(x, config):
    """[batch, size, size, channels] in [-1, 1] -> the code, [batch, dim]."""
    doublings, side = inputs.levels(x.shape.as_list()[1])
    filters = config.filters
    # [batch, size, size, channels] -> [batch, size, size, filters]
    x = tf.layers.conv2d(x, filters, 3, padding="same", activation=tf.nn.elu)
    for level in range(1, doublings + 2):
        # [batch, size, size, level * filters]
        x = tf.layers.conv2d(x, filters * level, 3, padding="same", activation=tf.nn.elu)
        if level <= doublings:
            # -> [batch, size / 2, size / 2, (level + 1) * filters]
            x = tf.layers.conv2d(x, filters * (level + 1), 3, strides=2, padding="same")
        else:
            # -> [batch, side, side, level * filters]
            x = tf.layers.conv2d(x, filters * level, 3, padding="same")
        x = tf.nn.elu(tips.batch_norm(x, config))
    # [batch, side, side, (doublings + 1) * filters] -> [batch, dim], linear as z
    flat = tf.reshape(x, [-1, side * side * filters * (doublings + 1)])
    return tf.layers.dense(flat, config.dim)


def discriminator(x, config):
    """Reconstructs images: [batch, size, size, channels] in [-1, 1] -> the same shape."""
    with tf.variable_scope("discriminator"):
        # No dropout in this decoder: the text says that BEGAN does not need it.
        return decoder(tips.with_features(encoder(x, config), config), config)


def generator(z, config):
    """[batch, dim] in [-1, 1] -> [batch, size, size, channels], approximately in [-1, 1]."""
    with tf.variable_scope("generator"):
        # The paper's choice: the architecture of the discriminator's decoder, other weights.
        return decoder(z, config, drop=functools.partial(tips.drop, config=config))


def reconstruction_loss(images, reconstructions):
    """L(v): mean absolute difference over batch and pixels, a scalar."""
    return tf.reduce_mean(tf.abs(images - reconstructions))


def balance(k, real_loss, fake_loss, gamma, lambda_k):
    """Returns (k after the step, M), scalars."""
    # Positive while the generator is ahead of the balance: then k, the discriminator's attention
    # to generated images, grows.
    lead = gamma * real_loss - fake_loss
    return tf.clip_by_value(k + lambda_k * lead, 0.0, 1.0), real_loss + tf.abs(lead)


def as_images(generated):
    """Images approximately in [-1, 1] -> the same shape in [0, 1]."""
    return tf.clip_by_value((generated + 1.0) / 2.0, 0.0, 1.0)


def build(config, examples):
    """Builds the graph that trains both networks on `examples` (data.Digits)."""
    pixels = tf.placeholder(tf.float32, [None, inputs.numbers(config)], name="IMAGE_IN")
    # [0, 1] -> [-1, 1]
    x = 2.0 * tf.reshape(pixels, [-1, *config.shape]) - 1.0
    generator_sample = generator(gan.noise(config.batch_size, config.dim), config)
    with tf.variable_scope("") as scope:
        reconstructed = discriminator(x, config)
        # The second application has the weights of the first.
        scope.reuse_variables()
        reconstructed_sample = discriminator(generator_sample, config)
        # The same hundred z in every report, so that two reports can be compared.
        samples = as_images(generator(gan.fixed_noise(config), config))
    variables.check_scopes("discriminator", "generator")
    variables.check_batch_norms()
    # k starts at 0: at first the discriminator learns from real images alone.
    k = tf.Variable(0.0, trainable=False, name="k")

    def losses(reconstructed, reconstructed_sample):
        real_loss = reconstruction_loss(x, reconstructed)
        fake_loss = reconstruction_loss(generator_sample, reconstructed_sample)
        # k is a variable and no placeholder: checkpoints keep it.
        return real_loss - k * fake_loss, fake_loss, real_loss

    d_loss, fake_loss, real_loss = losses(reconstructed, reconstructed_sample)
    new_k, measure = balance(k, real_loss, fake_loss, config.gamma, config.lambda_k)
    g_loss = fake_loss
    if config.unrolled_steps:
        g_loss = tips.look_ahead(
            d_loss,
            lambda: losses(discriminator(x, config), discriminator(generator_sample, config))[:2],
            config,
        )

    steps = training.steps_for(config, len(examples.train_images))
    # 不需要两个单独的优化器: both losses are balanced by k, so the updates alternate one to one.
    rate = training.cosine(config.lr, steps)
    d_step = variables.minimize(d_loss, "discriminator", tf.train.AdamOptimizer(rate, 0.5))
    g_step = variables.minimize(g_loss, "generator", tf.train.AdamOptimizer(rate, 0.5))
    balanced = {"measure": measure, "k": new_k, "real_loss": real_loss, "fake_loss": fake_loss}
    balanced["diversity"] = tips.diversity(x, generator_sample)
    # M and k are computed with the step of k, from the same batch.
    updates = [
        training.Update(d_step),
        training.Update(g_step, tips.generator_scalars(), repeat=config.generator_steps),
        # All three updates of a step share one batch.
        training.Update(tf.assign(k, new_k), balanced),
    ]
    reconstructions = cae.side_by_side(pixels, as_images(reconstructed))
    return training.Model(
        phases=[training.Phase("train", steps, updates)],
        images={"samples": samples, "reconstructions": reconstructions},
        feed=feeds.digits(examples, pixels, config.batch_size, config.seed, mirror=config.mirrored),
        columns=list(balanced),
        alarms=tips.ALARMS,
    )


def generate(config, count):
    """`count` samples: float32 [count, size, size, channels] in [0, 1]."""
    inputs = sampling.noise(config, count)
    return sampling.generate(config, lambda z: as_images(generator(z, config)), inputs)


def reconstruction_losses(images, config):
    """L(v) of each image: [N, height, width, channels] in [0, 1] -> [N]."""
    x = 2.0 * images - 1.0
    return tf.reduce_mean(tf.abs(x - discriminator(x, config)), [1, 2, 3])


def main(argv=None):
    modes = sampling.modes(build, generate, curve="measure", losses=reconstruction_losses)
    cli.main(Config, modes, __doc__, argv)


if __name__ == "__main__":
    main()
