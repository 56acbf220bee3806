"""Loads what every program loads. A process that is forked after it begins four seconds earlier."""

import importlib

from graphmode import slim, tf

MODULES = [
    "graphmode.report.page",
    "graphmode.training.loop",
    "matplotlib.backends.backend_agg",
    "matplotlib.backends.backend_svg",
    "matplotlib.figure",
    "scipy.ndimage",
]
LOADED = [tf.Session, slim.batch_norm]  # the first use of a name loads the package
LOADED += [importlib.import_module(name) for name in MODULES]
