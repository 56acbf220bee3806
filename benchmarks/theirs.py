"""The chapter's models in PyTorch: the same layers, losses, optimizers and batches.

In each step the same numbers are read back. `modes` describes the modes.
"""

import numpy as np
import torch
from torch import nn
from torch.nn import functional

import data
from benchmarks import modes, ours, theirs_glcic, theirs_pix2pix
from data import feeds, folders, squares
from glcic import inputs


def _encoder():
    return nn.Sequential(
        nn.Conv2d(1, 16, 5, 2, 2), nn.ReLU(), nn.Conv2d(16, 32, 5, 2, 2), nn.ReLU(), nn.Flatten()
    )


def _decoder():
    return nn.Sequential(
        nn.Linear(20, 1568),
        nn.Unflatten(1, (32, 7, 7)),
        nn.ReLU(),
        nn.ConvTranspose2d(32, 16, 5, 2, 2, 1),
        nn.ReLU(),
        nn.ConvTranspose2d(16, 1, 5, 2, 2, 1),
        nn.Flatten(),
    )


def _cae(mode):
    encoder, head, decoder = modes.apply(mode, _encoder(), nn.Linear(1568, 20), _decoder())
    optimizer = torch.optim.Adam(
        [*encoder.parameters(), *head.parameters(), *decoder.parameters()], 0.001
    )

    def step(x):
        loss = functional.mse_loss(torch.sigmoid(decoder(head(encoder(x.view(-1, 1, 28, 28))))), x)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def _vae(mode):
    encoder, mean_head, log_var_head, decoder = modes.apply(
        mode, _encoder(), nn.Linear(1568, 20), nn.Linear(1568, 20), _decoder()
    )
    optimizer = torch.optim.Adam(
        [p for part in (encoder, mean_head, log_var_head, decoder) for p in part.parameters()],
        0.001,
    )

    def step(x):
        hidden = encoder(x.view(-1, 1, 28, 28))
        mean, log_var = mean_head(hidden), log_var_head(hidden)
        z = mean + torch.exp(0.5 * log_var) * torch.randn_like(mean)
        nll = functional.binary_cross_entropy_with_logits(decoder(z), x, reduction="none").sum(1)
        kl = 0.5 * (mean**2 + torch.exp(log_var) - log_var - 1).sum(1)
        loss = (nll + kl).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.item(), nll.mean().item(), kl.mean().item()

    return step


def _gan(mode):
    discriminator = nn.Sequential(
        nn.Linear(784, 256),
        nn.LeakyReLU(0.2),
        nn.Linear(256, 256),
        nn.LeakyReLU(0.2),
        nn.Linear(256, 1),
    )
    generator = nn.Sequential(
        nn.Linear(100, 1024),
        nn.ReLU(),
        nn.Linear(1024, 1024),
        nn.ReLU(),
        nn.Linear(1024, 784),
        nn.Tanh(),
    )
    return _gan_step(*modes.apply(mode, discriminator, generator))


def _norm(channels, norm=nn.BatchNorm2d):
    return norm(channels, eps=0.001, momentum=0.01)


def _dcgan(mode):
    discriminator = nn.Sequential(
        nn.Unflatten(1, (1, 28, 28)),
        nn.Conv2d(1, 32, 5, 2, 2),
        nn.LeakyReLU(0.2),
        nn.Conv2d(32, 64, 5, 2, 2),
        _norm(64),
        nn.LeakyReLU(0.2),
        nn.Flatten(),
        nn.Linear(3136, 1024),
        _norm(1024, nn.BatchNorm1d),
        nn.LeakyReLU(0.2),
        nn.Linear(1024, 1),
    )
    generator = nn.Sequential(
        nn.Linear(100, 1024),
        nn.ReLU(),
        _norm(1024, nn.BatchNorm1d),
        nn.Linear(1024, 6272),
        nn.ReLU(),
        _norm(6272, nn.BatchNorm1d),
        nn.Unflatten(1, (128, 7, 7)),
        nn.ConvTranspose2d(128, 64, 4, 2, 1),
        nn.ReLU(),
        _norm(64),
        nn.ConvTranspose2d(64, 1, 4, 2, 1),
        nn.Tanh(),
        nn.Flatten(),
    )
    return _gan_step(*modes.apply(mode, discriminator, generator))


def _gan_step(discriminator, generator):
    """A GAN's step: the discriminator's update, then the generator's."""
    d_solver = torch.optim.Adam(discriminator.parameters(), 0.001, (0.5, 0.999))
    g_solver = torch.optim.Adam(generator.parameters(), 0.001, (0.5, 0.999))

    def step(x):
        cross_entropy = functional.binary_cross_entropy_with_logits
        real, fake = torch.ones(len(x), 1), torch.zeros(len(x), 1)
        with torch.no_grad():
            samples = generator(torch.rand(len(x), 100) * 2 - 1)
        d_loss = cross_entropy(discriminator(2 * x - 1), real) + cross_entropy(
            discriminator(samples), fake
        )
        d_solver.zero_grad()
        d_loss.backward()
        d_solver.step()
        discriminator.requires_grad_(False)  # G's step needs no gradients of D's weights
        g_loss = cross_entropy(discriminator(generator(torch.rand(len(x), 100) * 2 - 1)), real)
        g_solver.zero_grad()
        g_loss.backward()
        g_solver.step()
        discriminator.requires_grad_(True)
        return d_loss.item(), g_loss.item()

    return step


def stepper(name, batch_size, mode):
    """A function that makes training step `number`; mode: one of `modes.MODES`."""
    if name.startswith("glcic"):
        config = ours.glcic_config(name, batch_size)
        read = squares.batches(
            ours.glcic_images(config).train, batch_size=batch_size, seed=0, **inputs.reading(config)
        )
        step = theirs_glcic.joint_step(config, mode)
        return lambda number: step(read(number))
    if name.startswith("pix2pix"):
        config = ours.pix2pix_config(name, batch_size)
        kept = [folders.decode(path)[None] / np.float32(255) for path in ours.pix2pix_files(config)]
        step = theirs_pix2pix.step(config, mode)
        return lambda number: step(*np.split(kept[number % len(kept)], 2, 2)[::-1])
    digits = data.load("digits")
    indices = feeds.shuffled(len(digits.train_images), batch_size, 0)
    step = {"cae": _cae, "vae": _vae, "gan": _gan, "dcgan": _dcgan}[name](mode)
    return lambda number: step(
        torch.from_numpy(feeds.flat_pixels(digits.train_images[indices(number)]))
    )
