"""Folders of pictures: what is found, decoded, refused and fed, in which order; and the drawn faces."""

import io
import os
import re
import struct
import zlib

import numpy as np
from PIL import Image
import pytest

from data import faces, folders, squares
from graphmode import tf
from graphmode.cli import InputError

ROWS, COLUMNS = np.mgrid[:24, :32]
PICTURE = np.stack([ROWS * 10, COLUMNS * 8, 255 - ROWS * 4 - COLUMNS * 4], 2).astype(np.uint8)  # no symmetry
GREY = PICTURE[..., 0]


def encoded(image, kind="PNG", **options):
    buffer = io.BytesIO()
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(buffer, kind, **options)
    return buffer.getvalue()


def turned(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(PICTURE, exif=exif)


def png_of(width, height):
    """The beginning of a PNG file that promises so many pixels."""
    header = b"IHDR" + struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">2I", zlib.crc32(header), 99) + b"IDAT"


@pytest.fixture
def folder(tmp_path):
    """A folder with 7 plain pictures, each of one grey: 0, 10, ... 60."""
    for number in range(7):
        Image.new("L", (40, 30), number * 10).save(tmp_path / f"{number}.png")
    return tmp_path


def greys(batch):
    """Which of the folder's pictures a batch holds."""
    assert batch.dtype == np.float32 and batch.min() >= 0 and batch.max() <= 1
    assert (batch == batch[:, :1, :1, :1]).all()
    return np.rint(batch[:, 0, 0, 0] * 25.5).astype(int).tolist()


def test_pictures_are_found_whatever_their_ending_and_depth(tmp_path):
    taken = ["B/a.jpg", "B/deep/er/1.JPEG", "a.PNG", "c.JpG", "ä ö.jpeg"]
    left = [".hidden.jpg", ".cache/a.jpg", "B/notes.txt", "a.gif", "jpg", "c.jpg.part"]
    for name in taken + left:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "folder.png").mkdir()
    assert folders.find(str(tmp_path)) == [tmp_path / name for name in taken]


