"""Whether a run went well: what the rules say about runs whose numbers are known.

The numbers are those of runs of this project's programs, shortened.
"""

import csv
import json

import pytest

from graphmode.report import contents, verdict
from graphmode.training import run_folder

GLCIC = {  # hole L1, PSNR and SSIM of the completion, the mean color and Telea's method
    "worse": ((0.139, 16.1, 0.39), (0.159, 15.0, 0.37), (0.083, 17.6, 0.47)),
    "better": ((0.087, 19.2, 0.55), (0.189, 13.4, 0.22), (0.116, 16.3, 0.39)),
}


def completion(name):
    own, mean, telea = GLCIC[name]
    methods = {"completion": own, "mean color": mean, "Telea": telea}
    return {
        f"hole {quantity}, {method}": values[place]
        for place, quantity in enumerate(("L1", "PSNR", "SSIM"))
        for method, values in methods.items()
    }


def fight(*rows):
    """Rows of a GAN: discriminator_loss, generator_loss, diversity."""
    names = ("discriminator_loss", "generator_loss", "diversity")
    return {name: [row[place] for row in rows] for place, name in enumerate(names)}


def falling(first, last, rows=20):
    return [last + (first - last) * 0.5**row for row in range(rows)]


ELBO = {"active units": 20, "latent size": 20}
SAMPLES = {
    "samples: digits covered": 10,
    "real test digits: digits covered": 10,
    "samples: classified with p over 0.9": 0.76,
}
JOINT = {"mse": falling(0.3, 0.06), "adversarial_loss": [0.73] * 20, "fake_loss": [0.66] * 20}
RUNS = {
    "vae": (2000, {"loss": falling(309, 101)}, ELBO, "good", "Went well"),
    "gan": (3500, fight(*[(1.24, 0.98, 0.99)] * 9), SAMPLES, "good", "Went well"),
    "gan, not evaluated": (3000, fight(*[(1.29, 0.9, 0.95)] * 9), {}, "good", "Went well"),
    "glcic": (4500, JOINT, completion("better"), "good", "Went well"),
    "cae": (1500, {"loss": falling(0.1, 0.005)}, {"test PSNR (dB)": 22.8}, "good", "Went well"),
    "cae, lr 0.1": (
        600,
        {"loss": [0.104, 0.1024, 0.1029, 0.1026, 0.1026, 0.1026]},
        {"test PSNR (dB)": 10.3},
        "bad",
        "Has not learned",
    ),
    "gan, lr 0.02": (
        500,
        fight((7.8, 33, 3e-4), *[(6e-8, 27, 0.0)] * 4),
        {},
        "bad",
        "Discriminator wins",
    ),
    "gan, collapsed": (2000, fight(*[(0.9, 1.2, 0.02)] * 20), {}, "bad", "Collapsed"),
    "gan, early": (300, fight((1.2, 1.2, 0.01), (1.4, 1.2, 0.03)), {}, "bad", "Undertrained"),
    "gan, lr 0.004": (
        471,
        fight((1.4, 1.2, 0.01), (1.5, 1.2, 0.13), (0.7, 8.7, 0.02), (7e-4, 8.7, 4e-5)),
        {},
        "bad",
        "Discriminator wins",
    ),
    "gan, collapses soon": (400, fight((1.4, 1.2, 0.5), (1.3, 1.2, 0.2)), {}, "bad", "Collapsed"),
    "dcgan, early": (300, fight(*[(1.2, 1.0, 1.1)] * 3), {}, "fair", "Too early to say"),
    "dcgan without update ops": (
        700,
        {**fight(*[(1.2, 1.0, 1.1)] * 7), "averages_gap": [0.67] * 7},
        {},
        "bad",
        "Stale moving averages",
    ),
    "vae, early": (250, {"loss": falling(309, 190)}, ELBO, "fair", "Too early to say"),
    "vae, 20 steps": (20, {"loss": [529.0]}, {**ELBO, "active units": 0}, "bad", "Undertrained"),
    "vae, as published": (
        2000,
        {"loss": falling(0.3, 0.067)},
        {**ELBO, "active units": 0},
        "bad",
        "Posterior collapse",
    ),
    "glcic, too short": (400, JOINT, completion("worse"), "bad", "Worse than the baseline"),
    "glcic without update ops": (
        400,
        {"mse": falling(0.3, 0.02)},
        completion("worse"),
        "bad",
        "Works in training only",
    ),
    "glcic, wrong label": (
        4500,
        {**JOINT, "fake_loss": [0.05] * 20, "adversarial_loss": [0.05] * 20},
        completion("better"),
        "bad",
        "Wrong label",
    ),
    "pix2pix, still falling": (
        2000,
        {"gen_loss_L1": [1.0 - 0.04 * row for row in range(20)]},
        {},
        "fair",
        "Still learning",
    ),
    "cae, diverges": (
        1000,
        {"loss": [0.1, 0.05, 0.02, 0.01, 0.01, 0.05, 0.2, 0.3, 0.5, 0.6]},
        {"test PSNR (dB)": 20.0},
        "bad",
        "Diverges",
    ),
}


