"""Two uses: the discriminator as the VAE's loss function, and compression by the autoencoder."""

import csv
import io
import json
import math
import zlib

import numpy as np
import pytest

import data
from conftest import config_of, shapes
from gan_book import cae, compression, dcgan, feature_loss, metrics, tips, vae
from graphmode import cli, runs, sessions, tf, training

STRIDED = dict(discriminator_batch_norm=False, pooling="strided", minibatch_features=True)
PLAIN = dict(discriminator_batch_norm=False, pooling="max")
SWITCHES = [PLAIN, STRIDED, dict(as_published=True, **PLAIN)]


@pytest.fixture(scope="module")
def gans(digits, tmp_path_factory):
    """A run of the DCGAN, two steps long, for each of SWITCHES."""
    folders = []
    for switches in SWITCHES:
        folder = tmp_path_factory.mktemp("gan") / "run"
        with tf.Graph().as_default():
            config = config_of(dcgan, folder, max_steps=2, display_freq=0, batch_size=16, **switches)
            training.fit(dcgan.build(config, digits), config)
        folders.append(str(folder))
    return folders


def weights(run):
    reader = tf.train.load_checkpoint(str(runs.find_checkpoint(run)))
    return {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}


@pytest.mark.parametrize("n", range(len(SWITCHES)))
def test_only_the_vae_learns_and_the_discriminator_is_the_runs(n, gans, digits, tmp_path):
    config = config_of(feature_loss, tmp_path / "run", max_steps=2, display_freq=0, batch_size=16, gan=gans[n])
    model = feature_loss.build(config, digits)
    trained = set(shapes())
    training.fit(model, config)
    with tf.Graph().as_default():
        tf.set_random_seed(0)
        vae.VAE_CNN()
        assert set(shapes()) == trained
        with sessions.session() as session:
            session.run(tf.global_variables_initializer())
            first = dict(zip(trained, session.run([name + ":0" for name in trained])))
    saved, of_the_gan = weights(config.output_dir), weights(gans[n])
    assert {name for name in trained if (saved[name] != first[name]).any()} == trained
    frozen = {name for name in saved if name.startswith("discriminator/")}
    assert len(frozen) == 6 and all((saved[name] == of_the_gan[name]).all() for name in frozen)


@pytest.mark.parametrize("n, low", [(0, -1), (1, -1), (2, 0)])
def test_features_are_the_discriminators_own(n, low, gans, digits):
    """They are what the DCGAN's own network gives for pixels in its range."""
    pixels = data.batches.flat_pixels(digits.test_images[:8])
    gan = cli.saved("gan_book.dcgan", dcgan.Config, gans[n])
    layers = feature_loss.hidden_layers(tf.constant(pixels), gan)
    with sessions.session() as session:
        session.run(tf.global_variables_initializer())
        found = session.run(layers)
    tf.reset_default_graph()
    with tf.variable_scope("discriminator"):
        own = dcgan.hidden_layers(tf.constant(low + (1 - low) * pixels), tips.Tips.of(gan))
    with sessions.session() as session:
        sessions.restore(session, gan.checkpoint)
        for layer, expected in zip(found, session.run(own)):
            np.testing.assert_allclose(layer, expected, rtol=1e-5, atol=1e-6)
    assert [layer.ndim for layer in found] == [4, 4, 2] and all(len(layer) == 8 for layer in found)


def test_feature_loss_by_hand(value):
    x = np.random.RandomState(0).randn(6, 2, 2, 3).astype(np.float32)
    layers = [tf.constant(x), tf.constant(x[:, 0, 0])]
    assert value(feature_loss.feature_loss(layers, layers)) == [0.0, 0.0]
    means = [tf.zeros_like(layer) + tf.reduce_mean(layer, 0) for layer in layers]
    assert value(feature_loss.feature_loss(layers, means)) == [pytest.approx(1.0, rel=1e-5)] * 2
    shifted = [layer + 0.5 for layer in layers]
    expected = [12 * 0.25 / x.var(0).sum(), 3 * 0.25 / x[:, 0, 0].var(0).sum()]
    np.testing.assert_allclose(value(feature_loss.feature_loss(layers, shifted)), expected, rtol=1e-5)
    times = [10 * layer for layer in layers], [10 * layer for layer in shifted]
    np.testing.assert_allclose(value(feature_loss.feature_loss(*times)), expected, rtol=1e-5)


def test_the_loss_is_the_weighted_sum(gans, digits):
    config = config_of(feature_loss, max_steps=1, gan=gans[0], feature_weight=30.0, pixel_weight=0.25)
    model = feature_loss.build(config, digits)
    with sessions.session() as session:
        session.run(tf.global_variables_initializer())
        scalars = session.run(model.scalars, model.feed(0))
    shares = [scalars["share_of_layer_%d" % n] for n in (1, 2, 3)]
    assert scalars["loss"] == pytest.approx(
        10.0 * sum(shares) + 0.25 * scalars["generation_loss"] + scalars["latent_loss"], rel=1e-5)
    assert all(0.1 < share < 10 for share in shares)


