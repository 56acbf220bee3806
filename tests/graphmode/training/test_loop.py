"""The loop: what runs when, what is written, and what an interruption leaves behind."""

import json
import os
import signal
import threading

import numpy as np
import pytest
from descent import by_hand, descent, losses, weight

from graphmode import errors, files, sessions, tf, training, variables
from graphmode.errors import InputError
from graphmode.training import run_folder, scalar_log
from graphmode.training.steps import Steps


def test_scalar_is_the_loss_of_the_very_run_that_updates(settings):
    config = settings(summary_freq=1)
    numbers = []
    training.fit(descent(6, numbers), config)
    expected, w = by_hand(6)
    assert numbers == list(range(6))  # no batch is eaten by a second run
    assert losses(config) == [
        (n + 1, pytest.approx(loss, rel=1e-5)) for n, loss in enumerate(expected)
    ]
    assert weight(config, 6) == pytest.approx(w)


def test_rows_are_means_since_the_row_before(settings):
    config = settings(summary_freq=4)
    training.fit(descent(10), config)
    expected, _ = by_hand(10)
    assert losses(config) == [
        (4, pytest.approx(np.mean(expected[:4]), rel=1e-5)),
        (8, pytest.approx(np.mean(expected[4:8]), rel=1e-5)),
        (10, pytest.approx(np.mean(expected[8:]), rel=1e-5)),
    ]


def two_networks(phases):
    """A critic and a generator. They count their updates and record the batch that each had.

    phases: [(name, steps, [(network, repeat), ...]), ...].
    """
    x = tf.placeholder(tf.float32, [])
    updates = {}
    for name in ("critic", "generator"):
        count = tf.get_variable(name + "/count", initializer=0.0)
        seen = tf.Variable(
            tf.zeros([0]), validate_shape=False, name=name + "/seen", trainable=False
        )
        record = tf.assign(seen, tf.concat([seen, [x]], 0), validate_shape=False)
        op = tf.group(tf.assign_add(count, 1.0), record)
        updates[name] = training.Update(op, {name: tf.identity(count)})
    return training.Model(
        [
            training.Phase(
                name, steps, [updates[network]._replace(repeat=n) for network, n in networks]
            )
            for name, steps, networks in phases
        ],
        {},
        lambda number: {x: number},
    )


def test_five_critic_steps_to_one_and_each_sees_every_batch_once(settings):
    config = settings()
    training.fit(two_networks([("train", 3, [("critic", 5), ("generator", 1)])]), config)
    saved = tf.train.load_checkpoint(str(run_folder.find_checkpoint(config.output_dir)))
    assert saved.get_tensor("critic/count") == 15 and saved.get_tensor("generator/count") == 3
    assert saved.get_tensor("critic/seen").tolist() == list(range(15))
    assert saved.get_tensor("generator/seen").tolist() == [0, 1, 2]
    assert saved.get_tensor("global_step") == 3


def test_batches_run_on_through_the_phases(settings):
    config = settings()
    training.fit(
        two_networks(
            [("first", 2, [("critic", 3)]), ("second", 2, [("critic", 1), ("generator", 1)])]
        ),
        config,
    )
    saved = tf.train.load_checkpoint(str(run_folder.find_checkpoint(config.output_dir)))
    assert saved.get_tensor("critic/seen").tolist() == list(range(8))
    assert saved.get_tensor("generator/seen").tolist() == [0, 1]


def test_a_loss_is_never_that_of_the_weights_already_updated(settings):
    """Nothing in this gradient waits for the loss: without the order of `minimize` it is late."""
    x = tf.ones([4, 3])
    with tf.variable_scope("net"):
        loss = tf.reduce_mean(tf.layers.dense(x, 1))
    step = variables.minimize(loss, "net", tf.train.GradientDescentOptimizer(0.1))
    config = settings(summary_freq=1)
    training.fit(
        training.Model([training.Phase("train", 50, [training.Update(step, {"loss": loss})])]),
        config,
    )
    seen = [loss for _, loss in losses(config)]
    np.testing.assert_allclose(
        np.diff(seen), [-0.4] * 49, rtol=1e-3
    )  # three weights and a bias, slope 1, rate .1
    first = tf.train.load_checkpoint(str(run_folder.find_checkpoint(config.output_dir)))
    after = first.get_tensor("net/dense/kernel").sum() + first.get_tensor("net/dense/bias").sum()
    assert seen[-1] - 0.4 == pytest.approx(after, rel=1e-3)


