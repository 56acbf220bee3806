"""Images of a user's folder: which are found, decoded and refused, and which are for testing."""

import io
import re
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from data import folders
from graphmode.errors import InputError

ROWS, COLUMNS = np.mgrid[:24, :32]
# It has no symmetry.
IMAGE = np.stack([ROWS * 10, COLUMNS * 8, 255 - ROWS * 4 - COLUMNS * 4], 2).astype(np.uint8)
GRAY = IMAGE[..., 0]


def encoded(image, kind="PNG", **options):
    buffer = io.BytesIO()
    image = image if isinstance(image, Image.Image) else Image.fromarray(image)
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def oriented(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(IMAGE, exif=exif)


def png_of(width, height):
    """The beginning of a PNG file that promises so many pixels."""
    header = b"IHDR" + struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0)
    length, checksum = struct.pack(">I", 13), struct.pack(">2I", zlib.crc32(header), 99)
    return b"\x89PNG\r\n\x1a\n" + length + header + checksum + b"IDAT"


@pytest.fixture
def folder(tmp_path):
    """A folder with 7 images, each of one gray value: 0, 10, ... 60."""
    for number in range(7):
        Image.new("L", (40, 30), number * 10).save(tmp_path / f"{number}.png")
    return tmp_path


def test_images_are_found_whatever_their_ending_and_depth(tmp_path):
    taken = ["B/a.jpg", "B/deep/er/1.JPEG", "a.PNG", "c.JpG", "ä ö.jpeg"]
    ignored = [".hidden.jpg", ".cache/a.jpg", "B/notes.txt", "a.gif", "jpg", "c.jpg.part"]
    for name in taken + ignored:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "folder.png").mkdir()
    assert folders.find(str(tmp_path)) == [tmp_path / name for name in taken]


