"""Translation of images at their own size, in little memory and without seams.

The generator is a stack of convolutions: it can translate images that are larger or smaller than
those of the training. But its batch norms use the mean and the variance of each layer over the
whole image. If an image were cut into tiles, each tile would be normalized by its own numbers: the
tiles would differ where they meet, and a tile of sky would get the contrast of a tile of trees.

So the image is not cut. The network is computed layer by layer, each layer strip by strip: strips
of rows that overlap as far as a filter reaches. When all strips of a layer are done, its mean and
variance over the whole image are known, and normalize all of it. The result is that of the whole
image at once, but for the rounding of float32. Only a layer's outputs have to be kept, and of large
images they are kept in a temporary file.

An image is mirrored at its borders until both sides can be halved as often as the network does.
"""

import os
import tempfile

import numpy as np

from graphmode import tf
from pix2pix import model, networks

REACH = 2  # rows on each side of a strip, at least as many as a filter needs; even
STRIP = 32 << 20  # bytes of the larger one of a strip and its result
IN_MEMORY = 512 << 20  # bytes of a layer's outputs; larger ones are in a file
DROPOUTS = 3  # decoder layers with dropout: they are computed whole, so that their noise is one


class Generator:
    """The generator for one image of any size. It is built in the default graph.

    Args:
        config: settings of the trained network.
    """

    def __init__(self, config):
        channels, out_channels = config.channels
        self._norms = {}  # name of a layer -> (its inputs, placeholders of mean and variance)
        self._image = tf.placeholder(tf.float32, [1, None, None, channels])
        kind = model.generator_kind(config)._replace(size=config.size, moments=self._moments)
        with tf.variable_scope("generator"), networks.variant(kind):
            self._layers = networks.encoder(self._image, config.ngf)
            self._depth = len(self._layers)
            networks.decoder(self._layers, out_channels, config.ngf)  # adds its own to the list
        numbers = range(1, self._depth + 1)
        self._names = [f"encoder_{n}" for n in numbers] + [f"decoder_{n}" for n in numbers[::-1]]
        # In the training its batch norm had one value per channel, so it returned the offset.
        halved = (2**self._depth, 2**self._depth)
        constant = kind.norm_on_1x1 and config.size == halved
        self._constant = self._names[self._depth - 1] if constant else None

    def _moments(self, inputs):
        """Called for each batch norm while the network is built."""
        layer = tf.get_variable_scope().name.split("/")[1]
        both = [tf.placeholder(tf.float32, inputs.shape[3:]) for _ in range(2)]
        self._norms[layer] = (inputs, *both)
        return both

    def translate(self, session, image, noise):
        """Translates one image.

        Args:
            image: [any height, any width, channels] array in [-1, 1].
            noise: what is fed for the noise, see `graphmode.noise.feed`.

        Returns:
            [height, width, channels] array in [-1, 1].
        """
        height, width = image.shape[:2]
        padded, top, left = padded_to(image, 2**self._depth)
        maps = [padded.astype(np.float32), *[None] * len(self._layers)]  # 0: the image
        tensors = [self._image, *self._layers]
        for number in range(1, len(tensors)):
            used = [number - 1]
            if number > self._depth + 1:
                used.append(2 * self._depth + 1 - number)  # the skip connection
            sources = {tensors[place]: maps[place] for place in used}
            maps[number] = self._layer(session, number - 1, sources, noise)
            del sources
            for place in used:
                if place == 0 or place >= self._depth or len(used) == 2:
                    maps[place] = None
        return maps[-1][top : top + height, left : left + width]

    def _layer(self, session, number, sources, noise):
        """The outputs of a layer: [height, width, channels].

        Args:
            number: of the layer, from 0.
            sources: its input tensors -> their values.
        """
        tensor, name = self._layers[number], self._names[number]
        encoding = number < self._depth
        whole = not encoding and number - self._depth < DROPOUTS
        norm = self._norms.get(name)
        fetched = norm[0] if norm else tensor
        height, width = next(iter(sources.values())).shape[:2]
        height, width = (height // 2, width // 2) if encoding else (2 * height, 2 * width)
        made = room(height, width, fetched.shape.as_list()[3])
        sums = np.zeros([2, made.shape[2]])  # of the values, and of their squares; float64
        # Floats in the result for each row of the sources
        output = made.shape[1] * made.shape[2] * height // next(iter(sources.values())).shape[0]
        step = rows_of(max(output, *(a.shape[1] * a.shape[2] for a in sources.values())))
        step = made.shape[0] if whole else step
        for rows, strip in self._strips(session, fetched, sources, encoding, step, noise):
            made[rows] = strip
            flat = strip.reshape(-1, made.shape[2]).astype(np.float64)
            sums += flat.sum(0), np.square(flat).sum(0)
        if not norm:
            return made
        mean, squares = sums / (height * width)
        if name == self._constant:
            made[:] = mean
        variance = np.maximum(squares - np.square(mean), 0.0)
        step = height if whole else rows_of(made.shape[1] * made.shape[2])
        for first in range(0, height, step):
            rows = slice(first, min(first + step, height))
            fed = {norm[0]: made[None, rows], norm[1]: mean, norm[2]: variance, **noise}
            made[rows] = session.run(tensor, fed)[0]
        return made

    def _strips(self, session, fetched, sources, encoding, step, noise):
        """Yields (rows of the result, their values) for each strip of `step` source rows."""
        height = next(iter(sources.values())).shape[0]
        for first in range(0, height, step):
            last = min(first + step, height)
            top, bottom = max(0, first - REACH), min(height, last + REACH)
            fed = {tensor: array[None, top:bottom] for tensor, array in sources.items()}
            strip = session.run(fetched, {**fed, **noise})[0]
            # Two rows become one, or one becomes two.
            times = (lambda rows: rows // 2) if encoding else (lambda rows: rows * 2)
            start = times(first - top)
            yield (
                slice(times(first), times(last)),
                strip[start : start + times(last) - times(first)],
            )


def padded_to(image, multiple):
    """Mirrors an image at its borders, so that its sides are multiples of a number.

    Returns:
        The larger image, and the number of rows above and of columns left of the image in it.
    """
    missing = [-side % multiple for side in image.shape[:2]]
    before = [number // 2 for number in missing]
    margins = [(less, number - less) for less, number in zip(before, missing)]
    return np.pad(image, [*margins, (0, 0)], mode="reflect"), before[0], before[1]


def rows_of(floats):
    """The number of rows with so many floats each in a strip: even, so that two can become one."""
    return max(2, STRIP // (8 * floats) * 2)


def room(height, width, channels):
    """A float32 array in memory, or in a temporary file if it is large."""
    size = height * width * channels * 4
    if size <= IN_MEMORY:
        return np.empty([height, width, channels], np.float32)
    with tempfile.TemporaryFile() as file:
        # If the disk is full, this is an error now. Otherwise writing to the array would end the
        # process.
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, size)
        return np.memmap(file, np.float32, "w+", shape=(height, width, channels))
