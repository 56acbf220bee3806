"""How translations are compared with their targets."""

import numpy as np
import pytest
import skimage.color

from data.drawn import facades
from pix2pix import inputs, metrics
from pix2pix.config import Config


def test_similarity_of_known_images():
    target = np.zeros([16, 16, 3])
    target[:, 8:] = 1.0
    same = metrics.similarity(target, target)
    assert (same["L1"], same["SSIM"], same["PSNR"]) == (0.0, pytest.approx(1.0), 100.0)
    # One of fifteen differences along each row, none along the columns
    assert same["sharpness"] == pytest.approx(1 / 30)
    off = metrics.similarity(np.abs(target - 0.1), target)
    assert off["L1"] == pytest.approx(0.1) and off["PSNR"] == pytest.approx(20.0)


def test_gray_has_the_lightness_of_the_image():
    with metrics.colors() as colors:
        photo = facades.draw(40, 3)[0] / np.float32(255)
        gray = colors.gray(photo)
        assert colors.difference(photo, photo) < 1e-3
        made, wanted = skimage.color.rgb2lab(gray), skimage.color.rgb2lab(photo)
        np.testing.assert_allclose(made[..., 0], wanted[..., 0], atol=0.05)
        assert np.abs(made[..., 1:]).max() < 0.05
        distance = np.linalg.norm(wanted[..., 1:], axis=2).mean()
        assert colors.difference(gray, photo) == pytest.approx(distance, abs=0.05)


def test_the_mean_training_target_is_that_of_the_run(trained, pairs_folder):
    config = Config(
        mode="test",
        checkpoint=str(trained / "model.ckpt-4"),
        which_direction="BtoA",
        crop_size=32,
        scale_size=36,
    )
    paths = [pairs_folder / "train" / f"{number}.png" for number in range(9, 15)]
    photos = [parts[0] for parts in inputs.prepared(paths, config)]
    np.testing.assert_allclose(metrics.mean_target(config), np.mean(photos, 0), atol=1e-6)


def test_the_mean_training_target_of_an_unknown_run_is_missing(tmp_path):
    assert metrics.mean_target(Config(checkpoint=str(tmp_path / "model-7"))) is None


def test_means_and_counts():
    right, wrong = np.diag([2, 1] + 10 * [0]), np.zeros([12, 12], int)
    wrong[0, 1] = 1
    means = metrics.means({"L1, output": [0.25, 0.75], "target": [right, wrong]})
    assert means["L1, output"] == 0.5 and means["images with targets"] == 2
    assert means["per-pixel accuracy, target"] == pytest.approx(3 / 4)
    assert metrics.means({}) == {}
