"""将判别器用作损失函数 The discriminator as loss function of a VAE: features, not pixels.

The text names this use ("for images possibly better than L1/L2, also in a VAE") and shows no code.

    loss = feature_weight * mean over layers f of E sum (f(x) - f(y))^2 / sum Var f(x)
           + pixel_weight * generation loss + latent loss

x is a digit, y the VAE's output for it, and f a hidden layer of a discriminator that was trained
before and stays as it is. The sums are over the units of a layer, mean and variance over the batch.
A layer's term is 0 for y = x, 1 if y has the mean features of all digits, and 2 for another digit.
Therefore no layer outweighs the others, and one weight suits every discriminator. The VAE is the
chapter's.

A discriminator with batch norm, for example that of the default DCGAN, makes the VAE learn noise
(docs/errata.md). Train one with `--as_published`, which has none.

Reference: Larsen et al. 2016, "Autoencoding beyond pixels using a learned similarity metric".

Differences from Larsen et al.:
    - The discriminator comes from a finished DCGAN. It does not learn together with the VAE, and
      no loss term rewards the VAE for deceiving it.
    - All hidden layers count. With the dense layer alone, the decoder learns grids of dots that
      only the discriminator takes for digits.

Run:     ./run.sh gan_book.dcgan --data mnist --as_published --max_epochs 2 --output_dir runs/cnn
         ./run.sh gan_book.uses.feature_loss --data mnist --gan runs/cnn
         With `--feature_weight 0 --pixel_weight 1` it is gan_book.vae, for comparison.
Expect:  sharper samples than the VAE's, and fewer faint ones.
"""

import dataclasses
from typing import ClassVar, Literal

import numpy as np

from data import feeds
from gan_book import cae, dcgan, gan, inputs, tips, vae
from gan_book.evaluation import classifier, latent, sampling
from graphmode import cli, config, errors, files, sessions, tf, training
from graphmode.config import setting
from graphmode.report import images, page, scores
from graphmode.training import run_folder


@dataclasses.dataclass(frozen=True)
class Config(config.Run, classifier.Evaluated):
    """Settings of the VAE with a feature loss. `network` marks those of the trained weights."""

    PROGRAM = "gan_book.uses.feature_loss"
    FORMER_PROGRAMS = ("gan_book.feature_loss",)
    RENAMED = classifier.RENAMED
    AS_PUBLISHED = vae.Config.AS_PUBLISHED
    shape: ClassVar = inputs.TEXT

    data: Literal["digits", "mnist"] = setting("digits", help="drawn digits, or MNIST")
    gan: str = setting(
        "",
        path=True,
        help="run of gan_book.dcgan --as_published with the discriminator to use; "
        "not needed with --feature_weight 0",
    )
    feature_weight: float = setting(
        100.0, at_least=0.0, help="weight of the feature loss (a mean over the layers), in nats"
    )
    pixel_weight: float = setting(0.0, at_least=0.0, help="weight of the VAE's generation loss")
    batch_size: int = setting(
        128, at_least=2, help="examples per step; at least 2, because the loss needs a variance"
    )
    latent_size: int = setting(20, at_least=1, network=True, help="number of latent units")
    lr: float = setting(
        0.001, above=0.0, changeable=True, help="learning rate of Adam at the first step"
    )
    count: int = setting(100, at_least=1, help="number of samples (--mode sample)")


