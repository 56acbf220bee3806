"""Which images are trained on, how they become squares; photographs and masks."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from data import folders
from data.drawn import faces
from glcic import inputs
from glcic.config import Config
from graphmode.errors import InputError
from graphmode.training import run_folder


@pytest.mark.parametrize(
    "flags, reading",
    [
        ({}, {"size": 178, "crop": None, "stretch": None}),
        ({"crop": 108}, {"size": 178, "crop": 108, "stretch": None}),
        ({"as_published": True}, {"size": 178, "crop": None, "stretch": (218, 178)}),
        ({"preset": "small"}, {"size": 89, "crop": None, "stretch": None}),
    ],
    ids=str,
)
def test_the_squares_are_those_of_the_blog(flags, reading):
    assert inputs.reading(Config.create(**flags)) == reading


def test_the_middle_of_squares():
    squares = np.arange(2 * 6 * 6 * 3).reshape(2, 6, 6, 3)
    np.testing.assert_array_equal(inputs.middle(squares, 2), squares[:, 2:4, 2:4])


def test_max_images_limits_the_training_images_alone(images):
    folder = str(images.train[0].parent)
    limited = inputs.images(Config.create(input_dir=folder, max_images=3))
    assert limited.train == images.train[:3] and limited.test == images.test
    assert inputs.images(Config.create(input_dir=folder)) == images


def test_no_folder_means_drawn_faces(monkeypatch):
    folder = faces.folder
    monkeypatch.setattr(faces, "folder", lambda size: folder(size, 12))
    drawn = inputs.images(Config.create(size=32, hole_min=8, hole_max=16))
    assert len(drawn.train) + len(drawn.test) == 12
    assert folders.decode(drawn.train[0]).shape == (44, 44, 3)


def test_only_images_that_training_did_not_use_are_held_out(
    trained, tmp_path, photographs, monkeypatch
):
    held_out = folders.images(photographs).test
    config = run_folder.trained(Config, str(trained))
    assert inputs.held_out(config) == held_out

    for number in range(5):
        Image.open(photographs / f"{number}.png").save(tmp_path / f"{number}.png")
    assert len(inputs.held_out(config.replace(input_dir=str(tmp_path)))) == 5
    monkeypatch.chdir(photographs.parent)
    by_another_name = inputs.held_out(config.replace(input_dir=photographs.name))
    assert [path.resolve() for path in by_another_name] == held_out
    (tmp_path / "all").symlink_to(photographs)
    above = inputs.held_out(config.replace(input_dir=str(tmp_path)))
    assert [path.resolve() for path in above if path.parent == tmp_path / "all"] == held_out


def test_a_folder_of_training_images_alone_is_an_error(trained, tmp_path, photographs):
    used = folders.images(photographs).train[0]
    (tmp_path / used.name).symlink_to(used)
    config = run_folder.trained(Config, str(trained)).replace(input_dir=str(tmp_path))
    with pytest.raises(InputError, match=f"--input_dir {tmp_path} has no image that training did"):
        inputs.held_out(config)


ROWS, COLUMNS = np.mgrid[:12, :16]
RGB = np.stack([ROWS * 20, COLUMNS * 15, ROWS * 5 + COLUMNS * 9], 2).astype(np.uint8)
GRAY, ALPHA = RGB[..., 0], RGB[..., 1]
PALETTE = Image.fromarray(RGB).quantize(7)
DEEP = (ROWS * 5000 + COLUMNS * 17).astype(np.uint16)
HOLE = (ROWS > 3) & (ROWS < 8) & (COLUMNS > 9)
NEW = np.full_like(RGB, [200, 100, 50])
LUMINANCE = 124  # of NEW: 0.299 R + 0.587 G + 0.114 B


def image(array):
    return array if isinstance(array, Image.Image) else Image.fromarray(array)


@pytest.mark.parametrize(
    "name, file, options, mode, inside",
    [
        ("a.png", RGB, {}, "RGB", [200, 100, 50]),
        ("a.png", RGB, {"icc_profile": b"a profile"}, "RGB", [200, 100, 50]),
        ("a.tif", RGB, {}, "RGB", [200, 100, 50]),
        ("a.jpg", RGB, {}, "RGB", [200, 100, 50]),
        ("a.png", np.dstack([RGB, ALPHA]), {}, "RGBA", [200, 100, 50, 255]),
        ("a.webp", np.dstack([RGB, ALPHA]), {"lossless": True}, "RGBA", [200, 100, 50, 255]),
        ("a.png", GRAY, {}, "L", LUMINANCE),
        ("a.jpg", GRAY, {}, "L", LUMINANCE),
        ("a.png", np.dstack([GRAY, ALPHA]), {}, "LA", [LUMINANCE, 255]),
        ("a.png", DEEP, {}, "I;16", LUMINANCE * 257),
        ("a.tif", DEEP, {}, "I;16", LUMINANCE * 257),
        ("a.png", GRAY > 100, {}, "L", LUMINANCE),
        ("a.png", PALETTE, {}, "RGB", [200, 100, 50]),
        ("a.png", PALETTE, {"transparency": 2}, "RGBA", [200, 100, 50, 255]),
        ("a.png", GRAY, {"transparency": 20}, "LA", [LUMINANCE, 255]),
    ],
)
def test_photographs_keep_their_mode_and_depth_outside_the_hole(
    tmp_path, name, file, options, mode, inside
):
    image(file).save(tmp_path / name, **options)
    photograph = inputs.read_photograph(tmp_path / name)
    np.testing.assert_array_equal(photograph.seen, folders.decode(tmp_path / name))
    with Image.open(io.BytesIO(inputs.png(photograph, HOLE, NEW))) as made:
        assert made.mode == mode
        assert made.info.get("icc_profile") == options.get("icc_profile")
        made, before = np.asarray(made), Image.open(tmp_path / name)
    expected = before if before.mode.startswith("I") else before.convert(mode)
    np.testing.assert_array_equal(made[~HOLE], np.asarray(expected)[~HOLE])
    assert (made[HOLE] == inside).all()


@pytest.mark.parametrize(
    "name, save, kind",
    [
        ("a.png", lambda path: cv2.imwrite(path, np.dstack([DEEP] * 3)), "PNG with 16-bit colors"),
        ("a.tif", lambda path: cv2.imwrite(path, np.dstack([DEEP] * 3)), "TIFF with 16-bit colors"),
        ("a.jpg", lambda path: image(RGB).convert("CMYK").save(path), "JPEG with CMYK pixels"),
        ("a.tif", lambda path: image(RGB).convert("LAB").save(path), "TIFF with LAB pixels"),
        ("a.jp2", lambda path: image(RGB).save(path), "JPEG2000 with RGB pixels"),
    ],
    ids=["png16", "tif16", "cmyk", "lab", "jp2"],
)
def test_photographs_that_would_lose_bits_are_refused(tmp_path, name, save, kind):
    save(str(tmp_path / name))
    message = f"^{tmp_path}/{name}: {kind} would not come back unchanged .*: convert it to PNG"
    with pytest.raises(InputError, match=message):
        inputs.read_photograph(tmp_path / name)


def layer(colors, alpha):
    """RGBA: colors where the hole is, and beside it; and the same for alpha."""
    numbers = [np.where(HOLE, *map(np.uint8, pair)) for pair in (colors, alpha)]
    return np.dstack([numbers[0]] * 3 + [numbers[1]])


@pytest.mark.parametrize(
    "mask, said",
    [
        (HOLE, ""),
        (np.where(HOLE, 130, 120).astype(np.uint8), ""),
        (np.where(HOLE, 40000, 20000).astype(np.uint16), ""),
        (layer((255, 0), (255, 255)), ""),  # an alpha channel that says nothing
        (layer((255, 0), (255, 200)), ""),
        # White on an empty layer, which may be black or white where it is transparent
        (layer((255, 0), (255, 0)), "is transparent: its white pixels, 12.5 %, are the hole"),
        (layer((255, 255), (255, 0)), "is transparent: its white pixels, 12.5 %, are the hole"),
    ],
)
def test_masks_are_understood(tmp_path, capsys, mask, said):
    Image.fromarray(mask).save(tmp_path / "mask.png")
    hole = inputs.read_hole(tmp_path / "mask.png", HOLE.shape)
    np.testing.assert_array_equal(hole, HOLE)
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == bool(said)


@pytest.mark.parametrize(
    "mask",
    [
        layer((0, 0), (255, 0)),  # black on an empty layer
        layer((0, 0), (0, 255)),  # a hole that was erased, in black
        layer((255, 255), (0, 255)),  # in white
        np.dstack([RGB, np.where(HOLE, 0, 255).astype(np.uint8)]),  # in the photograph itself
        layer((255, 0), (0, 0)),  # all is transparent
    ],
    ids=["black", "erased black", "erased white", "erased photograph", "empty"],
)
def test_masks_that_may_mean_two_things_are_refused(tmp_path, mask):
    Image.fromarray(mask).save(tmp_path / "mask.png")
    with pytest.raises(InputError, match=f"^{tmp_path}/mask.png has transparent .*: use a mask"):
        inputs.read_hole(tmp_path / "mask.png", HOLE.shape)


def test_a_mask_that_is_white_nearly_everywhere_is_probably_inverted(tmp_path, capsys):
    Image.fromarray(~HOLE).save(tmp_path / "mask.png")
    hole = inputs.read_hole(tmp_path / "mask.png", HOLE.shape)
    np.testing.assert_array_equal(hole, ~HOLE)
    error = capsys.readouterr().err
    assert "mask.png is white in 87.5 % of its pixels" in error and "inverted" in error
    Image.fromarray(COLUMNS < 12).save(tmp_path / "mask.png")
    inputs.read_hole(tmp_path / "mask.png", HOLE.shape)
    assert capsys.readouterr().err == ""
    Image.fromarray(COLUMNS < 99).save(tmp_path / "mask.png")
    with pytest.raises(InputError, match="mask.png is white everywhere"):
        inputs.read_hole(tmp_path / "mask.png", HOLE.shape)
