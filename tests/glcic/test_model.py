"""GLCIC's losses, examples, training steps and optimizers, by hand and in numpy."""

import math

import numpy as np
import pytest
from conftest import moved

from data import squares
from glcic import inputs, masks, model
from graphmode import sessions, tf, training, variables

DISCRIMINATOR_SCALARS = {"real_loss", "fake_loss", "real_accuracy"}
COMPLETION_SCALARS = {"mse", "adversarial_loss", "fake_accuracy"}


def test_losses_by_hand(value):
    x, imitation = np.zeros([2, 4, 4, 3], np.float32), np.full([2, 4, 4, 3], 0.5, np.float32)
    mask = np.zeros([2, 4, 4, 1], np.float32)
    mask[0, :2, :2] = mask[1, 3, 3] = 1
    imitation[0, 3, 3] = 100  # outside the hole: it does not count
    imitation[1, 3, 3] = 2
    mse = value(model.completion_loss(*map(tf.constant, (x, imitation, mask))))
    assert mse == pytest.approx((4 * 0.25 + 4) / 5)

    undecided = value(model.adversarial_losses(tf.zeros([4]), tf.zeros([4])))
    assert undecided == pytest.approx([math.log(2)] * 3)
    real_logits, fake_logits = tf.constant([2.0, 0.0]), tf.constant([-1.0])
    real, fake, against = value(model.adversarial_losses(real_logits, fake_logits))
    assert real == pytest.approx((math.log1p(math.exp(-2)) + math.log(2)) / 2)
    assert fake == pytest.approx(math.log1p(math.exp(-1)))
    assert against == pytest.approx(math.log1p(math.exp(1)))
    _, fake, helping = value(model.adversarial_losses(real_logits, fake_logits, wanted=0.0))
    assert helping == fake  # the blog's first G_LOSS_GAN is what D has for completions


def test_the_gradient_penalty_is_the_squared_slope_at_real_images(value):
    x = tf.constant(np.random.default_rng(0).random([2, 4, 4, 3]).astype(np.float32))
    logits = tf.reduce_sum(3.0 * x, [1, 2, 3]) * tf.constant([1.0, 0.0])
    assert value(model.gradient_penalty(logits, x)) == pytest.approx(48 * 9.0 / 2)


@pytest.mark.slow
def test_r1_changes_the_discriminators_step_and_no_other(tiny, images):
    """The penalty of real images flows through batch norms and patches."""
    steps = []
    for r1 in (0.0, 1.0):
        tf.reset_default_graph()
        tf.set_random_seed(0)
        config = tiny(r1=r1)
        built = model.build(config, images)
        with sessions.session() as session:
            session.run(tf.global_variables_initializer())
            session.run(built.phases[1].updates[0].op, built.feed(0))
            steps.append(session.run([variables.trainable("D"), variables.trainable("G")]))
    (plain, completion), (penalized, same) = steps
    assert all((a == b).all() for a, b in zip(completion, same))
    assert any((a != b).any() for a, b in zip(plain, penalized))
    assert all(np.isfinite(each).all() for each in penalized)


def test_the_blogs_other_third_phases(tiny, images):
    """G alone, two of its steps, and an optimizer that has the variables of both networks."""
    config = tiny(discriminator_repeats=0, completion_repeats=2, wrong_variables=True)
    built = model.build(config, images)
    [update] = built.phases[2].updates
    assert update.repeat == 2 and {"real_loss", "adversarial_loss"} <= set(update.scalars)
    weights = {scope: variables.trainable(scope) for scope in "GD"}
    with sessions.session() as session:
        session.run(tf.global_variables_initializer())
        for op in (built.phases[1].updates[0].op, update.op):
            before = session.run(weights)
            session.run(op, built.feed(0))
            after = session.run(weights)
            for scope in "GD":
                assert any((a != b).any() for a, b in zip(before[scope], after[scope]))


def test_the_logits_are_squeezed_and_otherwise_would_not_fit_the_labels(tiny):
    config = tiny(discriminator_norm="none")
    logits = model.discriminate(tf.zeros([4, 32, 32, 3]), tf.zeros([4, 2], tf.int32), config)
    loss, labels = tf.nn.sigmoid_cross_entropy_with_logits, tf.ones([4])
    assert loss(logits=logits, labels=labels).shape.as_list() == [4]
    with pytest.raises(ValueError, match="must have the same shape"):
        loss(logits=logits[:, None], labels=labels)


