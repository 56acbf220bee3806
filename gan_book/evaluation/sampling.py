"""Samples of a trained GAN: how they are generated, and how good they are.

A classifier of digits (gan_book/evaluation/classifier.py) evaluates them: whether all ten digits
are there, how certain they are, and the Frechet distance of their features to those of real digits
(Heusel et al. 2017). The features are the classifier's, not Inception's. Therefore a distance can
be compared only with other distances by the same classifier. Other images are measured in the same
way; for images without classes see gan_book/evaluation/features.py.
"""

import functools
import io
from typing import NamedTuple

import numpy as np

from data import feeds
from gan_book import inputs
from gan_book.evaluation import features
from graphmode import errors, files, sessions, tf
from graphmode.report import images, page, plots, scores
from graphmode.training import progress, run_folder, scalar_log

COUNT = 10000  # samples that --mode evaluate generates
COUNT_TO_FOLLOW = 5000  # samples of each checkpoint for `follow`
NEAREST_COUNT = 500  # samples whose nearest training digit is searched
NEAREST_BYTES = 2 << 30  # of the training images, as floats, among which it is searched


class Words(NamedTuple):
    """How metrics name the images and the classes."""

    image: str
    images: str
    klass: str
    classes: str


DIGITS = Words("digit", "digits", "digit", "digits")
IMAGES = Words("image", "images", "class", "classes")


def words(config):
    """The words for the images of a configuration."""
    return DIGITS if config.data in ("digits", "mnist") else IMAGES


def noise(config, count):
    """z for sampling: [count, dim], uniform in [-1, 1] as in training."""
    return np.random.RandomState(config.seed).uniform(-1, 1, [count, config.dim])


def generate(config, images_of, inputs):
    """Images from the weights of config.checkpoint.

    Args:
        images_of: builds the network; a function of a placeholder [N, size] that returns images,
            [N, height, width, channels] in [0, 1].
        inputs: what the placeholder gets, [N, size].

    Returns:
        float32 [N, height, width, channels].
    """
    inputs_in = tf.placeholder(tf.float32, [None, inputs.shape[1]])
    samples = images_of(inputs_in)
    with sessions.session() as session:
        sessions.restore(session, config.checkpoint)
        return sessions.in_parts(session, samples, inputs_in, inputs)


def zoom(config):
    """Width of a pixel in figures: small images are shown twice as large."""
    return 2 if config.shape[0] <= 32 else 1


def save(config, samples, columns=None, **beside):
    """Writes samples into the folder of the run.

    Args:
        samples: [N, height, width, channels] in [0, 1].
        columns: of the grid; None for about the square root of N.
        beside: name -> array [N, ...], what was asked for: `codes`, `labels`.

    Writes sample.png, a grid, and samples.npz with `images`, uint8, and the arrays of `beside`.
    """
    pixels = images.to_uint8(np.asarray(samples))
    pixels = pixels[..., 0] if pixels.shape[3] == 1 else pixels
    buffer = io.BytesIO()
    np.savez_compressed(buffer, images=pixels, **beside)
    target = files.path(config.output_dir, "sample.png")
    images.save_png(target, images.grid(pixels, columns), zoom=zoom(config))
    files.write_whole(files.path(config.output_dir, "samples.npz"), buffer.getvalue())
    names = ", ".join(["images", *beside])
    print(f"images: {len(pixels)}, in {target} and samples.npz beside it ({names})")


def labels_of(digits, count):
    """The labels of the first test images for `save`: nothing if there are no classes."""
    return {"labels": digits.test_labels[:count]} if digits.classes else {}


def check_held_out(config, digits):
    """Raises InputError if there are no test images."""
    if not len(digits.test_images):
        raise errors.InputError(
            f"--input_dir {config.input_dir} holds too few images: none is left for testing; "
            "add images"
        )


def sample_count(config, digits):
    """How many samples are evaluated: of images from a folder, as many as there are to learn."""
    known = COUNT if config.data in ("digits", "mnist") else len(digits.train_labels)
    return min(COUNT, known)


