"""Progress of long work, and the signals that end a training."""

import signal

import pytest

from graphmode.training import progress


@pytest.fixture
def clock(monkeypatch):
    """Time that passes only by what is added to it."""
    now = [1000.0]
    monkeypatch.setattr(progress.time, "time", lambda: now[0])
    return now


def test_long_work_writes_a_line_now_and_then(clock, capsys):
    done = []
    for item in progress.over(range(6), "completing"):
        clock[0] += 6
        done.append(item)
    lines = capsys.readouterr().err.splitlines()
    assert done == list(range(6))
    assert [line.split()[:3] for line in lines[:-1]] == [
        ["completing:", "33%", "2/6"],
        ["completing:", "67%", "4/6"],
    ]
    assert lines[-1] == "completing: done in 36 s"


def test_short_work_writes_nothing(clock, capsys):
    assert list(progress.over(iter("abc"), "completing", 3)) == ["a", "b", "c"]
    assert capsys.readouterr().err == ""


def test_work_of_unknown_length_is_counted(clock, capsys):
    for _ in progress.over(iter("abc"), "reading"):
        clock[0] += 20
    assert "reading: 1it" in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_is_noted_between_steps(number):
    before = signal.getsignal(number)
    with progress.Signals() as signals:
        signal.raise_signal(number)
        assert signals.received == number
    assert signal.getsignal(number) == before


def test_an_ignored_hangup_does_not_end_training():
    old = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with progress.Signals() as signals:
            signal.raise_signal(signal.SIGHUP)
            assert signals.received is None
    finally:
        signal.signal(signal.SIGHUP, old)
