"""One's own images: other channels and bits, one image, any size, frames of a video."""

import numpy as np
import pytest
from PIL import Image

from data import channels
from graphmode import sessions, tf
from graphmode.errors import InputError
from pix2pix import model
from pix2pix.config import Config


def write(path, image, kind="png", bits=8):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(channels.encode(np.asarray(image, np.float32), kind, bits))
    return path


def random(*shape):
    return np.random.default_rng(0).random(shape)


@pytest.fixture(scope="module")
def depth_pairs(tmp_path_factory):
    """Gray images in A, the same with 16 bits and other values in B: train and val."""
    place = tmp_path_factory.mktemp("depth")
    for part, count in (("train", 3), ("val", 2)):
        for number in range(count):
            gray = random(40, 48, 1)
            write(place / part / "A" / f"f{number}.png", gray)
            write(place / part / "B" / f"f{number}.png", 0.3 + gray / 3, bits=16)
    return place


@pytest.fixture(scope="module")
def depth(depth_pairs, flags, program, tmp_path_factory):
    """A run of gray images to 16-bit images, with its test and its SavedModel."""
    folder = tmp_path_factory.mktemp("runs") / "depth"
    numbers = ["--input_nc", 1, "--output_nc", 1, "--bits", 16, "--max_steps", 2]
    given = ["--input_dir", depth_pairs / "train", "--output_dir", folder, "--display_freq", 1]
    program(*flags[:-1], "AtoB", *numbers, *given)
    program("--mode", "export", "--checkpoint", folder)
    return folder


def test_gray_becomes_16_bits(depth, depth_pairs, rows, metrics):
    with Image.open(depth / "images" / "f1-outputs.png") as made:
        assert made.mode == "I;16" and made.size == (32, 32)
        assert len(np.unique(np.asarray(made) % 256)) > 50  # the low bits are no zeros
    target = channels.decode(depth / "images" / "f1-targets.png")
    wanted = channels.decode(depth_pairs / "val" / "B" / "f1.png")
    assert target.mean() == pytest.approx(wanted.mean(), abs=0.005)
    assert [row[0] for row in rows(depth)] == ["f0", "f1"]
    assert metrics(depth)["images with targets"] == 2 and "L1, mean training target" in metrics(
        depth
    )
    assert len(list((depth / "samples").iterdir())) == 3


def test_the_export_of_16_bits_takes_and_returns_16_bits(depth, depth_pairs):
    content = (depth_pairs / "val" / "B" / "f0.png").read_bytes()
    with tf.Session() as session:
        folder = str(depth / "saved_model")
        signatures = tf.saved_model.load(session, [tf.saved_model.SERVING], folder).signature_def
        ends = signatures["translate_file"]
        png = session.run(ends.outputs["png"].name, {ends.inputs["contents"].name: content})
        ends = signatures["translate"]
        given = {ends.inputs["images"].name: random(2, 9, 11, 1)}
        made = session.run(ends.outputs["translations"].name, given)
    assert made.shape == (2, 32, 32, 1)
    assert png[24:26] == b"\x10\x00"  # 16 bits, gray


def test_one_image_at_its_own_size(depth, depth_pairs, tmp_path, program, refused):
    given = ["--mode", "test", "--checkpoint", depth, "--own_size", "--frames"]
    one = ["--image", depth_pairs / "val" / "A" / "f0.png", "--output", tmp_path / "y.png"]
    program(*given, *one)
    assert "y.png already exists" in refused(*given, *one)
    program(*given, "--input_dir", depth_pairs / "val", "--output_dir", tmp_path / "folder")
    in_folder = channels.decode(tmp_path / "folder" / "images" / "f0-outputs.png")
    made = channels.decode(tmp_path / "y.png")
    assert made.shape == (40, 48, 1)
    np.testing.assert_array_equal(made, in_folder)
    targets = channels.decode(tmp_path / "folder" / "images" / "f0-targets.png")
    wanted = channels.decode(depth_pairs / "val" / "B" / "f0.png")
    np.testing.assert_allclose(targets, wanted, atol=1.1 / 65535)


