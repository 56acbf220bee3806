"""The examples of docs/ run as they stand there."""

import doctest
import pathlib
import re

import pytest

from graphmode import tf

DOCS = pathlib.Path(__file__).parents[2] / "docs"
OPTIONS = doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL | doctest.NORMALIZE_WHITESPACE


def test_every_example_of_the_glossary_gives_what_it_says():
    failed, tried = doctest.testfile(
        str(DOCS / "glossary.md"), module_relative=False, optionflags=OPTIONS
    )
    assert tried > 20
    assert failed == 0


@pytest.mark.parametrize("page", ["graphmode.md", "data.md"])
def test_the_code_of_a_page_runs(page):
    blocks = re.findall(r"^```python\n(.*?)^```", (DOCS / page).read_text("utf-8"), re.M | re.S)
    assert blocks
    for block in blocks:
        with tf.Graph().as_default():
            exec(compile(block, page, "exec"), {"__name__": "example"})
