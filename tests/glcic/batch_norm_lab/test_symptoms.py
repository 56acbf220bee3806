"""From the mistake to what is seen, and the page that leads back."""

import json

import pytest

from data.drawn import digits
from glcic.batch_norm_lab import __main__ as lab
from glcic.batch_norm_lab import symptoms
from glcic.batch_norm_lab.mistakes import MISTAKES, frame

GOOD = dict.fromkeys(
    (
        symptoms.TRAINING,
        symptoms.TEST,
        symptoms.ALONE_TEST,
        symptoms.MOVING,
        symptoms.STATISTICS,
    ),
    0.98,
)
BAD = {
    "The network does not train": GOOD.keys(),
    "Good in training, bad in the test; good with the batch's statistics": {
        symptoms.TEST,
        symptoms.ALONE_TEST,
        symptoms.MOVING,
    },
    "Good in training, bad in the test with both statistics": GOOD.keys() - {symptoms.TRAINING},
    "The program's test is bad, but good with moving statistics": {symptoms.TEST},
    "Good in large batches, bad one image at a time": {symptoms.ALONE_TEST},
    "Bad with the batch's statistics only": {symptoms.STATISTICS},
    "No loss of accuracy here": (),
}


@pytest.mark.parametrize("symptom", symptoms.SYMPTOMS)
def test_which_accuracies_make_a_symptom(symptom):
    wrong = {**GOOD, **dict.fromkeys(BAD[symptom], 0.5)}
    assert symptoms.symptom_of(wrong, GOOD) == symptom
    # What cannot be measured is no loss, and one tenth may be chance.
    assert symptoms.symptom_of({**GOOD, symptoms.ALONE_TEST: None}, GOOD) == list(BAD)[-1]
    assert symptoms.symptom_of(dict.fromkeys(GOOD, 0.89), GOOD) == list(BAD)[-1]


def test_every_mistake_is_trained_and_the_default_of_the_switch_with_all(monkeypatch):
    trained = [(mistake.name, api) for mistake, api in symptoms.programs("layers")]
    assert {name for name, _ in trained} == set(MISTAKES)
    assert ("in_map_fn", "slim") in trained and ("never_run", "layers") in trained
    assert [api for name, api in trained if name == "left_at_default"] == list(frame.APIS)


@pytest.mark.slow
def test_averages_that_are_not_saved_have_their_first_values_in_the_test():
    """Few steps: the twin's test equals its moving statistics, the mistake's is that of 0 and 1."""
    drawn = digits.load(320, 100)
    mistake = MISTAKES["not_saved"]
    short = mistake._replace(build=lambda *how: mistake.build(*how)._replace(steps=40))
    wrong, twin = (symptoms.accuracies(short, "slim", how, drawn) for how in (True, False))
    assert twin[symptoms.TEST] == twin[symptoms.MOVING] > wrong[symptoms.TEST] + 0.2
    assert wrong[symptoms.STATISTICS] == twin[symptoms.STATISTICS] > 0.8


@pytest.mark.slow
def test_a_checkpoint_of_slim_in_the_wrong_order_is_bad_and_in_the_right_order_good():
    drawn = digits.load(2000, 500)
    mistake = MISTAKES["names_of_slim"]
    wrong, twin = (symptoms.accuracies(mistake, "layers", how, drawn) for how in (True, False))
    assert twin[symptoms.TEST] > 0.9 > 0.5 > wrong[symptoms.TEST]


def test_the_page_leads_from_the_symptom_to_the_mistake(tmp_path, capsys, monkeypatch):
    def accuracies(mistake, api, wrong, *_):
        is_bad = wrong and mistake.name in ("never_run", "not_saved")
        bad = BAD["Good in training, bad in the test; good with the batch's statistics"]
        return {**GOOD, **(dict.fromkeys(bad, 0.5) if is_bad else {})}

    monkeypatch.setattr(symptoms, "accuracies", accuracies)
    monkeypatch.setattr(lab.data, "load", lambda *_: None)
    lab.main(["--study", "symptoms", "--output_dir", str(tmp_path)])
    assert capsys.readouterr().out.endswith(f"report: {tmp_path}/symptoms.html\n")
    page = (tmp_path / "symptoms.html").read_text()
    assert ">The update ops never run; The moving averages are not saved</td>" in page
    rows = json.loads((tmp_path / "symptoms.json").read_text())
    assert rows[0]["mistake"] == "The update ops never run" and rows[0]["test"] == "50 / 98"
    assert len(rows) == len(MISTAKES) + 2
    assert {row["symptom"] for row in rows} == {list(BAD)[1], list(BAD)[-1]}
