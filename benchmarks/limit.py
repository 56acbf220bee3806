"""What the processor can do at most: products of large matrices; and what a model's step asks of it."""

import math

from benchmarks import ours
from graphmode import sessions, tf

SIDE = 2048
WORK = 2.0 * SIDE ** 3  # operations of one product


def stepper(precision):
    """A function that multiplies two matrices, in float32 or (mixed) in bfloat16."""
    kind = tf.bfloat16 if precision == "mixed" else tf.float32
    one, other = (tf.Variable(tf.cast(tf.random_uniform([SIDE, SIDE]), kind)) for _ in range(2))
    product = tf.matmul(one, other).op
    session = sessions.session()
    session.run(tf.global_variables_initializer())
    return lambda number: session.run(product)


def work(name, batch_size):
    """Floating point operations of a step's convolutions and matrix products: two for each product that is summed up."""
    model = ours.built(name, batch_size)

    def size(tensor):
        return [batch_size if side is None else side for side in tensor.shape.as_list()]
    total = 0
    for update in model.phases[-1].updates:
        for op in plans.ancestors(update.op if isinstance(update, tf.Tensor) else update):
            if op.type in ("MatMul", "BatchMatMulV2"):
                flipped = op.get_attr("transpose_a" if op.type == "MatMul" else "adj_x")
                total += 2 * math.prod(size(op.outputs[0])) * size(op.inputs[0])[-2 if flipped else -1]
            elif op.type == "IdentityN":  # graphmode.kernels' transposed convolution: its picture, its filter, its maps
                total += 2 * math.prod(size(op.outputs[2])) * math.prod(size(op.outputs[1])[:3])
            elif op.type.startswith("Conv2D") and op.get_attr("padding") != b"EXPLICIT":  # that one's way of doing it
                # Each number of the smaller map meets a filter: forth, and in both gradients.
                filters = op.outputs[0] if op.type.endswith("Filter") else op.inputs[1]
                smaller = op.outputs[0] if op.type == "Conv2D" else op.inputs[2]
                total += 2 * math.prod(size(smaller)) * math.prod(size(filters)[:3])
    return total
