"""Methods that fill holes without learning, and the smoothing of a hole's border."""

import itertools

import numpy as np

from graphmode import doctor

REACH = 3  # pixels around a pixel that Telea's and the Navier-Stokes method use
SEAM = 3  # pixels inside the hole's border that `smooth` replaces
TILE = 1024  # pixels: side of the squares that `smooth` blends one by one
MARGIN = 64  # pixels around a square that are blended with it, so that squares fit together


def opencv():
    """OpenCV's module. Raises InputError if it is not installed."""
    return doctor.library("cv2", "opencv-python-headless")


def mean_color(image, hole):
    """Fills the hole with the mean of the pixels outside it.

    Args:
        image: uint8 [height, width, 3].
        hole: bool [height, width].

    Returns:
        uint8 [height, width, 3].
    """
    filled = image.copy()
    filled[hole] = np.rint(image[~hole].mean(0)).astype(np.uint8)
    return filled


def telea(image, hole):
    """Telea 2004, fast marching. Arguments and result as for `mean_color`."""
    return opencv().inpaint(image, hole.astype(np.uint8), REACH, opencv().INPAINT_TELEA)


def navier_stokes(image, hole):
    """Bertalmio, Bertozzi and Sapiro 2001. Arguments and result as for `mean_color`."""
    return opencv().inpaint(image, hole.astype(np.uint8), REACH, opencv().INPAINT_NS)


def smooth(completed, image, hole, how):
    """Blends a completed hole into its surroundings, as the paper's post-processing does.

    A large image is blended tile by tile. So memory does not grow with the image.

    Args:
        completed, image: uint8 [height, width, 3], equal outside the hole.
        hole: bool [height, width].
        how: "none"; "telea": Telea's method fills the outermost `SEAM` pixels of the hole;
            "seamless": Telea's method fills the hole, then its colors follow the completion's
            gradients (Perez et al. 2003).

    Returns:
        uint8 [height, width, 3], equal to `image` outside the hole.
    """
    result = np.where(hole[..., None], completed, image)
    if how != "none":
        blend = _telea_border if how == "telea" else _seamless
        for top, left in itertools.product(*(range(0, side, TILE) for side in hole.shape)):
            around = tuple(slice(max(0, n - MARGIN), n + TILE + MARGIN) for n in (top, left))
            if hole[top : top + TILE, left : left + TILE].any():
                blended = blend(completed[around], image[around], hole[around])
                inner = blended[top - around[0].start :, left - around[1].start :][:TILE, :TILE]
                tile = slice(top, top + TILE), slice(left, left + TILE)
                result[tile] = np.where(hole[tile][..., None], inner, image[tile])
    return result


def _telea_border(completed, image, hole):
    """Telea's method fills the pixels near the border of the hole."""
    kernel = np.ones([2 * SEAM + 1] * 2, np.uint8)
    inner = opencv().erode(hole.astype(np.uint8), kernel, borderValue=1) > 0
    return telea(completed, hole & ~inner)


def _seamless(completed, image, hole):
    """seamlessClone with a mirrored margin, for holes that touch the border of the image."""
    margin = [(2 * SEAM, 2 * SEAM)] * 2
    mask = np.pad(hole, margin).astype(np.uint8) * 255
    # seamlessClone leaves `SEAM` pixels inside the mask as they are in its target.
    source = np.pad(completed, [*margin, (0, 0)], "reflect")
    target = np.pad(telea(image, hole), [*margin, (0, 0)], "reflect")
    left, top, width, height = opencv().boundingRect(mask)
    center = left + width // 2, top + height // 2
    cloned = opencv().seamlessClone(source, target, mask, center, opencv().NORMAL_CLONE)
    return cloned[2 * SEAM : -2 * SEAM, 2 * SEAM : -2 * SEAM]
