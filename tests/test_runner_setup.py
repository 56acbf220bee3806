"""run.sh: which Python it takes, and the .venv that it makes."""

import json
import os
import shutil
import signal

import pytest

from fake_machine import ONE_CARD



def test_the_newest_python_that_works_makes_the_venv_once(project):
    project.executable("python3.13", "echo 'pyenv: python3.13: command not found' >&2; exit 127")
    project.python("python3.12", "3.12")
    project.python("python3.11", "3.11")
    project.python("python3", "3.9")
    result = project.run("gan_book.echo", "--lr", "1")
    assert json.loads(result.stdout)["flags"] == ["--lr", "1"]
    assert "making .venv with Python 3.12 (about a minute, 2 GB" in result.stderr and result.stderr.count("\n") == 1
    assert project.record() == ["venv 3.12", "pip .[tests]"]
    assert project.run("gan_book.echo").stderr == ""
    assert project.succeed("setup") == f"ready: {project.root}/.venv (Python 3.12.0)\n"
    assert len(project.record()) == 2


def test_a_changed_setup_py_is_installed_into_the_same_venv(project):
    project.python("python3.11", "3.11")
    project.succeed("setup")
    project.write("setup.py", "# version 2\n")
    assert "setup.py or the extras have changed" in project.run("gan_book.echo").stderr
    assert project.record() == ["venv 3.11", "pip .[tests]", "pip .[tests]"]


def test_nvidias_libraries_are_added_and_remembered(project):
    project.cards(ONE_CARD)
    project.python("python3.11", "3.11")
    assert "./run.sh setup --gpu adds them" in project.run("gan_book.echo").stderr
    project.succeed("setup", "--gpu")
    assert "setup --gpu" not in project.run("gan_book.echo").stderr
    project.write("setup.py", "# version 2\n")
    project.succeed("setup")
    assert project.record() == ["venv 3.11", "pip .[tests]", "pip .[tests,gpu]", "pip .[tests,gpu]"]


def test_an_interrupted_setup_is_done_again(project):
    project.python("python3.11", "3.11")
    for number in (signal.SIGKILL, signal.SIGINT):
        (project.bin / "record").unlink(missing_ok=True)
        process = project.start("setup", FAKE_PIP="hangs")
        project.wait_for("pip", project.bin / "record")
        os.killpg(process.pid, number)  # as Ctrl-C does: all of the terminal's processes
        _, errors = process.communicate(timeout=20)
    assert "setup interrupted" in errors and process.returncode == 2
    (project.bin / "record").unlink()
    project.echo("gan_book.echo")
    assert project.record() == ["venv 3.11", "pip .[tests]"]


def test_a_failed_install_shows_the_end_of_its_log_and_is_done_again(project):
    project.python("python3.11", "3.11")
    result = project.run("gan_book.echo", FAKE_PIP="fails")
    assert (result.returncode, result.stdout) == (2, "")
    lines = result.stderr.splitlines()
    assert lines[1] == "collecting, then fails" and "check network and disk, then: ./run.sh setup" in lines[2]
    assert project.succeed("setup").startswith("ready: ")
    assert project.record() == ["venv 3.11", "pip .[tests]"] * 2


@pytest.mark.parametrize("has_flock", [True, False])
def test_two_at_once_set_up_only_once(project, has_flock, tmp_path):
    if not has_flock:
        shutil.copytree(project.environment["PATH"].split(":")[1], tmp_path / "poorer", symlinks=True)
        (tmp_path / "poorer/flock").unlink()
        project.environment["PATH"] = f"{project.bin}:{tmp_path}/poorer"
        (project.root / ".venv").mkdir()
        (project.root / ".venv/setup.owner").symlink_to("999999999")  # of one that was killed
    project.python("python3.11", "3.11")
    processes = [project.start("gan_book.echo", FAKE_PIP="slow") for _ in range(2)]
    outputs = [process.communicate(timeout=20)[0] for process in processes]
    assert [json.loads(output)["flags"] for output in outputs] == [[], []]
    assert project.record() == ["venv 3.11", "pip .[tests]"]


