"""How near translations come to their targets, beside what translates without having learned."""

import contextlib

import numpy as np

from graphmode import errors, files, sessions, tf, training
from graphmode.report import scores
from graphmode.training import run_folder
from pix2pix import lab, labels, options, sources

MOST_FOR_MEAN = 2000  # training targets whose mean is a baseline


def sharpness(picture):
    """The mean absolute difference of neighbouring pixels of [height, width, 3] in [0, 1]."""
    return float(sum(np.abs(np.diff(picture, axis=axis)).mean() for axis in (0, 1)) / 2)


def figures(output, target):
    """L1, PSNR in dB, SSIM and sharpness of [height, width, 3] pictures in [0, 1]: name -> number."""
    return {"L1": float(np.abs(output - target).mean()), "PSNR": float(scores.psnr(output[None], target[None])[0]),
            "SSIM": float(scores.ssim_map(output[None], target[None]).mean()), "sharpness": sharpness(output)}


def mean_target(config):
    """The mean of the training's targets, [height, width, 3] in [0, 1], at the test's size; None where nobody knows them."""
    if not run_folder.holds_a_run(files.path(config.checkpoint).parent):
        return None  # the old program's run
    trained = run_folder.trained(options.Config, config.checkpoint)
    try:
        paths, _, _ = sources.training(trained)
    except errors.InputError:
        return None
    total, seen = 0.0, paths[:MOST_FOR_MEAN]
    for parts in sources.prepared(seen, config):
        total = total + parts[1 if config.which_direction == "AtoB" else 0].astype(np.float64)
    return total / len(seen)


@contextlib.contextmanager
def judges(config):
    """Yields a function of one input, output and target, [height, width, 3] in [0, 1]: name -> number, or counts of labels."""
    with contextlib.ExitStack() as stack:
        colours, read, mean = None, None, None
        if config.lab_colorization:
            colours = stack.enter_context(_colours())
        else:
            mean = mean_target(config)
        if config.judge:
            read = stack.enter_context(labels.reader(config))

        def judge(inputs, output, target):
            made = {"output": output}
            if mean is not None:
                made["mean of the training's targets"] = mean
            if colours and config.which_direction == "AtoB":
                made["grey"] = colours.grey(target)
            found = {"{}, {}".format(figure, name): number for name, picture in made.items()
                     for figure, number in figures(picture, target).items()}
            if colours:
                found.update({"CIE76, " + name: colours.difference(picture, target) for name, picture in made.items()})
            found["sharpness, target"] = sharpness(target)
            if read:
                found.update(read(inputs, output, target))
            return found
        yield judge


@contextlib.contextmanager
def _colours():
    """Yields functions of pictures: one without its colour (a = b = 0), and the CIE76 difference of two."""
    graph = tf.Graph()
    with graph.as_default(), sessions.session() as session:
        first, second = (tf.placeholder(tf.float32, [None, None, 3]) for _ in range(2))
        difference = tf.reduce_mean(tf.norm(lab.rgb_to_lab(first) - lab.rgb_to_lab(second), axis=-1))
        grey = lab.lab_to_rgb(lab.rgb_to_lab(first) * tf.constant([1.0, 0.0, 0.0]))

        class Colours:
            """CIE76 is the Euclidean distance in Lab, here its mean over the pixels."""

            @staticmethod
            def difference(picture, other):
                return float(session.run(difference, {first: picture, second: other}))

            @staticmethod
            def grey(picture):
                return session.run(grey, {first: picture})
        yield Colours


def means(numbers):
    """name -> the mean over the pictures; counts of labels are added up. numbers: name -> list."""
    found = {name: float(np.mean(values)) for name, values in numbers.items() if np.ndim(values[0]) == 0}
    for name, counts in numbers.items():
        if np.ndim(counts[0]):
            for figure, share in zip(labels.FIGURES, labels.agreement(sum(counts))):
                found["labels read right, {}, {}".format(figure, name)] = float(share)
    if numbers:
        found["pictures with targets"] = len(next(iter(numbers.values())))
    return found
