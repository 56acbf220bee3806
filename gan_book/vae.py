"""The variational autoencoder: an autoencoder whose z follows N(0, 1), so that the decoder can draw new digits.

Objective: generation loss (how far the drawing y is from the digit x) + latent loss, the KL divergence between
N(mu, sigma^2), which the encoder gives for x, and N(0, 1). z = mu + sigma * eps with eps ~ N(0, 1) keeps it
differentiable. Encoder and decoder are the autoencoder's; new are the two heads, the noise and the KL term.
Reference: Kingma, Welling 2014.

Deviations from the text, undone by `--as_published`:
- Its generation loss is a mean over pixels, its KL a sum: so weighted, the optimum ignores z and all samples are alike.
  Here the generation loss is the negative log-likelihood of the whole image, with grey pixels as Bernoulli means.
- Its head for sigma is linear: negative is harmless, exactly 0 makes the loss infinite. Here the head gives log sigma^2.
- Its Adam at 0.0001 is far from done after 20 epochs (docs/results.md). Here 0.001, falling to 0 along a cosine over the
  whole run, so a run that is resumed with more epochs follows the longer cosine from there.

Run: `./run.sh gan_book.vae --data mnist`. Expect a test ELBO near -101 nats an image and samples that look like digits,
softer than a GAN's.
"""

import statistics
from typing import Literal, NamedTuple

import numpy as np

import data
from data import batches
from gan_book import cae
from graphmode import cli, images, report, runs, sessions, tf, training


class Config(NamedTuple):
    data: Literal["digits", "mnist"] = "digits"  # drawn here, or MNIST
    latent_size: cli.whole(1) = 20  # length of z, as in the text
    lr: cli.real(0.0) = 0.001  # Adam's first learning rate; the text's constant 0.0001 with --as_published
    implies = {"as_published": {"lr": 0.0001}}
    count: cli.whole(1) = 100  # pictures that --mode sample draws
    importance_samples: cli.whole(1) = 200  # draws of z per image for the log-likelihood (evaluate)
    importance_images: cli.whole(1) = 1000  # test images it is estimated on (evaluate)
    fixed = ("latent_size", "as_published")


class VAE_CNN(object):
    """The text's VAE for [batch, 784] digits in [0, 1], fed into IMAGE_IN.

    as_published: the second head is sigma itself; else log sigma^2.
    """

    def __init__(self, img_size=28, latent_size=20, as_published=False):
        self.__x = tf.placeholder(tf.float32, shape=[None, img_size * img_size], name='IMAGE_IN')
        self.__x_image = tf.reshape(self.__x, [-1, img_size, img_size, 1])
        self.__conv2_act = cae.encoder(self.__x_image)
        with tf.name_scope('LATENT'):
            self.__enc_out = tf.reshape(self.__conv2_act, [tf.shape(self.__x)[0], 7 * 7 * 32])
            # Add linear ops for mean and variance
            self.__w_mean = tf.layers.dense(inputs=self.__enc_out, units=latent_size, activation=None, name="w_mean")
            if as_published:
                self.__w_stddev = tf.layers.dense(inputs=self.__enc_out, units=latent_size, activation=None,
                                                  name="w_stddev")
                self.__log_var = tf.log(tf.square(self.__w_stddev))
            else:
                self.__log_var = tf.layers.dense(inputs=self.__enc_out, units=latent_size, activation=None,
                                                 name="w_log_var")
                self.__w_stddev = tf.exp(0.5 * self.__log_var)
            # Generate normal distribution with dimensions [B, latent_size]
            self.__samples = tf.random_normal([tf.shape(self.__x)[0], latent_size], 0, 1, dtype=tf.float32)
            self.__guessed_z = self.__w_mean + (self.__w_stddev * self.__samples)
            tf.summary.histogram("latent_sample", self.__guessed_z)
        self.__y, self.__logits = cae.decoder(self.__guessed_z)
        self.__y_flat = tf.reshape(self.__y, [tf.shape(self.__x)[0], img_size * img_size])

    @property
    def input(self):
        return self.__x

    @property
    def mean(self):
        return self.__w_mean

    @property
    def stddev(self):
        return self.__w_stddev

    @property
    def log_var(self):
        return self.__log_var

    @property
    def noise(self):
        return self.__samples

    @property
    def latent(self):
        return self.__guessed_z

    @property
    def output(self):
        return self.__y

    @property
    def output_flat(self):
        return self.__y_flat

    @property
    def logits_flat(self):
        return tf.reshape(self.__logits, tf.shape(self.__x))


