"""The five steps of CONTRIBUTING.md, word for word: the template becomes a least-squares GAN."""

import importlib.util
import json
import pathlib
import re
import subprocess
import sys

import numpy as np
import pytest
from conftest import config_of, moved
from test_structure import comment_lines

import data
from examples import template_gan
from gan_book.evaluation import sampling
from graphmode import tf, variables
from graphmode.training import run_folder, scalar_log

ROOT = pathlib.Path(__file__).parents[2]
GUIDE = (ROOT / "CONTRIBUTING.md").read_text()


def blocks(language):
    """The code blocks of the guide, in order; language: "python", or "" for commands."""
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", GUIDE, re.S | re.M)
    return [code for kind, code in fenced if kind == language]


def replaced(source, code):
    """The source with a function, or a field of the settings, in the place of its namesake."""
    code = code.rstrip("\n")
    if code.startswith("def "):
        start = re.escape(code[: code.index("(") + 1])
        pattern = rf"{start}.*?(?=\n\n\n)"
    else:
        pattern = rf"{re.escape(code[: code.index(':')])}: .*?$"
    result, count = re.subn(pattern, lambda match: code, source, flags=re.S | re.M)
    assert count == 1, code
    return result


def load(path, name):
    """Imports a file under a name, as if it were a module of the package."""
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def section(tmp_path_factory):
    """The module gan_book.lsgan, made in a copy of the two folders by the guide's commands."""
    folder = tmp_path_factory.mktemp("project")
    for name in "examples", "gan_book":
        (folder / name).mkdir()
    (folder / "examples" / "template_gan.py").write_text(
        (ROOT / "examples" / "template_gan.py").read_text()
    )
    commands = next(block for block in blocks("") if block.startswith("cp "))
    subprocess.run(["bash", "-ec", commands], cwd=folder, check=True)
    target = folder / "gan_book" / "lsgan.py"
    source = target.read_text()
    for code in blocks("python"):
        source = replaced(source, code)
    target.write_text(source)
    lint = [
        sys.executable,
        "-m",
        "ruff",
        "check",
        "--fix",
        "--config",
        str(ROOT / "pyproject.toml"),
    ]
    subprocess.run([*lint, str(target)], check=True)
    assert len(target.read_text().splitlines()) < 80
    comments, lines = comment_lines(target)
    assert 8 * comments >= lines  # what tests/test_structure.py wants of a section
    yield load(target, "gan_book.lsgan")
    del sys.modules["gan_book.lsgan"]


@pytest.fixture(scope="module")
def trained(section, digits, tmp_path_factory):
    """The folder of a short run, after the commands of the fifth step with fewer steps."""
    folder = tmp_path_factory.mktemp("run") / "lsgan"
    with pytest.MonkeyPatch.context() as patch:
        few = data.few(digits, 130)
        patch.setattr(data, "load", lambda name, input_dir: few)
        patch.setattr(sampling, "COUNT", 200)
        for flags in (
            "--data digits --max_steps 4 --batch_size 8 --summary_freq 1 --display_freq 2",
            "--resume --max_steps 6",
            "--mode sample --count 9",
            "--mode evaluate",
        ):
            place = "--checkpoint" if "--mode" in flags else "--output_dir"
            section.main([*flags.split(), place, str(folder)])
    return folder


def test_the_guide_names_its_commands(section):
    assert section.Config.PROGRAM == "gan_book.lsgan"
    (commands,) = (block for block in blocks("") if "--mode evaluate" in block)
    assert commands.count("./run.sh gan_book.lsgan ") == 4
    assert commands.count("runs/lsgan") == 3


def test_the_loss_is_that_of_the_guides_formula(section, value):
    real, fake = np.float32([[0.5], [2.0]]), np.float32([[-1.0], [0.25]])
    losses = value(section.gan_loss(tf.constant(real), tf.constant(fake)))
    expected = np.mean((real - 1) ** 2 / 2 + fake**2 / 2), np.mean((fake - 1) ** 2 / 2)
    np.testing.assert_allclose(losses, expected, rtol=1e-6)
    zeros = tf.zeros([4, 1])
    assert value(section.gan_loss(zeros, zeros)) == (0.5, 0.5)


def test_each_update_moves_its_own_network(section, digits):
    config = config_of(section, max_steps=2)
    model = section.build(config, digits)
    groups = [variables.trainable("discriminator"), variables.trainable("generator")]
    assert [v.shape.as_list() for v in groups[0][::2]] == [[784, 512], [512, 256], [256, 1]]
    assert moved(model, groups) == [[True, False], [False, True]]
    assert config.lr == 0.0005 and section.Config.create(lr=0.5).lr == 0.5


def test_it_trains_and_resumes(trained):
    rows = scalar_log.read(trained)
    assert [int(row["step"]) for row in rows] == [1, 2, 3, 4, 5, 6]
    assert all(float(row["discriminator_loss"]) > 0 for row in rows)
    assert run_folder.last_step(trained) == 6
    assert run_folder.stored(trained)[0] == "gan_book.lsgan"
    grids = sorted(file.name for file in (trained / "samples").iterdir())
    assert grids == [f"samples-{step:08d}.png" for step in (0, 2, 4, 6)]


def test_it_samples_with_the_trained_generator(section, trained):
    samples = np.load(trained / "samples.npz")["images"]
    config = run_folder.trained(section.Config, str(trained))
    expected = section.generate(config, 9)[..., 0] * 255
    np.testing.assert_allclose(samples, expected, atol=0.51)
    assert samples.std(0).max() > 1  # different z, different images


def test_it_evaluates_and_reports(trained):
    metrics = json.loads((trained / "metrics.json").read_text())
    assert metrics["samples"] == 200
    assert metrics["samples: Frechet distance"] > metrics["real training digits: Frechet distance"]
    page = (trained / "report.html").read_text()
    assert "gan_book.lsgan" in page and "generator_loss" in page and "Frechet distance" in page


def test_the_template_itself_runs(tmp_path, digits, monkeypatch):
    monkeypatch.setattr(data, "load", lambda name, input_dir: digits)
    flags = ["--max_steps", "2", "--dim", "7", "--beta1", "0.9"]
    template_gan.main([*flags, "--output_dir", str(tmp_path / "run")])
    checkpoint = tf.train.load_checkpoint(str(run_folder.find_checkpoint(tmp_path / "run")))
    assert checkpoint.get_variable_to_shape_map()["generator/dense/kernel"] == [7, 512]
    losses = template_gan.gan_loss(tf.zeros([4, 1]), tf.zeros([4, 1]))
    with tf.Session() as session:
        np.testing.assert_allclose(session.run(losses), [2 * np.log(2), np.log(2)], rtol=1e-6)
