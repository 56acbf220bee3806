"""What a trained GLCIC network is used for: completing, measuring, exporting, from the command line."""

import json
import re
import subprocess
import sys

import numpy as np
from PIL import Image
import pytest
import skimage.metrics

from data import faces, folders
from glcic import __main__ as glcic, baselines, complete, evaluate, game, options, sources
from graphmode import cli, runs, scores, tf

FLAGS = ["--size", "32", "--width", "2", "--batch_size", "4", "--hole_min", "8", "--hole_max", "16", "--max_steps", "6",
         "--completion_steps", "2", "--discriminator_steps", "2", "--summary_freq", "1"]


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    """Forty faces, and files that only look like pictures."""
    folder = tmp_path_factory.mktemp("photographs")
    for number, face in enumerate(faces.draw(40, 44, 3)):
        Image.fromarray(face).save(folder / f"{number}.png")
    (folder / "empty.jpg").touch()
    (folder / "words.png").write_text("no picture")
    return folder


@pytest.fixture(scope="module")
def trained(photographs, tmp_path_factory):
    """A run through all three phases, its evaluation included."""
    folder = tmp_path_factory.mktemp("runs") / "glcic"
    glcic.main(["--input_dir", str(photographs), "--output_dir", str(folder), *FLAGS])
    return folder


@pytest.fixture
def photograph(tmp_path):
    """photo.png, 70 x 53 pixels, and hole.png with a round hole."""
    photo, rows, columns = faces.draw(1, 70, 9)[0][:53], *np.mgrid[:53, :70]
    hole = (rows - 20) ** 2 + (columns - 40) ** 2 < 50
    Image.fromarray(photo).save(tmp_path / "photo.png")
    Image.fromarray(hole).save(tmp_path / "hole.png")
    return photo, hole


def run(trained, mode, *flags):
    glcic.main(["--mode", mode, "--checkpoint", str(trained), *map(str, flags)])


def test_bad_files_are_named_in_the_log_and_counted_in_the_report(trained, photographs):
    warnings = runs.path(trained, "warnings.txt").read_text()
    assert "skipped 2 of 42 pictures\n" in warnings and f"skipped {photographs}/empty.jpg: an empty file\n" in warnings
    assert "skipped 2 of 42 pictures" in runs.path(trained, "report.html").read_text()


def test_training_ends_with_figures_beside_the_baselines(trained, photographs):
    metrics = json.loads(runs.path(trained, "metrics.json").read_text())
    methods = ("completion", "mean colour", "Telea", "Navier-Stokes")
    assert {f"{place} {figure}, {method}" for place in ("hole", "picture") for figure in ("L1", "PSNR", "SSIM")
            for method in methods} < set(metrics)
    best = min(metrics[f"hole L1, {method}"] for method in methods[1:])
    assert metrics["hole L1, completion, below the best of the others (%)"] == pytest.approx(
        100 * (1 - metrics["hole L1, completion"] / best))
    assert metrics["pictures not trained on"] == len(folders.pictures(photographs).test) > 0
    assert len(list(runs.path(trained, "figures").glob("*.png"))) == 2 and runs.read_scalars(trained)[-1]["phase"] == "joint"
    grids = [Image.open(path).size for path in sorted(runs.path(trained, "samples").glob("*.png"))]
    assert len(grids) == 2 and len(set(grids)) == 1


def test_only_pictures_that_training_did_not_use_are_judged(trained, tmp_path, photographs, monkeypatch):
    held_out = folders.pictures(photographs).test
    for number in range(5):
        Image.open(photographs / f"{number}.png").save(tmp_path / f"{number}.png")
    config = cli.saved("glcic", options.Config, str(trained))
    assert sources.unseen(config) == held_out
    assert len(sources.unseen(config._replace(input_dir=str(tmp_path)))) == 5
    monkeypatch.chdir(photographs.parent)
    by_another_name = sources.unseen(config._replace(input_dir=photographs.name))
    assert [path.resolve() for path in by_another_name] == held_out
    (tmp_path / "all").symlink_to(photographs)
    both = [path for path in sources.unseen(config._replace(input_dir=str(photographs.parent))) if path.parent == photographs]
    assert both == held_out


def test_a_training_that_leaves_nothing_to_judge_by_is_good_nevertheless(tmp_path, capsys):
    """The hash takes both of these for training."""
    for name, face in zip("ab", faces.draw(2, 44, 3)):
        (tmp_path / "photos").mkdir(exist_ok=True)
        Image.fromarray(face).save(tmp_path / "photos" / f"{name}.png")
    assert not folders.pictures(tmp_path / "photos").test
    glcic.main(["--input_dir", str(tmp_path / "photos"), "--output_dir", str(tmp_path / "run"), *FLAGS])
    assert "warning: no evaluate: no picture is left for testing" in capsys.readouterr().err
    assert runs.last_step(tmp_path / "run") == 6


