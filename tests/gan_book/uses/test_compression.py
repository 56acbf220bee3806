"""Compression by an autoencoder: grids and sizes by hand, the comparison with JPEG and PNG.

`--mode compress` itself is tested in tests/gan_book/test_cae.py. Here encoder and decoder are a
principal component analysis.
"""

import csv
import math
import types
import zlib

import numpy as np
import pytest

from data import feeds
from gan_book.uses import compression


def test_grid_by_hand():
    grid = compression.Grid(np.array([0.0, -8.0]), np.array([0.25, 4.0]), 2)
    z = np.array([[0.0, -8.0], [0.24, -4.0], [0.26, -3.9], [0.99, 7.9], [5.0, -90.0]])
    cells = grid.cells(z)
    np.testing.assert_array_equal(cells, [[0, 0], [0, 1], [1, 1], [3, 3], [3, 0]])
    middles = [[0.125, -6], [0.125, -2], [0.375, -2], [0.875, 6]]
    np.testing.assert_array_equal(grid.numbers(cells)[:4], middles)
    np.testing.assert_array_equal(grid.cells(grid.numbers(cells)), cells)


@pytest.mark.parametrize("bits", compression.BITS)
def test_rounding_is_at_most_half_a_cell_off(bits):
    # The last unit is constant.
    known = np.random.RandomState(0).randn(5000, 3) * [1, 10, 0] + [0, 5, 2]
    grid = compression.fitted(known, bits)
    cells = grid.cells(known)
    inside = (known >= grid.low) & (known <= grid.low + grid.width * 2**bits)
    assert cells.dtype == np.uint8 and cells.max() == 2**bits - 1 and inside.mean() > 0.7
    errors = np.abs(grid.numbers(cells) - known)
    assert (errors <= grid.width / 2 + 1e-12)[inside].all()
    width = np.maximum(np.ptp(known, axis=0), 1e-6) / 2**bits
    whole = compression.Grid(known.min(0), width, bits)
    squares = [
        np.mean(np.square(each.numbers(each.cells(known)) - known)) for each in (grid, whole)
    ]
    assert squares[0] <= squares[1] * (1 + 1e-9)


def test_sizes_count_every_byte():
    cells = np.random.RandomState(0).randint(0, 8, [1000, 20]).astype(np.uint8)
    assert compression.plain_size(cells, 3) == 7500
    assert compression.plain_size(cells[:1, :3], 3) == 2
    assert compression.coded_size(cells, 3) == 7500  # codes gain nothing here
    rare = np.random.RandomState(1).rand(1000, 20) < 0.05
    skewed = np.minimum(cells, 1) * rare.astype(np.uint8) * 7
    # A Huffman code has at least one bit.
    assert 20000 / 8 < compression.coded_size(skewed, 3) < 4000


def test_huffman_codes_can_be_read_back():
    """What coded_size counts is all that a receiver needs."""
    cells = np.random.RandomState(0).binomial(15, 0.5, [500, 20]).astype(np.uint8)
    coder = zlib.compressobj(9, strategy=zlib.Z_HUFFMAN_ONLY)
    sent = coder.compress(cells.T.tobytes()) + coder.flush()
    size = compression.coded_size(cells, 4)
    assert size == len(sent) < compression.plain_size(cells, 4)
    assert (np.frombuffer(zlib.decompress(sent), np.uint8).reshape(20, 500).T == cells).all()


def test_a_file_is_read_back_as_it_was_saved():
    image = np.arange(784, dtype=np.uint8).reshape(28, 28)
    size, read = compression.file_size(image, "PNG")
    assert size > 60 and (read == image).all()
    small, coarse = compression.file_size(image, "JPEG", quality=5)
    large, fine = compression.file_size(image, "JPEG", quality=95)
    errors = [np.abs(each.astype(int) - image).mean() for each in (coarse, fine)]
    assert small < large and errors[0] > errors[1] > 0


def test_mosaic_holds_every_digit():
    images = np.random.RandomState(0).randint(0, 256, [7, 28, 28]).astype(np.uint8)
    sheet = compression.mosaic(images)
    assert sheet.shape == (84, 84)
    for n, image in enumerate(images):
        row, column = n // 3 * 28, n % 3 * 28
        assert (sheet[row : row + 28, column : column + 28] == image).all()
    assert not sheet[56:, 28:].any()


@pytest.fixture(scope="module")
def compared(digits, tmp_path_factory):
    """The table of a comparison: (method, setting) -> (bytes per digit, dB), and its folder."""
    inputs = feeds.flat_pixels(digits.train_images[:150])
    mean = inputs.mean(0)
    components = np.linalg.svd(inputs - mean, full_matrices=False)[2][:20]
    config = types.SimpleNamespace(output_dir=str(tmp_path_factory.mktemp("run")))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compression, "QUALITIES", (10, 90))
        compression.compare(
            config,
            digits,
            encode=lambda images: (images - mean) @ components.T,
            decode=lambda z: (z @ components + mean).reshape(-1, 28, 28, 1),
        )
    folder = f"{config.output_dir}/figures/"
    with open(folder + "rate_distortion.csv") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["method", "setting", "bytes per digit", "PSNR (dB)"]
    return {(row[0], row[1]): (float(row[2]), float(row[3])) for row in rows[1:]}, folder


def test_more_bits_are_more_bytes_and_more_exact(compared, digits):
    table, _ = compared
    plain = [table["autoencoder, plain bits", f"bits {bits}"] for bits in range(1, 9)]
    coded = [table["autoencoder, Huffman codes", f"bits {bits}"] for bits in range(1, 9)]
    exact = table["autoencoder, not rounded", "bits 32"]
    assert [size for size, _ in plain] == [2.5 * bits for bits in range(1, 9)]
    assert exact[0] == 80
    assert all(c[0] <= p[0] and c[1] == p[1] for c, p in zip(coded, plain))
    decibels = [each[1] for each in plain]
    assert decibels == sorted(decibels)
    assert decibels[7] == pytest.approx(exact[1], abs=0.05) and decibels[0] < exact[1] - 1


def test_files_are_measured_one_by_one_and_as_a_mosaic(compared, digits):
    table, folder = compared
    for kind in ("file by file", "one mosaic"):
        assert math.isinf(table[f"PNG, {kind}", "lossless"][1])
        assert table[f"JPEG, {kind}", "quality 10"] < table[f"JPEG, {kind}", "quality 90"]
    sizes = [table[f"JPEG, {kind}", "quality 10"][0] for kind in ("one mosaic", "file by file")]
    assert sizes[0] < sizes[1] / 2  # without the headers
    sheet = compression.mosaic(digits.test_images)
    size, read = compression.file_size(sheet, "JPEG", quality=90)
    error = np.sum(np.square((read / 255 - sheet / 255))) / digits.test_images.size
    expected = size / len(digits.test_images), -10 * np.log10(error)
    assert table["JPEG, one mosaic", "quality 90"] == pytest.approx(expected, abs=0.006)
