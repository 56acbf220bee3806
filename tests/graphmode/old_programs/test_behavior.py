"""Functions, flags and imports behave as in TensorFlow 1 while an old program runs."""

import builtins
import importlib
import inspect
import sys

import pytest

from graphmode import tf
from graphmode.old_programs import behavior, namespace, tracebacks


def test_transposed_convolutions_have_the_batch_of_their_output_shape(runs_here):
    shown = runs_here("""
        import numpy as np
        import tensorflow as tf
        x = tf.placeholder(tf.float32, [None, 4, 4, 8])
        y = tf.nn.conv2d_transpose(x, tf.zeros([5, 5, 4, 8]), [16, 8, 8, 4], [1, 2, 2, 1])
        print(y.shape, tf.reshape(y, y.get_shape()).shape)
        size = [tf.shape(x)[0], 8, 8, 4]
        print(tf.nn.conv2d_transpose(x, tf.zeros([5, 5, 4, 8]), size, [1, 2, 2, 1]).shape)
        x = tf.placeholder(tf.float32, [None, 4, 4, 4, 8])
        y = tf.nn.conv3d_transpose(x, tf.zeros([5, 5, 5, 4, 8]), [6, 8, 8, 8, 4], [1, 2, 2, 2, 1])
        print(y.shape)
        filters = np.ones([4, 4, 1, 2], np.float32)
        y = tf.nn.conv2d_transpose(tf.ones([1, 3, 3, 2]), filters, [1, 6, 6, 1], [1, 2, 2, 1])
        with tf.Session() as session:
            print(session.run(y)[0, 0, :, 0])
        """)
    assert shown.splitlines() == [
        "(16, 8, 8, 4) (16, 8, 8, 4)",
        "(?, 8, 8, 4)",
        "(6, 8, 8, 8, 4)",
        "[2. 4. 4. 4. 4. 2.]",
    ]


@pytest.mark.parametrize(
    "made, shape",
    [
        ("tf.placeholder(tf.float32, [None, 28 / 2])", "(?, 14)"),
        ("tf.get_variable('a', [3, 50 / 2])", "(3, 25)"),
        ("tf.random_normal([3, 50 / 2])", "(3, 25)"),
        ("tf.reshape(x, [-1, np.float64(512) / 2])", "(?, 256)"),
        ("tf.reshape(x, [tf.shape(x)[0], 512 / 2])", "(?, 256)"),
        ("tf.zeros([tf.shape(x)[0], 50 / 2])", "(?, 25)"),
        ("tf.layers.conv2d(x, 50 / 2, 6 / 2, strides=4 / 2)", "(?, 3, 3, 25)"),
        ("tf.layers.dense(x, units=50 / 2)", "(?, 8, 8, 25)"),
        ("slim.conv2d(x, 50 / 2, [6 / 2, 3], 4 / 2)", "(?, 4, 4, 25)"),
        ("slim.fully_connected(x, 50 / 2)", "(?, 8, 8, 25)"),
        ("slim.repeat(x, 2, slim.conv2d, 50 / 2, 3)", "(?, 8, 8, 25)"),
        ("tf.nn.conv2d_transpose(x, np.ones([3, 3, 2, 4], np.float32), [4, 32 / 2, 16, 2], "
         "[1, 4 / 2, 2, 1])", "(4, 16, 16, 2)"),
        ("tf.image.resize_images(x, [32 / 2, 16])", "(?, 16, 16, 4)"),
    ],
)  # fmt: skip
def test_whole_floats_are_dimensions(made, shape, runs_here):
    assert runs_here(f"""
        import numpy as np
        import tensorflow as tf
        from tensorflow.contrib import slim
        x = tf.placeholder(tf.float32, [None, 8, 8, 4])
        print(({made}).shape)
        """) == f"{shape}\n"  # fmt: skip


def test_other_floats_are_no_dimensions(runs_here):
    with pytest.raises(TypeError, match="25.5"):
        runs_here("import tensorflow as tf\ntf.placeholder(tf.float32, [51 / 2])\n")