def noisy(config, steps):
    """Trains a weight and a dropped out one, with an op that runs twice in each step."""
    with sessions.graph(config):
        with tf.variable_scope("net"):
            weight = tf.get_variable("weight", [4], initializer=tf.zeros_initializer())
            kept = tf.layers.dropout(weight + tf.random_normal([4]), 0.5, training=True)
            loss = tf.reduce_sum(kept * tf.random_uniform([4]))
        step = variables.minimize(loss, "net", tf.train.AdamOptimizer(0.1))
        update = training.Update(step, {"loss": loss}, repeat=2)
        training.fit(training.Model([training.Phase("train", steps, [update])]), config)
    reader = tf.train.load_checkpoint(str(run_folder.find_checkpoint(config.output_dir)))
    return {name: reader.get_tensor(name).tobytes() for name in reader.get_variable_to_shape_map()}


def test_a_resumed_run_is_the_unbroken_one_bit_for_bit(settings, tmp_path, monkeypatch):
    """Also the row of scalars.csv that had begun when it was stopped."""
    unbroken, broken = (
        settings(output_dir=str(tmp_path / name), summary_freq=4) for name in ("whole", "broken")
    )
    whole = noisy(unbroken, 12)
    step = Steps.run

    def stopped(self, session, number, *rest):
        if number == 6:  # the signal comes during a step, which is then finished
            signal.raise_signal(signal.SIGTERM)
        return step(self, session, number, *rest)

    monkeypatch.setattr(Steps, "run", stopped)
    with pytest.raises(errors.Stopped):
        noisy(broken, 12)
    monkeypatch.undo()
    assert run_folder.last_step(broken.output_dir) == 7
    assert [step for step, _ in losses(broken)] == [4]
    assert noisy(broken.replace(resume=True), 12) == whole
    one, other = (files.path(c.output_dir, "scalars.csv") for c in (unbroken, broken))
    assert one.read_bytes() == other.read_bytes()


def test_a_stray_picture_among_the_samples_does_not_spoil_the_report(settings):
    config = settings(display_freq=1)
    training.fit(descent(1), config)
    files.write_whole(files.path(config.output_dir, "samples", "my-favourite.png"), b"")
    tf.reset_default_graph()
    training.fit(descent(2), config.replace(resume=True))
    assert "step 2<" in files.path(config.output_dir, "report.html").read_text()


def test_phases_follow_one_another_and_show_only_their_own_scalars(settings):
    config = settings(summary_freq=1)
    training.fit(
        two_networks(
            [("first", 2, [("generator", 1)]), ("second", 1, [("critic", 1), ("generator", 1)])]
        ),
        config,
    )
    rows = scalar_log.read(config.output_dir)
    assert [row["phase"] for row in rows] == ["first", "first", "second"]
    assert [row["critic"] != "" for row in rows] == [False, False, True]
    assert all(row["generator"] for row in rows)


def test_run_folder_is_complete(settings):
    config = settings(display_freq=5, save_freq=1, trace_freq=10)
    tf.summary.histogram("w", tf.get_variable("extra/w", initializer=1.0))
    training.fit(descent(10), config)
    folder = files.path(config.output_dir)
    assert [step for step, _ in run_folder.checkpoints(folder)] == [6, 7, 8, 9, 10]  # keeps five
    assert sorted(path.name for path in folder.glob("samples/*")) == [
        f"image-{step:08d}.png" for step in (0, 5, 10)
    ]
    events = list(tf.train.summary_iterator(str(next(folder.glob("events.*")))))
    tags = [e.summary.value[0].tag for e in events if e.summary.value]
    assert [tag for tag in tags if tag in ("loss", "w")] == ["loss", "w"]
    trace = json.loads((folder / "trace-10-0.json").read_text())
    assert any(event.get("ph") == "X" and event["dur"] >= 0 for event in trace["traceEvents"])
    page = (folder / "report.html").read_text()
    assert (
        page.count("data:image/png") == 3
        and "<polyline" in page
        and "http" not in page.replace("http://www.w3.org", "")
    )


def test_resumed_run_equals_one_that_was_never_stopped(settings, tmp_path):
    whole = settings(summary_freq=2, output_dir=str(tmp_path / "whole"))
    training.fit(descent(12), whole)
    tf.reset_default_graph()
    parts = settings(summary_freq=2, save_freq=4)
    training.fit(descent(6), parts)
    # As if killed after step 6 with the checkpoint of step 4: later rows are written again.
    for file in files.path(parts.output_dir).glob("model.ckpt-6.*"):
        file.unlink()
    tf.reset_default_graph()
    training.fit(descent(12), parts.replace(resume=True))
    assert losses(parts) == losses(whole)
    assert weight(parts, 12) == weight(whole, 12)


