"""The blog's experiments: the rule of the verdicts, and runs that are done once and can be gone on with."""

import json

import pytest

from glcic import blog, experiments, game, options, sources
from graphmode import runs

SOUND = {"real_loss": 0.4, "fake_loss": 0.5, "real_accuracy": 0.8, "fake_accuracy": 0.8, "gradient, adversarial": 0.01,
         "gradient, mse": 0.1, "fake_loss, G alone": 0.6, "fake_loss, G by MSE": 0.1, "loss, D's answer": -0.3}


@pytest.mark.parametrize("change, expected", [
    ({}, "fights"), ({"fake_loss, G alone": 0.05}, "no effect"), ({"loss, D's answer": 0.1}, "no effect"),
    ({"fake_loss, G by MSE": 0.55}, "no effect"), ({"fake_loss, G by MSE": -0.5, "fake_loss, G alone": -0.1}, "fights"),
    ({"hole L1": 0.21, "hole L1, mean colour": 0.2}, "diverges"), ({"hole L1": 0.1, "hole L1, mean colour": 0.2}, "fights"),
    ({"why": "mse is nan at step 3"}, "diverges"),
    ({"real_loss": 0.03, "fake_loss": 0.05}, "D wins"), ({"real_accuracy": 0.995, "fake_accuracy": 1.0}, "D wins"),
    ({"real_accuracy": 1.0}, "fights"), ({"gradient, adversarial": 1e-9}, "no gradient"),
    ({"gradient, adversarial": 0.0}, "no gradient"), ({"fake_loss": float("nan")}, "diverges")])
def test_verdicts_follow_the_rule(change, expected):
    assert game.verdict({**SOUND, **change}) == expected


def test_every_experiment_changes_one_known_thing():
    names = [experiment.name for experiment in blog.EXPERIMENTS]
    assert len(set(names)) == len(names) and names[0] == "base"
    flags = experiments._parser().parse_args([])
    base = experiments.settings(flags, 0, blog.EXPERIMENTS[0], "x")
    for experiment in blog.EXPERIMENTS[1:]:
        assert experiment.sentence and experiment.question
        its = experiments.settings(flags, 0, experiment, "x")
        changed = [name for name, one, other in zip(base._fields, base, its) if one != other]
        assert set(changed) == set(experiment.flags) - {"completion_steps"}
        assert set(changed) <= {"alpha", "lr", "discriminator_lr"} or len(changed) <= 1


@pytest.fixture
def tiny(monkeypatch, tmp_path):
    small = dict(size=32, width=2, hole_min=8, hole_max=16, batch_size=4)
    drawn = sources.faces.folder
    monkeypatch.setitem(options.Config.implies, "preset small", small)
    monkeypatch.setattr(sources.faces, "folder", lambda size: drawn(size, 30))
    monkeypatch.setattr(game, "BATCHES", 2)
    monkeypatch.setattr(game, "STEPS", 2)

    def run(*flags):
        experiments.main(["--output_dir", str(tmp_path), "--first_steps", "2", "--discriminator_steps", "2", "--max_steps", "2",
                          *flags])
        return json.loads((tmp_path / "experiments.json").read_text())
    return run


def test_what_is_done_is_not_done_again(tiny, tmp_path, capsys, monkeypatch):
    found = tiny("--only", "completion_fed")
    assert [one["verdict"] for one in found["completion_fed"]] == ["diverges"]  # two steps: worse than the mean colour
    assert found["completion_fed"][0]["gradient, adversarial"] == 0 < found["completion_fed"][0]["gradient, mse"]
    phases = [row["phase"] for row in runs.read_scalars(tmp_path / "completion_fed-0")]
    assert phases[-1] == "joint" and "completion" not in phases
    first = runs.path(tmp_path, "first-base-0", "config.json").stat().st_mtime_ns
    monkeypatch.setattr(experiments, "measured", lambda config, pictures: {"why": config.batch_norm})
    more = tiny("--only", "bn_none")
    assert more["bn_none"][0]["why"] == "none"
    assert runs.path(tmp_path, "first-base-0", "config.json").stat().st_mtime_ns == first  # shared, trained once
    assert list(more) == ["bn_none", "completion_fed"] and tiny("--only", "completion_fed,bn_none") == more
    with pytest.raises(SystemExit) as stopped:
        tiny("--only", "bn_none", "--max_steps", "3")
    assert stopped.value.code == 2 and "was made with --max_steps 4, not 5: delete it" in capsys.readouterr().err
    page = (tmp_path / "index.html").read_text()
    assert page.count("data:image/png") == 3 and "--batch_norm none" in page  # the overview, and one each


def test_names_are_listed_and_unknown_ones_refused(capsys, tmp_path):
    experiments.main(["--list"])
    shown = capsys.readouterr().out
    assert all(experiment.name in shown for experiment in blog.EXPERIMENTS)
    with pytest.raises(SystemExit) as stopped:
        experiments.main(["--only", "base,bn_group", "--output_dir", str(tmp_path)])
    assert stopped.value.code == 2 and "there is no experiment 'bn_group'" in capsys.readouterr().err


def test_bn_slim_means_the_base(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(experiments, "run", lambda flags, experiment, seed, *rest: asked.append((experiment.name, seed)) or {
        "why": "", "minutes": 0.0})
    monkeypatch.setattr(experiments.sources, "find", lambda config: None)
    experiments.main(["--only", "bn_slim,bn_layers,alpha_1", "--seeds", "2", "--output_dir", str(tmp_path)])
    assert asked == [("base", 0), ("base", 1), ("bn_layers", 0), ("bn_layers", 1), ("alpha_1", 0)]
