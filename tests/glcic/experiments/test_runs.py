"""The experiments: what each changes, and runs that are made once and can be continued."""

import dataclasses
import json
import pathlib
import re

import numpy as np
import pytest

from data import folders
from glcic.experiments import __main__ as experiments
from glcic.experiments import blog, runs
from graphmode import cli, files, tf
from graphmode.errors import InputError
from graphmode.training import run_folder, scalar_log


def flags(*argv):
    return cli.read("glcic.experiments", runs.Flags, "Doc.", list(argv))


def changed(experiment):
    """The settings of an experiment's run that differ from the base: name -> value."""
    base, its = (
        dataclasses.asdict(runs.settings(flags(), 0, one, "x")) for one in (blog.BASE, experiment)
    )
    return {name: value for name, value in its.items() if value != base[name]}


def test_every_experiment_changes_one_thing():
    names = [experiment.name for experiment in blog.EXPERIMENTS]
    assert len(set(names)) == len(names) == 35 and names[0] == "base"
    for experiment in blog.EXPERIMENTS[1:]:
        assert changed(experiment) == experiment.flags
        rates = set(experiment.flags) <= {"alpha", "lr", "discriminator_lr"}
        assert rates or len(experiment.flags) == 1
        assert bool(experiment.flags) == (experiment.first_phase_length == 1)


def test_every_sentence_has_the_blogs_own_words():
    assert [one.name for one in blog.EXPERIMENTS if not one.chinese] == ["alpha_0004"]
    for one in blog.EXPERIMENTS:
        assert one.sentence and one.question.endswith("?")
        assert not one.chinese or re.search("[\u4e00-\u9fff]|a=0.0004", one.chinese)


def test_the_base_is_the_run_of_before():
    config = runs.settings(flags(), 3, blog.BASE, "x")
    expected = {"seed": 3, "alpha": 0.01, "lr": 0.001, "discriminator_lr": 0.001, "width": 16}
    steps = {"completion_steps": 0, "discriminator_steps": 600, "max_steps": 1100}
    for name, value in {**expected, **steps, "lr_decay": False, "size": 64, "flip": True}.items():
        assert getattr(config, name) == value


def test_max_steps_alone_shrinks_all_phases():
    def phases(*argv):
        read = flags(*argv)
        return read.completion_steps, read.discriminator_steps, read.max_steps

    assert phases() == (1200, 600, 2300)
    assert phases("--max_steps", "230") == (120, 60, 230)
    assert phases("--max_steps", "3") == (1, 1, 3)
    assert phases("--max_steps", "230", "--completion_steps", "50") == (50, 60, 230)
    with pytest.raises(InputError, match="--max_steps 2300 leaves no step.*use 2601 or more"):
        flags("--completion_steps", "2000")


def test_a_flag_of_before_has_its_new_name():
    with pytest.raises(InputError, match="it is now --completion_steps"):
        flags("--first_steps", "2")


def test_names_are_listed_and_unknown_ones_refused(capsys):
    experiments.main(["--list"])
    shown = capsys.readouterr().out
    assert all(experiment.name in shown for experiment in blog.EXPERIMENTS)
    assert "seen" not in shown and "最后一起训练生成器和鉴别器" in re.sub(r"\s", "", shown)
    with pytest.raises(SystemExit) as stopped:
        experiments.main(["--only", "base,bn_group"])
    assert stopped.value.code == 2 and "--only bn_group is no exper" in capsys.readouterr().err


def test_bn_slim_means_the_base_and_names_count_once():
    chosen = flags("--only", "bn_slim,bn_layers,base,alpha_1").chosen
    assert [one.name for one in chosen] == ["base", "bn_layers", "alpha_1"]
    assert flags().chosen == blog.EXPERIMENTS


def test_several_seeds_for_batch_norms_and_input(tmp_path, monkeypatch):
    asked = []

    def run(flags, experiment, seed, *rest):
        asked.append((experiment.name, seed))
        return {"why": "", "minutes": 0.0}

    monkeypatch.setattr(runs, "run", run)
    monkeypatch.setattr(experiments.inputs, "images", lambda config: None)
    experiments.main(
        ["--only", "bn_slim,alpha_1,bn_layers", "--seeds", "2", "--output_dir", str(tmp_path)]
    )
    assert asked == [("base", 0), ("base", 1), ("alpha_1", 0), ("bn_layers", 0), ("bn_layers", 1)]


