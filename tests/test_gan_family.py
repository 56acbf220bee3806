"""The chapter's later GANs: layers as in the text, losses by hand, and how often which network moves."""

import contextlib
import json

import numpy as np
import pytest

import data
from conftest import config_of, moved, shapes
from data import faces
from gan_book import began, cgan, dcgan, gan, metrics, wgan
from graphmode import cli, runs, scores, sessions, tf, training, variables


def test_dcgan_layers_are_the_texts(value):
    """28 -> 24 -> 12 -> 8 -> 4, 1,024 to the dense layer; batch norms after each of the generator's layers but the last."""
    dcgan.discriminator(dcgan.generator(gan.noise(8, 100)))

    def batch_norm(n, size):
        return {"batch_normalization%s/%s" % ("_%d" % n if n else "", kind): (size,) for kind in ("gamma", "beta")}
    expected = {"generator": {"dense": (100, 1024), "dense_1": (1024, 6272), "conv2d_transpose": (4, 4, 64, 128),
                              "conv2d_transpose_1": (4, 4, 1, 64)},
                "discriminator": {"conv2d": (5, 5, 1, 32), "conv2d_1": (5, 5, 32, 64), "dense": (1024, 1024),
                                  "dense_1": (1024, 1)}}
    sizes = {"generator/" + name: size for n, width in enumerate((1024, 6272, 64)) for name, size in
             batch_norm(n, width).items()}
    for net, layers in expected.items():
        for layer, kernel in layers.items():
            sizes["%s/%s/kernel" % (net, layer)] = kernel
            sizes["%s/%s/bias" % (net, layer)] = (kernel[2] if "transpose" in layer else kernel[-1],)
    assert shapes() == sizes
    maps = [op.outputs[0].shape.as_list()[1:] for op in tf.get_default_graph().get_operations()
            if op.name.startswith("discriminator") and op.type in ("BiasAdd", "MaxPool")]
    assert maps == [[24, 24, 32], [12, 12, 32], [8, 8, 64], [4, 4, 64], [1024], [1]]
    assert len(variables.moving_averages("generator")) == 6


@pytest.mark.parametrize("program", [dcgan, cgan])
@pytest.mark.parametrize("as_published", [False, True])
def test_the_discriminator_follows_the_texts_notes_and_as_published_its_code(program, as_published, digits):
    program.build(config_of(program, max_steps=1, batch_size=4, as_published=as_published), digits)
    kinds = [op.type for op in tf.get_default_graph().get_operations() if op.name.startswith("discriminator/")]
    assert kinds.count("MaxPool") == (2 if as_published else 0)
    assert len(variables.moving_averages("discriminator")) == (0 if as_published else 4)


def test_one_picture_of_the_dcgan_differs_by_z_and_as_published_does_not(digits, tmp_path):
    """A batch norm after a dense layer that sees one value gives beta, whatever z was."""
    config = config_of(dcgan, tmp_path / "run", max_steps=2, display_freq=0, batch_size=16)
    training.fit(dcgan.build(config, digits), config)
    config = config._replace(checkpoint=str(runs.find_checkpoint(config.output_dir)))

    def alone(as_published):
        pictures = []
        for seed in (0, 1):
            with tf.Graph().as_default():
                pictures.append(dcgan.draw(config._replace(as_published=as_published, seed=seed), 1))
        return np.abs(pictures[0] - pictures[1]).max()
    assert alone(as_published=True) < 1e-3  # x * a + (beta - x * a): beta but for rounding
    assert alone(as_published=False) > 0.01


def test_training_the_generator_moves_its_averages_and_its_sampler_reads_them(digits):
    model = dcgan.build(config_of(dcgan, max_steps=9, batch_size=16), digits)
    d_step, g_step = model.phases[0].updates
    averages = variables.moving_averages("generator")
    with sessions.session() as session:
        session.run(tf.global_variables_initializer())
        before = session.run([averages, model.images["samples"]])
        session.run(d_step, model.feed(0))
        unmoved = session.run(averages)
        session.run(g_step, model.feed(0))
        after = session.run(averages)
        session.run([tf.assign(v, v + 1.0) for v in averages])
        shifted = session.run(model.images["samples"])
    assert all((a == b).all() for a, b in zip(before[0], unmoved))
    assert all((a != b).any() for a, b in zip(unmoved, after))
    assert np.abs(shifted - before[1]).max() > 0.01


