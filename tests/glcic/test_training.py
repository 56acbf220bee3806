"""Runs of GLCIC that are stopped and continued: phases, optimizers, longer runs."""

import shutil

import numpy as np
import pytest
from PIL import Image

from data import folders
from data.drawn import faces
from glcic import __main__ as glcic
from glcic import model
from graphmode import tf, training
from graphmode.training import run_folder, scalar_log


class Killed(BaseException):
    """Stands for SIGKILL: nothing is saved between the end and the continuation."""


@pytest.mark.slow
def test_killed_in_each_phase_it_continues_in_the_right_one_with_the_right_optimizer(
    shallow, tiny, images
):
    saved = []

    def death(step, folder):
        def alarm(rows):
            if rows[-1]["step"] == step:
                saved.append(run_folder.last_step(folder))
                raise Killed

        return alarm

    for number, step in enumerate((3, 7, 11, None)):
        tf.reset_default_graph()
        config = tiny(
            resume=number > 0,
            max_steps=12,
            completion_steps=4,
            discriminator_steps=4,
            save_freq=2,
        )
        built = model.build(config, images)._replace(alarms=[death(step, config.output_dir)])
        if step:
            with pytest.raises(Killed):
                training.fit(built, config)
        else:
            training.fit(built, config)
    assert saved == [2, 6, 10]
    phases = [row["phase"] for row in scalar_log.read(config.output_dir)]
    assert phases == ["completion"] * 4 + ["discriminator"] * 4 + ["joint"] * 4
    reader = tf.train.load_checkpoint(str(run_folder.find_checkpoint(config.output_dir)))
    names = [name for name in reader.get_variable_to_shape_map() if "beta1_power" in name]
    powers = [float(reader.get_tensor(name)) for name in names]
    # Each network has made 8 steps, in two phases.
    assert powers == pytest.approx([0.5**9, 0.5**9])


@pytest.fixture
def copied(trained, tmp_path):
    """A copy of the trained run, to be continued."""
    return shutil.copytree(trained, tmp_path / "copied")


def test_more_steps_go_into_the_last_phase_also_without_test_images(
    trained, copied, tmp_path, capsys
):
    """The run of six steps has 4, 1 and 1 in its phases; with eight steps it has 4, 1 and 3.

    The hash takes both of the new images for training.
    """
    source = tmp_path / "photos"
    source.mkdir()
    for name, face in zip("ab", faces.draw(2, 44, 3)):
        Image.fromarray(face).save(source / f"{name}.png")
    assert not folders.images(source).test
    rows = scalar_log.read(trained)
    assert [row["phase"] for row in rows] == ["completion"] * 4 + ["discriminator", "joint"]
    assert all(np.isfinite(float(row["mse"])) for row in rows)
    assert [bool(row["fake_loss"]) for row in rows] == [False] * 4 + [True] * 2
    assert rows[-1]["adversarial_loss"] != rows[-1]["fake_loss"]
    more = ["--input_dir", str(source), "--max_steps", "8"]
    glcic.main(["--resume", "--output_dir", str(copied), *more])
    phases = [row["phase"] for row in scalar_log.read(copied)]
    assert phases == ["completion"] * 4 + ["discriminator"] + ["joint"] * 3
    assert run_folder.last_step(copied) == 8
    assert f"warning: no evaluate: --input_dir {source} has no image" in capsys.readouterr().err


def test_phases_without_steps_are_named(shallow, photographs, short, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(training, "fit", lambda built, config: None)
    folder = str(tmp_path / "run")
    more = ["--input_dir", str(photographs), "--output_dir", folder, "--completion_steps", "6"]
    config = glcic.cli.parse(glcic.Config, ["train"], "GLCIC.", [*short, *more])
    glcic.train(config)
    assert "no steps for the phases: discriminator, joint (see" in capsys.readouterr().err