def test_nan_stops_names_the_scalar_and_keeps_the_last_good_checkpoint(settings):
    config = settings(save_freq=2)
    count = tf.get_variable("model/count", initializer=0.0, trainable=False)
    loss = tf.log(2.5 - tf.assign_add(count, 1.0)) * tf.get_variable("model/w", initializer=1.0)
    step = tf.train.GradientDescentOptimizer(0.1).minimize(loss)
    model = training.Model([training.Phase("train", 10, [training.Update(step, {"fading": loss})])])
    with pytest.raises(
        FloatingPointError, match="fading is nan at step 3; the last good checkpoint is .*ckpt-2"
    ):
        training.fit(model, config)
    assert run_folder.last_step(config.output_dir) == 2
    assert "fading is nan at step 3" in files.path(config.output_dir, "report.html").read_text()


def test_a_weight_that_is_not_finite_is_never_saved(settings):
    # The loss is finite, its gradient is not.
    model = descent(4, loss_of=lambda x: tf.sqrt(x - x))
    [phase] = model.phases
    phase = phase._replace(updates=[update._replace(scalars={}) for update in phase.updates])
    model = model._replace(phases=[phase])
    with pytest.raises(FloatingPointError, match="model/w is not finite at step 2"):
        training.fit(model, settings(save_freq=2))


@pytest.mark.parametrize("number, status", [(signal.SIGINT, 0), (signal.SIGTERM, 143)])
def test_signals_save_and_stop(settings, number, status):
    config = settings(save_freq=10**6)
    model = descent(10**6)
    inner = model.feed

    def feed(n):
        if n == 40:
            os.kill(os.getpid(), number)
        return inner(n)

    with pytest.raises(SystemExit) as stopped:
        training.fit(model._replace(feed=feed), config)
    assert stopped.value.code == status
    assert run_folder.last_step(config.output_dir) in (41, 42)  # the step under way is finished
    assert files.path(config.output_dir, "report.html").exists()
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_queue_input_trains_and_its_error_is_the_real_one(settings, tmp_path):
    files = []
    for n in range(4):
        (tmp_path / str(n)).write_text(str(n))
        files.append(str(tmp_path / str(n)))

    def model(names):
        reader = tf.WholeFileReader()
        _, content = reader.read(tf.train.string_input_producer(names, shuffle=False))
        x = tf.train.batch([tf.string_to_number(content)], 2)
        w = tf.get_variable("model/w", initializer=0.0)
        loss = tf.reduce_mean(tf.square(w - x))
        step = tf.train.GradientDescentOptimizer(0.1).minimize(loss)
        return training.Model(
            [training.Phase("train", 20, [training.Update(step, {"loss": loss})])]
        )

    config = settings(summary_freq=1)
    before = set(threading.enumerate())  # a server of another test may not have ended yet
    training.fit(model(files), config)
    assert (
        losses(config)[0][1] == 0.5 and len(losses(config)) == 20
    )  # the batch (0, 1), then 19 more
    assert not [one for one in threading.enumerate() if one not in before and "Queue" in one.name]

    (tmp_path / "2").write_text("not a number")
    tf.reset_default_graph()
    with pytest.raises(InputError, match="the input queue stopped: .*not a number"):
        training.fit(model(files), settings(overwrite=True))


def test_resuming_a_finished_run_says_so(settings, capsys):
    config = settings()
    training.fit(descent(3), config)
    tf.reset_default_graph()
    training.fit(descent(3), config.replace(resume=True))
    assert (
        "The run has already finished (step 3 of 3). To train longer, set a larger --max_steps"
        in capsys.readouterr().err
    )


def test_columns_come_first_and_the_others_in_the_order_of_the_updates(settings):
    config = settings(summary_freq=1)
    model = two_networks([("train", 1, [("critic", 2), ("generator", 1)])])
    training.fit(model._replace(columns=["generator"]), config)
    header, row = files.path(config.output_dir, "scalars.csv").read_text().splitlines()
    assert (header, row) == ("step,phase,generator,critic", "1,train,1,2")


def test_the_loop_asks_for_one_batch_and_one_run_per_update(settings, monkeypatch):
    """A step costs nothing beside the model: no second run, no second batch."""
    runs, asked = [], []
    real = tf.Session.run
    model = descent(5)
    monkeypatch.setattr(
        tf.Session, "run", lambda self, *given: runs.append(given[0]) or real(self, *given)
    )

    def feed(number):
        asked.append(number)
        return model.feed(number)

    training.fit(model._replace(feed=feed), settings(save_freq=100, summary_freq=100))
    steps = [fetches for fetches in runs if isinstance(fetches, list) and len(fetches) == 3]
    assert len(steps) == 5 and asked == list(range(5))
