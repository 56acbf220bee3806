"""The libraries of old programs have their old names, and lose them afterwards.

The expected values of scipy, numpy and Pillow are those of numpy 1.18.5, scipy 1.1.0 and Pillow
9.5.0, which run beside TensorFlow 1.15.5.
"""

import collections
import importlib
import inspect
import json
import os
import random
import sys
import sysconfig
import time
import types

import h5py
import matplotlib
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from graphmode import tf
from graphmode.old_programs import companions
from graphmode.old_programs.companions import repairs

GRAY = np.arange(16).reshape(4, 4) / 15.0
ONLY_NUMPY_2 = pytest.mark.skipif(np.__version__ < "2", reason="an error of NumPy 2")


@pytest.fixture
def old():
    """The libraries as old programs know them."""
    with companions.installed():
        yield


@pytest.fixture
def by_library():
    """Evaluates an expression as a library would."""
    file = os.path.join(sysconfig.get_path("purelib"), "library.py")
    return lambda text, **names: eval(compile(text, file, "eval"), {"np": np, **names})


@pytest.mark.parametrize(
    "use, expected",
    [
        ("np.product([2, 3])", 6),
        ("np.asscalar(np.ones(1))", 1.0),
        ("np.in1d([[1], [4]], [1]).tolist()", [True, False]),
        ("np.cumproduct([1, 2, 3]).tolist()", [1, 2, 6]),
        ("np.row_stack([[1], [2]]).tolist()", [[1], [2]]),
        ("np.vstack(np.full(1, n) for n in (1, 2)).tolist()", [[1], [2]]),
        ("np.reshape([1, 2], newshape=[2, 1]).shape", (2, 1)),
        ("np.histogram([1, 2, 5], bins=2, normed=True)[0].round(2).tolist()", [0.33, 0.17]),
        ("np.fromstring(b'ab', dtype=np.uint8).tolist()", [97, 98]),
        ("np.ones(1).tostring() == np.ones(1).tobytes() == np.float64(1).tostring()", True),
        ("np.array([1, 5]).ptp()", 4),
        ("np.cast['int32']([1.7])[0]", 1),
        ("np.find_common_type(['f4'], ['f8', 'i8'])", np.float32),
        ("np.find_common_type(['i4'], ['c8'])", np.complex128),
        ("np.typeDict['f4']", np.float32),
        ("np.lib.pad([1], 1, 'constant').tolist()", [0, 1, 0]),
        ("np.array([300, -1], np.uint8).tolist()", [44, 255]),
        ("np.array([1, 2], np.float32, copy=False).dtype", np.float32),
        ("np.array([[1], [1, 2]]).shape", (2,)),
        ("np.asarray([np.ones(3), np.ones(2)])[1].shape", (2,)),
        ("np.sum(n for n in (1, 2))", 3),
        ("np.PINF - np.NINF", np.inf),
        ("str([np.float32(1), np.int64(2)])", "[1.0, 2]"),
    ],
)
def test_numpy_1(use, expected, old):
    assert eval(use) == expected


@ONLY_NUMPY_2
def test_libraries_still_get_the_errors_of_numpy_2(old, by_library):
    with pytest.raises(ValueError, match="inhomogeneous"):
        by_library("np.array([[1], [1, 2]])")


def test_a_pickle_is_loaded_and_said(old, tmp_path, capsys, by_library):
    lists, archive = tmp_path / "a.npy", tmp_path / "a.npz"
    np.save(lists, {"conv1": [1]}, allow_pickle=True)
    np.savez(archive, a=[[1], [1, 2]], b=1)
    assert np.load(lists, encoding="latin1").item() == {"conv1": [1]}
    assert "np.load unpickles" in capsys.readouterr().err
    assert np.load(archive)["a"].tolist() == [[1], [1, 2]] and np.load(archive)["b"] == 1
    assert str(archive) in capsys.readouterr().err
    for use in ("np.load(file, allow_pickle=False)", "np.load(file)"):
        with pytest.raises(ValueError, match="allow_pickle=False"):
            by_library(use, file=lists)
    with pytest.raises(ValueError, match="allow_pickle=False"):
        np.load(lists, allow_pickle=False)


