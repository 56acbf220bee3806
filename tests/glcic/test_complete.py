"""What a trained network completes: images of any size, windows, folders; and what it refuses."""

import re
import sys

import numpy as np
import pytest
from PIL import Image

from data import folders
from data.drawn import faces
from glcic import baselines, complete, evaluate, windows
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
    return windows.in_windows(apply, image, hole, size=32, hole_max=8)


@pytest.mark.parametrize("way", [windows.in_image, by_window])
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

    completed = windows.in_windows(apply, image, hole, size=32, hole_max=16)
    assert (completed[hole] == [255, 0, 0]).all() and (completed[~hole] == image[~hole]).all()


@pytest.mark.parametrize(
    "region, side, windowed",
    [
        ("auto", 16, True),
        ("auto", 17, True),
        ("window", 16, True),
        ("image", 17, False),
    ],
)
def test_a_large_hole_is_completed_at_reduced_resolution_and_this_is_said(
    region, side, windowed, capsys
):
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
    "shape, windowed", [((32, 32), False), ((20, 31), False), ((32, 33), True)]
)
def test_images_that_are_larger_than_those_of_the_training_are_completed_in_windows(
    shape, windowed
):
    config, seen = Config.create(size=32, hole_min=8, hole_max=16), []
    complete.in_region(config, painter(seen), np.zeros([*shape, 3], np.uint8), np.eye(*shape) > 0)
    assert (len(seen) > 1) == windowed


def holes(shape, *boxes):
    """bool of that shape: true in boxes of (top, left, height, width)."""
    hole = np.zeros(shape, bool)
    for top, left, height, width in boxes:
        hole[top : top + height, left : left + width] = True
    return hole


def painter(seen):
    """An `apply` that paints red, and keeps (image, hole) in `seen`."""

    def apply(images, holes):
        seen.append((images[0].copy(), holes[0].copy()))
        return None, np.broadcast_to(np.uint8([255, 0, 0]), images.shape)

    return apply


SCRATCH = np.abs(np.subtract.outer(np.arange(300), np.arange(300))) < 3
TEXT = holes([300, 300], *[(140, 4 * n, 9, 3) for n in range(70)])
DISK = np.hypot(*np.mgrid[-150:150, -150:150]) < 40


@pytest.mark.parametrize(
    "hole, scales",
    [
        (holes([90, 90], (3, 3, 16, 16)), [1.0]),
        (holes([90, 90], (3, 3, 4, 4), (70, 70, 8, 8)), [1.0, 1.0]),  # far from each other
        (holes([90, 90], (3, 3, 4, 4), (3, 9, 4, 4)), [1.0]),  # neighbors: at once
        (holes([90, 90], (3, 3, 4, 4), (30, 30, 40, 20)), [1.0, 0.4]),
        (holes([90, 90], (3, 3, 20, 20), (40, 40, 32, 32)), [0.8, 0.5]),
        (holes([90, 90], (40, 0, 8, 90)), [1.0] * 6),  # half as thick as a training hole
        (holes([90, 90], (40, 0, 11, 90)), [8 / 12] * 4),  # a bit thicker: cut, too
        (holes([90, 90], (40, 0, 22, 90)), [8 / 22] * 3),
        (holes([90, 90], (40, 0, 33, 90)), [16 / 90]),
        (DISK, [16 / 79]),
        (SCRATCH, None),
        (TEXT, None),
    ],
)
def test_a_hole_is_divided_into_parts(hole, scales):
    """The training holes have up to 16 pixels."""
    parts = windows.divided(hole, 16)
    np.testing.assert_array_equal(times(parts, hole.shape), hole)
    for part in parts:
        assert max(part.inside.shape) < (32 if part.scale == 1 else 16 / part.scale + 1)
    assert [part.scale for part in parts] == pytest.approx(scales or [1.0] * len(parts))
    assert len(parts) < 60


def times(parts, shape):
    """How many parts each pixel is in: int of that shape."""
    number = np.zeros(shape, int)
    for part in parts:
        height, width = part.inside.shape
        number[part.top : part.top + height, part.left : part.left + width] += part.inside
    return number


def test_a_scratch_keeps_the_full_resolution_beside_a_thick_hole_that_it_touches():
    """Only a short piece of the scratch goes with the disk."""
    parts = windows.divided(DISK | SCRATCH, 16)
    np.testing.assert_array_equal(times(parts, DISK.shape), DISK | SCRATCH)
    reduced = times([part for part in parts if part.scale < 1], DISK.shape) > 0
    assert reduced[DISK].all() and (SCRATCH & ~reduced).sum() > 0.6 * SCRATCH.sum()
    assert not reduced[:110].any() and not reduced[190:].any()
    assert min(part.scale for part in parts) > 16 / 110


def test_crossing_scratches_keep_the_full_resolution():
    """They are thin, but their crossing is as thick as a hole that is completed at reduced size."""
    crossing = holes([300, 300], (140, 0, 8, 300), (0, 140, 300, 8)) | SCRATCH
    parts = windows.divided(crossing, 16)
    assert all(part.scale == 1 for part in parts if abs(part.top - 140) > 40)
    assert min(part.scale for part in parts) > 0.4


