"""The networks against the notes' tables, layer by layer, and against the weights of old runs."""

import json
import math
import pathlib

import numpy as np
import pytest
from conftest import shapes

from graphmode import tf, variables
from pix2pix import model, networks
from pix2pix.config import Config

STORED = json.loads((pathlib.Path(__file__).parent / "variables.json").read_text())

# The notes' layers: scope, side and channels of the input, side and channels of the output,
# whether it has batch norm, whether it has dropout. The input of decoder_7 to decoder_1 has the
# channels of two layers.
GENERATOR = [
    ("encoder_1", 256, 3, 128, 64, False, False),
    ("encoder_2", 128, 64, 64, 128, True, False),
    ("encoder_3", 64, 128, 32, 256, True, False),
    ("encoder_4", 32, 256, 16, 512, True, False),
    ("encoder_5", 16, 512, 8, 512, True, False),
    ("encoder_6", 8, 512, 4, 512, True, False),
    ("encoder_7", 4, 512, 2, 512, True, False),
    ("encoder_8", 2, 512, 1, 512, True, False),
    ("decoder_8", 1, 512, 2, 512, True, True),
    ("decoder_7", 2, 1024, 4, 512, True, True),
    ("decoder_6", 4, 1024, 8, 512, True, True),
    ("decoder_5", 8, 1024, 16, 512, True, False),
    ("decoder_4", 16, 1024, 32, 256, True, False),
    ("decoder_3", 32, 512, 64, 128, True, False),
    ("decoder_2", 64, 256, 128, 64, True, False),
    ("decoder_1", 128, 128, 256, 3, False, False),
]
DISCRIMINATOR = [
    ("layer_1", 256, 6, 128, 64, False, False),
    ("layer_2", 128, 64, 64, 128, True, False),
    ("layer_3", 64, 128, 32, 256, True, False),
    ("layer_4", 32, 256, 31, 512, True, False),
    ("layer_5", 31, 512, 30, 1, False, False),
]


def layers():
    """The layers of the default graph, in order, as rows of the tables above."""
    table = []
    for op in tf.get_default_graph().get_operations():
        if op.type not in ("Conv2D", "Conv2DBackpropInput"):
            continue
        scope = op.name.rsplit("/", 2)[0] + "/"
        below = [other for other in tf.get_default_graph().get_operations() if scope in other.name]
        [side] = {int(op.outputs[0].shape[1]), int(op.outputs[0].shape[2])}
        if op.type == "Conv2D":
            come = op.inputs[0].shape[3]
            [given] = [other.inputs[0] for other in below if other.type == "Pad"]
        else:
            given = op.inputs[2]
            come = given.shape[3]
        norms = [other for other in below if other.name.endswith("batchnorm/moments/mean")]
        drops = [other for other in below if "dropout" in other.name]
        row = int(given.shape[1]), int(come), side, int(op.outputs[0].shape[3])
        table.append((scope.strip("/"), *row, bool(norms), bool(drops)))
    return table


def images(side, batch=1, channels=3):
    return tf.zeros([batch, side, side, channels])


def count(scope):
    return sum(math.prod(v.shape.as_list()) for v in variables.trainable(scope))


def test_the_generator_is_that_of_the_notes():
    networks.create_generator(images(256), 3)
    assert layers() == GENERATOR
    assert count("") == 54414976


def test_the_discriminator_is_that_of_the_notes():
    networks.create_discriminator(images(256), images(256))
    assert layers() == DISCRIMINATOR
    assert count("") == 2768640


def test_the_default_differs_in_one_norm_at_the_bottleneck():
    model.translate(images(256), Config())
    norms = [row[0].split("/")[1] for row in layers() if row[5]]
    assert norms == [row[0] for row in GENERATOR if row[5] and row[0] != "encoder_8"]
    assert count("generator") == 54414976 - 1024


