"""run.sh: which Python it takes, and the .venv that it makes."""

import json
import os
import shutil
import signal

import pytest
from fake_machine import ONE_GPU

FOR_USERS = "pip .[opencv,serve,programs]"


@pytest.fixture
def machine(project):
    """A checkout without .venv. The Pythons are those that a test adds."""
    return project.bare()


def test_the_newest_python_that_works_makes_the_venv_once(machine):
    failing = "echo 'pyenv: python3.13: command not found' >&2; exit 127"
    machine.executable("python3.13", failing)
    machine.python("python3.12", "3.12")
    machine.python("python3.11", "3.11")
    machine.python("python3", "3.9")
    result = machine.run("gan_book.echo", "--lr", "1")
    assert json.loads(result.stdout)["flags"] == ["--lr", "1"]
    assert "making .venv with Python 3.12 (about a minute, 2 GB" in result.stderr
    assert result.stderr.count("\n") == 1
    assert machine.record() == ["venv 3.12", FOR_USERS]
    assert machine.run("gan_book.echo").stderr == ""
    assert machine.succeed("setup") == f"ready: {machine.venv} (Python 3.12)\n"
    assert len(machine.record()) == 2


def test_a_changed_setup_py_is_installed_into_the_same_venv(machine):
    machine.python("python3.11", "3.11")
    machine.succeed("setup")
    machine.write("setup.py", "# version 2\n")
    assert "adding to .venv what setup.py or" in machine.run("gan_book.echo").stderr
    assert machine.record() == ["venv 3.11", FOR_USERS, FOR_USERS]


def test_the_tests_packages_come_with_the_first_test_and_stay(machine):
    machine.python("python3.11", "3.11")
    machine.write("pytest.py", "print('tested')\n")
    machine.succeed("gan_book.echo")
    for _ in range(2):
        assert machine.succeed("test") == "tested\n"
        machine.succeed("gan_book.echo")
    machine.succeed("setup")
    added = "pip .[opencv,serve,programs,tests]"
    assert machine.record() == ["venv 3.11", FOR_USERS, added]
    machine.write("setup.py", "# version 2\n")
    machine.succeed("gan_book.echo")
    assert machine.record()[3:] == [added]


def test_nvidias_libraries_are_added_and_remembered(machine):
    machine.gpus(ONE_GPU)
    machine.python("python3.11", "3.11")
    assert "./run.sh setup --gpu adds them" in machine.run("gan_book.echo").stderr
    machine.succeed("setup", "--gpu")
    assert "setup --gpu" not in machine.run("gan_book.echo").stderr
    machine.write("setup.py", "# version 2\n")
    machine.succeed("setup")
    with_gpu = "pip .[opencv,serve,programs,gpu]"
    assert machine.record() == ["venv 3.11", FOR_USERS, with_gpu, with_gpu]


def test_the_stamp_of_an_older_run_sh_is_understood(machine):
    machine.python("python3.11", "3.11")
    machine.succeed("setup")
    (machine.venv / "setup.stamp").write_text("tests,gpu 475155214 2177\n")
    machine.succeed("setup")
    assert machine.record()[2:] == ["pip .[opencv,serve,programs,tests,gpu]"]


def test_an_interrupted_setup_is_done_again(machine):
    machine.python("python3.11", "3.11")
    for number in (signal.SIGKILL, signal.SIGINT):
        (machine.bin / "record").unlink(missing_ok=True)
        process = machine.start("setup", FAKE_PIP="hangs")
        machine.wait_for("pip", machine.bin / "record")
        os.killpg(process.pid, number)  # as Ctrl-C does: all of the terminal's processes
        _, errors = process.communicate(timeout=20)
    assert "setup interrupted" in errors and process.returncode == 2
    (machine.bin / "record").unlink()
    machine.echo("gan_book.echo")
    assert machine.record() == ["venv 3.11", FOR_USERS]


def test_an_interrupted_first_use_starts_no_program(machine):
    machine.python("python3.11", "3.11")
    process = machine.start("gan_book.echo", FAKE_PIP="hangs")
    machine.wait_for("pip", machine.bin / "record")
    os.killpg(process.pid, signal.SIGINT)
    output, errors = process.communicate(timeout=20)
    assert output == "" and "setup interrupted" in errors and process.returncode


def test_a_failed_install_shows_the_end_of_its_log_and_is_done_again(machine):
    machine.python("python3.11", "3.11")
    result = machine.run("gan_book.echo", FAKE_PIP="fails")
    assert (result.returncode, result.stdout) == (2, "")
    lines = result.stderr.splitlines()
    assert lines[1] == "collecting, then fails"
    assert "check network and disk, then: ./run.sh setup" in lines[2]
    assert machine.succeed("setup").startswith("ready: ")
    assert machine.record() == ["venv 3.11", FOR_USERS] * 2


