"""Damaged image files, masks and IDX files: each is read, or refused in one line, and soon."""

import gzip
import io
import json
import pathlib
import random
import signal
import time
from typing import Dict, List

import numpy as np
from PIL import Image

from graphmode import idx
from graphmode.errors import InputError
from tests import mnist_files
from tests.campaign import damage, processes

PATIENCE = 10  # seconds for one small file
SAVED = (
    ("PNG", ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")),
    ("JPEG", ("L", "RGB", "CMYK")),
    ("GIF", ("L", "P")),
    ("BMP", ("1", "L", "P", "RGB")),
    ("TIFF", ("1", "L", "P", "RGB", "RGBA", "I;16", "F")),
    ("WEBP", ("RGB", "RGBA")),
    ("PPM", ("1", "L", "RGB")),
    ("JPEG2000", ("L", "RGB")),
)


class Hang(Exception):
    """A file took too long."""


def whole_images() -> List[bytes]:
    """Image files of all kinds that are read."""
    chance = np.random.default_rng(0)
    noise = Image.fromarray(chance.integers(0, 256, [40, 32, 3], np.uint8))
    deep = Image.fromarray(chance.integers(0, 65536, [40, 32]).astype(np.uint16))
    made = []
    for kind, modes in SAVED:
        for mode in modes:
            image = deep if mode == "I;16" else noise.convert(mode)
            for options in [{}, {"progressive": True}] if kind == "JPEG" else [{}]:
                buffer = io.BytesIO()
                image.save(buffer, kind, **options)
                made.append(buffer.getvalue())
    animation = io.BytesIO()
    noise.save(animation, "GIF", save_all=True, append_images=[noise.rotate(90)])
    return [*made, animation.getvalue()]


def _as_image(path):
    from data import folders

    pixels = folders.decode(path)
    assert pixels.dtype == np.uint8 and pixels.ndim == 3 and pixels.shape[2] == 3, pixels.shape
    width, height = folders.size(path)
    assert pixels.shape[:2] == (height, width), (pixels.shape, width, height)


def _as_photograph(path):
    from glcic import inputs

    photograph = inputs.read_photograph(path)
    hole = np.zeros(photograph.seen.shape[:2], bool)
    hole[1:3, 1:3] = True
    content = inputs.png(photograph, hole, photograph.seen)
    back = np.asarray(Image.open(io.BytesIO(content)))
    same = back.reshape(photograph.kept.shape)[~hole] == photograph.kept[~hole]
    assert same.all(), "another image outside the hole"


def _as_mask(path):
    from glcic import inputs

    hole = inputs.read_hole(path, (40, 32))
    assert hole.dtype == bool and hole.shape == (40, 32) and 0 < hole.sum() < hole.size


def _as_digits(path):
    array = idx.read(path, axes=3)
    assert array.dtype == np.uint8 and array.ndim == 3


def _read_many(folder: str, seed: int, seconds: float, log: str) -> None:
    """Damages and reads files until the time is over. One line in the log for each fault."""
    chance, end = random.Random(seed), time.monotonic() + seconds
    images = whole_images()
    plain = mnist_files.idx_bytes(mnist_files.IMAGES)
    readers = [_as_image, _as_image, _as_photograph, _as_mask, _as_digits]

    def too_long(number, frame):
        raise Hang

    signal.signal(signal.SIGALRM, too_long)
    number = 0
    with open(log, "w", encoding="utf-8") as opened:
        while time.monotonic() < end:
            number += 1
            reader = chance.choice(readers)
            digits = reader is _as_digits
            zipped = digits and chance.random() < 0.5
            content = plain if digits else chance.choice(images)
            before = chance.random() < 0.5  # damage inside of the gzip file
            content = damage.damaged(content, chance) if before or not zipped else content
            content = gzip.compress(content) if zipped else content
            content = damage.damaged(content, chance) if zipped and not before else content
            path = pathlib.Path(folder, "file.gz" if zipped else "file.png")
            path.write_bytes(content)
            signal.alarm(PATIENCE)
            try:
                reader(path)
            except InputError as error:
                wrong = "" if "\n" not in str(error) else "more than a line"
            except BaseException as error:
                wrong = repr(error)
            else:
                wrong = ""
            signal.alarm(0)
            if wrong:
                kept = pathlib.Path(folder, f"fault-{number}{path.suffix}")
                kept.write_bytes(content)
                opened.write(json.dumps([f"{number} {reader.__name__} {kept}", wrong]) + "\n")
        opened.write(json.dumps(["trials", number]) + "\n")


def attack(folder: pathlib.Path, seed: int, seconds: float) -> Dict[str, List[str]]:
    """Reads damaged files in a process of its own until the time is over.

    Args:
        folder: an empty folder. The files of faults stay there.

    Returns:
        trial -> what was wrong: another exception than InputError, a hang, a wrong shape.
    """
    found: Dict[str, List[str]] = {}
    log, output = folder / "faults.txt", folder / "log.txt"
    args = (str(folder), seed, seconds, str(log))
    ended = processes.Started(output, _read_many, *args).ended(seconds + processes.LIMIT)
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    number = lines.pop()[1] if lines and lines[-1][0] == "trials" else 0
    found.update({f"{count}": [] for count in range(number - len(lines))})
    found.update({name: [wrong] for name, wrong in lines})
    if ended.status:  # a crash in a library
        found["process"] = processes.faults(ended, folder, [0])
    return found
