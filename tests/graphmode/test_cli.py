"""Flags, and the one clear line for what cannot be."""

import json
from typing import Literal, NamedTuple

import pytest

from graphmode import cli, runs


class Config(NamedTuple):
    data: Literal["digits", "mnist"] = "digits"  # which data
    size: cli.whole(1, 9) = 3  # how many
    rate: cli.real(0.0) = 0.5  # how fast
    batch_size: cli.whole(1) = 16
    flip: bool = True  # mirror pictures
    implies = {"as_published": {"rate": 0.125}}


def parse(*argv):
    return cli.parse("toy.program", Config, ["train", "sample"], "A toy.\n\nMore.", list(argv))


def finished_run(folder, program="toy.program", **changes):
    folder.mkdir()
    config = cli.settings(Config, program=program, output_dir=str(folder), **changes)
    with runs.started(config):
        pass
    for ending in (".index", ".data-00000-of-00001"):
        (folder / ("model.ckpt-7" + ending)).write_text("")
    return folder


def test_flags_defaults_and_the_programs_own_default_of_a_shared_flag(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = parse("--size", "5", "--no_flip", "--rate", "1e-4")
    assert (config.size, config.flip, config.rate, config.batch_size) == (5, False, 1e-4, 16)
    assert (config.mode, config.output_dir, config.program) == ("train", "runs/program", "toy.program")


def test_comments_are_the_help(capsys):
    with pytest.raises(SystemExit) as stopped:
        parse("--help")
    text = capsys.readouterr().out
    assert stopped.value.code == 0
    assert "how many (default: 3)" in text and "examples per step (default: 16)" in text and "A toy." in text


@pytest.mark.parametrize("argv, message", [
    (["--size", "0"], "--size: '0' is not a whole number from 1 to 9"),
    (["--size", "2.5"], "'2.5' is not a whole number"),
    (["--rate", "-1"], "'-1' is not a number from 0"),
    (["--rate", "nan"], "'nan' is not a number"),
    (["--rate", "inf"], "'inf' is not a number"),
    (["--data", "cats"], "invalid choice: 'cats'"),
    (["--sise", "3"], "unrecognized arguments: --sise 3; do you mean --size?"),
    (["--siz", "3"], "unrecognized arguments: --siz 3"),
    (["stray"], "unrecognized arguments: stray"),
    (["--mode", "dance"], "invalid choice: 'dance'"),
    (["--mode", "sample"], "--mode sample needs --checkpoint: the folder of a run, for example runs/program"),
    (["--resume", "--overwrite"], "--resume and --overwrite contradict"),
    (["--resume", "--checkpoint", "nowhere"], "--resume goes on from the run's newest checkpoint"),
    (["--resume", "--output_dir", "nowhere"], "nowhere holds no run"),
    (["--mode", "sample", "--checkpoint", "nowhere"], "nowhere is neither a run's folder nor a checkpoint"),
])
def test_mistakes_are_one_line_with_the_value_and_status_2(argv, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stopped:
        cli.main("toy.program", Config, {"train": None, "sample": None}, "A toy.", argv)
    error = capsys.readouterr().err
    assert stopped.value.code == 2
    assert error.startswith("toy.program: ") and error.count("\n") == 1 and message in error
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_a_run_is_neither_resumed_nor_overwritten_unasked(tmp_path):
    folder = str(finished_run(tmp_path / "run", size=4))
    with pytest.raises(cli.InputError, match="run already holds a run: --resume goes on with it, --overwrite starts"):
        parse("--output_dir", folder)
    assert parse("--output_dir", folder, "--overwrite").size == 3


def test_resuming_takes_the_runs_settings_and_refuses_others(tmp_path):
    folder = str(finished_run(tmp_path / "run", size=4, rate=0.25, max_epochs=2))
    config = parse("--output_dir", folder, "--resume", "--max_epochs", "5", "--size", "4")
    assert (config.size, config.rate, config.max_epochs, config.resume) == (4, 0.25, 5, True)
    with pytest.raises(cli.InputError, match="--size 5 contradicts the run in .*run, which has 4"):
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
    with pytest.raises(cli.InputError, match="is no run's folder but holds samples, which a run would replace"):
        parse("--output_dir", str(tmp_path))


def test_a_config_of_somebody_else_is_no_run(tmp_path):
    (tmp_path / "config.json").write_text('{"a": 1}')
    with pytest.raises(cli.InputError, match="is no run's folder but holds config.json"):
        parse("--output_dir", str(tmp_path), "--overwrite")


def test_an_overwriting_cut_short_leaves_a_folder_that_is_still_known_for_a_runs(tmp_path, monkeypatch):
    folder = finished_run(tmp_path / "run")

    def cut_short(target, content):
        raise KeyboardInterrupt
    monkeypatch.setattr(runs, "write_whole", cut_short)
    with pytest.raises(KeyboardInterrupt), runs.started(cli.settings(Config, output_dir=str(folder))):
        pass
    assert not runs.checkpoints(folder)
    assert parse("--output_dir", str(folder), "--overwrite").overwrite


def test_resuming_drops_what_evaluation_will_find_anew_and_nothing_else(tmp_path):
    folder = finished_run(tmp_path / "run")
    for name in ("metrics.json", "warnings.txt", "figures/latent.png", "samples/grid-00000001.png"):
        runs.write_whole(folder / name, "old")
    with runs.started(cli.settings(Config, output_dir=str(folder), resume=True)):
        pass
    assert not {"metrics.json", "warnings.txt", "figures"} & {found.name for found in folder.iterdir()}
    assert runs.last_step(folder) == 7 and (folder / "samples/grid-00000001.png").exists()


def test_a_tilde_is_the_home_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert parse("--output_dir=~/x").output_dir == str(tmp_path / "x")


def test_other_modes_rebuild_from_the_run(tmp_path):
    folder = finished_run(tmp_path / "run", size=4)
    config = parse("--mode", "sample", "--checkpoint", str(folder))
    assert (config.size, config.output_dir) == (4, str(folder))
    assert config.checkpoint == str(folder / "model.ckpt-7")
    assert parse("--mode", "sample", "--checkpoint", str(folder / "model.ckpt-7.index")).checkpoint == config.checkpoint


def test_a_run_of_another_program_or_a_damaged_config_is_refused(tmp_path):
    other = finished_run(tmp_path / "other", program="toy.other")
    with pytest.raises(cli.InputError, match="other holds a run of toy.other, not of toy.program"):
        parse("--mode", "sample", "--checkpoint", str(other))
    (other / "config.json").write_text('{"program": "toy.pro')
    with pytest.raises(cli.InputError, match="other/config.json cannot be read"):
        parse("--output_dir", str(other), "--resume")


def test_config_json_holds_every_setting(tmp_path):
    folder = finished_run(tmp_path / "run", size=4)
    stored = json.loads((folder / "config.json").read_text())
    assert stored["program"] == "toy.program" and stored["config"]["size"] == 4
    assert set(stored["config"]) == set(cli.Run._fields) | set(Config._fields)


def test_a_checkpoint_half_written_is_no_checkpoint(tmp_path):
    folder = finished_run(tmp_path / "run")
    (folder / "model.ckpt-9.data-00000-of-00001.tempstate123").write_text("")
    (folder / "model.ckpt-8.index").write_text("")
    assert [step for step, _ in runs.checkpoints(folder)] == [7]


def test_files_are_written_whole_or_not_at_all(tmp_path):
    target = tmp_path / "file"
    runs.write_whole(target, "old")
    with pytest.raises(TypeError):
        runs.write_whole(target, 3)
    assert target.read_text() == "old" and list(tmp_path.iterdir()) == [target]


def test_a_row_of_scalars_cut_short_is_left_out(tmp_path):
    log = runs.ScalarLog(tmp_path, ["loss"], 0)
    for step in (1, 2):
        log.add({"loss": float(step)})
        log.row(step, "train")
    file = tmp_path / "scalars.csv"
    file.write_text(file.read_text()[:-2])
    assert [row["loss"] for row in runs.read_scalars(tmp_path)] == ["1"]
