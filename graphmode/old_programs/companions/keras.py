"""Keras 2.2: its modules, whose names tf_keras has in other places.

`keras`, `tensorflow.keras` and `tensorflow.python.keras` get the same modules and objects.
"""

from typing import Any, Callable, Dict

import numpy as np

from graphmode.old_programs.companions import keras_arguments, keras_scikit
from graphmode.old_programs.companions.repairs import find, say_once

VERSION = "2.2.5"
_PUBLIC, _INNER = "tf_keras.api._v1.keras", "tf_keras.src"
_APPLICATIONS = (
    "densenet imagenet_utils inception_resnet_v2 inception_v3 mobilenet mobilenet_v2 nasnet resnet "
    "resnet50 resnet_v2 vgg16 vgg19 xception"
)
_UTILS = "conv_utils data_utils generic_utils io_utils layer_utils np_utils vis_utils"
# Modules whose names are in a module of the same path, or in the first part of the path.
_PATHS = (
    "activations",
    "applications",
    *(f"applications.{name}" for name in _APPLICATIONS.split()),
    "backend",
    "callbacks",
    "constraints",
    "datasets",
    *(
        f"datasets.{name}"
        for name in "boston_housing cifar cifar10 cifar100 fashion_mnist imdb mnist reuters".split()
    ),
    "initializers",
    "layers",
    "losses",
    "metrics",
    "models",
    "optimizers",
    "preprocessing",
    "preprocessing.image",
    "preprocessing.sequence",
    "preprocessing.text",
    "regularizers",
    "utils",
    *(f"utils.{name}" for name in _UTILS.split()),
)
_LAYERS = {  # module of layers -> modules of tf_keras that have its private names
    "advanced_activations": "activation",
    "convolutional": "convolutional convolutional.base_conv reshaping",
    "convolutional_recurrent": "rnn rnn.base_conv_lstm",
    "core": "core",
    "cudnn_recurrent": "rnn",
    "embeddings": "core",
    "local": "locally_connected",
    "merge": "merging.base_merge merging",
    "noise": "regularization",
    "normalization": "normalization",
    "pooling": "pooling",
    "recurrent": "rnn rnn.rnn_utils",
    "wrappers": "rnn",
}


def _image_data_format(name):
    find(f"{_PUBLIC}.backend:set_image_data_format")(
        {"th": "channels_first", "tf": "channels_last"}[name]
    )


def _image_dim_ordering():
    channels_first = find(f"{_PUBLIC}.backend:image_data_format")() == "channels_first"
    return "th" if channels_first else "tf"


def _multi_gpu_model(model, gpus=None, **_):
    """utils.multi_gpu_model: the model itself, on one device."""
    say_once("keras.utils.multi_gpu_model: the model runs on one device")
    return model


def _logsumexp(x, axis=None, keepdims=False):
    return find("tensorflow:reduce_logsumexp")(x, axis, keepdims)


def _predict_classes(self, x, batch_size=32, verbose=0):
    """Sequential.predict_classes: the most probable class of each sample."""
    scores = self.predict(x, batch_size=batch_size, verbose=verbose)
    return scores.argmax(-1) if scores.shape[-1] > 1 else (scores > 0.5).astype(np.int32)


def _predict_proba(self, x, batch_size=32, verbose=0):
    """Sequential.predict_proba: the output of each sample."""
    return self.predict(x, batch_size=batch_size, verbose=verbose)


