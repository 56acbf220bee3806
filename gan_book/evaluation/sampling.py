"""Samples of a trained GAN: how they are generated, and how good they are.

A classifier of digits (gan_book/evaluation/classifier.py) evaluates them: whether all ten digits
are there, how certain they are, and the Frechet distance of their features to those of real digits
(Heusel et al. 2017). The features are the classifier's, not Inception's. Therefore a distance can
be compared only with other distances by the same classifier.
"""

import functools

import numpy as np

import data
from data import feeds
from gan_book.evaluation import classifier
from graphmode import errors, files, sessions, tf, training
from graphmode.report import images, page, plots, scores
from graphmode.training import progress, run_folder, scalar_log

COUNT = 10000  # samples that --mode evaluate generates
COUNT_TO_FOLLOW = 5000  # samples of each checkpoint for `follow`
NEAREST_COUNT = 500  # samples whose nearest training digit is searched


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


def modes(build, generate, curve="generator_loss"):
    """The modes of a GAN's program: name -> function of the configuration.

    Args:
        build: function of (config, data.Digits) that returns a training.Model.
        generate: function of (config, count) that returns images, [count, 28, 28, 1] in [0, 1].
        curve: the scalar that `follow` compares with the quality of the samples.
    """

    def sample(config):
        images.save_samples(config.output_dir, generate(config, config.count))

    def evaluate(config):
        digits = data.load(config.data, config.input_dir)
        metrics = evaluate_samples(generate(config, COUNT), digits, config)
        metrics.update(follow(curve, generate, digits, config))
        page.write_metrics(config.output_dir, metrics)

    return {"train": functools.partial(_train, build), "sample": sample, "evaluate": evaluate}


def modes_by_label(build, generate):
    """The modes of a GAN whose generator is told the digit: as `modes`, with labels for counts.

    Args:
        generate: function of (config, labels) that returns an image for each label.
    """

    def sample(config):
        if config.digit < 0:
            labels, columns = np.arange(config.count) * 10 // config.count, -(-config.count // 10)
        else:
            labels, columns = np.full(config.count, config.digit), None
        images.save_samples(config.output_dir, generate(config, labels), columns)

    def evaluate(config):
        digits = data.load(config.data, config.input_dir)
        labels = np.arange(COUNT) % 10
        metrics = evaluate_samples(generate(config, labels), digits, config, labels)
        # As published, batch norms remove the label if all samples of a batch have the same one.
        in_order = np.sort(labels)
        with tf.Graph().as_default():
            samples = generate(config, in_order)
        with classifier.trained(config, digits) as classify:
            accuracy = np.mean(classify(samples)[0].argmax(1) == in_order)
        metrics["samples in batches of one digit: classified as the requested digit"] = float(
            accuracy
        )

        def any_label(config, count):
            return generate(config, labels[:count])

        metrics.update(follow("generator_loss", any_label, digits, config))
        page.write_metrics(config.output_dir, metrics)

    return {"train": functools.partial(_train, build), "sample": sample, "evaluate": evaluate}


def _train(build, config):
    training.fit(build(config, data.load(config.data, config.input_dir)), config)


def evaluate_samples(samples, digits, config, labels=None):
    """Metrics of samples, and the same metrics of real test digits to compare with.

    Args:
        samples: [N, 28, 28, 1] floats in [0, 1]. Only metrics of equal N can be compared.
        digits: data.Digits that the samples imitate.
        config: has `data`, `seed` and `output_dir`, the folder of a run. It gets the figure
            nearest_training_digits.png.
        labels: the requested digits, [N], or None.

    Returns:
        name -> number. A digit is covered if at least 1 % of the images are classified as it with
        a probability over 0.9. Two distances between real digits show what distance is small: of
        training digits to the test digits, and of the test set's halves, which different people
        wrote. Samples that copy training digits are nearer to these than test digits are.
    """
    with classifier.trained(config, digits) as classify:
        probabilities, features = classify(samples)
        real_probabilities, real_features = classify(digits.test_images)
        _, training_features = classify(digits.train_images[: len(samples)])
    metrics = {
        "samples": len(samples),
        **_certainty("samples", probabilities),
        **_certainty("real test digits", real_probabilities),
    }
    if labels is not None:
        accuracy = np.mean(probabilities.argmax(1) == labels)
        metrics["samples: classified as the requested digit"] = float(accuracy)
    half = len(real_features) // 2
    distance = scores.frechet_distance
    metrics.update(
        {
            "samples: Frechet distance": distance(features, real_features),
            "real training digits: Frechet distance": distance(training_features, real_features),
            "first half of the test digits to the second: Frechet distance": distance(
                real_features[:half], real_features[half:]
            ),
            **_nearest_training_digits(samples, digits, config),
            "classifier: test accuracy": float(
                np.mean(real_probabilities.argmax(1) == digits.test_labels)
            ),
        }
    )
    return metrics