class VAE_CNN_GEN(object):
    """The decoder alone, as the text's generator: LATENT_IN [batch, latent_size] -> output [batch, 28, 28, 1] in [0, 1].

    Its weights have the VAE's names, so that a checkpoint of the VAE restores them.
    """

    def __init__(self, latent_size=20, reuse=None):
        self.__x = tf.placeholder(tf.float32, shape=[None, latent_size], name='LATENT_IN')
        self.__y, _ = cae.decoder(self.__x, reuse)

    @property
    def output(self):
        return self.__y

    @property
    def input(self):
        return self.__x


def kl_divergence(z_mean, log_var):
    """KL of N(z_mean, exp(log_var)) from N(0, 1), [batch, latent_size] each -> [batch, latent_size] nats."""
    return 0.5 * (tf.square(z_mean) + tf.exp(log_var) - log_var - 1)


def negative_log_likelihood(model_in, logits_flat):
    """[batch, 784] pixels in [0, 1] and logits -> [batch] nats per image, each pixel a Bernoulli mean."""
    return tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(labels=model_in, logits=logits_flat), 1)


def vae_loss(vae, as_published=False):
    """Returns (loss, generation_loss, latent_loss), scalars. As published: mean squared error, KL with sigma squared."""
    with tf.name_scope("VAE_LOSS"):
        if as_published:
            # L2 loss (generative loss)
            generation_loss = tf.losses.mean_squared_error(labels=vae.input, predictions=vae.output_flat)
            # KL Loss (latent loss)
            latent_loss = 0.5 * tf.reduce_sum(tf.square(vae.mean) + tf.square(vae.stddev)
                                              - tf.log(tf.square(vae.stddev)) - 1, 1)
        else:
            generation_loss = negative_log_likelihood(vae.input, vae.logits_flat)
            latent_loss = tf.reduce_sum(kl_divergence(vae.mean, vae.log_var), 1)
        # Merge the losses
        loss = tf.reduce_mean(generation_loss + latent_loss)
        return loss, tf.reduce_mean(generation_loss), tf.reduce_mean(latent_loss)


def log_importance_weight(misfit, vae):
    """log p(x, z) - log q(z | x) of the z that was drawn, [batch], from -log p(x | z)."""
    return -misfit - 0.5 * tf.reduce_sum(tf.square(vae.latent) - tf.square(vae.noise) - vae.log_var, 1)


def active_units(means):
    """How many of z's entries say anything: those whose mu varies over the data by more than 0.01 (Burda et al. 2016)."""
    return int(np.sum(np.var(means, 0) > 0.01))


def build(config, digits):
    """The VAE with its training step, fed from digits.train_images."""
    vae = VAE_CNN(latent_size=config.latent_size, as_published=config.as_published)
    loss, generation_loss, latent_loss = vae_loss(vae, config.as_published)
    steps = training.steps_for(config, len(digits.train_images))
    with tf.name_scope("Solver"):
        learning_rate = config.lr if config.as_published else training.cosine(config.lr, steps)
        train_step = tf.train.AdamOptimizer(learning_rate).minimize(loss)
    z = np.random.RandomState(config.seed).randn(100, config.latent_size).astype(np.float32)
    samples, _ = cae.decoder(tf.constant(z), reuse=True)
    return training.Model(
        phases=[training.Phase("train", steps, [train_step])],
        scalars={"loss": loss, "generation_loss": generation_loss, "latent_loss": latent_loss},
        images={"samples": samples, "reconstructions": cae.side_by_side(vae.input, vae.output)},
        feed=cae.digit_feed(config, digits, vae.input))


def train(config):
    training.fit(build(config, data.load(config.data, config.input_dir)), config)


