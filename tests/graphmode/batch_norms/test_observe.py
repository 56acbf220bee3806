"""What is observed of a program's sessions, and that the program does not notice it."""

import numpy as np
import pytest

from graphmode import tf
from graphmode.batch_norms import observe
from graphmode.batch_norms.facts import Facts


@pytest.fixture(autouse=True)
def own_graph():
    with tf.Graph().as_default():
        yield


def names(run):
    return {op.name for op in run.operations}


def test_runs_are_counted_by_what_they_fetch_and_what_the_switch_has():
    x, training = (
        tf.placeholder(tf.float32, [None, 3], "x"),
        tf.placeholder(tf.bool, [], "training"),
    )
    y, step = tf.identity(x, "y"), tf.Variable(0.0, name="w")
    moved = tf.assign_add(step, tf.reduce_sum(y), name="train")
    with observe.Observer() as observer, tf.Session() as session:
        session.run(step.initializer)
        for size in (4, 4, 2):
            session.run([moved.op, y], {x: np.ones([size, 3]), training: True})
        session.run({"any": (y, "train:0")}, {"x:0": [[1, 2, 3]], training: False})
        y.eval({x: np.ones([5, 3]), training: np.array(False)})
        moved.op.run({x: np.ones([1, 3])})
    facts = observer.facts(tf.get_default_graph())
    both, alone = frozenset(["train", "y"]), frozenset(["y"])
    assert facts.runs == {both: 4, alone: 1, frozenset(["train"]): 1, frozenset(["w/Assign"]): 1}
    assert facts.fed["training"] == {both: {True: 3, False: 1}, alone: {False: 1}}
    assert facts.shapes["x"] == {
        both: {(4, 3): 2, (2, 3): 1, (1, 3): 1},
        alone: {(5, 3): 1},
        frozenset(["train"]): {(1, 3): 1},
    }
    assert facts.values("training", both) == {True: 3, False: 1}
    assert isinstance(facts, Facts) and facts.is_complete and observer.runs == 7


def test_numbers_that_differ_in_each_run_are_not_told_apart_but_switches_are():
    rate, training = tf.placeholder(tf.float32, [], "rate"), tf.placeholder(tf.bool, [], "training")
    y = rate * 2.0
    with observe.Observer() as observer, tf.Session() as session:
        for number in range(60):
            session.run(y, {rate: 0.1 * number, training: number % 3 == 0})
    found = {run.scalars[training]: run for run in observer.observed}
    assert {value: run.count for value, run in found.items()} == {True: 20, False: 40}
    assert found[False].batch[rate] == np.float32(0.1 * 59) and found[False].last == 60


def test_all_kinds_of_sessions_are_observed(tmp_path):
    step = tf.train.get_or_create_global_step()
    counted = tf.assign_add(step, 1)
    with observe.Observer() as observer:
        with tf.train.MonitoredTrainingSession(hooks=[tf.train.StopAtStepHook(3)]) as session:
            while not session.should_stop():
                session.run(counted)
        with tf.train.Supervisor(logdir=None).managed_session() as session:
            session.run(counted)
        opened = tf.InteractiveSession()
        opened.run(step.initializer)
        counted.eval()
        opened.close()
    counts = {run.count for run in observer.observed if "AssignAdd" in names(run)}
    assert sum(counts) == 5


def test_the_program_gets_the_same_values_and_the_same_batches():
    """The data of a queue or an iterator are fetched with a run of the program, and not again."""
    rows = tf.data.Dataset.range(40).map(tf.to_float).batch(2).make_one_shot_iterator().get_next()
    noise = rows + tf.random_normal([2], seed=3)
    calls = []
    told = tf.py_func(lambda: calls.append(1) or np.float32(len(calls)), [], tf.float32)
    loss = tf.reduce_sum(noise) * told

    def values():
        with tf.Session() as session:
            return [session.run(loss) for _ in range(9)]

    plain = values()
    calls.clear()
    seen = []
    with observe.Observer(lambda session, runs: seen.extend(runs)):
        watched = values()
    assert watched == plain and len(calls) == 9
    (run,) = seen
    # It is that of the eighth run: 1, 2, 4, 8, ...
    np.testing.assert_array_equal(run.batch[rows], [14.0, 15.0])
    assert run.batch[told.op.outputs[0]] == 8.0 and run.is_whole and run.count == 9


