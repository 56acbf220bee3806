"""The settings that a run has stored: what other modes take from them, and hostile ones."""

import dataclasses
import json

import pytest
from toy import Config, finished_run, parse

from graphmode import files
from graphmode.errors import InputError
from graphmode.training import run_folder
from graphmode.training.scalar_log import ScalarLog, read


def test_other_modes_rebuild_from_the_run(tmp_path):
    folder = finished_run(tmp_path / "run", size=4)
    config = parse("--mode", "sample", "--checkpoint", str(folder))
    assert (config.size, config.output_dir) == (4, str(folder))
    assert config.checkpoint == str(folder / "model.ckpt-7")
    assert (
        parse("--mode", "sample", "--checkpoint", str(folder / "model.ckpt-7.index")).checkpoint
        == config.checkpoint
    )


def test_a_run_of_another_program_or_a_damaged_config_is_refused(tmp_path):
    other = finished_run(tmp_path / "other", program="toy.other")
    with pytest.raises(InputError, match="other holds a run of toy.other, not of toy.program"):
        parse("--mode", "sample", "--checkpoint", str(other))
    (other / "config.json").write_text('{"program": "toy.pro')
    with pytest.raises(InputError, match="other/config.json cannot be read"):
        parse("--output_dir", str(other), "--resume")


def test_config_json_holds_every_setting(tmp_path):
    folder = finished_run(tmp_path / "run", size=4)
    stored = json.loads((folder / "config.json").read_text())
    assert stored["program"] == "toy.program" and stored["config"]["size"] == 4
    assert set(stored["config"]) == {field.name for field in dataclasses.fields(Config)}


def test_a_checkpoint_half_written_is_no_checkpoint(tmp_path):
    folder = finished_run(tmp_path / "run")
    (folder / "model.ckpt-9.data-00000-of-00001.tempstate123").write_text("")
    (folder / "model.ckpt-8.index").write_text("")
    assert [step for step, _ in run_folder.checkpoints(folder)] == [7]


def test_files_are_written_whole_or_not_at_all(tmp_path):
    target = tmp_path / "file"
    files.write_whole(target, "old")
    with pytest.raises(TypeError):
        files.write_whole(target, 3)
    assert target.read_text() == "old" and list(tmp_path.iterdir()) == [target]


def test_a_row_of_scalars_cut_short_is_left_out(tmp_path):
    log = ScalarLog(tmp_path, ["loss"], 0)
    for step in (1, 2):
        log.add({"loss": float(step)})
        log.row(step, "train")
    file = tmp_path / "scalars.csv"
    file.write_text(file.read_text()[:-2])
    assert [row["loss"] for row in read(tmp_path)] == ["1"]


def test_runs_of_an_earlier_name_with_earlier_flags_still_load(tmp_path):
    folder = finished_run(tmp_path / "run", program="toy.former")
    content = json.loads((folder / "config.json").read_text())
    del content["config"]["flip"], content["config"]["rate"]
    content["config"].update(old_flip="no", program="toy.former", gone=3)
    (folder / "config.json").write_text(json.dumps(content))
    config = parse("--mode", "sample", "--checkpoint", str(folder))
    assert (config.flip, config.rate) == (False, 0.5)
    trained = run_folder.trained(Config, folder)
    assert trained.flip is False and trained.checkpoint == str(folder / "model.ckpt-7")


def test_other_modes_keep_to_the_network_of_the_run(tmp_path):
    folder = str(finished_run(tmp_path / "run", size=4, rate=0.25))
    with pytest.raises(
        InputError, match="--size 5 contradicts the run in .*, which has 4: leave it"
    ):
        parse("--mode", "sample", "--checkpoint", folder, "--size", "5")
    assert parse("--mode", "sample", "--checkpoint", folder, "--rate", "2").rate == 2.0


