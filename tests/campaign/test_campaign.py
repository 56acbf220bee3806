"""A sample of the campaign of some ten seconds. `python -m tests.campaign` runs all of it."""

import pytest

from tests.campaign import __main__ as campaign
from tests.campaign import processes

SAMPLE = ["kills", "settings", "uploads"]


@pytest.mark.slow
def test_a_sample_of_the_campaign_finds_nothing():
    results = campaign.campaign(5, 1, SAMPLE)
    assert {part: wrong for part, (_, wrong, _) in results.items() if wrong} == {}
    assert all(trials for trials, _, _ in results.values())
    assert results["settings"][0] > 100 and results["uploads"][0] > 100


def test_a_fault_is_found_and_named(tmp_path):
    (tmp_path / ".unfinished-x").write_text("")
    ended = processes.Ended(1, "train: 0%\rTraceback (most recent call last):\nValueError: x\n")
    assert processes.faults(ended, tmp_path) == [
        "traceback: ValueError: x",
        "left over: .unfinished-x",
    ]
    assert processes.faults(processes.Ended(None, ""), tmp_path / "a") == ["hangs: "]
    said = processes.Ended(2, "W0000 00:00:1.2 op failed\nglcic: no\n")
    noise = "noise before the one line: W0000 00:00:1.2 op failed"
    assert processes.faults(said, tmp_path / "a") == [noise]
