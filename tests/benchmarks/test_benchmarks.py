"""What the benchmarks count: the work of a step, and nothing that is computed in vain."""

import ast
import pathlib

import numpy as np
import pytest

from benchmarks import __main__ as benchmarks
from benchmarks import limit, ours, turns
from data import mnist
from graphmode import sessions, tf
from graphmode.errors import InputError


@pytest.mark.slow
def test_work_of_the_autoencoder_is_that_of_its_layers():
    macs = [
        14 * 14 * 16 * 25,
        7 * 7 * 32 * 25 * 16,
        1568 * 20,
        20 * 1568,
        7 * 7 * 32 * 25 * 16,
        14 * 14 * 16 * 25,
    ]
    # Forward, by the weights, and by the layers' inputs. The first layer's gradient by the image is
    # computed, too, because TensorFlow's own `minimize` asks for it.
    assert limit.work("cae", 4) == 4 * 2 * 3 * sum(macs)


def test_work_of_the_dcgan_is_what_pytorchs_counter_says_of_its_twin():
    assert limit.work("dcgan", 128) == 25395134464  # torch.utils.flop_counter on benchmarks.theirs


def test_the_generators_step_computes_no_gradients_of_the_discriminators_weights():
    config = ours.config_of("dcgan", 4)
    with sessions.graph(config):
        step = ours.built("dcgan", config).phases[-1].updates[-1].op
        ops = limit.ancestors(step)
    made = {op.name for op in ops if op.type == "Conv2DBackpropFilter"}
    assert len(made) == 2 and not [name for name in made if "discriminator" in name]


def test_a_step_trains_the_model():
    step = ours.stepper("gan", 8)
    phase, scalars, _ = step(0)
    assert phase == "train" and set(scalars) >= {"discriminator_loss", "generator_loss"}
    assert step(1)[1]["discriminator_loss"] != scalars["discriminator_loss"]


@pytest.mark.parametrize("name", ["glcic_small", "pix2pix_small"])
def test_the_large_models_are_their_presets(name):
    config = ours.config_of(name, 2)
    assert (config.preset, config.batch_size, config.max_steps) == ("small", 2, ours.LONG)


def test_the_table_compares_turn_by_turn():
    seconds = {
        "ours": [1.0, 2.0, 4.0],
        "ours, mixed": [1.0, 1.0, 1.0],
        "PyTorch": [2.0, 2.0, 8.0],
        "channels_last": [3.0, 1.0, 9.0],
        "autocast": [2.0, 3.0, 1.5],
        "limit": [1.0, 1.0, 1.0],
        "limit, mixed": [0.5, 0.5, 0.5],
    }
    results = {label: {"seconds": values, "MB": 100.0} for label, values in seconds.items()}
    row = benchmarks.row("gan", results, limit.WORK)
    assert row["ours"] == "2000.00" and row["MB"] == "100"
    # The better layout takes 2, 1 and 8 seconds.
    assert row["PyTorch / ours"] == "2.00 (0.50 to 2.00)"
    assert row["autocast / mixed"] == "2.00 (1.50 to 3.00)"
    assert row["of the limit"] == "50 %" and row["mixed"] == "50 %"
    assert not {"TensorFlow 1.15.5", "1.15.5 / ours"} & set(row)
    results["TensorFlow 1.15.5"] = {"seconds": [2.0, 3.0, 12.0], "MB": 100.0}
    row = benchmarks.row("gan", results, limit.WORK)
    assert row["TensorFlow 1.15.5"] == "3000.00"
    assert row["1.15.5 / ours"] == "2.00 (1.50 to 3.00)"
    for label in benchmarks.THEIRS:
        del results[label]
    row = benchmarks.row("gan", results, limit.WORK)
    assert "1.15.5 / ours" in row and not [name for name in row if "PyTorch" in name]
    for label in ("ours, mixed", "limit, mixed"):
        del results[label]
    assert not [name for name in benchmarks.row("gan", results, limit.WORK) if "mixed" in name]


def test_names_of_models_are_checked(capsys):
    for flags, code in ((["--models", "gan,biggan"], 2), (["--starts", "0"], 2)):
        with pytest.raises(SystemExit) as stopped:
            benchmarks.main(flags)
        assert stopped.value.code == code
    assert "--models biggan is not one of cae, vae, gan" in capsys.readouterr().err