def test_scipy_misc_computes_what_it_did(old):
    misc = importlib.import_module("scipy.misc")
    assert misc.imresize(GRAY, 0.5).tolist() == [[61, 88], [167, 194]]
    assert misc.imresize(GRAY, (2, 3), "nearest").tolist() == [[68, 102, 119], [204, 238, 255]]
    assert misc.imresize(GRAY, 150, "cubic")[0].tolist() == [0, 3, 16, 27, 40, 48]
    assert misc.imrotate(GRAY, 90)[0].tolist() == [51, 119, 187, 255]
    assert misc.imfilter(GRAY, "sharpen")[1].tolist() == [68, 85, 102, 119]
    assert np.array(misc.toimage(GRAY, cmin=0, cmax=2))[3].tolist() == [102, 111, 119, 128]
    assert misc.comb(5, 2) == 10
    assert misc.derivative(np.exp, 0.0, dx=1e-2) == pytest.approx(1.0000166667499921, abs=1e-13)
    with pytest.raises(ValueError, match="suitable array shape"):
        misc.toimage(np.ones((5, 6, 7)))


def test_scipy_by_its_old_paths(old, tmp_path):
    import scipy.integrate
    import scipy.ndimage.filters
    import scipy.signal
    import scipy.sparse.csr
    import scipy.stats.stats
    from scipy.io.matlab.mio5_params import mat_struct

    assert scipy.integrate.simps([1, 2, 4], [0, 1, 3]) == 7.5
    assert scipy.signal.gaussian(3, 1)[1] == 1
    assert scipy.stats.mode([[1, 1], [1, 2]])[0].tolist() == [[1, 1]]
    assert scipy.stats.stats.pearsonr([1, 2], [1, 2])[0] == pytest.approx(1)
    assert scipy.sparse.csr.csr_matrix(np.eye(2)).A.tolist() == [[1, 0], [0, 1]]
    assert scipy.ndimage.filters.gaussian_filter is scipy.ndimage.gaussian_filter
    assert mat_struct.__name__ == "mat_struct"
    Image.new("L", (3, 2)).save(tmp_path / "a.png")
    assert scipy.ndimage.imread(tmp_path / "a.png").shape == (2, 3)


