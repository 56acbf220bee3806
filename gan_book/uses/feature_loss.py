"""A use of the GAN: its discriminator as loss function, here in a VAE, in place of a comparison pixel by pixel.

Objective: feature loss + latent loss. A drawing y is like its digit x if a discriminator, trained before and now left
as it is, answers both alike in its hidden layers (Larsen et al. 2016). For each layer f the squared difference
|f(x) - f(y)|^2 is taken as a share of the batch's variance of f(x), both summed over the layer: 0 for y = x, 1 for the
mean of all digits' answers, 2 for another digit. So no layer outweighs the others, and a weight suits any
discriminator. The VAE is the chapter's. The text names this use and shows none.

Not any discriminator will do: one with batch norm, as the DCGAN's is here, leads the VAE to noise (docs/errata.md), so
the text's own, `--as_published`.

Deviations from Larsen et al.: the discriminator is a finished DCGAN's and does not learn beside the VAE; nobody tries
to deceive it; all its hidden layers count, for with the dense one alone the decoder draws grids of dots that only the
discriminator takes for digits.

Run: `./run.sh gan_book.dcgan --data mnist --as_published --max_epochs 2 --output_dir runs/published`, then `./run.sh
gan_book.feature_loss --data mnist --gan runs/published`;
`--feature_weight 0 --pixel_weight 1` is gan_book.vae, to compare. Expect sharper samples than its, fewer of them faint.
"""

from typing import Literal, NamedTuple

import numpy as np

import data
from data import batches
from gan_book import cae, dcgan, gan, metrics, tips, vae
from graphmode import cli, errors, files, sessions, tf, training
from graphmode.report import images, page, scores
from graphmode.training import run_folder


@dataclasses.dataclass(frozen=True)
class Config(Settings_):
    shared = (metrics.Judged,)
    data: Literal["digits", "mnist"] = setting("digits", help='drawn here, or MNIST')
    gan: str = setting("", help='the run of gan_book.dcgan --as_published whose discriminator compares; not needed with --feature_weight 0')
    feature_weight: float = setting(100.0, at_least=0.0, help='of the mean share over the layers, in nats')
    pixel_weight: float = setting(0.0, at_least=0.0, help="of the VAE's own generation loss, beside it or in its place")
    batch_size: int = setting(128, at_least=2, help='examples per step; one alone has no variance')
    latent_size: int = setting(20, at_least=1, help='length of z, as in the text')
    lr: float = setting(0.001, at_least=0.0, help="Adam's first learning rate, as the VAE's")
    implies = vae.Config.implies
    count: int = setting(100, at_least=1, help='pictures that --mode sample draws')
    fixed = ("latent_size", "as_published")


def hidden_layers(pixels, saved):
    """How a DCGAN's discriminator sees pictures.

    Args:
        pixels: [batch, 784] in [0, 1], brought to the range that it was trained with.
        saved: its run's configuration. Its weights are read when variables are initialised, and are not trainable.

    Returns:
        The two convolutions as pooled, [batch, 12, 12, 32] and [batch, 4, 4, 64] (strided: [batch, 14, 14, 32] and
        [batch, 7, 7, 64]), and [batch, 1024]: a list.

    Raises:
        InputError: the checkpoint does not hold such a discriminator.
    """
    def frozen(getter, *args, **kwargs):
        return getter(*args, **{**kwargs, "trainable": False})

    with tf.variable_scope("discriminator", custom_getter=frozen):
        layers = dcgan.hidden_layers(gan.scaled(pixels, saved.as_published), tips.Tips.of(saved))
    try:
        tf.train.init_from_checkpoint(saved.checkpoint, {"discriminator/": "discriminator/"})
    except (tf.errors.OpError, ValueError) as error:
        raise errors.InputError("checkpoint {} does not fit this discriminator: {}".format(
            saved.checkpoint, str(error).splitlines()[0])) from None
    return layers


def feature_loss(layers, drawn_layers):
    """[batch, ...] activations for x and for y, a list of layers each -> list of scalars, the shares as above."""
    shares = []
    with tf.name_scope("FEATURE_LOSS"):
        for of_x, of_y in zip(layers, drawn_layers):
            variance = tf.reduce_sum(tf.nn.moments(of_x, [0])[1])
            difference = tf.reduce_sum(tf.square(of_x - of_y)) / tf.to_float(tf.shape(of_x)[0])
            shares.append(difference / (variance + 1e-8))
    return shares