@pytest.mark.parametrize("name", behavior.DIMENSIONS)
def test_the_parameters_that_are_dimensions_exist(name):
    with namespace.installed(with_companions=False) as view:
        value = view
        for part in name.split("."):
            value = getattr(value, part)
        parameters = inspect.signature(value).parameters
        assert set(behavior.DIMENSIONS[name].split()) <= set(parameters)


def test_a_tensor_is_of_the_class_tensor(runs_here):
    shown = runs_here("""
        import tensorflow as tf
        x = tf.placeholder(tf.float32, [])
        print(type(x) is tf.Tensor, isinstance(x + 1, tf.Tensor), type(x).__name__)
        print(isinstance(tf.Variable(1.0), tf.Tensor), tf.contrib.framework.is_tensor(x))
        """)
    assert shown == "True True Tensor\nFalse True\n"


def test_a_class_is_no_module(runs_here):
    with pytest.raises(ModuleNotFoundError, match="^No module named 'tensorflow.train.AdamOpt"):
        runs_here("import importlib\nimportlib.import_module('tensorflow.train.AdamOptimizer')\n")


def test_modules_of_version_1_can_be_imported(runs_here):
    shown = runs_here("""
        import tensorflow.image
        import tensorflow.compat.v1 as tf
        from tensorflow.summary import FileWriter
        from tensorflow.nn import *
        print(tf is tensorflow, tf.image is tensorflow.image, FileWriter is tf.summary.FileWriter)
        print(relu is tf.nn.relu, tf.image.resize_images.__name__, tf.newaxis)
        """)
    assert shown == "True True True\nTrue resize_images None\n"


FLAGS = """
    import numpy as np
    import tensorflow as tf
    flags = tf.app.flags
    flags.DEFINE_integer("train_size", np.inf, "how many")
    flags.DEFINE_integer("epoch", default_value=25, docstring="how often")
    flags.DEFINE_string("log_dir", "logs", "where to")
    flags.DEFINE_boolean("verbosity", False, "more")
    FLAGS = flags.FLAGS
    print(FLAGS._parse_flags())
    FLAGS.made_later = [1]
    print(FLAGS.train_size, FLAGS.epoch, FLAGS.log_dir, FLAGS.verbosity, FLAGS.made_later)
    print(FLAGS.__flags["epoch"].value, "made_later" in FLAGS)
    """


def test_flags_before_version_1_5(runs_here):
    from absl import flags

    defined = set(flags.FLAGS)
    assert runs_here(FLAGS).splitlines() == ["[]", "inf 25 logs False [1]", "25 True"]
    given = ("--epoch=3", "--train_size", "7", "rest", "--unknown=1", "--verbosity")
    lines = runs_here(FLAGS, *given).splitlines()
    assert lines == ["['rest', '--unknown=1']", "7 3 logs True [1]", "3 True"]
    assert set(flags.FLAGS) == defined and flags.FLAGS["log_dir"].value != "logs"
    with pytest.raises(flags.UnrecognizedFlagError):
        flags.FLAGS.epoch = 3


OLD = """
    import numpy as np
    import tensorflow as tf
    x, ids = tf.ones([2, 3]), tf.constant([1, 2])
    logits = tf.matmul(x, tf.get_variable("w", [3, 4]))
    labels = tf.placeholder(tf.float32, [2, 4])
    for _ in range(2):
        print(({made}).shape)
    """


