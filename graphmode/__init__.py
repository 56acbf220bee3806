"""TensorFlow 1 style on today's TensorFlow: `from graphmode import tf, slim`.

`tf` is `tensorflow.compat.v1` in graph mode and `slim` is tf_slim, both mended where current versions broke
them (see `repairs`). TensorFlow is imported at the first use of a name in either, not before, so that `--help`
of a program answers at once. Supported: TensorFlow 2.16 to 2.21, Python 3.10 to 3.13.

Raises (at that first use):
    ImportError: TensorFlow, tf_keras or tf_slim is missing or does not fit; the message says what to install.
"""

import os
import types

# Read by TensorFlow's lazy loaders: tf.layers lives in Keras 2 alone. Set here, as early as can be.
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")


class _OnFirstUse(types.ModuleType):
    """A module that is imported, and mended, when a name in it is first asked for."""

    def __getattr__(self, name):
        if name.startswith("__") and name != "__version__":  # inspect and doctest ask for these: no reason to start
            raise AttributeError(name)
        from graphmode import repairs
        value = getattr(repairs.load(self.__name__), name)
        if not name.startswith("_"):
            setattr(self, name, value)  # the next look-up does not come here
        return value

    def __dir__(self):
        from graphmode import repairs
        return dir(repairs.load(self.__name__))


tf = _OnFirstUse("tensorflow.compat.v1", "TensorFlow's version 1 API in graph mode.")
slim = _OnFirstUse("tf_slim", "TF-Slim.")