def modes(build, generate, curve="generator_loss", losses=None):
    """The modes of a GAN's program: name -> function of the configuration.

    Args:
        build: function of (config, data.Digits) that returns a training.Model.
        generate: function of (config, count) that returns images, [count, height, width, channels]
            in [0, 1].
        curve: the scalar that `follow` compares with the quality of the samples.
        losses: function of (placeholder of images, config) that returns the reconstruction loss of
            each, or None. They are evaluated for images other than digits.
    """

    def sample(config):
        codes = noise(config, config.count).astype(np.float32)
        save(config, generate(config, config.count), codes=codes)

    def evaluate(config):
        config, digits = inputs.load(config)
        check_held_out(config, digits)
        samples = generate(config, sample_count(config, digits))
        metrics = evaluate_samples(samples, digits, config)
        if losses and words(config) is IMAGES:
            metrics.update(_reconstructed(config, losses, samples, digits))
        metrics.update(follow(curve, generate, digits, config))
        page.write_metrics(config.output_dir, metrics)

    train = functools.partial(inputs.train, build)
    return {"train": train, "sample": sample, "evaluate": evaluate}


def modes_by_label(build, generate):
    """The modes of a GAN whose generator is told the digit: as `modes`, with labels for counts.

    Args:
        generate: function of (config, labels) that returns an image for each label.
    """

    def sample(config):
        count, classes, wanted = config.count, len(config.class_names), config.wanted()
        if wanted < 0:
            labels, columns = np.arange(count) * classes // count, -(-count // classes)
        else:
            labels, columns = np.full(count, wanted), None
        codes = noise(config, count).astype(np.float32)
        save(config, generate(config, labels), columns, labels=labels, codes=codes)

    def evaluate(config):
        config, digits = inputs.load(config)
        check_held_out(config, digits)
        labels = np.arange(sample_count(config, digits)) % len(digits.classes)
        metrics = evaluate_samples(generate(config, labels), digits, config, labels)
        # As published, batch norms remove the label if all samples of a batch have the same one.
        in_order = np.sort(labels)
        with tf.Graph().as_default():
            samples = generate(config, in_order)
        with features.trained(config, digits) as measure:
            accuracy = np.mean(measure(samples)[0].argmax(1) == in_order)
        one = words(config).klass
        metrics[f"samples in batches of one {one}: classified as the requested {one}"] = float(
            accuracy
        )

        def any_label(config, count):
            return generate(config, labels[:count])

        metrics.update(follow("generator_loss", any_label, digits, config))
        page.write_metrics(config.output_dir, metrics)

    train = functools.partial(inputs.train, build)
    return {"train": train, "sample": sample, "evaluate": evaluate}


def evaluate_samples(samples, digits, config, labels=None):
    """Metrics of samples, and the same metrics of real test digits to compare with.

    Args:
        samples: [N, height, width, channels] floats in [0, 1]. Only metrics of equal N can be
            compared.
        digits: data.Digits that the samples imitate.
        config: has the fields of `inputs.Inputs`, `seed` and `output_dir`, the folder of a run. It
            gets the figure nearest_training_digits.png (of other images: ..._images.png).
        labels: the requested digits, [N], or None.

    Returns:
        name -> number. A digit is covered if at least 1 % of the images are classified as it with
        a probability over 0.9 (with n classes: 10 % / n). Diversity is the variance over the
        images, summed over pixels, divided by that of the test images. Two distances between real
        digits show what distance is small: of training digits to the test digits, and of the test
        set's halves, which different people wrote. Samples that copy training digits are nearer to
        these than test digits are.
    """
    word = words(config)
    train_images = digits.train_images[: len(samples)]
    with features.trained(config, digits) as measure:
        probabilities, of_samples = measure(samples)
        real_probabilities, real_features = measure(digits.test_images)
        _, training_features = measure(train_images)
    metrics = {"samples": len(samples)}
    if digits.classes:
        metrics.update(_certainty("samples", probabilities, word))
        metrics.update(_certainty(f"real test {word.images}", real_probabilities, word))
    else:
        metrics[f"real test {word.images}"] = len(digits.test_images)
    if labels is not None:
        accuracy = np.mean(probabilities.argmax(1) == labels)
        metrics[f"samples: classified as the requested {word.klass}"] = float(accuracy)
    half = len(real_features) // 2
    distance = scores.frechet_distance
    spread = digits.test_images.var(0).sum() / 255.0**2 + 1e-8
    metrics.update(
        {
            "samples: Frechet distance": distance(of_samples, real_features),
            f"real training {word.images}: Frechet distance": distance(
                training_features, real_features
            ),
            f"first half of the test {word.images} to the second: Frechet distance": distance(
                real_features[:half], real_features[half:]
            ),
            "samples: diversity": float(samples.var(0).sum() / spread),
            f"real training {word.images}: diversity": float(
                train_images.var(0).sum() / 255.0**2 / spread
            ),
            **_nearest_training_images(samples, digits, config),
        }
    )
    if digits.classes:
        correct = real_probabilities.argmax(1) == digits.test_labels
        metrics["classifier: test accuracy"] = float(np.mean(correct))
    return metrics


