"""The inner modules of TensorFlow (tensorflow.python) have the names that version 1 had there."""

import importlib
import sys

import numpy as np
import pytest

from graphmode import tf
from graphmode.old_programs import inner_modules


@pytest.fixture(scope="module", autouse=True)
def given():
    with inner_modules.installed():
        yield


@pytest.mark.parametrize(
    "module, name",
    [(module, name) for module in inner_modules.LOST for name in inner_modules.LOST[module]],
)
def test_a_lost_name_is_there(module, name):
    assert callable(getattr(importlib.import_module(f"tensorflow.python.{module}"), name))


@pytest.mark.parametrize("module", inner_modules.GONE)
def test_a_module_that_is_gone_is_there(module):
    whole = f"tensorflow.python.{module}"
    assert importlib.import_module(whole) is sys.modules[whole]


def test_a_checkpoint_is_read_and_a_graph_frozen(tmp_path):
    from tensorflow.python import pywrap_tensorflow
    from tensorflow.python.framework import graph_util

    with tf.Graph().as_default(), tf.Session() as session:
        weight = tf.Variable([1.0, 2.0], name="weight")
        tf.identity(weight * 3, name="tripled")
        session.run(weight.initializer)
        path = tf.train.Saver().save(session, str(tmp_path / "model"))
        reader = pywrap_tensorflow.NewCheckpointReader(path)
        assert reader.get_variable_to_shape_map() == {"weight": [2]}
        frozen = graph_util.convert_variables_to_constants(session, session.graph_def, ["tripled"])
    with tf.Graph().as_default(), tf.Session() as session:
        (tripled,) = tf.import_graph_def(frozen, return_elements=["tripled:0"])
        np.testing.assert_array_equal(session.run(tripled), [3, 6])


def test_the_linear_map_of_rnn_cells():
    from tensorflow.python.ops.rnn_cell_impl import _linear

    with tf.Graph().as_default(), tf.variable_scope("a"):
        made = _linear([tf.ones([2, 3]), tf.ones([2, 4])], 5, True)
        assert [(var.op.name, var.shape.as_list()) for var in tf.global_variables()] == [
            ("a/kernel", [7, 5]),
            ("a/bias", [5]),
        ]
        assert made.shape == [2, 5]


def test_a_name_that_never_was_is_an_error():
    from tensorflow.python.framework import ops

    with pytest.raises(AttributeError, match="framework.ops' has no attribute 'no_such_name'"):
        _ = ops.no_such_name


def test_names_of_private_modules_are_taken_back():
    from tensorflow.python.util import nest

    with inner_modules.installed():  # inside another: the outer one keeps its names
        pass
    assert nest.is_sequence([1])
