"""The discriminator with K + 1 classes: losses by hand, who is shown what, who moves."""

import json

import numpy as np
import pytest

import data
from conftest import config_of, moved
from gan_book import semi_supervised
from graphmode import tf, variables


def test_losses_of_a_blind_discriminator(value):
    """Eleven equal logits: a class is one of ten, real is ten of eleven, generated one of eleven."""
    logits = tf.zeros([3, 11])
    class_loss = semi_supervised.class_loss(logits, tf.constant([0, 4, 9], tf.int64))
    reality_loss = semi_supervised.reality_loss(logits, logits)
    assert value([class_loss, reality_loss]) == [pytest.approx(np.log(10)), pytest.approx(np.log(11 / 10) + np.log(11))]


def test_the_eleventh_class_is_no_digit(value):
    """A discriminator that is sure: 7 for the digits, generated for the samples; the eleventh logit is none of the digits'."""
    sure = 30.0 * np.eye(11, dtype=np.float32)
    losses = semi_supervised.class_loss(tf.constant(sure[[7]]), tf.constant([7], tf.int64)), semi_supervised.reality_loss(
        tf.constant(sure[[7]]), tf.constant(sure[[10]])), semi_supervised.reality_loss(
            tf.constant(sure[[10]]), tf.constant(sure[[7]]))
    assert value(losses) == (pytest.approx(0.0, abs=1e-6), pytest.approx(0.0, abs=1e-6),
                             pytest.approx(60.0 - np.log(10), rel=1e-3))


@pytest.mark.parametrize("supervised", [False, True])
def test_each_network_moves_with_its_own_step(supervised, digits):
    config = config_of(semi_supervised, max_steps=2, batch_size=16, labels=20, supervised=supervised)
    model = semi_supervised.build(config, digits)
    groups = [variables.trainable("discriminator"), variables.trainable("generator")]
    assert moved(model, groups) == ([[True, False]] if supervised else [[True, False], [False, True]])


def test_only_few_digits_have_a_label(digits):
    model = semi_supervised.build(config_of(semi_supervised, max_steps=2, batch_size=16, labels=20), digits)
    few = data.digits.few(digits, 20)
    known = {image.tobytes(): label for image, label in zip(data.batches.flat_pixels(few.train_images), few.train_labels)}
    for number in range(3):
        pixels, labelled, labels = model.feed(number).values()
        assert len(pixels) == len(labelled) == 16
        assert [known[image.tobytes()] for image in labelled] == list(labels)


def test_it_trains_and_reads_the_test_digits(digits, tmp_path, monkeypatch):
    monkeypatch.setattr(data, "load", lambda name, input_dir: digits)
    semi_supervised.main(["--labels", "100", "--max_steps", "40", "--batch_size", "32", "--display_freq", "0",
                          "--output_dir", str(tmp_path / "run")])
    figures = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert figures["test accuracy"] > 0.3 and figures["labels"] == 100  # by chance: .1
