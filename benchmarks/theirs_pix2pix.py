"""pix2pix in PyTorch, as `pix2pix.model` builds it: the same layers, losses and optimizers.

In each step the same numbers are read back.
"""

import torch
from torch import nn
from torch.nn import functional

from benchmarks import modes
from pix2pix import model, networks


def _norm(channels):
    return nn.BatchNorm2d(channels, eps=1e-5, track_running_stats=False)


def _conv(old, new, stride=2):
    return nn.Conv2d(old, new, 4, stride, 1, bias=False)


class _Generator(nn.Module):
    def __init__(self, width, size):
        super().__init__()
        depth = networks.depth(size, size)
        filters = [width * min(2**n, 8) for n in range(depth)]
        self.down = nn.ModuleList(
            [_conv(3, width)]
            + [
                nn.Sequential(
                    nn.LeakyReLU(0.2),
                    _conv(filters[n - 1], filters[n]),
                    *([_norm(filters[n])] if size >> (n + 1) > 1 else []),
                )
                for n in range(1, depth)
            ]
        )
        up = []
        for n in range(depth - 1, 0, -1):
            come = filters[n] * (1 if n == depth - 1 else 2)
            up.append(
                nn.Sequential(
                    nn.ReLU(),
                    nn.ConvTranspose2d(come, filters[n - 1], 4, 2, 1, bias=False),
                    _norm(filters[n - 1]),
                    *([nn.Dropout(0.5)] if n > depth - 4 else []),
                )
            )
        last = nn.ConvTranspose2d(2 * width, 3, 4, 2, 1, bias=False)
        self.up = nn.ModuleList(up + [nn.Sequential(nn.ReLU(), last, nn.Tanh())])

    def forward(self, x):
        kept = []
        for layer in self.down:
            x = layer(x)
            kept.append(x)
        for n, layer in enumerate(self.up):
            x = layer(x if n == 0 else torch.cat([x, kept[-1 - n]], 1))
        return x


def _discriminator(width):
    filters = [6, width, 2 * width, 4 * width]
    layers = [_conv(6, width), nn.LeakyReLU(0.2)]
    for old, new in zip(filters[1:], filters[2:]):
        layers += [_conv(old, new), _norm(new), nn.LeakyReLU(0.2)]
    return nn.Sequential(
        *layers,
        _conv(4 * width, 8 * width, 1),
        _norm(8 * width),
        nn.LeakyReLU(0.2),
        _conv(8 * width, 1, 1),
        nn.Sigmoid(),
    )


def step(config, mode):
    """A function that makes a step from inputs and targets, [batch, size, size, 3] in [0, 1]."""
    generator, discriminator = modes.apply(
        mode, _Generator(config.ngf, config.crop_size), _discriminator(config.ndf)
    )
    g_solver, d_solver = (
        torch.optim.Adam(network.parameters(), config.lr, (config.beta1, 0.999))
        for network in (generator, discriminator)
    )

    def take(images):
        return (
            model.preprocess(torch.from_numpy(images))
            .permute(0, 3, 1, 2)
            .contiguous(memory_format=modes.layout(mode))
        )

    def run(inputs, targets):
        inputs, targets = take(inputs), take(targets)
        outputs = generator(inputs)
        predict_real = discriminator(torch.cat([inputs, targets], 1))
        predict_fake = discriminator(torch.cat([inputs, outputs], 1))
        discrim_loss = -(
            torch.log(predict_real + model.EPS) + torch.log(1 - predict_fake + model.EPS)
        ).mean()
        gan, l1 = -torch.log(predict_fake + model.EPS).mean(), functional.l1_loss(outputs, targets)
        # As there: one forward pass of each network, and all gradients before any weight moves.
        gen_loss = config.gan_weight * gan + config.l1_weight * l1
        for solver, loss, keep in ((d_solver, discrim_loss, True), (g_solver, gen_loss, False)):
            weights = solver.param_groups[0]["params"]
            for weight, gradient in zip(
                weights, torch.autograd.grad(loss, weights, retain_graph=keep)
            ):
                weight.grad = gradient
        d_solver.step()
        g_solver.step()
        return discrim_loss.item(), gan.item(), l1.item()

    return run
