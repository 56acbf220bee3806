"""--mode test: translates every picture of a folder, shows them row by row in index.html, and measures how near they come."""

import collections
import contextlib
import io
import os
import re
import urllib.parse

import numpy as np
from PIL import Image
import tqdm

from data import folders, pairs
from graphmode import errors, files, sessions, tf
from graphmode.report import images, page
from graphmode.training import run_folder
from pix2pix import judging, model, options, sources

JPEG_QUALITY = 95
SHOWN = 8  # rows in the figure of the report
KINDS = ("inputs", "outputs", "targets")
MARK = 'content="pix2pix --mode test"'  # in our pages, so that no other one is replaced


def translated(picture, config, joined):
    """Input, output and, if the picture holds it, target, as one sees them: list of [1, height, width, 3] in [0, 1].

    picture: [any height, any width, 3] in [0, 1]; joined: whether it is a pair.
    """
    if not joined and not config.lab_colorization:
        inputs = model.preprocess(sources.whole(picture, config, False)[0][None])
        return [*model.visible(inputs, model.translate(inputs, config), config)]
    parts = [part[None] for part in sources.whole(picture, config, not config.lab_colorization)]
    inputs, targets = model.both_ways(parts, config)
    return [*model.visible(inputs, model.translate(inputs, config), config), model.visible(inputs, targets, config)[1]]


@contextlib.contextmanager
def translator(config):
    """Yields a function of (uint8 [any height, any width, 3], whether that holds the target, too).

    It returns inputs, outputs and targets as one sees them, [height, width, 3] in [0, 1]; targets None without one.
    """
    picture = tf.placeholder(tf.uint8, [None, None, 3])
    numbers = tf.cast(picture, tf.float32) / 255.0
    with_target = translated(numbers, config, True)
    alone = with_target if config.lab_colorization else translated(numbers, config, False)
    with sessions.session() as session:
        sessions.restore(session, config.checkpoint)

        def apply(pixels, joined):
            drawn = [batch[0] for batch in session.run(with_target if joined else alone, {picture: pixels})]
            return (drawn + [None])[:3]
        yield apply


def encoded(picture, config):
    """[height, width, 3] in [0, 1] as the bytes of a file, its width stretched by --aspect_ratio."""
    height, width = picture.shape[:2]
    image = Image.fromarray(images.to_uint8(picture))
    if config.aspect_ratio != 1:
        # As the program does: one side grows, none shrinks.
        wide, high = (round(width * config.aspect_ratio), height), (width, round(height / config.aspect_ratio))
        image = image.resize(wide if config.aspect_ratio > 1 else high, Image.Resampling.BICUBIC)
    buffer = io.BytesIO()
    quality = {"quality": JPEG_QUALITY} if config.output_filetype == "jpeg" else {}
    image.save(buffer, config.output_filetype.upper(), **quality)
    return buffer.getvalue()


def check_target(config, folder):
    """Raises InputError if the pictures would be read again, or files be replaced that no test of this run wrote."""
    target = files.path(config.output_dir)
    folders.check_apart(target, folder)
    if config.mode == "train" or target.resolve() == files.path(config.checkpoint).parent.resolve():
        return
    page = target / "index.html"
    ours = page.exists() and MARK in page.read_text(encoding="utf-8", errors="replace")
    strange = [name for name in ("index.html", "images", "metrics.json", "config.json") if (target / name).exists()]
    if strange and (not ours or "config.json" in strange):
        raise errors.InputError("{} holds {}, which no test wrote there: choose another --output_dir".format(
            target, " and ".join(strange)))


def test(config):
    """Translates --input_dir, or after training the pairs that it did not see, into index.html and images/ beside it."""
    options.check(config)
    unseen = sources.unseen_folder(config)
    folder = unseen if config.mode == "train" else config.input_dir or unseen
    if not folder and config.mode == "train":
        print("no test: there is no folder val or test beside {}; --mode test --input_dir names one\nreport: {}".format(
            config.input_dir, files.path(config.output_dir, "report.html")))
        return
    if not folder:
        raise errors.InputError("--mode test needs --input_dir: the folder with the pictures to translate")
    check_target(config, folder)
    target = files.path(config.output_dir)
    # Before the first picture, so that an interrupted test is known as ours.
    files.write_whole(target / "index.html", _page(config, [], {}, ["not finished"]))
    paths, skipped = folders.usable(pairs.find(folder))
    rows, grid, numbers = [], [], collections.defaultdict(list)
    with translator(config) as apply, judging.judges(config) as judged:
        for name, path in tqdm.tqdm(list(zip(folders.names(paths, folder), paths)), desc="translating", unit="picture",
                                    disable=None):  # None: terminals only
            pixels = folders.decode(path)
            drawn = apply(pixels, sources.holds_targets(config, pixels.shape))
            rows.append({"name": os.fsencode(name).decode("utf-8", "backslashreplace")})
            for kind, picture in zip(KINDS, drawn):
                if picture is not None:
                    file = "images/{}-{}.{}".format(name, kind, config.output_filetype.replace("jpeg", "jpg"))
                    files.write_whole(target / file, encoded(picture, config))
                    rows[-1][kind] = urllib.parse.quote(os.fsencode(file))
            if drawn[2] is not None:
                for figure, number in judged(*drawn).items():
                    numbers[figure].append(number)
                grid += drawn if len(grid) < 3 * SHOWN else []
        metrics = {**judging.means(numbers), "pictures": len(rows), "pictures skipped": max(0, len(skipped) - 1),
                   "in": os.fsencode(folder).decode("utf-8", "backslashreplace")}
    files.write_whole(target / "index.html", _page(config, rows, metrics, skipped))
    written = {target / urllib.parse.unquote(row[kind]) for row in rows for kind in KINDS if kind in row}
    for file in set(target.glob("images/**/*-*.*")) - written:
        if re.search("-({})[.](png|jpg)$".format("|".join(KINDS)), file.name):
            file.unlink()  # an earlier test's
    for file in target.glob("figures/inputs_outputs_targets*.png"):
        file.unlink()
    if grid and run_folder.holds_a_run(target):
        name = "inputs_outputs_targets" + ("_not_trained_on" if str(folder) == str(unseen) else "")
        zoom = 2 if config.crop_size <= 64 else 1
        images.save_png(target / "figures" / (name + ".png"), images.grid(np.stack(grid), 6), zoom)
    page.write_metrics(target, metrics)
    print("pictures: {}, {} of them with targets".format(target / "index.html", sum("targets" in row for row in rows)))


def _page(config, rows, metrics, lines):
    return page.template("index.html", __file__).render(rows=rows, metrics=metrics, skipped=lines, mark=MARK,
                                                          direction=config.which_direction)
