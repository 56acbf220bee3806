"""pix2pix from the command line: training, resuming, translating, what it says of bad files, checkpoints of the old program."""

import json
import re
import shutil
import xml.etree.ElementTree

import numpy as np
from PIL import Image
import pytest
import skimage.color

from data import facades, squares
from graphmode import cli, runs, sessions, tf
from pix2pix import __main__ as pix2pix, judging, labels, model, options
from test_pix2pix import published_shapes

FLAGS = ["--crop_size", "32", "--scale_size", "36", "--ngf", "2", "--ndf", "2", "--which_direction", "BtoA"]


@pytest.fixture(scope="module")
def folders_of_pairs(tmp_path_factory):
    """train with 6 pairs and a bad file, val with 3."""
    place = tmp_path_factory.mktemp("facades")
    for part, (name, count) in enumerate({"train": 6, "val": 3}.items()):
        (place / name).mkdir()
        for number in range(9, 9 + count):
            Image.fromarray(np.hstack(facades.draw(40, [part, number]))).save(place / name / f"{number}.png")
    (place / "train" / "99.jpg").write_text("no picture")
    return place


@pytest.fixture(scope="module")
def trained(folders_of_pairs, tmp_path_factory):
    run = tmp_path_factory.mktemp("runs") / "pix2pix"
    pix2pix.main(["--input_dir", str(folders_of_pairs / "train"), "--output_dir", str(run), "--max_steps", "4",
                  "--display_freq", "2", "--summary_freq", "1", *FLAGS])
    return run


def rows(folder):
    """The rows of index.html, which must be well-formed: [[name, input, output, target], ...]."""
    text = (folder / "index.html").read_text().replace("<!DOCTYPE html>", "")
    page = xml.etree.ElementTree.fromstring(re.sub(r"<(img|meta) ([^>]*)>", r"<\1 \2/>", text))
    found = []
    for row in page.iter("tbody"):
        for line in row.iter("tr"):
            cells = list(line.iter("td"))
            found.append([cells[0].text, *(cell.find("img").get("src") if cell.find("img") is not None else None
                                           for cell in cells[1:])])
    return found


def refused(capsys, *flags):
    with pytest.raises(SystemExit) as stopped:
        pix2pix.main(list(map(str, flags)))
    lines = capsys.readouterr().err.splitlines()
    assert stopped.value.code == 2
    return lines[-1]


def test_training_ends_with_a_test_on_what_lies_beside(trained):
    assert rows(trained) == [[str(n), *("images/%d-%s.png" % (n, kind) for kind in ("inputs", "outputs", "targets"))]
                             for n in (9, 10, 11)]
    metrics = json.loads((trained / "metrics.json").read_text())
    assert metrics["pictures"] == 3 and 0 < metrics["L1, output"] < 1 and "SSIM, mean of the training's targets" in metrics
    assert "skipped 1 of 7 pictures" in (trained / "report.html").read_text()
    assert len(list((trained / "samples").glob("*.png"))) == 3


def test_targets_and_inputs_are_the_halves_that_were_asked_for(trained, folders_of_pairs):
    file = np.asarray(Image.open(folders_of_pairs / "val" / "9.png"))
    photo, colours = (squares.area(half, 32, 32).astype(float) for half in (file[:, :40], file[:, 40:]))
    target = np.asarray(Image.open(trained / "images" / "9-targets.png"), float)
    shown = np.asarray(Image.open(trained / "images" / "9-inputs.png"), float)
    assert np.abs(target - photo).max() <= 1 and np.abs(shown - colours).max() <= 1


def test_translating_again_replaces_the_page_and_repeats_the_pictures(trained, folders_of_pairs, tmp_path):
    flags = ["--mode", "test", "--checkpoint", str(trained), "--input_dir", str(folders_of_pairs / "val"), "--output_dir",
             str(tmp_path / "out")]
    pix2pix.main(flags)
    first = (tmp_path / "out/images/10-outputs.png").read_bytes()
    pix2pix.main(flags)
    assert len(rows(tmp_path / "out")) == 3 and (tmp_path / "out/images/10-outputs.png").read_bytes() == first