def test_a_folder_without_images_is_one_clear_line(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file.jpg").touch()
    for name, message in {
        "nowhere": "does not exist",
        "file.jpg": "is a file, not a folder",
        "empty": "contains no images",
    }.items():
        line = f"^{tmp_path}/{name} {message}.*[.]jpg, .jpeg or .png.*$"
        with pytest.raises(InputError, match=line):
            folders.find(tmp_path / name)


RGBA = np.dstack([IMAGE, np.where(COLUMNS < 16, 255, 0).astype(np.uint8)])
ON_WHITE = np.where(COLUMNS[..., None] < 16, IMAGE, 255)
GRAY_16 = (ROWS * 2000 + COLUMNS * 600).astype(np.uint16)
THREE = np.array([[200, 30, 60], [0, 90, 10], [255, 255, 255]], np.uint8)
PALETTE = Image.fromarray((COLUMNS % 3).astype(np.uint8)).convert("P")
PALETTE.putpalette(THREE.tobytes())
GRAYS = np.dstack([GRAY] * 3)
FORMATS = {  # bytes, the image, and by how much it may differ anywhere
    "rgb": (encoded(IMAGE), IMAGE, 0),
    "jpeg": (encoded(IMAGE, "JPEG", quality=95, subsampling=0), IMAGE, 8),
    "progressive jpeg": (
        encoded(IMAGE, "JPEG", quality=95, subsampling=0, progressive=True),
        IMAGE,
        8,
    ),
    "gray": (encoded(GRAY), GRAYS, 0),
    "gray jpeg": (encoded(GRAY, "JPEG", quality=95), GRAYS, 4),
    "cmyk jpeg": (encoded(Image.fromarray(IMAGE).convert("CMYK"), "JPEG", quality=95), IMAGE, 12),
    "16-bit gray": (encoded(GRAY_16), np.dstack([GRAY_16 / 257] * 3), 0.5),
    "black and white": (encoded(Image.fromarray(GRAY > 99)), np.dstack([(GRAY > 99) * 255] * 3), 0),
    "palette": (encoded(PALETTE), THREE[COLUMNS % 3], 0),
    "palette, one color transparent": (
        encoded(PALETTE, transparency=1),
        np.where(COLUMNS[..., None] % 3 == 1, 255, THREE[COLUMNS % 3]),
        0,
    ),
    "alpha": (encoded(RGBA), ON_WHITE, 0),
    "gray with alpha": (
        encoded(np.dstack([GRAY, RGBA[..., 3]])),
        np.where(COLUMNS[..., None] < 16, GRAYS, 255),
        0,
    ),
    "half transparent": (
        encoded(np.dstack([IMAGE, np.full_like(GRAY, 51)])),
        255 - (255.0 - IMAGE) / 5,
        1,
    ),
    "gif": (encoded(PALETTE, "GIF"), THREE[COLUMNS % 3], 0),
    "broken EXIF": (encoded(IMAGE, exif=b"Exif\0\0neither II nor MM"), IMAGE, 0),
    **{
        f"orientation {number}": (oriented(number), expected, 0)
        for number, expected in {
            1: IMAGE,
            2: IMAGE[:, ::-1],
            3: IMAGE[::-1, ::-1],
            4: IMAGE[::-1],
            5: IMAGE.swapaxes(0, 1),
            6: np.rot90(IMAGE, -1),
            7: np.rot90(IMAGE, 2).swapaxes(0, 1),
            8: np.rot90(IMAGE),
        }.items()
    },
}


@pytest.mark.parametrize("content, expected, tolerance", FORMATS.values(), ids=FORMATS.keys())
def test_every_kind_of_image_becomes_rgb(tmp_path, content, expected, tolerance):
    (tmp_path / "image.JPG").write_bytes(content)
    decoded = folders.decode(tmp_path / "image.JPG")
    assert decoded.dtype == np.uint8 and decoded.shape == expected.shape
    np.testing.assert_allclose(decoded.astype(float), expected, rtol=0, atol=tolerance)


JPEG = FORMATS["jpeg"][0]
DAMAGE = {
    "empty": (b"", "an empty file"),
    "text": (b"<html>Not here</html>", "not an image"),
    "only the beginning": (JPEG[:20], "not an image"),
    "jpeg cut short": (JPEG[:-100], r"damaged or cut short \(.*truncated"),
    "png cut short": (encoded(IMAGE)[:-40], r"damaged or cut short \(.*truncated"),
    "png without pixels": (png_of(9, 9), "damaged or cut short"),
    "damaged data": (
        encoded(GRAY)[:60] + b"\xff" * 30 + encoded(GRAY)[90:],
        r"damaged or cut short \(.*broken data",
    ),
    "too many pixels": (png_of(10000, 10000), "10000 x 10000 pixels are too many"),
    "far too many pixels": (
        png_of(60000, 60000),
        r"Image size \(3600000000 pixels\) exceeds limit",
    ),
}


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("content, message", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_damaged_file_is_one_clear_line(tmp_path, content, message):
    (tmp_path / "bad.png").write_bytes(content)
    with pytest.raises(InputError, match=f"^{tmp_path}/bad.png: {message}") as error:
        folders.decode(tmp_path / "bad.png")
    assert "\n" not in str(error.value)


def test_a_file_that_is_gone_is_named(tmp_path):
    with pytest.raises(InputError, match=f"^{tmp_path}/gone.png: No such file or directory$"):
        folders.decode(tmp_path / "gone.png")


def test_bad_files_are_skipped_by_name(folder, capsys):
    (folder / "3.png").write_bytes(b"")
    (folder / "5.png").write_bytes(encoded(IMAGE)[:-40])
    paths = folders.find(folder)
    valid, skipped = folders.usable(paths)
    assert valid == [path for path in paths if path.name not in ("3.png", "5.png")]
    empty = f"skipped {folder}/3.png: an empty file"
    cut = f"skipped {folder}/5.png: damaged or cut short .*"
    assert re.fullmatch(f"{empty}\n{cut}\nskipped 2 of 7 images\n", capsys.readouterr().err)
    assert skipped[:2] == ["skipped 2 of 7 images", empty] and re.fullmatch(cut, skipped[2])
    assert folders.usable(paths[:3]) == (paths[:3], []) and capsys.readouterr().err == ""
    message = f"^none of 2 images can be used: {folder}/3.png: an empty file$"
    with pytest.raises(InputError, match=message):
        folders.usable([paths[3], paths[5]])


def test_train_and_test_never_mix(tmp_path):
    paths = [tmp_path / f"person{number % 50}" / f"{number // 50}.jpg" for number in range(2000)]
    train, test = folders.split(paths, 0.1, tmp_path)
    assert not set(train) & set(test) and sorted(train + test) == sorted(paths)
    assert 150 < len(test) < 250
    again, test_again = folders.split(paths[::-1], 0.1, str(tmp_path))
    assert (again[::-1], test_again[::-1]) == (train, test)
    # The other images and the place of the folder do not matter. A larger fraction only adds.
    expected = [path for path in test if path in set(paths[:1000])]
    assert folders.split(paths[:1000], 0.1, tmp_path)[1] == expected
    moved = [tmp_path / "elsewhere" / path.relative_to(tmp_path) for path in paths]
    expected = [moved[paths.index(path)] for path in test]
    assert folders.split(moved, 0.1, tmp_path / "elsewhere")[1] == expected
    assert set(test) < set(folders.split(paths, 0.3, tmp_path)[1])
    assert folders.split(paths, 0, tmp_path) == (paths, []) == folders.split(paths, 1, tmp_path)


def test_names_are_without_ending_unless_two_would_be_equal(tmp_path):
    paths = [tmp_path / name for name in ("a/1.png", "a/2.png", "a/2.jpg", "1.jpg")]
    assert folders.names(paths, tmp_path) == ["a/1", "a/2.png", "a/2.jpg", "1"]
    paths = [tmp_path / name for name in ("x.png", "x.jpg", "x.png.jpg")]
    assert folders.names(paths, str(tmp_path)) == ["x.png", "x.jpg", "x.png.jpg"]


def test_output_must_not_lie_in_a_folder_that_is_read(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "in")
    folders.check_apart(tmp_path / "out", tmp_path / "in")
    folders.check_apart(tmp_path, tmp_path / "in")
    for target in ("in", "in/below", "link/below"):
        message = f"--output_dir {tmp_path}/{target} is or lies in {tmp_path}/in"
        with pytest.raises(InputError, match=message):
            folders.check_apart(tmp_path / target, tmp_path / "other", tmp_path / "in")
