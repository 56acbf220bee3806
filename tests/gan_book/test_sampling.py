"""How samples are evaluated: metrics of known samples, and a curve of training beside them."""

import contextlib

import numpy as np
import pytest
from conftest import config_of

from data import feeds
from data.drawn import digits as drawn_digits
from gan_book import gan
from gan_book.evaluation import classifier, sampling
from graphmode import errors, tf, training
from graphmode.errors import InputError
from graphmode.report import scores
from graphmode.training import run_folder


def test_noise_of_sampling_is_that_of_training():
    noise = sampling.noise(config_of(gan, seed=3), 700)
    assert noise.shape == (700, 100) and -1 <= noise.min() < -0.99 and 0.99 < noise.max() <= 1
    assert abs(noise.std() - 1 / 3**0.5) < 0.01  # uniform, not normal
    np.testing.assert_array_equal(noise[:5], sampling.noise(config_of(gan, seed=3), 5))
    assert (noise != sampling.noise(config_of(gan, seed=4), 700)).all()


@pytest.fixture(scope="module")
def larger():
    return drawn_digits.load(train=3200, test=400, seed=5)


@pytest.fixture(scope="module")
def trained(larger, tmp_path_factory):
    """A classifier of the digits, and one that is hardly trained: paths of their runs."""
    folders = []
    for steps in (125, 2):
        folder = tmp_path_factory.mktemp("classifier") / "run"
        own = config_of(classifier, folder, max_steps=steps, display_freq=0)
        with tf.Graph().as_default():
            tf.set_random_seed(0)
            training.fit(classifier.build(own, larger), own)
        folders.append(str(folder))
    return folders


def test_classifier_classifies_drawn_digits(larger, trained):
    with classifier.trained(config_of(gan, classifier=trained[0]), larger) as classify:
        probabilities, features = classify(larger.test_images)
        floats = feeds.flat_pixels(larger.test_images).reshape(-1, 28, 28, 1)
        again, _ = classify(floats)
    assert np.mean(probabilities.argmax(1) == larger.test_labels) > 0.95
    assert features.shape == (400, 128)
    np.testing.assert_allclose(probabilities, again, atol=1e-6)


def test_the_flag_chooses_the_classifier(larger, trained):
    with classifier.trained(config_of(gan, classifier=trained[1]), larger) as classify:
        assert np.mean(classify(larger.test_images)[0].argmax(1) == larger.test_labels) < 0.6
    with pytest.raises(InputError, match="nowhere is neither the folder of a run"):
        with classifier.trained(config_of(gan, classifier="nowhere"), larger):
            pass


def test_without_the_flag_one_is_trained_and_kept(digits, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))  # other tests may have trained one
    monkeypatch.setattr(classifier, "Config", lambda **v: CONFIG(**v, max_epochs=1))
    for message in ("training one", ""):
        with classifier.trained(config_of(gan), digits) as classify:
            assert classify(digits.test_images[:3])[0].shape == (3, 10)
        error = capsys.readouterr().err
        assert message in error and bool(error) == bool(message)


CONFIG = classifier.Config


