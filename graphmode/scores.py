"""How good pictures are: PSNR, the Frechet distance between two sets of features, nearest neighbours, rank correlation."""

import numpy as np


def psnr(images, references):
    """Peak signal-to-noise ratio in dB of each of [N, ...] pictures in [0, 1]; infinite where equal."""
    error = np.square(np.asarray(images, np.float64) - np.asarray(references, np.float64))
    error = error.reshape(len(error), -1).mean(1)
    with np.errstate(divide="ignore"):
        return -10.0 * np.log10(error)


def frechet_distance(features, others):
    """Frechet distance between the normal distributions fitted to two sets of features (Heusel et al. 2017).

    |m1 - m2|^2 + trace(C1 + C2 - 2 (C1 C2)^(1/2)), with the trace of the root taken from the eigenvalues of the
    symmetric C1^(1/2) C2 C1^(1/2), so that it is real.

    Args:
        features, others: [N, size], [M, size]; N and M should be well above size.

    Raises:
        ValueError: fewer than two rows, or sizes that differ.
    """
    features, others = np.asarray(features, np.float64), np.asarray(others, np.float64)
    if min(len(features), len(others)) < 2 or features.shape[1:] != others.shape[1:]:
        raise ValueError("need two sets of at least two rows of one size, got {} and {}".format(
            features.shape, others.shape))
    first, second = np.cov(features, rowvar=False), np.cov(others, rowvar=False)
    first, second = np.atleast_2d(first), np.atleast_2d(second)
    values, vectors = np.linalg.eigh(first)
    root = vectors * np.sqrt(np.maximum(values, 0.0)) @ vectors.T
    cross = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ second @ root), 0.0)).sum()
    gap = features.mean(0) - others.mean(0)
    return float(gap @ gap + np.trace(first) + np.trace(second) - 2.0 * cross)


def nearest(pictures, known):
    """The nearest of `known`, [M, size], to each of `pictures`, [N, size]: (Euclidean distances [N], indices [N])."""
    squared = np.square(pictures).sum(1)[:, None] - 2.0 * pictures @ known.T + np.square(known).sum(1)
    indices = squared.argmin(1)
    return np.sqrt(np.maximum(squared[np.arange(len(pictures)), indices], 0.0)), indices


def rank_correlation(first, second):
    """Spearman's rank correlation of two sequences without ties: 1 if they rise together, -1 if one falls as the other rises."""
    ranks = [np.argsort(np.argsort(values)) for values in (first, second)]
    return float(np.corrcoef(*ranks)[0, 1])
