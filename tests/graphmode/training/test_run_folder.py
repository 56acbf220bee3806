"""The folder of a run: its checkpoints, whole or damaged; who may write it, and what is deleted."""

import pytest
from descent import by_hand, descent, losses, weight

from graphmode import files, sessions, tf, training
from graphmode.errors import InputError
from graphmode.training import run_folder


@pytest.mark.parametrize("part", ["index", "data-00000-of-00001"])
@pytest.mark.parametrize("damage", [lambda b: b[:-9], lambda b: bytes(len(b))], ids=["cut", "0"])
def test_a_damaged_checkpoint_is_left_for_an_older_one(part, damage, settings, capsys):
    config = settings(save_freq=2, keep=3)
    training.fit(descent(6), config)
    expected = weight(config, 6)
    file = files.path(config.output_dir, f"model.ckpt-6.{part}")
    file.write_bytes(damage(file.read_bytes()))
    tf.reset_default_graph()
    training.fit(descent(6), config.replace(resume=True))
    assert "model.ckpt-6 was damaged: continuing at step 4" in capsys.readouterr().err
    assert weight(config, 6) == expected


@pytest.mark.parametrize("part", ["index", "data-00000-of-00001"])
@pytest.mark.parametrize("folder", [False, True])
def test_a_checkpoint_without_a_part_is_named_and_its_rest_removed(part, folder, settings, capsys):
    config = settings(save_freq=2, keep=3)
    training.fit(descent(6), config)
    expected = weight(config, 6)
    files.path(config.output_dir, f"model.ckpt-6.{part}").unlink()
    if folder:
        files.path(config.output_dir, f"model.ckpt-6.{part}").mkdir()
    said = f"model.ckpt-6 in {config.output_dir} is not complete: step 4 is taken\n"
    capsys.readouterr()
    assert run_folder.find_checkpoint(config.output_dir).name == "model.ckpt-4"
    assert capsys.readouterr().err == said
    tf.reset_default_graph()
    training.fit(descent(5), config.replace(resume=True))
    assert said in capsys.readouterr().err
    assert not list(files.path(config.output_dir).glob("model.ckpt-6.*"))
    tf.reset_default_graph()
    training.fit(descent(6), config.replace(resume=True))
    assert weight(config, 6) == expected


def test_only_damaged_checkpoints_are_one_line(settings):
    config = settings()
    training.fit(descent(2), config)
    files.path(config.output_dir, "model.ckpt-2.index").write_bytes(b"")
    tf.reset_default_graph()
    with pytest.raises(InputError, match="all checkpoints in .* are damaged.*--overwrite"):
        training.fit(descent(2), config.replace(resume=True))


@pytest.mark.parametrize("name", ["a[1]", "a*", "a?", "a\\b", "a{1,2}", "a[1", "new\nline", "ü n"])
def test_a_path_is_no_pattern(name, settings, tmp_path):
    beside = settings(output_dir=str(tmp_path / "a1"))
    training.fit(descent(2), beside)
    config = settings(output_dir=str(tmp_path / name), save_freq=1, keep=2)
    for steps in (4, 6):
        tf.reset_default_graph()
        training.fit(descent(steps), config.replace(resume=steps == 6))
    assert [step for step, _ in run_folder.checkpoints(config.output_dir)] == [5, 6]
    assert run_folder.last_step(beside.output_dir) == 2
    assert weight(config, 6) == pytest.approx(by_hand(6)[1])
    state = tf.train.get_checkpoint_state(str(tmp_path / "a1"))
    assert state.model_checkpoint_path.endswith("/a1/model.ckpt-2")


def test_remains_of_killed_processes_are_removed(settings):
    config = settings()
    training.fit(descent(2), config)
    folder = files.path(config.output_dir)
    left = [".unfinished-x", ".unfinished-checkpoint/model.ckpt-3.index", "samples/.unfinished-y"]
    left += ["model.ckpt-3.data-00000-of-00001", "model.ckpt-3.data-00000-of-00001.tempstate12"]
    left += ["checkpoint.tmp1", ".report.html.abc"]
    for name in left:
        files.write_whole(folder / name, "")
    tf.reset_default_graph()
    training.fit(descent(3), config.replace(resume=True))
    kept = {".lock", "config.json", "checkpoint", "scalars.csv", "resume.json", "run.json"}
    names = {path.name for path in folder.iterdir()} - kept - {"report.html", "samples"}
    assert not [name for name in names if not name.startswith(("model.ckpt-2.", "model.ckpt-3."))
                and not name.startswith("events.")]  # fmt: skip
    assert len(run_folder.checkpoints(folder)) == 2 and not list((folder / "samples").iterdir())


