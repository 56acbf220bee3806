"""A toy program with settings of all kinds, for tests of the command line and of run folders."""

import dataclasses
from typing import Literal

from graphmode import cli, config
from graphmode.config import setting
from graphmode.errors import InputError
from graphmode.training import run_folder


@dataclasses.dataclass(frozen=True)
class Config(config.Run):
    """Settings of a toy."""

    PROGRAM = "toy.program"
    FORMER_PROGRAMS = ("toy.former",)
    RENAMED = {"old_flip": ("flip", {"yes": True, "no": False})}
    AS_PUBLISHED = {"rate": 0.125}

    def check(self):
        if self.batch_size == 13:
            raise InputError("--batch_size 13 is unlucky")

    data: Literal["digits", "mnist"] = setting("digits", help="which data")
    size: int = setting(3, at_least=1, at_most=9, network=True, help="how many")
    rate: float = setting(0.5, above=0.0, help="how fast")
    batch_size: int = setting(16, at_least=1)
    flip: bool = setting(True, help="mirror the images")
    image: str = setting("", inherited=False, help="image of this call alone")
    lr: float = setting(0.1, changeable=True, help="learning rate")
    other_run: str = setting("", path=True, help="run of another program")


def parse(*argv):
    return cli.parse(Config, ["train", "sample"], "A toy.\n\nMore.", list(argv))


def finished_run(folder, program="toy.program", **changes):
    folder.mkdir()
    with run_folder.started(Config(output_dir=str(folder), **changes)):
        pass
    file = folder / "config.json"
    file.write_text(file.read_text().replace("toy.program", program))
    for ending in (".index", ".data-00000-of-00001"):
        (folder / ("model.ckpt-7" + ending)).write_text("")
    return folder
