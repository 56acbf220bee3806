"""Programs of 2016 to 2019 print here what they printed under TensorFlow 1.15.5."""

import os
import pathlib
import random
import re
import subprocess
import sys

import numpy as np
import pytest

from graphmode import tf
from graphmode.old_programs import namespace

PROGRAMS = pathlib.Path(__file__).parents[2] / "old_programs"
# One of each kind, of less than a second. .ci/run runs all.
QUICK = {
    "batch_norm_forms",
    "char_rnn",
    "csv_reader",
    "dataset_iterators",
    "flags_app",
    "frozen_graph",
    "image_ops",
    "saver_restore",
    "session_idioms",
    "mnist_deep_conv",
}
# Eager execution cannot be turned off again, so this program has a process of its own.
ALONE = "eager_program"
NUMBER = re.compile(r"[-+]?\d+\.?\d*(?:e[-+]?\d+)?")


def parameters():
    """The names of all programs but `ALONE`; all but a few are marked slow."""
    for path in sorted(set(PROGRAMS.glob("*.py")) - {PROGRAMS / f"{ALONE}.py"}):
        yield pytest.param(path.stem, marks=[] if path.stem in QUICK else [pytest.mark.slow])


def alike(shown, expected):
    """Whether two outputs have the same text, the same integers, and floats up to 0.002."""
    if NUMBER.split(shown) != NUMBER.split(expected):
        return False
    for number, other in zip(NUMBER.findall(shown), NUMBER.findall(expected)):
        if "." in number + other:
            if not np.isclose(float(number), float(other), rtol=2e-3, atol=2e-3):
                return False
        elif number != other:
            return False
    return True


def check(name, shown):
    """Asserts that a program has printed what the real TensorFlow 1.15.5 prints."""
    expected = (PROGRAMS / f"{name}.out").read_text(encoding="utf-8")
    assert alike(shown, expected), f"expected:\n{expected}\nshown:\n{shown}"


@pytest.fixture
def fresh(tmp_path, monkeypatch):
    """An empty folder, and TensorFlow's global state as at its start; also afterwards."""
    monkeypatch.chdir(tmp_path)
    flags = tf.app.flags.FLAGS
    names, level = set(flags), tf.logging.get_verbosity()
    numpy_state, python_state = np.random.get_state(), random.getstate()
    tf.keras.backend.clear_session()
    yield
    tf.keras.backend.clear_session()
    tf.reset_default_graph()
    np.random.set_state(numpy_state)
    random.setstate(python_state)
    tf.logging.set_verbosity(level)
    for name in set(flags) - names:
        delattr(flags, name)


@pytest.mark.parametrize("name", list(parameters()))
def test_a_program_prints_what_it_printed_under_version_1(name, fresh, capsys):
    try:
        namespace.run(str(PROGRAMS / f"{name}.py"), [])
    except SystemExit as stopped:
        assert not stopped.code
    check(name, capsys.readouterr().out)


@pytest.mark.slow
def test_a_program_in_eager_mode(tmp_path):
    command = [sys.executable, "-m", "graphmode", str(PROGRAMS / f"{ALONE}.py")]
    environment = {**os.environ, "PYTHONPATH": str(PROGRAMS.parents[1])}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    check(ALONE, done.stdout)


@pytest.mark.parametrize(
    "shown, same",
    [("loss 1.500 7", True), ("loss 1.501 7", True), ("loss 1.51 7", False), ("loss 1.5 8", False)],
)
def test_numbers_are_compared_as_numbers(shown, same):
    assert alike(shown, "loss 1.5 7") == same
