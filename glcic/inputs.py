"""Which images a run trains on, which are held out, and how files become squares.

Besides, the photographs and masks of --mode complete.
"""

import collections
import io
import os
import pathlib
import sys
from typing import NamedTuple, Optional

import numpy as np
from PIL import Image

from data import folders
from data.drawn import faces
from glcic.config import Config
from graphmode.errors import InputError, shown
from graphmode.training import run_folder

MUCH = 0.75  # of the pixels: a mask with more white is probably inverted
# Formats and modes of which Pillow gives all bits of a file, so that a PNG file can keep them.
EXACT_FORMATS = ("JPEG", "MPO", "PNG", "GIF", "WEBP", "BMP", "DIB", "TIFF")
EXACT_MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "I", "I;16", "I;16B", "I;16L")


def square_side(config):
    """Side of the squares that training images are cut out of, in pixels.

    It is 178 for images of 128 pixels, as in the blog: CelebA's images are 178 pixels wide.
    """
    return round(config.size * 178 / 128)


def reading(config):
    """How files become squares: keywords of `squares.batches`, `squares.load`, `queues.batches`.

    As published, every image is resized to 218 x 178 pixels, the shape of CelebA's images, and
    then to 178 x 178, so that a face becomes wider than it is. Otherwise images keep their shape.
    """
    stretch = (round(config.size * 218 / 128), square_side(config)) if config.as_published else None
    return {"size": square_side(config), "crop": config.crop or None, "stretch": stretch}


def images(config):
    """The images in --input_dir, or drawn faces: `data.folders.Images`.

    Raises:
        InputError: the folder does not exist or has no valid image.
    """
    listed = folders.images(config.input_dir or faces.folder(square_side(config)))
    return listed._replace(train=listed.train[: config.max_images or None])


def trained_on(config):
    """Whether --input_dir is the folder that the run of --checkpoint was trained on."""
    trained = run_folder.trained(Config, config.checkpoint)
    return os.path.realpath(config.input_dir) == os.path.realpath(trained.input_dir)


def held_out(config):
    """The images in --input_dir that the run of --checkpoint was not trained on.

    Returns:
        Paths, at least one.

    Raises:
        InputError: there are none.
    """
    if trained_on(config):
        paths = images(config).test
    else:
        paths, _ = folders.usable(folders.find(config.input_dir), config.input_dir)
        trained = run_folder.trained(Config, config.checkpoint)
        if not trained.input_dir or os.path.isdir(trained.input_dir):
            used = {os.path.realpath(path) for path in images(trained).train}
            paths = [path for path in paths if os.path.realpath(path) not in used]
    if not paths:
        raise InputError(
            f"--input_dir {config.input_dir} has no image that training did not use: "
            "use another folder"
        )
    return paths


def middle(squares, size):
    """The middle of [N, side, side, 3], an array or a tensor: [N, size, size, 3]."""
    start = (int(squares.shape[1]) - size) // 2
    return squares[:, start : start + size, start : start + size]


class Photograph(NamedTuple):
    """An image that is completed. A palette is replaced by its colors; nothing else changes."""

    kept: np.ndarray  # uint8 or uint16 [height, width], or uint8 [..., 2 to 4]: gray or RGB, alpha
    seen: np.ndarray  # uint8 [height, width, 3]: what the network sees
    profile: Optional[bytes]  # the color profile


def read_photograph(path):
    """Reads an image for --mode complete.

    Raises:
        InputError: see `folders.opened`; or Pillow does not read all bits of the file, or PNG
            cannot hold them.
    """
    with folders.opened(path) as image:
        raw = str(image.tile[0][3]) if image.tile else ""
        gray_16 = image.mode.startswith("I") and "transparency" not in image.info
        if image.format not in EXACT_FORMATS or image.mode not in EXACT_MODES:
            kind = f"{image.format} with {image.mode} pixels"
        elif "16" in raw and image.format in ("PNG", "TIFF") and not gray_16:
            kind = f"{image.format} with 16-bit colors"
        else:
            profile = image.info.get("icc_profile")
            loaded = folders.upright(image)
            return Photograph(_numbers(loaded), folders.rgb(loaded), profile)
    raise InputError(
        f"{path}: {kind} would not come back unchanged outside the hole: "
        "convert it to PNG with 8-bit RGB first"
    )


def _numbers(image):
    """The numbers of a PIL image in one of `EXACT_MODES`, see `Photograph.kept`."""
    if image.mode.startswith("I"):
        return np.asarray(image).astype(np.uint16)
    gray = image.mode in ("1", "L", "LA")
    if image.has_transparency_data:
        colors = np.array(image.convert("RGBA"))
        return colors[..., 2:] if gray else colors
    return np.array(image.convert("L" if gray else "RGB"))