def test_two_at_once_set_up_only_once(machine):
    machine.python("python3.11", "3.11")
    processes = [machine.start("gan_book.echo", FAKE_PIP="slow") for _ in range(2)]
    results = [process.communicate(timeout=20) for process in processes]
    assert [json.loads(output)["flags"] for output, _ in results] == [[], []]
    assert machine.record() == ["venv 3.11", FOR_USERS]


def test_no_fitting_python_is_one_line_with_the_cure(machine):
    line = machine.fail("gan_book.echo")
    assert "no Python 3.10 to 3.13 (python3: does not run)" in line
    assert "apt-get install python3 python3-venv" in line
    machine.python("python3", "3.9")
    assert "(python3: 3.9)" in machine.fail("gan_book.echo")
    machine.python("python3", "3.14")
    assert "no Python 3.10 to 3.13; install one" in machine.fail("gan_book.echo")
    assert not machine.venv.exists()


@pytest.mark.parametrize("flaw", ["no ensurepip", "venv fails"])
def test_a_python_without_venv_is_one_line_with_the_cure(machine, flaw):
    machine.python("python3", "3.12", flaw)
    result = machine.run("gan_book.echo")
    line = result.stderr.splitlines()[-1]
    assert (result.returncode, result.stdout) == (2, "")
    assert f"{machine.bin}/python3 cannot make a virtual environment" in line
    assert "apt-get install python3.12-venv" in line


def test_an_older_python_that_can_make_a_venv_goes_before_a_newer_that_cannot(machine):
    machine.python("python3.13", "3.13", "no ensurepip")
    machine.python("python3", "3.10")
    machine.succeed("setup")
    assert machine.record()[0] == "venv 3.10"


@pytest.mark.parametrize(
    "name, version, words",
    [
        ("python-old", "3.9", "PYTHON=python-old: 3.9; name"),
        ("python-new", "3.14", "PYTHON=python-new: 3.14; name"),
        ("/no/python", None, "PYTHON=/no/python: does not run; name"),
    ],
)
def test_a_named_python_that_does_not_fit_is_refused(machine, name, version, words):
    machine.python("python3", "3.12")
    if version:
        machine.python(name, version)
    assert words in machine.fail("gan_book.echo", PYTHON=name)


def test_a_named_python_makes_the_venv_from_scratch(machine):
    machine.python("python3.13", "3.13")
    machine.python("mine", "3.10")
    machine.succeed("setup")
    result = machine.run("gan_book.echo", PYTHON="mine")
    assert f"{machine.bin}/mine lacks packages: using .venv" in result.stderr
    assert result.returncode == 0
    machine.succeed("setup", PYTHON="../bin/mine")
    assert machine.run("gan_book.echo", PYTHON="mine").stderr == ""
    assert machine.record() == ["venv 3.13", FOR_USERS, "venv 3.10", FOR_USERS]


@pytest.mark.parametrize("variable", ["VIRTUAL_ENV", "CONDA_PREFIX"])
def test_an_active_environment_is_used_if_it_is_whole(machine, tmp_path, variable):
    machine.python("python3.11", "3.11")
    for flaw, record in (("whole", []), ("", ["venv 3.11", FOR_USERS])):
        (tmp_path / "active" / "bin").mkdir(parents=True, exist_ok=True)
        shutil.copy(machine.python("inner", "3.12", flaw), tmp_path / "active/bin/python")
        machine.echo("gan_book.echo", **{variable: str(tmp_path / "active")})
        assert machine.record() == record


def test_an_active_environment_without_the_tests_packages_runs_programs_only(machine, tmp_path):
    machine.python("python3.11", "3.11")
    machine.write("pytest.py", "print('tested')\n")
    machine.executable(tmp_path / "active/bin/python", "exit 1")
    shutil.copy(machine.python("inner", "3.12", "no pytest"), tmp_path / "active/bin/python")
    machine.echo("gan_book.echo", VIRTUAL_ENV=str(tmp_path / "active"))
    assert not machine.record()
    machine.succeed("test", VIRTUAL_ENV=str(tmp_path / "active"))
    assert machine.record() == ["venv 3.11", "pip .[opencv,serve,programs,tests]"]


def test_a_venv_of_the_users_own_is_used_or_left_alone(machine):
    machine.python("python3.11", "3.11")
    (machine.venv / "bin").mkdir(parents=True)
    own = machine.venv / "bin/python"
    shutil.copy(machine.python("inner", "3.12", "whole"), own)
    machine.echo("gan_book.echo")
    shutil.copy(machine.python("inner", "3.12"), own)
    assert "not made by ./run.sh setup" in machine.fail("gan_book.echo")
    assert own.exists() and not machine.record()


def test_doctor_reports_also_without_an_environment(machine):
    machine.python("python3", "3.12", "no ensurepip")
    result = machine.run("doctor")
    assert result.returncode == 2 and "cannot make a virtual environment" in result.stderr
    assert "CPU only: there is no nvidia-smi" in result.stdout
    assert "GB free on the disk" in result.stdout


def test_doctor_gets_its_flags(project):
    assert project.succeed("doctor", "--all") == "examined ['--all']\n"
