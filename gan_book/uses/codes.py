"""Can an autoencoder draw new digits? From normal distributions fitted to its codes of the training digits, it can.

The text says that it cannot: only the encoder, on a digit, gives a z that the decoder makes a digit of. N(0, 1), from which the
VAE draws, is indeed not where the codes are. But where they are can be found out from 60,000 of them: one normal with their
mean and covariance, or one for each of 30 groups of codes that lie together (k-means).

Run: `./run.sh gan_book.cae --mode generate --checkpoint runs/cae`. Expect digits, with 30 normals better ones than the VAE's.
"""

import numpy as np

from data import feeds
from gan_book.evaluation import classifier
from graphmode import files
from graphmode.report import images, page

COUNT = 10000  # samples of each distribution
GROUPS, ROUNDS = 30, 20  # of k-means
COLUMNS = {"classified with p over .9": "{:.1%}", "digits covered": "{}", "Frechet distance": "{:.1f}",
           "distance to the nearest training digit": "{:.2f}"}


def k_means(codes, count, random):
    """[N, size] codes -> int [N], to which of `count` groups each belongs: that with the nearest mean."""
    centres = codes[random.permutation(len(codes))[:count]]
    for _ in range(ROUNDS):
        group = np.argmin(np.square(centres).sum(1) - 2 * codes @ centres.T, 1)
        centres = np.stack([codes[group == n].mean(0) if np.any(group == n) else centre for n, centre in enumerate(centres)])
    return group


def from_normals(codes, group, count, random):
    """[count, size], each from a normal with the mean and covariance of one group of codes, drawn by the groups' sizes."""
    numbers, sizes = np.unique(group, return_counts=True)
    numbers, sizes = numbers[sizes > 1], sizes[sizes > 1]
    drawn = [random.multivariate_normal(codes[group == n].mean(0), np.atleast_2d(np.cov(codes[group == n].T)), share)
             for n, share in zip(numbers, random.multinomial(count, sizes / sizes.sum()))]
    return random.permutation(np.concatenate(drawn))


def generate(config, digits, encode, decode):
    """Writes a table of the distributions to figures/generated.csv, and samples of each.

    Args:
        config: settings of the autoencoder.
        digits: data.Digits.
        encode: function of images, [N, 784] in [0, 1] -> z, [N, latent_size].
        decode: function of z -> images, [N, 28, 28, 1].
    """
    random = np.random.RandomState(config.seed)
    codes = encode(feeds.flat_pixels(digits.train_images))
    several = f"{GROUPS} normals"
    distributions = (
        ("N(0; 1)", "N01", random.randn(COUNT, codes.shape[1])),
        ("one normal", "one_normal", from_normals(codes, np.zeros(len(codes)), COUNT, random)),
        (several, several.replace(" ", "_"), from_normals(codes, k_means(codes, GROUPS, random), COUNT, random)),
    )
    lines = [",".join(["z from", *COLUMNS])]
    for name, file, z in distributions:
        samples = decode(z)
        figures = classifier.evaluate_samples(samples, digits, config)
        cells = [form.format(figures["samples: " + column]) for column, form in COLUMNS.items()]
        lines.append(",".join([name, *cells]))
        print(f"{name:>12}  " + ", ".join(map(": ".join, zip(COLUMNS, cells))))
        target = files.path(config.output_dir, "figures", f"generated_from_{file}.png")
        images.save_png(target, images.grid(samples[:100], 10), zoom=2)
    target = files.path(config.output_dir, "figures", "generated.csv")
    files.write_whole(target, "\n".join(lines) + "\n")
    page.renew(config.output_dir)