def test_inputs_without_targets_are_translated(trained, tmp_path, capsys):
    (tmp_path / "in").mkdir()
    Image.fromarray(facades.draw(40, 5)[1]).save(tmp_path / "in" / "a & b.png")
    pix2pix.main(["--mode", "test", "--checkpoint", str(trained), "--input_dir", str(tmp_path / "in"), "--output_dir",
                  str(tmp_path / "out"), "--output_filetype", "jpeg"])
    assert rows(tmp_path / "out") == [["a & b", "images/a%20%26%20b-inputs.jpg", "images/a%20%26%20b-outputs.jpg", None]]
    with Image.open(tmp_path / "out" / "images" / "a & b-outputs.jpg") as made:
        assert made.size == (32, 32) and made.format == "JPEG"


@pytest.mark.parametrize("ratio, size", [("2.0", (64, 32)), ("0.5", (32, 64))])
def test_aspect_ratio_stretches_what_is_written(trained, folders_of_pairs, tmp_path, ratio, size):
    pix2pix.main(["--mode", "test", "--checkpoint", str(trained), "--input_dir", str(folders_of_pairs / "val"), "--output_dir",
                  str(tmp_path), "--aspect_ratio", ratio])
    assert len(rows(tmp_path)[0]) == 4 and None not in rows(tmp_path)[0]
    with Image.open(tmp_path / "images" / "9-outputs.png") as made:
        assert made.size == size


def test_resumed_run_goes_on_from_its_step(trained, tmp_path):
    shutil.copytree(str(trained), str(tmp_path / "run"))
    pix2pix.main(["--resume", "--output_dir", str(tmp_path / "run"), "--max_steps", "6"])
    assert runs.last_step(tmp_path / "run") == 6
    assert [row["step"] for row in runs.read_scalars(tmp_path / "run")] == list("123456")


@pytest.mark.parametrize("direction, channels", [("AtoB", (1, 2)), ("BtoA", (2, 1))])
def test_photographs_are_coloured_and_uncoloured(direction, channels, folders_of_pairs, tmp_path, capsys):
    pix2pix.main(["--lab_colorization", "--which_direction", direction, "--input_dir", str(folders_of_pairs / "train"),
                  "--output_dir", str(tmp_path), "--max_steps", "2", *FLAGS[:-2]])
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert ("CIE76, grey" in metrics) == (direction == "AtoB") and metrics["CIE76, output"] > 0
    reader = tf.train.load_checkpoint(str(runs.find_checkpoint(tmp_path)))
    assert (reader.get_tensor("generator/encoder_1/conv/filter").shape[2],
            reader.get_tensor("generator/decoder_1/deconv/filter").shape[2]) == channels
    inputs, made, target = (np.asarray(Image.open(tmp_path / "images" / "9-{}.png".format(kind))) / 255.0
                            for kind in ("inputs", "outputs", "targets"))
    drawn, wanted = skimage.color.rgb2lab(made), skimage.color.rgb2lab(target)
    kept = slice(0, 1) if direction == "AtoB" else slice(1, 3)
    inside = ((made > 0.02) & (made < 0.98)).all(2)  # colours that RGB lacks are clipped
    assert inside.mean() > 0.2 and np.median(np.abs(drawn - wanted)[inside][:, kept]) < 1.5
    assert np.abs(drawn - wanted)[..., 1 - kept.start:][inside].mean() > 2
    assert (np.ptp(inputs, axis=2) == 0).all() == (direction == "AtoB")


