"""The network that reads labels from facades."""

import numpy as np
import pytest

from graphmode import tf
from graphmode.training import scalar_log
from pix2pix import segmentation

SIZES = ["--crop_size", "32", "--scale_size", "32"]


@pytest.fixture(scope="module")
def network(pairs_folder, tmp_path_factory):
    """A run of 80 steps."""
    run = tmp_path_factory.mktemp("segmentation")
    given = ["--input_dir", str(pairs_folder / "train"), "--output_dir", str(run)]
    steps = ["--max_steps", "80", "--summary_freq", "10"]
    segmentation.main([*given, *SIZES, *steps, "--width", "8", "--lr", "0.005"])
    return run


def test_it_learns_the_labels(network):
    first, last = scalar_log.read(network)[0], scalar_log.read(network)[-1]
    assert float(last["accuracy"]) > 0.6 and float(last["loss"]) < float(first["loss"])


def test_it_reads_labels_from_photographs_and_not_from_noise(
    network, trained, translate, pairs_folder, metrics
):
    """--segmentation: the generator of four steps paints noise."""
    made = metrics(translate(pairs_folder / "train", "--segmentation", network))
    for score in segmentation.SCORES:
        assert made[f"{score}, target"] > made[f"{score}, output"]
    assert made["per-pixel accuracy, target"] > 0.55


def test_a_network_of_another_size_is_refused(network, pairs_folder, tmp_path, flags, refused):
    sizes = ["--crop_size", 64, "--scale_size", 64]
    given = ["--input_dir", pairs_folder / "train", "--output_dir", tmp_path / "run"]
    line = refused(*flags, *sizes, *given, "--segmentation", network)
    assert "was trained on images of 32 x 32 pixels, but translations have 64 x 64" in line


@pytest.mark.parametrize("wrong", [["--which_direction", "AtoB"], ["--lab_colorization"]])
def test_only_photographs_made_from_labels_can_be_read(network, wrong, tmp_path, flags, refused):
    given = [*flags, *wrong, "--segmentation", network, "--output_dir", tmp_path / "run"]
    assert "--which_direction BtoA" in refused(*given)


def test_scores_of_known_labels():
    true, read = np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1])
    counts = segmentation.confusion(read, true)
    assert (counts[0, 0], counts[0, 1], counts[1, 1], counts.sum()) == (2, 1, 1, 4)
    pixels, classes, union = segmentation.scores(counts)
    assert pixels == pytest.approx(3 / 4)
    assert classes == pytest.approx((2 / 3 + 1) / 2)
    assert union == pytest.approx((2 / 3 + 1 / 2) / 2)


def test_colors_are_read_as_the_nearest_label(value):
    noise = np.random.default_rng(0).normal(0, 0.02, segmentation.COLORS.shape)
    near = np.clip(segmentation.COLORS + noise, 0, 1)
    labels = value(segmentation.read_labels(tf.constant(near, tf.float32)))
    assert labels.tolist() == list(range(12))
