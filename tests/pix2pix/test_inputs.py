"""Which files a run trains on, and how a file becomes inputs."""

import shutil

import numpy as np
import pytest
from PIL import Image

from data.drawn import facades
from graphmode import errors
from pix2pix import inputs
from pix2pix.config import Config


def config(folder, **values):
    return Config.create(input_dir=str(folder), **values)


@pytest.fixture
def mixed(pairs_folder, tmp_path):
    """Six pairs, a file that is not an image, and a single image."""
    shutil.copytree(str(pairs_folder / "train"), str(tmp_path / "mixed"))
    Image.new("RGB", (40, 40)).save(tmp_path / "mixed" / "single.png")
    return tmp_path / "mixed"


def test_single_images_among_pairs_are_skipped_by_name(mixed, capsys):
    files = inputs.training_files(config(mixed))
    assert {path.name for path in files.paths} == {f"{number}.png" for number in range(9, 15)}
    assert files.pair_ratio == 2.0
    assert files.skipped[0] == "skipped 1 of 8 images"
    assert "skipped 1 images that are not pairs" in files.skipped
    line = f"skipped {mixed / 'single.png'}: 40 x 40 pixels, not a pair"
    assert files.skipped[-1] == line and line in capsys.readouterr().err


def test_pairs_that_are_stored_on_their_side_are_pairs(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # turn it to the right
    Image.new("RGB", (40, 80)).save(tmp_path / "1.jpg", exif=exif)
    assert inputs.training_files(config(tmp_path)).pair_ratio == 2.0


def test_files_that_are_left_out_are_in_the_report(mixed):
    (mixed / "more.heic").touch()
    for joined in (True, False):
        files = inputs.training_files(config(mixed), joined)
        assert f"left out in {mixed}, files by their endings: 1 .heic" in files.skipped


def test_photographs_are_all_used(mixed):
    files = inputs.training_files(config(mixed), joined=False)
    assert len(files.paths) == 7 and files.pair_ratio == 0.0


def test_the_folder_above_train_is_refused(pairs_folder):
    with pytest.raises(errors.InputError, match="has a folder train: use --input_dir .*train"):
        inputs.training_files(config(pairs_folder))


def test_single_images_are_no_pairs(tmp_path):
    Image.fromarray(facades.draw(40, 5)[1]).save(tmp_path / "one.png")
    with pytest.raises(errors.InputError, match="one.png is 40 x 40 pixels, not two images"):
        inputs.training_files(config(tmp_path))
    forced = inputs.training_files(config(tmp_path, targets="yes"))  # --targets yes
    assert len(forced.paths) == 1 and forced.pair_ratio == 1.0
    forced = inputs.training_files(config(tmp_path, pair_ratio=1.1))  # --pair_ratio
    assert len(forced.paths) == 1 and forced.pair_ratio == 1.1


@pytest.mark.parametrize(
    "shape, values, holds",
    [
        ((40, 80), {}, True),
        ((40, 40), {}, False),
        ((40, 60), {}, False),
        ((40, 60), {"pair_ratio": 1.5}, True),
        ((40, 80), {"crop_width": 512}, False),
        ((40, 80), {"targets": "no"}, False),
        ((40, 40), {"targets": "yes"}, True),
        ((40, 40), {"lab_colorization": True}, True),
    ],
)
def test_whether_a_file_holds_a_target(shape, values, holds):
    assert inputs.holds_target(Config.create(**values), shape) == holds


def test_held_out_images(pairs_folder, trained, tmp_path):
    """--val_dir, else the folder beside that of the training."""
    train = config(pairs_folder / "train")
    assert inputs.held_out_folder(train) == pairs_folder / "val"
    assert inputs.held_out_folder(train.replace(val_dir="elsewhere")) == "elsewhere"
    assert inputs.held_out_folder(config(tmp_path)) is None
    test = Config(mode="test", checkpoint=str(trained / "model.ckpt-4"))
    assert inputs.held_out_folder(test) == pairs_folder / "val"
    of_the_old_program = Config(mode="test", checkpoint=str(tmp_path / "model-7"))
    assert inputs.held_out_folder(of_the_old_program) is None


def test_parts_are_prepared_without_augmentation(pairs_folder, small):
    paths = [pairs_folder / "train" / "9.png"]
    [parts] = inputs.prepared(paths, small(crop_size=64, scale_size=96, crop_width=32))
    assert parts.shape == (2, 64, 32, 3)
    file = np.asarray(Image.open(paths[0])) / 255
    for part, half in zip(parts, (file[:, :40], file[:, 40:]), strict=True):
        assert part.mean() == pytest.approx(half.mean(), abs=0.01)
