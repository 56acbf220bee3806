"""GLCIC in PyTorch, as `glcic.model` builds it: the same layers, losses, optimizers and holes.

In each step the same numbers are read back.
"""

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from benchmarks import modes


class Normed(nn.Sequential):
    """A layer, batch norm with a shift and no scale (slim's defaults), leaky ReLU."""

    def __init__(self, layer, channels, norm=nn.BatchNorm2d):
        batch_norm = norm(channels, eps=0.001, momentum=0.001)
        batch_norm.weight.requires_grad_(False)
        super().__init__(layer, batch_norm, nn.LeakyReLU(0.2))


def _conv(old, new, kernel, stride=1, rate=1):
    # TensorFlow's SAME is asymmetric at stride 2. The cost is the same.
    return Normed(nn.Conv2d(old, new, kernel, stride, rate * (kernel - 1) // 2, rate), new)


def _completion_network(width):
    w, w2, w4 = width, 2 * width, 4 * width
    return nn.Sequential(
        _conv(4, w, 5),
        _conv(w, w2, 3, 2),
        _conv(w2, w2, 3),
        _conv(w2, w4, 3, 2),
        _conv(w4, w4, 3),
        _conv(w4, w4, 3),
        *[_conv(w4, w4, 3, 1, rate) for rate in (2, 4, 8, 16)],
        _conv(w4, w4, 3),
        _conv(w4, w4, 3),
        Normed(nn.ConvTranspose2d(w4, w2, 4, 2, 1), w2),
        _conv(w2, w2, 3),
        Normed(nn.ConvTranspose2d(w2, w, 4, 2, 1), w),
        _conv(w, w // 2, 3),
        nn.Conv2d(w // 2, 3, 3, 1, 1),
        nn.Tanh(),
    )


class _Discriminator(nn.Module):
    def __init__(self, width, size):
        super().__init__()
        self.local = self._tower(width, (1, 2, 4, 8), size // 2)
        self.whole = self._tower(width, (1, 2, 4, 8, 8), size)
        self.last = nn.Linear(32 * width, 1)

    @staticmethod
    def _tower(width, filters, size):
        channels = [3] + [number * width for number in filters]
        layers = [_conv(old, new, 5, 2) for old, new in zip(channels, channels[1:])]
        dense = nn.Linear(channels[-1] * (size >> len(filters)) ** 2, 16 * width)
        return nn.Sequential(*layers, nn.Flatten(), Normed(dense, 16 * width, nn.BatchNorm1d))

    def forward(self, images, patches):
        return self.last(torch.cat([self.local(patches), self.whole(images)], 1)).squeeze(1)


def joint_step(config, mode):
    """A function that makes a step of the joint phase.

    Its argument is a batch of squares, [batch, side, side, 3] in [0, 1].
    """
    return _JointStep(config, mode)


class _JointStep:
    def __init__(self, config, mode):
        self.config, self.size, self.half = config, config.size, config.size // 2
        self.completion_network, self.discriminator = modes.apply(
            mode,
            _completion_network(config.width),
            _Discriminator(config.width, config.size),
        )
        self.c_solver = self._adam(self.completion_network, config.lr)
        self.d_solver = self._adam(self.discriminator, config.discriminator_lr)
        self.random = np.random.default_rng(0)

    def _adam(self, network, rate):
        weights = [weight for weight in network.parameters() if weight.requires_grad]
        return torch.optim.Adam(weights, rate, (self.config.beta1, 0.999))

    def __call__(self, squares):
        real_loss, fake_loss = self._discriminator_step(squares)
        # The generator's step needs no gradients of the discriminators' weights.
        weights = self.d_solver.param_groups[0]["params"]
        for weight in weights:
            weight.requires_grad_(False)
        mse, adversarial_loss = self._completion_step(squares)
        for weight in weights:
            weight.requires_grad_(True)
        return real_loss.item(), fake_loss.item(), mse.item(), adversarial_loss.item()

    def _discriminator_step(self, squares):
        x, mask, corners = self._examples(squares)
        with torch.no_grad():
            _, completion = self._completed(x, mask)
        real_loss = self._cross_entropy(x, corners, torch.ones)
        fake_loss = self._cross_entropy(completion, corners, torch.zeros)
        self.d_solver.zero_grad()
        (real_loss + fake_loss).backward()
        self.d_solver.step()
        return real_loss, fake_loss

    def _completion_step(self, squares):
        x, mask, corners = self._examples(squares)
        imitation, completion = self._completed(x, mask)
        adversarial_loss = self._cross_entropy(completion, corners, torch.ones)
        mse = (mask * (x - imitation) ** 2).sum() / (3 * mask.sum())
        self.c_solver.zero_grad()
        (mse + self.config.alpha * adversarial_loss).backward()
        self.c_solver.step()
        return mse, adversarial_loss

    def _examples(self, squares):
        """Images cut out of the squares, a hole for each, and the corners of their patches."""
        config, size, half, random = self.config, self.size, self.half, self.random
        tops, lefts = random.integers(0, squares.shape[1] - size + 1, [2, config.batch_size])
        places = zip(squares, tops, lefts, strict=True)
        cut = np.stack([square[y : y + size, x : x + size] for square, y, x in places])
        images = torch.from_numpy(2 * cut - 1).permute(0, 3, 1, 2).contiguous()
        mask, corners = torch.zeros(config.batch_size, 1, size, size), []
        for number in range(config.batch_size):
            high, wide = random.integers(config.hole_min, config.hole_max + 1, 2)
            top, left = random.integers(0, [size - high + 1, size - wide + 1])
            mask[number, :, top : top + high, left : left + wide] = 1
            middle = np.array([top + high // 2, left + wide // 2])
            corners.append(np.clip(middle - half // 2, 0, size - half))
        return images, mask, corners

    def _completed(self, x, mask):
        imitation = self.completion_network(torch.cat([x * (1 - mask), mask], 1))
        return imitation, imitation * mask + x * (1 - mask)

    def _cross_entropy(self, images, corners, label):
        """The discriminators' loss on images; label: torch.ones for real, torch.zeros for not."""
        half = self.half
        places = zip(images, corners, strict=True)
        patches = torch.stack([image[:, y : y + half, x : x + half] for image, (y, x) in places])
        logits = self.discriminator(images, patches)
        return functional.binary_cross_entropy_with_logits(logits, label(len(images)))
