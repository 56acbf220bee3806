"""--mode test: translates the images of a folder, or one, and compares them with their targets."""

import collections
import contextlib
import os
import pathlib
import re
import urllib.parse
from typing import Any, NamedTuple, Optional

import numpy as np
import tqdm
from PIL import Image

from data import channels, folders, pairs
from graphmode import errors, files, noise, sessions, tf
from graphmode.errors import InputError
from graphmode.report import images, page
from graphmode.training import run_folder
from pix2pix import inputs, metrics, model, whole
from pix2pix.config import OUTPUTS

SHOWN = 8  # rows in the figure of the report
MARK = 'content="pix2pix --mode test"'  # in our pages: no other page is replaced


class Translation(NamedTuple):
    """The input, the output and the target of one file, [height, width, channels] in [0, 1].

    See `model.visible`.
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
    if config.image:
        one_image(config)
        return
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
    inside = pairs.find(folder, sides=not config.lab_colorization)
    items, skipped = inputs.usable(
        inside, folder, config, lambda item: inputs.with_target(item, config)[1]
    )
    rows, shown, numbers = _translate(config, folder, pairs.natural(items))
    result = {
        **metrics.means(numbers),
        "images": len(rows),
        "images skipped": len(inside) - len(items),
        "folder": errors.shown(folder),
    }
    _write_page(config, rows, result, skipped)
    _remove_old(target, rows)
    if shown and not config.own_size and run_folder.holds_a_run(target):
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


def _translate(config, folder, items):
    """Translates files one by one and writes their images.

    Returns:
        rows: a dictionary for each file, for index.html: its name, and kind -> address.
        shown: a list of the first `SHOWN` Translations that have targets.
        numbers: name -> list with a number of each image that has a target; see `metrics.means`.
    """
    rows, shown, numbers = [], [], collections.defaultdict(list)
    names = pairs.names(items, folder)
    with translator(config, items) as apply, metrics.evaluator(config) as evaluate:
        # disable=None: a progress bar in terminals only
        for name, item in zip(
            tqdm.tqdm(names, desc="translating", unit="image", disable=None), items, strict=True
        ):
            translation = apply(item)
            rows.append(_write_images(config, name, translation))
            if translation.targets is not None:
                for figure, number in evaluate(*translation).items():
                    numbers[figure].append(number)
                if len(shown) < SHOWN:
                    shown.append(translation)
    return rows, shown, numbers


def one_image(config):
    """--image: translates one file into the file --output.

    Raises:
        InputError: the file exists, or the image cannot be read.
    """
    target = files.path(config.output)
    if target.exists() and not config.overwrite:
        raise InputError(f"{target} already exists: choose another --output, or add --overwrite")
    source = pathlib.Path(config.image)
    with translator(config, [source]) as apply:
        output = apply(source).outputs
    kind = OUTPUTS[target.suffix.lower()]
    content = encoded(output, config, kind) if kind != "npy" else channels.encode(output, kind)
    files.write_whole(target, content)
    print(f"translation: {target}, {output.shape[1]} x {output.shape[0]} pixels")


@contextlib.contextmanager
def translator(config, items):
    """Builds the generator with the checkpoint's weights.

    Args:
        items: those that will be translated, see `pairs.find`.

    Yields:
        A function of an item that returns its Translation.
    """
    build = _at_own_size if config.own_size else _at_one_size
    apply = build(config, pairs.plain(items, config.form))
    with sessions.session() as session:
        sessions.restore(session, config.checkpoint)

        def one(item):
            item, holds_target = inputs.with_target(item, config)
            pixels = pairs.decode(item, config.form, holds_target, config.channels[0])
            fed = noise.feed(noise.SHOWN) if config.frames else {}
            return Translation(*apply(session, pixels, holds_target, fed))

        yield one


def _at_one_size(config, plain):
    """Builds the translation of images that are resized to the network's size.

    Args:
        plain: whether images are given as uint8, see `pairs.plain`.

    Returns:
        A function of a session, the pixels (see `pairs.decode`), whether they hold a target, and
        what is fed for the noise. It returns [input, output], or [input, output, target].
    """
    kind, form = tf.uint8 if plain else tf.float32, config.form
    image = single = tf.placeholder(kind, [None, None, max(form.a, form.b)])
    numbers = pairs.numbers(image)
    with_target = alone = translated(numbers, config, joined=True)
    if not config.lab_colorization:
        if form.a != form.b:
            single = tf.placeholder(kind, [None, None, config.channels[0]])
            numbers = pairs.numbers(single)
        alone = translated(numbers, config, joined=False)

    def apply(session, pixels, holds_target, fed):
        given, fetches = (image, with_target) if holds_target else (single, alone)
        return [batch[0] for batch in session.run(fetches, {given: pixels, **fed})]

    return apply


def _at_own_size(config, plain):
    """As `_at_one_size`, but the translation has the size of the image, see `whole`."""
    generator = whole.Generator(config)
    parts = [3] if config.lab_colorization else config.form[:2]
    sources = [tf.placeholder(tf.float32, [1, None, None, number]) for number in parts]
    both = model.both_ways(sources, config)
    shapes = [[1, None, None, number] for number in config.channels]
    given, made = (tf.placeholder(tf.float32, shape) for shape in shapes)
    visible = model.visible(given, made, config)

    def apply(session, pixels, holds_target, fed):
        numbers = pixels.astype(np.float32) / (255 if plain else 1)
        if holds_target:
            sides = [numbers] if config.lab_colorization else pairs.parted(numbers, config.form)
            width = min(side.shape[1] for side in sides)  # of a pair that is an odd pixel wide
            values = {place: side[None, :, :width] for place, side in zip(sources, sides)}
            x, y = session.run(both, values)
        else:
            x, y = model.preprocess(numbers)[None], None
        outputs = generator.translate(session, x[0], fed)[None]
        result = session.run([*visible], {given: x, made: outputs})
        if holds_target:
            result.append(session.run(visible[1], {given: x, made: y}))
        return [batch[0] for batch in result]

    return apply


def translated(image, config, joined):
    """Translates one image.

    Args:
        image: [any height, any width, channels] tensor in [0, 1], see `pairs.decode`.
        joined: whether it is a pair.

    Returns:
        [inputs, outputs], and targets if the image holds them: [1, height, width, channels]
        tensors, see `model.visible`.
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
    """Writes the images of one Translation. Returns its row of index.html.

    What no image file can hold is written as NPY file, beside an image that shows some of it.
    """
    row = {"name": errors.shown(name)}
    ending = "jpg" if config.output_filetype == "jpeg" else "png"
    for kind, image in zip(KINDS, translation, strict=True):
        if image is None:
            continue
        contents = {kind: (ending, encoded(image, config))}
        if config.output_filetype == "npy" or image.shape[2] not in channels.IMAGES:
            contents[f"{kind} in numbers"] = ("npy", channels.encode(image, "npy"))
        for key, (suffix, content) in contents.items():
            file = f"images/{name}-{kind}.{suffix}"
            files.write_whole(files.path(config.output_dir, file), content)
            row[key] = urllib.parse.quote(os.fsencode(file))
    return row


