"""--mode test: translates every picture of a folder, shows them row by row in index.html, and measures how near they come."""

import contextlib
import io
import sys

import numpy as np
from PIL import Image
import tqdm

from data import folders, pairs
from graphmode import cli, images, report, runs, scores, sessions, tf
from pix2pix import labels, lab, model, options, sources

MOST_FOR_MEAN = 2000  # training targets whose mean is a baseline
JPEG_QUALITY = 95


def translated(picture, config, joined):
    """Input, output and, if the picture holds it, target, as one sees them: list of [1, height, width, 3] in [0, 1].

    picture: uint8 [any height, any width, 3]; joined: whether it is a pair.
    """
    parts = [part[None] for part in sources.whole(picture, config, joined and not config.lab_colorization)]
    if len(parts) == 1 and not config.lab_colorization:
        inputs = model.preprocess(parts[0])
        return [*model.visible(inputs, model.translate(inputs, config), config)]
    inputs, targets = model.both_ways(parts, config)
    return [*model.visible(inputs, model.translate(inputs, config), config), model.visible(inputs, targets, config)[1]]


@contextlib.contextmanager
def translator(config):
    """Yields a function of (uint8 [any height, any width, 3], whether that holds the target, too).

    It returns inputs, outputs and targets as one sees them, [height, width, 3] in [0, 1]; targets None without one.
    """
    picture = tf.placeholder(tf.uint8, [None, None, 3])
    with_target, alone = (translated(picture, config, joined) for joined in (True, False))
    with sessions.session() as session:
        sessions.restore(session, config.checkpoint)

        def apply(pixels, joined):
            drawn = [batch[0] for batch in session.run(with_target if joined else alone, {picture: pixels})]
            return (drawn + [None])[:3]
        yield apply


def sharpness(pictures):
    """The mean absolute difference of neighbouring pixels of [N, height, width, 3] in [0, 1]."""
    return float(sum(np.abs(np.diff(pictures, axis=axis)).mean() for axis in (1, 2)) / 2)


def figures(outputs, targets):
    """L1, PSNR in dB, SSIM and sharpness, means over [N, height, width, 3] pictures in [0, 1]: name -> number."""
    return {"L1": float(np.abs(outputs - targets).mean()), "PSNR": float(scores.psnr(outputs, targets).mean()),
            "SSIM": float(scores.ssim_map(outputs, targets).mean()), "sharpness": sharpness(outputs)}


def mean_target(config):
    """The mean of the training's targets, [height, width, 3] in [0, 1]; None where its folder is gone."""
    try:
        paths, _ = sources.training(config)
    except cli.InputError:
        return None
    paths = paths[:MOST_FOR_MEAN]
    picture = tf.placeholder(tf.uint8, [None, None, 3])
    wanted = sources.whole(picture, config)[1 if config.which_direction == "AtoB" else 0]
    with sessions.session() as session:
        return np.mean([session.run(wanted, {picture: pixels}) for pixels in folders.in_threads(folders.decode, paths)], 0)


def colour_difference(pictures, others):
    """CIE76: the mean Euclidean distance in Lab of [N, height, width, 3] pictures in [0, 1]."""
    both = [tf.placeholder(tf.float32, [None, None, None, 3]) for _ in range(2)]
    distance = tf.reduce_mean(tf.norm(lab.rgb_to_lab(both[0]) - lab.rgb_to_lab(both[1]), axis=-1))
    with sessions.session() as session:
        return float(np.mean([session.run(distance, {both[0]: a[None], both[1]: b[None]}) for a, b in zip(pictures, others)]))


def measure(config, inputs, outputs, targets):
    """name -> number, of lists of pictures in [0, 1], and of what translates without having learned."""
    inputs, outputs, targets = map(np.stack, (inputs, outputs, targets))
    judged = {"output": outputs}
    if config.lab_colorization:
        if config.which_direction == "AtoB":
            judged["grey"] = inputs
    else:
        trained = cli.saved("pix2pix", options.Config, config.checkpoint)
        mean = mean_target(trained)
        if mean is not None:
            judged["mean of the training's targets"] = np.broadcast_to(mean, targets.shape)
    found = {name: figures(pictures, targets) for name, pictures in judged.items()}
    metrics = {"{}, {}".format(figure, name): numbers[figure] for figure in found["output"] for name, numbers in found.items()}
    metrics["sharpness, target"] = sharpness(targets)
    if "grey" in judged:
        for name, pictures in judged.items():
            metrics["CIE76, " + name] = colour_difference(pictures, targets)
    if config.labels:
        metrics.update(labels.score(config, inputs, outputs, targets))
    metrics["pictures with targets"] = len(targets)
    return metrics


def encoded(picture, config):
    """[height, width, 3] in [0, 1] as the bytes of a file, its width stretched by --aspect_ratio."""
    shape = picture.shape[:2]
    image = Image.fromarray(images.to_uint8(picture))
    if config.aspect_ratio != 1:
        # As the program does: the longer side grows, none shrinks.
        wide = (round(shape[1] * config.aspect_ratio), shape[0])
        high = (shape[1], round(shape[0] / config.aspect_ratio))
        image = image.resize(wide if config.aspect_ratio > 1 else high, Image.Resampling.BICUBIC)
    buffer = io.BytesIO()
    image.save(buffer, config.output_filetype.upper(), **({"quality": JPEG_QUALITY} if config.output_filetype == "jpeg" else {}))
    return buffer.getvalue()


def test(config):
    """Translates --input_dir, or after training the pairs that it did not see, into index.html and images/ beside it."""
    options.check(config)
    folder = sources.unseen_folder(config) if config.mode == "train" else config.input_dir or sources.unseen_folder(config)
    if not folder:
        print("report: {}".format(runs.path(config.output_dir, "report.html")))
        return
    paths, skipped = folders.usable(pairs.find(folder))
    target, rows, kept = runs.path(config.output_dir), [], []
    with translator(config) as apply:
        for path in tqdm.tqdm(paths, desc="translating", unit="picture", disable=None):  # None: terminals only
            pixels = folders.decode(path)
            drawn = apply(pixels, sources.holds_targets(config, pixels.shape))
            # With its ending where two pictures would have one name.
            name = path.stem if sum(path.stem == other.stem for other in paths) == 1 else path.name
            row = {"name": name}
            for kind, picture in zip(("inputs", "outputs", "targets"), drawn):
                if picture is not None:
                    row[kind] = "images/{}-{}.{}".format(name, kind, config.output_filetype.replace("jpeg", "jpg"))
                    runs.write_whole(target / row[kind], encoded(picture, config))
            rows.append(row)
            kept.append(drawn)
    complete = [drawn for drawn in kept if drawn[2] is not None]
    metrics = measure(config, *zip(*complete)) if complete else {}
    metrics.update({"pictures": len(rows), "pictures skipped": max(0, len(skipped) - 1), "in": str(folder)})
    page = report.template("index.html", __file__).render(rows=rows, metrics=metrics, skipped=skipped,
                                                          direction=config.which_direction)
    runs.write_whole(target / "index.html", page)
    if runs.holds_a_run(target):
        grid = [picture for drawn in complete[:8] for picture in drawn]
        if grid:
            images.save_png(target / "figures" / "inputs_outputs_targets_not_trained_on.png",
                            images.grid(np.stack(grid), 6), zoom=2 if config.crop_size <= 64 else 1)
    report.write_metrics(target, metrics)
    sys.stdout.write("pictures: {}\n".format(target / "index.html"))