@pytest.mark.parametrize(
    "made, shape, said",
    [
        ("tf.mul(x, x)", "(2, 3)", "tf.multiply"),
        ("tf.pack([x, x], axis=1)", "(2, 2, 3)", "tf.stack"),
        ("tf.batch_matmul(x, x, adj_y=True)", "(2, 2)", "tf.matmul"),
        ("tf.concat(1, [x, x])", "(2, 6)", "tf.concat(axis, values)"),
        ("tf.concat(1, values=[x, x])", "(2, 6)", "tf.concat(axis, values)"),
        ("tf.concat(concat_dim=1, values=[x, x])", "(2, 6)", None),
        ("tf.concat([x, x], 1)", "(2, 6)", None),
        ("tf.split(1, 3, x)[0]", "(2, 1)", "tf.split(axis, number, value)"),
        ("tf.split(x, 3, 1)[0]", "(2, 1)", None),
        ("tf.image.resize_images(np.ones([1, 4, 4, 3]), 6, 8)", "(1, 6, 8, 3)", "height, width"),
        ("tf.image.resize_images(np.ones([1, 4, 4, 3]), [6, 8])", "(1, 6, 8, 3)", None),
        ("tf.nn.softmax_cross_entropy_with_logits(logits, labels)", "(2,)", "logits, labels"),
        ("tf.nn.sparse_softmax_cross_entropy_with_logits(logits, ids)", "(2,)", "logits, labels"),
        ("tf.nn.sigmoid_cross_entropy_with_logits(logits, tf.ones_like(logits))", "(2, 4)",
         "logits, labels"),
        ("tf.nn.nce_loss(tf.ones([9, 3]), tf.ones([9]), x, tf.ones([2, 1], tf.int64), 4, 9)",
         "(2,)", "weights, biases, inputs, labels"),
    ],
)  # fmt: skip
def test_names_and_orders_from_before_version_1_0(made, shape, said, runs_here):
    assert runs_here(OLD.format(made=made)).splitlines() == [shape] * 2
    lines = runs_here.stderr.splitlines()
    assert len(lines) == (said is not None)
    assert not said or ("program.py:8: tf." in lines[0] and said in lines[0])


def test_values_are_those_of_the_older_order(runs_here):
    shown = runs_here("""
        import tensorflow as tf
        w = tf.Variable([[1.0, 2.0]])
        entropy = tf.nn.softmax_cross_entropy_with_logits
        pairs = [
            (entropy(w * 2, [[0.0, 1.0]]), entropy(labels=[[0.0, 1.0]], logits=w * 2)),
            (tf.reverse([[1, 2], [3, 4]], [False, True]), tf.reverse([[1, 2], [3, 4]], [1])),
            (tf.split(1, 2, w)[1], w[:, 1:]),
            (tf.select([True, False], [1, 2], [3, 4]), [1, 4]),
        ]
        tf.scalar_summary("a tag", tf.reduce_sum(w))
        tf.histogram_summary("b", w)
        with tf.Session() as session:
            session.run(tf.initialize_all_variables())
            print([(session.run(a) == session.run(tf.identity(b))).all() for a, b in pairs])
            summary = tf.Summary.FromString(session.run(tf.merge_all_summaries()))
            print([(value.tag, value.simple_value) for value in summary.value])
        """)
    assert shown == "[True, True, True, True]\n[('a tag', 3.0), ('b', 0.0)]\n"


@pytest.mark.parametrize(
    "ambiguous",
    [
        "softmax_cross_entropy_with_logits(x, x)",
        "sigmoid_cross_entropy_with_logits(tf.placeholder(tf.float32, [2]), tf.Variable([1.0, 2]))",
        "sparse_softmax_cross_entropy_with_logits(tf.constant([1, 2]), x)",
    ],
)
def test_an_ambiguous_order_is_the_error_of_version_1(ambiguous, runs_here):
    with pytest.raises(ValueError, match="Only call .* with named arguments"):
        runs_here(f"import tensorflow as tf\nx = tf.ones([2, 3])\ntf.nn.{ambiguous}\n")


def test_programs_for_both_choose_the_newer_names(runs_here):
    shown = runs_here("""
        import tensorflow as tf
        print("mul" in dir(tf), "concat_v2" in dir(tf), "SummaryWriter" in dir(tf.train))
        try:
            summary = tf.image_summary
        except AttributeError:
            summary = tf.summary.image
        """)
    assert shown == "False False False\n" and not runs_here.stderr


def test_the_version_is_1_15_5_or_what_the_environment_says(runs_here, monkeypatch):
    program = "import tensorflow as tf\nprint(tf.__version__, tf.VERSION, tf.version.VERSION)\n"
    assert runs_here(program) == "1.15.5 1.15.5 1.15.5\n"
    monkeypatch.setenv("TF1_VERSION", "1.0.0")
    assert runs_here(program) == "1.0.0 1.0.0 1.0.0\n"


