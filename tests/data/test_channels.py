"""Images of other channels and bits, and stacks: what is written is what is read."""

import numpy as np
import pytest
from PIL import Image

from data import channels
from graphmode.errors import InputError


def random(number, height=5, width=7):
    return np.random.default_rng(0).random([height, width, number]).astype(np.float32)


@pytest.mark.parametrize("number", channels.IMAGES)
@pytest.mark.parametrize("bits", [8, 16])
def test_png_files_keep_their_channels_and_bits(number, bits, tmp_path):
    image, file = random(number), tmp_path / "image.png"
    file.write_bytes(channels.encode(image, "png", bits))
    read = channels.decode(file)
    assert read.shape == image.shape and read.dtype == np.float32
    np.testing.assert_allclose(read, image, atol=0.51 / (2**bits - 1))
    assert channels.size(file) == (7, 5)


def test_stacks_come_back_exactly(tmp_path):
    image, file = random(6), tmp_path / "stack.npy"
    file.write_bytes(channels.encode(image, "npy"))
    np.testing.assert_array_equal(channels.decode(file), image)
    assert channels.size(file) == (7, 5)


@pytest.mark.parametrize("kind, largest", [(np.uint8, 255), (np.uint16, 65535)])
def test_stacks_of_whole_numbers_are_scaled(kind, largest, tmp_path):
    np.save(tmp_path / "a.npy", np.array([[0, largest]], kind))
    np.testing.assert_array_equal(channels.decode(tmp_path / "a.npy"), [[[0.0], [1.0]]])


@pytest.mark.parametrize(
    "array, words",
    [
        (random(2) * 3 - 1, "a.npy: values from -0.9.* to 1.9.*: scale to"),
        (np.full([2, 2], np.nan), "values from nan"),
        (np.zeros([2, 2], np.int32), "numbers of type int32: use uint8"),
        (np.zeros([2, 0, 3]), "an array 2x0x3: use"),
        (np.array([[object()]]), "no array of NumPy"),
    ],
)
def test_other_arrays_are_refused_and_nothing_is_unpickled(array, words, tmp_path):
    np.save(tmp_path / "a.npy", array, allow_pickle=True)
    with pytest.raises(InputError, match=words):
        channels.decode(tmp_path / "a.npy")


def test_a_stack_that_is_cut_short_is_refused(tmp_path):
    (tmp_path / "a.npy").write_bytes(channels.encode(random(3), "npy")[:-4])
    with pytest.raises(InputError, match="a.npy: no array of NumPy, or damaged"):
        channels.size(tmp_path / "a.npy")


def test_images_are_converted_as_pillow_does(tmp_path):
    pixels = (random(4) * 255).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "image.png")
    image = channels.decode(tmp_path / "image.png")
    white = Image.new("RGBA", (7, 5), "white")
    seen = Image.alpha_composite(white, Image.fromarray(pixels)).convert("RGB")
    for kind, number in (("RGB", 3), ("L", 1)):
        wanted = np.asarray(seen.convert(kind)).reshape(5, 7, number) / 255
        np.testing.assert_allclose(channels.converted(image, number, ""), wanted, atol=1.6 / 255)
    assert (channels.converted(channels.converted(image, 1, ""), 4, "")[..., 3] == 1).all()


def test_a_stack_is_no_image():
    with pytest.raises(InputError, match="x.npy: 6 channels where 3 are expected: --input_nc"):
        channels.converted(random(6), 3, "x.npy")
    with pytest.raises(ValueError, match="a png file has no 6 channels"):
        channels.encode(random(6), "png")
    assert channels.rgb(random(6)).shape == channels.rgb(random(2)).shape == (5, 7, 3)
