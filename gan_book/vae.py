"""变分自编码器 The variational autoencoder (VAE): an autoencoder whose z follows N(0, 1).

Compared with the previous section (gan_book/cae.py), three things are new: two heads instead of
one, noise between encoder and decoder, and a second term in the loss.

    z = mu(x) + sigma(x) * eps,  eps ~ N(0, 1)          重新参数化技巧, the reparameterization trick
    loss = generation loss + latent loss = -log p(x | z) + KL(N(mu, sigma^2) || N(0, 1))

Reference: Kingma and Welling 2014, "Auto-Encoding Variational Bayes", equation 10.

Differences from the text (`--as_published` runs the text; docs/errata.md shows both results):
    - The text averages the generation loss over pixels but sums the KL term. The optimum of this
      loss ignores z, so every sample is the same gray image. Here both terms are nats per image.
    - The text's second head is sigma. The loss is infinite if sigma is 0. Here the second head is
      log sigma^2.
    - The text's learning rate is 0.0001. Here it starts at 0.001 and follows a cosine to 0. If a
      run is resumed with more epochs, the cosine is stretched to the new length.

Not in the text: `--kl_weight` is beta of the beta-VAE (Higgins et al. 2017), `--kl_warmup` lets it
grow from 0 (Bowman et al. 2016). Photographs have a Gaussian likelihood whose sigma, one number for
all pixels, is learned (Rybkin et al. 2021); digits have the Bernoulli likelihood. Images of other
sizes, and colors: gan_book/sizes.py has the same network with more layers.

Run:     ./run.sh gan_book.vae --data mnist      (--latent_size 2 or 3 adds a plot of z by class)
         ./run.sh gan_book.vae --input_dir FOLDER --size 64 --latent_size 100    (your own images)
Expect:  an ELBO of about -101 nats per test image after 20 epochs, and samples that look like
         digits but are softer than a GAN's.
"""

import dataclasses
import math
from typing import Literal

from data import feeds
from gan_book import cae, inputs, sizes
from gan_book.evaluation import latent
from graphmode import cli, config, errors, tf, training
from graphmode.config import setting


@dataclasses.dataclass(frozen=True)
class Config(config.Run, inputs.Inputs):
    """Settings of the VAE. `network` marks those that belong to the trained weights."""

    PROGRAM = "gan_book.vae"
    AS_PUBLISHED = {"lr": 0.0001}

    latent_size: int = setting(20, at_least=1, network=True, help="number of latent units")
    lr: float = setting(
        0.001, above=0.0, changeable=True, help="learning rate of Adam at the first step"
    )
    likelihood: Literal["bernoulli", "gaussian"] = setting(
        "bernoulli",
        network=True,
        help="p(x | z) of a pixel; without this flag it is gaussian for images from a folder",
    )
    kl_weight: float = setting(1.0, at_least=0.0, help="weight of the KL term, beta")
    kl_warmup: int = setting(
        0, at_least=0, help="steps in which the weight of the KL term grows from 0 to --kl_weight"
    )
    count: int = setting(100, at_least=1, help="number of samples (--mode sample)")
    importance_samples: int = setting(
        200, at_least=1, help="samples of z per image for the log-likelihood (--mode evaluate)"
    )
    importance_images: int = setting(
        1000, at_least=1, help="test images for the log-likelihood (--mode evaluate)"
    )

    @classmethod
    def create(cls, **given):
        made = super().create(**given)
        # Pixels of photographs are no probabilities of white.
        own = made.data in ("faces", "folder") and "likelihood" not in given
        return made.replace(likelihood="gaussian") if own else made

    def check(self):
        super().check()
        if self.as_published:
            inputs.check_text(self, "--as_published")
        others = self.likelihood != "bernoulli" or self.kl_weight != 1.0 or self.kl_warmup
        if self.as_published and others:
            raise errors.InputError(
                "--as_published runs the text's loss: "
                "leave out --likelihood, --kl_weight and --kl_warmup"
            )