def test_the_training_of_a_classifier_goes_on_where_it_was_stopped(
    digits, capsys, monkeypatch, tmp_path
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(classifier, "Config", lambda **v: CONFIG(**v, max_steps=3))
    fit, asked = training.fit, []

    def stopped(model, config):
        fit(model._replace(phases=[model.phases[0]._replace(steps=2)]), config)
        raise errors.Stopped(143, "stopped at step 2 of 3")

    def seen(model, config):
        asked.append(config)
        fit(model, config)

    monkeypatch.setattr(training, "fit", stopped)
    with pytest.raises(errors.Stopped), classifier.trained(config_of(gan), digits):
        pass
    monkeypatch.setattr(training, "fit", seen)
    with classifier.trained(config_of(gan), digits):
        pass
    [config] = asked
    assert config.resume and not config.overwrite
    [folder] = (tmp_path / "graphmode-gans").glob("classifier-*")
    assert run_folder.last_step(folder) == 3


def test_metrics_of_known_samples(larger, trained, tmp_path):
    """The samples are test digits without the threes; the requested labels are wrong once."""
    config = config_of(gan, tmp_path, classifier=trained[0])
    kept = larger.test_labels != 3
    samples, labels = larger.test_images[kept] / np.float32(255), larger.test_labels[kept].copy()
    with classifier.trained(config, larger) as classify:
        probabilities, _ = classify(larger.test_images)
    correct = probabilities.argmax(1)[kept] == labels
    first = np.flatnonzero(correct)[0]
    labels[first] = (labels[first] + 1) % 10
    metrics = sampling.evaluate_samples(samples[..., None], larger, config, labels)
    assert metrics["samples"] == kept.sum()
    assert metrics["samples: digits covered"] == 9
    assert metrics["real test digits: digits covered"] == 10
    assert metrics["samples: fraction of the rarest digit"] < 0.01
    certain = probabilities.max(1) > 0.9
    counts = np.bincount(probabilities.argmax(1)[certain], minlength=10)
    expected = {
        "classified with p over 0.9": certain.mean(),
        "fraction of the rarest digit": counts.min() / 400,
        "fraction of the most common digit": counts.max() / 400,
    }
    real = {name: metrics[f"real test digits: {name}"] for name in expected}
    assert real == pytest.approx(expected)
    accuracy = (correct.sum() - 1) / len(labels)
    assert metrics["samples: classified as the requested digit"] == pytest.approx(accuracy)
    distance = metrics["samples: Frechet distance"]
    assert distance > metrics["real training digits: Frechet distance"] > 0
    assert (tmp_path / "figures" / "nearest_training_digits.png").stat().st_size > 1000


def test_coverage_by_hand():
    """Of 200 images 2 certain ones (1 %) cover a digit; 1, or 50 with p = 0.9, do not."""
    classes = np.repeat([0, 1, 2, 3], [147, 2, 1, 50])
    probabilities = np.eye(10)[classes] * np.where(classes == 3, 0.9, 0.95)[:, None]
    assert sampling._certainty("x", probabilities) == {
        "x: digits covered": 2,
        "x: classified with p over 0.9": 0.75,
        "x: fraction of the rarest digit": 0.0,
        "x: fraction of the most common digit": 147 / 200,
    }


def test_copies_of_training_digits_are_recognized(digits, tmp_path):
    """Their distance to the nearest training digit is 0."""
    samples = feeds.flat_pixels(digits.train_images[:50]).reshape(-1, 28, 28, 1)
    metrics = sampling._nearest_training_images(samples, digits, config_of(gan, tmp_path))
    assert metrics["samples: distance to the nearest training digit"] < 0.01
    assert metrics["real test digits: distance to the nearest training digit"] > 1


@pytest.fixture
def run(digits, tmp_path, monkeypatch):
    """A run with checkpoints at 10, 20 and 30 whose samples get closer to real digits."""

    @contextlib.contextmanager
    def features(config, digits):
        yield lambda x: (None, x.reshape(len(x), -1)[:, 300:500:40].astype(float))

    monkeypatch.setattr(classifier, "trained", features)
    for step in (10, 20, 30):
        (tmp_path / f"model.ckpt-{step}.index").write_text("")
        (tmp_path / f"model.ckpt-{step}.data-0").write_text("")

    def generate(config, count):
        step = int(config.checkpoint.rsplit("-", 1)[1])
        return digits.test_images[:count, ..., None] + 1000.0 / step

    def follow(*rows, **values):
        lines = [f"{step},train,{value}\n" for step, value in rows]
        (tmp_path / "scalars.csv").write_text("step,phase,loss\n" + "".join(lines))
        config = config_of(gan, tmp_path, **values)
        return sampling.follow("loss", generate, digits, config)

    return follow


@pytest.mark.parametrize(
    "rows, flags, correlation",
    [
        ([(10, 9), (15, 5), (20, 4), (30, 1)], {}, 1.0),
        ([(10, 1), (15, 3), (20, 4), (30, 9)], {}, -1.0),
        # Step 5 belongs to a checkpoint that is not kept, so it does not count for step 10.
        ([(5, 9), (10, 1), (20, 3), (30, 4)], {"save_freq": 5}, -1.0),
    ],
)
def test_a_curve_beside_the_samples_of_each_checkpoint(rows, flags, correlation, run, tmp_path):
    assert run(*rows, **flags) == {
        "rank correlation of loss and Frechet distance": pytest.approx(correlation),
        "checkpoints compared": 3,
    }
    assert (tmp_path / "figures" / "loss_and_frechet_distance.png").exists()


def test_two_checkpoints_show_nothing(run):
    assert run((20, 4), (30, 1)) == {}


def test_nearest_neighbors_by_hand():
    known = np.float32([[3, 0], [3, 5], [0, 2]])
    distances, indices = scores.nearest(np.float32([[0, 0], [3, 4]]), known)
    np.testing.assert_allclose(distances, [2, 1], rtol=1e-5)
    assert list(indices) == [2, 1]


def test_rank_correlation_by_hand():
    assert scores.rank_correlation([3, 1, 2], [9.0, 0.1, 5.0]) == pytest.approx(1.0)
    assert scores.rank_correlation([1, 2, 3, 4], [5, 4, 3, -9]) == pytest.approx(-1.0)
    # 1 - 6 * 4 / (4 * 15)
    assert scores.rank_correlation([1, 2, 3, 4], [2, 1, 4, 3]) == pytest.approx(0.6)