def test_pillow_9(old):
    path = os.path.join(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf")
    font, draw = ImageFont.truetype(path, 20), ImageDraw.Draw(Image.new("RGB", (9, 9)))
    assert font.getsize("Hello") == draw.textsize("Hello", font) == (51, 19)
    assert font.getsize("gy") == (25, 23)
    assert draw.textsize("a\nbc", font) == (24, 42)
    assert Image.ANTIALIAS == Image.Resampling.LANCZOS
    # The bytes are read in the mode that the program names, whatever they are.
    values = np.arange(12.0).reshape(3, 4)
    assert Image.fromarray(values, "L").tobytes() == values.tobytes()[:12]


def test_matplotlib_2(old, capsys, monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "MPLBACKEND"):
        monkeypatch.delenv(name, raising=False)
    import matplotlib.mlab
    import matplotlib.pyplot as plt

    backend = matplotlib.get_backend()
    matplotlib.use("TkAgg", warn=False)
    figure = plt.figure()
    assert figure.gca(projection="3d").name == plt.gca(projection="3d").name == "3d"
    assert plt.cm.get_cmap("spectral", 10).N == 10 and plt.cm.spectral.name == "nipy_spectral"
    plt.style.use("seaborn-whitegrid")
    density, _, _ = plt.subplot(4 / 2, 1, 1).hist([1, 2], bins=2, normed=True)
    assert density.tolist() == [1, 1]
    plt.subplots(4 / 2, 2)[1][0][0].grid(b=True)
    plt.imshow([[1]], cmap="spectral")
    plt.hold(True)
    plt.show()
    assert matplotlib.mlab.normpdf(0, 0, 1) == pytest.approx(0.39894228)
    assert matplotlib.get_backend().lower() == "agg"
    assert "plt.show() shows nothing" in capsys.readouterr().err
    plt.close("all")
    plt.style.use("default")
    matplotlib.use(backend)


def test_h5py_2(old, tmp_path):
    with h5py.File(tmp_path / "a.h5") as file:  # without a mode: a new file
        file["a"] = np.arange(3)
        assert file["a"].value.tolist() == [0, 1, 2]


def test_yaml_is_read_safely_and_said(old, tmp_path, monkeypatch, capsys):
    (tmp_path / "yaml.py").write_text(
        "class SafeLoader: pass\ndef load(stream, Loader): return stream, Loader\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "yaml", raising=False)
    import yaml

    assert yaml.load("a: 1") == ("a: 1", yaml.SafeLoader)
    assert yaml.load("a: 1", Loader=int) == ("a: 1", int)
    assert "SafeLoader" in capsys.readouterr().err
    del sys.modules["yaml"]


def test_python_3_6(old, tmp_path):
    import xml.etree.ElementTree as ElementTree

    def example(a, b=1, *c, **d):
        pass

    assert inspect.getargspec(example) == (["a", "b"], "c", "d", (1,))
    assert issubclass(dict, collections.MutableMapping) and time.clock() > 0
    assert random.sample({1}, 1) == [1] and random.randint(4 / 2, 2) == 2
    assert json.loads('{"a": 1}', encoding="utf-8") == {"a": 1}
    (tmp_path / "a.txt").write_bytes(b"a\r\nb")
    with open(tmp_path / "a.txt", "rU") as file:
        assert file.read() == "a\nb"
    assert [child.tag for child in ElementTree.fromstring("<a><b/></a>").getchildren()] == ["b"]


def test_the_inner_modules_of_keras_2(old):
    import keras
    import keras.backend.tensorflow_backend as backend
    from keras.engine.topology import Layer
    from keras.layers.advanced_activations import LeakyReLU
    from keras.layers.core import Dense
    from keras.layers.merge import _Merge, concatenate
    from keras.utils.np_utils import to_categorical
    from tensorflow.python.keras.layers import Dense as InnerDense

    scope = {}
    exec("from keras.layers import *", scope)
    assert keras.__name__ == "keras" and keras.__version__ == "2.2.5"
    assert keras.layers.core.Dense is Dense is tf.keras.layers.Dense is scope["Dense"]
    assert InnerDense is Dense and issubclass(_Merge, Layer) and issubclass(LeakyReLU, Layer)
    assert callable(concatenate) and to_categorical([1], 2).tolist() == [[0, 1]]
    assert backend.image_dim_ordering() == "tf"


def test_keras_1_arguments(old):
    from keras.layers import LSTM, BatchNormalization, Convolution2D, Dense, Dropout, Flatten, Input
    from keras.models import Model, Sequential

    with tf.Graph().as_default(), tf.Session():
        model = Sequential()
        model.add(
            Convolution2D(
                4, 3, 5, border_mode="same", subsample=(2, 2), init="uniform", input_shape=(8, 8, 1)
            )
        )
        model.add(BatchNormalization(mode=0))
        model.add(Flatten())
        model.add(Dropout(p=0.5))
        model.add(Dense(output_dim=3, activation="softmax"))
        model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
        history = model.fit(np.ones((4, 8, 8, 1)), np.zeros(4), nb_epoch=2, verbose=0)
        assert len(history.history["acc"]) == 2
        assert model.layers[0].kernel_size == (3, 5)
        assert model.predict_classes(np.ones((4, 8, 8, 1))).shape == (4,)
        images = Input(shape=(4,))
        assert Model(input=images, output=Dense(2)(images)).output_shape == (None, 2)
        assert LSTM(output_dim=3, input_dim=2, inner_init="uniform").units == 3


def test_a_scikit_learn_wrapper_of_a_keras_model(old):
    from keras.layers import Dense
    from keras.models import Sequential
    from keras.wrappers.scikit_learn import KerasClassifier

    def build(units=2):
        model = Sequential([Dense(units, input_dim=2), Dense(2, activation="softmax")])
        model.compile("sgd", "categorical_crossentropy", metrics=["accuracy"])
        return model

    with tf.Graph().as_default(), tf.Session():
        classifier = KerasClassifier(build, units=4, epochs=30, verbose=0)
        x, y = np.array([[-1.0, -1.0], [1.0, 1.0]] * 20), np.array(["low", "high"] * 20)
        classifier.fit(x, y)
        assert classifier.predict(x[:2]).tolist() == ["low", "high"]
        assert classifier.score(x, y) == 1 and classifier.model.layers[0].units == 4


def test_afterwards_the_libraries_are_as_before():
    import scipy.ndimage  # noqa: F401

    before = {name: dict(vars(module)) for name, module in _watched().items()}
    methods, real = dict(vars(np.ndarray)), sys.modules["tensorflow.python.keras"]
    with companions.installed():
        assert np.float is float and sys.modules.get("tensorflow.python.keras") is not real
        importlib.import_module("scipy.misc")
        importlib.import_module("keras.layers.core")
        importlib.import_module("scipy.ndimage.filters")
    for name, module in _watched().items():
        now = {key: value for key, value in vars(module).items() if key in before[name]}
        assert all(value is before[name][key] for key, value in now.items()), name
        new = set(vars(module)) - set(before[name])
        assert not any(isinstance(vars(module)[key], repairs.Stand) for key in new), name
    assert not hasattr(np, "float") and not hasattr(Image, "ANTIALIAS")
    assert methods == dict(vars(np.ndarray))
    assert not any(isinstance(module, repairs.Stand) for module in sys.modules.values())
    assert sys.modules["tensorflow.python.keras"] is real
    assert sys.modules["tensorflow.python"].keras is real


def _watched():
    names = ("numpy", "numpy.lib", "scipy", "scipy.ndimage", "PIL.Image", "random", "collections")
    return {
        name: sys.modules[name] for name in (*names, "builtins", "tf_keras.src.engine.training")
    }


def test_a_library_that_the_program_does_not_import_is_not_imported():
    before = set(sys.modules)
    with companions.installed():
        assert {name.partition(".")[0] for name in set(sys.modules) - before} <= {"keras"}


@pytest.mark.parametrize("imported_before", [True, False])
def test_repairs_of_a_module(imported_before, tmp_path, monkeypatch):
    (tmp_path / "somelib").mkdir()
    (tmp_path / "somelib" / "__init__.py").write_text(
        "def new(x=0): return x\ndef same(): return 1\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    table = types.SimpleNamespace(
        NAMES={
            "somelib:old": "somelib:new",
            "somelib:same": "somelib:new",
            "somelib:none": "somelib:not_there",
            "notinstalled:old": 1,
        },
        CHANGED={"somelib:new": repairs.renamed("y", "x"), "somelib:not_there": None},
        MODULES={"somelib.inner": [{"last": "somelib:old"}, "no.such.module", "somelib"]},
    )
    if imported_before:
        importlib.import_module("somelib")
    hook = repairs.Repairs([table])
    hook.start()
    somelib = importlib.import_module("somelib")
    try:
        assert somelib.old(y=3) == somelib.new(x=3) == 3
        assert somelib.same() == 1 and not hasattr(somelib, "none")
        assert importlib.import_module("somelib.inner").last is somelib.new
        assert somelib.inner.same is somelib.same
        with pytest.raises(AttributeError, match="'somelib.inner' has no attribute 'nothing'"):
            somelib.inner.nothing  # noqa: B018
    finally:
        hook.stop()
    with pytest.raises(TypeError):
        somelib.new(y=3)
    assert not hasattr(somelib, "old") and not hasattr(somelib, "inner")
    del sys.modules["somelib"]


def test_the_names_that_are_given():
    given = companions.given()
    for name in (
        "numpy.int",
        "scipy.misc.imread",
        "PIL.Image.ANTIALIAS",
        "keras.layers.core",
        "keras.layers.core.Dense",
        "collections.Mapping",
        "time.clock",
        "h5py.Dataset.value",
    ):
        assert name in given, name
    for name in ("numpy.array", "keras.layers.core.NoSuchLayer", "scipy.misc.lena", "os.getcwdu"):
        assert name not in given, name


@ONLY_NUMPY_2
def test_a_failure_of_numpy_2_names_the_cure(capsys):
    with pytest.raises(OverflowError) as failure, companions.installed():
        np.array([1], np.uint8) * 300
    notes = "".join(getattr(failure.value, "__notes__", [])) + capsys.readouterr().err
    assert "./run.sh setup --old" in notes
    with pytest.raises(OverflowError) as failure, companions.installed():
        raise OverflowError("another")
    assert not getattr(failure.value, "__notes__", [])
