"""Image grids and PNG files."""

import io

import numpy as np
import pytest
from PIL import Image

from graphmode.report import images


def test_grid_places_pictures_row_by_row():
    batch = np.stack([np.full([2, 3], n, np.uint8) for n in (10, 20, 30)])
    sheet = images.grid(batch, columns=2)
    assert sheet.shape == (5, 7)
    assert sheet[0, 0] == 10 and sheet[1, 6] == 20 and sheet[3, 0] == 30
    assert (
        sheet[2, 0] == sheet[0, 3] == sheet[4, 6] == 128
    )  # gaps, and the place of the missing fourth


def test_numbers_beyond_the_range_are_clipped_and_rounded():
    assert images.to_uint8(np.array([-1, 0, 0.5, 1, 7, np.nan, np.inf])).tolist() == [
        0,
        0,
        128,
        255,
        255,
        0,
        255,
    ]


@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 3)])
def test_png_keeps_the_pixels(shape):
    picture = np.random.RandomState(0).randint(0, 256, shape).astype(np.uint8)
    assert (np.asarray(Image.open(io.BytesIO(images.png(picture)))) == picture).all()
    assert (
        np.asarray(Image.open(io.BytesIO(images.png(picture, zoom=2))))[::2, 1::2] == picture
    ).all()


def test_samples_are_uint8_pictures(tmp_path):
    images.save_samples(tmp_path, np.linspace(0, 1, 5 * 28 * 28).reshape(5, 28, 28, 1))
    saved = np.load(str(tmp_path / "samples.npz"), allow_pickle=False)["images"]
    assert (
        saved.shape == (5, 28, 28)
        and saved.dtype == np.uint8
        and (saved[0, 0, 0], saved[4, 27, 27]) == (0, 255)
    )
    assert Image.open(str(tmp_path / "sample.png")).size == (172, 114)
