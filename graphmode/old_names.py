"""What programs for TensorFlow 1 use besides it and no library has: HParams, scipy.misc's pictures, numpy's aliases."""

import contextlib
import importlib.util
import sys
import types

import numpy as np
from PIL import Image

from graphmode import tf

NUMPY = {"float": float, "int": int, "bool": bool, "object": object, "str": str, "long": int, "unicode": str, "complex": complex}
PILLOW = {"ANTIALIAS": Image.Resampling.LANCZOS, "LINEAR": Image.Resampling.BILINEAR, "CUBIC": Image.Resampling.BICUBIC}
_FILTERS = {"nearest": Image.Resampling.NEAREST, "lanczos": Image.Resampling.LANCZOS, "bilinear": Image.Resampling.BILINEAR,
            "bicubic": Image.Resampling.BICUBIC, "cubic": Image.Resampling.BICUBIC}


class HParams:
    """tf.contrib.training.HParams: named numbers, strings and lists, read and changed as attributes."""

    def __init__(self, **values):
        self.__dict__.update(values)

    def values(self):
        return dict(self.__dict__)

    def add_hparam(self, name, value):
        if name in self.__dict__:
            raise ValueError("Hyperparameter name is reserved: " + name)
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
        """Takes `name=value,name=[a,b]` over, each of the type that it has."""
        for name, old, value in self._settings(text):
            kind = type(old[0] if isinstance(old, list) and old else old)
            parts = [self._read(kind, part) for part in value.strip("[]").split(",")]
            self.__dict__[name] = parts if isinstance(old, list) else parts[0]
        return self

    def _settings(self, text):
        for setting in [part for part in _outside_brackets(text) if part.strip()]:
            name, found, value = setting.partition("=")
            if not found or name.strip() not in self.__dict__:
                raise ValueError("Unknown hyperparameter type for " + name.strip())
            yield name.strip(), self.__dict__[name.strip()], value.strip()

    @staticmethod
    def _read(kind, text):
        return text.strip().lower() in ("true", "1") if kind is bool else kind(text.strip())

    def __contains__(self, name):
        return name in self.__dict__

    def __repr__(self):
        return f"HParams({sorted(self.__dict__.items())})"


def _outside_brackets(text):
    """The parts between commas, but for commas in brackets."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter == "[") - (letter == "]")
        if letter == "," and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def _named_only(name):
    """A loss of tf.nn which, as in version 1, refuses arguments without names: their order has changed more than once."""
    def loss(*unnamed, **named):
        if unnamed:
            raise ValueError(f"Only call `{name}` with named arguments (labels=..., logits=..., ...)")
        return getattr(tf.nn, name)(**named)
    loss.__name__ = name
    return loss


nn = types.SimpleNamespace(**{name: _named_only(name) for name in (
    "softmax_cross_entropy_with_logits", "sparse_softmax_cross_entropy_with_logits", "sigmoid_cross_entropy_with_logits")})


def bytescale(data, cmin=None, cmax=None, high=255, low=0):
    """scipy.misc's: uint8 as they are, other numbers stretched from cmin (the least) .. cmax (the greatest) to low .. high."""
    data = np.asarray(data)
    if data.dtype == np.uint8:
        return data
    cmin, cmax = data.min() if cmin is None else cmin, data.max() if cmax is None else cmax
    scaled = (data - cmin) * ((high - low) / ((cmax - cmin) or 1)) + low
    return (scaled.clip(low, high) + 0.5).astype(np.uint8)


def toimage(arr, high=255, low=0, cmin=None, cmax=None, pal=None, mode=None, channel_axis=None):
    """scipy.misc's: a PIL picture of [height, width], [height, width, 3 or 4] or [3 or 4, height, width], see `bytescale`."""
    arr = np.asarray(arr)
    if arr.ndim == 3 and channel_axis is None:
        channel_axis = next((axis for axis in (2, 0, 1) if arr.shape[axis] in (3, 4)), 2)
    if arr.ndim == 3:
        arr = np.moveaxis(arr, channel_axis, 2)
    if mode in ("F", "I"):
        return Image.fromarray(arr.astype(np.float32 if mode == "F" else np.int32))
    picture = Image.fromarray(bytescale(arr, cmin, cmax, high, low))
    return picture if mode is None else picture.convert(mode)


def fromimage(im, flatten=False, mode=None):
    """scipy.misc's: a PIL picture as an array; flatten: grey, float32."""
    picture = im.convert(mode) if mode else im.convert("RGBA" if "transparency" in im.info else "RGB") if im.mode == "P" else im
    return np.array(picture.convert("F") if flatten else picture)


def imread(name, flatten=False, mode=None):
    with Image.open(name) as picture:
        return fromimage(picture, flatten, mode)


def imsave(name, arr, format=None):
    toimage(arr, channel_axis=2 if np.ndim(arr) == 3 else None).save(name, format)


def imresize(arr, size, interp="bilinear", mode=None):
    """scipy.misc's: size is percent (int), a share (float) or (height, width); the result is uint8."""
    picture = toimage(arr, mode=mode)
    if np.ndim(size) == 0:
        share = size / 100.0 if isinstance(size, (int, np.integer)) else size
        wide, high = (int(side * share) for side in picture.size)
    else:
        high, wide = size[:2]
    return fromimage(picture.resize((wide, high), _FILTERS[interp]))


@contextlib.contextmanager
def given_back():
    """While it lasts, numpy, PIL.Image and scipy.misc have the names that they dropped, where they lack them."""
    with contextlib.ExitStack() as stack:
        def give(owner, name, value):
            if name not in vars(owner):
                setattr(owner, name, value)
                stack.callback(delattr, owner, name)
        for owner, names in ((np, NUMPY), (Image, PILLOW)):
            for name, value in names.items():
                give(owner, name, value)
        misc = types.ModuleType("scipy.misc", "What scipy.misc had for pictures.")
        vars(misc).update({function.__name__: function for function in (
            bytescale, toimage, fromimage, imread, imsave, imresize)}, imfilter=None)
        scipy = types.ModuleType("scipy")
        if importlib.util.find_spec("scipy"):
            import scipy
        else:
            scipy.__path__ = []
            sys.modules["scipy"] = scipy
            stack.callback(sys.modules.pop, "scipy", None)
        older = sys.modules.get("scipy.misc")
        sys.modules["scipy.misc"] = misc
        stack.callback(lambda: sys.modules.pop("scipy.misc", None) if older is None else sys.modules.update({"scipy.misc": older}))
        give(scipy, "misc", misc)
        yield
