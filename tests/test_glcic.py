"""GLCIC: networks, holes, losses, steps and phases, against the blog's numbers, numpy and checkpoints."""

import math

import numpy as np
from PIL import Image
import pytest

from conftest import config_of, moved, shapes
from data import faces, folders, squares
from glcic import convolutions, factors, masks, model, networks, options, sources
from graphmode import cli, runs, sessions, tf, training, variables

TINY = dict(size=32, width=2, batch_size=4, hole_min=8, hole_max=16, input="feed", display_freq=0, max_steps=9,
            completion_steps=3, discriminator_steps=3)


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    """A folder of twelve pictures of several shapes, none of a grey that another has."""
    folder = tmp_path_factory.mktemp("photographs")
    for number, face in enumerate(faces.draw(12, 60, 3)):
        Image.fromarray(face[:60 - 2 * (number % 3), :60 - 3 * (number % 2)]).save(folder / f"{number}.png")
    return folder


def tiny(tmp_path, **values):
    return config_of(options, tmp_path, **{**TINY, **values})


# The text's layers: kernel, filters, of the completion network; all with SAME borders.
COMPLETION = [(5, 64), (3, 128), (3, 128), *[(3, 256)] * 9, (4, 128), (3, 128), (4, 64), (3, 32), (3, 3)]
STRIDES = [1, 2, 1, 2, 1, 1, 1, 1, 1, 1, 1, 1, 2, 1, 2, 1, 1]


def test_networks_are_the_texts_layer_by_layer():
    with tf.variable_scope("G"):
        drawn = networks.completion_network(tf.placeholder(tf.float32, [1, 128, 128, 3]), True)
    weights = [v for v in tf.trainable_variables() if v.op.name.endswith("weights")]
    assert drawn.shape.as_list() == [1, 128, 128, 3]
    # A transposed convolution's kernel has its filters third.
    assert [(v.shape.as_list()[0], v.shape.as_list()[2 if "transpose" in v.op.name else 3]) for v in weights] == COMPLETION
    assert weights[0].op.name == "G/Conv/weights" and "G/BatchNorm/beta" in shapes() and "G/BatchNorm/gamma" not in shapes()
    convolutions = [op for op in tf.get_default_graph().get_operations() if op.type in ("Conv2D", "Conv2DBackpropInput")]
    assert [op.get_attr("strides")[1] for op in convolutions] == STRIDES
    pieces = [op.inputs[1] for op in tf.get_default_graph().get_operations() if op.type == "SpaceToBatchND"]  # without oneDNN
    dilations = [tf.get_static_value(rate)[0] for rate in pieces] or [op.get_attr("dilations")[1] for op in convolutions]
    assert [rate for rate in dilations if rate > 1] == [2, 4, 8, 16]
    assert drawn.op.type == "Tanh"
    leaks = [op for op in tf.get_default_graph().get_operations() if op.type == "LeakyRelu"]
    assert len(leaks) == 16 and {round(op.get_attr("alpha"), 6) for op in leaks} == {0.2}


def test_full_size_has_as_many_weights_as_published(tmp_path, photographs):
    config = config_of(options, tmp_path, as_published=True, batch_size=2, input="feed")
    model.build(config, folders.pictures(photographs))
    count = {scope: sum(math.prod(v.shape.as_list()) for v in variables.trainable(scope)) for scope in "GD"}
    assert count == {"G": 6067555, "D": 31953025}
    towers = {name: shape for name, shape in shapes().items() if name.endswith("weights") and name.startswith("D/")}
    assert [shape[-1] for name, shape in towers.items() if "global" in name] == [64, 128, 256, 512, 512, 1024]
    assert [shape[-1] for name, shape in towers.items() if "local" in name] == [64, 128, 256, 512, 1024]
    assert towers["D/local/fully_connected/weights"] == towers["D/global/fully_connected/weights"] == (4 * 4 * 512, 1024)
    assert towers["D/fully_connected/weights"] == (2048, 1)


