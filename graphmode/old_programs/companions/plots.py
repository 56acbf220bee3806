"""matplotlib's names and arguments of versions 1 to 3.0."""

import functools
import math
from typing import Any, Callable, Dict

import numpy as np

from graphmode.old_programs.companions.repairs import find, renamed, say_once

_COLORMAPS = {
    **{f"spectral{end}": f"nipy_spectral{end}" for end in ("", "_r")},
    **{f"Vega{size}": f"tab{size}" for size in ("10", "20", "20b", "20c")},
}


def get_cmap(name=None, lut=None):
    """cm.get_cmap: a colormap by name, with `lut` entries."""
    if name is not None and not isinstance(name, str):
        return name
    colormap = find("matplotlib:colormaps")[name or find("matplotlib:rcParams")["image.cmap"]]
    return colormap if lut is None else colormap.resampled(lut)


def _register(name=None, cmap=None, **_):
    """cm.register_cmap: makes a colormap known by its name."""
    colormaps = find("matplotlib:colormaps")
    colormaps.register(cmap, name=name, force=(name or cmap.name) not in colormaps)


def _old_colormaps(module):
    """Gives old colormaps to functions that take a name. Returns what takes them out again."""
    known = module._colormaps  # matplotlib.colormaps, which does not exist yet
    new = [old for old, now in _COLORMAPS.items() if old not in known and now in known]
    for old in new:
        known.register(known[_COLORMAPS[old]], name=old)
    return lambda: [known.unregister(old) for old in new]


def _old_styles(module):
    """`plt.style.use("seaborn-whitegrid")`: these styles have a version in their names now."""
    prefix = "seaborn-v0_8"
    new = {
        name.replace(prefix, "seaborn"): style
        for name, style in module.library.items()
        if name.startswith(prefix) and name.replace(prefix, "seaborn") not in module.library
    }
    module.library.update(new)
    return lambda: [module.library.pop(name, None) for name in new]


def _whole(real):
    """`plt.subplot(n / 2, 2, 1)`: takes whole floats."""

    def whole(value):
        is_float = isinstance(value, (float, np.floating))
        return int(value) if is_float and value == int(value) else value

    @functools.wraps(real)
    def call(*args, **named):
        sides = {name: whole(named[name]) for name in ("nrows", "ncols") if name in named}
        return real(*map(whole, args), **{**named, **sides})

    return call


def _switches(real):
    """Axes.tick_params: "on" and "off" as values."""

    @functools.wraps(real)
    def tick_params(*args, **named):
        words = {"on": True, "off": False}
        named = {
            name: words.get(value, value) if isinstance(value, str) else value
            for name, value in named.items()
        }
        return real(*args, **named)

    return tick_params


def _gca(real):
    """Figure.gca(projection="3d"): makes these axes if the current ones are others."""

    @functools.wraps(real)
    def gca(self, projection=None, **named):
        current = real(self) if self.axes or not (projection or named) else None
        if current is not None and projection in (None, current.name):
            return current
        return self.add_subplot(projection=projection, **named)

    return gca


def _plt_gca(real):
    """plt.gca: `Figure.gca` of the current figure."""

    @functools.wraps(real)
    def gca(**named):
        return find("matplotlib.pyplot:gcf")().gca(**named)

    return gca


def _use(real):
    """matplotlib.use: `warn` has no effect any more."""

    @functools.wraps(real)
    def use(backend, warn=None, force=True):
        return real(backend, force=force)

    return use


def _switch_backend(real):
    """Without a display, or without the backend's toolkit, figures are made by Agg."""

    @functools.wraps(real)
    def switch_backend(newbackend):
        try:
            return real(newbackend)
        except ImportError as error:
            say_once(f"matplotlib: {error}. Figures are made by Agg; plt.show() shows nothing")
            return real("Agg")

    return switch_backend


def _hold(*_):
    """hold: a plot is always added to the axes."""


def _normpdf(x, mu, sigma):
    """mlab.normpdf: the density of a normal distribution."""
    x = np.asarray(x)
    return np.exp(-0.5 * ((x - mu) / sigma) ** 2) / (sigma * math.sqrt(2 * math.pi))


NAMES: Dict[str, Any] = {
    "matplotlib.axes:Axes.get_axis_bgcolor": "matplotlib.axes:Axes.get_facecolor",
    "matplotlib.axes:Axes.hold": _hold,
    "matplotlib.axes:Axes.set_axis_bgcolor": "matplotlib.axes:Axes.set_facecolor",
    "matplotlib.backend_bases:FigureCanvasBase.set_window_title": lambda self, title: (
        self.manager and self.manager.set_window_title(title)
    ),
    "matplotlib.backends.backend_agg:FigureCanvasAgg.tostring_rgb": lambda self: np.asarray(
        self.buffer_rgba()
    )[..., :3].tobytes(),
    "matplotlib.cm:get_cmap": get_cmap,
    "matplotlib.cm:register_cmap": _register,
    **{f"matplotlib.cm:{old}": f"matplotlib.cm:{new}" for old, new in _COLORMAPS.items()},
    "matplotlib.mlab:normpdf": _normpdf,
    "matplotlib.pyplot:hold": _hold,
    "matplotlib.pyplot:ishold": lambda: True,
    "matplotlib.pyplot:spectral": lambda: find("matplotlib.pyplot:set_cmap")("nipy_spectral"),
    "pylab:hold": _hold,
}
CHANGED: Dict[str, Callable] = {
    "matplotlib.axes:Axes.__init__": renamed("axisbg", "facecolor"),
    "matplotlib.axes:Axes.boxplot": renamed("labels", "tick_labels"),
    "matplotlib.axes:Axes.grid": renamed("b", "visible"),
    "matplotlib.axes:Axes.hist": renamed("normed", "density"),
    "matplotlib.axes:Axes.tick_params": _switches,
    "matplotlib.figure:Figure.add_subplot": _whole,
    "matplotlib.figure:Figure.gca": _gca,
    "matplotlib.gridspec:GridSpec.__init__": _whole,
    "matplotlib.pyplot:boxplot": renamed("labels", "tick_labels"),
    "matplotlib.pyplot:gca": _plt_gca,
    "matplotlib.pyplot:subplot": _whole,
    "matplotlib.pyplot:switch_backend": _switch_backend,
    "matplotlib:use": _use,
}
MODULES: Dict[str, Any] = {"mpl_toolkits.axes_grid": ["mpl_toolkits.axes_grid1"]}
SETUP: Dict[str, Callable] = {
    "matplotlib.cm": _old_colormaps,
    "matplotlib.style": _old_styles,
}
