"""How programs for TensorFlow 1 are checked and started: by a command, or in a notebook."""

import pathlib
import signal
import subprocess
import sys

import pytest

from graphmode import __main__ as graphmode

ROOT = pathlib.Path(__file__).parents[3]


def test_a_program_is_checked_without_running_it(tmp_path, capsys, monkeypatch):
    (tmp_path / "package").mkdir()
    script = tmp_path / "package" / "__main__.py"
    script.write_text("import tensorflow as tf\nraise SystemExit(tf.contrib.no_such_module)\n")
    monkeypatch.chdir(tmp_path)
    for program in ([str(script)], ["-m", "package"]):
        assert graphmode.main(["--check", *program]) == 1
        shown = capsys.readouterr().out
        assert shown.startswith("will fail at") and "tf.contrib.no_such_module" in shown
    script.write_text("import tensorflow as tf\nprint(tf.Session)\n")
    assert graphmode.main(["--check", "-v", str(script)]) == 0
    assert "tensorflow.Session" in capsys.readouterr().out


def test_a_program_of_python_2_is_one_line(tmp_path, capsys):
    (tmp_path / "old.py").write_text("print 'python 2'\n")
    with pytest.raises(SystemExit) as stopped:
        graphmode.main([str(tmp_path / "old.py")])
    message = capsys.readouterr().err
    assert stopped.value.code == 2 and message.count("\n") == 1
    assert f"{tmp_path}/old.py cannot be read as Python 3" in message and "2to3" in message


@pytest.mark.parametrize(
    "program, message",
    [
        (["nowhere.py"], "the program nowhere.py does not exist: python -m"),
        (["-m", "no.where"], "the module no.where does not exist: python -m"),
    ],
)
def test_a_missing_program_is_one_line(program, message, capsys):
    with pytest.raises(SystemExit) as stopped:
        graphmode.main(program)
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err


def test_help_says_how_to_run_it(capsys):
    assert graphmode.main(["--help"]) == 0
    assert capsys.readouterr().out.startswith("python -m graphmode [--check [-v]] (SCRIPT.py | -m")
    assert graphmode.main([]) == 2


def run_python(folder, *arguments):
    return subprocess.run(
        [sys.executable, *arguments],
        text=True,
        cwd=str(folder),
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
    )


def test_the_command_runs_a_program_from_its_folder(tmp_path):
    """TensorFlow does not import a queue.py there, and the program does not import our `data`."""
    (tmp_path / "queue.py").write_text("NAME = 'my queue'\n")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "loader.py").write_text("NAME = 'my loader'\n")
    (tmp_path / "old.py").write_text(
        "import sys\nimport tensorflow as tf\nimport queue\nfrom data import loader\n"
        "print(sys.argv, tf.contrib.slim.__name__, queue.NAME, loader.NAME)\n"
        "with tf.Session() as s:\n    print(s.run(tf.constant(3)))\nsys.exit(4)\n"
    )
    done = run_python(tmp_path, "-m", "graphmode", "old.py", "--flag", "x")
    shown = "['old.py', '--flag', 'x'] tensorflow.contrib.slim my queue my loader\n3\n"
    assert done.stdout == shown and not done.stderr and done.returncode == 4


QUIET = """
import tensorflow as tf
from tensorflow.contrib import slim

def main(_):
    tf.logging.set_verbosity(tf.logging.INFO)
    x = slim.conv2d(tf.ones([2, 8, 8, 3]), 4, 3, activation_fn=tf.nn.leaky_relu)
    step = tf.train.AdamOptimizer().minimize(tf.reduce_mean(tf.square(x)))
    batch = tf.train.batch([tf.random_normal([2])], 4)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        coordinator = tf.train.Coordinator()
        threads = tf.train.start_queue_runners(session, coordinator)
        tf.logging.info("step %s", session.run([step, batch])[1].shape)
        coordinator.request_stop()
        coordinator.join(threads)
        session.run(tf.check_numerics(tf.log(-1.0), "the cause"))

if __name__ == "__main__":
    tf.app.run()
"""


@pytest.mark.slow
def test_stderr_has_each_line_of_the_log_once_and_a_traceback_from_the_program_on(tmp_path):
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "train.py").write_text(QUIET)
    done = run_python(tmp_path, "-m", "graphmode", "-m", "package.train")
    script = str(tmp_path / "package" / "train.py")
    log, *trace = done.stderr.splitlines()
    assert log == "INFO:tensorflow:step (4, 2)"
    assert trace[0].startswith("Traceback") and trace[1].startswith(f'  File "{script}"')
    assert done.stderr.count("Traceback") == 1 and "graphmode" not in done.stderr
    # The line that ran the operation also made it.
    assert trace.count(f'  File "{script}", line 17, in main') == 2
    assert "the cause : Tensor had NaN values" in done.stderr
    assert done.returncode == 1 and not done.stdout


@pytest.mark.slow
def test_after_ctrl_c_the_status_is_that_of_python(tmp_path):
    (tmp_path / "old.py").write_text(
        "import os, signal, time\nimport tensorflow as tf\n"
        "try:\n    os.kill(os.getpid(), signal.SIGINT)\n    time.sleep(9)\n"
        "finally:\n    print('saved')\n"
    )
    done = run_python(tmp_path, "-m", "graphmode", "old.py")
    assert done.returncode == -signal.SIGINT and done.stdout == "saved\n"
    first, second, *_, last = done.stderr.splitlines()
    assert (first, second) == (
        "Traceback (most recent call last):",
        '  File "old.py", line 4, in <module>',
    )
    assert last == "KeyboardInterrupt"


@pytest.mark.slow
def test_a_notebook_has_version_1_after_an_import_and_the_project_without_it(tmp_path):
    text = """
import sys
from graphmode import tf, slim
import gan_book.gan, glcic.model
tf.Session, slim.conv2d
import tensorflow
loaded = any(name.startswith("graphmode.old_programs") for name in sys.modules)
print(loaded, tensorflow.__version__[:2], hasattr(tensorflow, "contrib"))
import graphmode.legacy
import tensorflow as tf
from tensorflow.contrib import layers
print(tf.__version__[:2], layers.conv2d.__name__, tf.Session is tensorflow.compat.v1.Session)
"""
    done = run_python(tmp_path, "-c", text)
    assert done.stdout.splitlines() == ["False 2. False", "1. convolution2d True"], done.stderr
