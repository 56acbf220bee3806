"""The arguments of Keras 1, which Keras 2.2 still took: `nb_filter`, `border_mode`, `nb_epoch`."""

import functools
from typing import Any, Callable, Dict

from graphmode.old_programs.companions.repairs import find

_LAYERS = "tf_keras.api._v1.keras.layers"
_WEIGHTS = {
    "init": "kernel_initializer",
    "W_regularizer": "kernel_regularizer",
    "b_regularizer": "bias_regularizer",
    "W_constraint": "kernel_constraint",
    "b_constraint": "bias_constraint",
    "bias": "use_bias",
}
_AREA = {"border_mode": "padding", "dim_ordering": "data_format"}
_CONVOLUTION = {**_WEIGHTS, **_AREA, "nb_filter": "filters", "subsample": "strides"}
_RECURRENT = {
    **_WEIGHTS,
    "output_dim": "units",
    "inner_init": "recurrent_initializer",
    "inner_activation": "recurrent_activation",
    "U_regularizer": "recurrent_regularizer",
    "dropout_W": "dropout",
    "dropout_U": "recurrent_dropout",
}
_RATE = {"p": "rate"}
# Layers -> old argument -> new argument.
_RENAMED: Dict[str, Dict[str, str]] = {
    "Dense": {**_WEIGHTS, "output_dim": "units"},
    "Dropout GaussianDropout SpatialDropout1D": _RATE,
    "SpatialDropout2D SpatialDropout3D": {**_RATE, "dim_ordering": "data_format"},
    "GaussianNoise": {"sigma": "stddev"},
    "PReLU": {"init": "alpha_initializer"},
    "Embedding": {
        "init": "embeddings_initializer",
        "W_regularizer": "embeddings_regularizer",
        "W_constraint": "embeddings_constraint",
    },
    "BatchNormalization": {"beta_init": "beta_initializer", "gamma_init": "gamma_initializer"},
    "SimpleRNN GRU LSTM": _RECURRENT,
    "Conv1D": {**_CONVOLUTION, "filter_length": "kernel_size", "subsample_length": "strides"},
    "Conv2D Conv2DTranspose Conv3D": _CONVOLUTION,
    "SeparableConv2D": {**_CONVOLUTION, "init": "pointwise_initializer"},
    "MaxPooling1D AveragePooling1D": {
        "pool_length": "pool_size",
        "stride": "strides",
        "border_mode": "padding",
    },
    "MaxPooling2D AveragePooling2D MaxPooling3D AveragePooling3D": _AREA,
    "UpSampling1D": {"length": "size"},
    "UpSampling2D UpSampling3D ZeroPadding2D ZeroPadding3D Cropping2D Cropping3D "
    "GlobalMaxPooling2D GlobalAveragePooling2D": {"dim_ordering": "data_format"},
}
_DROPPED = ("consume_less", "forget_bias_init", "mode")
_ORDERINGS = {"tf": "channels_last", "th": "channels_first", "default": None}
_FIT = {"nb_epoch": "epochs"}
_MODEL = {"input": "inputs", "output": "outputs"}
_GENERATOR = {
    **_FIT,
    "samples_per_epoch": "steps_per_epoch",
    "val_samples": "steps",
    "nb_val_samples": "validation_steps",
    "nb_worker": "workers",
    "pickle_safe": "use_multiprocessing",
    "max_q_size": "max_queue_size",
}


def _adapt(renamed: Dict[str, str]) -> Callable:
    """A layer's __init__ that also takes Keras 1's arguments."""

    def adapt(real):
        @functools.wraps(real)
        def start(self, *args, **named):
            for old, new in renamed.items():
                if old in named:
                    value = named.pop(old)
                    named[new] = _ORDERINGS.get(value, value) if old == "dim_ordering" else value
            if "input_dim" in named and "output_dim" in renamed and "inner_init" in renamed:
                named["input_shape"] = (named.pop("input_length", None), named.pop("input_dim"))
            for old in _DROPPED:
                named.pop(old, None)
            real(self, *args, **named)

        return start

    return adapt


def _method(renamed: Dict[str, str]) -> Callable:
    """A method of Model that also takes Keras 1's arguments."""

    def adapt(real):
        @functools.wraps(real)
        def call(self, *args, **named):
            batch = getattr(args[0] if args else named.get("generator"), "batch_size", None)
            if batch and "samples_per_epoch" in named:  # counted samples, steps count batches
                named["samples_per_epoch"] //= batch
            return real(self, *args, **{renamed.get(old, old): named[old] for old in named})

        return call

    return adapt


def _new(real):
    """Model.__new__ for Model(input=..., output=...)."""

    @functools.wraps(real)
    def new(cls, *args, **named):
        return real(cls, *args, **{_MODEL.get(old, old): named[old] for old in named})

    return staticmethod(new)


def _convolution(layer: str, axes: int) -> Callable:
    """Convolution2D(filters, rows, columns): Keras 1's name with the kernel's sides apart."""
    words = {2: ("nb_row", "nb_col"), 3: ("kernel_dim1", "kernel_dim2", "kernel_dim3")}[axes]

    def make(filters=None, *sides, **named):
        sides = (*sides, *(named.pop(word) for word in words if word in named))
        if len(sides) >= axes and all(isinstance(side, int) for side in sides[:axes]):
            sides = (sides[:axes],)
        named.pop("output_shape", None)  # Deconvolution2D had it; the strides say it
        filters = named.pop("nb_filter", filters)
        return find(f"{_LAYERS}:{layer}")(filters, *sides, **named)

    make.__name__ = layer
    return make


LAYERS: Dict[str, Any] = {
    "Convolution2D": _convolution("Conv2D", 2),
    "Convolution3D": _convolution("Conv3D", 3),
    "Deconvolution2D": _convolution("Conv2DTranspose", 2),
    "Deconvolution3D": f"{_LAYERS}:Conv3DTranspose",
    "SeparableConvolution2D": _convolution("SeparableConv2D", 2),
}
CHANGED: Dict[str, Callable] = {
    **{
        f"{_LAYERS}:{layer}.__init__": _adapt(renamed)
        for layers, renamed in _RENAMED.items()
        for layer in layers.split()
    },
    "tf_keras.src.engine.training:Model.__new__": _new,
    "tf_keras.src.engine.functional:Functional.__init__": _method(_MODEL),
    **{
        f"tf_keras.src.engine.{module}:Model.{method}": _method(renamed)
        for module in ("training", "training_v1")
        for method, renamed in (
            ("fit", _FIT),
            ("fit_generator", _GENERATOR),
            ("evaluate_generator", _GENERATOR),
            ("predict_generator", _GENERATOR),
        )
    },
}
