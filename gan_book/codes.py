"""Can an autoencoder draw new digits? From normal distributions fitted to its codes of the training digits, it can.

The text says that it cannot: only the encoder, on a digit, gives a z that the decoder makes a digit of. N(0, 1), from which the
VAE draws, is indeed not where the codes are. But where they are can be found out from 60,000 of them: one normal with their
mean and covariance, or one for each of 30 groups of codes that lie together (k-means).

Run: `./run.sh gan_book.cae --mode generate --checkpoint runs/cae`. Expect digits, with 30 normals better ones than the VAE's.
"""

import numpy as np

import data
from data import batches
from gan_book import cae, metrics
from graphmode import images, report, runs, sessions, tf

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


def generate(config):
    """--mode generate of a run of the autoencoder: a table on the screen and in figures/generated.csv, samples beside it."""
    digits = data.load(config.data, config.input_dir)
    random = np.random.RandomState(config.seed)
    model = cae.CAE_CNN(latent_size=config.latent_size)
    received = tf.placeholder(tf.float32, [None, config.latent_size])
    drawn, _ = cae.decoder(received, reuse=True)
    lines = [",".join(["z from", *COLUMNS])]
    with sessions.session() as session:
        sessions.restore(session, config.checkpoint)
        codes = sessions.in_parts(session, model.latent, model.input, batches.flat_pixels(digits.train_images))
        for name, file, z in (("N(0; 1)", "N01", random.randn(COUNT, config.latent_size)),
                              ("one normal", "one_normal", from_normals(codes, np.zeros(len(codes)), COUNT, random)),
                              ("{} normals".format(GROUPS), "{}_normals".format(GROUPS),
                               from_normals(codes, k_means(codes, GROUPS, random), COUNT, random))):
            samples = sessions.in_parts(session, drawn, received, z)
            figures = metrics.judge(samples, digits, config)
            found = [form.format(figures["samples: " + column]) for column, form in COLUMNS.items()]
            lines.append(",".join([name, *found]))
            print("{:>12}  {}".format(name, ", ".join(map(": ".join, zip(COLUMNS, found)))))
            target = runs.path(config.output_dir, "figures", "generated_from_{}.png".format(file))
            images.save_png(target, images.grid(samples[:100], 10), zoom=2)
    runs.write_whole(runs.path(config.output_dir, "figures", "generated.csv"), "\n".join(lines) + "\n")
    report.renew(config.output_dir)
