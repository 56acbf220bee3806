"""Where findings appear in this project's own programs and in notebooks."""

import numpy as np
import pytest

from graphmode import batch_norms, files, tf, training, variables


@pytest.fixture(autouse=True)
def own_graph():
    with tf.Graph().as_default():
        yield


def model(train):
    """A network with one batch norm; `train` makes the training op of its loss."""
    x = tf.placeholder(tf.float32, [8, 2])
    with tf.variable_scope("net"):
        h = tf.layers.dense(x, 3, use_bias=False)
        tested = tf.layers.batch_normalization(h, training=False, name="norm")
        h = tf.layers.batch_normalization(h, training=True, name="norm", reuse=True)
        loss = tf.reduce_mean(tf.square(h - 1.0) + 0.0 * tested)
    update = training.Update(train(loss), {"loss": loss})
    data = np.random.RandomState(0).normal(size=[8, 2])
    return training.Model([training.Phase("train", 2, [update])], {}, lambda number: {x: data})


def noted(train, settings):
    config = settings()
    training.fit(model(train), config)
    file = files.path(config.output_dir, "warnings.txt")
    text = file.read_text() if file.exists() else ""
    return text, files.path(config.output_dir, "report.html").read_text()


def test_the_report_of_a_training_names_a_mistake_with_its_line(settings):
    text, page = noted(tf.train.GradientDescentOptimizer(0.1).minimize, settings)
    (line,) = text.splitlines()
    lines = open(__file__, encoding="utf-8").read().splitlines()
    place = (
        f"test_notes.py:{next(n for n, text in enumerate(lines, 1) if 'training=False' in text)}"
    )
    assert line.startswith("batch norm, mistake: ") and place in line
    assert "UPDATE_OPS" in line and place in page


def test_the_report_of_a_right_training_says_nothing(settings):
    def train(loss):
        return variables.minimize(loss, "net", tf.train.GradientDescentOptimizer(0.1))

    text, page = noted(train, settings)
    assert "batch norm" not in text + page


def test_a_notebook_shows_the_findings_as_text():
    model(tf.train.GradientDescentOptimizer(0.1).minimize)
    found = batch_norms.explain()
    assert str(found).startswith("batch norm: 1 mistake\n\n1. ")
    assert "test_notes.py" in str(found) and "   Cure: " in str(found)
    html = found._repr_html_()
    assert "<strong>batch norm: 1 mistake</strong>" in html and "<code>" in html
    assert "tf.layers.batch_normalization(h, training=False" in html
    with tf.Graph().as_default():
        assert str(batch_norms.explain()) == "batch norm: no mistake found"
