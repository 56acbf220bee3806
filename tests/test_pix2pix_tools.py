"""What makes pictures ready for pix2pix: process and split."""

import os

import numpy as np
from PIL import Image
import pytest

from pix2pix import process, split


@pytest.fixture
def photos(tmp_path):
    """a.jpg, b.png in a folder below, and a file that only looks like a picture."""
    random = np.random.default_rng(0)
    (tmp_path / "in" / "below").mkdir(parents=True)
    Image.fromarray(random.integers(0, 256, [30, 40, 3], np.uint8)).save(tmp_path / "in" / "a.jpg")
    Image.fromarray(random.integers(0, 256, [40, 20, 3], np.uint8)).save(tmp_path / "in" / "below" / "b.png")
    (tmp_path / "in" / "c.png").write_text("no picture")
    return tmp_path


def run(photos, operation, *flags):
    process.main(["--input_dir", str(photos / "in"), "--output_dir", str(photos / "out"), "--operation", operation,
                  *map(str, flags)])


def read(path):
    return np.asarray(Image.open(path))


def test_resize_cuts_and_pads(photos, capsys):
    run(photos, "resize", "--size", 10)
    assert capsys.readouterr().out == "made: 2, there already: 0, skipped: 1\n"
    assert read(photos / "out" / "a.png").shape == read(photos / "out" / "below" / "b.png").shape == (10, 10, 3)
    original = read(photos / "in" / "below" / "b.png").astype(float)
    blocks = original[10:30].reshape(10, 2, 10, 2, 3).mean((1, 3))
    assert np.abs(read(photos / "out" / "below" / "b.png") - blocks).max() <= 1
    padded = process.resize(read(photos / "in" / "below" / "b.png"), 40, True)
    assert (padded[:, 10:30] == original).all() and not padded[:, :10].any() and not padded[:, 30:].any()
    assert process.resize(np.full([5, 8, 3], 7, np.uint8), 20, False).shape == (20, 20, 3)


def test_it_goes_on_where_it_stopped(photos, capsys):
    run(photos, "grayscale")
    kept = photos / "out" / "a.png"
    os.unlink(photos / "out" / "below" / "b.png")
    before = kept.stat().st_mtime_ns
    run(photos, "grayscale")
    assert capsys.readouterr().out.splitlines()[-1] == "made: 1, there already: 1 (remove them to make them anew), skipped: 1"
    assert kept.stat().st_mtime_ns == before
    assert (np.ptp(read(kept), axis=2) == 0).all()


def test_pairs_are_split_and_combined_again(photos, capsys):
    run(photos, "split")
    process.main(["--input_dir", str(photos / "out" / "A"), "--b_dir", str(photos / "out" / "B"), "--operation", "combine",
                  "--output_dir", str(photos / "again")])
    np.testing.assert_array_equal(read(photos / "again" / "below" / "b.png"), read(photos / "in" / "below" / "b.png"))
    assert not list(photos.glob("again/c*"))


def test_combine_names_what_does_not_fit(photos, capsys):
    (photos / "maps").mkdir()
    Image.new("RGB", (7, 9)).save(photos / "maps" / "a.png")
    with pytest.raises(SystemExit) as stopped:
        run(photos, "combine", "--b_dir", photos / "maps")
    errors = capsys.readouterr().err
    assert stopped.value.code == 2
    assert "a.jpg: 40 x 30 pixels, but its partner 7 x 9" in errors and "b.png: no partner of that name" in errors


def test_blank_is_white_in_the_middle_alone(photos):
    run(photos, "blank")
    original, made = read(photos / "in" / "a.jpg"), read(photos / "out" / "a.png")
    assert (made[9:21, 14:26] == 255).all()
    changed = np.argwhere((made != original).any(2))
    assert (changed.min(0) >= [9, 14]).all() and (changed.max(0) <= [20, 25]).all()


def test_edges_are_black_where_brightness_jumps(photos):
    picture = np.zeros([30, 30, 3], np.uint8)
    picture[:, 15:] = 255
    traced = process.edges(picture)
    assert (traced[:, [0, 5, 25]] == 255).all() and (traced[5:25, 13:17].min(1) == 0).all()


