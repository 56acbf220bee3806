"""GLCIC in PyTorch, as `glcic.model` builds it: same layers, losses, optimisers, holes and numbers read back each step."""

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
    # SAME at stride 2 is asymmetric in TensorFlow; the cost is that of this.
    return Normed(nn.Conv2d(old, new, kernel, stride, rate * (kernel - 1) // 2, rate), new)


def _completion_network(width):
    w, w2, w4 = width, 2 * width, 4 * width
    return nn.Sequential(
        _conv(4, w, 5), _conv(w, w2, 3, 2), _conv(w2, w2, 3), _conv(w2, w4, 3, 2), _conv(w4, w4, 3), _conv(w4, w4, 3),
        *[_conv(w4, w4, 3, 1, rate) for rate in (2, 4, 8, 16)], _conv(w4, w4, 3), _conv(w4, w4, 3),
        Normed(nn.ConvTranspose2d(w4, w2, 4, 2, 1), w2), _conv(w2, w2, 3), Normed(nn.ConvTranspose2d(w2, w, 4, 2, 1), w),
        _conv(w, w // 2, 3), nn.Conv2d(w // 2, 3, 3, 1, 1), nn.Tanh())


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
    """A function that makes a step of the joint phase from [batch, side, side, 3] squares in [0, 1]."""
    size, half, width, batch = config.size, config.size // 2, config.width, config.batch_size
    completion_network, discriminator = modes.apply(mode, _completion_network(width), _Discriminator(width, size))
    c_solver = torch.optim.Adam([p for p in completion_network.parameters() if p.requires_grad], config.lr, (config.beta1, 0.999))
    d_solver = torch.optim.Adam([p for p in discriminator.parameters() if p.requires_grad], config.discriminator_lr,
                                (config.beta1, 0.999))
    frozen = [p for p in discriminator.parameters() if p.requires_grad]
    random = np.random.default_rng(0)

    def example(squares):
        tops, lefts = random.integers(0, squares.shape[1] - size + 1, [2, batch])
        cut = np.stack([square[top:top + size, left:left + size] for square, top, left in zip(squares, tops, lefts)])
        x = torch.from_numpy(2 * cut - 1).permute(0, 3, 1, 2).contiguous()
        mask, corners = torch.zeros(batch, 1, size, size), []
        for number in range(batch):
            high, wide = random.integers(config.hole_min, config.hole_max + 1, 2)
            top, left = random.integers(0, [size - high + 1, size - wide + 1])
            mask[number, :, top:top + high, left:left + wide] = 1
            corners.append(np.clip([top + high // 2 - half // 2, left + wide // 2 - half // 2], 0, size - half))
        return x, mask, corners

    def patches(images, corners):
        return torch.stack([image[:, top:top + half, left:left + half] for image, (top, left) in zip(images, corners)])

    def completed(x, mask):
        imitation = completion_network(torch.cat([x * (1 - mask), mask], 1))
        return imitation, imitation * mask + x * (1 - mask)

    def step(squares):
        cross_entropy = functional.binary_cross_entropy_with_logits
        ones, zeros = torch.ones(batch), torch.zeros(batch)
        x, mask, corners = example(squares)
        with torch.no_grad():
            _, completion = completed(x, mask)
        real_loss = cross_entropy(discriminator(x, patches(x, corners)), ones)
        fake_loss = cross_entropy(discriminator(completion, patches(completion, corners)), zeros)
        d_solver.zero_grad()
        (real_loss + fake_loss).backward()
        d_solver.step()
        x, mask, corners = example(squares)
        imitation, completion = completed(x, mask)
        for weight in frozen:
            weight.requires_grad_(False)
        adversarial_loss = cross_entropy(discriminator(completion, patches(completion, corners)), ones)
        mse = (mask * (x - imitation) ** 2).sum() / (3 * mask.sum())
        c_solver.zero_grad()
        (mse + config.alpha * adversarial_loss).backward()
        c_solver.step()
        for weight in frozen:
            weight.requires_grad_(True)
        return real_loss.item(), fake_loss.item(), mse.item(), adversarial_loss.item()
    return step
