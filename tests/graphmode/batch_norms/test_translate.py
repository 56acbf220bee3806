"""Checkpoints whose batch norms change from slim's names to tf.layers', and back."""

import numpy as np
import pytest

from graphmode import slim, tf
from graphmode.batch_norms import __main__ as program
from graphmode.batch_norms.translate import _write, translate
from graphmode.errors import InputError

BATCH = np.random.RandomState(0).normal(2.0, 3.0, [8, 4, 4, 2]).astype(np.float32)


def network(norm, optimizer=None, scope="net"):
    """Two batch norms, and a training step inside the scope `train`, which slots' names show."""
    with tf.variable_scope(scope):
        h = norm(tf.constant(BATCH))
        h = tf.layers.dense(h, 3, name="dense")
        output = norm(h)
    if optimizer:
        with tf.variable_scope("train"):
            optimizer.minimize(tf.reduce_sum(output**3))
    return output


def of_slim(x, **arguments):
    return slim.batch_norm(x, is_training=False, **arguments)


def of_layers(x, **arguments):
    return tf.layers.batch_normalization(x, **arguments)


def saved(path, norm, optimizer=None):
    """Writes a checkpoint whose values are all different; returns (path, output)."""
    with tf.Graph().as_default(), tf.Session() as session:
        output = network(norm, optimizer)
        random = np.random.RandomState(1)
        for variable in tf.global_variables():
            variable.load(random.uniform(0.5, 2.0, variable.shape.as_list()), session)
        return tf.train.Saver().save(session, str(path)), session.run(output)


def content(path):
    reader = tf.train.load_checkpoint(str(path))
    return {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}


def output_of(path, norm, optimizer=None):
    with tf.Graph().as_default(), tf.Session() as session:
        output = network(norm, optimizer)
        tf.train.Saver().restore(session, str(path))
        return session.run(output)


def same(first, second):
    assert sorted(first) == sorted(second)
    for name, value in first.items():
        np.testing.assert_array_equal(value, second[name])
        assert value.dtype == second[name].dtype


def test_a_slim_program_becomes_one_of_layers_and_back(tmp_path):
    """Slots of Adam and Momentum included: the whole program restores."""
    adam = tf.train.AdamOptimizer()
    path, expected = saved(tmp_path / "old", of_slim, adam)
    there = translate(path, to="tf.layers", output=tmp_path / "new" / "model")
    assert there.checkpoint == str(tmp_path / "new" / "model")
    assert there.renamed["net/BatchNorm_1/beta"] == "net/batch_normalization_1/beta"
    slot = "train/net/BatchNorm/beta/Adam"
    assert there.renamed[slot] == "train/net/batch_normalization/beta/Adam"
    assert sum("gamma" in name for name in there.added) == 6  # with two slots each
    values = content(there.checkpoint)
    np.testing.assert_array_equal(values["net/batch_normalization/gamma"], np.ones(2))
    np.testing.assert_array_equal(
        values["train/net/batch_normalization_1/gamma/Adam_1"], np.zeros(3)
    )
    actual = output_of(there.checkpoint, of_layers, tf.train.AdamOptimizer())
    np.testing.assert_allclose(actual, expected, rtol=1e-5)
    back = translate(there.checkpoint, to="contrib")
    assert back.checkpoint == f"{there.checkpoint}-contrib" and back.removed == there.added
    same(content(path), content(back.checkpoint))


def test_layers_program_becomes_one_of_slim_and_back(tmp_path):
    path, expected = saved(tmp_path / "old", of_layers, tf.train.MomentumOptimizer(0.1, 0.9))
    there = translate(path, "slim")
    assert not there.added and "build them with slim.batch_norm(scale=True)" in there.notes[-1]

    def with_scale(x):
        return of_slim(x, scale=True)

    actual = output_of(there.checkpoint, with_scale, tf.train.MomentumOptimizer(0.1, 0.9))
    np.testing.assert_allclose(actual, expected, rtol=1e-5)
    same(content(path), content(translate(there.checkpoint, "tf.layers").checkpoint))


def write(path, **shapes):
    """A checkpoint of ones; `__` in a name stands for a slash."""
    values = {name.replace("__", "/"): np.ones(shape) for name, shape in shapes.items()}
    _write(path, values)
    return str(path)


MOVING = {"net__bn1__moving_mean": [3], "net__bn1__moving_variance": [3]}