def test_cgan_is_told_the_digit_in_both_networks(digits, tmp_path):
    """The label stands behind pixels and noise; what is asked for is what the rows of noise carry."""
    config = config_of(cgan, tmp_path / "run", max_steps=2, display_freq=0)
    model = cgan.build(config, digits)
    assert shapes()["discriminator/conv2d/kernel"] == (5, 5, 11, 32) and shapes()["generator/dense/kernel"] == (110, 1024)
    fed = list(model.feed(3).values())
    chosen = data.batches.shuffled(640, 32, 0)(3)
    np.testing.assert_array_equal(fed[1], digits.train_labels[chosen])
    np.testing.assert_array_equal(fed[0], data.batches.flat_pixels(digits.train_images[chosen]))
    training.fit(model, config)
    config = config._replace(checkpoint=str(runs.find_checkpoint(config.output_dir)))
    with tf.Graph().as_default():
        sevens, threes = cgan.draw(config, np.full(3, 7)), None
    with tf.Graph().as_default():
        threes = cgan.draw(config, np.full(3, 3))
    assert (sevens != threes).any()


def test_pictures_are_drawn_from_the_noise_of_training(monkeypatch):
    monkeypatch.setattr(sessions, "restore", lambda session, checkpoint: None)
    config = config_of(gan)
    drawn = gan.draw(config, 700, generator=lambda z, switches: z, as_images=lambda samples, as_published: samples)
    assert drawn.shape == (700, 100) and -1 <= drawn.min() < -0.99 and 0.99 < drawn.max() <= 1
    assert abs(drawn.std() - 1 / 3 ** 0.5) < 0.01  # uniform, not normal


def test_labels_are_concatenated(value):
    rows = value(cgan.labelled(tf.constant([[0.5, -1.0]]), tf.constant([3])))
    np.testing.assert_array_equal(rows, [[0.5, -1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]])
    pictures = np.random.RandomState(0).rand(2, 784).astype(np.float32)
    planes = value(cgan.with_planes(tf.constant(pictures), tf.constant([3, 9]))).reshape(2, 28, 28, 11)
    np.testing.assert_array_equal(planes[..., 0].reshape(2, 784), pictures)
    assert (planes[0, ..., 1:].mean((0, 1)) == np.eye(10)[3]).all() and (planes[1, ..., 1:].mean((0, 1)) == np.eye(10)[9]).all()


def test_wgan_loss_has_no_logarithm(value):
    losses = value(wgan.wgan_loss(tf.constant([[3.0], [5.0]]), tf.constant([[1.0], [-2.0]])))
    assert losses == (pytest.approx(-4.5), pytest.approx(0.5), pytest.approx(4.5))


def test_gradient_penalty_of_a_known_slope(value):
    """A critic 3 x_1 + 4 x_2 has a slope of 5 everywhere: (5 - 1)^2 = 16."""
    def critic(x):
        return tf.matmul(x, tf.constant([[3.0], [4.0]]))
    assert value(wgan.gradient_penalty(tf.ones([6, 2]), tf.zeros([6, 2]), critic)) == pytest.approx(16.0, rel=1e-5)


def test_wgan_takes_five_critic_steps_to_one_by_the_checkpoint(digits, tmp_path):
    """With the penalty its optimizers are Adams with beta2 .9, whose powers in the checkpoint count the steps."""
    config = config_of(wgan, tmp_path / "run", max_steps=3, display_freq=0, batch_size=8, gradient_penalty=True)
    training.fit(wgan.build(config, digits), config)
    saved = tf.train.load_checkpoint(str(runs.find_checkpoint(config.output_dir)))
    powers = sorted(saved.get_tensor(name) for name in saved.get_variable_to_shape_map() if "beta2_power" in name)
    np.testing.assert_allclose(powers, [0.9 ** (1 + 15), 0.9 ** (1 + 3)], rtol=1e-5)


