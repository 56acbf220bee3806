"""The GANs' programs as a user runs them, from training to the report, and checkpoints of old."""

import functools
import html
import json
import pathlib

import numpy as np
import pytest
from conftest import config_of
from older_variables import built_variables, older_variables

import data
from gan_book import began, cgan, dcgan, gan, wgan
from gan_book.evaluation import classifier, sampling
from graphmode import tf
from graphmode.training import run_folder

PROGRAMS = {"gan": gan, "cgan": cgan, "wgan": wgan, "began": began}
ROOT = str(pathlib.Path(gan.__file__).parents[1])


@pytest.mark.parametrize("name", ["gan", "wgan", "began", "began of faces"])
def test_variables_are_those_of_older_checkpoints(name, digits):
    """Those of dcgan and cgan: test_dcgan.py; with the switches: test_tips.py."""
    program = PROGRAMS[name.split()[0]]
    flags = {"data": "faces", "size": 64} if "of faces" in name else {}
    program.build(config_of(program, batch_size=4, max_steps=1, **flags), digits)
    assert built_variables() == older_variables(name)


@pytest.fixture(scope="module")
def home(digits, tmp_path_factory):
    """A folder with a classifier; the programs read few digits and evaluate few samples."""
    folder = tmp_path_factory.mktemp("programs")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(data, "load", lambda name, input_dir="": digits)
        patch.setattr(sampling, "COUNT", 100)
        patch.setattr(sampling, "follow", functools.partial(sampling.follow, count=20))
        classifier.main(["--max_steps", "10", "--output_dir", "classifier"])
        yield folder


# The DCGAN: test_dcgan.py, and the CGAN has its modes
CASES = ["gan --as_published", "cgan", "wgan", "began"]


@pytest.fixture(scope="module")
def train(home):
    """A function of a case that trains once and returns (program, its run after one step)."""

    @functools.lru_cache(maxsize=None)
    def trained(case):
        name, *flags = case.split()
        folder = "-".join([name, *flags])
        flags += ["--output_dir", folder, "--max_steps", "1", "--batch_size", "8"]
        flags += ["--filters", "2"] if name == "began" else []
        PROGRAMS[name].main([*flags, "--classifier", "classifier"])
        return PROGRAMS[name], home / folder

    return trained


@pytest.fixture(scope="module", params=CASES)
def trained(request, train):
    return train(request.param)


def test_samples(trained):
    program, run = trained
    program.main(["--mode", "sample", "--checkpoint", str(run), "--count", "7"])
    saved = np.load(run / "samples.npz")
    images = saved["images"]
    assert images.shape == (7, 28, 28) and len(np.unique(images.reshape(7, -1), axis=0)) == 7
    assert len(saved["codes"]) == 7 and ("labels" in saved) == (program is cgan)


def test_evaluation(trained):
    program, run = trained
    program.main(["--mode", "evaluate", "--checkpoint", str(run)])
    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics["samples"] == 100 and all(np.isfinite(number) for number in metrics.values())
    assert metrics["samples: Frechet distance"] > metrics["real training digits: Frechet distance"]
    assert ("samples: classified as the requested digit" in metrics) == (program is cgan)
    page = html.unescape((run / "report.html").read_text())
    assert all(name in page for name in metrics)


def test_a_run_is_resumed_with_its_own_network(trained, capsys):
    program, run = trained
    with pytest.raises(SystemExit) as end:
        program.main(["--mode", "sample", "--checkpoint", str(run), "--dim", "9"])
    assert end.value.code == 2 and "--dim 9 contradicts the run" in capsys.readouterr().err
    if program in (wgan, began):  # phases, and k; the GAN's: see below
        program.main(["--output_dir", str(run), "--resume", "--max_steps", "2"])
        assert run_folder.last_step(run) == 2
        saved = tf.train.load_checkpoint(str(run_folder.find_checkpoint(run)))
        assert saved.get_tensor("global_step") == 2


def test_sevens_are_asked_for(train):
    """The same z with another label gives another image; without --digit the labels are in rows."""
    _, run = train("cgan")

    def sample(*flags):
        cgan.main(["--mode", "sample", "--checkpoint", str(run), *flags])
        return np.load(run / "samples.npz")["images"]

    sevens = sample("--digit", "7", "--count", "20")
    threes = sample("--digit", "3", "--count", "20")
    rows = sample("--count", "20")
    assert all((a != b).any() for a, b in zip(sevens, threes, strict=True))
    matches = {
        digit: [n for n in range(20) if (rows[n] == images[n]).all()]
        for digit, images in ((7, sevens), (3, threes))
    }
    assert matches == {7: [14, 15], 3: [6, 7]}


def test_same_seed_same_scalars_byte_for_byte(home, tmp_path):
    flags = ["--max_steps", "4", "--summary_freq", "2", "--batch_size", "8"]
    flags += ["--display_freq", "0"]
    for name, seed in (("a", "3"), ("b", "3"), ("c", "4")):
        gan.main([*flags, "--seed", seed, "--output_dir", str(tmp_path / name)])
    a, b, c = ((tmp_path / name / "scalars.csv").read_bytes() for name in "abc")
    assert a == b != c and a.count(b"\n") == 3


def test_settings_of_old_runs(tmp_path):
    old = {"discriminator_batch_norm": True, "pooling": "max", "judge": "runs/judge", "gone": 1}
    content = {"program": "gan_book.dcgan", "config": old}
    (tmp_path / "config.json").write_text(json.dumps(content))
    for ending in (".index", ".data-00000-of-00001"):
        (tmp_path / f"model.ckpt-7{ending}").write_text("")
    config = run_folder.trained(dcgan.Config, tmp_path)
    assert (config.discriminator_norm, config.pooling) == ("batch", "max")
    assert config.classifier == "runs/judge" and config.checkpoint.endswith("model.ckpt-7")