def build(config, digits):
    """The VAE with its training step, fed from digits.train_images; D sees digits and drawings in one batch."""
    # First, so that the same seed gives the same first weights and noise as gan_book.vae.
    model = vae.VAE_CNN(latent_size=config.latent_size, as_published=config.as_published)
    _, generation_loss, latent_loss = vae.vae_loss(model, config.as_published)
    loss = config.pixel_weight * generation_loss + latent_loss
    scalars = {"generation_loss": generation_loss, "latent_loss": latent_loss}
    if config.feature_weight:
        if not config.gan:
            raise errors.InputError("--gan is missing: the run of gan_book.dcgan --as_published whose discriminator is to "
                                 "compare, for example runs/published")
        saved = run_folder.trained(dcgan.Config, config.gan)
        if saved.discriminator_batch_norm:
            raise errors.InputError("--gan {}: its discriminator has batch norm, and by such a one a VAE does not learn to draw; "
                                 "take one without: ./run.sh gan_book.dcgan --as_published --output_dir "
                                 "runs/published".format(config.gan))
        layers = hidden_layers(tf.concat([model.input, model.output_flat], 0), saved)
        shares = feature_loss(*zip(*(tf.split(layer, 2) for layer in layers)))
        loss += config.feature_weight * tf.add_n(shares) / len(shares)
        scalars.update({"share_of_layer_{}".format(n): share for n, share in enumerate(shares, 1)})
    steps = training.steps_for(config, len(digits.train_images))
    learning_rate = config.lr if config.as_published else training.cosine(config.lr, steps)
    train_step = tf.train.AdamOptimizer(learning_rate).minimize(loss)
    z = np.random.RandomState(config.seed).randn(100, config.latent_size).astype(np.float32)
    samples, _ = cae.decoder(tf.constant(z), reuse=True)
    return training.Model(
        phases=[training.Phase("train", steps, [train_step])],
        scalars={"loss": loss, **scalars},
        images={"samples": samples, "reconstructions": cae.side_by_side(model.input, model.output)},
        feed=cae.digit_feed(config, digits, model.input))


def train(config):
    training.fit(build(config, data.load(config.data, config.input_dir)), config)


def evaluate(config):
    """metrics.json: 10,000 samples judged as a GAN's are; test digits drawn again from mu. figures: some of both."""
    digits = data.load(config.data, config.input_dir)
    inputs = batches.flat_pixels(digits.test_images)
    model = vae.VAE_CNN(latent_size=config.latent_size, as_published=config.as_published)
    generator = vae.VAE_CNN_GEN(latent_size=config.latent_size, reuse=True)
    kl = tf.reduce_sum(vae.kl_divergence(model.mean, model.log_var), 1)
    z = np.random.RandomState(config.seed + 1).randn(10000, config.latent_size)
    with sessions.session() as session:
        sessions.restore(session, config.checkpoint)
        means, kls = sessions.in_parts(session, [model.mean, kl], model.input, inputs)
        drawn, samples = (sessions.in_parts(session, generator.output, generator.input, latent)
                          for latent in (means, z))
    figures = files.path(config.output_dir, "figures")
    pairs = np.stack([inputs.reshape(drawn.shape), drawn], 1)[:50].reshape(-1, 28, 28)
    images.save_png(figures / "test_digits_and_reconstructions.png", images.grid(pairs, 10), zoom=2)
    images.save_png(figures / "samples.png", images.grid(samples[:100], 10), zoom=2)
    page.write_metrics(config.output_dir, {
        **metrics.judge(samples, digits, config),
        "test PSNR (dB), drawn from mu": float(np.mean(scores.psnr(drawn.reshape(inputs.shape), inputs))),
        "test KL (nats)": float(np.mean(kls)),
        "active units": vae.active_units(means),
    })


def main(argv=None):
    cli.main("gan_book.feature_loss", Config, {"train": train, "sample": vae.sample, "evaluate": evaluate}, __doc__,
             argv)


if __name__ == "__main__":
    main()
