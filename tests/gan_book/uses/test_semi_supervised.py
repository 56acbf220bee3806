"""The discriminator with K + 1 classes: losses by hand, what it sees, which network moves."""

import json

import numpy as np
import pytest
from conftest import config_of, moved

import data
from data import feeds
from gan_book.uses import semi_supervised
from graphmode import tf, variables
from graphmode.training import scalar_log


def test_losses_of_a_blind_discriminator(value):
    """With eleven equal logits p(label) is 1/10, p(real) 10/11 and p(generated) 1/11."""
    logits = tf.zeros([3, 11])
    class_loss = semi_supervised.class_loss(logits, tf.constant([0, 4, 9], tf.int64))
    reality_loss = semi_supervised.reality_loss(logits, logits)
    expected = [np.log(10), np.log(11 / 10) + np.log(11)]
    np.testing.assert_allclose(value([class_loss, reality_loss]), expected, rtol=1e-6)


def test_the_eleventh_class_is_no_digit(value):
    """A discriminator that is certain: "7" for real digits, "generated" for samples."""
    seven, generated = (tf.constant(30.0 * np.eye(11, dtype=np.float32)[[n]]) for n in (7, 10))
    class_loss = semi_supervised.class_loss(seven, tf.constant([7], tf.int64))
    right = semi_supervised.reality_loss(seven, generated)
    wrong = semi_supervised.reality_loss(generated, seven)
    expected = [0.0, 0.0, 60.0 - np.log(10)]
    np.testing.assert_allclose(value([class_loss, right, wrong]), expected, rtol=1e-3, atol=1e-6)
    # The class loss compares the ten digits alone.
    both = seven + generated
    loss = semi_supervised.class_loss(both, tf.constant([7], tf.int64))
    assert value(loss) == pytest.approx(0.0, abs=1e-6)


def test_the_discriminator_is_the_dcgans_with_eleven_logits():
    logits, hidden = semi_supervised.discriminator(tf.zeros([2, 784]))
    assert {v.op.name: tuple(v.shape.as_list()) for v in tf.global_variables()} == {
        "discriminator/conv2d/kernel": (5, 5, 1, 32),
        "discriminator/conv2d/bias": (32,),
        "discriminator/conv2d_1/kernel": (5, 5, 32, 64),
        "discriminator/conv2d_1/bias": (64,),
        "discriminator/dense/kernel": (7 * 7 * 64, 1024),
        "discriminator/dense/bias": (1024,),
        "discriminator/dense_1/kernel": (1024, 11),
        "discriminator/dense_1/bias": (11,),
    }
    assert logits.shape.as_list() == [2, 11] and hidden.shape.as_list() == [2, 1024]


@pytest.fixture(scope="module")
def built(digits):
    """A graph with 20 labelled digits, and its model."""
    config = config_of(semi_supervised, max_steps=2, batch_size=16, labels=20)
    with tf.Graph().as_default() as graph:
        return graph, semi_supervised.build(config, digits)


def test_each_network_moves_with_its_own_step(built):
    graph, model = built
    with graph.as_default():
        groups = [variables.trainable("discriminator"), variables.trainable("generator")]
        assert moved(model, groups) == [[True, False], [False, True]]
    assert model.images and model.alarms


def test_supervised_only_the_discriminator_moves(digits):
    config = config_of(semi_supervised, max_steps=2, batch_size=4, labels=20, supervised=True)
    model = semi_supervised.build(config, digits)
    groups = [variables.trainable("discriminator"), variables.trainable("generator")]
    assert moved(model, groups) == [[True, False]]
    assert not model.images and not model.alarms


def test_generator_loss_compares_mean_features(built, value):
    graph, model = built
    hidden = [op.outputs[0] for op in graph.get_operations() if op.type == "LeakyRelu"][2::3][:2]
    loss = model.phases[0].updates[1].scalars["generator_loss"]
    with graph.as_default():
        real, fake, loss = value([*hidden, loss], model.feed(0))
    assert real.shape == fake.shape == (16, 1024)
    expected = np.mean(np.square(real.mean(0) - fake.mean(0)))
    assert loss == pytest.approx(expected, rel=1e-4)


def test_only_few_digits_have_a_label(built, digits):
    few = data.few(digits, 20)
    pixels = feeds.flat_pixels(few.train_images)
    known = {image.tobytes(): label for image, label in zip(pixels, few.train_labels)}
    for number in range(3):
        unlabelled, labelled, labels = built[1].feed(number).values()
        assert len(unlabelled) == len(labelled) == 16
        assert [known[image.tobytes()] for image in labelled] == list(labels)
        assert any(image.tobytes() not in known for image in unlabelled)


@pytest.mark.slow
def test_it_trains_and_classifies_the_test_digits(digits, tmp_path, monkeypatch):
    monkeypatch.setattr(data, "load", lambda name, input_dir: digits)
    folder = tmp_path / "run"
    flags = "--labels 100 --max_steps 20 --batch_size 16 --display_freq 0 --summary_freq 10"
    others = "--data digits --dim 50 --lr 0.0005 --beta1 0.5"
    semi_supervised.main([*flags.split(), *others.split(), "--output_dir", str(folder)])
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["test accuracy"] > 0.3  # by chance: 0.1
    assert metrics["labels"] == 100 and metrics["test images"] == len(digits.test_images)
    assert list(scalar_log.read(folder)[0]) == [
        "step",
        "phase",
        "class_loss",
        "discriminator_loss",
        "generator_loss",
        "diversity",
        "generator_gradient",
        "averages_gap",
    ]
    semi_supervised.main(["--mode", "evaluate", "--checkpoint", str(folder)])
    assert json.loads((folder / "metrics.json").read_text()) == metrics


def test_fewer_than_ten_labels_are_one_line(tmp_path, capsys):
    with pytest.raises(SystemExit) as end:
        semi_supervised.main(["--supervised", "--labels", "9", "--output_dir", str(tmp_path)])
    error = capsys.readouterr().err
    assert end.value.code == 2 and error.count("\n") == 1
    assert "--labels '9' is not a whole number (at least 10)" in error