def test_names_that_the_program_gave_stay_and_parameters_are_added(tmp_path):
    path = write(tmp_path / "old", net__bn1__beta=[3], net__BatchNorm=[7], step=[], **MOVING)
    there = translate(path, "tf.layers", tmp_path / "new")
    assert there.renamed == {} and there.added == ["net/bn1/gamma"]
    assert there.notes[0].startswith("No name has changed")
    assert set(content(path)) < set(content(there.checkpoint))
    same(content(path), content(translate(there.checkpoint, "slim").checkpoint))
    bare = translate(write(tmp_path / "bare", **MOVING), "tf.layers")
    values = content(bare.checkpoint)
    assert bare.added == ["net/bn1/gamma", "net/bn1/beta"]
    assert values["net/bn1/gamma"].tolist() == [1] * 3 and not values["net/bn1/beta"].any()


def test_what_training_made_of_an_added_gamma_is_kept(tmp_path):
    """A tf.layers program that saves again does not write the list of added names."""
    path, _ = saved(tmp_path / "old", of_slim)
    there = translate(path, "tf.layers")
    with tf.Graph().as_default(), tf.Session() as session:
        network(of_layers)
        tf.train.Saver().restore(session, there.checkpoint)
        again = tf.train.Saver().save(session, str(tmp_path / "again"))
    assert "net/BatchNorm/gamma" in content(translate(again, "slim").checkpoint)


CASES = {
    "no batch norm": ({"net__kernel": [3]}, "no variable is called moving_mean"),
    "one average": ({"net__bn1__moving_mean": [3]}, "net/bn1 has no moving_variance"),
    "shapes": ({**MOVING, "net__bn1__beta": [4]}, "net/bn1/beta [4]"),
    "two of one name": (
        {
            "BatchNorm__moving_mean": [3],
            "BatchNorm__moving_variance": [3],
            "batch_normalization__moving_mean": [3],
            "batch_normalization__moving_variance": [3],
        },
        "would both be called batch_normalization/moving_mean",
    ),
    "slots": (
        {**MOVING, "net__bn1__beta": [3], "net__bn1__beta__Ftrl": [3]},
        "net/bn1/gamma is missing, and its new slot Ftrl is unknown",
    ),
    "slots of others": (
        {**MOVING, "net__w": [2], "net__w__Adam": [2]},
        "net/bn1/gamma is missing, and its new slot Adam is unknown",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_it_cannot_know_is_one_line(tmp_path, case, capsys):
    shapes, expected = CASES[case]
    path = write(tmp_path / "old", **shapes)
    with pytest.raises(SystemExit) as stopped:
        program.main(["translate", path, "--to", "tf.layers", "--output", str(tmp_path / "new")])
    error = capsys.readouterr().err
    assert stopped.value.code == 2 and error.count("\n") == 1 and expected in error
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "old.data-00000-of-00001",
        "old.index",
    ]


def test_wrong_paths_and_targets(tmp_path):
    with pytest.raises(InputError, match="cannot be read as a checkpoint"):
        translate(tmp_path / "nothing", "slim")
    with pytest.raises(InputError, match="has no file `checkpoint`"):
        translate(tmp_path, "slim")
    path = write(tmp_path / "model", net__bn1__beta=[3], net__bn1__gamma=[3], **MOVING)
    with pytest.raises(InputError, match="keras"):
        translate(path, "keras")
    with pytest.raises(InputError, match="model already exists"):
        translate(path, "slim", path)
    (tmp_path / "model.index").write_bytes(b"damaged")
    with pytest.raises(InputError, match="cannot be read as a checkpoint"):
        translate(path, "slim")


def test_the_command_says_what_it_did(tmp_path, capsys):
    (tmp_path / "a[1]").mkdir()  # TensorFlow takes it for a pattern
    saved(tmp_path / "model", of_slim)
    for file in tmp_path.glob("model.*"):
        file.rename(tmp_path / "a[1]" / file.name)
    path = tmp_path / "a[1]" / "model"
    program.main(
        ["translate", f"{path}.index", "--to", "tf.layers", "--output", str(tmp_path / "n")]
    )
    lines = capsys.readouterr().out.splitlines()
    assert "net/BatchNorm/beta -> net/batch_normalization/beta" in lines
    assert "added: net/batch_normalization/gamma" in lines
    assert lines[-1] == f"written: {tmp_path / 'n'}"
