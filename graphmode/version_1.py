"""TensorFlow 1 for programs that were written for it: `import tensorflow` gives what they expect, tf.contrib included.

`python -m graphmode SCRIPT.py` runs a program so, `import graphmode.legacy` at the top of a notebook does it there. Nothing
is copied: the names are those of tensorflow.compat.v1 and tf_slim, found through the tables below and one import hook. A name
that nobody has raises an error that says so, where, and what to use instead.
"""

import contextlib
import importlib
import importlib.abc
import importlib.machinery
import os
import runpy
import sys
import types

from graphmode import old_names, repairs

VERSION = "1.15.5"

# Modules of TensorFlow 1 that are gone -> where their names are, in this order. `tf.` is tensorflow.compat.v1.
MODULES = {
    "contrib": [],
    "contrib.slim": ["tf_slim"],
    "contrib.layers": ["tf_slim"],
    "contrib.framework": ["tf_slim", "tf.train", "tf.nest"],
    "contrib.slim.python": [], "contrib.slim.python.slim": ["tf_slim"],
    "contrib.layers.python": [], "contrib.layers.python.layers": ["tf_slim.layers", "tf_slim"],
    "contrib.framework.python": [], "contrib.framework.python.ops": ["tf_slim.ops", "tf_slim"],
    "contrib.losses": ["tf_slim.losses"],
    "contrib.metrics": ["tf_slim.metrics", "tf.metrics"],
    "contrib.training": ["graphmode.old_names", "tf_slim.training", "tf.train"],
    "contrib.rnn": ["tf.nn.rnn_cell", "tf.nn"],
    "contrib.data": ["tf.data.experimental", "tf.data"],
    "contrib.lookup": ["tf.lookup"],
    "contrib.summary": ["tf.compat.v2.summary"],
    "nn": ["graphmode.old_names.nn", "tf.nn"],
    "train": ["tf.train"],
    "examples": [], "examples.tutorials": [], "examples.tutorials.mnist": [],
    "examples.tutorials.mnist.input_data": ["data.input_data"],
}
# Names that nobody has -> the way out.
CURES = {
    "contrib.crf": "write the recursion with tf.scan, or tensorflow_addons.text.crf on an older TensorFlow",
    "contrib.distributions": "tensorflow_probability, or tf.distributions for the basic ones",
    "contrib.learn": "a loop with tf.Session; tf.estimator went with TensorFlow 2.16",
    "contrib.seq2seq": "tf.nn.dynamic_rnn or tf.nn.raw_rnn by hand",
    "contrib.gan": "the package tensorflow_gan, or the losses by hand",
    "contrib.eager": "tf.GradientTape in a program for TensorFlow 2",
    "contrib.opt": "an optimizer of tf.train",
    "contrib.image": "tf.image", "contrib.tensorboard": "tensorboard.plugins", "contrib.legacy_seq2seq": "tf.nn.static_rnn",
    "contrib.cudnn_rnn": "tf.nn.rnn_cell", "contrib.ffmpeg": "another package for sound", "contrib.keras": "tf.keras",
    "contrib.estimator": "a loop with tf.Session; tf.estimator went with TensorFlow 2.16",
    "estimator": "a loop with tf.Session; tf.estimator went with TensorFlow 2.16",
    "mul": "tf.multiply", "sub": "tf.subtract", "neg": "tf.negative", "pack": "tf.stack", "unpack": "tf.unstack",
    "select": "tf.where", "batch_matmul": "tf.matmul", "scalar_summary": "tf.summary.scalar",
    "image_summary": "tf.summary.image", "histogram_summary": "tf.summary.histogram",
    "merge_all_summaries": "tf.summary.merge_all", "merge_summary": "tf.summary.merge",
    "audio_summary": "tf.summary.audio", "contrib.deprecated": "tf.summary", "inv": "tf.reciprocal", "complex_abs": "tf.abs",
    "listdiff": "tf.setdiff1d", "concat_v2": "tf.concat", "batch_matrix_inverse": "tf.matrix_inverse",
    "train.SummaryWriter": "tf.summary.FileWriter", "initialize_variables": "tf.variables_initializer",
}


class Missing(AttributeError):
    """A name of TensorFlow 1 that is not to be had; the message says where it is used, and the way out."""

    def __init__(self, name):
        super().__init__(_message(name))


class MissingModule(ImportError):
    """The same, of a module that a program imports."""

    def __init__(self, name):
        super().__init__(_message(name))


def _message(name):
    shorter = [name.rsplit(".", n)[0] for n in range(name.count(".") + 1)]
    cure = next((CURES[part] for part in shorter if part in CURES), "write it with what tf and slim have")
    return "{}tf.{} is not to be had with TensorFlow {}; instead: {}".format(
        _place(), name, repairs.load("tensorflow.compat.v1").__version__, cure)