def test_holes_are_anywhere_in_the_picture_and_of_all_sizes(value):
    top, left, height, width = value(masks.holes(3000, 40, 30, 8, 12)).T
    for sides in (height, width):
        assert set(sides) == {8, 9, 10, 11, 12}
    assert top.min() == left.min() == 0 and (top + height).max() == 40 and (left + width).max() == 30
    assert abs((top / (40 - height)).mean() - 0.5) < 0.05


def test_frozen_holes_are_drawn_from_the_same_distribution(value):
    drawn, frozen = value([masks.holes(4000, 64, 64, 24, 32), masks.frozen(4000, 64, 64, 24, 32)])
    np.testing.assert_allclose(drawn.mean(0), frozen.mean(0), atol=0.7)
    np.testing.assert_allclose(drawn.std(0), frozen.std(0), atol=0.4)
    assert frozen[:, 2:].min() == 24 and frozen[:, 2:].max() == 32 and (frozen[:, :2] + frozen[:, 2:]).max() == 64


def test_masks_and_patches_are_what_numpy_cuts(value):
    boxes = np.int32([[0, 0, 5, 7], [3, 9, 8, 3], [8, 8, 8, 8]])
    pictures = np.random.default_rng(0).random([3, 16, 16, 3]).astype(np.float32)
    corners = masks.corners(tf.constant(boxes), 16, 8)
    drawn, cut, places = value([masks.mask(tf.constant(boxes), 16, 16), masks.patches(tf.constant(pictures), corners, 8),
                                corners])
    for box, mask, patch, place, picture in zip(boxes, drawn, cut, places, pictures):
        expected = np.zeros([16, 16, 1], np.float32)
        expected[box[0]:box[0] + box[2], box[1]:box[1] + box[3]] = 1
        np.testing.assert_array_equal(mask, expected)
        np.testing.assert_array_equal(patch, picture[place[0]:place[0] + 8, place[1]:place[1] + 8])
        assert expected[place[0]:place[0] + 8, place[1]:place[1] + 8].sum() == box[2] * box[3]  # all of the hole


def test_published_patches_miss_much_of_their_holes(value):
    boxes, corners = value(list(masks.published(4000, 128, 48, 64, seed=0)))
    low, high = np.maximum(boxes[:, :2], corners), np.minimum(boxes[:, :2] + boxes[:, 2:], corners + 64)
    held = np.maximum(high - low, 0).prod(1) / boxes[:, 2:].prod(1)
    assert abs(held.mean() - 0.586) < 0.01 and abs((held == 1).mean() - 0.035) < 0.01
    assert set(boxes[:, 2]) == set(range(49, 66))  # a pixel more than drawn


@pytest.mark.parametrize("flags", [{}, {"as_published": True}, {"frozen_holes": True}], ids=str)
def test_nothing_of_an_example_is_a_constant_unless_as_published(tmp_path, flags):
    batch = tf.placeholder(tf.float32, [4, 44, 44, 3])
    config = tiny(tmp_path, cut="random", **flags)
    x, mask, corners = model.examples(batch, config)
    fed = {batch: np.random.default_rng(1).random([4, 44, 44, 3])}
    tensors = [x, mask, corners, masks.patches(x, corners, 16)]
    with tf.Session() as session:
        first, second = session.run(tensors, fed), session.run(tensors, fed)
    assert [(a == b).all() for a, b in zip(first, second)] == [False, bool(flags), bool(flags), False]


def test_losses_by_hand(value):
    x, imitation = np.zeros([2, 4, 4, 3], np.float32), np.full([2, 4, 4, 3], 0.5, np.float32)
    mask = np.zeros([2, 4, 4, 1], np.float32)
    mask[0, :2, :2] = mask[1, 3, 3] = 1
    imitation[0, 3, 3] = 100  # outside the hole: of no consequence
    imitation[1, 3, 3] = 2
    assert value(model.completion_loss(*map(tf.constant, (x, imitation, mask)))) == pytest.approx((4 * 0.25 + 4) / 5)
    blind = value(model.adversarial_losses(tf.zeros([4]), tf.zeros([4])))
    assert blind == pytest.approx([math.log(2)] * 3)
    real, fake, against = value(model.adversarial_losses(tf.constant([2.0]), tf.constant([-1.0])))
    assert [real, fake, against] == pytest.approx([math.log1p(math.exp(-2)), math.log1p(math.exp(-1)), math.log1p(math.exp(1))])
    _, fake, helping = value(model.adversarial_losses(tf.constant([2.0]), tf.constant([-1.0]), wanted=0.0))
    assert helping == fake  # the blog's first: G_LOSS_GAN is what D has for completions


