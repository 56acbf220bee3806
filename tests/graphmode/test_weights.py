"""Weights to begin with: entries that are packed, listed, copied and used."""

import json

import numpy as np
import pytest
from conftest import config_of

from gan_book import gan
from graphmode import packed, sessions, tf, training, weights
from graphmode.errors import InputError
from graphmode.training import run_folder

WORDS = {"command": "./run.sh gan_book.gan --max_steps 1", "licence": "CC0", "commit": "abc"}


@pytest.fixture(scope="module")
def run(tmp_path_factory, digits):
    """The folder of a short run."""
    folder = tmp_path_factory.mktemp("run") / "gan"
    flags = {"max_steps": 1, "batch_size": 4, "display_freq": 0}
    config = config_of(gan, folder, data="digits", input_dir="/data", **flags)
    with sessions.graph(config):
        training.fit(gan.build(config, digits), config)
    (folder / "metrics.json").write_text(json.dumps({"distance": 3.25}))
    return folder


def samples(checkpoint):
    """Three samples of a run of the GAN."""
    with tf.Graph().as_default():
        return gan.generate(run_folder.trained(gan.Config, str(checkpoint)), 3)


def test_an_entry_samples_as_its_run_does(run, tmp_path, capsys):
    card = weights.pack(run, "tiny", **WORDS, limit=20_000_000, folder=tmp_path)
    assert card["metrics"] == {"distance": 3.25} and card["stored"] == "float32, as trained"
    assert card["step"] == 1 and card["program"] == "gan_book.gan" and card["commit"] == "abc"
    names = packed.read(run_folder.find_checkpoint(tmp_path / "tiny"))
    assert not any("Adam" in name or "power" in name for name in names) and "global_step" in names
    assert json.loads((tmp_path / "tiny" / "config.json").read_text())["config"]["input_dir"] == ""
    np.testing.assert_array_equal(samples(tmp_path / "tiny"), samples(run))
    flags = ["--mode", "sample", "--checkpoint", str(tmp_path / "tiny"), "--count", "2"]
    gan.main([*flags, "--output_dir", str(tmp_path / "out")])
    assert (tmp_path / "out" / "sample.png").exists()
    weights.show(tmp_path)
    printed = capsys.readouterr().out
    assert "tiny: gan_book.gan, " in printed and "distance: 3.25" in printed
    assert WORDS["command"] in printed and "licence: CC0" in printed


def test_a_large_network_is_rounded_until_it_fits(run, tmp_path):
    """The generator has two million weights: eight megabytes, and four as float16."""
    limits = {"half": 4_500_000, "codes": 1_000_000}
    for name, limit in limits.items():
        card = weights.pack(run, name, **WORDS, scopes=["generator"], limit=limit, folder=tmp_path)
        assert card["bytes"] < 1.02 * limit
        copy = weights.get(name, tmp_path / f"copy-{name}", folder=tmp_path)
        assert not packed.is_packed(run_folder.find_checkpoint(copy))
        error = np.abs(samples(copy) - samples(run)).mean()
        assert error < (1e-4 if name == "half" else 0.05)
    assert "float16" not in card["stored"] and "bits a weight" in card["stored"]
    with pytest.raises(InputError, match="becomes .* MB, more than 0.1: keep fewer variables"):
        weights.pack(run, "no", **WORDS, limit=100_000, folder=tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *("codes", "copy-codes", "copy-half", "half")
    ]


def test_a_session_takes_packed_weights(run, tmp_path):
    weights.pack(run, "codes", **WORDS, scopes=["generator"], limit=1_000_000, folder=tmp_path)
    checkpoint = run_folder.find_checkpoint(tmp_path / "codes")
    tensors = packed.read(checkpoint)
    with tf.Graph().as_default(), sessions.session() as session:
        gan.generator(tf.zeros([1, 100]))
        variables = tf.global_variables()
        assert packed.restore(session, tensors, variables) == []
        for variable, read in zip(variables, session.run(variables), strict=True):
            np.testing.assert_array_equal(read, tensors[variable.op.name])
        other = tf.get_variable("other", [2])
        assert packed.restore(session, tensors, [other]) == ["other"]


@pytest.mark.parametrize(
    "flags, message",
    [
        (["get", "nothing"], "there are no weights called 'nothing'; there are: "),
        (["pack", "nowhere", "x", "--command", "c", "--licence", "l"], "nowhere is neither"),
        (["pack", "nowhere", "a/b", "--command", "c", "--licence", "l"], "'a/b' is no name"),
        (["pack", "nowhere", "x"], "--command, --licence"),
        (["lst"], "invalid choice: 'lst'"),
    ],
)
def test_a_mistake_is_one_line(flags, message, capsys):
    with pytest.raises(SystemExit) as end:
        weights.main(flags)
    error = capsys.readouterr().err
    assert end.value.code == 2 and message in error and error.count("\n") == 1


def test_entries_of_this_repository_are_whole():
    for name, card in weights.entries().items():
        folder = weights.FOLDER / name
        assert card["bytes"] <= 1.02 * weights.LIMIT and card["licence"] and card["metrics"], name
        run_folder.stored(folder)
        assert packed.read(run_folder.find_checkpoint(folder))