@pytest.mark.parametrize(
    "height, width, deepest", [(64, 64, 6), (96, 160, 5), (512, 1024, 8), (4, 4, 2)]
)
def test_images_have_as_many_layers_as_they_can_be_halved(height, width, deepest):
    """A smaller image has the shallow layers. Its three deepest have the dropout."""
    made = networks.create_generator(tf.zeros([1, height, width, 3]), 3)
    assert made.shape.as_list() == [1, height, width, 3]
    kept = [row for row in GENERATOR if int(row[0][-1]) <= deepest]
    channels = {name.split("/")[0]: shape for name, shape in shapes().items() if "filter" in name}
    assert list(channels) == [row[0] for row in kept]
    for row in kept:
        assert channels[row[0]][3 if "encoder" in row[0] else 2] == row[4]
    ops = tf.get_default_graph().get_operations()
    dropped = {op.name.split("/")[0] for op in ops if "dropout" in op.name}
    deep = {(64, 64): (6, 5, 4), (96, 160): (5, 4, 3), (512, 1024): (8, 7, 6), (4, 4): (2,)}
    assert dropped == {f"decoder_{number}" for number in deep[height, width]}


@pytest.mark.parametrize("height, width", [(33, 64), (64, 34), (None, 64)])
def test_images_that_cannot_be_halved_are_an_error(height, width):
    with pytest.raises(ValueError, match=f"not {height} x {width}"):
        networks.create_generator(tf.placeholder(tf.float32, [1, height, width, 3]), 3, 1)


def test_a_batch_of_unknown_size_is_translated(value):
    given = tf.placeholder(tf.float32, [None, 8, 8, 3])
    made = networks.create_generator(given, 3, 1)
    assert value(made, {given: np.zeros([5, 8, 8, 3])}).shape == (5, 8, 8, 3)


FORMER = {
    "default": {},
    "as_published": {"as_published": True},
    "small": {"preset": "small"},
    "layers": {"conv": "layers"},
    "separable": {"conv": "separable"},
    "none": {"norm": "none"},
    "lab_AtoB": {"lab_colorization": True},
    "lab_BtoA": {"lab_colorization": True, "which_direction": "BtoA"},
}


@pytest.mark.parametrize("case", STORED)
def test_checkpoints_of_old_runs_fit(case):
    """Names, shapes and order; a random number depends on the order."""
    config = Config.create(ngf=2, ndf=2, **FORMER[case])
    given, wanted = (tf.placeholder(tf.float32, [1, *config.size, c]) for c in config.channels)
    model.translate(given, config)
    with tf.variable_scope("discriminator"):
        model.discriminate(given, wanted, config)
    made = [[v.op.name, v.shape.as_list()] for v in tf.trainable_variables()]
    assert made == [[name, shape] for name, shape in STORED[case].items()]


@pytest.mark.parametrize("x, a", [(3.0, 0.2), (-3.0, 0.2), (-3.0, 0.0)])
def test_lrelu(x, a, value):
    assert value(networks.lrelu(tf.constant(x), a)) == pytest.approx(max(x, 0) + a * min(x, 0))


@pytest.mark.parametrize("kind, axes", [("batch", (0, 1, 2)), ("instance", (1, 2))])
def test_norms_are_over_the_batch_or_over_each_image(kind, axes, value):
    x = np.random.default_rng(0).normal(3, 2, [2, 5, 4, 3]).astype(np.float32)
    x[1] += 10
    with networks.variant(networks.Layers(norm=kind)):
        normed = networks.batchnorm(tf.constant(x))
    offset, scale = tf.trainable_variables()
    normed, offset, scale = value([normed, offset, scale])
    centered = x - x.mean(axes, keepdims=True)
    wanted = centered / np.sqrt(x.var(axes, keepdims=True) + 1e-5) * scale + offset
    np.testing.assert_allclose(normed, wanted, atol=1e-4)


def test_no_norm_returns_its_input():
    x = tf.zeros([2, 5, 4, 3])
    with networks.variant(networks.Layers(norm="none")):
        assert networks.batchnorm(x) is x
    with networks.variant(networks.Layers(norm_on_1x1=False)):
        point = tf.zeros([1, 1, 1, 3])
        assert networks.batchnorm(point) is point
    assert not tf.trainable_variables()


def test_a_variant_ends_with_its_context():
    with pytest.raises(RuntimeError), networks.variant(networks.Layers(conv="layers")):
        networks.create_discriminator(images(32), images(32), 1)
        assert "layer_1/conv2d/bias" in shapes()
        raise RuntimeError
    tf.reset_default_graph()
    networks.create_discriminator(images(32), images(32), 1)
    assert "layer_1/conv/filter" in shapes()
