"""The networks against the paper's tables, layer by layer, and against the weights of old runs."""

import json
import math
import pathlib

import pytest
from conftest import shapes

from glcic import model, networks
from glcic.config import Config
from graphmode import tf

STORED = json.loads((pathlib.Path(__file__).parent / "variables.json").read_text())

CONVOLUTIONS = ("Conv2D", "Conv2DBackpropInput")
NORMS = ("FusedBatchNormV3",)
ACTIVATIONS = ("LeakyRelu", "Tanh", "Sigmoid", "Relu")

# Iizuka et al. 2017, table 1: op, kernel, stride, dilation, filters at width 64
COMPLETION = [
    ("conv", 5, 1, 1, 64),
    ("conv", 3, 2, 1, 128),
    ("conv", 3, 1, 1, 128),
    ("conv", 3, 2, 1, 256),
    ("conv", 3, 1, 1, 256),
    ("conv", 3, 1, 1, 256),
    ("conv", 3, 1, 2, 256),
    ("conv", 3, 1, 4, 256),
    ("conv", 3, 1, 8, 256),
    ("conv", 3, 1, 16, 256),
    ("conv", 3, 1, 1, 256),
    ("conv", 3, 1, 1, 256),
    ("deconv", 4, 2, 1, 128),
    ("conv", 3, 1, 1, 128),
    ("deconv", 4, 2, 1, 64),
    ("conv", 3, 1, 1, 32),
    ("conv", 3, 1, 1, 3),
]
# Table 2, without the first convolution of each, for images of 128 pixels: kernel 5, stride 2
LOCAL = [64, 128, 256, 512]
GLOBAL = [64, 128, 256, 512, 512]


def operations(*types):
    """The ops of these types in the order in which the network made them."""
    return [op for op in tf.get_default_graph().get_operations() if op.type in types]


def pattern(*ops):
    """A letter for each op: c convolution, d dense, n norm, l leaky ReLU, t tanh, s sigmoid."""
    letters = {"Conv2D": "c", "Conv2DBackpropInput": "c", "MatMul": "d", "FusedBatchNormV3": "n"}
    letters.update({"LeakyRelu": "l", "Tanh": "t", "Sigmoid": "s", "Relu": "r"})
    return "".join(letters[op.type] for op in ops)


def weights_of(scope):
    """The number of trained numbers of a network."""
    return sum(math.prod(s) for name, s in shapes().items() if name.startswith(f"{scope}/"))


def test_the_completion_network_is_the_papers_layer_by_layer():
    x = tf.placeholder(tf.float32, [1, 128, 128, 4])
    with tf.variable_scope("G"):
        y = networks.completion_network(x, True)
    assert y.shape.as_list() == [1, 128, 128, 3] and y.op.type == "Tanh"

    table = []
    weights = [shape for name, shape in shapes().items() if name.endswith("weights")]
    made = operations(*CONVOLUTIONS)
    # Without oneDNN a dilated convolution is one between SpaceToBatchND and BatchToSpaceND.
    rates = [tf.get_static_value(op.inputs[1])[0] for op in operations("SpaceToBatchND")]
    for op, (height, width, *ends) in zip(made, weights):
        assert height == width
        deconv = op.type == "Conv2DBackpropInput"  # its kernel has the filters before the inputs
        rate = op.get_attr("dilations")[1]
        if op.inputs[0].op.type == "SpaceToBatchND":
            rate = rates.pop(0)
        stride = op.get_attr("strides")[1]
        filters = ends[0] if deconv else ends[1]
        table.append(("deconv" if deconv else "conv", height, stride, rate, filters))
    assert table == COMPLETION and len(made) == len(weights)
    assert pattern(*operations(*CONVOLUTIONS, *NORMS, *ACTIVATIONS)) == 16 * "cnl" + "ct"
    assert weights_of("G") == 6067555 + 5 * 5 * 64  # the mask is a fourth channel

    # The slope of the leaky ReLU and the kind of batch norm
    assert {round(op.get_attr("alpha"), 6) for op in operations("LeakyRelu")} == {0.2}
    norms = operations("FusedBatchNormV3")
    assert all(op.get_attr("is_training") for op in norms)
    assert {round(op.get_attr("epsilon"), 6) for op in norms} == {0.001}
    names = list(shapes())
    assert names[:2] == ["G/Conv/weights", "G/Conv/biases"] and "G/BatchNorm/beta" in names
    assert not any("gamma" in name for name in names)


def test_the_discriminators_are_the_papers_layer_by_layer():
    images = tf.placeholder(tf.float32, [2, 128, 128, 3])
    patches = tf.placeholder(tf.float32, [2, 64, 64, 3])
    with tf.variable_scope("D"):
        logits = networks.discriminator(images, patches)
    assert logits.shape.as_list() == [2]

    known = {name: shape for name, shape in shapes().items() if name.endswith("weights")}
    filters = {"local": LOCAL, "global": GLOBAL}
    inputs = {name: [3, *wanted[:-1]] for name, wanted in filters.items()}
    wanted = [(5, 5, *ends) for name in filters for ends in zip(inputs[name], filters[name])]
    convs = [shape for name, shape in known.items() if "/Conv" in name]
    assert convs == wanted
    assert [op.get_attr("strides")[1] for op in operations("Conv2D")] == 9 * [2]
    dense = {name: shape for name, shape in known.items() if "fully_connected" in name}
    assert dense == {
        "D/local/fully_connected/weights": (4 * 4 * 512, 1024),
        "D/global/fully_connected/weights": (4 * 4 * 512, 1024),
        "D/fully_connected/weights": (2048, 1),
    }
    layout = pattern(*operations("Conv2D", "MatMul", *NORMS, *ACTIVATIONS))
    # No norm, no activation and no sigmoid after the last layer.
    assert layout == 4 * "cnl" + "dnl" + 5 * "cnl" + "dnl" + "d"
    assert weights_of("D") == 31953025


def listed():
    """Names and shapes of all variables, in the order in which they were made."""
    return [f"{v.op.name} {'x'.join(map(str, v.shape.as_list()))}" for v in tf.global_variables()]


@pytest.mark.parametrize(
    "name, flags",
    [
        ("build", {}),
        pytest.param("build as_published", {"as_published": True}, marks=pytest.mark.slow),
        pytest.param("build paper", {"recipe": "paper"}, marks=pytest.mark.slow),
    ],
)
def test_a_run_has_the_variables_that_its_checkpoints_always_had(name, flags, images):
    model.build(Config.create(preset="small", input="feed", **flags), images)
    assert listed() == STORED[name]


@pytest.mark.parametrize("name", ["conv layers", "conv nn", "norm nn_moments", "norm author"])
def test_other_layers_have_the_variables_that_they_always_had(name):
    what, kind = name.split()
    if what == "conv":
        flags = {"conv": kind}
    else:
        completion = "slim" if kind == "author" else kind  # refused there
        flags = {"discriminator_norm": kind, "completion_norm": completion}
    config = Config.create(preset="small", **flags)
    x, mask = tf.zeros([2, 64, 64, 3]), tf.zeros([2, 64, 64, 1])
    model.complete(x, mask, config, True)
    for _ in range(2):
        model.discriminate(x, tf.zeros([2, 2], tf.int32), config)
    assert listed() == STORED[name]
