"""Figures of a trained autoencoder or VAE: reconstructions, its latent space, walks through it."""

import io
import statistics

import numpy as np
from PIL import Image

from gan_book.evaluation import sampling
from graphmode import files
from graphmode.report import images, plots

VIEWS = 36  # of the turning plot of three latent units
TRAVERSED = 30  # units that are traversed, at most
STEPS = 11  # of a traversal, from -3 to 3


def save_pairs(config, pixels, outputs):
    """Saves 50 images, each beside its reconstruction; both [N, size] in [0, 1]."""
    pixels, outputs = pixels[:50], outputs[:50]
    pairs = np.stack([pixels, outputs], 1).reshape(-1, *config.shape)
    name = f"test_{sampling.words(config).images}_and_reconstructions.png"
    target = files.path(config.output_dir, "figures", name)
    images.save_png(target, images.grid(pairs, columns=10), zoom=sampling.zoom(config))


def scatter(config, z, digits):
    """Saves a plot of z, [N, 2 or 3], colored by class. Three units become a turning PNG.

    Other numbers of units have no plot.
    """
    target = files.path(config.output_dir, "figures", "latent_space.png")
    title = f"z of the test {sampling.words(config).images}"
    if config.latent_size == 2 and len(digits.classes) == 10:
        plots.scatter(target, z, digits.test_labels, title)
    elif config.latent_size == 2:
        drawing = plots.figure(6.4, 5.4)
        _dots(drawing, drawing.add_subplot(title=title), z, digits)
        files.write_whole(target, plots.png(drawing))
    elif config.latent_size == 3:
        files.write_whole(target, _turning(z, digits, title))


def _dots(drawing, axes, z, digits):
    """Points of up to three coordinates, and the names of the classes."""
    names = digits.classes or ("",)
    colors = "tab10" if len(names) <= 10 else "tab20" if len(names) <= 20 else "nipy_spectral"
    dots = axes.scatter(
        *z.T, c=digits.test_labels, cmap=colors, s=3, vmin=-0.5, vmax=max(len(names), 10) - 0.5
    )
    if 1 < len(names) <= 30:
        bar = drawing.colorbar(dots, ticks=range(len(names)), boundaries=_edges(len(names)))
        bar.ax.set_yticklabels(names)


def _edges(count):
    return np.arange(count + 1) - 0.5


def _turning(z, digits, title):
    """An animated PNG of points in space, seen from all sides."""
    drawing = plots.figure(6.4, 5.4, dpi=75)
    axes = drawing.add_subplot(projection="3d", title=title)
    _dots(drawing, axes, z[:3000], digits._replace(test_labels=digits.test_labels[:3000]))
    views = []
    for angle in np.arange(VIEWS) * 360.0 / VIEWS:
        axes.view_init(elev=20, azim=angle)
        views.append(Image.open(io.BytesIO(plots.png(drawing))).convert("P"))
    buffer = io.BytesIO()
    views[0].save(buffer, "PNG", save_all=True, append_images=views[1:], duration=150, loop=0)
    return buffer.getvalue()


def of_vae(config, decode, pixels, outputs, means):
    """Samples, reconstructions, walks between images, traversals of each unit, and the plane of the
    two most active units.

    Args:
        decode: function of z, [N, latent_size], that returns images.
        pixels, outputs: [N, size], test images and their reconstructions.
        means: mu of the test images, [N, latent_size].
    """
    folder = files.path(config.output_dir, "figures")

    def save(name, z, columns):
        images.save_png(folder / name, images.grid(decode(z), columns), zoom=sampling.zoom(config))

    random = np.random.RandomState(config.seed + 1)
    save("samples.png", random.randn(100, config.latent_size), 10)
    save_pairs(config, pixels, outputs)
    walk = np.linspace(0.0, 1.0, 10)[:, None]
    ends = list(zip(means[:20:2], means[1:20:2]))
    save("interpolation.png", np.concatenate([a + walk * (b - a) for a, b in ends]), 10)
    save("traversals.png", traversals(means), STEPS)
    save("manifold.png", plane(means), 15)


def traversals(means):
    """z for a row per latent unit: it goes from -3 to 3, the other units stay those of an image.

    The rows begin with the most active unit. The image is the one whose mu is nearest to 0.

    Args:
        means: mu of the images, [N, latent_size].

    Returns:
        [rows * STEPS, latent_size], at most TRAVERSED rows.
    """
    units = np.argsort(-np.var(means, 0))[:TRAVERSED]
    z = np.tile(means[np.square(means).sum(1).argmin()], [len(units), STEPS, 1])
    for row, unit in zip(z, units):
        row[:, unit] = np.linspace(-3.0, 3.0, STEPS)
    return z.reshape(-1, means.shape[1])


def plane(means):
    """225 z of a 15 x 15 grid over the two most active units; the other units are 0.

    The steps have equal probability, so the plane shows what the decoder gets equally often.
    """
    ticks = [statistics.NormalDist().inv_cdf((n + 0.5) / 15) for n in range(15)]
    z = np.zeros([15 * 15, means.shape[1]])
    active = np.argsort(-np.var(means, 0))[:2]
    z[:, active[0]] = np.repeat(ticks, 15)
    z[:, active[-1]] = np.tile(ticks, 15)
    return z