@pytest.mark.parametrize("hole", [SCRATCH, TEXT, holes([300, 300], (9, 9, 5, 5), (280, 280, 5, 5))])
def test_scratches_texts_and_small_holes_keep_the_full_resolution(hole, capsys):
    """The same pixels that are in the image reach the network."""
    config = Config.create(size=32, hole_min=8, hole_max=16)
    image, seen = np.random.default_rng(0).integers(0, 90, [300, 300, 3]).astype(np.uint8), []
    completed = complete.in_region(config, painter(seen), image, hole)
    assert (completed[hole] == [255, 0, 0]).all() and (completed[~hole] == image[~hole]).all()
    assert capsys.readouterr().err == ""
    originals = {image[n, m : m + 4].tobytes() for n, m in np.ndindex(300, 297)}
    assert len(originals) > 80000
    for pixels, masked in seen:
        assert masked.any() and max(pixels.shape) <= 48
        known = [
            pixels[n, m : m + 4].tobytes() in originals
            for n in range(0, len(pixels), 5)
            for m in range(pixels.shape[1] - 3)
            if not masked[n, m : m + 4].any() and not (pixels[n, m : m + 4] == [255, 0, 0]).any()
        ]
        assert all(known) and len(known) > 100


def test_the_parts_that_are_left_are_not_seen_and_those_that_are_done_are():
    """A small hole beside a large one: the small one comes first, at full resolution."""
    hole, seen = holes([64, 64], (20, 10, 4, 4), (16, 20, 24, 24)), []
    image = np.where(hole[..., None], np.uint8(77), np.uint8([0, 0, 200]))
    windows.in_windows(painter(seen), image, hole, size=32, hole_max=16)
    (first, first_hole), (second, second_hole) = seen
    assert first.shape == (32, 32, 3) and second.shape == (32, 32, 3)
    assert first_hole[(first == 77).all(2)].all() and first_hole.sum() > 16 + 100
    assert (first[~first_hole] == [0, 0, 200]).all()
    assert (second == [255, 0, 0]).all(2)[~second_hole].any()


def test_of_several_large_holes_the_thickest_is_named(capsys):
    config = Config.create(size=32, hole_min=8, hole_max=16)
    hole = holes([80, 90], (3, 3, 20, 20), (40, 40, 24, 32), (2, 80, 5, 5))
    complete.in_region(config, painter([]), np.zeros([80, 90, 3], np.uint8), hole)
    [line] = capsys.readouterr().err.splitlines()
    assert "(the thickest of 2 such holes) has 32 x 24 pixels" in line and "2.0 times lower" in line


