"""pix2pix.tools.process prepares the images of a folder."""

import os

import numpy as np
import pytest
from PIL import Image

from pix2pix.tools import process


@pytest.fixture
def photos(tmp_path):
    """a.jpg, b.png in a folder below, and a file that is not an image."""
    random = np.random.default_rng(0)
    (tmp_path / "in" / "below").mkdir(parents=True)
    for name, size in (("a.jpg", (30, 40, 3)), ("below/b.png", (40, 20, 3))):
        pixels = random.integers(0, 256, size, np.uint8)
        Image.fromarray(pixels).save(tmp_path / "in" / name)
    (tmp_path / "in" / "c.png").write_text("not an image")
    return tmp_path


def run(photos, operation, *flags, folder="in", output="out"):
    paths = ["--input_dir", photos / folder, "--output_dir", photos / output]
    process.main(list(map(str, [*paths, "--operation", operation, *flags])))


def read(path):
    return np.asarray(Image.open(path))


def test_resize_crops_and_pads(photos, capsys):
    """--size, --pad"""
    run(photos, "resize", "--size", 10)
    assert capsys.readouterr().out == "made: 2, existed: 0, skipped: 1\n"
    made = [read(photos / "out" / name) for name in ("a.png", "below/b.png")]
    assert made[0].shape == made[1].shape == (10, 10, 3)
    original = read(photos / "in" / "below" / "b.png").astype(float)
    blocks = original[10:30].reshape(10, 2, 10, 2, 3).mean((1, 3))
    assert np.abs(made[1] - blocks).max() <= 1
    run(photos, "resize", "--size", 40, "--pad", output="padded")
    padded = read(photos / "padded" / "below" / "b.png")
    assert (padded[:, 10:30] == original).all()
    assert not padded[:, :10].any() and not padded[:, 30:].any()
    assert process.resize(np.full([5, 8, 3], 7, np.uint8), 20, False).shape == (20, 20, 3)


def test_it_continues_where_it_stopped(photos, capsys):
    """--workers 1"""
    run(photos, "grayscale", "--workers", 1)
    kept = photos / "out" / "a.png"
    os.unlink(photos / "out" / "below" / "b.png")
    before = kept.stat().st_mtime_ns
    run(photos, "grayscale")
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "made: 1, existed: 1 (remove them to make them again), skipped: 1"
    assert kept.stat().st_mtime_ns == before
    assert (np.ptp(read(kept), axis=2) == 0).all()


def test_pairs_are_split_and_combined_again(photos):
    run(photos, "split")
    run(photos, "combine", "--b_dir", photos / "out" / "B", folder="out/A", output="again")
    name = "below/b.png"
    np.testing.assert_array_equal(read(photos / "again" / name), read(photos / "in" / name))
    assert not list(photos.glob("again/c*"))


def test_combine_names_what_does_not_fit(photos, capsys):
    (photos / "maps").mkdir()
    Image.new("RGB", (7, 9)).save(photos / "maps" / "a.png")
    with pytest.raises(SystemExit) as stopped:
        run(photos, "combine", "--b_dir", photos / "maps")
    lines = capsys.readouterr().err
    assert stopped.value.code == 2
    assert "a.jpg: 40 x 30 pixels, but" in lines and "maps/a.png has 7 x 9" in lines
    assert "b.png: no image of the same name" in lines


def test_blank_is_white_in_the_middle_only(photos):
    run(photos, "blank")
    original, made = read(photos / "in" / "a.jpg"), read(photos / "out" / "a.png")
    assert (made[9:21, 14:26] == 255).all()
    changed = np.argwhere((made != original).any(2))
    assert (changed.min(0) >= [9, 14]).all() and (changed.max(0) <= [20, 25]).all()


def test_edges_are_black_where_brightness_jumps():
    image = np.zeros([30, 30, 3], np.uint8)
    image[:, 15:] = 255
    traced = process.edges(image)
    assert (traced[:, [0, 5, 25]] == 255).all()
    assert (traced[5:25, 13:17].min(1) == 0).all()


def test_names_that_would_be_equal_keep_their_endings(photos):
    Image.new("RGB", (8, 8), "red").save(photos / "in" / "a.png")
    run(photos, "grayscale")
    assert sorted(path.name for path in (photos / "out").glob("a*")) == ["a.jpg.png", "a.png.png"]


@pytest.mark.parametrize(
    "flags, words",
    [
        (["--operation", "combine"], "--operation combine needs --b_dir"),
        (["--operation", "turn"], "'turn'"),
        (["--operation", "resize", "--size", "0"], "--size '0' is not a whole number"),
        ([], "--operation is missing"),
    ],
)
def test_mistakes_are_one_line(photos, flags, words, capsys):
    paths = ["--input_dir", str(photos / "in"), "--output_dir", str(photos / "out")]
    with pytest.raises(SystemExit) as stopped:
        process.main([*paths, *flags])
    assert stopped.value.code == 2 and words in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize("output", ["in", "in/made"])
def test_nothing_is_made_in_the_folder_that_is_read(photos, output, capsys):
    with pytest.raises(SystemExit):
        run(photos, "grayscale", output=output)
    assert "a folder of input images" in capsys.readouterr().err


def test_partners_are_in_folders_of_the_same_name(photos, capsys):
    colors = {"maps/x": "red", "maps/y": "blue", "ins/x": "white", "ins/y": "black"}
    for folder, color in colors.items():
        (photos / folder).mkdir(parents=True)
        Image.new("RGB", (5, 5), color).save(photos / folder / "1.png")
    run(photos, "combine", "--b_dir", photos / "maps", folder="ins")
    assert read(photos / "out" / "x" / "1.png")[0, 9].tolist() == [255, 0, 0]
    assert read(photos / "out" / "y" / "1.png")[0, 9].tolist() == [0, 0, 255]
    Image.new("RGB", (5, 5)).save(photos / "maps" / "x" / "1.jpg")
    with pytest.raises(SystemExit):
        run(photos, "combine", "--b_dir", photos / "maps", folder="ins", output="other")
    assert "differ only in their endings: rename one" in capsys.readouterr().err


def test_an_image_one_pixel_wide_is_skipped(photos, capsys):
    Image.new("RGB", (1, 5)).save(photos / "in" / "thin.png")
    run(photos, "split")
    assert "thin.png: one pixel wide" in capsys.readouterr().err
