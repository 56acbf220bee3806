"""What a run says about itself after training: metrics, figures, skipped files; its export."""

import contextlib
import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from data import folders
from data.drawn import faces
from glcic import __main__ as glcic
from glcic import complete, evaluate, inputs, model, windows
from glcic.config import Config
from graphmode import sessions, tf
from graphmode.training import run_folder

METHODS = ("completion", "mean color", "Telea", "Navier-Stokes")


def test_metrics_by_hand():
    images, holes = np.full([2, 12, 12, 3], 100, np.uint8), np.zeros([2, 12, 12], bool)
    holes[0, :6, :6] = holes[1, 6:, 6:] = True
    completed = images.copy()
    completed[0, :6, :6] = 151  # 0.2 of 255 more, in a quarter of one of the two images
    metrics = evaluate.metrics(completed, images, holes)
    assert metrics["hole L1"] == pytest.approx(0.1)
    assert metrics["image L1"] == pytest.approx(0.025)
    assert metrics["hole PSNR"] == pytest.approx((-20 * np.log10(0.2) + 100) / 2)
    assert metrics["image PSNR"] == pytest.approx((-10 * np.log10(0.04 / 4) + 100) / 2)
    assert metrics["hole SSIM"] < metrics["image SSIM"] < 1


def test_images_are_completed_in_parts_of_limited_size(monkeypatch):
    monkeypatch.setattr(evaluate, "LARGEST", 3 * 8 * 8)
    assert evaluate.parts(np.zeros([7, 8, 8, 3])) == [slice(0, 3), slice(3, 6), slice(6, 9)]
    assert len(evaluate.parts(np.zeros([2, 64, 64, 3]))) == 2
    monkeypatch.undo()
    assert evaluate.parts(np.zeros([60, 8, 8, 3]))[0] == slice(0, evaluate.AT_ONCE)


def test_training_ends_with_metrics_beside_those_of_the_baselines(trained, photographs):
    metrics = json.loads((trained / "metrics.json").read_text())
    places, names = ("hole", "image"), ("L1", "PSNR", "SSIM")
    wanted = {f"{a} {b}, {method}" for a in places for b in names for method in METHODS}
    assert wanted < set(metrics)
    best = min(metrics[f"hole L1, {method}"] for method in METHODS[1:])
    below = metrics["hole L1, completion, below the best of the others (%)"]
    assert below == pytest.approx(100 * (1 - metrics["hole L1, completion"] / best))
    assert metrics["test images"] == len(folders.images(photographs).test) > 0
    assert metrics["folder"] == str(photographs)


def test_the_figures_of_a_run(trained, photographs):
    figures = sorted(path.name for path in (trained / "figures").iterdir())
    assert figures == [
        "losses_of_the_discriminators_and_against_them.png",
        "real_holed_imitation_completion_mean_color_Telea_Navier_Stokes.png",
    ]
    count = min(evaluate.SHOWN, len(folders.images(photographs).test))
    with Image.open(trained / "figures" / figures[1]) as figure:
        assert figure.size == (2 * (7 * 33 - 1), 2 * (count * 33 - 1))
    grids = [Image.open(path).size for path in sorted((trained / "samples").glob("*.png"))]
    assert len(grids) == 2 and len(set(grids)) == 1


def test_an_evaluation_has_the_same_holes_each_time(tiny, photographs, monkeypatch):
    """The network that completes does not matter here: one that returns the images."""
    same = contextlib.nullcontext(lambda images, holes: (images, images))
    monkeypatch.setattr(complete, "completer", lambda config: same)
    paths, holes = folders.images(photographs).test, []
    for seed in (0, 0, 1):
        tf.reset_default_graph()
        tf.set_random_seed(seed)
        holes.append(evaluate.completed(tiny(), paths)[1])
    assert (holes[0] == holes[1]).all() and (holes[0] != holes[2]).any()
    assert (holes[0][0] != holes[0][1]).any()


