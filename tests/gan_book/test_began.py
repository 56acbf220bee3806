"""The BEGAN: the balance by hand, its networks for every size, digits and faces."""

import json

import numpy as np
import pytest
from conftest import config_of, moved, shapes
from layer_table import layer_table
from PIL import Image

from gan_book import began, inputs
from gan_book.evaluation import self_supervised
from graphmode import sessions, tf, variables
from graphmode.errors import InputError


def test_k_and_measure_by_hand(value):
    """gamma 0.5, lambda 0.01; k stays in [0, 1]."""
    k, real, fake = [0.2, 0.2, 0.0, 1.0], [0.5, 0.2, 0.2, 0.5], [0.1, 0.4, 0.4, 0.1]
    k_after, measure = value(began.balance(*map(tf.constant, (k, real, fake)), 0.5, 0.01))
    assert k_after == pytest.approx([0.2 + 0.01 * 0.15, 0.2 - 0.01 * 0.3, 0.0, 1.0], abs=1e-6)
    assert measure == pytest.approx([0.65, 0.5, 0.5, 0.65])


def test_discriminator_generator_and_k_move_in_turn(digits):
    """The update of k has the flags, and the losses of its batch."""
    config = config_of(began, max_steps=1, batch_size=8, filters=2, gamma=0.7, lambda_k=0.5)
    model = began.build(config, digits)
    update = model.phases[0].updates[2]
    with sessions.session() as session:
        session.run(tf.global_variables_initializer())
        k, scalars = session.run([update.op, dict(update.scalars)], model.feed(0))
    lead = 0.7 * scalars["real_loss"] - scalars["fake_loss"]
    assert k == pytest.approx(np.clip(0.5 * lead, 0, 1), abs=1e-6) and k > 0
    assert scalars["measure"] == pytest.approx(scalars["real_loss"] + abs(lead), rel=1e-5)
    groups = [
        variables.trainable("discriminator"),
        variables.trainable("generator"),
        [v for v in tf.global_variables() if v.op.name == "k"],
    ]
    assert moved(model, groups) == [
        [True, False, False],
        [False, True, False],
        [False, False, True],
    ]


def conv(filters, stride=1):
    return ("conv", filters, 3, stride, "SAME")


def test_networks_of_digits_are_the_papers():
    """Pairs of 3x3 convolutions, more filters with each level; generator and decoder are alike."""
    config = config_of(began, filters=4)
    began.discriminator(began.generator(tf.zeros([2, 64]), config), config)
    decoder = [("dense", 196), *3 * [conv(4), "Elu", conv(4), "Elu"], conv(1)]
    encoder = [
        *(conv(4), "Elu"),
        *(conv(4), "Elu", conv(8, 2), "Elu"),
        *(conv(8), "Elu", conv(12, 2), "Elu"),
        *(conv(12), "Elu", conv(12), "Elu"),
        ("dense", 64),
    ]
    assert layer_table("generator") == decoder
    # The first tensor is concatenated at each level, which has twice as many inputs therefore.
    kernels = [s for name, s in shapes().items() if name.startswith("generator") and len(s) == 4]
    assert [shape[2] for shape in kernels] == [4, 4, 8, 4, 8, 4, 4]
    assert layer_table("discriminator") == encoder + decoder


def test_there_is_no_published_began():
    with pytest.raises(InputError, match="--as_published: the text has no code for BEGAN"):
        began.Config.create(as_published=True).check()


@pytest.mark.parametrize("size, doublings", [(28, 2), (32, 2), (128, 4)])
def test_images_of_every_size(size, doublings):
    """From 8x8, or 7x7 for digits, doubled; the encoder halves as often."""
    of_faces = size > 28
    config = config_of(began, filters=2, **({"data": "faces", "size": size} if of_faces else {}))
    assert inputs.levels(size) == (doublings, 8 if of_faces else 7)
    images = began.generator(tf.zeros([2, 64]), config)
    reconstructions = began.discriminator(images, config)
    expected = [2, size, size, 3 if of_faces else 1]
    assert images.shape.as_list() == reconstructions.shape.as_list() == expected
    side = size >> doublings
    code = shapes()["discriminator/dense/kernel"]
    assert code == (side**2 * 2 * (doublings + 1), 64)


def test_doubling_is_nearest_neighbor(value):
    x = np.arange(12, dtype=np.float32).reshape(1, 2, 3, 2)
    result = value(began.doubled(tf.constant(x)))
    np.testing.assert_array_equal(result, x.repeat(2, 1).repeat(2, 2))


@pytest.mark.slow
def test_trains_on_faces_and_reconstructs_held_out_ones(tmp_path, monkeypatch):
    monkeypatch.setattr(inputs, "TRAIN_COUNT", 24)
    monkeypatch.setattr(inputs, "TEST_COUNT", 6)
    monkeypatch.setattr(self_supervised, "STEPS", 2)
    run = str(tmp_path / "run")
    flags = ["--data", "faces", "--max_steps", "2", "--batch_size", "4", "--filters", "2"]
    began.main([*flags, "--output_dir", run])
    began.main(["--mode", "evaluate", "--checkpoint", run])
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert metrics["real test images"] == 6 and 0 < metrics["real test images: L(x)"] < 2
    assert metrics["samples"] == 24 and metrics["samples: Frechet distance"] > 0
    assert (tmp_path / "run" / "samples" / "reconstructions-00000002.png").exists()
    began.main(["--mode", "sample", "--checkpoint", run, "--count", "3"])
    assert np.load(tmp_path / "run" / "samples.npz")["images"].shape == (3, 32, 32, 3)


@pytest.mark.parametrize("crop, darkest", [(32, 1.0), (0, 0.0)])
def test_crop_takes_the_middle_of_each_face(crop, darkest, tmp_path):
    """Files with a white middle of 32x32 pixels in a black frame."""
    pixels = np.zeros([96, 96, 3], np.uint8)
    pixels[32:64, 32:64] = 255
    for number in range(12):
        Image.fromarray(pixels).save(tmp_path / f"{number}.png")
    config = config_of(began, data="faces", input_dir=str(tmp_path), crop=crop, batch_size=4)
    images = inputs.load(config)[1].train_images
    assert images.shape[1:] == (32, 32, 3) and images.min() == pytest.approx(255 * darkest, abs=4)


def test_a_run_of_faces_that_is_older_than_the_flag_for_colors():
    """Its config.json has neither channels nor mirror, and the size also for digits."""
    faces = began.Config(data="faces", size=64)
    assert faces.shape == (64, 64, 3) and faces.mirrored
    digits = began.Config(data="mnist", size=32)
    assert digits.shape == (28, 28, 1) and not digits.mirrored


def test_a_size_that_is_no_doubling_is_refused(tmp_path, capsys):
    flags = ["--data", "faces", "--size", "50", "--output_dir", str(tmp_path / "run")]
    with pytest.raises(SystemExit) as end:
        began.main(flags)
    error = capsys.readouterr().err
    assert end.value.code == 2 and error.count("\n") == 1
    assert "--size 50: use 16 to 128 pixels, a multiple of 4 up to 32, of 8" in error
