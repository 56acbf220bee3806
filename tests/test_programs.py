"""Every program: its settings, its help, and that a test names each of its flags."""

import dataclasses
import importlib
import pathlib
import pickle
import re

import pytest

from graphmode import cli, config
from graphmode.runner import programs

TESTS = pathlib.Path(__file__).parent
PROGRAMS = sorted(programs.programs())


@pytest.fixture
def owner_of(monkeypatch):
    """Returns a function: name of a program -> (its module, its class of settings)."""

    def look(name):
        seen = []
        monkeypatch.setattr(cli, "main", lambda owner, *others, **more: seen.append(owner))
        monkeypatch.setattr(cli, "tool", lambda program, owner, *others: seen.append(owner))
        file = programs.programs()[name]
        module = importlib.import_module(f"{name}.__main__" if "__main__" in file.name else name)
        module.main([])
        monkeypatch.undo()
        return module, seen[0]

    return look


@pytest.mark.parametrize("name", PROGRAMS)
def test_help_is_made_of_the_fields(name, owner_of, capsys):
    module, owner = owner_of(name)
    assert issubclass(owner, config.Settings)
    with pytest.raises(SystemExit) as stopped:
        module.main(["--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert stopped.value.code == 0
    for field in dataclasses.fields(owner):
        assert f" --{field.name} " in text, field.name
        assert field.metadata["help"], field.name
        words = " ".join(field.metadata["help"].split()).replace(" ", "")
        assert words in text.replace(" ", "").replace("-", "-"), field.name


@pytest.mark.parametrize("name", PROGRAMS)
def test_settings_are_frozen_and_can_be_pickled(name, owner_of):
    _, owner = owner_of(name)
    made = owner()
    assert type(made) is owner and pickle.loads(pickle.dumps(made)) == made
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.seed = 1
    if issubclass(owner, config.Run):
        assert owner.PROGRAM == name


def test_a_test_names_every_flag(owner_of):
    text = "\n".join(path.read_text(encoding="utf-8") for path in TESTS.rglob("*.py"))
    missing = {
        f"{name} --{field.name}"
        for name in PROGRAMS
        for field in dataclasses.fields(owner_of(name)[1])
        if not re.search(rf"--(no_)?{field.name}\b|\b{field.name}=|[\"']{field.name}[\"']", text)
    }
    assert not missing
