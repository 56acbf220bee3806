"""The command `graphmode` of an installed package: which process it becomes."""

import os
import subprocess
import sys
import zipfile

import pytest

from graphmode import command


@pytest.fixture
def started(monkeypatch):
    """The arguments after `python -m` of what the command becomes."""
    found = []

    def execv(path, arguments):
        assert path == sys.executable and arguments[:2] == [path, "-m"]
        found.extend(arguments[2:])

    monkeypatch.setattr(os, "execv", execv)
    monkeypatch.setenv("PYTHONSAFEPATH", "")
    return found


@pytest.mark.parametrize(
    "given, expected",
    [
        ("run old.py --lr 1", "graphmode old.py --lr 1"),
        ("check -v old.py", "graphmode --check -v old.py"),
        ("report runs/vae", "graphmode.report runs/vae"),
        ("stop vae-1", "graphmode.jobs stop vae-1"),
        ("gan_book.vae --max_steps 10", "gan_book.vae --max_steps 10"),
        ("glcic.batch_norm_lab", "glcic.batch_norm_lab"),
    ],
)
def test_each_command_becomes_its_program(started, given, expected):
    command.main(given.split())
    assert started == expected.split()


def test_a_wrong_name_is_one_line(started, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "old.py").touch()
    for name, words in (("gan_book.vea", "no command or program"), ("old.py", "graphmode run")):
        with pytest.raises(SystemExit) as error:
            command.main([name])
        assert error.value.code == 2
        line = capsys.readouterr().err
        assert words in line and line.count("\n") == 1
    assert not started


def test_list_shows_the_programs(capsys):
    with pytest.raises(SystemExit) as error:
        command.main(["list"])
    assert error.value.code == 0 and "gan_book.vae" in capsys.readouterr().out


@pytest.mark.slow
def test_the_package_that_pip_builds_has_the_command_and_all_files(tmp_path):
    pytest.importorskip("setuptools")
    pytest.importorskip("wheel")
    root = os.path.dirname(os.path.dirname(command.__file__))
    build = ["build", "--build-base", str(tmp_path / "build")]
    info = ["egg_info", "--egg-base", str(tmp_path)]
    wheel = ["bdist_wheel", "-d", str(tmp_path / "dist"), "-b", str(tmp_path / "bdist")]
    command_line = [sys.executable, "setup.py", "-q", *info, *build, *wheel]
    subprocess.run(command_line, cwd=root, check=True)
    (wheel,) = (tmp_path / "dist").iterdir()
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (entry,) = [name for name in names if name.endswith("entry_points.txt")]
        assert b"graphmode = graphmode.command:main" in archive.read(entry)
    kept = subprocess.run(["git", "ls-files"], cwd=root, capture_output=True, text=True, check=True)
    for package in ("graphmode", "data", "gan_book", "glcic", "pix2pix", "examples"):
        assert {one for one in kept.stdout.split() if one.startswith(f"{package}/")} <= {*names}
