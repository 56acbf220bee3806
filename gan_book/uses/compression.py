"""有损压缩 Lossy compression with the autoencoder: a digit is stored as its z, with few bits.

The text names this use and shows no code. The encoder turns a digit into z, the decoder turns the
rounded z into a digit. Uniform grids and Huffman codes are this module's choice.

    size = bits of z, rounded        PSNR = -10 log10(mean squared error), pixels in [0, 1]

Only the rounded numbers count as size. Sender and receiver already have the decoder's weights (185
kB for 20 latent units) and the grid for rounding, which is fitted to the codes of the training
digits.

The test digits are also saved by Pillow as JPEG and PNG, in two ways:
    - file by file, where the header is most of the JPEG file of a 28x28 image;
    - all digits in one image, its size divided by their number. This is fair to JPEG and PNG.
The PSNR is that of the mean squared error over all pixels of all test digits. PNG is lossless, so
it has a size and no PSNR.

Run:     ./run.sh gan_book.cae --mode compress --checkpoint runs/cae
Expect:  at 10 bytes per digit, a PSNR for which JPEG needs 5 times as many bytes in one image, and
         more than 20 times as many file by file. More bits cannot exceed the autoencoder's own
         PSNR, while JPEG reaches any PSNR. Above 25 dB, PNG files are smaller than JPEG files.
"""

import io
import math
import zlib
from typing import Dict, List, NamedTuple, Tuple

import numpy as np
from PIL import Image

from data import feeds
from graphmode import files
from graphmode.report import page, plots

BITS = range(1, 9)  # per latent unit
# Fractions of the training codes that are outside the grid, at each end.
TAILS = (0.0, 0.0005, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1)
QUALITIES = (1, 5, 10, 15, 20, 30, 40, 50, 60, 70, 80, 90, 95)  # of JPEG

Curves = Dict[str, List[Tuple[str, float, float]]]  # method -> (setting, bytes per digit, dB)


class Grid(NamedTuple):
    """2^bits cells of equal width for each latent unit. A number is decoded as its cell's middle.

    Attributes:
        low: [latent_size], lower end of the first cell.
        width: [latent_size], width of a cell.
        bits: 1 to 8.
    """

    low: np.ndarray
    width: np.ndarray
    bits: int

    def cells(self, z):
        """[N, latent_size] -> uint8, the cell of each number.

        Numbers outside the grid go to the first or the last cell.
        """
        cells = np.floor((z - self.low) / self.width)
        return np.clip(cells, 0, 2**self.bits - 1).astype(np.uint8)

    def numbers(self, cells):
        """uint8 [N, latent_size] -> middles of the cells.

        The error is at most half a width for numbers inside the grid.
        """
        return self.low + (cells + 0.5) * self.width


def fitted(z, bits):
    """Of the grids that TAILS give, the one with the least squared error on z, [N, latent_size]."""

    def candidate(tail):
        low, high = np.quantile(z, [tail, 1.0 - tail], axis=0)
        return Grid(low, np.maximum(high - low, 1e-6) / 2**bits, bits)

    def error(grid):
        return np.mean(np.square(grid.numbers(grid.cells(z)) - z))

    return min(map(candidate, TAILS), key=error)


def plain_size(cells, bits):
    """Bytes of all numbers in one row without gaps, `bits` bits each."""
    return math.ceil(cells.size * bits / 8)


def coded_size(cells, bits):
    """Bytes of all numbers, unit by unit, in zlib's Huffman codes with their tables.

    Where the plain form is smaller, it is the plain size.
    """
    # Huffman codes alone: rounded codes contain no repeated sequences for zlib to refer to.
    coder = zlib.compressobj(9, strategy=zlib.Z_HUFFMAN_ONLY)
    coded = coder.compress(cells.T.tobytes()) + coder.flush()
    return min(plain_size(cells, bits), len(coded))


