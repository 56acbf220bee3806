"""The numbers behind the chapter's figures.

Images at one L2 distance, normal distributions and their KL divergence, a discriminative model in
its simplest form, activation functions.
"""

import numpy as np

from graphmode.report import images

RRELU_SLOPES = 1 / 8, 1 / 3  # range of RReLU's slope, which is random in training (Xu et al. 2015)


def l2_distance(one, other):
    """The L2 distance of two images, uint8 [height, width], with pixels taken as 0 to 1."""
    return float(np.linalg.norm((one.astype(float) - other) / 255))


def at_distance(original, change, distance):
    """Applies as much of a change as gives the wanted distance.

    Args:
        original: uint8 [height, width].
        change: function of an amount, from 0 (the original) to 1 -> [height, width] floats. They
            are clipped to [0, 1] here.
        distance: the wanted L2 distance, at most that of `change(1)`.

    Returns:
        uint8 [height, width], as near to that distance as whole gray levels allow.

    Raises:
        ValueError: the whole change does not reach the distance.
    """

    def reached(amount):
        return l2_distance(original, images.to_uint8(change(amount)))

    if reached(1.0) < distance:
        raise ValueError(
            f"the whole change reaches a distance of {reached(1.0):.4g}, not of {distance:.4g}"
        )
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (low, middle) if reached(middle) >= distance else (middle, high)
    nearest = min(low, high, key=lambda amount: abs(reached(amount) - distance))
    return images.to_uint8(change(nearest))


def shifted(pixels):
    """Shifts images, [..., height, width], one pixel to the right. The left column is black."""
    return np.concatenate([np.zeros_like(pixels[..., :1]), pixels[..., :-1]], -1)


def shift_suits(pixels):
    """Whether dimming and blurring an image can reach the distance of a shift by one pixel.

    They cannot if the strokes are thin, because the shift then leaves little in place.

    Args:
        pixels: uint8 [N, height, width].

    Returns:
        bool [N].
    """
    pixels = pixels / 255
    distances = np.linalg.norm(pixels - shifted(pixels), axis=(1, 2))
    return distances <= 0.7 * np.linalg.norm(pixels, axis=(1, 2))


def _changes(pixels, generator):
    """Name -> function of an amount, see `at_distance`; pixels: [size, size] in [0, 1]."""
    size, shape = len(pixels), pixels.shape
    noise, specks = generator.uniform(-1, 1, shape), generator.integers(0, 2, shape)
    order = generator.permutation(pixels.size).reshape(shape)
    place = np.arange(size)

    def blurred(amount):
        kernel = np.exp(-np.square(np.subtract.outer(place, place) / (0.1 + size / 2 * amount)) / 2)
        kernel /= kernel.sum(1, keepdims=True)
        return kernel @ pixels @ kernel.T

    def covered(amount):  # by a gray square in the middle
        side = np.clip(size / 2 * amount + 0.5 - np.abs(place - (size - 1) / 2), 0, 1)
        return pixels + np.outer(side, side) * (0.5 - pixels)

    def salted(amount):  # one pixel after the other; the last one changes only in part
        return pixels + np.clip(amount * pixels.size - order, 0, 1) * (specks - pixels)

    return {
        "dimmed": lambda amount: pixels * (1 - amount),
        "lit from the left": lambda amount: pixels + amount * np.linspace(1, 0, size),
        "uniform noise": lambda amount: pixels + amount * noise,
        "salt and pepper": salted,
        "blurred": blurred,
        "covered": covered,
    }


def same_l2_images(original, generator):
    """Images at the same L2 distance from an original.

    Args:
        original: uint8 [size, size], for which `shift_suits`.
        generator: np.random.Generator of the noises.

    Returns:
        Name -> uint8 [size, size]. First the original, then its shift by a pixel, which sets the
        distance.
    """
    distance = l2_distance(original, shifted(original))
    result = {"original": original, "shifted by a pixel": shifted(original)}
    for name, change in _changes(original / 255, generator).items():
        result[name] = at_distance(original, change, distance)
    return result


def kl_normal(mean, stddev, other_mean=0.0, other_stddev=1.0):
    """KL(N(mean, stddev^2) || N(other_mean, other_stddev^2)) in nats, elementwise.

    The standard deviations are above 0.
    """
    ratio = np.square(np.divide(stddev, other_stddev))
    difference = np.subtract(mean, other_mean) / other_stddev
    return 0.5 * (ratio + np.square(difference) - 1 - np.log(ratio))


def normal_density(points, mean, covariance):
    """The density of a normal distribution.

    Args:
        points: [..., d].
        mean: [d].
        covariance: [d, d].

    Returns:
        [...].
    """
    away = np.subtract(points, mean)
    squared = np.sum(away @ np.linalg.inv(covariance) * away, -1)  # squared Mahalanobis distance
    return np.exp(-squared / 2) / np.sqrt(np.linalg.det(np.multiply(2 * np.pi, covariance)))


def bayes(densities, priors):
    """p(y | x) = p(x | y) p(y) / p(x), by Bayes' rule; p(x) is the sum over all classes.

    Args:
        densities: p(x | y) of each class, [classes, ...].
        priors: p(y), [classes], with the sum 1.

    Returns:
        p(y | x), [classes, ...].
    """
    joint = np.asarray(densities) * np.reshape(priors, [-1] + [1] * (np.ndim(densities) - 1))
    return joint / joint.sum(0)


def logistic_regression(points, labels, penalty=0.001):
    """Fits p(y = 1 | x) = sigmoid(w . x + b) by Newton's method.

    Args:
        points: [N, d].
        labels: [N], 0 or 1.
        penalty: weight of (|w|^2 + b^2) / 2. It gives an optimum also for classes that a line
            separates.

    Returns:
        [d + 1]: w, then b.
    """
    inputs = np.column_stack([points, np.ones(len(points))])
    weights = np.zeros(inputs.shape[1])
    for _ in range(30):
        probability = 0.5 + 0.5 * np.tanh(inputs @ weights / 2)
        slope = inputs.T @ (labels - probability) - penalty * weights
        curvature = (inputs.T * probability * (1 - probability)) @ inputs
        weights += np.linalg.solve(curvature + penalty * np.eye(len(weights)), slope)
    return weights


def elu(x):
    """x where x > 0, else exp(x) - 1."""
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0)))


def relu(x):
    """max(0, x)."""
    return np.maximum(x, 0)


def leaky_relu(x, slope=0.2):
    """The notes' lrelu(x, 0.2). PReLU learns the slope; RReLU samples it from RRELU_SLOPES."""
    return np.where(x > 0, x, slope * x)


def shifted_relu(x):
    """SReLU, for which the notes give no formula: here the shifted ReLU, max(-1, x)."""
    return np.maximum(x, -1)
