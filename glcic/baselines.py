"""What fills holes without learning: the mean colour, OpenCV's two inpainting methods; and its smoothing of borders."""

import numpy as np

from graphmode import doctor

REACH = 3  # pixels around one that Telea's and the Navier-Stokes method look at
SEAM = 3  # pixels inside the hole's border that `smooth` makes anew


def opencv():
    return doctor.library("cv2", "opencv-python-headless")


def mean_colour(picture, hole):
    """uint8 [height, width, 3] with the mean of the pixels outside the hole in it; hole: bool [height, width]."""
    filled = picture.copy()
    filled[hole] = np.rint(picture[~hole].mean(0)).astype(np.uint8)
    return filled


def telea(picture, hole):
    """Telea 2004, fast marching; see `mean_colour`."""
    return opencv().inpaint(picture, hole.astype(np.uint8), REACH, opencv().INPAINT_TELEA)


def navier_stokes(picture, hole):
    """Bertalmio, Bertozzi, Sapiro 2001; see `mean_colour`."""
    return opencv().inpaint(picture, hole.astype(np.uint8), REACH, opencv().INPAINT_NS)


def smooth(completed, picture, hole, how):
    """Makes the border of a completed hole fit its surroundings, as the paper's post-processing does.

    Args:
        completed, picture: uint8 [height, width, 3], equal outside the hole.
        hole: bool [height, width].
        how: "none"; "telea": the outermost `SEAM` pixels of the hole are filled by Telea's method; "seamless": so is the
            whole hole, and the completion's gradients are then put into it, whose colours follow it (Perez et al. 2003).

    Returns:
        uint8 [height, width, 3], equal to `picture` outside the hole.
    """
    if how == "telea":
        inner = opencv().erode(hole.astype(np.uint8), np.ones([2 * SEAM + 1] * 2, np.uint8), borderValue=1) > 0
        completed = telea(completed, hole & ~inner)
    if how == "seamless":
        wide = [(2 * SEAM, 2 * SEAM)] * 2  # mirrored, for holes that touch the picture's border
        mask = np.pad(hole, wide).astype(np.uint8) * 255
        # seamlessClone leaves `SEAM` pixels inside the mask as they are in its target, hence Telea's.
        source, target = (np.pad(array, [*wide, (0, 0)], "reflect") for array in (completed, telea(picture, hole)))
        left, top, width, height = opencv().boundingRect(mask)
        cloned = opencv().seamlessClone(source, target, mask, (left + width // 2, top + height // 2), opencv().NORMAL_CLONE)
        completed = cloned[2 * SEAM:-2 * SEAM, 2 * SEAM:-2 * SEAM]
    return np.where(hole[..., None], completed, picture)