def test_the_gradient_penalty_brings_its_learning_rate_along():
    assert [cli.settings(wgan.Config, **switches).lr for switches in (
        {}, dict(gradient_penalty=True), dict(gradient_penalty=True, lr=0.01))] == [0.00005, 0.0001, 0.01]


def test_wgan_gives_each_critic_step_a_batch_of_its_own_and_clips(digits, tmp_path):
    config = config_of(wgan, tmp_path / "run", max_steps=2, display_freq=0, batch_size=16)
    model = wgan.build(config, digits)
    numbers, feed = [], model.feed
    updates = model.phases[1].updates
    assert len(updates) == 6 and len(set(updates[:5])) == 1 and updates[5] != updates[0]
    training.fit(model._replace(feed=lambda number: numbers.append(number) or feed(number)), config)
    assert numbers == [0, 1, 2, 3, 4, 0, 5, 6, 7, 8, 9, 1]
    saved = tf.train.load_checkpoint(str(runs.find_checkpoint(config.output_dir)))
    critic = [saved.get_tensor(v.op.name) for v in variables.trainable("critic")]
    assert max(np.abs(weights).max() for weights in critic) <= 0.01 + 1e-9
    assert np.abs(saved.get_tensor("generator/dense/kernel")).max() > 0.01


def test_wgan_warm_up_is_a_phase_of_a_hundred_critic_steps(digits):
    model = wgan.build(config_of(wgan, max_steps=30, warm_up=True, batch_size=16), digits)
    assert [(phase.steps, len(phase.updates)) for phase in model.phases] == [(25, 101), (5, 6)]


@pytest.mark.parametrize("k, real, fake, expected", [
    (0.2, 0.5, 0.1, (0.2 + 0.01 * 0.15, 0.65)), (0.2, 0.2, 0.4, (0.2 - 0.01 * 0.3, 0.5)),
    (0.0, 0.2, 0.4, (0.0, 0.5)), (1.0, 0.5, 0.1, (1.0, 0.65))])
def test_began_k_and_measure_by_hand(k, real, fake, expected, value):
    """gamma .5, lambda .01; k stays in [0, 1]."""
    assert value(began.balance(*map(tf.constant, (k, real, fake)), 0.5, 0.01)) == (
        pytest.approx(expected[0], abs=1e-6), pytest.approx(expected[1]))


def test_began_updates_discriminator_generator_and_k_in_turn(digits):
    model = began.build(config_of(began, max_steps=1, batch_size=16), digits)
    groups = [variables.trainable("discriminator"), variables.trainable("generator"),
              [v for v in tf.global_variables() if v.op.name == "k"]]
    assert moved(model, groups) == [[True, False, False], [False, True, False], [False, False, True]]


@pytest.mark.parametrize("size, doublings", [(28, 2), (32, 2), (64, 3), (128, 4)])
def test_began_draws_pictures_of_every_size(size, doublings, value):
    """From 8x8, or 7x7, doubling; the autoencoder comes down the same way. Colours if they are faces."""
    config = config_of(began, data="faces" if size > 28 else "mnist", size=max(size, 32), filters=2, batch_size=2)
    channels = 3 if size > 28 else 1
    assert began.levels(size) == (doublings, 7 if size == 28 else 8)
    drawn = began.generator(tf.zeros([2, 64]), config)
    redrawn = began.discriminator(drawn, config)
    assert drawn.shape.as_list() == redrawn.shape.as_list() == [2, size, size, channels]
    sides = [v.shape.as_list() for v in tf.trainable_variables() if v.op.name == "discriminator/dense/kernel"]
    assert sides == [[(size >> doublings) ** 2 * 2 * (doublings + 1), 64]]