@pytest.mark.slow
def test_a_stack_is_translated_into_another(flags, tmp_path, program, rows):
    """Six channels to five, both in one file of six: B has the first five."""
    for number in range(2):
        write(tmp_path / "train" / f"{number}.npy", random(36, 72, 6), "npy")
    given = ["--input_dir", tmp_path / "train", "--output_dir", tmp_path / "run"]
    wide = ["--input_nc", 6, "--output_nc", 5, "--max_steps", 1, "--display_freq", 1]
    program(*flags[:-1], "AtoB", *wide, *given, "--val_dir", tmp_path / "train")
    assert rows(tmp_path / "run")[0][2] == "images/0-outputs.png"  # what one can see of it
    numbers = np.load(tmp_path / "run" / "images" / "0-outputs.npy")
    assert numbers.shape == (32, 32, 5) and numbers.dtype == np.float32
    lone = write(tmp_path / "lone.npy", random(20, 30, 6), "npy")
    one = ["--image", lone, "--output", tmp_path / "y.npy", "--own_size"]
    program("--mode", "test", "--checkpoint", tmp_path / "run", *one)
    assert np.load(tmp_path / "y.npy").shape == (20, 30, 5)


@pytest.mark.slow
def test_photographs_are_colored_at_their_own_size(pairs_folder, flags, tmp_path, program):
    given = ["--lab_colorization", *flags[:-1], "AtoB", "--max_steps", 1]
    given += ["--input_dir", pairs_folder / "train", "--val_dir", pairs_folder / "val"]
    program(*given, "--output_dir", tmp_path, "--own_size")
    for kind in ("inputs", "outputs", "targets"):
        assert channels.size(tmp_path / "images" / f"9-{kind}.png") == (80, 40)
    read = [channels.decode(pairs_folder / "val" / "9.png")]
    read.append(channels.decode(tmp_path / "images" / "9-targets.png"))
    np.testing.assert_allclose(*read, atol=1.1 / 255)


def test_the_learning_rate_falls(value, small):
    """--lr 0.8 --lr_decay_from 3, six steps: the fall is from step 3 to 0 after step 6."""
    assert model.learning_rate(small(lr=0.8), 6) == 0.8
    rate = model.learning_rate(small(lr=0.8, lr_decay_from=3), 6)
    step = tf.train.get_or_create_global_step()
    with sessions.session() as session:
        rates = [session.run(rate, {step: done}) for done in range(6)]
    np.testing.assert_allclose(rates, [0.8, 0.8, 0.8, 0.6, 0.4, 0.2], rtol=1e-6)
    with pytest.raises(InputError, match="--lr_decay_from 7 is after the last of 6 steps"):
        model.learning_rate(small(lr_decay_from=7), 6)


@pytest.mark.parametrize(
    "values, words",
    [
        ({"lab_colorization": True, "input_nc": 1}, "leave out --input_nc"),
        ({"bits": "16", "output_filetype": "jpeg"}, "--bits 16 needs --output_filetype png"),
        ({"output_nc": 4, "output_filetype": "jpeg"}, "no files of --output_nc 4 channels"),
        ({"own_size": True, "segmentation": "x"}, "no --own_size"),
        ({"image": "x.png", "output": "y.png"}, "--image x.png is for --mode test"),
        ({"mode": "test", "image": "x.png"}, "--output '' must end in .png, .jpg"),
        ({"mode": "test", "image": "x", "output": "y.tif"}, "--output 'y.tif' must end in"),
        ({"mode": "test", "image": "x", "output": "y.png", "output_nc": 7}, "ends in .npy"),
        ({"mode": "test", "image": "x", "output": "y.png", "input_dir": "z"}, "without --input_"),
    ],
)
def test_settings_that_contradict_each_other(values, words):
    with pytest.raises(InputError, match=words):
        Config.create(**values)
