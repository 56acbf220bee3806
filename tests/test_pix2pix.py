"""pix2pix's networks, losses and training step, held against the notes' tables and a recomputation in numpy."""

import numpy as np
import pytest

import numpy_nets as nets
from conftest import shapes
from graphmode import cli, plans, sessions, tf, variables
from pix2pix import model, networks, options

SIDE = 32


def config_of(**values):
    return cli.settings(options.Config, **{"crop_size": SIDE, "scale_size": SIDE, "ngf": 2, "ndf": 2, **values})


def pair(side=SIDE, batch=1, channels=(3, 3)):
    random = np.random.default_rng(0)
    return [random.uniform(-1, 1, [batch, side, side, count]).astype(np.float32) for count in channels]


# The notes' layers: name of the scope, channels in, channels out; batch norms' offset and scale go with those marked.
ENCODER = [("encoder_1", 3, 64, False), ("encoder_2", 64, 128, True), ("encoder_3", 128, 256, True),
           ("encoder_4", 256, 512, True), *(("encoder_%d" % n, 512, 512, True) for n in (5, 6, 7, 8))]
DECODER = [("decoder_8", 512, 512, True), ("decoder_7", 1024, 512, True), ("decoder_6", 1024, 512, True),
           ("decoder_5", 1024, 512, True), ("decoder_4", 1024, 256, True), ("decoder_3", 512, 128, True),
           ("decoder_2", 256, 64, True), ("decoder_1", 128, 3, False)]
DISCRIMINATOR = [("layer_1", 6, 64, False), ("layer_2", 64, 128, True), ("layer_3", 128, 256, True),
                 ("layer_4", 256, 512, True), ("layer_5", 512, 1, False)]


def published_shapes():
    wanted = {}
    for scope, layers in (("generator", ENCODER + DECODER), ("discriminator", DISCRIMINATOR)):
        for name, come, go, normed in layers:
            filters = ("deconv", [4, 4, go, come]) if name.startswith("decoder") else ("conv", [4, 4, come, go])
            wanted["%s/%s/%s/filter" % (scope, name, filters[0])] = tuple(filters[1])
            if normed:
                wanted.update({"%s/%s/batchnorm/%s" % (scope, name, part): (go,) for part in ("offset", "scale")})
    return wanted


def both_networks(config, side):
    inputs, targets = [tf.placeholder(tf.float32, [1, side, side, 3]) for _ in range(2)]
    return model.create_model(inputs, targets, config)


def weights(scope):
    return sum(int(np.prod(v.shape.as_list())) for v in variables.trainable(scope))


def test_published_network_has_the_names_shapes_and_sizes_of_the_notes():
    both_networks(cli.settings(options.Config, as_published=True), 256)
    assert shapes() == published_shapes()
    assert weights("generator") == 54414976 and weights("discriminator") == 2768640


def test_a_step_computes_no_gradient_that_nobody_uses():
    train, _ = both_networks(config_of(), SIDE)
    made = [op for op in plans.ancestors(train) if op.type == "Conv2DBackpropFilter"]
    assert len(made) == 2 * networks.depth(SIDE, SIDE) + 2 * 5  # encoder and decoder; D's five layers on real and fake pairs


def test_default_has_1024_weights_fewer_and_no_norm_at_the_bottleneck():
    both_networks(cli.settings(options.Config), 256)
    wanted = {name: shape for name, shape in published_shapes().items() if not name.startswith("generator/encoder_8/batchnorm")}
    assert shapes() == wanted
    assert weights("generator") + weights("discriminator") == 57183616 - 1024


def test_dropout_is_in_the_three_deepest_layers_of_the_decoder_also_in_translation():
    model.translate(tf.zeros([1, 256, 256, 3]), cli.settings(options.Config, ngf=1))
    found = {op.name.split("/")[1] for op in tf.get_default_graph().get_operations() if "dropout" in op.name}
    assert found == {"decoder_8", "decoder_7", "decoder_6"}