def test_grey_has_the_lightness_of_the_picture():
    with judging._colours() as colours:
        photo = facades.draw(40, 3)[0] / np.float32(255)
        grey = colours.grey(photo)
        assert colours.difference(photo, photo) < 1e-3
        found, wanted = skimage.color.rgb2lab(grey), skimage.color.rgb2lab(photo)
        np.testing.assert_allclose(found[..., 0], wanted[..., 0], atol=0.05)
        assert np.abs(found[..., 1:]).max() < 0.05
        assert colours.difference(grey, photo) == pytest.approx(np.linalg.norm(wanted[..., 1:], axis=2).mean(), abs=0.05)


def test_a_judge_reads_labels_off_photographs(folders_of_pairs, tmp_path, capsys):
    labels.main(["--input_dir", str(folders_of_pairs / "train"), "--crop_size", "32", "--scale_size", "32", "--max_steps", "150",
                 "--width", "8", "--output_dir", str(tmp_path / "judge")])
    pix2pix.main(["--input_dir", str(folders_of_pairs / "train"), "--output_dir", str(tmp_path / "run"), "--max_steps", "1",
                  *FLAGS])
    pix2pix.main(["--mode", "test", "--checkpoint", str(tmp_path / "run"), "--judge", str(tmp_path / "judge"),
                  "--input_dir", str(folders_of_pairs / "train")])
    assert not list((tmp_path / "run" / "figures").glob("*not_trained_on*"))
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert metrics["labels read right, pixels, target"] > 0.6 > metrics["labels read right, pixels, output"]


def test_agreement_of_labels():
    wanted, read = np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1])
    pixels, classes, union = labels.agreement(labels.confusion(read, wanted))
    assert (pixels, classes, union) == pytest.approx((0.75, (2 / 3 + 1) / 2, (2 / 3 + 1 / 2) / 2))


def test_colours_of_the_labels_are_read_back(value):
    near = np.clip(labels.COLOURS + np.random.default_rng(0).normal(0, 0.02, labels.COLOURS.shape), 0, 1)
    assert value(labels.read_labels(tf.constant(near, tf.float32))).tolist() == list(range(12))


