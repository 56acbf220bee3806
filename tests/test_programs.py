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


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_run_may_be_resumed_with_other_places_rates_and_frequencies(name, owner_of):
    _, owner = owner_of(name)
    if name not in ("examples.template_gan", "gan_book.uses.few_labels"):
        fields = {field.name: field.metadata for field in dataclasses.fields(owner)}
        for flag, metadata in fields.items():
            if re.fullmatch(r"(.*_)?lr|.*_freq", flag) and issubclass(owner, config.Run):
                assert metadata["changeable"], flag
            if re.fullmatch(r"(input|val|b)_dir|classifier|segmentation|c?gan|cae", flag):
                assert metadata["path"] and metadata["changeable"], flag
            assert not (metadata["changeable"] and metadata["network"]), flag


@pytest.mark.slow
def test_a_test_names_every_flag(owner_of):
    text = "\n".join(path.read_text(encoding="utf-8") for path in TESTS.rglob("*.py"))
    missing = {
        f"{name} --{field.name}"
        for name in PROGRAMS
        for field in dataclasses.fields(owner_of(name)[1])
        if not re.search(rf"--(no_)?{field.name}\b|\b{field.name}=|[\"']{field.name}[\"']", text)
    }
    assert not missing


GLCIC_SMALL = {
    "size": 64,
    "width": 16,
    "hole_min": 24,
    "hole_max": 32,
    "batch_size": 16,
    "flip": True,
    "alpha": 0.06,
    "r1": 1.0,
    "discriminator_lr": 0.0005,
    "max_steps": 9700,
    "completion_steps": 6000,
}
GLCIC_PAPER = {
    "batch_size": 96,
    "max_steps": 500000,
    "completion_steps": 90000,
    "discriminator_steps": 10000,
}
PIX2PIX_SMALL = {
    "crop_size": 64,
    "scale_size": 72,
    "ngf": 16,
    "ndf": 16,
    "gan_weight": 0.3,
    "max_epochs": 50,
    "display_freq": 2000,
}


@pytest.mark.parametrize(
    "name, flag, numbers",
    [
        ("glcic", {"preset": "small"}, GLCIC_SMALL),
        ("glcic", {"recipe": "paper"}, GLCIC_PAPER),
        ("glcic", {"as_published": True}, {"lr_decay": False}),
        ("pix2pix", {"preset": "small"}, PIX2PIX_SMALL),
        ("pix2pix.segmentation", {"preset": "small"}, {"crop_size": 64, "scale_size": 72}),
        ("gan_book.cae", {"as_published": True}, {"lr": 0.0001}),
        ("gan_book.vae", {"as_published": True}, {"lr": 0.0001}),
        (
            "gan_book.dcgan",
            {"as_published": True},
            {"discriminator_norm": "none", "pooling": "max"},
        ),
        ("gan_book.cgan", {"as_published": True}, {"discriminator_norm": "none", "pooling": "max"}),
        ("gan_book.wgan", {"as_published": True}, {"lr": 0.0005}),
        ("gan_book.wgan", {"gradient_penalty": True}, {"lr": 0.0001}),
        ("gan_book.gan", {"as_published": True}, {}),
    ],
)
def test_a_preset_changes_these_numbers_and_no_others(name, flag, numbers, owner_of):
    """docs/results.md was made with these numbers."""
    _, owner = owner_of(name)
    plain, preset = owner(), owner.create(**flag)
    changed = {
        field.name: getattr(preset, field.name)
        for field in dataclasses.fields(owner)
        if getattr(preset, field.name) != getattr(plain, field.name)
    }
    assert changed == {**numbers, **flag}