def test_what_lies_under_the_hole_is_not_seen_at_the_border_either(trained):
    picture, hole = faces.draw(1, 70, 9)[0][:53], np.zeros([53, 70], bool)
    hole[40:, 55:] = True
    config = cli.saved("glcic", options.Config, str(trained))
    with complete.completer(config) as apply:
        other = np.where(hole[..., None], np.uint8(255) - picture, picture)
        np.testing.assert_array_equal(complete.in_picture(apply, picture, hole)[hole], complete.in_picture(apply, other, hole)[hole])


@pytest.mark.parametrize("flags", [[], ["--region", "window"], ["--region", "picture", "--postprocess", "telea"],
                                   ["--postprocess", "seamless"]], ids=" ".join)
def test_a_picture_is_completed_inside_its_hole_alone(trained, tmp_path, photograph, flags):
    photo, hole = photograph
    run(trained, "complete", "--image", tmp_path / "photo.png", "--mask", tmp_path / "hole.png", "--output", tmp_path / "out.png",
        *flags)
    completed = folders.decode(tmp_path / "out.png")
    assert (completed[~hole] == photo[~hole]).all()
    assert (completed[hole] != photo[hole]).any(1).mean() > 0.9


@pytest.mark.parametrize("shape, box", [((53, 70), (0, 0, 8, 8)), ((40, 90), (5, 3, 30, 80)), ((64, 64), (0, 0, 64, 63)),
                                        ((9, 12), (2, 2, 3, 3)), ((33, 32), (32, 31, 1, 1))])
def test_windows_hold_the_hole_at_the_scale_of_the_training(shape, box):
    """An `apply` that paints red: all of the hole turns red, whatever was resized."""
    picture = np.random.default_rng(0).integers(0, 90, [*shape, 3]).astype(np.uint8)
    hole = np.zeros(shape, bool)
    hole[box[0]:box[0] + box[2], box[1]:box[1] + box[3]] = True

    def apply(pictures, holes):
        assert not any(side % 4 for side in pictures.shape[1:3]) and max(pictures.shape) <= max(32, shape[1] + 3)
        assert max(np.ptp(places) for places in np.nonzero(holes[0])) < 16 + 3
        return None, np.broadcast_to(np.uint8([255, 0, 0]), pictures.shape)
    completed = complete.in_window(apply, picture, hole, size=32, hole_max=16)
    assert (completed[hole] == [255, 0, 0]).all() and (completed[~hole] == picture[~hole]).all()


@pytest.mark.parametrize("flags, message", [
    (["--image", "photo.png"], "needs --mask"),
    (["--image", "photo.png", "--mask", "other.png"], "other.png is 70 x 54 pixels, the picture 70 x 53"),
    (["--image", "photo.png", "--mask", "black.png"], "black.png has no white pixel"),
    (["--image", "photo.png", "--mask", "hole.png", "--output", "out.jpg"], "--output out.jpg: only a .png keeps"),
    (["--image", "gone.png", "--mask", "hole.png"], "gone.png: No such file"),
    (["--image", "photo.png", "--mask", "hole.png", "--output", "photo.png"], "--output photo.png would replace"), ([], "needs --image PICTURE and --mask MASK")])
def test_what_cannot_be_completed_is_one_line(trained, tmp_path, photograph, monkeypatch, capsys, flags, message):
    monkeypatch.chdir(tmp_path)
    Image.new("L", (70, 54), 255).save("other.png")
    Image.new("L", (70, 53)).save("black.png")
    with pytest.raises(SystemExit) as stopped:
        run(trained, "complete", *flags)
    assert stopped.value.code == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


def test_a_folder_without_pictures_is_one_line(tmp_path, capsys):
    with pytest.raises(SystemExit) as stopped:
        glcic.main(["--input_dir", str(tmp_path), "--output_dir", str(tmp_path / "run"), *FLAGS])
    assert stopped.value.code == 2
    assert re.fullmatch(f"glcic: {tmp_path} holds no pictures.*\n", capsys.readouterr().err)


def test_folders_are_completed_with_random_holes(trained, tmp_path):
    source, target = tmp_path / "in", tmp_path / "out"
    (source / "sub").mkdir(parents=True)
    shapes = {"a.png": (40, 61), "sub/b.jpg": (90, 33), "tiny.png": (6, 7)}
    for name, shape in shapes.items():
        Image.fromarray(faces.draw(1, 90, 1)[0][:shape[0], :shape[1]]).save(source / name)
    run(trained, "complete", "--input_dir", source, "--random_holes", "2", "--output", target)
    for name, shape in shapes.items():
        original, holes = folders.decode(source / name), []
        for number in (1, 2):
            completed, holed = (folders.decode(target / f"{name}-{number}{end}.png") for end in ("", "_holed"))
            hole = (holed != original).any(2)
            holes.append(hole)
            assert completed.shape[:2] == shape and hole.any() and (completed[~hole] == original[~hole]).all()
        assert (holes[0] != holes[1]).any()


