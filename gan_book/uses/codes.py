"""新的潜在向量 New digits from an autoencoder: z comes from normals that are fitted to its codes.

The text says that an autoencoder cannot generate new digits, because only the encoder, applied to a
digit, gives a z that the decoder turns into a digit. Indeed the codes of digits do not follow N(0,
1), from which the VAE samples. But the codes of the 60,000 training digits show which z are useful:

    N(0, 1)      the VAE's distribution, for comparison
    one normal   with the mean and the covariance of all codes
    30 normals   one for each group of neighboring codes (k-means), chosen by the groups' sizes

Run:     ./run.sh gan_book.cae --mode generate --checkpoint runs/cae
Expect:  digits, and with 30 normals better ones than the VAE's.
"""

import numpy as np
from scipy.cluster import vq

from data import feeds
from gan_book.evaluation import sampling
from graphmode import files
from graphmode.report import images, page

COUNT = 10000  # samples of each distribution
GROUPS, ROUNDS = 30, 20  # of k-means


def columns(config):
    """Figure of `sampling.evaluate_samples` -> how the table shows it."""
    word = sampling.words(config)
    return {
        "classified with p over 0.9": "{:.1%}",
        f"{word.classes} covered": "{}",
        "Frechet distance": "{:.1f}",
        f"distance to the nearest training {word.image}": "{:.2f}",
    }


def from_normals(codes, groups, count, random):
    """Samples from normal distributions with the groups' means, covariances and frequencies.

    Args:
        codes: [N, latent_size].
        groups: [N], the group of each code. A group of one code has no covariance and is left out.
        count: number of samples.
        random: np.random.RandomState.

    Returns:
        [count, latent_size], in random order.
    """
    numbers, sizes = np.unique(groups, return_counts=True)
    numbers, sizes = numbers[sizes > 1], sizes[sizes > 1]
    samples = []
    for number, own in zip(numbers, random.multinomial(count, sizes / sizes.sum())):
        members = codes[groups == number]
        covariance = np.atleast_2d(np.cov(members.T))
        samples.append(random.multivariate_normal(members.mean(0), covariance, own))
    return random.permutation(np.concatenate(samples))


def distributions(codes, seed):
    """Name -> COUNT samples of z, [COUNT, latent_size], from codes, [N, latent_size]."""
    random = np.random.RandomState(seed)
    noise = random.randn(COUNT, codes.shape[1])
    one = from_normals(codes, np.zeros(len(codes)), COUNT, random)
    start = codes[random.permutation(len(codes))[:GROUPS]]
    _, groups = vq.kmeans2(codes, start, ROUNDS, minit="matrix")
    several = from_normals(codes, groups, COUNT, random)
    return {"N(0; 1)": noise, "one normal": one, f"{GROUPS} normals": several}


def generate(config, digits, encode, decode):
    """Writes a table of the distributions to figures/generated.csv, and samples of each.

    Args:
        config: settings of the autoencoder; output_dir and seed are used.
        digits: data.Digits.
        encode: function of images, [N, 784] in [0, 1] -> z, [N, latent_size].
        decode: function of z -> images, [N, 28, 28, 1].
    """
    # Images without classes have fewer figures.
    shown = columns(config) if digits.classes else dict(list(columns(config).items())[2:])
    lines = [",".join(["z from", *shown])]
    codes = encode(feeds.flat_pixels(digits.train_images))
    for name, z in distributions(codes, config.seed).items():
        samples = decode(z)
        metrics = sampling.evaluate_samples(samples, digits, config)
        cells = [form.format(metrics[f"samples: {column}"]) for column, form in shown.items()]
        lines.append(",".join([name, *cells]))
        pairs = (f"{column}: {cell}" for column, cell in zip(shown, cells))
        print(f"{name:>12}  {', '.join(pairs)}")
        file = f"generated_from_{'N01' if name == 'N(0; 1)' else name.replace(' ', '_')}.png"
        target = files.path(config.output_dir, "figures", file)
        images.save_png(target, images.grid(samples[:100], columns=10), zoom=sampling.zoom(config))
    target = files.path(config.output_dir, "figures", "generated.csv")
    files.write_whole(target, "\n".join(lines) + "\n")
    page.renew(config.output_dir)
