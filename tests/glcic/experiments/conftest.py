import functools
import json

import pytest

from glcic import config, inputs
from glcic.experiments import __main__ as experiments
from glcic.experiments import game

TINY = {"size": 32, "width": 2, "hole_min": 8, "hole_max": 16, "batch_size": 4}


@pytest.fixture
def tiny(monkeypatch):
    """The small preset is tiny, thirty faces are drawn, and two steps are measured."""
    for name, value in TINY.items():
        monkeypatch.setitem(config.SMALL, name, value)
    few = functools.partial(inputs.faces.folder, count=30)
    monkeypatch.setattr(inputs.faces, "folder", few)
    monkeypatch.setattr(game, "BATCHES", 2)
    monkeypatch.setattr(game, "STEPS", 2)


@pytest.fixture
def run(tiny, tmp_path):
    """Runs the program with six steps. Returns experiments.json."""

    def main(*flags):
        experiments.main(["--output_dir", str(tmp_path), "--max_steps", "6", *flags])
        return json.loads((tmp_path / "experiments.json").read_text())

    return main
