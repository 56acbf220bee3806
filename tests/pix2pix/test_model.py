"""pix2pix's losses and its training step, compared with a recomputation in numpy."""

import types

import numpy as np
import numpy_networks as nets
import pytest
import skimage.color

from graphmode import sessions, tf, variables
from pix2pix import model, networks

SIDE = 32


def pair(batch=1, channels=(3, 3)):
    random = np.random.default_rng(0)
    shapes = [[batch, SIDE, SIDE, count] for count in channels]
    return [random.uniform(-1, 1, shape).astype(np.float32) for shape in shapes]


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


@pytest.mark.parametrize("conv, norm", [("nn", "instance"), ("separable", "none")])
def test_every_norm_and_convolution_learns(conv, norm, small):
    """As `--conv` and `--norm` choose. The discriminator of separable has those of tf.layers."""
    inputs, targets = tf.constant(pair()[0][:, :24, :24]), tf.fill([1, 24, 24, 3], 0.5)
    train, _ = model.create_model(inputs, targets, small(conv=conv, norm=norm, lr=0.02))
    with sessions.session() as session:
        session.run(tf.global_variables_initializer())
        first = session.run("generator_loss/Mean_1:0")
        for _ in range(20):
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
    x = tf.random_normal([1, 4, 4, 3])
    outputs = model.translate(x, small(as_published=published))
    [deepest] = variables.trainable("generator/encoder_2/conv")
    [gradient] = value(tf.gradients(tf.reduce_sum(outputs), deepest))
    assert (np.abs(gradient).max() < 1e-6) == published


def test_dropout_is_on_in_translation(value, small):
    outputs = model.translate(tf.constant(pair()[0][:, :8, :8]), small())
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


@pytest.fixture(scope="module", params=[False, True], ids=["default", "published"])
def step(request, small):
    """A training step without dropout (--lr, --beta1), and what came before and after it."""
    config = small(as_published=request.param, lr=0.01, beta1=0.4)
    made = types.SimpleNamespace(config=config, published=request.param)
    with pytest.MonkeyPatch.context() as patch, tf.Graph().as_default():
        patch.setattr(tf.nn, "dropout", lambda x, keep_prob: x)
        tf.set_random_seed(0)
        made.train, losses = model.create_model(*map(tf.constant, pair(batch=2)), config)
        weights = {v.op.name: v for v in tf.trainable_variables()}
        moments = {v.op.name: v for v in tf.global_variables() if v.op.name.endswith("/Adam")}
        with sessions.session() as session:
            session.run(tf.global_variables_initializer())
            # Larger filters than at the start: otherwise all gradients are tiny.
            for name, array in session.run(weights).items():
                if name.endswith("filter"):
                    weights[name].load(5 * array, session)
            made.start = session.run(weights)
            made.printed = session.run([made.train, losses])[1]
            made.after, made.moments = session.run([weights, moments])
            for name, array in made.start.items():
                weights[name].load(array, session)
            # The averages of 20 steps from the same weights
            made.averages = [session.run(losses) for _ in range(19)][-1]
    return made


def test_a_step_is_the_one_that_numpy_computes(step):
    """Both networks' gradients from the weights before the step, then Adam."""
    config = step.config
    wanted, gradients = recomputed(step.start, *pair(batch=2), config.l1_weight)
    # Printed losses are moving averages. Those of the notes start at 0.
    first, last = (0.01, 1 - 0.99**20) if step.published else (1.0, 1.0)
    for name, loss in wanted.items():
        assert step.printed[name] == pytest.approx(loss * first, rel=1e-5)
        assert step.averages[name] == pytest.approx(loss * last, rel=1e-4)
    assert set(gradients) == set(step.start)
    for name, gradient in gradients.items():
        # Adam's first moment is (1 - beta1) times the gradient.
        [moment] = [array for slot, array in step.moments.items() if slot.endswith(f"{name}/Adam")]
        scale = np.abs(gradient).max() + 1e-12
        ours = moment / (1 - config.beta1) / scale
        np.testing.assert_allclose(ours, gradient / scale, atol=2e-4, err_msg=name)
        # Where the gradient is not so small that float32 decides on its sign
        clear = np.abs(gradient) > 1e-3 * scale
        moved = nets.adam(step.start[name], gradient, config.lr, config.beta1)
        np.testing.assert_allclose(step.after[name][clear], moved[clear], atol=2e-5, err_msg=name)


def test_a_step_computes_no_gradient_that_nobody_uses(step):
    made = [op for op in ancestors(step.train) if op.type == "Conv2DBackpropFilter"]
    # Encoder and decoder, and the discriminator's five layers on real and on translated pairs
    assert len(made) == 2 * networks.depth(SIDE, SIDE) + 2 * 5


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
    """The inputs are shown as grays, or as colors of medium lightness."""
    config = small(lab_colorization=True, which_direction=direction)
    # Weak colors, which RGB holds at every lightness
    image = tf.constant(pair()[0] / 20 + 0.5)
    inputs, targets = model.both_ways([image], config)
    seen, shown = value([*model.visible(inputs, targets, config), image])[:2]
    np.testing.assert_allclose(shown, pair()[0] / 20 + 0.5, atol=2e-3)
    seen, photo = skimage.color.rgb2lab(seen), skimage.color.rgb2lab(shown)
    if direction == "AtoB":
        np.testing.assert_allclose(seen[..., 1:], 0, atol=0.05)
    else:
        np.testing.assert_allclose(seen[..., 0], 50, atol=0.05)
        np.testing.assert_allclose(seen[..., 1:], photo[..., 1:], atol=0.2)