@pytest.mark.parametrize(
    "flags, message",
    [
        ([], "needs --image IMAGE and --mask MASK"),
        (["--image", "photo.png"], "photo.png needs --mask"),
        (
            ["--image", "photo.png", "--mask", "other.png"],
            "other.png has 70 x 54 pixels, the image 70 x 53",
        ),
        (["--image", "photo.png", "--mask", "black.png"], "black.png has no white pixel"),
        (
            ["--image", "photo.png", "--mask", "hole.png", "--output", "out.jpg"],
            "--output out.jpg is no .png",
        ),
        (["--image", "gone.png", "--mask", "hole.png"], "gone.png does not exist"),
        (
            ["--image", "photo.png", "--mask", "hole.png", "--output", "photo.png"],
            "photo.png would replace an input",
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


def test_a_gray_photograph_of_16_bits_keeps_them(use, tmp_path):
    deep = (np.mgrid[:40, :48].sum(0) * 700).astype(np.uint16)
    hole = holes([40, 48], (10, 12, 9, 9))
    Image.fromarray(deep).save(tmp_path / "photo.tif")
    Image.fromarray(hole).save(tmp_path / "hole.bmp")
    files = ["--image", tmp_path / "photo.tif", "--mask", tmp_path / "hole.bmp"]
    use("complete", *files, "--output", tmp_path / "out.png")
    completed = np.asarray(Image.open(tmp_path / "out.png"))
    assert completed.dtype == np.uint16 and (completed[~hole] == deep[~hole]).all()
    assert (completed[hole] != deep[hole]).mean() > 0.9


def test_folders_are_completed_with_random_holes(use, tmp_path, capsys):
    source, target = tmp_path / "in", tmp_path / "out"
    (source / "sub").mkdir(parents=True)
    shapes = {"a.png": (40, 61), "sub/b.jpg": (90, 33), "tiny.png": (6, 7)}
    for name, (height, width) in shapes.items():
        Image.fromarray(faces.draw(1, 90, 1)[0][:height, :width]).save(source / name)
    long = f"{'n' * 251}.png"
    Image.new("L", (33, 33)).save(source / long)
    Image.new("CMYK", (33, 33)).save(source / "cmyk.jpg")
    use("complete", "--input_dir", source, "--random_holes", "2", "--output", target)
    output = capsys.readouterr()
    assert "completed: 4 images" in output.out
    assert f"skipped {source}/cmyk.jpg: JPEG with CMYK pixels would not come back" in output.err
    assert (target / f"{folders.shortened(long)}-1_holed.png").exists()
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


@pytest.fixture
def albums(tmp_path):
    """Photographs and their masks: name -> (image, hole), in tmp_path/photos and tmp_path/masks."""
    known = {}
    for number, name in enumerate(["a.png", "sub/b.jpg", "c.jpg"]):
        image = faces.draw(1, 50, number)[0][: 50 - number]
        for folder in ("photos", "masks"):
            (tmp_path / folder / "sub").mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(tmp_path / "photos" / name)
        hole = holes(image.shape[:2], (5 + number, 9, 30, 4), (30, 20, 9, 9 + number))
        if name != "c.jpg":
            Image.fromarray(hole).save((tmp_path / "masks" / name).with_suffix(".bmp"))
            known[name] = folders.decode(tmp_path / "photos" / name), hole
    return known


def test_a_folder_is_completed_with_a_folder_of_masks(use, tmp_path, albums, capsys):
    given = ["--input_dir", tmp_path / "photos", "--masks", tmp_path / "masks"]
    (tmp_path / "masks" / "other.png").write_bytes((tmp_path / "masks" / "a.bmp").read_bytes())
    use("complete", *given, "--output", tmp_path / "out")
    output = capsys.readouterr()
    assert "completed: 2 images, in" in output.out
    assert "1 images have no mask and are left out: c.jpg" in output.err
    assert f"1 masks have no image and are left out: {tmp_path}/masks/other.png" in output.err
    written = [
        str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.png")
    ]
    assert sorted(written) == ["a.png", "sub/b.png"]
    for name, (image, hole) in albums.items():
        completed = folders.decode((tmp_path / "out" / name).with_suffix(".png"))
        assert (completed[~hole] == image[~hole]).all()
        assert (completed[hole] != image[hole]).any(1).mean() > 0.9


def test_one_mask_serves_all_images_of_its_size(use, tmp_path, albums, capsys):
    mask = tmp_path / "photos" / "mask.png"  # among the images, but it is none
    Image.fromarray(albums["a.png"][1]).save(mask)
    given = ["--input_dir", tmp_path / "photos", "--masks", mask]
    use("complete", *given, "--output", tmp_path / "out")
    output = capsys.readouterr()
    assert "completed: 1 images" in output.out
    assert output.err.count("use a mask of the image's size") == 2
    assert [path.name for path in (tmp_path / "out").rglob("*.png")] == ["a.png"]


@pytest.mark.parametrize(
    "flags, message",
    [
        (["--masks", "none"], "no mask in --masks none has the name of an image in photos"),
        (["--masks", "photos"], "--masks photos is --input_dir, too"),
        (["--masks", "two"], "--masks two has several masks for a.png (a.bmp, a.png): keep one"),
        (
            ["--masks", "masks", "--output", "photos/out"],
            "--output photos/out is or lies in photos",
        ),
        (["--masks", "masks", "--random_holes", "2"], "does not go with --random_holes 2"),
        (["--masks", "masks", "--image", "photos/a.png"], "does not go with --image: use --mask"),
        (["--masks", "gone"], "--masks gone"),
    ],
)
def test_masks_that_do_not_fit_are_one_line(
    use, tmp_path, albums, monkeypatch, capsys, flags, message
):
    monkeypatch.chdir(tmp_path)
    for folder, names in {"none": ["z.png"], "two": ["a.png", "a.bmp"]}.items():
        (tmp_path / folder).mkdir()
        for name in names:
            Image.new("L", (50, 50)).save(tmp_path / folder / name)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(SystemExit) as stopped:
        use("complete", "--input_dir", "photos", *flags)
    assert stopped.value.code == 2 and sorted(tmp_path.rglob("*")) == before
    error = capsys.readouterr().err.replace(f"{tmp_path}/", "")
    assert message in error and error.count("\n") == 1


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


@pytest.mark.parametrize("how", ["telea", "seamless"])
def test_large_images_are_blended_in_tiles_that_fit_together(how, monkeypatch):
    photo = faces.draw(1, 120, 4)[0]
    hole = np.abs(np.subtract.outer(np.arange(120), np.arange(120)) - 7) < 6
    brighter = np.where(hole[..., None], photo // 2 + 100, photo)
    whole = baselines.smooth(brighter, photo, hole, how)
    monkeypatch.setattr(baselines, "TILE", 50)
    monkeypatch.setattr(baselines, "MARGIN", 30)
    tiles = baselines.smooth(brighter, photo, hole, how)
    assert (tiles[~hole] == photo[~hole]).all()
    apart, changed = (np.abs(tiles - other.astype(int))[hole].mean() for other in (whole, brighter))
    assert apart < 0.05 * changed and changed > 20


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
