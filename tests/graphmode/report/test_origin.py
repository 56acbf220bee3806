"""run.json: how a run was made."""

import dataclasses
import shlex
import sys
from typing import ClassVar, Literal

import pytest

from graphmode import cli, config
from graphmode.config import setting
from graphmode.report import origin, page
from graphmode.training import run_folder


@dataclasses.dataclass(frozen=True)
class Config(config.Run):
    """Settings with a preset."""

    PROGRAM: ClassVar[str] = "test_origin"

    preset: Literal["full", "small"] = setting("full", overrides={"small": {"width": 2}})
    width: int = setting(64)
    flip: bool = setting(True)
    lr: float = setting(0.1)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"lr": 0.5, "input_dir": "/a b"},
        {"preset": "small", "flip": False},
        {"preset": "small", "width": 64, "as_published": True},
    ],
)
def test_the_command_gives_the_same_settings_again(given, monkeypatch):
    made = Config.create(output_dir="x", **given)
    changed, flags = origin.changes(made)
    words = shlex.split(" ".join(flags))
    monkeypatch.setattr(cli.os.path, "exists", lambda path: True)
    again = cli._given(Config, cli.parser("p", Config, "doc"), words)
    assert Config.create(output_dir="x", **again) == made
    # Only what the user gave differs. What the preset changes does not.
    assert set(changed) == set(given)


def test_the_page_says_what_differs_when_and_on_what(tmp_path):
    made = Config.create(output_dir=str(tmp_path), preset="small", lr=0.5)
    with run_folder.started(made) as folder:
        origin.begin(folder, made, 0, 500)
        origin.end(folder)
    content = origin.read(folder)
    assert content["steps"] == 500 and content["calls"][0]["seconds"] >= 0
    text = page.write(folder).read_text()
    assert '<code>--lr 0.5</code> <span class="soft">(0.1)</span>' in text
    assert "./run.sh test_origin --preset small --lr 0.5" in text
    assert "TensorFlow 2" in text and "CPU cores, no GPU" in text and "<dt>date</dt>" in text
    assert "of 500" in text


def test_a_resumed_run_keeps_the_time_of_its_first_call(tmp_path):
    made = Config.create(output_dir=str(tmp_path))
    for step in (0, 100):
        origin.begin(tmp_path, made, step, 500)
        origin.end(tmp_path)
    assert [call["from"] for call in origin.read(tmp_path)["calls"]] == [0, 100]
    origin.begin(tmp_path, made, 0, 500)  # it starts again
    assert len(origin.read(tmp_path)["calls"]) == 1


def test_a_program_says_what_it_does(monkeypatch):
    doc = "生成 GAN: a generator\nmakes digits.\n\nMore: text."
    module = sys.modules[Config.__module__]
    monkeypatch.setattr(module, "__doc__", doc)
    assert origin.words(Config()) == ("生成 GAN", "A generator makes digits.")
    monkeypatch.setattr(module, "__doc__", None)
    assert origin.words(Config()) == ("test_origin", "")
