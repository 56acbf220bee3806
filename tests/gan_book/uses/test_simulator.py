"""The simulator: the physics of the records, and what the network learns from them."""

import json

import numpy as np
import pytest

from gan_book.uses import simulator

HOVER = np.full([1, 4], simulator.MASS * simulator.GRAVITY / 4)


def test_equal_thrusts_of_the_weight_keep_a_level_quadcopter_in_place():
    np.testing.assert_allclose(simulator.change(np.zeros([1, 9]), HOVER), 0, atol=1e-12)


@pytest.mark.parametrize(
    "thrusts, axis",
    [([0, -1, 0, 1], 6), ([-1, 0, 1, 0], 7), ([1, -1, 1, -1], 8)],
    ids=["roll", "pitch", "yaw"],
)
def test_each_difference_of_thrusts_turns_one_axis(thrusts, axis):
    changed = simulator.change(np.zeros([1, 9]), HOVER + 0.1 * np.array(thrusts))[0]
    assert changed[axis] > 0
    np.testing.assert_allclose(np.delete(changed, axis), 0, atol=1e-12)


def test_a_pitched_quadcopter_flies_forward_and_a_rolled_one_to_its_right():
    pitched, rolled = np.zeros([1, 9]), np.zeros([1, 9])
    pitched[0, 4] = rolled[0, 3] = 0.3
    assert simulator.change(pitched, HOVER)[0, 0] > 0
    assert simulator.change(rolled, HOVER)[0, 1] < 0  # y is to the left


def test_a_spinning_body_keeps_its_angular_momentum():
    state = np.zeros([1, 9])
    state[0, 6:] = 3.0, 1.0, 2.0
    turned = simulator.change(state, HOVER)[0, 6:]
    momentum = simulator.INERTIA * state[0, 6:]
    # In the body the vector of the momentum turns, and its length stays.
    assert abs(np.dot(momentum, simulator.INERTIA * turned)) < 1e-12


def test_the_network_beats_the_linear_model_and_knows_the_gusts(tmp_path):
    simulator.main(
        ["--output_dir", str(tmp_path), "--flights", "60", "--max_steps", "500", "--seconds", "3"]
    )
    results = json.loads((tmp_path / "simulator.json").read_text())
    rows = {row["model"]: row for row in results["One step ahead"]}
    name = "velocity (m/s)"
    assert rows["equations of motion"][name] == pytest.approx(0.02, rel=0.05)
    assert 0.02 < rows["network"][name] < rows["linear model"][name] < rows["no change"][name]
    gusts = {row["group"]: row for row in results["How sure the network is"]}["rates (rad/s)"]
    assert gusts["the network's deviation"] == pytest.approx(0.05, rel=0.2)
    assert 0.93 < gusts["changes within two deviations"] < 0.97
