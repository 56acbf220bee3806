"""The examples of docs/glossary.md are run as they stand there."""

import doctest
import pathlib


def test_every_example_of_the_glossary_gives_what_it_says():
    page = pathlib.Path(__file__).parents[1] / "docs" / "glossary.md"
    failed, tried = doctest.testfile(str(page), module_relative=False, verbose=False,
                                     optionflags=doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL | doctest.NORMALIZE_WHITESPACE)
    assert tried > 20 and not failed
