"""`python -m graphmode --check`: what it foresees, and that it foresees nothing else.

PROGRAMS are in the manner of 2016 to 2019. Each was run once: those with "" ran to their end, the
others stopped with the error that the pattern stands for.
"""

import pathlib
import re
import textwrap

import pytest

from graphmode.errors import InputError
from graphmode.old_programs import check

# name -> (pattern of the verdict, "" if it runs; files: the first is the script)
PROGRAMS = {
    "slim_alias": (
        "",
        {
            "train.py": """
                import tensorflow as tf
                slim = tf.contrib.slim
                layers = tf.layers
                x = slim.conv2d(tf.ones([1, 8, 8, 3]), 4, 3)
                print(layers.dense(slim.flatten(x), 2))
            """
        },
    ),
    "alias_lacks": (
        r"will fail at .*train.py:3: tf.contrib.slim.no_such_layer is missing",
        {
            "train.py": """
                import tensorflow as tf
                slim = tf.contrib.slim
                print(slim.no_such_layer)
            """
        },
    ),
    "from_contrib_import_as": (
        r"will fail at .*train.py:3: tf.contrib.layers.no_such_layer is missing",
        {
            "train.py": """
                from tensorflow.contrib import layers as L
                print(L.conv2d)
                L.no_such_layer(3)
            """
        },
    ),
    "import_dotted_as": (
        r"will fail at .*train.py:2: tf.contrib.framework.no_such_name is missing",
        {
            "train.py": """
                import tensorflow.contrib.framework as framework
                framework.no_such_name
            """
        },
    ),
    "removed_contrib": (
        r"will fail at .*train.py:2: tf.contrib.boosted_trees",
        {
            "train.py": """
                import tensorflow as tf
                print(tf.contrib.boosted_trees.estimator)
            """
        },
    ),
    "python_2_print": (
        r"will fail at .*train.py:3: .*Python.*2to3",
        {"train.py": "import tensorflow as tf\nx = 3\nprint 'x is', x\n"},
    ),
    "python_2_helper": (
        r"will fail at .*helper.py:1: .*Python.*2to3",
        {"train.py": "import helper\n", "helper.py": "print 'hello'\n"},
    ),
    "python_2_builtin": (
        r"will fail at .*train.py:2: Python 3 has no xrange; instead: range",
        {"train.py": "import tensorflow as tf\nfor i in xrange(3):\n    print(i)\n"},
    ),
    "python_2_builtin_with_a_plan": (
        "",
        {
            "train.py": """
                import sys
                try:
                    xrange
                except NameError:
                    xrange = range
                if sys.version_info[0] >= 3:
                    unicode = str
                for i in xrange(2):
                    print(unicode(i))
            """
        },
    ),
    "python_2_print_to": (
        r"will fail at .*train.py:2: print >>",
        {"train.py": 'import sys\nprint >>sys.stderr, "hello"\n'},
    ),
    "python_2_module": (
        r"will fail at .*train.py:1: import cPickle: .*instead: pickle",
        {"train.py": "import cPickle\nprint(cPickle.dumps(3))\n"},
    ),
    "python_2_module_with_a_plan": (
        "",
        {
            "train.py": """
                try:
                    import cPickle as pickle
                    from urllib2 import urlopen
                except ImportError:
                    import pickle
                    from urllib.request import urlopen
                print(pickle.dumps(3), urlopen)
            """
        },
    ),
    "python_2_dictionary": (
        r"will fail at .*train.py:2: .*iteritems.*items\(\)",
        {"train.py": "sizes = {'a': 3}\nfor k, v in sizes.iteritems():\n    print(k, v)\n"},
    ),
    "python_2_lists": (
        r"will fail at .*train.py:1: \[...\]: zip gives no list",
        {"train.py": "first = zip([1], [2])[0]\nprint(first)\n"},
    ),
    "python_2_division": (
        r"will fail at .*train.py:2: range\(n / 2\)",
        {"train.py": "n = 10\nfor i in range(n / 2):\n    print(i)\n"},
    ),
    "python_2_urllib": (
        r"can fail at .*train.py:4: urllib.urlretrieve: .*urllib.request.urlretrieve",
        {
            "train.py": """
                import os
                import urllib
                if not os.path.exists('data.zip'):
                    urllib.urlretrieve
            """
        },
    ),
    "not_installed": (
        r"needs: pip install no_such_gym",
        {"train.py": "import tensorflow as tf\nimport no_such_gym\nno_such_gym.make('Pong')\n"},
    ),
    "not_installed_but_optional": (
        "",
        {
            "train.py": """
                try:
                    import no_such_gym
                    HAS_GYM = True
                except ImportError:
                    HAS_GYM = False
                if HAS_GYM:
                    no_such_gym.make('Pong')
                print(HAS_GYM)
            """
        },
    ),
    "not_installed_and_needed": (
        r"will fail at .*train.py:5: .*no_such_gym",
        {
            "train.py": """
                try:
                    import no_such_gym
                except ImportError:
                    print('no gym')
                no_such_gym.make('Pong')
            """
        },
    ),
    "not_installed_and_avoided": (
        "",
        {
            "train.py": """
                def video(frames):
                    try:
                        import no_such_gym
                    except ImportError:
                        print('no video')
                        return
                    no_such_gym.save(frames)
                video([1])
            """
        },
    ),
    "not_installed_and_said": (
        r"needs: pip install no_such_gym",
        {
            "train.py": """
                try:
                    import no_such_gym
                except ImportError:
                    raise ImportError('please install gym')
            """
        },
    ),
    "hasattr": (
        "",
        {
            "train.py": """
                import tensorflow as tf
                if hasattr(tf, 'no_such_op'):
                    op = tf.no_such_op
                else:
                    op = tf.multiply
                old = tf.no_such_op if hasattr(tf, 'no_such_op') else None
                print(op, old, hasattr(tf, 'no_such_op') and tf.no_such_op)
            """
        },
    ),
    "attribute_error": (
        "",
        {
            "train.py": """
                import tensorflow as tf
                try:
                    summary = tf.train.NoSuchWriter
                except AttributeError:
                    summary = tf.summary.FileWriter
                print(summary)
            """
        },
    ),
    "version": (
        "",
        {
            "train.py": """
                import sys
                import tensorflow as tf
                from distutils.version import LooseVersion
                if sys.version_info[0] == 2:
                    import urllib2
                    print(urllib2.urlopen, raw_input())
                major, minor = [int(x) for x in tf.__version__.split('.')[:2]]
                if major < 1 or LooseVersion(tf.__version__) < LooseVersion('1.0'):
                    tf.no_such_op(1, 2)
                if int(tf.__version__.split('.')[0]) < 1:
                    concat = lambda axis, values: tf.no_such_concat(axis, values)
                print(major == 1)
            """
        },
    ),
    "version_needed": (
        r"will fail at .*train.py:3: the program stops by its own test .*TF1_VERSION",
        {
            "train.py": """
                import tensorflow as tf
                if not tf.__version__.startswith('0.12'):
                    raise Exception('TensorFlow 0.12 needed')
            """
        },
    ),
    "other_branch": (
        r"will fail at .*train.py:5: tf.no_such_op is missing",
        {
            "train.py": """
                import tensorflow as tf
                if tf.__version__ < '1.0':
                    y = tf.ones([2])
                else:
                    y = tf.no_such_op(1)
            """
        },
    ),
    "if_false_and_uncalled": (
        "",
        {
            "train.py": """
                import tensorflow as tf
                DEBUG = False
                def unused():
                    return tf.no_such_op(3)
                class Unused(object):
                    def build(self):
                        tf.no_such_op(3)
                if False:
                    tf.no_such_op()
                if DEBUG:
                    tf.no_such_op()
                print(tf.ones([2]))
            """
        },
    ),
    "called": (
        r"will fail at .*train.py:5: tf.no_such_op is missing",
        {
            "train.py": """
                import tensorflow as tf
                class Model(object):
                    def build(self):
                        def inner():
                            return tf.no_such_op(3)
                        return inner()
                def main(_):
                    Model().build()
                if __name__ == '__main__':
                    tf.app.run()
            """
        },
    ),
    "flags": (
        r"will fail at .*train.py:7: FLAGS.batchsize: no flag",
        {
            "train.py": """
                import tensorflow as tf
                flags = tf.app.flags
                flags.DEFINE_integer('batch_size', 32, 'images')
                FLAGS = flags.FLAGS
                def main(_):
                    print(FLAGS.batch_size, FLAGS.flag_values_dict())
                    print(FLAGS.batchsize)
                tf.app.run()
            """
        },
    ),
    "flags_of_another_module": (
        "",
        {
            "train.py": """
                import tensorflow as tf
                import settings
                FLAGS = tf.flags.FLAGS
                def main(argv):
                    print(FLAGS.batch_size, settings.FLAGS.epochs, FLAGS.verbosity)
                if __name__ == '__main__':
                    tf.app.run(main)
            """,
            "settings.py": """
                from tensorflow import flags
                flags.DEFINE_integer('batch_size', 32, 'images')
                for name in ('epochs', 'steps'):
                    flags.DEFINE_integer(name, 1, name)
                FLAGS = flags.FLAGS
            """,
        },
    ),
    "keyword": (
        r"will fail at .*train.py:2: tensorflow.random_normal takes no argument deviation",
        {"train.py": "import tensorflow as tf\nx = tf.random_normal([2], deviation=2.0)\n"},
    ),
    "keywords_of_the_time": (
        "",
        {
            "train.py": """
                import numpy as np
                import tensorflow as tf
                x = tf.ones([2, 3])
                y = tf.reduce_sum(x, reduction_indices=[1], keep_dims=True)
                z = tf.argmax(tf.expand_dims(x, dim=0), dimension=1)
                tf.app.flags.DEFINE_string(flag_name='a', default_value='b', docstring='c')
                with tf.contrib.slim.arg_scope([tf.contrib.slim.conv2d], kernel_size=3):
                    w = tf.contrib.slim.conv2d(tf.ones([1, 4, 4, 3]), 2)
                print(y, z, w, np.zeros(shape=(2, 3), dtype=np.float32), tf.squeeze(x, name='s'))
            """
        },
    ),
    "too_many_arguments": (
        r"will fail at .*train.py:2: tensorflow.nn.relu called with wrong arguments",
        {"train.py": "import tensorflow as tf\nx = tf.nn.relu(tf.ones([2]), 'name', 3)\n"},
    ),
    "module_called": (
        r"will fail at .*train.py:2: tensorflow.summary is a module, which cannot be called",
        {"train.py": "import tensorflow as tf\ntf.summary('loss', 3)\n"},
    ),
    "package": (
        r"will fail at .*nets.blocks.py:3: tf.no_such_op is missing",
        {
            "train.py": """
                from nets import resnet
                print(resnet.network(3))
            """,
            "nets/__init__.py": "",
            "nets/resnet.py": """
                from .blocks import *
                def network(x):
                    return block(tf.ones([x]))
            """,
            "nets/blocks.py": """
                import tensorflow as tf
                def block(x):
                    return tf.no_such_op(x)
            """,
        },
    ),
    "package_all_there": (
        "",
        {
            "train.py": """
                import nets.deep.ops as ops
                from nets import *
                print(ops.dense(SIZE), ops.tf.nn.relu)
            """,
            "nets/__init__.py": "from .deep.ops import SIZE, tf as _tf\n",
            "nets/deep/__init__.py": "",
            "nets/deep/ops.py": """
                import tensorflow as tf
                from ..names import SIZE
                def dense(x):
                    return tf.layers.dense(tf.ones([1, x]), 2)
            """,
            "nets/names.py": "SIZE = 3\n",
        },
    ),
    "module_beside_a_module": (
        r"will fail at .*nets.gan.py:1: import blocks: .*from \. import blocks",
        {
            "train.py": "import nets.gan\n",
            "nets/__init__.py": "",
            "nets/gan.py": "import blocks\n",
            "nets/blocks.py": "",
        },
    ),
    "name_not_in_module": (
        r"will fail at .*train.py:1: .*helper.no_such_function",
        {"train.py": "from helper import no_such_function\n", "helper.py": "x = 1\n"},
    ),
    "path_of_the_program": (
        "",
        {
            "train.py": """
                import os, sys
                sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'lib'))
                import deep_tools
                print(deep_tools.answer)
            """,
            "lib/deep_tools.py": "answer = 42\n",
        },
    ),
    "own_repair": (
        "",
        {
            "train.py": """
                import tensorflow as tf
                tf.no_such_op = tf.multiply
                if not hasattr(tf, 'no_such_sub'):
                    setattr(tf, 'no_such_sub', tf.subtract)
                print(tf.no_such_op(2, 3), tf.no_such_sub(2, 3))
            """
        },
    ),
    "class_attributes": (
        r"will fail at .*train.py:6: tf.contrib.layers.no_such_layer is missing",
        {
            "train.py": """
                import tensorflow as tf
                class Model(object):
                    layers = tf.contrib.layers
                    def __init__(self):
                        print(self.layers.fully_connected)
                        self.layers.no_such_layer(3)
                Model()
            """
        },
    ),
    "numpy_and_others": (
        r"will fail at .*train.py:4: numpy.no_such_function",
        {
            "train.py": """
                import numpy as np, scipy.ndimage
                from PIL import Image
                print(np.linalg.norm, scipy.ndimage.zoom, Image.open)
                np.no_such_function(3)
            """
        },
    ),
    "keras": (
        "",
        {
            "train.py": """
                from keras.models import Sequential
                from keras.layers import Dense, Activation
                from keras import backend as K
                model = Sequential()
                model.add(Dense(3, input_dim=4, kernel_initializer='normal'))
                model.compile(loss='mse', optimizer='sgd')
                print(model.count_params(), K.epsilon())
            """
        },
    ),
    "keras_1": (
        r"will fail at .*train.py:4: keras.models.Sequential.fit takes no argument no_such_epochs",
        {
            "train.py": """
                from keras.models import Sequential
                from keras.layers import Dense
                model = Sequential([Dense(3, input_dim=4)])
                model.fit([[1, 2, 3, 4]], [[1, 2, 3]], no_such_epochs=3)
            """
        },
    ),
    "keras_layer": (
        r"will fail at .*train.py:2: keras.layers.Dense takes no argument no_such_mode",
        {"train.py": "from keras.layers import Dense\nDense(3, no_such_mode='same')\n"},
    ),
    "not_defined": (
        r"will fail at .*train.py:2: learning_rate: not defined",
        {
            "train.py": "import tensorflow as tf\ntf.train.AdamOptimizer(learning_rate)\n",
        },
    ),
    "python_2_keys": (
        r"will fail at .*train.py:2: keys\(\).sort: dict_keys has no attribute sort",
        {"train.py": "names = {'a': 3}.keys()\nnames.sort()\n"},
    ),
    "python_2_pickle": (
        r"can fail at .*train.py:5: pickle.load\(open\(...\)\): .*'rb'.*, only if os.path.exists",
        {
            "train.py": """
                import os
                import pickle
                open('x.pkl', 'wb').write(b'x')
                if os.path.exists('x.pkl'):
                    pickle.load(open('x.pkl'))
            """
        },
    ),
    "losses_before_1_0": (
        "",
        {
            "train.py": """
                import tensorflow as tf
                y = tf.placeholder(tf.float32, [None, 3])
                x = tf.matmul(tf.ones([2, 4]), tf.Variable(tf.zeros([4, 3])))
                loss = tf.nn.softmax_cross_entropy_with_logits(x, y)
            """
        },
    ),
    "names_before_1_0": (
        "",
        {
            "train.py": """
                import tensorflow as tf
                x = tf.mul(tf.ones([2, 3]), 2.0)
                try:
                    image_summary = tf.image_summary
                except AttributeError:
                    image_summary = tf.summary.image
                if 'concat_v2' in dir(tf):
                    x = tf.concat_v2([x, x], 1)
                else:
                    x = tf.concat([x, x], 1)
                print(tf.pack([x, x]), image_summary)
            """
        },
    ),
    "coordinator": (
        "",
        {
            "train.py": """
                import tensorflow as tf
                batch = tf.train.batch([tf.train.limit_epochs(tf.ones([2]), 1)], 1)
                with tf.Session() as sess:
                    sess.run(tf.local_variables_initializer())
                    coord = tf.train.Coordinator()
                    threads = tf.train.start_queue_runners(sess=sess, coord=coord)
                    try:
                        while not coord.should_stop():
                            print(sess.run(batch))
                    except tf.errors.OutOfRangeError:
                        print('done')
                    except Exception as e:
                        coord.request_stop(e)
                    finally:
                        coord.request_stop()
                    coord.join(threads)
            """
        },
    ),
}


