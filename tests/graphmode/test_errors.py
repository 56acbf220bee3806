"""What ends a program: one line and an exit status, whatever becomes of its terminal."""

import errno
import io
import os
import signal
import subprocess
import sys

import pytest

from graphmode import errors


def ended(capsys, error):
    """(status, the line) of a program that raises an error."""
    with pytest.raises(SystemExit) as stopped, errors.one_line("toy"):
        raise error
    text = capsys.readouterr().err
    assert text.count("\n") == 1 and text.startswith("toy: ")
    return stopped.value.code, text[5:-1]


FULL = OSError(errno.ENOSPC, "No space left on device", "run/scalars.csv")


@pytest.mark.parametrize(
    "error, status, words",
    [
        (errors.InputError("--size 0"), 2, "--size 0"),
        (errors.InputError("a\nb\x1b[2J"), 2, r"a\nb\x1b[2J"),
        (FloatingPointError("loss is nan"), 1, "loss is nan"),
        (FileNotFoundError(errno.ENOENT, "No such file", "x.png"), 1, "x.png: No such file"),
        (FULL, 1, "run/scalars.csv: No space left on device; free some space, then run"),
        (OSError(errno.ENOSPC, "No space left on device"), 1, "device; free some space"),
        (UnicodeEncodeError("ascii", "图", 0, 1, "no"), 2, "'\\u56fe' cannot be written as ascii"),
        (MemoryError("2 TiB"), 1, "not enough memory (2 TiB)"),
        (MemoryError(), 1, "not enough memory: smaller batches, images or networks need less"),
        (KeyboardInterrupt(), 130, "stopped; run the same command again"),
        (errors.Ended(signal.SIGTERM), 143, "stopped"),
        (errors.Ended(signal.SIGHUP), 129, "stopped"),
        (errors.Stopped(143, "saved"), 143, "stopped"),
    ],
)
def test_an_error_is_one_line_and_a_status(error, status, words, capsys):
    code, line = ended(capsys, error)
    assert code == status and words in line


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_ends_the_program_after_it_has_cleaned_up(number, capsys):
    cleaned = []
    with pytest.raises(SystemExit) as stopped, errors.one_line("toy"):
        try:
            signal.raise_signal(number)
        finally:
            cleaned.append(number)
    assert stopped.value.code == 128 + number and cleaned == [number]
    assert capsys.readouterr().err == "toy: stopped; run the same command again to continue\n"
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_sighup_stays_ignored_under_nohup():
    old = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with errors.one_line("toy"):
            signal.raise_signal(signal.SIGHUP)
            assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, old)


SAYS = """
import sys
from graphmode import errors
with errors.one_line("toy"):
    for stream in (sys.stdout, sys.stderr):
        for n in range(3):
            print("图", "x" * 100000, file=stream, flush=True)
    with open(sys.argv[1], "w") as file:
        file.write(str(file.fileno()))
"""


@pytest.mark.parametrize(
    "streams", ["2>&-", ">&- 2>&- <&-", "2>/dev/full", "| true", "2>&1 | true"]
)
def test_a_program_works_on_when_nobody_reads_what_it_prints(streams, tmp_path):
    command = f'set -o pipefail; "$0" -c "$1" "$2" {streams}'
    done = subprocess.run(
        ["bash", "-c", command, sys.executable, SAYS, str(tmp_path / "file")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    assert done.returncode == 0
    # A closed stderr is not the next file: what C++ prints would get into it.
    assert int((tmp_path / "file").read_text()) > 2


def test_stdout_on_a_full_disk_is_an_error():
    code = "from graphmode import errors\nwith errors.one_line('toy'): print('x')"
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-c", code], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode != 0 and "No space left on device; free some space" in done.stderr


def test_the_streams_are_the_users_own_again():
    mine = io.StringIO()
    old, sys.stdout = sys.stdout, mine
    try:
        with errors.one_line("toy"):
            print("x")
            assert sys.stdout is not mine
        assert sys.stdout is mine and mine.getvalue() == "x\n"
    finally:
        sys.stdout = old


GRAPH = (
    "Graph execution error:\n\nDetected at node 'save/SaveV2' defined at (most recent call last):\n"
    "    File \"x.py\", line 4, in <module>\nNode: 'save/SaveV2'\n"
)


@pytest.mark.parametrize(
    "message, cause",
    [
        (
            GRAPH + "run/a.tempstate5; No space left\n\t [[{{node save/SaveV2}}]]\nHint",
            "run/a.temp",
        ),
        (GRAPH + "2 root error(s) found.\n  (0) OUT_OF_RANGE: closed\n\t [[x]]\n", "closed"),
        ("NOT_FOUND: /proc/x\nmore", "/proc/x"),
        ("plain", "plain"),
        ("", ""),
    ],
)
def test_the_cause_in_a_message_of_tensorflow(message, cause):
    assert errors.cause(message).startswith(cause) and "\n" not in errors.cause(message)


def test_a_full_disk_is_known_in_a_message_of_tensorflow():
    class Error:
        message = f"{GRAPH}x.tempstate5; No space left on device\n"

    error = errors.of_tensorflow(Error, "run")
    assert (error.errno, error.filename) == (errno.ENOSPC, "run")
