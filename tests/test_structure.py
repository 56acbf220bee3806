"""The rules of the layout, read off the syntax trees: who imports whom, and who imports TensorFlow."""

import ast
import pathlib

import pytest

ROOT = pathlib.Path(__file__).parents[1]
LAYERS = {"graphmode": {"graphmode"}, "data": {"graphmode", "data"}}
APPLICATIONS = ("gan_book", "glcic", "pix2pix")
MODULES = sorted(path for package in (*LAYERS, *APPLICATIONS) for path in (ROOT / package).glob("**/*.py"))


def imported(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "{}: relative import".format(path)
            yield node.module.split(".")[0]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_one_way(path):
    package = path.relative_to(ROOT).parts[0]
    allowed = LAYERS.get(package, {"graphmode", "data", package})
    ours = set(imported(path)) & {*LAYERS, *APPLICATIONS}
    assert ours <= allowed
    if package != "graphmode":
        assert not set(imported(path)) & {"tensorflow", "tf_slim", "tf_keras", "keras"}


def test_there_are_modules_to_check():
    assert {path.relative_to(ROOT).parts[0] for path in MODULES} == {*LAYERS, *APPLICATIONS}


def test_modules_are_one_page():
    long = {str(path.relative_to(ROOT)): lines for path in MODULES
            if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 260}
    assert not long