def sample(config):
    """Draws z from N(0, 1) and lets the generator make pictures of it."""
    generator = VAE_CNN_GEN(latent_size=config.latent_size)
    z = np.random.RandomState(config.seed).randn(config.count, config.latent_size)
    with sessions.session() as session:
        sessions.restore(session, config.checkpoint)
        images.save_samples(config.output_dir, sessions.in_parts(session, generator.output, generator.input, z))


def evaluate(config):
    """metrics.json: test ELBO in nats per image and its two parts, active units, importance-sampled log-likelihood.

    All are those of Bernoulli pixels, whatever the model was trained with. The importance-sampled bound is Burda et al.'s.
    """
    digits = data.load(config.data, config.input_dir)
    inputs = batches.flat_pixels(digits.test_images)
    vae = VAE_CNN(latent_size=config.latent_size, as_published=config.as_published)
    generator = VAE_CNN_GEN(latent_size=config.latent_size, reuse=True)
    misfit = negative_log_likelihood(vae.input, vae.logits_flat)
    kl = tf.reduce_sum(kl_divergence(vae.mean, vae.log_var), 1)
    log_weight = log_importance_weight(misfit, vae)
    with sessions.session() as session:
        sessions.restore(session, config.checkpoint)
        misfits, kls, means, latent = sessions.in_parts(session, [misfit, kl, vae.mean, vae.latent], vae.input, inputs)
        bounds = []
        for image in inputs[np.linspace(0, len(inputs) - 1, min(config.importance_images, len(inputs))).astype(int)]:
            weights = session.run(log_weight, {vae.input: np.tile(image, [config.importance_samples, 1])})
            bounds.append(np.logaddexp.reduce(weights.astype(np.float64)) - np.log(len(weights)))
        _figures(config, session, vae, generator, inputs, means)
    active = active_units(means)
    if not active:
        runs.warn(config.output_dir, "collapse: no entry of z says anything about the digit, so all samples are alike")
    report.write_metrics(config.output_dir, {
        "test ELBO (nats per image)": float(-np.mean(misfits + kls)),
        "test log-likelihood of x given z (nats)": float(-np.mean(misfits)),
        "test KL (nats)": float(np.mean(kls)),
        "active units": active,
        "latent size": config.latent_size,
        "z, drawn for test digits: mean furthest from 0": float(np.abs(latent.mean(0)).max()),
        "z: standard deviation furthest from 1": float(max(latent.std(0), key=lambda deviation: abs(deviation - 1))),
        "z: largest correlation of two entries": float(np.abs(np.corrcoef(latent.T) - np.eye(config.latent_size)).max()),
        "importance-sampled NLL (nats per image)": float(-np.mean(bounds)),
        "importance samples": config.importance_samples,
        "importance images": len(bounds),
        "test images": len(inputs),
    })


def _figures(config, session, vae, generator, inputs, means):
    """Samples, reconstructions, walks from digit to digit, and the plane of the two most active entries of z."""
    folder = runs.path(config.output_dir, "figures")

    def save(name, latent, columns):
        drawn = session.run(generator.output, {generator.input: latent})
        images.save_png(folder / name, images.grid(drawn, columns), zoom=2)

    save("samples.png", np.random.RandomState(config.seed + 1).randn(100, config.latent_size), 10)
    pairs = session.run(cae.side_by_side(vae.input, vae.output), {vae.input: inputs[:50]})
    images.save_png(folder / "test_digits_and_reconstructions.png", images.grid(pairs, 10), zoom=2)
    walk = np.linspace(0.0, 1.0, 10)[:, None]
    save("interpolation.png", np.concatenate([a + walk * (b - a) for a, b in zip(means[:20:2], means[1:20:2])]), 10)
    # Values at equal steps of probability, so that the plane shows what the decoder is asked for equally often.
    ticks = [statistics.NormalDist().inv_cdf((n + 0.5) / 15) for n in range(15)]
    plane = np.zeros([15 * 15, config.latent_size])
    active = np.argsort(-np.var(means, 0))[:2]
    plane[:, active[0]] = np.repeat(ticks, 15)
    plane[:, active[-1]] = np.tile(ticks, 15)
    save("manifold.png", plane, 15)


def main(argv=None):
    cli.main("gan_book.vae", Config, {"train": train, "sample": sample, "evaluate": evaluate}, __doc__, argv,
             after_training="evaluate")


if __name__ == "__main__":
    main()