class VAE_CNN(object):
    """The text's network for images of img_size x img_size pixels (28 in the text).

    Attributes:
        input: placeholder [batch, 784], pixels in [0, 1].
        mean, stddev, log_var: [batch, latent_size], parameters of q(z | x).
        noise: [batch, latent_size], eps.
        latent: [batch, latent_size], a sample of q(z | x). It changes with every run.
        logits, output: [batch, 784]; output = sigmoid(logits), in (0, 1).
    """

    def __init__(self, img_size=28, latent_size=20):
        self.input = tf.placeholder(tf.float32, shape=[None, img_size * img_size], name="IMAGE_IN")
        x_image = tf.reshape(self.input, [-1, img_size, img_size, 1])

        ##### ENCODER
        with tf.name_scope("ENCODER"):
            # CONV1: [batch, 28, 28, 1] -> [batch, 14, 14, 16]
            conv1_act = tf.layers.conv2d(
                inputs=x_image,
                strides=(2, 2),
                filters=16,
                kernel_size=[5, 5],
                padding="same",
                activation=tf.nn.relu,
            )
            # CONV2: [batch, 14, 14, 16] -> [batch, 7, 7, 32]
            conv2_act = tf.layers.conv2d(
                inputs=conv1_act,
                strides=(2, 2),
                filters=32,
                kernel_size=[5, 5],
                padding="same",
                activation=tf.nn.relu,
            )

        with tf.name_scope("LATENT"):
            # Reshape: [batch, 7, 7, 32] -> [batch, 1568]
            enc_out = tf.reshape(conv2_act, [tf.shape(self.input)[0], 7 * 7 * 32])
            # Linear heads: a mean and a logarithm may have any value.
            self.mean = tf.layers.dense(enc_out, units=latent_size, name="w_mean")
            self.stddev, self.log_var = self.spread(enc_out, latent_size)
            # The noise is an op of the graph. Noise from numpy would be the same in every step.
            self.noise = tf.random_normal([tf.shape(self.input)[0], latent_size], 0, 1)
            self.latent = self.mean + self.stddev * self.noise
            tf.summary.histogram("latent_sample", self.latent)

        ##### DECODER
        images, logits = decoder(self.latent)
        # Model output
        self.output = tf.reshape(images, [tf.shape(self.input)[0], img_size * img_size])
        self.logits = tf.reshape(logits, tf.shape(self.input))

    def spread(self, enc_out, latent_size):
        """The second head: [batch, 1568] -> (sigma, log sigma^2), each [batch, latent_size]."""
        log_var = tf.layers.dense(enc_out, units=latent_size, name="w_log_var")
        return tf.exp(0.5 * log_var), log_var


class AsPublished(VAE_CNN):
    """The network with the text's own second head: sigma itself, which may be negative."""

    def spread(self, enc_out, latent_size):
        stddev = tf.layers.dense(enc_out, units=latent_size, name="w_stddev")
        return stddev, tf.log(tf.square(stddev))


def decoder(z, reuse=None):
    """Decodes latent vectors into images.

    The layers have the names that TensorFlow gives to the text's unnamed layers. Therefore a
    checkpoint of the VAE restores the generator, whatever else is in the graph.

    Args:
        z: [batch, latent_size].
        reuse: True applies the weights that exist already (second application in one graph).

    Returns:
        (images, logits), each [batch, 28, 28, 1]; images = sigmoid(logits).
    """
    with tf.name_scope("DECODER"):
        # Linear layer: [batch, latent_size] -> [batch, 1568] -> [batch, 7, 7, 32]
        z_develop = tf.layers.dense(inputs=z, units=7 * 7 * 32, name="z_matrix", reuse=reuse)
        z_develop_act = tf.nn.relu(tf.reshape(z_develop, [tf.shape(z)[0], 7, 7, 32]))
        # DECONV1: [batch, 7, 7, 32] -> [batch, 14, 14, 16]
        conv_t2_out_act = tf.layers.conv2d_transpose(
            inputs=z_develop_act,
            strides=(2, 2),
            kernel_size=[5, 5],
            filters=16,
            padding="same",
            activation=tf.nn.relu,
            name="conv2d_transpose",
            reuse=reuse,
        )
        # DECONV2: [batch, 14, 14, 16] -> [batch, 28, 28, 1]
        # The sigmoid stands apart: the likelihood is computed from logits, which cannot overflow.
        logits = tf.layers.conv2d_transpose(
            inputs=conv_t2_out_act,
            strides=(2, 2),
            kernel_size=[5, 5],
            filters=1,
            padding="same",
            name="conv2d_transpose_1",
            reuse=reuse,
        )
        return tf.nn.sigmoid(logits), logits


