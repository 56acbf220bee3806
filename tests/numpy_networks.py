"""Reverse-mode differentiation in float64 numpy of what pix2pix is made of, to check its step."""

import numpy as np


class Value:
    """An array, and how its gradient becomes gradients of the values it was made of."""

    def __init__(self, array, parents=()):
        self.array, self.parents, self.gradient = np.asarray(array, np.float64), parents, 0.0

    def backward(self):
        """Sets the gradient of this value in all values it was made of."""
        order, seen = [], set()

        def visit(value):
            if id(value) not in seen:
                seen.add(id(value))
                value.gradient = 0.0
                for parent, _ in value.parents:
                    visit(parent)
                order.append(value)

        visit(self)
        self.gradient = np.ones_like(self.array)
        for value in reversed(order):
            for parent, back in value.parents:
                parent.gradient = parent.gradient + back(value.gradient)


def elementwise(x, array, slope):
    return Value(array, [(x, lambda g: g * slope)])


def leaky(x, a):
    slope = np.where(x.array > 0, 1.0, a)
    return elementwise(x, x.array * slope, slope)


def tanh(x):
    y = np.tanh(x.array)
    return elementwise(x, y, 1 - y**2)


def sigmoid(x):
    y = 1 / (1 + np.exp(-x.array))
    return elementwise(x, y, y * (1 - y))


def concat(a, b):
    split = a.array.shape[3]
    return Value(
        np.concatenate([a.array, b.array], 3),
        [(a, lambda g: g[..., :split]), (b, lambda g: g[..., split:])],
    )


def conv(x, weights, stride):
    """4 x 4 after one pixel of zeros at each border.

    y[i, j] = sum over u, v of x[stride * i + u - 1, stride * j + v - 1] @ weights[u, v].
    """
    padded = np.pad(x.array, [(0, 0), (1, 1), (1, 1), (0, 0)])
    height, width = ((side - 4) // stride + 1 for side in padded.shape[1:3])

    def places(u, v):
        return np.s_[:, u : u + stride * height : stride, v : v + stride * width : stride]

    taps = [(u, v) for u in range(4) for v in range(4)]
    y = sum(padded[places(u, v)] @ weights.array[u, v] for u, v in taps)

    def to_x(g):
        gradient = np.zeros_like(padded)
        for u, v in taps:
            gradient[places(u, v)] += g @ weights.array[u, v].T
        return gradient[:, 1:-1, 1:-1]

    def to_weights(g):
        gradient = np.zeros_like(weights.array)
        for u, v in taps:
            gradient[u, v] = np.einsum("bhwi,bhwo->io", padded[places(u, v)], g)
        return gradient

    return Value(y, [(x, to_x), (weights, to_weights)])


def deconv(x, weights):
    """The transpose of `conv` with stride 2 and weights [4, 4, out, in]: twice as high and wide."""
    batch, height, width, _ = x.array.shape
    taps = [(u, v) for u in range(4) for v in range(4)]

    def places(u, v):
        return np.s_[:, u : u + 2 * height : 2, v : v + 2 * width : 2]

    full = np.zeros([batch, 2 * height + 2, 2 * width + 2, weights.array.shape[2]])
    for u, v in taps:
        full[places(u, v)] += x.array @ weights.array[u, v].T

    def padded(g):
        return np.pad(g, [(0, 0), (1, 1), (1, 1), (0, 0)])

    def to_weights(g):
        gradient = np.zeros_like(weights.array)
        for u, v in taps:
            gradient[u, v] = np.einsum("bhwo,bhwi->oi", padded(g)[places(u, v)], x.array)
        return gradient

    return Value(
        full[:, 1:-1, 1:-1],
        [
            (x, lambda g: sum(padded(g)[places(u, v)] @ weights.array[u, v] for u, v in taps)),
            (weights, to_weights),
        ],
    )


def batchnorm(x, offset, scale):
    mean, deviation = x.array.mean((0, 1, 2)), np.sqrt(x.array.var((0, 1, 2)) + 1e-5)
    z = (x.array - mean) / deviation

    def to_x(g):
        g = g * scale.array
        return (g - g.mean((0, 1, 2)) - z * (g * z).mean((0, 1, 2))) / deviation

    return Value(
        z * scale.array + offset.array,
        [
            (x, to_x),
            (scale, lambda g: (g * z).sum((0, 1, 2))),
            (offset, lambda g: g.sum((0, 1, 2))),
        ],
    )


def mean_log(x, eps=1e-12):
    """The mean of -log(x + eps)."""
    return Value(
        -np.log(x.array + eps).mean(), [(x, lambda g: -g / (x.array + eps) / x.array.size)]
    )


def minus(x):
    """1 - x."""
    return Value(1 - x.array, [(x, lambda g: -g)])


def mean_difference(x, y):
    """The mean of |y - x|, y an array."""
    return Value(np.abs(y - x.array).mean(), [(x, lambda g: g * np.sign(x.array - y) / y.size)])


def weighted(a, weight_a, b, weight_b):
    return Value(
        a.array * weight_a + b.array * weight_b,
        [(a, lambda g: g * weight_a), (b, lambda g: g * weight_b)],
    )


def adam(start, gradient, rate, beta1, beta2=0.999, epsilon=1e-8):
    """The first step."""
    rate = rate * np.sqrt(1 - beta2) / (1 - beta1)
    return start - rate * (1 - beta1) * gradient / (np.sqrt(1 - beta2) * np.abs(gradient) + epsilon)
