"""Names of other libraries that TensorFlow 1 programs use and that no longer exist.

These are HParams, the image functions of scipy.misc, and old names of numpy and Pillow.
"""

import contextlib
import importlib
import sys
import types
from typing import Any, Iterator, Optional

import numpy as np
from PIL import Image

from graphmode import tf

NUMPY = {
    "float": float,
    "int": int,
    "bool": bool,
    "object": object,
    "str": str,
    "long": int,
    "unicode": str,
    "complex": complex,
}
PILLOW = {
    "ANTIALIAS": Image.Resampling.LANCZOS,
    "LINEAR": Image.Resampling.BILINEAR,
    "CUBIC": Image.Resampling.BICUBIC,
}
_FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "lanczos": Image.Resampling.LANCZOS,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "cubic": Image.Resampling.BICUBIC,
}


class HParams:
    """tf.contrib.training.HParams: numbers, strings and lists as attributes."""

    def __init__(self, **values):
        self.__dict__.update(values)

    def values(self):
        return dict(self.__dict__)

    def add_hparam(self, name, value):
        if name in self.__dict__:
            raise ValueError(f"Hyperparameter name is reserved: {name}")
        self.__dict__[name] = value

    def set_hparam(self, name, value):
        self.__dict__[name] = type(self.__dict__[name])(value)

    def get(self, name, default=None):
        return self.__dict__.get(name, default)

    def override_from_dict(self, values):
        for name, value in values.items():
            self.set_hparam(name, value)
        return self

    def parse(self, text):
        """Sets values from `name=value,name=[a,b]`. Each keeps its type."""
        for name, old, value in self._settings(text):
            kind = type(old[0] if isinstance(old, list) and old else old)
            parts = [self._read(kind, part) for part in value.strip("[]").split(",")]
            self.__dict__[name] = parts if isinstance(old, list) else parts[0]
        return self

    def _settings(self, text):
        for setting in [part for part in _outside_brackets(text) if part.strip()]:
            name, equals, value = setting.partition("=")
            if not equals or name.strip() not in self.__dict__:
                raise ValueError(f"Unknown hyperparameter type for {name.strip()}")
            yield name.strip(), self.__dict__[name.strip()], value.strip()

    @staticmethod
    def _read(kind, text):
        return text.strip().lower() in ("true", "1") if kind is bool else kind(text.strip())

    def __contains__(self, name):
        return name in self.__dict__

    def __repr__(self):
        return f"HParams({sorted(self.__dict__.items())})"


def _outside_brackets(text):
    """Splits at commas, but not at commas in brackets."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter == "[") - (letter == "]")
        if letter == "," and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def _named_only(name):
    """A loss of tf.nn that takes only named arguments, as in TensorFlow 1."""

    def loss(*unnamed, **named):
        if unnamed:
            raise ValueError(
                f"Only call `{name}` with named arguments (labels=..., logits=..., ...)"
            )
        return getattr(tf.nn, name)(**named)

    loss.__name__ = name
    return loss


_LOSSES = (
    "softmax_cross_entropy_with_logits",
    "sparse_softmax_cross_entropy_with_logits",
    "sigmoid_cross_entropy_with_logits",
)
nn = types.SimpleNamespace(**{name: _named_only(name) for name in _LOSSES})


def bytescale(
    data: Any,
    cmin: Optional[float] = None,
    cmax: Optional[float] = None,
    high: int = 255,
    low: int = 0,
) -> np.ndarray:
    """scipy.misc.bytescale: scales the range from cmin to cmax to low .. high, as uint8.

    uint8 arrays stay as they are. cmin is the minimum and cmax the maximum if they are None.
    """
    data = np.asarray(data)
    if data.dtype == np.uint8:
        return data
    cmin, cmax = data.min() if cmin is None else cmin, data.max() if cmax is None else cmax
    scaled = (data - cmin) * ((high - low) / ((cmax - cmin) or 1)) + low
    return (scaled.clip(low, high) + 0.5).astype(np.uint8)


def toimage(arr, high=255, low=0, cmin=None, cmax=None, pal=None, mode=None, channel_axis=None):
    """scipy.misc.toimage: a PIL image of an array, see `bytescale`.

    The array is [height, width], [height, width, 3 or 4] or [3 or 4, height, width].
    """
    arr = np.asarray(arr)
    if arr.ndim == 3 and channel_axis is None:
        channel_axis = next((axis for axis in (2, 0, 1) if arr.shape[axis] in (3, 4)), 2)
    if arr.ndim == 3:
        arr = np.moveaxis(arr, channel_axis, 2)
    if mode in ("F", "I"):
        return Image.fromarray(arr.astype(np.float32 if mode == "F" else np.int32))
    image = Image.fromarray(bytescale(arr, cmin, cmax, high, low))
    return image if mode is None else image.convert(mode)


def fromimage(im, flatten=False, mode=None):
    """scipy.misc.fromimage: a PIL image as an array; flatten: gray, float32."""
    if mode:
        im = im.convert(mode)
    elif im.mode == "P":
        im = im.convert("RGBA" if "transparency" in im.info else "RGB")
    return np.array(im.convert("F") if flatten else im)


def imread(name, flatten=False, mode=None):
    """scipy.misc.imread: an image file as an array, see `fromimage`."""
    with Image.open(name) as image:
        return fromimage(image, flatten, mode)


def imsave(name, arr, format=None):
    """scipy.misc.imsave: writes an array as an image file, see `toimage`."""
    toimage(arr, channel_axis=2 if np.ndim(arr) == 3 else None).save(name, format)


def imresize(arr, size, interp="bilinear", mode=None):
    """scipy.misc.imresize: resizes an array, and returns uint8.

    size: percent (int), a factor (float) or (height, width).
    """
    image = toimage(arr, mode=mode)
    if np.ndim(size) == 0:
        factor = size / 100.0 if isinstance(size, (int, np.integer)) else size
        width, height = (int(side * factor) for side in image.size)
    else:
        height, width = size[:2]
    return fromimage(image.resize((width, height), _FILTERS[interp]))


MISC = {
    function.__name__: function
    for function in (bytescale, toimage, fromimage, imread, imsave, imresize)
}


@contextlib.contextmanager
def installed() -> Iterator[None]:
    """Inside, numpy, PIL.Image and scipy.misc have the names that newer versions dropped."""
    with contextlib.ExitStack() as stack:

        def give(owner, name, value):
            if name not in vars(owner):
                setattr(owner, name, value)
                stack.callback(delattr, owner, name)

        for owner, names in ((np, NUMPY), (Image, PILLOW)):
            for name, value in names.items():
                give(owner, name, value)
        misc = types.ModuleType("scipy.misc", "The image functions of scipy.misc.")
        vars(misc).update(MISC, imfilter=None)
        scipy = importlib.import_module("scipy")
        previous = sys.modules.get("scipy.misc")
        sys.modules["scipy.misc"] = misc

        def restore():
            sys.modules.pop("scipy.misc", None)
            if previous is not None:
                sys.modules["scipy.misc"] = previous

        stack.callback(restore)
        give(scipy, "misc", misc)
        yield
