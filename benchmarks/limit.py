"""The highest speed of the CPU (large matrix products), and the work of a model's step."""

import math

from benchmarks import ours
from graphmode import sessions, tf

SIDE = 2048
WORK = 2.0 * SIDE**3  # floating-point operations of one product


def stepper(precision):
    """A function that multiplies two matrices, in float32 or (mixed) in bfloat16."""
    kind = tf.bfloat16 if precision == "mixed" else tf.float32
    one, other = (tf.Variable(tf.cast(tf.random_uniform([SIDE, SIDE]), kind)) for _ in range(2))
    product = tf.matmul(one, other).op
    session = sessions.session()
    session.run(tf.global_variables_initializer())
    return lambda number: session.run(product)


def work(name, batch_size):
    """Floating-point operations of a step's convolutions and matrix products.

    A product of two numbers that is added to a sum counts as two operations.
    """
    config = ours.config_of(name, batch_size)
    with sessions.graph(config):
        model = ours.built(name, config)
        return sum(
            update.repeat * sum(operations(op, batch_size) for op in ancestors(update.op))
            for update in model.phases[-1].updates
        )


def ancestors(fetch):
    """All ops that a fetch needs, itself among them."""
    queue, seen = [fetch.op if isinstance(fetch, tf.Tensor) else fetch], set()
    while queue:
        op = queue.pop()
        if op not in seen:
            seen.add(op)
            queue += [tensor.op for tensor in op.inputs] + list(op.control_inputs)
    return seen


def operations(op, batch_size):
    """The floating-point operations of one op; 0 if it is no convolution or matrix product."""

    def size(tensor):
        return [batch_size if side is None else side for side in tensor.shape.as_list()]

    if op.type in ("MatMul", "BatchMatMulV2"):
        flipped = op.get_attr("transpose_a" if op.type == "MatMul" else "adj_x")
        return 2 * math.prod(size(op.outputs[0])) * size(op.inputs[0])[-2 if flipped else -1]
    if op.type == "IdentityN":  # a transposed convolution of graphmode.kernels: image, filter, maps
        return 2 * math.prod(size(op.outputs[2])) * math.prod(size(op.outputs[1])[:3])
    # The plain convolution inside that one has EXPLICIT padding. It is already counted.
    if op.type.startswith("Conv2D") and op.get_attr("padding") != b"EXPLICIT":
        # Each number of the smaller map meets a filter, in the convolution and in both gradients.
        filters = op.outputs[0] if op.type.endswith("Filter") else op.inputs[1]
        smaller = op.outputs[0] if op.type == "Conv2D" else op.inputs[2]
        return 2 * math.prod(size(smaller)) * math.prod(size(filters)[:3])
    return 0
