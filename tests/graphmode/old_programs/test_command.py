"""How programs for TensorFlow 1 are checked and started: by a command, or in a notebook."""

import pathlib
import re
import subprocess
import sys

import pytest

from graphmode import __main__ as graphmode

ROOT = pathlib.Path(__file__).parents[3]


def test_a_program_is_checked_without_running_it(tmp_path, capsys):
    script = tmp_path / "old.py"
    script.write_text(
        "import numpy as np\nimport tensorflow as tf\nfrom tensorflow.contrib import slim\n"
        "raise SystemExit('must not run')\nx = tf.placeholder(tf.float32, [None, np.int(3)])\n"
        "y = slim.conv2d(x, 3, 3)\nz = tf.contrib.crf.crf_decode(x)\nw = tf.mul(x, y)\n"
        "import scipy.misc\nscipy.misc.imread('x')\nscipy.misc.face()\n"
        "from PIL import Image\nImage.ANTIALIAS, Image.open\nfrom keras.layers import Dense\n"
    )
    assert graphmode.main(["--check", str(script)]) == 1
    *lines, last = capsys.readouterr().out.splitlines()
    expected = [
        "2: tensorflow: available",
        "3: tensorflow.contrib.slim: by a view of tf_slim and tf",
        "5: numpy.int: by Python's int",
        "5: tensorflow.float32: available",
        "5: tensorflow.placeholder: available",
        r"6: tensorflow.contrib.slim.conv2d: by conv2d of tf_slim\S*",
        "7: tensorflow.contrib.crf.crf_decode: tf.contrib.crf is missing in .*tf.scan.*",
        "8: tensorflow.mul: tf.mul is missing in TensorFlow .*; instead: tf.multiply",
        "9: scipy.misc: by Pillow, .*",
        "10: scipy.misc.imread: by Pillow, .*",
        "11: scipy.misc.face: scipy.misc.face is missing; instead: .*",
        "13: PIL.Image.ANTIALIAS: by Image.Resampling.LANCZOS",
        "13: PIL.Image.open: available",
        "14: keras.layers.Dense: by tf.keras",
    ]
    for line, pattern in zip(lines, expected, strict=True):
        assert re.fullmatch(f"{re.escape(str(script))}:{pattern}", line)
    assert last == "4 names available, 7 replaced, 3 missing"
    script.write_text("import tensorflow as tf\nprint(tf.Session)\n")
    assert graphmode.main(["--check", str(script)]) == 0


def test_modules_beside_a_program_are_checked_too(tmp_path, capsys, monkeypatch):
    (tmp_path / "nets" / "deep").mkdir(parents=True)
    for name, text in {
        "main.py": "import tensorflow as tf\nimport os, helper\nfrom nets import gan\n",
        "helper.py": "import main\n",
        "nets/__init__.py": "",
        "nets/gan.py": "from . import deep\nfrom .layers import dense\n",
        "nets/layers.py": "import tensorflow as tf\ndense = tf.mul\n",
        "nets/deep/__init__.py": "from ..none import x\n",
        "other.py": "import tensorflow as tf\ntf.pack\n",
    }.items():
        (tmp_path / name).write_text(text)
    assert graphmode.main(["--check", str(tmp_path / "main.py")]) == 1
    output = capsys.readouterr().out
    assert f"{tmp_path / 'nets' / 'layers.py'}:2: tensorflow.mul: " in output
    assert "pack" not in output
    assert output.endswith("2 names available, 0 replaced, 1 missing in 6 files\n")
    monkeypatch.chdir(tmp_path / "nets")
    assert graphmode.main(["--check", "gan.py"]) == 1  # a module of it alone, by a relative path
    output = capsys.readouterr().out
    assert output.startswith("layers.py:1: ") and output.endswith("in 3 files\n")


@pytest.mark.parametrize("flags", [[], ["--check"]])
def test_a_program_of_python_2_is_one_line(flags, tmp_path, capsys):
    (tmp_path / "old.py").write_text("print 'python 2'\n")
    with pytest.raises(SystemExit) as stopped:
        graphmode.main([*flags, str(tmp_path / "old.py")])
    message = capsys.readouterr().err
    assert stopped.value.code == 2 and message.count("\n") == 1
    assert f"{tmp_path}/old.py cannot be read as Python 3" in message and "2to3" in message


def test_a_missing_program_is_one_line(capsys):
    with pytest.raises(SystemExit) as stopped:
        graphmode.main(["nowhere.py"])
    assert stopped.value.code == 2
    assert "the program nowhere.py does not exist: python -m" in capsys.readouterr().err


def test_help_says_how_to_run_it(capsys):
    assert graphmode.main(["--help"]) == 0
    assert capsys.readouterr().out.startswith("python -m graphmode [--check] SCRIPT.py")
    assert graphmode.main([]) == 2


def run_python(folder, *arguments):
    return subprocess.run(
        [sys.executable, *arguments],
        text=True,
        cwd=str(folder),
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
    )


def test_the_command_runs_a_program(tmp_path):
    """In a process of its own. TensorFlow does not import a queue.py in the program's folder."""
    (tmp_path / "queue.py").write_text("raise SystemExit('the wrong queue')\n")
    (tmp_path / "old.py").write_text(
        "import sys\nimport tensorflow as tf\nprint(sys.argv[1:], tf.contrib.slim.__name__)\n"
        "with tf.Session() as s:\n    print(s.run(tf.constant(3)))\nsys.exit(4)\n"
    )
    script = str(tmp_path / "old.py")
    done = run_python(tmp_path.parent, "-m", "graphmode", script, "--flag", "x")
    assert done.stdout == "['--flag', 'x'] tensorflow.contrib.slim\n3\n" and done.returncode == 4


def test_a_notebook_has_version_1_after_an_import_and_the_project_without_it(tmp_path):
    text = """
import sys
from graphmode import tf, slim
import gan_book.gan, glcic.model
tf.Session, slim.conv2d
import tensorflow
loaded = any(name.startswith("graphmode.old_programs") for name in sys.modules)
print(loaded, tensorflow.__version__[:2], hasattr(tensorflow, "contrib"))
import graphmode.legacy
import tensorflow as tf
from tensorflow.contrib import layers
print(tf.__version__[:2], layers.conv2d.__name__, tf.Session is tensorflow.compat.v1.Session)
"""
    done = run_python(tmp_path, "-c", text)
    assert done.stdout.splitlines() == ["False 2. False", "1. convolution2d True"], done.stderr
