"""The numbers that are measured before a session closes, against closed forms and the program."""

import numpy as np
import pytest

from graphmode import slim, tf
from graphmode.batch_norms import find, measure, observe, observe_facts

RNG = np.random.RandomState(0)
IMAGES = RNG.normal(2.0, 3.0, [6, 4, 4, 2]).astype("float32")


@pytest.fixture(autouse=True)
def own_graph():
    with tf.Graph().as_default():
        tf.set_random_seed(0)
        yield


def run(program, look):
    """Runs a program's session. `look` gets the session before it closes, with what is measured.

    Returns:
        What `look` returns.
    """
    seen = []

    def measure_it(session, runs):
        variables = tf.global_variables()
        values, version = session.run(variables), session.graph.version
        inventory = find(session.graph)
        result = measure.session(session, inventory, runs)
        # Neither the graph nor a variable has changed.
        assert session.graph.version == version
        np.testing.assert_equal(session.run(variables), values)
        seen.append(look(session, result, inventory, runs))

    with observe.Observer(measure_it), tf.Session() as session:
        session.run(tf.global_variables_initializer())
        program(session)
    (returned,) = seen
    return returned


def test_gap_and_start_value_are_those_of_the_formula():
    """For a batch that stays the same, the averages are start + (batch - start) (1 - 0.9^3)."""
    data = np.array([[1.0, 10.0], [3.0, 30.0], [5.0, 50.0]])
    x, training = tf.placeholder(tf.float32, [None, 2]), tf.placeholder(tf.bool, [])
    y = tf.layers.batch_normalization(x, training=training, momentum=0.9, epsilon=0.1)
    loss = tf.reduce_mean(tf.square(y - 1.0))
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        train = tf.train.GradientDescentOptimizer(0.01).minimize(loss)

    def program(session):
        for _ in range(3):
            session.run(train, {x: data, training: True})
        session.run(loss, {x: data, training: False})

    result, inventory, runs = run(program, lambda session, *found: found)
    assert not result.notes
    (gap,) = result.gaps.values()
    mean, variance, left = data.mean(0), data.var(0), 0.9**3
    expected = np.sqrt(np.mean(np.square(mean * left) / (variance + 0.1)))
    moving = variance + (1.0 - variance) * left
    ratio = np.exp(np.mean(np.log((moving + 0.1) / (variance + 0.1))))
    np.testing.assert_allclose((gap.mean, gap.variance), (expected, ratio), rtol=1e-4)
    assert gap.values == 3
    numbers = observe_facts.updates(inventory, observe_facts.of_runs(runs))
    assert set(numbers.values()) == {3}
    assert measure.start_left(inventory.layers[0], numbers) == pytest.approx(left)


def layers(x, training):
    return tf.layers.batch_normalization(x, training=training)


def in_place(x, training):
    return slim.batch_norm(x, 0.9, is_training=training, updates_collections=None, scale=True)


def by_hand(x, training):
    size = x.shape.as_list()[-1]
    with tf.variable_scope(None, "hand"):
        beta, gamma = tf.Variable(tf.zeros([size])), tf.Variable(tf.ones([size]))
        mean, variance = tf.nn.moments(x, [0, 1, 2])
        ema = tf.train.ExponentialMovingAverage(0.5)

        def with_update():
            with tf.control_dependencies([ema.apply([mean, variance])]):
                return tf.identity(mean), tf.identity(variance)

        averages = tf.cond(
            training, with_update, lambda: (ema.average(mean), ema.average(variance))
        )
        return tf.nn.batch_normalization(x, *averages, beta, gamma, 1e-3)


@pytest.mark.parametrize("normalize", [layers, in_place, by_hand])
def test_the_test_with_both_statistics_is_what_the_program_itself_gives_with_both(normalize):
    x, training = tf.placeholder(tf.float32, [None, 4, 4, 2]), tf.placeholder(tf.bool, [], "phase")
    h = tf.nn.relu(normalize(tf.layers.conv2d(x, 3, 3, padding="same"), training))
    h = tf.nn.relu(normalize(tf.layers.conv2d(h, 4, 3, padding="same"), training) - 0.2)
    score, loss = tf.reduce_mean(h, [1, 2, 3]), tf.reduce_mean(tf.square(h - 1.0))
    updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
    train = tf.group(tf.train.GradientDescentOptimizer(0.1).minimize(loss), *updates)

    def program(session):
        for _ in range(3):
            session.run([train, loss], {x: IMAGES, training: True})
        session.run([score, loss], {x: IMAGES[:5], training: False})

    def look(session, result, *unused):
        own = [session.run(loss, {x: IMAGES[:5], training: value}) for value in (False, True)]
        return result, own

    result, own = run(program, look)
    assert not result.notes and len(result.gaps) == 2
    vector, number = result.outputs
    assert (number.name, number.as_run, number.rows) == (loss.name, "moving", 5)
    np.testing.assert_allclose((number.moving, number.batch), own, rtol=1e-4)
    assert vector.name == score.name and vector.difference > 0.01


def test_data_of_a_queue_are_measured_without_taking_a_batch_and_prints_are_not_repeated(capfd):
    rows = tf.data.Dataset.from_tensor_slices(IMAGES).repeat().batch(3)
    x = rows.make_one_shot_iterator().get_next()
    y = slim.batch_norm(x, 0.5, updates_collections=None)
    loss = tf.reduce_mean(y * tf.get_variable("w", []))
    train = tf.train.GradientDescentOptimizer(0.1).minimize(loss)
    printed = tf.reduce_mean(slim.batch_norm(tf.Print(x, [x], "printed"), is_training=False))
    after = []

    def program(session):
        for _ in range(4):
            session.run(train)
        session.run(printed)

    def look(session, result, *unused):
        after.append(session.run(x))
        return result

    result = run(program, look)
    np.testing.assert_array_equal(after[0], IMAGES[3:])  # the sixth batch: the fifth was printed
    (gap,) = result.gaps.values()
    batch = IMAGES[3:]  # the fourth batch is the last of the runs 1, 2, 4, ...
    assert gap.values == 3 * 4 * 4 and gap.mean < 0.2 * np.abs(batch.mean((0, 1, 2))).max()
    assert capfd.readouterr().err.count("printed") == 1
    assert any("Print" in note for note in result.notes) and not result.outputs


def test_a_large_batch_is_cut_where_the_graph_allows_it():
    x, labels = tf.placeholder(tf.float32, [None, 2]), tf.placeholder(tf.float32, [None])
    y = slim.batch_norm(x, is_training=False)
    error = tf.reduce_mean(tf.square(tf.reduce_sum(y, 1) - labels))
    data = RNG.normal(size=[1000, 2])
    result = run(
        lambda session: session.run(error, {x: data, labels: data.sum(1)}),
        lambda session, result, *unused: result,
    )
    (output,) = result.outputs
    assert output.rows == measure.ROWS == 256
    assert output.moving == pytest.approx(0.0, abs=1e-5) and output.batch > 1e-4