# Names that neither tf_keras's public modules nor its inner ones have.
_MORE: Dict[str, Dict[str, Any]] = {
    "": {"__version__": VERSION},
    "applications.imagenet_utils": {
        "_obtain_input_shape": f"{_INNER}.applications.imagenet_utils:obtain_input_shape"
    },
    "backend": {
        "get_variable_shape": f"{_PUBLIC}.backend:int_shape",
        "image_dim_ordering": _image_dim_ordering,
        "logsumexp": _logsumexp,
        "set_image_dim_ordering": _image_data_format,
        "tf": "tensorflow:",
    },
    "layers": keras_arguments.LAYERS,
    "utils": {
        "multi_gpu_model": _multi_gpu_model,
        "print_summary": f"{_INNER}.utils.layer_utils:print_summary",
    },
}
_LEGACY = (
    "add_weight batchnorm conv1d conv2d conv3d convlstm2d cropping2d cropping3d deconv2d dense "
    "dropout embedding gaussiandropout gaussiannoise generator_methods get_updates global_pooling "
    "input lambda model_constructor pooling1d pooling2d pooling3d prelu recurrent separable_conv2d "
    "spatialdropout1d spatialdropoutNd upsampling1d upsampling2d upsampling3d zeropadding2d "
    "zeropadding3d"
)
_ENGINE = [
    {"Container": f"{_INNER}.engine.functional:Functional"},
    {"Network": f"{_INNER}.engine.functional:Functional"},
    f"{_PUBLIC}.layers",
    f"{_PUBLIC}.models",
    f"{_PUBLIC}.utils",
    f"{_INNER}.engine.node",
    f"{_INNER}.engine.base_layer_utils",
    f"{_INNER}.saving.legacy.hdf5_format",
]


def _all() -> Dict[str, list]:
    """Path below `keras` -> where its names are."""
    modules: Dict[str, list] = {"": [_MORE[""], _PUBLIC]}
    for path in _PATHS:
        package = path.split(".")[0]
        modules[path] = [f"{_PUBLIC}.{path}", f"{_INNER}.{path}", f"{_PUBLIC}.{package}"]
        more = _MORE.get(path) or (path.startswith("layers") and _MORE["layers"])
        if more:
            modules[path].insert(0, more)
    for name, inner in _LAYERS.items():
        private = [f"{_INNER}.layers.{path}" for path in inner.split()]
        modules[f"layers.{name}"] = [_MORE["layers"], f"{_PUBLIC}.layers", *private]
    modules["backend.tensorflow_backend"] = modules["backend"]
    modules["backend.common"] = modules["backend"]
    modules["objectives"] = modules["losses"]
    for name in ("", ".base_layer", ".input_layer", ".network", ".saving", ".sequential"):
        modules[f"engine{name}"] = [*_ENGINE, f"{_INNER}.engine{name}"]
    modules["engine.topology"] = _ENGINE
    modules["engine.training"] = [*_ENGINE, f"{_INNER}.engine.training_utils_v1"]
    modules["legacy"] = []
    modules["legacy.interfaces"] = [
        # The layers take the arguments of Keras 1 without a decorator: see keras_arguments.
        {f"legacy_{name}_support": lambda function: function for name in _LEGACY.split()}
    ]
    modules["wrappers"] = []
    modules["wrappers.scikit_learn"] = [vars(keras_scikit)]
    return modules


# TensorFlow itself uses these modules of its old copy of Keras.
_OF_TENSORFLOW = ("engine.base_layer", "engine.input_layer", "engine.saving", "engine.sequential")
MODULES: Dict[str, Any] = {}
for _path, _sources in _all().items():
    _end = f".{_path}" if _path else ""
    MODULES[f"keras{_end}"] = MODULES[f"tensorflow.keras{_end}"] = _sources
    if not _path:
        _sources = [{"__version__": "2.2.4-tf"}, _PUBLIC]
        MODULES["tensorflow.keras"] = _sources
    if _path not in _OF_TENSORFLOW:
        MODULES[f"tensorflow.python.keras{_end}"] = _sources
    if _path.startswith("preprocessing"):
        MODULES[f"keras_{_path}"] = _sources
NAMES: Dict[str, Any] = {
    f"{_PUBLIC}:__version__": "2.2.4-tf",
    f"{_PUBLIC}:wrappers": "keras.wrappers:",
    f"{_PUBLIC}.utils:multi_gpu_model": _multi_gpu_model,
    f"{_INNER}.engine.sequential:Sequential.predict_classes": _predict_classes,
    f"{_INNER}.engine.sequential:Sequential.predict_proba": _predict_proba,
}
CHANGED: Dict[str, Callable] = keras_arguments.CHANGED
