"""The flags of GLCIC: the blog's and the paper's numbers, presets, phases, runs made before."""

import dataclasses
import json
import re
import typing

import pytest

from glcic import config as settings
from glcic import layers
from glcic.config import Config
from graphmode import cli
from graphmode.errors import InputError
from graphmode.training import run_folder

MODES = ("train", "complete")


def parse(*argv):
    return cli.parse(Config, MODES, "GLCIC.", list(argv))


def test_the_defaults_are_the_texts_numbers():
    values = dataclasses.asdict(Config.create())
    numbers = {
        "size": 128,
        "width": 64,
        "hole_min": 48,
        "hole_max": 64,
        "batch_size": 32,
        "max_steps": 9000,
        "completion_steps": 3000,
        "discriminator_steps": 500,
        "alpha": 0.0004,
        "lr": 0.001,
        "joint_lr": 0.0004,
        "discriminator_lr": 0.001,
        "beta1": 0.5,
    }
    assert {name: values[name] for name in numbers} == numbers
    assert (values["conv"], values["completion_norm"], values["input"]) == ("slim", "slim", "queue")


def changed(**given):
    before, after = (dataclasses.asdict(Config.create(**values)) for values in ({}, given))
    return {name: value for name, value in after.items() if value != before[name]}


def test_what_each_preset_changes():
    assert changed(as_published=True) == {"as_published": True, "lr_decay": False}
    # The steps of the discriminators alone are the blog's.
    small = {name: it for name, it in settings.SMALL.items() if name != "discriminator_steps"}
    assert settings.SMALL["discriminator_steps"] == Config().discriminator_steps
    assert changed(preset="small") == {"preset": "small", **small}
    assert changed(recipe="paper") == {"recipe": "paper", **settings.PAPER}
    both = changed(recipe="paper", preset="small")  # the small one has the last word
    assert both == {"recipe": "paper", "preset": "small", **small}
    assert changed(preset="small", alpha=0.5, flip=False)["alpha"] == 0.5
    assert "flip" not in changed(preset="small", alpha=0.5, flip=False)


@pytest.mark.parametrize(
    "given, phases",
    [
        ({}, (3000, 500)),
        ({"recipe": "repository"}, (6000, 2000)),
        ({"max_steps": 18000}, (6000, 1000)),
        ({"max_steps": 10000, "recipe": "repository"}, (3000, 1000)),
        ({"max_steps": 0}, (3000, 500)),
        ({"max_steps": 970, "preset": "small"}, (600, 50)),
        ({"max_steps": 6, "preset": "small"}, (3, 1)),
        ({"max_steps": 5000, "recipe": "paper"}, (900, 100)),
        ({"max_steps": 18000, "completion_steps": 9000}, (9000, 1000)),
        ({"max_steps": 18000, "discriminator_steps": 0}, (6000, 0)),
        ({"max_steps": 9, "completion_steps": 3, "discriminator_steps": 2}, (3, 2)),
        ({"completion_steps": 7}, (7, 500)),
    ],
    ids=str,
)
def test_max_steps_alone_keeps_the_proportions_of_the_phases(given, phases, tmp_path):
    created = Config.create(**given)
    assert (created.completion_steps, created.discriminator_steps) == phases
    flags = [text for name, value in given.items() for text in (f"--{name}", str(value))]
    parsed = parse("--output_dir", str(tmp_path / "new"), *flags)
    assert (parsed.completion_steps, parsed.discriminator_steps) == phases


@pytest.fixture
def stored(tmp_path):
    """Writes config.json and the file names of a checkpoint, as a run leaves them."""

    def write(values):
        text = json.dumps({"program": "glcic", "config": values})
        (tmp_path / "config.json").write_text(text)
        for ending in ("index", "data-00000-of-00001"):
            (tmp_path / f"model.ckpt-10.{ending}").touch()
        return str(tmp_path)

    return write