@pytest.mark.parametrize("flags", [{}, {"as_published": True}, {"frozen_holes": True}], ids=str)
def test_nothing_of_an_example_is_a_constant_unless_as_published(tiny, flags):
    batch = tf.placeholder(tf.float32, [4, 44, 44, 3])
    x, mask, corners = model.examples(batch, tiny(cut="random", **flags))
    fed = {batch: np.random.default_rng(1).random([4, 44, 44, 3])}
    tensors = [x, mask, corners, masks.patches(x, corners, 16)]
    with tf.Session() as session:
        first, second = session.run(tensors, fed), session.run(tensors, fed)
    same = [(a == b).all() for a, b in zip(first, second)]
    assert same == [False, bool(flags), bool(flags), False]


@pytest.mark.parametrize("flags", [{}, {"as_published": True}, {"frozen_holes": True}], ids=str)
def test_scratches_are_sampled_where_holes_are(tiny, flags):
    config = tiny(hole_shape="scratches", **flags)
    _, mask, _ = model.examples(tf.zeros([4, 44, 44, 3]), config)
    with tf.Session() as session:
        first, second = session.run(mask), session.run(mask)
    assert (first == second).all() == bool(flags)
    assert first.shape == (4, 32, 32, 1) and set(np.unique(first)) == {0, 1}


def test_an_example_is_the_middle_of_its_square_in_the_range_from_minus_1_to_1(tiny, value):
    batch = np.random.default_rng(0).random([4, 44, 44, 3]).astype(np.float32)
    x, mask, _ = model.examples(tf.constant(batch), tiny())
    cut, holes = value([x, mask])
    np.testing.assert_allclose(cut, 2 * batch[:, 6:38, 6:38] - 1, atol=1e-6)
    assert ((holes.sum((1, 2, 3)) >= 8 * 8) & (holes.sum((1, 2, 3)) <= 16 * 16)).all()


@pytest.mark.parametrize("flip", [False, True])
def test_half_of_the_images_are_mirrored_if_asked(flip, tiny):
    ramp = np.linspace(0, 1, 44, dtype=np.float32)[None, None, :, None]
    x, _, _ = model.examples(tf.constant(np.broadcast_to(ramp, [4, 44, 44, 3])), tiny(flip=flip))
    with sessions.session() as session:
        mirrored = np.concatenate([session.run(x)[:, 0, 0, 0] > 0 for _ in range(50)])
    assert (60 < mirrored.sum() < 140) if flip else not mirrored.any()


def test_completion_keeps_what_is_outside_the_hole_and_does_not_see_inside(tiny):
    x = np.random.default_rng(0).uniform(-1, 1, [2, 16, 24, 3]).astype(np.float32)
    mask = np.zeros([2, 16, 24, 1], np.float32)
    mask[:, 4:9, 6:20] = 1
    images = tf.placeholder(tf.float32, [2, 16, 24, 3])
    tensors = model.complete(images, tf.constant(mask), tiny(), False)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        holed, imitation, completion = session.run(tensors, {images: x})
        again = session.run(tensors[1], {images: np.where(mask > 0, -x, x)})
    inside = np.broadcast_to(mask > 0, x.shape)
    assert (holed[inside] == 0).all() and (holed[~inside] == x[~inside]).all()
    np.testing.assert_array_equal(imitation, again)
    assert (completion[inside] == imitation[inside]).all()
    assert (completion[~inside] == x[~inside]).all()


def test_the_moving_averages_of_the_completion_network_follow_with_decay_0_99(shallow, tiny):
    x, mask = tf.random_normal([4, 32, 32, 3], seed=1), tf.ones([4, 32, 32, 1])
    model.complete(x, mask, tiny(), True, tf.constant([0.5, -0.5, 1.0]))
    first = tf.get_default_graph().get_tensor_by_name("G/Conv/BiasAdd:0")
    update = variables.updates("G")
    with sessions.session() as session:
        session.run(tf.global_variables_initializer())
        values, _ = session.run([first, update])
        mean = next(v for v in tf.global_variables() if v.op.name == "G/BatchNorm/moving_mean")
        np.testing.assert_allclose(session.run(mean), 0.01 * values.mean((0, 1, 2)), rtol=1e-3)