def test_a_run_that_is_older_than_a_flag_of_the_network_has_its_default(tmp_path):
    folder = finished_run(tmp_path / "run", size=2)
    content = json.loads((folder / "config.json").read_text())
    default = Config.__dataclass_fields__["size"].default
    del content["config"]["size"]
    (folder / "config.json").write_text(json.dumps(content))
    with pytest.raises(InputError, match=f"--size {default + 1}"):
        parse("--mode", "sample", "--checkpoint", str(folder), "--size", str(default + 1))
    parse("--mode", "sample", "--checkpoint", str(folder), "--size", str(default))


def test_other_modes_do_not_inherit_what_belongs_to_one_call(tmp_path):
    folder = str(finished_run(tmp_path / "run", image="elsewhere"))
    assert parse("--mode", "sample", "--checkpoint", folder).image == ""
    assert parse("--mode", "sample", "--checkpoint", folder).mode == "sample"
    # The run itself keeps it, also for programs that read this run.
    assert parse("--output_dir", folder, "--resume").image == "elsewhere"
    assert run_folder.trained(Config, folder).image == "elsewhere"


@pytest.mark.parametrize("value", ["evil", None, [1], {"a": 1}, 1e30])
def test_a_config_with_a_wrong_value_is_one_line_with_file_and_value(value, tmp_path):
    folder = finished_run(tmp_path / "run")
    content = json.loads((folder / "config.json").read_text())
    content["config"]["size"] = value
    (folder / "config.json").write_text(json.dumps(content))
    with pytest.raises(
        InputError, match="config.json: --size .* is not a whole number.*use another run"
    ):
        parse("--mode", "sample", "--checkpoint", str(folder))


@pytest.mark.parametrize(
    "name, value, words",
    [
        ("precision", "evil", "--precision 'evil' is not one of float32, mixed"),
        ("max_steps", 1e30, "--max_steps 1e+30 is not a whole number"),
        ("max_steps", 10**400, "is not a whole number"),
        ("rate", float("nan"), "--rate nan is not a number"),
        ("flip", "yes", "--flip 'yes' is not True or False"),
        ("input_dir", "a\0b", "--input_dir 'a\\x00b' has a character that no name"),
        ("input_dir", "a\ud800", "has a character that no name"),
        ("batch_size", 13, "--batch_size 13 is unlucky"),
    ],
)
def test_a_hostile_setting_is_named_with_its_file(name, value, words, tmp_path):
    folder = finished_run(tmp_path / "run")
    content = json.loads((folder / "config.json").read_text())
    content["config"][name] = value
    (folder / "config.json").write_text(json.dumps(content))
    for flags in (["--resume", "--output_dir"], ["--mode", "sample", "--checkpoint"]):
        with pytest.raises(InputError) as error:
            parse(*flags, str(folder))
        assert str(error.value).startswith(f"{folder}/config.json: --{name} ")
        assert words in str(error.value)
        assert str(error.value).endswith("; correct it there, or use another run")


DAMAGED = ["", "[]", "3", "null", "\0\0\0", '{"a": ' + "9" * 5000 + "}"]
HALF = [
    '{"program": "toy.program"}',
    '{"program": ["toy.program"], "config": {}}',
    '{"program": "toy.program", "config": []}',
    '{"program": "toy.program", "config": [["size", 3]]}',
    '{"program": "toy.program", "config": {"a": "' + "x" * 2**20 + '"}}',
]


@pytest.mark.parametrize(
    "name, text",
    [(name, text) for name in ("config.json", "options.json") for text in DAMAGED]
    + [("config.json", text) for text in HALF],
    ids=lambda text: text[:30],
)
def test_a_damaged_config_is_named(name, text, tmp_path):
    folder = finished_run(tmp_path / "run")
    (folder / "config.json").unlink()
    (folder / name).write_text(text)
    with pytest.raises(InputError, match=f"run/{name} cannot be read .*: use another run"):
        parse("--mode", "sample", "--checkpoint", str(folder))
