"""The chapter's programs as a user runs them: each from training to its report, by seed, killed and gone on with, and the demo."""

import html
import importlib
import json
import subprocess
import sys
import time
import types

import numpy as np
import pytest

import data
import data.facades
import data.faces
from gan_book import began, cae, cgan, dcgan, demo, gan, metrics, vae, wgan
from graphmode import runs, tf


@pytest.mark.parametrize("program, as_published", [
    *((program, False) for program in (cae, vae, gan, dcgan, cgan, wgan, began, metrics)),
    *((program, True) for program in (vae, gan, dcgan, cgan))],
    ids=lambda value: value if isinstance(value, bool) else value.__name__)
def test_every_program_trains_draws_and_evaluates(program, as_published, tmp_path, monkeypatch, digits):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(data.digits, "load", lambda: digits)
    monkeypatch.setattr(metrics.Config, "_field_defaults", {**metrics.Config._field_defaults, "max_epochs": 1})
    monkeypatch.setattr(gan, "JUDGED", 400)
    extra = ["--latent_size", "2"] if program in (cae, vae) else []
    extra += ["--importance_images", "2"] if program is vae else []
    program.main(["--output_dir", "run", "--max_steps", "2", "--batch_size", "16", *extra,
                  *(["--as_published"] if as_published else [])])
    if program is not metrics:
        program.main(["--mode", "sample", "--checkpoint", "run", "--count", "7"])
        assert np.load("run/samples.npz")["images"].shape == (7, 28, 28)
    program.main(["--mode", "evaluate", "--checkpoint", "run"])
    figures = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert all(np.isfinite(number) for number in figures.values())
    if program is vae:
        elbo = figures["test ELBO (nats per image)"]
        likelihood, kl = figures["test log-likelihood of x given z (nats)"], figures["test KL (nats)"]
        assert elbo == pytest.approx(likelihood - kl, rel=1e-5) and likelihood < -100 and kl > 0
    if program is cae:
        assert 0 <= figures["test PSNR (dB)"] + 10 * np.log10(figures["test mean squared error"]) < 1
    page = html.unescape((tmp_path / "run" / "report.html").read_text())
    assert all(name in page for name in figures)
    assert program is not cae or "latent space" in page


def run_program(*flags):
    return subprocess.run([sys.executable, "-m", *flags], capture_output=True, text=True, timeout=120)


def test_same_seed_same_scalars_byte_for_byte(tmp_path):
    flags = ["--max_steps", "20", "--summary_freq", "5"]
    result = run_program("gan_book.gan", *flags, "--seed", "3", "--output_dir", str(tmp_path / "a"))
    assert result.returncode == 0, result.stderr
    for name, seed in (("b", "3"), ("c", "4")):
        gan.main([*flags, "--seed", seed, "--output_dir", str(tmp_path / name)])
    a, b, c = ((tmp_path / name / "scalars.csv").read_bytes() for name in "abc")
    assert a == b != c and a.count(b"\n") == 5


def test_killed_outright_it_resumes_at_the_last_checkpoint(tmp_path):
    folder = tmp_path / "run"
    flags = ["gan_book.vae", "--output_dir", str(folder), "--max_steps", "100000", "--save_freq", "20", "--summary_freq", "10",
             "--display_freq", "0", "--importance_images", "2"]
    child = subprocess.Popen([sys.executable, "-m", *flags], stderr=subprocess.PIPE)
    deadline = time.time() + 60
    while runs.last_step(folder) < 40 and time.time() < deadline:
        time.sleep(0.05)
    child.kill()
    child.communicate()
    step = runs.last_step(folder)
    assert step >= 40
    assert run_program("gan_book.vae", "--output_dir", str(folder)).returncode == 2  # unasked, it touches nothing
    result = run_program("gan_book.vae", "--output_dir", str(folder), "--resume", "--max_steps", str(step + 15))
    assert result.returncode == 0, result.stderr
    assert [int(row["step"]) for row in runs.read_scalars(folder)] == [*range(10, step + 15, 10), step + 15]
    assert runs.last_step(folder) == step + 15
    saved = tf.train.load_checkpoint(str(runs.find_checkpoint(folder)))
    assert saved.get_tensor("global_step") == step + 15


def test_demo_makes_one_page(tmp_path, monkeypatch, digits):
    def run_here(command):
        assert command[:2] == [sys.executable, "-m"]
        with tf.Graph().as_default():
            importlib.import_module(command[2] + ".__main__").main(command[3:])
        return subprocess.CompletedProcess(command, 0)

    drawn = data.faces.folder
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(data.digits, "load", lambda: digits)
    monkeypatch.setattr(data.faces, "folder", lambda size: drawn(size, 40))
    monkeypatch.setattr(data.facades, "DRAWN", {"train": 8, "val": 2})
    monkeypatch.setattr(gan, "JUDGED", 400)
    monkeypatch.setattr(demo, "subprocess", types.SimpleNamespace(run=run_here))
    monkeypatch.setattr(metrics.Config, "_field_defaults", {**metrics.Config._field_defaults, "max_epochs": 1})
    earlier = tmp_path / "runs" / "demo" / "vae"  # of a demo before, which is replaced
    earlier.mkdir(parents=True)
    (earlier / "config.json").write_text('{"program": "gan_book.vae", "config": {}}')
    (earlier.parent / "index.html").touch()
    demo.main(["--vae_steps", "4", "--gan_steps", "4", "--glcic_steps", "8", "--pix2pix_steps", "4"])
    page = (tmp_path / "runs/demo/index.html").read_text()
    assert all('href="{}/report.html"'.format(name) in page for name in ("vae", "gan", "glcic", "pix2pix"))
    assert page.count("data:image/png") >= 8 and runs.last_step(earlier) == 4