def test_names_that_would_meet_keep_their_endings(photos):
    Image.new("RGB", (8, 8), "red").save(photos / "in" / "a.png")
    run(photos, "grayscale")
    assert sorted(path.name for path in (photos / "out").glob("a*")) == ["a.jpg.png", "a.png.png"]


@pytest.mark.parametrize("flags, words", [
    (["--operation", "combine"], "--operation combine needs --b_dir"), (["--operation", "turn"], "'turn'"),
    (["--operation", "resize", "--size", "0"], "'0' is not a whole number from 1")])
def test_mistakes_are_one_line(photos, flags, words, capsys):
    with pytest.raises(SystemExit) as stopped:
        process.main(["--input_dir", str(photos / "in"), "--output_dir", str(photos / "out"), *flags])
    assert stopped.value.code == 2 and words in capsys.readouterr().err.splitlines()[-1]


def test_nothing_is_made_in_the_folder_that_is_read(photos, capsys):
    for target in ("in", "in/made"):
        with pytest.raises(SystemExit):
            process.main(["--input_dir", str(photos / "in"), "--output_dir", str(photos / target), "--operation", "grayscale"])
        assert "from which pictures are read" in capsys.readouterr().err


def test_partners_lie_in_folders_of_one_name(photos):
    for folder, colour in (("maps/x", "red"), ("maps/y", "blue"), ("ins/x", "white"), ("ins/y", "black")):
        (photos / folder).mkdir(parents=True)
        Image.new("RGB", (5, 5), colour).save(photos / folder / "1.png")
    process.main(["--input_dir", str(photos / "ins"), "--b_dir", str(photos / "maps"), "--operation", "combine", "--output_dir",
                  str(photos / "out")])
    assert read(photos / "out" / "x" / "1.png")[0, 9].tolist() == [255, 0, 0]
    assert read(photos / "out" / "y" / "1.png")[0, 9].tolist() == [0, 0, 255]
    Image.new("RGB", (5, 5)).save(photos / "maps" / "x" / "1.jpg")
    with pytest.raises(SystemExit):
        process.main(["--input_dir", str(photos / "ins"), "--b_dir", str(photos / "maps"), "--operation", "combine",
                      "--output_dir", str(photos / "other")])


def test_a_picture_one_pixel_wide_is_skipped(photos, capsys):
    Image.new("RGB", (1, 5)).save(photos / "in" / "thin.png")
    run(photos, "split")
    assert "thin.png: one pixel wide" in capsys.readouterr().err


@pytest.fixture
def twenty(tmp_path):
    for number in range(20):
        Image.new("RGB", (4, 4)).save(tmp_path / f"{number}.png")
    return tmp_path


def where(folder):
    return {path.name: path.parent.name for path in folder.glob("*/*.png")}


def test_split_moves_every_picture_once(twenty, capsys):
    split.main(["--dir", str(twenty), "--train_frac", "0.6", "--test_frac", "0.1"])
    assert capsys.readouterr().out == "train: 12, val: 6, test: 2\n"
    assert sorted(where(twenty).values()) == ["test"] * 2 + ["train"] * 12 + ["val"] * 6 and len(where(twenty)) == 20
    with pytest.raises(SystemExit):
        split.main(["--dir", str(twenty)])
    assert "has been divided already" in capsys.readouterr().err


def test_split_replaces_nothing(twenty, capsys):
    split.main(["--dir", str(twenty), "--train_frac", "1"])
    Image.new("RGB", (9, 9), "red").save(twenty / "3.png")
    with pytest.raises(SystemExit):
        split.main(["--dir", str(twenty), "--train_frac", "1"])
    assert "3.png lies in" in capsys.readouterr().err and read(twenty / "train" / "3.png").shape == (4, 4, 3)


def test_split_that_was_interrupted_is_finished(twenty, monkeypatch):
    whole, moved, rename = split.divide([f"{n}.png" for n in range(20)], 0.5, 0.0), [], os.rename

    def tired(source, target):
        if len(moved) == 7:
            raise KeyboardInterrupt
        moved.append(source)
        rename(source, target)
    monkeypatch.setattr(os, "rename", tired)
    with pytest.raises(SystemExit):
        split.main(["--dir", str(twenty), "--train_frac", "0.5"])
    monkeypatch.undo()
    split.main(["--dir", str(twenty), "--train_frac", "0.5"])
    assert where(twenty) == whole