def _place():
    """FILE:LINE of the program that asks, with a colon after it."""
    frame = sys._getframe(1)
    while frame and (frame.f_globals.get("__name__", "").startswith(("graphmode", "importlib")) or "importlib" in
                     frame.f_code.co_filename):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}: " if frame else ""


def source(path):
    """The object at a dotted path: below tf., or in a module."""
    parts = path.split(".")
    if parts[0] in ("tf", "tf_slim"):
        found, names = repairs.load({"tf": "tensorflow.compat.v1"}.get(parts[0], parts[0])), parts[1:]
    else:
        found, names = importlib.import_module(".".join(parts[:2])), parts[2:]
    for name in names:
        found = getattr(found, name)
    return found


class View(types.ModuleType):
    """A module of TensorFlow 1: looks names up in others."""

    def __init__(self, name, sources):
        super().__init__("tensorflow" + ("." + name if name else ""))
        self.__path__, self._own, self._sources = [], name, sources

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        whole = (self._own + "." if self._own else "") + name
        if whole in MODULES:
            return importlib.import_module("tensorflow." + whole)
        for path in self._sources:
            found = getattr(source(path), name, self)
            if found is not self:
                return found
        if self._own.startswith("contrib.") or self._own == "":
            with contextlib.suppress(ImportError, AttributeError):
                return importlib.import_module("tf_slim." + name) if self._own == "contrib.slim" else self._real(name)
        raise Missing(whole)

    def _real(self, name):
        """Submodules of the real TensorFlow, such as tf.python, which version 1's namespace leaves out."""
        if self._own:
            raise AttributeError(name)
        return importlib.import_module("tensorflow." + name)

    def __dir__(self):
        return sorted({name for path in self._sources for name in dir(source(path))} | {
            name.rsplit(".", 1)[-1] for name in MODULES if name.rpartition(".")[0] == self._own})


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """The import hook: tensorflow.contrib... and tensorflow.examples..., and keras, which was version 2."""

    def find_spec(self, fullname, path=None, target=None):
        if fullname.split(".")[0] == "keras":
            return importlib.machinery.ModuleSpec(fullname, self, is_package=True)
        name = fullname[len("tensorflow."):]
        if not fullname.startswith("tensorflow.") or name.split(".")[0] not in ("contrib", "examples", "nn", "train"):
            return None
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec):
        if spec.name.split(".")[0] == "keras":
            with contextlib.suppress(ImportError):
                return importlib.import_module("tf_keras.api._v1." + spec.name)
            raise MissingModule(spec.name)
        name = spec.name[len("tensorflow."):]
        if name in MODULES:
            return View(name, MODULES[name])
        if name.startswith("contrib.slim."):  # nets and the like
            with contextlib.suppress(ImportError):
                return importlib.import_module(name.replace("contrib.slim", "tf_slim", 1))
        if name.startswith("nn."):  # nn.rnn_cell
            return source("tf." + name)
        parent, _, last = name.rpartition(".")
        if parent in MODULES and hasattr(importlib.import_module("tensorflow." + parent), last):
            return getattr(importlib.import_module("tensorflow." + parent), last)
        for path in MODULES.get(parent, ()):
            with contextlib.suppress(ImportError):
                return importlib.import_module(path + "." + last)
        raise MissingModule(name)

    def exec_module(self, module):
        """The names are looked up when they are asked for."""


@contextlib.contextmanager
def version_1(numpy_too=True):
    """While it lasts, `import tensorflow` gives version 1, and numpy, Pillow and scipy have the names that they dropped."""
    repairs.load("tf_slim")
    real, finder = sys.modules["tensorflow"], _Finder()
    view = View("", ["tf"])
    view.__dict__.update(__path__=real.__path__, __file__=real.__file__, __spec__=real.__spec__, __version__=VERSION,
                         VERSION=VERSION, compat=real.compat, python=importlib.import_module("tensorflow.python"))
    before = set(sys.modules)
    sys.modules["tensorflow"] = view
    sys.meta_path.insert(0, finder)
    try:
        with old_names.given_back() if numpy_too else contextlib.nullcontext():
            yield view
    finally:
        sys.meta_path.remove(finder)
        sys.modules["tensorflow"] = real
        for name in set(sys.modules) - before:
            if isinstance(sys.modules[name], View) or name.split(".")[0] == "keras":
                del sys.modules[name]


def run(script, arguments):
    """Runs a program as `__main__`, its folder first on sys.path. Returns nothing; its exit, errors and output are its own."""
    folder = os.path.dirname(os.path.abspath(script))
    argv, path = sys.argv, sys.path[:]
    try:
        with version_1():  # first: a queue.py in the folder is not for TensorFlow's own imports
            sys.argv, sys.path[:] = [script, *arguments], [folder, *(entry for entry in sys.path if entry not in ("", folder))]
            runpy.run_path(script, run_name="__main__")
    finally:
        sys.argv, sys.path[:] = argv, path