@pytest.mark.parametrize("as_published", [False, True])
def test_without_features_it_is_the_plain_vae(as_published, digits, tmp_path):
    rows = []
    for program, values in ((vae, {}), (feature_loss, dict(feature_weight=0.0, pixel_weight=1.0))):
        with tf.Graph().as_default():
            tf.set_random_seed(0)
            config = config_of(program, tmp_path / program.__name__, max_steps=3, summary_freq=1, display_freq=0,
                               as_published=as_published, **values)
            training.fit(program.build(config, digits), config)
        rows.append([[float(row[name]) for name in ("loss", "generation_loss", "latent_loss")]
                     for row in runs.read_scalars(config.output_dir)])
    np.testing.assert_allclose(*rows, rtol=1e-4)
    assert np.shape(rows) == (2, 3, 3)


def test_feature_loss_from_the_command_line(gans, digits, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(data.digits, "load", lambda: digits)
    monkeypatch.setattr(metrics.Config, "_field_defaults", {**metrics.Config._field_defaults, "max_epochs": 1})
    feature_loss.main(["--gan", gans[0], "--output_dir", "run", "--max_steps", "2", "--batch_size", "16"])
    feature_loss.main(["--output_dir", "run", "--resume", "--max_steps", "3"])
    feature_loss.main(["--mode", "sample", "--checkpoint", "run", "--count", "7"])
    assert np.load("run/samples.npz")["images"].shape == (7, 28, 28)
    feature_loss.main(["--mode", "evaluate", "--checkpoint", "run"])
    figures = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert figures["samples"] == 10000 and all(np.isfinite(number) for number in figures.values())
    assert {file.stem for file in (tmp_path / "run" / "figures").iterdir()} == {
        "samples", "test_digits_and_reconstructions", "nearest_training_digits"}


@pytest.mark.parametrize("flags, message", [
    ([], "--gan is missing"), (["--gan", "nowhere"], "nowhere is neither a run's folder nor a checkpoint"),
    (["--gan", "of_the_cae"], "of_the_cae holds a run of gan_book.cae, not of gan_book.dcgan"),
    (["--gan", "misfit"], "does not fit this discriminator: "),
    (["--gan", "normed"], "--gan normed: its discriminator has batch norm"),
    (["--batch_size", "1"], "'1' is not a whole number from 2")])
def test_a_wrong_run_is_one_line(flags, message, gans, digits, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(data.digits, "load", lambda: digits)
    with tf.Graph().as_default(), sessions.session() as session:
        session.run(tf.get_variable("alone", []).initializer)
        for name in "of_the_cae", "misfit", "normed":
            tf.train.Saver().save(session, str(tmp_path / name / "model.ckpt"), 2, write_meta_graph=False)
    for name, program, normed in (("of_the_cae", "gan_book.cae", False), ("misfit", "gan_book.dcgan", False),
                                  ("normed", "gan_book.dcgan", True)):
        stored = {"program": program, "config": {"discriminator_batch_norm": normed}}
        (tmp_path / name / "config.json").write_text(json.dumps(stored))
    with pytest.raises(SystemExit) as end:
        feature_loss.main(["--output_dir", "run", "--max_steps", "1", *flags])
    error = capsys.readouterr().err
    assert end.value.code == 2 and message in error and error.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_a_run_made_by_an_older_config_has_the_defaults(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"program": "gan_book.dcgan", "config": {"dim": 7, "gone": 1}}))
    for ending in (".index", ".data-00000-of-00001"):
        (tmp_path / ("model.ckpt-7" + ending)).write_text("")
    for run in (tmp_path, tmp_path / "model.ckpt-7"):
        config = cli.saved("gan_book.dcgan", dcgan.Config, str(run))
        assert config.dim == 7 and config.pooling == dcgan.Config._field_defaults["pooling"]
        assert config.output_dir == str(tmp_path)
        assert config.checkpoint == str(tmp_path / "model.ckpt-7")


def test_grid_by_hand():
    grid = compression.Grid(np.array([0.0, -8.0]), np.array([0.25, 4.0]), 2)
    z = np.array([[0.0, -8.0], [0.24, -4.0], [0.26, -3.9], [0.99, 7.9], [5.0, -90.0]])
    cells = grid.cells(z)
    np.testing.assert_array_equal(cells, [[0, 0], [0, 1], [1, 1], [3, 3], [3, 0]])
    np.testing.assert_array_equal(grid.numbers(cells)[:4], [[.125, -6], [.125, -2], [.375, -2], [.875, 6]])
    np.testing.assert_array_equal(grid.cells(grid.numbers(cells)), cells)


