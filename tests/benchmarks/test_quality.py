"""Time to quality: which checkpoint reaches a target, and when it was written."""

import mnist_files
import pytest

from benchmarks import quality
from gan_book import vae
from graphmode import files

UP = ("ELBO", -100.0, True)


def curve(*values):
    return [
        {"step": 10 * number, "seconds": 2.5 * number, "ELBO": value}
        for number, value in enumerate(values, 1)
    ]


def test_the_first_checkpoint_that_is_good_enough_counts():
    rows = curve(-120.0, -99.0, -101.0, -98.0)
    assert quality.reached(rows, *UP)["step"] == 20
    assert quality.reached(rows, "ELBO", -110.0, False)["step"] == 10
    assert quality.reached(rows, "ELBO", -90.0, True) is None
    goal = quality.GOALS["vae"]._replace(targets=[UP, ("ELBO", -98.5, True)])
    assert list(quality.summary(goal, [rows, curve(-120.0, -110.0, -99.0)])) == [
        "ELBO -100: 6 s, step 25 (each seed: 5, 8 s)",
        "ELBO -98.5: not reached by 1 of 2 seeds",
    ]


def test_each_checkpoint_is_measured_once_with_its_own_time(tmp_path):
    folder = tmp_path / "run"
    digits = mnist_files.write(tmp_path / "mnist")
    flags = ["--data", "mnist", "--input_dir", str(digits), "--batch_size", "2", "--max_steps", "2"]
    vae.main(
        [*flags, "--save_freq", "1", "--display_freq", "0", "--importance_samples", "1"]
        + ["--output_dir", str(folder)]
    )
    rows = quality.measured(quality.GOALS["vae"], folder)
    assert [row["step"] for row in rows] == [1, 2] and all(row["ELBO"] < -200 for row in rows)
    assert 0 < rows[0]["seconds"] <= rows[1]["seconds"] < 60
    goal = quality.Goal("", vae.Config, lambda config: pytest.fail("measured again"), [], 1)
    assert quality.measured(goal, folder) == rows
    assert files.path(folder, "curve.json").exists()
