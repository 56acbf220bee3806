"""How many bits a Gaussian of the data needs for an image: what a VAE should do better than.

Two Gaussians are fitted to the training images in closed form: independent pixels, and
probabilistic PCA (Tipping and Bishop 1999), the best linear VAE with as many latent units. Pixels
are levels from 0 to 255. Noise that is uniform within a level is added to them, so that densities
become bits (Theis et al. 2016).
"""

from typing import Tuple

import numpy as np

FITTED = 2000  # training images that the Gaussians are fitted to, at most
LEVEL = 1.0 / 256.0  # width of a level; pixels are in [0, 1]


def with_noise(pixels: np.ndarray, seed: int) -> np.ndarray:
    """uint8 [N, ...] -> float32 [N, pixels and channels] in [0, 1], with noise within a level."""
    flat = pixels.reshape(len(pixels), -1).astype(np.float32)
    return (flat + np.random.default_rng(seed).random(flat.shape, np.float32)) * np.float32(LEVEL)


def bits(nats, size: int):
    """Nats of an image with `size` numbers in [0, 1] -> bits per number, of 8-bit levels."""
    return nats / (size * np.log(2.0)) - np.log2(LEVEL)


def bits_of_gaussians(train: np.ndarray, test: np.ndarray, units: int) -> Tuple[float, float]:
    """Bits per dimension of the test images: (independent pixels, probabilistic PCA).

    Args:
        train, test: float [N, size], [M, size] in [0, 1], of `with_noise`.
        units: number of components, less than N and size.
    """
    mean = train.mean(0, dtype=np.float64).astype(np.float32)
    centered, others = train - mean, test - mean
    size, total = train.shape[1], np.square(centered).mean(0, dtype=np.float64)
    variances = np.maximum(total, LEVEL**2 / 12.0)
    log_2pi = np.log(2.0 * np.pi)
    single = 0.5 * (np.square(others) / variances + np.log(variances) + log_2pi).sum(1)

    # The largest eigenvalues of the covariance, from the smaller matrix of products
    values, vectors = np.linalg.eigh((centered @ centered.T).astype(np.float64) / len(train))
    chosen = np.argsort(values)[::-1][:units]
    values, vectors = values[chosen], vectors[:, chosen]
    axes = (centered.T @ vectors.astype(np.float32)) / np.sqrt(len(train) * values)
    rest = max((total.sum() - values.sum()) / (size - units), LEVEL**2 / 12.0)
    along = np.square(others @ axes)
    outside = np.square(others).sum(1, dtype=np.float64) - along.sum(1)
    log_determinant = np.log(values).sum() + (size - units) * np.log(rest)
    joint = 0.5 * ((along / values).sum(1) + outside / rest + log_determinant + size * log_2pi)
    return float(bits(single.mean(), size)), float(bits(joint.mean(), size))