def test_without_a_gpu_its_operations_run_on_the_cpu(runs_here, monkeypatch):
    monkeypatch.setattr(behavior, "_has_gpu", lambda: False)
    shown = runs_here("""
        import tensorflow as tf
        with tf.device("/gpu:0"):
            a = tf.get_variable("a", [2, 3])
        with tf.device("/device:GPU:7"), tf.device(None):
            b = a + 1
        for config in (None, tf.ConfigProto()):
            with tf.Session(config=config) as session:
                session.run(tf.global_variables_initializer())
                print(session.run(b).shape)
        """)
    assert shown == "(2, 3)\n(2, 3)\n"
    assert runs_here.stderr.count("\n") == 1
    assert "program.py:3: TensorFlow has no GPU here: what is for /gpu:0" in runs_here.stderr


LIBRARY = """
import importlib, queue
import tensorflow as tf
import tensorflow.compat.v2 as tf2
from tensorflow import nn

def later():
    import tensorflow.python.ops
    from tensorflow.nn import relu
    lazy = importlib.import_module("tensorflow")
    return tensorflow is tf is lazy, relu is nn.relu is tf2.nn.relu, queue.Queue.__name__
"""


def test_installed_packages_get_the_real_tensorflow_and_their_own_modules(
    runs_here, tmp_path, monkeypatch
):
    (tmp_path / "site-packages").mkdir()
    (tmp_path / "site-packages" / "of_today.py").write_text(LIBRARY)
    monkeypatch.syspath_prepend(tmp_path / "site-packages")
    (tmp_path / "queue.py").write_text("NAME = 'my queue'\nclass Item: pass\n")
    (tmp_path / "data").mkdir()  # as the package of this project
    (tmp_path / "data" / "__init__.py").write_text(
        "import tensorflow as tf\nNAME = tf.contrib.slim.conv2d.__name__\n"
    )
    program = """
        import pickle, queue
        import data, of_today
        import tensorflow as tf
        print(of_today.later(), of_today.tf is tf, hasattr(of_today.tf, "contrib"))
        print(queue.NAME, data.NAME, type(pickle.loads(pickle.dumps(queue.Item()))) is queue.Item)
        """
    theirs = sys.modules["data"], sys.modules["queue"]
    assert runs_here(program).splitlines() == [
        "(True, True, 'Queue') False False",
        "my queue convolution2d True",
    ]
    assert (sys.modules["data"], sys.modules["queue"]) == theirs


def test_the_project_has_its_own_functions():
    plain, find = builtins.__import__, importlib.import_module
    with namespace.installed():
        assert builtins.__import__ is not plain
        with pytest.raises((TypeError, ValueError)):
            tf.concat(1, [tf.ones([2, 3]), tf.ones([2, 3])])
        with pytest.raises(TypeError):
            tf.reshape(tf.ones([6]), [3, 4 / 2])
    assert (builtins.__import__, importlib.import_module) == (plain, find)
    assert type(tf.ones([1])).__name__ != "Tensor"
    with pytest.raises(TypeError, match="Dimension"):
        tf.placeholder(tf.float32, [4 / 2])


def test_the_cause_of_an_error_of_tensorflow_is_not_hidden(capsys):
    with tf.Graph().as_default(), tf.device("/job:ps/task:3"):
        steps = tf.train.AdamOptimizer().minimize(tf.square(tf.get_variable("v", [])))
        initialize = tf.global_variables_initializer()
        with tf.Session() as session, pytest.raises(tf.errors.InvalidArgumentError) as failed:
            session.run([initialize, steps])
    tracebacks.show(type(failed.value), failed.value, failed.tb)
    shown = capsys.readouterr().err
    assert shown.count("Cannot assign a device") == 1 and "(Assign)" not in shown
    assert shown.splitlines()[1].startswith(f'  File "{__file__}"')
    assert "Colocation Debug Info" not in shown and shown.count("Traceback") == 1
