import json
import re
import shutil
import xml.etree.ElementTree

import numpy as np
import pytest
from PIL import Image

from data.drawn import facades
from graphmode import tf
from pix2pix import __main__ as pix2pix
from pix2pix.config import Config

SIDE = 32


@pytest.fixture(scope="session")
def small():
    """Settings of networks for images of 32 x 32 pixels."""

    def make(**values):
        tiny = {"crop_size": SIDE, "scale_size": SIDE, "ngf": 2, "ndf": 2}
        return Config.create(**{**tiny, **values})

    return make


@pytest.fixture(scope="session")
def flags():
    """The same on the command line, for a run that makes photographs from labels."""
    sizes = ["--crop_size", "32", "--scale_size", "36", "--ngf", "2", "--ndf", "2"]
    return [*sizes, "--which_direction", "BtoA"]


@pytest.fixture(scope="session")
def pairs_folder(tmp_path_factory):
    """train with six pairs and a file that is not an image, val with three pairs."""
    place = tmp_path_factory.mktemp("facades")
    for part, (name, count) in enumerate({"train": 6, "val": 3}.items()):
        (place / name).mkdir()
        for number in range(9, 9 + count):
            pair = np.hstack(facades.draw(40, [part, number]))
            Image.fromarray(pair).save(place / name / f"{number}.png")
    (place / "train" / "99.jpg").write_text("not an image")
    return place


def run(*arguments):
    """The program with these arguments, which may be paths or numbers."""
    pix2pix.main(list(map(str, arguments)))


@pytest.fixture(scope="session")
def program():
    return run


@pytest.fixture(scope="session")
def trained(pairs_folder, flags, tmp_path_factory):
    """A run of four steps with its test on val."""
    folder = tmp_path_factory.mktemp("runs") / "pix2pix"
    often = ["--display_freq", 2, "--summary_freq", 1, "--save_freq", 2]
    steps = ["--max_steps", 4, *often]
    run("--input_dir", pairs_folder / "train", "--output_dir", folder, *steps, *flags)
    return folder


@pytest.fixture(scope="session")
def exported(trained, tmp_path_factory):
    """The trained run with a test and a SavedModel of it. One input has one output."""
    folder = tmp_path_factory.mktemp("exported") / "pix2pix"
    shutil.copytree(str(trained), str(folder))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tf.nn, "dropout", lambda x, keep_prob: x)
        run("--mode", "test", "--checkpoint", folder, "--output_dir", folder)
        run("--mode", "export", "--checkpoint", folder)
    return folder


@pytest.fixture
def translate(trained, tmp_path):
    """Runs --mode test on a folder with the trained run. Returns the output folder."""

    def test(folder, *more, checkpoint=trained, output="out"):
        arguments = ["--input_dir", folder, "--output_dir", tmp_path / output, *more]
        run("--mode", "test", "--checkpoint", checkpoint, *arguments)
        return tmp_path / output

    return test


@pytest.fixture
def refused(capsys):
    """Runs the program, which must end with status 2. Returns its last line."""

    def expect(*arguments):
        with pytest.raises(SystemExit) as stopped:
            run(*arguments)
        assert stopped.value.code == 2
        return capsys.readouterr().err.splitlines()[-1]

    return expect


@pytest.fixture(scope="session")
def rows():
    """Reads the table of index.html, which must be well-formed: [[name, input, output, target]]."""

    def read(folder):
        text = (folder / "index.html").read_text().replace("<!DOCTYPE html>", "")
        closed = re.sub(r"<(img|meta) ([^>]*)>", r"<\1 \2/>", text)
        table = []
        for line in xml.etree.ElementTree.fromstring(closed).iterfind(".//tbody/tr"):
            name, *cells = line.iter("td")
            images = [cell.find("img") for cell in cells]
            sources = [None if image is None else image.get("src") for image in images]
            table.append([name.text, *sources])
        return table

    return read


@pytest.fixture(scope="session")
def metrics():
    """Reads metrics.json of a folder."""
    return lambda folder: json.loads((folder / "metrics.json").read_text())
