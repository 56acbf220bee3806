"""What tests of old programs share."""

import textwrap

import pytest

from graphmode import tf
from graphmode.old_programs import namespace


@pytest.fixture
def runs_here(tmp_path, capsys, monkeypatch):
    """Runs the text of a program in an empty folder, and returns what it prints.

    What it says on stderr is the function's attribute `stderr` afterwards.
    """

    def run(text, *arguments):
        script = tmp_path / "program.py"
        script.write_text(textwrap.dedent(text))
        monkeypatch.chdir(tmp_path)
        with tf.Graph().as_default():
            try:
                namespace.run(str(script), [str(argument) for argument in arguments])
            except SystemExit as stopped:
                assert not stopped.code
        shown = capsys.readouterr()
        run.stderr = shown.err
        return shown.out

    return run
