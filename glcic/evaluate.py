"""How close completions are to the images, compared with methods that do not learn."""

import collections
import os
import sys

import numpy as np

from data import squares
from glcic import baselines, complete, features, inputs, masks, model
from glcic.config import Config
from graphmode import files, sessions
from graphmode.errors import InputError
from graphmode.report import images as pages
from graphmode.report import page, plots, scores
from graphmode.training import progress, run_folder, scalar_log

MAX_IMAGES = 1000  # test images; of a larger folder this number, evenly spread
AT_ONCE = 50  # images in one run of the network
LARGEST = 1 << 20  # pixels in one run; the full network needs 2 kB for each
SHOWN = 12  # images in the figure


def metrics(completed, images, holes):
    """Means over images of L1, PSNR in dB and SSIM, in the hole and over the image.

    Args:
        completed, images: uint8 [N, height, width, 3].
        holes: bool [N, height, width].

    Returns:
        name -> number: "hole L1", "hole PSNR", "hole SSIM", "image L1" and so on.
    """
    values = collections.defaultdict(list)
    for part in progress.over(parts(images), "comparing"):
        a, b = completed[part] / 255.0, images[part] / 255.0
        error, squared, similar = np.abs(a - b), np.square(a - b), scores.ssim_map(a, b)
        for place, where in (("hole", holes[part]), ("image", np.ones_like(holes[part]))):
            values[f"{place} L1"].extend(scores.masked(error, where))
            # The PSNR of an exact completion is infinite. 1e-10 limits it to 100 dB.
            psnr = -10.0 * np.log10(np.maximum(scores.masked(squared, where), 1e-10))
            values[f"{place} PSNR"].extend(psnr)
            values[f"{place} SSIM"].extend(scores.masked(similar, where))
    means = {name: float(np.mean(each)) for name, each in values.items()}
    return {**means, "hole sharpness": scores.sharpness(completed, images, holes)}