def test_doubling_is_nearest_neighbour(value):
    x = np.arange(12, dtype=np.float32).reshape(1, 2, 3, 2)
    np.testing.assert_array_equal(value(began.doubled(tf.constant(x))), x.repeat(2, 1).repeat(2, 2))


def test_began_trains_on_faces_and_redraws_unseen_ones(tmp_path, monkeypatch):
    monkeypatch.setattr(faces, "DRAWN", 24)
    monkeypatch.setattr(faces, "DRAWN_TEST", 6)
    run = str(tmp_path / "run")
    began.main(["--data", "faces", "--max_steps", "2", "--batch_size", "4", "--filters", "4", "--output_dir", run])
    began.main(["--mode", "evaluate", "--checkpoint", run])
    figures = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert figures["unseen faces"] == 6 and 0 < figures["unseen faces: L(x)"] < 2
    began.main(["--mode", "sample", "--checkpoint", run, "--count", "3"])
    assert np.load(tmp_path / "run" / "samples.npz")["images"].shape == (3, 32, 32, 3)


def test_faces_of_a_size_that_does_not_double_up_are_one_line(tmp_path, capsys):
    with pytest.raises(SystemExit) as end:
        began.main(["--data", "faces", "--size", "48", "--output_dir", str(tmp_path / "run")])
    error = capsys.readouterr().err
    assert end.value.code == 2 and "--size 48: faces are 32, 64 or 128" in error and error.count("\n") == 1


def test_nearest_neighbours_by_hand():
    distances, indices = scores.nearest(np.float32([[0, 0], [3, 4]]), np.float32([[3, 0], [3, 5], [0, 2]]))
    np.testing.assert_allclose(distances, [2, 1], rtol=1e-5)
    assert list(indices) == [2, 1]


def test_rank_correlation_by_hand():
    assert scores.rank_correlation([3, 1, 2], [9.0, 0.1, 5.0]) == pytest.approx(1.0)
    assert scores.rank_correlation([1, 2, 3, 4], [5, 4, 3, -9]) == pytest.approx(-1.0)
    assert scores.rank_correlation([1, 2, 3, 4], [2, 1, 4, 3]) == pytest.approx(0.6)  # 1 - 6 * 4 / (4 * 15)


def test_the_curve_is_held_against_the_samples_of_each_checkpoint(digits, tmp_path, monkeypatch):
    """Samples that come nearer to real digits with each checkpoint, while the curve falls, and then while it rises."""
    @contextlib.contextmanager
    def reader(config, digits):
        yield lambda pictures: (None, pictures.reshape(len(pictures), -1)[:, 300:500:40].astype(float))
    monkeypatch.setattr(metrics, "trained", reader)

    def draw(config, count):
        step = int(config.checkpoint.rsplit("-", 1)[1])
        return digits.test_images[:count, ..., None] + 1000.0 / step
    config = config_of(gan, tmp_path, output_dir=str(tmp_path))
    for step in (10, 20, 30):
        (tmp_path / "model.ckpt-{}.index".format(step)).write_text("")
        (tmp_path / "model.ckpt-{}.data-0".format(step)).write_text("")
    for values, expected in (((9, 5, 4, 1), 1.0), ((1, 3, 4, 9), -1.0)):
        (tmp_path / "scalars.csv").write_text("step,phase,loss\n" + "".join(
            "{},train,{}\n".format(step, value) for step, value in zip((10, 15, 20, 30), values)))
        found = metrics.follow("loss", draw, digits, config)
        assert found == {"rank correlation of loss and Frechet distance": pytest.approx(expected), "checkpoints compared": 3}
    assert (tmp_path / "figures" / "loss_and_frechet_distance.png").exists()
    # The first checkpoint that is kept: only the rows since the one before it, which is not there any more, are its own.
    (tmp_path / "scalars.csv").write_text("step,phase,loss\n5,train,9\n10,train,1\n20,train,3\n30,train,4\n")
    found = metrics.follow("loss", draw, digits, config._replace(save_freq=5))
    assert found["rank correlation of loss and Frechet distance"] == pytest.approx(-1.0)
