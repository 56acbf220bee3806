"""How good a VAE is: its ELBO on test images and its latent units; figures in latent_figures.py."""

import numpy as np

from data import feeds
from gan_book import inputs
from gan_book.evaluation import gaussians, latent_figures, sampling
from graphmode import sessions
from graphmode.report import page
from graphmode.training import progress, run_folder

ACTIVE = 0.01  # variance of mu over the data above which a unit is active (Burda et al. 2016)


def sample(config, generator):
    """Decodes z from N(0, 1) into `config.count` images, in sample.png and samples.npz.

    Args:
        generator: has `input`, placeholder [batch, latent_size], and `output`, images.
    """
    z = np.random.RandomState(config.seed).randn(config.count, config.latent_size)
    with sessions.session() as session:
        sessions.restore(session, config.checkpoint)
        samples = sessions.in_parts(session, generator.output, generator.input, z)
    sampling.save(config, samples, codes=z.astype(np.float32))


def active_units(means):
    """The number of latent units that depend on the image; means: mu, [N, latent_size]."""
    return int(np.sum(np.var(means, 0) > ACTIVE))


def evaluate(config, digits, vae, generator, nll, kl, log_weight):
    """Writes metrics.json and figures of a trained VAE.

    The figures are those of the likelihood of the configuration; as published they are those of
    Bernoulli pixels, whatever the model was trained with. The importance-sampled NLL is an upper
    bound (Burda et al. 2016).

    Args:
        config: settings of the VAE.
        digits: data.Digits.
        vae: has `input` [batch, 784], `mean`, `latent` [batch, latent_size] and `output`.
        generator: see `sample`.
        nll, kl: [batch] nats.
        log_weight: [batch], log p(x, z) - log q(z | x) of the sampled z.
    """
    sampling.check_held_out(config, digits)
    gaussian = config.likelihood == "gaussian"
    pixels = feeds.flat_pixels(digits.test_images)
    if gaussian:
        # A density of 8-bit levels could grow without limit. With noise it is a bound in bits.
        pixels = gaussians.with_noise(digits.test_images, config.seed)
    with sessions.session() as session:
        sessions.restore(session, config.checkpoint)
        fetches = [nll, kl, vae.mean, vae.latent]
        nlls, kls, means, z = sessions.in_parts(session, fetches, vae.input, pixels)
        bounds = _importance_sampled(config, session, vae.input, log_weight, pixels)

        def decode(z):
            return sessions.in_parts(session, generator.output, generator.input, z)

        outputs = session.run(vae.output, {vae.input: pixels[:50]})
        latent_figures.of_vae(config, decode, pixels, outputs, means)
        latent_figures.scatter(config, means, digits)
    active = active_units(means)
    if not active:
        message = (
            "posterior collapse: no latent unit depends on the image, so all samples look the same"
        )
        run_folder.warn(config.output_dir, message)
    metrics = {"test ELBO (nats per image)": float(-np.mean(nlls + kls))}
    if gaussian:
        metrics.update(_in_bits(config, digits, pixels, np.mean(nlls + kls)))
    metrics.update(
        {
            "test log-likelihood of x given z (nats)": float(-np.mean(nlls)),
            "test KL (nats)": float(np.mean(kls)),
            "active units": active,
            "latent size": config.latent_size,
            **_of_codes(z, sampling.words(config).images),
            "importance-sampled NLL (nats per image)": float(-np.mean(bounds)),
            "importance samples": config.importance_samples,
            "importance images": len(bounds),
            "test images": len(pixels),
        }
    )
    page.write_metrics(config.output_dir, metrics)


def _of_codes(z, word):
    """How far the codes of the test images are from N(0, 1); z: [N, latent_size]."""
    correlations = np.abs(np.atleast_2d(np.corrcoef(z.T)) - np.eye(z.shape[1]))
    return {
        f"z of test {word}: mean furthest from 0": float(np.abs(z.mean(0)).max()),
        f"z of test {word}: standard deviation furthest from 1": float(
            max(z.std(0), key=lambda deviation: abs(deviation - 1))
        ),
        f"z of test {word}: largest correlation of two units": float(correlations.max()),
    }


def _in_bits(config, digits, pixels, nats):
    """The bound in bits per dimension, beside Gaussians of the training images."""
    size, count = inputs.numbers(config), len(digits.train_labels)
    chosen = np.unique(np.linspace(0, count - 1, min(count, gaussians.FITTED)).astype(int))
    train = gaussians.with_noise(digits.train_images[chosen], config.seed + 1)
    units = min(config.latent_size, len(train) - 1, size - 1)
    single, joint = gaussians.bits_of_gaussians(train, pixels, units)
    return {
        "negative test ELBO (bits per dimension)": float(gaussians.bits(nats, size)),
        "Gaussian of the data, independent pixels (bits per dimension)": single,
        f"Gaussian of the data, {units} principal components (bits per dimension)": joint,
    }


def _importance_sampled(config, session, placeholder, log_weight, pixels):
    """A lower bound of log p(x) of some test images, in nats."""
    count = min(config.importance_images, len(pixels))
    bounds = []
    chosen = pixels[np.linspace(0, len(pixels) - 1, count).astype(int)]
    for image in progress.over(chosen, "importance sampling"):
        repeated = np.tile(image, [config.importance_samples, 1])
        weights = session.run(log_weight, {placeholder: repeated}).astype(np.float64)
        bounds.append(np.logaddexp.reduce(weights) - np.log(len(weights)))
    return bounds
