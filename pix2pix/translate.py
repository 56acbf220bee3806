"""--mode test: translates the images of a folder and compares them with their targets."""

import collections
import contextlib
import io
import os
import re
import urllib.parse
from typing import Any, NamedTuple, Optional

import numpy as np
import tqdm
from PIL import Image

from data import folders, pairs
from graphmode import errors, files, sessions, tf
from graphmode.errors import InputError
from graphmode.report import images, page
from graphmode.training import run_folder
from pix2pix import inputs, metrics, model

JPEG_QUALITY = 95
SHOWN = 8  # rows in the figure of the report
MARK = 'content="pix2pix --mode test"'  # in our pages: no other page is replaced


class Translation(NamedTuple):
    """The input, the output and the target of one file, as RGB images: see `model.visible`.

    `targets` is None if the file has no target.
    """

    inputs: Any
    outputs: Any
    targets: Optional[Any] = None


KINDS = Translation._fields


def test(config):
    """Translates --input_dir into index.html and images/ in --output_dir.

    Without --input_dir, and after training, the run's held-out images are translated.

    Raises:
        InputError: there is no such folder, or the output would replace other files.
    """
    held_out = inputs.held_out_folder(config)
    folder = held_out if config.mode == "train" else config.input_dir or held_out
    target = files.path(config.output_dir)
    if not folder and config.mode == "train":
        print(
            f"no test: there is no folder val or test beside {config.input_dir}; to translate "
            f"images: --mode test --input_dir FOLDER\nreport: {target / 'report.html'}"
        )
        return
    if not folder:
        raise InputError("--mode test needs --input_dir: the folder of images to translate")
    check_target(config, folder)
    # Before the first image, so that the output of an interrupted test is known as ours.
    _write_page(config, [], {}, ["not finished"])
    inside = pairs.find(folder)
    paths, skipped = folders.usable(inside, folder)
    rows, shown, numbers = _translate(config, folder, paths)
    result = {
        **metrics.means(numbers),
        "images": len(rows),
        "images skipped": len(inside) - len(paths),
        "folder": errors.shown(folder),
    }
    _write_page(config, rows, result, skipped)
    _remove_old(target, rows)
    if shown and run_folder.holds_a_run(target):
        _write_figure(config, shown, held_out=str(folder) == str(held_out))
    page.write_metrics(target, result)
    with_targets = sum("targets" in row for row in rows)
    print(f"translations: {target / 'index.html'}, {with_targets} of {len(rows)} with targets")


def check_target(config, folder):
    """Checks --output_dir before a test writes into it.

    Raises:
        InputError: the outputs would be inputs of the next test, or a file would be replaced that
            no test wrote.
    """
    target = files.path(config.output_dir)
    folders.check_apart(target, folder)
    if config.mode == "train" or target.resolve() == files.path(config.checkpoint).parent.resolve():
        return
    index = target / "index.html"
    ours = index.exists() and MARK in index.read_text(encoding="utf-8", errors="replace")
    own_names = ("index.html", "images", "metrics.json", "config.json")
    strange = [name for name in own_names if (target / name).exists()]
    if strange and (not ours or "config.json" in strange):
        raise InputError(
            f"{target} holds {' and '.join(strange)}, which this test did not write: "
            "choose another --output_dir"
        )


def _translate(config, folder, paths):
    """Translates files one by one and writes their images.

    Returns:
        rows: a dictionary for each file, for index.html: its name, and kind -> address.
        shown: a list of the first `SHOWN` Translations that have targets.
        numbers: name -> list with a number of each image that has a target; see `metrics.means`.
    """
    rows, shown, numbers = [], [], collections.defaultdict(list)
    names = folders.names(paths, folder)
    with translator(config) as apply, metrics.evaluator(config) as evaluate:
        # disable=None: a progress bar in terminals only
        for name, path in zip(
            tqdm.tqdm(names, desc="translating", unit="image", disable=None), paths, strict=True
        ):
            pixels = folders.decode(path)
            translation = apply(pixels, inputs.holds_target(config, pixels.shape))
            rows.append(_write_images(config, name, translation))
            if translation.targets is not None:
                for figure, number in evaluate(*translation).items():
                    numbers[figure].append(number)
                if len(shown) < SHOWN:
                    shown.append(translation)
    return rows, shown, numbers


