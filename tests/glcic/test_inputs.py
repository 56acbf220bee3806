"""Which images are trained on, which are held out, and how they become squares."""

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
    above = inputs.held_out(config.replace(input_dir=str(photographs.parent)))
    assert [path for path in above if path.parent == photographs] == held_out


def test_a_folder_of_training_images_alone_is_an_error(trained, tmp_path, photographs):
    used = folders.images(photographs).train[0]
    (tmp_path / used.name).symlink_to(used)
    config = run_folder.trained(Config, str(trained)).replace(input_dir=str(tmp_path))
    with pytest.raises(InputError, match=f"--input_dir {tmp_path} has no image that training did"):
        inputs.held_out(config)
