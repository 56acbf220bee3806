"""pix2pix's losses and its training step, compared with a recomputation in numpy."""

import numpy as np
import numpy_networks as nets
import pytest

from graphmode import sessions, tf, variables
from pix2pix import model, networks

SIDE = 32


def pair(batch=1, channels=(3, 3)):
    random = np.random.default_rng(0)
    shapes = [[batch, SIDE, SIDE, count] for count in channels]
    return [random.uniform(-1, 1, shape).astype(np.float32) for shape in shapes]


def create(config, batch=1):
    return model.create_model(*map(tf.constant, pair(batch)), config)


@pytest.fixture
def no_dropout(monkeypatch):
    monkeypatch.setattr(tf.nn, "dropout", lambda x, keep_prob: x)


def ancestors(op):
    """The ops that run for this one."""
    known, waiting = {op}, [op]
    while waiting:
        op = waiting.pop()
        for source in [tensor.op for tensor in op.inputs] + list(op.control_inputs):
            if source not in known:
                known.add(source)
                waiting.append(source)
    return known


def test_a_step_computes_no_gradient_that_nobody_uses(small):
    train, _ = create(small())
    made = [op for op in ancestors(train) if op.type == "Conv2DBackpropFilter"]
    # Encoder and decoder, and the discriminator's five layers on real and on translated pairs
    assert len(made) == 2 * networks.depth(SIDE, SIDE) + 2 * 5


@pytest.mark.parametrize(
    "conv, norm",
    [
        ("nn", "batch"),
        ("nn", "instance"),
        ("nn", "none"),
        ("layers", "batch"),
        ("separable", "instance"),
    ],
)
def test_every_norm_and_convolution_learns(conv, norm, small):
    """As `--conv` and `--norm` choose."""
    inputs, targets = tf.constant(pair()[0]), tf.fill([1, SIDE, SIDE, 3], 0.5)
    train, _ = model.create_model(inputs, targets, small(conv=conv, norm=norm, lr=0.01))
    with sessions.session() as session:
        session.run(tf.global_variables_initializer())
        first = session.run("generator_loss/Mean_1:0")
        for _ in range(40):
            session.run(train)
        assert session.run("generator_loss/Mean_1:0") < 0.7 * first


def test_losses_when_the_discriminator_cannot_tell(value, small):
    half, x = tf.fill([1, 30, 30, 1], 0.5), tf.zeros([1, 4, 4, 3])
    assert value(model.discriminator_loss(half, half)) == pytest.approx(2 * np.log(2))
    losses = value(model.generator_loss(half, x, x + 0.25, small()))
    assert losses == pytest.approx((np.log(2), 0.25, np.log(2) + 25))
    weighted = small(gan_weight=3.0, l1_weight=2.0)  # --gan_weight, --l1_weight
    losses = value(model.generator_loss(half, x, x + 0.25, weighted))
    assert losses[2] == pytest.approx(3 * np.log(2) + 0.5)


@pytest.mark.parametrize("published", [True, False])
def test_the_published_bottleneck_forgets_its_input_and_ours_does_not(published, value, small):
    x = tf.random_normal([1, SIDE, SIDE, 3])
    outputs = model.translate(x, small(as_published=published))
    [deepest] = variables.trainable("generator/encoder_5/conv")
    [gradient] = value(tf.gradients(tf.reduce_sum(outputs), deepest))
    assert (np.abs(gradient).max() < 1e-6) == published


def test_dropout_is_on_in_translation(value, small):
    outputs = model.translate(tf.constant(pair()[0]), small())
    with sessions.session() as session:
        session.run(tf.global_variables_initializer())
        assert (session.run(outputs) != session.run(outputs)).any()


