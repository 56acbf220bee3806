"""How one draws an input: colors and names are those of the training inputs."""

import numpy as np
import pytest
from PIL import Image

from data import pairs
from data.drawn import facades
from pix2pix import palette
from pix2pix.config import Config
from pix2pix.tools import process


@pytest.fixture
def drawn(tmp_path):
    """Six facades as JPEG files, so that their colors are not exact, and six with their edges."""
    for number in range(6):
        photo, labels = facades.draw(96, [0, number])
        for name, left in (("labels", labels), ("edges", process.edges(photo))):
            (tmp_path / name).mkdir(exist_ok=True)
            pair = Image.fromarray(np.hstack([left, photo]))
            pair.save(tmp_path / name / f"{number}.jpg", quality=95, subsampling=0)
    return tmp_path


def test_labels_are_found_by_their_colors(drawn):
    made = palette.drawing("mine", pairs.find(drawn / "labels"), Config())
    names = [name for name, _ in made.colors]
    assert made.name == "mine" and not made.lines and names[0] == "facade"
    assert {"window", "door", "background"} <= set(names) <= set(facades.LABELS)
    for name, color in made.colors:
        assert np.abs(np.subtract(color, facades.LABELS[name])).max() < 12


def test_edges_are_lines_on_paper(drawn):
    made = palette.drawing("edges", pairs.find(drawn / "edges"), Config())
    assert made.lines and made.colors[0][1] == (255, 255, 255)
    assert max(made.colors[1][1]) < 100
    photos = palette.drawing("x", pairs.find(drawn / "edges"), Config(which_direction="BtoA"))
    assert not photos.lines
