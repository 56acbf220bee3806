"""The laboratory's numbers against those that the real TensorFlow 1.15.5 computed."""

import ast
import inspect

import pytest

from glcic.batch_norm_lab import batch_of_one, recorded, studies

SLOW = ("cures",)  # the question's network eight times


@pytest.mark.parametrize(
    "study",
    [
        pytest.param(name, marks=[pytest.mark.slow] if name in SLOW else [])
        for name in recorded.STUDIES
    ],
)
def test_today_computes_what_tensorflow_1_15_5_computed(study, measured):
    rows = measured(study)[0] if study == "many_steps" else measured(study)
    then = recorded.content()["studies"][study]
    assert [recorded.key(row) for row in rows] == [recorded.key(row) for row in then]
    assert len({recorded.key(row) for row in rows}) == len(rows)
    unexplained = [one for one in recorded.differences(study, rows) if not one["reason"]]
    assert unexplained == []


def test_the_record_is_of_tensorflow_1_15_5():
    versions = recorded.content()["versions"]
    assert versions["tensorflow"] == "1.15.5" and versions["python"].startswith("3.7.")
    assert list(recorded.content()["studies"]) == list(recorded.STUDIES)
    functions = {row["function"]: row for row in recorded.content()["studies"]["signatures"]}
    assert functions["slim.batch_norm"]["module"].startswith("tensorflow.contrib.")


def record(monkeypatch, *rows):
    monkeypatch.setattr(recorded, "content", lambda: {"studies": {"answer": list(rows)}})


@pytest.mark.parametrize(
    "name, today, then, equal",
    [
        ("x", 1.00009, 1.0, True),
        ("x", 1.0002, 1.0, False),
        ("gradient norm", 1.001, 1.0, True),
        ("x", 9e-6, 0.0, True),
        ("x", 2e-5, 0.0, False),
        ("x", [1.0, 2.0], [1.0, 2.0], True),
        ("x", [1.0, 2.0], [1.0], False),
        ("x", [1.0, 2.0], [1.0, 2.1], False),
        ("x", "biased", "unbiased", False),
        ("x", True, False, False),
        ("x", 1.0, None, False),
    ],
)
def test_which_numbers_are_equal(name, today, then, equal, monkeypatch):
    record(monkeypatch, {"kind": "slim", name: then})
    [row] = recorded.beside("answer", [{"kind": "slim", name: today}])
    assert (row[recorded.COLUMN] == "equal") is equal
    assert len(recorded.differences("answer", [{"kind": "slim", name: today}])) == (not equal)


def test_what_differs_is_shown_as_it_was(monkeypatch):
    record(monkeypatch, {"kind": "a", "x": 2.0, "of": "y", "parameters": ["p", "old"]})
    rows = [
        {"kind": "a", "of": "y", "x": 1.0, "parameters": ["p", "new"]},
        {"kind": "b", "x": 1.0},
    ]
    first, second = recorded.beside("answer", rows)
    assert first[recorded.COLUMN] == "x: 2; parameters: with old, without new"
    assert second[recorded.COLUMN] == "kind: -; x: -"  # not recorded


@pytest.mark.parametrize("module", [batch_of_one, studies, recorded])
def test_the_recorded_code_can_be_read_by_python_3_7(module):
    ast.parse(inspect.getsource(module), feature_version=(3, 7))
