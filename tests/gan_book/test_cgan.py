"""The conditional GAN: where the label is concatenated, and who is told it."""

import numpy as np
from conftest import config_of, shapes

import data
from data import feeds
from gan_book import cgan
from graphmode import sessions, tf


def test_labels_are_concatenated(value):
    rows = value(cgan.labelled(tf.constant([[0.5, -1.0]]), tf.constant([3])))
    np.testing.assert_array_equal(rows, [[0.5, -1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]])
    images = np.random.RandomState(0).rand(2, 784).astype(np.float32)
    planes = value(cgan.with_planes(tf.constant(images), tf.constant([3, 9])))
    planes = planes.reshape(2, 28, 28, 11)
    np.testing.assert_array_equal(planes[..., 0].reshape(2, 784), images)
    for plane, label in zip(planes, (3, 9), strict=True):
        np.testing.assert_array_equal(
            plane[..., 1:], np.broadcast_to(np.eye(10)[label], [28, 28, 10])
        )


def test_both_networks_are_told_the_digit(digits):
    model = cgan.build(config_of(cgan, max_steps=2), digits)
    assert shapes()["discriminator/conv2d/kernel"] == (5, 5, 11, 32)
    assert shapes()["generator/dense/kernel"] == (110, 1024)
    pixels, labels = model.feed(3).values()
    chosen = feeds.shuffled(640, 32, 0)(3)
    np.testing.assert_array_equal(labels, digits.train_labels[chosen])
    np.testing.assert_array_equal(pixels, feeds.flat_pixels(digits.train_images[chosen]))


def test_both_networks_are_told_the_label_of_the_batch(digits):
    """The inputs of their first layers: real and generated images have the same ten planes."""
    model = cgan.build(config_of(cgan, max_steps=2), digits)
    fed = model.feed(0)
    operations = tf.get_default_graph().get_operations()
    images = [op.inputs[0] for op in operations if op.name.endswith("/conv2d/Conv2D")][:2]
    codes = next(op.inputs[0] for op in operations if op.name == "generator/dense/MatMul")
    with sessions.session() as session:
        session.run(tf.global_variables_initializer())
        real, generated, codes = session.run([*images, codes], fed)
    expected = np.eye(10)[digits.train_labels[feeds.shuffled(640, 32, 0)(0)]]
    np.testing.assert_array_equal(codes[:, 100:], expected)
    for shown in (real, generated):
        assert shown.shape == (32, 28, 28, 11)
        np.testing.assert_array_equal(shown[:, 3, 4, 1:], expected)
        np.testing.assert_allclose(shown[..., 1:].mean((1, 2)), expected, atol=1e-6)
    assert real[..., 0].min() == -1 and abs(generated[..., 0]).max() < 1


def test_few_labels_feed_few_digits(digits):
    model = cgan.build(config_of(cgan, max_steps=2, batch_size=20, labels=40), digits)
    few = data.few(digits, 40)
    known = {image.tobytes() for image in feeds.flat_pixels(few.train_images)}
    assert len(few.train_images) == 40
    for number in range(4):
        pixels, _ = model.feed(number).values()
        assert {image.tobytes() for image in pixels} <= known
