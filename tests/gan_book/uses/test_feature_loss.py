"""The discriminator as the VAE's loss: which weights learn, the features, the loss by hand."""

import json

import numpy as np
import pytest
from conftest import config_of, shapes

import data
from data import feeds
from gan_book import dcgan, tips, vae
from gan_book.evaluation import classifier, sampling
from gan_book.uses import feature_loss
from graphmode import sessions, tf, training
from graphmode.training import run_folder, scalar_log

# Tests that share a run stay in one process.

TIPS = [
    {"discriminator_norm": "none", "pooling": "strided", "minibatch_features": True},
    {"as_published": True},
]


@pytest.fixture(scope="module")
def gans(digits, tmp_path_factory):
    """Folders of DCGANs that trained for one step, one for each of TIPS."""
    folders = []
    for switches in TIPS:
        folder = tmp_path_factory.mktemp("gan") / "run"
        config = config_of(dcgan, folder, max_steps=1, display_freq=0, batch_size=4, **switches)
        with sessions.graph(config):
            training.fit(dcgan.build(config, digits), config)
        folders.append(str(folder))
    return folders


def weights(run):
    """Name -> array, of a run's newest checkpoint."""
    reader = tf.train.load_checkpoint(str(run_folder.find_checkpoint(run)))
    return {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}


def test_only_the_vae_learns_and_the_discriminator_is_the_runs(gans, digits, tmp_path):
    config = config_of(
        feature_loss, tmp_path / "run", max_steps=2, display_freq=0, batch_size=4, gan=gans[0]
    )
    model = feature_loss.build(config, digits)
    trained = set(shapes())
    training.fit(model, config)
    with tf.Graph().as_default():
        tf.set_random_seed(0)
        vae.VAE_CNN()
        assert set(shapes()) == trained
        with sessions.session() as session:
            session.run(tf.global_variables_initializer())
            first = dict(zip(trained, session.run([f"{name}:0" for name in trained])))
    saved, of_the_gan = weights(config.output_dir), weights(gans[0])
    assert {name for name in trained if (saved[name] != first[name]).any()} == trained
    frozen = {name for name in saved if name.startswith("discriminator/")}
    assert len(frozen) == 6
    assert all((saved[name] == of_the_gan[name]).all() for name in frozen)


@pytest.mark.parametrize("n, low", [(0, -1), (1, 0)])
def test_features_are_the_discriminators_own(n, low, gans, digits):
    """They are what the DCGAN's own network gives for pixels in its range."""
    pixels = feeds.flat_pixels(digits.test_images[:8])
    trained = run_folder.trained(dcgan.Config, gans[n])
    layers = feature_loss.hidden_layers(tf.constant(pixels), trained)
    with sessions.session() as session:
        session.run(tf.global_variables_initializer())
        features = session.run(layers)
    tf.reset_default_graph()
    hidden = tips.hidden_layers(dcgan.discriminator, trained)
    own = hidden(tf.constant(low + (1 - low) * pixels))
    with sessions.session() as session:
        sessions.restore(session, trained.checkpoint)
        for layer, expected in zip(features, session.run(own)):
            np.testing.assert_allclose(layer, expected, rtol=1e-5, atol=1e-6)
    assert [layer.ndim for layer in features] == [4, 4, 2]
    assert all(len(layer) == 8 for layer in features)


def test_feature_loss_by_hand(value):
    x = np.random.RandomState(0).randn(6, 2, 2, 3).astype(np.float32)
    layers = [tf.constant(x), tf.constant(x[:, 0, 0])]
    loss = feature_loss.feature_loss
    assert value(loss(layers, layers)) == [0.0, 0.0]
    means = [tf.zeros_like(layer) + tf.reduce_mean(layer, 0) for layer in layers]
    assert value(loss(layers, means)) == [pytest.approx(1.0, rel=1e-5)] * 2
    shifted = [layer + 0.5 for layer in layers]
    expected = [12 * 0.25 / x.var(0).sum(), 3 * 0.25 / x[:, 0, 0].var(0).sum()]
    np.testing.assert_allclose(value(loss(layers, shifted)), expected, rtol=1e-5)
    times = [10 * layer for layer in layers], [10 * layer for layer in shifted]
    np.testing.assert_allclose(value(loss(*times)), expected, rtol=1e-5)


def test_the_loss_is_the_weighted_sum(gans, digits):
    config = config_of(
        feature_loss, max_steps=1, gan=gans[1], feature_weight=30.0, pixel_weight=0.25
    )
    model = feature_loss.build(config, digits)
    with sessions.session() as session:
        session.run(tf.global_variables_initializer())
        scalars = session.run(model.phases[0].updates[0].scalars, model.feed(0))
    terms = [scalars[f"share_of_layer_{n}"] for n in (1, 2, 3)]
    expected = 10.0 * sum(terms) + 0.25 * scalars["generation_loss"] + scalars["latent_loss"]
    assert scalars["loss"] == pytest.approx(expected, rel=1e-5)
    assert all(0.1 < term < 10 for term in terms)