@pytest.fixture
def old_checkpoint(tmp_path):
    """A checkpoint as the program of 2017 left it: its names and shapes with 4 filters, and options.json. Returns the weights."""
    random, kept = np.random.default_rng(0), {}
    for name, shape in published_shapes().items():
        small = [side if n < len(shape) - 2 or side in (3, 6, 1) else side // 16 for n, side in enumerate(shape)]
        kept[name] = random.normal(1 if name.endswith("scale") else 0, 0.2, small).astype(np.float32)
    with tf.Graph().as_default(), sessions.session() as session:
        for name, array in kept.items():
            tf.get_variable(name, initializer=array)
            tf.get_variable(name + "/Adam", initializer=np.zeros_like(array))
        tf.get_variable("global_step", initializer=7)
        session.run(tf.global_variables_initializer())
        tf.train.Saver().save(session, str(tmp_path / "old" / "model"), 7)
    old = dict(which_direction="BtoA", ngf=4, ndf=4, lab_colorization=False, mode="train", output_dir="x", max_steps=None)
    (tmp_path / "old" / "options.json").write_text(json.dumps(old))
    return kept


def test_old_checkpoint_translates_with_its_own_options(old_checkpoint, tmp_path, folders_of_pairs):
    pix2pix.main(["--mode", "test", "--checkpoint", str(tmp_path / "old"), "--input_dir", str(folders_of_pairs / "val"),
                  "--output_dir", str(tmp_path / "out")])
    assert len(rows(tmp_path / "out")) == 3
    config = cli.parse("pix2pix", options.Config, {"train": None, "test": None}, "", ["--mode", "test", "--checkpoint",
                                                                                     str(tmp_path / "old")])
    assert (config.ngf, config.which_direction, config.as_published) == (4, "BtoA", True)
    model.translate(tf.zeros([1, 256, 256, 3]), config)
    with sessions.session() as session:
        sessions.restore(session, config.checkpoint)
        for v in tf.trainable_variables():
            np.testing.assert_array_equal(session.run(v), old_checkpoint[v.op.name])


def test_training_begins_with_an_old_checkpoints_weights(old_checkpoint, tmp_path, folders_of_pairs):
    pix2pix.main(["--checkpoint", str(tmp_path / "old"), "--input_dir", str(folders_of_pairs / "train"), "--as_published",
                  "--ngf", "4", "--ndf", "4", "--lr", "0", "--max_steps", "1", "--output_dir", str(tmp_path / "new"),
                  "--val_dir", str(folders_of_pairs / "val")])
    reader = tf.train.load_checkpoint(str(tmp_path / "new" / "model.ckpt-1"))
    for name, array in old_checkpoint.items():
        np.testing.assert_array_equal(reader.get_tensor(name), array)


@pytest.mark.parametrize("flags, words", [
    (["--crop_size", "100"], "--crop_size 100"), (["--scale_size", "200"], "--scale_size 200 is less than --crop_size 256"),
    (["--which_direction", "both"], "'both'"), (["--mode", "test"], "--mode test needs --checkpoint"),
    (["--input_dir", "/nowhere"], "/nowhere does not exist")])
def test_bad_flags_are_one_line(flags, words, capsys, tmp_path):
    assert words in refused(capsys, *flags, *([] if "--mode" in flags else ["--output_dir", tmp_path / "run"]))
    assert not (tmp_path / "run").exists()


def test_pairs_of_portraits_are_known_by_the_shape_of_the_trained(tmp_path):
    """A pair of 30 x 40 pictures is 60 x 40, a single one of the shape of a photograph 48 x 32."""
    for folder, size in (("train", (60, 40)), ("in", (60, 40)), ("single", (30, 40))):
        (tmp_path / folder).mkdir()
        Image.fromarray(np.random.default_rng(0).integers(0, 256, [*size[::-1], 3], np.uint8)).save(tmp_path / folder / "1.png")
    pix2pix.main(["--input_dir", str(tmp_path / "train"), "--output_dir", str(tmp_path / "run"), "--max_steps", "1",
                  "--pair_ratio", "1.5", *FLAGS])
    for folder, holds in (("in", True), ("single", False)):
        pix2pix.main(["--mode", "test", "--checkpoint", str(tmp_path / "run"), "--input_dir", str(tmp_path / folder),
                      "--output_dir", str(tmp_path / ("out-" + folder))])
        assert (rows(tmp_path / ("out-" + folder))[0][3] is not None) == holds


def test_pictures_of_one_name_in_two_folders_stay_two(trained, tmp_path):
    for number, name in enumerate(("a/1.png", "b/1.png", "b/1.jpg")):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.hstack(facades.draw(40, number))).save(tmp_path / "in" / name)
    pix2pix.main(["--mode", "test", "--checkpoint", str(trained), "--input_dir", str(tmp_path / "in"), "--output_dir",
                  str(tmp_path / "out")])
    assert [row[0] for row in rows(tmp_path / "out")] == ["a/1", "b/1.jpg", "b/1.png"]
    assert len({path.read_bytes() for path in (tmp_path / "out").glob("images/**/*-targets.png")}) == 3


def test_a_test_replaces_nobody_elses_files(trained, folders_of_pairs, tmp_path, capsys):
    flags = ["--mode", "test", "--checkpoint", trained, "--input_dir", folders_of_pairs / "val", "--output_dir"]
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "index.html").write_text("mine")
    assert "site holds index.html, which no test wrote there" in refused(capsys, *flags, tmp_path / "site")
    assert (tmp_path / "site" / "index.html").read_text() == "mine"
    shutil.copytree(str(trained), str(tmp_path / "other"))
    assert "other holds" in refused(capsys, *flags, tmp_path / "other")
    assert "from which pictures are read" in refused(capsys, *flags, folders_of_pairs / "val" / "made")


