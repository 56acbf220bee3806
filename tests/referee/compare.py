"""How near the numbers of two TensorFlows must be: a tolerance for each kind of quantity."""

import math

# kind -> (relative to the quantity's norm, relative to the largest norm of that kind in the case).
# The second is for what is 0 in exact arithmetic and rounding on both sides: the gradient of a bias
# before a batch norm, for example.
TOLERANCES = {
    # A few float32 roundings per layer; today's fused kernels sum in another order.
    "output": (1e-4, 1e-6),
    "loss": (1e-5, 0.0),
    # Gradients pass twice as many layers. A ReLU at its kink may choose the other side.
    "gradient": (2e-4, 2e-6),
    # Three steps: the second and the third start from weights that differ by rounding.
    "moved": (3e-3, 5e-5),
    # A program's scalars, step by step.
    "scalar": (1e-4, 1e-6),
    # What is stored as it was read: pictures, labels.
    "exact": (0.0, 0.0),
}


# (case, kind) -> factor of both tolerances, where an activation is at leaky ReLU's bend: rounding
# decides which slope a gradient has, and other steps follow from it.
AT_THE_BEND = {("text_blog_nn_convolutions", "moved"): 20.0}


def kind_of(name):
    """The kind of a quantity, which its name begins with."""
    first = name.split(" ")[0]
    return first if first in TOLERANCES else "scalar"


def differences(recorded, found, case=""):
    """Compares two results of `facts.facts`; case: its name.

    Returns:
        lines about what differs: none if they agree.
    """
    lines = []
    if recorded["variables"] != found["variables"]:
        lines.append(f"variables: {recorded['variables']} there, {found['variables']} here")
    there, here = recorded["numbers"], found["numbers"]
    if set(there) != set(here):
        lines.append(f"quantities: {sorted(set(there) ^ set(here))} on one side only")
    largest = {}
    for name, one in there.items():
        kind = kind_of(name)
        largest[kind] = max(largest.get(kind, 0.0), one["norm"])
    for name in sorted(set(there) & set(here)):
        kind = kind_of(name)
        relative, absolute = TOLERANCES[kind]
        allowed = relative * there[name]["norm"] + absolute * largest[kind]
        allowed *= AT_THE_BEND.get((case, kind), 1.0)
        distance = apart(there[name], here[name])
        if not distance <= allowed:
            lines.append(f"{name}: {distance:.3g} apart, {allowed:.3g} allowed")
    return lines


def apart(one, other):
    """The largest difference of two described arrays' values, norms and products."""
    if one["shape"] != other["shape"]:
        return math.inf
    pairs = [*zip(one["values"], other["values"])]
    pairs += [(one[name], other[name]) for name in ("norm", "product")]
    return max(abs(a - b) for a, b in pairs)
