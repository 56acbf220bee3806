"""pix2pix.tools.split divides a folder of images."""

import os

import pytest
from PIL import Image

from pix2pix.tools import split

NAMES = [f"{number}.png" for number in range(20)]


@pytest.fixture
def twenty(tmp_path):
    for name in NAMES:
        Image.new("RGB", (4, 4)).save(tmp_path / name)
    return tmp_path


def run(folder, *flags):
    split.main(["--dir", str(folder), *flags])


@pytest.fixture
def refused(capsys):
    def expect(folder, *flags):
        with pytest.raises(SystemExit) as stopped:
            run(folder, *flags)
        assert stopped.value.code == 2
        return capsys.readouterr().err.splitlines()[-1]

    return expect


def parts(folder):
    return {path.name: path.parent.name for path in folder.glob("*/*.png")}


def test_every_image_is_moved_once(twenty, capsys, refused):
    run(twenty, "--train_frac", "0.6", "--test_frac", "0.1")
    assert capsys.readouterr().out == "train: 12, val: 6, test: 2\n"
    made = parts(twenty)
    assert sorted(made) == sorted(NAMES)
    assert sorted(made.values()) == ["test"] * 2 + ["train"] * 12 + ["val"] * 6
    assert "has been divided already" in refused(twenty)


def test_the_division_does_not_follow_the_order_of_the_names():
    train = [name for name, part in split.divide(NAMES, 0.5, 0.0).items() if part == "train"]
    assert len(train) == 10 and sorted(train) != sorted(NAMES)[:10]


def test_no_image_is_replaced(twenty, refused):
    run(twenty, "--train_frac", "1")
    Image.new("RGB", (9, 9), "red").save(twenty / "3.png")
    assert "3.png is in" in refused(twenty, "--train_frac", "1")
    with Image.open(twenty / "train" / "3.png") as kept:
        assert kept.size == (4, 4)


def test_fractions_above_1_are_an_error(twenty, refused):
    line = refused(twenty, "--train_frac", "0.8", "--test_frac", "0.3")
    assert "--train_frac 0.8 and --test_frac 0.3 are more than 1 together" in line
    assert not parts(twenty)


def test_an_interrupted_division_is_finished(twenty, monkeypatch):
    whole, moved, rename = split.divide(NAMES, 0.5, 0.0), [], os.rename

    def interrupted(source, target):
        if len(moved) == 7:
            raise KeyboardInterrupt
        moved.append(source)
        rename(source, target)

    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(os, "rename", interrupted)
        run(twenty, "--train_frac", "0.5")
    assert len(parts(twenty)) == 7
    run(twenty, "--train_frac", "0.5")
    assert parts(twenty) == whole