def encoded(image, config, kind=None):
    """The bytes of a PNG or JPEG file of [height, width, channels] in [0, 1].

    It has --bits for each channel, and is resized for --aspect_ratio. Other images than gray, RGB
    and RGBA are shown as RGB.
    """
    kind = kind or ("jpeg" if config.output_filetype == "jpeg" else "png")
    height, width, number = image.shape
    if number not in channels.IMAGES or (kind, number) == ("jpeg", 4):
        image = channels.rgb(image)
    if config.aspect_ratio != 1:  # as in the program: one side grows, none shrinks
        ratio = config.aspect_ratio
        size = (round(width * ratio), height) if ratio > 1 else (width, round(height / ratio))
        pixels = images.to_uint8(image)
        made = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
        image = np.asarray(made.resize(size, Image.Resampling.BICUBIC)) / np.float32(255)
        image = image.reshape(*image.shape[:2], -1)
    return channels.encode(image, kind, int(config.bits))


def _write_page(config, rows, result, lines):
    content = page.template("index.html", files.path(__file__).parent).render(
        rows=rows, metrics=result, skipped=lines, mark=MARK, direction=config.which_direction
    )
    files.write_whole(files.path(config.output_dir, "index.html"), content)


def _remove_old(target, rows):
    """Deletes images and figures that an earlier test wrote."""
    addresses = [address for row in rows for key, address in row.items() if key != "name"]
    written = {target / os.fsdecode(urllib.parse.unquote_to_bytes(each)) for each in addresses}
    for file in set(target.glob("images/**/*-*.*")) - written:
        if re.search(f"-({'|'.join(KINDS)})[.](png|jpg|npy)$", file.name):
            file.unlink()
    for file in target.glob("figures/inputs_outputs_targets*.png"):
        file.unlink()


def _write_figure(config, shown, held_out):
    """A grid for the run's report: two translations in a row."""
    name = "inputs_outputs_targets" + ("_held_out" if held_out else "")
    seen = [channels.rgb(image) for translation in shown for image in translation]
    grid = images.grid(np.stack(seen), columns=2 * len(KINDS))
    target = files.path(config.output_dir, "figures", f"{name}.png")
    images.save_png(target, grid, zoom=2 if config.crop_size <= 64 else 1)