def test_errors_are_the_programs_own_and_failed_runs_do_not_count():
    x = tf.placeholder(tf.float32, [2])
    ends = tf.data.Dataset.range(3).make_one_shot_iterator().get_next()
    with observe.Observer() as observer, tf.Session() as session:
        with pytest.raises(ValueError, match="Cannot feed value of shape"):
            session.run(x, {x: [1.0]})
        with pytest.raises(tf.errors.InvalidArgumentError, match="You must feed a value"):
            session.run(x + 1.0)
        with pytest.raises(tf.errors.OutOfRangeError):
            while True:
                session.run(ends)
    assert list(observer.facts(tf.get_default_graph()).runs.values()) == [3]


def test_nothing_is_left_when_it_ends():
    methods = [vars(tf.Session.__mro__[1])[name] for name in ("_do_run", "close")]
    others = tf.Graph.get_collection, tf.train.Saver.restore
    with pytest.raises(KeyboardInterrupt), observe.Observer():
        assert tf.Graph.get_collection is not others[0]
        raise KeyboardInterrupt
    assert methods == [vars(tf.Session.__mro__[1])[name] for name in ("_do_run", "close")]
    assert others == (tf.Graph.get_collection, tf.train.Saver.restore)


def test_after_so_many_runs_the_program_ends_as_by_exit_and_may_still_save():
    one, saved = tf.constant(1.0), []
    with pytest.raises(SystemExit) as stopped, observe.Observer(after=3) as observer:
        with tf.Session() as session:
            try:
                while True:
                    session.run(one)
            except Exception:  # as many programs have it: it must not go on
                raise AssertionError from None
            finally:
                saved.append(session.run(one))
    assert not stopped.value.code and observer.runs == 4 and saved == [1.0]
    assert not observer.facts(tf.get_default_graph()).is_complete


def test_sessions_are_handed_over_before_they_close_however_they_close():
    one, seen = tf.constant(1.0), []

    def look(session, runs):
        seen.append((session.run(one), sum(run.count for run in runs)))

    def forgets():
        tf.Session().run(one)  # closes when Python deletes it

    with observe.Observer(look) as observer:
        with tf.Session() as session:
            session.run(one)
            session.run(one)
        forgets()
        assert seen == [(1.0, 2), (1.0, 1)] or seen == [(1.0, 2), (1.0, 3)]
        left_open = tf.Session()
        left_open.run(one)
    assert len(seen) == 3 and observer.runs == 4
    left_open.close()
    assert len(seen) == 3


def test_restored_checkpoints_and_collected_updates_are_noted(tmp_path):
    with tf.variable_scope("net"):
        w = tf.get_variable("w", [2, 3])
    tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, tf.assign(w, w, name="net/move"))
    saver = tf.train.Saver([w])
    with observe.Observer() as observer, tf.Session() as session:
        tf.get_collection(tf.GraphKeys.UPDATE_OPS, scope="other")
        tf.get_collection(tf.GraphKeys.UPDATE_OPS)
        session.run(w.initializer)
        path = saver.save(session, str(tmp_path / "model"))
        saver.restore(session, path)
    facts = observer.facts(tf.get_default_graph())
    (restored,) = facts.restored
    assert (restored.checkpoint, restored.shapes) == (path, {"net/w": (2, 3)})
    assert restored.restore_op == saver.saver_def.restore_op_name
    files, lines, scopes, found = zip(*facts.collected)
    assert set(files) == {__file__} and lines[1] == lines[0] + 1
    assert (scopes, found) == (("other", None), (frozenset(), frozenset(["net/move"])))
