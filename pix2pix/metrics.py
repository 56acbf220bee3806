"""How close translations are to their targets, compared with baselines that do not learn."""

import contextlib
from typing import Callable, NamedTuple

import numpy as np

from graphmode import sessions, tf
from graphmode.errors import InputError
from graphmode.report import scores
from pix2pix import inputs, lab, segmentation

MEAN_OF = 2000  # training targets, at most, that the mean target is the mean of
EXACT = 100.0  # dB; the PSNR of equal images is infinite, and so would the mean of all images be


def sharpness(image):
    """The mean absolute difference of neighboring pixels of [height, width, c] in [0, 1]."""
    return float(sum(np.abs(np.diff(image, axis=axis)).mean() for axis in (0, 1)) / 2)


def similarity(image, target):
    """L1, PSNR in dB, SSIM and sharpness of [height, width, c] images in [0, 1]: name -> number.

    The PSNR is at most `EXACT`.
    """
    return {
        "L1": float(np.abs(image - target).mean()),
        "PSNR": min(EXACT, float(scores.psnr(image[None], target[None])[0])),
        "SSIM": float(scores.ssim_map(image[None], target[None]).mean()),
        "sharpness": sharpness(image),
    }


def mean_target(config):
    """The mean of the training targets, [height, width, channels] in [0, 1], at the test's size.

    None if the training files are not known or no longer there.
    """
    trained = inputs.trained_settings(config)
    if trained is None:
        return None
    try:
        paths = inputs.training_files(trained).paths[:MEAN_OF]
    except InputError:
        return None
    target = 1 if config.which_direction == "AtoB" else 0
    total = sum(parts[target].astype(np.float64) for parts in inputs.prepared(paths, config))
    return total[..., : config.channels[1]] / len(paths)


class Colors(NamedTuple):
    """Functions of RGB images, [height, width, 3] in [0, 1]."""

    difference: Callable  # of two images: CIE76, the distance in Lab, averaged over the pixels
    gray: Callable  # of an image: the same lightness with a = b = 0


@contextlib.contextmanager
def colors():
    """Yields `Colors`, which has a graph of its own."""
    with tf.Graph().as_default(), sessions.session() as session:
        first, second = (tf.placeholder(tf.float32, [None, None, 3]) for _ in range(2))
        distances = tf.norm(lab.rgb_to_lab(first) - lab.rgb_to_lab(second), axis=-1)
        difference = tf.reduce_mean(distances)
        gray = lab.lab_to_rgb(lab.rgb_to_lab(first) * tf.constant([1.0, 0.0, 0.0]))
        yield Colors(
            lambda image, other: float(session.run(difference, {first: image, second: other})),
            lambda image: session.run(gray, {first: image}),
        )


@contextlib.contextmanager
def evaluator(config):
    """Prepares the evaluation of translations.

    Yields:
        A function of an input, an output and a target, [height, width, channels] in [0, 1] each. It
        returns name -> number; with --segmentation also name -> confusion matrix.
    """
    with contextlib.ExitStack() as stack:
        in_color = stack.enter_context(colors()) if config.lab_colorization else None
        mean = None if config.lab_colorization or config.own_size else mean_target(config)
        read = stack.enter_context(segmentation.reader(config)) if config.segmentation else None

        def evaluate(shown_input, output, target):
            images = {"output": output}
            if mean is not None:
                images["mean training target"] = mean
            if in_color and config.which_direction == "AtoB":
                images["gray"] = in_color.gray(target)
            numbers = {}
            for name, image in images.items():
                for measure, number in similarity(image, target).items():
                    numbers[f"{measure}, {name}"] = number
                if in_color:
                    numbers[f"CIE76, {name}"] = in_color.difference(image, target)
            numbers["sharpness, target"] = sharpness(target)
            if read:
                numbers.update(read(shown_input, output, target))
            return numbers

        yield evaluate


def means(numbers):
    """Means over the images; name -> number. Confusion matrices are added, then scored.

    Args:
        numbers: name -> list with a number or a confusion matrix of each image.
    """
    result = {}
    for name, values in numbers.items():
        if np.ndim(values[0]):
            for score, value in zip(
                segmentation.SCORES, segmentation.scores(sum(values)), strict=True
            ):
                result[f"{score}, {name}"] = float(value)
        else:
            result[name] = float(np.mean(values))
    if numbers:
        result["images with targets"] = len(next(iter(numbers.values())))
    return result