def test_the_phases_their_scalars_and_what_each_update_moves(shallow, tiny, images):
    built = model.build(tiny(discriminator_repeats=3, completion_steps=4), images)
    assert [(phase.name, phase.steps) for phase in built.phases] == [
        ("completion", 4),
        ("discriminator", 3),
        ("joint", 2),
    ]
    [c_mse], [d_alone], [d, c_joint] = (phase.updates for phase in built.phases)
    assert d_alone.op == d.op and len({c_mse.op, d.op, c_joint.op}) == 3
    assert [update.repeat for update in (c_mse, d_alone, d, c_joint)] == [1, 1, 3, 1]
    assert set(c_mse.scalars) == {"mse"}
    assert set(d_alone.scalars) == DISCRIMINATOR_SCALARS | COMPLETION_SCALARS
    assert set(d.scalars) == DISCRIMINATOR_SCALARS
    assert set(c_joint.scalars) == COMPLETION_SCALARS

    groups = [
        variables.trainable("D"),
        variables.moving_averages("D"),
        variables.trainable("G"),
        variables.moving_averages("G"),
    ]
    assert moved(built, groups) == [[True, True, False, False], [False, False, True, True]]
    first = built._replace(phases=built.phases[:1])
    assert moved(first, groups) == [[False, False, True, True]]


def test_images_come_through_a_placeholder_or_through_queues(tiny, images):
    batch, feed = model.read(tiny(), images)
    squared = squares.load(images.train, **inputs.reading(tiny())) / np.float32(255)
    fed = feed(0)[batch]
    assert fed.shape == (4, 44, 44, 3) and not tf.get_collection(tf.GraphKeys.QUEUE_RUNNERS)
    assert all(np.isclose(squared, image, atol=1e-6).all((1, 2, 3)).any() for image in fed)

    batch, feed = model.read(tiny(input="queue"), images)
    assert feed is None and len(tf.get_collection(tf.GraphKeys.QUEUE_RUNNERS)) == 2
    assert batch.shape.as_list() == [4, 44, 44, 3]


@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_alpha_weighs_the_adversarial_loss_in_the_joint_step(shallow, tiny, images, alpha):
    """With alpha 0 the joint step has the gradient of the MSE alone."""
    built = model.build(tiny(alpha=alpha), images)
    with sessions.session() as session:
        session.run(tf.global_variables_initializer())
        mse, joint = session.run(tf.get_collection("gradient_norms/G"), built.feed(0))
    assert (abs(joint / mse - 1) < 1e-4) == (alpha == 0)


def test_the_discriminators_gradient_passes_through_the_patch_unless_it_is_fed(
    shallow, tiny, value
):
    """What the patch adds to the gradient of a sum of logits lies in the patch."""
    images, corners = tf.random_normal([2, 64, 64, 3], seed=1), tf.constant([[3, 20], [32, 0]])
    gradients = []
    for fed in ("nothing", "patch"):
        config = tiny(size=64, discriminator_norm="none", fed=fed)
        logits = model.discriminate(images, corners, config)
        gradients.append(tf.gradients(tf.reduce_sum(logits), images)[0])
    whole, without = value(gradients)
    inside = np.zeros([2, 64, 64, 3], bool)
    inside[0, 3:35, 20:52] = inside[1, 32:, :32] = True
    assert ((whole - without)[inside] != 0).mean() > 0.9
    assert np.abs((whole - without)[~inside]).max() < 1e-9
    assert (without != 0).mean() > 0.9


@pytest.mark.parametrize(
    "flag, shape",
    [
        ({"reshape": False}, [4, 2, 2]),
        ({"sigmoid_output": True}, [4]),
        ({"last_batch_norm": True}, [4]),
        ({"fed": "completion"}, [4]),
    ],
    ids=str,
)
def test_what_the_blog_tried_with_the_discriminators(tiny, flag, shape, value, request):
    if "reshape" not in flag:
        request.getfixturevalue("shallow")
    images = tf.random_normal([4, 64, 64, 3], seed=1)
    logits = model.discriminate(images, tf.zeros([4, 2], tf.int32), tiny(size=64, **flag))
    assert logits.shape.as_list() == shape
    gradient = tf.gradients(tf.reduce_sum(logits**3), images)[0]
    assert (gradient is None) == (flag == {"fed": "completion"})
    y = value(logits)
    assert ((y > 0).all() and (y < 1).all()) == ("sigmoid_output" in flag)
    if "last_batch_norm" in flag:  # a leaky ReLU of numbers with mean 0, standard deviation 1
        before = np.where(y > 0, y, 5 * y)
        assert before.mean() == pytest.approx(0, abs=1e-5)
        assert before.std() == pytest.approx(1, abs=0.01)