def _certainty(name, probabilities, word=DIGITS):
    """How certain a classifier is, and how often each class occurs; probabilities: [N, classes]."""
    certain, classes = probabilities.max(1) > 0.9, probabilities.shape[1]
    counts = np.bincount(probabilities.argmax(1)[certain], minlength=classes)
    fractions = counts / len(probabilities)
    return {
        f"{name}: {word.classes} covered": int(np.sum(fractions >= 0.1 / classes)),
        f"{name}: classified with p over 0.9": float(certain.mean()),
        f"{name}: fraction of the rarest {word.klass}": float(fractions.min()),
        f"{name}: fraction of the most common {word.klass}": float(fractions.max()),
    }


def _nearest_training_images(samples, digits, config):
    """The median distance of images to the nearest training image, and a figure of such pairs."""
    word, size = words(config), inputs.numbers(config)
    known = feeds.flat_pixels(digits.train_images[: NEAREST_BYTES // (4 * size)])
    real = digits.test_images / np.float32(255)
    metrics = {}
    for name, pixels in (("samples", samples), (f"real test {word.images}", real)):
        order = np.random.RandomState(config.seed).permutation(len(pixels))
        chosen = pixels[order[:NEAREST_COUNT]].reshape(-1, size)
        distances, nearest = scores.nearest(chosen, known)
        metrics[f"{name}: distance to the nearest training {word.image}"] = float(
            np.median(distances)
        )
        if name == "samples":
            pairs = np.stack([chosen[:40], known[nearest[:40]]], 1).reshape(-1, *config.shape)
            name = f"nearest_training_{word.images}.png"
            target = files.path(config.output_dir, "figures", name)
            images.save_png(target, images.grid(pairs, columns=10), zoom=zoom(config))
    return metrics


def _reconstructed(config, losses, samples, digits):
    """How well a GAN's discriminator that is an autoencoder reconstructs images."""
    x = tf.placeholder(tf.float32, [None, *config.shape])
    loss = losses(x, config)
    real = (digits.test_images / np.float32(255)).reshape(-1, *config.shape)
    with sessions.session() as session:
        sessions.restore(session, config.checkpoint)
        return {
            f"{name}: {what}": float(sessions.in_parts(session, loss, x, pixels, 50).mean())
            for name, what, pixels in (
                ("real test images", "L(x)", real),
                ("samples", "L(G(z))", samples),
            )
        }


def follow(curve, generate, digits, config, count=COUNT_TO_FOLLOW):
    """Whether a scalar of the training shows how good the samples are.

    The scalar is compared with the Frechet distance of the samples of each checkpoint. Its value
    for a checkpoint is the mean over the steps since the checkpoint before.

    Args:
        curve: name of the scalar in scalars.csv.
        generate: function of a configuration with `checkpoint`, and a number of samples.
        config: the configuration of the run.
        count: number of samples of each checkpoint.

    Returns:
        Spearman's rank correlation and the number of checkpoints (`--keep`), or nothing if there
        are fewer than three. The figure CURVE_and_frechet_distance.png shows both curves.
    """
    rows = scalar_log.read(config.output_dir)
    steps, means, distances = [], [], []
    count = min(count, sample_count(config, digits))
    with features.trained(config, digits) as measure:
        _, real = measure(digits.test_images)
        checkpoints = run_folder.checkpoints(config.output_dir)
        for step, checkpoint in progress.over(checkpoints, "samples of each checkpoint"):
            before = max(step - config.save_freq, *steps[-1:], 0)
            since = [float(row[curve]) for row in rows if before < int(row["step"]) <= step]
            if since:
                with tf.Graph().as_default():
                    samples = generate(config.replace(checkpoint=str(checkpoint)), count)
                steps.append(step)
                means.append(np.mean(since))
                distances.append(scores.frechet_distance(measure(samples)[1], real))
    if len(means) < 3:
        return {}
    target = files.path(config.output_dir, "figures", f"{curve}_and_frechet_distance.png")
    plots.stacked(target, steps, {curve: means, "Frechet distance of the samples": distances})
    correlation = scores.rank_correlation(means, distances)
    return {
        f"rank correlation of {curve} and Frechet distance": correlation,
        "checkpoints compared": len(means),
    }