def test_no_fitting_python_is_one_line_with_the_cure(project):
    project.environment.pop("PYTHON")
    line = project.fail("gan_book.echo")
    assert "no Python 3.10 to 3.13 (python3: does not run)" in line and "apt-get install python3 python3-venv" in line
    project.python("python3", "3.9")
    assert "(python3: 3.9)" in project.fail("gan_book.echo")
    assert not (project.root / ".venv").exists()


@pytest.mark.parametrize("flaw", ["no ensurepip", "venv fails"])
def test_a_python_without_venv_is_one_line_with_the_cure(project, flaw):
    project.python("python3", "3.12", flaw)
    result = project.run("gan_book.echo")
    line = result.stderr.splitlines()[-1]
    assert (result.returncode, result.stdout) == (2, "")
    assert f"{project.bin}/python3 cannot make a virtual environment" in line
    assert "apt-get install python3.12-venv" in line


def test_an_older_python_that_can_make_a_venv_goes_before_a_newer_that_cannot(project):
    project.python("python3.13", "3.13", "no ensurepip")
    project.python("python3", "3.10")
    project.succeed("setup")
    assert project.record()[0] == "venv 3.10"


@pytest.mark.parametrize("name, version, words", [
    ("python-old", "3.9", "PYTHON=python-old: 3.9"), ("python-new", "3.14", "PYTHON=python-new: 3.14"),
    ("/no/python", None, "PYTHON=/no/python: no such program")])
def test_a_named_python_that_does_not_fit_is_refused(project, name, version, words):
    if version:
        project.python(name, version)
    assert words in project.fail("gan_book.echo", PYTHON=name)


def test_a_named_python_makes_the_venv_anew(project):
    project.python("python3.13", "3.13")
    project.python("mine", "3.10")
    project.succeed("setup")
    result = project.run("gan_book.echo", PYTHON="mine")
    assert f"{project.bin}/mine lacks packages: using .venv" in result.stderr and result.returncode == 0
    project.succeed("setup", PYTHON="../bin/mine")
    assert project.run("gan_book.echo", PYTHON="mine").stderr == ""
    assert project.record() == ["venv 3.13", "pip .[tests]", "venv 3.10", "pip .[tests]"]


@pytest.mark.parametrize("variable", ["VIRTUAL_ENV", "CONDA_PREFIX"])
def test_an_active_environment_is_used_if_it_is_whole(project, tmp_path, variable):
    project.python("python3.11", "3.11")
    for flaw, record in (("whole", []), ("", ["venv 3.11", "pip .[tests]"])):
        (tmp_path / "active" / "bin").mkdir(parents=True, exist_ok=True)
        shutil.copy(project.python("inner", "3.12", flaw), tmp_path / "active/bin/python")
        project.echo("gan_book.echo", **{variable: str(tmp_path / "active")})
        assert project.record() == record


def test_a_venv_of_the_users_own_is_used_or_left_alone(project):
    project.python("python3.11", "3.11")
    (project.root / ".venv/bin").mkdir(parents=True)
    own = project.root / ".venv/bin/python"
    shutil.copy(project.python("inner", "3.12", "whole"), own)
    project.echo("gan_book.echo")
    shutil.copy(project.python("inner", "3.12"), own)
    assert "not from ./run.sh setup" in project.fail("gan_book.echo")
    assert own.exists() and not project.record()


def test_doctor_reports_also_without_python(project):
    assert project.succeed("doctor", "--all") == "examined ['--all']\n"
    result = project.run("doctor", PYTHON="/no/python")
    assert result.returncode == 2 and "PYTHON=/no/python: no such program" in result.stderr
    assert "CPU only: there is no nvidia-smi" in result.stdout and "GB free on the disk" in result.stdout
