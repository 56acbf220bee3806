"""How programs for TensorFlow 1 are checked and started: in a process of their own, in a notebook, without touching the rest."""

import pathlib
import re
import subprocess
import sys

import pytest

from graphmode import __main__ as graphmode

ROOT = pathlib.Path(__file__).parents[1]


def test_a_program_is_checked_without_running_it(tmp_path, capsys):
    script = tmp_path / "old.py"
    script.write_text("import numpy as np\nimport tensorflow as tf\nfrom tensorflow.contrib import slim\n"
                      "raise SystemExit('must not run')\nx = tf.placeholder(tf.float32, [None, np.int(3)])\n"
                      "y = slim.conv2d(x, 3, 3)\nz = tf.contrib.crf.crf_decode(x)\nw = tf.mul(x, y)\n")
    assert graphmode.main(["--check", str(script)]) == 1
    lines = capsys.readouterr().out.splitlines()
    place = re.escape(str(script))
    for wanted in ("5: tensorflow.placeholder: given", "3: tensorflow.contrib.slim: by tf_slim|view", "5: numpy.int: by Python's int", "6: .*conv2d: by conv2d of tf_slim",
                   "7: tensorflow.contrib.crf.crf_decode: .*not to be had", "8: tensorflow.mul: .*tf.multiply"):
        assert any(re.match("{}:{}".format(place, option) if ":" in option else ".*" + option, line)
                   for option in wanted.split("|") for line in lines), (wanted, lines)
    assert lines[-1] == "3 names given, 3 replaced, 2 not to be had"
    script.write_text("import tensorflow as tf\nprint(tf.Session)\n")
    assert graphmode.main(["--check", str(script)]) == 0


def test_modules_beside_a_program_are_checked_too(tmp_path, capsys, monkeypatch):
    (tmp_path / "nets" / "deep").mkdir(parents=True)
    for name, text in {"main.py": "import tensorflow as tf\nimport os, helper\nfrom nets import gan\n", "helper.py": "import main\n",
                       "nets/__init__.py": "", "nets/gan.py": "from . import deep\nfrom .layers import dense\n",
                       "nets/layers.py": "import tensorflow as tf\ndense = tf.mul\n", "nets/deep/__init__.py": "from ..none import x\n",
                       "other.py": "import tensorflow as tf\ntf.pack\n"}.items():
        (tmp_path / name).write_text(text)
    assert graphmode.main(["--check", str(tmp_path / "main.py")]) == 1
    said = capsys.readouterr().out
    assert "{}:2: tensorflow.mul: ".format(tmp_path / "nets" / "layers.py") in said and "pack" not in said
    assert said.endswith("2 names given, 0 replaced, 1 not to be had in 6 files\n")
    monkeypatch.chdir(tmp_path / "nets")
    assert graphmode.main(["--check", "gan.py"]) == 1  # by itself, named from where it lies
    said = capsys.readouterr().out
    assert said.startswith("layers.py:1: ") and said.endswith("in 3 files\n")


@pytest.mark.parametrize("flags", [[], ["--check"]])
def test_a_program_of_python_2_is_one_line(flags, tmp_path, capsys):
    (tmp_path / "old.py").write_text("print 'python 2'\n")
    with pytest.raises(SystemExit) as stopped:
        graphmode.main([*flags, str(tmp_path / "old.py")])
    assert stopped.value.code == 2 and "cannot be read as Python 3" in capsys.readouterr().err


def test_a_missing_program_is_one_line(capsys):
    with pytest.raises(SystemExit) as stopped:
        graphmode.main(["nowhere.py"])
    assert stopped.value.code == 2 and "there is no program nowhere.py" in capsys.readouterr().err


def test_the_command_runs_a_program_in_a_process_of_its_own(tmp_path):
    """A queue.py in its folder is not taken for the standard library's by TensorFlow."""
    (tmp_path / "queue.py").write_text("raise SystemExit('the wrong queue')\n")
    (tmp_path / "old.py").write_text("import sys\nimport tensorflow as tf\nprint(sys.argv[1:], tf.contrib.slim.__name__)\n"
                                     "with tf.Session() as s:\n    print(s.run(tf.constant(3)))\nsys.exit(4)\n")
    done = subprocess.run([sys.executable, "-m", "graphmode", str(tmp_path / "old.py"), "--flag", "x"], text=True,
                          cwd=str(tmp_path.parent), env={"PYTHONPATH": str(ROOT)}, capture_output=True)
    assert done.stdout == "['--flag', 'x'] tensorflow.contrib.slim\n3\n" and done.returncode == 4


def test_a_notebook_has_it_after_an_import(tmp_path):
    text = ("import graphmode.legacy\nimport tensorflow as tf\nfrom tensorflow.contrib import layers\n"
            "print(tf.__version__[:2], layers.conv2d.__name__)")
    done = subprocess.run([sys.executable, "-c", text], text=True, env={"PYTHONPATH": str(ROOT)}, cwd=str(tmp_path), capture_output=True)
    assert done.stdout.split() == ["1.", "convolution2d"], done.stderr


def test_the_rest_of_the_project_is_not_touched():
    done = subprocess.run([sys.executable, "-c", "import sys\nfrom graphmode import tf, slim\nimport gan_book.gan, glcic.model\n"
                           "tf.Session, slim.conv2d\nimport tensorflow\n"
                           "print('graphmode.version_1' in sys.modules, tensorflow.__version__[:2], hasattr(tensorflow, 'contrib'))"],
                          text=True, env={"PYTHONPATH": str(ROOT)}, capture_output=True)
    assert done.stdout.split() == ["False", "2.", "False"], done.stderr