def run_of(settings, steps, scalars, metrics, warning="", made=None):
    with run_folder.started(settings()) as folder:
        pass
    rows = len(next(iter(scalars.values())))
    with open(folder / "scalars.csv", "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["step", "phase", *scalars])
        for row in range(rows):
            values = [numbers[row] for numbers in scalars.values()]
            writer.writerow([steps * (row + 1) // rows, "train", *values])
    (folder / "metrics.json").write_text(json.dumps(metrics))
    (folder / "run.json").write_text(json.dumps(made or {}))
    if warning:
        run_folder.warn(folder, warning, aloud=False)
    return contents.read(folder)


@pytest.mark.parametrize("name", RUNS)
def test_the_verdict_is_right(name, settings):
    steps, scalars, metrics, level, title = RUNS[name]
    first, *_ = verdict.judge(run_of(settings, steps, scalars, metrics))
    assert first.level == level and first.title == title, first


def test_the_reason_has_the_numbers(settings):
    steps, scalars, metrics, *_ = RUNS["glcic, too short"]
    [first, *_] = verdict.judge(run_of(settings, steps, scalars, metrics))
    assert "a method that learns nothing: hole L1 0.139, Telea 0.083." in first.text


def test_a_run_with_fewer_steps_than_usual_is_undertrained(settings):
    made = {"changed": {"max_steps": [400, 11600]}, "steps": 400}
    steps, scalars, metrics, *_ = RUNS["glcic, too short"]
    [first, *_] = verdict.judge(run_of(settings, steps, scalars, metrics, made=made))
    assert first.title == "Undertrained" and "400 steps, 11,600 are usual" in first.text


@pytest.mark.parametrize("level, step", [("bad", 600), ("fair", 2000)])
def test_a_run_that_was_stopped_is_not_finished(settings, level, step):
    _, scalars, metrics, *_ = RUNS["vae"]
    [first] = verdict.judge(run_of(settings, step, scalars, metrics, made={"steps": 3000}))
    assert (first.level, first.title) == (level, "Not finished") and "of 3,000" in first.text


def test_numbers_that_are_not_finite_and_alarms_come_from_the_warnings(settings):
    _, scalars, metrics, *_ = RUNS["vae"]
    lines = "loss is nan at step 7; no checkpoint was saved", "step 1500: generator collapses: x"
    for line, level, title in zip(lines, ("bad", "fair"), ("Diverged", "An alarm rang")):
        run = run_of(lambda **more: settings(overwrite=True), 2000, scalars, metrics, line)
        [first] = verdict.judge(run)
        assert (first.level, first.title) == (level, title) and line.split(";")[0] in first.text


def test_a_good_run_that_still_learns_is_good_and_says_so(settings):
    steps, scalars, *_ = RUNS["pix2pix, still falling"]
    metrics = {"L1, output": 0.11, "L1, mean training target": 0.14}
    [first] = verdict.judge(run_of(settings, steps, scalars, metrics))
    assert first.level == "good" and "was still falling" in first.text


def test_a_fight_with_even_losses_has_the_right_label(settings):
    """With logits of 0 both losses are ln 2, and the bound is met exactly."""
    scalars = {"fake_loss": [0.6931] * 6, "adversarial_loss": [0.6932] * 6}
    assert verdict.judge(run_of(settings, 2000, scalars, {}))[0].level == "good"
