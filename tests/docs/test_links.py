"""README.md and docs/ name files, programs, flags, tests and experiments that exist."""

import contextlib
import functools
import importlib
import io
import itertools
import pathlib
import re
import shlex

import pytest

from glcic.experiments import blog

ROOT = pathlib.Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
CURRENT = [page for page in PAGES if page.name != "CHANGELOG.md"]  # it also names what is gone
PACKAGES = ("graphmode", "data", "gan_book", "glcic", "pix2pix", "examples", "benchmarks")
NOT_FOR_RUN = ("benchmarks", "graphmode", "tests")  # packages whose programs have no flags of ours
TUTORIAL = {"gan_book.lsgan": "examples.template_gan"}  # what CONTRIBUTING.md makes -> of what
COMMANDS = "help list demo jobs log stop gpus disk setup doctor test run check referee".split()


def ids(page):
    return str(page.relative_to(ROOT))


def slug(heading):
    """The anchor of a heading, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def anchors(page):
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    return {slug(heading) for heading in re.findall(r"^#+ (.*)", text, re.M)}


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_every_link_leads_to_a_file_and_a_heading(page):
    text = page.read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'(?:src|href)="([^"]+)"', text)
    broken = []
    for link in links:
        if link.startswith(("http://", "https://")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert not broken


def commands(page):
    """The commands of a page that begin with ./run.sh or a Python's -m: lists of words."""
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.M | re.S)
    prose = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    spans = [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", prose)]
    for line in [line for block in blocks for line in block.splitlines()] + spans:
        found = re.match(r"(?:\./run\.sh|\S*python -m)\s+(.*)", line.strip())
        if found:
            yield shlex.split(found[1].replace("\\|", "|"), comments=True)


@functools.lru_cache(maxsize=None)
def programs():
    """The modules that can be run: name -> module to import."""
    made = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            if "\nif __name__ ==" in path.read_text(encoding="utf-8"):
                made[module.removesuffix(".__main__")] = module
    return made


@functools.lru_cache(maxsize=None)
def flags(program):
    """The flags of a program -> the values it takes, or None for any, from its --help."""
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown), pytest.raises(SystemExit):
        importlib.import_module(programs()[program]).main(["--help"])
    listed = re.findall(r"^  --(\w+)(?: \{([^}]*)\})?", shown.getvalue(), re.M)
    return {name: choices.split(",") if choices else None for name, choices in listed}


def mistakes(words):
    """What is wrong with a command, given by its words behind ./run.sh."""
    while words and words[0] in ("--gpu", "--workers", "--background"):
        words = words[1:] if words[0] == "--background" else words[2:]
    if not words or words[0] in (*COMMANDS, "MODULE", "...", "pytest"):
        return
    program, rest = TUTORIAL.get(words[0], words[0]), words[1:]
    if program not in programs() and program != "tests.campaign":
        yield f"no program {program}"
    elif program.split(".")[0] not in NOT_FOR_RUN:
        for word, value in itertools.zip_longest(rest, rest[1:], fillvalue=""):
            if not word.startswith("--") or word == "--help":
                continue
            name = word[2:]
            if name not in flags(program):
                yield f"{program} has no flag --{name}"
            elif flags(program)[name]:
                for choice in value.split("|"):
                    if choice not in flags(program)[name]:
                        yield f"{program} --{name} does not take {choice!r}"


@pytest.mark.parametrize("page", CURRENT, ids=ids)
def test_every_command_names_a_program_and_flags_that_it_has(page, monkeypatch):
    monkeypatch.setenv("COLUMNS", "1000")  # a flag and its choices in one line
    assert [mistake for words in commands(page) for mistake in mistakes(words)] == []


def test_a_wrong_command_is_noticed(monkeypatch):
    monkeypatch.setenv("COLUMNS", "1000")
    wrong = {
        "gan_book.vea": "no program gan_book.vea",
        "gan_book.vae --latent 3": "gan_book.vae has no flag --latent",
        "--gpu 1 gan_book.vae --data minst": "gan_book.vae --data does not take 'minst'",
    }
    for command, mistake in wrong.items():
        assert list(mistakes(command.split())) == [mistake]


@pytest.mark.parametrize("page", CURRENT, ids=ids)
def test_every_test_that_a_page_names_exists(page):
    named = set(re.findall(r"`(test_\w+)(?:\.py)?`", page.read_text(encoding="utf-8")))
    files = list((ROOT / "tests").rglob("test_*.py"))
    there = {path.stem for path in files}
    for path in files:
        there.update(re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), re.M))
    assert sorted(named - there) == []


def test_overview_lists_every_module_once():
    text = (ROOT / "docs" / "overview.md").read_text(encoding="utf-8")
    listed = re.findall(r"\]\(\.\./([\w/]+\.py)\)", text)
    modules = {
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        if path.name != "__init__.py"
    }
    assert sorted(listed) == sorted(modules)


def test_the_page_of_the_experiments_has_each_of_them():
    text = (ROOT / "docs" / "experiments.md").read_text(encoding="utf-8")
    table = text[text.index("| the blog's attempt |") :]
    rows = re.findall(r"^\|[^|]*\|([^|]*)\|([^|]*)\|", table, re.M)
    named = {name for row in rows for cell in row for name in re.findall(r"`(\w+)`", cell)}
    assert named == {experiment.name for experiment in blog.EXPERIMENTS}


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_prose_has_at_most_120_columns(page):
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    prose = [line for line in text.splitlines() if not line.startswith(("|", "![", "<img"))]
    assert [line for line in prose if len(line) > 120] == []


def test_the_page_of_the_programs_lists_each_with_its_modes(monkeypatch):
    monkeypatch.setenv("COLUMNS", "1000")
    text = (ROOT / "docs" / "programs.md").read_text(encoding="utf-8")
    table = text[text.index("| program |") : text.index("The chapter, section by section")]
    listed = {}
    for names, modes in re.findall(r"^\|([^|]*)\|[^|]*\|([^|]*)\|$", table, re.M):
        for name in re.findall(r"`([\w.]+)`", names):
            listed[name] = set(modes.replace(",", " ").split())
    runnable = [name for name in programs() if name.split(".")[0] not in NOT_FOR_RUN]
    expected = {name: set(flags(name).get("mode") or []) - {"train"} for name in runnable}
    assert listed == expected
