"""The layers of a network as the graph has them, to compare with the text's."""

from graphmode import tf

ACTIVATIONS = ("Elu", "LeakyRelu", "Relu", "Sigmoid", "Tanh")


def layer_table(scope):
    """The ops of a network that was applied once, in their order.

    Returns:
        A list of ("conv" or "transposed", filters, kernel, stride, padding), ("dense", units),
        ("max" or "average", size, stride), "batch norm", "dropout", "concat" and the activations.
    """
    rows = []
    for op in tf.get_default_graph().get_operations():
        row = _row(op) if op.name.startswith(scope + "/") else None
        rows += [row] if row else []
    return rows


def _row(op):
    output = op.outputs[0].shape.as_list() if op.outputs and op.outputs[0].shape.ndims else []
    if op.type in ("Conv2D", "Conv2DBackpropInput"):
        kernel = op.inputs[1].shape.as_list()
        stride, padding = op.get_attr("strides")[1], op.get_attr("padding").decode()
        kind = "conv" if op.type == "Conv2D" else "transposed"
        filters = kernel[3] if kind == "conv" else kernel[2]
        return (kind, filters, kernel[0], stride, padding)
    if op.type == "MatMul":
        return ("dense", output[-1])
    if op.type in ("MaxPool", "AvgPool"):
        kind = "max" if op.type == "MaxPool" else "average"
        return (kind, op.get_attr("ksize")[1], op.get_attr("strides")[1])
    if op.type.startswith("FusedBatchNorm") or op.name.endswith("/moments/mean"):
        return "batch norm"
    if op.type == "RandomUniform" and "dropout" in op.name:
        return "dropout"
    return op.type if op.type in ACTIVATIONS else None