def test_a_folder_without_pictures_is_one_clear_line(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file.jpg").touch()
    for name, message in {"nowhere": "does not exist", "file.jpg": "is a file, not a folder",
                          "empty": "holds no pictures"}.items():
        with pytest.raises(InputError, match=f"^{tmp_path}/{name} {message}.*[.]jpg, .jpeg or .png.*$"):
            folders.find(tmp_path / name)


RGBA = np.dstack([PICTURE, np.where(COLUMNS < 16, 255, 0).astype(np.uint8)])
ON_WHITE = np.where(COLUMNS[..., None] < 16, PICTURE, 255)
GREY_16 = (ROWS * 2000 + COLUMNS * 600).astype(np.uint16)
THREE = np.array([[200, 30, 60], [0, 90, 10], [255, 255, 255]], np.uint8)
PALETTE = Image.fromarray((COLUMNS % 3).astype(np.uint8)).convert("P")
PALETTE.putpalette(THREE.tobytes())
GREYS = np.dstack([GREY] * 3)
FORMATS = {  # bytes, the picture, and by how much it may differ anywhere
    "rgb": (encoded(PICTURE), PICTURE, 0),
    "jpeg": (encoded(PICTURE, "JPEG", quality=95, subsampling=0), PICTURE, 8),
    "progressive jpeg": (encoded(PICTURE, "JPEG", quality=95, subsampling=0, progressive=True), PICTURE, 8),
    "grey": (encoded(GREY), GREYS, 0),
    "grey jpeg": (encoded(GREY, "JPEG", quality=95), GREYS, 4),
    "cmyk jpeg": (encoded(Image.fromarray(PICTURE).convert("CMYK"), "JPEG", quality=95), PICTURE, 12),
    "16-bit grey": (encoded(GREY_16), np.dstack([GREY_16 / 257] * 3), 0.5),
    "black and white": (encoded(Image.fromarray(GREY > 99)), np.dstack([(GREY > 99) * 255] * 3), 0),
    "palette": (encoded(PALETTE), THREE[COLUMNS % 3], 0),
    "palette, one colour transparent": (encoded(PALETTE, transparency=1),
                                        np.where(COLUMNS[..., None] % 3 == 1, 255, THREE[COLUMNS % 3]), 0),
    "alpha": (encoded(RGBA), ON_WHITE, 0),
    "grey with alpha": (encoded(np.dstack([GREY, RGBA[..., 3]])), np.where(COLUMNS[..., None] < 16, GREYS, 255), 0),
    "half transparent": (encoded(np.dstack([PICTURE, np.full_like(GREY, 51)])), 255 - (255.0 - PICTURE) / 5, 1),
    "gif": (encoded(PALETTE, "GIF"), THREE[COLUMNS % 3], 0),
    "broken EXIF": (encoded(PICTURE, exif=b"Exif\0\0neither II nor MM"), PICTURE, 0),
    **{f"orientation {number}": (turned(number), expected, 0) for number, expected in {
        1: PICTURE, 2: PICTURE[:, ::-1], 3: PICTURE[::-1, ::-1], 4: PICTURE[::-1], 5: PICTURE.swapaxes(0, 1),
        6: np.rot90(PICTURE, -1), 7: np.rot90(PICTURE, 2).swapaxes(0, 1), 8: np.rot90(PICTURE)}.items()},
}


@pytest.mark.parametrize("content, expected, tolerance", FORMATS.values(), ids=FORMATS.keys())
def test_every_kind_of_picture_becomes_rgb(tmp_path, content, expected, tolerance):
    (tmp_path / "picture.JPG").write_bytes(content)
    decoded = folders.decode(tmp_path / "picture.JPG")
    assert decoded.dtype == np.uint8 and decoded.shape == expected.shape
    np.testing.assert_allclose(decoded.astype(float), expected, rtol=0, atol=tolerance)


JPEG = FORMATS["jpeg"][0]
DAMAGE = {
    "empty": (b"", "an empty file"),
    "text": (b"<html>Not found</html>", "no picture"),
    "beginning alone": (JPEG[:20], "no picture"),
    "jpeg cut short": (JPEG[:-100], r"damaged or cut short \(.*truncated"),
    "png cut short": (encoded(PICTURE)[:-40], r"damaged or cut short \(.*truncated"),
    "png without pixels": (png_of(9, 9), "damaged or cut short"),
    "unsound data": (encoded(GREY)[:60] + b"\xff" * 30 + encoded(GREY)[90:], r"damaged or cut short \(.*broken data"),
    "too many pixels": (png_of(10000, 10000), "10000 x 10000 pixels are too many"),
    "far too many pixels": (png_of(60000, 60000), r"Image size \(3600000000 pixels\) exceeds limit"),
}


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("content, message", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_damaged_file_is_one_clear_line(tmp_path, content, message):
    (tmp_path / "bad.png").write_bytes(content)
    with pytest.raises(InputError, match=f"^{tmp_path}/bad.png: {message}") as caught:
        folders.decode(tmp_path / "bad.png")
    assert "\n" not in str(caught.value)


def test_a_file_that_is_gone_is_named(tmp_path):
    with pytest.raises(InputError, match=f"^{tmp_path}/gone.png: No such file or directory$"):
        folders.decode(tmp_path / "gone.png")


@pytest.mark.parametrize("height, width, crop, inner", [
    (250, 250, 160, 160), (100, 180, None, 100), (180, 100, 60, 60), (101, 40, 500, 40), (20, 30, None, 20)])
def test_the_middle_is_cut_out(height, width, crop, inner):
    """All that lies outside the square is red, and no red is in the result."""
    picture = np.tile(np.uint8([255, 0, 0]), [height, width, 1])
    top, left = (height - inner) // 2, (width - inner) // 2
    picture[top:top + inner, left:left + inner] = [0, 90, 200]
    resized = squares.crop_and_resize(picture, 32, crop)
    assert resized.dtype == np.uint8 and resized.shape == (32, 32, 3)
    assert (resized == [0, 90, 200]).all()


@pytest.mark.parametrize("height, width", [(160, 160), (99, 120), (16, 10), (7, 50)])
def test_new_pixels_are_the_means_of_what_they_cover(height, width, value):
    """As TensorFlow's AREA gives them; it lets one half be rounded up or down."""
    noise = np.random.default_rng(0).integers(256, size=[height, width, 3]).astype(np.uint8)
    resized = squares.area(noise, 16, 10)
    if (height, width) == (160, 160):
        np.testing.assert_allclose(resized, noise.reshape(16, 10, 10, 16, 3).mean((1, 3)), atol=0.501)
    area = tf.image.resize_images(noise[None], [16, 10], method=tf.image.ResizeMethod.AREA)[0]
    np.testing.assert_allclose(resized, value(area), atol=0.51)


def test_bad_files_are_skipped_by_name(folder, capsys):
    (folder / "3.png").write_bytes(b"")
    (folder / "5.png").write_bytes(encoded(PICTURE)[:-40])
    paths = folders.find(folder)
    sound, skipped = folders.usable(paths)
    assert sound == [path for path in paths if path.name not in ("3.png", "5.png")]
    empty, cut = f"skipped {folder}/3.png: an empty file", f"skipped {folder}/5.png: damaged or cut short .*"
    assert re.fullmatch(f"{empty}\n{cut}\nskipped 2 of 7 pictures\n", capsys.readouterr().err)
    assert skipped[:2] == ["skipped 2 of 7 pictures", empty] and re.fullmatch(cut, skipped[2])
    assert folders.usable(paths[:3]) == (paths[:3], []) and capsys.readouterr().err == ""
    with pytest.raises(InputError, match=f"^none of 2 pictures can be used: {folder}/3.png: an empty file$"):
        folders.usable([paths[3], paths[5]])


def test_train_and_test_never_mix(tmp_path):
    paths = [tmp_path / f"person{number % 50}" / f"{number // 50}.jpg" for number in range(2000)]
    train, test = folders.split(paths, 0.1, tmp_path)
    assert not set(train) & set(test) and sorted(train + test) == sorted(paths) and 150 < len(test) < 250
    again, test_again = folders.split(paths[::-1], 0.1, str(tmp_path))
    assert (again[::-1], test_again[::-1]) == (train, test)
    # Pictures that come, go or move with their folder change nothing for the others; a larger share only adds.
    assert folders.split(paths[:1000], 0.1, tmp_path)[1] == [path for path in test if path in set(paths[:1000])]
    moved = [tmp_path / "elsewhere" / path.relative_to(tmp_path) for path in paths]
    assert folders.split(moved, 0.1, tmp_path / "elsewhere")[1] == [moved[paths.index(path)] for path in test]
    assert set(test) < set(folders.split(paths, 0.3, tmp_path)[1])
    assert folders.split(paths, 0, tmp_path) == (paths, []) == folders.split(paths, 1, tmp_path)


@pytest.mark.parametrize("batch_size", [3, 7])
def test_an_epoch_shows_every_picture_once_and_any_batch_may_be_asked_for(folder, batch_size):
    paths = folders.find(folder)
    batch = squares.batches(paths, 16, batch_size, seed=1)
    shown = [greys(batch(number)) for number in range(12)]
    assert batch(0).shape == (batch_size, 16, 16, 3)
    per_epoch = 7 // batch_size
    for epoch in range(4):
        chosen = sum(shown[epoch * per_epoch:(epoch + 1) * per_epoch], [])
        assert len(set(chosen)) == per_epoch * batch_size
    assert {grey for chosen in shown for grey in chosen} == set(range(7))
    resumed = squares.batches(paths, 16, batch_size, seed=1)
    for number in (11, 4, 5, 0):
        assert greys(resumed(number)) == shown[number]
    assert [greys(squares.batches(paths, 16, batch_size, seed=2)(number)) for number in range(12)] != shown


def test_fewer_pictures_than_a_batch_are_repeated(folder):
    paths = folders.find(folder)
    shown = [greys(squares.batches(paths, 8, 10, seed=3)(number)) for number in range(14)]
    chain = sum(shown, [])
    assert [len(chosen) for chosen in shown] == [10] * 14
    epochs = [chain[first:first + 7] for first in range(0, 140, 7)]
    assert all(sorted(epoch) == list(range(7)) for epoch in epochs) and len(set(map(tuple, epochs))) > 15
    assert greys(squares.batches(paths[4:5], 8, 5, seed=0)(9)) == [4] * 5


def test_pictures_in_memory_are_not_read_again_and_others_are(folder):
    paths = folders.find(folder)
    kept, anew = squares.batches(paths, 16, 5, 0), squares.batches(paths, 16, 5, 0, memory=7 * 16 * 16 * 3 - 1)
    for number in range(6):
        np.testing.assert_array_equal(kept(number), anew(number))
    before = kept(0)
    kept(0)[:] = 0  # the caller's own: later answers do not change
    for path in paths:
        os.unlink(path)
    np.testing.assert_array_equal(kept(0), before)
    with pytest.raises(InputError, match="png: No such file"):
        anew(0)


def test_mirroring_turns_about_half_of_the_pictures(tmp_path):
    (tmp_path / "a.png").write_bytes(encoded(PICTURE))
    plain = squares.batches([tmp_path / "a.png"], 24, 100, seed=0)(0)[0]
    batch = squares.batches([tmp_path / "a.png"], 24, 100, seed=0, mirror=True)
    left, right = ((batch(0) == picture).all((1, 2, 3)) for picture in (plain, plain[:, ::-1]))
    assert (left ^ right).all() and 30 < right.sum() < 70
    np.testing.assert_array_equal(batch(0), squares.batches([tmp_path / "a.png"], 24, 100, 0, mirror=True)(0))
    assert (batch(0) != batch(1)).any()


def test_faces_come_from_a_folder(folder, capsys):
    for number in range(7, 26):
        Image.new("L", (40, 30), number * 10).save(folder / f"{number}.png")
    (folder / "bad.png").touch()
    loaded = faces.load(str(folder), 16, batch_size=4, seed=0)
    assert "bad.png: an empty file" in capsys.readouterr().err
    test = set(greys(loaded.test / np.float32(255)))
    train = {grey for number in range(loaded.train // 4 * 5) for grey in greys(loaded.batch(number))}
    assert test and loaded.test.dtype == np.uint8 and loaded.train == len(train)
    assert not test & train and test | train == set(range(26))


def test_faces_are_drawn_where_there_is_no_folder(monkeypatch):
    monkeypatch.setattr(faces, "DRAWN", 60)
    monkeypatch.setattr(faces, "DRAWN_TEST", 20)
    loaded = faces.load("", 16, batch_size=60, seed=0)
    train = np.rint(loaded.batch(0) * 255).astype(np.uint8)
    assert loaded.train == 60 and train.shape == (60, 16, 16, 3) and loaded.test.shape == (20, 16, 16, 3)
    assert len({picture.tobytes() for picture in [*train, *loaded.test]}) == 80


@pytest.fixture(scope="module")
def drawn():
    return faces.draw(300, 64, seed=0)


def test_the_seed_decides_a_face(drawn):
    assert drawn.dtype == np.uint8 and drawn.shape == (300, 64, 64, 3)
    np.testing.assert_array_equal(faces.draw(5, 64, seed=0), drawn[:5])
    assert (faces.draw(5, 64, seed=1) != drawn[:5]).any((1, 2, 3)).all()
    assert faces.draw(2, 30, seed=[4, 2]).shape == (2, 30, 30, 3)


def test_faces_vary(drawn):
    assert len({picture.tobytes() for picture in drawn}) == 300
    assert drawn.std(0).mean() > 30  # from face to face, of each pixel
    for corner in (drawn[:, 2, 2], drawn[:, 34, 32]):  # background, and skin or nose
        assert (corner.std(0) > 25).all()


def test_faces_look_alike_on_both_sides(drawn):
    """A face differs less from its mirror image than from the next face's; the eyes' whites are on both sides."""
    middle = drawn[:, 16:52, 12:52].astype(float)
    mirrored = middle[:, :, ::-1]
    asymmetry, difference = (np.abs(middle - other).mean() for other in (mirrored, np.roll(mirrored, 1, 0)))
    assert asymmetry < difference / 2
    white = drawn.min(3) > 150
    eyes = (white[:, 26:38, 14:32].any((1, 2)) & white[:, 26:38, 32:50].any((1, 2))).mean()
    assert eyes > 0.8


def test_edges_are_smooth(drawn):
    """Few neighbours differ by as much as the ink of an outline does from the skin."""
    steps = np.abs(np.diff(drawn.astype(int), axis=2)).max(3)
    assert 0.02 < (steps > 40).mean() < 0.12
