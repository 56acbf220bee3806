"""The variables of the GANs' graphs in older checkpoints: names, shapes and order."""

import json
import pathlib

from graphmode import tf

RECORDED = json.loads(
    pathlib.Path(__file__).with_name("gan_book").joinpath("variables.json").read_text()
)
SLOTS = ("Adam", "RMSProp", "power")


def older_variables(name):
    """Recorded before the switches were wrapped around the networks."""
    recorded = RECORDED[name]
    return RECORDED[recorded] if isinstance(recorded, str) else recorded


def built_variables():
    """The variables of the default graph, without the solvers' own."""
    return [
        f"{v.op.name} {'x'.join(map(str, v.shape.as_list()))}"
        for v in tf.global_variables()
        if not any(slot in v.op.name.split("/")[-1] for slot in SLOTS)
    ]
