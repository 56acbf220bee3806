"""Translation at the image's own size: strips and files give what the whole image at once gives."""

import os

import numpy as np
import pytest

from graphmode import noise, sessions, tf
from pix2pix import model, networks, whole

KINDS = [
    {},
    {"conv": "layers", "norm": "none"},
    pytest.param({"conv": "separable", "norm": "instance"}, marks=pytest.mark.slow),
    pytest.param({"crop_size": 64, "crop_width": 96}, marks=pytest.mark.slow),
    {"as_published": True},
]


@pytest.fixture
def small_strips(monkeypatch):
    """Two rows in a strip, and most layers in files."""
    monkeypatch.setattr(whole, "STRIP", 1)
    monkeypatch.setattr(whole, "IN_MEMORY", 2000)


def at_once(image, config):
    """The generator for an image whose sides need no margins, computed in one run."""
    kind = model.generator_kind(config)._replace(size=config.size)
    with tf.variable_scope("generator", reuse=True), networks.variant(kind):
        layers = networks.encoder(image, config.ngf)
        if config.as_published:  # in the training the bottleneck had one value per channel
            offset = tf.get_variable("encoder_5/batchnorm/offset", [layers[-1].shape[3]])
            layers[-1] = tf.zeros_like(layers[-1]) + offset
        return networks.decoder(layers, config.channels[1], config.ngf)


def initialized(session):
    """Larger filters than at the start, and other offsets: otherwise all outputs are gray."""
    session.run(tf.global_variables_initializer())
    random = np.random.default_rng(0)
    for variable in tf.trainable_variables():
        shape = variable.shape.as_list()
        variable.load(random.normal(0.3 * (len(shape) == 1), 0.3, shape), session)


@pytest.mark.parametrize("flags", KINDS, ids=lambda flags: "_".join(map(str, flags)) or "default")
def test_layers_in_strips_are_the_whole_image(flags, small, small_strips, monkeypatch):
    monkeypatch.setattr(tf.nn, "dropout", lambda x, keep_prob: x)
    config = small(**{"scale_size": 64, **flags})
    image = np.random.default_rng(0).uniform(-1, 1, [64, 96, 3]).astype(np.float32)
    generator = whole.Generator(config)
    wanted = at_once(tf.constant(image[None]), config)
    with sessions.session() as session:
        initialized(session)
        made, wanted = generator.translate(session, image, {}), session.run(wanted)[0]
    np.testing.assert_allclose(made, wanted, atol=2e-5)
    assert wanted.std() > 0.1


def test_a_tile_with_its_own_statistics_differs(small, monkeypatch):
    """Why images are not cut into tiles."""
    monkeypatch.setattr(tf.nn, "dropout", lambda x, keep_prob: x)
    image = np.random.default_rng(0).uniform(-1, 1, [64, 96, 3]).astype(np.float32)
    image[:, 48:] *= 0.2
    generator = whole.Generator(small())
    with sessions.session() as session:
        initialized(session)
        made = generator.translate(session, image, {})
        tile = generator.translate(session, image[:, :64], {})
    assert np.abs(made[:, :64] - tile).mean() > 0.02


def test_any_size_is_translated_and_frames_have_the_same_noise(small):
    with sessions.graph(small()):
        generator = whole.Generator(small(output_nc=1))
        with sessions.session() as session:
            initialized(session)
            image = np.zeros([33, 1, 3])
            made = [generator.translate(session, image, noise.feed(noise.SHOWN)) for _ in range(2)]
            other = generator.translate(session, image, {})
    assert made[0].shape == (33, 1, 1) and np.isfinite(made[0]).all()
    np.testing.assert_array_equal(*made)
    assert (other != made[0]).any()


def test_margins_mirror_the_image():
    image = np.arange(10.0).reshape(5, 2, 1)
    padded, top, left = whole.padded_to(image, 4)
    assert padded.shape == (8, 4, 1) and (top, left) == (1, 1)
    np.testing.assert_array_equal(padded[1:6, 1:3], image)
    np.testing.assert_array_equal(padded[0, 1:3], image[1])


def test_large_layers_are_in_a_file_that_leaves_nothing_behind(small_strips, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    made = whole.room(10, 20, 3)
    made[:] = 7.0
    assert isinstance(made, np.memmap) and made.shape == (10, 20, 3) and made.sum() == 4200
    assert not os.listdir(tmp_path)
