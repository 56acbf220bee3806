"""A use of the GAN: its discriminator as the VAE's loss function, in place of a comparison pixel by pixel."""

from typing import Literal, NamedTuple

import numpy as np

import data
from data import batches
from gan_book import cae, dcgan, metrics, tips, vae
from graphmode import cli, images, report, runs, scores, sessions, tf, training


class Config(NamedTuple):
    data: Literal["digits", "mnist"] = "digits"  # drawn here, or MNIST
    gan: str = ""  # the run of gan_book.dcgan whose discriminator is the measure; not needed with --feature_weight 0
    feature_weight: cli.real(0.0) = 100.0  # nats for features that differ as much as those of any two digits
    pixel_weight: cli.real(0.0) = 0.0  # of the VAE's own generation loss; 1 with --feature_weight 0 is the plain VAE
    latent_size: cli.whole(1) = 20  # length of z, as in the text
    lr: cli.real(0.0) = 0.001  # Adam's first learning rate, falling to 0 along a cosine
    count: cli.whole(1) = 100  # pictures that --mode sample draws
    layers: str = "012"
    norm: str = "share"


class Watching(tips.Tips):
    def pool(self, x):
        x = super().pool(x)
        tf.add_to_collection("hid", x)
        return x


def features(pixels, gan, layers):
    def frozen(getter, *args, **kwargs):
        return getter(*args, **{**kwargs, "trainable": False})
    with tf.variable_scope("discriminator", custom_getter=frozen):
        fc1 = dcgan.hidden_layers(pixels if gan.as_published else 2.0 * pixels - 1.0, Watching.of(gan), is_training=False)
    found = tf.get_collection("hid") + [fc1]
    print(found)
    return [found[int(n)] for n in layers]


def build(config, digits):
    model = vae.VAE_CNN(latent_size=config.latent_size)
    _, pixel_loss, latent_loss = vae.vae_loss(model)
    loss = config.pixel_weight * pixel_loss + latent_loss
    scalars = {"pixel_loss": pixel_loss, "latent_loss": latent_loss}
    if config.feature_weight:
        gan = cli.saved("gan_book.dcgan", dcgan.Config, config.gan)
        maps = features(tf.concat([model.input, model.output_flat], 0), gan, config.layers)
        tf.train.init_from_checkpoint(gan.checkpoint, {"discriminator/": "discriminator/"})
        shares = []
        for m in maps:
            fx, fy = tf.split(tf.reshape(m, [tf.shape(m)[0], -1]), 2)
            d = tf.reduce_sum(tf.square(fx - fy), 1)
            s = tf.reduce_sum(tf.nn.moments(fx, [0])[1])
            shares.append(tf.reduce_mean(d) / s)
            scalars["share%d" % len(shares)] = shares[-1]
        feature_loss = tf.add_n(shares) / len(shares)
        loss += config.feature_weight * feature_loss
    print([v.op.name for v in tf.trainable_variables()])
    steps = training.steps_for(config, len(digits.train_images))
    step = tf.train.get_or_create_global_step()
    rate = tf.train.cosine_decay(config.lr, step, steps)
    train_step = tf.train.AdamOptimizer(rate).minimize(loss)
    z = np.random.RandomState(config.seed).randn(100, config.latent_size).astype(np.float32)
    samples, _ = cae.decoder(tf.constant(z), reuse=True)
    return training.Model(phases=[training.Phase("train", steps, [train_step])], scalars={"loss": loss, **scalars},
        images={"samples": samples, "reconstructions": cae.side_by_side(model.input, model.output)},
        feed=cae.digit_feed(config, digits, model.input))


def train(config):
    training.fit(build(config, data.load(config.data, config.input_dir)), config)


def evaluate(config):
    digits = data.load(config.data, config.input_dir)
    inputs = batches.flat_pixels(digits.test_images)
    model = vae.VAE_CNN(latent_size=config.latent_size)
    generator = vae.VAE_CNN_GEN(latent_size=config.latent_size, reuse=True)
    z = np.random.RandomState(config.seed + 1).randn(10000, config.latent_size)
    with sessions.session() as session:
        sessions.restore(session, config.checkpoint)
        means, log_vars = sessions.in_parts(session, [model.mean, model.log_var], model.input, inputs)
        drawn = sessions.in_parts(session, generator.output, generator.input, means)
        samples = sessions.in_parts(session, generator.output, generator.input, z)
    folder = runs.path(config.output_dir, "figures")
    images.save_png(folder / "samples.png", images.grid(samples[:100], 10), zoom=2)
    pairs = np.stack([inputs[:50].reshape(-1, 28, 28, 1), drawn[:50]], 1).reshape(-1, 28, 28, 1)
    images.save_png(folder / "test_digits_and_reconstructions.png", images.grid(pairs, 10), zoom=2)
    report.write_metrics(config.output_dir, {
        **metrics.judge(samples, digits, config),
        "test PSNR (dB)": float(np.mean(scores.psnr(drawn.reshape(-1, 784), inputs))),
        "test KL": float(np.mean(np.sum(.5 * (means ** 2 + np.exp(log_vars) - log_vars - 1), 1))),
        "active units": vae.active_units(means)})


def main(argv=None):
    cli.main("gan_book.feature_loss", Config, {"train": train, "evaluate": evaluate}, __doc__, argv, after_training="evaluate")


if __name__ == "__main__":
    main()
