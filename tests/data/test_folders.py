"""Images of a user's folder: which are found, decoded and refused, and which are for testing."""

import io
import os
import pathlib
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


def touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def test_images_are_found_whatever_their_ending_and_depth(tmp_path):
    taken = ["B/a.jpg", "B/deep/er/1.JPEG", "a.PNG", "a.gif", "b.TIF", "c.JpG", "d.webp", "e.jfif"]
    taken += ["f.tiff", "g.bmp", "h.jpe", "ä ö.jpeg"]
    hidden = [".hidden.jpg", ".cache/a.jpg", ".notes.txt"]
    touch(tmp_path, *taken, *hidden, "B/notes.txt", "a.TXT", "jpg", "c.jpg.part")
    (tmp_path / "folder.png").mkdir()
    assert folders.find(str(tmp_path)) == [tmp_path / name for name in taken]
    line = f"left out in {tmp_path}, files by their endings: 2 .txt, 1 .part, 1 without"
    [left_out] = folders.left_out(tmp_path)
    assert sorted(re.split("[:,] ", left_out)) == sorted(re.split("[:,] ", line))
    assert folders.left_out(tmp_path / "B" / "deep") == []
    touch(tmp_path, *(f"{number}.x{number}" for number in range(9)))
    assert folders.left_out(tmp_path)[0].endswith(", ...")


def test_files_that_are_left_out_are_counted_in_the_log_and_the_report(folder, capsys):
    touch(folder, "a.heic", "b.heic", "caf\udce9.n\newline")
    found = folders.images(folder)
    assert len(found.train + found.test) == 7
    [line] = capsys.readouterr().err.splitlines()
    assert found.skipped == [line] and line.endswith(r": 2 .heic, 1 .n\newline")


def test_links_to_folders_are_followed_and_no_folder_is_listed_twice(tmp_path):
    inside, outside = tmp_path / "in", tmp_path / "out"
    touch(inside, "z/a.png")
    touch(outside, "b.png", "deep/c.png")
    links = {"link": outside, "same": inside / "z", "loop": inside, "again": outside / "deep"}
    for name, target in links.items():
        (inside / name).symlink_to(target)
    (outside / "back").symlink_to(inside)
    expected = ["again/c.png", "link/b.png", "z/a.png"]
    assert folders.find(inside) == [inside / name for name in expected]
    # The linked folder has the same image in the training or the test part as the real one.
    assert folders.find(tmp_path)[0] == inside / "z" / "a.png"


