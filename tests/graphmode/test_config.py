"""Settings: dataclasses that validate what they are given."""

import dataclasses
import pickle
import re
from typing import Literal

import pytest

from gan_book import vae
from graphmode import config
from graphmode.config import setting
from graphmode.errors import InputError


@dataclasses.dataclass(frozen=True)
class Toy(config.Run):
    """Settings of a toy."""

    PROGRAM = "toy.program"
    AS_PUBLISHED = {"rate": 0.125}

    data: Literal["digits", "mnist"] = setting("digits", help="which data")
    size: int = setting(3, at_least=1, at_most=9, network=True, help="how many")
    rate: float = setting(0.5, above=0.0, help="how fast")
    preset: Literal["full", "small"] = setting(
        "full", overrides={"small": {"size": 1, "rate": 0.25}}, help="which sizes"
    )

    def check(self):
        super().check()
        if self.size * self.rate > 8:
            raise InputError(f"--size {self.size} and --rate {self.rate} do not fit together")


def test_a_configuration_is_an_instance_of_the_programs_own_class():
    made = vae.Config(latent_size=2)
    assert type(made) is vae.Config and isinstance(made, config.Run)
    assert pickle.loads(pickle.dumps(made)) == made != vae.Config()
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.latent_size = 3


@pytest.mark.parametrize(
    "name, value, message",
    [
        ("lr", "abc", "--lr 'abc' is not a number (above 0.0)"),
        ("lr", 0, "--lr 0 is not a number (above 0.0)"),
        ("lr", float("nan"), "--lr nan is not a number (above 0.0)"),
        ("lr", "inf", "--lr 'inf' is not a number (above 0.0)"),
        ("lr", True, "--lr True is not a number (above 0.0)"),
        ("lr", None, "--lr None is not a number (above 0.0)"),
        ("latent_size", 0, "--latent_size 0 is not a whole number (at least 1, at most 65536)"),
        ("latent_size", 2.5, "--latent_size 2.5 is not a whole number (at least 1, at most 65536)"),
        (
            "latent_size",
            "2.5",
            "--latent_size '2.5' is not a whole number (at least 1, at most 65536)",
        ),
        ("latent_size", 1e300, "--latent_size 1e+300 is not a whole number"),
        ("latent_size", [3], "--latent_size [3] is not a whole number (at least 1, at most 65536)"),
        ("seed", 2**31, "--seed 2147483648 is not a whole number (at least 0, at most 2147483647)"),
        ("max_steps", 1e30, "--max_steps 1e+30 is not a whole number"),
        ("batch_size", 2**31, "--batch_size 2147483648 is not a whole number"),
        ("data", "cats", "--data 'cats' is not one of digits, mnist"),
        ("data", 3, "--data 3 is not one of digits, mnist"),
        ("precision", "evil", "--precision 'evil' is not one of float32, mixed"),
        ("resume", 1, "--resume 1 is not True or False"),
        ("output_dir", 7, "--output_dir 7 is not a string"),
    ],
)
def test_a_wrong_value_is_one_line_with_the_value_and_the_range(name, value, message):
    with pytest.raises(InputError, match=re.escape(message)) as raised:
        vae.Config(**{name: value})
    assert "\n" not in str(raised.value)


def test_numbers_get_the_type_of_their_field():
    made = Toy(rate=1, size=4.0, max_steps="12")
    assert (made.rate, made.size, made.max_steps) == (1.0, 4, 12)
    assert (type(made.rate), type(made.size)) == (float, int)


def test_values_that_do_not_fit_together_are_refused_however_they_come():
    with pytest.raises(InputError, match="--size 9 and --rate 1.0 do not fit together"):
        Toy(size=9, rate=1)
    with pytest.raises(InputError, match="do not fit together"):
        Toy(size=9).replace(rate=1.0)


def test_overrides_give_way_to_what_is_given():
    assert Toy.create(as_published=True).rate == 0.125
    assert Toy.create(as_published=True, rate=2).rate == 2.0
    small = Toy.create(preset="small")
    assert (small.size, small.rate) == (1, 0.25)
    assert Toy.create(preset="small", size=2).size == 2
    assert Toy.create(preset="full") == Toy(preset="full")


def test_names_are_chosen_by_what_fields_say_of_themselves():
    assert list(Toy.names(network=True)) == ["as_published", "size"]
    assert "max_steps" in Toy.names(changeable=True) and "seed" not in Toy.names(changeable=True)
    assert "output_dir" not in Toy.names(inherited=True) and "rate" in Toy.names(inherited=True)