def hidden_layers(pixels, trained):
    """The hidden layers of a trained DCGAN's discriminator.

    The weights are read when the variables are initialized. They are not trainable.

    Args:
        pixels: [batch, 784] in [0, 1]. They are scaled to the range of the DCGAN's training.
        trained: dcgan.Config of the run, from `run_folder.trained`.

    Returns:
        A list: the pooled outputs of both convolutions, [batch, 12, 12, 32] and
        [batch, 4, 4, 64] (strided: [batch, 14, 14, 32] and [batch, 7, 7, 64]), and [batch, 1024].

    Raises:
        InputError: the checkpoint does not hold such a discriminator.
    """

    def frozen(getter, *args, **kwargs):
        return getter(*args, **{**kwargs, "trainable": False})

    with tf.variable_scope("", custom_getter=frozen):
        hidden = tips.hidden_layers(dcgan.discriminator, trained)
        layers = hidden(gan.scaled(pixels, trained.as_published))
    try:
        tf.train.init_from_checkpoint(trained.checkpoint, {"discriminator/": "discriminator/"})
    except (tf.errors.OpError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise errors.InputError(
            f"checkpoint {trained.checkpoint} does not fit this discriminator: {reason}"
        ) from None
    return layers


def feature_loss(layers, output_layers):
    """The terms of the feature loss.

    Args:
        layers, output_layers: lists of activations, [batch, ...] each, for x and for y.

    Returns:
        A list of scalars, one for each layer; see the module's formula.
    """
    terms = []
    with tf.name_scope("FEATURE_LOSS"):
        for of_x, of_y in zip(layers, output_layers):
            variance = tf.reduce_sum(tf.nn.moments(of_x, [0])[1])
            difference = tf.reduce_sum(tf.square(of_x - of_y)) / tf.to_float(tf.shape(of_x)[0])
            terms.append(difference / (variance + 1e-8))
    return terms


def discriminator_run(config):
    """The configuration of the run that --gan names.

    Raises:
        InputError: there is no such run, or its discriminator has batch norm.
    """
    cure = "./run.sh gan_book.dcgan --as_published --output_dir runs/cnn"
    if not config.gan:
        raise errors.InputError(
            f"--gan is missing: the run with the discriminator to use, for example of {cure}"
        )
    trained = run_folder.trained(dcgan.Config, config.gan)
    if trained.discriminator_norm != "none":
        raise errors.InputError(
            f"--gan {config.gan}: its discriminator has batch norm, so the VAE would learn "
            f"noise; use one without: {cure}"
        )
    return trained


def build(config, digits):
    """Builds the graph that trains the VAE on `digits` (data.Digits).

    The discriminator sees the digits and the VAE's outputs in one batch.
    """
    # First, so that the same seed gives the same initial weights and noise as in gan_book.vae.
    model = vae.network(config)
    losses = vae.vae_loss_as_published(model) if config.as_published else vae.vae_loss(model)
    _, generation_loss, latent_loss = losses
    loss = config.pixel_weight * generation_loss + latent_loss
    scalars = {"generation_loss": generation_loss, "latent_loss": latent_loss}
    if config.feature_weight:
        both = tf.concat([model.input, model.output], 0)
        layers = hidden_layers(both, discriminator_run(config))
        terms = feature_loss(*zip(*(tf.split(layer, 2) for layer in layers)))
        loss += config.feature_weight * tf.add_n(terms) / len(terms)
        scalars.update({f"share_of_layer_{n}": term for n, term in enumerate(terms, 1)})

    # Solver
    steps = training.steps_for(config, len(digits.train_images))
    learning_rate = config.lr if config.as_published else training.cosine(config.lr, steps)
    train_step = tf.train.AdamOptimizer(learning_rate).minimize(loss)

    # The same hundred latent vectors in every grid, so that two grids can be compared.
    z = feeds.fixed_noise([100, config.latent_size], config.seed)
    samples, _ = vae.decoder(z, reuse=True)
    update = training.Update(train_step, {"loss": loss, **scalars})
    return training.Model(
        phases=[training.Phase("train", steps, [update])],
        images={"samples": samples, "reconstructions": cae.side_by_side(model.input, model.output)},
        feed=feeds.digits(digits, model.input, config.batch_size, config.seed),
    )


def train(config):
    training.fit(build(config, inputs.digits(config)), config)


def evaluate(config):
    """Writes metrics.json and figures.

    A classifier evaluates samples, as for a GAN. Test digits are reconstructed from mu.
    """
    digits = inputs.digits(config)
    pixels = feeds.flat_pixels(digits.test_images)
    model = vae.network(config)
    generator = vae.VAE_CNN_GEN(latent_size=config.latent_size, reuse=True)
    kl = vae.kl_divergence(model)
    z = np.random.RandomState(config.seed + 1).randn(sampling.COUNT, config.latent_size)
    with sessions.session() as session:
        sessions.restore(session, config.checkpoint)
        means, kls = sessions.in_parts(session, [model.mean, kl], model.input, pixels)
        outputs, samples = (
            sessions.in_parts(session, generator.output, generator.input, latent_vectors)
            for latent_vectors in (means, z)
        )
    figures = files.path(config.output_dir, "figures")
    pairs = np.stack([pixels.reshape(outputs.shape), outputs], 1)[:50].reshape(-1, 28, 28)
    target = figures / "test_digits_and_reconstructions.png"
    images.save_png(target, images.grid(pairs, columns=10), zoom=2)
    images.save_png(figures / "samples.png", images.grid(samples[:100], columns=10), zoom=2)
    metrics = {
        **sampling.evaluate_samples(samples, digits, config),
        "test PSNR (dB), decoded from mu": float(
            np.mean(scores.psnr(outputs.reshape(pixels.shape), pixels))
        ),
        "test KL (nats)": float(np.mean(kls)),
        "active units": latent.active_units(means),
    }
    page.write_metrics(config.output_dir, metrics)


def main(argv=None):
    modes = {"train": train, "sample": vae.sample, "evaluate": evaluate}
    cli.main(Config, modes, __doc__, argv)


if __name__ == "__main__":
    main()
