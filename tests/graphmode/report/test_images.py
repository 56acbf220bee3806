"""Grids, PNG files and scores."""

import io

import numpy as np
import pytest
from PIL import Image

from graphmode import images, report, scores


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


def test_psnr_by_hand():
    dark, grey = np.zeros([1, 4, 4]), np.full([1, 4, 4], 0.1)
    assert scores.psnr(dark, grey)[0] == pytest.approx(20.0)
    assert scores.psnr(dark, dark)[0] == np.inf


def test_frechet_distance_of_normals_by_hand():
    """|m1 - m2|^2 + sum (s1 - s2)^2 when both covariances are diagonal."""
    random = np.random.RandomState(0)
    first = random.randn(200000, 2) * [1.0, 2.0]
    second = random.randn(200000, 2) * [3.0, 2.0] + [1.0, 2.0]
    assert scores.frechet_distance(first, second) == pytest.approx(1 + 4 + 4, rel=0.02)
    assert scores.frechet_distance(first, first) == pytest.approx(0, abs=1e-9)
    rank_one = np.outer(np.arange(10.0), [1, 1, 1])
    assert scores.frechet_distance(rank_one, rank_one + 1) == pytest.approx(3.0)
    with pytest.raises(ValueError, match=r"\(5, 2\) and \(5, 3\)"):
        scores.frechet_distance(np.zeros([5, 2]), np.zeros([5, 3]))


def test_report_needs_a_run_and_shows_what_is_there(tmp_path, settings):
    from graphmode import runs

    with pytest.raises(runs.InputError, match="holds no run"):
        report.write(tmp_path)
    config = settings()
    with runs.started(config) as folder:
        pass
    for step in range(0, 2000, 100):
        images.save_png(
            folder / "samples" / "grid-{:08d}.png".format(step), np.zeros([2, 2], np.uint8)
        )
    runs.warn(folder, "something <odd>")
    page = report.write(folder).read_text()
    assert (
        page.count("<figure>") == 8 and "step 0<" in page and "step 1900<" in page
    )  # eight moments, both ends
    assert "something &lt;odd&gt;" in page
