"""Training on several processes and machines: each computes a part of every batch.

All workers build the same graph. TensorFlow's servers connect them, and collective ops average the
gradients before an optimizer applies them. No model knows of it: `here()` says who this process is,
and answers as a process alone does if it was not started as one of several (docs/scaling.md).
"""

from graphmode.cluster.alone import Alone, current, here

__all__ = ["Alone", "current", "here"]
