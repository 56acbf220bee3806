"""How good a VAE is: its ELBO on test digits, its latent units, samples and walks as figures."""

import statistics

import numpy as np

import data
from data import feeds
from graphmode import files, sessions
from graphmode.report import images, page
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
    images.save_samples(config.output_dir, samples)


def active_units(means):
    """The number of latent units that depend on the image; means: mu, [N, latent_size]."""
    return int(np.sum(np.var(means, 0) > ACTIVE))


def evaluate(config, vae, generator, nll, kl, log_weight):
    """Writes metrics.json and figures of a trained VAE.

    All figures are those of Bernoulli pixels, whatever the model was trained with. The
    importance-sampled NLL is an upper bound (Burda et al. 2016).

    Args:
        config: settings of the VAE.
        vae: has `input` [batch, 784], `mean` and `latent` [batch, latent_size].
        generator: see `sample`.
        nll, kl: [batch] nats.
        log_weight: [batch], log p(x, z) - log q(z | x) of the sampled z.
    """
    digits = data.load(config.data, config.input_dir)
    inputs = feeds.flat_pixels(digits.test_images)
    with sessions.session() as session:
        sessions.restore(session, config.checkpoint)
        fetches = [nll, kl, vae.mean, vae.latent]
        nlls, kls, means, z = sessions.in_parts(session, fetches, vae.input, inputs)
        bounds = _importance_sampled(config, session, vae.input, log_weight, inputs)
        _figures(config, session, vae, generator, inputs, means)
    active = active_units(means)
    if not active:
        message = (
            "posterior collapse: no latent unit depends on the image, so all samples look the same"
        )
        run_folder.warn(config.output_dir, message)
    off_diagonal = np.corrcoef(z.T) - np.eye(config.latent_size)
    metrics = {
        "test ELBO (nats per image)": float(-np.mean(nlls + kls)),
        "test log-likelihood of x given z (nats)": float(-np.mean(nlls)),
        "test KL (nats)": float(np.mean(kls)),
        "active units": active,
        "latent size": config.latent_size,
        "z of test digits: mean furthest from 0": float(np.abs(z.mean(0)).max()),
        "z of test digits: standard deviation furthest from 1": float(
            max(z.std(0), key=lambda deviation: abs(deviation - 1))
        ),
        "z of test digits: largest correlation of two units": float(np.abs(off_diagonal).max()),
        "importance-sampled NLL (nats per image)": float(-np.mean(bounds)),
        "importance samples": config.importance_samples,
        "importance images": len(bounds),
        "test images": len(inputs),
    }
    page.write_metrics(config.output_dir, metrics)


def _importance_sampled(config, session, placeholder, log_weight, inputs):
    """A lower bound of log p(x) of some test images, in nats."""
    count = min(config.importance_images, len(inputs))
    bounds = []
    chosen = inputs[np.linspace(0, len(inputs) - 1, count).astype(int)]
    for image in progress.over(chosen, "importance sampling"):
        repeated = np.tile(image, [config.importance_samples, 1])
        weights = session.run(log_weight, {placeholder: repeated}).astype(np.float64)
        bounds.append(np.logaddexp.reduce(weights) - np.log(len(weights)))
    return bounds


def _figures(config, session, vae, generator, inputs, means):
    """Samples, reconstructions, walks between digits, the plane of the two most active units."""
    folder = files.path(config.output_dir, "figures")

    def save(name, z, columns):
        decoded = session.run(generator.output, {generator.input: z})
        images.save_png(folder / name, images.grid(decoded, columns), zoom=2)

    random = np.random.RandomState(config.seed + 1)
    save("samples.png", random.randn(100, config.latent_size), 10)
    outputs = session.run(vae.output, {vae.input: inputs[:50]})
    pairs = np.stack([inputs[:50], outputs], 1).reshape(-1, 28, 28)
    images.save_png(folder / "test_digits_and_reconstructions.png", images.grid(pairs, 10), zoom=2)
    walk = np.linspace(0.0, 1.0, 10)[:, None]
    ends = zip(means[:20:2], means[1:20:2])
    save("interpolation.png", np.concatenate([a + walk * (b - a) for a, b in ends]), 10)
    save("manifold.png", _plane(means), 15)


def _plane(means):
    """225 z of a 15 x 15 grid over the two most active units; the other units are 0.

    The steps have equal probability, so the plane shows what the decoder gets equally often.
    """
    ticks = [statistics.NormalDist().inv_cdf((n + 0.5) / 15) for n in range(15)]
    plane = np.zeros([15 * 15, means.shape[1]])
    active = np.argsort(-np.var(means, 0))[:2]
    plane[:, active[0]] = np.repeat(ticks, 15)
    plane[:, active[-1]] = np.tile(ticks, 15)
    return plane
