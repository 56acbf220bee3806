"""What a trained network completes: images of any size, windows, folders; and what it refuses."""

import re
import sys

import numpy as np
import pytest
from PIL import Image

from data import folders
from data.drawn import faces
from glcic import baselines, complete, evaluate
from glcic.config import Config
from graphmode.training import run_folder


@pytest.fixture
def photograph(tmp_path):
    """photo.png, 70 x 53 pixels, and hole.png with a round hole; the image and the hole."""
    photo, rows, columns = faces.draw(1, 70, 9)[0][:53], *np.mgrid[:53, :70]
    hole = (rows - 20) ** 2 + (columns - 40) ** 2 < 50
    Image.fromarray(photo).save(tmp_path / "photo.png")
    Image.fromarray(hole).save(tmp_path / "hole.png")
    return photo, hole


@pytest.mark.parametrize(
    "flags",
    [
        [],
        ["--region", "window", "--postprocess", "seamless"],
        ["--region", "image", "--postprocess", "telea"],
    ],
    ids=" ".join,
)
def test_an_image_is_completed_inside_its_hole_alone(use, tmp_path, photograph, flags):
    photo, hole = photograph
    target = tmp_path / "out.png"
    files = ["--image", tmp_path / "photo.png", "--mask", tmp_path / "hole.png"]
    use("complete", *files, "--output", target, *flags)
    completed = folders.decode(target)
    assert (completed[~hole] == photo[~hole]).all()
    assert (completed[hole] != photo[hole]).any(1).mean() > 0.9


def by_window(apply, image, hole):
    return complete.in_window(apply, image, hole, size=32, hole_max=8)


@pytest.mark.parametrize("way", [complete.in_image, by_window])
def test_what_is_under_the_hole_is_not_seen_at_its_borders_either(way):
    """The network sees mirrored pixels beyond the image, and means of pixels at reduced size."""
    image, hole, seen = faces.draw(1, 70, 9)[0][:53], np.zeros([53, 70], bool), []
    hole[41:, 55:] = True
    other = np.where(hole[..., None], np.uint8(255) - image, image)

    def apply(images, holes):
        seen.append(np.where(holes[..., None], np.uint8(0), images))
        return None, images

    for each in (image, other):
        way(apply, each, hole)
    np.testing.assert_array_equal(*seen)
    assert seen[0].any() and not any(side % 4 for side in seen[0].shape[1:3])


def test_the_network_does_not_see_the_hole(contrasty):
    image, hole = faces.draw(1, 64, 9)[0], np.zeros([64, 64], bool)
    hole[20:30, 25:50] = True
    other = np.where(hole[..., None], np.uint8(255) - image, image)
    with complete.completer(run_folder.trained(Config, str(contrasty))) as apply:
        images, holes = np.stack([image, other]), np.stack([hole, hole])
        imitations, completions = apply(images, holes)
    np.testing.assert_array_equal(*imitations)
    assert imitations[0].std() > 5
    assert (completions[holes] == imitations[holes]).all()
    assert (completions[~holes] == images[~holes]).all()


@pytest.mark.parametrize(
    "shape, box",
    [
        ((53, 70), (0, 0, 8, 8)),
        ((40, 90), (5, 3, 30, 80)),
        ((64, 64), (0, 0, 64, 63)),
        ((9, 12), (2, 2, 3, 3)),
        ((33, 32), (32, 31, 1, 1)),
    ],
)
def test_windows_hold_the_hole_at_the_scale_of_the_training(shape, box):
    """An `apply` that paints red: the whole hole becomes red, whatever was resized."""
    image = np.random.default_rng(0).integers(0, 90, [*shape, 3]).astype(np.uint8)
    hole = np.zeros(shape, bool)
    hole[box[0] : box[0] + box[2], box[1] : box[1] + box[3]] = True

    def apply(images, holes):
        assert not any(side % 4 for side in images.shape[1:3])
        assert max(images.shape) <= max(32, shape[1] + 3)
        assert max(np.ptp(places) for places in np.nonzero(holes[0])) < 16 + 3
        return None, np.broadcast_to(np.uint8([255, 0, 0]), images.shape)

    completed = complete.in_window(apply, image, hole, size=32, hole_max=16)
    assert (completed[hole] == [255, 0, 0]).all() and (completed[~hole] == image[~hole]).all()


