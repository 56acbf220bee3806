"""Settings of pix2pix: what fits together, presets, and the runs of earlier versions."""

import json
import pathlib
import subprocess
import sys

import pytest

from graphmode import cli, errors
from graphmode.training import run_folder
from pix2pix import segmentation
from pix2pix.config import Config

ROOT = pathlib.Path(__file__).parents[2]

# From config.json of a run of `--preset small` before flags had their names of today
FORMER = {
    "program": "pix2pix",
    "mode": "train",
    "as_published": False,
    "max_steps": 6,
    "max_epochs": 50,
    "batch_size": 1,
    "preset": "small",
    "which_direction": "BtoA",
    "ngf": 16,
    "ndf": 16,
    "scale_size": 72,
    "crop_size": 64,
    "crop_width": 0,
    "gan_weight": 0.3,
    "conv": "tf_nn",
    "pair_ratio": 2.0,
    "judge": "runs/labels",
}


def stored(folder, program, content, step=6):
    """A run's folder with this config.json, and the names of a checkpoint's files."""
    folder.mkdir()
    text = json.dumps({"program": program, "config": content})
    (folder / "config.json").write_text(text)
    for ending in ("index", "data-00000-of-00001"):
        (folder / f"model.ckpt-{step}.{ending}").touch()
    return folder


def parsed(*arguments):
    return cli.parse(Config, ["train", "test"], "", list(map(str, arguments)))


def test_runs_before_the_flags_were_renamed_are_known(tmp_path):
    run = stored(tmp_path / "run", "pix2pix", FORMER)
    config = parsed("--mode", "test", "--checkpoint", run)
    assert (config.conv, config.ngf, config.size) == ("nn", 16, (64, 64))
    assert (config.which_direction, config.pair_ratio) == ("BtoA", 2.0)
    assert config.segmentation == ""  # belongs to one test, not to the run


def test_a_resumed_run_keeps_its_folder_and_its_segmentation(tmp_path):
    run = stored(tmp_path / "run", "pix2pix", {**FORMER, "input_dir": str(tmp_path)})
    resumed = parsed("--resume", "--output_dir", run, "--max_steps", 9)
    assert (resumed.input_dir, resumed.segmentation) == (str(tmp_path), "runs/labels")
    assert (resumed.conv, resumed.max_steps) == ("nn", 9)


def test_runs_of_the_segmentation_under_its_former_name_are_known(tmp_path):
    run = stored(
        tmp_path / "run", "pix2pix.labels", {"width": 5, "crop_size": 64, "scale_size": 72}
    )
    config = run_folder.trained(segmentation.Config, run)
    assert (config.width, config.size) == (5, (64, 64))


def test_the_former_flag_names_the_new_one(capsys):
    with pytest.raises(errors.InputError, match="--judge.* it is now --segmentation"):
        parsed("--judge", "runs/labels")


def test_the_small_preset_changes_what_is_not_given():
    config = parsed("--preset", "small", "--ngf", 8)
    assert (config.size, config.scale_size, config.ngf, config.ndf) == ((64, 64), 72, 8, 16)
    assert (config.gan_weight, config.max_epochs, config.display_freq) == (0.3, 50, 2000)
    full = Config()
    assert (full.size, full.scale_size, full.ngf, full.ndf) == ((256, 256), 286, 64, 64)
    assert (full.lr, full.beta1, full.l1_weight, full.gan_weight) == (0.0002, 0.5, 100.0, 1.0)
    assert (full.batch_size, full.max_epochs, full.save_freq) == (1, 200, 5000)
    small = segmentation.Config.create(preset="small")
    assert (small.size, small.scale_size, small.batch_size) == ((64, 64), 72, 8)


@pytest.mark.parametrize("owner", [Config, segmentation.Config])
@pytest.mark.parametrize(
    "values, words",
    [
        ({"crop_size": 100}, "--crop_size 100 is not a multiple of 32"),
        ({"crop_width": 300}, "--crop_width 300 is not a multiple of 32"),
        ({"scale_size": 200}, "--scale_size 200 is less than --crop_size 256"),
    ],
)
def test_sizes_must_fit_together(owner, values, words):
    with pytest.raises(errors.InputError, match=words):
        owner.create(**values)


def test_sizes():
    assert Config.create(crop_width=512).size == (256, 512)
    assert Config.create().channels == (3, 3)
    assert Config.create(lab_colorization=True).channels == (1, 2)
    assert Config.create(lab_colorization=True, which_direction="BtoA").channels == (2, 1)


@pytest.mark.parametrize(
    "flags, words",
    [
        (["--crop_size", "100"], "--crop_size 100"),
        (["--which_direction", "both"], "'both'"),
        (["--conv", "tf_nn"], "'tf_nn'"),
        (["--aspect_ratio", "0"], "--aspect_ratio '0' is not a number"),
        (["--mode", "test"], "--mode test needs --checkpoint"),
        (["--input_dir", "/nowhere"], "/nowhere does not exist"),
    ],
)
def test_a_mistake_is_one_line_and_leaves_no_run(flags, words, refused, tmp_path):
    assert words in refused(*flags, "--output_dir", tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "flag",
    [
        ["--which_direction", "AtoB"],
        ["--ngf", "4"],
        ["--ndf", "4"],
        ["--conv", "layers"],
        ["--norm", "none"],
        ["--lab_colorization"],
        ["--as_published"],
    ],
)
def test_a_test_cannot_change_the_network(flag, refused, tmp_path):
    settings = {**FORMER, "norm": "batch", "lab_colorization": False}
    run = stored(tmp_path / "run", "pix2pix", settings)
    line = refused("--mode", "test", "--checkpoint", run, *flag)
    assert f"{flag[0]} " in line and "contradicts the run" in line


def test_help_does_not_wait_for_tensorflow():
    """Nor for other slow libraries: the modules are imported without them."""
    code = """
import sys
import pix2pix.__main__, pix2pix.segmentation, pix2pix.serve.__main__
import pix2pix.tools.process, pix2pix.tools.split
print({"tensorflow", "tf_slim", "matplotlib", "flask", "cv2"} & set(sys.modules))
"""
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert run.stdout == "set()\n"
