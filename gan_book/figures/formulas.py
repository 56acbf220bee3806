"""What gan_book.figures draws, as functions of numbers: pictures at one L2 distance, normals and their KL divergence,
a discriminative model in its simplest form, activation functions.
"""

import numpy as np

from graphmode import 
from graphmode.report import images

RRELU_SLOPES = 1 / 8, 1 / 3  # the bounds of RReLU's slope, which is drawn anew in training (Xu et al. 2015)


def l2_distance(one, other):
    """The L2 distance of two pictures' pixels, [height, width] uint8 each, taken as 0 to 1."""
    return float(np.linalg.norm((one.astype(float) - other) / 255))


def at_distance(original, change, distance):
    """Turns a change up until the picture is as far from the original as is asked.

    Args:
        original: [height, width] uint8.
        change: function of an amount from 0 (the original) to 1 -> [height, width] floats; clipped to [0, 1] here.
        distance: the L2 distance wanted, at most that of `change(1)`.

    Returns:
        [height, width] uint8, as near to that distance as whole grey levels allow.

    Raises:
        ValueError: the change does not go that far.
    """
    def reached(amount):
        return l2_distance(original, images.to_uint8(change(amount)))

    if reached(1.) < distance:
        raise ValueError("the change ends at a distance of {:.4g}, before {:.4g}".format(reached(1.), distance))
    low, high = 0., 1.
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (low, middle) if reached(middle) >= distance else (middle, high)
    return images.to_uint8(change(min(low, high, key=lambda amount: abs(reached(amount) - distance))))


def shifted(pictures):
    """[..., height, width] -> the same, one pixel to the right; black comes in from the left."""
    return np.concatenate([np.zeros_like(pictures[..., :1]), pictures[..., :-1]], -1)


def shift_suits(pictures):
    """[N, height, width] uint8 -> [N] bools: whether dimming and blurring can go as far as a shift by a pixel.

    They cannot for thin strokes, of which the shift leaves little in place.
    """
    pictures = pictures / 255
    return np.linalg.norm(pictures - shifted(pictures), axis=(1, 2)) <= .7 * np.linalg.norm(pictures, axis=(1, 2))


def same_l2_pictures(original, generator):
    """Pictures at the same L2 distance from an original.

    Args:
        original: [size, size] uint8, for which `shift_suits`.
        generator: `np.random.Generator` of the noises.

    Returns:
        name -> [size, size] uint8; first the original and its shift by a pixel, which sets the distance.
    """
    pixels, size = original / 255, len(original)
    distance = l2_distance(original, shifted(original))
    noise, specks = generator.uniform(-1, 1, original.shape), generator.integers(0, 2, original.shape)
    order = generator.permutation(original.size).reshape(original.shape)
    place = np.arange(size)

    def blurred(amount):
        kernel = np.exp(-np.square(np.subtract.outer(place, place) / (.1 + size / 2 * amount)) / 2)
        kernel /= kernel.sum(1, keepdims=True)
        return kernel @ pixels @ kernel.T

    def covered(amount):  # by a grey square in the middle
        side = np.clip(size / 2 * amount + .5 - np.abs(place - (size - 1) / 2), 0, 1)
        return pixels + np.outer(side, side) * (.5 - pixels)

    changes = {
        "dimmed": lambda amount: pixels * (1 - amount),
        "lit from the left": lambda amount: pixels + amount * np.linspace(1, 0, size),
        "uniform noise": lambda amount: pixels + amount * noise,
        # One pixel after the other; the last one goes only part of the way.
        "salt and pepper": lambda amount: pixels + np.clip(amount * pixels.size - order, 0, 1) * (specks - pixels),
        "blurred": blurred,
        "covered": covered}
    return {"original": original, "shifted by a pixel": shifted(original),
            **{name: at_distance(original, change, distance) for name, change in changes.items()}}


def kl_normal(mean, deviation, other_mean=0., other_deviation=1.):
    """KL(N(mean, deviation^2) || N(other_mean, other_deviation^2)) in nats, elementwise; deviations above 0."""
    ratio = np.square(np.divide(deviation, other_deviation))
    return .5 * (ratio + np.square(np.subtract(mean, other_mean) / other_deviation) - 1 - np.log(ratio))


def normal_density(points, mean, covariance):
    """[..., d] points -> [...], the density there of the normal with this mean, [d], and covariance, [d, d]."""
    away = np.subtract(points, mean)
    squared = np.sum(away @ np.linalg.inv(covariance) * away, -1)  # the Mahalanobis distance's square
    return np.exp(-squared / 2) / np.sqrt(np.linalg.det(np.multiply(2 * np.pi, covariance)))


def logistic_regression(points, labels, penalty=.001):
    """Fits p(y = 1 | x) = sigmoid(w . x + b) by Newton's method.

    Args:
        points: [N, d].
        labels: [N], 0 or 1.
        penalty: times half of |w|^2 + b^2, so that there is an optimum for classes that a line separates, too.

    Returns:
        [d + 1]: w, then b.
    """
    inputs = np.column_stack([points, np.ones(len(points))])
    weights = np.zeros(inputs.shape[1])
    for _ in range(30):
        probability = .5 + .5 * np.tanh(inputs @ weights / 2)
        slope = inputs.T @ (labels - probability) - penalty * weights
        curvature = (inputs.T * probability * (1 - probability)) @ inputs + penalty * np.eye(len(weights))
        weights += np.linalg.solve(curvature, slope)
    return weights


def elu(x):
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0)))


def relu(x):
    return np.maximum(x, 0)


def leaky_relu(x, slope=.2):
    """The notes' lrelu(x, 0.2). PReLU learns the slope; RReLU draws it from between RRELU_SLOPES."""
    return np.where(x > 0, x, slope * x)


def shifted_relu(x):
    """SReLU, for which the notes give no formula, taken for the shifted ReLU."""
    return np.maximum(x, -1)
