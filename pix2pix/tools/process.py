"""Prepares images for pix2pix: resizes, combines, splits, or traces all images of a folder.

Run:    ./run.sh pix2pix.tools.process --operation combine --input_dir photos --b_dir maps \\
            --output_dir pairs

Files that already exist in --output_dir are not made again. So if the program is interrupted, the
same command continues.
"""

import concurrent.futures
import dataclasses
import os
import pathlib
import sys
from typing import Literal

import numpy as np
import tqdm
from PIL import Image

from data import folders, pairs, squares
from graphmode import cli, config, doctor
from graphmode.config import setting
from graphmode.errors import InputError
from graphmode.report import images

BLANK = 0.3  # width of the white square, as a fraction of the image's width


@dataclasses.dataclass(frozen=True)
class Flags(config.Settings):
    """Settings of the preparation."""

    input_dir: str = setting(
        "", path=True, required=True, help="folder of images, with its subfolders"
    )
    output_dir: str = setting("", required=True, help="folder of the results, PNG files")
    operation: Literal["resize", "combine", "split", "grayscale", "blank", "edges"] = setting(
        "resize",
        required=True,
        help="resize: to --size x --size pixels; "
        "combine: puts the image of the same name in --b_dir to its right; "
        "split: a pair into A/ and B/; grayscale; "
        "blank: paints a white square in the middle, 0.3 times as wide as the image; "
        "edges: finds edges by Canny's method, black on white",
    )
    b_dir: str = setting("", path=True, help="folder of the right halves (combine)")
    size: int = setting(256, at_least=1, at_most=8192, help="height and width in pixels (resize)")
    pad: bool = setting(False, help="pad images to a square; otherwise they are cropped (resize)")
    workers: int = setting(0, at_least=0, at_most=256, help="threads; 0: one per core")

    def check(self):
        super().check()
        if self.operation == "combine" and not self.b_dir:
            raise InputError("--operation combine needs --b_dir: the folder of the right halves")


def resize(image, size, pad):
    """Makes a square: uint8 [size, size, 3].

    Args:
        pad: if True, black is added at two sides; otherwise the middle is cut out.
    """
    height, width = image.shape[:2]
    if pad:
        side = max(height, width)
        top, left = (side - height) // 2, (side - width) // 2
        margins = [(top, side - height - top), (left, side - width - left), (0, 0)]
        image = np.pad(image, margins)
    else:
        side = min(height, width)
        top, left = (height - side) // 2, (width - side) // 2
        image = image[top : top + side, left : left + side]
    if side >= size:
        return squares.area(image, size, size)
    return np.asarray(Image.fromarray(image).resize((size, size), Image.Resampling.BICUBIC))


def combine(path, other_path):
    """Both images side by side. Raises InputError if their sizes differ."""
    image, other = folders.decode(path), folders.decode(other_path)
    if image.shape != other.shape:
        own, its = (f"{width} x {height}" for height, width, _ in (image.shape, other.shape))
        raise InputError(
            f"{path}: {own} pixels, but {other_path} has {its}: resize both to the same size"
        )
    return np.hstack([image, other])


def split(path):
    """[A, B] of equal width, so that they can be combined again. An odd last column is dropped."""
    image = folders.decode(path)
    if image.shape[1] < 2:
        raise InputError(f"{path}: one pixel wide, so it has no halves")
    return pairs.halves(image[:, : image.shape[1] // 2 * 2])


def grayscale(image):
    return np.asarray(Image.fromarray(image).convert("L").convert("RGB"))


def blank(image):
    height, width = image.shape[:2]
    side = int(width * BLANK)
    top, left = height // 2 - side // 2, width // 2 - side // 2
    result = image.copy()
    result[max(0, top) : top + side, left : left + side] = 255
    return result


def edges(image):
    opencv = doctor.library("cv2", "opencv-python-headless")
    gray = opencv.GaussianBlur(np.asarray(Image.fromarray(image).convert("L")), (3, 3), 0)
    lines = opencv.Canny(gray, 60, 160)
    return np.repeat(255 - lines[..., None], 3, axis=2)


def partners(folder):
    """The images in --b_dir: path below the folder, without the ending -> path.

    Raises:
        InputError: two images differ in their endings only.
    """
    known = {}
    for path in folders.find(folder):
        name = _below(path, folder)
        if name in known:
            raise InputError(f"{known[name]} and {path} differ only in their endings: rename one")
        known[name] = path
    return known


def _below(path, folder):
    return os.path.splitext(os.path.relpath(path, folder))[0]


def results(path, flags, others):
    """What an operation makes of a file: uint8 [height, width, 3] images, two for split.

    Args:
        others: see `partners`.

    Raises:
        InputError: the image is damaged, or does not suit the operation.
    """
    if flags.operation == "combine":
        name = _below(path, flags.input_dir)
        if name not in others:
            raise InputError(f"{path}: no image of the same name in {flags.b_dir}")
        return [combine(path, others[name])]
    if flags.operation == "split":
        return split(path)
    image = folders.decode(path)
    if flags.operation == "resize":
        return [resize(image, flags.size, flags.pad)]
    return [{"grayscale": grayscale, "blank": blank, "edges": edges}[flags.operation](image)]


def targets(name, flags):
    """The files for the results of one image."""
    parts = ["A", "B"] if flags.operation == "split" else [""]
    return [pathlib.Path(flags.output_dir, part, f"{name}.png") for part in parts]


def process(flags):
    """Prepares all images of a folder.

    Returns:
        How many were made, how many existed, and the InputErrors of the others.
    """
    if flags.operation == "edges":
        doctor.library("cv2", "opencv-python-headless")  # fails now if it is missing
    sources = [flags.input_dir, *([flags.b_dir] if flags.operation == "combine" else [])]
    folders.check_apart(flags.output_dir, *sources)
    paths = folders.find(flags.input_dir)
    for line in folders.left_out(flags.input_dir):
        sys.stderr.write(line + "\n")
    others = partners(flags.b_dir) if flags.operation == "combine" else {}

    def one(work):
        path, name = work
        files = targets(name, flags)
        if all(file.exists() for file in files):
            return "existed"
        try:
            for file, image in zip(files, results(path, flags, others), strict=True):
                images.save_png(file, image)
        except InputError as error:
            return error
        return "made"

    work = list(zip(paths, folders.names(paths, flags.input_dir), strict=True))
    outcomes = []
    # disable=None: a progress bar in terminals only
    bar = tqdm.tqdm(total=len(paths), desc=flags.operation, unit="image", disable=None)
    workers = flags.workers or min(256, os.cpu_count() or 1)
    with concurrent.futures.ThreadPoolExecutor(workers) as pool, bar:
        for first in range(0, len(work), folders.CHUNK):
            for outcome in pool.map(one, work[first : first + folders.CHUNK]):
                bar.update()
                outcomes.append(outcome)
                if isinstance(outcome, InputError):
                    bar.write(f"skipped {outcome}", file=sys.stderr)
    faults = [outcome for outcome in outcomes if isinstance(outcome, InputError)]
    return outcomes.count("made"), outcomes.count("existed"), faults


def run(flags):
    made, existed, faults = process(flags)
    again = " (remove them to make them again)" if existed else ""
    print(f"made: {made}, existed: {existed}{again}, skipped: {len(faults)}")
    if faults and not made + existed:
        raise InputError(f"no image could be used: {faults[0]}")


def main(argv=None):
    cli.tool("pix2pix.tools.process", Flags, __doc__, run, argv)


if __name__ == "__main__":
    main()
