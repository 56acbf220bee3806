"""The rules of the layout, read from the syntax trees: who imports whom, and how code looks."""

import ast
import collections
import io
import pathlib
import tokenize

import pytest

ROOT = pathlib.Path(__file__).parents[1]
ALLOWED = {
    "graphmode": {"graphmode"},
    "data": {"graphmode", "data"},
    "gan_book": {"graphmode", "data", "gan_book"},
    "glcic": {"graphmode", "data", "glcic"},
    "pix2pix": {"graphmode", "data", "pix2pix"},
    "examples": {"graphmode", "data", "gan_book", "glcic", "pix2pix", "examples"},
    "benchmarks": {"graphmode", "data", "gan_book", "glcic", "pix2pix", "benchmarks"},
}
MODULES = sorted(path for package in ALLOWED for path in (ROOT / package).glob("**/*.py"))
CHAPTER = ("cae", "vae", "gan", "dcgan", "wgan", "began", "cgan")
TENSORFLOW = {"tensorflow", "tf_slim", "tf_keras", "keras"}
DEEP = 60  # lines of a function
WIDE = 100  # columns


def name_of(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


NAMES = {name_of(path): path for path in MODULES}


def tree(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(path):
    """The modules that a module imports, anywhere in it: dotted names."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: relative import"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield whole if whole in NAMES else node.module


def strings(path):
    """Strings that reach a module: given to import_module, or after "-m" in a command."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call) and "import_module" in ast.unparse(node.func):
            for part in ast.walk(node):
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    yield part.value
        elif isinstance(node, (ast.List, ast.Tuple)):
            values = [part.value if isinstance(part, ast.Constant) else None for part in node.elts]
            for flag, module in zip(values, values[1:]):
                if flag == "-m" and isinstance(module, str):
                    yield module


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_point_one_way(path):
    package = path.relative_to(ROOT).parts[0]
    reached = {name.split(".")[0] for name in [*imported(path), *strings(path)]}
    assert reached & set(ALLOWED) <= ALLOWED[package]
    if package != "graphmode":
        assert not {name.split(".")[0] for name in imported(path)} & TENSORFLOW


def test_packages_are_only_named_by_packages_that_may_import_them():
    """A string such as "data.mnist" in graphmode would be knowledge of another package."""
    for path in MODULES:
        package = path.relative_to(ROOT).parts[0]
        for node in ast.walk(tree(path)):
            value = node.value if isinstance(node, ast.Constant) else None
            if isinstance(value, str) and "." in value and value in NAMES:
                assert value.split(".")[0] in ALLOWED[package], f"{path}: {value!r}"


def test_no_module_imports_itself_through_others():
    edges = {name: set(imported(path)) & set(NAMES) - {name} for name, path in NAMES.items()}
    state = collections.defaultdict(int)  # 0: not seen, 1: on the way, 2: done

    def visit(name, way):
        assert state[name] != 1, f"import circle: {' -> '.join([*way, name])}"
        if not state[name]:
            state[name] = 1
            for other in sorted(edges[name]):
                visit(other, [*way, name])
            state[name] = 2

    for name in sorted(edges):
        visit(name, [])


def test_application_modules_import_at_the_top():
    """An import inside a function of one of our packages would hide a circle.

    graphmode itself imports TensorFlow's modules late, so that --help is fast.
    """
    late = {("graphmode/__init__.py", "graphmode"), ("graphmode/cli.py", "graphmode")}
    for path in MODULES:
        for node in ast.walk(tree(path)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                for inner in ast.walk(node):
                    if isinstance(inner, ast.ImportFrom):
                        place = str(path.relative_to(ROOT)), inner.module.split(".")[0]
                        assert place[1] not in ALLOWED or place in late, place


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_functions_and_lines_are_short_and_modules_are_one_page(path):
    text = path.read_text(encoding="utf-8")
    assert max(map(len, text.splitlines()), default=0) <= WIDE
    assert len(text.splitlines()) <= 400
    for node in ast.walk(tree(path)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            assert node.end_lineno - node.lineno < DEEP, (
                f"{node.name}: {node.end_lineno - node.lineno}"
            )


def comment_lines(path):
    """(lines with a comment, lines with code) of a module. Docstrings are neither."""
    comments, code, end = 0, set(), None
    for token in tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline):
        if token.type == tokenize.COMMENT:
            comments += 1
        elif token.type == tokenize.STRING and end in (None, tokenize.INDENT, tokenize.NEWLINE):
            pass  # a docstring
        elif token.type not in (tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT):
            code.update(range(token.start[0], token.end[0] + 1))
        end = token.type
    return comments, len(code)


@pytest.mark.parametrize("name", CHAPTER)
def test_chapter_modules_explain_themselves(name):
    """At least one comment line per eight code lines."""
    comments, code = comment_lines(ROOT / "gan_book" / f"{name}.py")
    assert 8 * comments >= code, f"{comments} comments in {code} lines of code"


def test_there_are_modules_to_check():
    assert {path.relative_to(ROOT).parts[0] for path in MODULES} == set(ALLOWED)


@pytest.mark.parametrize(
    "path", [p for p in MODULES if "training" in p.parts or "networks" in p.name]
)
def test_graph_modules_can_be_read_by_python_3_7(path):
    ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 7))