def test_a_resumed_run_with_more_steps_makes_the_last_phase_longer(stored):
    folder = stored(dataclasses.asdict(Config.create(preset="small", max_steps=970)))
    longer = parse("--resume", "--output_dir", folder, "--max_steps", "5000")
    assert (longer.max_steps, longer.completion_steps, longer.discriminator_steps) == (
        5000,
        600,
        50,
    )
    with pytest.raises(InputError, match="--completion_steps 9 contradicts .* which has 600"):
        parse("--resume", "--output_dir", folder, "--completion_steps", "9")


# What a run made before these flags had their names left behind.
OLD = {
    "program": "glcic",
    "mode": "train",
    "as_published": False,
    "max_steps": 16,
    "conv": "nn",
    "batch_norm": "author",
    "completion_batch_norm": "layers_training",
    "most_pictures": 500,
    "preset": "small",
    "recipe": "paper",
    "size": 64,
    "width": 16,
    "hole_min": 24,
    "hole_max": 32,
    "completion_steps": 6,
    "discriminator_steps": 4,
    "region": "picture",
}


def test_runs_with_the_earlier_names_of_flags_are_read(stored):
    config = run_folder.trained(Config, stored(OLD))
    assert (config.conv, config.discriminator_norm) == ("nn", "author")
    assert (config.completion_norm, config.max_images) == ("layers_training", 500)
    assert (config.region, config.width, config.max_steps) == ("image", 16, 16)
    resumed = parse("--resume", "--output_dir", config.output_dir, "--max_steps", "20")
    assert (resumed.completion_steps, resumed.discriminator_norm) == (6, "author")


@pytest.mark.parametrize(
    "flag, wrong, kept",
    [
        ("width", "32", 16),
        ("conv", "slim", "nn"),
        ("discriminator_norm", "none", "author"),
        ("completion_norm", "none", "layers_training"),
        ("recipe", "blog", "paper"),
    ],
)
def test_the_network_of_a_run_cannot_be_changed_later(stored, flag, wrong, kept):
    folder = stored(OLD)
    with pytest.raises(InputError, match=f"--{flag} {wrong} contradicts .* which has {kept}"):
        parse("--mode", "complete", "--checkpoint", folder, f"--{flag}", wrong)
    parse("--mode", "complete", "--checkpoint", folder, f"--{flag}", str(kept))


def test_a_flags_earlier_name_leads_to_its_name():
    for old, new in (
        ("batch_norm", "discriminator_norm"),
        ("completion_batch_norm", "completion_norm"),
        ("most_pictures", "max_images"),
    ):
        with pytest.raises(InputError, match=f"--{old}.*it is now --{new}"):
            parse(f"--{old}", "1")


def test_the_flags_offer_all_kinds_of_layers():
    assert typing.get_args(settings.Conv) == layers.CONVS
    assert typing.get_args(settings.Norm) == tuple(layers.NORMS)
    assert typing.get_args(settings.Activation) == tuple(layers.ACTIVATIONS)


@pytest.mark.parametrize(
    "values, message",
    [
        ({"size": 130}, "--size 130 is not a multiple of 4, .*: use 128"),
        ({"width": 3}, "--width 3 is odd, .*: use 4"),
        ({"completion_norm": "author"}, "--completion_norm author: .* use author_shared"),
        ({"size": 64}, "--hole_max 64 is larger than the patches, half of --size 64: .* 32"),
        ({"hole_min": 65}, "--hole_min 65 is larger than --hole_max 64: use at most 64"),
        ({"batch_size": 1}, "--batch_size 1 is not .*at least 2.*"),
        ({"fed": "mask"}, "--fed 'mask' is not one of nothing, patch, completion"),
        ({"alpha": -1.0}, "--alpha -1.0 is not .*at least 0.0.*"),
        ({"beta1": 1.5}, "--beta1 1.5 is not .*at most 1.0.*"),
        ({"completion_repeats": 0}, "--completion_repeats 0 is not .*at least 1.*"),
    ],
)
def test_values_that_do_not_fit_are_one_line(values, message):
    with pytest.raises(InputError) as raised:
        Config.create(**values)
    assert re.fullmatch(message, str(raised.value))