def moving_means(folder):
    """The moving means of the completion network in the newest checkpoint, as one vector."""
    saved = tf.train.load_checkpoint(str(run_folder.find_checkpoint(folder)))
    names = [name for name in saved.get_variable_to_shape_map() if name.startswith("G/")]
    means = [saved.get_tensor(name) for name in sorted(names) if name.endswith("/moving_mean")]
    return np.concatenate(means)


@pytest.mark.slow
def test_a_run_through_all_phases(shallow, run, tmp_path):
    [numbers] = run("--only", "completion_fed")["completion_fed"]
    assert numbers["verdict"] == "undertrained"  # after six steps it is worse than the mean color
    assert numbers["gradient, adversarial"] == 0 < numbers["gradient, mse"]
    assert 0 < numbers["hole L1, mean color"] < numbers["hole L1"] and numbers["minutes"] > 0
    assert len(numbers["pushes"]) == 1
    phases = [row["phase"] for row in scalar_log.read(tmp_path / "completion_fed-0")]
    assert phases[-1] == "joint" and "completion" not in phases
    for name in ("first-base-0", "completion_fed-0"):
        assert run_folder.last_step(tmp_path / name) == 3
    # Its one joint step continues from the averages of the first phase's three steps. Starting at
    # 0 it would have a third of them. (The order of the queue's images differs between runs.)
    first, last = (
        moving_means(tmp_path / "first-base-0"),
        moving_means(tmp_path / "completion_fed-0"),
    )
    assert np.abs(last).sum() > 0.6 * np.abs(first).sum() > 0
    assert (last != first).all()
    page = (tmp_path / "index.html").read_text()
    assert page.count("data:image/png") == 2  # the overview, and curves with images
    assert "--fed completion" in page and "目前我优化G_loss_all对于对抗损失无任何影响" in page
    assert "the first that applies is the verdict" in page


@pytest.fixture
def trained(monkeypatch):
    """Runs leave folders without training. A list of (folder, first phase it started from)."""
    calls = []

    def train(config, images, start=None):
        folder = pathlib.Path(config.output_dir)
        calls.append((folder.name, start and start.parent.name))
        content = {"program": config.PROGRAM, "config": dataclasses.asdict(config)}
        files.write_whole(folder / "config.json", json.dumps(content))
        for ending in ("index", "data-00000-of-00001"):
            files.write_whole(folder / f"model.ckpt-{config.max_steps}.{ending}", "")

    monkeypatch.setattr(runs, "train", train)
    monkeypatch.setattr(runs, "measured", lambda config, images: {"why": config.discriminator_norm})
    return calls


def test_what_is_done_is_not_done_again(run, trained, tmp_path, capsys):
    assert run("--only", "base")["base"][0]["why"] == "slim"
    both = run("--only", "bn_none")
    assert list(both) == ["base", "bn_none"] and both["bn_none"][0]["why"] == "none"
    assert run("--only", "base,bn_none") == both
    first = "first-base-0"
    assert trained == [(first, None), ("base-0", first), ("bn_none-0", first)]
    with pytest.raises(SystemExit) as stopped:
        run("--only", "bn_none", "--crop", "20")
    error = capsys.readouterr().err
    assert stopped.value.code == 2 and "bn_none-0 was made with --crop 0, not 20: delete" in error


def test_an_experiment_of_the_first_phase_trains_its_own(run, trained, tmp_path):
    run("--only", "conv_nn,longer_first")
    own = ["first-conv_nn-0", "first-longer_first-0"]
    assert trained == [
        (own[0], None), ("conv_nn-0", own[0]), (own[1], None), ("longer_first-0", own[1])
    ]  # fmt: skip
    assert [run_folder.last_step(tmp_path / name) for name in own] == [3, 6]


def test_without_a_first_phase_nothing_is_loaded(run, trained):
    run("--only", "no_first_phase")
    assert trained == [("no_first_phase-0", None)]


