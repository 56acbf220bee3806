"""The loop: what runs when, what is written, and what an interruption leaves behind."""

import json
import os
import signal
import threading

import numpy as np
import pytest

from graphmode import errors, files, sessions, tf, training, variables
from graphmode.errors import InputError
from graphmode.training import run_folder, scalar_log
from graphmode.training.steps import Steps


def descent(steps=10, feed_log=None, loss_of=tf.square):
    """A weight w that starts at 4 and follows (w - x)^2; x is the number of the batch modulo 3."""
    x = tf.placeholder(tf.float32, [])
    w = tf.get_variable("model/w", initializer=4.0)
    loss = loss_of(w - x)
    step = tf.train.GradientDescentOptimizer(0.25).minimize(loss)

    def feed(number):
        if feed_log is not None:
            feed_log.append(number)
        return {x: number % 3}

    return training.Model(
        [training.Phase("train", steps, [training.Update(step, {"loss": loss})])],
        {"image": tf.fill([2, 4, 4, 1], tf.nn.sigmoid(w))},
        feed,
    )


def losses(config):
    return [(int(row["step"]), float(row["loss"])) for row in scalar_log.read(config.output_dir)]


def by_hand(steps):
    w, seen = 4.0, []
    for step in range(steps):
        seen.append((w - step % 3) ** 2)
        w -= 0.25 * 2 * (w - step % 3)
    return seen, w


def weight(config, step):
    with files.no_pattern(files.path(config.output_dir, f"model.ckpt-{step}")) as path:
        return tf.train.load_checkpoint(path).get_tensor("model/w")


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


@pytest.mark.parametrize("part", ["index", "data-00000-of-00001"])
@pytest.mark.parametrize("damage", [lambda b: b[:-9], lambda b: bytes(len(b))], ids=["cut", "0"])
def test_a_damaged_checkpoint_is_left_for_an_older_one(part, damage, settings, capsys):
    config = settings(save_freq=2, keep=3)
    training.fit(descent(6), config)
    expected = weight(config, 6)
    file = files.path(config.output_dir, f"model.ckpt-6.{part}")
    file.write_bytes(damage(file.read_bytes()))
    tf.reset_default_graph()
    training.fit(descent(6), config.replace(resume=True))
    assert "model.ckpt-6 was damaged: continuing at step 4" in capsys.readouterr().err
    assert weight(config, 6) == expected


def test_only_damaged_checkpoints_are_one_line(settings):
    config = settings()
    training.fit(descent(2), config)
    files.path(config.output_dir, "model.ckpt-2.index").write_bytes(b"")
    tf.reset_default_graph()
    with pytest.raises(InputError, match="all checkpoints in .* are damaged.*--overwrite"):
        training.fit(descent(2), config.replace(resume=True))


@pytest.mark.parametrize("name", ["a[1]", "a*", "a?", "a\\b", "a{1,2}", "a[1", "new\nline", "ü n"])
def test_a_path_is_no_pattern(name, settings, tmp_path):
    beside = settings(output_dir=str(tmp_path / "a1"))
    training.fit(descent(2), beside)
    config = settings(output_dir=str(tmp_path / name), save_freq=1, keep=2)
    for steps in (4, 6):
        tf.reset_default_graph()
        training.fit(descent(steps), config.replace(resume=steps == 6))
    assert [step for step, _ in run_folder.checkpoints(config.output_dir)] == [5, 6]
    assert run_folder.last_step(beside.output_dir) == 2
    assert weight(config, 6) == pytest.approx(by_hand(6)[1])
    state = tf.train.get_checkpoint_state(str(tmp_path / "a1"))
    assert state.model_checkpoint_path.endswith("/a1/model.ckpt-2")


def test_remains_of_killed_processes_are_removed(settings):
    config = settings()
    training.fit(descent(2), config)
    folder = files.path(config.output_dir)
    left = [".unfinished-x", ".unfinished-checkpoint/model.ckpt-3.index", "samples/.unfinished-y"]
    left += ["model.ckpt-3.data-00000-of-00001", "model.ckpt-3.data-00000-of-00001.tempstate12"]
    left += ["checkpoint.tmp1", ".report.html.abc"]
    for name in left:
        files.write_whole(folder / name, "")
    tf.reset_default_graph()
    training.fit(descent(3), config.replace(resume=True))
    kept = {".lock", "config.json", "checkpoint", "scalars.csv", "resume.json"}
    names = {path.name for path in folder.iterdir()} - kept - {"report.html", "samples"}
    assert not [name for name in names if not name.startswith(("model.ckpt-2.", "model.ckpt-3."))
                and not name.startswith("events.")]  # fmt: skip
    assert len(run_folder.checkpoints(folder)) == 2 and not list((folder / "samples").iterdir())


def test_a_run_that_began_meanwhile_is_not_replaced(settings):
    config = settings()
    training.fit(descent(2), config)
    tf.reset_default_graph()
    with pytest.raises(InputError, match="already holds a run: --resume continues it"):
        training.fit(descent(2), config)
    checkpoint = str(run_folder.find_checkpoint(config.output_dir))
    tf.reset_default_graph()
    with pytest.raises(InputError, match="--overwrite would delete .*model.ckpt-2 itself"):
        training.fit(descent(2), config.replace(overwrite=True, checkpoint=checkpoint))
    assert run_folder.last_step(config.output_dir) == 2