@pytest.mark.slow
def test_sides_take_turns_in_their_own_processes():
    side = turns.Side("limit", ["float32"])
    results = turns.compare({"one": side}, rounds=2, steps=1)
    seconds, memory = results["one"]["seconds"], results["one"]["MB"]
    assert len(seconds) == 2 and min(seconds) > 0 and memory > 50
    assert tf.get_default_graph().get_operations() == []  # nothing was built in this process


def script(path, *lines):
    """An executable that takes the place of another Python."""
    path.write_text("\n".join(["#!/bin/sh", *lines]) + "\n")
    path.chmod(0o755)
    return str(path)


def test_a_side_may_have_another_python(tmp_path):
    """It gets the module, the arguments and each number of steps, and nothing of our stdout."""
    other = script(
        tmp_path / "python",
        f'echo "$@ $PYTHONWARNINGS" > {tmp_path}/command',
        'read steps; echo "0.5$steps"; read steps; echo "0.25$steps"; read end; echo 99',
    )
    side = turns.Side("then", ["gan", 8, ["digits.npz"]], other)
    results = turns.compare({"old": side}, rounds=1, steps=3)
    assert results == {"old": {"seconds": [0.253], "MB": 99.0}}
    command = (tmp_path / "command").read_text()
    assert command == '-m benchmarks.turns then ["gan", 8, ["digits.npz"]] ignore\n'


def test_a_side_that_dies_is_named(tmp_path):
    side = turns.Side("then", [], script(tmp_path / "python", "exit 3"))
    with pytest.raises(RuntimeError, match="'old' ended with status 3"):
        turns.compare({"old": side}, rounds=1, steps=1)


def test_which_python_has_tensorflow_1(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(turns, "ROOT", tmp_path)
    monkeypatch.setattr(turns, "alone", lambda *arguments: "use --precision float32")
    monkeypatch.delenv("TF1_PYTHON", raising=False)
    assert benchmarks.old_python() == ("", "")
    missing = benchmarks.peers()
    assert (missing.has_mixed, missing.python) == (False, "")
    error = capsys.readouterr().err
    assert "./run.sh referee" in error and "use --precision float32" in error
    (tmp_path / ".venv-tf1" / "bin").mkdir(parents=True)
    made = script(tmp_path / ".venv-tf1" / "bin" / "python", "echo a warning; echo 1.15.5")
    assert benchmarks.old_python() == (made, "1.15.5")
    named = script(tmp_path / "named", "echo 1.15.0")
    monkeypatch.setenv("TF1_PYTHON", named)
    assert benchmarks.old_python() == (named, "1.15.0")


@pytest.mark.parametrize(
    "line, message",
    [("echo 2.21.0", "no TensorFlow 1.15.5: 2.21.0"), ("echo no module >&2; exit 1", "no module")],
)
def test_a_python_without_tensorflow_1_is_an_error(line, message, tmp_path, monkeypatch):
    monkeypatch.setenv("TF1_PYTHON", script(tmp_path / "python", line))
    with pytest.raises(InputError, match=message):
        benchmarks.old_python()


def test_a_missing_python_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setenv("TF1_PYTHON", str(tmp_path / "none"))
    with pytest.raises(InputError, match="none cannot be started: No such file"):
        benchmarks.old_python()


def test_the_other_python_gets_the_same_digits(tmp_path):
    [path] = ours.saved_examples("gan", 8, tmp_path)
    with np.load(path) as arrays:
        saved = mnist.Digits(**arrays)
    drawn = ours.examples("gan", ours.config_of("gan", 8))
    assert all(map(np.array_equal, saved, drawn))


@pytest.mark.parametrize("name", ["turns", "then", "ours", "__init__"])
def test_what_python_3_7_runs_can_be_read_by_it(name):
    text = pathlib.Path(benchmarks.__file__).with_name(f"{name}.py").read_text(encoding="utf-8")
    ast.parse(text, feature_version=(3, 7))


def test_only_the_sides_that_are_there_take_turns():
    here = benchmarks.Peers(has_torch=False, has_mixed=False, python="")
    assert set(benchmarks.sides("gan", 8, here, [])) == {"ours", "limit"}
    both = benchmarks.sides("gan", 8, benchmarks.Peers(python="/old/python"), ["digits.npz"])
    assert both[benchmarks.THEN] == turns.Side("then", ("gan", 8, ["digits.npz"]), "/old/python")
    assert {*benchmarks.THEIRS, *benchmarks.LIMITS.values(), "ours", "ours, mixed"} < set(both)
