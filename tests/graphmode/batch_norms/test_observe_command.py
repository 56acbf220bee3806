"""`./run.sh run --batch_norm`: the program stays its own, and the verdict comes at its end."""

import json
import textwrap

import pytest

from graphmode import __main__ as graphmode
from graphmode import slim, tf
from graphmode.batch_norms import observe, observe_command, observe_report

PROGRAM = """
import sys
import numpy as np
import tensorflow as tf

x = tf.placeholder(tf.float32, [None, 4])
training = tf.placeholder(tf.bool, name="training")
h = tf.layers.dense(x, 3, use_bias=False)
h = tf.layers.batch_normalization(h, training=training, momentum=0.9)
loss = tf.reduce_mean(tf.square(h - 1.0))
{update}train = tf.train.GradientDescentOptimizer(0.1).minimize(loss)
data = np.random.RandomState(0).normal(2.0, 3.0, [64, 4])

def main(argv):
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for step in range(60):
            sess.run(train, {{x: data, training: True}})
        print("test", sess.run(loss, {{x: data, training: False}}) > 0, argv[1:])
    {end}

main(sys.argv)
"""
UPDATE = """\
with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
    """


@pytest.fixture
def program(tmp_path, monkeypatch, capsys):
    """Writes a program, runs it in its folder, and returns (status, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments, update="", end="sys.exit(3)", name="train.py"):
        text = textwrap.dedent(PROGRAM).format(update=update, end=end)
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
        with tf.Graph().as_default():
            try:
                status = graphmode.main(arguments)
            except SystemExit as stopped:
                status = stopped.code or 0
        shown = capsys.readouterr()
        return status, shown.out, shown.err

    return run


def test_the_verdict_comes_first_with_line_symptom_and_cure(program, tmp_path):
    files = ["--json", "seen.json", "--page=page.html"]
    status, out, err = program("--batch_norm", *files, "train.py", "--flag", "x")
    assert (status, out) == (3, "test True ['--flag', 'x']\n")
    verdict, _, first, *rest = err.strip().splitlines()
    assert verdict == "batch norm: 1 mistake in 1 batch norm (62 runs)"
    assert first.startswith("1. ") and "update ops" in first
    words = " ".join(" ".join([first, *rest]).split())
    assert "train.py:9" in words and "> train.py:11 train = tf.train.Gradient" in words
    assert "You see: Good in training, bad in the test" in words
    assert "tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS))" in words
    assert "loss (train.py:10) is " in words and "100.0% of their start value" in words

    seen = json.loads((tmp_path / "seen.json").read_text())
    assert seen["verdict"] == verdict and len(seen["findings"]) == 1
    assert seen["findings"][0]["places"] == ["train.py:9", "train.py:11"]
    (graph,) = seen["graphs"]
    assert [run["count"] for run in graph["runs"]] == [1, 60, 1]
    assert graph["runs"][1]["fed"] == [["training", True, 60]]
    assert graph["measured"]["outputs"][0]["as_run"] == "moving"
    page = (tmp_path / "page.html").read_text()
    assert "train = tf.train.GradientDescentOptimizer(0.1).minimize(loss)" in page
    assert "What you see:" in page and "<code>" in page


def test_a_right_program_has_no_mistake_and_small_gaps(program, tmp_path):
    arguments = ["--batch_norm", "--json", "seen.json", "-m", "package.train", "a"]
    status, out, err = program(*arguments, update=UPDATE, end="", name="package/train.py")
    assert (status, out) == (0, "test True ['a']\n")
    assert err.strip().startswith("batch norm: no mistake found in 1 batch norm (62 runs)")
    (row,) = json.loads((tmp_path / "seen.json").read_text())["graphs"][0]["table"]
    assert (row["updates"], row["start left"]) == (60, f"{0.9**60:.1%}")


def test_errors_ctrl_c_and_after_end_as_the_program_does_and_the_verdict_is_there(program, capsys):
    for end, error in (("raise OSError('full')", OSError), ("raise KeyboardInterrupt", None)):
        with pytest.raises(error or KeyboardInterrupt) as raised:
            program("--batch_norm", "train.py", end=end)
        assert raised.traceback[-1].frame.code.name == "main"
        assert "1 mistake in 1 batch norm (62 runs)" in capsys.readouterr().err
    with pytest.raises(tf.errors.OpError) as raised:  # images is not fed, or no first values
        program("--batch_norm", "train.py", end="tf.Session().run(loss)")
    assert not any("batch_norms/observe.py" in str(entry.path) for entry in raised.traceback)
    capsys.readouterr()
    status, out, err = program("--batch_norm", "--after", "10", "train.py")
    assert (status, out) == (0, "") and "1 mistake in 1 batch norm (10 runs)" in err


def test_graphs_that_a_program_builds_again_count_as_one():
    """As estimators do. Their averages go on from a checkpoint."""

    def train(steps):
        with tf.Graph().as_default(), tf.Session() as session:
            x = tf.get_variable("x", [4, 2])
            y = slim.batch_norm(x, updates_collections=None)
            step = tf.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_mean(y))
            session.run(tf.global_variables_initializer())
            for _ in range(steps):
                session.run([step, y])

    examination = observe_command.Examination()
    with observe.Observer(lambda *closing: examination.look(observer, *closing)) as observer:
        for steps in (3, 4, 5):
            train(steps)
    (graph,) = examination.results(observer)
    assert set(graph.updates.values()) == {12} and len(observer.graphs) == 1
    assert observe_report.rows(graph)[0]["start left"] == f"{0.999**12:.1%}"


def test_a_program_without_batch_norm_is_told_so(tmp_path, capsys):
    (tmp_path / "none.py").write_text("import tensorflow as tf\nprint(tf.Session)\n")
    assert graphmode.main(["--batch_norm", str(tmp_path / "none.py")]) == 0
    assert capsys.readouterr().err == ("\nbatch norm: none in this program (0 runs of a session)\n")


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--after", "0"], "--after needs a number of runs from 1 on, not '0'"),
        (["--after"], "--after needs a number of runs from 1 on, not ''"),
        (["--json", "."], "--json needs the name of a file to write, not '.'"),
        (["--page", "--after"], "--page needs the name of a file to write, not '--after'"),
        (["--pages", "x"], "unknown option --pages: --batch_norm [--after N]"),
        (["nowhere.py"], "graphmode: the program nowhere.py does not exist"),
    ],
)
def test_wrong_options_are_one_line(arguments, message, capsys):
    with pytest.raises(SystemExit) as stopped:
        graphmode.main(["--batch_norm", *arguments])
    shown = capsys.readouterr().err
    assert stopped.value.code == 2 and message in shown and shown.count("\n") == 1
