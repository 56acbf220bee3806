"""How good pictures are: PSNR, SSIM; the Frechet distance of two sets of features, nearest neighbours, rank correlation."""

import numpy as np


def psnr(images, references):
    """Peak signal-to-noise ratio in dB of each of [N, ...] pictures in [0, 1]; infinite where equal."""
    error = np.square(np.asarray(images, np.float64) - np.asarray(references, np.float64))
    error = error.reshape(len(error), -1).mean(1)
    with np.errstate(divide="ignore"):
        return -10.0 * np.log10(error)


def masked(values, mask):
    """Each picture's mean of [N, height, width, ...] values over the pixels where mask, [N, height, width], is true: [N]."""
    return np.array([value[where].mean() for value, where in zip(values, mask)])


def ssim_map(images, references):
    """Structural similarity at each pixel (Wang et al. 2004), 1 where equal, the mean over the channels.

    Means, variances and covariance are weighted by a normal distribution of deviation 1.5, cut off after 5 pixels; beyond the
    border pictures go on mirrored.

    Args:
        images, references: [N, height, width, channels] in [0, 1], height and width above 5.

    Returns:
        float64 [N, height, width].
    """
    def blurred(x):
        weights = np.exp(-0.5 * np.square(np.arange(-5, 6) / 1.5))
        weights /= weights.sum()
        for axis in (1, 2):
            widened = np.pad(x, [(5, 5) if side == axis else (0, 0) for side in range(4)], "symmetric")
            x = sum(weight * np.take(widened, range(n, n + x.shape[axis]), axis) for n, weight in enumerate(weights))
        return x

    a, b = np.asarray(images, np.float64), np.asarray(references, np.float64)
    mean_a, mean_b = blurred(a), blurred(b)
    variances = blurred(a * a) - mean_a ** 2 + blurred(b * b) - mean_b ** 2
    covariance = blurred(a * b) - mean_a * mean_b
    c1, c2 = 0.01 ** 2, 0.03 ** 2
    return ((2 * mean_a * mean_b + c1) * (2 * covariance + c2)
            / ((mean_a ** 2 + mean_b ** 2 + c1) * (variances + c2))).mean(-1)


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
