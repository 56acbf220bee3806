"""A use of the autoencoder: lossy compression. A digit is its z, each number of it rounded to a few bits.

The encoder gives z, the decoder draws the digit again. Not counted is what both sides have beforehand: the decoder's
weights (185 kB for 20 numbers) and the grid that a number is rounded to, which comes from the training digits' codes.
Nothing but the rounded numbers is sent. Held against JPEG and PNG, as Pillow writes them, on the test digits:

- file by file, where a 28x28 picture's header is most of a JPEG file;
- all digits in one picture, its size divided by their number, which is fair to both.

PSNR is that of the mean squared error over all pixels of all test digits, on the scale [0, 1]. PNG loses nothing, so it
has a size and no PSNR. The text names the use and shows none; uniform grids and Huffman codes are this module's choice.

Run: `./run.sh gan_book.cae --mode compress --checkpoint runs/cae`. Expect from 10 bytes a digit a PSNR for which JPEG
needs five times as much in one picture, and over twenty times file by file. More than the autoencoder's own PSNR no
number of bits gives, where JPEG reaches any; and from 25 dB on, PNG's files are smaller than JPEG's, and exact.
"""

import io
import math
import zlib
from typing import NamedTuple

import numpy as np
from PIL import Image

from data import feeds
from graphmode import files
from graphmode.report import page, plots

BITS = range(1, 9)  # for a number
TAILS = (0.0, 0.0005, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1)  # shares of the training codes beyond either end of a grid
QUALITIES = (1, 5, 10, 15, 20, 30, 40, 50, 60, 70, 80, 90, 95)  # JPEG's


class Grid(NamedTuple):
    """2^bits cells of equal width for each entry of z; a number is sent as its cell and read as the cell's middle."""
    low: np.ndarray  # [latent_size], where the first cell begins
    width: np.ndarray  # [latent_size], of a cell
    bits: int  # 1 to 8

    def cells(self, z):
        """[N, latent_size] -> uint8; what lies outside goes to the first or the last cell."""
        return np.clip(np.floor((z - self.low) / self.width), 0, 2 ** self.bits - 1).astype(np.uint8)

    def numbers(self, cells):
        """uint8 [N, latent_size] -> the middles of the cells, at most half a width from what lay inside."""
        return self.low + (cells + 0.5) * self.width


def fitted(z, bits):
    """The grid with the least squared error on training codes, [N, latent_size], of those that TAILS give."""
    def candidate(tail):
        low, high = np.quantile(z, [tail, 1.0 - tail], axis=0)
        return Grid(low, np.maximum(high - low, 1e-6) / 2 ** bits, bits)
    return min(map(candidate, TAILS), key=lambda grid: np.mean(np.square(grid.numbers(grid.cells(z)) - z)))


def plain_size(cells, bits):
    """Bytes of all numbers, `bits` each, in one row without gaps."""
    return math.ceil(cells.size * bits / 8)


def coded_size(cells, bits):
    """Bytes of all numbers, entry by entry, in zlib's Huffman codes and with their tables; or plain if that is less."""
    coder = zlib.compressobj(9, strategy=zlib.Z_HUFFMAN_ONLY)  # codes repeat nothing that could be pointed back at
    return min(plain_size(cells, bits), len(coder.compress(cells.T.tobytes()) + coder.flush()))


def file_size(picture, kind, **options):
    """uint8 [height, width] -> (bytes of the file that Pillow writes, the picture read back from it)."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, kind, optimize=True, **options)
    return len(file.getvalue()), np.asarray(Image.open(file))


def mosaic(pictures):
    """uint8 [N, 28, 28] -> one picture, about as wide as high, black where there are no more digits."""
    side = math.isqrt(len(pictures) - 1) + 1
    height, width = pictures.shape[1:]
    filled = np.concatenate([pictures, np.zeros([-len(pictures) % side, height, width], np.uint8)])
    return filled.reshape(-1, side, height, width).transpose(0, 2, 1, 3).reshape(-1, side * width)


def psnr(error):
    """Mean squared error of pixels in [0, 1] -> dB."""
    return -10.0 * math.log10(error) if error else math.inf


def files_of(pictures):
    """JPEG and PNG of uint8 [N, 28, 28], file by file and as a mosaic: name -> [(setting, bytes a digit, dB), ...]."""
    found = {}
    for name, sheets in (("file by file", pictures), ("one mosaic", mosaic(pictures)[None])):
        for kind, settings in (("JPEG", [{"quality": quality} for quality in QUALITIES]), ("PNG", [{}])):
            rows = found["{}, {}".format(kind, name)] = []
            for options in settings:
                sizes, read = zip(*(file_size(sheet, kind, **options) for sheet in sheets))
                error = np.sum(np.square((np.float64(read) - sheets) / 255)) / pictures.size
                rows.append(("quality {quality}".format(**options) if options else "lossless",
                             sum(sizes) / len(pictures), psnr(error)))
    return found


def compare(config, digits, encode, decode):
    """Writes the bytes and the PSNR of each method: a table on the screen and in figures/, a plot.

    Args:
        config: settings of the autoencoder; its output_dir is used.
        digits: data.Digits.
        encode: function of images, [N, 784] in [0, 1] -> z, [N, latent_size].
        decode: function of z -> images, [N, 28, 28, 1].
    """
    inputs = feeds.flat_pixels(digits.test_images)
    known, sent = encode(feeds.flat_pixels(digits.train_images)), encode(inputs)

    def decibels(z):
        images = decode(z).reshape(inputs.shape)
        return psnr(np.mean(np.square(np.float64(images) - inputs)))

    curves = {"autoencoder, plain bits": [], "autoencoder, Huffman codes": []}
    for bits in BITS:
        grid = fitted(known, bits)
        cells = grid.cells(sent)
        reached = decibels(grid.numbers(cells))
        for rows, size in zip(curves.values(), (plain_size, coded_size)):
            rows.append((f"bits {bits}", size(cells, bits) / len(cells), reached))
    unrounded = ("bits 32", 4.0 * sent.shape[1], decibels(sent))
    curves["autoencoder, not rounded"] = [unrounded]
    curves.update(files_of(digits.test_images))
    write(config.output_dir, curves)


def write(folder, curves):
    """rate_distortion.csv and .png in a run's figures, from name -> [(setting, bytes per digit, dB), ...]."""
    lines = ["method,setting,bytes per digit,PSNR (dB)"]
    for name, rows in curves.items():
        for setting, size, decibels in rows:
            lines.append('"{}",{},{:.2f},{:.2f}'.format(name, setting, size, decibels))
            print("{:>28}  {:<16}  {:8.2f} bytes a digit  {:6.2f} dB".format(name, setting, size, decibels))
    files.write_whole(files.path(folder, "figures", "rate_distortion.csv"), "\n".join(lines) + "\n")
    plots.compared(files.path(folder, "figures", "rate_distortion.png"),
                   {name: [row[1:] for row in rows] for name, rows in curves.items()},
                   "bytes per digit", "PSNR of the test digits (dB)")
    page.renew(folder)