@pytest.mark.parametrize(
    "region, side, windowed",
    [
        ("auto", 16, False),
        ("auto", 17, True),
        ("window", 16, True),
        ("image", 17, False),
    ],
)
def test_a_large_hole_is_completed_in_a_window_and_this_is_said(region, side, windowed, capsys):
    config = Config.create(size=32, hole_min=8, hole_max=16, region=region)
    image, hole, seen = np.zeros([48, 80, 3], np.uint8), np.zeros([48, 80], bool), []
    hole[20 : 20 + side, 30:40] = True

    def apply(images, holes):
        seen.append(images.shape[1:3])
        return None, images

    complete.in_region(config, apply, image, hole)
    assert (seen != [(48, 80)]) == windowed
    error = capsys.readouterr().err
    assert ("10 x 17 pixels, the training holes had up to 16" in error) == (side == 17)
    assert ("completed at 1.1 times lower" in error) == (windowed and side == 17)


@pytest.mark.parametrize(
    "flags, message",
    [
        ([], "needs --image IMAGE and --mask MASK"),
        (["--image", "photo.png"], "--image photo.png needs --mask"),
        (
            ["--image", "photo.png", "--mask", "other.png"],
            "other.png has 70 x 54 pixels, the image 70 x 53",
        ),
        (["--image", "photo.png", "--mask", "black.png"], "black.png has no white pixel"),
        (
            ["--image", "photo.png", "--mask", "hole.png", "--output", "out.jpg"],
            "--output out.jpg is no .png",
        ),
        (["--image", "gone.png", "--mask", "hole.png"], "gone.png: No such file"),
        (
            ["--image", "photo.png", "--mask", "hole.png", "--output", "photo.png"],
            "--output photo.png would replace an input",
        ),
    ],
)
def test_what_cannot_be_completed_is_one_line(
    use, tmp_path, photograph, monkeypatch, capsys, flags, message
):
    monkeypatch.chdir(tmp_path)
    Image.new("L", (70, 54), 255).save("other.png")
    Image.new("L", (70, 53)).save("black.png")
    with pytest.raises(SystemExit) as stopped:
        use("complete", *flags)
    assert stopped.value.code == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


def test_folders_are_completed_with_random_holes(use, tmp_path):
    source, target = tmp_path / "in", tmp_path / "out"
    (source / "sub").mkdir(parents=True)
    shapes = {"a.png": (40, 61), "sub/b.jpg": (90, 33), "tiny.png": (6, 7)}
    for name, (height, width) in shapes.items():
        Image.fromarray(faces.draw(1, 90, 1)[0][:height, :width]).save(source / name)
    use("complete", "--input_dir", source, "--random_holes", "2", "--output", target)
    for name, shape in shapes.items():
        original, holes = folders.decode(source / name), []
        for number in (1, 2):
            completed = folders.decode(target / f"{name}-{number}.png")
            holed = folders.decode(target / f"{name}-{number}_holed.png")
            hole = (holed != original).any(2)
            holes.append(hole)
            assert completed.shape[:2] == shape and hole.any()
            assert (completed[~hole] == original[~hole]).all()
        assert (holes[0] != holes[1]).any()


@pytest.mark.parametrize("box", [(30, 20, 24, 30), (0, 0, 20, 20), (60, 30, 20, 30)])
def test_a_hole_of_another_brightness_is_blended_in(box):
    photo = faces.draw(1, 80, 4)[0]
    hole = np.zeros([80, 80], bool)
    hole[box[0] : box[0] + box[2], box[1] : box[1] + box[3]] = True
    brighter = np.minimum(photo.astype(int) + 40, 255).astype(np.uint8)
    brighter = np.where(hole[..., None], brighter, photo)
    seen = np.where(hole[..., None], np.uint8(255), photo)
    errors = []
    for how in ("none", "telea", "seamless"):
        result = baselines.smooth(brighter, seen, hole, how)
        assert (result[~hole] == seen[~hole]).all()
        errors.append(np.abs(result.astype(int) - photo)[hole].mean())
    assert errors[2] < errors[1] < errors[0] and errors[2] < 0.6 * errors[0]


def test_the_mean_color_by_hand():
    image = np.zeros([2, 2, 3], np.uint8)
    image[0, 0], image[0, 1], image[1, 0], image[1, 1] = 255, 10, 20, 31
    hole = np.array([[True, False], [False, False]])
    filled = baselines.mean_color(image, hole)
    assert filled[0, 0].tolist() == [20, 20, 20] and (filled[~hole] == image[~hole]).all()


def test_without_opencv_it_is_named(use, tmp_path, photograph, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "cv2", None)
    assert list(evaluate.fillers()) == ["mean color"]
    assert "pip install opencv-python-headless" in capsys.readouterr().err
    files = ["--image", tmp_path / "photo.png", "--mask", tmp_path / "hole.png"]
    with pytest.raises(SystemExit):
        use("complete", *files, "--postprocess", "seamless")
    error = capsys.readouterr().err
    assert re.fullmatch("glcic: opencv-python-headless is not installed .*\n", error)
