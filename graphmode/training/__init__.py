"""Training: the contract between a model and the loop, and the loop."""

from graphmode.training.contract import Model, Phase, Update
from graphmode.training.loop import cosine, fit, steps_for

__all__ = ["Model", "Phase", "Update", "cosine", "fit", "steps_for"]