class VAE_CNN_GEN(object):
    """The decoder alone: turns latent vectors, fed to `input`, into images, `output`.

    Attributes:
        input: placeholder [batch, latent_size].
        output: [batch, 28, 28, 1] in (0, 1).
    """

    def __init__(self, img_size=28, latent_size=20, reuse=None):
        if img_size != 28:
            raise ValueError(f"the decoder makes images of 28 x 28 pixels, not {img_size}")
        self.input = tf.placeholder(tf.float32, shape=[None, latent_size], name="LATENT_IN")
        self.output, _ = decoder(self.input, reuse)


def negative_log_likelihood(vae):
    """-log p(x | z) in nats: [batch]. Gray pixels are taken as probabilities of white."""
    # Bernoulli, as is usual for MNIST.
    cross_entropy = tf.nn.sigmoid_cross_entropy_with_logits(labels=vae.input, logits=vae.logits)
    return tf.reduce_sum(cross_entropy, axis=1)


def gaussian_negative_log_likelihood(vae):
    """-log p(x | z) in nats of x with the density N(output, sigma^2) at each pixel: [batch]."""
    # One sigma for all pixels, learned. It starts at a tenth of the range of the pixels.
    start = tf.constant_initializer(math.log(0.1))
    log_sigma = tf.get_variable("log_sigma", shape=[], initializer=start)
    # The best sigma is the root of the mean squared error, so it is never much too small.
    squares = tf.square((vae.input - vae.output) * tf.exp(-log_sigma))
    return tf.reduce_sum(0.5 * (squares + math.log(2.0 * math.pi)) + log_sigma, axis=1)


def likelihood(config):
    """The function of a VAE that the configuration asks for: -log p(x | z)."""
    gaussian = config.likelihood == "gaussian"
    return gaussian_negative_log_likelihood if gaussian else negative_log_likelihood


def kl_divergence(vae):
    """KL(N(mu, sigma^2) || N(0, 1)) in nats, in closed form: [batch] (the paper's appendix B)."""
    return 0.5 * tf.reduce_sum(tf.square(vae.mean) + tf.exp(vae.log_var) - vae.log_var - 1, axis=1)


def vae_loss(vae, negative_log_likelihood=negative_log_likelihood, kl_weight=1.0):
    """Negative ELBO in nats, mean over the batch.

    Args:
        negative_log_likelihood: function of the VAE, [batch] nats.
        kl_weight: weight of the KL term, a number or a scalar tensor.

    Returns:
        (loss, generation_loss, latent_loss), three scalars; the first is the weighted sum of the
        others.
    """
    with tf.name_scope("VAE_LOSS"):
        generation_loss, latent_loss = negative_log_likelihood(vae), kl_divergence(vae)
        # Merge the losses
        # A number 1 makes no op: the same seed gives the same noise as without the weight.
        is_one = isinstance(kl_weight, float) and kl_weight == 1.0
        weighted = latent_loss if is_one else kl_weight * latent_loss
        loss = tf.reduce_mean(generation_loss + weighted)
        return loss, tf.reduce_mean(generation_loss), tf.reduce_mean(latent_loss)