@pytest.mark.parametrize("height, width, deepest", [(64, 64, 6), (128, 128, 7), (256, 256, 8), (512, 512, 8), (256, 512, 8),
                                                    (96, 160, 5)])
def test_pictures_of_many_sizes_make_as_many_layers_as_they_can_be_halved(height, width, deepest):
    made = networks.create_generator(tf.zeros([1, height, width, 1]), 2, 1)
    assert made.shape.as_list() == [1, height, width, 2]
    assert max(int(name.split("/")[0][8:]) for name in shapes() if name.startswith("encoder")) == deepest


def test_pictures_that_cannot_be_halved_are_an_error():
    with pytest.raises(ValueError, match="33 x 64"):
        networks.create_generator(tf.zeros([1, 33, 64, 3]), 3, 1)


def test_discriminator_judges_30_by_30_patches():
    judged = networks.create_discriminator(tf.zeros([1, 256, 256, 3]), tf.zeros([1, 256, 256, 3]), 1)
    assert judged.shape.as_list() == [1, 30, 30, 1]


@pytest.mark.parametrize("conv, norm", [("tf_nn", "batch"), ("tf_nn", "instance"), ("tf_nn", "none"), ("layers", "batch"),
                                        ("separable", "instance")])
def test_every_norm_and_convolution_learns(conv, norm):
    train, _ = model.create_model(tf.constant(pair()[0]), tf.fill([1, SIDE, SIDE, 3], 0.5), config_of(conv=conv, norm=norm, lr=0.01))
    with sessions.session() as session:
        session.run(tf.global_variables_initializer())
        first = session.run("generator_loss/Mean_1:0")
        for _ in range(40):
            session.run(train)
        assert session.run("generator_loss/Mean_1:0") < 0.7 * first


@pytest.mark.parametrize("x, a", [(3.0, 0.2), (-3.0, 0.2), (-3.0, 0.0)])
def test_lrelu(x, a, value):
    assert value(networks.lrelu(tf.constant(x), a)) == pytest.approx(max(x, 0) + a * min(x, 0))


def test_losses_of_a_blind_discriminator(value):
    half, x = tf.fill([1, 30, 30, 1], 0.5), tf.zeros([1, 4, 4, 3])
    assert value(model.discriminator_loss(half, half)) == pytest.approx(2 * np.log(2))
    gan, l1, both = value(model.generator_loss(half, x, x + 0.25, config_of()))
    assert (gan, l1, both) == pytest.approx((np.log(2), 0.25, np.log(2) + 25))


def test_published_bottleneck_forgets_its_input_and_ours_does_not(value):
    for published in (True, False):
        tf.reset_default_graph()
        x = tf.random_normal([1, SIDE, SIDE, 3])
        model.translate(x, config_of(as_published=published))
        deepest, = variables.trainable("generator/encoder_5/conv")
        [outputs] = [op.outputs[0] for op in tf.get_default_graph().get_operations() if op.name.endswith("decoder_1/Tanh")]
        gradient = value(tf.gradients(tf.reduce_sum(outputs), deepest))[0]
        assert (np.abs(gradient).max() < 1e-6) == published