def test_with_the_wrong_label_the_completion_network_helps_the_discriminators(
    shallow, tiny, images
):
    built = model.build(tiny(wrong_label=True), images)
    scalars = built.phases[1].updates[0].scalars
    with sessions.session() as session:
        session.run(tf.global_variables_initializer())
        values = session.run(dict(scalars), built.feed(0))
    assert values["adversarial_loss"] == values["fake_loss"]


def test_one_adam_for_three_losses_lets_the_discriminators_leap(shallow, tiny, images):
    """After n steps of the other network, the first step is larger than the learning rate.

    It is sqrt(1 - b2^(n+1)) / (1 - b1^(n+1)) * (1 - b1) / sqrt(1 - b2) times as large.
    """
    leaps = []
    for as_published in (True, False):
        tf.reset_default_graph()
        built = model.build(tiny(as_published=as_published), images)
        weights = variables.trainable("D")
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            for number in range(20):
                session.run(built.phases[0].updates[0].op, built.feed(number))
            before = session.run(weights)
            session.run(built.phases[1].updates[0].op, built.feed(0))
            after = session.run(weights)
        leaps.append(max(np.abs(a - b).max() for a, b in zip(before, after)) / 0.001)
    expected = math.sqrt(1 - 0.999**21) / (1 - 0.5**21) * 0.5 / math.sqrt(0.001)
    assert leaps == pytest.approx([expected, 1.0], rel=0.01)


def test_learning_rates_fall_in_the_phases_in_which_a_network_learns(tiny):
    config = tiny(lr=0.01, joint_lr=0.002, discriminator_lr=0.03, beta1=0.25)
    solvers = model.solvers(config, 10, 4, 6)
    assert [solver._beta1 for solver in solvers] == [0.25, 0.25]
    step, rates = tf.train.get_or_create_global_step(), []
    with sessions.session() as session:
        for number in (0, 5, 9, 14, 15, 20):
            step.load(number, session)
            rates.append(session.run([solver._lr for solver in solvers]))
    wanted = [
        [0.01, 0.03],
        [0.005, 0.03],
        [0.00024, 0.03],
        [0.002, 0.0196],
        [0.00187, 0.015],
        [0, 0],
    ]
    np.testing.assert_allclose(rates, wanted, rtol=0.03, atol=1e-7)
    constant = model.solvers(tiny(lr=0.01, discriminator_lr=0.03, lr_decay=False), 10, 4, 6)
    assert [solver._lr for solver in constant] == [0.01, 0.03]


def test_the_papers_recipe_trains_with_adadelta_and_the_mean_color(shallow, tiny, images):
    config = tiny(recipe="paper", max_steps=3, completion_steps=1, discriminator_steps=1)
    built = model.build(config, images)
    solvers = model.solvers(config, 1, 1, 1)
    assert {type(solver) for solver in solvers} == {tf.train.AdadeltaOptimizer}
    assert solvers[0] is not solvers[1]
    training.fit(built, config)
    mean = squares.load(images.train, **inputs.reading(config)).mean((0, 1, 2)) / 127.5 - 1
    reader = tf.train.load_checkpoint(config.output_dir)
    np.testing.assert_allclose(reader.get_tensor("mean_colour"), mean, atol=1e-5)


def test_the_hole_is_filled_with_the_color(shallow, tiny, value):
    x, mask = tf.zeros([1, 16, 16, 3]), tf.ones([1, 16, 16, 1])
    holed, _, _ = model.complete(x, mask, tiny(), False, tf.constant([0.5, -0.25, 1.0]))
    assert value(holed)[0, 3, 4].tolist() == [0.5, -0.25, 1.0]