@pytest.mark.parametrize("bits", compression.BITS)
def test_round_trip_is_at_most_half_a_cell_off(bits):
    known = np.random.RandomState(0).randn(5000, 3) * [1, 10, 0] + [0, 5, 2]  # the last entry says nothing
    grid = compression.fitted(known, bits)
    cells = grid.cells(known)
    inside = (known >= grid.low) & (known <= grid.low + grid.width * 2 ** bits)
    assert cells.dtype == np.uint8 and cells.max() == 2 ** bits - 1 and inside.mean() > 0.7
    assert (np.abs(grid.numbers(cells) - known) <= grid.width / 2 + 1e-12)[inside].all()
    whole = compression.Grid(known.min(0), np.maximum(np.ptp(known, axis=0), 1e-6) / 2 ** bits, bits)
    errors = [np.mean(np.square(each.numbers(each.cells(known)) - known)) for each in (grid, whole)]
    assert errors[0] <= errors[1] * (1 + 1e-9)


def test_sizes_count_every_byte():
    cells = np.random.RandomState(0).randint(0, 8, [1000, 20]).astype(np.uint8)
    assert compression.plain_size(cells, 3) == 7500 and compression.plain_size(cells[:1, :3], 3) == 2
    assert compression.coded_size(cells, 3) == 7500  # nothing to gain, so sent plain
    skewed = np.minimum(cells, 1) * (np.random.RandomState(1).rand(1000, 20) < 0.05).astype(np.uint8) * 7
    assert 20000 / 8 < compression.coded_size(skewed, 3) < 4000  # a Huffman code has a bit at least
    size, read = compression.file_size(np.arange(784, dtype=np.uint8).reshape(28, 28), "PNG")
    assert size > 60 and (read == np.arange(784, dtype=np.uint8).reshape(28, 28)).all()


def test_mosaic_holds_every_digit():
    pictures = np.random.RandomState(0).randint(0, 256, [7, 28, 28]).astype(np.uint8)
    sheet = compression.mosaic(pictures)
    assert sheet.shape == (84, 84)
    assert (sheet[28:56, 56:] == pictures[5]).all() and (sheet[56:, :28] == pictures[6]).all()
    assert not sheet[56:, 28:].any()


def test_compress_writes_the_table_and_the_figure(digits, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(data.digits, "load", lambda: digits)
    monkeypatch.setattr(compression, "QUALITIES", (10, 90))
    cae.main(["--output_dir", "run", "--max_steps", "350", "--batch_size", "32", "--display_freq", "0"])
    evaluated = (tmp_path / "run" / "metrics.json").read_text()
    cae.main(["--mode", "compress", "--checkpoint", "run"])
    assert (tmp_path / "run" / "metrics.json").read_text() == evaluated
    rows = list(csv.reader(io.StringIO((tmp_path / "run" / "figures" / "rate_distortion.csv").read_text())))
    assert rows[0] == ["method", "setting", "bytes per digit", "PSNR (dB)"]
    table = {(name, setting): (float(size), float(decibels)) for name, setting, size, decibels in rows[1:]}
    assert len(table) == 8 + 8 + 1 + 2 * (2 + 1)
    plain = [table["autoencoder, plain bits", "bits %d" % bits] for bits in compression.BITS]
    coded = [table["autoencoder, Huffman codes", "bits %d" % bits] for bits in compression.BITS]
    exact = table["autoencoder, not rounded", "bits 32"]
    assert [size for size, _ in plain] == [2.5 * bits for bits in range(1, 9)] and exact[0] == 80
    assert all(c[0] <= p[0] and c[1] == p[1] for c, p in zip(coded, plain))
    assert plain[7][1] == pytest.approx(exact[1], abs=0.05) and plain[0][1] < exact[1] - 1
    assert exact[1] == pytest.approx(-10 * math.log10(json.loads(evaluated)["test mean squared error"]), abs=0.01)
    for kind in ("file by file", "one mosaic"):
        assert math.isinf(table["PNG, " + kind, "lossless"][1])
        assert table["JPEG, " + kind, "quality 10"] < table["JPEG, " + kind, "quality 90"]
    assert table["JPEG, one mosaic", "quality 10"][0] < table["JPEG, file by file", "quality 10"][0] / 2
    assert (tmp_path / "run" / "figures" / "rate_distortion.png").stat().st_size > 10000
    assert "rate distortion" in (tmp_path / "run" / "report.html").read_text()
    assert "bytes a digit" in capsys.readouterr().out


def test_huffman_codes_can_be_read_back():
    """What coded_size counts is all that a receiver needs: the cells come back from it."""
    cells = np.random.RandomState(0).binomial(15, 0.5, [500, 20]).astype(np.uint8)
    coder = zlib.compressobj(9, strategy=zlib.Z_HUFFMAN_ONLY)
    sent = coder.compress(cells.T.tobytes()) + coder.flush()
    assert compression.coded_size(cells, 4) == len(sent) < compression.plain_size(cells, 4)
    assert (np.frombuffer(zlib.decompress(sent), np.uint8).reshape(20, 500).T == cells).all()