def write(folder: pathlib.Path, files) -> pathlib.Path:
    """Writes a program. Returns its script."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(textwrap.dedent(text).lstrip("\n"))
    return folder / next(iter(files))


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_verdict_is_right(name, tmp_path, capsys):
    pattern, files = PROGRAMS[name]
    status = check.check(str(write(tmp_path, files)))
    first, *rest = capsys.readouterr().out.splitlines()
    assert re.match(pattern or "will run: ", first), [first, *rest]
    assert status == (1 if pattern else 0)
    assert not rest, "one trouble, and the verdict says it"


LATE = """
    import os
    open('ran', 'w')
    import helper
    import tensorflow as tf
    print(tf.no_such_op, tf.no_such_op)
    print(tf.no_such_op)
    tf.ones(
        tf.no_such_other)
"""


def test_nothing_of_the_program_runs(tmp_path, capsys, monkeypatch):
    write(tmp_path, {"train.py": LATE, "helper.py": "open('ran', 'w')\nraise SystemExit(3)\n"})
    monkeypatch.chdir(tmp_path)
    assert check.check("train.py") == 1
    assert not (tmp_path / "ran").exists()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("will fail at train.py:5: tf.no_such_op is missing in TensorFlow")
    assert re.match(r"train.py:5: tf.no_such_op is missing .*; also in line 6$", lines[1])
    assert re.match(r"train.py:8: tf.no_such_other is missing", lines[2]) and len(lines) == 3


def test_all_names_are_listed_if_wanted(tmp_path, capsys):
    text = """
        import numpy as np
        import tensorflow as tf
        from tensorflow.contrib import slim
        import scipy.misc
        x = tf.placeholder(tf.float32, [None, np.int(3)])
        y = slim.conv2d(x, 3, 3)
        if tf.__version__.startswith('0.'):
            tf.no_such_op(x)
        scipy.misc.imread
        from keras.layers import Dense
    """
    script = write(tmp_path, {"old.py": text})
    assert check.check(str(script)) == 0
    first = capsys.readouterr().out
    assert first.endswith("; 1 missing, but only under conditions: -v shows them\n")
    assert check.check(str(script), verbose=True) == 0
    output = capsys.readouterr().out
    assert output.startswith(first)
    for pattern in (
        "2: tensorflow: available",
        "3: tensorflow.contrib.slim: by a view of .*",
        "5: numpy.int: by graphmode.old_programs.companions",
        "5: tensorflow.placeholder: available",
        r"6: tensorflow.contrib.slim.conv2d: by conv2d of tf_slim.*",
        r"8: tf.no_such_op is missing .* \(only if \(tf.__version__.startswith\('0.'\)\)\)",
        "9: scipy.misc.imread: by graphmode.old_programs.companions",
        "10: keras.layers.Dense: by .*",
    ):
        assert re.search(f"^{re.escape(str(script))}:{pattern}$", output, re.MULTILINE), pattern


def test_a_module_is_found_as_by_python(tmp_path, capsys, monkeypatch):
    """`-m package.module` with relative imports; modules of PYTHONPATH."""
    files = {
        "nets/__init__.py": "",
        "nets/train.py": "from . import blocks\nfrom shared_tools import answer\nblocks.f()\n",
        "nets/blocks.py": "import tensorflow as tf\ndef f():\n    return tf.no_such_op\n",
        "nets/__main__.py": "from .blocks import tf\nprint(tf.ones)\n",
        "lib/shared_tools.py": "answer = 3\n",
    }
    write(tmp_path, files)
    monkeypatch.chdir(tmp_path)
    assert check.check("nets.train", is_module=True) == 1
    assert "import shared_tools: not on the path; instead: PYTHONPATH=" in capsys.readouterr().out
    monkeypatch.setenv("PYTHONPATH", "lib")
    assert check.check("nets.train", is_module=True) == 1
    assert "will fail at nets/blocks.py:3: tf.no_such_op" in capsys.readouterr().out
    assert check.check("nets", is_module=True) == 0
    assert check.check("nets/train.py") == 1  # as a script, it is no part of a package
    assert "instead: python -m graphmode -m package.module" in capsys.readouterr().out
    with pytest.raises(InputError, match="the module nets.nowhere does not exist below"):
        check.check("nets.nowhere", is_module=True)


def test_a_library_that_cannot_be_imported_stops_nothing(tmp_path, capsys, monkeypatch):
    library = tmp_path / "site"
    write(library, {"broken_library.py": "import sys\nprint('noise')\nsys.exit('no GPU')\n"})
    monkeypatch.syspath_prepend(str(library))
    text = """
        import broken_library
        import tensorflow as tf
        broken_library.run()
        tf.no_such_op
    """
    assert check.check(str(write(tmp_path / "program", {"old.py": text}))) == 1
    first, *rest = capsys.readouterr().out.splitlines()
    assert "old.py:1: import broken_library: fails here: SystemExit: no GPU" in first
    assert len(rest) == 2 and "old.py:4: tf.no_such_op" in rest[1]


def test_the_version_that_a_program_asks_for(tmp_path, capsys, monkeypatch):
    script = str(write(tmp_path, PROGRAMS["version_needed"][1]))
    assert check.check(script) == 1
    assert "set TF1_VERSION, for example to 0.12" in capsys.readouterr().out
    monkeypatch.setenv("TF1_VERSION", "0.12.1")
    assert check.check(script) == 0


def test_python_2_is_told_before_a_run(tmp_path):
    script = write(tmp_path, PROGRAMS["python_2_print"][1])
    with pytest.raises(InputError, match="train.py cannot be read as Python 3 .*2to3"):
        check.tree(str(script))