@contextlib.contextmanager
def translator(config):
    """Builds the generator with the checkpoint's weights.

    Yields:
        A function of (uint8 [any height, any width, 3], whether that holds the target, too). It
        returns a Translation of [height, width, 3] arrays.
    """
    image = tf.placeholder(tf.uint8, [None, None, 3])
    numbers = tf.cast(image, tf.float32) / 255.0
    with_target = translated(numbers, config, joined=True)
    alone = with_target if config.lab_colorization else translated(numbers, config, joined=False)
    with sessions.session() as session:
        sessions.restore(session, config.checkpoint)

        def apply(pixels, holds_target):
            fetches = with_target if holds_target else alone
            return Translation(*(batch[0] for batch in session.run(fetches, {image: pixels})))

        yield apply


def translated(image, config, joined):
    """Translates one image.

    Args:
        image: [any height, any width, 3] tensor in [0, 1].
        joined: whether it is a pair.

    Returns:
        [inputs, outputs], and targets if the image holds them: [1, height, width, 3] tensors, see
        `model.visible`.
    """
    if not joined and not config.lab_colorization:
        [alone] = inputs.parts(image, config, joined=False)
        given = model.preprocess(alone[None])
        return [*model.visible(given, model.translate(given, config), config)]
    parts = inputs.parts(image, config, joined=not config.lab_colorization)
    given, targets = model.both_ways([part[None] for part in parts], config)
    seen, outputs = model.visible(given, model.translate(given, config), config)
    return [seen, outputs, model.visible(given, targets, config)[1]]


def _write_images(config, name, translation):
    """Writes the images of one Translation. Returns its row of index.html."""
    row = {"name": errors.shown(name)}
    ending = config.output_filetype.replace("jpeg", "jpg")
    for kind, image in zip(KINDS, translation, strict=True):
        if image is not None:
            file = f"images/{name}-{kind}.{ending}"
            files.write_whole(files.path(config.output_dir, file), encoded(image, config))
            row[kind] = urllib.parse.quote(os.fsencode(file))
    return row


def encoded(image, config):
    """The bytes of a file of [height, width, 3] in [0, 1], resized for --aspect_ratio."""
    height, width = image.shape[:2]
    made = Image.fromarray(images.to_uint8(image))
    if config.aspect_ratio > 1:  # as in the program: one side grows, none shrinks
        size = round(width * config.aspect_ratio), height
        made = made.resize(size, Image.Resampling.BICUBIC)
    if config.aspect_ratio < 1:
        size = width, round(height / config.aspect_ratio)
        made = made.resize(size, Image.Resampling.BICUBIC)
    buffer = io.BytesIO()
    options = {"quality": JPEG_QUALITY} if config.output_filetype == "jpeg" else {}
    made.save(buffer, config.output_filetype.upper(), **options)
    return buffer.getvalue()


def _write_page(config, rows, result, lines):
    content = page.template("index.html", files.path(__file__).parent).render(
        rows=rows, metrics=result, skipped=lines, mark=MARK, direction=config.which_direction
    )
    files.write_whole(files.path(config.output_dir, "index.html"), content)


def _remove_old(target, rows):
    """Deletes images and figures that an earlier test wrote."""
    addresses = [row[kind] for row in rows for kind in KINDS if kind in row]
    written = {target / os.fsdecode(urllib.parse.unquote_to_bytes(each)) for each in addresses}
    for file in set(target.glob("images/**/*-*.*")) - written:
        if re.search(f"-({'|'.join(KINDS)})[.](png|jpg)$", file.name):
            file.unlink()
    for file in target.glob("figures/inputs_outputs_targets*.png"):
        file.unlink()


def _write_figure(config, shown, held_out):
    """A grid for the run's report: two translations in a row."""
    name = "inputs_outputs_targets" + ("_held_out" if held_out else "")
    grid = images.grid(np.concatenate(shown), columns=2 * len(KINDS))
    target = files.path(config.output_dir, "figures", f"{name}.png")
    images.save_png(target, grid, zoom=2 if config.crop_size <= 64 else 1)
