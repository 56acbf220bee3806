"""The list of the texts' statements: each has a place that exists, and the pages are up to date."""

import ast
import importlib.util
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parents[2]
SPEC = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "texts" / "generate.py")
generate = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(generate)
KEYS = {
    "section", "quote", "statement", "statement_zh", "where", "verdict", "note", "note_zh",
}  # fmt: skip


@pytest.mark.parametrize("name, chinese", [("texts.md", False), ("texts.zh-CN.md", True)])
def test_the_page_is_what_the_lists_say(name, chinese):
    written = (ROOT / "docs" / name).read_text(encoding="utf-8")
    assert written == generate.page(chinese), "run: python docs/texts/generate.py"


def names_in(path):
    """The names of all functions and classes of a module, and the headings of a page."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        kinds = (ast.FunctionDef, ast.ClassDef)
        found = {node.name for node in ast.walk(ast.parse(text)) if isinstance(node, kinds)}
        return found | set(re.findall(r"^([A-Z_]+)\b.* = ", text, re.M))
    return set()


@pytest.mark.parametrize("text", generate.TEXTS)
def test_every_statement_has_a_verdict_and_places_that_exist(text):
    entries = generate.entries(text)
    assert len(entries) > 30
    for entry in entries:
        assert set(entry) == KEYS and entry["verdict"] in generate.VERDICTS, entry
        assert entry["quote"] and entry["statement"] and entry["statement_zh"], entry
        assert entry["verdict"] == "holds" or entry["note"] and entry["note_zh"], entry
        assert entry["where"] or entry["verdict"] in ("missing", "cannot be known"), entry
        for place in entry["where"]:
            path, _, name = place.partition("::")
            assert (ROOT / path).exists(), place
            assert not name or name.split("::")[-1] in names_in(ROOT / path), place
