"""Sessions: weights from checkpoints, and export."""

import pytest

from graphmode import errors, files, sessions, tf
from graphmode.training import checkpoints


@pytest.fixture
def checkpoint(tmp_path):
    """A checkpoint of x -> 3 x, whose ops are in the default graph as x and y."""
    x = tf.placeholder(tf.float32, [], "x")
    weight = tf.get_variable("weight", initializer=3.0)
    tf.multiply(weight, x, "y")
    with sessions.session() as session:
        session.run(tf.global_variables_initializer())
        checkpoints.save(session, tf.train.Saver(), tmp_path, 1, 5)
    return tmp_path / "model.ckpt-1"


def test_an_exported_model_may_lie_in_any_folder(checkpoint, tmp_path):
    target = tmp_path / "a[1]*" / "exported"
    graph = tf.get_default_graph()
    x, y = graph.get_tensor_by_name("x:0"), graph.get_tensor_by_name("y:0")
    sessions.export(checkpoint, target, {"triple": ({"x": x}, {"y": y})})
    assert sorted(file.name for file in target.parent.iterdir()) == ["exported"]
    with tf.Graph().as_default(), sessions.session() as session, files.no_pattern(target) as path:
        tf.saved_model.load(session, [tf.saved_model.SERVING], path)
        assert session.run("y:0", {"x:0": 2.0}) == 6.0


def test_not_every_error_is_called_damage(checkpoint):
    tf.get_variable("more", initializer=1.0)
    with sessions.session() as session:
        with pytest.raises(errors.InputError, match="does not fit this network: Key more not"):
            sessions.restore(session, checkpoint)
        checkpoint.with_name("model.ckpt-1.data-00000-of-00001").write_bytes(b"")
        with pytest.raises(sessions.DamagedCheckpoint, match="ckpt-1 is damaged: use an older"):
            sessions.restore(session, checkpoint, [tf.global_variables()[0]])