def test_logits_that_are_not_squeezed_are_an_error():
    with pytest.raises(ValueError, match="must have the same shape"):
        tf.nn.sigmoid_cross_entropy_with_logits(logits=tf.zeros([4, 1]), labels=tf.ones([4]))


def test_completion_keeps_what_is_outside_the_hole_and_does_not_see_inside(tmp_path, value):
    x, mask = np.random.default_rng(0).uniform(-1, 1, [2, 16, 24, 3]).astype(np.float32), np.zeros([2, 16, 24, 1], np.float32)
    mask[:, 4:9, 6:20] = 1
    other = np.where(mask > 0, -x, x)
    config = tiny(tmp_path)
    pictures = tf.placeholder(tf.float32, [2, 16, 24, 3])
    tensors = model.complete(pictures, tf.constant(mask), config, False)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        holed, imitation, completion = session.run(tensors, {pictures: x})
        again = session.run(tensors[1], {pictures: other})
    inside = np.broadcast_to(mask > 0, x.shape)
    assert (holed[inside] == 0).all() and (holed[~inside] == x[~inside]).all()
    np.testing.assert_array_equal(imitation, again)
    assert (completion[inside] == imitation[inside]).all() and (completion[~inside] == x[~inside]).all()


def test_each_step_moves_its_network_and_its_averages(tmp_path, photographs):
    built = model.build(tiny(tmp_path), folders.pictures(photographs))
    groups = [variables.trainable("D"), variables.moving_averages("D"), variables.trainable("G"), variables.moving_averages("G")]
    assert [phase.name for phase in built.phases] == ["completion", "discriminator", "joint"]
    assert moved(built, groups) == [[True, True, False, False], [False, False, True, True]]
    assert built.phases[1].updates == built.phases[2].updates[:1]
    assert built.phases[0].updates != built.phases[2].updates[1:]


def test_the_discriminators_gradient_passes_through_the_patch_unless_it_is_fed(tmp_path, value):
    """What the patch adds to the gradient of a sum of logits lies in the patch."""
    images, corners, gradients = tf.random_normal([2, 64, 64, 3], seed=1), tf.constant([[3, 20], [32, 0]]), []
    for fed in ("nothing", "patch"):
        logits = model.discriminate(images, corners, tiny(tmp_path, size=64, batch_norm="none", fed=fed))
        gradients.append(tf.gradients(tf.reduce_sum(logits), images)[0])
    whole, without = value(gradients)
    inside = np.zeros([2, 64, 64, 3], bool)
    inside[0, 3:35, 20:52] = inside[1, 32:, :32] = True
    assert ((whole - without)[inside] != 0).mean() > 0.9 and np.abs((whole - without)[~inside]).max() < 1e-9
    assert (without != 0).mean() > 0.9


def test_one_adam_for_three_losses_lets_the_discriminators_leap(tmp_path, photographs):
    """After n steps of the other network the first is sqrt(1 - b2^(n+1)) / (1 - b1^(n+1)) (1 - b1) / sqrt(1 - b2) rates long."""
    leaps = []
    for as_published in (True, False):
        tf.reset_default_graph()
        built = model.build(tiny(tmp_path, as_published=as_published), folders.pictures(photographs))
        weights = variables.trainable("D")
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            for number in range(20):
                session.run(built.phases[0].updates, built.feed(number))
            before = session.run(weights)
            session.run(built.phases[1].updates, built.feed(0))
            leaps.append(max(np.abs(a - b).max() for a, b in zip(before, session.run(weights))) / 0.001)
    expected = math.sqrt(1 - 0.999 ** 21) / (1 - 0.5 ** 21) * 0.5 / math.sqrt(0.001)
    assert leaps == pytest.approx([expected, 1.0], rel=0.01)