def png(photograph, hole, colors):
    """The bytes of a PNG file: a photograph with new colors in its hole, where it is opaque.

    Args:
        hole: bool [height, width].
        colors: uint8 [height, width, 3]; their luminance is taken if the photograph is gray.
    """
    kept = photograph.kept.copy()
    channels = kept if kept.ndim == 3 else kept[..., None]  # a view
    depth = 257 if kept.dtype == np.uint16 else 1
    if channels.shape[2] < 3:
        colors = np.asarray(Image.fromarray(colors).convert("L"))[..., None]
    channels[hole, : colors.shape[2]] = colors[hole].astype(kept.dtype) * depth
    channels[hole, colors.shape[2] :] = 255
    buffer = io.BytesIO()
    profile = {"icc_profile": photograph.profile} if photograph.profile else {}
    # Photographs compress no better with more effort, and 12 megapixels would take 20 seconds.
    Image.fromarray(kept).save(buffer, "PNG", compress_level=3, **profile)
    return buffer.getvalue()


def with_masks(folder, masks):
    """Finds the mask of each image in a folder.

    The mask of sub/photo.jpg is sub/photo.png below `masks`, with any ending of images. It may also
    be called sub/photo.jpg.png, where another image differs in the ending alone.

    Args:
        folder: path of a folder of images.
        masks: path of a folder, or of the one mask that all images have. If it lies in `folder`, it
            is not taken for an image.

    Returns:
        A list of (path of an image, path of its mask), at least one. Images without a mask are left
        out, and counted on stderr with the masks that have no image.

    Raises:
        InputError: there are none, both folders are the same, or an image has several masks.
    """
    of_masks = pathlib.Path(os.path.realpath(masks))
    if of_masks == pathlib.Path(os.path.realpath(folder)):
        raise InputError(f"--masks {masks} is --input_dir, too: use a folder that has only masks")
    paths = []
    for path in folders.find(folder):
        real = pathlib.Path(os.path.realpath(path))
        if of_masks not in (real, *real.parents):
            paths.append(path)
    if not of_masks.is_dir():
        pairs = [(path, masks) for path in paths]
    else:
        pairs = _by_name(paths, folder, masks)
    if not pairs:
        raise InputError(
            f"no mask in --masks {masks} has the name of an image in {folder}: "
            "the mask of photo.jpg is called photo.png"
        )
    return pairs


def _by_name(paths, folder, masks):
    """The pairs of `with_masks`, by the names of the files."""
    named = collections.defaultdict(list)
    for mask in folders.find(masks):
        named[os.path.splitext(os.path.relpath(mask, masks))[0]].append(mask)
    pairs, alone = [], []
    for path in paths:
        whole = os.path.relpath(path, folder)
        fitting = named.get(whole) or named.get(os.path.splitext(whole)[0]) or []
        if len(fitting) > 1:
            names = ", ".join(mask.name for mask in fitting)
            raise InputError(f"--masks {masks} has several masks for {whole} ({names}): keep one")
        if fitting:
            pairs.append((path, fitting[0]))
        else:
            alone.append(whole)
    used = {mask for _, mask in pairs}
    unused = [str(mask) for same in named.values() for mask in same if mask not in used]
    for kind, names in (("images have no mask", alone), ("masks have no image", unused)):
        if names and pairs:
            sys.stderr.write(f"{len(names)} {kind} and are left out: {shown(names[0])}, ...\n")
    return pairs


def read_hole(path, shape):
    """Reads a mask (蒙版): bool [height, width], true where the file is white.

    A mask with transparent pixels is understood only if all the others are white, and not most of
    the image: a hole that was painted on an empty layer.

    Args:
        path: the file.
        shape: (height, width) of the image that the mask belongs to.

    Raises:
        InputError: the file is no image, has another size, has no white or no other pixel, or its
            transparent pixels leave open where the hole is.
    """
    with folders.opened(path) as image:
        loaded = folders.upright(image)
        pixels, alpha = folders.rgb(loaded), None
        if loaded.has_transparency_data and not loaded.mode.startswith("I"):
            *pixels, alpha = np.moveaxis(np.asarray(loaded.convert("RGBA")), 2, 0)
            pixels = np.stack(pixels, 2)
    if pixels.shape[:2] != shape:
        own, wanted = (f"{width} x {height}" for height, width in (pixels.shape[:2], shape))
        raise InputError(
            f"{path} has {own} pixels, the image {wanted}: use a mask of the image's size"
        )
    white = pixels.sum(2, dtype=np.uint16) >= 3 * 128
    if alpha is not None and (alpha < 128).any():
        white = _painted(path, white, alpha >= 128)
    if not white.any():
        raise InputError(f"{path} has no white pixel: make the hole white")
    if white.all():
        raise InputError(f"{path} is white everywhere: make only the hole white, the rest black")
    if white.mean() > MUCH:
        sys.stderr.write(
            f"{shown(path)} is white in {100 * white.mean():.1f} % of its pixels, so it is "
            "probably inverted: the hole must be white, and the rest black\n"
        )
    return white


def _painted(path, white, opaque):
    """The hole in a mask with transparent pixels, see `read_hole`. All are bool [height, width]."""
    if not opaque.any() or not white[opaque].all() or opaque.mean() > 0.5:
        raise InputError(
            f"{path} has transparent pixels, so it is not clear where the hole is: "
            "use a mask without transparency, with a white hole, and black elsewhere"
        )
    sys.stderr.write(
        f"{shown(path)} is transparent: its white pixels, {100 * opaque.mean():.1f} %, are the "
        "hole\n"
    )
    return opaque