def test_an_interrupted_run_is_continued(run, trained, tmp_path):
    run("--only", "base")
    (tmp_path / "base-0" / "result.json").unlink()
    for checkpoint in (tmp_path / "base-0").glob("model.ckpt-*"):
        checkpoint.unlink()
    run("--only", "base")
    assert trained[2:] == [("base-0", "first-base-0")]  # the first phase is complete
    (tmp_path / "base-0" / "result.json").unlink()
    run("--only", "base")
    assert len(trained) == 3  # only the measurement was missing


@pytest.fixture
def three(monkeypatch, tmp_path):
    """A trained run with three checkpoints of the third phase, whose measurement is imitated.

    Returns its settings and a list of the checkpoints that were measured.
    """
    config = runs.settings(flags(), 0, blog.BASE, tmp_path / "base-0")
    for step in (600, 700, 800, 900):
        for ending in ("index", "data-00000-of-00001"):
            files.write_whole(tmp_path / "base-0" / f"model.ckpt-{step}.{ending}", "")
    asked = []
    names = ["gradient, adversarial", "gradient, mse", "fake_loss, G alone", "fake_loss, G by MSE"]
    numbers = dict.fromkeys([*names, "fake_loss", "loss, D's answer"], 1.0)
    numbers.update(real_accuracy=0.5, fake_accuracy=0.5)

    def measure(config, images, checkpoint):
        asked.append(int(checkpoint.split("-")[-1]))
        return {**numbers, "real_loss": float(asked[-1])}

    images = np.zeros([2, 8, 8, 3], np.uint8)
    holes = np.ones([2, 8, 8], bool)
    monkeypatch.setattr(runs.game, "measure", measure)
    monkeypatch.setattr(runs.evaluate, "completed", lambda *own: (images, holes, images, images))
    monkeypatch.setattr(runs.evaluate, "metrics", lambda *own: {"hole L1": 0.25})
    return config, asked


def test_an_interrupted_measurement_goes_on(three, monkeypatch):
    config, asked = three
    images = folders.Images(train=["x"], test=["x"], skipped=[])
    measure = runs.game.measure

    def stopped(config, images, checkpoint):
        if checkpoint.endswith("800"):
            raise KeyboardInterrupt
        return measure(config, images, checkpoint)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(runs.game, "measure", stopped)
        runs.measured(config, images)
    assert asked == [700]
    numbers = runs.measured(config, images)
    assert asked == [700, 800, 900] and numbers["real_loss"] == 800.0  # the mean of all three
    assert len(numbers["pushes"]) == 3 and numbers["hole L1, mean color"] == 0.25
    runs.measured(config, images)
    assert asked == [700, 800, 900, 900]  # the last one gives the images of the figure


@pytest.mark.parametrize("content", ["", "[]", "{}x", '{"minutes": 1}', '{"a": 3}', "[" * 99999])
def test_a_damaged_result_is_named(content, tmp_path):
    (tmp_path / "result.json").write_text(content)
    with pytest.raises(InputError, match="result.json cannot be read .*: delete it, and the same"):
        runs.read(tmp_path / "result.json")


def test_a_folder_of_images_that_has_moved_is_the_same_data(trained, tmp_path):
    gone, new = tmp_path / "gone", tmp_path / "new"
    new.mkdir()
    old = runs.settings(flags(), 0, blog.BASE, tmp_path / "base-0").replace(input_dir=str(gone))
    runs.train(old, None)
    assert runs.same(old.replace(input_dir=str(new)))
    gone.mkdir()  # it is another folder
    with pytest.raises(InputError, match="was made with --input_dir .*gone, not .*new: delete"):
        runs.same(old.replace(input_dir=str(new)))


def test_a_run_with_the_flags_names_of_before_is_known(tiny, tmp_path):
    config = runs.settings(flags("--input_dir", str(tmp_path)), 0, blog.BASE, tmp_path / "base-0")
    old = dataclasses.asdict(config)
    for new, former in (
        ("discriminator_norm", "batch_norm"),
        ("completion_norm", "completion_batch_norm"),
        ("max_images", "most_pictures"),
    ):
        old[former] = old.pop(new)
    folder = tmp_path / "base-0"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"program": "glcic", "config": old}))
    for ending in ("index", "data-00000-of-00001"):
        (folder / f"model.ckpt-1100.{ending}").touch()
    assert runs.same(config)
    with pytest.raises(
        InputError, match="made with --discriminator_norm slim, not none: delete it"
    ):
        runs.same(config.replace(discriminator_norm="none"))