def test_rates_fall_in_the_phases_in_which_a_network_learns(tmp_path):
    completion_solver, discriminator_solver = model.solvers(tiny(tmp_path, lr=0.01, joint_lr=0.002, discriminator_lr=0.03), 10, 4, 6)
    step = tf.train.get_or_create_global_step()
    with sessions.session() as session:
        rates = []
        for number in (0, 5, 9, 14, 15, 20):
            step.load(number, session)
            rates.append(session.run([completion_solver._lr, discriminator_solver._lr]))
    wanted = [[0.01, 0.03], [0.005, 0.03], [0.00024, 0.03], [0.002, 0.0196], [0.00187, 0.015], [0, 0]]
    np.testing.assert_allclose(rates, wanted, rtol=0.03, atol=1e-7)


@pytest.mark.parametrize("flip", [False, True])
def test_half_of_the_pictures_are_mirrored_if_asked(flip, tmp_path):
    ramp = np.broadcast_to(np.linspace(0, 1, 44, dtype=np.float32)[None, None, :, None], [4, 44, 44, 3])
    x, _, _ = model.examples(tf.constant(ramp), tiny(tmp_path, flip=flip))
    with sessions.session() as session:
        mirrored = np.concatenate([session.run(x)[:, 0, 0, 0] > 0 for _ in range(50)])
    assert (60 < mirrored.sum() < 140) if flip else not mirrored.any()


def test_the_papers_recipe(tmp_path, photographs, value):
    config = tiny(tmp_path, recipe="paper")
    assert (config.batch_size, cli.settings(options.Config, recipe="paper").batch_size) == (4, 96)
    small = cli.settings(options.Config, recipe="paper", preset="small")
    assert (small.max_steps, small.completion_steps, small.size) == (11600, 8000, 64)
    pictures = folders.pictures(photographs)
    built = model.build(config, pictures)
    assert {type(solver) for solver in model.solvers(config, 3, 3, 3)} == {tf.train.AdadeltaOptimizer}
    mean = squares.load(pictures.train, **sources.reading(config)).mean((0, 1, 2)) / 127.5 - 1
    colour = next(v for v in tf.global_variables() if v.op.name == "mean_colour")
    np.testing.assert_allclose(value(colour), mean, atol=1e-5)
    training.fit(built, config._replace(save_freq=100))


@pytest.mark.parametrize("flags, message", [
    (dict(size=34), "--size 34: .* multiple of 4"), (dict(width=3), "--width 3: .* even"),
    (dict(hole_max=17), r"holes of 8 to 17 pixels .* do not fit into patches of 16"),
    (dict(hole_min=20), "holes of 20 to 16 pixels")])
def test_numbers_that_do_not_go_together_are_refused(tmp_path, flags, message):
    with pytest.raises(cli.InputError, match=message):
        options.check(tiny(tmp_path, **flags))


class Killed(BaseException):
    """Stands for SIGKILL: nothing between the death and the resumption saves anything."""


def test_killed_in_each_phase_it_goes_on_in_the_right_one_with_the_right_optimiser(tmp_path, photographs):
    pictures, died = folders.pictures(photographs), []

    def death(step):
        def alarm(rows):
            if rows[-1]["step"] == step:
                died.append(runs.last_step(tmp_path / "run"))
                raise Killed
        return alarm

    for number, step in enumerate((3, 9, 15, None)):
        tf.reset_default_graph()
        config = tiny(tmp_path / "run", resume=number > 0, max_steps=18, completion_steps=6, discriminator_steps=6, save_freq=2,
                      summary_freq=1)
        built = model.build(config, pictures)._replace(alarms=[death(step)])
        if step:
            with pytest.raises(Killed):
                training.fit(built, config)
        else:
            training.fit(built, config)
    assert died == [2, 8, 14]
    rows = runs.read_scalars(tmp_path / "run")
    assert [row["phase"] for row in rows] == ["completion"] * 6 + ["discriminator"] * 6 + ["joint"] * 6
    reader = tf.train.NewCheckpointReader(str(runs.find_checkpoint(tmp_path / "run")))
    powers = [float(reader.get_tensor(name)) for name in reader.get_variable_to_shape_map() if "beta1_power" in name]
    assert powers == pytest.approx([0.5 ** 13, 0.5 ** 13])  # each network 12 steps, in two phases of its own