def test_a_folder_without_images_is_one_clear_line(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file.jpg").touch()
    for name, message in {
        "nowhere": "does not exist",
        "file.jpg": "is a file, not a folder",
        "empty": "contains no images",
    }.items():
        line = f"^{tmp_path}/{name} {message}.*[.]jpg, .png, .tif.*$"
        with pytest.raises(InputError, match=line):
            folders.find(tmp_path / name)
    touch(tmp_path, "others/a.psd")
    with pytest.raises(InputError, match="contains no images .*1 .psd"):
        folders.find(tmp_path / "others")


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
    "bmp": (encoded(IMAGE, "BMP"), IMAGE, 0),
    "tiff": (encoded(IMAGE, "TIFF", compression="tiff_lzw"), IMAGE, 0),
    "16-bit tiff": (encoded(GRAY_16, "TIFF"), np.dstack([GRAY_16 / 257] * 3), 0.5),
    "cmyk tiff": (encoded(Image.fromarray(IMAGE).convert("CMYK"), "TIFF"), IMAGE, 1),
    "webp": (encoded(IMAGE, "WEBP", lossless=True), IMAGE, 0),
    "ppm": (encoded(IMAGE, "PPM"), IMAGE, 0),
    "jpeg 2000": (encoded(IMAGE, "JPEG2000"), IMAGE, 0),
    **{
        f"the first of several in a {kind.lower()}": (
            encoded(first, kind, save_all=True, append_images=[Image.new("RGB", (32, 24))], **more),
            IMAGE,
            tolerance,
        )
        for first in [Image.fromarray(IMAGE)]
        for kind, tolerance, more in (
            ("TIFF", 0, {}),
            ("PNG", 0, {}),
            ("WEBP", 0, {"lossless": True}),
            ("MPO", 8, {"quality": 95, "subsampling": 0}),
        )
    },
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
    assert folders.size(tmp_path / "image.JPG") == decoded.shape[1::-1]


JPEG = FORMATS["jpeg"][0]
NO_PALETTE = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000008000000080803000000f3d14eb90000000c49444154789c6360a0"
    "0e0000004800012eb83c7e0000000049454e44ae426082"
)
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
    "too many pixels": (
        png_of(10000, 10000),
        "100.0 megapixels are too many, at most 89.5 are read: reduce",
    ),
    "far too many pixels": (
        png_of(60000, 60000),
        "3600.0 megapixels are too many, at most 89.5 are read: reduce",
    ),
    "a palette image without its palette": (NO_PALETTE, r"damaged or cut short \(no palette"),
    "floats": (encoded(Image.fromarray(GRAY.astype(np.float32)), "TIFF"), "pixels of 12 or 32"),
    "32 bits": (encoded(Image.fromarray(GRAY.astype(np.int32)), "TIFF"), "pixels of 12 or 32"),
    "eps": (encoded(IMAGE, "EPS"), "not an image"),
}


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("content, message", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_damaged_file_is_one_clear_line(tmp_path, content, message):
    (tmp_path / "bad.png").write_bytes(content)
    with pytest.raises(InputError, match=f"^{tmp_path}/bad.png: {message}") as error:
        folders.decode(tmp_path / "bad.png")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("raised", [AssertionError(), RuntimeError("two\nlines"), MemoryError()])
def test_whatever_pillow_raises_is_one_clear_line(folder, monkeypatch, raised):
    def convert(*arguments):
        raise raised

    monkeypatch.setattr(Image.Image, "convert", convert)
    with pytest.raises(InputError, match=f"^{folder}/1.png: ") as error:
        folders.decode(folder / "1.png")
    assert "\n" not in str(error.value)


@pytest.mark.filterwarnings("ignore")
def test_damage_at_any_place_is_found_or_does_no_harm():
    random = np.random.default_rng(0)
    contents = [content for content, _, _ in FORMATS.values()]
    for trial in range(20 * len(contents)):
        content = bytearray(contents[trial % len(contents)])
        for place in random.integers(0, min(200, len(content)), random.integers(1, 6)):
            content[place] = random.integers(256)
        try:
            image = folders.decode("it", bytes(content), max_pixels=1 << 20)
        except InputError as error:
            assert str(error).startswith("it: ") and "\n" not in str(error)
        else:
            assert image.dtype == np.uint8 and image.shape[2:] == (3,)


def test_pipes_devices_and_folders_are_refused_and_not_waited_for(folder, capsys):
    os.mkfifo(folder / "pipe.png")
    (folder / "zeros.png").symlink_to("/dev/zero")
    valid, skipped = folders.usable(folders.find(folder))
    assert len(valid) == 7 and [line.split("/")[-1] for line in skipped] == [
        "skipped 2 of 9 images",
        *(
            f"{name}.png: a pipe, a socket or a device, not a file: use an image file"
            for name in ("pipe", "zeros")
        ),
    ]
    with pytest.raises(InputError, match=f"^{folder}: a folder, not a file"):
        folders.decode(folder)


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


def test_long_names_leave_room_for_an_ending_and_stay_different(tmp_path):
    long = ["a" * 251, "a" * 250 + "b", "ä" * 125, "sub/" + "a" * 251]
    for name in (*long, "b" * 200):
        touch(tmp_path, f"{name}.png")
    names = folders.names(folders.find(tmp_path), tmp_path)
    assert len(set(names)) == 5 and "b" * 200 in names
    for name in names:
        touch(tmp_path / "out", f"{name}-12345678-outputs.png")
        assert len(os.fsencode(pathlib.Path(name).name)) <= 200
    assert folders.shortened("sub/" + "a" * 251).startswith("sub/aaa")


def test_names_that_are_not_utf8_can_be_printed_and_stored(tmp_path, capsys):
    name = os.fsdecode(b"caf\xe9")
    touch(tmp_path, f"{name}/1.png", f"{name}/new\nline.png")
    Image.fromarray(IMAGE).save(tmp_path / "2.png")
    valid, skipped = folders.usable(folders.find(tmp_path))
    assert valid == [tmp_path / "2.png"] and len(skipped) == 3
    assert skipped[1] == rf"skipped {tmp_path}/caf\udce9/1.png: an empty file"
    assert all(line.isprintable() for line in skipped)


def test_output_must_not_lie_in_a_folder_that_is_read(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "in")
    folders.check_apart(tmp_path / "out", tmp_path / "in")
    folders.check_apart(tmp_path, tmp_path / "in")
    for target in ("in", "in/below", "link/below"):
        message = f"--output_dir {tmp_path}/{target} is or lies in {tmp_path}/in"
        with pytest.raises(InputError, match=message):
            folders.check_apart(tmp_path / target, tmp_path / "other", tmp_path / "in")
