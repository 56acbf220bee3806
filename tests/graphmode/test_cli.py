"""Flags, and the one clear line for what cannot be."""

import dataclasses
import os
import subprocess
import sys

import pytest
from toy import Config, finished_run, parse

from graphmode import cli, config, files
from graphmode.config import setting
from graphmode.errors import Ended, InputError
from graphmode.training import run_folder


def test_flags_defaults_and_the_programs_own_default_of_a_shared_flag(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = parse("--size", "5", "--no_flip", "--rate", "1e-4")
    assert (config.size, config.flip, config.rate, config.batch_size) == (5, False, 1e-4, 16)
    assert (config.mode, config.output_dir) == ("train", "runs/program")
    assert type(config) is Config


def test_help_names_every_flag_with_its_range_and_default(capsys):
    with pytest.raises(SystemExit) as stopped:
        parse("--help")
    text = " ".join(capsys.readouterr().out.split())
    assert stopped.value.code == 0 and "A toy." in text and "More." not in text
    assert "--size SIZE how many (at least 1, at most 9; default: 3)" in text
    assert "--data {digits,mnist} which data (default: digits)" in text
    assert "--no_flip the opposite" in text
    assert text.index("Settings of a toy: ") < text.index("Settings of every program that trains:")
    for field in dataclasses.fields(Config):
        assert f" --{field.name} " in text
        assert " ".join(field.metadata["help"].split()) in text


@pytest.mark.parametrize(
    "argv, message",
    [
        (["--size", "0"], "--size '0' is not a whole number (at least 1, at most 9)"),
        (["--size", "2.5"], "--size '2.5' is not a whole number"),
        (["--rate", "-1"], "--rate '-1' is not a number (above 0.0)"),
        (["--rate", "nan"], "'nan' is not a number"),
        (["--rate", "inf"], "'inf' is not a number"),
        (["--data", "cats"], "invalid choice: 'cats'"),
        (["--sise", "3"], "unrecognized arguments: --sise 3; do you mean --size?"),
        (["--siz", "3"], "unrecognized arguments: --siz 3"),
        (["--old_flip", "no"], "unrecognized arguments: --old_flip no; it is now --flip"),
        (["stray"], "unrecognized arguments: stray"),
        (["--mode", "dance"], "invalid choice: 'dance'"),
        (
            ["--mode", "sample"],
            "--mode sample needs --checkpoint: the folder of a run, for example runs/program",
        ),
        (["--resume", "--overwrite"], "--resume and --overwrite contradict"),
        (
            ["--resume", "--checkpoint", "nowhere"],
            "--resume continues from the run's newest checkpoint",
        ),
        (["--resume", "--output_dir", "nowhere"], "nowhere holds no run to continue"),
        (
            ["--mode", "sample", "--checkpoint", "nowhere"],
            "nowhere is neither the folder of a run nor a checkpoint",
        ),
    ],
)
def test_mistakes_are_one_line_with_the_value_and_status_2(
    argv, message, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stopped:
        cli.main(Config, {"train": None, "sample": None}, "A toy.", argv)
    error = capsys.readouterr().err
    assert stopped.value.code == 2
    assert error.startswith("toy.program: ") and error.count("\n") == 1 and message in error
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_a_run_is_neither_resumed_nor_overwritten_unasked(tmp_path):
    folder = str(finished_run(tmp_path / "run", size=4))
    with pytest.raises(
        InputError, match="run already holds a run: --resume continues it, --overwrite starts again"
    ):
        parse("--output_dir", folder)
    assert parse("--output_dir", folder, "--overwrite").size == 3


def test_resuming_takes_the_runs_settings_and_refuses_others(tmp_path):
    folder = str(finished_run(tmp_path / "run", size=4, rate=0.25, max_epochs=2))
    config = parse("--output_dir", folder, "--resume", "--max_epochs", "5", "--size", "4")
    assert (config.size, config.rate, config.max_epochs, config.resume) == (4, 0.25, 5, True)
    with pytest.raises(InputError, match="--size 5 contradicts the run in .*run, which has 4"):
        parse("--output_dir", folder, "--resume", "--size", "5")


def test_more_epochs_when_resuming_a_run_that_counted_steps(tmp_path):
    folder = str(finished_run(tmp_path / "run", max_steps=9))
    assert parse("--output_dir", folder, "--resume").max_steps == 9
    assert parse("--output_dir", folder, "--resume", "--max_epochs", "5").max_steps == 0


def test_published_numbers_give_way_to_given_ones(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert parse("--as_published").rate == 0.125 and parse().rate == 0.5
    assert parse("--as_published", "--rate", "3").rate == 3


def test_a_folder_with_other_peoples_files_is_refused_before_any_work(tmp_path):
    (tmp_path / "samples").mkdir()
    with pytest.raises(
        InputError,
        match="is not the folder of a run but holds samples, which a run would overwrite",
    ):
        parse("--output_dir", str(tmp_path))


def test_a_config_of_somebody_else_is_no_run(tmp_path):
    (tmp_path / "config.json").write_text('{"a": 1}')
    with pytest.raises(InputError, match="is not the folder of a run but holds config.json"):
        parse("--output_dir", str(tmp_path), "--overwrite")


def test_resuming_drops_what_evaluation_will_find_anew_and_nothing_else(tmp_path):
    folder = finished_run(tmp_path / "run")
    for name in ("metrics.json", "warnings.txt", "figures/latent.png", "samples/grid-00000001.png"):
        files.write_whole(folder / name, "old")
    with run_folder.started(Config(output_dir=str(folder), resume=True)):
        pass
    assert not {"metrics.json", "warnings.txt", "figures"} & {
        found.name for found in folder.iterdir()
    }
    assert run_folder.last_step(folder) == 7 and (folder / "samples/grid-00000001.png").exists()


def test_a_tilde_is_the_home_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert parse("--output_dir=~/x").output_dir == str(tmp_path / "x")


def test_without_a_home_folder_a_tilde_is_refused(monkeypatch):
    monkeypatch.setattr(cli.os.path, "expanduser", lambda path: path)
    with pytest.raises(InputError, match="--output_dir ~/x: there is no such home .*or ./~/x"):
        parse("--output_dir=~/x")


def test_a_path_must_exist_and_is_stored_as_an_absolute_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a[1]").mkdir()
    (tmp_path / "a[1]" / "model.ckpt-7.index").touch()
    assert parse("--other_run", "a[1]").other_run == str(tmp_path / "a[1]")
    named = parse("--other_run", "a[1]/model.ckpt-7").other_run  # a checkpoint is no file
    assert named == str(tmp_path / "a[1]/model.ckpt-7")
    assert parse("--other_run", "").other_run == ""
    for flag in ("--input_dir", "--other_run"):
        with pytest.raises(InputError, match=f"{flag} nowhere does not exist: give another path"):
            parse(flag, "nowhere")


@pytest.mark.parametrize("flag", ["--output_dir", "--checkpoint"])
def test_a_folder_that_tensorflow_cannot_name_is_refused(flag):
    with pytest.raises(InputError, match=f"{flag} .*TensorFlow reads and writes only names in UTF"):
        parse(flag, b"a\xff".decode("utf-8", "surrogateescape"))
    with pytest.raises(InputError, match=f"{flag} .* has a character that no name"):
        parse(flag, "a\0b")
    with pytest.raises(InputError, match=f"{flag} aaa.*: File name too long; give another path"):
        parse(flag, "a" * 256)


def test_a_folder_that_has_moved_and_a_learning_rate_are_accepted_when_resuming(tmp_path):
    gone, new = tmp_path / "gone", tmp_path / "new"
    new.mkdir()
    old = {"input_dir": str(gone), "other_run": str(gone), "lr": 0.1, "size": 4}
    folder = str(finished_run(tmp_path / "run", **old))
    moved = ["--input_dir", str(new), "--other_run", str(new)]
    config = parse("--resume", "--output_dir", folder, *moved, "--lr", "0.2", "--save_freq", "7")
    assert (config.input_dir, config.other_run, config.lr) == (str(new), str(new), 0.2)
    assert (config.save_freq, config.size) == (7, 4)
    config = parse("--mode", "sample", "--checkpoint", folder, *moved)
    assert (config.input_dir, config.other_run) == (str(new), str(new))


def run(modes, *argv, **more):
    """The exit status of the program."""
    with pytest.raises(SystemExit) as stopped:
        cli.main(Config, modes, "A toy.", list(argv), **more)
    return stopped.value.code


def test_a_path_that_the_run_remembers_and_that_is_gone_is_named_with_its_flag(tmp_path, capsys):
    folder = str(finished_run(tmp_path / "run", other_run=str(tmp_path / "gone")))

    def sample(config):
        raise InputError(f"{config.other_run} holds no run")

    assert run({"sample": sample, "train": None}, "--mode", "sample", "--checkpoint", folder) == 2
    line = capsys.readouterr().err
    assert line.endswith("gone holds no run; if it has moved, give its new place: --other_run\n")


def test_a_call_is_checked_before_its_mode_runs(tmp_path, capsys):
    def check(config):
        raise InputError(f"--size {config.size} needs --image")

    flags = ["--output_dir", str(tmp_path / "run")]
    assert run({"train": None}, *flags, check=check) == 2
    assert "--size 3 needs --image" in capsys.readouterr().err and not (tmp_path / "run").exists()


@pytest.mark.parametrize("error, status", [(KeyboardInterrupt(), 130), (Ended(15), 143)])
def test_an_interruption_says_how_to_continue(error, status, tmp_path, capsys):
    folder = str(tmp_path / "run")

    def train(config):
        with run_folder.started(config):
            raise error

    def early(config):
        raise error

    again = "toy.program: stopped; run the same command again to continue\n"
    assert run({"train": early}, "--output_dir", folder) == status
    assert capsys.readouterr().err == again
    assert run({"train": train}, "--output_dir", folder) == status
    line = f"toy.program: stopped; to continue: --resume --output_dir {folder}\n"
    assert capsys.readouterr().err == line
    for ending in (".index", ".data-00000-of-00001"):
        (tmp_path / "run" / ("model.ckpt-7" + ending)).write_text("")
    assert run({"sample": early}, "--mode", "sample", "--checkpoint", folder) == status
    assert capsys.readouterr().err == again


def test_a_wrong_call_answers_before_tensorflow_is_loaded(tmp_path):
    """TensorFlow takes five seconds."""
    run = tmp_path / "run"
    run.mkdir()
    (run / "config.json").write_text('{"program": "glcic", "config": {}}')
    for ending in (".index", ".data-00000-of-00001"):
        (run / f"model.ckpt-7{ending}").touch()
    code = """if True:
        import contextlib, sys
        from glcic.__main__ import main
        for flags in (
            "--input_dir nowhere",
            "--mode complete --checkpoint nowhere",
            "--mode complete --checkpoint run --image x",
            "--mode complete --checkpoint run --image run",
            "--mode complete --checkpoint run",
            "--mode complete --checkpoint run --image run --mask run --output x.jpg",
        ):
            with contextlib.suppress(SystemExit):
                main(flags.split())
        assert "tensorflow" not in sys.modules
        """
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, env=environment
    )
    words = [
        "--input_dir nowhere does not exist",
        "nowhere is neither the folder of a run nor a checkpoint",
        "--image x does not exist",
        "run needs --mask: an image of the same size",
        "--mode complete needs --image IMAGE and --mask MASK",
        "--output x.jpg is no .png",
    ]
    lines = done.stderr.splitlines()
    assert done.returncode == 0 and len(lines) == len(words)
    assert all(word in line for word, line in zip(words, lines))


@dataclasses.dataclass(frozen=True)
class Flags(config.Settings):
    """Settings of a tool."""

    count: int = setting(1, at_least=1, help="how many")
    target: str = setting("", required=True, help="where to")


def test_tools_read_their_settings_the_same_way(capsys):
    seen = []
    cli.tool("toy.tool", Flags, "A tool.", seen.append, ["--target", "x", "--count", "2"])
    assert seen == [Flags(count=2, target="x")]
    for argv, message in (
        ([], "toy.tool: --target is missing: where to\n"),
        (
            ["--target", "x", "--count", "0"],
            "toy.tool: --count '0' is not a whole number (at least 1)\n",
        ),
    ):
        with pytest.raises(SystemExit) as stopped:
            cli.tool("toy.tool", Flags, "A tool.", seen.append, argv)
        assert (stopped.value.code, capsys.readouterr().err) == (2, message)