def patch_distances(config, images, holes, results):
    """The Frechet distances of completed patches from the real ones at the same places.

    Args:
        images: uint8 [N, size, size, 3].
        holes: bool [N, size, size].
        results: name -> as images.

    Returns:
        name -> distance, also for "other real images": as many training images. Empty if the
        training images of the run are not there any more.
    """
    trained = run_folder.trained(Config, config.checkpoint)
    if trained.input_dir and not os.path.isdir(trained.input_dir):
        sys.stderr.write(
            f"no Frechet distances: {trained.input_dir}, which has the images of the "
            "training, is not there; if it has moved, see --input_dir\n"
        )
        return {}
    paths = inputs.images(trained).train
    others = inputs.middle(
        squares.load(paths[: len(images)], **inputs.reading(config)), config.size
    )
    corners = patch_corners(holes, config.size // 2)

    with features.trained(config, paths) as describe:

        def described(pixels):
            return describe(features.cut(pixels, corners[: len(pixels)], config.size // 2))

        real = described(images)
        compared = {**results, "other real images": others}
        return {
            name: scores.frechet_distance(described(pixels), real)
            for name, pixels in compared.items()
        }


def patch_corners(holes, side):
    """The top and left of squares with the holes in their middles, as `masks.corners` has them.

    Args:
        holes: bool [N, height, width].
        side: of the squares in pixels.

    Returns:
        int [N, 2].
    """
    corners = []
    for hole in holes:
        rows, columns = np.flatnonzero(hole.any(1)), np.flatnonzero(hole.any(0))
        middle = [line[0] + (line[-1] + 1 - line[0]) // 2 for line in (rows, columns)]
        corners.append(np.clip(np.array(middle) - side // 2, 0, np.array(hole.shape) - side))
    return np.stack(corners)


def accuracies(folder):
    """How often the discriminators were right at the end of training: name -> fraction."""
    rows = [row for row in scalar_log.read(folder) if row.get("phase") == "joint"]
    names = ("real_accuracy", "fake_accuracy")
    return {f"{name} at the end of training": float(rows[-1][name]) for name in names if rows}


def parts(images):
    """Slices of [N, height, width, ...] for one run each. Large images have smaller slices."""
    pixels = images.shape[1] * images.shape[2]
    count = max(1, min(AT_ONCE, LARGEST // pixels))
    return [slice(start, start + count) for start in range(0, len(images), count)]


def fillers():
    """Name -> function of an image and its hole. Without OpenCV only the mean color."""
    known = {"mean color": baselines.mean_color}
    try:
        baselines.opencv()
    except InputError as error:
        sys.stderr.write(f"the baselines of Telea and Navier-Stokes are left out: {error}\n")
        return known
    return {**known, "Telea": baselines.telea, "Navier-Stokes": baselines.navier_stokes}


def completed(config, paths):
    """Completes the middles of images, with holes that depend on --seed alone.

    Returns:
        (images, holes, imitations, completions): holes is bool [N, size, size], the others are
        uint8 [N, size, size, 3].
    """
    size, sides = config.size, (config.hole_min, config.hole_max)
    images = inputs.middle(squares.load(paths, **inputs.reading(config)), size)
    boxes = masks.holes(len(images), size, size, *sides)
    sampled = model.hole_masks(config, boxes)[..., 0]
    with sessions.session() as session:
        holes = session.run(sampled) > 0
    with complete.completer(config) as apply:
        bar = progress.over(parts(images), "completing")
        outputs = [apply(images[part], holes[part]) for part in bar]
    return (images, holes, *map(np.concatenate, zip(*outputs)))


def evaluate(config):
    """--mode evaluate: writes metrics.json, and a figure of images and their completions."""
    paths = inputs.held_out(config)
    places = np.linspace(0, len(paths) - 1, min(MAX_IMAGES, len(paths))).astype(int)
    images, holes, imitations, completions = completed(config, [paths[n] for n in places])
    filled = {"completion": completions}
    for name, filler in fillers().items():
        bar = progress.over(zip(images, holes), name, len(images))
        filled[name] = np.stack([filler(image, hole) for image, hole in bar])

    rows = {name: metrics(result, images, holes) for name, result in filled.items()}
    values = {
        f"{metric}, {name}": rows[name][metric] for metric in rows["completion"] for name in rows
    }
    best = min(row["hole L1"] for name, row in rows.items() if name != "completion")
    if best:  # 0 if all images are flat
        below = 100.0 * (1.0 - rows["completion"]["hole L1"] / best)
        values["hole L1, completion, below the best of the others (%)"] = below
    if len(images) > 1:
        for name, distance in patch_distances(config, images, holes, filled).items():
            values[f"Frechet distance of hole patches, {name}"] = distance
    values.update(accuracies(run_folder.trained(Config, config.checkpoint).output_dir))
    values["test images"] = len(images)
    values["folder"] = config.input_dir or "drawn faces"

    folder = files.path(config.output_dir, "figures")
    comparison(folder, images, holes, {"imitation": imitations, **filled})
    losses(config, folder / "losses_of_the_discriminators_and_against_them.png")
    page.write_metrics(config.output_dir, values)


def comparison(folder, images, holes, results):
    """Saves a figure: a row for each image, its columns are the image, its hole and the results.

    Args:
        folder: of the PNG file. Its name lists the columns.
        images: uint8 [N, size, size, 3].
        holes: bool [N, size, size].
        results: name -> as images.
    """
    holed = np.where(holes[..., None], np.uint8(255), images)
    columns = {"real": images, "holed": holed, **results}
    shown = [column[n] for n in range(min(SHOWN, len(images))) for column in columns.values()]
    name = "_".join(columns).replace(" ", "_").replace("-", "_")
    grid = pages.grid(np.stack(shown), len(columns))
    pages.save_png(folder / f"{name}.png", grid, zoom=2 if images.shape[1] <= 64 else 1)


def losses(config, target):
    """Saves the curves that show whether the networks fight (对抗), from the second phase on.

    A line marks the beginning of the third phase.
    """
    rows = [row for row in scalar_log.read(config.output_dir) if row.get("fake_loss")]
    if not rows:
        return
    steps = [int(row["step"]) for row in rows]
    alone = [int(row["step"]) for row in rows if row["phase"] == "discriminator"]
    names = ("fake_loss", "real_loss", "adversarial_loss")
    curves = {name: [float(row[name]) for row in rows] for name in names}
    plots.stacked(target, steps, curves, marks=alone[-1:])
