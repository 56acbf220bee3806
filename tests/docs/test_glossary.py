"""The examples of docs/glossary.md run as they stand there."""

import doctest
import pathlib

PAGE = pathlib.Path(__file__).parents[2] / "docs" / "glossary.md"
OPTIONS = doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL | doctest.NORMALIZE_WHITESPACE


def test_every_example_of_the_glossary_gives_what_it_says():
    failed, tried = doctest.testfile(str(PAGE), module_relative=False, optionflags=OPTIONS)
    assert tried > 20
    assert failed == 0