def recomputed(start, inputs, targets, l1_weight):
    """The step's mathematics in float64: losses, and name -> gradient."""
    values = {name: nets.Value(array) for name, array in start.items()}

    def layer(x, scope, name, kind, *stride):
        filters = values[f"{scope}/{name}/{kind}/filter"]
        y = (nets.conv if kind == "conv" else nets.deconv)(x, filters, *stride)
        prefix = f"{scope}/{name}/batchnorm"
        if f"{prefix}/scale" not in values:
            return y
        return nets.batchnorm(y, values[f"{prefix}/offset"], values[f"{prefix}/scale"])

    encoded = [layer(nets.Value(inputs), "generator", "encoder_1", "conv", 2)]
    for number in range(2, 6):
        rectified = nets.leaky(encoded[-1], 0.2)
        encoded.append(layer(rectified, "generator", f"encoder_{number}", "conv", 2))
    decoded = encoded[-1]
    for number in range(5, 0, -1):
        joined = decoded if number == 5 else nets.concat(decoded, encoded[number - 1])
        decoded = layer(nets.leaky(joined, 0.0), "generator", f"decoder_{number}", "deconv")
    outputs = nets.tanh(decoded)

    def discriminated(images):
        x = nets.concat(nets.Value(inputs), images)
        for number, stride in ((1, 2), (2, 2), (3, 2), (4, 1)):
            x = nets.leaky(layer(x, "discriminator", f"layer_{number}", "conv", stride), 0.2)
        return nets.sigmoid(layer(x, "discriminator", "layer_5", "conv", 1))

    real, fake = discriminated(nets.Value(targets)), discriminated(outputs)
    gan, l1 = nets.mean_log(fake), nets.mean_difference(outputs, targets)
    discrim = nets.weighted(nets.mean_log(real), 1.0, nets.mean_log(nets.minus(fake)), 1.0)
    gen = nets.weighted(gan, 1.0, l1, l1_weight)
    losses = {
        "discrim_loss": discrim.array,
        "gen_loss_GAN": gan.array,
        "gen_loss_L1": l1.array,
    }
    gradients = {}
    for scope, loss in (("discriminator", discrim), ("generator", gen)):
        loss.backward()
        own = [name for name in values if name.startswith(scope)]
        gradients.update({name: values[name].gradient for name in own})
    return losses, gradients


@pytest.mark.parametrize("published", [False, True])
def test_a_step_is_the_one_that_numpy_computes(published, no_dropout, small):
    """Both networks' gradients from the weights before the step, then Adam (--lr, --beta1)."""
    inputs, targets = pair(batch=2)
    config = small(as_published=published, lr=0.01, beta1=0.4)
    train, losses = model.create_model(tf.constant(inputs), tf.constant(targets), config)
    names = {v.op.name: v for v in tf.trainable_variables()}
    with sessions.session() as session:
        session.run(tf.global_variables_initializer())
        # Larger filters than at the start: otherwise all gradients are tiny.
        for name, v in names.items():
            if name.endswith("filter"):
                v.load(5 * session.run(v), session)
        start = session.run(names)
        printed = session.run([train, losses])[1]
        after = session.run(names)
        moments = [v for v in tf.global_variables() if v.op.name.endswith("/Adam")]
        moments = {v.op.name: session.run(v) for v in moments}
    wanted, gradients = recomputed(start, inputs, targets, config.l1_weight)
    for name, loss in printed.items():
        assert loss == pytest.approx(wanted[name] * (0.01 if published else 1.0), rel=1e-5)
    assert set(gradients) == set(names)
    for name, gradient in gradients.items():
        # Adam's first moment is (1 - beta1) times the gradient.
        [moment] = [array for slot, array in moments.items() if slot.endswith(f"{name}/Adam")]
        scale = np.abs(gradient).max() + 1e-12
        ours = moment / (1 - config.beta1) / scale
        np.testing.assert_allclose(ours, gradient / scale, atol=2e-4, err_msg=name)
        # Where the gradient is not so small that float32 decides on its sign
        clear = np.abs(gradient) > 1e-3 * scale
        moved = nets.adam(start[name], gradient, config.lr, config.beta1)
        np.testing.assert_allclose(after[name][clear], moved[clear], atol=2e-5, err_msg=name)


@pytest.mark.parametrize("published, first, last", [(False, 1.0, 1.0), (True, 0.01, 0.95)])
def test_printed_losses_are_averages_that_start_at_the_true_value(
    published, first, last, no_dropout, small
):
    train, losses = create(small(as_published=published, lr=0.0))
    with sessions.session() as session:
        session.run(tf.global_variables_initializer())
        true = session.run("generator_loss/Mean_1:0")
        printed = [session.run([train, losses["gen_loss_L1"]])[1] for _ in range(300)]
    assert printed[0] == pytest.approx(true * first, rel=0.01)
    assert printed[-1] == pytest.approx(true * last, rel=0.01)


def test_lab_channels_go_both_ways(value, small):
    """--lab_colorization: lightness and colors, in the order of --which_direction."""
    image = tf.constant(pair()[0] / 2 + 0.5)
    forth = model.both_ways([image], small(lab_colorization=True))
    back = model.both_ways([image], small(lab_colorization=True, which_direction="BtoA"))
    forth, back = value([forth, back])
    assert forth[0].shape[3] == 1 and forth[1].shape[3] == 2
    for one, other in zip(forth, back[::-1], strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("direction", ["AtoB", "BtoA"])
def test_lab_channels_become_the_image_again(direction, value, small):
    config = small(lab_colorization=True, which_direction=direction)
    image = tf.constant(pair()[0] / 2 + 0.5)
    inputs, targets = model.both_ways([image], config)
    _, shown = model.visible(inputs, targets, config)
    shown, image = value([shown, image])
    np.testing.assert_allclose(shown, image, atol=2e-3)
