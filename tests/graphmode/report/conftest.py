"""Fixtures of the pages' tests."""

import re
import xml.etree.ElementTree

import numpy as np
import pytest

from graphmode.report import images


@pytest.fixture
def well_formed():
    """Parses a page as a tree. It must be XML but for the tags without an end."""

    def parse(text):
        closed = re.sub(r"<(img|meta) ([^>]*)>", r"<\1 \2/>", text.replace("<!DOCTYPE html>", ""))
        return xml.etree.ElementTree.fromstring(closed)

    return parse


@pytest.fixture
def grid():
    """Saves a grid of small images of one gray value in one row."""

    def save(folder, name, value=0, columns=3):
        cells = np.full([columns, 4, 4], value, np.uint8)
        images.save_png(folder / name, images.grid(cells, columns))

    return save
