"""Folders of drawn images, which are kept in the cache of this machine."""

import pathlib
from typing import Callable, Mapping, Sequence

import numpy as np
import tqdm

from graphmode import downloads
from graphmode.report import images


def image_folder(
    name: str, seeds: Mapping[str, Sequence[int]], draw: Callable[[Sequence[int]], np.ndarray]
) -> pathlib.Path:
    """Makes sure that a folder in the cache holds images, and returns the folder.

    Args:
        name: name of the folder. It must say everything that the pixels depend on.
        seeds: name of each PNG file in the folder -> what `draw` takes.
        draw: function: seed -> uint8 [height, width, 3]. It is called for missing files only.
    """
    folder = downloads.cache_folder() / name
    missing = [file for file in seeds if not (folder / file).exists()]
    # disable=None: a progress bar in terminals only
    for file in tqdm.tqdm(missing, desc="drawing", unit="image", delay=1, disable=None):
        images.save_png(folder / file, draw(seeds[file]))
    return folder