def test_exported_model_runs_without_this_project(trained, tmp_path, photograph):
    photo, hole = photograph
    run(trained, "export", "--output", tmp_path / "exported")
    np.savez(tmp_path / "in.npz", image=photo[None] / np.float32(255), mask=hole[None, ..., None].astype(np.float32))
    script = """if True:
        import sys, numpy as np, tensorflow as tf
        given = np.load("in.npz")
        loaded = tf.saved_model.load("exported")
        made = loaded.signatures["complete"](image=tf.constant(given["image"]), mask=tf.constant(given["mask"]))["completed"]
        np.save("out.npy", made.numpy())
        assert not {"graphmode", "glcic", "tf_slim"} & set(sys.modules)
    """
    subprocess.run([sys.executable, "-I", "-c", script], check=True, cwd=str(tmp_path), capture_output=True)
    exported = np.load(tmp_path / "out.npy")[0]
    np.testing.assert_array_equal(exported[~hole], photo[~hole] / np.float32(255))
    tf.reset_default_graph()
    config = cli.saved("glcic", options.Config, str(trained))
    with complete.completer(config) as apply:
        np.testing.assert_allclose(exported * 255, complete.in_picture(apply, photo, hole), atol=0.501)
    with pytest.raises(SystemExit):
        run(trained, "export", "--output", tmp_path / "exported")


def test_figures_by_hand():
    pictures, holes = np.full([2, 12, 12, 3], 100, np.uint8), np.zeros([2, 12, 12], bool)
    holes[0, :6, :6] = holes[1, 6:, 6:] = True
    made = pictures.copy()
    made[0, :6, :6] = 151  # .2 of 255
    found = evaluate.figures(made, pictures, holes)
    assert found["hole L1"] == pytest.approx(0.1) and found["picture L1"] == pytest.approx(0.025)
    assert found["hole PSNR"] == pytest.approx((-20 * np.log10(0.2) + 100) / 2)
    assert found["hole SSIM"] < found["picture SSIM"] < 1


def test_ssim_is_skimages():
    random = np.random.default_rng(0)
    first = random.random([3, 30, 41, 3])
    second = np.clip(first + random.normal(0, 0.1, first.shape), 0, 1)
    for mine, a, b in zip(scores.ssim_map(first, second), first, second):
        _, theirs = skimage.metrics.structural_similarity(a, b, gaussian_weights=True, sigma=1.5, use_sample_covariance=False,
                                                          data_range=1.0, channel_axis=2, full=True)
        np.testing.assert_allclose(mine, theirs.mean(2), atol=1e-9)


def test_a_hole_of_another_brightness_is_blended_in():
    photo = faces.draw(1, 80, 4)[0]
    for box in ((30, 20, 24, 30), (0, 0, 20, 20), (60, 30, 20, 30)):
        hole = np.zeros([80, 80], bool)
        hole[box[0]:box[0] + box[2], box[1]:box[1] + box[3]] = True
        brighter = np.where(hole[..., None], np.minimum(photo.astype(int) + 40, 255), photo).astype(np.uint8)
        seen = np.where(hole[..., None], np.uint8(255), photo)
        errors = [np.abs(baselines.smooth(brighter, seen, hole, how).astype(int) - photo)[hole].mean()
                  for how in ("none", "telea", "seamless")]
        assert errors[2] < errors[1] < errors[0] and errors[2] < 0.6 * errors[0]


def test_the_game_is_measured_at_a_checkpoint(trained, capsys, monkeypatch):
    monkeypatch.setattr(game, "LONGER", 4)
    run(trained, "game")
    shown = dict(line.rsplit("  ", 1) for line in capsys.readouterr().out.splitlines())
    shown = {name.strip(): value for name, value in shown.items()}
    assert shown["verdict"] in ("fights", "no effect", "D wins") and float(shown["gradient, adversarial"]) > 0
    assert {"fake_loss, G alone", "fake_loss, G by MSE", "loss, D's answer"} <= set(shown)


def test_without_opencv_it_is_named(trained, tmp_path, photograph, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "cv2", None)
    assert list(evaluate.fillers()) == ["mean colour"]
    assert "pip install opencv-python-headless" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        run(trained, "complete", "--image", tmp_path / "photo.png", "--mask", tmp_path / "hole.png", "--postprocess", "seamless")
    assert re.fullmatch("glcic: opencv-python-headless is not installed .*\n", capsys.readouterr().err)