def file_size(image, kind, **options):
    """Saves an image, uint8 [height, width], in memory.

    Args:
        kind: Pillow's name of the format.
        options: of the format.

    Returns:
        (bytes of the file, the image that is read back from it).
    """
    file = io.BytesIO()
    Image.fromarray(image).save(file, kind, optimize=True, **options)
    return len(file.getvalue()), np.asarray(Image.open(file))


def mosaic(images):
    """uint8 [N, 28, 28] -> one image, about as wide as high. Places without a digit are black."""
    side = math.isqrt(len(images) - 1) + 1
    height, width = images.shape[1:]
    black = np.zeros([-len(images) % side, height, width], np.uint8)
    rows = np.concatenate([images, black]).reshape(-1, side, height, width)
    return rows.transpose(0, 2, 1, 3).reshape(-1, side * width)


def psnr(error):
    """Mean squared error of pixels in [0, 1] -> dB; infinite for 0."""
    return -10.0 * math.log10(error) if error else math.inf


def files_of(images) -> Curves:
    """Sizes of uint8 [N, 28, 28] as JPEG and PNG, file by file and as one mosaic."""
    formats: Dict[str, List[Dict[str, int]]] = {
        "JPEG": [{"quality": quality} for quality in QUALITIES],
        "PNG": [{}],
    }
    curves: Curves = {}
    for name, sheets in (("file by file", images), ("one mosaic", mosaic(images)[None])):
        for kind, settings in formats.items():
            rows = curves.setdefault(f"{kind}, {name}", [])
            for options in settings:
                sizes, read = zip(*(file_size(sheet, kind, **options) for sheet in sheets))
                error = (
                    np.sum(np.square((np.asarray(read, np.float64) - sheets) / 255)) / images.size
                )
                setting = f"quality {options['quality']}" if options else "lossless"
                rows.append((setting, sum(sizes) / len(images), psnr(error)))
    return curves


def compare(config, digits, encode, decode):
    """Compares the autoencoder with JPEG and PNG: a table on the screen and files in figures/.

    Args:
        config: settings of the autoencoder; output_dir is used.
        digits: data.Digits.
        encode: function of images, [N, 784] in [0, 1] -> z, [N, latent_size].
        decode: function of z -> images, [N, 28, 28, 1].
    """
    inputs = feeds.flat_pixels(digits.test_images)
    training_z, z = encode(feeds.flat_pixels(digits.train_images)), encode(inputs)

    def decibels(codes):
        outputs = decode(codes).reshape(inputs.shape)
        return psnr(np.mean(np.square(np.float64(outputs) - inputs)))

    plain, coded = [], []
    for bits in BITS:
        grid = fitted(training_z, bits)
        cells = grid.cells(z)
        reached = decibels(grid.numbers(cells))
        for rows, size in ((plain, plain_size), (coded, coded_size)):
            rows.append((f"bits {bits}", size(cells, bits) / len(cells), reached))
    curves = {
        "autoencoder, plain bits": plain,
        "autoencoder, Huffman codes": coded,
        "autoencoder, not rounded": [("bits 32", 4.0 * z.shape[1], decibels(z))],
        **files_of(digits.test_images),
    }
    write(config.output_dir, curves)


def write(folder, curves: Curves):
    """Writes rate_distortion.csv and rate_distortion.png into a run's figures/."""
    lines = ["method,setting,bytes per digit,PSNR (dB)"]
    for name, rows in curves.items():
        for setting, size, decibels in rows:
            lines.append(f'"{name}",{setting},{size:.2f},{decibels:.2f}')
            print(f"{name:>28}  {setting:<16}  {size:8.2f} bytes per digit  {decibels:6.2f} dB")
    target = files.path(folder, "figures", "rate_distortion.csv")
    files.write_whole(target, "\n".join(lines) + "\n")
    points = {name: [row[1:] for row in rows] for name, rows in curves.items()}
    target = target.with_suffix(".png")
    plots.compared(target, points, "bytes per digit", "PSNR of the test digits (dB)")
    page.renew(folder)
