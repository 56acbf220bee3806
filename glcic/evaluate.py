"""How near completions come to the pictures, beside what fills holes without learning, on the same holes."""

import collections
import sys

import numpy as np
import tqdm

from data import squares
from glcic import baselines, complete, masks, sources
from graphmode import errors, files, sessions
from graphmode.report import images, page, plots, scores
from graphmode.training import scalar_log

MOST = 1000  # pictures judged; of a larger folder, so many, evenly spread
AT_ONCE = 50  # pictures in a run of the network
SHOWN = 12  # pictures in the figure


def figures(completed, pictures, holes):
    """Mean over pictures of L1, PSNR in dB and SSIM, in the hole and over the picture: name -> number.

    completed, pictures: uint8 [N, height, width, 3]; holes: bool [N, height, width].
    """
    found = collections.defaultdict(list)
    for part in parts(pictures):
        a, b = completed[part] / 255.0, pictures[part] / 255.0
        error, squared, similar = np.abs(a - b), np.square(a - b), scores.ssim_map(a, b)
        for place, where in (("hole", holes[part]), ("picture", np.ones_like(holes[part]))):
            found[place + " L1"].extend(scores.masked(error, where))
            # A picture that was met exactly would be infinitely good; 1e-10 is 100 dB.
            found[place + " PSNR"].extend(-10.0 * np.log10(np.maximum(scores.masked(squared, where), 1e-10)))
            found[place + " SSIM"].extend(scores.masked(similar, where))
    return {name: float(np.mean(values)) for name, values in found.items()}


def parts(pictures):
    """Slices of [N, height, width, ...] that are worked on at once, smaller ones of larger pictures."""
    count = max(1, min(AT_ONCE, complete.LARGEST // (pictures.shape[1] * pictures.shape[2])))
    return [slice(start, start + count) for start in range(0, len(pictures), count)]


def fillers():
    """name -> function of a picture and its hole; without OpenCV only the mean colour, which stderr says."""
    found = {"mean colour": baselines.mean_colour}
    try:
        baselines.opencv()
    except errors.InputError as error:
        sys.stderr.write("without the baselines of Telea and Navier-Stokes: {}\n".format(error))
        return found
    return {**found, "Telea": baselines.telea, "Navier-Stokes": baselines.navier_stokes}


def completed(config, paths):
    """Completes the middles of pictures, with holes that depend on --seed alone.

    Returns:
        pictures, holes, imitations, completions: uint8 [N, size, size, 3], but for holes, bool [N, size, size].
    """
    size = config.size
    pictures = sources.middle(squares.load(paths, **sources.reading(config)), size)
    drawn = masks.mask(masks.holes(len(pictures), size, size, config.hole_min, config.hole_max), size, size)[..., 0]
    with sessions.session() as session:
        holes = session.run(drawn) > 0
    with complete.completer(config) as apply:
        made = [apply(pictures[part], holes[part]) for part in tqdm.tqdm(parts(pictures), desc="completing", disable=None)]
    return (pictures, holes, *map(np.concatenate, zip(*made)))


def evaluate(config):
    """--mode evaluate: metrics.json, and pictures beside their completions in the report."""
    paths = sources.unseen(config)
    chosen = [paths[n] for n in np.unique(np.linspace(0, len(paths) - 1, min(MOST, len(paths))).astype(int))]
    pictures, holes, imitations, completions = completed(config, chosen)
    filled = {"completion": completions}
    for name, filler in fillers().items():
        filled[name] = np.stack([filler(picture, hole) for picture, hole in zip(pictures, holes)])

    judged = {name: figures(made, pictures, holes) for name, made in filled.items()}
    metrics = {"{}, {}".format(figure, name): found[figure]
               for figure in judged["completion"] for name, found in judged.items()}
    best = min(found["hole L1"] for name, found in judged.items() if name != "completion")
    metrics["hole L1, completion, below the best of the others (%)"] = 100.0 * (1.0 - judged["completion"]["hole L1"] / best)
    metrics["pictures not trained on"] = len(pictures)
    metrics["in"] = config.input_dir or "drawn faces"

    holed = np.where(holes[..., None], np.uint8(255), pictures)
    columns = [pictures, holed, imitations, *filled.values()]
    rows = [column[n] for n in range(min(SHOWN, len(pictures))) for column in columns]
    folder = files.path(config.output_dir, "figures")
    name = "real_holed_imitation_" + "_".join(filled).replace(" ", "_").replace("-", "_")
    images.save_png(folder / (name + ".png"), images.grid(np.stack(rows), len(columns)), zoom=2 if config.size <= 64 else 1)
    losses(config, folder / "losses_of_the_discriminators_and_against_them.png")
    page.write_metrics(config.output_dir, metrics)


def losses(config, target):
    """The curves by which the blog judged whether the networks fight, from the second phase on; a line where the third begins."""
    rows = [row for row in scalar_log.read(config.output_dir) if row.get("fake_loss")]
    if rows:
        names = ("fake_loss", "real_loss", "adversarial_loss")
        alone = [int(row["step"]) for row in rows if row["phase"] == "discriminator"]
        plots.stacked(target, [int(row["step"]) for row in rows], {name: [float(row[name]) for row in rows] for name in names},
                    marks=alone[-1:])