def _certainty(name, probabilities):
    """How certain a classifier is, and how often each digit occurs; probabilities: [N, 10]."""
    certain = probabilities.max(1) > 0.9
    fractions = np.bincount(probabilities.argmax(1)[certain], minlength=10) / len(probabilities)
    return {
        f"{name}: digits covered": int(np.sum(fractions >= 0.01)),
        f"{name}: classified with p over 0.9": float(certain.mean()),
        f"{name}: fraction of the rarest digit": float(fractions.min()),
        f"{name}: fraction of the most common digit": float(fractions.max()),
    }


def _nearest_training_digits(samples, digits, config):
    """The median distance of images to the nearest training digit, and a figure of such pairs."""
    known = feeds.flat_pixels(digits.train_images)
    real = digits.test_images / np.float32(255)
    metrics = {}
    for name, pixels in (("samples", samples), ("real test digits", real)):
        order = np.random.RandomState(config.seed).permutation(len(pixels))
        chosen = pixels[order[:NEAREST_COUNT]].reshape(-1, 784)
        distances, nearest = scores.nearest(chosen, known)
        metrics[f"{name}: distance to the nearest training digit"] = float(np.median(distances))
        if name == "samples":
            pairs = np.stack([chosen[:40], known[nearest[:40]]], 1).reshape(-1, 28, 28)
            target = files.path(config.output_dir, "figures", "nearest_training_digits.png")
            images.save_png(target, images.grid(pairs, columns=10), zoom=2)
    return metrics


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
    with classifier.trained(config, digits) as classify:
        _, real = classify(digits.test_images)
        checkpoints = run_folder.checkpoints(config.output_dir)
        for step, checkpoint in progress.over(checkpoints, "samples of each checkpoint"):
            before = max(step - config.save_freq, *steps[-1:], 0)
            since = [float(row[curve]) for row in rows if before < int(row["step"]) <= step]
            if since:
                with tf.Graph().as_default():
                    samples = generate(config.replace(checkpoint=str(checkpoint)), count)
                steps.append(step)
                means.append(np.mean(since))
                distances.append(scores.frechet_distance(classify(samples)[1], real))
    if len(means) < 3:
        return {}
    target = files.path(config.output_dir, "figures", f"{curve}_and_frechet_distance.png")
    plots.stacked(target, steps, {curve: means, "Frechet distance of the samples": distances})
    correlation = scores.rank_correlation(means, distances)
    return {
        f"rank correlation of {curve} and Frechet distance": correlation,
        "checkpoints compared": len(means),
    }


def evaluate_reconstruction(config, generate, reconstruct, held_out):
    """Metrics of a GAN of faces whose discriminator is an autoencoder.

    Args:
        generate: function of (config, count) that returns images.
        reconstruct: function of images in [0, 1] as a placeholder; it returns their losses, [N].
        held_out: uint8 [N, size, size, 3].

    Raises:
        InputError: there are no held-out faces.
    """
    if not len(held_out):
        raise errors.InputError(
            f"{config.input_dir} holds too few images: no face is left for testing; add images"
        )
    samples = generate(config, 1000)
    target = files.path(config.output_dir, "figures", "samples.png")
    images.save_png(target, images.grid(samples[:100], columns=10))
    x = tf.placeholder(tf.float32, [None, *held_out.shape[1:]])
    loss = reconstruct(x)
    faces = held_out / np.float32(255)
    with sessions.session() as session:
        sessions.restore(session, config.checkpoint)
        real, generated = (
            sessions.in_parts(session, loss, x, each, 50) for each in (faces, samples)
        )
    metrics = {
        "held-out faces: L(x)": float(real.mean()),
        "samples: L(G(z))": float(generated.mean()),
        "samples: diversity": float(samples.var(0).sum() / (faces.var(0).sum() + 1e-8)),
        "held-out faces": len(held_out),
        "samples": len(samples),
    }
    page.write_metrics(config.output_dir, metrics)