@pytest.mark.parametrize("as_published", [False, True])
def test_without_features_it_is_the_plain_vae(as_published, digits, tmp_path):
    rows = []
    for program, values in ((vae, {}), (feature_loss, {"feature_weight": 0, "pixel_weight": 1})):
        values = {"max_steps": 2, "batch_size": 4, "summary_freq": 1, "display_freq": 0, **values}
        folder = tmp_path / program.__name__
        config = config_of(program, folder, as_published=as_published, **values)
        with sessions.graph(config):
            training.fit(program.build(config, digits), config)
        names = "loss", "generation_loss", "latent_loss"
        rows.append([[float(row[name]) for name in names] for row in scalar_log.read(folder)])
    np.testing.assert_allclose(*rows, rtol=1e-4)
    assert np.shape(rows) == (2, 2, 3)


@pytest.fixture(scope="module")
def trained(gans, digits, tmp_path_factory):
    """The folder of a run from the command line, resumed once, sampled and evaluated."""
    folder = tmp_path_factory.mktemp("feature_loss") / "run"
    quick = {"max_steps": 2, "display_freq": 0, "batch_size": 4, "output_dir": f"{folder}_judge"}
    own = classifier.Config.create(**quick)
    with sessions.graph(own):
        training.fit(classifier.build(own, digits), own)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(data, "load", lambda name, input_dir: digits)
        patch.setattr(sampling, "COUNT", 200)
        run = ["--output_dir", str(folder)]
        weights = ["--feature_weight", "50", "--pixel_weight", "0.5", "--lr", "0.002"]
        flags = ["--data", "digits", "--gan", gans[1], *weights, "--latent_size", "6"]
        feature_loss.main([*run, *flags, "--max_steps", "2", "--batch_size", "4"])
        feature_loss.main([*run, "--resume", "--max_steps", "3"])
        run = ["--checkpoint", str(folder)]
        feature_loss.main([*run, "--mode", "sample", "--count", "7"])
        feature_loss.main([*run, "--mode", "evaluate", "--classifier", own.output_dir])
    return folder


def test_it_resumes_samples_and_evaluates(trained):
    assert run_folder.last_step(trained) == 3
    assert run_folder.stored(trained)[1]["feature_weight"] == 50
    assert np.load(trained / "samples.npz")["images"].shape == (7, 28, 28)
    metrics = json.loads((trained / "metrics.json").read_text())
    assert metrics["samples"] == 200 and all(np.isfinite(number) for number in metrics.values())
    assert 0 <= metrics["active units"] <= 6 and 0 < metrics["test PSNR (dB), decoded from mu"] < 30
    assert metrics["classifier: test accuracy"] < 0.6  # the one that trained for two steps
    assert {file.stem for file in (trained / "figures").iterdir()} == {
        "samples",
        "test_digits_and_reconstructions",
        "nearest_training_digits",
    }


@pytest.fixture(scope="module")
def wrong_runs(tmp_path_factory):
    """A folder with runs that cannot be used, by name."""
    folder = tmp_path_factory.mktemp("wrong")
    with tf.Graph().as_default(), sessions.session() as session:
        session.run(tf.get_variable("alone", []).initializer)
        for name, program, norm in (
            ("of_the_cae", "gan_book.cae", "none"),
            ("mismatch", "gan_book.dcgan", "none"),
            ("normed", "gan_book.dcgan", "batch"),
        ):
            target = str(folder / name / "model.ckpt")
            tf.train.Saver().save(session, target, 2, write_meta_graph=False)
            stored = {"program": program, "config": {"discriminator_norm": norm}}
            (folder / name / "config.json").write_text(json.dumps(stored))
    return folder


@pytest.mark.parametrize(
    "flags, message",
    [
        ([], "--gan is missing"),
        (["--gan", "nowhere"], "--gan nowhere does not exist"),
        (["--gan", "of_the_cae"], "of_the_cae holds a run of gan_book.cae, not of gan_book.dcgan"),
        (["--gan", "mismatch"], "does not fit this discriminator: "),
        (["--gan", "normed"], "normed: its discriminator has batch norm"),
        (["--batch_size", "1"], "--batch_size '1' is not a whole number (at least 2)"),
    ],
)
def test_a_wrong_run_is_one_line(flags, message, wrong_runs, digits, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(wrong_runs)
    monkeypatch.setattr(data, "load", lambda name, input_dir: digits)
    with pytest.raises(SystemExit) as end:
        feature_loss.main(["--output_dir", str(tmp_path / "run"), "--max_steps", "1", *flags])
    error = capsys.readouterr().err
    assert end.value.code == 2 and message in error and error.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_a_run_of_the_programs_former_name_is_read(trained, tmp_path, monkeypatch, digits):
    """Its config.json has the former names of the program and of a flag."""
    before = json.loads((trained / "config.json").read_text())
    before["program"] = "gan_book.feature_loss"
    before["config"]["judge"] = before["config"].pop("classifier")
    (tmp_path / "config.json").write_text(json.dumps(before))
    for file in trained.glob("model.ckpt-3.*"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    config = run_folder.trained(feature_loss.Config, tmp_path)
    assert config.feature_weight == 50 and config.latent_size == 6 and config.classifier == ""
    monkeypatch.setattr(data, "load", lambda name, input_dir: digits)
    feature_loss.main(["--mode", "sample", "--checkpoint", str(tmp_path), "--count", "7"])
    images = [np.load(folder / "samples.npz")["images"] for folder in (tmp_path, trained)]
    np.testing.assert_array_equal(*images)