def test_without_a_folder_what_lies_beside_is_tested(trained, folders_of_pairs, tmp_path, capsys):
    pix2pix.main(["--mode", "test", "--checkpoint", str(trained), "--output_dir", str(tmp_path / "out")])
    assert len(rows(tmp_path / "out")) == 3
    pix2pix.main(["--mode", "test", "--checkpoint", str(trained), "--output_dir", str(tmp_path / "out"), "--input_dir",
                  str(folders_of_pairs / "train")])
    assert len(rows(tmp_path / "out")) == 6 and len(list((tmp_path / "out" / "images").iterdir())) == 18
    one = tmp_path / "one"
    one.mkdir()
    shutil.copy(str(folders_of_pairs / "val" / "9.png"), str(one))
    pix2pix.main(["--mode", "test", "--checkpoint", str(trained), "--output_dir", str(tmp_path / "out"), "--input_dir", str(one)])
    assert len(list((tmp_path / "out" / "images").iterdir())) == 3  # those of the tests before are gone


def test_an_interrupted_test_can_be_repeated(trained, folders_of_pairs, tmp_path, monkeypatch):
    def interrupted(*arguments):
        raise KeyboardInterrupt
    flags = ["--mode", "test", "--checkpoint", str(trained), "--input_dir", str(folders_of_pairs / "val"), "--output_dir",
             str(tmp_path / "out")]
    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(judging, "figures", interrupted)
        pix2pix.main(flags)
    pix2pix.main(flags)
    assert len(rows(tmp_path / "out")) == 3


@pytest.mark.parametrize("flag", [["--which_direction", "AtoB"], ["--ngf", "4"], ["--lab_colorization"]])
def test_a_test_cannot_change_the_network(trained, flag, capsys):
    assert "--{} ".format(flag[0][2:]) in refused(capsys, "--mode", "test", "--checkpoint", trained, *flag)


def test_odd_files_among_pairs_are_skipped_by_name(folders_of_pairs, tmp_path):
    shutil.copytree(str(folders_of_pairs / "train"), str(tmp_path / "in"))
    Image.new("RGB", (40, 40)).save(tmp_path / "in" / "single.png")
    pix2pix.main(["--input_dir", str(tmp_path / "in"), "--output_dir", str(tmp_path / "run"), "--max_steps", "1", *FLAGS])
    warnings = (tmp_path / "run" / "warnings.txt").read_text()
    assert "single.png: 40 x 40 pixels" in warnings and "skipped 1 pictures that are no pairs" in warnings


def test_the_folder_above_train_is_refused(folders_of_pairs, tmp_path, capsys):
    assert "has a folder train: name that" in refused(capsys, "--input_dir", folders_of_pairs, "--output_dir", tmp_path / "run")


def test_old_runs_are_tested_on_named_pictures_and_not_resumed(old_checkpoint, tmp_path, capsys):
    assert "--mode test needs --input_dir" in refused(capsys, "--mode", "test", "--checkpoint", tmp_path / "old")
    assert "holds no run to go on with: begin with --checkpoint" in refused(capsys, "--resume", "--output_dir", tmp_path / "old")


def test_single_pictures_are_no_pairs(tmp_path, capsys):
    Image.fromarray(facades.draw(40, 5)[1]).save(tmp_path / "one.png")
    assert "one.png is 40 x 40 pixels, not two pictures side by side" in refused(
        capsys, "--input_dir", tmp_path, "--output_dir", tmp_path / "run")


def test_judge_of_another_size_is_refused(trained, folders_of_pairs, tmp_path, capsys):
    labels.main(["--input_dir", str(folders_of_pairs / "train"), "--crop_size", "64", "--scale_size", "64", "--max_steps", "1",
                 "--width", "1", "--output_dir", str(tmp_path / "judge")])
    assert "reads 64 x 64 pixels, this one draws 32 x 32" in refused(
        capsys, "--mode", "test", "--checkpoint", trained, "--judge", tmp_path / "judge", "--output_dir", tmp_path / "out",
        "--input_dir", folders_of_pairs / "val")