def test_bad_files_are_named_in_the_log_and_counted_in_the_report(trained, photographs):
    warnings = (trained / "warnings.txt").read_text()
    assert "skipped 2 of 42 images\n" in warnings
    assert f"skipped {photographs}/empty.jpg: an empty file\n" in warnings
    assert "skipped 2 of 42 images" in (trained / "report.html").read_text()


def test_a_folder_without_images_is_one_line(short, tmp_path, capsys):
    with pytest.raises(SystemExit) as stopped:
        glcic.main(["--input_dir", str(tmp_path), "--output_dir", str(tmp_path / "run"), *short])
    assert stopped.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith(f"glcic: {tmp_path} contains no images") and error.count("\n") == 1


SCRIPT = """
import sys, numpy as np, tensorflow as tf
given = np.load("in.npz")
loaded = tf.saved_model.load("exported")
image, mask = (tf.constant(given[name]) for name in ("image", "mask"))
np.save("out.npy", loaded.signatures["complete"](image=image, mask=mask)["completed"].numpy())
assert not {"graphmode", "glcic", "tf_slim"} & set(sys.modules)
"""


@pytest.mark.slow
def test_an_exported_model_runs_without_this_project(contrasty, tmp_path):
    photo, hole = faces.draw(1, 70, 9)[0][:53], np.zeros([53, 70], bool)
    hole[40:, 50:] = True  # at two borders, where the network sees mirrored pixels
    flags = ["--mode", "export", "--checkpoint", str(contrasty), "--output"]
    glcic.main([*flags, str(tmp_path / "exported")])
    image, mask = photo[None] / np.float32(255), hole[None, ..., None].astype(np.float32)
    np.savez(tmp_path / "in.npz", image=image, mask=mask)
    command = [sys.executable, "-I", "-c", SCRIPT]
    subprocess.run(command, check=True, cwd=str(tmp_path), capture_output=True)
    exported = np.load(tmp_path / "out.npy")[0]
    np.testing.assert_array_equal(exported[~hole], image[0][~hole])
    tf.reset_default_graph()
    with complete.completer(run_folder.trained(Config, str(contrasty))) as apply:
        completed = windows.in_image(apply, photo, hole)
    assert completed[hole].std(0).min() > 5
    np.testing.assert_allclose(exported * 255, completed, atol=0.501)
    with pytest.raises(SystemExit) as stopped:
        glcic.main([*flags, str(tmp_path / "exported")])
    assert stopped.value.code == 2


def test_the_game_is_measured_at_a_checkpoint(shallow, trained, tmp_path, capsys, monkeypatch):
    config = run_folder.trained(Config, str(trained))
    shutil.copy(trained / "config.json", tmp_path)
    with sessions.graph(config):
        model.build(config.replace(input="feed"), inputs.images(config))
        with sessions.session() as session:
            session.run(tf.global_variables_initializer())
            tf.train.Saver().save(session, str(tmp_path / "model.ckpt"), 6)
    monkeypatch.setattr(glcic.game, "LONGER", 2)
    monkeypatch.setattr(glcic.game, "BATCHES", 2)
    glcic.main(["--mode", "game", "--checkpoint", str(tmp_path)])
    shown = dict(line.strip().rsplit("  ", 1) for line in capsys.readouterr().out.splitlines())
    assert shown["verdict"] in glcic.game.VERDICTS and float(shown["real_loss"]) > 0


@pytest.mark.parametrize("count", [1, 3])
def test_flat_images_and_a_single_one_are_evaluated(count, use, tmp_path):
    folder = tmp_path / "flat"
    folder.mkdir()
    for number in range(count):
        Image.new("RGB", (40, 40), (90, 90, 90)).save(folder / f"{number}.png")
    use("evaluate", "--input_dir", folder, "--output_dir", tmp_path / "out")
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert metrics["test images"] == count and metrics["hole L1, mean color"] == 0
    assert metrics["hole sharpness, Telea"] == 1.0  # nothing is sharper than a flat image
    assert not any("below the best" in name for name in metrics)
    assert any("Frechet" in name for name in metrics) == (count > 1)