@pytest.mark.parametrize("kind", factors.NORMS)
def test_discriminators_train_with_any_batch_norm_and_only_the_authors_own_is_not_shared(tmp_path, kind):
    """The discriminators' two applications share all weights; with tf.Variable, gamma and beta come twice."""
    config = tiny(tmp_path, batch_norm=kind, size=64)
    x, corners = tf.random_normal([4, 64, 64, 3]), tf.zeros([4, 2], tf.int32)
    completed = tf.get_variable("G/completed", [4, 64, 64, 3])
    losses = model.adversarial_losses(model.discriminate(x, corners, config), model.discriminate(completed, corners, config))
    again = [name for name in shapes() if name.startswith("D/again/")]
    assert len(again) == (2 * 11 if kind == "author" else 0)
    optimizer = tf.train.GradientDescentOptimizer(1.0)
    steps = [variables.minimize(losses[0] + losses[1], "D", optimizer), variables.minimize(losses[2], "G", optimizer)]
    built = training.Model([training.Phase("joint", 1, steps)], {}, feed=lambda number: None)
    assert moved(built, [variables.trainable("D"), variables.trainable("G")]) == [[True, False], [False, True]]


@pytest.mark.parametrize("kind", ["layers", "nn"])
def test_any_convolution_computes_the_same_with_the_same_weights(kind):
    random = np.random.default_rng(0)
    x, flat = (tf.constant(random.normal(size=shape).astype(np.float32)) for shape in ([2, 12, 12, 6], [3, 40]))
    outputs, weights = [], []
    for conv in ("slim", kind):
        with tf.variable_scope("by_" + conv):
            outputs.append([convolutions.conv2d(conv, x, 8, 5), convolutions.conv2d(conv, x, 8, 3, 2),
                            convolutions.conv2d(conv, x, 8, 3, rate=4), convolutions.conv2d_transpose(conv, x, 8, 4, 2),
                            convolutions.dense(conv, flat, 900), convolutions.dense(conv, x, 8)])
        weights.append(variables.trainable("by_" + conv))
    assert [v.shape for v in weights[0]] == [v.shape for v in weights[1]] and len(weights[0]) == 12
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        first, second = (session.run(v) for v in (weights[0][8], weights[1][8]))  # 36,000 weights of a dense layer
        assert first.std() == pytest.approx(second.std(), rel=0.02) and abs(first).max() == pytest.approx(abs(second).max(), rel=0.01)
        session.run([tf.assign(b, a) for a, b in zip(*weights)])
        for one, other in zip(*session.run(outputs)):
            np.testing.assert_allclose(one, other, atol=1e-6)


@pytest.mark.parametrize("flag, shape", [
    (dict(reshape=False), [4, 2, 2]), (dict(sigmoid_output=True), [4]), (dict(last_batch_norm=True), [4]),
    (dict(fed="patch"), [4]), (dict(fed="completion"), [4])])
def test_what_the_blog_tried_with_the_discriminators(tmp_path, flag, shape, value):
    images = tf.random_normal([4, 64, 64, 3])
    logits = model.discriminate(images, tf.zeros([4, 2], tf.int32), tiny(tmp_path, size=64, **flag))
    assert logits.shape.as_list() == shape
    gradient = tf.gradients(tf.reduce_sum(logits ** 3), images)[0]
    assert (gradient is None) == (flag == dict(fed="completion"))
    drawn = value(logits)
    if "sigmoid_output" in flag:
        assert (drawn > 0).all() and (drawn < 1).all()
    if "last_batch_norm" in flag:  # a leaky ReLU of numbers with mean 0 and deviation 1
        ordinary = np.where(drawn > 0, drawn, 5 * drawn)
        assert ordinary.mean() == pytest.approx(0, abs=1e-5) and ordinary.std() == pytest.approx(1, abs=0.01)
