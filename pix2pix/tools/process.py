"""Makes pictures ready for pix2pix: every picture of a folder is resized, joined, split, made grey, blanked or traced.

Run: `./run.sh pix2pix.process --input_dir photos --b_dir maps --operation combine --output_dir pairs`. What --output_dir holds
already is not made again: interrupt it and go on with the same command.
"""

import concurrent.futures
import os
import pathlib
import sys

import numpy as np
from PIL import Image
import tqdm

from data import folders, pairs, squares
from graphmode import cli, doctor, errors
from graphmode.report import images

OPERATIONS = {"resize": "to --size x --size pixels; cut to the middle square, or widened to one with --pad",
              "combine": "with the picture of the same name in --b_dir at its right", "split": "a pair into A/ and B/",
              "grayscale": "", "blank": "a white square in its middle, three tenths as wide",
              "edges": "Canny's, black on white"}
BLANK = 0.3  # of the width


def resize(picture, size, pad):
    """The picture as a square: uint8 [size, size, 3]. pad: with black at both sides of it, instead of cut."""
    height, width = picture.shape[:2]
    if pad:
        side = max(height, width)
        top, left = (side - height) // 2, (side - width) // 2
        picture = np.pad(picture, [(top, side - height - top), (left, side - width - left), (0, 0)])
    else:
        side = min(height, width)
        top, left = (height - side) // 2, (width - side) // 2
        picture = picture[top:top + side, left:left + side]
    if side >= size:
        return squares.area(picture, size, size)
    return np.asarray(Image.fromarray(picture).resize((size, size), Image.Resampling.BICUBIC))


def combine(picture, other):
    """Both side by side. Raises InputError if they differ in size."""
    if picture.shape != other.shape:
        raise errors.InputError("{} x {} pixels, but its partner {} x {}".format(*picture.shape[1::-1], *other.shape[1::-1]))
    return np.hstack([picture, other])


def grayscale(picture):
    return np.asarray(Image.fromarray(picture).convert("L").convert("RGB"))


def blank(picture):
    height, width = picture.shape[:2]
    side = int(width * BLANK)
    top, left = height // 2 - side // 2, width // 2 - side // 2
    result = picture.copy()
    result[max(0, top):top + side, left:left + side] = 255
    return result


def edges(picture):
    opencv = doctor.library("cv2", "opencv-python-headless")
    grey = opencv.GaussianBlur(np.asarray(Image.fromarray(picture).convert("L")), (3, 3), 0)
    found = opencv.Canny(grey, 60, 160)
    return np.repeat(255 - found[..., None], 3, 2)


def partners(folder):
    """Path below the folder without the ending -> path of the pictures in --b_dir. Raises InputError if two have one."""
    found = {}
    for path in folders.find(folder):
        if found.setdefault(_below(path, folder), path) != path:
            raise errors.InputError("{} and {} could both be a partner: rename one".format(found[_below(path, folder)], path))
    return found


def _below(path, folder):
    return os.path.splitext(os.path.relpath(path, folder))[0]


def targets(path, name, flags):
    """The files that are made of one picture."""
    parts = ["A", "B"] if flags.operation == "split" else [""]
    return [pathlib.Path(flags.output_dir, part, name + ".png") for part in parts]


def made(path, flags, others):
    """What becomes of one picture: a list of uint8 [height, width, 3]. Raises InputError."""
    picture = folders.decode(path)
    if flags.operation == "combine":
        name = _below(path, flags.input_dir)
        if name not in others:
            raise errors.InputError("{}: no partner of that name in {}".format(path, flags.b_dir))
        try:
            return [combine(picture, folders.decode(others[name]))]
        except errors.InputError as error:
            raise errors.InputError(error if str(path) in str(error) else "{}: {}".format(path, error)) from None
    if flags.operation == "split":
        if picture.shape[1] < 2:
            raise errors.InputError("{}: one pixel wide, there are no halves".format(path))
        return pairs.halves(picture[:, :picture.shape[1] // 2 * 2])  # of one size, so that they can be combined again
    if flags.operation == "resize":
        return [resize(picture, flags.size, flags.pad)]
    return [{"grayscale": grayscale, "blank": blank, "edges": edges}[flags.operation](picture)]


def process(flags):
    """Returns how many pictures were made, how many were there already, and lines about those that could not be."""
    if flags.operation == "combine" and not flags.b_dir:
        raise errors.InputError("--operation combine needs --b_dir: the folder of the right halves")
    if flags.operation == "edges":
        doctor.library("cv2", "opencv-python-headless")
    folders.check_apart(flags.output_dir, flags.input_dir, *([flags.b_dir] if flags.operation == "combine" else []))
    paths = folders.find(flags.input_dir)
    others = partners(flags.b_dir) if flags.operation == "combine" else {}

    def one(work):
        path, name = work
        files = targets(path, name, flags)
        if all(file.exists() for file in files):
            return "there"
        try:
            for file, picture in zip(files, made(path, flags, others)):
                images.save_png(file, picture)
        except errors.InputError as error:
            return error
        return "made"
    found = []
    with concurrent.futures.ThreadPoolExecutor(flags.workers) as pool, tqdm.tqdm(
            total=len(paths), desc=flags.operation, unit="picture", disable=None) as bar:  # None: terminals only
        work = list(zip(paths, folders.names(paths, flags.input_dir)))
        for first in range(0, len(work), folders.CHUNK):
            for result in pool.map(one, work[first:first + folders.CHUNK]):
                bar.update()
                found.append(result)
                if isinstance(result, errors.InputError):
                    bar.write("skipped {}".format(result), file=sys.stderr)
    return found.count("made"), found.count("there"), [result for result in found if isinstance(result, errors.InputError)]


def main(argv=None):
    parser = cli.Parser(prog="pix2pix.process", description=__doc__.split("\n\n")[0], allow_abbrev=False)
    parser.add_argument("--input_dir", required=True, help="folder of pictures, and of its subfolders")
    parser.add_argument("--output_dir", required=True, help="folder for what is made, PNG files of the same names")
    parser.add_argument("--operation", required=True, choices=list(OPERATIONS),
                        help="; ".join("{}: {}".format(*pair) if pair[1] else pair[0] for pair in OPERATIONS.items()))
    parser.add_argument("--b_dir", default="", help="folder of the right halves (combine)")
    parser.add_argument("--size", type=cli.whole(1, 8192), default=256, help="pixels (resize; default: 256)")
    parser.add_argument("--pad", action="store_true", help="widen pictures to a square instead of cutting them (resize)")
    parser.add_argument("--workers", type=cli.whole(1, 256), default=os.cpu_count() or 1,
                        help="threads (default: one per core)")
    with errors.one_line("pix2pix.process"):
        flags = parser.parse_args(argv)
        for name in ("input_dir", "output_dir", "b_dir"):
            setattr(flags, name, os.path.expanduser(getattr(flags, name)))
        done, there, faults = process(flags)
    print("made: {}, there already: {}{}, skipped: {}".format(
        done, there, " (remove them to make them anew)" if there else "", len(faults)))
    if faults and not done + there:
        errors.fail("pix2pix.process", "nothing could be made: {}".format(faults[0]))


if __name__ == "__main__":
    main()
