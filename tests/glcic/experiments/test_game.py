"""Do the networks fight: the rule of the verdicts, and the measurements at a checkpoint."""

import json

import pytest

from glcic import inputs, model
from glcic.config import Config
from glcic.experiments import game, runs
from graphmode import sessions, tf

FIGHT = {
    "real_loss": 0.4,
    "fake_loss": 0.5,
    "real_accuracy": 0.8,
    "fake_accuracy": 0.8,
    "gradient, adversarial": 0.01,
    "gradient, mse": 0.1,
    "fake_loss, G alone": 0.6,
    "fake_loss, G by MSE": 0.1,
    "loss, D's answer": -0.3,
}


@pytest.mark.parametrize(
    "change, expected",
    [
        ({}, "fights"),
        ({"fake_loss, G alone": 0.05}, "no effect"),
        ({"loss, D's answer": 0.1}, "no effect"),
        ({"fake_loss, G by MSE": 0.55}, "no effect"),
        ({"fake_loss, G by MSE": -0.5, "fake_loss, G alone": -0.1}, "fights"),
        ({"hole L1": 0.21, "hole L1, mean color": 0.2}, "undertrained"),
        ({"hole L1": 0.1, "hole L1, mean color": 0.2}, "fights"),
        ({"why": "mse is nan at step 3"}, "diverges"),
        ({"pushes": [0.5, float("inf")]}, "diverges"),
        ({"real_loss": 0.03, "fake_loss": 0.05}, "D wins"),
        ({"real_accuracy": 0.995, "fake_accuracy": 1.0}, "D wins"),
        ({"real_accuracy": 1.0}, "fights"),
        ({"gradient, adversarial": 1e-9}, "no gradient"),
        ({"gradient, adversarial": 0.0}, "no gradient"),
        ({"fake_loss": float("nan")}, "diverges"),
    ],
)
def test_verdicts_follow_the_rule(change, expected):
    assert game.verdict({**FIGHT, **change}) == expected


def test_the_rule_names_every_verdict_in_the_order_of_the_code():
    named = [part.split('"')[1] for part in game.RULE.split("\n\n")[1:]]
    assert named == ["diverges", "undertrained", "no gradient", "D wins", "fights", "no effect"]
    assert sorted(game.VERDICTS) == sorted(named)


def test_a_push_is_the_effect_of_the_adversarial_loss_alone(shallow, tiny, tmp_path):
    """With alpha = 0 both experiments take the same steps from the same weights."""
    config = Config.create(
        preset="small", alpha=0.0, lr_decay=False, flip=False, frozen_holes=True, max_steps=9
    )
    images, checkpoint = inputs.images(config), str(tmp_path / "model.ckpt-0")
    with sessions.graph(config):
        model.build(config.replace(input="feed"), images)
        with sessions.session() as session:
            session.run(tf.global_variables_initializer())
            tf.train.Saver().save(session, checkpoint)
    with sessions.graph(config):
        numbers = game.measure(config, images, checkpoint)
    assert game.push(numbers) == pytest.approx(0, abs=1e-5)
    assert abs(numbers["fake_loss, G by MSE"]) > 1e-4
    assert numbers["gradient, adversarial"] == 0 < numbers["gradient, mse"]
    assert numbers["loss, D's answer"] < 0
    assert game.verdict(numbers) == "no gradient"


def test_a_result_made_before_has_its_verdict(tmp_path):
    old = {**FIGHT, "hole L1": 0.21, "hole L1, mean colour": 0.2, "picture L1": 0.1, "minutes": 5.2}
    file = tmp_path / "result.json"
    file.write_text(json.dumps(old))
    numbers = runs.read(file)
    assert game.verdict(numbers) == "undertrained"
    assert numbers["image L1"] == 0.1 and "picture L1" not in numbers
