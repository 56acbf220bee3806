"""TensorFlow 1 style on today's TensorFlow: `from graphmode import tf, slim`.

`tf` is tensorflow.compat.v1 in graph mode, `slim` is tf_slim. `repairs` corrects what current
versions broke in both. TensorFlow is imported when a name in either is first used, so that the
`--help` of a program does not wait for it. Supported: TensorFlow 2.16 to 2.21, Python 3.10 to 3.13.

Raises (at that first use):
    ImportError: TensorFlow, tf_keras or tf_slim is missing or does not fit. The message says what
        to install.
"""

import os
import types

# TensorFlow's lazy loaders read it: only Keras 2 has tf.layers. It must be set before they run.
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")


class _OnFirstUse(types.ModuleType):
    """A module that is imported and repaired when a name in it is first used."""

    def __getattr__(self, name):
        # inspect and doctest ask for such names: that is no reason to load TensorFlow.
        if name.startswith("__") and name != "__version__":
            raise AttributeError(name)
        from graphmode import repairs

        value = getattr(repairs.load(self.__name__), name)
        if not name.startswith("_"):
            setattr(self, name, value)  # the next use does not come here
        return value

    def __dir__(self):
        from graphmode import repairs

        return dir(repairs.load(self.__name__))


tf = _OnFirstUse("tensorflow.compat.v1", "TensorFlow's version 1 API in graph mode.")
slim = _OnFirstUse("tf_slim", "TF-Slim.")