def recomputed(start, inputs, targets, l1_weight):
    """Losses, and name -> gradient, of the step's mathematics in float64."""
    values = {name: nets.Value(array) for name, array in start.items()}

    def get(scope, layer, kind, norm=True):
        own = [values["%s/%s/%s/filter" % (scope, layer, kind)]]
        prefix = "%s/%s/batchnorm/" % (scope, layer)
        return own, [values[prefix + part] for part in ("offset", "scale")] if prefix + "scale" in values else None

    def layer(x, scope, name, kind, *stride):
        own, normed = get(scope, name, kind)
        y = (nets.conv if kind == "conv" else nets.deconv)(x, *own, *stride)
        return nets.batchnorm(y, *normed) if normed else y

    encoded = [layer(nets.Value(inputs), "generator", "encoder_1", "conv", 2)]
    for number in range(2, 6):
        encoded.append(layer(nets.leaky(encoded[-1], 0.2), "generator", "encoder_%d" % number, "conv", 2))
    decoded = encoded[-1]
    for number in range(5, 0, -1):
        joined = decoded if number == 5 else nets.concat(decoded, encoded[number - 1])
        decoded = layer(nets.leaky(joined, 0.0), "generator", "decoder_%d" % number, "deconv")
    outputs = nets.tanh(decoded)

    def judged(pictures):
        x = nets.concat(nets.Value(inputs), pictures)
        for number, stride in ((1, 2), (2, 2), (3, 2), (4, 1)):
            x = nets.leaky(layer(x, "discriminator", "layer_%d" % number, "conv", stride), 0.2)
        return nets.sigmoid(layer(x, "discriminator", "layer_5", "conv", 1))
    real, fake = judged(nets.Value(targets)), judged(outputs)
    gan, l1 = nets.mean_log(fake), nets.mean_difference(outputs, targets)
    losses, gradients = {}, {}
    discrim = nets.weighted(nets.mean_log(real), 1.0, nets.mean_log(nets.minus(fake)), 1.0)
    for scope, loss in (("discriminator", discrim), ("generator", nets.weighted(gan, 1.0, l1, l1_weight))):
        loss.backward()
        gradients.update({name: each.gradient for name, each in values.items() if name.startswith(scope)})
    losses.update(discrim_loss=discrim.array, gen_loss_GAN=gan.array, gen_loss_L1=l1.array)
    return losses, gradients


@pytest.mark.parametrize("published", [False, True])
def test_a_step_is_the_one_that_numpy_computes(published, monkeypatch):
    monkeypatch.setattr(networks, "DROPOUT", 0.0)
    inputs, targets = pair(batch=2)
    config = config_of(as_published=published, lr=0.01)
    train, losses = model.create_model(tf.constant(inputs), tf.constant(targets), config)
    names = {v.op.name: v for v in tf.trainable_variables()}
    with sessions.session() as session:
        session.run(tf.global_variables_initializer())
        # Larger filters than at the start, lest all gradients are tiny.
        for name, v in names.items():
            if name.endswith("filter"):
                v.load(5 * session.run(v), session)
        start = session.run(names)
        found_losses = session.run([train, losses])[1]
        after = session.run(names)
        slots = {v.op.name: session.run(v) for v in tf.global_variables() if v.op.name.endswith("/Adam")}
    wanted_losses, gradients = recomputed(start, inputs, targets, config.l1_weight)
    for name, found in found_losses.items():
        assert found == pytest.approx(wanted_losses[name] * (0.01 if published else 1.0), rel=1e-5)
    for name, gradient in gradients.items():
        # Adam's first moment is (1 - beta1) times the gradient.
        [moment] = [slot for slot_name, slot in slots.items() if slot_name.endswith(name + "/Adam")]
        scale = np.abs(gradient).max() + 1e-12
        np.testing.assert_allclose(moment / (1 - config.beta1) / scale, gradient / scale, atol=2e-4, err_msg=name)
        # Where the gradient is not so small that float32 decides on its sign.
        clear = np.abs(gradient) > 1e-3 * scale
        np.testing.assert_allclose(after[name][clear], nets.adam(start[name], gradient, config.lr, config.beta1)[clear],
                                   atol=2e-5, err_msg=name)
    assert len(gradients) == len(names)


def test_printed_losses_are_averages_that_begin_at_the_true_value(value):
    for published, share in ((False, 1.0), (True, 0.01)):
        tf.reset_default_graph()
        train, losses = model.create_model(*map(tf.constant, pair()), config_of(as_published=published, lr=0.0))
        with sessions.session() as session:
            session.run(tf.global_variables_initializer())
            true = session.run("generator_loss/Mean_1:0")
            first = session.run([train, losses["gen_loss_L1"]])[1]
            for _ in range(299):
                last = session.run([train, losses["gen_loss_L1"]])[1]
        assert first == pytest.approx(true * share, rel=0.02)
        assert last == pytest.approx(true * (0.95 if published else 1.0), rel=0.02)  # dropout moves it a little