def test_a_run_that_began_meanwhile_is_not_replaced(settings):
    config = settings()
    training.fit(descent(2), config)
    tf.reset_default_graph()
    with pytest.raises(InputError, match="already holds a run: --resume continues it"):
        training.fit(descent(2), config)
    checkpoint = str(run_folder.find_checkpoint(config.output_dir))
    tf.reset_default_graph()
    with pytest.raises(InputError, match="--overwrite would delete .*model.ckpt-2 itself"):
        training.fit(descent(2), config.replace(overwrite=True, checkpoint=checkpoint))
    assert run_folder.last_step(config.output_dir) == 2


def test_a_deletion_cut_short_is_finished_by_the_next_process(settings, monkeypatch):
    config = settings()
    training.fit(descent(2), config)

    def cut_short(path):
        raise KeyboardInterrupt

    monkeypatch.setattr("pathlib.Path.unlink", cut_short)
    tf.reset_default_graph()
    new = config.replace(overwrite=True, seed=7)
    with pytest.raises(KeyboardInterrupt):
        training.fit(descent(1), new)
    monkeypatch.undo()
    assert run_folder.stored(config.output_dir)[1]["seed"] == 7  # the settings that it now has
    assert run_folder.checkpoints(config.output_dir) == []
    tf.reset_default_graph()
    training.fit(descent(1), new.replace(resume=True, overwrite=False))
    assert [step for step, _ in run_folder.checkpoints(config.output_dir)] == [1]


def test_weights_of_another_run_begin_a_new_one_at_step_0(settings, tmp_path):
    config = settings()
    training.fit(descent(5), config)
    tf.reset_default_graph()
    new = settings(
        output_dir=str(tmp_path / "new"),
        checkpoint=str(run_folder.find_checkpoint(config.output_dir)),
        summary_freq=1,
    )
    training.fit(descent(1), new)
    assert losses(new) == [(1, pytest.approx(weight(config, 5) ** 2, rel=1e-4))]


def test_a_run_does_not_take_other_peoples_files_for_its_own(settings):
    config = settings(overwrite=True)
    mine = files.path(config.output_dir, "figures", "thesis.png")
    files.write_whole(mine, b"keep")
    with pytest.raises(InputError, match="is not the folder of a run but holds figures"):
        training.fit(descent(1), config)
    assert mine.read_bytes() == b"keep"


def damage(checkpoint):
    data = next(checkpoint.parent.glob(checkpoint.name + ".data*"))
    data.write_bytes(data.read_bytes()[:-20])


def test_two_processes_do_not_train_in_one_folder(settings):
    config = settings()
    with run_folder.started(config):
        with pytest.raises(InputError, match="another process is training in .*run: wait for it"):
            training.fit(descent(1), config.replace(overwrite=True))
    tf.reset_default_graph()
    training.fit(descent(1), config.replace(overwrite=True))


def test_overwriting_removes_the_run_and_nothing_else(settings):
    config = settings()
    training.fit(descent(3), config)
    mine = files.path(config.output_dir, "my notes.txt")
    mine.write_text("keep")
    tf.reset_default_graph()
    training.fit(descent(2), config.replace(overwrite=True))
    assert (
        run_folder.last_step(config.output_dir) == 2
        and len(run_folder.checkpoints(config.output_dir)) == 1
    )
    assert mine.read_text() == "keep"


def test_a_folder_that_cannot_be_written_is_one_line(settings, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="file/run cannot be written"):
        training.fit(descent(1), settings(output_dir=str(tmp_path / "file" / "run")))


@pytest.mark.parametrize("content", ["", "[]", '{"2": 7}', '{"2": {"begun": {"loss": "x"}}}'])
def test_a_damaged_resume_json_is_said_and_nothing_else_is_lost(content, settings, capsys):
    config = settings()
    training.fit(descent(2), config)
    files.path(config.output_dir, "resume.json").write_text(content)
    tf.reset_default_graph()
    training.fit(descent(4), config.replace(resume=True))
    assert "resume.json does not have step 2" in capsys.readouterr().err
    assert weight(config, 4) == pytest.approx(by_hand(4)[1])


@pytest.mark.parametrize(
    "name, shape, spoil, message",
    [
        (
            "model/w",
            [3],
            None,
            r"model.ckpt-1 does not fit this network: lhs shape= ?\[3\] rhs shape= ?\[\]$",
        ),
        (
            "model/v",
            [],
            None,
            "model.ckpt-1 does not fit this network: Key model/v not found in checkpoint$",
        ),
        ("model/w", [], damage, "model.ckpt-1 is damaged: use an older one"),
    ],
)
def test_checkpoints_that_do_not_fit_or_are_damaged_are_one_line(
    name, shape, spoil, message, settings
):
    config = settings()
    training.fit(descent(1), config)
    tf.reset_default_graph()
    tf.get_variable(name, shape=shape)
    if spoil:
        spoil(run_folder.find_checkpoint(config.output_dir))
    with sessions.session() as session, pytest.raises(InputError, match=message):
        sessions.restore(session, run_folder.find_checkpoint(config.output_dir))