def vae_loss_as_published(vae):
    """The text's loss: a mean over pixels plus a sum over latent units. Returns as `vae_loss`."""
    with tf.name_scope("VAE_LOSS"):
        # L2 loss (generative loss)
        generation_loss = tf.losses.mean_squared_error(labels=vae.input, predictions=vae.output)
        # KL loss (latent loss)
        latent_loss = 0.5 * tf.reduce_sum(
            tf.square(vae.mean) + tf.square(vae.stddev) - tf.log(tf.square(vae.stddev)) - 1, 1
        )
        # Merge the losses
        loss = tf.reduce_mean(generation_loss + latent_loss)
        return loss, generation_loss, tf.reduce_mean(latent_loss)


def network(config):
    """The network that the configuration asks for."""
    # Other sizes and colors: the text's network with more layers
    if config.shape != inputs.TEXT:
        return sizes.VAE(config.shape, config.latent_size)
    return (AsPublished if config.as_published else VAE_CNN)(latent_size=config.latent_size)


def generator(config, reuse=None):
    """The decoder alone, for the images of the configuration."""
    if config.shape != inputs.TEXT:
        return sizes.VAE_GEN(config.shape, config.latent_size, reuse)
    return VAE_CNN_GEN(latent_size=config.latent_size, reuse=reuse)


def kl_weight(config):
    """The weight of the KL term: a number, or a tensor that grows from 0 with the steps."""
    if not config.kl_warmup:
        return config.kl_weight
    # While the KL term costs nothing, the decoder learns to use z.
    step = tf.cast(tf.train.get_or_create_global_step(), tf.float32)
    return config.kl_weight * tf.minimum(1.0, step / config.kl_warmup)


def build(config, digits):
    """Builds the graph that trains the VAE on `digits` (data.Digits)."""
    vae = network(config)
    loss, generation_loss, latent_loss = (
        vae_loss_as_published(vae)
        if config.as_published
        else vae_loss(vae, likelihood(config), kl_weight(config))
    )

    # Solver
    steps = training.steps_for(config, len(digits.train_images))
    with tf.name_scope("Solver"):
        learning_rate = config.lr if config.as_published else training.cosine(config.lr, steps)
        train_step = tf.train.AdamOptimizer(learning_rate).minimize(loss)
    scalars = {"loss": loss, "generation_loss": generation_loss, "latent_loss": latent_loss}

    # The same hundred latent vectors in every grid, so that two grids can be compared.
    z = feeds.fixed_noise([100, config.latent_size], config.seed)
    if config.shape == inputs.TEXT:
        samples, _ = decoder(z, reuse=True)
        reconstructions = cae.side_by_side(vae.input, vae.output)
    else:
        samples = sizes.images_of(z, config.shape, reuse=True)
        outputs = tf.reshape(vae.output, [-1, *config.shape])
        reconstructions = cae.side_by_side(vae.input, outputs)
    return training.Model(
        phases=[training.Phase("train", steps, [training.Update(train_step, scalars)])],
        images={"samples": samples, "reconstructions": reconstructions},
        feed=feeds.digits(
            digits, vae.input, config.batch_size, config.seed, mirror=config.mirrored
        ),
    )


def train(config):
    inputs.train(build, config)


def sample(config):
    """Samples z from N(0, 1) and decodes it into images."""
    latent.sample(config, generator(config))


def evaluate(config):
    """The ELBO of the test images, the latent units that are active, figures."""
    config, digits = inputs.load(config)
    vae = network(config)
    decoder_alone = generator(config, reuse=True)
    nll = likelihood(config)(vae)
    # log p(x, z) - log q(z | x) of the sampled z; the constants of both normals are equal.
    squares = tf.square(vae.latent) - tf.square(vae.noise) - vae.log_var
    log_weight = -nll - 0.5 * tf.reduce_sum(squares, axis=1)
    latent.evaluate(config, digits, vae, decoder_alone, nll, kl_divergence(vae), log_weight)


def main(argv=None):
    modes = {"train": train, "sample": sample, "evaluate": evaluate}
    cli.main(Config, modes, __doc__, argv, after_training="evaluate")


if __name__ == "__main__":
    main()