def test_a_deletion_cut_short_is_finished_by_the_next_process(settings, monkeypatch):
    config = settings()
    training.fit(descent(2), config)

    def cut_short(path):
        raise KeyboardInterrupt

    monkeypatch.setattr("pathlib.Path.unlink", cut_short)
    tf.reset_default_graph()
    new = config.replace(overwrite=True, seed=7)
    with pytest.raises(KeyboardInterrupt):
        training.fit(descent(1), new)
    monkeypatch.undo()
    assert run_folder.stored(config.output_dir)[1]["seed"] == 7  # the settings that it now has
    assert run_folder.checkpoints(config.output_dir) == []
    tf.reset_default_graph()
    training.fit(descent(1), new.replace(resume=True, overwrite=False))
    assert [step for step, _ in run_folder.checkpoints(config.output_dir)] == [1]


def test_weights_of_another_run_begin_a_new_one_at_step_0(settings, tmp_path):
    config = settings()
    training.fit(descent(5), config)
    tf.reset_default_graph()
    new = settings(
        output_dir=str(tmp_path / "new"),
        checkpoint=str(run_folder.find_checkpoint(config.output_dir)),
        summary_freq=1,
    )
    training.fit(descent(1), new)
    assert losses(new) == [(1, pytest.approx(weight(config, 5) ** 2, rel=1e-4))]


def test_a_run_does_not_take_other_peoples_files_for_its_own(settings):
    config = settings(overwrite=True)
    mine = files.path(config.output_dir, "figures", "thesis.png")
    files.write_whole(mine, b"keep")
    with pytest.raises(InputError, match="is not the folder of a run but holds figures"):
        training.fit(descent(1), config)
    assert mine.read_bytes() == b"keep"


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
    assert [e.summary.value[0].tag for e in events if e.summary.value] == ["loss", "w"]
    trace = json.loads((folder / "trace-10-0.json").read_text())
    assert any(event.get("ph") == "X" and event["dur"] >= 0 for event in trace["traceEvents"])
    page = (folder / "report.html").read_text()
    assert (
        page.count("data:image/png") == 3
        and "data:image/svg" in page
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
    training.fit(model(files), config)
    assert (
        losses(config)[0][1] == 0.5 and len(losses(config)) == 20
    )  # the batch (0, 1), then 19 more
    assert threading.active_count() < 10

    (tmp_path / "2").write_text("not a number")
    tf.reset_default_graph()
    with pytest.raises(InputError, match="the input queue stopped: .*not a number"):
        training.fit(model(files), settings(overwrite=True))


def damage(checkpoint):
    data = next(checkpoint.parent.glob(checkpoint.name + ".data*"))
    data.write_bytes(data.read_bytes()[:-20])


@pytest.mark.parametrize(
    "name, shape, spoil, message",
    [
        (
            "model/w",
            [3],
            None,
            r"model.ckpt-1 does not fit this network: lhs shape= ?\[3\] rhs shape= ?\[\]$",
        ),
        (
            "model/v",
            [],
            None,
            "model.ckpt-1 does not fit this network: Key model/v not found in checkpoint$",
        ),
        ("model/w", [], damage, "model.ckpt-1 is damaged: use an older one"),
    ],
)
def test_checkpoints_that_do_not_fit_or_are_damaged_are_one_line(
    name, shape, spoil, message, settings
):
    config = settings()
    training.fit(descent(1), config)
    tf.reset_default_graph()
    tf.get_variable(name, shape=shape)
    if spoil:
        spoil(run_folder.find_checkpoint(config.output_dir))
    with sessions.session() as session, pytest.raises(InputError, match=message):
        sessions.restore(session, run_folder.find_checkpoint(config.output_dir))


def test_two_processes_do_not_train_in_one_folder(settings):
    config = settings()
    with run_folder.started(config):
        with pytest.raises(InputError, match="another process is training in .*run: wait for it"):
            training.fit(descent(1), config.replace(overwrite=True))
    tf.reset_default_graph()
    training.fit(descent(1), config.replace(overwrite=True))


def test_resuming_a_finished_run_says_so(settings, capsys):
    config = settings()
    training.fit(descent(3), config)
    tf.reset_default_graph()
    training.fit(descent(3), config.replace(resume=True))
    assert (
        "The run has already finished (step 3 of 3). To train longer, set a larger --max_steps"
        in capsys.readouterr().err
    )


def test_overwriting_removes_the_run_and_nothing_else(settings):
    config = settings()
    training.fit(descent(3), config)
    mine = files.path(config.output_dir, "my notes.txt")
    mine.write_text("keep")
    tf.reset_default_graph()
    training.fit(descent(2), config.replace(overwrite=True))
    assert (
        run_folder.last_step(config.output_dir) == 2
        and len(run_folder.checkpoints(config.output_dir)) == 1
    )
    assert mine.read_text() == "keep"


def test_a_folder_that_cannot_be_written_is_one_line(settings, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="file/run cannot be written"):
        training.fit(descent(1), settings(output_dir=str(tmp_path / "file" / "run")))


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
