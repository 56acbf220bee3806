"""Scores of images: PSNR, SSIM, the Frechet distance, nearest neighbors, rank correlation."""

from typing import Sequence, Tuple

import numpy as np

WINDOW = 5  # pixels on each side of a pixel that SSIM looks at
DEVIATION = 1.5  # standard deviation of SSIM's weights, in pixels


def psnr(images: np.ndarray, references: np.ndarray) -> np.ndarray:
    """Peak signal-to-noise ratio in dB of [N, ...] images in [0, 1]: [N]; infinite where equal."""
    error = np.square(np.asarray(images, np.float64) - np.asarray(references, np.float64))
    error = error.reshape(len(error), -1).mean(1)
    with np.errstate(divide="ignore"):
        return -10.0 * np.log10(error)


def masked(values: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The mean of each image over the pixels of a mask.

    Args:
        values: [N, height, width, ...].
        mask: bool [N, height, width].

    Returns:
        [N].
    """
    return np.array([value[where].mean() for value, where in zip(values, mask, strict=True)])


def sharpness(images: np.ndarray, references: np.ndarray, mask: np.ndarray) -> float:
    """The mean magnitude of the gradient in a mask, divided by that of the references.

    1 is as sharp as the references. Blurred images have less, images with noise may have more.

    Args:
        images, references: [N, height, width, channels].
        mask: bool [N, height, width]. A pixel counts if the pixels below and to the right of it
            are in the mask, too.

    Returns:
        The ratio; 1.0 if the references are flat in the mask.
    """
    inside = mask[:, :-1, :-1] & mask[:, 1:, :-1] & mask[:, :-1, 1:]

    def magnitude(x):
        gray = np.asarray(x, np.float64).mean(-1)
        corner = gray[:, :-1, :-1]
        return np.hypot(gray[:, 1:, :-1] - corner, gray[:, :-1, 1:] - corner)[inside].mean()

    real = magnitude(references) if inside.any() else 0.0
    return float(magnitude(images) / real) if real else 1.0


def ssim_map(images: np.ndarray, references: np.ndarray) -> np.ndarray:
    """Structural similarity at each pixel (Wang et al. 2004), mean over channels; 1 where equal.

    Means, variances and covariance have weights of a normal distribution. The images are mirrored
    at their borders.

    Args:
        images, references: [N, height, width, channels] in [0, 1]; height and width above 5.

    Returns:
        float64 [N, height, width].
    """
    a, b = np.asarray(images, np.float64), np.asarray(references, np.float64)
    mean_a, mean_b = _blurred(a), _blurred(b)
    variances = _blurred(a * a) - mean_a**2 + _blurred(b * b) - mean_b**2
    covariance = _blurred(a * b) - mean_a * mean_b
    c1, c2 = 0.01**2, 0.03**2
    above = (2 * mean_a * mean_b + c1) * (2 * covariance + c2)
    below = (mean_a**2 + mean_b**2 + c1) * (variances + c2)
    return (above / below).mean(-1)


def _blurred(x):
    weights = np.exp(-0.5 * np.square(np.arange(-WINDOW, WINDOW + 1) / DEVIATION))
    weights /= weights.sum()
    for axis in (1, 2):
        border = [(WINDOW, WINDOW) if side == axis else (0, 0) for side in range(4)]
        wide, length = np.pad(x, border, "symmetric"), x.shape[axis]
        shifted = (np.take(wide, range(n, n + length), axis) for n in range(len(weights)))
        x = sum(weight * part for weight, part in zip(weights, shifted, strict=True))
    return x


def frechet_distance(features: np.ndarray, others: np.ndarray) -> float:
    """Frechet distance of the normal distributions fitted to two sets (Heusel et al. 2017).

    It is |m1 - m2|^2 + trace(C1 + C2 - 2 (C1 C2)^(1/2)). The trace of the root comes from the
    eigenvalues of the symmetric matrix C1^(1/2) C2 C1^(1/2), so it is real.

    Args:
        features, others: [N, size], [M, size]; N and M should be well above size.

    Raises:
        ValueError: fewer than two rows, or different sizes.
    """
    features, others = np.asarray(features, np.float64), np.asarray(others, np.float64)
    if min(len(features), len(others)) < 2 or features.shape[1:] != others.shape[1:]:
        raise ValueError(
            "two sets of at least two rows of one size are needed, "
            f"not {features.shape} and {others.shape}"
        )
    first = np.atleast_2d(np.cov(features, rowvar=False))
    second = np.atleast_2d(np.cov(others, rowvar=False))
    values, vectors = np.linalg.eigh(first)
    root = vectors * np.sqrt(np.maximum(values, 0.0)) @ vectors.T
    cross = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ second @ root), 0.0)).sum()
    gap = features.mean(0) - others.mean(0)
    return float(gap @ gap + np.trace(first) + np.trace(second) - 2.0 * cross)


def nearest(images: np.ndarray, known: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """The nearest row of `known`, [M, size], to each row of `images`, [N, size].

    Returns:
        Euclidean distances [N], indices [N].
    """
    squared = np.square(images).sum(1)[:, None] - 2.0 * images @ known.T + np.square(known).sum(1)
    indices = squared.argmin(1)
    return np.sqrt(np.maximum(squared[np.arange(len(images)), indices], 0.0)), indices


def rank_correlation(first: Sequence[float], second: Sequence[float]) -> float:
    """Spearman's rank correlation of two sequences without ties.

    It is 1 if they rise together and -1 if one falls whenever the other rises.
    """
    ranks = np.stack([np.argsort(np.argsort(values)) for values in (first, second)])
    return float(np.corrcoef(ranks.astype(float))[0, 1])
