"""scipy.misc: its image functions, which Pillow does, and what scipy has elsewhere now."""

from typing import Any, Callable, Dict, Optional

import numpy as np

from graphmode.old_programs.companions.repairs import find

_RESAMPLING = {
    "nearest": "NEAREST",
    "lanczos": "LANCZOS",
    "bilinear": "BILINEAR",
    "bicubic": "BICUBIC",
    "cubic": "BICUBIC",
}
_IMAGE_FILTERS = (
    "blur contour detail edge_enhance edge_enhance_more emboss find_edges smooth smooth_more "
    "sharpen"
)


def _resampling(name):
    return getattr(find("PIL.Image:Resampling"), _RESAMPLING[name])


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
    arr, fromarray = np.asarray(arr), find("PIL.Image:fromarray")
    if arr.ndim == 3 and channel_axis is None:
        channel_axis = next((axis for axis in (2, 0, 1) if arr.shape[axis] in (3, 4)), None)
    if arr.ndim not in (2, 3) or (arr.ndim == 3 and channel_axis is None):
        raise ValueError("'arr' does not have a suitable array shape for any mode.")
    if arr.ndim == 3:
        if arr.shape[channel_axis] not in (3, 4):
            raise ValueError("Channel axis dimension is not valid.")
        arr = np.ascontiguousarray(np.moveaxis(arr, channel_axis, 2))
    if mode in ("F", "I"):
        return fromarray(arr.astype(np.float32 if mode == "F" else np.int32))
    image = fromarray(bytescale(arr, cmin, cmax, high, low))
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
    with find("PIL.Image:open")(name) as image:
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
        height, width = (int(side) for side in size[:2])
    return fromimage(image.resize((width, height), _resampling(interp)))


def imrotate(arr, angle, interp="bilinear"):
    """scipy.misc.imrotate: rotates counter-clockwise by degrees, and returns uint8."""
    return fromimage(toimage(arr).rotate(angle, resample=_resampling(interp)))


def imfilter(arr, ftype):
    """scipy.misc.imfilter: one of Pillow's filters, for example "blur" or "sharpen"."""
    if ftype not in _IMAGE_FILTERS.split():
        raise ValueError("Unknown filter type.")
    return fromimage(toimage(arr).filter(find(f"PIL.ImageFilter:{ftype.upper()}")))


def imshow(arr):
    """scipy.misc.imshow: opens an image in a viewer, if there is one."""
    toimage(arr).show()


def face(gray=False):
    """scipy.misc.face: a photograph of a raccoon, which scipy downloads on first use."""
    return find("scipy.datasets:face")(gray=gray)


def derivative(func, x0, dx=1.0, n=1, args=(), order=3):
    """scipy.misc.derivative: the n-th derivative at x0 by central differences."""
    weights = central_diff_weights(order, n)
    offsets = np.arange(order) - (order >> 1)
    values = [weight * func(x0 + k * dx, *args) for weight, k in zip(weights, offsets)]
    return sum(values) / dx**n


def central_diff_weights(Np, ndiv=1):
    """scipy.misc.central_diff_weights: the weights for points at distance 1."""
    if Np < ndiv + 1 or Np % 2 == 0:
        raise ValueError("the number of points must be odd, and at least the derivative order + 1")
    offsets = np.arange(Np) - (Np >> 1)
    powers = offsets[:, np.newaxis] ** np.arange(Np, dtype=np.float64)
    return np.prod(np.arange(1, ndiv + 1)) * np.linalg.inv(powers)[ndiv]


IMAGES: Dict[str, Callable] = {
    function.__name__: function
    for function in (
        bytescale,
        toimage,
        fromimage,
        imread,
        imsave,
        imresize,
        imrotate,
        imfilter,
        imshow,
    )
}
NAMES: Dict[str, Any] = {
    **IMAGES,
    "ascent": lambda: find("scipy.datasets:ascent")(),
    "central_diff_weights": central_diff_weights,
    "derivative": derivative,
    "electrocardiogram": lambda: find("scipy.datasets:electrocardiogram")(),
    "face": face,
    "pade": "scipy.interpolate:pade",
    **{
        name: f"scipy.special:{name}"
        for name in ("comb", "factorial", "factorial2", "factorialk", "logsumexp")
    },
}
