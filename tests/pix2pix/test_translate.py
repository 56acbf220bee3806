"""pix2pix from the command line: training, resuming, translating, runs of the old program."""

import io
import json
import os
import pathlib
import shutil

import numpy as np
import pytest
import skimage.color
from PIL import Image

from data import squares
from data.drawn import facades
from graphmode import cli, sessions, tf
from graphmode.training import run_folder, scalar_log
from pix2pix import metrics as metrics_module
from pix2pix import model
from pix2pix import translate as translate_module
from pix2pix.config import Config


def image(path):
    return np.asarray(Image.open(path), float)


def noise(path, height, width):
    """A file with an image of random pixels."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(0).integers(0, 256, [height, width, 3], np.uint8)
    Image.fromarray(pixels).save(path)


KINDS = ("inputs", "outputs", "targets")


def row(name):
    return [str(name), *(f"images/{name}-{kind}.png" for kind in KINDS)]


def test_training_ends_with_a_test_on_the_folder_beside(trained, rows, metrics):
    assert rows(trained) == [row(9), row(10), row(11)]
    made = metrics(trained)
    assert made["images"] == made["images with targets"] == 3
    assert 0 < made["L1, output"] < 1 and "SSIM, mean training target" in made
    assert "skipped 1 of 7 images" in (trained / "report.html").read_text()
    assert (trained / "figures" / "inputs_outputs_targets_held_out.png").exists()


def test_frequencies_count_steps(trained):
    """--display_freq 2 --save_freq 2 --summary_freq 1, four steps."""
    names = sorted(path.name for path in (trained / "samples").iterdir())
    assert names == [f"inputs_outputs_targets-{step:08}.png" for step in (0, 2, 4)]
    assert [step for step, _ in run_folder.checkpoints(trained)] == [2, 4]
    scalars = scalar_log.read(trained)
    assert [row["step"] for row in scalars] == list("1234")
    assert list(scalars[0])[2:] == ["discrim_loss", "gen_loss_GAN", "gen_loss_L1"]


def test_targets_and_inputs_are_the_halves_of_the_file(trained, pairs_folder):
    file = np.asarray(Image.open(pairs_folder / "val" / "9.png"))
    halves = file[:, :40], file[:, 40:]
    photo, labels = (squares.area(half, 32, 32).astype(float) for half in halves)
    assert np.abs(image(trained / "images" / "9-targets.png") - photo).max() <= 1
    assert np.abs(image(trained / "images" / "9-inputs.png") - labels).max() <= 1


def test_inputs_without_targets_are_translated(translate, tmp_path, rows):
    """--output_filetype jpeg --aspect_ratio 2.0"""
    (tmp_path / "in").mkdir()
    Image.fromarray(facades.draw(40, 5)[1]).save(tmp_path / "in" / "a & b.png")
    more = ["--output_filetype", "jpeg", "--aspect_ratio", "2.0"]
    folder = translate(tmp_path / "in", *more)
    addresses = [f"images/a%20%26%20b-{kind}.jpg" for kind in KINDS[:2]]
    assert rows(folder) == [["a & b", *addresses, None]]
    for kind in KINDS[:2]:
        with Image.open(folder / "images" / f"a & b-{kind}.jpg") as made:
            assert made.size == (64, 32) and made.format == "JPEG"


@pytest.mark.parametrize("ratio, size", [(1.0, (32, 32)), (2.0, (64, 32)), (0.5, (32, 64))])
def test_aspect_ratio_lengthens_one_side(ratio, size):
    content = translate_module.encoded(np.zeros([32, 32, 3]), Config(aspect_ratio=ratio))
    with Image.open(io.BytesIO(content)) as made:
        assert made.size == size


def test_a_resumed_run_continues_at_its_step(trained, pairs_folder, tmp_path, program):
    """--val_dir belongs to the run, --input_dir can be given again."""
    shutil.copytree(str(trained), str(tmp_path / "run"))
    more = ["--max_steps", 5, "--display_freq", 0, "--input_dir", pairs_folder / "train"]
    program("--resume", "--output_dir", tmp_path / "run", *more)
    assert run_folder.last_step(tmp_path / "run") == 5
    assert [row["step"] for row in scalar_log.read(tmp_path / "run")] == list("12345")


def test_the_learning_rate_falls_in_a_run_that_is_resumed(trained, tmp_path, program):
    """--lr_decay_from 5: four steps at 0.0002, then two that fall."""
    shutil.copytree(str(trained), str(tmp_path / "run"))
    more = ["--max_steps", 6, "--lr_decay_from", 5, "--display_freq", 0]
    program("--resume", "--output_dir", tmp_path / "run", *more)
    rates = [row["learning_rate"] for row in scalar_log.read(tmp_path / "run")]
    assert rates == ["", "", "", "", "0.0002", "0.0001"]


@pytest.mark.parametrize("frames", [["--frames"], []])
def test_frames_have_equal_noise_and_come_in_natural_order(frames, tmp_path, translate, rows):
    for number in (10, 2):
        noise(tmp_path / "in" / f"frame{number}.png", 40, 40)
    folder = translate(tmp_path / "in", *frames)
    assert [row[0] for row in rows(folder)] == ["frame2", "frame10"]
    made = [(folder / "images" / f"frame{n}-outputs.png").read_bytes() for n in (2, 10)]
    assert (made[0] == made[1]) == bool(frames)


def test_photographs_are_colored(pairs_folder, flags, tmp_path, program, metrics):
    given = ["--lab_colorization", *flags[:-1], "AtoB", "--max_steps", 1]
    program(*given, "--input_dir", pairs_folder / "train", "--output_dir", tmp_path)
    made = metrics(tmp_path)
    assert "CIE76, gray" in made and made["CIE76, output"] > 0
    inputs, made, target = (image(tmp_path / "images" / f"9-{kind}.png") / 255 for kind in KINDS)
    made_lab, target_lab = skimage.color.rgb2lab(made), skimage.color.rgb2lab(target)
    inside = ((made > 0.02) & (made < 0.98)).all(2)  # colors outside RGB are clipped
    difference = np.abs(made_lab - target_lab)[inside]
    assert inside.mean() > 0.2 and np.median(difference[:, 0]) < 1.5
    assert difference[:, 1:].mean() > 2
    assert (np.ptp(inputs, axis=2) == 0).all()


@pytest.mark.parametrize("targets, holds", [("auto", [True, False]), ("no", [False, False])])
def test_pairs_are_recognized_by_the_shape_of_the_training_pairs(
    targets, holds, portraits, translate, tmp_path, rows
):
    """--pair_ratio 1.5: two portraits of 30 x 40 pixels; --targets no overrides it."""
    noise(tmp_path / "in" / "1.png", 40, 60)
    noise(tmp_path / "in" / "2.png", 40, 30)
    folder = translate(tmp_path / "in", "--targets", targets, checkpoint=portraits)
    assert [row[3] is not None for row in rows(folder)] == holds


@pytest.fixture
def portraits(trained, tmp_path):
    """The run as if it had been trained on pairs of portraits, with --pair_ratio 1.5."""
    shutil.copytree(str(trained), str(tmp_path / "run"))
    file = tmp_path / "run" / "config.json"
    content = json.loads(file.read_text())
    assert content["config"]["pair_ratio"] == 2.0
    content["config"]["pair_ratio"] = 1.5
    file.write_text(json.dumps(content))
    return tmp_path / "run"


def test_long_names_and_names_that_are_not_utf8_are_translated(translate, tmp_path, rows, metrics):
    """A file whose name has 255 bytes, and one from an old system; a pipe is skipped."""
    names = ["n" * 251, os.fsdecode(b"caf\xe9")]
    for name in names:
        noise(tmp_path / "in" / f"{name}.png", 40, 80)
    os.mkfifo(tmp_path / "in" / "pipe.png")
    (tmp_path / "in" / "a.heic").touch()
    folder = translate(tmp_path / "in")
    shown, long = [row[0] for row in rows(folder)]
    assert shown == r"caf\udce9" and long.startswith("nnnn") and len(long) == 200
    assert len(list((folder / "images").iterdir())) == 6
    assert metrics(folder)["images"] == 2 and metrics(folder)["images skipped"] == 1
    assert "1 .heic" in (folder / "index.html").read_text()


def test_images_of_one_name_in_two_folders_stay_apart(translate, tmp_path, rows):
    for number, name in enumerate(("a/1.png", "b/1.png", "b/1.jpg")):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        pair = np.hstack(facades.draw(40, number))
        Image.fromarray(pair).save(tmp_path / "in" / name)
    folder = translate(tmp_path / "in")
    assert [row[0] for row in rows(folder)] == ["a/1", "b/1.jpg", "b/1.png"]
    written = {path.read_bytes() for path in folder.glob("images/**/*-targets.png")}
    assert len(written) == 3


def test_a_test_replaces_no_files_of_others(trained, pairs_folder, tmp_path, refused):
    flags = ["--mode", "test", "--checkpoint", trained, "--input_dir", pairs_folder / "val"]
    site, other = tmp_path / "site", tmp_path / "other"
    site.mkdir()
    (site / "index.html").write_text("mine")
    line = refused(*flags, "--output_dir", site)
    assert "site holds index.html, which this test did not write" in line
    assert (site / "index.html").read_text() == "mine"
    shutil.copytree(str(trained), str(other))
    assert "other holds" in refused(*flags, "--output_dir", other)
    line = refused(*flags, "--output_dir", pairs_folder / "val" / "made")
    assert "a folder of input images" in line


def test_a_test_can_be_interrupted_and_replaced(
    trained, translate, pairs_folder, tmp_path, rows, program, monkeypatch
):
    """By default it is that of the folder beside the training folder."""

    def interrupted(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(metrics_module, "similarity", interrupted)
        translate(pairs_folder / "val")
    folder = tmp_path / "out"
    program("--mode", "test", "--checkpoint", trained, "--output_dir", folder)
    assert rows(folder) == [row(9), row(10), row(11)]
    assert len(list((folder / "images").iterdir())) == 9
    first = (folder / "images/9-outputs.png").read_bytes()
    one = tmp_path / "one"
    one.mkdir()
    shutil.copy(str(pairs_folder / "val" / "9.png"), str(one))
    translate(one)
    assert rows(folder) == [row(9)]
    assert len(list((folder / "images").iterdir())) == 3  # those of the earlier tests are gone
    assert (folder / "images/9-outputs.png").read_bytes() == first


# What the program of 2017 wrote beside its checkpoints
OLD_OPTIONS = {
    "which_direction": "BtoA",
    "ngf": 2,
    "ndf": 2,
    "lab_colorization": False,
    "mode": "train",
    "output_dir": "x",
    "max_steps": None,
}


@pytest.fixture(scope="module")
def old_run(tmp_path_factory):
    """A run as the program of 2017 left it, with its names and with 2 filters."""
    folder, random = tmp_path_factory.mktemp("old"), np.random.default_rng(0)
    stored = json.loads((pathlib.Path(__file__).parent / "variables.json").read_text())
    weights = {
        name: random.normal(name.endswith("scale"), 0.2, shape).astype(np.float32)
        for name, shape in stored["as_published"].items()
    }
    with tf.Graph().as_default(), sessions.session() as session:
        for name, array in weights.items():
            tf.get_variable(name, initializer=array)
            tf.get_variable(f"{name}/Adam", initializer=np.zeros_like(array))
        tf.get_variable("global_step", initializer=7)
        session.run(tf.global_variables_initializer())
        tf.train.Saver().save(session, str(folder / "model"), 7)
    (folder / "options.json").write_text(json.dumps(OLD_OPTIONS))
    return folder, weights


def test_an_old_checkpoint_translates_with_its_own_options(old_run, translate, tmp_path, rows):
    folder, weights = old_run
    noise(tmp_path / "in" / "1.png", 40, 80)
    assert len(rows(translate(tmp_path / "in", checkpoint=folder))) == 1
    flags = ["--mode", "test", "--checkpoint", str(folder)]
    config = cli.parse(Config, ["train", "test"], "", flags)
    assert (config.ngf, config.which_direction, config.as_published) == (2, "BtoA", True)
    model.translate(tf.zeros([1, 256, 256, 3]), config)
    used = {v.op.name: v for v in tf.trainable_variables()}
    with sessions.session() as session:
        sessions.restore(session, config.checkpoint)
        for name, array in session.run(used).items():
            np.testing.assert_array_equal(array, weights[name])


def test_training_starts_with_an_old_checkpoints_weights(old_run, tmp_path, program):
    folder, weights = old_run
    noise(tmp_path / "in" / "1.png", 40, 80)  # with no folder beside it that would be tested
    given = ["--input_dir", tmp_path / "in", "--output_dir", tmp_path / "new"]
    sizes = ["--as_published", "--ngf", 2, "--ndf", 2]
    program("--checkpoint", folder, *given, *sizes, "--lr", 0, "--max_steps", 1)
    made = tf.train.load_checkpoint(str(tmp_path / "new" / "model.ckpt-1"))
    for name, array in weights.items():
        np.testing.assert_array_equal(made.get_tensor(name), array)


def test_old_runs_are_tested_on_named_images_and_not_resumed(old_run, refused):
    folder, _ = old_run
    line = refused("--mode", "test", "--checkpoint", folder)
    assert "--mode test needs --input_dir" in line
    assert "holds no run to continue" in refused("--resume", "--output_dir", folder)
