"""The programs on a folder of one's own images, from training to evaluation."""

import dataclasses
import functools
import html
import json

import numpy as np
import pytest
from PIL import Image

import data
from data.drawn import digits as drawn_digits
from gan_book import began, cae, cgan, dcgan, gan, inputs, vae, wgan
from gan_book.evaluation import classifier, features, latent_figures, self_supervised
from gan_book.uses import few_labels
from graphmode import sessions, tf
from graphmode.errors import InputError

COLORS = {"blue": (0, 0, 255), "red": (255, 0, 0)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Red and blue images with noise in two folders."""
    made, random = tmp_path_factory.mktemp("images"), np.random.default_rng(0)
    for name, color in COLORS.items():
        (made / name).mkdir()
        for number in range(24):
            pixels = random.integers(100, size=[20, 24, 3]) + np.array(color) // 2
            Image.fromarray(pixels.astype(np.uint8)).save(made / name / f"{number}.png")
    return made


@pytest.fixture(scope="module", autouse=True)
def briefly():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(classifier, "STEPS", 30)
        patch.setattr(self_supervised, "STEPS", 2)
        patch.setattr(latent_figures, "VIEWS", 2)
        yield


FLAGS = ["--size", "16", "--batch_size", "8", "--max_steps", "1", "--count", "6"]
FLAGS += ["--display_freq", "0"]
SMALL = {
    gan: [],
    cgan: [],
    began: ["--filters", "2"],
    cae: ["--channels", "1", "--latent_size", "2"],
    vae: ["--latent_size", "3", "--importance_images", "2", "--importance_samples", "3"],
}


@pytest.fixture(scope="module")
def train(folder, tmp_path_factory):
    """A function of a program that trains it once for one step and returns the run."""

    @functools.lru_cache(maxsize=None)
    def trained(program):
        run = tmp_path_factory.mktemp("own") / "run"
        flags = ["--input_dir", str(folder), "--output_dir", str(run), *FLAGS, *SMALL[program]]
        program.main(flags)
        return run

    return trained


def cases():
    """The CGAN and the VAE cover most; the others are slow tests."""
    for program in SMALL:
        marks = () if program in (cgan, vae) else pytest.mark.slow
        yield pytest.param(program, id=program.__name__.split(".")[1], marks=marks)


@pytest.mark.parametrize("program", list(cases()))
def test_trains_samples_and_evaluates(program, train):
    run = train(program)
    config = json.loads((run / "config.json").read_text())["config"]
    channels = 1 if program is cae else 3
    assert (config["data"], config["size"], config["channels"]) == ("folder", 16, channels)
    assert config["classes"] == "blue/red"
    program.main(["--mode", "sample", "--checkpoint", str(run)])
    saved = np.load(run / "samples.npz")
    count = len(saved["images"])  # the autoencoder has as many as there are held-out images
    assert saved["images"].shape[1:] == (16, 16, 3)[: 2 + (channels == 3)]
    assert len(saved["codes"]) == count > 0 and ("labels" in saved) == (program in (cae, cgan))
    if program not in (cae, vae):
        program.main(["--mode", "evaluate", "--checkpoint", str(run)])
    metrics = json.loads((run / "metrics.json").read_text())
    assert all(np.isfinite(number) for number in metrics.values())
    assert all(name in html.unescape((run / "report.html").read_text()) for name in metrics)
    if program in (gan, cgan):
        assert metrics["classifier: test accuracy"] == 1.0
        assert metrics["real test images: classes covered"] == 2
        assert ("samples: classified as the requested class" in metrics) == (program is cgan)
    if program is vae:
        bound = metrics["negative test ELBO (bits per dimension)"]
        nats = -metrics["test ELBO (nats per image)"]
        assert bound == pytest.approx(nats / (768 * np.log(2)) + 8)
        single = metrics["Gaussian of the data, independent pixels (bits per dimension)"]
        assert 5 < single < 8  # noise of 100 of 256 levels, and two values of two channels
        with Image.open(run / "figures" / "latent_space.png") as turning:
            assert turning.n_frames == 2
        with Image.open(run / "figures" / "traversals.png") as grid:
            assert grid.size == (2 * (11 * 17 - 1), 2 * (3 * 17 - 1))


def test_a_class_is_asked_for_by_its_name(train, capsys):
    run, sampled = train(cgan), {}
    for flags in (["--label", "red"], ["--label", "blue"]):
        cgan.main(["--mode", "sample", "--checkpoint", str(run), *flags])
        sampled[flags[1]] = np.load(run / "samples.npz")
    assert sampled["red"]["labels"].tolist() == [1] * 6
    assert (sampled["red"]["images"] != sampled["blue"]["images"]).any((1, 2, 3)).all()
    with pytest.raises(SystemExit):
        cgan.main(["--mode", "sample", "--checkpoint", str(run), "--label", "green"])
    assert "--label 'green' is not one of blue, red" in capsys.readouterr().err
    config = cgan.Config(data="folder", channels=3, classes="blue/red", digit=1)
    assert config.wanted() == 1
    with pytest.raises(InputError, match="--digit 2: use 0 to 1"):
        config.replace(digit=2).wanted()


def test_the_folder_decides_what_data_means(folder, tmp_path):
    config = dcgan.Config.create(input_dir=str(folder))
    assert config.data == "folder" and config.shape == (64, 64, 3)
    (tmp_path / "train-images-idx3-ubyte").touch()
    assert dcgan.Config.create(input_dir=str(tmp_path)).data == "mnist"
    assert vae.Config.create(input_dir=str(folder)).likelihood == "gaussian"
    assert vae.Config.create(data="mnist").likelihood == "bernoulli"
    with pytest.raises(InputError, match="--size 64: the images of --data mnist have their own"):
        gan.Config.create(data="mnist", size=64)
    with pytest.raises(InputError, match="--data folder needs --input_dir"):
        gan.Config.create(data="folder")


def test_the_text_as_published_is_for_its_images(folder):
    with pytest.raises(InputError, match="--as_published is for gray images of 28x28 pixels"):
        vae.Config.create(input_dir=str(folder), as_published=True)


def test_training_images_are_mirrored(folder):
    config = gan.Config.create(input_dir=str(folder), size=16, batch_size=12)
    config, examples = inputs.load(config)

    def batch(mirror):
        with tf.Graph().as_default():
            model = gan.build(config.replace(mirror=mirror), examples)
            assert model.images["samples"].shape == (100, 16, 16, 3)
            return next(iter(model.feed(0).values())).reshape(-1, 16, 16, 3)

    straight, mirrored = batch(False), batch(True)
    turned = [(a == b[:, ::-1]).all() for a, b in zip(mirrored, straight, strict=True)]
    same = [(a == b).all() for a, b in zip(mirrored, straight, strict=True)]
    assert 0 < sum(turned) < 12 and [not each for each in turned] == same


def test_ten_classes_of_small_gray_images_in_folders_have_a_classifier_of_their_own(monkeypatch):
    """They look like MNIST, but a folder has no size of its own."""
    asked = []
    monkeypatch.setattr(classifier.cached, "run", lambda *_, **values: asked.append(values))
    digits = drawn_digits.load(train=20, test=10)
    for name in ("digits", "folder"):
        config = classifier.Config(data=name, size=28, channels=1, classes="/".join("0123456789"))
        classifier._in_cache(config, digits)
        assert classifier.Config(**asked[-1]).shape == (28, 28, 1)
    assert asked[0] == {"data": "digits"} and asked[1]["batch_size"] == 20


def test_features_of_a_saved_model(folder, tmp_path):
    """The means of the channels of images that it wants as RGB of 8x8 pixels."""
    target = tmp_path / "model"
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [None, 8, 8, 3])
        weight = tf.Variable(2.0, name="weight")
        ends = ({"images": x}, {"features": weight * tf.reshape(x, [-1, 4, 4, 12])})
        with sessions.session() as session:
            session.run(tf.global_variables_initializer())
            tf.train.Saver().save(session, str(tmp_path / "model.ckpt"))
        sessions.export(str(tmp_path / "model.ckpt"), target, {"features": ends})
    images = np.full([3, 16, 16], 51, np.uint8)
    with features.saved_model(str(target), (16, 16, 1)) as measure:
        np.testing.assert_allclose(measure(images), np.full([3, 12], 0.4), rtol=1e-5)
    with pytest.raises(InputError, match="is no SavedModel to serve"):
        with features.saved_model(str(folder), (16, 16, 1)):
            pass


def test_self_supervised_images_are_changed_as_the_labels_say():
    image = np.arange(16.0).reshape(1, 4, 4, 1)
    same, mirrored, swapped = self_supervised.changed(
        np.repeat(image, 3, 0), [0, 4, 0], [0, 0, len(self_supervised.ORDERS) - 1]
    )
    np.testing.assert_array_equal(same, image[0])
    np.testing.assert_array_equal(mirrored, image[0, :, ::-1])
    np.testing.assert_array_equal(swapped[:2, :2], image[0, 2:, 2:])


def test_few_labels_of_the_folders(folder):
    config, examples = inputs.load(few_labels.Config.create(input_dir=str(folder), size=16))
    few = data.few(examples, 6)
    assert few.train_labels.tolist() == [0, 0, 0, 1, 1, 1]
    encoder = few_labels.encoder_of(config)
    model, x, logits = few_labels.build(config, encoder, few.train_images, few.train_labels)
    assert x.shape.as_list() == [None, 768] and logits.shape.as_list() == [None, 2]
    assert model.feed(0)[x].shape == (6, 768)


@pytest.mark.slow
def test_the_critic_sees_images_of_the_folder(folder):
    config = wgan.Config.create(input_dir=str(folder), size=16, batch_size=4, gradient_penalty=True)
    model = wgan.build(*inputs.load(config))
    assert model.images["samples"].shape == (100, 16, 16, 3)
    assert next(iter(model.feed(0).values())).shape == (4, 768)


def test_programs_share_the_flags_for_images():
    for program in (cae, vae, gan, dcgan, wgan, began, cgan):
        names = {field.name for field in dataclasses.fields(program.Config)}
        assert {"data", "size", "channels", "crop", "mirror", "classes"} <= names
